//! `GET /meetings/{id}/transcript`: what was said in one meeting.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{NAME, judge, listed, people};
use crate::{
    model::{Granularity, Segment, Transcript},
    platforms::{CallRef, HttpReply, Page, RecordFailure, Rejection, fields, replies},
};

/// The transcript of one call. 404: it is not ready. 403: the organizer of this meeting has no paid plan, though
/// the meeting is listed.
pub(super) fn page(call: &CallRef, reply: &HttpReply) -> Result<Page, Rejection> {
    let id = call.external_id.clone();
    let mut page = Page::default();
    match reply.status {
        404 => return Ok(page),
        403 => {
            page.without_transcript.push(id);
            return Ok(page);
        }
        _ => judge(reply)?,
    }
    let body: &RawValue = replies::parse(NAME, reply)?;
    match serde_json::from_str::<Spoken>(body.get()) {
        Ok(spoken) => {
            let transcript = transcript(spoken, call);
            // Without a turn it is not ready yet.
            if !transcript.segments.is_empty() {
                page.transcripts.push((id, transcript.into()));
            }
        }
        Err(error) => page.failures.push(RecordFailure {
            external_id: id,
            stage: "transcript",
            detail: format!("tl;dv's transcript of the call cannot be read: {error}"),
        }),
    }
    Ok(page)
}

#[derive(Deserialize)]
struct Spoken {
    data: Option<Vec<Turn>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Turn {
    speaker: Option<String>,
    text: Option<String>,
    /// Seconds, whole ones by the documentation.
    #[serde(default, deserialize_with = "fields::number")]
    start_time: Option<f64>,
    #[serde(default, deserialize_with = "fields::number")]
    end_time: Option<f64>,
}

/// Speakers have names only: a participant is found where one of that name was listed.
fn transcript(spoken: Spoken, call: &CallRef) -> Transcript {
    let people = listed(call).map_or_else(Vec::new, |meeting| {
        people(meeting.organizer, meeting.invitees, &[])
    });
    let mut last: Option<(Arc<str>, Option<i64>)> = None;
    let turns = spoken.data.into_iter().flatten();
    let segments = turns.map(|turn| {
        let name = fields::text(turn.speaker);
        if name.as_deref() != last.as_ref().map(|(name, _)| &**name) {
            last = name.map(|name| {
                let position = fields::position(&people, &name);
                let position = position.and_then(|position| i64::try_from(position + 1).ok());
                (Arc::from(name), position)
            });
        }
        let (speaker, participant) = last.clone().unzip();
        Segment {
            speaker,
            participant: participant.flatten(),
            start_ms: turn.start_time.and_then(fields::seconds),
            end_ms: turn.end_time.and_then(fields::seconds),
            text: turn.text.unwrap_or_default(),
        }
    });
    Transcript {
        source: "platform".into(),
        granularity: Granularity::Turn,
        language: None,
        segments: segments.collect(),
    }
}
