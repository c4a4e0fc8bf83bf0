//! Answers of a platform that a customer's script saved to files: read by the platform's own connector, as if they had
//! just come.

use std::{collections::HashMap, sync::Arc};

use bytes::Bytes;
use jiff::{Timestamp, civil::date};
use serde_json::{Map, value::RawValue};

use crate::{
    files::{Options, json},
    model::{Call, Method, Period, Transcript},
    platforms::{
        self, CallRef, Connector, Exchange, HttpReply, Members, Page, RecordFailure, Reply,
        SavedAnswers, SavedTranscripts, Setup, Step, Work,
    },
};

const NO_ANSWER: &str = "It is no answer of the platform's.";

/// What a file of saved answers holds.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Saved {
    /// Calls, in the file's order. Where transcripts are asked for apart, theirs are pending.
    pub calls: Vec<Call>,
    /// Transcripts by the id of their call; by an empty one where the answer does not tell of which call it is, so that
    /// only the name of its file can.
    pub transcripts: Vec<(String, Transcript)>,
    /// What could not be read.
    pub failures: Vec<RecordFailure>,
}

/// Reads a file of saved answers: one answer, a list of them, JSON Lines, or calls taken out of answers. `None` if
/// nothing in it has the shape of the platform's answers, or the platform's answers are not known.
///
/// `listed` is `Call::raw` of a call that another file tells of, because some platforms name in a transcript only the
/// ids of those who speak; without it, these stand in their place. It is asked for the empty id where the answer does
/// not tell its call: that of the call to which the file belongs by its name, if it is known.
pub fn saved(
    platform: &str,
    body: &[u8],
    internal_domains: &[String],
    listed: &dyn Fn(&str) -> Option<String>,
) -> Option<Saved> {
    let connector = platforms::connector(platform)?;
    let answers = connector.saved()?;
    let mut reader = Reader {
        connector,
        answers,
        setup: setup(connector, internal_domains),
        listed,
        saved: Saved::default(),
        deferred: Vec::new(),
        found_any: false,
    };
    if let Some(SavedTranscripts::Bare { part }) = answers.transcripts
        && let Some(text) = bare(body, part)
    {
        reader.deferred.push((1, vec![String::new()], text));
    } else {
        for record in json::records(body, &Options::default()).ok()? {
            match record {
                Ok(record) => reader.record(record.line, &record.text),
                Err(failure) => {
                    let line = failure.problem.line.unwrap_or(1);
                    reader.fail(line, &failure.problem.to_string());
                }
            }
        }
    }
    reader.deferred_transcripts();
    reader.found_any.then_some(reader.saved)
}

/// What the connector would be told, without any bound of time.
fn setup(connector: &dyn Connector, internal_domains: &[String]) -> Setup {
    Setup {
        base_url: connector.traits().base_url.to_owned(),
        options: Map::new(),
        internal_domains: internal_domains.to_vec(),
        period: Period {
            from: date(1970, 1, 1),
            to: date(9000, 1, 1),
        },
        method: Method::Api,
        as_of: Timestamp::MAX,
        keys: 1,
        gathered: Arc::default(),
    }
}

/// A whole file that is a bare list of parts with this key.
fn bare(body: &[u8], part: &str) -> Option<String> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let parts: Vec<Members<'_>> = serde_json::from_slice(body).ok()?;
    let has_part = |members: &Members<'_>| members.contains_key(part);
    parts
        .iter()
        .any(has_part)
        .then(|| String::from_utf8_lossy(body).into_owned())
}

struct Reader<'a> {
    connector: &'static dyn Connector,
    answers: SavedAnswers,
    setup: Setup,
    listed: &'a dyn Fn(&str) -> Option<String>,
    saved: Saved,
    /// Answers of transcripts, with their line and the ids of their calls. They are read last, for the calls may stand
    /// behind them.
    deferred: Vec<(usize, Vec<String>, String)>,
    found_any: bool,
}

impl Reader<'_> {
    /// An answer, or a call taken out of one.
    fn record(&mut self, line: usize, text: &str) {
        let object = serde_json::from_str::<&RawValue>(text);
        let members = serde_json::from_str::<Members<'_>>(text);
        let (Ok(object), Ok(members)) = (object, members) else {
            return self.fail(line, NO_ANSWER);
        };
        if let Some((ids, answer)) = self.answers.transcripts(object, &members) {
            return self.deferred.push((line, ids, answer));
        }
        let listing = self.answers.listing(object, &members);
        if !listing.is_some_and(|answer| self.listing(answer)) {
            self.fail(line, NO_ANSWER);
        }
    }

    fn listing(&mut self, answer: String) -> bool {
        let work = Work::List {
            window: self.setup.period.window(),
            cursor: None,
        };
        self.read(&work, answer)
    }

    fn deferred_transcripts(&mut self) {
        let calls = self.saved.calls.iter();
        let raw: HashMap<String, Option<String>> = calls
            .map(|call| (call.external_id.clone(), call.raw.clone()))
            .collect();
        for (line, ids, answer) in std::mem::take(&mut self.deferred) {
            let known = |id: String| CallRef {
                raw: raw
                    .get(&id)
                    .cloned()
                    .flatten()
                    .or_else(|| (self.listed)(&id)),
                external_id: id,
            };
            let work = Work::Transcripts(ids.into_iter().map(known).collect());
            if !self.read(&work, answer) {
                self.fail(line, NO_ANSWER);
            }
        }
    }

    /// Lets the connector read an answer. What it asks for besides is not there.
    fn read(&mut self, work: &Work, answer: String) -> bool {
        let mut answer = Some(answer);
        let mut step = self.connector.begin(work, &self.setup);
        loop {
            let (exchange, progress) = match step {
                Step::Page(page) => {
                    // What was not even looked at is not read.
                    let is_read = answer.is_none();
                    if is_read {
                        self.keep(page);
                    }
                    return is_read;
                }
                Step::Send(exchange, progress) | Step::Later(exchange, progress, _) => {
                    (exchange, progress)
                }
            };
            let Exchange::Http(_) = exchange else {
                return false;
            };
            let reply = match answer.take() {
                Some(answer) => reply(200, answer),
                None => reply(404, "{}".to_owned()),
            };
            let Ok(next) = self.connector.next(work, &self.setup, &progress, &reply) else {
                return false;
            };
            step = next;
        }
    }

    fn keep(&mut self, page: Page) {
        self.found_any = true;
        self.saved.calls.extend(page.calls);
        let transcripts = page.transcripts.into_iter();
        let transcripts = transcripts.map(|(id, spoken)| (id, spoken.into()));
        self.saved.transcripts.extend(transcripts);
        self.saved.failures.extend(page.failures);
    }

    fn fail(&mut self, line: usize, detail: &str) {
        self.saved.failures.push(RecordFailure {
            external_id: format!("line-{line}"),
            stage: "file",
            detail: format!("Line {line}: {detail}"),
        });
    }
}

fn reply(status: u16, body: String) -> Reply {
    Reply::Http(HttpReply {
        status,
        date: None,
        retry_after: None,
        allowance: None,
        content_type: "application/json".into(),
        location: None,
        body: Bytes::from(body),
    })
}
