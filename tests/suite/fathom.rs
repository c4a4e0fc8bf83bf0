//! What only Fathom has: several keys for one account, two limits of which one falls when it is busy, and a plan
//! for apps that may not list transcripts. What it shares with others is in `platforms`.

use std::{ops::RangeInclusive, sync::Arc, time::Duration};

use bytes::Bytes;
use call_import_engine::{
    model::{Method, Period, Phase, Window},
    platforms::{
        CallRef, Connector, Exchange, HttpExchange, HttpReply, Page, Progress, Rejection, Reply,
        RequestClass, Seen, Setup, Step, Work, connector,
    },
};
use jiff::civil::date;
use serde_json::{Value, json};
use simulator::{
    Config, Running, Simulator,
    company::{Population, TranscriptFate},
    fathom::{self, MADE_AFTER, MEETINGS, TEAMS, TRANSCRIPT},
    limits::Limits,
    log::Entry,
    oauth::TOKEN,
};

use crate::{
    platforms::{fathom::told, nights::assert_recorded},
    record,
    support::Scene,
};

const LISTED: &[u8] = include_bytes!("../fixtures/fathom/meetings.json");
const REST: &[u8] = include_bytes!("../fixtures/fathom/meetings-2.json");
const BARE: &[u8] = include_bytes!("../fixtures/fathom/bare.json");
const SPOKEN: &[u8] = include_bytes!("../fixtures/fathom/transcript.json");

fn connector_of_fathom() -> &'static dyn Connector {
    connector("fathom").expect("Fathom is in the catalog")
}

fn setup(method: Method, keys: usize) -> Setup {
    Setup {
        base_url: "https://api.fathom.ai".into(),
        options: serde_json::Map::new(),
        internal_domains: vec!["fabrikam.example".into()],
        period: Period {
            from: date(2026, 3, 1),
            to: date(2026, 3, 31),
        },
        method,
        as_of: "2026-04-01T01:17:00.5Z".parse().expect("an instant"),
        keys,
        gathered: Default::default(),
    }
}

fn list(cursor: Option<&str>) -> Work {
    let window = Window {
        from: date(2026, 3, 1),
        to: date(2026, 4, 1),
    };
    Work::List {
        window,
        cursor: cursor.map(str::to_owned),
    }
}

fn reply(status: u16, body: &[u8]) -> Reply {
    Reply::Http(HttpReply {
        status,
        date: None,
        retry_after: None,
        allowance: None,
        content_type: "application/json".into(),
        location: None,
        body: Bytes::copy_from_slice(body),
    })
}

fn sent(step: Step) -> (HttpExchange, Progress) {
    match step {
        Step::Send(Exchange::Http(exchange), progress) => (exchange, progress),
        other => panic!("expected a request, got {other:?}"),
    }
}

fn begin(work: &Work, setup: &Setup) -> (HttpExchange, Progress) {
    sent(connector_of_fathom().begin(work, setup))
}

/// What comes of answers to one piece of work, one after another, and the last request.
fn answered(
    work: &Work,
    setup: &Setup,
    replies: &[(u16, &[u8])],
) -> (Result<Page, Rejection>, Vec<HttpExchange>) {
    let (exchange, mut progress) = begin(work, setup);
    let mut exchanges = vec![exchange];
    for (status, body) in replies {
        let step = connector_of_fathom().next(work, setup, &progress, &reply(*status, body));
        match step {
            Ok(Step::Page(page)) => return (Ok(page), exchanges),
            Err(rejection) => return (Err(rejection), exchanges),
            Ok(step) => {
                let (exchange, next) = sent(step);
                exchanges.push(exchange);
                progress = next;
            }
        }
    }
    panic!("more is asked than answered: {exchanges:?}")
}

fn page(work: &Work, setup: &Setup, body: &[u8]) -> Page {
    answered(work, setup, &[(200, body)]).0.expect("a page")
}

fn calls_of(page: &Page) -> Vec<CallRef> {
    let of = |call: &call_import_engine::model::Call| CallRef {
        external_id: call.external_id.clone(),
        raw: call.raw.clone(),
    };
    page.calls.iter().map(of).collect()
}

#[test]
fn a_key_lists_transcripts_and_an_app_does_not() {
    let (by_key, _) = begin(&list(None), &setup(Method::Api, 1));
    assert_eq!(
        by_key.path,
        "/external/v1/meetings?created_after=2026-02-28T23%3A00%3A00Z&created_before=2026-04-01T01%3A17%3A00Z\
         &include_crm_matches=true&include_summary=true&include_transcript=true",
        "nothing that is made while the run goes on"
    );
    let (by_app, _) = begin(&list(None), &setup(Method::Oauth, 1));
    assert!(
        !by_app.path.contains("transcript") && !by_app.path.contains("summary"),
        "{}",
        by_app.path
    );
    assert_eq!(
        (by_key.class, by_app.class),
        (RequestClass::Heavy, RequestClass::Light)
    );
}

