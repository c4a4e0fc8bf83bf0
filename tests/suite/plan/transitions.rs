//! Every way from a recorded phase and a file to the next phase.

use call_import_engine::{
    model::{ImportRecord, NotificationKind, Phase, WhoseTurn, Window},
    plan::{Action, Inputs, JobKind, Plan, notification_id, plan, resumed},
    spec::{Credentials, ImportRequest, Include},
};
use jiff::civil::date;

use super::scene::{Scene, at, changes, checkpoint, invalid, line, recorded, request};

/// What is expected of the one import of a plan.
#[derive(Debug, PartialEq)]
struct Outcome {
    phase: Phase,
    action: Action,
    work: Option<JobKind>,
    notices: Vec<NotificationKind>,
}

fn outcome(plan: &Plan) -> Outcome {
    let [import] = plan.imports.as_slice() else {
        panic!("one import is planned")
    };
    let jobs = plan.lanes.iter().flat_map(|lane| &lane.jobs);
    Outcome {
        phase: import.phase,
        action: import.action,
        work: jobs.map(|job| job.kind).next(),
        notices: plan.notices.iter().map(|notice| notice.kind).collect(),
    }
}

fn works(phase: Phase) -> Outcome {
    Outcome {
        phase,
        action: Action::Import,
        work: Some(JobKind::Import),
        notices: vec![],
    }
}

fn rests(phase: Phase, action: Action) -> Outcome {
    Outcome {
        phase,
        action,
        work: None,
        notices: vec![],
    }
}

#[test]
fn a_new_request_is_queued() {
    let scene = Scene::new([request("a")]);
    let plan = scene.plan();
    assert_eq!(outcome(&plan), works(Phase::Queued));
    let [row] = plan.changes.as_slice() else {
        panic!("one row is written")
    };
    assert_eq!(row.first_seen_at, scene.now);
    assert_eq!(row.digest, request("a").digest());
    assert_eq!(
        row.credential_fingerprint,
        request("a").credential_fingerprint()
    );
    assert_eq!(row.promised_completion, Some(date(2026, 12, 2)));
    assert_eq!(row.expected_completion, Some(date(2026, 12, 2)));
    assert_eq!(row.requested_completion, Some(date(2026, 12, 4)));
    assert_eq!(&plan.lanes[0].jobs[0].record, row);
}

#[test]
fn an_unchanged_request_goes_on_from_its_phase() {
    for (phase, expected) in [
        (Phase::Queued, works(Phase::Queued)),
        (Phase::Importing, works(Phase::Importing)),
        (Phase::Retrying, works(Phase::Retrying)),
        (Phase::Delayed, works(Phase::Delayed)),
        (
            Phase::NeedsCredentials,
            rests(Phase::NeedsCredentials, Action::Hold),
        ),
        (
            Phase::NeedsAttention,
            rests(Phase::NeedsAttention, Action::Hold),
        ),
        (Phase::Completed, rests(Phase::Completed, Action::None)),
        (
            Phase::CompletedWithFailures,
            rests(Phase::CompletedWithFailures, Action::None),
        ),
        (
            Phase::NoCallsFound,
            rests(Phase::NoCallsFound, Action::None),
        ),
        (Phase::Unsupported, works(Phase::Importing)),
        (Phase::Suspended, works(Phase::Importing)),
        (Phase::Cancelled, works(Phase::Importing)),
    ] {
        let mut row = recorded(&request("a"), phase);
        row.expected_completion = None;
        let plan = Scene::new([request("a")]).record(row).plan();
        assert_eq!(outcome(&plan), expected, "{phase}");
    }
}

#[test]
fn a_changed_digest_starts_over_from_every_phase() {
    let mut wider = request("a");
    wider.from = Some(date(2023, 1, 1));
    for phase in Phase::ALL {
        let mut row = recorded(&request("a"), *phase);
        row.failing_since = row.started_at;
        row.next_attempt_at = Some(at("2026-12-30T00:00:00Z"));
        let mut scene = Scene::new([wider.clone()]).record(row.clone());
        let listed = checkpoint(date(2024, 1, 1), date(2026, 11, 1), 5_000);
        scene.observed.checkpoints.insert("a".into(), vec![listed]);
        let plan = scene.plan();
        assert_eq!(outcome(&plan), works(Phase::Queued), "{phase}");
        let changed = &plan.changes[0];
        assert_eq!(changed.digest, wider.digest());
        assert_eq!(changed.started_at, row.started_at);
        assert_eq!(changed.requests_sent, row.requests_sent);
        assert_eq!(
            (
                changed.finished_at,
                changed.failing_since,
                changed.next_attempt_at
            ),
            (None, None, None)
        );
        assert_eq!(
            (
                changed.calls_listed,
                changed.calls_imported,
                changed.calls_failed
            ),
            (0, 0, 0)
        );
        assert_eq!(
            (changed.transcripts_imported, changed.transcripts_pending),
            (0, 0)
        );
        let job = &plan.lanes[0].jobs[0];
        assert_eq!(job.checkpoints, [], "another digest asks for other calls");
        assert_eq!(job.period.from, date(2023, 1, 1));
    }
}

