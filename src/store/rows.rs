//! Rows of calls, media, transcripts and segments as Arrow batches, appended without SQL in between.
//! The columns stand in the order of the tables.

use std::{borrow::Cow, sync::Arc};

use duckdb::{
    Connection,
    arrow::{
        array::{
            ArrayRef, BooleanArray, Int64Array, ListArray, RecordBatch, StringArray, StructArray,
            TimestampMicrosecondArray,
        },
        buffer::OffsetBuffer,
        datatypes::{DataType, Field, Fields},
    },
};
use jiff::Timestamp;

use super::{
    error::StoreError,
    recorded::{MediaCopy, Scope},
};
use crate::model::{Call, CrmLink, Media, MediaState, Participant, Spoken, TranscriptState};

/// A row of `calls` to write, with its rows of `media`.
#[derive(Debug)]
pub(super) struct CallRow<'a> {
    pub(super) call: Cow<'a, Call>,
    pub(super) request_id: &'a str,
    pub(super) content_hash: String,
    pub(super) transcript_state: TranscriptState,
    pub(super) first_imported_at: Timestamp,
    pub(super) copies: Vec<MediaCopy>,
}

/// What all rows of one page share.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stamp<'a> {
    pub(super) scope: Scope<'a>,
    pub(super) run_id: &'a str,
    pub(super) now: Timestamp,
}

/// A transcript to write.
#[derive(Debug, Clone, Copy)]
pub(super) struct TranscriptRow<'a> {
    pub(super) external_id: &'a str,
    pub(super) transcript: &'a Spoken,
}

/// Appends to `calls` and `media`.
pub(super) fn append_calls(
    connection: &Connection,
    stamp: Stamp<'_>,
    rows: &[CallRow<'_>],
) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    append(connection, "calls", call_columns(stamp, rows))?;
    if rows.iter().any(|row| !row.call.media.is_empty()) {
        append(connection, "media", media_columns(stamp.scope, rows))?;
    }
    Ok(())
}

/// Appends to `transcripts`.
pub(super) fn append_transcripts(
    connection: &Connection,
    stamp: Stamp<'_>,
    rows: &[TranscriptRow<'_>],
) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    append(connection, "transcripts", transcript_columns(stamp, rows))
}

fn append(
    connection: &Connection,
    table: &str,
    columns: Vec<(&'static str, ArrayRef)>,
) -> Result<(), StoreError> {
    let mut appender = connection.appender(table)?;
    appender.append_record_batch(batch(columns))?;
    appender.flush()?;
    Ok(())
}

pub(super) fn batch(columns: Vec<(&'static str, ArrayRef)>) -> RecordBatch {
    RecordBatch::try_from_iter_with_nullable(
        columns
            .into_iter()
            .map(|(name, column)| (name, column, true)),
    )
    .expect("all columns are made from the same rows")
}

fn call_columns(stamp: Stamp<'_>, rows: &[CallRow<'_>]) -> Vec<(&'static str, ArrayRef)> {
    let calls = || rows.iter().map(|row| row.call.as_ref());
    let now = || times(rows.iter().map(|_| Some(stamp.now)));
    vec![
        ("platform", same(stamp.scope.platform, rows.len())),
        ("account", same(stamp.scope.account, rows.len())),
        ("external_id", texts(calls().map(|c| Some(&*c.external_id)))),
        ("request_id", texts(rows.iter().map(|r| Some(r.request_id)))),
        ("title", texts(calls().map(|c| c.title.as_deref()))),
        ("kind", texts(calls().map(|c| Some(c.kind.as_str())))),
        (
            "direction",
            texts(calls().map(|c| c.direction.map(|w| w.as_str()))),
        ),
        ("scope", texts(calls().map(|c| c.scope.map(|w| w.as_str())))),
        ("scheduled_start", times(calls().map(|c| c.scheduled_start))),
        ("started_at", times(calls().map(|c| c.started_at))),
        (
            "started_at_precision",
            texts(calls().map(|c| Some(c.started_at_precision.as_str()))),
        ),
        ("duration_ms", numbers(calls().map(|c| c.duration_ms))),
        (
            "duration_source",
            texts(calls().map(|c| Some(c.duration_source.as_str()))),
        ),
        ("language", texts(calls().map(|c| c.language.as_deref()))),
        ("is_private", flags(calls().map(|c| c.is_private))),
        (
            "source_url",
            texts(calls().map(|c| c.source_url.as_deref())),
        ),
        (
            "meeting_url",
            texts(calls().map(|c| c.meeting_url.as_deref())),
        ),
        ("host", texts(calls().map(|c| c.host.as_deref()))),
        ("summary", texts(calls().map(|c| c.summary.as_deref()))),
        ("participants", participants(rows)),
        ("crm_links", crm_links(rows)),
        (
            "transcript_state",
            texts(rows.iter().map(|r| Some(r.transcript_state.as_str()))),
        ),
        (
            "media_state",
            texts(calls().map(|c| media_state(c).map(MediaState::as_str))),
        ),
        ("raw", texts(calls().map(|c| c.raw.as_deref()))),
        (
            "content_hash",
            texts(rows.iter().map(|r| Some(&*r.content_hash))),
        ),
        (
            "first_imported_at",
            times(rows.iter().map(|r| Some(r.first_imported_at))),
        ),
        ("updated_at", now()),
        ("last_seen_at", now()),
        ("run_id", same(stamp.run_id, rows.len())),
    ]
}

/// `calls.media_state`: the state that all files of the call share, else that of the first one which is
/// not stored; NULL without files.
pub(super) fn media_state(call: &Call) -> Option<MediaState> {
    call.media
        .iter()
        .find(|media| media.state != MediaState::Stored)
        .or(call.media.first())
        .map(|media| media.state)
}

fn media_columns(scope: Scope<'_>, rows: &[CallRow<'_>]) -> Vec<(&'static str, ArrayRef)> {
    let all: Vec<(&str, i64, &Media, Option<&MediaCopy>)> = rows
        .iter()
        .flat_map(|row| {
            (0_i64..)
                .zip(&row.call.media)
                .zip(0_usize..)
                .map(|((number, media), place)| {
                    (&*row.call.external_id, number, media, row.copies.get(place))
                })
        })
        .collect();
    let media = || all.iter().map(|(_, _, media, _)| *media);
    let copies = || all.iter().map(|(_, _, _, copy)| *copy);
    vec![
        ("platform", same(scope.platform, all.len())),
        ("account", same(scope.account, all.len())),
        ("external_id", texts(all.iter().map(|(id, ..)| Some(*id)))),
        (
            "media_idx",
            numbers(all.iter().map(|(_, idx, ..)| Some(*idx))),
        ),
        ("kind", texts(media().map(|m| Some(m.kind.as_str())))),
        ("mime", texts(media().map(|m| m.mime.as_deref()))),
        ("bytes", numbers(media().map(|m| m.bytes))),
        ("duration_ms", numbers(media().map(|m| m.duration_ms))),
        ("sha256", texts(copies().map(|c| c?.sha256.as_deref()))),
        (
            "stored_uri",
            texts(copies().map(|c| c?.stored_uri.as_deref())),
        ),
        ("state", texts(media().map(|m| Some(m.state.as_str())))),
        ("fetched_at", times(copies().map(|c| c?.fetched_at))),
    ]
}

