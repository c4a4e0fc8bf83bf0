//! What holds for every plan, whatever is declared and recorded.

use std::collections::BTreeSet;

use call_import_engine::{
    model::Phase,
    plan::{Action, JobKind, Plan},
    spec::Credentials,
};
use jiff::{SignedDuration, ToSpan, civil::date};
use proptest::{collection::vec, option, prelude::*, sample::select};

use super::scene::{Scene, at, checkpoint, invalid, line, recorded, request, used};

/// What happened to a request's file since it was recorded.
#[derive(Debug, Clone, Copy, PartialEq)]
enum File {
    Same,
    Digest,
    Credential,
    Suspended,
    Account,
    Invalid,
    Unsupported,
    Gone,
}

#[derive(Debug, Clone)]
struct Case {
    file: File,
    phase: Option<Phase>,
    shared_account: bool,
    /// Hours from now to the next attempt.
    next_attempt: Option<i64>,
    pending: i64,
    calls: u64,
    /// Days from the night to the date asked for.
    asked: i32,
}

fn case() -> impl Strategy<Value = Case> {
    let files = select(vec![
        File::Same,
        File::Digest,
        File::Credential,
        File::Suspended,
        File::Account,
        File::Invalid,
        File::Unsupported,
        File::Gone,
    ]);
    let phases = option::of(select(Phase::ALL));
    (
        files,
        phases,
        any::<bool>(),
        option::of(-48_i64..96),
        0_i64..3,
        0_u64..400_000,
        -10_i32..30,
    )
        .prop_map(
            |(file, phase, shared_account, next_attempt, pending, calls, asked)| Case {
                file,
                phase,
                shared_account,
                next_attempt,
                pending,
                calls,
                asked,
            },
        )
}

fn scene(cases: &[Case], used_tonight: i64) -> Scene {
    let mut scene = Scene::new([]);
    let now = scene.now;
    for (index, case) in cases.iter().enumerate() {
        let mut request = request(&format!("r{index}"));
        if case.shared_account {
            request.account = "shared".into();
        }
        request.estimated_calls = case.calls;
        request.to = Some(date(2026, 11, 30));
        request.requested_completion = date(2026, 12, 2).saturating_add(case.asked.days());
        if let Some(phase) = case.phase {
            let mut row = recorded(&request, phase);
            row.transcripts_pending = case.pending;
            row.next_attempt_at = case
                .next_attempt
                .map(|hours| now + SignedDuration::from_hours(hours));
            let listed = checkpoint(date(2026, 9, 2), date(2026, 12, 1), 900);
            let id = request.id.clone();
            scene.observed.checkpoints.insert(id, vec![listed]);
            scene = scene.record(row);
        }
        match case.file {
            File::Same => {}
            File::Digest => request.internal_domains = vec!["new.example".into()],
            File::Credential => request.credentials = Some(Credentials::Sealed("new".into())),
            File::Suspended => request.suspended = true,
            File::Account => request.account = "elsewhere".into(),
            File::Gone => continue,
            File::Invalid | File::Unsupported => {
                let mut invalid = invalid(&request, "It is wrong.");
                invalid.unsupported =
                    (case.file == File::Unsupported).then(|| "Use files.".to_owned());
                scene = scene.invalid(invalid);
                continue;
            }
        }
        scene.declared.requests.push(request);
    }
    let usage = used("shared", "2026-12-01T12:00:00Z", used_tonight);
    scene.observed.usage = vec![usage];
    scene
}

fn jobs(plan: &Plan) -> Vec<&str> {
    let jobs = plan.lanes.iter().flat_map(|lane| &lane.jobs);
    jobs.map(|job| job.request.id.as_str()).collect()
}

