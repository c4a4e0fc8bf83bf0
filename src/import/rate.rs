//! Keeps the requests of one platform account within its limits. Pure: the time is an argument.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::{
    model::ApiUsage,
    platforms::RequestClass,
    spec::{AppliesTo, Per, PlatformRow, RateLimit},
};

/// The limits of one account, shared by all its imports.
///
/// Limits by second, minute and hour are kept by spacing requests evenly: no burst can then exceed
/// them however the platform counts. A day is a rolling 24 hours, counted in UTC hours.
#[derive(Debug, Clone)]
pub struct RateLimiter {
    platform: String,
    account: String,
    spacings: Vec<Spacing>,
    days: Vec<Day>,
    /// Nothing is sent before this moment, because the platform said so.
    blocked_until: Option<Timestamp>,
    /// Requests by class and hour, not yet recorded.
    unrecorded: BTreeMap<(&'static str, Timestamp), i64>,
}

#[derive(Debug, Clone)]
struct Spacing {
    applies_to: AppliesTo,
    interval: SignedDuration,
    next: Timestamp,
}

#[derive(Debug, Clone)]
struct Day {
    applies_to: AppliesTo,
    allowed: f64,
    /// Requests by UTC hour.
    used: BTreeMap<Timestamp, f64>,
}

/// Shares of an hour do not add up to whole requests exactly.
const SLACK: f64 = 1e-6;

const HOUR: SignedDuration = SignedDuration::from_hours(1);
const DAY: SignedDuration = SignedDuration::from_hours(24);

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
        for (limit, row) in row
            .into_iter()
            .flat_map(|row| row.rate_limits.iter().map(move |limit| (limit, row)))
        {
            if limit.per == Per::Day {
                let mut day = Day {
                    applies_to: limit.applies_to,
                    allowed: daily(*limit, row),
                    used: BTreeMap::new(),
                };
                for usage in usage
                    .iter()
                    .filter(own)
                    .filter(|usage| counts(day.applies_to, &usage.class))
                {
                    *day.used.entry(usage.bucket_start).or_default() += requests(usage);
                }
                days.push(day);
            } else {
                let seconds =
                    f64::from(limit.per.seconds()) / (f64::from(limit.requests) * row.budget_share);
                spacings.push(Spacing {
                    applies_to: limit.applies_to,
                    interval: SignedDuration::try_from_secs_f64(seconds).unwrap_or(HOUR),
                    next: Timestamp::MIN,
                });
            }
        }
        Self {
            platform: platform.to_owned(),
            account: account.to_owned(),
            spacings,
            days,
            blocked_until: None,
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
            .filter(|spacing| applies(spacing.applies_to, class))
        {
            spacing.next = now
                .saturating_add(spacing.interval)
                .unwrap_or(Timestamp::MAX);
        }
        let hour = hour_of(now);
        for day in self
            .days
            .iter_mut()
            .filter(|day| applies(day.applies_to, class))
        {
            *day.used.entry(hour).or_default() += 1.0;
        }
        *self
            .unrecorded
            .entry((class_word(class), hour))
            .or_default() += 1;
        Ok(())
    }

