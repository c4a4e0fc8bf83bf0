//! What the nights after an erasure do: nothing.

use call_import_engine::{
    model::{CredentialState, Phase, WhoseTurn},
    reconcile::Report,
    state, store,
};
use simulator::{
    Config, Simulator,
    github::{self, Place as Thread, PullRequest},
};

use super::{NORTHWIND, record_of_two};
use crate::{
    reconcile::{gong, population},
    record::query,
    state::Team,
    store::fixtures::{Place, at},
    support::Scene,
};

const PERIOD: &str = "period: {from: 2026-11-01, to: 2026-11-30}\n";

fn standing(report: &Report) -> Vec<(&str, Phase, WhoseTurn)> {
    let imports = report.imports.iter();
    imports
        .map(|import| (&*import.request_id, import.phase, import.whose_turn))
        .collect()
}

#[tokio::test]
async fn no_night_brings_an_erased_account_back() {
    let mut scene = Scene::new("2026-12-01T01:17:00Z");
    let running = gong(&mut scene, population(120, "2026-11-01", "2026-11-30"));
    scene.request("northwind", "Northwind", PERIOD);
    scene.run("night-1").await;
    let path = scene.database();
    assert_eq!(query(&path, "SELECT count(*)::VARCHAR FROM calls"), ["120"]);
    let now = "2026-12-01T10:00:00Z".parse().unwrap();
    let erasure = store::erase(&path, "gong", "northwind", "erase-1", now).unwrap();
    assert_eq!(erasure.calls, 120);
    let sent = running.gong().log().len();

    // The same request, and a new one for the same account.
    scene.request("northwind-again", "Northwind", PERIOD);
    let held = (Phase::NeedsAttention, WhoseTurn::Cs);
    for day in 2..=4 {
        scene.clock.set(&format!("2026-12-0{day}T01:17:00Z"));
        let report = scene.run(&format!("night-{day}")).await;
        assert_eq!(
            standing(&report),
            [
                ("northwind", held.0, held.1),
                ("northwind-again", held.0, held.1)
            ]
        );
        let reasons = report.imports.iter().map(|import| import.reason.as_deref());
        let expected = "Everything of the account `northwind` was erased on Tue 1 Dec 2026. Nothing of it is imported again: delete this request file. If the customer came back, make a new request file with another `account:`.";
        assert!(reasons.into_iter().all(|reason| reason == Some(expected)));
        assert!(report.plan.lanes.is_empty());
    }
    let told = "SELECT request_id || ' ' || kind FROM notifications WHERE kind = 'needs_attention' ORDER BY 1";
    assert_eq!(
        query(&path, told),
        [
            "northwind needs_attention",
            "northwind-again needs_attention"
        ],
        "each is told once"
    );

    // Not even for somebody who asks.
    let store = scene.open("retry");
    store.retry("northwind", now).await.unwrap();
    store.close().await.unwrap();
    scene.clock.set("2026-12-05T01:17:00Z");
    let report = scene.run("night-5").await;
    assert_eq!(standing(&report)[0].1, Phase::NeedsAttention);
    for table in [
        "calls",
        "transcripts",
        "transcript_segments",
        "checkpoints",
        "credential_state",
    ] {
        let rows = query(&path, &format!("SELECT count(*)::VARCHAR FROM {table}"));
        assert_eq!(rows, ["0"], "{table}");
    }
    assert_eq!(running.gong().log().len(), sent, "nobody is asked");

    // The two ways out that the reason names.
    scene.remove("northwind.yaml");
    scene.remove("northwind-again.yaml");
    scene.request(
        "northwind-2027",
        "Northwind",
        &format!("account: northwind-2027\n{PERIOD}"),
    );
    let text = std::fs::read_to_string(scene.requests().join("northwind-2027.yaml")).unwrap();
    let secret = "IMPORT_NORTHWIND_2027_GONG";
    scene.write(
        "northwind-2027.yaml",
        &text.replace("IMPORT_NORTHWIND_GONG", secret),
    );
    let credential = scene.secrets["IMPORT_NORTHWIND_GONG"].clone();
    scene.secrets.insert(secret.into(), credential);
    scene.clock.set("2026-12-06T01:17:00Z");
    let report = scene.run("night-6").await;
    assert_eq!(
        standing(&report),
        [
            ("northwind", Phase::Cancelled, WhoseTurn::Nobody),
            ("northwind-2027", Phase::Completed, WhoseTurn::Cs),
            ("northwind-again", Phase::Cancelled, WhoseTurn::Nobody),
        ]
    );
    assert_eq!(
        report.imports[0].reason.as_deref(),
        Some("Everything of the account `northwind` was erased on Tue 1 Dec 2026.")
    );
    assert_eq!(
        query(&path, "SELECT DISTINCT account FROM calls"),
        ["northwind-2027"]
    );
}

