//! Copies of the record, and what can be read of one without the rest of the engine: each stands alone in
//! one file, is stamped with its generation, and is read whole before anybody relies on it.

use std::{
    collections::BTreeMap,
    fs::{File, OpenOptions},
    io,
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

use duckdb::{AccessMode, Connection, params};

use super::{connect, error::StoreError, schema, values::Cells};

/// The row of table `record`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordRow {
    /// Layout of the tables.
    pub schema_version: i64,
    /// Raised by every commit of what is recorded; who has the file and what it was saved as do not count.
    pub sequence: i64,
    /// As which generation the record was saved last; 0 before the first time.
    pub generation: i64,
    /// Who has it, or had it when it was killed: no two openings have the same text.
    pub holder: Option<String>,
}

/// What a whole record holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contents {
    /// The row of table `record`.
    pub record: RecordRow,
    /// Rows of each table.
    pub rows: BTreeMap<String, u64>,
    /// Version of DuckDB that read it.
    pub duckdb_version: String,
}

/// The row of table `record` in a file that nobody has open; `None` for a file without any table. An older
/// layout will do.
///
/// # Errors
/// As [`super::Store::open_to_read`].
pub fn peek(path: &Path) -> Result<Option<RecordRow>, StoreError> {
    connect::with_file(
        path,
        AccessMode::ReadOnly,
        |connection| match schema::version(connection, path)? {
            0 => Ok(None),
            _ => record_row(connection).map(Some),
        },
    )
}

/// Reads every table of a file from the first row to the last, so that a rotten block is found, and counts.
/// An older layout will do.
///
/// # Errors
/// [`StoreError::Damaged`] when something cannot be read or is no record, [`StoreError::Newer`].
pub fn inspect(path: &Path) -> Result<Contents, StoreError> {
    connect::with_file(path, AccessMode::ReadOnly, |connection| {
        if schema::version(connection, path)? == 0 {
            return Err(StoreError::Damaged {
                path: path.to_owned(),
                detail: "it holds no table".into(),
            });
        }
        Ok(Contents {
            record: record_row(connection)?,
            rows: count_all(connection)?,
            duckdb_version: connection.query_row("SELECT version()", [], |row| row.get(0))?,
        })
    })
}

/// Makes a copy what it is to be when it is opened next: of this generation and sequence, and nobody's.
/// Afterwards everything is in the file, and there is no log.
///
/// # Errors
/// When it cannot be opened or written.
pub fn stamp(path: &Path, generation: i64, sequence: i64) -> Result<(), StoreError> {
    connect::with_file(path, AccessMode::ReadWrite, |connection| {
        connection.execute(
            "UPDATE record SET generation = ?, sequence = ?, holder = NULL",
            params![generation, sequence],
        )?;
        Ok(connection.execute_batch("CHECKPOINT")?)
    })
}

/// An empty file that nobody else may read, because calls of customers will stand in it.
pub(super) fn private(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
}

pub(super) fn record_row(connection: &Connection) -> Result<RecordRow, StoreError> {
    Ok(connection.query_row(
        "SELECT schema_version, sequence, coalesce(generation, 0), holder FROM record",
        [],
        |row| {
            let mut cells = Cells::of(row);
            Ok(RecordRow {
                schema_version: cells.take()?,
                sequence: cells.take()?,
                generation: cells.take()?,
                holder: cells.take()?,
            })
        },
    )?)
}

fn count_all(connection: &Connection) -> Result<BTreeMap<String, u64>, StoreError> {
    let mut statement = connection.prepare(
        "SELECT table_name FROM duckdb_tables() WHERE database_name = current_database()",
    )?;
    let tables: Vec<String> = statement
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let count = |table: String| {
        // A count alone reads no block of the columns; the hash needs all of them.
        let sql = format!(
            r#"SELECT count(*), bit_xor(hash(row)) FROM "{}" row"#,
            table.replace('"', r#""""#)
        );
        let rows = connection.query_row(&sql, [], |row| row.get::<_, u64>(0))?;
        Ok((table, rows))
    };
    tables.into_iter().map(count).collect()
}