#[test]
fn a_new_credential_wakes_what_waits_for_one_and_nothing_else() {
    let mut renewed = request("a");
    renewed.credentials = Some(Credentials::Sealed("another block".into()));
    for phase in Phase::ALL {
        let mut row = recorded(&request("a"), *phase);
        row.expected_completion = None;
        let before = outcome(&Scene::new([request("a")]).record(row.clone()).plan());
        let plan = Scene::new([renewed.clone()]).record(row).plan();
        let expected = match phase {
            Phase::NeedsCredentials => works(Phase::Importing),
            _ => before,
        };
        assert_eq!(outcome(&plan), expected, "{phase}");
        assert_eq!(
            plan.changes[0].credential_fingerprint,
            renewed.credential_fingerprint(),
            "{phase}: the new one is recorded"
        );
    }
}

#[test]
fn wishes_and_names_change_the_row_and_nothing_else() {
    let mut edited = request("a");
    edited.customer = "Renamed".into();
    edited.requested_completion = date(2027, 1, 1);
    let row = recorded(&request("a"), Phase::Completed);
    let plan = Scene::new([edited]).record(row.clone()).plan();
    assert_eq!(outcome(&plan), rests(Phase::Completed, Action::None));
    let expected = ImportRecord {
        customer: "Renamed".into(),
        requested_completion: Some(date(2027, 1, 1)),
        updated_at: plan.changes[0].updated_at,
        ..row
    };
    assert_eq!(plan.changes, [expected]);
}

#[test]
fn suspended_holds_every_phase_and_its_end_goes_on_where_it_was() {
    let mut suspended = request("a");
    suspended.suspended = true;
    for (phase, after) in [
        (Phase::Queued, Phase::Queued),
        (Phase::Importing, Phase::Importing),
        (Phase::Retrying, Phase::Importing),
        (Phase::Completed, Phase::Completed),
        (Phase::CompletedWithFailures, Phase::CompletedWithFailures),
        (Phase::NoCallsFound, Phase::NoCallsFound),
    ] {
        let mut scene = Scene::new([suspended.clone()]).record(recorded(&request("a"), phase));
        let plan = scene.plan();
        assert_eq!(
            outcome(&plan),
            rests(Phase::Suspended, Action::Hold),
            "{phase}"
        );
        assert_eq!(plan.changes[0].whose_turn, WhoseTurn::Nobody);
        scene.apply(&plan);
        scene.declared.requests = vec![request("a")];
        let resumed = scene.plan();
        assert_eq!(line(&resumed, "a").phase, after, "{phase}");
        assert_eq!(resumed.changes[0].failing_since, None, "{phase}");
        assert_eq!(
            resumed.changes[0].reason.is_some(),
            resumed.changes[0].finished_at.is_some(),
            "{phase}: what is finished says so again"
        );
    }
    let plan = Scene::new([suspended]).plan();
    assert_eq!(outcome(&plan), rests(Phase::Suspended, Action::Hold));
    assert_eq!(
        plan.changes[0].promised_completion, None,
        "nothing is promised yet"
    );
}

#[test]
fn a_deleted_file_cancels_what_is_not_finished() {
    for phase in Phase::ALL {
        let row = recorded(&request("a"), *phase);
        let plan = Scene::new([]).record(row).plan();
        if phase.is_unfinished() {
            assert_eq!(
                outcome(&plan),
                rests(Phase::Cancelled, Action::None),
                "{phase}"
            );
            assert_eq!((plan.cancels, plan.unfinished), (1, 1), "{phase}");
            assert_eq!(plan.changes[0].phase, Phase::Cancelled);
            assert_eq!(
                plan.changes[0].calls_imported,
                recorded(&request("a"), *phase).calls_imported
            );
        } else {
            assert_eq!(outcome(&plan), rests(*phase, Action::None), "{phase}");
            assert_eq!((plan.cancels, plan.unfinished), (0, 0), "{phase}");
            assert_eq!(plan.changes, [], "{phase}");
        }
    }
}

