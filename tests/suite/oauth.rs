//! Signing in by OAuth, from the consent to the night in which its token expires.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod app;
mod authorize;
mod program;

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use call_import_engine::{
    model::{Phase, WhoseTurn},
    platforms::{self, Grant},
    reconcile::Report,
    secrets::Secrets,
    state::Home,
};
use secrecy::SecretString;
use serde_json::json;
use simulator::{
    Config, Demo, Running, Simulator, fathom,
    faults::{Fault, Rule},
    gong, grain,
    log::Endpoint,
    media::NOWHERE,
    oauth::{self, TOKEN},
};

use crate::{
    reconcile::population,
    record,
    support::{self, Scene},
};

const NIGHT: &str = "2026-12-01T01:17:00Z";
const FROM: &str = "2025-11-01";
const TO: &str = "2026-10-31";

/// Platforms whose customers consent. Each refresh token works once.
const CONSENTED: [Demo; 3] = [gong::CONSENTED, grain::CONSENTED, fathom::CONSENTED];

/// A platform with consents on the scene's clock, and one request that signs in by them.
fn scene(
    demo: Demo,
    calls: u32,
    change: impl FnOnce(&mut oauth::Config),
    latency: Duration,
) -> (Scene, Running) {
    let mut scene = Scene::new(NIGHT);
    scene.with_keys();
    let (mut config, credential) = (demo.config)(population(calls, FROM, TO), demo.limits, NOWHERE);
    change(config.oauth.as_mut().expect("it signs in by tokens"));
    let running = Simulator::start(Config {
        clock: Arc::new(scene.clock.clone()),
        latency,
        ..config
    })
    .unwrap();
    scene.connect(demo.key, &running.url, &credential.to_string());
    scene.write("northwind.yaml", &request(demo, FROM, TO));
    (scene, running)
}

fn usual(demo: Demo, calls: u32) -> (Scene, Running) {
    scene(demo, calls, |_| {}, Duration::ZERO)
}

fn request(demo: Demo, from: &str, to: &str) -> String {
    format!(
        "customer: Northwind\nplatform: {}\nmethod: oauth\nestimated_calls: 500\nurgency: onboarding\n\
         requested_completion: 2030-12-31\nperiod: {{from: {from}, to: {to}}}\n\
         credentials:\n  secret: {}\n",
        demo.key,
        support::secret(demo.key)
    )
}

/// What the customer has consented to by now, as it is handed in.
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

/// What was asked, and how it was answered.
fn asked(running: &Running) -> Vec<(Endpoint, u16)> {
    let entries = running.log().entries();
    let asked = entries.iter();
    asked
        .map(|entry| (entry.endpoint, entry.status.unwrap()))
        .collect()
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

#[test]
fn every_platform_that_customers_consent_on_is_here() {
    let consented = platforms::catalog().filter(|(_, connector)| {
        let oauth = connector.traits().oauth;
        oauth.is_some_and(|oauth| oauth.grant == Grant::RefreshToken)
    });
    let consented: BTreeSet<&str> = consented.map(|(key, _)| key).collect();
    assert_eq!(consented, CONSENTED.map(|demo| demo.key).into());
}

#[tokio::test]
async fn a_consent_is_renewed_once_a_night_and_kept() {
    for demo in CONSENTED {
        let (scene, running) = usual(demo, 250);
        let report = scene.run("first").await;
        assert_eq!(phases(&report), [(Phase::Completed, WhoseTurn::Cs)]);
        assert_eq!(running.log().count(TOKEN), 1, "{}", demo.key);
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
            format!("{} northwind true", demo.key)
        );

        // The refresh token of the request is spent by now.
        scene.write("late.yaml", &request(demo, FROM, "2026-10-30"));
        scene.clock.set("2026-12-02T01:17:00Z");
        let report = scene.run("second").await;
        assert_eq!(report.imports[0].phase, Phase::Completed, "{}", demo.key);
        assert_eq!(
            running.log().count(TOKEN),
            2,
            "no access token lives longer than a day"
        );
    }
}

#[tokio::test]
async fn two_imports_of_one_account_share_one_renewal() {
    for (demo, dead) in CONSENTED
        .map(|demo| [(demo, false), (demo, true)])
        .into_iter()
        .flatten()
    {
        let (mut scene, running) = usual(demo, 300);
        let access_token = dead.then(|| running.oauth().access_token());
        running.oauth().expire();
        // The same consent, handed in twice: two names, two fingerprints.
        let secret = support::secret(demo.key);
        let credential = credential(&running, access_token);
        for name in [secret.clone(), format!("{secret}_AGAIN")] {
            scene.secrets.insert(name, credential.clone());
        }
        scene.write("northwind.yaml", &request(demo, "2026-05-01", TO));
        let older = request(demo, FROM, "2026-04-30").replace(&secret, &format!("{secret}_AGAIN"));
        scene.write("northwind-older.yaml", &older);

        let report = scene.run("first").await;

        assert_eq!(phases(&report), [(Phase::Completed, WhoseTurn::Cs); 2]);
        assert_eq!(calls(&scene), "300 of 300");
        assert_eq!(running.log().count(TOKEN), 1, "{}", demo.key);
        assert_eq!(running.log().count_status(401), usize::from(dead));
    }
}

