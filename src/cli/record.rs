//! Opening the record, for every command that needs it.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use jiff::{SignedDuration, Timestamp};
use tokio::runtime::Runtime;

use super::{Common, Exit, Stop};
use crate::{
    plan::Observed,
    store::{Store, StoreError},
};

/// The file that `--database` names.
///
/// # Errors
/// Wrong usage, when it names a server.
pub(super) fn path(common: &Common) -> Result<&Path, Stop> {
    let name = common.database.as_str();
    let usage = |sentence: String| Err(Stop::with(Exit::Usage, anyhow!(sentence)));
    match name.split_once(':') {
        // DuckDB takes these for a database in memory, which would be gone after the run.
        _ if name.is_empty() || name.starts_with(':') => {
            usage("--database must name a file: the record has to outlive the run.".into())
        }
        // One letter is a drive.
        Some((scheme, _))
            if scheme.len() > 1 && scheme.chars().all(|letter| letter.is_ascii_alphanumeric()) =>
        {
            usage(format!(
                "--database must name a DuckDB file; {scheme:?} databases are not supported yet."
            ))
        }
        _ => Ok(Path::new(name)),
    }
}

/// A hidden folder beside the record.
pub(super) fn beside_record(database: &Path, purpose: &str) -> PathBuf {
    let name = database.file_name().unwrap_or_default().to_string_lossy();
    database.with_file_name(format!(".{name}.{purpose}"))
}

/// Everything recorded that matters for a plan; `None` where there is no record yet.
pub(super) fn observed(common: &Common, now: Timestamp) -> Result<Option<Observed>, Stop> {
    let path = path(common)?;
    if !path.exists() {
        return Ok(None);
    }
    let since = now
        .saturating_sub(SignedDuration::from_hours(25))
        .unwrap_or(Timestamp::MIN);
    let store = Store::open_to_read(path).map_err(stop)?;
    let observed = runtime()?.block_on(store.observed(since)).map_err(stop)?;
    Ok(Some(observed))
}

/// The runtime of commands that wait for something.
pub(super) fn runtime() -> Result<Runtime, Stop> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    Ok(runtime.context("The system gives us no threads.")?)
}

/// The exit code of an error of the record.
pub(super) fn stop(error: StoreError) -> Stop {
    Stop::with(exit(error.exit_code()), error)
}

/// The exit code that an error asks for.
pub(super) const fn exit(code: u8) -> Exit {
    match code {
        2 => Exit::Usage,
        4 => Exit::Held,
        5 => Exit::Damaged,
        _ => Exit::CouldNotRun,
    }
}
