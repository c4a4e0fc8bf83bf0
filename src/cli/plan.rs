//! `call-import plan`: what the next run would do.

use std::path::PathBuf;

use anyhow::anyhow;
use clap::{Args, ValueEnum};

use super::{Common, Exit, Output, Stop};

/// Arguments of `plan`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Form of the result
    #[arg(long, value_name = "FORM", default_value = "plain")]
    format: Format,
    /// Show only requests that differ from this git revision
    #[arg(long, value_name = "REV")]
    changed_since: Option<String>,
    /// What was recorded last night: the output of `status --format json`, where there is no database
    #[arg(long, value_name = "FILE")]
    observed: Option<PathBuf>,
}

/// Form of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For a terminal
    Plain,
    /// For a comment on a pull request
    Markdown,
    /// For programs
    Json,
}

pub(super) fn run(
    _arguments: &Arguments,
    _common: &Common,
    _out: &mut Output,
) -> Result<Exit, Stop> {
    Err(anyhow!("`plan` is not wired yet.").into())
}
