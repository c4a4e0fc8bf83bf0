//! `call-import status`: what is recorded about the imports.

use anyhow::anyhow;
use clap::{Args, ValueEnum};

use super::{Common, Exit, Output, Stop};

/// Arguments of `status`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Show this request alone
    #[arg(value_name = "ID")]
    id: Option<String>,
    /// Form of the result
    #[arg(long, value_name = "FORM", default_value = "plain")]
    format: Format,
}

/// Form of a status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For a terminal
    Plain,
    /// For programs
    Json,
}

pub(super) fn run(
    _arguments: &Arguments,
    _common: &Common,
    _out: &mut Output,
) -> Result<Exit, Stop> {
    Err(anyhow!("`status` is not wired yet.").into())
}
