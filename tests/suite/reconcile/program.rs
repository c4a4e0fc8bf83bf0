//! The real program: the embedded default, kill -9, exit codes.

use std::{
    process::{Child, Command, Stdio},
    sync::Arc,
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use simulator::{
    Config, Running, Simulator,
    clock::{Clock, Sleep, SystemClock},
    gong,
};

use super::population;
use crate::{
    record,
    support::{self, Scene},
};

/// A copy of the project's own requests and matrix, as after a clone.
fn clone_of_the_project() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    copy(
        &support::root().join("requests"),
        &folder.path().join("requests"),
    );
    std::fs::copy(
        support::root().join("matrix.yaml"),
        folder.path().join("matrix.yaml"),
    )
    .expect("a copy");
    folder
}

fn copy(from: &std::path::Path, to: &std::path::Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("a copy");
        }
    }
}

#[test]
fn the_embedded_default_imports_the_example_and_the_second_run_changes_nothing() {
    let folder = clone_of_the_project();
    let database = folder.path().join("call-import.duckdb");
    let run = || {
        support::program(folder.path())
            .arg("reconcile")
            .output()
            .expect("the program runs")
    };
    let first = run();
    assert!(first.status.success(), "{:?}", support::text(&first));
    let before = record::dump(&database);
    assert!(before["calls"].len() >= 3 && before["transcript_segments"].len() > 20);
    let second = run();
    assert!(second.status.success(), "{:?}", support::text(&second));
    assert_eq!(record::dump(&database), before);
    assert_eq!(
        record::value(&database, "SELECT phase FROM imports"),
        "completed"
    );
}

#[test]
fn a_real_night_never_imports_the_example() {
    let folder = clone_of_the_project();
    let output = support::program(folder.path())
        .args(["reconcile", "--no-github"])
        .env("GITHUB_REPOSITORY", "northwind/imports")
        .output()
        .expect("the program runs");
    assert!(output.status.success(), "{:?}", support::text(&output));
    let database = folder.path().join("call-import.duckdb");
    assert_eq!(
        record::value(&database, "SELECT count(*)::VARCHAR FROM calls"),
        "0"
    );
}

/// A folder with one Gong request, and a matrix whose limits no test waits for.
fn gong_scene(calls: u32) -> (Scene, Running) {
    let mut scene = Scene::new("2026-12-01T01:17:00Z");
    let config = gong::Config::new(population(calls, "2025-11-01", "2026-10-31")).without_limits();
    let running = Simulator::start(Config::gong(config)).expect("the simulator starts");
    scene.request(
        "northwind",
        "Northwind",
        "period: {from: 2025-11-01, to: 2026-10-31}\n",
    );
    let matrix = std::fs::read_to_string(support::root().join("matrix.yaml")).expect("matrix.yaml");
    let fast = matrix.replace("requests: 3, per: second", "requests: 100000, per: second");
    assert_ne!(matrix, fast, "Gong's limit stands in the matrix");
    std::fs::write(scene.folder.path().join("matrix.yaml"), fast).expect("a file");
    (scene, running)
}

fn reconcile(scene: &Scene, running: &Running) -> Command {
    let mut command = support::program(scene.folder.path());
    command
        .args([
            "reconcile",
            "--no-github",
            "--database",
            "record.duckdb",
            "--format",
            "json",
            "--platform-url",
        ])
        .arg(format!("gong={}", running.url))
        .envs(&scene.secrets);
    command
}

fn spawn(mut command: Command) -> Child {
    command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts")
}

#[test]
fn kill_9_at_any_request_ends_in_the_same_tables() {
    let (whole, running) = gong_scene(1_030);
    let output = reconcile(&whole, &running)
        .output()
        .expect("the program runs");
    assert!(output.status.success(), "{:?}", support::text(&output));
    let requests = running.gong().log().len();
    let expected = record::contents(&whole.database());
    assert_eq!(expected["calls"].len(), 1_030);

    for at in [1, 2, 4, 7, requests / 2, requests - 1, requests] {
        let (scene, running) = gong_scene(1_030);
        let held = running.gong().on_request(at);
        let mut child = spawn(reconcile(&scene, &running));
        let arrived = held.wait().expect("the request comes");
        child.kill().expect("SIGKILL");
        child.wait().expect("it is gone");
        arrived.release();
        let output = reconcile(&scene, &running)
            .output()
            .expect("the program runs");
        assert!(
            output.status.success(),
            "killed at {at}: {:?}",
            support::text(&output)
        );
        assert_eq!(
            record::contents(&scene.database()),
            expected,
            "killed at request {at}"
        );
        assert!(
            running.gong().log().len() <= requests + at.min(8) + 8,
            "killed at request {at}"
        );
    }
}

/// A clock that is off.
struct OffBy(SignedDuration);

impl Clock for OffBy {
    fn now(&self) -> Timestamp {
        SystemClock.now() + self.0
    }

    fn sleep(&self, duration: Duration) -> Sleep {
        SystemClock.sleep(duration)
    }
}

