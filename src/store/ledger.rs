//! What is kept of an import besides its calls: failures, checkpoints, counters, quota.

use std::collections::BTreeMap;

use duckdb::{Connection, params};
use jiff::Timestamp;

use super::{
    Totals,
    error::StoreError,
    recorded::Scope,
    values::{Cells, Day, Utc},
};
use crate::{
    model::{
        ApiUsage, CallFailure, Checkpoint, FailureClass, FileFailure, LeftOut, MediaCounts, Window,
    },
    platforms::RecordFailure,
};

/// A call that comes again is no failure any more, unless its transcript or its recording is what failed:
/// that takes the transcript, or a copy. All lists are JSON arrays of ids.
pub(super) fn resolve_failures(
    connection: &Connection,
    request_id: &str,
    listed: &str,
    spoken: &str,
    copied: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let open: i64 = connection
        .prepare_cached(
            "SELECT count(*) FROM call_failures WHERE request_id = ? AND resolved_at IS NULL",
        )?
        .query_row([request_id], |row| row.get(0))?;
    if open == 0 {
        // As on nearly every page: the joins below would cost more than the rest of the bookkeeping.
        return Ok(());
    }
    connection
        .prepare_cached(
            r#"UPDATE call_failures SET resolved_at = $5
            WHERE request_id = $1 AND resolved_at IS NULL AND CASE stage
                WHEN 'media'
                THEN external_id IN (SELECT unnest(from_json($4::VARCHAR, '["VARCHAR"]')))
                WHEN 'transcript'
                THEN external_id IN (SELECT unnest(from_json($3::VARCHAR, '["VARCHAR"]')))
                ELSE external_id IN (SELECT unnest(from_json($3::VARCHAR, '["VARCHAR"]')))
                  OR external_id IN (SELECT unnest(from_json($2::VARCHAR, '["VARCHAR"]')))
            END"#,
        )?
        .execute(params![request_id, listed, spoken, copied, Utc(now)])?;
    Ok(())
}

/// Every open failure of a request counts as settled, and nothing as left out: its generation is over.
pub(super) fn close_failures(
    connection: &Connection,
    request_id: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    connection.execute(
        "UPDATE call_failures SET resolved_at = ? WHERE request_id = ? AND resolved_at IS NULL",
        params![Utc(now), request_id],
    )?;
    connection.execute("DELETE FROM left_out WHERE request_id = ?", [request_id])?;
    Ok(())
}

/// The same for those that stand in the way of a call, not of its transcript or recording.
pub(super) fn close_listing_failures(
    connection: &Connection,
    request_id: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    connection.execute(
        "UPDATE call_failures SET resolved_at = ?
         WHERE request_id = ? AND resolved_at IS NULL AND stage NOT IN ('transcript', 'media')",
        params![Utc(now), request_id],
    )?;
    Ok(())
}

/// Whether a call of the request could not be listed or read, so that its window must be listed again.
pub(super) fn has_listing_failures(
    connection: &Connection,
    request_id: &str,
) -> Result<bool, StoreError> {
    Ok(connection.query_row(
        "SELECT count(*) > 0 FROM call_failures
         WHERE request_id = ? AND resolved_at IS NULL AND stage NOT IN ('transcript', 'media')",
        [request_id],
        |row| row.get(0),
    )?)
}

