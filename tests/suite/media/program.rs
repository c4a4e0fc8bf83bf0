//! The real program: kill -9, no place for recordings, a bucket, and what is held in memory.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpStream,
    process::{Child, Command, Stdio},
};

use sha2::{Digest as _, Sha256};
use simulator::{Config, Running, Simulator, gong, media};

use super::{Copy, Studio};
use crate::{
    reconcile::population,
    record,
    state::bucket::{Bucket, settings},
    support::{self, Scene},
};

/// Gong with its host on the machine's clock, and a matrix whose limits no test waits for.
fn studio(calls: u32, bytes: usize) -> Studio {
    let mut scene = Scene::new("2026-12-01T01:17:00Z");
    let host = Simulator::start(Config::media(media::Config { bytes })).expect("the host starts");
    let population = population(calls, "2026-09-01", "2026-10-31");
    let mut config = gong::Config::new(population).without_limits();
    config.links = host.links();
    let gong = Simulator::start(Config::gong(config)).expect("the simulator starts");
    scene.request(
        "northwind",
        "Northwind",
        "period: {from: 2026-09-01, to: 2026-10-31}\ninclude: [transcript, media]\n",
    );
    let matrix = fs::read_to_string(support::root().join("matrix.yaml")).expect("matrix.yaml");
    let fast = matrix.replace("requests: 3, per: second", "requests: 100000, per: second");
    fs::write(scene.folder.path().join("matrix.yaml"), fast).expect("a file");
    Studio { scene, gong, host }
}

fn command(scene: &Scene, verb: &str, media: Option<&str>) -> Command {
    let mut command = support::program(scene.folder.path());
    command
        .args([verb, "--database", "record.duckdb"])
        .envs(&scene.secrets);
    if let Some(media) = media {
        command.env("CALL_IMPORT_MEDIA", media);
    }
    command
}

fn reconcile(scene: &Scene, gong: &Running, media: Option<&str>) -> Command {
    let mut command = command(scene, "reconcile", media);
    command
        .args(["--no-github", "--platform-url"])
        .arg(format!("gong={}", gong.url));
    command
}

fn succeeds(mut command: Command) -> String {
    let output = command.output().expect("the program runs");
    let (stdout, stderr) = support::text(&output);
    assert!(output.status.success(), "{stdout}{stderr}");
    stdout
}

fn spawn(mut command: Command) -> Child {
    command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts")
}

#[test]
fn kill_9_leaves_no_half_file_and_no_recording_behind() {
    for at in [1, 7, 19] {
        let studio = studio(20, 300_000);
        let Studio { scene, gong, host } = &studio;
        let held = host.on_request(at);
        let mut child = spawn(reconcile(scene, gong, Some("kept")));
        let arrived = held.wait().expect("the request comes");
        child.kill().expect("SIGKILL");
        child.wait().expect("it is gone");
        arrived.release();
        succeeds(reconcile(scene, gong, Some("kept")));
        let recorded = studio.recorded();
        let copies: Vec<&Copy> = recorded
            .iter()
            .filter(|copy| copy.state != "unavailable")
            .collect();
        assert_eq!(copies.len(), 19, "killed at {at}");
        copies.iter().for_each(|copy| copy.must_be_whole(300_000));
        assert_eq!(studio.kept().len(), 19, "killed at {at}");
        assert!(
            host.log().len() <= 19 + 8,
            "killed at {at}: {} requests",
            host.log().len()
        );
        let left = scene.folder.path().join(".record.duckdb.media");
        assert!(!left.exists(), "killed at {at}");
    }
}

#[test]
fn without_a_place_the_import_is_held_and_says_so() {
    let studio = studio(1, 1_000);
    let Studio { scene, gong, .. } = &studio;
    let says = "there is no place to copy them to: set CALL_IMPORT_MEDIA";
    for media in [None, Some("")] {
        let plan = succeeds(command(scene, "plan", media));
        assert!(plan.contains(says), "{plan}");
        succeeds(reconcile(scene, gong, media));
        assert!(gong.log().is_empty());
        let held = record::value(
            &scene.database(),
            "SELECT phase || ': ' || reason FROM imports",
        );
        assert!(
            held.starts_with("queued: ") && held.contains(says),
            "{held}"
        );
    }
    let plan = succeeds(command(scene, "plan", Some("kept")));
    // 500 calls are estimated.
    assert!(plan.contains("About 75 GB of audio and video"), "{plan}");
    succeeds(reconcile(scene, gong, Some("kept")));
    studio.recorded()[0].must_be_whole(1_000);
    let mut nowhere = reconcile(scene, gong, Some("ftp://kept"));
    assert_eq!(nowhere.status().expect("the program runs").code(), Some(2));
}

#[test]
fn a_bucket_takes_recordings_in_pieces() {
    let Some(bucket) = Bucket::start() else {
        return;
    };
    let studio = studio(1, 20_000_000);
    let Studio { scene, gong, .. } = &studio;
    let mut command = reconcile(scene, gong, Some("s3://imports/recordings"));
    command.envs(settings(bucket.url()));
    succeeds(command);
    let copy = studio.recorded().remove(0);
    assert_eq!(copy.state, "stored");
    let path = copy
        .uri
        .strip_prefix("s3:/")
        .expect("an address of the bucket");
    assert!(
        path.starts_with("/imports/recordings/gong/northwind/"),
        "{path}"
    );
    let mut server =
        TcpStream::connect(bucket.url().trim_start_matches("http://")).expect("the server");
    let request = format!("GET {path} HTTP/1.1\r\nHost: imports\r\nConnection: close\r\n\r\n");
    server.write_all(request.as_bytes()).expect("a request");
    let mut answer = Vec::new();
    server.read_to_end(&mut answer).expect("an answer");
    let contents = &answer[answer.len() - 20_000_000..];
    assert_eq!(hex::encode(Sha256::digest(contents)), copy.sha256);
    assert_eq!(contents, media::contents(&copy.id, &copy.kind, 20_000_000));
}

/// The most memory, in kB, that the program had until it turned to the import after one with a recording of
/// that size.
#[cfg(target_os = "linux")]
fn peak(bytes: usize) -> u64 {
    let mut studio = studio(1, bytes);
    studio.scene.request(
        "zz-later",
        "Northwind",
        "period: {from: 2026-08-01, to: 2026-08-31}\n",
    );
    let Studio { scene, gong, .. } = &studio;
    // Credential, page, transcript, link.
    let held = gong.gong().on_request(5);
    let mut child = spawn(reconcile(scene, gong, Some("kept")));
    let arrived = held.wait().expect("the request comes");
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).expect("a process");
    arrived.release();
    child.wait().expect("it ends");
    studio.recorded()[0].must_be_whole(bytes);
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak = peak.and_then(|peak| peak.split_whitespace().next());
    peak.expect("Linux tells it").parse().expect("a number")
}

#[cfg(target_os = "linux")]
#[test]
fn a_recording_is_never_held_in_memory() {
    let (small, large) = (peak(1_000), peak(160_000_000));
    assert!(
        large < small + 80_000,
        "{small} kB with a small recording, {large} kB with one of 160 MB"
    );
}
