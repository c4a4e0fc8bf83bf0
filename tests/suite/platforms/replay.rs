//! Plays recorded answers to a connector: one piece of work, a whole listing, a whole import.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use bytes::Bytes;
use call_import_engine::{
    import::{Access, Attempt, Command, End, Fetched, Pending, RateLimiter, Scope},
    model::{Call, MediaCopy, MediaOutcome, Transcript, TranscriptContent, Window},
    platforms::{
        self, CallRef, Connector, Cursor, Exchange, HttpExchange, HttpReply, Link, MediaFile, Page,
        Progress, RecordFailure, Rejection, Reply, Setup, Step, Verb, Work,
    },
};
use jiff::Timestamp;

use super::fixtures::Fixtures;

/// More exchanges than any recording needs.
const ENOUGH: usize = 1_000;

/// A connector with its recorded answers.
pub(super) struct Replay<'a> {
    pub(super) fixtures: &'a Fixtures,
    pub(super) connector: &'static dyn Connector,
    pub(super) setup: Setup,
}

/// A request that a connector made, and what was answered.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) work: Work,
    pub(super) progress: Progress,
    pub(super) exchange: HttpExchange,
    pub(super) reply: HttpReply,
}

impl Asked {
    /// For the messages of tests.
    pub(super) fn line(&self) -> String {
        line(&self.exchange)
    }

    /// The path without the query.
    pub(super) fn path(&self) -> &str {
        self.exchange.path.split('?').next().unwrap_or_default()
    }

    /// What the connector makes of another answer to the same request.
    pub(super) fn answered(
        &self,
        replay: &Replay<'_>,
        reply: HttpReply,
    ) -> Result<Step, Rejection> {
        let reply = Reply::Http(reply);
        replay
            .connector
            .next(&self.work, &replay.setup, &self.progress, &reply)
    }
}

/// What an import brought.
#[derive(Debug, Default)]
pub(super) struct Imported {
    pub(super) calls: Vec<Call>,
    pub(super) transcripts: BTreeMap<String, Transcript>,
    pub(super) without_transcript: Vec<String>,
    pub(super) media: Vec<MediaFile>,
    pub(super) without_media: Vec<String>,
    pub(super) failures: Vec<RecordFailure>,
    pub(super) asked: Vec<Asked>,
}

impl<'a> Replay<'a> {
    pub(super) fn new(fixtures: &'a Fixtures) -> Self {
        let connector = platforms::connector(fixtures.platform);
        let connector = connector.expect("the fixtures name a platform of the catalog");
        Self {
            fixtures,
            connector,
            setup: Setup {
                base_url: connector.traits().base_url.into(),
                options: fixtures.options.as_object().cloned().unwrap_or_default(),
                internal_domains: Vec::new(),
                period: fixtures.period,
                method: fixtures.method,
                as_of: "2026-12-01T01:17:00Z".parse().expect("an instant"),
                keys: fixtures.keys,
                gathered: Arc::default(),
            },
        }
    }

    /// The days of the fixtures, which are listed at once.
    pub(super) fn window(&self) -> Window {
        let window = self.fixtures.period.window();
        let longest = self.connector.traits().window_days;
        assert!(
            window.days() <= longest,
            "the fixtures' period is longer than one window of {longest} days"
        );
        window
    }

    /// The recorded answer to a request.
    pub(super) fn recorded(&self, exchange: &HttpExchange) -> HttpReply {
        let line = line(exchange);
        let found = self.fixtures.answers.iter().find(|answer| {
            let mut needles = answer.needles.iter();
            needles.all(|needle| line.contains(needle))
        });
        let name = self.fixtures.name();
        let answer = found.unwrap_or_else(|| panic!("{name}: no answer is recorded for {line}"));
        HttpReply {
            location: answer.location.map(Link::new),
            ..reply(answer.status, answer.content_type, &answer.body)
        }
    }

    /// Carries out one piece of work with the recorded answers; what was asked is added to `asked`.
    pub(super) fn page(&self, work: &Work, asked: &mut Vec<Asked>) -> Page {
        let mut step = self.connector.begin(work, &self.setup);
        for _ in 0..ENOUGH {
            let (exchange, progress) = match step {
                Step::Page(page) => return page,
                Step::Send(Exchange::Http(exchange), progress)
                | Step::Later(Exchange::Http(exchange), progress, _) => (exchange, progress),
                Step::Send(Exchange::Files(_), _) | Step::Later(Exchange::Files(_), ..) => {
                    panic!("a platform asks for no files")
                }
            };
            let reply = self.recorded(&exchange);
            let one = Asked {
                work: work.clone(),
                progress: stored(&progress),
                exchange,
                reply: reply.clone(),
            };
            step = one.answered(self, reply).unwrap_or_else(|rejection| {
                let name = self.fixtures.name();
                panic!("{name}: {} is answered with {rejection:?}", one.line())
            });
            asked.push(one);
        }
        panic!(
            "{}: {work:?} asks on and on: {:?}",
            self.fixtures.name(),
            asked.last()
        )
    }

