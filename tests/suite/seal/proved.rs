//! A key that is proved before it is sealed, keys that are exchanged, and whose keys count on a branch.

use std::{
    fs,
    process::{Command, Output},
};

use call_import_engine::secrets::IDENTITY;
use serde_json::json;
use simulator::Simulator;

use super::{CANARY, Office, gong, piped, run, shown};
use crate::{reconcile::population, record, support};

/// What the simulator takes for right.
fn right() -> String {
    json!({"access_key": "demo", "access_key_secret": "demo-secret"}).to_string()
}

fn prove(office: &Office, url: &str, credential: &str) -> Output {
    let url = format!("gong={url}");
    let arguments = ["seal", "northwind", "--prove", "--platform-url", &url];
    office.run(&arguments, credential)
}

#[test]
fn the_platform_says_whether_the_key_works_before_it_is_sealed() {
    let office = Office::new();
    let running = gong();
    let before = office.read("northwind.yaml");
    let wrong = json!({"access_key": "demo", "access_key_secret": CANARY}).to_string();
    let refused = prove(&office, &running.url, &wrong);
    assert_eq!(office.read("northwind.yaml"), before, "nothing was sealed");
    let works = prove(&office, &running.url, &right());
    assert!(office.read("northwind.yaml").contains("sealed: |"));
    assert_eq!(running.gong().log().len(), 3, "one, and then two requests");
    let unproved = prove(&office, "http://127.0.0.1:9", &right());
    let all = [refused, works, unproved].map(|output| shown(&output));
    let all = all.join("\n");
    assert!(!all.contains(CANARY), "{all}");
    let mut settings = super::settings();
    settings.add_filter(r"It sees (at least )?\d+ calls?", "It sees [count] calls");
    settings.add_filter(r"It sees no call[^?]*\?", "It sees [count] calls");
    settings.bind(|| insta::assert_snapshot!("proved", all));
}

#[test]
fn each_platform_that_tells_where_a_key_leads_is_quoted() {
    let office = Office::new();
    let demos = [
        simulator::avoma::DEMO,
        simulator::chorus::DEMO,
        simulator::fathom::DEMO,
        simulator::fireflies::DEMO,
        simulator::gong::DEMO,
        simulator::grain::DEMO,
        simulator::tldv::DEMO,
    ];
    let told = demos.map(|demo| {
        let population = population(120, "2025-11-01", "2026-10-31");
        let (config, credential) = (demo.config)(population, demo.limits, "127.0.0.1");
        let running = Simulator::start(config).unwrap();
        let url = format!("{}={}", demo.key, running.url);
        let output = office.run(
            &[
                "seal",
                "--prove",
                "--customer",
                "Northwind",
                "--platform",
                demo.key,
                "--platform-url",
                &url,
            ],
            &credential.to_string(),
        );
        let (_, stderr) = support::text(&output);
        assert!(output.status.success(), "{stderr}");
        stderr.lines().next().unwrap_or_default().to_owned()
    });
    let mut settings = super::settings();
    settings.add_filter(r"It sees (at least )?\d+ calls?", "It sees [count] calls");
    settings.add_filter(
        r"It sees no call[^?]*\?",
        "It sees [count] calls of the last 30 days.",
    );
    settings.bind(|| insta::assert_snapshot!("proved_elsewhere", told.join("\n")));
}

/// Seals everything anew with these secret keys.
fn rotate(office: &Office, secret_keys: &str) -> Output {
    let mut command = support::program(office.scene.folder.path());
    command
        .args(["seal", "--rotate"])
        .env(IDENTITY, secret_keys);
    piped(&mut command, "")
}

/// What is recorded of an import, but for what every attempt raises.
fn row(office: &Office, request: &str) -> String {
    let sql = format!(
        "SELECT i::VARCHAR FROM (SELECT * EXCLUDE (credential_fingerprint, requests_sent, updated_at)
         FROM imports WHERE request_id = '{request}') i"
    );
    record::value(&office.scene.database(), &sql)
}

/// How often people were told that a credential is refused.
fn told(office: &Office) -> String {
    let sql = "SELECT count(*)::VARCHAR FROM notifications WHERE kind = 'needs_credentials'";
    record::value(&office.scene.database(), sql)
}

