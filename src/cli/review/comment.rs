//! `call-import review comment`: what somebody wrote on a pull request is acknowledged at once.

use std::io::Write as _;

use anyhow::anyhow;
use clap::Args;

use super::{
    super::{Common, Exit, Output, Stop, check, github, record},
    patience, repository,
};
use crate::{
    clock::SystemClock,
    review::{Acknowledged, Remarked, acknowledge},
};

/// Arguments of `review comment`.
#[derive(Debug, Args)]
pub(in super::super) struct Arguments {
    /// Number of the comment
    #[arg(value_name = "COMMENT")]
    comment: i64,
}

pub(super) fn run(arguments: &Arguments, common: &Common, out: &mut Output) -> Result<Exit, Stop> {
    let remarked = Remarked {
        comment: arguments.comment,
        folder: &check::shown(&common.requests),
        server: &github::server(),
    };
    let clock = SystemClock;
    let answered = record::runtime()?.block_on(async {
        let github = repository()?;
        let answered = acknowledge(patience(&github, &clock)?, &remarked).await;
        answered.map_err(|halt| {
            Stop::from(anyhow!(
                "The comment could not be answered: {halt}. The nightly run answers it."
            ))
        })
    })?;
    let sentence = match answered {
        Acknowledged::NoCommand => "The comment asks for nothing.",
        Acknowledged::NoRight => "Its author may not write to the repository, so nothing is done.",
        Acknowledged::Tonight => "The nightly run does it.",
        Acknowledged::Here => "The comment is answered.",
    };
    writeln!(out, "{sentence}")?;
    Ok(Exit::Well)
}
