//! Whole nights whose record is kept elsewhere, on a clock that nobody waits for.

use std::{fs, path::Path, sync::Arc, time::Duration};

use call_import_engine::{
    clock::Clock as _,
    model::Phase,
    reconcile::ReconcileError,
    state::{self, StateError},
};
use jiff::{SignedDuration, Timestamp};
use simulator::{
    Config, Running, Simulator, github,
    github::{Place as Number, PullRequest},
    gong,
};

use super::{Depot, names, standing};
use crate::{
    reconcile::{gong_with, population},
    record,
    store::fixtures::Place,
    support::Scene,
};

const NIGHT: &str = "2026-12-01T01:17:00Z";

/// A Gong that takes ten minutes for every answer, a pull request, and a home for the record.
fn slow_night(calls: u32) -> (Scene, Depot, [Running; 2]) {
    let (mut scene, depot) = (Scene::new(NIGHT), Depot::new());
    let config = gong::Config::new(population(calls, "2026-08-01", "2026-10-31"));
    let platform = gong_with(&mut scene, config, Duration::from_secs(600));
    let running = Simulator::start(Config {
        clock: Arc::new(scene.clock.clone()),
        ..Config::github(github::Config::default())
    })
    .unwrap();
    scene.github_url = Some(running.url.clone());
    scene.request(
        "northwind",
        "Northwind",
        "period: {from: 2026-08-01, to: 2026-10-31}\n",
    );
    let number_12 = PullRequest::new(12, "jane-doe", ["requests/northwind.yaml"]);
    running.github().merge(number_12);
    scene.home = Some(depot.home());
    (scene, depot, [platform, running])
}

fn comments(running: &Running) -> usize {
    running.github().comments(&Number::PullRequest(12)).len()
}

fn copy(from: &Path, to: &Path) {
    for name in names(from) {
        fs::copy(from.join(&name), to.join(&name)).unwrap();
    }
}

#[tokio::test]
async fn the_record_is_saved_every_half_hour_and_before_and_after_people_are_told() {
    let (scene, depot, [_platform, github]) = slow_night(400);
    let report = scene.run("night-1").await;
    let (began, ended) = (report.run.started_at, report.run.finished_at.unwrap());
    let minutes = ended.duration_since(began).as_mins();
    assert!(minutes >= 60, "the night took {minutes} minutes");
    let generations = i64::try_from(depot.names().len()).unwrap() / 2;
    let saved: Vec<Timestamp> = (1..=generations)
        .map(|generation| depot.manifest(generation).created_at)
        .collect();
    let mut expected: Vec<Timestamp> = (1..=minutes / 30)
        .map(|number| began + SignedDuration::from_mins(30 * number))
        .collect();
    expected.push(ended);
    let (last, rest) = saved.split_last().unwrap();
    assert_eq!(rest, expected);
    assert!(*last >= ended && comments(&github) > 0);

    let (before, after) = (Place::new(), Place::new());
    for (place, generation) in [(&before, generations - 1), (&after, generations)] {
        depot.go_back(&place.path(), generation).await.unwrap();
    }
    let delivered = "SELECT count(delivered_at) FROM notifications";
    assert_eq!(before.one::<i64>(delivered), 0);
    assert_ne!(after.one::<i64>(delivered), 0);
}

fn scene_time() -> Timestamp {
    "2026-12-02T01:17:00Z".parse().unwrap()
}