proptest! {
    #[test]
    fn a_plan_follows_from_its_inputs(cases in vec(case(), 0..12), used in 0_i64..9_000) {
        prop_assert_eq!(scene(&cases, used).plan(), scene(&cases, used).plan());
    }

    #[test]
    fn the_order_of_files_does_not_matter(cases in vec(case(), 0..12), used in 0_i64..9_000) {
        let forward = scene(&cases, used);
        let mut backward = scene(&cases, used);
        backward.declared.requests.reverse();
        backward.declared.invalid.reverse();
        prop_assert_eq!(forward.plan(), backward.plan());
    }

    #[test]
    fn recorded_changes_are_not_proposed_again(cases in vec(case(), 0..12), used in 0_i64..9_000) {
        let mut scene = scene(&cases, used);
        let first = scene.plan();
        scene.apply(&first);
        let second = scene.plan();
        prop_assert_eq!(&second.changes, &vec![]);
        prop_assert_eq!(&second.notices, &vec![]);
        prop_assert_eq!(second.cancels, 0);
        prop_assert_eq!(jobs(&second), jobs(&first));
    }

    #[test]
    fn an_import_is_worked_on_or_not(cases in vec(case(), 0..12), used in 0_i64..9_000) {
        let plan = scene(&cases, used).plan();
        let lines: BTreeSet<&str> =
            plan.imports.iter().map(|import| import.request_id.as_str()).collect();
        prop_assert_eq!(lines.len(), plan.imports.len(), "one line each");
        let worked_on: Vec<&str> = jobs(&plan);
        let distinct: BTreeSet<&str> = worked_on.iter().copied().collect();
        prop_assert_eq!(distinct.len(), worked_on.len(), "one job each");
        for import in &plan.imports {
            let is_worked_on = distinct.contains(import.request_id.as_str());
            prop_assert_eq!(is_worked_on, import.action == Action::Import);
            prop_assert!(!import.reason.is_empty());
        }
        for job in plan.lanes.iter().flat_map(|lane| &lane.jobs) {
            prop_assert_eq!(job.record.phase, line(&plan, &job.request.id).phase);
            if job.kind == JobKind::Import {
                prop_assert!(job.record.phase.is_unfinished());
            }
        }
    }

    #[test]
    fn only_a_file_that_is_gone_cancels(cases in vec(case(), 0..12), used in 0_i64..9_000) {
        let plan = scene(&cases, used).plan();
        let gone = cases.iter().filter(|case| {
            case.file == File::Gone && case.phase.is_some_and(Phase::is_unfinished)
        });
        prop_assert_eq!(plan.cancels, gone.count());
        let cancelled = plan.changes.iter().filter(|row| row.phase == Phase::Cancelled);
        prop_assert_eq!(cancelled.count(), plan.cancels);
    }

    #[test]
    fn a_lane_is_one_account_and_keeps_the_order_of_work(cases in vec(case(), 0..12), used in 0_i64..9_000) {
        let plan = scene(&cases, used).plan();
        let accounts: BTreeSet<_> =
            plan.lanes.iter().map(|lane| (&lane.platform, &lane.account)).collect();
        prop_assert_eq!(accounts.len(), plan.lanes.len());
        for lane in &plan.lanes {
            let order: Vec<_> = lane
                .jobs
                .iter()
                .map(|job| (job.request.requested_completion, job.request.urgency, &job.request.id))
                .collect();
            prop_assert!(order.is_sorted());
            prop_assert!(lane.jobs.iter().all(|job| job.request.account == lane.account));
        }
    }

    /// Whatever the night holds, no work is lost: an import's date is never before tonight, and what
    /// comes later in a lane never ends earlier than what comes first, if both are worked on tonight.
    #[test]
    fn dates_follow_the_queue(cases in vec(case(), 0..12), used in 0_i64..9_000) {
        let plan = scene(&cases, used).plan();
        let tonight = at(super::scene::NIGHT).to_string()[..10].parse().expect("a date");
        for lane in &plan.lanes {
            let dates: Vec<_> = lane
                .jobs
                .iter()
                .filter(|job| job.kind == JobKind::Import)
                .filter_map(|job| line(&plan, &job.request.id).expected_completion)
                .collect();
            prop_assert!(dates.is_sorted());
            prop_assert!(dates.iter().all(|date| *date >= tonight));
        }
    }
}
