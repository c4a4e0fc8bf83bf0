//! Reads a record the way somebody with DuckDB would, to compare it.

use std::{collections::BTreeMap, path::Path};

use duckdb::Connection;

/// Tables that a second run must not change.
const STABLE: &[&str] = &[
    "calls",
    "transcripts",
    "transcript_segments",
    "media",
    "call_failures",
    "checkpoints",
];

/// Every row of the stable tables, as text.
pub(crate) fn dump(database: &Path) -> BTreeMap<String, Vec<String>> {
    let rows = |table: &&str| {
        (
            (*table).to_owned(),
            query(
                database,
                &format!("SELECT t::VARCHAR FROM {table} t ORDER BY 1"),
            ),
        )
    };
    STABLE.iter().map(rows).collect()
}

/// The same without what differs between two ways to the same end: run ids and times of day.
pub(crate) fn contents(database: &Path) -> BTreeMap<String, Vec<String>> {
    contents_of(&Connection::open(database).expect("the record opens"))
}

/// The same of an open record.
pub(crate) fn contents_of(connection: &Connection) -> BTreeMap<String, Vec<String>> {
    let columns = [
        (
            "calls",
            "* EXCLUDE (run_id, first_imported_at, updated_at, last_seen_at)",
        ),
        ("transcripts", "* EXCLUDE (imported_at)"),
        ("transcript_segments", "*"),
        ("media", "* EXCLUDE (fetched_at)"),
        (
            "call_failures",
            "* EXCLUDE (first_at, last_at, resolved_at, attempts)",
        ),
        ("checkpoints", "* EXCLUDE (committed_at)"),
        (
            "imports",
            "request_id, phase, calls_listed, calls_imported, calls_failed, transcripts_imported, transcripts_pending",
        ),
    ];
    columns
        .iter()
        .map(|(table, columns)| {
            let sql =
                format!("SELECT t::VARCHAR FROM (SELECT {columns} FROM {table}) t ORDER BY 1");
            ((*table).to_owned(), texts(connection, &sql))
        })
        .collect()
}

/// One column of text; NULL is `NULL`.
pub(crate) fn query(database: &Path, sql: &str) -> Vec<String> {
    texts(&Connection::open(database).expect("the record opens"), sql)
}

/// The same of an open record.
pub(crate) fn texts(connection: &Connection, sql: &str) -> Vec<String> {
    let mut statement = connection.prepare(sql).expect("valid SQL");
    let rows = statement
        .query_map([], |row| {
            Ok(row
                .get::<_, Option<String>>(0)?
                .unwrap_or_else(|| "NULL".into()))
        })
        .expect("rows");
    rows.collect::<Result<_, _>>().expect("text")
}

/// The single value of a query, as text.
pub(crate) fn value(database: &Path, sql: &str) -> String {
    let mut values = query(database, sql);
    assert_eq!(values.len(), 1, "{sql}");
    values.remove(0)
}
