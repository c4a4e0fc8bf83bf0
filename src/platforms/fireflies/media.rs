//! Where recordings are. The links are signed and live about a day, so they are asked for late, and without
//! anything else.
//!
//! No query takes several ids, and small plans have 50 requests a day. So a batch of calls is asked for by their
//! dates, which answers for all of them at once when they follow each other in time, as the engine has them. What
//! such a list leaves out is asked for by its id.

use std::collections::HashSet;

use jiff::{Timestamp, ToSpan};
use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};

use super::{LARGEST_PAGE, errors::Cause, listing, partial, query, read};
use crate::platforms::{
    CallRef, HttpReply, MediaFile, Page, Progress, Rejection, Step, fields, media,
};

/// Calls asked for at once: fewer than a list holds, because others lie between them that have no recording.
pub(super) const BATCH: usize = LARGEST_PAGE - 5;

const LINKS: &str = "query Links($from: DateTime, $to: DateTime, $limit: Int) { \
    transcripts(fromDate: $from, toDate: $to, limit: $limit) { id audio_url video_url } }";

const LINK: &str = "query Link($id: String!) { transcript(id: $id) { id audio_url video_url } }";

/// Asks for the calls by their dates, or for the first one by its id.
pub(super) fn begin(calls: &[CallRef]) -> Step {
    let starts: Vec<Timestamp> = calls.iter().filter_map(listing::start).collect();
    let range = starts.iter().min().zip(starts.iter().max());
    match (calls, range) {
        ([], _) => Step::Page(Page::default()),
        ([_, _, ..], Some((first, last))) => {
            // Whether the end of a range belongs to it is not documented.
            let to = last.saturating_add(1.millisecond()).unwrap_or(*last);
            let variables = json!({
                "from": format!("{first:.3}"),
                "to": format!("{to:.3}"),
                "limit": LARGEST_PAGE,
            });
            Step::Send(query(LINKS, variables), Progress::Null)
        }
        ([call, ..], _) => single(call),
    }
}

/// What is told of the calls. As long as some are left, the engine asks again for those.
pub(super) fn next(
    calls: &[CallRef],
    progress: &Progress,
    reply: &HttpReply,
) -> Result<Step, Rejection> {
    let Some(first) = calls.first() else {
        return Ok(Step::Page(Page::default()));
    };
    let is_single = *progress == SINGLE;
    let (root, with_errors) = match partial(reply) {
        Ok(answer) => answer,
        // It is gone, or not for us.
        Err(trouble) if is_single && trouble.cause == Cause::Call => {
            let without_media = vec![first.external_id.clone()];
            return Ok(Step::Page(page(calls, Vec::new(), without_media)));
        }
        Err(trouble) => return Err(trouble.rejection),
    };
    let records = if is_single {
        vec![read(root, reply)?]
    } else {
        let records: Vec<&RawValue> = read(root, reply)?;
        let records = records.into_iter();
        records
            .filter_map(|record| serde_json::from_str::<Record>(record.get()).ok())
            .collect()
    };
    let wanted: HashSet<&str> = calls.iter().map(|call| call.external_id.as_str()).collect();
    let (mut found, mut without_media, mut met) = (Vec::new(), Vec::new(), 0);
    for record in records {
        if !wanted.contains(record.id.as_str()) {
            continue;
        }
        met += 1;
        match media::best(record.video_url, record.audio_url) {
            Some(link) => found.push(MediaFile::new(record.id, link)),
            // Beside an error it may be there another time.
            None if with_errors => {}
            None => without_media.push(record.id),
        }
    }
    if met == 0 && !is_single {
        return Ok(single(first));
    }
    Ok(Step::Page(page(calls, found, without_media)))
}

/// What is remembered while one call is asked for by its id.
const SINGLE: Value = Value::Bool(true);

fn single(call: &CallRef) -> Step {
    let variables = json!({"id": call.external_id});
    Step::Send(query(LINK, variables), SINGLE)
}

fn page(calls: &[CallRef], media: Vec<MediaFile>, without_media: Vec<String>) -> Page {
    let is_left = media.len() + without_media.len() < calls.len();
    Page {
        media,
        without_media,
        next: is_left.then(String::new),
        ..Page::default()
    }
}

#[derive(Deserialize)]
struct Record {
    #[serde(deserialize_with = "fields::id")]
    id: String,
    audio_url: Option<String>,
    /// Null unless video was recorded and the customer's plan has it.
    video_url: Option<String>,
}
