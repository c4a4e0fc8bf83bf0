//! Looks into the files of requests before anything is imported.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{Shelf, WorkspaceError};
use crate::{
    files::{Options, SourceFile},
    import::{self, Survey},
    model::{LeftOut, Method},
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

/// What files and folders hold, before a request brings them. Hidden files are nobody's calls, and links in folders are
/// not followed.
///
/// # Errors
/// [`WorkspaceError::Unreadable`] for a path that is not there, or a folder that cannot be read.
pub fn survey_paths(paths: &[PathBuf], platform: &str) -> Result<Survey, WorkspaceError> {
    let mut files = Vec::new();
    let mut links = Vec::new();
    for path in paths {
        let unreadable = |source| WorkspaceError::Unreadable {
            path: path.clone(),
            source,
        };
        let metadata = fs::metadata(path).map_err(unreadable)?;
        let name = shown(path);
        if metadata.is_dir() {
            walk(path, &name, &mut files, &mut links)?;
        } else {
            files.push(file(name, path.clone(), metadata.len()));
        }
    }
    let mut survey = look_into(&files, platform, &serde_json::Map::new(), &[]);
    survey.found.left_out += u64::try_from(links.len()).unwrap_or(u64::MAX);
    survey.left_out.extend(links);
    Ok(survey)
}

/// Everything below a folder.
fn walk(
    folder: &Path,
    name: &str,
    files: &mut Vec<SourceFile>,
    links: &mut Vec<LeftOut>,
) -> Result<(), WorkspaceError> {
    let unreadable = |source| WorkspaceError::Unreadable {
        path: folder.to_owned(),
        source,
    };
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let file_name = entry.file_name().to_string_lossy().into_owned();
        if file_name.starts_with('.') {
            continue;
        }
        let name = match name {
            "" | "." => file_name,
            folder => format!("{}/{file_name}", folder.trim_end_matches('/')),
        };
        let metadata = entry.metadata().map_err(unreadable)?;
        if metadata.is_dir() {
            walk(&entry.path(), &name, files, links)?;
        } else if metadata.is_file() {
            files.push(file(name, entry.path(), metadata.len()));
        } else {
            links.push(LeftOut {
                name,
                reason: "It is a link or no ordinary file, and is not followed.".to_owned(),
                is_duplicate: false,
            });
        }
    }
    Ok(())
}

fn file(name: String, path: PathBuf, bytes: u64) -> SourceFile {
    SourceFile {
        name,
        path,
        bytes,
        member: None,
    }
}

/// A path as people see it, with `/`.
fn shown(path: &Path) -> String {
    let text = path.to_string_lossy().replace('\\', "/");
    text.trim_start_matches("./").to_owned()
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
