//! Runs and the attempts in them.

use duckdb::{Connection, params};
use jiff::Timestamp;

use super::{
    AttemptEnd, RunOutcome, RunRow,
    error::StoreError,
    ledger::must_exist,
    values::{Cells, Utc},
};
use crate::model::{FailureClass, Tally};

/// Begins a run, and tells when the last one before it began.
pub(super) fn begin_run(
    connection: &Connection,
    run_id: &str,
    started_at: Timestamp,
    version: &str,
) -> Result<Option<Timestamp>, StoreError> {
    let last = last_started_at(connection)?;
    connection.execute(
        "INSERT INTO runs (run_id, started_at, requests_sent, calls_imported, calls_failed, version)
         VALUES (?, ?, 0, 0, 0, ?)",
        params![run_id, Utc(started_at), version],
    )?;
    Ok(last)
}

/// When the last run began.
pub(super) fn last_started_at(connection: &Connection) -> Result<Option<Timestamp>, StoreError> {
    let last: Option<Utc> =
        connection.query_row("SELECT max(started_at) FROM runs", [], |row| row.get(0))?;
    Ok(last.map(|Utc(started_at)| started_at))
}

/// Adds to the counters of a run.
pub(super) fn count_run(
    connection: &Connection,
    run_id: &str,
    requests_sent: i64,
    calls_imported: i64,
    calls_failed: i64,
) -> Result<(), StoreError> {
    let changed = connection
        .prepare_cached(
            "UPDATE runs SET requests_sent = requests_sent + ?::BIGINT, calls_imported = calls_imported + ?::BIGINT,
                 calls_failed = calls_failed + ?::BIGINT
             WHERE run_id = ?",
        )?
        .execute(params![requests_sent, calls_imported, calls_failed, run_id])?;
    must_exist(changed, "run", run_id)
}

/// Ends a run.
pub(super) fn finish_run(
    connection: &Connection,
    run_id: &str,
    finished_at: Timestamp,
    outcome: RunOutcome,
) -> Result<(), StoreError> {
    let changed = connection.execute(
        "UPDATE runs SET finished_at = ?, outcome = ? WHERE run_id = ?",
        params![Utc(finished_at), outcome.as_str(), run_id],
    )?;
    must_exist(changed, "run", run_id)
}

/// A run as it is recorded.
pub(super) fn run(connection: &Connection, run_id: &str) -> Result<RunRow, StoreError> {
    let mut statement = connection.prepare(
        "SELECT run_id, started_at, finished_at, outcome, requests_sent, calls_imported, calls_failed,
             version
         FROM runs WHERE run_id = ?",
    )?;
    let mut rows = statement.query_map([run_id], |row| {
        let mut cells = Cells::of(row);
        Ok(RunRow {
            run_id: cells.take()?,
            started_at: cells.time()?,
            finished_at: cells.optional_time()?,
            outcome: cells.optional_word()?,
            requests_sent: cells.take()?,
            calls_imported: cells.take()?,
            calls_failed: cells.take()?,
            version: cells.take()?,
        })
    })?;
    rows.next().transpose()?.ok_or(StoreError::Missing {
        what: "run",
        id: run_id.to_owned(),
    })
}

/// Writes an attempt, in place of an earlier one of the same run.
pub(super) fn write_attempt(connection: &Connection, end: &AttemptEnd) -> Result<(), StoreError> {
    let request_id = &end.record.request_id;
    connection.execute(
        "DELETE FROM attempts WHERE request_id = ? AND run_id = ?",
        params![request_id, end.run_id],
    )?;
    connection.execute(
        "INSERT INTO attempts (request_id, run_id, digest, started_at, finished_at, outcome,
             failure_class, detail, calls_imported, requests_sent, calls_found, calls_changed,
             calls_unchanged, calls_duplicate, calls_skipped, calls_failed)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        params![
            request_id,
            end.run_id,
            end.record.digest,
            Utc(end.started_at),
            Utc(end.finished_at),
            end.outcome.as_str(),
            end.failure_class.map(FailureClass::as_str),
            end.detail,
            end.tally.imported,
            end.attempt_requests,
            end.tally.found,
            end.tally.changed,
            end.tally.unchanged,
            end.tally.duplicate,
            end.tally.skipped,
            end.tally.failed
        ],
    )?;
    Ok(())
}

/// What the last attempt made of everything that it found, if one found anything.
pub(super) fn last_tally(
    connection: &Connection,
    request_id: &str,
) -> Result<Option<Tally>, StoreError> {
    let mut statement = connection.prepare(
        "SELECT calls_found, attempts.calls_imported, calls_changed, calls_unchanged, calls_duplicate,
             calls_skipped, attempts.calls_failed
         FROM attempts JOIN imports USING (request_id, digest)
         WHERE request_id = ? AND calls_found > 0
         ORDER BY attempts.started_at DESC LIMIT 1",
    )?;
    let mut rows = statement.query_map([request_id], |row| {
        let mut cells = Cells::of(row);
        Ok(Tally {
            found: cells.take()?,
            imported: cells.take()?,
            changed: cells.take()?,
            unchanged: cells.take()?,
            duplicate: cells.take()?,
            skipped: cells.take()?,
            failed: cells.take()?,
        })
    })?;
    Ok(rows.next().transpose()?)
}
