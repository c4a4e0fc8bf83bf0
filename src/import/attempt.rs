//! One import in one run, as a state machine: [`Attempt::poll`] says what to do, the other methods
//! say what came of it.

mod choice;
mod failure;
mod later;
mod media;
mod page;

use std::{
    collections::{BTreeMap, HashSet, VecDeque},
    sync::Arc,
};

use jiff::Timestamp;

use super::{
    Access, End, Failure, RateLimiter,
    access::Gate,
    retry::{Breaker, MAX_TRIES, MAX_WAIT},
    walk::{Walk, hash},
};
use crate::{
    model::{
        Call, Checkpoint, FailureClass, MediaOutcome, Period, Transcript, TranscriptContent,
        WhoseTurn,
    },
    platforms::{
        CallRef, Connector, Exchange, MediaFile, Progress, RecordFailure, Rejection, Setup, Step,
        Traits, Work,
    },
};
use later::Later;
use media::Copies;
pub use media::Fetched;

/// Exchanges under way at once, and the pages that wait to be committed: what an import holds in memory.
/// Rate × latency is less on every platform we know.
const MAX_IN_FLIGHT: usize = 8;

/// Pages decoded but not yet committed, before nothing new is asked for: they keep the writer busy.
const MAX_UNCOMMITTED: usize = 4;

/// Recorded calls without transcript or media that are read at once.
pub const PENDING_AT_ONCE: usize = 1_000;

/// What an attempt is to do.
#[derive(Debug, Clone)]
pub struct Scope {
    /// Whose import it is; jitter is derived from it.
    pub request_id: String,
    /// Days to list; `None` to look for transcripts and media only.
    pub period: Option<Period>,
    /// Listing done before.
    pub checkpoints: Vec<Checkpoint>,
    /// Whether progress is recorded in checkpoints. Not when days are listed a second time.
    pub keep_checkpoints: bool,
    /// Whether transcripts are wanted.
    pub transcripts: bool,
    /// Whether audio and video are wanted, and there is a place for them.
    pub media: bool,
}

/// What recorded calls may lack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pending {
    /// Their transcripts.
    Transcripts,
    /// Their audio or video.
    Media,
}

/// What to do next.
#[derive(Debug)]
pub enum Command {
    /// Carry this out, give the reply to the connector, and the result to [`Attempt::answered`].
    Send {
        /// Names the exchange.
        ticket: u64,
        /// For the connector.
        work: Arc<Work>,
        /// For the connector.
        progress: Arc<Progress>,
        /// What to ask.
        exchange: Exchange,
    },
    /// Get new tokens, then call [`Access::renewed`], or [`Attempt::not_renewed`] with what went wrong.
    Renew,
    /// Commit this in one transaction, then call [`Attempt::committed`]. One at a time.
    Commit(Commit),
    /// Read recorded calls that lack something, at most [`PENDING_AT_ONCE`], then call [`Attempt::pending`].
    LoadPending {
        /// What they lack.
        what: Pending,
        /// Only those that come behind this call in the record's order.
        after: Option<String>,
    },
    /// Copy this recording, then call [`Attempt::copied`].
    Copy {
        /// Names the copy.
        ticket: u64,
        /// What to copy.
        file: MediaFile,
    },
    /// Nothing until then, unless something comes in before.
    Wait(Timestamp),
    /// Nothing until something comes in.
    Idle,
    /// It is over.
    Done(End),
}

/// One page to commit.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Commit {
    /// Calls listed.
    pub calls: Vec<Call>,
    /// Transcripts fetched.
    pub transcripts: Vec<(String, Transcript)>,
    /// Calls that will never have a transcript for us.
    pub without_transcript: Vec<String>,
    /// What became of calls' media.
    pub media: Vec<(String, MediaOutcome)>,
    /// Records that could not be read.
    pub failures: Vec<RecordFailure>,
    /// How far the window has come.
    pub checkpoint: Option<Checkpoint>,
}

/// One import in one run.
pub struct Attempt {
    connector: &'static dyn Connector,
    traits: Traits,
    setup: Arc<Setup>,
    scope: Scope,
    verified: bool,
    walks: Vec<Walk>,
    transcripts: Queue,
    copies: Copies,
    ready: VecDeque<Ticket>,
    later: Later,
    in_flight: BTreeMap<u64, Ticket>,
    next_ticket: u64,
    commits: VecDeque<Commit>,
    /// Calls of the commit under way whose transcripts may be wanted.
    committing: Option<Vec<CallRef>>,
    breaker: Breaker,
    /// Renewals that brought nothing, since the last one that did.
    renewals: u32,
    progressed: bool,
    end: Option<End>,
}

