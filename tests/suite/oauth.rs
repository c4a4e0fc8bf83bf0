//! Signing in by OAuth, from the consent to the night in which its token expires.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod authorize;
mod program;

use std::{sync::Arc, time::Duration};

use call_import_engine::{
    model::{Phase, WhoseTurn},
    reconcile::Report,
    state::Home,
};
use serde_json::json;
use simulator::{
    Config, Running, Simulator,
    faults::{Fault, Rule},
    gong,
    oauth::{self, TOKEN},
};

use crate::{reconcile::population, record, support::Scene};

const NIGHT: &str = "2026-12-01T01:17:00Z";
const LINES: &str = "method: oauth\nperiod: {from: 2025-11-01, to: 2026-10-31}\n";

/// A Gong with consents on the scene's clock, and one request that signs in by them.
fn scene(calls: u32, oauth: oauth::Config, latency: Duration) -> (Scene, Running) {
    let mut scene = Scene::new(NIGHT);
    scene.with_keys();
    let config = gong::Config::new(population(calls, "2025-11-01", "2026-10-31"));
    let running = Simulator::start(Config {
        clock: Arc::new(scene.clock.clone()),
        latency,
        ..Config::gong(config).with_oauth(oauth)
    })
    .unwrap();
    scene
        .platform_urls
        .insert("gong".into(), running.url.clone());
    scene
        .secrets
        .insert("IMPORT_NORTHWIND_GONG".into(), credential(&running, None));
    scene.request("northwind", "Northwind", LINES);
    (scene, running)
}

fn usual(calls: u32) -> (Scene, Running) {
    scene(calls, oauth::Config::gong(), Duration::ZERO)
}

/// What the customer has consented to, as it is handed in.
fn credential(running: &Running, access_token: Option<String>) -> String {
    let oauth::Config {
        client_id,
        client_secret,
        ..
    } = oauth::Config::gong();
    let mut credential = json!({
        "client_id": client_id,
        "client_secret": client_secret,
        "refresh_token": running.oauth().refresh_token(),
    });
    if let Some(token) = access_token {
        credential["access_token"] = token.into();
    }
    credential.to_string()
}

fn phases(report: &Report) -> Vec<(Phase, WhoseTurn)> {
    let imports = report.imports.iter();
    imports
        .map(|import| (import.phase, import.whose_turn))
        .collect()
}

fn reason(report: &Report) -> String {
    report.imports[0].reason.clone().unwrap_or_default()
}

fn calls(scene: &Scene) -> String {
    record::value(
        &scene.database(),
        "SELECT count(*) || ' of ' || count(DISTINCT external_id) FROM calls",
    )
}

#[tokio::test]
async fn a_consent_is_renewed_once_a_night_and_kept() {
    let (scene, running) = usual(250);
    let report = scene.run("first").await;
    assert_eq!(phases(&report), [(Phase::Completed, WhoseTurn::Cs)]);
    assert_eq!(running.log().count(TOKEN), 1);
    assert_eq!(running.log().count_status(401), 0);
    assert_eq!(
        running.log().len(),
        1 + usize::try_from(report.run.requests_sent).unwrap(),
        "only requests to the API count in its limits"
    );
    assert_eq!(
        record::value(
            &scene.database(),
            "SELECT platform || ' ' || account || ' ' || (sealed LIKE '-----BEGIN AGE%') FROM credential_state"
        ),
        "gong northwind true"
    );

    // The refresh token of the request is spent by now.
    scene.write(
        "late.yaml",
        &std::fs::read_to_string(scene.requests().join("northwind.yaml"))
            .unwrap()
            .replace("to: 2026-10-31", "to: 2026-10-30"),
    );
    scene.clock.set("2026-12-02T01:17:00Z");
    let report = scene.run("second").await;
    assert_eq!(report.imports[0].phase, Phase::Completed);
    assert_eq!(
        running.log().count(TOKEN),
        2,
        "the access token lived for a day"
    );
}

#[tokio::test]
async fn two_imports_of_one_account_share_one_renewal() {
    let (mut scene, running) = usual(300);
    // The same consent, handed in twice: two blocks, two fingerprints.
    let again = scene.secrets["IMPORT_NORTHWIND_GONG"].clone();
    scene
        .secrets
        .insert("IMPORT_NORTHWIND_GONG_AGAIN".into(), again);
    scene.request(
        "northwind",
        "Northwind",
        "method: oauth\nperiod: {from: 2026-05-01, to: 2026-10-31}\n",
    );
    let other = std::fs::read_to_string(scene.requests().join("northwind.yaml")).unwrap();
    let other = other
        .replace("NORTHWIND_GONG", "NORTHWIND_GONG_AGAIN")
        .replace(
            "from: 2026-05-01, to: 2026-10-31",
            "from: 2025-11-01, to: 2026-04-30",
        );
    scene.write("northwind-older.yaml", &other);

    let report = scene.run("first").await;

    assert_eq!(phases(&report), [(Phase::Completed, WhoseTurn::Cs); 2]);
    assert_eq!(calls(&scene), "300 of 300");
    assert_eq!(running.log().count(TOKEN), 1);
    assert_eq!(running.log().count_status(401), 0);
}

