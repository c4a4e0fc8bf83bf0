//! An account's calls as JSON Lines. Only a batch of them is held at a time.

use std::{
    collections::HashMap,
    fs::File,
    io::{self, BufWriter, Write as _},
    path::Path,
    sync::Arc,
};

use duckdb::{Connection, params};

use crate::{
    files::json,
    model::{Segment, Transcript, TranscriptState},
    store::{
        error::StoreError,
        recorded::{self, Scope, id_list},
        values::Cells,
    },
};

/// Calls in one batch.
const CALLS: usize = 1_000;

/// Segments in one batch, unless a single call has more: about 10 MB. Each batch costs a look through the ids of all
/// segments, so it is not smaller.
const SEGMENTS: usize = 50_000;

/// A call to write.
struct Entry {
    external_id: String,
    state: TranscriptState,
    segments: usize,
}

/// Writes the calls in the order of their ids, and tells how many they are.
pub(super) fn write(
    connection: &Connection,
    scope: Scope<'_>,
    path: &Path,
) -> Result<u64, StoreError> {
    let refused = |source: io::Error| StoreError::File {
        path: path.to_owned(),
        source,
    };
    let mut file = BufWriter::new(File::create(path).map_err(refused)?);
    let entries = entries(connection, scope)?;
    let mut rest = entries.as_slice();
    while !rest.is_empty() {
        let (batch, behind) = rest.split_at(batch(rest));
        rest = behind;
        let ids = id_list(batch.iter().map(|entry| entry.external_id.as_str()));
        let calls = recorded::calls(connection, scope, &ids)?;
        let transcripts = transcripts(connection, scope, &ids)?;
        for Entry {
            external_id, state, ..
        } in batch
        {
            let call = calls.get(external_id).ok_or_else(|| StoreError::Missing {
                what: "call",
                id: external_id.clone(),
            })?;
            let transcript = transcripts.get(external_id);
            let line = json::line(
                scope.platform,
                scope.account,
                &call.call,
                *state,
                transcript,
            );
            writeln!(file, "{line}").map_err(refused)?;
        }
    }
    let file = file
        .into_inner()
        .map_err(|error| refused(error.into_error()))?;
    file.sync_all().map_err(refused)?;
    Ok(entries.len() as u64)
}

fn entries(connection: &Connection, scope: Scope<'_>) -> Result<Vec<Entry>, StoreError> {
    let mut statement = connection.prepare(
        "SELECT c.external_id, c.transcript_state, coalesce(t.segment_count, 0)
        FROM calls c LEFT JOIN transcripts t USING (platform, account, external_id)
        WHERE c.platform = ? AND c.account = ?
        ORDER BY c.external_id",
    )?;
    let rows = statement.query_map(params![scope.platform, scope.account], |row| {
        let mut cells = Cells::of(row);
        Ok(Entry {
            external_id: cells.take()?,
            state: cells.word()?,
            segments: cells.take()?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// How many of the calls make the next batch: at least one.
fn batch(entries: &[Entry]) -> usize {
    let mut segments = 0;
    let fitting = entries.iter().take(CALLS).take_while(|entry| {
        segments += entry.segments;
        segments <= SEGMENTS
    });
    fitting.count().max(1)
}

fn transcripts(
    connection: &Connection,
    scope: Scope<'_>,
    ids: &str,
) -> Result<HashMap<String, Transcript>, StoreError> {
    let mut statement = connection.prepare_cached(
        r#"SELECT external_id, source, granularity, language FROM transcripts
        WHERE platform = $1 AND account = $2
          AND external_id IN (SELECT unnest(from_json($3::VARCHAR, '["VARCHAR"]')))"#,
    )?;
    let rows = statement.query_map(params![scope.platform, scope.account, ids], |row| {
        let mut cells = Cells::of(row);
        let external_id: String = cells.take()?;
        let transcript = Transcript {
            source: cells.take()?,
            granularity: cells.word()?,
            language: cells.take()?,
            segments: Vec::new(),
        };
        Ok((external_id, transcript))
    })?;
    let mut transcripts: HashMap<String, Transcript> = rows.collect::<Result<_, _>>()?;
    add_segments(connection, scope, ids, &mut transcripts)?;
    Ok(transcripts)
}

fn add_segments(
    connection: &Connection,
    scope: Scope<'_>,
    ids: &str,
    transcripts: &mut HashMap<String, Transcript>,
) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached(
        r#"SELECT external_id, speaker, participant, start_ms, end_ms, text FROM transcript_segments
        WHERE platform = $1 AND account = $2
          AND external_id IN (SELECT unnest(from_json($3::VARCHAR, '["VARCHAR"]')))
        ORDER BY external_id, idx"#,
    )?;
    let mut rows = statement.query(params![scope.platform, scope.account, ids])?;
    while let Some(row) = rows.next()? {
        let mut cells = Cells::of(row);
        let Some(transcript) = transcripts.get_mut(&cells.take::<String>()?) else {
            continue;
        };
        transcript.segments.push(Segment {
            speaker: cells.take::<Option<String>>()?.map(Arc::from),
            participant: cells.take()?,
            start_ms: cells.take()?,
            end_ms: cells.take()?,
            text: cells.take()?,
        });
    }
    Ok(())
}