#[test]
fn a_file_that_comes_back_goes_on_from_its_checkpoints() {
    let listed = vec![checkpoint(date(2026, 8, 3), date(2026, 11, 1), 400)];
    let mut scene = Scene::new([]).record(recorded(&request("a"), Phase::Importing));
    scene
        .observed
        .checkpoints
        .insert("a".into(), listed.clone());
    let cancelled = scene.plan();
    scene.apply(&cancelled);
    scene.declared.requests = vec![request("a")];
    let plan = scene.plan();
    assert_eq!(outcome(&plan), works(Phase::Importing));
    assert_eq!(plan.lanes[0].jobs[0].checkpoints, listed);
}

#[test]
fn another_account_needs_attention_until_the_old_one_is_back() {
    let mut moved = request("a");
    moved.account = "elsewhere".into();
    for phase in [Phase::Queued, Phase::Importing, Phase::Completed] {
        let row = recorded(&request("a"), phase);
        let mut scene = Scene::new([moved.clone()]).record(row);
        let plan = scene.plan();
        let expected = Outcome {
            notices: vec![NotificationKind::NeedsAttention],
            ..rests(Phase::NeedsAttention, Action::Hold)
        };
        assert_eq!(outcome(&plan), expected, "{phase}");
        assert_eq!(plan.changes[0].account, "a");
        assert_eq!(plan.changes[0].whose_turn, WhoseTurn::Cs);
        scene.apply(&plan);
        scene.declared.requests = vec![request("a")];
        assert_eq!(line(&scene.plan(), "a").phase, phase);
    }
}

const ERROR: &str = "`estimated_calls` must be a number.";

#[test]
fn an_error_in_the_file_holds_what_is_not_finished() {
    for phase in Phase::ALL {
        let row = recorded(&request("a"), *phase);
        let scene = Scene::new([]).record(row.clone());
        let mut scene = scene.invalid(invalid(&request("a"), ERROR));
        let plan = scene.plan();
        assert_eq!(plan.cancels, 0, "{phase}");
        assert_eq!(line(&plan, "a").action, Action::Hold, "{phase}");
        assert!(line(&plan, "a").reason.contains(ERROR), "{phase}");
        let keeps_its_phase = matches!(
            phase,
            Phase::NeedsCredentials
                | Phase::NeedsAttention
                | Phase::Completed
                | Phase::CompletedWithFailures
                | Phase::NoCallsFound
        );
        if keeps_its_phase {
            assert_eq!(
                (&plan.changes[..], &plan.notices[..]),
                (&[][..], &[][..]),
                "{phase}"
            );
        } else {
            let change = &plan.changes[0];
            assert_eq!(change.phase, Phase::NeedsAttention, "{phase}");
            assert_eq!(change.whose_turn, WhoseTurn::Cs, "{phase}");
            assert_eq!(change.reason.as_deref(), Some(ERROR), "{phase}");
            assert_eq!(
                plan.notices[0].kind,
                NotificationKind::NeedsAttention,
                "{phase}"
            );
        }
        scene.apply(&plan);
        scene.declared.invalid.clear();
        scene.declared.requests = vec![request("a")];
        let mended = scene.plan();
        let expected = match phase {
            Phase::Retrying
            | Phase::Delayed
            | Phase::Suspended
            | Phase::Cancelled
            | Phase::Unsupported => Phase::Importing,
            other => *other,
        };
        assert_eq!(
            line(&mended, "a").phase,
            expected,
            "{phase}: it goes on where it was"
        );
    }
}

#[test]
fn an_error_in_a_new_file_makes_no_row() {
    let plan = Scene::new([]).invalid(invalid(&request("a"), ERROR)).plan();
    assert_eq!(outcome(&plan), rests(Phase::NeedsAttention, Action::Hold));
    assert_eq!((plan.changes.len(), plan.notices.len()), (0, 0));
}

