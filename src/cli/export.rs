//! `call-import export`: the hand-over of imported calls to the product.

use std::{io::Write as _, path::PathBuf};

use anyhow::anyhow;
use clap::Args;

use super::{Common, Exit, Output, Stop, record};
use crate::{
    report::text::{grouped, inline},
    store,
};

/// Arguments of `export`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Folder for the Parquet files of calls, participants, segments and media, by account
    #[arg(value_name = "DIR")]
    directory: PathBuf,
}

pub(super) fn run(arguments: &Arguments, common: &Common, out: &mut Output) -> Result<Exit, Stop> {
    let path = record::path(common)?;
    if !path.exists() {
        return Err(anyhow!("There is no record {} to export.", path.display()).into());
    }
    let files = store::export(path, &arguments.directory).map_err(record::stop)?;
    for file in &files {
        writeln!(
            out,
            "{:>12} rows  {}",
            grouped(file.rows),
            inline(&file.path.display().to_string())
        )?;
    }
    if files.is_empty() {
        writeln!(out, "No calls are recorded, so nothing was written.")?;
    }
    Ok(Exit::Well)
}