#[tokio::test]
async fn the_status_comment_says_so_in_place_of_what_it_said() {
    let mut scene = Scene::new("2026-12-01T01:17:00Z");
    let _gong = gong(&mut scene, population(12, "2026-11-01", "2026-11-30"));
    scene.request("northwind", "Northwind", PERIOD);
    let github = Simulator::start(Config {
        clock: std::sync::Arc::new(scene.clock.clone()),
        ..Config::github(github::Config::default())
    })
    .unwrap();
    let merged = PullRequest::new(12, "jane-doe", ["requests/northwind.yaml"]);
    github.github().merge(merged);
    scene.github_url = Some(github.url.clone());
    scene.run("night-1").await;
    let now = "2026-12-01T10:00:00Z".parse().unwrap();
    store::erase(&scene.database(), "gong", "northwind", "erase-1", now).unwrap();
    scene.clock.set("2026-12-02T01:17:00Z");
    scene.run("night-2").await;
    let comments = github.github().comments(&Thread::PullRequest(12));
    let bodies: Vec<&str> = comments.iter().map(|comment| &*comment.body).collect();
    assert_eq!(
        bodies.len(),
        3,
        "status, completed, needs attention: {bodies:#?}"
    );
    insta::assert_snapshot!(bodies[0]);
    for body in bodies {
        let text = body.lines().filter(|line| !line.starts_with("<!--"));
        assert!(text.count() > 1, "none is empty: {body}");
    }
}

#[tokio::test]
async fn a_renewed_credential_of_an_erased_account_is_not_taken_back() {
    let (place, team) = (Place::new(), Team::of(1));
    record_of_two(&place, &place.folder.path().join("kept")).await;
    let home = team.home(&place.folder.path().join("depot"));
    let renewed = CredentialState {
        platform: "gong".into(),
        account: NORTHWIND.into(),
        credential_fingerprint: "f".into(),
        sealed: "sealed anew".into(),
        updated_at: at(50),
    };
    state::keep_credential(&home, &renewed).await.unwrap();
    store::erase(&place.path(), "gong", NORTHWIND, "erase-1", at(60)).unwrap();
    let store = place.open();
    state::take_credentials(&home, &team.secrets(0), &store)
        .await
        .unwrap();
    let accounts: Vec<String> = store
        .credential_states()
        .await
        .unwrap()
        .into_iter()
        .map(|state| state.account)
        .collect();
    assert_eq!(accounts, ["fabrikam"]);
    store.close().await.unwrap();
    let names = || async { home.objects().list().await.unwrap() };
    assert_eq!(names().await.len(), 1);
    state::drop_credentials(home.objects(), "gong", "fabrikam")
        .await
        .unwrap();
    assert_eq!(names().await.len(), 1, "another account's");
    state::drop_credentials(home.objects(), "gong", NORTHWIND)
        .await
        .unwrap();
    assert_eq!(names().await.len(), 0);
}

#[tokio::test]
async fn thirty_one_days_later_no_bundle_holds_it() {
    let (place, team) = (Place::new(), Team::of(1));
    record_of_two(&place, &place.folder.path().join("kept")).await;
    let home = team.home(&place.folder.path().join("depot"));
    let day = |day: i64| at(day * 24 * 60);
    let save = async |moment| {
        let store = place.open();
        let saved = state::save(&home, &store, "night", moment).await.unwrap();
        store.close().await.unwrap();
        saved.generation
    };
    let kept = async || -> Vec<i64> {
        let bundles = state::bundles(home.objects()).await.unwrap();
        bundles.iter().map(|bundle| bundle.generation).collect()
    };
    assert_eq!(save(day(0)).await, 1);
    assert_eq!(save(day(1)).await, 2);
    store::erase(&place.path(), "gong", NORTHWIND, "erase-1", day(1)).unwrap();
    assert_eq!(save(day(1)).await, 3);
    assert_eq!(save(day(30)).await, 4);
    assert_eq!(
        kept().await,
        [2, 3, 4],
        "thirty days are over for the first alone"
    );
    // One that cannot be read goes with those that are as old.
    std::fs::write(place.folder.path().join("depot/manifest-2.json"), "torn").unwrap();
    assert_eq!(save(day(32)).await, 5);
    assert_eq!(kept().await, [4, 5], "few as they are");
    let names = home.objects().list().await.unwrap();
    assert_eq!(names.len(), 4, "records go with their manifests: {names:?}");
    assert_eq!(save(day(99)).await, 6);
    assert_eq!(
        kept().await,
        [6],
        "the newest stays however old the others are"
    );
}