#[test]
fn another_error_replaces_the_reason_without_another_notice() {
    let scene = Scene::new([]).record(recorded(&request("a"), Phase::Importing));
    let mut scene = scene.invalid(invalid(&request("a"), ERROR));
    let first = scene.plan();
    scene.apply(&first);
    scene.declared.invalid[0].error = "`platform` is missing.".into();
    let second = scene.plan();
    assert_eq!(
        second.changes[0].reason.as_deref(),
        Some("`platform` is missing.")
    );
    assert_eq!(second.notices, []);
}

#[test]
fn an_attempt_that_needs_attention_is_not_woken_by_an_error_that_is_mended() {
    let row = recorded(&request("a"), Phase::NeedsAttention);
    let scene = Scene::new([]).record(row);
    let mut scene = scene.invalid(invalid(&request("a"), ERROR));
    let plan = scene.plan();
    scene.apply(&plan);
    scene.declared.invalid.clear();
    scene.declared.requests = vec![request("a")];
    assert_eq!(
        outcome(&scene.plan()),
        rests(Phase::NeedsAttention, Action::Hold)
    );
}

fn unsupported(request: &ImportRequest) -> Scene {
    let mut invalid = invalid(request, "Dialpad calls cannot be imported by API.");
    invalid.unsupported = Some("Export the transcripts and use `method: file`.".into());
    Scene::new([]).invalid(invalid)
}

#[test]
fn an_unsupported_request_gets_a_row_with_the_alternative() {
    let mut dialpad = request("a");
    dialpad.platform = "dialpad".into();
    let mut scene = unsupported(&dialpad);
    let plan = scene.plan();
    let told = Outcome {
        notices: vec![NotificationKind::Unsupported],
        ..rests(Phase::Unsupported, Action::Hold)
    };
    assert_eq!(outcome(&plan), told);
    let reason =
        "Dialpad calls cannot be imported by API. Export the transcripts and use `method: file`.";
    assert_eq!(plan.changes[0].reason.as_deref(), Some(reason));
    assert_eq!(plan.changes[0].whose_turn, WhoseTurn::Cs);
    scene.apply(&plan);
    assert_eq!(
        outcome(&scene.plan()),
        rests(Phase::Unsupported, Action::Hold),
        "told once"
    );

    // The alternative is taken: the request is another one now.
    scene.declared.invalid.clear();
    scene.declared.requests = vec![request("a")];
    let taken = scene.plan();
    assert_eq!(outcome(&taken), works(Phase::Queued));
    assert_eq!(taken.changes[0].platform, "gong");
}

#[test]
fn without_customer_and_platform_an_unsupported_request_is_only_held() {
    let mut scene = unsupported(&request("a"));
    scene.declared.invalid[0].basics = None;
    let plan = scene.plan();
    assert_eq!(outcome(&plan), rests(Phase::NeedsAttention, Action::Hold));
    assert_eq!(plan.changes, []);
}

#[test]
fn a_platform_that_is_no_longer_supported_stops_only_what_is_not_finished() {
    for (phase, after) in [
        (Phase::Importing, Phase::Unsupported),
        (Phase::NeedsCredentials, Phase::Unsupported),
        (Phase::Completed, Phase::Completed),
        (Phase::CompletedWithFailures, Phase::CompletedWithFailures),
    ] {
        let row = recorded(&request("a"), phase);
        let plan = unsupported(&request("a")).record(row.clone()).plan();
        assert_eq!(line(&plan, "a").phase, after, "{phase}");
        for change in &plan.changes {
            assert_eq!(
                (&change.digest, &change.account),
                (&row.digest, &row.account),
                "{phase}"
            );
        }
    }
}

#[test]
fn nothing_is_sent_before_the_next_attempt() {
    for phase in [
        Phase::Queued,
        Phase::Importing,
        Phase::Retrying,
        Phase::Delayed,
    ] {
        let mut row = recorded(&request("a"), phase);
        row.reason = Some("The daily limit is used up.".into());
        row.expected_completion = None;
        row.next_attempt_at = Some(at("2026-12-02T09:30:00Z"));
        let plan = Scene::new([request("a")]).record(row.clone()).plan();
        assert_eq!(outcome(&plan), rests(phase, Action::Hold), "{phase}");
        assert_eq!(
            line(&plan, "a").reason,
            "Waits until Wed 2 Dec 2026, 09:30 UTC. The daily limit is used up."
        );
        row.next_attempt_at = Some(at(super::scene::NIGHT));
        let plan = Scene::new([request("a")]).record(row).plan();
        assert_eq!(outcome(&plan), works(phase), "{phase}: the moment has come");
    }
}

