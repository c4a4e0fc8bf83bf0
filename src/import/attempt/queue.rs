//! Calls that lack a transcript or media.

use std::collections::{HashSet, VecDeque};

use super::{Command, PENDING_AT_ONCE, Pending};
use crate::{import::walk::hash, model::Call, platforms::CallRef};

/// Calls that lack something which is to be asked for.
#[derive(Debug, Default)]
pub(super) struct Queue {
    pub(super) waiting: VecDeque<CallRef>,
    /// Hashes of the ids that were queued in this attempt: a listing and the record may both bring one.
    queued: HashSet<u64>,
    pub(super) backlog: Backlog,
}

impl Queue {
    pub(super) fn new(wanted: bool) -> Self {
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
    pub(super) fn take(&mut self, calls: impl Iterator<Item = CallRef>) {
        for call in calls {
            if self.queued.insert(hash(&call.external_id)) {
                self.waiting.push_back(call);
            }
        }
    }

    /// Reads on in the record, unless all of it is read.
    pub(super) fn load(&mut self, what: Pending) -> Option<Command> {
        let after = match &self.backlog {
            Backlog::Read => return None,
            Backlog::Reading => return Some(Command::Idle),
            Backlog::More(last) => Some(last.clone()),
            Backlog::Unread => None,
        };
        self.backlog = Backlog::Reading;
        Some(Command::LoadPending { what, after })
    }

    pub(super) fn loaded(&mut self, calls: Vec<CallRef>) {
        let last = calls.last().map(|call| call.external_id.clone());
        self.backlog = match last {
            Some(last) if calls.len() >= PENDING_AT_ONCE => Backlog::More(last),
            _ => Backlog::Read,
        };
        self.take(calls.into_iter());
    }

    pub(super) fn is_done(&self) -> bool {
        self.waiting.is_empty() && matches!(self.backlog, Backlog::Read)
    }

    /// Drops calls that a listing has just told of, with their transcripts or without.
    pub(super) fn forget(&mut self, calls: &[Call]) {
        let told: HashSet<&str> = calls.iter().map(|call| call.external_id.as_str()).collect();
        self.waiting
            .retain(|call| !told.contains(call.external_id.as_str()));
    }
}

/// Recorded calls that earlier runs, or the listing, left without what is wanted of them.
#[derive(Debug, Default)]
pub(super) enum Backlog {
    #[default]
    Unread,
    Reading,
    More(String),
    Read,
}
