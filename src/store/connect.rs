//! Opening the file: settings, layout, and who has it.

use std::{
    collections::BTreeSet,
    ffi::OsStr,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use duckdb::{AccessMode, Config, Connection};
use jiff::Timestamp;

use super::{
    copy,
    error::{StoreError, file_error},
    mark, schema,
    session::Session,
    vacuum,
};

/// The writer thread alone. Measured: a second one costs a quarter more CPU, most of it in waiting for
/// each other, and saves no time.
const THREADS: i64 = 1;

/// How long the log may grow before it goes into the file. Each time, the rows of a table's last, unfinished row group
/// (122,880 rows) are compressed anew: measured, the default of 16 MB costs half as much again where pages come one by one.
/// Of large groups of pages ([`crate::import`]) the log holds little. One of this size is read again within a second after
/// a crash.
const LOG: &str = "48MB";

/// The newest storage format of DuckDB 1.5.5. Older ones ignore `USING COMPRESSION zstd` and replay a
/// log that belongs to another file.
const STORAGE: &str = "v1.5.0";

/// Bytes of a block in a new file. The rest of each transaction's last row group takes one, so that with DuckDB's own
/// 256 kB a file is a tenth larger. Of 32 kB it is a third larger: DuckDB packs no `BIGINT` into such blocks. A file keeps
/// the size it was made with.
const BLOCK: &str = "65536";

/// Opens or creates the record, brings it up to date and writes down who has it.
pub(super) fn open(
    path: &Path,
    run: &str,
    host: &str,
    now: Timestamp,
) -> Result<Session, StoreError> {
    let lease = Lease::take(path)?;
    if !path.exists() {
        // Whoever took the file away begins anew.
        mark::remove(path).map_err(|source| file_error(path, source))?;
    }
    let mut session = explained(path, || {
        Session::new(up_to_date(path)?, path.to_owned(), true, lease)
    })?;
    let holder = format!(
        "{run} on {host} (process {}) since {now}",
        std::process::id()
    );
    session.hold(Some(&holder))?;
    if session.read(has_killed_run)? {
        session.transaction(|connection| {
            connection.execute(
                "UPDATE runs SET outcome = 'interrupted' WHERE outcome IS NULL",
                [],
            )?;
            Ok(())
        })?;
    }
    Ok(session)
}

/// A run that was killed could not write its own end.
fn has_killed_run(connection: &Connection) -> Result<bool, StoreError> {
    Ok(connection.query_row(
        "SELECT count(*) > 0 FROM runs WHERE outcome IS NULL",
        [],
        |row| row.get(0),
    )?)
}

/// Opens a record of the present layout for reading only.
pub(super) fn open_to_read(path: &Path) -> Result<Session, StoreError> {
    read_only(path, None)
}

/// Opens a record of the present layout for reading, with one folder that `COPY` may write to.
pub(super) fn open_to_export(path: &Path, folder: &Path) -> Result<Session, StoreError> {
    read_only(path, Some(folder))
}

/// Opens any file of ours, whatever its layout, with nothing but our limits: for copies that stand
/// alone. What is done with it is explained as errors of `path`.
pub(super) fn with_file<T>(
    path: &Path,
    mode: AccessMode,
    work: impl FnOnce(&Connection) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let _lease = Lease::take(path)?;
    explained(path, || {
        let connection = connect(path, mode)?;
        shut(&connection)?;
        let value = work(&connection)?;
        connection.close().map_err(|(_, error)| error)?;
        Ok(value)
    })
}

/// Opens a record of the present layout so that nobody else can, with everything in the file and no log beside
/// it, to write another file from it.
pub(super) fn hold<T>(
    path: &Path,
    work: impl FnOnce(&Connection) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let _lease = Lease::take(path)?;
    explained(path, || {
        let connection = connect(path, AccessMode::ReadWrite)?;
        schema::verify(&connection, path)?;
        mark::check(path, copy::record_row(&connection)?.sequence)?;
        connection.execute_batch("CHECKPOINT")?;
        work(&connection)
    })
}

/// Makes a new, empty record.
pub(super) fn create(path: &Path) -> Result<(), StoreError> {
    explained(path, || {
        let connection = up_to_date(path)?;
        Ok(connection.close().map_err(|(_, error)| error)?)
    })
}

fn read_only(path: &Path, folder: Option<&Path>) -> Result<Session, StoreError> {
    let lease = Lease::take(path)?;
    explained(path, || {
        let connection = connect(path, AccessMode::ReadOnly)?;
        if let Some(folder) = folder {
            connection.execute_batch(&format!(
                "SET allowed_directories = [{}]",
                quoted(&folder.to_string_lossy())
            ))?;
        }
        shut(&connection)?;
        connection.execute_batch("SET lock_configuration = true")?;
        let found = schema::version(&connection, path)?;
        if found < schema::VERSION {
            return Err(StoreError::Older {
                found,
                supported: schema::VERSION,
            });
        }
        schema::verify(&connection, path)?;
        Session::new(connection, path.to_owned(), false, lease)
    })
}

/// Goes through the missing migrations, each in a file opened anew, so that what the next one builds on
/// has been read back from the disk. In a new file there is nothing to lose yet.
fn up_to_date(path: &Path) -> Result<Connection, StoreError> {
    let mut connection = connect(path, AccessMode::ReadWrite)?;
    let is_new = schema::version(&connection, path)? == 0;
    loop {
        let version = schema::version(&connection, path)?;
        if version == schema::VERSION {
            schema::verify(&connection, path)?;
            shut(&connection)?;
            return Ok(connection);
        }
        schema::migrate(&connection, version)?;
        if !is_new {
            connection.close().map_err(|(_, error)| error)?;
            connection = connect(path, AccessMode::ReadWrite)?;
        }
    }
}

/// Opens the file. Nothing is loaded by itself, least of all from the network. DuckDB may use the memory that it likes,
/// four fifths of the machine's: who reads everything needs it, and who writes limits it ([`Memory`](super::memory)).
fn connect(path: &Path, mode: AccessMode) -> Result<Connection, StoreError> {
    let writes = mode == AccessMode::ReadWrite;
    let mut config = Config::default()
        .access_mode(mode)?
        .enable_autoload_extension(false)?
        .threads(THREADS)?;
    if writes {
        config = config
            .with("storage_compatibility_version", STORAGE)?
            .with("default_block_size", BLOCK)?
            .with("checkpoint_threshold", LOG)?
            .with(vacuum::SETTING, "0")?;
    }
    Ok(Connection::open_with_flags(path, config)?)
}

/// From here on no statement reaches a file outside of the record; DuckDB lets nobody take that back.
fn shut(connection: &Connection) -> Result<(), StoreError> {
    Ok(connection.execute_batch("SET enable_external_access = false")?)
}

/// A text as SQL literal.
pub(super) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn explained<T>(
    path: &Path,
    work: impl FnOnce() -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    work().map_err(|error| error.explained(path))
}

/// Files that this process has open.
static OPEN: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// Keeps a second opening of the same file out of this process. The kernel's lock, on which DuckDB
/// relies, stands between processes only, and closing the second handle would drop it for the first.
#[derive(Debug)]
pub(super) struct Lease(PathBuf);

impl Lease {
    fn take(path: &Path) -> Result<Self, StoreError> {
        let path = resolved(path);
        let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
        if open.insert(path.clone()) {
            Ok(Self(path))
        } else {
            Err(StoreError::Held {
                holder: format!("this process, PID {}", std::process::id()),
            })
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        OPEN.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&self.0);
    }
}

/// The same text for the same file, however its folder is written. The file itself may not exist yet.
fn resolved(path: &Path) -> PathBuf {
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        Some(_) | None => Path::new("."),
    };
    let name = path.file_name().unwrap_or(OsStr::new(""));
    folder
        .canonicalize()
        .unwrap_or_else(|_| folder.to_owned())
        .join(name)
}
