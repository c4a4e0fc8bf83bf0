//! Keeps the requests of one platform account within its limits. Pure: the time is an argument.

mod day;
mod spacing;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::{
    model::ApiUsage,
    platforms::{Allowance, RequestClass},
    spec::{AppliesTo, Per, PlatformRow},
};
use day::Day;
use spacing::Spacing;

/// The limits of one account, shared by all its imports.
///
/// Limits by second, minute and hour are kept by spacing requests evenly: no burst can then exceed
/// them however the platform counts. A day is a rolling 24 hours, counted in UTC hours.
///
/// What the platform says wins over the matrix: a moment before which nothing is to be sent, how much is
/// left of a limit, and answers 429, each of which halves the pace of the limit that was met.
#[derive(Debug, Clone)]
pub struct RateLimiter {
    platform: String,
    account: String,
    spacings: Vec<Spacing>,
    days: Vec<Day>,
    /// Nothing of a class is sent before its moment, because the platform said so.
    blocked_until: BTreeMap<RequestClass, Timestamp>,
    /// Requests by class and hour, not yet recorded.
    unrecorded: BTreeMap<(&'static str, Timestamp), i64>,
}

/// Where less than this share of a limit is left, the rest is spread over what is left of its window.
const LOW: u64 = 10;

const HOUR: SignedDuration = SignedDuration::from_hours(1);

impl RateLimiter {
    /// Limits of a row of the matrix, with the use recorded in the last 24 hours. Without a row there is no limit.
    pub fn new(
        platform: &str,
        account: &str,
        row: Option<&PlatformRow>,
        usage: &[ApiUsage],
    ) -> Self {
        let own = |usage: &&ApiUsage| usage.platform == platform && usage.account == account;
        let mut days = Vec::new();
        let mut spacings = Vec::new();
        for (limit, share) in row.into_iter().flat_map(|row| {
            let limits = row.rate_limits.iter();
            limits.map(move |limit| (*limit, row.budget_share))
        }) {
            if limit.per == Per::Day {
                days.push(Day::new(limit, share, usage.iter().filter(own)));
            } else {
                spacings.push(Spacing::new(limit, share));
            }
        }
        Self {
            platform: platform.to_owned(),
            account: account.to_owned(),
            spacings,
            days,
            blocked_until: BTreeMap::new(),
            unrecorded: BTreeMap::new(),
        }
    }

    /// Takes one request out of every bucket that it counts in.
    ///
    /// # Errors
    /// The moment at which it may be tried again. Nothing is taken then.
    pub fn acquire(&mut self, class: RequestClass, now: Timestamp) -> Result<(), Timestamp> {
        let ready = self.ready_at(class, now);
        if ready > now {
            return Err(ready);
        }
        for spacing in self
            .spacings
            .iter_mut()
            .filter(|spacing| applies(spacing.applies_to(), class))
        {
            spacing.take(now);
        }
        let hour = hour_of(now);
        for day in self
            .days
            .iter_mut()
            .filter(|day| applies(day.applies_to(), class))
        {
            day.take(hour);
        }
        *self
            .unrecorded
            .entry((class_word(class), hour))
            .or_default() += 1;
        Ok(())
    }

    /// The platform said to wait.
    pub fn block(&mut self, until: Timestamp) {
        for class in [RequestClass::Light, RequestClass::Heavy] {
            self.block_class(class, until);
        }
    }

    /// The platform answered 429 to a request that was sent at `sent`. The limit of its class, or the common
    /// one where it has none of its own, is halved, but never below what a platform under load still takes; it
    /// rises again slowly. Requests that were under way together count once.
    pub fn slow_down(&mut self, class: RequestClass, sent: Timestamp, now: Timestamp) {
        let own = |spacing: &Spacing| {
            spacing.applies_to() != AppliesTo::All && applies(spacing.applies_to(), class)
        };
        let has_own = self.spacings.iter().any(own);
        let met = self
            .spacings
            .iter_mut()
            .filter(|spacing| own(spacing) || (!has_own && spacing.applies_to() == AppliesTo::All));
        met.for_each(|spacing| spacing.slow_down(sent, now));
    }

    /// The platform said how its limit stands. With nothing left, nothing is sent until the limit is reset;
    /// the last few requests of a short window are spread over the rest of it.
    pub fn heed(&mut self, class: RequestClass, allowance: Allowance, now: Timestamp) {
        let resets_in = allowance.resets_in.map(SignedDuration::try_from);
        let Some(Ok(resets_in)) = resets_in else {
            return;
        };
        let is_low = match allowance.limit {
            Some(limit) => allowance.remaining.saturating_mul(LOW) < limit,
            None => allowance.remaining <= 2,
        };
        let wait = if allowance.remaining == 0 {
            resets_in
        } else if is_low && resets_in <= HOUR {
            let left = u32::try_from(allowance.remaining).unwrap_or(u32::MAX);
            resets_in.div_f64(f64::from(left) + 1.0)
        } else {
            return;
        };
        let until = later(now, wait);
        match class {
            // It speaks of the common limit, in which heavy requests count as well.
            RequestClass::Light => self.block(until),
            RequestClass::Heavy => self.block_class(class, until),
        }
    }

    /// The use since it was taken last, to be recorded.
    pub fn take_usage(&mut self) -> Vec<ApiUsage> {
        std::mem::take(&mut self.unrecorded)
            .into_iter()
            .map(|((class, bucket_start), requests)| ApiUsage {
                platform: self.platform.clone(),
                account: self.account.clone(),
                class: class.to_owned(),
                bucket_start,
                requests,
            })
            .collect()
    }

    fn block_class(&mut self, class: RequestClass, until: Timestamp) {
        let blocked = self.blocked_until.entry(class).or_insert(until);
        *blocked = until.max(*blocked);
    }

    fn ready_at(&self, class: RequestClass, now: Timestamp) -> Timestamp {
        let spacings = self
            .spacings
            .iter()
            .filter(|spacing| applies(spacing.applies_to(), class));
        let days = self
            .days
            .iter()
            .filter(|day| applies(day.applies_to(), class));
        spacings
            .map(Spacing::ready_at)
            .chain(days.map(|day| day.ready_at(now)))
            .chain(self.blocked_until.get(&class).copied())
            .max()
            .unwrap_or(now)
    }
}

const fn applies(applies_to: AppliesTo, class: RequestClass) -> bool {
    matches!(
        (applies_to, class),
        (AppliesTo::All, _)
            | (AppliesTo::Light, RequestClass::Light)
            | (AppliesTo::Heavy, RequestClass::Heavy)
    )
}

fn counts(applies_to: AppliesTo, class: &str) -> bool {
    match applies_to {
        AppliesTo::All => true,
        AppliesTo::Light => class == class_word(RequestClass::Light),
        AppliesTo::Heavy => class == class_word(RequestClass::Heavy),
    }
}

const fn class_word(class: RequestClass) -> &'static str {
    match class {
        RequestClass::Light => "light",
        RequestClass::Heavy => "heavy",
    }
}

fn later(moment: Timestamp, wait: SignedDuration) -> Timestamp {
    moment.saturating_add(wait).unwrap_or(Timestamp::MAX)
}

fn hour_of(now: Timestamp) -> Timestamp {
    Timestamp::from_second(now.as_second().div_euclid(3_600) * 3_600).unwrap_or(now)
}
