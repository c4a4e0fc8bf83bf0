//! Rows of `imports` and what follows from changing them.

use duckdb::{Connection, params};
use jiff::Timestamp;

use super::{
    AttemptEnd,
    error::StoreError,
    ledger, media, outbox, runs,
    values::{Cells, Day, Utc},
};
use crate::{
    model::{ImportRecord, MediaCounts, Notification, Phase, TranscriptState, WhoseTurn},
    platforms::CallRef,
};

/// The columns in the order in which rows are written and read.
const COLUMNS: &str = "request_id, digest, customer, platform, account, method, phase, whose_turn, reason,
    calls_listed, calls_imported, calls_failed, transcripts_imported, transcripts_pending, media_stored,
    media_pending, media_failed, media_unavailable, requests_sent,
    requested_completion, promised_completion, expected_completion, credential_fingerprint, pull_request,
    first_seen_at, started_at, finished_at, failing_since, next_attempt_at, updated_at";

/// What CS reads about an import that somebody asked to try again.
pub const RETRY_REASON: &str = "Somebody asked to try again; the next run does.";

/// Every import, by request id.
pub(super) fn all(connection: &Connection) -> Result<Vec<ImportRecord>, StoreError> {
    let mut statement = connection.prepare(&format!(
        "SELECT {COLUMNS} FROM imports ORDER BY request_id"
    ))?;
    let rows = statement.query_map([], |row| record(Cells::of(row)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn one(connection: &Connection, request_id: &str) -> Result<Option<ImportRecord>, StoreError> {
    let mut statement = connection.prepare(&format!(
        "SELECT {COLUMNS} FROM imports WHERE request_id = ?"
    ))?;
    let mut rows = statement.query_map([request_id], |row| record(Cells::of(row)))?;
    Ok(rows.next().transpose()?)
}

fn record(mut cells: Cells<'_, '_>) -> duckdb::Result<ImportRecord> {
    Ok(ImportRecord {
        request_id: cells.take()?,
        digest: cells.take()?,
        customer: cells.take()?,
        platform: cells.take()?,
        account: cells.take()?,
        method: cells.word()?,
        phase: cells.word()?,
        whose_turn: cells.word()?,
        reason: cells.take()?,
        calls_listed: cells.take()?,
        calls_imported: cells.take()?,
        calls_failed: cells.take()?,
        transcripts_imported: cells.take()?,
        transcripts_pending: cells.take()?,
        media: MediaCounts {
            stored: cells.take()?,
            pending: cells.take()?,
            failed: cells.take()?,
            unavailable: cells.take()?,
        },
        requests_sent: cells.take()?,
        requested_completion: cells.optional_day()?,
        promised_completion: cells.optional_day()?,
        expected_completion: cells.optional_day()?,
        credential_fingerprint: cells.take()?,
        pull_request: cells.take()?,
        first_seen_at: cells.time()?,
        started_at: cells.optional_time()?,
        finished_at: cells.optional_time()?,
        failing_since: cells.optional_time()?,
        next_attempt_at: cells.optional_time()?,
        updated_at: cells.time()?,
    })
}

/// Writes a row in place of the one with the same request id.
fn write(connection: &Connection, record: &ImportRecord) -> Result<(), StoreError> {
    connection.execute(
        "DELETE FROM imports WHERE request_id = ?",
        [&record.request_id],
    )?;
    connection.execute(
        &format!(
            "INSERT INTO imports ({COLUMNS})
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        ),
        params![
            record.request_id,
            record.digest,
            record.customer,
            record.platform,
            record.account,
            record.method.as_str(),
            record.phase.as_str(),
            record.whose_turn.as_str(),
            record.reason,
            record.calls_listed,
            record.calls_imported,
            record.calls_failed,
            record.transcripts_imported,
            record.transcripts_pending,
            record.media.stored,
            record.media.pending,
            record.media.failed,
            record.media.unavailable,
            record.requests_sent,
            record.requested_completion.map(Day),
            record.promised_completion.map(Day),
            record.expected_completion.map(Day),
            record.credential_fingerprint,
            record.pull_request,
            Utc(record.first_seen_at),
            record.started_at.map(Utc),
            record.finished_at.map(Utc),
            record.failing_since.map(Utc),
            record.next_attempt_at.map(Utc),
            Utc(record.updated_at)
        ],
    )?;
    Ok(())
}

/// Writes what a plan changes. Another digest is another generation: it has checkpoints of its own, and
/// the failures of the one before are no longer counted.
pub(super) fn apply(
    connection: &Connection,
    changes: &[ImportRecord],
    notifications: &[Notification],
    now: Timestamp,
) -> Result<(), StoreError> {
    for change in changes {
        if let Some(before) = one(connection, &change.request_id)?
            && before.digest != change.digest
        {
            connection.execute(
                "DELETE FROM checkpoints WHERE request_id = ? AND digest <> ?",
                params![change.request_id, change.digest],
            )?;
            ledger::close_failures(connection, &change.request_id, now)?;
        }
        write(connection, change)?;
    }
    outbox::add(connection, notifications, now)
}

/// Writes the end of an attempt and everything that follows from it.
pub(super) fn finish_attempt(connection: &Connection, end: &AttemptEnd) -> Result<(), StoreError> {
    let mut record = end.record.clone();
    if let Some(before) = one(connection, &record.request_id)? {
        record.requests_sent = before.requests_sent;
    }
    record.requests_sent += end.requests_sent;
    write(connection, &record)?;
    if end.expire_pending {
        connection.execute(
            "UPDATE calls SET transcript_state = ?, updated_at = ?
             WHERE platform = ? AND account = ? AND request_id = ? AND transcript_state = ?",
            params![
                TranscriptState::Unavailable.as_str(),
                Utc(end.finished_at),
                record.platform,
                record.account,
                record.request_id,
                TranscriptState::Pending.as_str()
            ],
        )?;
    }
    if end.expire_media {
        media::expire(connection, &record, end.finished_at)?;
    }
    runs::write_attempt(connection, end)?;
    runs::count_run(connection, &end.run_id, end.requests_sent, 0, 0)?;
    ledger::add_usage(connection, &end.usage)?;
    outbox::add(connection, &end.notifications, end.finished_at)
}

/// Lets an import go again in the next run; `None` if there is none of that name.
///
/// `retrying` and `delayed` only lose their wait: they go on by themselves, and whoever was told of the
/// delay is told of its end. Calls that could not be listed have no place of their own to go back to, so
/// their request's windows are listed again; what is recorded is recognised and not fetched again.
pub(super) fn retry(
    connection: &Connection,
    request_id: &str,
    now: Timestamp,
) -> Result<Option<ImportRecord>, StoreError> {
    let Some(mut record) = one(connection, request_id)? else {
        return Ok(None);
    };
    record.next_attempt_at = None;
    record.updated_at = now;
    if is_stopped(record.phase) {
        record.phase = match record.started_at {
            Some(_) => Phase::Importing,
            None => Phase::Queued,
        };
        record.whose_turn = WhoseTurn::Nobody;
        record.reason = Some(RETRY_REASON.to_owned());
        record.failing_since = None;
        record.finished_at = None;
    }
    media::retry(connection, request_id)?;
    if record.phase.is_unfinished() && ledger::has_listing_failures(connection, request_id)? {
        connection.execute("DELETE FROM checkpoints WHERE request_id = ?", [request_id])?;
        // One that fails again is opened again. One without an id would stay open for ever.
        ledger::close_listing_failures(connection, request_id, now)?;
    }
    write(connection, &record)?;
    Ok(Some(record))
}

/// Whether no run works on an import in this phase until somebody asks for it.
const fn is_stopped(phase: Phase) -> bool {
    match phase {
        Phase::NeedsCredentials | Phase::NeedsAttention | Phase::CompletedWithFailures => true,
        Phase::Queued
        | Phase::Importing
        | Phase::Retrying
        | Phase::Delayed
        | Phase::Completed
        | Phase::NoCallsFound
        | Phase::Unsupported
        | Phase::Suspended
        | Phase::Cancelled => false,
    }
}

/// Calls whose transcript is still asked for, by id, after the given one.
pub(super) fn pending_transcripts(
    connection: &Connection,
    scope: super::recorded::Scope<'_>,
    request_id: &str,
    after: Option<&str>,
    limit: usize,
) -> Result<Vec<CallRef>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT external_id, raw FROM calls
         WHERE platform = $1 AND account = $2 AND request_id = $3
           AND transcript_state = 'pending' AND external_id > $4
         ORDER BY external_id LIMIT $5",
    )?;
    // No id is empty, so every id stands after the empty text.
    let after = after.unwrap_or("");
    let rows = statement.query_map(
        params![
            scope.platform,
            scope.account,
            request_id,
            after,
            super::rows::count(limit)
        ],
        |row| {
            Ok(CallRef {
                external_id: row.get(0)?,
                raw: row.get(1)?,
            })
        },
    )?;
    Ok(rows.collect::<Result<_, _>>()?)
}
