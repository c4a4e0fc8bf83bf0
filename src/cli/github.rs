//! GitHub, as the environment of a workflow describes it.

use std::{
    env,
    ffi::OsString,
    fs::OpenOptions,
    io::{self, Write as _},
    path::PathBuf,
};

use secrecy::SecretString;

use super::{Stop, known};
use crate::{
    github::{API_URL, GitHub},
    kill::{self, Point},
    reconcile::Report,
    report::summary,
};

/// The repository that `GITHUB_REPOSITORY` names, if there is a token for it. Must be called in a runtime.
pub(super) fn repository() -> Result<Option<GitHub>, Stop> {
    let repository = repository_as("GITHUB_TOKEN")?;
    if repository.is_none() && variable("GITHUB_REPOSITORY").is_some() {
        tracing::warn!("GITHUB_TOKEN is not set: nobody is told on GitHub by this run");
    }
    Ok(repository)
}

/// Whether repository and token are named.
pub(super) fn is_configured() -> bool {
    let variables = ["GITHUB_REPOSITORY", "GITHUB_TOKEN"];
    variables.into_iter().all(|name| variable(name).is_some())
}

/// The repository with the token of another variable, if that is set.
pub(super) fn repository_as(token: &str) -> Result<Option<GitHub>, Stop> {
    let token = variable(token).map(SecretString::from);
    token.iter().for_each(|token| known::secrets().learn(token));
    let Some((repository, token)) = variable("GITHUB_REPOSITORY").zip(token) else {
        return Ok(None);
    };
    let api_url = variable("GITHUB_API_URL").unwrap_or_else(|| API_URL.to_owned());
    let github = GitHub::new(&api_url, &repository, token)?;
    Ok(Some(github.withholding(known::secrets())))
}

/// Where people see GitHub.
pub(super) fn server() -> String {
    variable("GITHUB_SERVER_URL").unwrap_or_else(|| "https://github.com".to_owned())
}

/// What the addresses of the repository's pull requests begin with, if it is known.
pub(super) fn pull_requests() -> Option<String> {
    let repository = variable("GITHUB_REPOSITORY")?;
    Some(format!("{}/{repository}/pull/", server()))
}

/// The file that becomes the summary of the job.
pub(super) fn job_summary() -> Option<PathBuf> {
    env::var_os("GITHUB_STEP_SUMMARY")
        .filter(|path| !path.is_empty())
        .map(PathBuf::from)
}

/// Adds a run to the summary of the job. A failure is logged only: the work is done and recorded.
pub(super) fn add_to_summary(path: &PathBuf, report: &Report) {
    let text = summary::markdown(
        &report.run,
        &report.imports,
        &report.skipped,
        &report.untold,
        report.waiting,
    );
    let text = known::secrets().withheld_from(&text, "the job summary");
    kill::here(Point::BeforeSummary);
    let written = OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()));
    kill::here(Point::AfterSummary);
    if let Err(error) = written {
        let error: io::Error = error;
        tracing::warn!(%error, "the job summary cannot be written");
    }
}

fn variable(name: &str) -> Option<String> {
    let value: OsString = env::var_os(name)?;
    let value = value.into_string().ok()?;
    (!value.trim().is_empty()).then(|| value.trim().to_owned())
}
