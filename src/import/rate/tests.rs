//! On a time that only the tests move.

use super::*;
use crate::spec::RateLimit;

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

#[test]
fn limits_of_several_lengths_hold_at_once() {
    let row = row(
        &[
            (2, Per::Second, AppliesTo::All),
            (60, Per::Minute, AppliesTo::All),
            (3, Per::Day, AppliesTo::Heavy),
        ],
        1.0,
    );
    let recorded = |class: &str| ApiUsage {
        platform: "fathom".into(),
        account: "a".into(),
        class: class.into(),
        bucket_start: at("2026-12-01T00:00:00Z"),
        requests: 2,
    };
    let usage = [recorded("light"), recorded("heavy")];
    let mut limiter = RateLimiter::new("fathom", "a", Some(&row), &usage);
    let now = at("2026-12-01T02:00:00Z");
    assert_eq!(limiter.acquire(RequestClass::Heavy, now), Ok(()));
    assert_eq!(
        limiter.acquire(RequestClass::Light, now),
        Err(at("2026-12-01T02:00:01Z")),
        "sixty a minute are fewer than two a second"
    );
    let later = at("2026-12-01T02:00:01Z");
    let tomorrow = limiter
        .acquire(RequestClass::Heavy, later)
        .expect_err("the day's third was the last");
    assert!(tomorrow > at("2026-12-02T00:00:00Z"), "{tomorrow}");
    assert_eq!(limiter.acquire(RequestClass::Light, later), Ok(()));
}

/// Fathom as it is documented, at our half of it.
fn fathom() -> RateLimiter {
    let row = row(
        &[
            (60, Per::Minute, AppliesTo::All),
            (30, Per::Minute, AppliesTo::Heavy),
        ],
        0.5,
    );
    RateLimiter::new("fathom", "a", Some(&row), &[])
}

/// Seconds between two requests of a class from `now` on.
fn spacing(limiter: &RateLimiter, class: RequestClass, now: Timestamp) -> i64 {
    let mut limiter = limiter.clone();
    let first = match limiter.acquire(class, now) {
        Ok(()) => now,
        Err(ready) => {
            limiter.acquire(class, ready).expect("it is time");
            ready
        }
    };
    let second = limiter.acquire(class, first).expect_err("too early");
    second.duration_since(first).as_secs()
}

#[test]
fn each_429_halves_the_pace_of_its_class_down_to_what_a_busy_platform_takes() {
    let mut limiter = fathom();
    let mut now = at("2026-12-01T00:00:00Z");
    let mut seen = vec![spacing(&limiter, RequestClass::Heavy, now)];
    for _ in 0..3 {
        let sent = now;
        now += SignedDuration::from_secs(1);
        limiter.slow_down(RequestClass::Heavy, sent, now);
        limiter.slow_down(RequestClass::Heavy, sent, now);
        seen.push(spacing(&limiter, RequestClass::Heavy, now));
        now += SignedDuration::from_secs(1);
    }
    assert_eq!(seen, [4, 8, 12, 12], "15, 7.5, 5 and 5 a minute");
    assert_eq!(
        spacing(&limiter, RequestClass::Light, now),
        2,
        "others keep their pace"
    );
}

#[test]
fn after_a_429_the_pace_rises_slowly() {
    let mut limiter = fathom();
    let now = at("2026-12-01T00:00:00Z");
    limiter.slow_down(RequestClass::Heavy, now, now);
    let after = |minutes: i64| {
        let then = now + SignedDuration::from_mins(minutes);
        spacing(&limiter, RequestClass::Heavy, then)
    };
    assert_eq!([0, 5, 10, 15, 60].map(after), [8, 8, 5, 4, 4]);
}

#[test]
fn a_429_slows_the_common_limit_where_its_class_has_none() {
    let mut limiter = fathom();
    let now = at("2026-12-01T00:00:00Z");
    limiter.slow_down(RequestClass::Light, now, now);
    assert_eq!(spacing(&limiter, RequestClass::Light, now), 4);
}

#[test]
fn a_spent_allowance_blocks_until_it_is_reset() {
    let told = |remaining, seconds| Allowance {
        remaining,
        limit: Some(30),
        resets_in: Some(std::time::Duration::from_secs(seconds)),
    };
    let now = at("2026-12-01T00:00:00Z");
    let ready = |class, told: Allowance, asked| {
        let mut limiter = fathom();
        limiter.heed(class, told, now);
        let ready = limiter.acquire(asked, now);
        ready.map_or_else(|ready| ready.duration_since(now).as_secs(), |()| 0)
    };
    let (light, heavy) = (RequestClass::Light, RequestClass::Heavy);
    assert_eq!(ready(heavy, told(0, 42), heavy), 42);
    assert_eq!(
        ready(heavy, told(0, 42), light),
        0,
        "the small bucket alone is empty"
    );
    assert_eq!(ready(light, told(0, 42), heavy), 42);
    assert_eq!(
        ready(heavy, told(2, 30), heavy),
        10,
        "the last two are spread over the window"
    );
    assert_eq!(ready(heavy, told(29, 60), heavy), 0);
    assert_eq!(
        ready(heavy, told(2, 86_000), heavy),
        0,
        "what is left of a day may be spent tonight"
    );
}