#[test]
fn a_wait_decides_by_the_night_that_would_do_the_work() {
    let mut row = recorded(&request("a"), Phase::Importing);
    row.next_attempt_at = Some(at("2026-12-02T09:30:00Z"));
    let scene = Scene::new([request("a")]).record(row);
    let mut inputs = scene.inputs();
    inputs.night = at("2026-12-03T01:17:00Z");
    let plan = call_import_engine::plan::plan(&inputs);
    assert_eq!(line(&plan, "a").action, Action::Import);
    assert_eq!(
        line(&plan, "a").expected_completion,
        Some(date(2026, 12, 3))
    );
}

/// A completed import on a day: what it still asks for.
#[derive(Debug)]
struct Settling {
    to: jiff::civil::Date,
    finished: &'static str,
    today: &'static str,
    pending: i64,
    expected: Option<JobKind>,
}

fn settling_cases() -> Vec<Settling> {
    let late = |from, to| {
        Some(JobKind::Settle {
            window: Some(Window { from, to }),
        })
    };
    let last_days = late(date(2026, 11, 16), date(2026, 12, 1));
    let only_transcripts = Some(JobKind::Settle { window: None });
    let (october, november) = (date(2026, 10, 31), date(2026, 11, 30));
    let (at_once, later) = ("2026-12-01T01:30:00Z", "2026-12-10T01:30:00Z");
    let cases = [
        // The period ended yesterday: its last days are listed again, as long as late calls may come.
        (november, at_once, "2026-12-02", 0, last_days),
        (november, at_once, "2026-12-15", 0, last_days),
        (november, at_once, "2026-12-15", 3, last_days),
        (november, at_once, "2026-12-16", 0, None),
        // Settling ends 14 days after the import was completed.
        (november, at_once, "2026-12-16", 3, Some(JobKind::Expire)),
        // A period that ended long ago has no late calls, only late transcripts.
        (october, at_once, "2026-12-02", 0, None),
        (october, at_once, "2026-12-02", 3, only_transcripts),
        (october, at_once, "2026-12-15", 3, only_transcripts),
        (october, at_once, "2026-12-16", 3, Some(JobKind::Expire)),
        // Finished late: settling outlasts the days in which calls come late.
        (november, later, "2026-12-15", 0, last_days),
        (november, later, "2026-12-16", 3, only_transcripts),
        (november, later, "2026-12-16", 0, None),
        // A period shorter than the settling days is listed from its beginning.
        (
            date(2024, 1, 5),
            "2024-01-06T01:30:00Z",
            "2024-01-08",
            0,
            late(date(2024, 1, 1), date(2024, 1, 6)),
        ),
    ];
    let cases = cases.into_iter();
    cases
        .map(|(to, finished, today, pending, expected)| Settling {
            to,
            finished,
            today,
            pending,
            expected,
        })
        .collect()
}

/// Late recordings keep the nights open that late transcripts do, where there is a place for them.
#[test]
fn late_recordings_are_looked_for_and_given_up() {
    let mut request = request("a");
    request.include = vec![Include::Transcript, Include::Media];
    request.to = Some(date(2026, 10, 1));
    let mut row = recorded(&request, Phase::Completed);
    row.finished_at = Some(at("2026-12-01T02:00:00Z"));
    row.media.pending = 3;
    let planned = |today: &str, has_place| {
        let mut scene = Scene::new([request.clone()]).record(row.clone());
        scene.now = at(&format!("{today}T01:17:00Z"));
        let plan = plan(&Inputs {
            media: has_place,
            ..scene.inputs()
        });
        let reason = plan.imports[0].reason.clone();
        (outcome(&plan).work, plan.imports[0].requests, reason)
    };
    let settle = JobKind::Settle { window: None };
    let (work, requests, reason) = planned("2026-12-15", true);
    assert_eq!((work, requests), (Some(settle), 1));
    assert!(
        reason.ends_with("Looks once more for 3 late recordings."),
        "{reason}"
    );
    assert_eq!(planned("2026-12-15", false).0, None);
    let (work, requests, reason) = planned("2026-12-16", true);
    assert_eq!((work, requests), (Some(JobKind::Expire), 0));
    assert!(
        reason.ends_with("3 recordings never came and are given up."),
        "{reason}"
    );
}