/// Calls that lack something which is to be asked for.
#[derive(Debug, Default)]
struct Queue {
    waiting: VecDeque<CallRef>,
    /// Hashes of the ids that were queued in this attempt: a listing and the record may both bring one.
    queued: HashSet<u64>,
    backlog: Backlog,
}

impl Queue {
    fn new(wanted: bool) -> Self {
        let backlog = if wanted {
            Backlog::Unread
        } else {
            Backlog::Read
        };
        Self {
            backlog,
            ..Self::default()
        }
    }

    /// Queues what was not queued before. No call is asked for twice in one attempt.
    fn take(&mut self, calls: impl Iterator<Item = CallRef>) {
        for call in calls {
            if self.queued.insert(hash(&call.external_id)) {
                self.waiting.push_back(call);
            }
        }
    }

    /// Reads on in the record, unless all of it is read.
    fn load(&mut self, what: Pending) -> Option<Command> {
        let after = match &self.backlog {
            Backlog::Read => return None,
            Backlog::Reading => return Some(Command::Idle),
            Backlog::More(last) => Some(last.clone()),
            Backlog::Unread => None,
        };
        self.backlog = Backlog::Reading;
        Some(Command::LoadPending { what, after })
    }

    fn loaded(&mut self, calls: Vec<CallRef>) {
        let last = calls.last().map(|call| call.external_id.clone());
        self.backlog = match last {
            Some(last) if calls.len() >= PENDING_AT_ONCE => Backlog::More(last),
            _ => Backlog::Read,
        };
        self.take(calls.into_iter());
    }

    fn is_done(&self) -> bool {
        self.waiting.is_empty() && matches!(self.backlog, Backlog::Read)
    }

    /// Drops calls that a listing has just told of, with their transcripts or without.
    fn forget(&mut self, calls: &[Call]) {
        let told: HashSet<&str> = calls.iter().map(|call| call.external_id.as_str()).collect();
        self.waiting
            .retain(|call| !told.contains(call.external_id.as_str()));
    }
}

/// Recorded calls that earlier runs, or the listing, left without what is wanted of them.
#[derive(Debug, Default)]
enum Backlog {
    #[default]
    Unread,
    Reading,
    More(String),
    Read,
}

/// An exchange, waiting or under way.
#[derive(Debug, Clone)]
struct Ticket {
    work: Arc<Work>,
    progress: Arc<Progress>,
    exchange: Exchange,
    tries: u32,
    sent: Timestamp,
    /// Which token signed it.
    token: u64,
    /// Whether it was refused and is sent again with a new token. That happens once.
    refused: bool,
}

impl Ticket {
    /// The next exchange of the same step.
    fn go_on(self, exchange: Exchange, progress: Progress) -> Self {
        Self {
            exchange,
            progress: Arc::new(progress),
            tries: 0,
            refused: false,
            ..self
        }
    }
}

impl Attempt {
    /// The beginning of an attempt.
    pub fn new(connector: &'static dyn Connector, setup: Arc<Setup>, scope: Scope) -> Self {
        let traits = connector.traits();
        // What a listing came without is asked for when the import is settled, not in the night after.
        let listed = scope.keep_checkpoints && connector.lists_transcripts(setup.method);
        let asks = scope.transcripts && traits.transcript_batch.is_some() && !listed;
        let copies = scope.media && connector.media_batch(setup.method).is_some();
        let walks: Vec<Walk> = scope
            .checkpoints
            .iter()
            .map(|checkpoint| Walk::resume(checkpoint, traits.unique_ids))
            .collect();
        let mut attempt = Self {
            connector,
            traits,
            setup,
            // The first listing proves the credential as well as anything, once one has succeeded.
            verified: traits.verify_requests == 0 || !scope.keep_checkpoints || !walks.is_empty(),
            walks,
            transcripts: Queue::new(asks),
            copies: Copies::new(copies),
            ready: VecDeque::new(),
            later: Later::default(),
            in_flight: BTreeMap::new(),
            next_ticket: 0,
            commits: VecDeque::new(),
            committing: None,
            breaker: Breaker::default(),
            renewals: 0,
            progressed: false,
            end: None,
            scope,
        };
        let resumed: Vec<Work> = attempt
            .scope
            .checkpoints
            .iter()
            .filter(|checkpoint| !checkpoint.done)
            .map(|checkpoint| Work::List {
                window: checkpoint.window,
                cursor: checkpoint.cursor.clone(),
            })
            .collect();
        for work in resumed {
            attempt.begin(work);
        }
        attempt
    }

