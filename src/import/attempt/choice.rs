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

impl Attempt {
    /// What to ask next: what is due by now and what was begun, then the credential, transcripts in full
    /// batches, the newest days not listed yet, then the transcripts that fill no batch, and at last where
    /// recordings are.
    ///
    /// A listing is a chain, in which each page waits for the one before it. Where answers are slow, so that several
    /// requests are under way at a time, transcripts fill the slots that it leaves free: there the listing keeps ahead
    /// of them, or at its end there would be nothing to fill the slots with. Where the record is behind, both take turns, so
    /// that each group has its transcripts and the next one will have them too.
    pub(super) fn candidate(&mut self, now: Timestamp) -> Option<Ticket> {
        // Where a listing brings transcripts, some of those in the queue may come with it.
        let batches = match self.lists_transcripts() {
            true => 0,
            false => self.transcripts.waiting.len() / self.batch(),
        };
        if self.behind {
            let (spoken, listed) = group::kinds(&self.commits);
            let asked = self.in_flight.values().filter(|ticket| ticket.is_spoken());
            if batches >= AHEAD_BEHIND || (batches > 0 && asked.count() + spoken <= listed) {
                self.begin_transcripts();
                return self.ready.pop_back();
            }
            if listed >= MAX_LISTED {
                return None;
            }
        }
        let begun = self.later.take_due(now);
        if let Some(ticket) = begun.or_else(|| self.ready.pop_front()) {
            return Some(ticket);
        }
        if !self.verified {
            if self.in_flight.is_empty() {
                self.begin(Work::Verify);
            }
            return self.ready.pop_front();
        }
        let ahead = if self.in_flight.len() > 1 { AHEAD } else { 1 };
        if batches >= ahead {
            self.begin_transcripts();
        } else if let Some(window) = self.next_window() {
            self.walks.push(Walk::begin(window, self.traits.unique_ids));
            self.begin(Work::List {
                window,
                cursor: None,
            });
        } else if batches > 0 || (self.is_listed() && !self.transcripts.waiting.is_empty()) {
            self.begin_transcripts();
        } else if !self.copies.queue.waiting.is_empty()
            && self.copies.is_short()
            && !self.later.is_full()
            && self.in_flight.is_empty()
        {
            self.begin_media();
        }
        self.ready.pop_front()
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
