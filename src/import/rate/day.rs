//! A limit by day: a rolling 24 hours, counted in UTC hours.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::{HOUR, counts};
use crate::{
    model::ApiUsage,
    spec::{AppliesTo, RateLimit},
};

const DAY: SignedDuration = SignedDuration::from_hours(24);

/// Shares of an hour do not add up to whole requests exactly.
const SLACK: f64 = 1e-6;

#[derive(Debug, Clone)]
pub(super) struct Day {
    applies_to: AppliesTo,
    allowed: f64,
    /// Requests by UTC hour.
    used: BTreeMap<Timestamp, f64>,
}

impl Day {
    /// With the use recorded before, of any class.
    pub(super) fn new<'a>(
        limit: RateLimit,
        budget_share: f64,
        usage: impl Iterator<Item = &'a ApiUsage>,
    ) -> Self {
        let mut used = BTreeMap::new();
        for usage in usage.filter(|usage| counts(limit.applies_to, &usage.class)) {
            let requests = f64::from(u32::try_from(usage.requests).unwrap_or(u32::MAX));
            *used.entry(usage.bucket_start).or_default() += requests;
        }
        Self {
            applies_to: limit.applies_to,
            // At least one request a day, so that a small share of a small limit does not stop an import for ever.
            allowed: (f64::from(limit.requests) * budget_share).floor().max(1.0),
            used,
        }
    }

    pub(super) fn applies_to(&self) -> AppliesTo {
        self.applies_to
    }

    pub(super) fn take(&mut self, hour: Timestamp) {
        *self.used.entry(hour).or_default() += 1.0;
    }

    /// When one more request fits into the 24 hours before it. The requests of an hour are taken to lie
    /// evenly in it, so that a night that begins when the last one did is freed as fast as that one sent.
    pub(super) fn ready_at(&self, now: Timestamp) -> Timestamp {
        let counted: Vec<(Timestamp, f64, f64)> = self
            .used
            .iter()
            .map(|(hour, used)| (*hour, *used, used * share_left(*hour, now)))
            .collect();
        let mut excess =
            counted.iter().map(|(_, _, left)| left).sum::<f64>() - (self.allowed - 1.0);
        for (hour, used, left) in counted {
            if excess <= SLACK {
                break;
            }
            if excess <= left + SLACK {
                let rest = HOUR.mul_f64((left - excess).max(0.0) / used);
                let end = hour.saturating_add(DAY + HOUR - rest);
                return end.map_or(Timestamp::MAX, |end| end.max(now));
            }
            excess -= left;
        }
        now
    }
}

/// How much of an hour's requests is less than a day old.
fn share_left(hour: Timestamp, now: Timestamp) -> f64 {
    let gone = now.duration_since(hour) - DAY;
    1.0 - (gone.as_secs_f64() / HOUR.as_secs_f64()).clamp(0.0, 1.0)
}