    /// The platform said to wait.
    pub fn block(&mut self, until: Timestamp) {
        self.blocked_until = self.blocked_until.max(Some(until));
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

    fn ready_at(&self, class: RequestClass, now: Timestamp) -> Timestamp {
        let spacings = self
            .spacings
            .iter()
            .filter(|spacing| applies(spacing.applies_to, class));
        let days = self
            .days
            .iter()
            .filter(|day| applies(day.applies_to, class));
        spacings
            .map(|spacing| spacing.next)
            .chain(days.map(|day| day.ready_at(now)))
            .chain(self.blocked_until)
            .max()
            .unwrap_or(now)
    }
}

impl Day {
    /// When one more request fits into the 24 hours before it. The requests of an hour are taken to lie
    /// evenly in it, so that a night that begins when the last one did is freed as fast as that one sent.
    fn ready_at(&self, now: Timestamp) -> Timestamp {
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

/// At least one request a day, so that a small share of a small limit does not stop an import for ever.
fn daily(limit: RateLimit, row: &PlatformRow) -> f64 {
    (f64::from(limit.requests) * row.budget_share)
        .floor()
        .max(1.0)
}

fn requests(usage: &ApiUsage) -> f64 {
    f64::from(u32::try_from(usage.requests).unwrap_or(u32::MAX))
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

fn hour_of(now: Timestamp) -> Timestamp {
    Timestamp::from_second(now.as_second().div_euclid(3_600) * 3_600).unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(limits: &[(u32, Per, AppliesTo)], budget_share: f64) -> PlatformRow {
        PlatformRow {
            name: "Test".into(),
            status: crate::spec::SupportStatus::Supported,
            methods: vec![],
            metadata: vec![],
            rate_limits: limits
                .iter()
                .map(|&(requests, per, applies_to)| RateLimit {
                    requests,
                    per,
                    applies_to,
                })
                .collect(),
            budget_share,
            can: vec![],
            cannot: vec![],
            alternative: None,
            notes: None,
        }
    }

    fn at(text: &str) -> Timestamp {
        text.parse().expect("an instant")
    }

    #[test]
    fn requests_are_spaced_by_our_share() {
        let row = row(&[(3, Per::Second, AppliesTo::All)], 0.5);
        let mut limiter = RateLimiter::new("gong", "a", Some(&row), &[]);
        let now = at("2026-12-01T00:00:00Z");
        assert_eq!(limiter.acquire(RequestClass::Light, now), Ok(()));
        let ready = limiter
            .acquire(RequestClass::Light, now)
            .expect_err("too early");
        assert_eq!(ready.duration_since(now).as_millis(), 666);
        assert_eq!(limiter.acquire(RequestClass::Light, ready), Ok(()));
    }

    #[test]
    fn a_day_is_a_rolling_one_and_survives_a_restart() {
        let row = row(&[(4, Per::Day, AppliesTo::All)], 0.5);
        let usage = ApiUsage {
            platform: "gong".into(),
            account: "a".into(),
            class: "light".into(),
            bucket_start: at("2026-12-01T01:00:00Z"),
            requests: 1,
        };
        let mut limiter = RateLimiter::new("gong", "a", Some(&row), &[usage]);
        let now = at("2026-12-01T03:10:00Z");
        assert_eq!(limiter.acquire(RequestClass::Light, now), Ok(()));
        assert_eq!(
            limiter.acquire(RequestClass::Light, now),
            Err(at("2026-12-02T02:00:00Z"))
        );
        assert_eq!(
            limiter.acquire(RequestClass::Light, at("2026-12-02T02:00:00Z")),
            Ok(())
        );
        let recorded: i64 = limiter
            .take_usage()
            .iter()
            .map(|usage| usage.requests)
            .sum();
        assert_eq!(
            recorded, 2,
            "what was recorded before is not recorded again"
        );
        assert_eq!(limiter.take_usage(), vec![]);
    }

    #[test]
    fn a_night_goes_on_as_fast_as_the_night_before_it_sent() {
        let row = row(&[(10_000, Per::Day, AppliesTo::All)], 0.5);
        let mut limiter = RateLimiter::new("gong", "a", Some(&row), &[]);
        let mut now = at("2026-12-01T01:17:00Z");
        for _ in 0..5_000 {
            assert_eq!(limiter.acquire(RequestClass::Light, now), Ok(()));
            now += SignedDuration::from_millis(667);
        }
        let spent = limiter
            .acquire(RequestClass::Light, now)
            .expect_err("the day is spent");
        assert!(
            spent.duration_since(now) > SignedDuration::from_hours(22),
            "{spent}"
        );
        now = at("2026-12-02T01:17:00Z");
        for sent in 0..5_000 {
            let longest = SignedDuration::from_mins(5);
            while let Err(until) = limiter.acquire(RequestClass::Light, now) {
                assert!(
                    until.duration_since(now) < longest,
                    "request {sent} waits until {until}"
                );
                now = until;
            }
        }
        assert!(now <= at("2026-12-02T03:00:00Z"), "{now}");
    }

    #[test]
    fn classes_have_buckets_of_their_own() {
        let row = row(
            &[
                (60, Per::Minute, AppliesTo::All),
                (30, Per::Minute, AppliesTo::Heavy),
            ],
            1.0,
        );
        let mut limiter = RateLimiter::new("fathom", "a", Some(&row), &[]);
        let now = at("2026-12-01T00:00:00Z");
        assert_eq!(limiter.acquire(RequestClass::Heavy, now), Ok(()));
        let later = at("2026-12-01T00:00:01Z");
        assert_eq!(
            limiter.acquire(RequestClass::Heavy, later),
            Err(at("2026-12-01T00:00:02Z"))
        );
        assert_eq!(limiter.acquire(RequestClass::Light, later), Ok(()));
    }

    #[test]
    fn the_platform_has_the_last_word() {
        let mut limiter = RateLimiter::new("gong", "a", None, &[]);
        let now = at("2026-12-01T00:00:00Z");
        limiter.block(at("2026-12-01T00:01:00Z"));
        limiter.block(at("2026-12-01T00:00:30Z"));
        assert_eq!(
            limiter.acquire(RequestClass::Light, now),
            Err(at("2026-12-01T00:01:00Z"))
        );
    }
}
