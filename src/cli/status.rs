//! `call-import status`: what is recorded about the imports.

use std::io::Write as _;

use anyhow::anyhow;
use clap::{Args, ValueEnum};

use super::{Common, Exit, Output, Stop, record};
use crate::{
    clock::{Clock as _, SystemClock},
    model::ImportRecord,
    report::status,
};

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

pub(super) fn run(arguments: &Arguments, common: &Common, out: &mut Output) -> Result<Exit, Stop> {
    let observed = record::observed(common, SystemClock.now())?.unwrap_or_default();
    let mut imports: Vec<ImportRecord> = observed.imports.into_values().collect();
    if let Some(id) = &arguments.id {
        imports.retain(|import| import.request_id == *id);
        if imports.is_empty() {
            let nothing = anyhow!(
                "Nothing is recorded about a request {id:?}. `call-import status` lists all."
            );
            return Err(Stop::with(Exit::Usage, nothing));
        }
    }
    let text = match (arguments.format, &arguments.id, imports.as_slice()) {
        (Format::Json, ..) => format!("{:#}\n", status::json(&imports)),
        (Format::Plain, Some(_), [import]) => status::detail(import),
        (Format::Plain, ..) => status::plain(&imports),
    };
    out.write_all(text.as_bytes())?;
    Ok(Exit::Well)
}