#[test]
fn a_later_night_goes_on_with_the_bound_of_the_first() {
    let first = page(&list(None), &setup(Method::Api, 1), LISTED);
    let later = Setup {
        as_of: "2026-04-02T01:17:00Z".parse().expect("an instant"),
        ..setup(Method::Api, 1)
    };
    let (exchange, _) = begin(&list(first.next.as_deref()), &later);
    assert!(
        exchange
            .path
            .contains("created_before=2026-04-01T01%3A17%3A00Z"),
        "{}",
        exchange.path
    );
    assert!(exchange.path.ends_with("&cursor=eyJwYWdlX251bSI6Mn0%3D"));
}

#[test]
fn a_window_that_has_not_begun_costs_nothing() {
    let early = Setup {
        as_of: "2026-02-01T00:00:00Z".parse().expect("an instant"),
        ..setup(Method::Api, 1)
    };
    let step = connector_of_fathom().begin(&list(None), &early);
    assert_eq!(step, Step::Page(Page::default()));
}

#[test]
fn a_listing_becomes_calls() {
    let listed = page(&list(None), &setup(Method::Api, 1), LISTED);
    insta::assert_json_snapshot!("fathom_listing", listed.calls);
    let said: Vec<_> = listed.calls.iter().map(|call| &call.transcript).collect();
    insta::assert_debug_snapshot!("fathom_listed_transcripts", said);
    let raw = listed.calls[0].raw.as_deref().expect("the JSON as it came");
    assert!(
        raw.contains("a_field_of_next_year") && !raw.contains("SECRET"),
        "{raw}"
    );

    let rest = page(&list(listed.next.as_deref()), &setup(Method::Api, 1), REST);
    assert_eq!(rest.left_out, ["700100203"], "began before the window");
    assert_eq!(rest.next, None);
    insta::assert_json_snapshot!("fathom_listing_rest", rest.calls);
    insta::assert_debug_snapshot!("fathom_listing_failures", rest.failures);
}

#[test]
fn a_transcript_knows_its_speakers_from_the_listing() {
    let app = setup(Method::Oauth, 1);
    let listed = page(&list(None), &app, BARE);
    let work = Work::Transcripts(calls_of(&listed)[..1].to_vec());
    let (exchange, _) = begin(&work, &app);
    assert_eq!(
        (exchange.path.as_str(), exchange.class),
        (
            "/external/v1/recordings/700100200/transcript",
            RequestClass::Heavy
        )
    );
    insta::assert_json_snapshot!("fathom_transcripts", page(&work, &app, SPOKEN).transcripts);
}

#[test]
fn every_key_lists_every_window() {
    let keys = setup(Method::Api, 2);
    let first = page(&list(None), &keys, LISTED);
    let second = page(&list(first.next.as_deref()), &keys, REST);
    let cursor = second.next.as_deref().expect("the second key's turn");
    let (exchange, _) = begin(&list(Some(cursor)), &keys);
    assert_eq!(exchange.key, 1);
    assert!(!exchange.path.contains("cursor"), "{}", exchange.path);
    let third = page(&list(Some(cursor)), &keys, REST);
    assert_eq!((first.pass, third.pass), (0, 1));
    assert_eq!(third.next, None);

    // A new credential may have fewer keys than the one that was listing.
    let (exchange, _) = begin(&list(Some(cursor)), &setup(Method::Api, 1));
    assert_eq!(exchange.key, 0);
}

#[test]
fn every_key_is_proved_and_named_when_it_is_wrong() {
    let teams: &[u8] =
        br#"{"limit": 10, "next_cursor": null, "items": [{"name": "Sales"}, {"name": null}, 7]}"#;
    let keys = setup(Method::Api, 3);
    let (proved, exchanges) = answered(&Work::Verify, &keys, &[(200, teams); 3]);
    let page = Page {
        sees: Some(Seen::Teams(vec!["Sales".into()])),
        ..Page::default()
    };
    assert_eq!(proved, Ok(page));
    let signers: Vec<usize> = exchanges.iter().map(|exchange| exchange.key).collect();
    assert_eq!(signers, [0, 1, 2]);

    let advice = |keys: usize, replies: &[(u16, &[u8])], method| {
        let (result, _) = answered(&Work::Verify, &setup(method, keys), replies);
        match result.expect_err("it is refused") {
            Rejection::Credentials { advice } => advice,
            other => panic!("{other:?}"),
        }
    };
    insta::assert_snapshot!(
        "fathom_advice",
        [
            advice(1, &[(401, b"")], Method::Api),
            advice(3, &[(200, teams), (401, b"")], Method::Api),
            advice(3, &[(403, b"")], Method::Api),
            advice(1, &[(401, b"")], Method::Oauth),
        ]
        .join("\n")
    );
}

