//! The keys to seal to, as commands need them.

use std::path::PathBuf;

use anyhow::anyhow;

use super::{Common, Stop, output::tell};
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

/// Where the keys stand that the nightly run has the secret part of, the surest first.
const SETTLED: [&str; 2] = ["origin/main", "main"];

/// The keys to seal to, at least one: those that are merged, because what a branch adds or takes away may
/// never be. Where nothing is merged yet, those of the file.
pub(super) fn load(common: &Common) -> Result<Recipients, Stop> {
    let recipients = chosen(common)?;
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

fn chosen(common: &Common) -> Result<Recipients, Stop> {
    let settled = SETTLED.iter().find_map(|revision| {
        let text = workspace::committed(&common.requests, revision, RECIPIENTS)?;
        let keys = Recipients::parse(&text).ok()?;
        (!keys.is_empty()).then_some((revision, keys))
    });
    let Some((revision, settled)) = settled else {
        return parse(common, &text(common)?);
    };
    let here = Recipients::parse(&text(common)?).unwrap_or_default();
    if here == settled {
        tell(&format!("note: Sealed to the keys of {revision}.\n"));
    } else {
        let path = path(common);
        tell(&format!(
            "warning: Sealed to the keys of {revision}; {} here holds others, which open nothing before they are merged. \
             After that, `call-import seal --rotate` seals all credentials to them.\n",
            path.display()
        ));
    }
    Ok(settled)
}