/// The open failures of a request, by external id.
pub(super) fn failures(
    connection: &Connection,
    request_id: &str,
    limit: usize,
) -> Result<Vec<CallFailure>, StoreError> {
    let mut statement = connection.prepare(
        "SELECT external_id, stage, coalesce(detail, '') FROM call_failures
         WHERE request_id = ? AND resolved_at IS NULL ORDER BY external_id LIMIT ?",
    )?;
    let rows = statement.query_map(params![request_id, super::rows::count(limit)], |row| {
        let mut cells = Cells::of(row);
        Ok(CallFailure {
            external_id: cells.take()?,
            stage: cells.take()?,
            detail: cells.take()?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Adds failures, or raises the attempts of those that are known.
pub(super) fn add_failures(
    connection: &Connection,
    request_id: &str,
    failures: &[RecordFailure],
    now: Timestamp,
) -> Result<(), StoreError> {
    for failure in failures {
        let class = match failure.stage {
            "media" => FailureClass::Unavailable,
            _ => FailureClass::BrokenReply,
        };
        let RecordFailure {
            external_id,
            stage,
            detail,
        } = failure;
        add_failure(
            connection,
            [request_id, external_id, stage],
            class,
            detail,
            now,
        )?;
    }
    Ok(())
}

/// The same for rows of files and for whole files, with what it takes to mend them.
pub(super) fn add_file_failures(
    connection: &Connection,
    request_id: &str,
    failures: &[FileFailure],
    now: Timestamp,
) -> Result<(), StoreError> {
    for failure in failures {
        let (id, detail) = (failure.id(), failure.detail());
        let key = [request_id, &id, "file"];
        add_failure(connection, key, FailureClass::File, &detail, now)?;
        let original = serde_json::to_string(&failure.original).expect("text becomes JSON");
        connection
            .prepare_cached(
                "UPDATE call_failures SET file = ?, line = ?, cell = ?, code = ?, value = ?, message = ?,
                     help = ?, original = ?
                 WHERE request_id = ? AND external_id = ?",
            )?
            .execute(params![
                failure.file,
                failure.line,
                failure.column,
                failure.code,
                failure.value,
                failure.message,
                failure.help,
                original,
                request_id,
                id
            ])?;
    }
    Ok(())
}

fn add_failure(
    connection: &Connection,
    [request_id, external_id, stage]: [&str; 3],
    class: FailureClass,
    detail: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let known = connection.execute(
        "UPDATE call_failures SET stage = ?, class = ?, detail = ?, attempts = attempts + 1,
             last_at = ?, resolved_at = NULL
         WHERE request_id = ? AND external_id = ?",
        params![
            stage,
            class.as_str(),
            detail,
            Utc(now),
            request_id,
            external_id
        ],
    )?;
    if known == 0 {
        connection.execute(
            "INSERT INTO call_failures (request_id, external_id, stage, class, detail, attempts,
                 first_at, last_at)
             VALUES (?, ?, ?, ?, ?, 1, ?, ?)",
            params![
                request_id,
                external_id,
                stage,
                class.as_str(),
                detail,
                Utc(now),
                Utc(now)
            ],
        )?;
    }
    Ok(())
}

/// The open failures of a request that lie in its files, by file and line.
pub(super) fn file_failures(
    connection: &Connection,
    request_id: &str,
) -> Result<Vec<FileFailure>, StoreError> {
    let mut statement = connection.prepare(
        "SELECT file, line, cell, code, value, message, help, original FROM call_failures
         WHERE request_id = ? AND resolved_at IS NULL AND file IS NOT NULL
         ORDER BY file, line, external_id",
    )?;
    let rows = statement.query_map([request_id], |row| {
        let mut cells = Cells::of(row);
        Ok(FileFailure {
            file: cells.take()?,
            line: cells.take()?,
            column: cells.take()?,
            code: cells.take()?,
            value: cells.take()?,
            message: cells.take()?,
            help: cells.take()?,
            original: serde_json::from_str(&cells.take::<String>()?).unwrap_or_default(),
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Records what is no call of its own, in place of what was said of it before.
pub(super) fn leave_out(
    connection: &Connection,
    request_id: &str,
    run_id: &str,
    skipped: &[LeftOut],
) -> Result<(), StoreError> {
    for left_out in skipped {
        let LeftOut {
            name,
            reason,
            is_duplicate,
        } = left_out;
        let known = connection.execute(
            "UPDATE left_out SET reason = ?, is_duplicate = ? WHERE request_id = ? AND name = ?",
            params![reason, is_duplicate, request_id, name],
        )?;
        if known == 0 {
            connection.execute(
                "INSERT INTO left_out (request_id, name, reason, is_duplicate, run_id)
                 VALUES (?, ?, ?, ?, ?)",
                params![request_id, name, reason, is_duplicate, run_id],
            )?;
        }
    }
    Ok(())
}

/// What of a request was found and is no call of its own, by name.
pub(super) fn left_out(
    connection: &Connection,
    request_id: &str,
) -> Result<Vec<LeftOut>, StoreError> {
    let mut statement = connection.prepare(
        "SELECT name, reason, is_duplicate FROM left_out WHERE request_id = ? ORDER BY name",
    )?;
    let rows = statement.query_map([request_id], |row| {
        let mut cells = Cells::of(row);
        Ok(LeftOut {
            name: cells.take()?,
            reason: cells.take()?,
            is_duplicate: cells.take()?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Writes how far a window has come.
pub(super) fn write_checkpoint(
    connection: &Connection,
    request_id: &str,
    digest: &str,
    checkpoint: &Checkpoint,
    now: Timestamp,
) -> Result<(), StoreError> {
    let Checkpoint {
        window,
        cursor,
        listed,
        done,
    } = checkpoint;
    let known = connection
        .prepare_cached(
            "UPDATE checkpoints SET window_to = ?, cursor = ?, listed = ?, done = ?, committed_at = ?
             WHERE request_id = ? AND digest = ? AND window_from = ?",
        )?
        .execute(params![
            Day(window.to),
            cursor,
            listed,
            done,
            Utc(now),
            request_id,
            digest,
            Day(window.from)
        ])?;
    if known == 0 {
        connection.execute(
            "INSERT INTO checkpoints (request_id, digest, window_from, window_to, cursor, listed, done,
                 committed_at)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            params![
                request_id,
                digest,
                Day(window.from),
                Day(window.to),
                cursor,
                listed,
                done,
                Utc(now)
            ],
        )?;
    }
    Ok(())
}

/// Calls that appeared after their window was done count in the newest window.
pub(super) fn count_late_calls(
    connection: &Connection,
    request_id: &str,
    digest: &str,
    late: i64,
) -> Result<(), StoreError> {
    if late > 0 {
        connection.execute(
            "UPDATE checkpoints SET listed = listed + $3::BIGINT
             WHERE request_id = $1 AND digest = $2 AND window_from = (
                 SELECT max(window_from) FROM checkpoints WHERE request_id = $1 AND digest = $2
             )",
            params![request_id, digest, late],
        )?;
    }
    Ok(())
}

/// The checkpoints of each request's recorded digest, oldest window first.
pub(super) fn checkpoints(
    connection: &Connection,
) -> Result<BTreeMap<String, Vec<Checkpoint>>, StoreError> {
    let mut statement = connection.prepare(
        "SELECT request_id, window_from, window_to, cursor, listed, done
         FROM checkpoints JOIN imports USING (request_id, digest)
         ORDER BY request_id, window_from",
    )?;
    let mut rows = statement.query([])?;
    let mut checkpoints: BTreeMap<String, Vec<Checkpoint>> = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let mut cells = Cells::of(row);
        checkpoints
            .entry(cells.take()?)
            .or_default()
            .push(Checkpoint {
                window: Window {
                    from: cells.day()?,
                    to: cells.day()?,
                },
                cursor: cells.take()?,
                listed: cells.take()?,
                done: cells.take()?,
            });
    }
    Ok(checkpoints)
}

/// Exact counts of one import.
pub(super) fn totals(
    connection: &Connection,
    request_id: &str,
    digest: &str,
    scope: Scope<'_>,
) -> Result<Totals, StoreError> {
    let mut statement = connection.prepare_cached(
        // Transcripts and recordings are counted over the days that are listed, whoever listed a call first. Only
        // calls without a date, as from files, and before any listing, are counted by their request.
        "WITH listing AS (
            SELECT coalesce(sum(listed), 0)::BIGINT AS calls, min(window_from) AS first_day,
                max(window_to) AS end_day
            FROM checkpoints WHERE request_id = $1 AND digest = $2)
         SELECT
            (SELECT calls FROM listing),
            (SELECT count(*) FILTER (stage <> 'media') FROM call_failures
                WHERE request_id = $1 AND resolved_at IS NULL),
            (SELECT count(*) FILTER (stage = 'media') FROM call_failures
                WHERE request_id = $1 AND resolved_at IS NULL),
            count(*) FILTER (transcript_state = 'imported'),
            count(*) FILTER (transcript_state = 'pending'),
            count(*) FILTER (media_state = 'stored'),
            count(*) FILTER (media_state = 'pending'),
            count(*) FILTER (media_state = 'listed')
         FROM calls WHERE platform = $3 AND account = $4 AND CASE
            WHEN started_at IS NULL OR (SELECT first_day FROM listing) IS NULL
            THEN request_id = $1
            ELSE started_at >= (SELECT first_day FROM listing)
                AND started_at < (SELECT end_day FROM listing) END",
    )?;
    let totals = statement.query_row(
        params![request_id, digest, scope.platform, scope.account],
        |row| {
            let mut cells = Cells::of(row);
            let calls_listed = cells.take()?;
            let calls_failed = cells.take()?;
            let media_failed = cells.take()?;
            Ok(Totals {
                calls_listed,
                calls_imported: i64::max(calls_listed - calls_failed, 0),
                calls_failed,
                transcripts_imported: cells.take()?,
                transcripts_pending: cells.take()?,
                media: MediaCounts {
                    stored: cells.take()?,
                    pending: cells.take()?,
                    failed: media_failed,
                    // Only who knows whether recordings are wanted can tell.
                    unavailable: 0,
                },
                media_listed: cells.take()?,
            })
        },
    )?;
    Ok(totals)
}

/// What a page adds to the counters of its import.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Added {
    pub(super) transcripts_imported: i64,
    pub(super) transcripts_pending: i64,
    pub(super) media_stored: i64,
    pub(super) media_pending: i64,
}

/// Brings an import's counters up to date by what one page adds: to count all calls anew would make a page dearer with
/// everything that is recorded. The end of the attempt counts exactly.
pub(super) fn add_to_import(
    connection: &Connection,
    request_id: &str,
    digest: &str,
    added: Added,
    requests_sent: i64,
    now: Timestamp,
) -> Result<(), StoreError> {
    let (listed, failed, media_failed): (i64, i64, i64) = connection
        .prepare_cached(
            "SELECT
                (SELECT coalesce(sum(listed), 0)::BIGINT FROM checkpoints
                    WHERE request_id = $1 AND digest = $2),
                count(*) FILTER (stage <> 'media'), count(*) FILTER (stage = 'media')
             FROM call_failures WHERE request_id = $1 AND resolved_at IS NULL",
        )?
        .query_row([request_id, digest], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })?;
    let changed = connection
        .prepare_cached(
            "UPDATE imports SET calls_listed = $1, calls_imported = $2, calls_failed = $3,
                 transcripts_imported = transcripts_imported + $4::BIGINT,
                 transcripts_pending = transcripts_pending + $5::BIGINT,
                 media_stored = media_stored + $6::BIGINT, media_pending = media_pending + $7::BIGINT,
                 media_failed = $8, requests_sent = requests_sent + $9::BIGINT,
                 phase = CASE phase WHEN 'queued' THEN 'importing' ELSE phase END,
                 started_at = coalesce(started_at, $10::TIMESTAMP), updated_at = $10::TIMESTAMP
             WHERE request_id = $11",
        )?
        .execute(params![
            listed,
            i64::max(listed - failed, 0),
            failed,
            added.transcripts_imported,
            added.transcripts_pending,
            added.media_stored,
            added.media_pending,
            media_failed,
            requests_sent,
            Utc(now),
            request_id
        ])?;
    must_exist(changed, "import", request_id)
}

/// Brings an import's counters up to date.
pub(super) fn count_import(
    connection: &Connection,
    request_id: &str,
    totals: Totals,
    requests_sent: i64,
    now: Timestamp,
) -> Result<(), StoreError> {
    let changed = connection
        .prepare_cached(
            "UPDATE imports SET calls_listed = $1, calls_imported = $2, calls_failed = $3,
                 transcripts_imported = $4, transcripts_pending = $5, media_stored = $6,
                 media_pending = $7, media_failed = $8, requests_sent = requests_sent + $9::BIGINT,
                 phase = CASE phase WHEN 'queued' THEN 'importing' ELSE phase END,
                 started_at = coalesce(started_at, $10::TIMESTAMP), updated_at = $10::TIMESTAMP
             WHERE request_id = $11",
        )?
        .execute(params![
            totals.calls_listed,
            totals.calls_imported,
            totals.calls_failed,
            totals.transcripts_imported,
            totals.transcripts_pending,
            totals.media.stored,
            totals.media.pending,
            totals.media.failed,
            requests_sent,
            Utc(now),
            request_id
        ])?;
    must_exist(changed, "import", request_id)
}

/// Adds to the use of quotas.
pub(super) fn add_usage(connection: &Connection, usage: &[ApiUsage]) -> Result<(), StoreError> {
    for bucket in usage {
        let values = params![
            bucket.platform,
            bucket.account,
            bucket.class,
            Utc(bucket.bucket_start),
            bucket.requests
        ];
        let known = connection
            .prepare_cached(
                "UPDATE api_usage SET requests = requests + $5::BIGINT
                 WHERE platform = $1 AND account = $2 AND class = $3 AND bucket_start = $4",
            )?
            .execute(values)?;
        if known == 0 {
            connection.execute(
                "INSERT INTO api_usage (platform, account, class, bucket_start, requests)
                 VALUES ($1, $2, $3, $4, $5)",
                values,
            )?;
        }
    }
    Ok(())
}

/// The use of quotas in the hours that end after `since`.
pub(super) fn usage(
    connection: &Connection,
    since: Timestamp,
) -> Result<Vec<ApiUsage>, StoreError> {
    let mut statement = connection.prepare(
        "SELECT platform, account, class, bucket_start, requests FROM api_usage
         WHERE bucket_start + INTERVAL 1 HOUR > ?
         ORDER BY platform, account, class, bucket_start",
    )?;
    let rows = statement.query_map([Utc(since)], |row| {
        let mut cells = Cells::of(row);
        Ok(ApiUsage {
            platform: cells.take()?,
            account: cells.take()?,
            class: cells.take()?,
            bucket_start: cells.time()?,
            requests: cells.take()?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// End of each request's last attempt.
pub(super) fn attempted(
    connection: &Connection,
) -> Result<BTreeMap<String, Timestamp>, StoreError> {
    let mut statement = connection
        .prepare("SELECT request_id, max(finished_at) FROM attempts GROUP BY request_id")?;
    let rows = statement.query_map([], |row| {
        let mut cells = Cells::of(row);
        Ok((cells.take()?, cells.time()?))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// An update that must change one row.
pub(super) fn must_exist(changed: usize, what: &'static str, id: &str) -> Result<(), StoreError> {
    if changed == 1 {
        Ok(())
    } else {
        Err(StoreError::Missing {
            what,
            id: id.to_owned(),
        })
    }
}
