//! The real program, killed at the worst moments, and everything that it leaves behind.

use std::{
    path::Path,
    process::{Child, Command, Stdio},
    sync::{Arc, OnceLock},
};

use simulator::{
    Demo, Running, Simulator,
    faults::{Fault, Rule},
    gong,
    limits::Limits,
    media::NOWHERE,
    oauth::{self, Authority, TOKEN},
};

use super::{CONSENTED, FROM, TO, request};
use crate::{
    reconcile::population,
    record,
    support::{self, Scene},
};

/// A folder with one request that signs in by OAuth, and a matrix whose limits no test waits for.
fn scene(demo: Demo, change: impl FnOnce(&mut oauth::Config)) -> (Scene, Running) {
    let mut scene = Scene::new("2026-12-01T01:17:00Z");
    scene.with_keys();
    let (mut config, credential) = (demo.config)(population(250, FROM, TO), Limits::NONE, NOWHERE);
    change(config.oauth.as_mut().expect("it signs in by tokens"));
    let running = Simulator::start(config).unwrap();
    scene.connect(demo.key, &running.url, &credential.to_string());
    scene.write("northwind.yaml", &request(demo, FROM, TO));
    scene.without_limits(demo.key);
    scene.write_matrix();
    (scene, running)
}

fn reconcile(scene: &Scene, more: &[&str]) -> Command {
    let mut command = support::program(scene.folder.path());
    command
        .args([
            "reconcile",
            "--no-github",
            "--database",
            "record.duckdb",
            "-vv",
        ])
        .args(more)
        .envs(&scene.secrets)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    for (platform, url) in &scene.platform_urls {
        command.args(["--platform-url", &format!("{platform}={url}")]);
    }
    command
}

fn kill(child: u32) {
    let killed = Command::new("kill")
        .args(["-9", &child.to_string()])
        .status();
    assert!(killed.unwrap().success());
}

fn phase(scene: &Scene) -> String {
    let sql = "SELECT phase || ': ' || coalesce(reason, '') FROM imports";
    record::value(&scene.database(), sql)
}

/// A run that is killed after the platform has renewed the token and before it has heard of it.
fn killed_before_the_answer(scene: &Scene, running: &Running) {
    let pid = Arc::new(OnceLock::new());
    let known = Arc::clone(&pid);
    // Tokens are made by then, and nothing is sent yet.
    let fatal = Fault::rewrite(move |_| kill(*known.wait()));
    running.faults().add(Rule::new(fatal).on(TOKEN).once());
    let mut child: Child = reconcile(scene, &[])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    pid.set(child.id()).unwrap();
    assert!(!child.wait().unwrap().success());
    assert_eq!(running.log().count(TOKEN), 1);
}

#[test]
fn a_run_killed_before_it_could_save_the_token_is_told_as_what_it_is() {
    for demo in CONSENTED {
        let (scene, running) = scene(demo, |_| {});
        killed_before_the_answer(&scene, &running);
        for night in ["the next", "the one after"] {
            let output = reconcile(&scene, &[]).output().unwrap();
            let said = support::text(&output);
            assert_eq!(output.status.code(), Some(1), "{night}: {said:?}");
            assert_eq!(running.log().len(), 2, "the old token is tried once");
        }
        let told = phase(&scene).replace(demo.name, gong::DEMO.name);
        insta::assert_snapshot!("killed_between_answer_and_commit", told);
    }
}

#[test]
fn a_run_killed_before_it_could_save_the_token_goes_on_where_the_platform_lets_it() {
    let (scene, running) = scene(gong::CONSENTED, |oauth| oauth.grace = true);
    killed_before_the_answer(&scene, &running);
    let output = reconcile(&scene, &[]).output().unwrap();
    assert!(output.status.success(), "{:?}", support::text(&output));
    assert_eq!(running.log().count(TOKEN), 2);
}

#[test]
fn a_run_killed_after_it_saved_the_token_goes_on_with_it() {
    for (demo, lose_the_machine) in CONSENTED
        .into_iter()
        .flat_map(|demo| [(demo, false), (demo, true)])
    {
        let (scene, running) = scene(demo, |_| {});
        let kept: &[&str] = if lose_the_machine {
            &["--state", "kept", "--init"]
        } else {
            &[]
        };
        // The first request that the new token signs.
        let held = running.on_request(2);
        let mut child = reconcile(&scene, kept)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let arrived = held.wait().unwrap();
        kill(child.id());
        child.wait().unwrap();
        arrived.release();
        if lose_the_machine {
            std::fs::remove_file(scene.database()).unwrap();
            let log = scene.database().with_extension("duckdb.wal");
            let _ = std::fs::remove_file(log);
        } else {
            let sealed = record::query(&scene.database(), "SELECT sealed FROM credential_state");
            assert_eq!(sealed.len(), 1, "committed before it was used");
        }
        let output = reconcile(&scene, kept).output().unwrap();
        assert!(output.status.success(), "{:?}", support::text(&output));
        let of = format!("{}, lost: {lose_the_machine}", demo.key);
        assert_eq!(running.log().count(TOKEN), 1, "{of}");
        assert_eq!(running.log().count_status(401), 0, "{of}");
        assert!(phase(&scene).starts_with("completed: "), "{of}");
    }
}

#[test]
fn no_token_is_left_anywhere() {
    let (scene, running) = scene(gong::CONSENTED, |_| {});
    let authority = running.oauth().clone();
    // In the middle every token is refused once.
    running
        .faults()
        .add(Rule::new(Fault::effect(move || authority.expire())).at(4));
    let summary = scene.folder.path().join("summary.md");
    let night = || {
        reconcile(
            &scene,
            &["--state", "kept", "--init", "--log-format", "json"],
        )
        .env("GITHUB_STEP_SUMMARY", &summary)
        .output()
        .unwrap()
    };
    let first = night();
    assert!(first.status.success(), "{:?}", support::text(&first));
    // And a night in which nothing works any more.
    running.oauth().withdraw();
    for sql in [
        "UPDATE imports SET phase = 'importing', finished_at = NULL RETURNING request_id",
        "DELETE FROM checkpoints RETURNING request_id",
    ] {
        record::query(&scene.database(), sql);
    }
    let second = night();
    assert_eq!(
        second.status.code(),
        Some(1),
        "{:?}",
        support::text(&second)
    );

    let mut sinks: Vec<(String, Vec<u8>)> = Vec::new();
    for (name, output) in [("first", first), ("second", second)] {
        sinks.push((format!("{name} stdout"), output.stdout));
        sinks.push((format!("{name} stderr"), output.stderr));
    }
    files(scene.folder.path(), &mut sinks);
    assert!(sinks.len() > 8, "{}", sinks.len());
    let tables = record::query(
        &scene.database(),
        "SELECT table_name FROM information_schema.tables WHERE table_type = 'BASE TABLE'",
    );
    for table in tables {
        let rows = record::query(
            &scene.database(),
            &format!("SELECT t::VARCHAR FROM {table} t"),
        );
        sinks.push((table, rows.join("\n").into_bytes()));
    }
    let secret = oauth::Config::gong().client_secret;
    for (name, bytes) in sinks {
        for canary in [Authority::mark(), &secret] {
            let found = bytes
                .windows(canary.len())
                .any(|part| part == canary.as_bytes());
            assert!(!found, "{canary} is in {name}");
        }
    }
}

fn files(folder: &Path, sinks: &mut Vec<(String, Vec<u8>)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, sinks);
        } else {
            sinks.push((path.display().to_string(), std::fs::read(&path).unwrap()));
        }
    }
}
