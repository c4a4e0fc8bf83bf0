//! Requests, nights, and the dates that follow.

use call_import_engine::{
    model::{Method, NotificationKind, Period, Phase},
    plan::{Action, Capacity, capacity, estimate_requests, next_night, skipped_nights},
    platforms::connector,
    spec::{AppliesTo, Per, RateLimit, Urgency},
};
use jiff::{SignedDuration, civil::date, tz::TimeZone};
use proptest::prelude::*;

use super::scene::{Scene, at, changes, checkpoint, line, matrix, recorded, request, used};

const THREE_YEARS: Period = Period {
    from: date(2024, 1, 1),
    to: date(2026, 10, 31),
};

fn gong(calls: u64, period: Period) -> u64 {
    let traits = connector("gong").expect("Gong is in the catalog").traits();
    estimate_requests(&traits, calls, period, &[])
}

#[test]
fn five_thousand_gong_calls_take_about_a_hundred_requests() {
    // 1 for the credential, 12 windows of 417 calls in 5 pages each, 50 batches of transcripts.
    assert_eq!(gong(5_000, THREE_YEARS), 1 + 12 * 5 + 50);
    // Empty windows cost a request each, and the credential is proved all the same.
    assert_eq!(gong(0, THREE_YEARS), 1 + 12);
    // 16 windows of 3,125 calls would lose their cursor: 25 windows of 2,000.
    assert_eq!(gong(50_000, THREE_YEARS), 1 + 25 * 20 + 500);
    // A day is the shortest window.
    let day = Period {
        from: date(2026, 1, 1),
        to: date(2026, 1, 1),
    };
    assert_eq!(gong(5_000, day), 1 + 50 + 50);
}

/// Nights are in UTC: where clocks are set, in whatever zone, there is one night, and it is the next one.
#[test]
fn where_clocks_are_set_a_night_comes_once() {
    let nightly = matrix().nightly;
    for switch in [
        date(2026, 3, 29),
        date(2026, 10, 25),
        date(2026, 3, 8),
        date(2026, 11, 1),
        date(2026, 4, 5),
    ] {
        let noon = switch.yesterday().unwrap().at(12, 0, 0, 0);
        let mut now = TimeZone::UTC.to_timestamp(noon).unwrap();
        let mut days = Vec::new();
        for _ in 0..3 {
            let night = next_night(&nightly, now);
            assert_eq!(skipped_nights(&nightly, Some(now), night), []);
            assert!(night.duration_since(now) <= SignedDuration::from_hours(24));
            days.push(TimeZone::UTC.to_datetime(night).date());
            // The run begins a little late.
            now = night + SignedDuration::from_mins(9);
        }
        let after = |days: i64| switch.checked_add(jiff::Span::new().days(days)).unwrap();
        assert_eq!(days, [switch, after(1), after(2)]);
    }
}

#[test]
fn what_is_listed_is_not_listed_again() {
    let traits = connector("gong").expect("Gong is in the catalog").traits();
    let newest = checkpoint(date(2026, 8, 3), date(2026, 11, 1), 2_000);
    let left = estimate_requests(&traits, 5_000, THREE_YEARS, &[newest]);
    // 11 windows are left for 3,000 calls, 273 each.
    assert_eq!(left, 1 + 11 * 3 + 50);
    let all = checkpoint(date(2020, 1, 1), date(2026, 11, 1), 4_800);
    assert_eq!(
        estimate_requests(&traits, 5_000, THREE_YEARS, &[all]),
        1 + 50
    );
}

#[test]
fn the_smallest_limit_makes_the_night() {
    let capacity_with = |limits: &[(u32, Per)], share: f64| {
        let mut matrix = matrix();
        let row = matrix.platforms.get_mut("gong").expect("the row");
        row.budget_share = share;
        row.rate_limits = limits
            .iter()
            .map(|&(requests, per)| RateLimit {
                requests,
                per,
                applies_to: AppliesTo::All,
            })
            .collect();
        capacity(&matrix, "gong").map(|capacity| capacity.requests_per_night)
    };
    assert_eq!(
        capacity_with(&[(3, Per::Second), (10_000, Per::Day)], 0.5),
        Some(5_000)
    );
    assert_eq!(capacity_with(&[(3, Per::Second)], 0.5), Some(27_000));
    assert_eq!(capacity_with(&[(60, Per::Minute)], 0.5), Some(9_000));
    assert_eq!(
        capacity_with(&[(1_000, Per::Hour), (60, Per::Minute)], 1.0),
        Some(5_000)
    );
    assert_eq!(
        capacity_with(&[(1, Per::Day)], 0.1),
        Some(1),
        "never nothing at all"
    );
    assert_eq!(capacity_with(&[], 0.5), None);
    assert_eq!(capacity(&matrix(), "dialpad"), None);
    assert_eq!(capacity(&matrix(), "unheard-of"), None);
}