#[test]
fn where_transcripts_cannot_be_listed_the_rest_is() {
    let key = setup(Method::Api, 1);
    for status in [400, 403] {
        let replies: &[(u16, &[u8])] = &[(status, b"not available"), (200, BARE)];
        let (listed, exchanges) = answered(&list(None), &key, replies);
        assert!(!exchanges[1].path.contains("transcript"));
        let listed = listed.expect("a page");
        let (next, _) = begin(&list(listed.next.as_deref()), &key);
        assert_eq!(next.class, RequestClass::Light, "it is not tried again");
        let replies: &[(u16, &[u8])] = &[(status, b""), (status, b"")];
        let (refused, _) = answered(&list(None), &key, replies);
        let refused = refused.expect_err("nothing is to be had");
        match status {
            403 => assert!(
                matches!(refused, Rejection::Credentials { .. }),
                "{refused:?}"
            ),
            _ => assert!(matches!(refused, Rejection::Refused { .. }), "{refused:?}"),
        }
    }
}

#[test]
fn a_transcript_is_asked_for_with_one_key_after_another() {
    let call = CallRef {
        external_id: "7/../1".into(),
        raw: None,
    };
    let work = Work::Transcripts(vec![call]);
    let keys = setup(Method::Api, 2);
    let after = |replies: &[(u16, &[u8])]| {
        let (page, exchanges) = answered(&work, &keys, replies);
        let page = page.expect("a page");
        let refused = !page.without_transcript.is_empty();
        (page.transcripts.len(), refused, exchanges.len())
    };
    assert_eq!(after(&[(200, SPOKEN)]), (1, false, 1));
    assert_eq!(after(&[(403, b""), (200, SPOKEN)]), (1, false, 2));
    assert_eq!(after(&[(404, b""), (200, SPOKEN)]), (1, false, 2));
    assert_eq!(after(&[(403, b""), (403, b"")]), (0, true, 2));
    assert_eq!(
        after(&[(403, b""), (404, b"")]),
        (0, false, 2),
        "perhaps later"
    );
    assert_eq!(
        after(&[(404, b""), (403, b"")]),
        (0, false, 2),
        "perhaps later"
    );
    for nothing in [
        json!({}),
        json!({"transcript": null}),
        json!({"transcript": []}),
    ] {
        assert_eq!(
            after(&[(200, nothing.to_string().as_bytes())]),
            (0, false, 1)
        );
    }
    let (exchange, _) = begin(&work, &keys);
    assert_eq!(
        exchange.path,
        "/external/v1/recordings/7%2F..%2F1/transcript"
    );
}

#[test]
fn a_cursor_that_is_refused_begins_the_window_again() {
    let key = setup(Method::Api, 1);
    let first = page(&list(None), &key, LISTED);
    let work = list(first.next.as_deref());
    let (refused, _) = answered(&work, &key, &[(400, b"Invalid cursor")]);
    assert_eq!(refused, Err(Rejection::RestartWindow));
}

const NIGHT: &str = "2026-12-01T01:17:00Z";

/// 300 calls in November, one recorder after another.
fn november() -> Population {
    Population::new(1, 300, date(2026, 11, 1), date(2026, 11, 30), 6)
}

fn start(scene: &mut Scene, keys: &[&str], limits: Limits) -> Running {
    let config = fathom::Config {
        keys: keys.iter().map(|key| (*key).to_owned()).collect(),
        limits,
        ..fathom::Config::new(november())
    };
    start_with(scene, config)
}

fn start_with(scene: &mut Scene, config: fathom::Config) -> Running {
    let running = Simulator::start(Config {
        clock: Arc::new(scene.clock.clone()),
        ..Config::fathom(config)
    })
    .expect("the simulator starts");
    scene
        .platform_urls
        .insert("fathom".into(), running.url.clone());
    running
}

