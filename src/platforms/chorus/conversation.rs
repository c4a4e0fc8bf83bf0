//! `GET /api/v1/conversations/{id}`: what was said in one call.

use std::sync::Arc;

use serde::Deserialize;

use super::{answer, engagements::listed};
use crate::{
    model::{Granularity, Participant, Segment, Transcript},
    platforms::{CallRef, HttpExchange, HttpReply, Page, Rejection, Setup, fields},
};

/// The request.
pub(super) fn request(call: &CallRef) -> HttpExchange {
    let id = fields::percent_encoded(&call.external_id);
    HttpExchange {
        headers: &[("accept", "application/vnd.api+json")],
        ..HttpExchange::get(format!("/api/v1/conversations/{id}"))
    }
}

/// The answer.
pub(super) fn page(reply: &HttpReply, call: &CallRef, setup: &Setup) -> Result<Page, Rejection> {
    let mut page = Page::default();
    // The call is gone, or the token's owner may not see it: nothing that stops the others.
    if reply.status == 404 {
        page.without_transcript.push(call.external_id.clone());
        return Ok(page);
    }
    let answer: Answer = answer(reply)?;
    if let Some(recording) = answer.data.attributes.recording {
        let transcript = recording.into_transcript(call, setup);
        // Without a word it is not ready yet.
        if !transcript.segments.is_empty() {
            page.transcripts
                .push((call.external_id.clone(), transcript.into()));
        }
    }
    Ok(page)
}

#[derive(Deserialize)]
struct Answer {
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    attributes: Attributes,
}

#[derive(Deserialize)]
struct Attributes {
    recording: Option<Recording>,
}

#[derive(Deserialize)]
struct Recording {
    /// Seconds.
    #[serde(default, deserialize_with = "fields::number")]
    duration: Option<f64>,
    #[serde(default, deserialize_with = "fields::null_is_default")]
    utterances: Vec<Utterance>,
}

#[derive(Deserialize)]
struct Utterance {
    #[serde(rename = "snippet")]
    text: Option<String>,
    /// From the beginning of the recording.
    #[serde(default, deserialize_with = "fields::number")]
    snippet_time: Option<f64>,
    #[serde(default, deserialize_with = "fields::number")]
    snippet_length: Option<f64>,
    speaker_name: Option<String>,
    #[serde(default, deserialize_with = "fields::optional_id")]
    speaker_id: Option<String>,
}

impl Recording {
    fn into_transcript(self, call: &CallRef, setup: &Setup) -> Transcript {
        let listed = listed(call);
        let duration = self
            .duration
            .or_else(|| listed.as_ref().and_then(|listed| listed.duration));
        let participants = listed.map(|listed| listed.participants(setup));
        let participants = participants.unwrap_or_default();
        let in_milliseconds = is_in_milliseconds(&self.utterances, duration);
        let offset = |value: f64| match in_milliseconds {
            true => fields::milliseconds(value),
            false => fields::seconds(value),
        };
        let segments = self.utterances.into_iter().filter_map(|utterance| {
            let (start, length) = (utterance.snippet_time, utterance.snippet_length);
            let (speaker, participant) =
                speaker(utterance.speaker_name, utterance.speaker_id, &participants);
            Some(Segment {
                speaker,
                participant,
                start_ms: start.and_then(offset),
                end_ms: start
                    .zip(length)
                    .and_then(|(start, length)| offset(start + length)),
                text: fields::text(utterance.text)?,
            })
        });
        Transcript {
            source: "platform".into(),
            granularity: Granularity::Turn,
            language: None,
            segments: segments.collect(),
        }
    }
}

/// The unit of offsets is not documented. By all appearances it is the second; where that would put the last
/// utterance behind the end of the recording, it is the millisecond.
fn is_in_milliseconds(utterances: &[Utterance], duration: Option<f64>) -> bool {
    let last = utterances
        .iter()
        .filter_map(|utterance| utterance.snippet_time)
        .fold(0.0, f64::max);
    duration.is_some_and(|seconds| seconds > 0.0 && last > seconds * 1.1)
}

/// The label, and the 1-based position of the only participant of that name.
fn speaker(
    name: Option<String>,
    id: Option<String>,
    participants: &[Participant],
) -> (Option<Arc<str>>, Option<i64>) {
    let name = fields::text(name);
    let position = name
        .as_deref()
        .and_then(|name| fields::position(participants, name))
        .and_then(|position| i64::try_from(position + 1).ok());
    // The id of a nameless voice still tells it from the others.
    (name.or(id).map(Arc::from), position)
}
