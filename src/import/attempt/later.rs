//! Exchanges that are due later: whether a recording that was asked for is made by now.

use std::{collections::BTreeMap, time::Duration};

use jiff::{SignedDuration, Timestamp};

use super::Ticket;

/// Exchanges that may be due later at once. Asked about once a minute each, so many leave room for others
/// within the smallest limit that we know: Fathom's, of which we use 30 requests a minute.
const MAX_LATER: usize = 24;

/// Exchanges that wait for their time, by it and by number.
#[derive(Debug, Default)]
pub(super) struct Later(BTreeMap<(Timestamp, u64), Ticket>);

impl Later {
    pub(super) fn put(&mut self, after: Duration, number: u64, ticket: Ticket, now: Timestamp) {
        let after = SignedDuration::try_from(after).unwrap_or(SignedDuration::MAX);
        let due = now.saturating_add(after).unwrap_or(Timestamp::MAX);
        self.0.insert((due, number), ticket);
    }

    /// The one that has been due for longest.
    pub(super) fn take_due(&mut self, now: Timestamp) -> Option<Ticket> {
        let first = self.0.first_entry()?;
        let (due, _) = *first.key();
        (due <= now).then(|| first.remove())
    }

    pub(super) fn next_due(&self) -> Option<Timestamp> {
        self.0.keys().next().map(|(due, _)| *due)
    }

    pub(super) fn is_full(&self) -> bool {
        self.0.len() >= MAX_LATER
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}
