//! The real program: what it prints, and how it ends.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use call_import_engine::secrets::IDENTITY;
use secrecy::ExposeSecret as _;
use simulator::{Config, Running, Simulator, gong};

use super::{Depot, Team, content, names, open, taken, with_calls};
use crate::{
    reconcile::population,
    record,
    store::fixtures::Place,
    support::{self, Scene},
};

/// A folder with recipients, and a record in it.
async fn place_of(team: &Team) -> Place {
    let place = Place::new();
    with_calls(&place, &["1", "2"]).await;
    fs::create_dir(place.folder.path().join("requests")).unwrap();
    fs::write(
        place.folder.path().join("requests/recipients.txt"),
        team.recipients(),
    )
    .unwrap();
    place
}

fn state(folder: &Path, team: &Team, arguments: &[&str]) -> Output {
    support::program(folder)
        .args(["state", "--database", "record.duckdb"])
        .args(arguments)
        .env(IDENTITY, team.identity(0).expose_secret())
        .output()
        .unwrap()
}

/// What a command printed, as a person would see it.
fn shown(title: &str, output: &Output) -> String {
    let (stdout, stderr) = support::text(output);
    let code = output.status.code().unwrap();
    format!("# {title}\n{stdout}{stderr}[exit {code}]\n\n")
}

#[tokio::test]
async fn every_message_says_what_happened_or_what_to_do() {
    let (team, stranger) = (Team::of(2), Team::of(1));
    let (place, other) = (place_of(&team).await, place_of(&team).await);
    let folder = place.folder.path();
    let mut told = String::new();
    let mut tell = |title: &str, folder: &Path, team: &Team, arguments: &[&str]| {
        told.push_str(&shown(title, &state(folder, team, arguments)));
    };
    tell("restore from nothing", folder, &team, &["restore", "kept"]);
    tell(
        "the same with --init",
        folder,
        &team,
        &["restore", "kept", "--init"],
    );
    tell("save", folder, &team, &["save", "kept"]);
    tell("save again", folder, &team, &["save", "kept"]);
    tell("restore what is here", folder, &team, &["restore", "kept"]);
    tell(
        "go back",
        folder,
        &team,
        &["restore", "kept", "--generation", "1"],
    );
    tell(
        "no such generation",
        folder,
        &team,
        &["restore", "kept", "--generation", "7"],
    );
    tell(
        "wrong address",
        folder,
        &team,
        &["save", "ftp://host.example/kept"],
    );
    let kept = folder.join("kept");
    let kept = kept.to_str().unwrap();
    tell(
        "never saved there",
        other.folder.path(),
        &team,
        &["restore", kept],
    );
    tell(
        "another was faster",
        other.folder.path(),
        &team,
        &["save", kept],
    );
    fs::remove_file(other.path()).unwrap();
    tell(
        "somebody else",
        other.folder.path(),
        &stranger,
        &["restore", kept],
    );
    tell(
        "nothing to save",
        other.folder.path(),
        &team,
        &["save", kept],
    );
    tell(
        "on another machine",
        other.folder.path(),
        &team,
        &["restore", kept],
    );
    fs::write(folder.join("kept/record-2.age"), "").unwrap();
    fs::remove_file(other.path()).unwrap();
    tell(
        "a damaged bundle",
        other.folder.path(),
        &team,
        &["restore", kept],
    );
    fs::remove_file(folder.join("requests/recipients.txt")).unwrap();
    tell("no recipients", folder, &team, &["save", "kept"]);

    let here = regex_free(folder.to_str().unwrap());
    insta::with_settings!({filters => vec![
        (here.as_str(), "[folder]"),
        (r"on \S+ \(process \d+\) since [0-9T:.-]+Z", "on [host] (process [pid]) since [time]"),
        (r"\w{3} \d{4}-\d\d-\d\d at \d\d:\d\d UTC", "[day] at [time] UTC"),
        (r"before-\d{8}T\d{6}Z", "before-[time]"),
        (r"\d+\.\d MB", "[size] MB"),
    ]}, {
        insta::assert_snapshot!(told);
    });
}

/// A path as a regular expression that means itself.
fn regex_free(path: &str) -> String {
    path.replace('.', r"\.")
}

#[tokio::test]
async fn a_record_in_use_is_neither_saved_nor_replaced() {
    let team = Team::of(1);
    let place = place_of(&team).await;
    let folder = place.folder.path();
    assert_eq!(
        state(folder, &team, &["save", "kept"]).status.code(),
        Some(0)
    );
    let store = open(&place.path(), "night-2");
    for arguments in [
        &["save", "kept"][..],
        &["restore", "kept"],
        &["restore", "kept", "--generation", "1"],
    ] {
        let output = state(folder, &team, arguments);
        assert_eq!(output.status.code(), Some(4), "{output:?}");
    }
    store.close().await.unwrap();
}

#[tokio::test]
async fn the_stock_age_opens_a_bundle() {
    let depot = Depot::new();
    let place = Place::new();
    with_calls(&place, &["1"]).await;
    depot.save(&place.path(), "night-1").await.unwrap();
    let key = depot.path("key.txt");
    fs::write(&key, depot.team.identity(0).expose_secret()).unwrap();
    let opened = depot.path("opened.duckdb");
    let age = Command::new("age")
        .arg("--decrypt")
        .arg("--identity")
        .arg(&key)
        .arg("--output")
        .arg(&opened)
        .arg(depot.path("record-1.age"))
        .output();
    match age {
        Ok(output) => {
            assert!(output.status.success(), "{output:?}");
            assert_eq!(content(&opened), content(&place.path()));
        }
        Err(error) => support::skipped(&format!("`age` is not installed ({error})")),
    }
}

