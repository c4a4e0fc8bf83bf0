//! One import in one run, as a state machine: [`Attempt::poll`] says what to do, the other methods
//! say what came of it.

mod choice;
mod command;
mod failure;
mod group;
mod later;
mod media;
mod page;
mod queue;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, HashSet, VecDeque},
    sync::Arc,
};

use jiff::{SignedDuration, Timestamp};

use super::{
    Access, End, Failure, RateLimiter,
    access::Gate,
    retry::{Breaker, MAX_TRIES, MAX_WAIT},
    walk::Walk,
};
use crate::{
    model::{Call, FailureClass, TranscriptContent, WhoseTurn},
    platforms::{CallRef, Connector, Exchange, Progress, Rejection, Setup, Step, Traits, Work},
};
pub use command::{Command, Commit, PENDING_AT_ONCE, Pending, Scope};
use later::Later;
use media::Copies;
pub use media::Fetched;
use queue::{Backlog, Queue};

/// Exchanges under way at once. Rate × latency is less on every platform we know.
const MAX_IN_FLIGHT: usize = 8;

/// Pages that wait for the record before nothing new is asked for, where each is committed alone.
const MAX_UNCOMMITTED: usize = 4;

/// The same where they are committed together: a row group of transcripts with as much of the listing.
const MAX_TOGETHER: usize = 16;

/// How long pages that may be committed together wait for more, and the record counts as behind after it last was. Of a
/// platform whose limit lets no more than a few requests a second through, each page is committed at once.
const PROMPT: SignedDuration = SignedDuration::from_millis(250);

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
    /// Until when the record counts as what the import waits for, if nothing waits for it.
    behind_until: Timestamp,
    /// Calls of the commit under way whose transcripts may be wanted.
    committing: Option<Vec<CallRef>>,
    breaker: Breaker,
    /// Renewals that brought nothing, since the last one that did.
    renewals: u32,
    progressed: bool,
    end: Option<End>,
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
            behind_until: Timestamp::MIN,
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
        let command = self.next(now, limiter, access);
        match (command, self.gathers_until(now)) {
            (Command::Idle, Some(end)) => Command::Wait(end),
            (Command::Wait(until), Some(end)) => Command::Wait(until.min(end)),
            (command, _) => command,
        }
    }

    /// The platform is asked first, so that its answers come while pages are committed.
    fn next(&mut self, now: Timestamp, limiter: &mut RateLimiter, access: &mut Access) -> Command {
        let command = match self.end {
            None => self.ask(now, limiter, access),
            Some(_) => Command::Idle,
        };
        if !matches!(command, Command::Idle | Command::Wait(_)) {
            return command;
        }
        if let Some(commit) = self.commit(now) {
            return commit;
        }
        let Some(end) = &self.end else {
            return command;
        };
        let over = self.in_flight.is_empty()
            && self.copies.is_idle()
            && self.committing.is_none()
            && !access.is_renewing();
        if over {
            Command::Done(end.clone())
        } else {
            Command::Idle
        }
    }

    fn ask(&mut self, now: Timestamp, limiter: &mut RateLimiter, access: &mut Access) -> Command {
        if let Some(command) = self.load_pending() {
            return command;
        }
        if self.in_flight.len() >= MAX_IN_FLIGHT || self.is_full() {
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
    pub fn committed(&mut self, pending: &[String], now: Timestamp) {
        if self.is_behind(now) {
            self.behind_until = now.saturating_add(PROMPT).unwrap_or(now);
        }
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

    /// Whether it is to end.
    pub fn is_stopped(&self) -> bool {
        self.end.is_some()
    }

    /// Forgets what is under way: its answers will not come.
    pub fn abandon(&mut self) {
        self.in_flight.clear();
        self.copies.abandon();
    }

    fn lists_transcripts(&self) -> bool {
        self.connector.lists_transcripts(self.setup.method)
    }

    fn commit(&mut self, now: Timestamp) -> Option<Command> {
        if self.committing.is_some() {
            return None;
        }
        let commit = if self.is_short(now) {
            group::listing(&mut self.commits)?
        } else if self.gathers_until(now).is_none() {
            group::next(&mut self.commits)?
        } else {
            return None;
        };
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

    /// Whether the pages that wait hold calls without which there are soon no transcripts to ask for.
    fn is_short(&self, now: Timestamp) -> bool {
        let (_, listed) = group::kinds(&self.commits);
        self.is_behind(now)
            && group::are_plain(&self.commits)
            && listed > 0
            && self.batches() < choice::SHORT
    }

    /// Until when pages wait on, for more to come along, where the record is the slowest part: it writes large groups in less
    /// time. For an answer that takes long, nothing waits.
    fn gathers_until(&self, now: Timestamp) -> Option<Timestamp> {
        let gathers = self.behind_until > now
            && self.committing.is_none()
            && !self.in_flight.is_empty()
            && group::may_grow(&self.commits)
            && !self.is_full();
        gathers.then_some(self.behind_until)
    }

    /// Whether as much waits for the record as it takes at a time.
    fn is_full(&self) -> bool {
        let most = if group::are_plain(&self.commits) {
            MAX_TOGETHER
        } else {
            MAX_UNCOMMITTED
        };
        self.commits.len() >= most || group::is_enough(&self.commits)
    }

    /// A page to commit.
    fn keep(&mut self, page: Commit) {
        self.commits.push_back(page);
    }

    /// Whether the record is what the import waits for.
    fn is_behind(&self, now: Timestamp) -> bool {
        let waits = self.committing.is_some() && !self.commits.is_empty();
        waits || self.behind_until > now
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
