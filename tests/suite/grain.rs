//! Grain's connector against answers in the form of its reference; what holds for every platform is tested in
//! `platforms`.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use call_import_engine::{
    model::{Method, Period, Phase, Window},
    platforms::{
        CallRef, Connector, Exchange, HttpExchange, HttpReply, Page, Progress, Rejection, Reply,
        Setup, Step, Verb, Work, connector,
    },
};
use jiff::civil::date;
use serde_json::json;
use simulator::{Config, Simulator, company::Population, grain};

use crate::support::Scene;

const LISTED: &[u8] = include_bytes!("../fixtures/grain/recordings.json");
const SPOKEN: &[u8] = include_bytes!("../fixtures/grain/transcript.json");
const TEAMS: &[u8] = include_bytes!("../fixtures/grain/teams.json");

fn grain() -> &'static dyn Connector {
    connector("grain").expect("Grain is in the catalog")
}

fn setup(method: Method) -> Setup {
    Setup {
        base_url: "https://api.grain.com".into(),
        options: serde_json::Map::new(),
        internal_domains: vec!["fabrikam.example".into()],
        period: Period {
            from: date(2026, 3, 1),
            to: date(2026, 3, 31),
        },
        method,
        as_of: jiff::Timestamp::UNIX_EPOCH,
        keys: 1,
        gathered: Default::default(),
    }
}

fn list(cursor: Option<&str>) -> Work {
    Work::List {
        window: Window {
            from: date(2026, 3, 1),
            to: date(2026, 4, 1),
        },
        cursor: cursor.map(str::to_owned),
    }
}

fn transcript(id: &str, raw: Option<String>) -> Work {
    Work::Transcripts(vec![CallRef {
        external_id: id.into(),
        raw,
    }])
}

fn sent(step: Step) -> (HttpExchange, Progress) {
    match step {
        Step::Send(Exchange::Http(exchange), progress) => (exchange, progress),
        other => panic!("expected a request, got {other:?}"),
    }
}

fn begun(work: &Work) -> (HttpExchange, Progress) {
    sent(grain().begin(work, &setup(Method::Api)))
}

fn answered(work: &Work, progress: &Progress, status: u16, body: &[u8]) -> Result<Step, Rejection> {
    let reply = Reply::Http(HttpReply {
        status,
        date: None,
        retry_after: None,
        allowance: None,
        content_type: "application/json".into(),
        location: None,
        body: Bytes::copy_from_slice(body),
    });
    grain().next(work, &setup(Method::Api), progress, &reply)
}

fn page(work: &Work, body: &[u8]) -> Page {
    match answered(work, &begun(work).1, 200, body) {
        Ok(Step::Page(page)) => page,
        other => panic!("expected a page, got {other:?}"),
    }
}

#[test]
fn every_request_names_the_version_and_a_list_whole_days_with_one_more_on_each_side() {
    let (exchange, _) = begun(&list(Some("days:c1")));
    assert_eq!(
        (exchange.verb, exchange.path.as_str()),
        (Verb::Post, "/_/public-api/v2/recordings")
    );
    assert_eq!(
        exchange.body,
        Some(json!({
            "cursor": "c1",
            "filter": {"after_datetime": "2026-02-28T00:00:00Z", "before_datetime": "2026-04-02T00:00:00Z"},
            "include": {"participants": true, "ai_summary": true, "hubspot": true},
        }))
    );
    let (first, _) = begun(&list(None));
    assert_eq!(first.body.expect("a body").get("cursor"), None);
    let (said, _) = begun(&transcript("a/b?c d", None));
    assert_eq!(
        said.path,
        "/_/public-api/v2/recordings/a%2Fb%3Fc%20d/transcript"
    );
    for exchange in [exchange, said, begun(&Work::Verify).0] {
        assert_eq!(exchange.headers, [("public-api-version", "2025-10-31")]);
        assert!(!exchange.follows);
    }
}

#[test]
fn a_listing_becomes_calls_of_the_window() {
    let page = page(&list(None), LISTED);
    assert_eq!(page.next.as_deref(), Some("days:cGFnZS0y"));
    let raw = page.calls[0].raw.as_deref().expect("the JSON as it came");
    assert!(raw.contains("a_field_of_next_year"), "{raw}");
    insta::assert_json_snapshot!("grain_listing", page.calls);
    insta::assert_debug_snapshot!("grain_listing_failures", page.failures);
}

#[test]
fn a_transcript_knows_its_speakers_by_id_and_else_by_name() {
    let listed = page(&list(None), LISTED);
    let call = &listed.calls[0];
    let work = transcript(&call.external_id, call.raw.clone());
    insta::assert_json_snapshot!("grain_transcript", page(&work, SPOKEN).transcripts);
}

