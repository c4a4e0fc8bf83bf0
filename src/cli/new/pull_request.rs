//! `call-import new --open-pr`: the pull request of the request that was just written.

use std::path::Path;

use anyhow::anyhow;

use super::request::Request;
use crate::{
    cli::{Exit, Stop, github, record, review::patience},
    clock::SystemClock,
    report::text::inline,
    review::NewRequest,
};

/// Fails before anybody is asked for anything, where no pull request could be opened.
pub(super) fn check() -> Result<(), Stop> {
    if github::is_configured() {
        return Ok(());
    }
    let error = anyhow!(
        "--open-pr needs GITHUB_REPOSITORY=owner/name and GITHUB_TOKEN in the environment; `gh auth token` prints \
         a token. Without the flag the file is written here, for a pull request of your own."
    );
    Err(Stop::with(Exit::Usage, error))
}

/// Opens it, and gives the sentence that tells where.
pub(super) fn open(
    request: &Request,
    text: &str,
    requested_by: Option<&str>,
) -> Result<String, Stop> {
    let path = request.path.trim_start_matches("./");
    if Path::new(path).is_absolute() {
        let error = anyhow!("--open-pr works from the root of the repository, without --requests.");
        return Err(Stop::with(Exit::Usage, error));
    }
    let new = NewRequest {
        id: &request.id,
        path,
        text,
        requested_by,
        issue: None,
    };
    let clock = SystemClock;
    let proposed = record::runtime()?.block_on(async {
        let github = github::repository()?;
        let github = github.ok_or_else(|| anyhow!("GITHUB_TOKEN is not set."))?;
        let proposed = new.propose(&mut patience(&github, &clock)?).await;
        proposed.map_err(|error| Stop::from(anyhow!("No pull request was opened. {error}")))
    })?;
    let verb = if proposed.is_new { "Opened" } else { "Updated" };
    let (number, url) = (proposed.pull.number, inline(&proposed.pull.url));
    Ok(format!("{verb} pull request {number}: {url}\n"))
}