#[test]
fn a_clock_that_is_hours_off_is_told_once() {
    for (off, said) in [
        (3, ["180 minutes behind that of Gong"].as_slice()),
        (-3, &["180 minutes ahead of that of Gong"]),
        (0, &[]),
    ] {
        let (mut scene, _) = gong_scene(120);
        let config =
            gong::Config::new(population(120, "2025-11-01", "2026-10-31")).without_limits();
        let running = Simulator::start(Config {
            clock: Arc::new(OffBy(SignedDuration::from_hours(off))),
            ..Config::gong(config)
        });
        let running = running.expect("the simulator starts");
        scene.request(
            "again",
            "Northwind",
            "period: {from: 2025-10-01, to: 2025-10-31}\n",
        );
        let output = reconcile(&scene, &running)
            .output()
            .expect("the program runs");
        let (_, log) = support::text(&output);
        let told: Vec<&str> = log
            .lines()
            .filter(|line| line.contains("clock of"))
            .collect();
        assert_eq!(told.len(), said.len(), "{told:?}");
        assert!(
            told.iter()
                .zip(said)
                .all(|(told, said)| told.contains(said)),
            "{told:?}"
        );
    }
}

#[test]
fn the_json_report_is_all_that_stands_on_stdout() {
    let (scene, running) = gong_scene(120);
    let output = reconcile(&scene, &running)
        .output()
        .expect("the program runs");
    let (stdout, _) = support::text(&output);
    let report: serde_json::Value = serde_json::from_str(&stdout).expect("one JSON document");
    assert_eq!(report["run"]["outcome"], "completed");
    assert_eq!(report["run"]["calls_imported"], 120);
    assert_eq!(report["imports"][0]["phase"], "completed");
    assert_eq!(report["imports"][0]["calls_imported"], 120);
}

#[test]
fn of_five_runs_at_the_same_time_one_works_and_the_others_are_told_who_is_there() {
    let (scene, running) = gong_scene(120);
    let held = running.gong().on_request(1);
    let mut child = spawn(reconcile(&scene, &running));
    let arrived = held.wait().expect("the request comes");
    let others: Vec<_> = (0..4)
        .map(|_| {
            let mut command = reconcile(&scene, &running);
            command.stdout(Stdio::null()).stderr(Stdio::piped());
            command.spawn().expect("the program starts")
        })
        .collect();
    for other in others {
        let other = other.wait_with_output().expect("it ends");
        let (_, stderr) = support::text(&other);
        assert_eq!(other.status.code(), Some(4), "{stderr}");
        assert!(
            stderr.contains(&child.id().to_string()),
            "it names the holder: {stderr}"
        );
    }
    assert_eq!(
        running.gong().log().len(),
        1,
        "nobody else asks the platform"
    );
    arrived.release();
    assert!(child.wait().expect("it ends").success());
}

/// The most that a process ever held in memory, in MB (`proc(5)`, VmHWM).
#[cfg(target_os = "linux")]
fn peak_memory(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).expect("it runs");
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().nth(1));
    kilobytes
        .expect("a number")
        .parse::<u64>()
        .expect("a number")
        >> 10
}

#[cfg(target_os = "linux")]
#[test]
fn ten_times_the_calls_need_no_more_memory() {
    let peaks = [500, 5_000].map(|calls| {
        let (scene, running) = gong_scene(calls);
        let (whole, other) = gong_scene(calls);
        let output = reconcile(&whole, &other)
            .output()
            .expect("the program runs");
        assert!(output.status.success(), "{:?}", support::text(&output));
        let held = running.gong().on_request(other.gong().log().len());
        let mut child = spawn(reconcile(&scene, &running));
        let arrived = held.wait().expect("the last request comes");
        let peak = peak_memory(child.id());
        arrived.release();
        assert!(child.wait().expect("it ends").success());
        peak
    });
    assert!(peaks[1] < 512, "{peaks:?} MB");
    assert!(peaks[1] < peaks[0] + 150, "{peaks:?} MB");
}

#[test]
fn sigterm_ends_a_run_with_its_summary() {
    let (scene, running) = gong_scene(1_030);
    let held = running.gong().on_request(6);
    let mut command = reconcile(&scene, &running);
    let child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts");
    let arrived = held.wait().expect("the request comes");
    let kill = Command::new("kill")
        .args(["-TERM", &child.id().to_string()])
        .status()
        .expect("kill");
    assert!(kill.success());
    let output = child
        .wait_with_output()
        .expect("it ends although the answer never came");
    arrived.release();
    let (stdout, _) = support::text(&output);
    let report: serde_json::Value = serde_json::from_str(&stdout).expect("one JSON document");
    assert_eq!(report["run"]["outcome"], "interrupted");
    assert_eq!(report["imports"][0]["phase"], "importing");
}

#[test]
fn requests_that_vanish_are_taken_for_an_accident() {
    let (scene, running) = gong_scene(120);
    running.gong().first_company().revoke();
    let first = reconcile(&scene, &running)
        .output()
        .expect("the program runs");
    assert_eq!(
        first.status.code(),
        Some(1),
        "the import needs a credential"
    );
    scene.remove("northwind.yaml");
    let empty = reconcile(&scene, &running)
        .output()
        .expect("the program runs");
    assert_eq!(empty.status.code(), Some(3), "{:?}", support::text(&empty));
    std::fs::remove_dir_all(scene.requests()).expect("the folder was there");
    let missing = reconcile(&scene, &running)
        .output()
        .expect("the program runs");
    assert_eq!(
        missing.status.code(),
        Some(3),
        "{:?}",
        support::text(&missing)
    );
    assert_eq!(
        record::value(&scene.database(), "SELECT phase FROM imports"),
        "needs_credentials"
    );
}