    /// Every page of the listing from a cursor on, with the cursor that led to it and the last request for it.
    pub(super) fn listing(
        &self,
        mut cursor: Option<Cursor>,
    ) -> Vec<(Option<Cursor>, Page, Option<Asked>)> {
        let mut pages = Vec::new();
        for _ in 0..ENOUGH {
            let work = Work::List {
                window: self.window(),
                cursor: cursor.clone(),
            };
            let mut asked = Vec::new();
            let page = self.page(&work, &mut asked);
            let next = page.next.clone();
            pages.push((cursor, page, asked.pop()));
            if next.is_none() {
                return pages;
            }
            cursor = next;
        }
        panic!("{}: the listing never ends", self.fixtures.name())
    }

    /// A whole import with the recorded answers, as the engine would run it.
    pub(super) fn import(&self) -> (End, Imported) {
        self.import_with(|_, exchange| self.recorded(exchange))
    }

    /// A whole import with other answers.
    pub(super) fn import_with(
        &self,
        mut answer: impl FnMut(&Work, &HttpExchange) -> HttpReply,
    ) -> (End, Imported) {
        let scope = Scope {
            request_id: "northwind".into(),
            period: Some(self.fixtures.period),
            checkpoints: Vec::new(),
            keep_checkpoints: true,
            transcripts: true,
            media: true,
        };
        let mut attempt = Attempt::new(self.connector, Arc::new(self.setup.clone()), scope);
        let mut limiter = RateLimiter::new(self.fixtures.platform, "northwind", None, &[]);
        let mut access = Access::constant();
        let mut now: Timestamp = self.setup.as_of;
        let mut imported = Imported::default();
        for _ in 0..10 * ENOUGH {
            match attempt.poll(now, &mut limiter, &mut access) {
                Command::Send {
                    ticket,
                    work,
                    progress,
                    exchange,
                } => {
                    let Exchange::Http(exchange) = exchange else {
                        panic!("a platform asks for no files")
                    };
                    let reply = answer(&work, &exchange);
                    let asked = Asked {
                        work: (*work).clone(),
                        progress: (*progress).clone(),
                        exchange,
                        reply: reply.clone(),
                    };
                    let result = asked.answered(self, reply);
                    imported.asked.push(asked);
                    attempt.answered(ticket, result, now, &mut limiter, &mut access);
                }
                Command::Renew => panic!("a key that does not change is not renewed"),
                Command::Commit(commit) => {
                    let mut pending = Vec::new();
                    for call in &commit.calls {
                        match &call.transcript {
                            TranscriptContent::Absent => {}
                            TranscriptContent::Pending => pending.push(call.external_id.clone()),
                            TranscriptContent::Here(said) => imported.says(call, said),
                        }
                    }
                    imported.calls.extend(commit.calls);
                    let spoken = commit.transcripts.into_iter();
                    let spoken = spoken.map(|(id, spoken)| (id, spoken.into()));
                    imported.transcripts.extend(spoken);
                    imported
                        .without_transcript
                        .extend(commit.without_transcript);
                    imported.failures.extend(commit.failures);
                    let refused = commit.media.into_iter();
                    let refused = refused.filter(|(_, out)| *out == MediaOutcome::Unavailable);
                    imported.without_media.extend(refused.map(|(id, _)| id));
                    attempt.committed(&pending, now);
                }
                Command::LoadPending { what, .. } => attempt.pending(what, imported.lacking(what)),
                Command::Copy { ticket, file } => {
                    imported.media.push(file);
                    let copy = MediaCopy {
                        mime: None,
                        bytes: 1,
                        sha256: String::new(),
                        stored_uri: String::new(),
                    };
                    attempt.copied(ticket, Fetched::Stored(copy), now);
                }
                Command::Wait(until) => now = until,
                Command::Idle => panic!("nothing is under way to wait for"),
                Command::Done(end) => return (end, imported),
            }
        }
        panic!("{}: the import never ends", self.fixtures.name())
    }
}

impl Imported {
    /// Recorded calls that are listed with a recording. Transcripts are asked for as they are listed.
    fn lacking(&self, what: Pending) -> Vec<CallRef> {
        let calls = match what {
            Pending::Transcripts => &[],
            Pending::Media => self.calls.as_slice(),
        };
        let recorded = calls.iter().filter(|call| !call.media.is_empty());
        recorded
            .map(|call| CallRef {
                external_id: call.external_id.clone(),
                raw: call.raw.clone(),
            })
            .collect()
    }

    fn says(&mut self, call: &Call, said: &Transcript) {
        self.transcripts
            .insert(call.external_id.clone(), said.clone());
    }
}

/// An answer as the shell hands it over. It says "in 7 seconds" where the status has room for that.
pub(super) fn reply(status: u16, content_type: &str, body: &[u8]) -> HttpReply {
    HttpReply {
        status,
        date: None,
        retry_after: matches!(status, 429 | 503).then_some(Duration::from_secs(7)),
        allowance: None,
        content_type: content_type.into(),
        location: None,
        body: Bytes::copy_from_slice(body),
    }
}

/// A request in one line.
pub(super) fn line(exchange: &HttpExchange) -> String {
    let verb = match exchange.verb {
        Verb::Get => "GET",
        Verb::Post => "POST",
    };
    match &exchange.body {
        Some(body) => format!("{verb} {} {body}", exchange.path),
        None => format!("{verb} {}", exchange.path),
    }
}

/// Progress as it comes back from where it was kept.
fn stored(progress: &Progress) -> Progress {
    serde_json::from_str(&progress.to_string()).expect("JSON is read as it was written")
}
