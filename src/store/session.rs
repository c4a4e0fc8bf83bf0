//! The writer's side: one connection, one transaction at a time.

use std::{
    fs::File,
    io::{self, Seek as _},
    path::{Path, PathBuf},
};

use duckdb::Connection;

use super::{
    RecordRow,
    connect::Lease,
    copy::{self, record_row},
    error::{StoreError, file_error},
    known::Known,
    mark::{self, Mark},
    memory::Memory,
    segments, vacuum,
};
use crate::kill::{self, Point};

/// The open record, owned by one thread.
#[derive(Debug)]
pub(super) struct Session {
    // Fields are dropped in this order: the file is closed before another may open it.
    connection: Connection,
    // Our own way to the file, for copies: to open and close another would drop DuckDB's lock, because
    // POSIX takes all locks of a process from a file when the process closes any handle of it.
    file: File,
    path: PathBuf,
    sequence: i64,
    known: Known,
    /// `None` for a reader.
    memory: Option<Memory>,
    /// `None` for a reader.
    mark: Option<Mark>,
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
        let file = File::open(&path).map_err(|source| file_error(&path, source))?;
        let sequence = sequence(&connection)?;
        mark::check(&path, sequence)?;
        if writes {
            segments::register(&connection)?;
        }
        let memory = writes.then(|| Memory::limited(&connection)).transpose()?;
        let mark = writes.then(|| Mark::begin(&path, sequence)).transpose();
        let mark = mark.map_err(|source| file_error(&path, source))?;
        Ok(Self {
            connection,
            file,
            path,
            sequence,
            known: Known::default(),
            memory,
            mark,
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

    /// Writes a page, all of it or nothing, with what is remembered from the pages before it. `sizes` are the rows and
    /// bytes that it brings for each table.
    pub(super) fn page<T>(
        &mut self,
        sizes: [(u64, u64); 2],
        work: impl FnOnce(&Connection, &mut Known) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        if let Some(memory) = &mut self.memory {
            for (rows, bytes) in sizes {
                memory.fit(&self.connection, rows, bytes)?;
            }
        }
        let mut known = std::mem::take(&mut self.known);
        let value = self.transaction(|connection| work(connection, &mut known))?;
        self.known = known;
        Ok(value)
    }

    /// Does all of `work`, or nothing of it, and raises `record.sequence` by one.
    ///
    /// DuckDB answers OK to a COMMIT after a failed statement and rolls back. So any error ends in
    /// ROLLBACK, and the sequence is read back afterwards, in a transaction of its own.
    pub(super) fn transaction<T>(
        &mut self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.known.forget();
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
        if let Some(mark) = &self.mark {
            mark.set(expected)
                .map_err(|source| file_error(&self.path, source))?;
        }
        Ok(value)
    }

    fn attempt<T>(
        &self,
        sequence: i64,
        work: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.connection.execute_batch("BEGIN TRANSACTION")?;
        kill::here(Point::TransactionBegun);
        let value = work(&self.connection)?;
        self.connection
            .prepare_cached("UPDATE record SET sequence = ?")?
            .execute([sequence])?;
        kill::here(Point::BeforeCommit);
        self.connection.execute_batch("COMMIT")?;
        kill::here(Point::AfterCommit);
        Ok(value)
    }

    /// Writes down who has the record. It says nothing about calls, so the sequence stays.
    pub(super) fn hold(&self, holder: Option<&str>) -> Result<(), StoreError> {
        self.note("UPDATE record SET holder = ?", holder)
    }

    /// Writes down as which generation the record was saved last. The sequence stays, so that it tells
    /// whether anything is recorded that was not saved.
    pub(super) fn saved_as(&self, generation: i64) -> Result<(), StoreError> {
        self.note("UPDATE record SET generation = ?", generation)
    }

    fn note(&self, statement: &str, value: impl duckdb::ToSql) -> Result<(), StoreError> {
        kill::here(Point::BeforeNote);
        self.read(|connection| {
            connection.execute(statement, [value])?;
            Ok(())
        })?;
        kill::here(Point::AfterNote);
        Ok(())
    }

    /// The row of table `record`.
    pub(super) fn record(&self) -> Result<RecordRow, StoreError> {
        self.read(record_row)
    }

    /// Writes the log into the file and copies the file, whole as it then is, to `copy`.
    pub(super) fn snapshot(&mut self, copy: &Path) -> Result<RecordRow, StoreError> {
        self.checkpoint()?;
        let row = self.record()?;
        self.copy_to(copy)
            .map_err(|source| file_error(copy, source))?;
        Ok(row)
    }

    fn copy_to(&mut self, copy: &Path) -> io::Result<()> {
        let mut copy = copy::private(copy)?;
        self.file.rewind()?;
        io::copy(&mut self.file, &mut copy)?;
        Ok(())
    }

    fn checkpoint(&self) -> Result<(), StoreError> {
        kill::here(Point::BeforeCheckpoint);
        self.read(|connection| Ok(connection.execute_batch("CHECKPOINT")?))?;
        kill::here(Point::AfterCheckpoint);
        Ok(())
    }

    /// Nobody holds the record any more; the log goes into the file.
    pub(super) fn release(&mut self) -> Result<(), StoreError> {
        if self.mark.take().is_none() {
            return Ok(());
        }
        self.hold(None)?;
        self.read(vacuum::allow_if_due)?;
        self.checkpoint()?;
        mark::remove(&self.path).map_err(|source| file_error(&self.path, source))
    }
}

/// `record.sequence` as it is committed.
fn sequence(connection: &Connection) -> duckdb::Result<i64> {
    connection
        .prepare_cached("SELECT sequence FROM record")?
        .query_row([], |row| row.get(0))
}
