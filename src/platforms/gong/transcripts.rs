//! `POST /v2/calls/transcript`: what was said in up to 100 calls. Times are milliseconds here, seconds
//! everywhere else in Gong's API. Calls without a transcript are left out of the answer.

use std::{borrow::Cow, collections::HashMap, sync::Arc};

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    NAME, Records,
    listing::{Party, Speakers},
};
use crate::{
    model::{Granularity, Segment, Spoken},
    platforms::{CallRef, HttpReply, Page, RecordFailure, Rejection, fields, replies},
};

/// The answer. `Page::next` is set when Gong holds more back: the calls not answered are asked for again.
pub(super) fn page(reply: &HttpReply, calls: &[CallRef]) -> Result<Page, Rejection> {
    let mut page = Page::default();
    let wanted: HashMap<&str, &CallRef> = calls
        .iter()
        .map(|call| (call.external_id.as_str(), call))
        .collect();
    let take = |found: CallTranscript<'_>| {
        let call = wanted.get(found.call_id.as_str())?;
        let spoken = spoken(found.turns.unwrap_or_default(), call);
        // Without a sentence it is not ready yet.
        (!spoken.is_empty()).then_some((found.call_id, spoken))
    };
    // Read at once: to part megabytes into records first costs half as much again.
    if let Ok(answer) = serde_json::from_slice::<Answer<CallTranscript<'_>>>(&reply.body) {
        page.next = answer.records.next();
        page.transcripts
            .extend(answer.call_transcripts.into_iter().filter_map(take));
        return Ok(page);
    }
    let answer: Answer<&RawValue> = replies::parse(NAME, reply)?;
    page.next = answer.records.next();
    for record in answer.call_transcripts {
        match serde_json::from_str(record.get()) {
            Ok(found) => page.transcripts.extend(take(found)),
            Err(error) => page.failures.extend(failure(record, &error)),
        }
    }
    Ok(page)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer<R> {
    #[serde(default)]
    records: Records,
    call_transcripts: Vec<R>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CallTranscript<'a> {
    #[serde(deserialize_with = "fields::id")]
    call_id: String,
    #[serde(rename = "transcript", borrow)]
    turns: Option<Vec<Turn<'a>>>,
}

/// One turn of one speaker.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Turn<'a> {
    #[serde(default, deserialize_with = "fields::optional_id")]
    speaker_id: Option<String>,
    #[serde(borrow)]
    sentences: Option<Vec<Sentence<'a>>>,
}

#[derive(Deserialize)]
struct Sentence<'a> {
    start: Option<i64>,
    end: Option<i64>,
    #[serde(borrow)]
    text: Option<Text<'a>>,
}

/// A text that stays in the answer unless something in it is escaped.
#[derive(Default, Deserialize)]
#[serde(transparent)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

fn spoken(turns: Vec<Turn<'_>>, call: &CallRef) -> Spoken {
    let speakers = speakers(call);
    let mut segments = Vec::with_capacity(
        turns
            .iter()
            .map(|turn| turn.sentences.as_ref().map_or(0, Vec::len))
            .sum(),
    );
    for turn in turns {
        let (speaker, participant) = match turn.speaker_id.as_deref() {
            Some(id) => match speakers.get(id) {
                Some((label, position)) => (Some(Arc::clone(label)), Some(*position)),
                // Nobody is listed under the id; the id still tells the voices apart.
                None => (Some(Arc::from(id)), None),
            },
            None => (None, None),
        };
        for sentence in turn.sentences.into_iter().flatten() {
            segments.push(Segment {
                speaker: speaker.clone(),
                participant,
                start_ms: sentence.start,
                end_ms: sentence.end,
                text: sentence.text.unwrap_or_default().0,
            });
        }
    }
    Spoken::new("platform".into(), Granularity::Sentence, None, &segments)
}

/// Labels and 1-based positions of the parties by speaker id, from what the listing said.
fn speakers(call: &CallRef) -> HashMap<String, (Arc<str>, i64)> {
    let parties = call
        .raw
        .as_deref()
        .and_then(|raw| serde_json::from_str::<Speakers>(raw).ok());
    let named = |(position, party): (i64, Party)| {
        let id = party.speaker_id.clone()?;
        let label = fields::text(party.name)
            .or(party.email_address)
            .or(party.phone_number)
            .unwrap_or_else(|| id.clone());
        Some((id, (Arc::from(label), position)))
    };
    (1..)
        .zip(parties.into_iter().flat_map(|speakers| speakers.parties))
        .filter_map(named)
        .collect()
}

fn failure(record: &RawValue, error: &serde_json::Error) -> Option<RecordFailure> {
    let value: serde_json::Value = serde_json::from_str(record.get()).ok()?;
    let external_id = value.get("callId")?.as_str()?;
    (!external_id.trim().is_empty()).then(|| RecordFailure {
        external_id: external_id.to_owned(),
        stage: "transcript",
        detail: format!("Gong's transcript of the call cannot be read: {error}"),
    })
}
