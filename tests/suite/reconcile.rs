//! The main job: the whole engine against a simulated Gong, on a clock that nobody waits for. The real
//! program, with kill -9 and exit codes, is in `program`.

mod edited;
mod failures;
mod limits;
mod program;
mod settling;
mod stops;

use std::time::Duration;

use call_import_engine::model::Phase;
use jiff::civil::Date;
use simulator::{
    Config, Running, Simulator,
    gong::{self, Population},
};

use crate::{
    platforms::{gong::told, nights::assert_recorded},
    record,
    support::{Scene, VirtualClock},
};

const NIGHT: &str = "2026-12-01T01:17:00Z";

/// A Gong with these calls, on the scene's clock, that the scene's requests are sent to.
pub(crate) fn gong(scene: &mut Scene, population: Population) -> Running {
    gong_with(scene, gong::Config::new(population), Duration::ZERO)
}

pub(crate) fn gong_with(scene: &mut Scene, config: gong::Config, latency: Duration) -> Running {
    let clock: VirtualClock = scene.clock.clone();
    let running = Simulator::start(Config {
        clock: std::sync::Arc::new(clock),
        latency,
        ..Config::gong(config)
    })
    .expect("the simulator starts");
    scene
        .platform_urls
        .insert("gong".into(), running.url.clone());
    running
}

pub(crate) fn population(calls: u32, from: &str, to: &str) -> Population {
    Population::new(1, calls, date(from), date(to), 6)
}

pub(crate) fn date(text: &str) -> Date {
    text.parse().expect("a date")
}

/// What Gong's request plan says for these windows: the workspaces once, a page for each 100 calls of a
/// window and at least one, and a batch for each 100 transcripts of all windows together.
fn planned_requests(scene: &Scene) -> usize {
    let listed = record::query(&scene.database(), "SELECT listed::VARCHAR FROM checkpoints");
    let listed: Vec<usize> = listed
        .iter()
        .map(|count| count.parse().expect("a number"))
        .collect();
    let pages: usize = listed.iter().map(|count| count.div_ceil(100).max(1)).sum();
    1 + pages + listed.iter().sum::<usize>().div_ceil(100)
}

#[tokio::test]
async fn five_thousand_calls_cost_the_planned_requests_and_no_429() {
    let mut scene = Scene::new(NIGHT);
    let running = gong(&mut scene, population(5_000, "2024-01-01", "2026-10-31"));
    scene.request(
        "northwind",
        "Northwind Robotics",
        "period: {from: 2024-01-01, to: 2026-10-31}\n",
    );

    let report = scene.run("first").await;

    let log = running.gong().log();
    assert_eq!(log.len(), planned_requests(&scene), "requests sent");
    assert_eq!(
        report.run.requests_sent,
        i64::try_from(log.len()).expect("a few")
    );
    assert_eq!(log.count_status(429), 0);
    assert!(
        log.most_within(Duration::from_secs(1)) <= 2,
        "our half of three a second"
    );
    let import = &report.imports[0];
    assert_eq!(
        (import.phase, import.calls_listed, import.calls_imported),
        (Phase::Completed, 5_000, 5_000)
    );
    assert_recorded(&scene, running.gong().population(), told);

    let before = record::dump(&scene.database());
    let sent = log.len();
    let again = scene.run("second").await;
    assert_eq!(
        log.len(),
        sent,
        "a second run on the same day sends nothing"
    );
    assert_eq!(
        record::dump(&scene.database()),
        before,
        "a second run changes nothing"
    );
    assert_eq!(again.run.requests_sent, 0);
}

#[tokio::test]
async fn accounts_run_side_by_side_and_the_imports_of_one_account_share_its_limit() {
    let mut scene = Scene::new(NIGHT);
    let mut config = gong::Config::new(population(600, "2026-05-01", "2026-10-31"));
    let mut other = config.companies[0].clone();
    other.access_key = "other".into();
    other.population = Population::new(2, 300, date("2026-05-01"), date("2026-10-31"), 6);
    config.companies.push(other);
    let running = gong_with(&mut scene, config, Duration::from_secs(3));
    scene.request(
        "north-1",
        "Northwind",
        "period: {from: 2026-08-01, to: 2026-10-31}\n",
    );
    scene.request(
        "north-2",
        "Northwind",
        "period: {from: 2026-05-01, to: 2026-07-31}\n",
    );
    let credential = r#"{"access_key": "other", "access_key_secret": "demo-secret"}"#;
    scene
        .secrets
        .insert("IMPORT_FABRIKAM_GONG".into(), credential.into());
    scene.request(
        "fabrikam",
        "Fabrikam",
        "period: {from: 2026-05-01, to: 2026-10-31}\n",
    );

    let report = scene.run("first").await;

    assert!(
        report
            .imports
            .iter()
            .all(|import| import.phase == Phase::Completed),
        "{:?}",
        report.imports
    );
    let log = running.gong().log();
    assert_eq!(log.count_status(429), 0);
    let of = |caller: &str| {
        let entries = log.entries();
        let times: Vec<_> = entries
            .iter()
            .filter(|entry| entry.caller.as_deref() == Some(caller))
            .map(|entry| entry.at)
            .collect();
        times
    };
    let (ours, others) = (of("demo"), of("other"));
    for times in [&ours, &others] {
        let closest = times
            .windows(2)
            .map(|pair| pair[1].duration_since(pair[0]).as_millis())
            .min();
        assert!(
            closest >= Some(666),
            "one limiter an account: {closest:?} ms apart"
        );
    }
    assert!(
        others[0] < ours[ours.len() - 1] && ours[0] < others[others.len() - 1],
        "side by side"
    );
    assert_eq!(
        record::value(&scene.database(), "SELECT count(*)::VARCHAR FROM calls"),
        "900"
    );
}

#[tokio::test]
async fn a_run_on_one_request_asks_nobody_to_mend_another() {
    let mut scene = Scene::new(NIGHT);
    let _running = gong(&mut scene, population(3, "2026-10-01", "2026-10-31"));
    let period = "period: {from: 2026-10-01, to: 2026-10-31}\n";
    scene.request("northwind", "Northwind", period);
    scene.write("broken.yaml", "customer: Fabrikam\nplatform: gong\n");
    let held = |report: &call_import_engine::reconcile::Report| report.held().len();
    assert_eq!(held(&scene.run("all").await), 1);
    scene.only = Some("northwind".into());
    assert_eq!(held(&scene.run("one").await), 0);
}
