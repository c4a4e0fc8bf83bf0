//! `call-import review`: what happens on GitHub besides the nightly run. Only workflows use it.

mod check;
mod comment;
mod form;

use clap::{Args, Subcommand};

use super::{Common, Exit, Output, Stop, github, reconcile::interrupt};
use crate::{
    clock::{Clock as _, SystemClock},
    comments::Patience,
    github::GitHub,
};

/// Longest time that is waited for GitHub: somebody waits for the answer.
const PATIENCE: jiff::SignedDuration = jiff::SignedDuration::from_mins(8);

/// Arguments of `review`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Tell a pull request what its check found: the plan comment and the commit status
    Check(check::Arguments),
    /// Answer a command that somebody wrote on a pull request: `/import status`
    Comment(comment::Arguments),
    /// Make a pull request of the form in an issue, and answer there
    Form(form::Arguments),
}

pub(super) fn run(arguments: &Arguments, common: &Common, out: &mut Output) -> Result<Exit, Stop> {
    match &arguments.command {
        Command::Check(arguments) => check::run(arguments, common, out),
        Command::Comment(arguments) => comment::run(arguments, common, out),
        Command::Form(arguments) => form::run(arguments, common, out),
    }
}

/// The repository and a token for it, without which there is nobody to tell. Must be called in a runtime.
fn repository() -> Result<GitHub, Stop> {
    github::repository()?.ok_or_else(|| {
        anyhow::anyhow!("GITHUB_REPOSITORY and GITHUB_TOKEN say where to tell it, and are not set.")
            .into()
    })
}

/// Patience for one short command. Must be called in a runtime.
pub(super) fn patience<'a>(
    github: &'a GitHub,
    clock: &'a SystemClock,
) -> Result<Patience<'a>, Stop> {
    let give_up = clock.now().saturating_add(PATIENCE);
    let give_up = give_up.unwrap_or(jiff::Timestamp::MAX);
    Ok(Patience::new(github, clock, interrupt()?, give_up))
}