#[tokio::test]
async fn a_wrong_credential_costs_one_request_one_renewal_and_one_retry() {
    for demo in CONSENTED {
        let (mut scene, running) = usual(demo, 250);
        let access_token = running.oauth().access_token();
        let credential = credential(&running, Some(access_token));
        scene.secrets.insert(support::secret(demo.key), credential);
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
        assert_eq!(asked[0], asked[2], "the same request once more");
        assert!(
            reason(&report).contains("consent again"),
            "{}",
            reason(&report)
        );

        // What came is kept all the same: once the account is mended, `retry` goes on with it.
        running.account().restore();
        scene
            .open("retry")
            .retry("northwind", NIGHT.parse().unwrap())
            .await
            .unwrap();
        let report = scene.run("second").await;
        assert_eq!(report.imports[0].phase, Phase::Completed);
        assert_eq!(running.log().count(TOKEN), 1);
    }
}

#[tokio::test]
async fn an_expired_token_costs_one_request_one_renewal_and_one_retry() {
    for demo in CONSENTED {
        let (mut scene, running) = usual(demo, 250);
        let access_token = running.oauth().access_token();
        let credential = credential(&running, Some(access_token));
        scene.secrets.insert(support::secret(demo.key), credential);
        running.oauth().expire();

        let report = scene.run("first").await;

        assert_eq!(phases(&report), [(Phase::Completed, WhoseTurn::Cs)]);
        let asked = asked(&running);
        let statuses: Vec<u16> = asked.iter().take(3).map(|(_, status)| *status).collect();
        assert_eq!(statuses, [401, 200, 200], "{asked:?}");
        assert_eq!(asked[0].0, asked[2].0, "the same request once more");
        assert_eq!(running.log().count(TOKEN), 1);
        assert_eq!(running.log().count_status(401), 1);
    }
}

#[tokio::test]
async fn tokens_that_die_in_the_middle_are_renewed_once_each_time() {
    // As many requests are under way together as the limits allow.
    for (demo, deaths, under_way) in [
        (gong::CONSENTED, [8, 20], 4),
        (grain::CONSENTED, [8, 100], 16),
        (fathom::CONSENTED, [8, 100], 2),
    ] {
        let (scene, running) = scene(demo, 1_030, |_| {}, Duration::from_secs(3));
        for number in deaths {
            let authority = running.oauth().clone();
            let expire = Fault::effect(move || authority.expire());
            running.faults().add(Rule::new(expire).at(number));
        }
        let report = scene.run("first").await;
        assert_eq!(phases(&report), [(Phase::Completed, WhoseTurn::Cs)]);
        assert_eq!(calls(&scene), "1030 of 1030");
        let hours = if demo.key == "fathom" { 1 } else { 0 };
        assert_eq!(running.log().count(TOKEN), 3 + hours, "{}", demo.key);
        let refused = running.log().count_status(401);
        assert!(
            refused >= under_way,
            "{}: those that were under way together: {refused}",
            demo.key
        );
        assert_eq!(
            running.log().count_status(429),
            0,
            "what is sent again waits its turn"
        );
    }
}

#[tokio::test]
async fn short_lived_tokens_are_renewed_before_they_expire() {
    let short = |oauth: &mut oauth::Config| oauth.life = Duration::from_secs(12);
    let (scene, running) = scene(gong::CONSENTED, 1_030, short, Duration::from_secs(1));
    let report = scene.run("first").await;
    assert_eq!(phases(&report), [(Phase::Completed, WhoseTurn::Cs)]);
    assert_eq!(calls(&scene), "1030 of 1030");
    assert_eq!(running.log().count_status(401), 0);
    let renewals = running.log().count(TOKEN);
    assert!((3..12).contains(&renewals), "{renewals}");
}

