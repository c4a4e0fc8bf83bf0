//! A run may end anywhere; the next one goes on.

use std::{panic::AssertUnwindSafe, time::Duration};

use call_import_engine::{
    model::Phase,
    reconcile::Event,
    spec::{AppliesTo, Per, RateLimit},
    store::RunOutcome,
};
use futures_util::FutureExt;
use jiff::{SignedDuration, ToSpan as _, civil::Date};
use simulator::{
    faults::{Fault, Rule},
    gong::TRANSCRIPT,
};

use super::{NIGHT, gong, population};
use crate::{record, support::Scene};

/// Thrown by a watcher to end a run right after a commit.
struct Cut;

fn scene() -> (Scene, simulator::Running) {
    let mut scene = Scene::new(NIGHT);
    let running = gong(&mut scene, population(730, "2025-11-01", "2026-10-31"));
    scene.request(
        "northwind",
        "Northwind",
        "period: {from: 2025-11-01, to: 2026-10-31}\n",
    );
    (scene, running)
}

#[tokio::test]
async fn a_run_cut_after_any_commit_ends_in_the_same_tables() {
    let (whole, _running) = scene();
    let mut commits = 0;
    let count =
        &mut |event: Event<'_>| commits += usize::from(matches!(event, Event::Committed { .. }));
    whole.try_run("whole", count).await.expect("a run");
    let expected = record::contents(&whole.database());
    assert!(commits > 10, "{commits} commits");

    for cut in 1..=commits {
        let (scene, running) = scene();
        let mut seen = 0;
        let throw = &mut |event: Event<'_>| {
            seen += usize::from(matches!(event, Event::Committed { .. }));
            if seen == cut {
                std::panic::panic_any(Cut);
            }
        };
        let cut_run = AssertUnwindSafe(scene.try_run("cut", throw))
            .catch_unwind()
            .await;
        assert!(
            cut_run.is_err_and(|thrown| thrown.is::<Cut>()),
            "cut after commit {cut}"
        );
        let sent = running.gong().log().len();
        scene.run("rest").await;
        assert_eq!(
            record::contents(&scene.database()),
            expected,
            "cut after commit {cut}"
        );
        let whole_run = expected["checkpoints"].len() + 2 * 8 + 8;
        assert!(
            running.gong().log().len() <= sent + whole_run,
            "what is committed is not fetched again"
        );
    }
}

#[tokio::test]
async fn the_deadline_ends_a_run_at_a_page_boundary_and_the_next_run_goes_on() {
    let (mut scene, running) = scene();
    scene.deadline = SignedDuration::from_secs(5);
    let mut runs = 0;
    loop {
        runs += 1;
        let report = scene.run(&format!("run-{runs}")).await;
        let import = &report.imports[0];
        if import.phase == Phase::Completed {
            break;
        }
        assert_eq!(import.phase, Phase::Importing);
        assert_eq!(report.run.outcome, Some(RunOutcome::Deadline));
        assert!(runs < 9, "it goes on each time");
    }
    assert!(runs > 2);
    let (whole, _other) = self::scene();
    whole.run("whole").await;
    assert_eq!(
        record::contents(&scene.database()),
        record::contents(&whole.database())
    );
    assert_eq!(running.gong().log().count_status(429), 0);
}

/// Nights that are cut and begin again at once are no way around the limits of an account.
#[tokio::test]
async fn five_imports_of_one_account_that_are_cut_stay_within_its_limits() {
    const OURS: (usize, usize) = (15, 30);
    const CUTS: usize = 3;
    let mut scene = Scene::new(NIGHT);
    let running = gong(&mut scene, population(1_500, "2025-01-01", "2026-03-31"));
    let limit = |requests, per| RateLimit {
        requests,
        per,
        applies_to: AppliesTo::All,
    };
    let row = scene.matrix.platforms.get_mut("gong").expect("Gong's row");
    row.budget_share = 0.5;
    row.rate_limits = vec![limit(30, Per::Minute), limit(60, Per::Day)];
    for (number, months) in ["01", "04", "07", "10"].iter().enumerate() {
        let from: Date = format!("2025-{months}-01").parse().expect("a date");
        let to = from.saturating_add(3.months()).yesterday().expect("a date");
        let period = format!("period: {{from: {from}, to: {to}}}\n");
        scene.request(&format!("northwind-{number}"), "Northwind", &period);
    }
    let last = "period: {from: 2026-01-01, to: 2026-03-31}\n";
    scene.request("northwind-4", "Northwind", last);

    for cut in 1..=CUTS {
        let mut seen = 0;
        let throw = &mut |event: Event<'_>| {
            seen += usize::from(matches!(event, Event::Committed { .. }));
            if seen == 2 * cut {
                std::panic::panic_any(Cut);
            }
        };
        let run = format!("cut-{cut}");
        let cut_run = AssertUnwindSafe(scene.try_run(&run, throw))
            .catch_unwind()
            .await;
        assert!(cut_run.is_err_and(|thrown| thrown.is::<Cut>()), "{run}");
    }
    let report = scene.run("rest").await;

    let waiting = report
        .imports
        .iter()
        .filter(|import| import.next_attempt_at.is_some());
    assert!(waiting.count() > 0, "the day does not suffice");
    let log = running.gong().log();
    assert_eq!(log.count_status(429), 0);
    // A cut forgets what was under way, which is one request where answers come at once.
    let (minute, day) = OURS;
    let in_a_minute = log.most_within(Duration::from_secs(60));
    assert!(in_a_minute <= minute + CUTS, "{in_a_minute} in a minute");
    assert!(
        (day..=day + CUTS).contains(&log.len()),
        "{} in a day",
        log.len()
    );
}

/// A run works on what stood in the file when it began; the next one sees what was changed.
#[tokio::test]
async fn a_request_that_is_edited_while_it_runs_is_planned_anew_by_the_next_run() {
    let mut scene = Scene::new(NIGHT);
    let running = gong(&mut scene, population(400, "2026-05-01", "2026-10-31"));
    let period = "period: {from: 2026-08-01, to: 2026-10-31}\n";
    scene.request("northwind", "Northwind", period);
    let file = scene.requests().join("northwind.yaml");
    let edit = Fault::effect(move || {
        let text = std::fs::read_to_string(&file).expect("the request");
        let longer = text.replace("from: 2026-08-01", "from: 2026-05-01");
        std::fs::write(&file, longer).expect("a file");
    });
    running.gong().faults().add(Rule::new(edit).at(3));
    let transcripts = || running.gong().log().count(TRANSCRIPT);

    let first = scene.run("night-1").await;
    let short = first.imports[0].calls_imported;
    assert_eq!(first.imports[0].phase, Phase::Completed);
    assert!((100..300).contains(&short), "{short}");
    let asked = transcripts();

    scene.clock.set("2026-12-02T01:17:00Z");
    let second = scene.run("night-2").await;
    let import = &second.imports[0];
    assert_ne!(import.digest, first.imports[0].digest);
    assert_eq!(
        (import.phase, import.calls_imported),
        (Phase::Completed, 400)
    );
    let count = "SELECT concat_ws(' ', count(*), count(DISTINCT external_id)) FROM calls";
    assert_eq!(record::value(&scene.database(), count), "400 400");
    assert!(
        transcripts() - asked <= 3,
        "those that are here are not asked for again"
    );
}
