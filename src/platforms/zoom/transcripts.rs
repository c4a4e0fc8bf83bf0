//! Transcripts: the WebVTT files of a recording, mostly one.
//!
//! The listing gives their addresses, so one request is enough. Where it gave none, or the file is not to be had
//! any more, the recording is asked for once, which gives the present addresses.

use serde::{Deserialize, Serialize};

use super::{
    TRAITS, Verdict, judge,
    recording::{self, Part, listed},
};
use crate::{
    files,
    model::{Granularity, Transcript},
    platforms::{
        CallRef, Exchange, HttpExchange, HttpReply, Page, Progress, RecordFailure, Rejection,
        Setup, Step, fields,
    },
};

/// Asks for the first file, or for where the files are.
pub(super) fn begin(calls: &[CallRef]) -> Step {
    let Some(call) = calls.first() else {
        return Step::Page(Page::default());
    };
    let parts = listed(call).map(|listed| listed.parts());
    State::new(parts.unwrap_or_default(), false).step(call)
}

/// Takes in a file, or where the files are.
pub(super) fn next(
    calls: &[CallRef],
    setup: &Setup,
    progress: &Progress,
    reply: &HttpReply,
) -> Result<Step, Rejection> {
    let Some(call) = calls.first() else {
        return Ok(Step::Page(Page::default()));
    };
    let mut state: State =
        serde_json::from_value(progress.clone()).map_err(|error| Rejection::Broken {
            detail: format!("expected our own progress: {error}"),
        })?;
    if state.parts.is_empty() {
        return located(call, reply);
    }
    let verdict = match reply.status {
        // Not for us, or not there any more: the recording itself tells what is left of it.
        300..=399 | 403 | 410 => Verdict::Gone,
        _ => judge(reply)?,
    };
    match verdict {
        Verdict::Gone if state.located => Ok(Step::Page(Page::default())),
        Verdict::Gone => Ok(State::new(Vec::new(), false).step(call)),
        // It is not ready yet: Zoom sends nothing, or a page for people.
        Verdict::Answer if is_no_file(reply) => Ok(Step::Page(Page::default())),
        Verdict::Answer => {
            state
                .texts
                .push(String::from_utf8_lossy(&reply.body).into());
            if state.texts.len() < state.parts.len() {
                return Ok(state.step(call));
            }
            Ok(Step::Page(state.page(call, setup)))
        }
    }
}

/// What is remembered between the requests for one transcript.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct State {
    /// Addresses and shifts in milliseconds; none where they are being asked for.
    parts: Vec<(String, i64)>,
    /// The files of the first parts.
    texts: Vec<String>,
    /// Whether the recording was asked for them.
    located: bool,
}

impl State {
    fn new(parts: Vec<Part>, located: bool) -> Self {
        let own = |part: &Part| TRAITS.owns_address(&part.url);
        // The credential goes to Zoom only, so a file elsewhere is as good as none.
        let all_own = parts.iter().all(own);
        let parts = parts.into_iter().filter(|_| all_own);
        Self {
            parts: parts.map(|part| (part.url, part.shift_ms)).collect(),
            texts: Vec::new(),
            located,
        }
    }

    fn step(self, call: &CallRef) -> Step {
        let exchange = match self.parts.get(self.texts.len()) {
            Some((url, _)) => HttpExchange {
                follows: true,
                ..HttpExchange::get(url.as_str())
            },
            None => recording::request(call),
        };
        let progress = serde_json::to_value(&self).unwrap_or_default();
        Step::Send(Exchange::Http(exchange), progress)
    }

    fn page(self, call: &CallRef, setup: &Setup) -> Page {
        let id = call.external_id.clone();
        match self.transcript(call, setup) {
            Ok(transcript) if transcript.segments.is_empty() => Page::default(),
            Ok(transcript) => Page {
                transcripts: vec![(id, transcript.into())],
                ..Page::default()
            },
            Err(problem) => Page {
                failures: vec![RecordFailure {
                    external_id: id,
                    stage: "transcript",
                    detail: format!("Zoom's transcript file cannot be read: {problem}"),
                }],
                ..Page::default()
            },
        }
    }

    fn transcript(self, call: &CallRef, setup: &Setup) -> Result<Transcript, files::FileProblem> {
        let host = listed(call).map(|listed| listed.participants(setup));
        let host = host.unwrap_or_default();
        let mut whole = Transcript {
            source: "platform".into(),
            granularity: Granularity::Cue,
            language: None,
            segments: Vec::new(),
        };
        for (text, (_, shift_ms)) in self.texts.iter().zip(self.parts) {
            let part = files::read(
                "transcript.vtt",
                text.as_bytes(),
                &files::Options::default(),
            )?
            .transcript;
            whole.language = whole.language.or(part.language);
            let shift = |time: Option<i64>| time.map(|time| time.saturating_add(shift_ms));
            whole
                .segments
                .extend(part.segments.into_iter().map(|mut segment| {
                    let label = segment.speaker.as_deref();
                    let named = label.and_then(|label| fields::position(&host, label));
                    segment.participant = named.and_then(|index| i64::try_from(index + 1).ok());
                    segment.start_ms = shift(segment.start_ms);
                    segment.end_ms = shift(segment.end_ms);
                    segment
                }));
        }
        Ok(whole)
    }
}

/// Where the files are now.
fn located(call: &CallRef, reply: &HttpReply) -> Result<Step, Rejection> {
    let Some(recording) = recording::answer(reply)? else {
        return Ok(Step::Page(Page {
            without_transcript: vec![call.external_id.clone()],
            ..Page::default()
        }));
    };
    let parts = recording.parts();
    let state = State::new(parts, true);
    if state.parts.is_empty() {
        return Ok(Step::Page(Page::default()));
    }
    Ok(state.step(call))
}

/// Nothing, or a page for people.
pub(super) fn is_no_file(reply: &HttpReply) -> bool {
    let text = reply.body.trim_ascii_start();
    text.is_empty() || text.starts_with(b"<") || reply.content_type.starts_with("text/html")
}
