//! The layout of the record and its changes over time.

use std::path::Path;

use duckdb::Connection;

use super::error::StoreError;
use crate::kill::{self, Point};

/// The layout that this program reads and writes: `record.schema_version`.
pub(super) const VERSION: i64 = MIGRATIONS.len() as i64;

/// Every step from an empty file to the present layout; the n-th leads to version n. A step is never
/// changed once released. Added columns have constant defaults: DuckDB cannot replay a log with others.
const MIGRATIONS: &[&str] = &[
    include_str!("migrations/0001_tables.sql"),
    include_str!("migrations/0002_views.sql"),
    include_str!("migrations/0003_recordings.sql"),
    include_str!("migrations/0004_without_recording.sql"),
    include_str!("migrations/0005_files.sql"),
    include_str!("migrations/0006_erased.sql"),
];

/// Tables and views of the present layout with the number of their columns.
const RELATIONS: &[(&str, i64)] = &[
    ("api_usage", 5),
    ("attempts", 16),
    ("call_failures", 17),
    ("calls", 29),
    ("checkpoints", 8),
    ("credential_state", 5),
    ("erased", 5),
    ("import_progress", 20),
    ("imports", 30),
    ("left_out", 5),
    ("media", 12),
    ("notifications", 8),
    ("participants", 11),
    ("record", 4),
    ("runs", 8),
    ("transcript_segments", 9),
    ("transcripts", 9),
];

/// The layout of an open file; 0 for one that is empty.
///
/// # Errors
/// `Damaged` for a DuckDB file that holds something else, `Newer` for a layout of the future.
pub(super) fn version(connection: &Connection, path: &Path) -> Result<i64, StoreError> {
    let (tables, records): (i64, i64) = connection.query_row(
        "SELECT count(*), count(*) FILTER (table_name = 'record')
         FROM duckdb_tables() WHERE database_name = current_database()",
        [],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    if tables == 0 {
        return Ok(0);
    }
    if records == 0 {
        return Err(foreign(path, "it is a DuckDB file of something else"));
    }
    let found = connection.query_row("SELECT schema_version FROM record", [], |row| row.get(0))?;
    if found > VERSION {
        return Err(StoreError::Newer {
            found,
            supported: VERSION,
        });
    }
    Ok(found)
}

/// Goes one version up in one transaction and writes it to the file at once, because a log with changed
/// tables in it is the one that DuckDB may refuse to replay.
pub(super) fn migrate(connection: &Connection, from: i64) -> Result<(), StoreError> {
    let step = usize::try_from(from)
        .ok()
        .and_then(|index| MIGRATIONS.get(index))
        .ok_or(StoreError::Newer {
            found: from,
            supported: VERSION,
        })?;
    connection.execute_batch("BEGIN TRANSACTION")?;
    if let Err(error) = carry_out(connection, step) {
        // The first error is the one to tell; closing the file rolls back what this cannot.
        let _ = connection.execute_batch("ROLLBACK");
        return Err(error.into());
    }
    kill::here(Point::BeforeMigrationCommit);
    connection.execute_batch("COMMIT")?;
    kill::here(Point::AfterMigrationCommit);
    connection.execute_batch("CHECKPOINT")?;
    kill::here(Point::AfterMigrationCheckpoint);
    Ok(())
}

/// One statement after another; each of them ends a line.
fn carry_out(connection: &Connection, step: &str) -> Result<(), duckdb::Error> {
    for statement in step.split_inclusive(";\n") {
        kill::here(Point::BeforeMigrationStatement);
        connection.execute_batch(statement)?;
    }
    Ok(())
}

/// Checks that the file holds what this version expects of it.
///
/// # Errors
/// `Damaged` when a table, view or column is missing, or `record` has not exactly one row.
pub(super) fn verify(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let mut statement = connection.prepare(
        "SELECT table_name, count(*) FROM duckdb_columns()
         WHERE database_name = current_database() AND NOT internal GROUP BY table_name",
    )?;
    let found = statement
        .query_map([], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?))
        })?
        .collect::<Result<Vec<_>, _>>()?;
    for (relation, columns) in RELATIONS {
        if !found
            .iter()
            .any(|(name, count)| name == relation && count == columns)
        {
            return Err(foreign(path, &format!("{relation} is not as it should be")));
        }
    }
    let rows: i64 = connection.query_row("SELECT count(*) FROM record", [], |row| row.get(0))?;
    if rows != 1 {
        return Err(foreign(path, &format!("record has {rows} rows, not one")));
    }
    Ok(())
}

fn foreign(path: &Path, detail: &str) -> StoreError {
    StoreError::Damaged {
        path: path.to_owned(),
        detail: detail.to_owned(),
    }
}
