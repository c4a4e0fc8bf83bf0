//! How much memory DuckDB may use while it writes.
//!
//! It refuses what does not fit into its limit, even a checkpoint, and it fills the limit with blocks that it may need
//! again. So the limit is as small as the rows allow: DuckDB unpacks 2,048 rows of a column at a time, whatever they hold
//! (`STANDARD_VECTOR_SIZE`).

use duckdb::Connection;

use super::error::StoreError;

/// For its buffers: the whole process then stays below 250 MB. Measured with 10,000 calls of 240 sentences
/// (`benches/reconcile.rs`): a fifth less costs a tenth of the time, because DuckDB then moves rows to the disk and back.
const BUFFERS: u64 = 60 << 20;

/// Rows of a column that are unpacked together.
const VECTOR: u64 = 2_048;

/// How often they are held at a time, at most: unpacked, changed, and packed anew. Measured with calls of 24 kB and 150 kB.
const COPIES: u64 = 4;

/// Bytes after which an import is long: what it leaves free is given back from then on, or it would take more and more of
/// the machine's. Measured with 100,000 calls and no rate limit: 20 to 30 MB less, for a tenth of the time.
const LONG: u64 = 512 << 20;

/// Bytes of a group of pages that leaves something free.
const LARGE: u64 = 8 << 20;

/// The limit of one connection. It only rises.
#[derive(Debug)]
pub(super) struct Memory {
    limit: u64,
    /// Bytes that this connection has been given.
    given: u64,
}

impl Memory {
    /// Limits a connection to what the newest recorded rows need.
    ///
    /// # Errors
    /// When the record cannot be read.
    pub(super) fn limited(connection: &Connection) -> Result<Self, StoreError> {
        let mut memory = Self { limit: 0, given: 0 };
        for (table, column) in [("calls", "raw"), ("transcript_segments", "text")] {
            let length: f64 = connection.query_row(
                &format!(
                    "SELECT coalesce(avg(strlen({column})), 0) FROM {table}
                     WHERE rowid >= (SELECT estimated_size - {VECTOR} FROM duckdb_tables()
                         WHERE database_name = current_database() AND table_name = '{table}')"
                ),
                [],
                |row| row.get(0),
            )?;
            memory.raise(connection, length.ceil() as u64 * VECTOR)?;
        }
        Ok(memory)
    }

    /// Makes room for so many rows of one table with so many bytes in all.
    ///
    /// # Errors
    /// When DuckDB does not take the limit.
    pub(super) fn fit(
        &mut self,
        connection: &Connection,
        rows: u64,
        bytes: u64,
    ) -> Result<(), StoreError> {
        self.given = self.given.saturating_add(bytes);
        if self.given > LONG && bytes > LARGE {
            // When DuckDB is told a limit, even the one it has, it gives back what is free in the whole process
            // (1.5.5, `BufferPool::SetLimit`). Nothing else without `unsafe` does.
            tell(connection, self.limit)?;
        }
        let vector = (bytes / rows.max(1)).saturating_mul(VECTOR);
        self.raise(connection, vector.min(self.given))
    }

    fn raise(&mut self, connection: &Connection, vector: u64) -> Result<(), StoreError> {
        let limit = BUFFERS.saturating_add(vector.saturating_mul(COPIES)) >> 20;
        if limit > self.limit {
            tell(connection, limit)?;
            self.limit = limit;
        }
        Ok(())
    }
}

/// Tells DuckDB its limit, in MiB.
fn tell(connection: &Connection, limit: u64) -> Result<(), StoreError> {
    Ok(connection.execute_batch(&format!("SET memory_limit = '{limit}MiB'"))?)
}