    /// Whether the platform answered anything useful.
    pub fn progressed(&self) -> bool {
        self.progressed
    }

    /// Calls listed so far, and how many are known to be there.
    pub fn listed(&self) -> (i64, i64) {
        let listed = self.walks.iter().map(|walk| walk.listed).sum();
        let known = self
            .walks
            .iter()
            .map(|walk| walk.total.unwrap_or(walk.listed).max(walk.listed))
            .sum();
        (listed, known)
    }

    /// What to do next. Call it again after each command but `Wait`, `Idle` and `Done`.
    pub fn poll(
        &mut self,
        now: Timestamp,
        limiter: &mut RateLimiter,
        access: &mut Access,
    ) -> Command {
        if let Some(command) = self.commit() {
            return command;
        }
        if let Some(end) = &self.end {
            let over = self.in_flight.is_empty()
                && self.copies.is_idle()
                && self.committing.is_none()
                && !access.is_renewing();
            return if over {
                Command::Done(end.clone())
            } else {
                Command::Idle
            };
        }
        if let Some(command) = self.load_pending() {
            return command;
        }
        let held = self.in_flight.len() + self.commits.len();
        if held >= MAX_IN_FLIGHT || self.commits.len() >= MAX_UNCOMMITTED {
            return Command::Idle;
        }
        if let Some(paused_until) = self.breaker.paused_until() {
            if !self.in_flight.is_empty() {
                return Command::Idle;
            }
            if paused_until > now {
                return Command::Wait(paused_until);
            }
        }
        // Copies count in no limit of the platform's, so they wait for none.
        if let Some(command) = self.copy(now) {
            return command;
        }
        match self.candidate(now) {
            Some(ticket) => self.send(ticket, now, limiter, access),
            None if self.is_complete() => self.finish(End::Complete),
            None => self.later.next_due().map_or(Command::Idle, Command::Wait),
        }
    }

    /// What the connector made of the reply to an exchange.
    pub fn answered(
        &mut self,
        ticket: u64,
        result: Result<Step, Rejection>,
        now: Timestamp,
        limiter: &mut RateLimiter,
        access: &mut Access,
    ) {
        let Some(ticket) = self.in_flight.remove(&ticket) else {
            return;
        };
        match result {
            Ok(step) => {
                self.breaker.success();
                access.accepted(ticket.token);
                self.progressed = true;
                match step {
                    Step::Send(exchange, progress) => {
                        self.ready.push_back(ticket.go_on(exchange, progress));
                    }
                    Step::Later(exchange, progress, after) => {
                        let ticket = ticket.go_on(exchange, progress);
                        let number = self.ticket();
                        self.later.put(after, number, ticket, now);
                    }
                    Step::Page(page) => self.take(&ticket.work, page),
                }
            }
            Err(Rejection::Credentials { .. })
                if !ticket.refused && access.refused(ticket.token) =>
            {
                if self.end.is_none() {
                    self.ready.push_front(Ticket {
                        refused: true,
                        ..ticket
                    });
                }
            }
            Err(rejection) => self.rejected(ticket, rejection, now, limiter),
        }
    }

    /// No whole answer came.
    pub fn lost(&mut self, ticket: u64, class: FailureClass, detail: String, now: Timestamp) {
        let Some(ticket) = self.in_flight.remove(&ticket) else {
            return;
        };
        if class == FailureClass::Credentials {
            // It was never sent and never will be: the platform has nothing to do with it.
            let advice = "The credential holds characters that cannot be sent. Copy it anew.";
            self.stop(End::Failed(Failure {
                class,
                detail,
                advice: Some((WhoseTurn::Cs, advice.into())),
            }));
        } else {
            self.retry(ticket, class, detail, None, MAX_TRIES, now);
        }
    }

