//! The writer's side: one connection, one transaction at a time.

use std::path::{Path, PathBuf};

use duckdb::Connection;

use super::{connect::Lease, error::StoreError};

/// The open record, owned by one thread.
#[derive(Debug)]
pub(super) struct Session {
    // Fields are dropped in this order: the file is closed before another may open it.
    connection: Connection,
    path: PathBuf,
    sequence: i64,
    writes: bool,
    _lease: Lease,
}

impl Session {
    /// Takes over an open connection; `writes` says whether it may change the file.
    pub(super) fn new(
        connection: Connection,
        path: PathBuf,
        writes: bool,
        lease: Lease,
    ) -> Result<Self, StoreError> {
        Ok(Self {
            sequence: sequence(&connection)?,
            connection,
            path,
            writes,
            _lease: lease,
        })
    }

    /// The file.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Reads.
    pub(super) fn read<T>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        work(&self.connection).map_err(|error| error.explained(&self.path))
    }

    /// Does all of `work`, or nothing of it, and raises `record.sequence` by one.
    ///
    /// DuckDB answers OK to a COMMIT after a failed statement and rolls back. So any error ends in
    /// ROLLBACK, and the sequence is read back afterwards, in a transaction of its own.
    pub(super) fn transaction<T>(
        &mut self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let expected = self.sequence + 1;
        let outcome = self.attempt(expected, work);
        if outcome.is_err() {
            // Nothing to roll back if BEGIN or COMMIT itself failed; the first error is the one to tell.
            let _ = self.connection.execute_batch("ROLLBACK");
        }
        let value = outcome.map_err(|error| error.explained(&self.path))?;
        let found = self.read(|connection| Ok(sequence(connection)?))?;
        if found != expected {
            return Err(StoreError::NotCommitted { expected, found });
        }
        self.sequence = expected;
        Ok(value)
    }

    fn attempt<T>(
        &self,
        sequence: i64,
        work: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.connection.execute_batch("BEGIN TRANSACTION")?;
        let value = work(&self.connection)?;
        self.connection
            .prepare_cached("UPDATE record SET sequence = ?")?
            .execute([sequence])?;
        self.connection.execute_batch("COMMIT")?;
        Ok(value)
    }

    /// Nobody holds the record any more; the log goes into the file.
    pub(super) fn release(&mut self) -> Result<(), StoreError> {
        if !self.writes {
            return Ok(());
        }
        self.transaction(|connection| {
            connection.execute("UPDATE record SET holder = NULL", [])?;
            Ok(())
        })?;
        self.read(|connection| Ok(connection.execute_batch("CHECKPOINT")?))
    }
}

/// `record.sequence` as it is committed.
fn sequence(connection: &Connection) -> duckdb::Result<i64> {
    connection
        .prepare_cached("SELECT sequence FROM record")?
        .query_row([], |row| row.get(0))
}
