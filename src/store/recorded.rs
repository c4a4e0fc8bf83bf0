//! What is recorded of the calls of one page.

use std::collections::{HashMap, HashSet};

use duckdb::{Connection, arrow::array::AsArray as _, params};
use jiff::Timestamp;

use super::{error::StoreError, values::Cells};
use crate::{
    import::merge::RecordedTranscript,
    model::{Call, Media, TranscriptContent, TranscriptState},
};

/// A (platform, account), within which ids are unique.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scope<'a> {
    pub(super) platform: &'a str,
    pub(super) account: &'a str,
}

/// What tells whether a call has changed.
#[derive(Debug, Clone)]
pub(super) struct Mark {
    pub(super) content_hash: String,
    pub(super) transcript_state: TranscriptState,
    pub(super) request_id: String,
    pub(super) transcript: Option<RecordedTranscript>,
}

/// A call as it is recorded, read only where an answer differs from it.
#[derive(Debug, Clone)]
pub(super) struct RecordedCall {
    pub(super) call: Call,
    pub(super) copies: Vec<MediaCopy>,
    pub(super) first_imported_at: Timestamp,
}

/// Our copy of a media file, by its place in the call's list.
#[derive(Debug, Clone, Default)]
pub(super) struct MediaCopy {
    pub(super) sha256: Option<String>,
    pub(super) stored_uri: Option<String>,
    pub(super) fetched_at: Option<Timestamp>,
}

/// Ids as one parameter, for `external_id IN (SELECT unnest(from_json(?, '["VARCHAR"]')))`: the crate
/// cannot bind lists, and a statement with a number of marks of its own could not be kept prepared.
pub(super) fn id_list<'a>(ids: impl IntoIterator<Item = &'a str>) -> String {
    serde_json::Value::from_iter(ids).to_string()
}

/// What `hash` makes of the id of each recorded call of an account.
pub(super) fn ids(
    connection: &Connection,
    scope: Scope<'_>,
    hash: impl Fn(&str) -> u64,
) -> Result<HashSet<u64>, StoreError> {
    let mut statement = connection
        .prepare_cached("SELECT external_id FROM calls WHERE platform = ? AND account = ?")?;
    let mut hashes: Vec<u64> = Vec::new();
    // A row at a time, a million of them would take a fifth of a second.
    for batch in statement.query_arrow([scope.platform, scope.account])? {
        let ids = batch.column(0).as_string::<i32>();
        hashes.extend(ids.iter().flatten().map(&hash));
    }
    Ok(hashes.into_iter().collect())
}

/// The marks of those of the ids that are recorded.
pub(super) fn marks(
    connection: &Connection,
    scope: Scope<'_>,
    ids: &str,
) -> Result<HashMap<String, Mark>, StoreError> {
    let mut statement = connection.prepare_cached(
        r#"WITH wanted AS (SELECT unnest(from_json($3::VARCHAR, '["VARCHAR"]')) AS external_id)
        SELECT c.external_id, c.content_hash, c.transcript_state, c.request_id,
               t.content_hash, t.segment_count
        FROM (
            SELECT external_id, content_hash, transcript_state, request_id FROM calls
            WHERE platform = $1 AND account = $2 AND external_id IN (SELECT external_id FROM wanted)
        ) c LEFT JOIN (
            SELECT external_id, content_hash, segment_count FROM transcripts
            WHERE platform = $1 AND account = $2 AND external_id IN (SELECT external_id FROM wanted)
        ) t USING (external_id)"#,
    )?;
    let rows = statement.query_map(params![scope.platform, scope.account, ids], |row| {
        let mut cells = Cells::of(row);
        let id = cells.take()?;
        let content_hash = cells.take()?;
        let transcript_state = cells.word()?;
        let request_id = cells.take()?;
        let transcript_hash: Option<String> = cells.take()?;
        let segment_count: Option<i64> = cells.take()?;
        let transcript = transcript_hash
            .zip(segment_count)
            .map(|(content_hash, segment_count)| RecordedTranscript {
                content_hash,
                segment_count,
            });
        let mark = Mark {
            content_hash,
            transcript_state,
            request_id,
            transcript,
        };
        Ok((id, mark))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Of the requests, those that are cancelled or gone: their calls may be taken over.
pub(super) fn without_owner<'a>(
    connection: &Connection,
    requests: HashSet<&'a str>,
) -> Result<HashSet<&'a str>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT count(*) FROM imports WHERE request_id = ? AND phase <> 'cancelled'",
    )?;
    let mut gone = HashSet::new();
    for request in requests {
        let alive: i64 = statement.query_row([request], |row| row.get(0))?;
        if alive == 0 {
            gone.insert(request);
        }
    }
    Ok(gone)
}

