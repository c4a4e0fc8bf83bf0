//! `GET /v1/transcriptions/`: what was said, in bulk by date or for one meeting.
//!
//! The bulk is asked for the dates of the batch. It may hold other meetings' transcripts too, on further pages:
//! those are read as long as that is cheaper than asking for each missing meeting.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::Arc,
};

use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{Envelope, NAME, answer, listing::Meeting, send};
use crate::{
    model::{Granularity, Participant, Segment, Transcript},
    platforms::{
        CallRef, HttpReply, Page, Progress, RecordFailure, Rejection, Setup, Step, fields,
    },
};

/// The first request: in bulk, or for the only meeting there is.
pub(super) fn begin(calls: &[CallRef], setup: &Setup) -> Step {
    if let ([_, _, ..], Some((from, to))) = (calls, range(calls)) {
        let path = format!("{PATH}?from_date={from}&to_date={to}&page_size=100");
        return send(path, Progress::Null);
    }
    let sought = Sought {
        singly: calls.iter().map(|call| call.external_id.clone()).collect(),
        ..Sought::default()
    };
    sought.into_step(calls, setup)
}

/// What follows an answer: a further page of the bulk, a meeting that it left out, or the end.
pub(super) fn next(
    reply: &HttpReply,
    calls: &[CallRef],
    setup: &Setup,
    progress: &Progress,
) -> Result<Step, Rejection> {
    let mut sought = Sought::deserialize(progress).unwrap_or_default();
    if sought.singly.pop_front().is_some() {
        sought.take_one(reply, calls)?;
    } else if let Some(query) = sought.take_bulk(reply, calls)? {
        return Ok(send(format!("{PATH}?{query}"), sought.remembered()));
    }
    Ok(sought.into_step(calls, setup))
}

const PATH: &str = "/v1/transcriptions/";

/// What is remembered between the requests for one batch.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Sought {
    /// Transcripts found, as they came.
    found: Vec<String>,
    /// Records of the bulk met so far.
    met: u64,
    /// Meetings to be asked for one by one. The first is under way.
    singly: VecDeque<String>,
}

impl Sought {
    /// Takes in a page of the bulk. `Some` is the query of the next one, if it is worth its request.
    fn take_bulk(
        &mut self,
        reply: &HttpReply,
        calls: &[CallRef],
    ) -> Result<Option<String>, Rejection> {
        let envelope: Envelope<'_> = answer(reply)?;
        let on_page = u64::try_from(envelope.results.len()).unwrap_or(u64::MAX);
        self.met += on_page;
        self.keep(&envelope.results, calls);
        let missing = self.missing(calls);
        let rest = envelope.count.unwrap_or_default().saturating_sub(self.met);
        let Some(query) = envelope
            .next_query()
            .filter(|_| on_page > 0 && rest > 0 && !missing.is_empty())
        else {
            // The bulk is read to its end. What the list calls ready is still asked for: the dates of the
            // bulk may mean something else than the start of the meeting.
            let ready = missing.into_iter().filter(|call| is_ready(call));
            self.singly = ready.map(|call| call.external_id.clone()).collect();
            return Ok(None);
        };
        let pages = rest.div_ceil(on_page);
        if pages <= u64::try_from(missing.len()).unwrap_or(u64::MAX) {
            return Ok(Some(query.to_owned()));
        }
        self.singly = missing
            .into_iter()
            .map(|call| call.external_id.clone())
            .collect();
        Ok(None)
    }

    /// Takes in the answer for one meeting, a bare list.
    fn take_one(&mut self, reply: &HttpReply, calls: &[CallRef]) -> Result<(), Rejection> {
        // A meeting that is gone must not stop the others.
        if reply.status != 404 {
            let records: Vec<&RawValue> = answer(reply)?;
            self.keep(&records, calls);
        }
        Ok(())
    }

    fn keep(&mut self, records: &[&RawValue], calls: &[CallRef]) {
        let wanted: HashSet<&str> = calls.iter().map(|call| call.external_id.as_str()).collect();
        let is_wanted = |record: &&&RawValue| {
            meeting(record.get()).is_some_and(|id| wanted.contains(id.as_str()))
        };
        let kept = records.iter().filter(is_wanted);
        self.found
            .extend(kept.map(|record| record.get().to_owned()));
    }

