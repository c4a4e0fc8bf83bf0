//! `call-import export`: the hand-over of imported calls to the product.

use std::{io::Write as _, path::PathBuf};

use anyhow::anyhow;
use clap::{Args, ValueEnum};

use super::{Common, Exit, Output, Stop, record};
use crate::{
    report::text::{grouped, inline},
    store,
};

/// Arguments of `export`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Folder for the files, by platform and account
    #[arg(value_name = "DIR")]
    directory: PathBuf,

    /// What to write
    #[arg(long, value_name = "FORM", value_enum, default_value_t)]
    format: Form,
}

/// What `--format` takes.
#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum Form {
    /// Calls, participants, segments and media as Parquet
    #[default]
    Parquet,
    /// Everything of a call on one line of JSON, by schemas/call.schema.json; it can be imported again
    Jsonl,
}

pub(super) fn run(arguments: &Arguments, common: &Common, out: &mut Output) -> Result<Exit, Stop> {
    let path = record::path(common)?;
    if !path.exists() {
        return Err(anyhow!("There is no record {} to export.", path.display()).into());
    }
    let format = match arguments.format {
        Form::Parquet => store::ExportFormat::Parquet,
        Form::Jsonl => store::ExportFormat::JsonLines,
    };
    let files = store::export(path, &arguments.directory, format).map_err(record::stop)?;
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