/// The calls with these ids, whole but for their transcripts.
pub(super) fn calls(
    connection: &Connection,
    scope: Scope<'_>,
    ids: &str,
) -> Result<HashMap<String, RecordedCall>, StoreError> {
    let mut statement = connection.prepare_cached(
        r#"SELECT external_id, title, kind, direction, scope, scheduled_start, started_at,
               started_at_precision, duration_ms, duration_source, language, is_private, source_url,
               meeting_url, host, summary, CAST(to_json(participants) AS VARCHAR),
               CAST(to_json(crm_links) AS VARCHAR), raw, first_imported_at
        FROM calls
        WHERE platform = $1 AND account = $2
          AND external_id IN (SELECT unnest(from_json($3::VARCHAR, '["VARCHAR"]')))"#,
    )?;
    let rows = statement.query_map(params![scope.platform, scope.account, ids], |row| {
        let recorded = recorded_call(Cells::of(row))?;
        Ok((recorded.call.external_id.clone(), recorded))
    })?;
    let mut calls: HashMap<String, RecordedCall> = rows.collect::<Result<_, _>>()?;
    add_media(connection, scope, ids, &mut calls)?;
    Ok(calls)
}

fn recorded_call(mut cells: Cells<'_, '_>) -> duckdb::Result<RecordedCall> {
    let call = Call {
        external_id: cells.take()?,
        title: cells.take()?,
        kind: cells.word()?,
        direction: cells.optional_word()?,
        scope: cells.optional_word()?,
        scheduled_start: cells.optional_time()?,
        started_at: cells.optional_time()?,
        started_at_precision: cells.word()?,
        duration_ms: cells.take()?,
        duration_source: cells.word()?,
        language: cells.take()?,
        is_private: cells.take()?,
        source_url: cells.take()?,
        meeting_url: cells.take()?,
        host: cells.take()?,
        summary: cells.take()?,
        participants: cells.list()?,
        crm_links: cells.list()?,
        transcript: TranscriptContent::Absent,
        media: Vec::new(),
        raw: cells.take()?,
    };
    Ok(RecordedCall {
        call,
        copies: Vec::new(),
        first_imported_at: cells.time()?,
    })
}

fn add_media(
    connection: &Connection,
    scope: Scope<'_>,
    ids: &str,
    calls: &mut HashMap<String, RecordedCall>,
) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached(
        r#"SELECT external_id, kind, mime, bytes, duration_ms, state, sha256, stored_uri, fetched_at
        FROM media
        WHERE platform = $1 AND account = $2
          AND external_id IN (SELECT unnest(from_json($3::VARCHAR, '["VARCHAR"]')))
        ORDER BY external_id, media_idx"#,
    )?;
    let mut rows = statement.query(params![scope.platform, scope.account, ids])?;
    while let Some(row) = rows.next()? {
        let mut cells = Cells::of(row);
        let Some(recorded) = calls.get_mut(&cells.take::<String>()?) else {
            continue;
        };
        recorded.call.media.push(Media {
            kind: cells.word()?,
            mime: cells.take()?,
            bytes: cells.take()?,
            duration_ms: cells.take()?,
            state: cells.word()?,
        });
        recorded.copies.push(MediaCopy {
            sha256: cells.take()?,
            stored_uri: cells.take()?,
            fetched_at: cells.optional_time()?,
        });
    }
    Ok(())
}