#[tokio::test]
async fn a_wrong_credential_costs_one_request_one_renewal_and_one_retry() {
    let (mut scene, running) = usual(250);
    let access_token = running.oauth().access_token();
    let credential = credential(&running, Some(access_token));
    scene
        .secrets
        .insert("IMPORT_NORTHWIND_GONG".into(), credential);
    running.gong().first_company().revoke();

    let report = scene.run("first").await;

    assert_eq!(
        phases(&report),
        [(Phase::NeedsCredentials, WhoseTurn::Customer)]
    );
    let asked: Vec<String> = running
        .log()
        .entries()
        .iter()
        .map(|entry| format!("{} {}", entry.endpoint, entry.status.unwrap()))
        .collect();
    assert_eq!(
        asked,
        [
            "GET /v2/workspaces 401",
            "POST token 200",
            "GET /v2/workspaces 401"
        ]
    );
    assert!(
        reason(&report).contains("consent again"),
        "{}",
        reason(&report)
    );

    // What came is kept all the same: once the account is mended, `retry` goes on with it.
    running.gong().first_company().restore();
    scene
        .open("retry")
        .retry("northwind", NIGHT.parse().unwrap())
        .await
        .unwrap();
    let report = scene.run("second").await;
    assert_eq!(report.imports[0].phase, Phase::Completed);
    assert_eq!(running.log().count(TOKEN), 1);
}

#[tokio::test]
async fn tokens_that_die_in_the_middle_are_renewed_once_each_time() {
    let (scene, running) = scene(1_030, oauth::Config::gong(), Duration::from_secs(3));
    for number in [8, 20] {
        let authority = running.oauth().clone();
        let expire = Fault::effect(move || authority.expire());
        running.faults().add(Rule::new(expire).at(number));
    }
    let report = scene.run("first").await;
    assert_eq!(phases(&report), [(Phase::Completed, WhoseTurn::Cs)]);
    assert_eq!(calls(&scene), "1030 of 1030");
    assert_eq!(running.log().count(TOKEN), 3);
    assert!(running.log().count_status(401) >= 2);
    assert_eq!(
        running.log().count_status(429),
        0,
        "what is sent again waits its turn"
    );
}

#[tokio::test]
async fn short_lived_tokens_are_renewed_before_they_expire() {
    let short = oauth::Config {
        life: Duration::from_secs(12),
        ..oauth::Config::gong()
    };
    let (scene, running) = scene(1_030, short, Duration::from_secs(1));
    let report = scene.run("first").await;
    assert_eq!(phases(&report), [(Phase::Completed, WhoseTurn::Cs)]);
    assert_eq!(calls(&scene), "1030 of 1030");
    assert_eq!(running.log().count_status(401), 0);
    let renewals = running.log().count(TOKEN);
    assert!((3..12).contains(&renewals), "{renewals}");
}

#[tokio::test]
async fn a_withdrawn_consent_ends_at_once_and_a_new_one_begins_anew() {
    let (mut scene, running) = usual(250);
    let other = std::fs::read_to_string(scene.requests().join("northwind.yaml")).unwrap();
    scene.write(
        "northwind-2.yaml",
        &other.replace("2025-11-01", "2025-10-01"),
    );
    let spent = running.oauth().refresh_token();
    running.oauth().withdraw();

    let report = scene.run("first").await;

    assert_eq!(
        phases(&report),
        [(Phase::NeedsCredentials, WhoseTurn::Customer); 2]
    );
    assert_eq!(
        running.log().len(),
        1,
        "no import tries what another one has found dead"
    );
    assert!(reason(&report).contains("withdrawn"), "{}", reason(&report));
    scene.run("second").await;
    assert_eq!(running.log().len(), 1, "nor does the next night");

    // Under the same name, so that only the consent itself tells that it is another one.
    let consented = browse(&running);
    assert_ne!(consented, spent);
    scene
        .secrets
        .insert("IMPORT_NORTHWIND_GONG".into(), credential(&running, None));
    for id in ["northwind", "northwind-2"] {
        let store = scene.open("retry");
        store.retry(id, NIGHT.parse().unwrap()).await.unwrap();
        store.close().await.unwrap();
    }
    let report = scene.run("third").await;
    assert_eq!(phases(&report), [(Phase::Completed, WhoseTurn::Cs); 2]);
}

