//! Apps that a customer has made for us, without a consent that could be spent: Zoom's, server to server.

use serde_json::{Value, json};
use simulator::{Demo, Running, oauth::TOKEN, zoom};

use super::{FROM, TO, asked, calls, phases, reason, request, usual};
use crate::support::{self, Scene};
use call_import_engine::model::{Phase, WhoseTurn};

const ZOOM: Demo = zoom::DEMO;

/// With one member of the credential as given.
fn scene(calls: u32, member: &str, value: impl Fn(&Running) -> Value) -> (Scene, Running) {
    let (mut scene, running) = usual(ZOOM, calls);
    let secret = support::secret(ZOOM.key);
    let mut credential: Value = serde_json::from_str(&scene.secrets[&secret]).unwrap();
    credential[member] = value(&running);
    scene.secrets.insert(secret, credential.to_string());
    (scene, running)
}

#[tokio::test]
async fn a_wrong_credential_costs_one_request_one_renewal_and_one_retry() {
    let token = |running: &Running| running.oauth().access_token().into();
    let (scene, running) = scene(50, "access_token", token);
    running.account().revoke();
    let report = scene.run("first").await;
    assert_eq!(
        phases(&report),
        [(Phase::NeedsCredentials, WhoseTurn::Customer)]
    );
    let asked = asked(&running);
    let statuses: Vec<u16> = asked.iter().map(|(_, status)| *status).collect();
    assert_eq!(statuses, [401, 200, 401], "{asked:?}");
    assert_eq!(asked[1].0, TOKEN);
}

#[tokio::test]
async fn an_app_that_is_refused_is_not_asked_for_again() {
    let (mut scene, running) = scene(50, "client_secret", |_| json!("another"));
    let report = scene.run("first").await;
    assert_eq!(
        phases(&report),
        [(Phase::NeedsCredentials, WhoseTurn::Customer)]
    );
    assert_eq!(asked(&running), [(TOKEN, 401)]);
    assert!(
        reason(&report).contains("client_secret"),
        "{}",
        reason(&report)
    );
    scene.clock.set("2026-12-02T01:17:00Z");
    scene.run("second").await;
    assert_eq!(running.log().len(), 1, "a later night asks nothing");

    let secret = support::secret(ZOOM.key);
    let right = scene.secrets[&secret].replace("another", "simulated-app-secret");
    scene.secrets.insert(format!("{secret}_NEW"), right);
    let renamed = request(ZOOM, FROM, TO).replace(&secret, &format!("{secret}_NEW"));
    scene.write("northwind.yaml", &renamed);
    let report = scene.run("third").await;
    assert_eq!(phases(&report), [(Phase::Completed, WhoseTurn::Cs)]);
}

#[tokio::test]
async fn two_imports_of_one_account_share_one_token() {
    let (scene, running) = usual(ZOOM, 50);
    scene.write("northwind.yaml", &request(ZOOM, "2026-05-01", TO));
    scene.write("northwind-older.yaml", &request(ZOOM, FROM, "2026-04-30"));
    let report = scene.run("first").await;
    assert_eq!(phases(&report), [(Phase::Completed, WhoseTurn::Cs); 2]);
    assert_eq!(calls(&scene), "50 of 50");
    assert_eq!(running.log().count(TOKEN), 1);
    assert_eq!(running.log().count_status(401), 0);
}