#[test]
fn a_dead_cursor_restarts_the_window_and_a_refused_filter_lists_everything() {
    let dated = list(Some("days:c1"));
    for status in [400, 422] {
        let result = answered(&dated, &begun(&dated).1, status, b"{}");
        assert_eq!(result, Err(Rejection::RestartWindow), "{status}");
    }

    let first = list(None);
    let step = answered(&first, &begun(&first).1, 400, b"{}").expect("another request");
    let (exchange, progress) = sent(step);
    assert_eq!(
        exchange.body,
        Some(json!({"include": {"participants": true, "ai_summary": true, "hubspot": true}}))
    );
    let Ok(Step::Page(page)) = answered(&first, &progress, 200, LISTED) else {
        panic!("expected a page");
    };
    assert_eq!(page.next.as_deref(), Some("all:cGFnZS0y"));
    let (next, _) = begun(&list(page.next.as_deref()));
    let body = next.body.expect("a body");
    assert_eq!(
        (body.get("filter"), body["cursor"].as_str()),
        (None, Some("cGFnZS0y"))
    );

    let refused = answered(&first, &progress, 400, br#"{"message": "no such version"}"#);
    assert_eq!(
        refused,
        Err(Rejection::Refused {
            detail: "Grain answered 400: no such version".into()
        })
    );
}

#[test]
fn pages_beside_the_window_are_passed_but_not_for_ever() {
    let outside = |cursor: &str| {
        json!({"cursor": cursor, "recordings": [{"id": "1", "start_datetime": "2020-01-01T00:00:00Z"}]})
            .to_string()
            .into_bytes()
    };
    let work = list(None);
    let mut progress = begun(&work).1;
    let mut passed = 0;
    let detail = loop {
        match answered(&work, &progress, 200, &outside(&format!("c{passed}"))) {
            Ok(step) => {
                let (exchange, next) = sent(step);
                assert_eq!(
                    exchange.body.expect("a body")["cursor"],
                    format!("c{passed}")
                );
                progress = next;
                passed += 1;
            }
            Err(Rejection::Refused { detail }) => break detail,
            Err(other) => panic!("{other:?}"),
        }
    };
    assert_eq!(passed, 10_000);
    assert!(detail.contains("2026-03-01"), "{detail}");

    let work = list(Some("days:c1"));
    let same = answered(&work, &begun(&work).1, 200, &outside("c1"));
    assert!(matches!(same, Err(Rejection::Refused { .. })), "{same:?}");
}

#[test]
fn a_transcript_is_given_up_only_where_the_token_still_works() {
    let work = transcript("1", None);
    let (_, progress) = begun(&work);
    for (status, body) in [(404, "{}"), (200, "[]")] {
        let pending = answered(&work, &progress, status, body.as_bytes());
        assert_eq!(pending, Ok(Step::Page(Page::default())), "{status}");
    }
    let step = answered(&work, &progress, 403, b"").expect("another request");
    let (exchange, asked) = sent(step);
    assert_eq!(exchange.path, "/_/public-api/v2/teams");
    let given_up = Page {
        without_transcript: vec!["1".into()],
        ..Page::default()
    };
    assert_eq!(
        answered(&work, &asked, 200, TEAMS),
        Ok(Step::Page(given_up))
    );
    for status in [401, 403] {
        let result = answered(&work, &asked, status, b"");
        assert!(
            matches!(result, Err(Rejection::Credentials { .. })),
            "{status}: {result:?}"
        );
    }
}

#[test]
fn errors_are_read_in_every_form() {
    let work = Work::Verify;
    let (_, progress) = begun(&work);
    for body in [
        r#"{"errors": {"detail": "no"}}"#,
        r#"{"error": {"message": "no"}}"#,
        r#"{"error": "no"}"#,
        r#"{"message": "no", "error": null}"#,
        "no",
    ] {
        let result = answered(&work, &progress, 418, body.as_bytes());
        let detail = "Grain answered 418: no".to_owned();
        assert_eq!(result, Err(Rejection::Refused { detail }), "{body}");
    }
}

#[test]
fn a_429_that_does_not_say_when_waits_until_the_limit_has_refilled() {
    let (_, progress) = begun(&Work::Verify);
    let after = Some(Duration::from_secs(20));
    assert_eq!(
        answered(&Work::Verify, &progress, 429, b""),
        Err(Rejection::Throttled { after })
    );
}

#[test]
fn a_consent_that_has_ended_is_asked_for_again() {
    let (_, progress) = begun(&Work::Verify);
    let reply = Reply::Http(HttpReply {
        status: 401,
        date: None,
        retry_after: None,
        allowance: None,
        content_type: String::new(),
        location: None,
        body: Bytes::new(),
    });
    for (method, words) in [(Method::Api, "token"), (Method::Oauth, "consent")] {
        let result = grain().next(&Work::Verify, &setup(method), &progress, &reply);
        let Err(Rejection::Credentials { advice }) = result else {
            panic!("{method}: {result:?}");
        };
        assert!(advice.contains(words), "{advice}");
    }
}

/// A public client met 30 requests in 20 seconds where Grain documents 300 a minute.
#[tokio::test]
async fn a_narrower_limit_than_documented_is_survived() {
    let mut scene = Scene::new("2026-12-01T01:17:00Z");
    let population = Population::new(3, 200, date(2026, 10, 1), date(2026, 10, 31), 4);
    let simulated = grain::Config {
        narrow: true,
        ..grain::Config::new(population)
    };
    let credential = json!({"token": simulated.token});
    let running = Simulator::start(Config {
        clock: Arc::new(scene.clock.clone()),
        ..Config::grain(simulated)
    })
    .expect("the simulator starts");
    scene
        .platform_urls
        .insert("grain".into(), running.url.clone());
    scene
        .secrets
        .insert("IMPORT_NORTHWIND_GRAIN".into(), credential.to_string());
    scene.write(
        "northwind.yaml",
        "customer: Northwind\nplatform: grain\nestimated_calls: 200\nurgency: onboarding\n\
         requested_completion: 2030-12-31\nperiod: {from: 2026-10-01, to: 2026-10-31}\n\
         credentials:\n  secret: IMPORT_NORTHWIND_GRAIN\n",
    );
    let report = scene.run("first").await;
    let import = &report.imports[0];
    assert_eq!(
        (import.phase, import.calls_imported),
        (Phase::Completed, 200),
        "{:?}",
        import.reason
    );
    assert!(running.log().count_status(429) > 0, "the limit was met");
    assert_eq!(running.log().too_early(), [0; 0], "waits as told");
}