fn request(scene: &mut Scene, id: &str, keys: &[&str], from: &str, to: &str) {
    scene.secrets.insert(
        "IMPORT_NORTHWIND_FATHOM".into(),
        json!({"api_keys": keys}).to_string(),
    );
    scene.write(
        &format!("{id}.yaml"),
        &format!(
            "customer: Northwind\nplatform: fathom\nestimated_calls: 300\nurgency: onboarding\n\
             requested_completion: 2030-12-31\nperiod: {{from: {from}, to: {to}}}\n\
             credentials:\n  secret: IMPORT_NORTHWIND_FATHOM\n"
        ),
    );
}

fn is_heavy(entry: &Entry) -> bool {
    let query = entry.query.as_deref().unwrap_or_default();
    entry.endpoint == TRANSCRIPT || query.contains("include_transcript=true")
}

/// The most heavy requests in any minute.
fn heavy_in_a_minute(running: &Running) -> usize {
    let heavy: Vec<_> = running
        .log()
        .entries()
        .into_iter()
        .filter(is_heavy)
        .collect();
    let within = |first: &Entry| {
        let minute = Duration::from_secs(60);
        heavy
            .iter()
            .filter(|entry| first.at <= entry.at && entry.at < first.at + minute)
            .count()
    };
    heavy.iter().map(within).max().unwrap_or(0)
}

#[tokio::test]
async fn a_call_that_two_keys_see_is_one_call() {
    let mut scene = Scene::new(NIGHT);
    let keys = ["ada-key", "bo-key", "cy-key"];
    let running = start(&mut scene, &keys, fathom::LIMITS);
    request(&mut scene, "northwind", &keys, "2026-11-01", "2026-11-30");

    let report = scene.run("first").await;

    let import = &report.imports[0];
    assert_eq!(import.phase, Phase::Completed, "{:?}", import.reason);
    assert_eq!((import.calls_listed, import.calls_imported), (300, 300));
    assert_recorded(&scene, running.account().population(), told);
    let made_by = "2026-12-01T01:17:00Z".parse().expect("an instant");
    let pages = |key: usize| {
        let calls = running.account().calls();
        let seen = calls
            .filter(|call| call.start + MADE_AFTER < made_by && running.fathom().shows(key, call));
        seen.count().div_ceil(10)
    };
    let pages: Vec<usize> = (0..keys.len()).map(pages).collect();
    assert!(
        pages.iter().all(|pages| (1..30).contains(pages)),
        "nobody sees all: {pages:?}"
    );
    assert_eq!(running.log().count(TEAMS), 3, "every key is proved");
    assert_eq!(running.log().count(MEETINGS), pages.iter().sum::<usize>());
    assert_eq!(running.log().len(), 3 + pages.iter().sum::<usize>());
    assert_eq!(running.log().count_status(429), 0);
}

#[tokio::test]
async fn a_wrong_key_among_right_ones_is_named() {
    let mut scene = Scene::new(NIGHT);
    let running = start(&mut scene, &["ada-key", "bo-key"], fathom::LIMITS);
    let keys = ["ada-key", "canary-key"];
    request(&mut scene, "northwind", &keys, "2026-11-01", "2026-11-30");

    let report = scene.run("first").await;

    let import = &report.imports[0];
    assert_eq!(import.phase, Phase::NeedsCredentials);
    let reason = import.reason.as_deref().unwrap_or_default();
    assert!(reason.contains("the second of the 2 API keys"), "{reason}");
    assert!(!reason.contains("canary"), "{reason}");
    assert_eq!(running.log().len(), 2, "nothing is listed");
}

#[tokio::test]
async fn a_busy_fathom_that_says_so_is_never_asked_too_often() {
    busy_night(true, 0..=0).await;
}

#[tokio::test]
async fn a_busy_fathom_that_only_refuses_slows_us_down() {
    busy_night(false, 1..=4).await;
}

/// A night in which 5 heavy requests a minute are taken instead of 30.
async fn busy_night(tells_limits: bool, refusals: RangeInclusive<usize>) {
    let mut scene = Scene::new(NIGHT);
    let keys = ["demo-key"];
    let config = fathom::Config {
        tells_limits,
        ..fathom::Config::new(november())
    };
    let running = start_with(&mut scene, config);
    request(&mut scene, "northwind", &keys, "2026-11-01", "2026-11-30");
    running.fathom().get_busy();

    let report = scene.run("first").await;

    let import = &report.imports[0];
    assert_eq!(import.phase, Phase::Completed, "{:?}", import.reason);
    assert_recorded(&scene, running.account().population(), told);
    assert_eq!(running.log().too_early(), [0; 0], "waits as told");
    let (sent, refused) = (running.log().len(), running.log().count_status(429));
    assert!(refusals.contains(&refused), "{refused} refused of {sent}");
    assert_eq!(sent - refused, 1 + 30, "none is lost and none comes twice");
}

