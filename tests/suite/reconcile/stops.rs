//! A run may end anywhere; the next one goes on.

use std::panic::AssertUnwindSafe;

use call_import_engine::{model::Phase, reconcile::Event, store::RunOutcome};
use futures_util::FutureExt;
use jiff::SignedDuration;

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
