//! Credentials as people paste them: several keys at once, and what no request could carry.

use call_import_engine::secrets::IDENTITY;
use serde_json::json;
use simulator::{
    Config, Running, Simulator,
    fathom::{self, TEAMS},
    limits::Limits,
};

use super::{CANARY, Office, REQUEST, gong, shown};
use crate::{reconcile::population, support};

pub(super) fn for_fathom(office: &Office) {
    let request = REQUEST.replace("platform: gong", "platform: fathom");
    office.scene.write("northwind.yaml", &request);
}

/// A night against a simulator, with the office's secret key and perhaps a secret.
fn night(office: &Office, platform: &str, running: &Running, secret: (&str, &str)) {
    let night = support::program(office.scene.folder.path())
        .args(["reconcile", "--no-github", "--database", "record.duckdb"])
        .args(["-vv", "--platform-url"])
        .arg(format!("{platform}={}", running.url))
        .env(IDENTITY, &office.secret_key)
        .env(secret.0, secret.1)
        .output()
        .unwrap();
    assert!(!shown(&night).contains(CANARY), "{}", shown(&night));
}

#[test]
fn several_keys_may_be_pasted_as_they_come() {
    for pasted in ["ada-key\nbo-key\n", "ada-key, bo-key", "ada-key\tbo-key"] {
        let mut office = Office::new();
        office.scene.without_limits("fathom");
        office.scene.write_matrix();
        for_fathom(&office);
        let sealed = office.run(&["seal", "northwind"], pasted);
        assert!(sealed.status.success(), "{}", shown(&sealed));
        assert!(shown(&sealed).contains("note: These are 2 keys."));
        assert!(!shown(&sealed).contains("warning"), "{}", shown(&sealed));
        let config = fathom::Config {
            keys: vec!["ada-key".into(), "bo-key".into()],
            limits: Limits::NONE,
            ..fathom::Config::new(population(5, "2025-11-01", "2026-10-31"))
        };
        let running = Simulator::start(Config::fathom(config)).unwrap();
        night(&office, "fathom", &running, ("UNUSED", ""));
        let phase = office.phase("northwind");
        assert!(phase.starts_with("completed"), "{phase}");
        assert_eq!(running.log().count(TEAMS), 2, "each key is proved");
    }
}

#[test]
fn what_no_request_can_carry_is_refused_and_never_repeated() {
    let office = Office::new();
    let broken = format!("{CANARY}\nsecond");
    let gong = json!({"access_key": "demo", "access_key_secret": broken}).to_string();
    let mut all = shown(&office.run(&["seal", "northwind"], &gong));
    for_fathom(&office);
    let before = office.read("northwind.yaml");
    for pasted in [
        json!({"api_keys": ["ada-key", broken]}).to_string(),
        format!("{CANARY}\u{200b}"),
        format!("[\"{CANARY}\"]"),
        ",".to_owned(),
    ] {
        all.push_str(&shown(&office.run(&["seal", "northwind"], &pasted)));
    }
    let customer = ["seal", "--customer", "Northwind", "--platform", "grain"];
    all.push_str(&shown(&office.run(&customer, &broken)));
    assert_eq!(office.read("northwind.yaml"), before);
    assert!(!all.contains(CANARY), "{all}");
    insta::assert_snapshot!("unsendable", all);
}

#[test]
fn a_second_seal_says_that_it_replaces_the_first() {
    let office = Office::new();
    let credential = json!({"access_key": "demo", "access_key_secret": "demo-secret"}).to_string();
    let said = [(); 2].map(|()| shown(&office.run(&["seal", "northwind"], &credential)));
    let replaced = "note: It replaces the credential that was sealed there before.";
    assert_eq!(said.map(|said| said.contains(replaced)), [false, true]);
}

#[test]
fn a_night_sends_nothing_that_cannot_work_and_asks_for_another() {
    let name = "IMPORT_NORTHWIND_ROBOTICS_GONG";
    let running = gong();
    let broken = json!({"access_key": "demo", "access_key_secret": format!("{CANARY}\nsecond")});
    let told = [broken.to_string(), CANARY.to_owned(), String::new()].map(|secret| {
        let office = Office::new();
        let named = format!("{REQUEST}credentials: {{secret: {name}}}\n");
        office.scene.write("northwind.yaml", &named);
        night(&office, "gong", &running, (name, &secret));
        let mut status = support::program(office.scene.folder.path());
        status.args(["status", "northwind", "--database", "record.duckdb"]);
        let (stdout, _) = support::text(&status.output().unwrap());
        assert!(office.phase("northwind").starts_with("needs_credentials"));
        let is_told = |line: &&str| {
            ["Whose", "Why", "What to"]
                .iter()
                .any(|label| line.trim().starts_with(label))
        };
        stdout
            .lines()
            .filter(is_told)
            .collect::<Vec<_>>()
            .join("\n")
    });
    assert!(running.log().is_empty(), "nothing is sent");
    insta::assert_snapshot!("night", told.join("\n\n"));
}
