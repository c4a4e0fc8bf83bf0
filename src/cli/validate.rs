//! `call-import validate`: the check that every pull request passes through.

use std::{io::Write as _, path::PathBuf};

use clap::{Args, ValueEnum};

use super::{
    Common, Exit, Output, Stop,
    check::{self, Scope},
};
use crate::{
    clock::SystemClock,
    report::findings::{self, Review},
};

/// Arguments of `validate`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Requests to check, by file, folder or id; default: all in the requests folder
    #[arg(value_name = "PATHS", conflicts_with = "changed_since")]
    paths: Vec<PathBuf>,
    /// Form of the result
    #[arg(long, value_name = "FORM", default_value = "plain")]
    format: Format,
    /// Judge dates too (a wish that has passed, a period that is not over) in requests that differ from
    /// this git revision; all other flaws are told for every request
    #[arg(long, value_name = "REV")]
    changed_since: Option<String>,
}

/// Form of findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For a terminal, with the lines of the files
    Plain,
    /// Annotations in GitHub Actions
    Github,
    /// For programs
    Json,
    /// SARIF 2.1.0, for code scanning and editors
    Sarif,
}

/// Prints the findings; exit code 1 when one of them is an error.
pub(super) fn run(arguments: &Arguments, common: &Common, out: &mut Output) -> Result<Exit, Stop> {
    let scope = match &arguments.changed_since {
        Some(revision) => Scope::ChangedSince(revision),
        None if arguments.paths.is_empty() => Scope::All,
        None => Scope::Paths(&arguments.paths),
    };
    let review = check::review(common, scope, &SystemClock)?;
    out.write_all(
        arguments
            .format
            .render(&review, out.is_coloured())
            .as_bytes(),
    )?;
    Ok(if review.has_errors() {
        Exit::NeedsSomebody
    } else {
        Exit::Well
    })
}

impl Format {
    fn render(self, review: &Review, is_coloured: bool) -> String {
        match self {
            Self::Plain if is_coloured => findings::plain(review, findings::Style::Colour),
            Self::Plain => findings::plain(review, findings::Style::Plain),
            Self::Github => findings::github(review),
            Self::Json => findings::json(review),
            Self::Sarif => findings::sarif(review),
        }
    }
}
