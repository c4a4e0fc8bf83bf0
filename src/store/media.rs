//! Copies of recordings: which calls lack one, and what became of them.

use std::collections::BTreeMap;

use duckdb::{Connection, params};
use jiff::Timestamp;

use super::{
    error::StoreError,
    recorded::Scope,
    rows::{Stamp, count},
    values::Utc,
};
use crate::{
    model::{ImportRecord, MediaCopy, MediaOutcome, MediaState},
    platforms::CallRef,
};

/// Calls whose recording is not here yet, the newest first, behind the given one: those of the request, and
/// those of the days that it lists, whoever listed them first.
pub(super) fn pending(
    connection: &Connection,
    scope: Scope<'_>,
    request_id: &str,
    after: Option<&str>,
    limit: usize,
) -> Result<Vec<CallRef>, StoreError> {
    let mut statement = connection.prepare_cached(
        "WITH listing AS (
            SELECT min(window_from) AS first_day, max(window_to) AS end_day
            FROM checkpoints JOIN imports USING (request_id, digest) WHERE request_id = $3),
         lacking AS (
            SELECT external_id, raw, coalesce(started_at, TIMESTAMP '1970-01-01') AS start
            FROM media JOIN calls USING (platform, account, external_id)
            WHERE platform = $1 AND account = $2 AND media_idx = 0 AND state IN ('listed', 'pending')
              AND (request_id = $3 OR started_at >= (SELECT first_day FROM listing)
                   AND started_at < (SELECT end_day FROM listing))),
         last AS (
            SELECT external_id, coalesce(started_at, TIMESTAMP '1970-01-01') AS start FROM calls
            WHERE platform = $1 AND account = $2 AND external_id = $4)
         SELECT external_id, raw FROM lacking
         WHERE $4 IS NULL OR start < (SELECT start FROM last)
            OR start = (SELECT start FROM last) AND external_id > $4
         ORDER BY start DESC, external_id LIMIT $5",
    )?;
    let rows = statement.query_map(
        params![
            scope.platform,
            scope.account,
            request_id,
            after,
            count(limit)
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

/// How many recordings need no more copying, by the request that their calls belong to.
pub(super) fn copied(connection: &Connection) -> Result<BTreeMap<String, i64>, StoreError> {
    let mut statement = connection.prepare(
        "SELECT request_id, count(*) FROM media JOIN calls USING (platform, account, external_id)
         WHERE media_idx = 0 AND state NOT IN ('listed', 'pending') GROUP BY request_id",
    )?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Records what became of recordings. A copy that is here is not taken back by anything.
pub(super) fn record(
    connection: &Connection,
    stamp: Stamp<'_>,
    outcomes: &[(String, MediaOutcome)],
) -> Result<(), StoreError> {
    for (external_id, outcome) in outcomes {
        let changed = match outcome {
            MediaOutcome::Stored(copy) => record_copy(connection, stamp, external_id, copy)?,
            MediaOutcome::Pending | MediaOutcome::Unavailable | MediaOutcome::Failed => connection
                .prepare_cached(
                    "UPDATE media SET state = $4
                     WHERE platform = $1 AND account = $2 AND external_id = $3 AND media_idx = 0
                       AND state NOT IN ('stored', $4)",
                )?
                .execute(params![
                    stamp.scope.platform,
                    stamp.scope.account,
                    external_id,
                    outcome.state().as_str()
                ])?,
        };
        if changed > 0 {
            connection
                .prepare_cached(
                    "UPDATE calls SET media_state = $4, updated_at = $5, run_id = $6
                     WHERE platform = $1 AND account = $2 AND external_id = $3",
                )?
                .execute(params![
                    stamp.scope.platform,
                    stamp.scope.account,
                    external_id,
                    outcome.state().as_str(),
                    Utc(stamp.now),
                    stamp.run_id
                ])?;
        }
    }
    Ok(())
}

fn record_copy(
    connection: &Connection,
    stamp: Stamp<'_>,
    external_id: &str,
    copy: &MediaCopy,
) -> Result<usize, StoreError> {
    let MediaCopy {
        mime,
        bytes,
        sha256,
        stored_uri,
    } = copy;
    Ok(connection
        .prepare_cached(
            // Listings do not always tell that there are no pictures; the copy does.
            "UPDATE media SET state = $4, mime = coalesce($5, mime), bytes = $6, sha256 = $7,
                 stored_uri = $8, fetched_at = $9,
                 kind = CASE WHEN $5 LIKE 'audio/%' THEN 'audio' ELSE kind END
             WHERE platform = $1 AND account = $2 AND external_id = $3 AND media_idx = 0",
        )?
        .execute(params![
            stamp.scope.platform,
            stamp.scope.account,
            external_id,
            MediaState::Stored.as_str(),
            mime,
            bytes,
            sha256,
            stored_uri,
            Utc(stamp.now)
        ])?)
}

/// Recordings of the request that never came are given up.
pub(super) fn expire(
    connection: &Connection,
    record: &ImportRecord,
    now: Timestamp,
) -> Result<(), StoreError> {
    connection.execute(
        "UPDATE media SET state = $4 FROM calls
         WHERE media.platform = $1 AND media.account = $2 AND media.media_idx = 0
           AND media.state IN ('listed', 'pending')
           AND calls.platform = media.platform AND calls.account = media.account
           AND calls.external_id = media.external_id AND calls.request_id = $3",
        params![
            record.platform,
            record.account,
            record.request_id,
            MediaState::Unavailable.as_str()
        ],
    )?;
    connection.execute(
        "UPDATE calls SET media_state = $4, updated_at = $5
         WHERE platform = $1 AND account = $2 AND request_id = $3
           AND media_state IN ('listed', 'pending')",
        params![
            record.platform,
            record.account,
            record.request_id,
            MediaState::Unavailable.as_str(),
            Utc(now)
        ],
    )?;
    Ok(())
}

/// Recordings of the request that could not be copied are asked for again.
pub(super) fn retry(connection: &Connection, request_id: &str) -> Result<(), StoreError> {
    for (table, column) in [("media", "state"), ("calls", "media_state")] {
        let statement = format!(
            "UPDATE {table} SET {column} = 'listed' FROM (
                 SELECT i.platform, i.account, f.external_id
                 FROM call_failures f JOIN imports i USING (request_id)
                 WHERE request_id = ? AND f.stage = 'media' AND f.resolved_at IS NULL
             ) failed
             WHERE {table}.platform = failed.platform AND {table}.account = failed.account
               AND {table}.external_id = failed.external_id AND {column} = 'failed'"
        );
        connection.execute(&statement, [request_id])?;
    }
    Ok(())
}
