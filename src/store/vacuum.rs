//! When DuckDB may merge row groups that are not full, at a checkpoint.
//!
//! Each night begins new ones, of a few rows each, so that a record whose row groups are never merged grows by a block of
//! 64 kB a night. But the rest of a large transaction is a row group of its own as well, and where four of them fit into
//! three, DuckDB writes all four anew: an import with its usual settings costs a third more, and its file is twice as large.

use duckdb::Connection;

use super::error::StoreError;

/// DuckDB's setting: row groups that are merged together count as one.
pub(super) const SETTING: &str = "max_vacuum_tasks";

/// Row groups of `runs`, to which every run adds a row, from which on they are merged. Until then each costs a block a
/// table; merging may write 370,000 segments anew, in half a second.
const MANY: i64 = 10;

/// Allows the next checkpoint to merge some row groups of each table, where enough nights have gone by. With at most one
/// merge a table it costs the same however much is recorded: up to four row groups are written anew.
///
/// # Errors
/// When the record cannot be read.
pub(super) fn allow_if_due(connection: &Connection) -> Result<(), StoreError> {
    let groups: i64 = connection.query_row(
        "SELECT count(DISTINCT row_group_id) FROM pragma_storage_info('runs')",
        [],
        |row| row.get(0),
    )?;
    let tasks = i64::from(groups >= MANY);
    Ok(connection.execute_batch(&format!("SET {SETTING} = {tasks}"))?)
}
