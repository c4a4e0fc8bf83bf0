//! `call-import matrix`: the yes/no look-up.

use std::io::Write as _;

use anyhow::anyhow;
use clap::{Args, ValueEnum};

use super::{Common, Exit, Output, Stop, check};
use crate::{
    model::slug,
    report::{
        matrix::{self as report, Entry},
        text::inline,
    },
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
        let Some(index) = find(&entries, wanted) else {
            return Err(Stop::with(Exit::Usage, unknown(&entries, wanted)));
        };
        entries = vec![entries.swap_remove(index)];
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

/// Position of a platform, by key or name.
fn find(entries: &[Entry<'_>], wanted: &str) -> Option<usize> {
    let wanted = slug(wanted);
    entries
        .iter()
        .position(|entry| slug(entry.platform) == wanted)
        .or_else(|| entries.iter().position(|entry| slug(entry.name) == wanted))
}

/// Least likeness at which a platform is suggested, between 0 and 1.
const ALIKE: f64 = 0.75;

fn unknown(entries: &[Entry<'_>], wanted: &str) -> anyhow::Error {
    let likeness = |entry: &Entry<'_>| {
        let wanted = slug(wanted);
        let of = |name: &str| strsim::jaro_winkler(&slug(name), &wanted);
        of(entry.platform).max(of(entry.name))
    };
    let nearest = entries
        .iter()
        .map(|entry| (likeness(entry), entry))
        .filter(|(likeness, _)| *likeness >= ALIKE)
        .max_by(|(left, _), (right, _)| left.total_cmp(right));
    let wanted = inline(wanted);
    match nearest {
        Some((_, entry)) => anyhow!(
            "The support matrix has no platform `{wanted}`. Did you mean `{}`?",
            entry.platform
        ),
        None => anyhow!(
            "The support matrix has no platform `{wanted}`. \
             For a platform without a row of its own, look at `other`."
        ),
    }
}
