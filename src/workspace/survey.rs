//! Looks into the files of requests before anything is imported.

use super::Shelf;
use crate::{
    files::{Options, SourceFile},
    import::{self, Survey},
    model::Method,
    spec::ImportRequest,
};

/// What the files of a request hold that lie in the requests folder; `None` if it brings none. Remote ones are
/// only counted.
pub fn survey(request: &ImportRequest) -> Option<Survey> {
    if request.method != Method::File {
        return None;
    }
    let files: Vec<SourceFile> = request.files.iter().map(|file| file.file.clone()).collect();
    let mut survey = look_into(
        &files,
        &request.platform,
        &request.options,
        &request.internal_domains,
    );
    survey.found.remote = u64::try_from(request.remote_files.len()).unwrap_or(u64::MAX);
    Some(survey)
}

fn look_into(
    files: &[SourceFile],
    platform: &str,
    options: &serde_json::Map<String, serde_json::Value>,
    internal_domains: &[String],
) -> Survey {
    let mut shelf = Shelf::default();
    // What cannot be read of them is a finding of its own.
    let options = Options::read(options).unwrap_or_default();
    let gathered = import::gather(files, platform, options, &mut |wish| shelf.read(wish));
    import::survey(gathered, internal_domains, &mut |wish| shelf.read(wish))
}