#[tokio::test]
async fn two_requests_of_one_account_share_its_limits() {
    let mut scene = Scene::new(NIGHT);
    let running = start(&mut scene, &["ada-key"], fathom::LIMITS);
    request(
        &mut scene,
        "early",
        &["ada-key"],
        "2026-11-01",
        "2026-11-14",
    );
    request(&mut scene, "late", &["ada-key"], "2026-11-15", "2026-11-30");

    let report = scene.run("first").await;

    for import in &report.imports {
        assert_eq!(import.phase, Phase::Completed, "{:?}", import.reason);
    }
    assert_recorded(&scene, running.account().population(), told);
    assert_eq!(running.log().count_status(429), 0);
    let heavy = heavy_in_a_minute(&running);
    assert_eq!(heavy, 15, "our half of thirty, for both together");
}

#[tokio::test]
async fn what_was_not_ready_is_asked_for_in_later_nights() {
    let mut scene = Scene::new(NIGHT);
    let running = start(&mut scene, &["ada-key"], Limits::NONE);
    // So long ago that nothing is listed again.
    request(
        &mut scene,
        "northwind",
        &["ada-key"],
        "2026-11-01",
        "2026-11-30",
    );
    let account = running.account();
    let of_fate = |wanted: fn(TranscriptFate) -> bool| {
        account
            .calls()
            .filter(|call| wanted(call.transcript))
            .count()
    };
    let late = of_fate(|fate| matches!(fate, TranscriptFate::Late(_)));
    let never = of_fate(|fate| fate == TranscriptFate::Never);

    let first = scene.run("night-1").await;
    assert_eq!(first.imports[0].phase, Phase::Completed);
    assert_eq!(first.imports[0].transcripts_pending as usize, late + never);
    assert_eq!(
        running.log().count(TRANSCRIPT),
        0,
        "the listing has just said so"
    );

    scene.clock.set("2026-12-02T01:17:00Z");
    account.release_transcripts();
    let second = scene.run("night-2").await;
    assert_eq!(second.imports[0].transcripts_pending as usize, never);
    let sql = "SELECT count(*)::VARCHAR FROM transcripts";
    let recorded = record::value(&scene.database(), sql);
    assert_eq!(recorded, (300 - never).to_string());
    assert!(running.log().count(TRANSCRIPT) <= late + never, "each once");
}

/// fathom.md section 9, plan B: the proof of the consent, the pages, and a request for each recording.
#[tokio::test]
async fn a_consent_costs_a_request_for_each_recording() {
    let mut scene = Scene::new(NIGHT);
    scene.with_keys();
    let running = Simulator::start(Config {
        clock: Arc::new(scene.clock.clone()),
        ..Config::fathom(fathom::Config::new(november())).with_oauth(fathom::app())
    })
    .expect("the simulator starts");
    scene
        .platform_urls
        .insert("fathom".into(), running.url.clone());
    request(&mut scene, "northwind", &[], "2026-11-01", "2026-11-30");
    let path = scene.requests().join("northwind.yaml");
    let by_key = std::fs::read_to_string(path).expect("the request");
    scene.write("northwind.yaml", &format!("{by_key}method: oauth\n"));
    let credential = json!({
        "client_id": fathom::app().client_id,
        "client_secret": fathom::app().client_secret,
        "refresh_token": running.oauth().refresh_token(),
    });
    let secret = "IMPORT_NORTHWIND_FATHOM".to_owned();
    scene.secrets.insert(secret, credential.to_string());

    let report = scene.run("first").await;

    let import = &report.imports[0];
    assert_eq!(import.phase, Phase::Completed, "{:?}", import.reason);
    let there = running
        .account()
        .calls()
        .filter(|call| running.account().has_transcript(call));
    assert_eq!(import.transcripts_imported as usize, there.count());
    let log = running.log();
    let sent = [TEAMS, MEETINGS, TRANSCRIPT].map(|endpoint| log.count(endpoint));
    assert_eq!(sent, [1, 30, 300]);
    assert_eq!(log.len(), 331 + log.count(TOKEN));
    assert_eq!((log.count_status(400), log.count_status(429)), (0, 0));
}

#[test]
fn the_cursor_is_ours_and_holds_no_secret() {
    let first = page(&list(None), &setup(Method::Api, 2), LISTED);
    let cursor: Value = serde_json::from_str(&first.next.expect("a second page")).expect("JSON");
    assert_eq!(
        cursor,
        json!({"key": 0, "cursor": "eyJwYWdlX251bSI6Mn0=", "before": "2026-04-01T01:17:00Z"})
    );
}