#[test]
fn five_thousand_calls_are_done_in_one_night() {
    let plan = Scene::new([request("a")]).plan();
    let import = line(&plan, "a");
    assert_eq!(
        (import.calls, import.requests, import.nights),
        (5_000, 111, 1)
    );
    assert_eq!(import.expected_completion, Some(date(2026, 12, 2)));
    assert_eq!(import.in_time, Some(true));
}

#[test]
fn a_used_quota_moves_the_work_to_the_second_night() {
    let mut scene = Scene::new([request("a"), request("b")]);
    scene.observed.usage = vec![
        used("a", "2026-12-01T13:00:00Z", 3_000),
        used("a", "2026-12-01T14:00:00Z", 1_900),
    ];
    let plan = scene.plan();
    assert_eq!(line(&plan, "a").nights, 2);
    assert_eq!(
        line(&plan, "a").expected_completion,
        Some(date(2026, 12, 3))
    );
    assert_eq!(
        line(&plan, "b").nights,
        1,
        "another account has its own limits"
    );

    scene.observed.usage = vec![used("a", "2026-11-30T23:00:00Z", 5_000)];
    assert_eq!(
        line(&scene.plan(), "a").nights,
        1,
        "that is more than a day ago"
    );
}

#[test]
fn imports_of_one_account_share_its_nights_in_order_of_work() {
    let in_lane = |id: &str, urgency, day| {
        let mut request = request(id);
        request.account = "shared".into();
        request.estimated_calls = 150_000;
        request.urgency = urgency;
        request.requested_completion = date(2026, 12, day);
        request
    };
    let mut alone = request("alone");
    alone.estimated_calls = 150_000;
    // 3,076 requests each; a night has 5,000.
    let plan = Scene::new([
        in_lane("c", Urgency::Deal, 5),
        in_lane("b", Urgency::Retention, 4),
        in_lane("a", Urgency::Onboarding, 4),
        alone,
    ])
    .plan();
    let order: Vec<&str> = plan
        .imports
        .iter()
        .map(|import| import.request_id.as_str())
        .collect();
    assert_eq!(order, ["a", "alone", "b", "c"]);
    let jobs = |lane: usize| {
        let jobs = plan.lanes[lane].jobs.iter();
        jobs.map(|job| job.request.id.as_str()).collect::<Vec<_>>()
    };
    assert_eq!((jobs(0), jobs(1)), (vec!["a", "b", "c"], vec!["alone"]));
    let nights = |id| line(&plan, id).nights;
    assert_eq!(
        [nights("a"), nights("b"), nights("c"), nights("alone")],
        [1, 2, 2, 1]
    );
    assert_eq!(
        line(&plan, "c").expected_completion,
        Some(date(2026, 12, 3))
    );
    assert!(
        line(&plan, "c")
            .reason
            .ends_with("2 imports of the same account come first.")
    );
}

#[test]
fn an_import_that_waits_leaves_tonight_to_the_others() {
    let mut first = request("first");
    let mut second = request("second");
    for request in [&mut first, &mut second] {
        request.account = "shared".into();
        request.estimated_calls = 240_000;
    }
    let mut row = recorded(&first, Phase::Queued);
    row.next_attempt_at = Some(at("2026-12-02T09:00:00Z"));
    row.expected_completion = None;
    let plan = Scene::new([first, second]).record(row).plan();
    assert_eq!(
        (line(&plan, "first").nights, line(&plan, "second").nights),
        (2, 1)
    );
    assert_eq!(line(&plan, "second").reason, "The import begins.");
}

#[test]
fn files_take_one_night_and_no_request() {
    let mut files = request("a");
    files.method = Method::File;
    let plan = Scene::new([files]).plan();
    let import = line(&plan, "a");
    assert_eq!((import.requests, import.nights), (0, 1));
    assert_eq!(import.action, Action::Import);
}

#[test]
fn what_is_done_is_not_planned_again() {
    let mut row = recorded(&request("a"), Phase::Importing);
    row.calls_listed = 2_000;
    row.calls_imported = 2_000;
    row.transcripts_imported = 1_900;
    let mut scene = Scene::new([request("a")]).record(row);
    let newest = checkpoint(date(2026, 8, 3), date(2026, 11, 1), 2_000);
    scene.observed.checkpoints.insert("a".into(), vec![newest]);
    let plan = scene.plan();
    assert_eq!(line(&plan, "a").requests, 1 + 11 * 3 + 31);
    assert_eq!(line(&plan, "a").calls, 3_000);
}