/// A new consent, as if somebody had gone through it. Gives its refresh token.
fn browse(running: &Running) -> String {
    running.oauth().consent();
    running.oauth().refresh_token()
}

#[tokio::test]
async fn a_token_url_that_fails_is_asked_again_but_not_for_ever() {
    let (scene, running) = usual(250);
    let down = running
        .faults()
        .add(Rule::new(Fault::status(503)).on(TOKEN).times(2));
    let report = scene.run("first").await;
    assert_eq!(phases(&report), [(Phase::Completed, WhoseTurn::Cs)]);
    assert_eq!(down.hits(), 2);

    let (scene, running) = usual(250);
    running
        .faults()
        .add(Rule::new(Fault::status(503)).on(TOKEN));
    let report = scene.run("first").await;
    assert_eq!(phases(&report), [(Phase::Retrying, WhoseTurn::Platform)]);
    assert_eq!(running.log().len(), 6, "as often as any request");

    let (scene, running) = usual(250);
    running.faults().add(Rule::new(Fault::LoginPage).on(TOKEN));
    scene.run("first").await;
    assert_eq!(
        running.log().len(),
        3,
        "what cannot be read is asked for less often"
    );
}

#[tokio::test]
async fn an_answer_that_is_lost_is_told_as_what_it_is() {
    let (scene, running) = usual(250);
    running
        .faults()
        .add(Rule::new(Fault::Lost).on(TOKEN).once());
    let report = scene.run("first").await;
    assert_eq!(
        phases(&report),
        [(Phase::NeedsCredentials, WhoseTurn::Customer)]
    );
    assert!(
        reason(&report).contains("before the new one could be saved"),
        "{}",
        reason(&report)
    );
    assert_eq!(running.log().len(), 2);

    let grace = oauth::Config {
        grace: true,
        ..oauth::Config::gong()
    };
    let (scene, running) = self::scene(250, grace, Duration::ZERO);
    running
        .faults()
        .add(Rule::new(Fault::Lost).on(TOKEN).once());
    let report = scene.run("first").await;
    assert_eq!(phases(&report), [(Phase::Completed, WhoseTurn::Cs)]);
}

#[tokio::test]
async fn nothing_is_sent_that_could_not_be_kept() {
    for missing in ["recipients", "identity"] {
        let (mut scene, running) = usual(250);
        if missing == "recipients" {
            scene.remove("recipients.txt");
        } else {
            scene.secrets.remove(call_import_engine::secrets::IDENTITY);
        }
        let report = scene.run("first").await;
        assert_eq!(
            phases(&report),
            [(Phase::NeedsCredentials, WhoseTurn::Engineering)],
            "{missing}"
        );
        assert!(running.log().is_empty(), "{missing}");
    }
}

#[tokio::test]
async fn an_address_that_is_not_the_platforms_is_not_followed() {
    let foreign = oauth::Config {
        more: vec![(
            "api_base_url_for_customer",
            "https://api.gong.io.evil.example".into(),
        )],
        ..oauth::Config::gong()
    };
    let (scene, running) = scene(250, foreign, Duration::ZERO);
    let report = scene.run("first").await;
    assert_eq!(
        phases(&report),
        [(Phase::NeedsAttention, WhoseTurn::Engineering)]
    );
    assert_eq!(running.log().len(), 1, "the token was not sent anywhere");
}

#[tokio::test]
async fn where_the_record_is_kept_renewed_credentials_are_kept_before_they_are_used() {
    let (mut scene, running) = usual(250);
    let kept = scene.folder.path().join("kept");
    let home = |scene: &Scene| {
        let objects = call_import_engine::objects::Objects::open(kept.to_str().unwrap()).unwrap();
        Home::new(objects, scene.recipients())
    };
    scene.home = Some(home(&scene));
    // The first request with the new token: by then the folder must hold it.
    let folder = kept.clone();
    let seen = Arc::new(std::sync::Mutex::new(Vec::new()));
    let look = Arc::clone(&seen);
    let look = Fault::effect(move || look.lock().unwrap().extend(names(&folder)));
    running.faults().add(Rule::new(look).at(2));
    scene.run("first").await;
    let seen = seen.lock().unwrap().clone();
    assert!(
        matches!(seen.as_slice(), [one] if one.starts_with("credential-") && one.ends_with("-2.age")),
        "{seen:?}"
    );

    // The machine is lost, and nothing but the credential was saved.
    std::fs::remove_file(scene.database()).unwrap();
    for name in names(&kept) {
        if !name.starts_with("credential-") {
            std::fs::remove_file(kept.join(name)).unwrap();
        }
    }
    let report = scene.run("second").await;
    assert_eq!(phases(&report), [(Phase::Completed, WhoseTurn::Cs)]);
    assert_eq!(running.log().count(TOKEN), 1);
}

fn names(folder: &std::path::Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect()
}
