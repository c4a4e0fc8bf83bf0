//! A limit by second, minute or hour, kept by spacing requests evenly.

use jiff::{SignedDuration, Timestamp};

use super::{HOUR, later};
use crate::spec::{AppliesTo, RateLimit};

/// How far a platform under load may fall below what it documents. Fathom says from 30 requests a minute to 5
/// (developers.fathom.ai, rate limiting); others do not say.
const UNDER_LOAD: f64 = 6.0;

/// How long the pace stays as low as an answer 429 made it.
const CAUTION: SignedDuration = SignedDuration::from_mins(5);

/// How long the pace then takes to rise by all of the usual one: from half of it, half as long.
const RECOVERY: SignedDuration = SignedDuration::from_mins(20);

#[derive(Debug, Clone)]
pub(super) struct Spacing {
    applies_to: AppliesTo,
    /// From one request to the next when all is well.
    interval: SignedDuration,
    /// The slowest pace, as a share of the usual one.
    slowest: f64,
    slowed: Option<Slowed>,
    next: Timestamp,
}

/// After an answer 429.
#[derive(Debug, Clone, Copy)]
struct Slowed {
    at: Timestamp,
    /// As a share of the usual pace.
    pace: f64,
}

impl Spacing {
    pub(super) fn new(limit: RateLimit, budget_share: f64) -> Self {
        let seconds = f64::from(limit.per.seconds()) / (f64::from(limit.requests) * budget_share);
        Self {
            applies_to: limit.applies_to,
            interval: SignedDuration::try_from_secs_f64(seconds).unwrap_or(HOUR),
            // Of our share, which is less than what the platform documents.
            slowest: (1.0 / (UNDER_LOAD * budget_share)).min(1.0),
            slowed: None,
            next: Timestamp::MIN,
        }
    }

    pub(super) fn applies_to(&self) -> AppliesTo {
        self.applies_to
    }

    pub(super) fn ready_at(&self) -> Timestamp {
        self.next
    }

    pub(super) fn take(&mut self, now: Timestamp) {
        self.next = later(now, self.interval_at(now));
    }

    /// Halves the pace, once for all requests that were under way together.
    pub(super) fn slow_down(&mut self, sent: Timestamp, now: Timestamp) {
        if self.slowed.is_some_and(|slowed| sent <= slowed.at) {
            return;
        }
        let pace = (self.pace(now) / 2.0).max(self.slowest);
        self.slowed = Some(Slowed { at: now, pace });
        self.next = self.next.max(later(now, self.interval_at(now)));
    }

    /// As a share of the usual pace.
    fn pace(&self, now: Timestamp) -> f64 {
        self.slowed.map_or(1.0, |slowed| {
            let rising = (now.duration_since(slowed.at) - CAUTION).max(SignedDuration::ZERO);
            (slowed.pace + rising.as_secs_f64() / RECOVERY.as_secs_f64()).min(1.0)
        })
    }

    fn interval_at(&self, now: Timestamp) -> SignedDuration {
        match self.slowed {
            Some(_) => self.interval.mul_f64(1.0 / self.pace(now)),
            None => self.interval,
        }
    }
}
