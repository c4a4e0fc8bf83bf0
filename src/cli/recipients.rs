//! The keys to seal to, as commands need them.

use std::path::PathBuf;

use anyhow::anyhow;

use super::{Common, Stop};
use crate::{
    secrets::Recipients,
    spec::SourceContent,
    workspace::{self, RECIPIENTS},
};

/// Where they stand.
pub(super) fn path(common: &Common) -> PathBuf {
    common.requests.join(RECIPIENTS)
}

/// The text of the file; empty where there is none.
pub(super) fn text(common: &Common) -> Result<String, Stop> {
    let Some(source) = workspace::recipients(&common.requests)? else {
        return Ok(String::new());
    };
    match source.content {
        SourceContent::Bytes(bytes) => {
            let path = source.path;
            String::from_utf8(bytes).map_err(|_| anyhow!("{path} is not saved as UTF-8.").into())
        }
        SourceContent::Problem { message, .. } => Err(anyhow!("{}: {message}", source.path).into()),
    }
}

/// The keys that a text holds.
pub(super) fn parse(common: &Common, text: &str) -> Result<Recipients, Stop> {
    let path = path(common);
    Recipients::parse(text)
        .map_err(|error| anyhow!("{} must be mended first. {error}", path.display()).into())
}

/// The keys to seal to, at least one.
pub(super) fn load(common: &Common) -> Result<Recipients, Stop> {
    let recipients = parse(common, &text(common)?)?;
    if recipients.is_empty() {
        let path = path(common);
        return Err(anyhow!(
            "There is no public key to seal to: {} is missing or empty. An engineer makes it once with \
             `call-import keygen` and merges it by a pull request.",
            path.display()
        )
        .into());
    }
    Ok(recipients)
}