#[test]
fn completed_imports_settle_and_then_rest() {
    for case in settling_cases() {
        for phase in [Phase::Completed, Phase::CompletedWithFailures] {
            let mut request = request("a");
            request.to = Some(case.to);
            let mut row = recorded(&request, phase);
            row.finished_at = Some(at(case.finished));
            row.transcripts_pending = case.pending;
            let mut scene = Scene::new([request]).record(row);
            scene.now = at(&format!("{}T01:17:00Z", case.today));
            let plan = scene.plan();
            assert_eq!(outcome(&plan).work, case.expected, "{case:?}, {phase}");
            assert_eq!(plan.changes, [], "{case:?}: settling is no change");
            let action = match case.expected {
                Some(_) => Action::Import,
                None => Action::None,
            };
            assert_eq!(outcome(&plan).action, action, "{case:?}");
        }
    }
}

#[test]
fn settling_happens_once_a_day() {
    let mut request = request("a");
    request.to = Some(date(2026, 11, 30));
    let row = recorded(&request, Phase::Completed);
    let mut scene = Scene::new([request]).record(row);
    let looked = at("2026-12-02T01:30:00Z");
    scene.observed.attempted = [("a".to_owned(), looked)].into();
    assert_eq!(
        outcome(&scene.plan()),
        rests(Phase::Completed, Action::None)
    );
    scene.now = at("2026-12-03T01:17:00Z");
    assert_eq!(outcome(&scene.plan()).action, Action::Import);
}

#[test]
fn files_do_not_settle() {
    let mut request = request("a");
    request.method = call_import_engine::model::Method::File;
    request.to = Some(date(2026, 11, 30));
    let row = recorded(&request, Phase::Completed);
    let plan = Scene::new([request]).record(row).plan();
    assert_eq!(outcome(&plan), rests(Phase::Completed, Action::None));
}

#[test]
fn only_leaves_everything_else_alone() {
    let scene = Scene::new([request("a"), request("b")])
        .record(recorded(&request("gone"), Phase::Importing))
        .invalid(invalid(&request("broken"), ERROR))
        .record(recorded(&request("broken"), Phase::Importing));
    let mut inputs = scene.inputs();
    inputs.only = Some("b");
    let plan = call_import_engine::plan::plan(&inputs);
    assert_eq!(changes(&plan).keys().copied().collect::<Vec<_>>(), ["b"]);
    assert_eq!((plan.cancels, plan.notices.len()), (0, 0));
    assert_eq!(line(&plan, "b").action, Action::Import);
    for id in ["a", "broken", "gone"] {
        assert_eq!(line(&plan, id).action, Action::Hold, "{id}");
    }
    inputs.only = Some("gone");
    let plan = call_import_engine::plan::plan(&inputs);
    assert_eq!(plan.cancels, 1);
    assert_eq!(plan.lanes, []);
}

#[test]
fn the_example_is_held_and_never_changed() {
    let scene = Scene::new([request("example"), request("a")])
        .record(recorded(&request("example"), Phase::Importing));
    let mut inputs = scene.inputs();
    inputs.skip = &["example"];
    let plan = call_import_engine::plan::plan(&inputs);
    assert_eq!(line(&plan, "example").action, Action::Hold);
    assert_eq!(
        line(&plan, "example").reason,
        "It is the example, which is not imported on GitHub."
    );
    assert_eq!(changes(&plan).keys().copied().collect::<Vec<_>>(), ["a"]);
}

#[test]
fn the_same_event_makes_the_same_notice() {
    let scene = Scene::new([]).record(recorded(&request("a"), Phase::Importing));
    let scene = scene.invalid(invalid(&request("a"), ERROR));
    let notice = &scene.plan().notices[0];
    let expected = notification_id(
        "a",
        &request("a").digest(),
        NotificationKind::NeedsAttention,
        ERROR,
    );
    assert_eq!(notice.notification_id, expected);
    assert_eq!(scene.plan().notices[0], *notice);
}

#[test]
fn a_stop_that_is_lifted_keeps_a_wait_that_is_not_over() {
    let now = at(super::scene::NIGHT);
    let mut row = recorded(&request("a"), Phase::NeedsCredentials);
    row.next_attempt_at = Some(at("2026-12-02T09:30:00Z"));
    assert_eq!(resumed(&row, now).next_attempt_at, row.next_attempt_at);
    row.next_attempt_at = Some(at("2026-12-01T09:30:00Z"));
    let lifted = resumed(&row, now);
    assert_eq!(
        (lifted.next_attempt_at, lifted.whose_turn),
        (None, WhoseTurn::Nobody)
    );
}