    /// The commit is done; `pending` are the calls of it whose transcript is to be fetched.
    pub fn committed(&mut self, pending: &[String]) {
        let calls = self.committing.take().unwrap_or_default();
        if self.lists_transcripts() {
            // What the listing has just left out is not ready: the next night asks for it.
            return;
        }
        let pending: HashSet<&str> = pending.iter().map(String::as_str).collect();
        let wanted = |call: &CallRef| pending.contains(call.external_id.as_str());
        self.transcripts.take(calls.into_iter().filter(wanted));
    }

    /// Recorded calls that lack something, in the record's order.
    pub fn pending(&mut self, what: Pending, calls: Vec<CallRef>) {
        match what {
            Pending::Transcripts => self.transcripts.loaded(calls),
            Pending::Media => self.copies.queue.loaded(calls),
        }
    }

    /// Ends the attempt early: what is under way is still taken in, nothing new is asked.
    pub fn stop(&mut self, end: End) {
        self.end.get_or_insert(end);
        self.ready.clear();
        self.later.clear();
        self.copies.clear();
    }

    /// Forgets what is under way: its answers will not come.
    pub fn abandon(&mut self) {
        self.in_flight.clear();
        self.copies.abandon();
    }

    fn lists_transcripts(&self) -> bool {
        self.connector.lists_transcripts(self.setup.method)
    }

    fn commit(&mut self) -> Option<Command> {
        if self.committing.is_some() {
            return None;
        }
        let commit = self.commits.pop_front()?;
        if self.lists_transcripts() {
            self.transcripts.forget(&commit.calls);
        }
        let wanted = |call: &&Call| call.transcript == TranscriptContent::Pending;
        let refs = commit.calls.iter().filter(wanted);
        let refs = refs.map(|call| CallRef {
            external_id: call.external_id.clone(),
            raw: call.raw.clone(),
        });
        self.committing = Some(refs.collect());
        Some(Command::Commit(commit))
    }

    fn load_pending(&mut self) -> Option<Command> {
        let enough = self.transcripts.waiting.len() >= self.batch();
        let transcripts = match &self.transcripts.backlog {
            Backlog::More(_) if enough => None,
            _ => self.transcripts.load(Pending::Transcripts),
        };
        transcripts.or_else(|| self.load_media())
    }

    fn send(
        &mut self,
        mut ticket: Ticket,
        now: Timestamp,
        limiter: &mut RateLimiter,
        access: &mut Access,
    ) -> Command {
        let held = match access.gate(now) {
            Gate::Open => None,
            Gate::OneAtATime if self.in_flight.is_empty() => None,
            Gate::OneAtATime | Gate::Wait => Some(Command::Idle),
            Gate::Renew => Some(Command::Renew),
        };
        if let Some(command) = held {
            self.ready.push_front(ticket);
            return command;
        }
        if let Exchange::Http(exchange) = &ticket.exchange
            && let Err(until) = limiter.acquire(exchange.class, now)
        {
            self.ready.push_front(ticket);
            return if until.duration_since(now) > MAX_WAIT {
                self.finish(End::Waiting { until })
            } else {
                // What is due before that may count in another limit.
                let due = self.later.next_due();
                Command::Wait(due.map_or(until, |due| due.min(until)))
            };
        }
        ticket.sent = now;
        ticket.token = access.version();
        let id = self.ticket();
        let command = Command::Send {
            ticket: id,
            work: Arc::clone(&ticket.work),
            progress: Arc::clone(&ticket.progress),
            exchange: ticket.exchange.clone(),
        };
        self.in_flight.insert(id, ticket);
        command
    }

    fn ticket(&mut self) -> u64 {
        self.next_ticket += 1;
        self.next_ticket
    }

    fn finish(&mut self, end: End) -> Command {
        self.stop(end);
        match &self.end {
            Some(end)
                if self.in_flight.is_empty()
                    && self.copies.is_idle()
                    && self.committing.is_none()
                    && self.commits.is_empty() =>
            {
                Command::Done(end.clone())
            }
            _ => Command::Idle,
        }
    }
}