#[test]
fn a_date_that_slips_is_told_once_with_its_cause() {
    let row = recorded(&request("a"), Phase::Importing);
    let mut scene = Scene::new([request("a")]).record(row);
    scene.observed.usage = vec![used("a", "2026-12-01T13:00:00Z", 5_000)];
    let plan = scene.plan();
    let kinds: Vec<_> = plan.notices.iter().map(|notice| notice.kind).collect();
    assert_eq!(kinds, [NotificationKind::DateSlipped]);
    let row = changes(&plan)["a"];
    assert_eq!(
        row.promised_completion,
        Some(date(2026, 12, 2)),
        "the promise stays"
    );
    assert_eq!(row.expected_completion, Some(date(2026, 12, 3)));
    assert_eq!(
        row.reason.as_deref(),
        Some("Our share of the account's daily rate limit is partly used up already.")
    );
    scene.apply(&plan);
    assert_eq!(scene.plan().notices, []);
}

#[test]
fn every_cause_of_a_slip_has_its_sentence() {
    let slip = |phase: Phase, edit: &dyn Fn(&mut Scene)| {
        let mut row = recorded(&request("a"), phase);
        row.expected_completion = Some(date(2026, 12, 1));
        row.calls_listed = 100;
        let mut scene = Scene::new([request("a")]).record(row);
        edit(&mut scene);
        let plan = scene.plan();
        changes(&plan)["a"].reason.clone().unwrap_or_default()
    };
    let row = |scene: &mut Scene, edit: &dyn Fn(&mut call_import_engine::model::ImportRecord)| {
        edit(scene.observed.imports.get_mut("a").expect("the row"));
    };
    for (phase, edit, cause) in [
        (
            Phase::Importing,
            &(|_: &mut Scene| {}) as &dyn Fn(&mut Scene),
            "The last night ended before everything was imported.",
        ),
        (
            Phase::Importing,
            &|scene| row(scene, &|row| row.reason = Some("Why.".into())),
            "Why.",
        ),
        (
            Phase::Importing,
            &|scene| row(scene, &|row| row.calls_listed = 6_000),
            "There are more calls than expected: 6,000 calls so far instead of 5,000.",
        ),
        (
            Phase::Importing,
            &|scene| {
                let mut other = request("b");
                other.account = "a".into();
                other.requested_completion = date(2026, 12, 3);
                scene.declared.requests.push(other);
            },
            "Another import of the same account comes first.",
        ),
        (
            Phase::NeedsCredentials,
            &|scene| row(scene, &|row| row.credential_fingerprint = None),
            "The import waited for a new credential.",
        ),
        (Phase::Suspended, &|_| {}, "The import was suspended."),
        (
            Phase::Cancelled,
            &|_| {},
            "The request file had been deleted.",
        ),
    ] {
        assert_eq!(slip(phase, edit), cause);
    }
}

#[test]
fn no_date_is_told_while_it_depends_on_others() {
    for phase in [
        Phase::Delayed,
        Phase::NeedsCredentials,
        Phase::NeedsAttention,
    ] {
        let row = recorded(&request("a"), phase);
        let plan = Scene::new([request("a")]).record(row).plan();
        let import = line(&plan, "a");
        assert_eq!(
            (import.expected_completion, import.in_time),
            (None, None),
            "{phase}"
        );
        assert_eq!(
            plan.changes,
            [],
            "{phase}: the date told last stays recorded"
        );
    }
}

#[test]
fn an_absurd_number_of_calls_has_no_date() {
    let mut absurd = request("a");
    absurd.estimated_calls = u64::MAX;
    let plan = Scene::new([absurd]).plan();
    assert_eq!(line(&plan, "a").expected_completion, None);
    assert_eq!(line(&plan, "a").action, Action::Import);
}

proptest! {
    /// What the matrix says about a night is what an import of so many calls really takes.
    #[test]
    fn the_calls_of_a_night_fit_into_it(requests in 1_u32..200_000, share in 0.05_f64..1.0) {
        let mut matrix = matrix();
        let row = matrix.platforms.get_mut("gong").expect("the row");
        row.budget_share = share;
        row.rate_limits = vec![RateLimit { requests, per: Per::Day, applies_to: AppliesTo::All }];
        let Capacity { requests_per_night, calls_per_night } =
            capacity(&matrix, "gong").expect("a limit and a connector");
        let day = Period { from: date(2026, 1, 1), to: date(2026, 1, 1) };
        if calls_per_night > 0 {
            prop_assert!(gong(calls_per_night, day) <= requests_per_night);
        }
        prop_assert!(gong(calls_per_night + 1, day) > requests_per_night);
    }

    /// More calls or more days never take fewer requests, and never one request a call.
    #[test]
    fn requests_grow_with_the_work(calls in 0_u64..300_000, more in 0_u64..10_000, days in 0_i64..4_000) {
        use jiff::ToSpan as _;
        let period = Period { from: date(2010, 1, 1), to: date(2010, 1, 1).saturating_add(days.days()) };
        let fewer = gong(calls, period);
        prop_assert!(gong(calls + more + 200, period) > fewer);
        let windows = u64::try_from(days / 90 + 1).expect("positive").max(calls.div_ceil(2_000));
        prop_assert!(fewer <= 2 + 2 * calls.div_ceil(100) + windows);
    }
}
