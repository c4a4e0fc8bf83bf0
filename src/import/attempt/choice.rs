//! What an attempt asks next.

use std::sync::Arc;

use jiff::Timestamp;

use super::{Attempt, Backlog, Ticket, group};
use crate::{
    import::{
        walk::Walk,
        windows::{self, Seen},
    },
    model::Window,
    platforms::{Step, Work},
};

/// Batches of transcripts that wait, where answers are slow, before no further days are listed.
const AHEAD: usize = 100;

/// The same where the record is behind: two large groups, so that it never waits for a listing.
const AHEAD_BEHIND: usize = 16;

/// Pages without transcripts that wait for a record that is behind, before no more are asked for: as many as a large group
/// has with transcripts.
const MAX_LISTED: usize = 6;

/// Requests for transcripts under way at once where the record is behind. More would only wait, each with megabytes of an answer.
pub(super) const MAX_SPOKEN: usize = 3;

/// The same with the pages of transcripts that wait for the record: what an import holds in memory.
const MAX_HELD: usize = 8;

/// Requests for listings under way at once where the record is behind.
const MAX_LISTINGS: usize = 4;

/// Batches of transcripts that wait, below which listed calls are recorded before anything else.
pub(super) const SHORT: usize = 6;

/// Which requests the record leaves room for.
#[derive(Debug, Clone, Copy)]
struct May {
    /// For transcripts.
    ask: bool,
    /// For further pages of a listing.
    list: bool,
}

impl Attempt {
    /// What to ask next: what is due by now and what was begun, then the credential, transcripts in full
    /// batches, the newest days not listed yet, then the transcripts that fill no batch, and at last where
    /// recordings are.
    ///
    /// A listing is a chain, in which each page waits for the one before it. Where answers are slow, so that several
    /// requests are under way at a time, transcripts fill the slots that it leaves free: there the listing keeps ahead
    /// of them, or at its end there would be nothing to fill the slots with. Where the record is behind, each has slots of
    /// its own.
    pub(super) fn candidate(&mut self, now: Timestamp) -> Option<Ticket> {
        let batches = self.batches();
        let may = self.may(now);
        let begun = self.later.take_due(now);
        if let Some(ticket) = begun.or_else(|| self.begun(may)) {
            return Some(ticket);
        }
        if !self.verified {
            if self.in_flight.is_empty() {
                self.begin(Work::Verify);
            }
            return self.ready.pop_front();
        }
        let is_slow = self.in_flight.len() > 1 && !self.is_behind(now);
        let ahead = if is_slow { AHEAD } else { 1 };
        if may.ask && batches >= ahead {
            self.begin_transcripts();
        } else if may.list
            && let Some(window) = self.next_window()
        {
            self.walks.push(Walk::begin(window, self.traits.unique_ids));
            self.begin(Work::List {
                window,
                cursor: None,
            });
        } else if may.ask
            && (batches > 0 || (self.is_listed() && !self.transcripts.waiting.is_empty()))
        {
            self.begin_transcripts();
        } else if !self.copies.queue.waiting.is_empty()
            && self.copies.is_short()
            && !self.later.is_full()
            && self.in_flight.is_empty()
        {
            self.begin_media();
        }
        self.begun(may)
    }

    /// What may be asked so that no more waits for the record than it needs. Where it keeps up, nothing waits.
    fn may(&self, now: Timestamp) -> May {
        if !self.is_behind(now) {
            return May {
                ask: true,
                list: true,
            };
        }
        let (spoken, listed) = group::kinds(&self.commits);
        let count = |is: fn(&Work) -> bool| {
            let under_way = self.in_flight.values();
            under_way.filter(|ticket| is(&ticket.work)).count()
        };
        let asked = count(|work| matches!(work, Work::Transcripts(_)));
        let listing = count(|work| matches!(work, Work::List { .. }));
        May {
            ask: asked < MAX_SPOKEN && asked + spoken < MAX_HELD,
            list: listing < MAX_LISTINGS && listed < MAX_LISTED && self.batches() < AHEAD_BEHIND,
        }
    }

    /// The first exchange that is begun and may be sent.
    fn begun(&mut self, may: May) -> Option<Ticket> {
        let is_free = |ticket: &Ticket| may.list || !matches!(*ticket.work, Work::List { .. });
        let position = self.ready.iter().position(is_free)?;
        self.ready.remove(position)
    }

    /// Full batches of transcripts that wait to be asked for. Where a listing brings transcripts, some of those in the queue
    /// may come with it.
    pub(super) fn batches(&self) -> usize {
        match self.lists_transcripts() {
            true => 0,
            false => self.transcripts.waiting.len() / self.batch(),
        }
    }

    pub(super) fn begin(&mut self, work: Work) {
        match self.connector.begin(&work, &self.setup) {
            Step::Send(exchange, progress) | Step::Later(exchange, progress, _) => {
                self.ready.push_back(Ticket {
                    work: Arc::new(work),
                    progress: Arc::new(progress),
                    exchange,
                    tries: 0,
                    sent: Timestamp::MIN,
                    token: 0,
                    refused: false,
                });
            }
            Step::Page(page) => self.take(&work, page),
        }
    }

    fn begin_transcripts(&mut self) {
        let count = self.batch().min(self.transcripts.waiting.len());
        let calls = self.transcripts.waiting.drain(..count).collect();
        self.begin(Work::Transcripts(calls));
    }

    pub(super) fn batch(&self) -> usize {
        self.traits
            .transcript_batch
            .and_then(|batch| usize::try_from(batch).ok())
            .unwrap_or(usize::MAX)
    }

    /// The next days to list, unless enough windows are open, or none of them has told its size yet.
    fn next_window(&self) -> Option<Window> {
        let period = self.scope.period?;
        let open: Vec<&Walk> = self.walks.iter().filter(|walk| !walk.done).collect();
        if open.len() >= self.traits.parallel_windows
            || open.iter().any(|walk| walk.total.is_none())
        {
            return None;
        }
        let covered: Vec<_> = self.walks.iter().map(|walk| walk.window).collect();
        let neighbour = self.walks.iter().min_by_key(|walk| walk.window.from);
        let seen = neighbour.and_then(|walk| {
            Some(Seen {
                window: walk.window,
                calls: walk.total?,
            })
        });
        windows::next(period, &covered, seen, &self.traits)
    }

    /// Whether every day is listed and every page of it committed.
    pub(super) fn is_listed(&self) -> bool {
        self.walks.iter().all(|walk| walk.done)
            && self.next_window().is_none()
            && self.commits.is_empty()
            && self.committing.is_none()
            && matches!(self.transcripts.backlog, Backlog::Read)
    }

    pub(super) fn is_complete(&self) -> bool {
        self.verified
            && self.ready.is_empty()
            && self.later.is_empty()
            && self.in_flight.is_empty()
            && self.is_listed()
            && self.transcripts.waiting.is_empty()
            && self.copies.is_done()
    }
}
