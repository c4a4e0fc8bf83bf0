//! `call-import status`: what is recorded about the imports.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
};

use anyhow::anyhow;
use clap::{Args, ValueEnum};
use serde_json::json;

use super::{Common, Exit, Output, Stop, record, written};
use crate::{
    report::{
        erase,
        status::{self, Details},
    },
    spec,
    store::Store,
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
    /// Write what failed in the request's files as CSV, to be corrected and put beside the other files; where lists
    /// have different headings, FILE-2 and so on hold the others
    #[arg(long, value_name = "FILE", requires = "id")]
    failures: Option<PathBuf>,
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
    let path = record::path(common)?;
    let text = match (&arguments.id, path.exists()) {
        (None, false) => no_record(path, arguments.format),
        (Some(_), false) => {
            let nothing = anyhow!("{}", absent(path));
            return Err(Stop::with(Exit::Usage, nothing));
        }
        (None, true) => all(path, arguments.format)?,
        (Some(id), true) => {
            let failures = arguments.failures.as_deref();
            one(path, id, arguments.format, failures)?
        }
    };
    out.write_all(text.as_bytes())?;
    Ok(Exit::Well)
}

fn no_record(path: &Path, format: Format) -> String {
    match format {
        Format::Plain => absent(path) + "\n",
        Format::Json => format!("{:#}\n", status::json(&[])),
    }
}

fn absent(path: &Path) -> String {
    format!("There is no record {} yet.", path.display())
}

fn all(path: &Path, format: Format) -> Result<String, Stop> {
    let store = Store::open_to_read(path).map_err(record::stop)?;
    let read = record::runtime()?
        .block_on(async { Ok((store.imports().await?, store.erasures().await?)) });
    let (imports, erasures) = read.map_err(record::stop)?;
    Ok(match format {
        Format::Plain => status::plain(&imports) + &erase::list(&erasures),
        Format::Json => {
            let mut document = status::json(&imports);
            document["erased"] = json!(erasures);
            format!("{document:#}\n")
        }
    })
}

fn one(path: &Path, id: &str, format: Format, failures_to: Option<&Path>) -> Result<String, Stop> {
    let store = Store::open_to_read(path).map_err(record::stop)?;
    let read = record::runtime()?.block_on(async {
        let imports = store.imports().await?;
        let failures = store.failures(id, usize::MAX).await?;
        let tally = store.last_tally(id).await?;
        Ok((imports, failures, store.file_report(id).await?, tally))
    });
    let (imports, failures, (in_files, left_out), tally) = read.map_err(record::stop)?;
    let Some(import) = imports.iter().find(|import| import.request_id == id) else {
        let ids = imports.iter().map(|import| import.request_id.as_str());
        let meant = spec::meant_id(id, ids).map(|id| format!(" Did you mean `{id}`?"));
        let nothing = anyhow!(
            "Nothing is recorded about a request {id:?}.{} `call-import status` lists all.",
            meant.unwrap_or_default()
        );
        return Err(Stop::with(Exit::Usage, nothing));
    };
    let details = Details {
        failures: &failures,
        left_out: &left_out,
        tally,
    };
    if let Some(file) = failures_to {
        written::failures(file, &in_files)?;
    }
    Ok(match format {
        Format::Plain => status::detail(import, &details),
        Format::Json => format!("{:#}\n", status::detail_json(import, &details)),
    })
}