#[tokio::test]
async fn a_withdrawn_consent_ends_at_once_and_a_new_one_begins_anew() {
    for demo in CONSENTED {
        let (mut scene, running) = usual(demo, 250);
        scene.write("northwind-2.yaml", &request(demo, "2025-10-01", TO));
        running.oauth().withdraw();

        let report = scene.run("first").await;

        assert_eq!(
            phases(&report),
            [(Phase::NeedsCredentials, WhoseTurn::Customer); 2]
        );
        assert_eq!(
            asked(&running),
            [(TOKEN, 400)],
            "no import tries what another one has found dead"
        );
        assert!(reason(&report).contains("withdrawn"), "{}", reason(&report));
        for night in ["2026-12-02T01:17:00Z", "2026-12-03T01:17:00Z"] {
            scene.clock.set(night);
            scene.run(night).await;
            assert_eq!(running.log().len(), 1, "nor does a later night");
        }

        // Under the same name only the consent itself tells that it is another one, so that `retry` must say
        // that something has changed. Another name says it by itself.
        running.oauth().consent();
        let secret = support::secret(demo.key);
        let credential = credential(&running, None);
        for name in [secret.clone(), format!("{secret}_NEW")] {
            scene.secrets.insert(name, credential.clone());
        }
        scene.write(
            "northwind.yaml",
            &request(demo, FROM, TO).replace(&secret, &format!("{secret}_NEW")),
        );
        let store = scene.open("retry");
        let now = NIGHT.parse().unwrap();
        store.retry("northwind-2", now).await.unwrap();
        store.close().await.unwrap();
        let report = scene.run("last").await;
        assert_eq!(phases(&report), [(Phase::Completed, WhoseTurn::Cs); 2]);
        assert_eq!(running.log().count(TOKEN), 2, "{}", demo.key);
    }
}

#[tokio::test]
async fn a_token_url_that_fails_is_asked_again_but_not_for_ever() {
    let (scene, running) = usual(gong::CONSENTED, 250);
    let down = running
        .faults()
        .add(Rule::new(Fault::status(503)).on(TOKEN).times(2));
    let report = scene.run("first").await;
    assert_eq!(phases(&report), [(Phase::Completed, WhoseTurn::Cs)]);
    assert_eq!(down.hits(), 2);

    let (scene, running) = usual(gong::CONSENTED, 250);
    running
        .faults()
        .add(Rule::new(Fault::status(503)).on(TOKEN));
    let report = scene.run("first").await;
    assert_eq!(phases(&report), [(Phase::Retrying, WhoseTurn::Platform)]);
    assert_eq!(running.log().len(), 6, "as often as any request");

    let (scene, running) = usual(gong::CONSENTED, 250);
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
    let (scene, running) = usual(gong::CONSENTED, 250);
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

    let grace = |oauth: &mut oauth::Config| oauth.grace = true;
    let (scene, running) = self::scene(gong::CONSENTED, 250, grace, Duration::ZERO);
    running
        .faults()
        .add(Rule::new(Fault::Lost).on(TOKEN).once());
    let report = scene.run("first").await;
    assert_eq!(phases(&report), [(Phase::Completed, WhoseTurn::Cs)]);
}

#[tokio::test]
async fn nothing_is_sent_that_could_not_be_kept() {
    for missing in ["recipients", "identity"] {
        let (mut scene, running) = usual(gong::CONSENTED, 250);
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

/// Gong tells with each token where the customer's API is.
#[tokio::test]
async fn the_address_that_comes_with_a_token_is_kept_if_it_is_the_platforms() {
    let (scene, running) = usual(gong::CONSENTED, 250);
    scene.run("first").await;
    let sealed = record::query(&scene.database(), "SELECT sealed FROM credential_state");
    let secrets = scene.secrets.clone();
    let secrets = Secrets::new(move |name| secrets.get(name).cloned().map(SecretString::from));
    let tokens = secrets.unwrap().open_tokens(&sealed[0]).unwrap();
    assert_eq!(
        tokens.base_url.as_deref(),
        Some("https://company-042.api.gong.io")
    );
    drop(running);

    let foreign = |oauth: &mut oauth::Config| {
        oauth.more = vec![(
            "api_base_url_for_customer",
            "https://api.gong.io.evil.example".into(),
        )];
    };
    let (scene, running) = self::scene(gong::CONSENTED, 250, foreign, Duration::ZERO);
    let report = scene.run("first").await;
    assert_eq!(
        phases(&report),
        [(Phase::NeedsAttention, WhoseTurn::Engineering)]
    );
    assert_eq!(running.log().len(), 1, "the token was not sent anywhere");
}

#[tokio::test]
async fn where_the_record_is_kept_renewed_credentials_are_kept_before_they_are_used() {
    for demo in CONSENTED {
        let (mut scene, running) = usual(demo, 250);
        let kept = scene.folder.path().join("kept");
        let objects = call_import_engine::objects::Objects::open(kept.to_str().unwrap()).unwrap();
        scene.home = Some(Home::new(objects, scene.recipients()));
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
            "{}: {seen:?}",
            demo.key
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
        assert_eq!(running.log().count(TOKEN), 1, "{}", demo.key);
    }
}

fn names(folder: &std::path::Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect()
}
