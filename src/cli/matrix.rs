//! `call-import matrix`: the yes/no look-up.

use std::io::Write as _;

use anyhow::anyhow;
use clap::{Args, ValueEnum};

use super::{Common, Exit, Output, Stop, check};
use crate::{
    report::{matrix as report, text::inline},
    spec::{OTHER, SupportMatrix},
};

/// Arguments of `matrix`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Show this platform alone: its key or its name, in any capitals
    #[arg(value_name = "PLATFORM")]
    platform: Option<String>,
    /// Form of the result
    #[arg(long, value_name = "FORM", default_value = "plain")]
    format: Format,
}

/// Form of the matrix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For a terminal
    Plain,
    /// For a page or a comment
    Markdown,
    /// For programs
    Json,
    /// For spreadsheets
    Csv,
}

/// Prints the matrix, or one row of it. A platform without a row is wrong usage (exit code 2).
pub(super) fn run(arguments: &Arguments, common: &Common, out: &mut Output) -> Result<Exit, Stop> {
    let matrix = check::matrix(common)?;
    let mut entries = report::entries(&matrix);
    let single = arguments.platform.is_some();
    if let Some(wanted) = &arguments.platform {
        let Some((key, _)) = matrix.find(wanted) else {
            return Err(Stop::with(Exit::Usage, unknown(&matrix, wanted)));
        };
        entries.retain(|entry| entry.platform == key);
    }
    let text = match (arguments.format, entries.as_slice()) {
        (Format::Plain, [entry]) if single => report::plain_detail(entry),
        (Format::Plain, entries) => report::plain(entries),
        (Format::Markdown, [entry]) if single => report::markdown_detail(entry),
        (Format::Markdown, entries) => report::markdown(entries),
        (Format::Json, entries) => report::json(entries),
        (Format::Csv, entries) => report::csv(entries)?,
    };
    out.write_all(text.as_bytes())?;
    Ok(Exit::Well)
}

/// What to say of a platform without a row: the nearest name, and what holds for all others.
fn unknown(matrix: &SupportMatrix, wanted: &str) -> anyhow::Error {
    let meant = matrix.nearest(wanted).map(|(key, row)| {
        let name = inline(&row.name);
        format!(" Did you mean {name} (`{key}`)?")
    });
    let other = matrix.platforms.get(OTHER).map(|row| {
        let answer = report::verdict(row.status);
        let alternative = row.alternative.as_deref().unwrap_or_default();
        format!(" For a platform without a row of its own, the answer is: {answer}. {alternative}")
    });
    anyhow!(
        "The support matrix has no platform `{}`.{}{}",
        inline(wanted),
        meant.unwrap_or_default(),
        other.unwrap_or_default()
    )
}
