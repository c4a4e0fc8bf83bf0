//! `call-import export`: the hand-over of imported calls to the product.

use std::path::PathBuf;

use anyhow::anyhow;
use clap::Args;

use super::{Common, Exit, Output, Stop};

/// Arguments of `export`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Folder for the Parquet files of calls, participants, segments and media, by account
    #[arg(value_name = "DIR")]
    directory: PathBuf,
}

pub(super) fn run(
    _arguments: &Arguments,
    _common: &Common,
    _out: &mut Output,
) -> Result<Exit, Stop> {
    Err(anyhow!("`export` is not wired yet.").into())
}
