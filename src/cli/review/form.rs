//! `call-import review form`: a filled issue form becomes a pull request.

use std::{io::Write as _, path::PathBuf};

use anyhow::anyhow;
use clap::Args;

use super::{
    super::{Common, Exit, Media, Output, Stop, check, github, plan::observed, record},
    patience, repository,
};
use crate::{
    clock::{Clock as _, SystemClock},
    comments::Placed,
    review::{Answered, Desk, answer_form},
    workspace,
};

/// A token of its own for opening pull requests, so that their checks start by themselves.
const APP_TOKEN: &str = "CALL_IMPORT_APP_TOKEN";

/// Arguments of `review form`.
#[derive(Debug, Args)]
pub(in super::super) struct Arguments {
    /// Number of the issue
    #[arg(value_name = "ISSUE", value_parser = clap::value_parser!(i64).range(1..))]
    issue: i64,
    /// What was recorded last night: the output of `status --format json`, where there is no database
    #[arg(long, value_name = "FILE")]
    observed: Option<PathBuf>,
    #[command(flatten)]
    media: Media,
}

pub(super) fn run(arguments: &Arguments, common: &Common, out: &mut Output) -> Result<Exit, Stop> {
    let clock = SystemClock;
    let now = clock.now();
    let matrix = check::matrix(common)?;
    let workspace = workspace::read(&common.requests)?;
    let observed = observed(arguments.observed.as_deref(), common, now)?;
    let desk = Desk {
        matrix: &matrix,
        workspace: &workspace,
        folder: &check::shown(&common.requests),
        observed: observed.as_ref(),
        media: arguments.media.address().is_some(),
        now,
        server: &github::server(),
    };
    let answered = record::runtime()?.block_on(async {
        let ours = repository()?;
        let app = github::repository_as(APP_TOKEN)?;
        let mut placed = Placed::new(patience(&ours, &clock)?);
        let mut opener = match &app {
            Some(app) => Some(patience(app, &clock)?),
            None => None,
        };
        let answered = answer_form(&mut placed, opener.as_mut(), arguments.issue, &desk).await;
        answered.map_err(|halt| Stop::from(anyhow!("The form could not be answered: {halt}")))
    })?;
    let issue = arguments.issue;
    match answered {
        Answered::PullRequest(number) => {
            writeln!(out, "Issue {issue} is pull request {number}.")?;
        }
        Answered::Asked => writeln!(out, "Issue {issue} says what must be changed.")?,
        Answered::NotAForm => writeln!(out, "Issue {issue} is no form to work on.")?,
    }
    Ok(Exit::Well)
}
