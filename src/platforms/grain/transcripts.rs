//! `GET /v2/recordings/{id}/transcript`: what was said in one recording, as a bare list.

use std::{collections::HashMap, sync::Arc};

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Asked, NAME, accepts, judge, recording::Attendance, send, teams};
use crate::{
    model::{Granularity, Participant, Segment, Transcript},
    platforms::{CallRef, HttpReply, Page, RecordFailure, Rejection, Setup, Step, fields, replies},
};

/// What comes after the answer.
pub(super) fn page(calls: &[CallRef], setup: &Setup, reply: &HttpReply) -> Result<Step, Rejection> {
    match reply.status {
        // Not ready, without a transcript, or gone: it stays pending.
        404 => return Ok(Step::Page(Page::default())),
        // This recording is locked; or the token was taken back, for which public clients have met 403, too.
        // What every token may ask tells which.
        403 => return Ok(send(teams(), &Asked::Right)),
        _ => judge(reply, setup)?,
    }
    let sections: Vec<&RawValue> = replies::parse(NAME, reply)?;
    let mut page = Page::default();
    // Without a section it is still being made.
    if let Some(call) = calls.first().filter(|_| !sections.is_empty()) {
        match transcript(&sections, call, setup) {
            Ok(transcript) => page
                .transcripts
                .push((call.external_id.clone(), transcript.into())),
            Err(error) => page.failures.push(RecordFailure {
                external_id: call.external_id.clone(),
                stage: "transcript",
                detail: format!("Grain's transcript of the call cannot be read: {error}"),
            }),
        }
    }
    Ok(Step::Page(page))
}

/// What comes after the answer to what every token may ask: the token works, so the transcript is not for us.
pub(super) fn locked(
    calls: &[CallRef],
    setup: &Setup,
    reply: &HttpReply,
) -> Result<Step, Rejection> {
    accepts(reply, setup)?;
    let ids = calls.iter().map(|call| call.external_id.clone());
    Ok(Step::Page(Page {
        without_transcript: ids.collect(),
        ..Page::default()
    }))
}

/// What somebody said in one piece. Times are milliseconds from the start of the recording.
#[derive(Deserialize)]
struct Section {
    #[serde(default, deserialize_with = "fields::optional_id")]
    participant_id: Option<String>,
    speaker: Option<String>,
    #[serde(default, deserialize_with = "fields::number")]
    start: Option<f64>,
    #[serde(default, deserialize_with = "fields::number")]
    end: Option<f64>,
    text: Option<String>,
}

/// Who can have spoken.
struct Speakers {
    participants: Vec<Participant>,
    /// Where in the list somebody is.
    positions: HashMap<String, usize>,
    /// Labels met so far: few, for many segments.
    labels: HashMap<String, Arc<str>>,
}

impl Speakers {
    /// From what the listing said.
    fn of(call: &CallRef, setup: &Setup) -> Self {
        let raw = call.raw.as_deref();
        let attendance: Attendance = raw
            .and_then(|raw| serde_json::from_str(raw).ok())
            .unwrap_or_default();
        let attendees = attendance.participants;
        let ids = attendees.iter().map(|attendee| attendee.id.clone());
        Self {
            positions: ids
                .zip(0..)
                .filter_map(|(id, at)| Some((id?, at)))
                .collect(),
            participants: attendees
                .into_iter()
                .map(|attendee| attendee.into_participant(setup))
                .collect(),
            labels: HashMap::new(),
        }
    }

    /// The label as Grain shows it, and which participant it is (1-based): by id, else by name.
    fn find(&mut self, id: Option<&str>, told: Option<String>) -> (Option<Arc<str>>, Option<i64>) {
        let by_name = |name: &String| fields::position(&self.participants, name);
        let position = id
            .and_then(|id| self.positions.get(id).copied())
            .or_else(|| told.as_ref().and_then(by_name));
        let participant = position.and_then(|position| self.participants.get(position));
        let label = told.or_else(|| {
            let Participant { name, email, .. } = participant?;
            name.clone().or_else(|| email.clone())
        });
        let shared = label.map(|label| {
            let known = self.labels.entry(label);
            Arc::clone(known.or_insert_with_key(|label| Arc::from(label.as_str())))
        });
        let position = position.and_then(|position| i64::try_from(position + 1).ok());
        (shared, position)
    }
}

fn transcript(
    sections: &[&RawValue],
    call: &CallRef,
    setup: &Setup,
) -> Result<Transcript, serde_json::Error> {
    let mut speakers = Speakers::of(call, setup);
    let mut segments = Vec::with_capacity(sections.len());
    for section in sections {
        let section: Section = serde_json::from_str(section.get())?;
        let told = fields::text(section.speaker);
        let (speaker, participant) = speakers.find(section.participant_id.as_deref(), told);
        segments.push(Segment {
            speaker,
            participant,
            start_ms: section.start.and_then(fields::milliseconds),
            end_ms: section.end.and_then(fields::milliseconds),
            text: section.text.unwrap_or_default(),
        });
    }
    Ok(Transcript {
        source: "platform".into(),
        granularity: Granularity::Turn,
        language: None,
        segments,
    })
}