#[tokio::test]
async fn a_machine_lost_in_the_night_costs_half_an_hour() {
    let (mut scene, depot, _running) = slow_night(400);
    scene.github_url = None;
    let report = scene.run("night-1").await;
    assert_eq!(report.imports[0].phase, Phase::Completed);
    let whole = record::contents(&scene.database());

    let (mut other, kept) = (
        Scene::new(NIGHT),
        Depot {
            folder: tempfile::tempdir().unwrap(),
            team: depot.team,
        },
    );
    copy(depot.folder.path(), kept.folder.path());
    for name in kept.names() {
        if !name.contains("-1.") {
            fs::remove_file(kept.path(&name)).unwrap();
        }
    }
    copy(&scene.requests(), &other.requests());
    other.secrets = scene.secrets.clone();
    other.platform_urls = scene.platform_urls.clone();
    other.clock = scene.clock.clone();
    other.home = Some(kept.home());
    kept.restore(&other.database()).await.unwrap();
    let half = record::contents(&other.database());
    assert!(half["calls"].len() < whole["calls"].len());
    other.run("night-1-again").await;
    for (table, rows) in record::contents(&other.database()) {
        assert!(
            rows == whole[&table],
            "{table}: {} of {} rows",
            rows.len(),
            whole[&table].len()
        );
    }
}

/// Whoever is overtaken stops, tells nobody, and leaves what the other one saved.
async fn overtaken(calls: u32, when: impl Fn(Timestamp) -> bool + Sync) -> (ReconcileError, usize) {
    let (scene, depot, [_platform, github]) = slow_night(calls);
    let rival = Depot {
        folder: tempfile::tempdir().unwrap(),
        team: super::Team::of(1),
    };
    let there = Place::new();
    super::with_calls(&there, &["1"]).await;
    // The same team has another machine.
    let home = depot.team.home(rival.folder.path());
    let store = super::open(&there.path(), "rival");
    state::save(&home, &store, "rival", scene_time())
        .await
        .unwrap();
    store.close().await.unwrap();

    let mut come = false;
    let error = scene
        .try_run("night-1", &mut |_| {
            if !come && when(scene.clock.now()) {
                copy(rival.folder.path(), depot.folder.path());
                come = true;
            }
        })
        .await
        .unwrap_err();
    assert_eq!(depot.names(), ["manifest-1.json", "record-1.age"]);
    assert_eq!(depot.manifest(1).run_id, "rival");
    assert_eq!(
        standing(&scene.database()).0,
        0,
        "its own record was not saved"
    );
    (error, comments(&github))
}

#[tokio::test]
async fn a_run_that_another_one_overtook_tells_nobody() {
    let began: Timestamp = NIGHT.parse().unwrap();
    let at_once = overtaken(400, |_| true).await;
    let at_the_end = overtaken(50, |now| now > began + SignedDuration::from_mins(15)).await;
    for (error, comments) in [at_once, at_the_end] {
        let ReconcileError::State(error) = error else {
            panic!("{error}");
        };
        assert!(
            matches!(error, StateError::Faster { generation: 1, .. }),
            "{error}"
        );
        assert_eq!((error.exit_code(), comments), (5, 0));
    }
}

#[tokio::test]
async fn a_home_that_is_away_for_a_while_is_no_reason_to_stop() {
    let (scene, depot, [_platform, github]) = slow_night(400);
    let (home, away) = (depot.path("kept"), depot.path("away"));
    fs::write(&home, "in the way").unwrap();
    let mut scene = scene;
    scene.home = Some(depot.team.home(&home));
    let back: Timestamp = NIGHT.parse::<Timestamp>().unwrap() + SignedDuration::from_mins(40);
    scene
        .try_run("night-1", &mut |_| {
            if home.is_file() && scene.clock.now() > back {
                fs::rename(&home, &away).unwrap();
            }
        })
        .await
        .unwrap();
    assert!(names(&home).len() >= 4 && comments(&github) > 0);
}

#[tokio::test]
async fn what_cannot_be_saved_is_told_to_nobody() {
    let (mut scene, depot, [_platform, github]) = slow_night(50);
    let home = depot.path("kept");
    fs::write(&home, "in the way").unwrap();
    scene.home = Some(depot.team.home(&home));
    let error = scene.try_run("night-1", &mut |_| {}).await.unwrap_err();
    let ReconcileError::State(error) = error else {
        panic!("{error}");
    };
    assert_eq!((error.exit_code(), comments(&github)), (3, 0));
    fs::remove_file(&home).unwrap();
    scene.run("night-2").await;
    assert!(names(&home).len() >= 2 && comments(&github) > 0);
}
