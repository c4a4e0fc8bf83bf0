//! The real program, as a workflow runs it: its environment, the job summary, and what must not leak.

use std::process::Command;

use simulator::{
    Config, Running, Simulator,
    github::{self, Place, PullRequest},
    gong,
};

use crate::{
    reconcile::population,
    record,
    support::{self, Scene},
};

/// Stands in no output.
const TOKEN: &str = "canary-token-of-the-job";

/// Stands in no output either.
const SECRET: &str = "canary-secret-of-the-customer";

/// A folder as after a checkout, with a Gong and a GitHub that know nothing of a simulated time.
fn checkout() -> (Scene, Running, Running) {
    let mut scene = Scene::new("2026-12-01T01:17:00Z");
    let credential = format!(r#"{{"access_key": "demo", "access_key_secret": "{SECRET}"}}"#);
    scene
        .secrets
        .insert("IMPORT_NORTHWIND_GONG".into(), credential);
    scene.request(
        "northwind",
        "Northwind",
        "requested_by: sam-lee\nperiod: {from: 2026-09-01, to: 2026-10-31}\n",
    );
    let matrix = support::root().join("matrix.yaml");
    std::fs::copy(matrix, scene.folder.path().join("matrix.yaml")).expect("a copy");
    let mut config = gong::Config::new(population(30, "2026-09-01", "2026-10-31")).without_limits();
    config.companies[0].access_key_secret = SECRET.into();
    let calls = Simulator::start(Config::gong(config)).expect("the simulator starts");
    let config = github::Config {
        token: TOKEN.into(),
        ..github::Config::default()
    };
    let github = Simulator::start(Config::github(config)).expect("the simulator starts");
    github.github().merge(PullRequest::new(
        12,
        "jane-doe",
        ["requests/northwind.yaml"],
    ));
    (scene, calls, github)
}

fn reconcile(scene: &Scene, calls: &Running, github: &Running) -> Command {
    let mut command = support::program(scene.folder.path());
    command
        .args([
            "reconcile",
            "-vv",
            "--database",
            "record.duckdb",
            "--platform-url",
        ])
        .arg(format!("gong={}", calls.url))
        .envs(&scene.secrets)
        .env("GITHUB_REPOSITORY", "example/imports")
        .env("GITHUB_TOKEN", TOKEN)
        .env("GITHUB_API_URL", &github.url)
        .env(
            "GITHUB_STEP_SUMMARY",
            scene.folder.path().join("summary.md"),
        );
    command
}

#[test]
fn a_night_comments_writes_the_summary_and_gives_no_secret_away() {
    let (scene, calls, github) = checkout();
    let output = reconcile(&scene, &calls, &github)
        .output()
        .expect("the program runs");
    let (stdout, stderr) = support::text(&output);
    assert!(output.status.success(), "{stdout}\n{stderr}");

    let comments = github.github().comments(&Place::PullRequest(12));
    assert_eq!(comments.len(), 2, "a status and an event");
    let summary =
        std::fs::read_to_string(scene.folder.path().join("summary.md")).expect("a summary");
    assert!(summary.starts_with("## 1 import: 1 is done."), "{summary}");
    assert!(summary.contains("| #12 |"), "{summary}");

    let record = std::fs::read(scene.database()).expect("the record");
    let mut sinks = vec![
        stdout,
        stderr,
        summary,
        String::from_utf8_lossy(&record).into_owned(),
    ];
    sinks.extend(comments.into_iter().map(|comment| comment.body));
    for sink in &sinks {
        assert!(!sink.contains(TOKEN) && !sink.contains(SECRET), "{sink}");
    }
}

#[test]
fn a_wrong_token_fails_no_import() {
    let (scene, calls, github) = checkout();
    let output = reconcile(&scene, &calls, &github)
        .env("GITHUB_TOKEN", "outdated")
        .output()
        .expect("the program runs");
    let (_, stderr) = support::text(&output);
    assert!(output.status.success(), "{stderr}");
    assert!(stderr.contains("Bad credentials"), "{stderr}");
    let summary =
        std::fs::read_to_string(scene.folder.path().join("summary.md")).expect("a summary");
    assert!(
        summary.contains("1 message could not be told on GitHub tonight."),
        "{summary}"
    );
    let waiting = "SELECT count(*)::VARCHAR FROM notifications WHERE delivered_at IS NULL";
    assert_eq!(record::value(&scene.database(), waiting), "1");
}

#[test]
fn without_github_nobody_is_told_and_nothing_is_lost() {
    let (scene, calls, github) = checkout();
    let output = reconcile(&scene, &calls, &github)
        .arg("--no-github")
        .output()
        .expect("the program runs");
    assert!(output.status.success());
    assert!(github.github().log().entries().is_empty());
    assert!(!scene.folder.path().join("summary.md").exists());
    let output = reconcile(&scene, &calls, &github)
        .output()
        .expect("the program runs");
    assert!(output.status.success());
    assert_eq!(github.github().comments(&Place::PullRequest(12)).len(), 2);
}

#[test]
fn wrong_settings_are_told_before_anything_is_done() {
    for (name, value, told) in [
        (
            "GITHUB_REPOSITORY",
            "imports",
            "GITHUB_REPOSITORY is not owner/name",
        ),
        (
            "GITHUB_API_URL",
            "not an address",
            "GITHUB_API_URL is not an address",
        ),
    ] {
        let (scene, calls, github) = checkout();
        let output = reconcile(&scene, &calls, &github)
            .env(name, value)
            .output()
            .expect("the program runs");
        let (_, stderr) = support::text(&output);
        assert_eq!(output.status.code(), Some(3), "{stderr}");
        assert!(stderr.contains(told), "{stderr}");
        assert!(calls.gong().log().is_empty());
    }
}
