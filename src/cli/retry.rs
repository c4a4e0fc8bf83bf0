//! `call-import retry`: failed calls and held imports go again in the next run.

use anyhow::anyhow;
use clap::Args;

use super::{Common, Exit, Output, Stop};

/// Arguments of `retry`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The request whose failures are to be tried again
    #[arg(value_name = "ID")]
    id: String,
}

pub(super) fn run(
    _arguments: &Arguments,
    _common: &Common,
    _out: &mut Output,
) -> Result<Exit, Stop> {
    Err(anyhow!("`retry` is not wired yet.").into())
}