/// Something that only an engineer can mend.
fn our_bug(class: FailureClass, detail: String) -> Failure {
    let advice = format!("The import needs an engineer: {detail}.");
    Failure {
        class,
        detail,
        advice: Some((WhoseTurn::Engineering, advice)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        model::Window,
        platforms::{Page, connector},
    };
    use jiff::civil::date;

    fn attempt() -> Attempt {
        let period = Period {
            from: date(2026, 1, 1),
            to: date(2026, 1, 31),
        };
        let setup = Setup {
            base_url: String::new(),
            options: serde_json::Map::new(),
            internal_domains: Vec::new(),
            period,
            method: crate::model::Method::Api,
            as_of: Timestamp::UNIX_EPOCH,
            keys: 1,
            files: Vec::new(),
        };
        let window = Window {
            from: period.from,
            to: date(2026, 2, 1),
        };
        let scope = Scope {
            request_id: "northwind".into(),
            period: Some(period),
            checkpoints: vec![Checkpoint {
                window,
                cursor: None,
                listed: 1_001,
                done: true,
            }],
            keep_checkpoints: true,
            transcripts: true,
            media: false,
        };
        Attempt::new(connector("gong").unwrap(), Arc::new(setup), scope)
    }

    fn call(number: usize) -> CallRef {
        CallRef {
            external_id: format!("{number:04}"),
            raw: None,
        }
    }

    /// What a listing tells of is not asked for by itself, what it does not tell of is; and nothing is, while
    /// days are listed for the first time.
    #[test]
    fn what_comes_with_the_listing_is_not_asked_for() {
        for keep_checkpoints in [false, true] {
            let fireflies = connector("fireflies").unwrap();
            let Attempt { setup, scope, .. } = attempt();
            let scope = Scope {
                checkpoints: Vec::new(),
                keep_checkpoints,
                ..scope
            };
            let mut attempt = Attempt::new(fireflies, setup, scope);
            let mut access = Access::constant();
            let mut limiter = RateLimiter::new("fireflies", "northwind", None, &[]);
            let now = Timestamp::UNIX_EPOCH;
            let mut asked: Vec<CallRef> = Vec::new();
            loop {
                match attempt.poll(now, &mut limiter, &mut access) {
                    Command::LoadPending { what, .. } => {
                        attempt.pending(what, (1..=3).map(call).collect());
                    }
                    Command::Send { ticket, work, .. } => {
                        let mut page = Page::default();
                        match &*work {
                            Work::Transcripts(calls) => asked.extend(calls.iter().cloned()),
                            _ => page.calls = vec![Call::new("0001"), Call::new("0003")],
                        }
                        attempt.answered(
                            ticket,
                            Ok(Step::Page(page)),
                            now,
                            &mut limiter,
                            &mut access,
                        );
                    }
                    Command::Commit(_) => attempt.committed(&["0003".to_owned()]),
                    Command::Done(end) => break assert_eq!(end, End::Complete),
                    other => panic!("nothing is under way: {other:?}"),
                }
            }
            let expected = if keep_checkpoints {
                vec![]
            } else {
                vec![call(2)]
            };
            assert_eq!(asked, expected);
        }
    }

    /// A call that a listing has just recorded comes again with the next piece of the backlog.
    #[test]
    fn no_transcript_is_asked_for_twice() {
        let mut attempt = attempt();
        let mut limiter = RateLimiter::new("gong", "northwind", None, &[]);
        let mut access = Access::constant();
        let now = Timestamp::UNIX_EPOCH;
        let mut asked: Vec<String> = Vec::new();
        let mut loaded = 0;
        loop {
            match attempt.poll(now, &mut limiter, &mut access) {
                Command::LoadPending { what, after: None } => {
                    attempt.committing = Some(vec![call(1_000)]);
                    attempt.committed(&["1000".to_owned()]);
                    attempt.pending(what, (0..1_000).map(call).collect());
                    loaded += 1;
                }
                Command::LoadPending {
                    what,
                    after: Some(after),
                } => {
                    assert_eq!(after, "0999");
                    attempt.pending(what, vec![call(1_000)]);
                    loaded += 1;
                }
                Command::Send { ticket, work, .. } => {
                    let Work::Transcripts(calls) = &*work else {
                        panic!("all is listed: {work:?}")
                    };
                    asked.extend(calls.iter().map(|call| call.external_id.clone()));
                    attempt.answered(
                        ticket,
                        Ok(Step::Page(Default::default())),
                        now,
                        &mut limiter,
                        &mut access,
                    );
                }
                Command::Done(end) => {
                    assert_eq!(end, End::Complete);
                    break;
                }
                other => panic!("nothing is under way: {other:?}"),
            }
        }
        asked.sort();
        assert_eq!(
            asked,
            (0..=1_000)
                .map(|number| format!("{number:04}"))
                .collect::<Vec<_>>()
        );
        assert_eq!(loaded, 2);
    }
}