    fn missing<'c>(&self, calls: &'c [CallRef]) -> Vec<&'c CallRef> {
        let found: HashSet<String> = self
            .found
            .iter()
            .filter_map(|record| meeting(record))
            .collect();
        let is_missing = |call: &&CallRef| !found.contains(&call.external_id);
        calls.iter().filter(is_missing).collect()
    }

    fn remembered(&self) -> Progress {
        serde_json::to_value(self).expect("texts and numbers can be written as JSON")
    }

    /// The request for the next single meeting, or what was found.
    fn into_step(self, calls: &[CallRef], setup: &Setup) -> Step {
        match self.singly.front() {
            Some(id) => {
                let path = format!("{PATH}?meeting_uuid={}", fields::percent_encoded(id));
                send(path, self.remembered())
            }
            None => Step::Page(self.into_page(calls, setup)),
        }
    }

    fn into_page(self, calls: &[CallRef], setup: &Setup) -> Page {
        let mut page = Page::default();
        let calls: HashMap<&str, &CallRef> = calls
            .iter()
            .map(|call| (call.external_id.as_str(), call))
            .collect();
        for record in self.found {
            match serde_json::from_str::<Transcription>(&record) {
                Ok(told) => {
                    let participants = calls
                        .get(told.meeting_uuid.as_str())
                        .and_then(|call| listed(call))
                        .map(|meeting| meeting.participants(setup));
                    let id = told.meeting_uuid.clone();
                    let transcript = told.into_transcript(&participants.unwrap_or_default());
                    // Without a word it is not ready yet.
                    if !transcript.segments.is_empty() {
                        page.transcripts.push((id, transcript.into()));
                    }
                }
                Err(error) => page.failures.extend(failure(&record, &error)),
            }
        }
        page
    }
}

#[derive(Deserialize)]
struct Transcription {
    #[serde(deserialize_with = "fields::id")]
    meeting_uuid: String,
    #[serde(default, deserialize_with = "fields::null_is_default")]
    speakers: Vec<Speaker>,
    #[serde(default, deserialize_with = "fields::null_is_default")]
    transcript: Vec<Paragraph>,
}

#[derive(Deserialize)]
struct Speaker {
    #[serde(default, deserialize_with = "fields::optional_id")]
    id: Option<String>,
    email: Option<String>,
    name: Option<String>,
}

/// The label of a speaker, and the 1-based position among the participants.
type Voice = (Arc<str>, Option<i64>);

#[derive(Deserialize)]
struct Paragraph {
    #[serde(default, deserialize_with = "fields::optional_id")]
    speaker_id: Option<String>,
    transcript: Option<String>,
    /// When each word begins, in seconds. No end is told.
    #[serde(default, deserialize_with = "fields::null_is_default")]
    timestamps: Vec<Option<f64>>,
}

impl Transcription {
    fn into_transcript(self, participants: &[Participant]) -> Transcript {
        let voices: HashMap<String, Voice> = self
            .speakers
            .into_iter()
            .filter_map(|speaker| speaker.named(participants))
            .collect();
        let segments = self.transcript.into_iter().filter_map(|paragraph| {
            let text = fields::text(paragraph.transcript)?;
            let (speaker, participant) = match paragraph.speaker_id {
                Some(id) => match voices.get(&id) {
                    Some((label, position)) => (Some(Arc::clone(label)), *position),
                    // Nobody is listed under the id; the id still tells the voices apart.
                    None => (Some(Arc::from(id)), None),
                },
                None => (None, None),
            };
            Some(Segment {
                speaker,
                participant,
                start_ms: paragraph
                    .timestamps
                    .into_iter()
                    .flatten()
                    .next()
                    .and_then(fields::seconds),
                end_ms: None,
                text,
            })
        });
        Transcript {
            source: "platform".into(),
            granularity: Granularity::Paragraph,
            language: None,
            segments: segments.collect(),
        }
    }
}

impl Speaker {
    /// The id with its voice, found among the participants by the e-mail address.
    fn named(self, participants: &[Participant]) -> Option<(String, Voice)> {
        let id = self.id?;
        let email = self.email.as_deref().and_then(fields::email);
        let same = |participant: &Participant| {
            let addresses = participant.email.as_deref().zip(email.as_deref());
            addresses.is_some_and(|(one, other)| one.eq_ignore_ascii_case(other))
        };
        let found = (1..)
            .zip(participants)
            .find(|(_, participant)| same(participant));
        let label = fields::text(self.name)
            .or_else(|| found.and_then(|(_, participant)| participant.name.clone()))
            .or(email)
            .unwrap_or_else(|| id.clone());
        Some((id, (Arc::from(label), found.map(|(position, _)| position))))
    }
}

/// From the first start to just after the last one, whether or not Avoma counts the end of a range in.
fn range(calls: &[CallRef]) -> Option<(Timestamp, Timestamp)> {
    let starts = calls
        .iter()
        .map(|call| fields::instant(listed(call)?.start_at.as_deref()?));
    let starts: Vec<Timestamp> = starts.collect::<Option<_>>()?;
    let (first, last) = (starts.iter().min()?, starts.iter().max()?);
    Some((*first, last.checked_add(1.second()).ok()?))
}

/// What the listing said of a call.
fn listed(call: &CallRef) -> Option<Meeting> {
    serde_json::from_str(call.raw.as_deref()?).ok()
}

fn is_ready(call: &CallRef) -> bool {
    listed(call).is_none_or(|meeting| meeting.transcript_ready == Some(true))
}

/// Whose transcript a record is.
fn meeting(record: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Named {
        #[serde(deserialize_with = "fields::id")]
        meeting_uuid: String,
    }
    let named: Named = serde_json::from_str(record).ok()?;
    Some(named.meeting_uuid)
}

fn failure(record: &str, error: &serde_json::Error) -> Option<RecordFailure> {
    Some(RecordFailure {
        external_id: meeting(record)?,
        stage: "transcript",
        detail: format!("{NAME}'s transcript of the call cannot be read: {error}"),
    })
}
