//! What was said, from the listing or from `GET /recordings/{id}/transcript`. Lines have a beginning in whole
//! seconds and no end.

use std::{collections::HashMap, sync::Arc};

use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};

use super::{NAME, ROOT, judge, key_of, listing::Meeting, people::People};
use crate::{
    model::{Granularity, Segment, Transcript},
    platforms::{
        CallRef, Exchange, HttpExchange, HttpReply, Page, Progress, RecordFailure, Rejection,
        RequestClass, Setup, Step, fields, replies,
    },
};

/// The request for one recording's transcript, with one of the keys.
pub(super) fn request(call: &CallRef, key: usize) -> Step {
    asked(call, key, false)
}

/// The answer. Which key sees a recording is not recorded, so one after another is tried. A recording that no
/// key may read has no transcript for us; one that is not found may not be ready yet.
pub(super) fn page(
    reply: &HttpReply,
    call: &CallRef,
    progress: &Progress,
    setup: &Setup,
) -> Result<Step, Rejection> {
    let key = key_of(progress);
    let was_missing = progress.get("missing") == Some(&Value::Bool(true));
    let is_missing = was_missing || reply.status == 404;
    let mut page = Page::default();
    match reply.status {
        403 | 404 if key + 1 < setup.keys => return Ok(asked(call, key + 1, is_missing)),
        403 | 404 if is_missing => {}
        403 => page.without_transcript.push(call.external_id.clone()),
        _ => {
            judge(reply, key, setup)?;
            let answer: Answer<'_> = replies::parse(NAME, reply)?;
            match answer.lines() {
                Ok(lines) => {
                    let transcript = spoken(lines, call, setup);
                    let id = call.external_id.clone();
                    page.transcripts
                        .extend(transcript.map(|transcript| (id, transcript.into())));
                }
                Err(error) => page.failures.push(RecordFailure {
                    external_id: call.external_id.clone(),
                    stage: "transcript",
                    detail: format!("Fathom's transcript of the call cannot be read: {error}"),
                }),
            }
        }
    }
    Ok(Step::Page(page))
}

/// A transcript of these lines; `None` if there are none, because it is not ready. A line ends where the next
/// one begins, and the last one with the recording.
pub(super) fn transcript(
    lines: Vec<Line>,
    people: &People,
    duration_ms: Option<i64>,
) -> Option<Transcript> {
    let mut known: HashMap<Speaker, (Option<Arc<str>>, Option<i64>)> = HashMap::new();
    let mut segments: Vec<Segment> = Vec::with_capacity(lines.len());
    for line in lines {
        let start_ms = line.timestamp.as_deref().and_then(clock);
        if let (Some(before), Some(start_ms)) = (segments.last_mut(), start_ms) {
            before.end_ms = before
                .start_ms
                .filter(|start| *start <= start_ms)
                .and(Some(start_ms));
        }
        let (speaker, participant) = line.speaker.map_or((None, None), |speaker| {
            let voice = known.entry(speaker);
            let resolve = |speaker: &Speaker| {
                let label = fields::text(speaker.display_name.clone()).map(Arc::from);
                let position = people.position(speaker);
                (
                    label,
                    position.and_then(|position| i64::try_from(position + 1).ok()),
                )
            };
            voice.or_insert_with_key(resolve).clone()
        });
        segments.push(Segment {
            speaker,
            participant,
            start_ms,
            end_ms: None,
            text: line.text.unwrap_or_default(),
        });
    }
    let last = segments.last_mut()?;
    last.end_ms = last
        .start_ms
        .and_then(|start| duration_ms.filter(|end| start <= *end));
    Some(Transcript {
        source: "platform".into(),
        granularity: Granularity::Turn,
        language: None,
        segments,
    })
}

/// What one person said without being interrupted.
#[derive(Deserialize)]
pub(super) struct Line {
    pub(super) speaker: Option<Speaker>,
    text: Option<String>,
    /// `HH:MM:SS` from the beginning.
    timestamp: Option<String>,
}

/// A voice.
#[derive(PartialEq, Eq, Hash, Deserialize)]
pub(super) struct Speaker {
    pub(super) display_name: Option<String>,
    pub(super) matched_calendar_invitee_email: Option<String>,
}

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow)]
    transcript: Option<&'a RawValue>,
}

impl Answer<'_> {
    fn lines(&self) -> Result<Vec<Line>, serde_json::Error> {
        self.transcript
            .map_or(Ok(Vec::new()), |lines| serde_json::from_str(lines.get()))
    }
}

/// `missing` says whether another key was told that there is nothing.
fn asked(call: &CallRef, key: usize, missing: bool) -> Step {
    let id = fields::percent_encoded(&call.external_id);
    let exchange = HttpExchange {
        class: RequestClass::Heavy,
        key,
        ..HttpExchange::get(format!("{ROOT}/recordings/{id}/transcript"))
    };
    let progress = json!({"key": key, "missing": missing});
    Step::Send(Exchange::Http(exchange), progress)
}

/// The transcript of a recorded call, whose people are those that the listing told.
fn spoken(lines: Vec<Line>, call: &CallRef, setup: &Setup) -> Option<Transcript> {
    let listed = call.raw.as_deref();
    let meeting = listed.and_then(|raw| serde_json::from_str::<Meeting>(raw).ok());
    let people = meeting.as_ref().map(|meeting| People::of(meeting, setup));
    let duration_ms = meeting.as_ref().and_then(Meeting::duration_ms);
    transcript(lines, &people.unwrap_or_default(), duration_ms)
}

/// `HH:MM:SS` in milliseconds; hours have one digit or more.
fn clock(text: &str) -> Option<i64> {
    let mut parts = text.trim().split(':').map(|part| part.parse::<u32>().ok());
    let (hours, minutes, seconds) = (parts.next()??, parts.next()??, parts.next()??);
    let is_clock = parts.next().is_none() && minutes < 60 && seconds < 60;
    let total = (i64::from(hours) * 60 + i64::from(minutes)) * 60 + i64::from(seconds);
    is_clock.then_some(total * 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_are_read() {
        for (text, milliseconds) in [
            ("00:00:04", Some(4_000)),
            ("1:02:03", Some(3_723_000)),
            ("123:00:00", Some(442_800_000)),
            ("00:61:00", None),
            ("02:03", None),
            ("00:00:-1", None),
            ("", None),
        ] {
            assert_eq!(clock(text), milliseconds, "{text}");
        }
    }
}