fn transcript_columns(
    stamp: Stamp<'_>,
    rows: &[TranscriptRow<'_>],
) -> Vec<(&'static str, ArrayRef)> {
    let transcripts = || rows.iter().map(|row| row.transcript);
    vec![
        ("platform", same(stamp.scope.platform, rows.len())),
        ("account", same(stamp.scope.account, rows.len())),
        (
            "external_id",
            texts(rows.iter().map(|r| Some(r.external_id))),
        ),
        ("source", texts(transcripts().map(|t| Some(t.source())))),
        (
            "granularity",
            texts(transcripts().map(|t| Some(t.granularity().as_str()))),
        ),
        ("language", texts(transcripts().map(|t| t.language()))),
        (
            "segment_count",
            numbers(transcripts().map(|t| Some(count(t.len())))),
        ),
        (
            "content_hash",
            texts(transcripts().map(|t| Some(t.content_hash()))),
        ),
        ("imported_at", times(rows.iter().map(|_| Some(stamp.now)))),
    ]
}

fn participants(rows: &[CallRow<'_>]) -> ArrayRef {
    let lengths = rows.iter().map(|row| row.call.participants.len());
    let all: Vec<&Participant> = rows.iter().flat_map(|r| &r.call.participants).collect();
    let each = || all.iter().copied();
    list(
        lengths,
        vec![
            ("name", texts(each().map(|p| p.name.as_deref()))),
            ("email", texts(each().map(|p| p.email.as_deref()))),
            ("phone", texts(each().map(|p| p.phone.as_deref()))),
            ("title", texts(each().map(|p| p.title.as_deref()))),
            ("role", texts(each().map(|p| Some(p.role.as_str())))),
            (
                "affiliation",
                texts(each().map(|p| Some(p.affiliation.as_str()))),
            ),
            ("attended", flags(each().map(|p| p.attended))),
        ],
    )
}

fn crm_links(rows: &[CallRow<'_>]) -> ArrayRef {
    let lengths = rows.iter().map(|row| row.call.crm_links.len());
    let all: Vec<&CrmLink> = rows.iter().flat_map(|r| &r.call.crm_links).collect();
    let each = || all.iter().copied();
    list(
        lengths,
        vec![
            ("system", texts(each().map(|l| l.system.as_deref()))),
            (
                "object_type",
                texts(each().map(|l| l.object_type.as_deref())),
            ),
            ("object_id", texts(each().map(|l| l.object_id.as_deref()))),
        ],
    )
}

/// A list of structs for each row; never NULL, but empty.
fn list(lengths: impl Iterator<Item = usize>, columns: Vec<(&'static str, ArrayRef)>) -> ArrayRef {
    let (fields, arrays): (Vec<Field>, Vec<ArrayRef>) = columns
        .into_iter()
        .map(|(name, column)| (Field::new(name, column.data_type().clone(), true), column))
        .unzip();
    let fields = Fields::from(fields);
    let item = Arc::new(Field::new("item", DataType::Struct(fields.clone()), true));
    let structs = StructArray::new(fields, arrays, None);
    Arc::new(ListArray::new(
        item,
        OffsetBuffer::from_lengths(lengths),
        Arc::new(structs),
        None,
    ))
}

fn texts<'a>(values: impl Iterator<Item = Option<&'a str>>) -> ArrayRef {
    Arc::new(values.collect::<StringArray>())
}

fn same(text: &str, rows: usize) -> ArrayRef {
    texts(std::iter::repeat_n(Some(text), rows))
}

fn numbers(values: impl Iterator<Item = Option<i64>>) -> ArrayRef {
    Arc::new(values.collect::<Int64Array>())
}

fn flags(values: impl Iterator<Item = Option<bool>>) -> ArrayRef {
    Arc::new(values.collect::<BooleanArray>())
}

fn times(values: impl Iterator<Item = Option<Timestamp>>) -> ArrayRef {
    Arc::new(
        values
            .map(|time| time.map(Timestamp::as_microsecond))
            .collect::<TimestampMicrosecondArray>(),
    )
}

/// A count in memory as a BIGINT.
pub(super) fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