#[test]
fn new_keys_import_nothing_again_and_are_no_news() {
    let office = Office::new();
    let running = gong();
    office.seal("northwind", "demo", "demo-secret");
    let refused = super::REQUEST.replace("Northwind Robotics", "Fabrikam");
    office.scene.write("fabrikam.yaml", &refused);
    office.seal("fabrikam", "demo", "revoked");
    office.night(&running, &office.secret_key);
    assert!(office.phase("northwind").starts_with("completed"));
    assert!(office.phase("fabrikam").starts_with("needs_credentials"));
    let before = ["northwind", "fabrikam"].map(|id| row(&office, id));
    let calls = record::dump(&office.scene.database());
    let sent = running.gong().log().len();

    // The old key goes, a new one comes.
    let old_keys = office.read("recipients.txt");
    let old_requests = [office.read("northwind.yaml"), office.read("fabrikam.yaml")];
    office.scene.remove("recipients.txt");
    let new_key = support::text(&office.run(&["keygen"], "")).0;
    assert_ne!(office.read("recipients.txt"), old_keys);
    let without = rotate(&office, "");
    assert_eq!(without.status.code(), Some(1), "{}", shown(&without));
    let output = rotate(&office, &office.secret_key);
    super::settings().bind(|| insta::assert_snapshot!("rotated", shown(&output)));
    for (file, old) in ["northwind.yaml", "fabrikam.yaml"]
        .iter()
        .zip(&old_requests)
    {
        assert_ne!(office.read(file), *old);
    }
    assert_eq!(office.scene.declared().findings, []);

    // The night has the new key alone. What waits for a credential tries it once, and has no news.
    for _ in 0..2 {
        let night = office.night(&running, &new_key);
        assert!(
            !shown(&night).contains("cannot be opened"),
            "{}",
            shown(&night)
        );
        assert_eq!(running.gong().log().len(), sent + 1, "one is asked once");
        assert_eq!(record::dump(&office.scene.database()), calls);
        assert_eq!(["northwind", "fabrikam"].map(|id| row(&office, id)), before);
        assert_eq!(told(&office), "1");
    }

    // Another key that is refused is news, and so is what comes of a retry.
    office.seal("fabrikam", "demo", "revoked as well");
    office.night(&running, &new_key);
    assert_eq!(told(&office), "2");
    let retry = ["retry", "fabrikam", "--database", "record.duckdb"];
    assert!(office.run(&retry, "").status.success());
    office.night(&running, &new_key);
    assert_eq!(told(&office), "3");
    assert!(rotate(&office, &new_key).status.success());
    office.night(&running, &new_key);
    assert_eq!(told(&office), "3");
    office.seal("fabrikam", "demo", "demo-secret");
    office.night(&running, &new_key);
    assert!(
        office.phase("fabrikam").starts_with("completed"),
        "{}",
        office.phase("fabrikam")
    );
}

fn git(office: &Office, arguments: &[&str]) {
    let output = Command::new("git")
        .arg("-C")
        .arg(office.scene.folder.path())
        .args([
            "-c",
            "user.name=Jane",
            "-c",
            "user.email=jane@northwind.example",
        ])
        .args(arguments)
        .output()
        .unwrap();
    assert!(output.status.success(), "{:?}", support::text(&output));
}

#[test]
fn on_a_branch_the_keys_of_main_count() {
    let office = Office::new();
    git(&office, &["init", "--quiet", "--initial-branch", "main"]);
    git(&office, &["add", "--all"]);
    git(&office, &["commit", "--quiet", "--message", "Begin"]);
    let same = office.run(&["seal", "northwind"], &right());
    let (_, stderr) = support::text(&same);
    assert!(stderr.contains("Sealed to the keys of main."), "{stderr}");

    git(&office, &["checkout", "--quiet", "-b", "feature"]);
    office.scene.remove("recipients.txt");
    let foreign = support::text(&run(&office.scene, &["keygen"], "")).0;
    let output = office.run(&["seal", "northwind"], &right());
    super::settings().bind(|| insta::assert_snapshot!("on_a_branch", shown(&output)));
    let running = gong();
    office.night(&running, &foreign);
    assert!(office.phase("northwind").starts_with("needs_credentials"));
    fs::remove_file(office.scene.database()).unwrap();
    office.night(&running, &office.secret_key);
    assert!(
        office.phase("northwind").starts_with("completed"),
        "{}",
        office.phase("northwind")
    );
}