/// A folder with one Gong request, its simulator, and a home for the record.
fn scene(team: &Team) -> (Scene, Running) {
    let mut scene = Scene::new("2026-12-01T01:17:00Z");
    let config = gong::Config::new(population(150, "2026-08-01", "2026-10-31")).without_limits();
    let running = Simulator::start(Config::gong(config)).unwrap();
    scene.request(
        "northwind",
        "Northwind",
        "period: {from: 2026-08-01, to: 2026-10-31}\n",
    );
    scene.write("recipients.txt", &team.recipients());
    fs::copy(
        support::root().join("matrix.yaml"),
        scene.folder.path().join("matrix.yaml"),
    )
    .unwrap();
    (scene, running)
}

fn reconcile(scene: &Scene, running: &Running, team: &Team, arguments: &[&str]) -> Output {
    support::program(scene.folder.path())
        .args(["reconcile", "--no-github", "--database", "record.duckdb"])
        .arg(format!("--platform-url=gong={}", running.url))
        .args(arguments)
        .envs(&scene.secrets)
        .env(IDENTITY, team.identity(0).expose_secret())
        .output()
        .unwrap()
}

#[tokio::test]
async fn nights_on_machines_without_a_memory_go_on_from_what_is_saved() {
    let team = Team::of(1);
    let (scene, running) = scene(&team);
    let night = |arguments: &[&str]| reconcile(&scene, &running, &team, arguments);
    let first = night(&["--state", "kept"]);
    assert_eq!(first.status.code(), Some(3), "no record yet: {first:?}");
    assert_eq!(running.gong().log().len(), 0);
    let first = night(&["--state", "kept", "--init", "--format", "json"]);
    assert_eq!(first.status.code(), Some(0), "{first:?}");
    let document: serde_json::Value = serde_json::from_slice(&first.stdout).unwrap();
    assert_eq!(document["imports"][0]["calls_imported"], 150);
    let before = record::contents(&scene.database());
    let sent = running.gong().log().len();

    fs::remove_file(scene.database()).unwrap();
    let second = night(&["--state", "kept"]);
    assert_eq!(second.status.code(), Some(0), "{second:?}");
    assert_eq!(running.gong().log().len(), sent, "nothing is fetched again");
    assert_eq!(record::contents(&scene.database()), before);
    assert_eq!(
        names(&scene.folder.path().join("kept")),
        [
            "manifest-1.json",
            "manifest-2.json",
            "record-1.age",
            "record-2.age"
        ]
    );
    assert_eq!(
        record::value(&scene.database(), "SELECT count(*)::VARCHAR FROM runs"),
        "2"
    );

    // A night that could never be restored does not even begin.
    let stranger = reconcile(&scene, &running, &Team::of(1), &["--state", "kept"]);
    assert_eq!(stranger.status.code(), Some(3), "{stranger:?}");
    let wrong = night(&["--init"]);
    assert_eq!(wrong.status.code(), Some(2), "{wrong:?}");

    // A dry run restores, because its plan depends on it, and saves nothing.
    fs::remove_file(scene.database()).unwrap();
    let dry = night(&["--state", "kept", "--dry-run"]);
    assert_eq!(dry.status.code(), Some(0), "{dry:?}");
    assert_eq!(names(&scene.folder.path().join("kept")).len(), 4);
    assert_eq!(record::contents(&scene.database()), before);
}

#[tokio::test]
async fn killed_anywhere_the_next_night_goes_on() {
    let team = Team::of(1);
    let (scene, running) = scene(&team);
    let first = reconcile(&scene, &running, &team, &["--state", "kept", "--init"]);
    assert_eq!(first.status.code(), Some(0), "{first:?}");
    // Killed while it saved: a record without a manifest, a copy beside the database, a run without an end.
    let kept = scene.folder.path().join("kept");
    fs::copy(kept.join("record-1.age"), kept.join("record-2.age")).unwrap();
    fs::copy(
        scene.database(),
        scene.folder.path().join(".record.duckdb.saving"),
    )
    .unwrap();
    super::sql(
        &scene.database(),
        "UPDATE runs SET outcome = NULL, finished_at = NULL; \
         UPDATE record SET sequence = sequence + 1, holder = 'night-2 on host.example'",
    );
    let next = reconcile(&scene, &running, &team, &["--state", "kept"]);
    assert_eq!(next.status.code(), Some(0), "{next:?}");
    let depot = Depot {
        folder: tempfile::tempdir().unwrap(),
        team,
    };
    for name in names(&kept) {
        fs::copy(kept.join(&name), depot.path(&name)).unwrap();
    }
    let there = Place::new();
    assert_eq!(taken(&depot.restore(&there.path()).await.unwrap()), 2);
    let runs = record::query(
        &there.path(),
        "SELECT outcome FROM runs ORDER BY started_at",
    );
    assert_eq!(runs, ["interrupted", "completed"]);
}
