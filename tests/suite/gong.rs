//! Gong's connector against answers in the form of its API description; the wire itself is tested
//! against the simulator in `reconcile`.

use std::time::Duration;

use bytes::Bytes;
use call_import_engine::{
    model::{Period, TranscriptContent, Window},
    platforms::{
        CallRef, Connector, Exchange, HttpReply, Page, Rejection, Reply, Setup, Step, Work,
        connector,
    },
};
use jiff::civil::date;
use serde_json::{Value, json};

const LISTED: &[u8] = include_bytes!("../fixtures/gong/extensive.json");
const SPOKEN: &[u8] = include_bytes!("../fixtures/gong/transcript.json");

fn gong() -> &'static dyn Connector {
    connector("gong").expect("Gong is in the catalog")
}

fn setup(options: Value) -> Setup {
    Setup {
        base_url: "https://api.gong.io".into(),
        options: options.as_object().cloned().unwrap_or_default(),
        internal_domains: vec!["fabrikam.example".into()],
        period: Period {
            from: date(2026, 3, 1),
            to: date(2026, 3, 31),
        },
        method: call_import_engine::model::Method::Api,
        as_of: jiff::Timestamp::UNIX_EPOCH,
        keys: 1,
        gathered: Default::default(),
    }
}

fn reply(status: u16, body: &[u8]) -> Reply {
    Reply::Http(HttpReply {
        status,
        date: None,
        retry_after: (status == 429).then_some(Duration::from_secs(7)),
        allowance: None,
        content_type: "application/json".into(),
        location: None,
        body: Bytes::copy_from_slice(body),
    })
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

fn page(work: &Work, options: Value, body: &[u8]) -> Page {
    match gong().next(work, &setup(options), &Value::Null, &reply(200, body)) {
        Ok(Step::Page(page)) => page,
        other => panic!("expected a page, got {other:?}"),
    }
}

fn rejection(work: &Work, status: u16, body: &str) -> Rejection {
    gong()
        .next(
            work,
            &setup(json!({})),
            &Value::Null,
            &reply(status, body.as_bytes()),
        )
        .expect_err("a rejection")
}

fn request(work: &Work, options: Value) -> (String, Value) {
    match gong().begin(work, &setup(options)) {
        Step::Send(Exchange::Http(exchange), _) => {
            (exchange.path, exchange.body.unwrap_or_default())
        }
        other => panic!("expected a request, got {other:?}"),
    }
}

#[test]
fn a_listing_asks_for_parties_and_puts_the_cursor_into_the_body() {
    let (path, body) = request(&list(Some("c1")), json!({"workspace_id": "623"}));
    assert_eq!(path, "/v2/calls/extensive");
    assert_eq!(body["cursor"], "c1");
    assert_eq!(
        body["filter"],
        json!({"fromDateTime": "2026-03-01T00:00:00Z", "toDateTime": "2026-04-01T00:00:00Z", "workspaceId": "623"})
    );
    assert_eq!(body["contentSelector"]["exposedFields"]["parties"], true);
    let (_, first) = request(&list(None), json!({}));
    assert!(first.get("cursor").is_none() && first["filter"].get("workspaceId").is_none());
}

#[test]
fn a_listing_becomes_calls() {
    let page = page(&list(None), json!({}), LISTED);
    assert_eq!(
        (page.total, page.next.as_deref()),
        (Some(4), Some("next-page"))
    );
    assert!(
        page.calls
            .iter()
            .all(|call| call.transcript == TranscriptContent::Pending)
    );
    let raw = page.calls[0].raw.as_deref().expect("the JSON as it came");
    assert!(
        raw.contains("aFieldOfNextYear") && !raw.contains("SECRET"),
        "signed links are secrets: {raw}"
    );
    insta::assert_json_snapshot!("gong_listing", page.calls);
    insta::assert_debug_snapshot!("gong_listing_failures", page.failures);
}

#[test]
fn private_calls_can_be_left_out() {
    let page = page(&list(None), json!({"skip_private": true}), LISTED);
    assert_eq!(
        page.calls
            .iter()
            .map(|call| call.external_id.as_str())
            .collect::<Vec<_>>(),
        ["7782342274025937895", "11"]
    );
}

#[test]
fn a_transcript_knows_its_speakers_from_the_listing() {
    let listed = page(&list(None), json!({}), LISTED);
    let calls: Vec<CallRef> = listed
        .calls
        .into_iter()
        .map(|call| CallRef {
            external_id: call.external_id,
            raw: call.raw,
        })
        .collect();
    let work = Work::Transcripts(calls);
    assert_eq!(
        request(&work, json!({})).1,
        json!({"filter": {"callIds": ["7782342274025937895", "98765432109876543", "11"]}})
    );
    insta::assert_json_snapshot!(
        "gong_transcripts",
        page(&work, json!({}), SPOKEN).transcripts
    );
}

#[test]
fn an_empty_period_is_a_404() {
    let none =
        r#"{"requestId":"x","errors":["No calls found corresponding to the provided filters"]}"#;
    for work in [list(None), Work::Transcripts(vec![])] {
        let step = gong().next(
            &work,
            &setup(json!({})),
            &Value::Null,
            &reply(404, none.as_bytes()),
        );
        assert_eq!(step, Ok(Step::Page(Page::default())), "{work:?}");
    }
    assert!(matches!(
        rejection(&Work::Verify, 404, none),
        Rejection::Refused { .. }
    ));
    assert!(matches!(
        rejection(&list(None), 404, "<html>"),
        Rejection::Refused { .. }
    ));
}

#[test]
fn every_status_has_its_meaning() {
    let errors = |text: &str| json!({"requestId": "x", "errors": [text]}).to_string();
    for (status, text, expected) in [
        (401, "Invalid key", "Credentials"),
        (
            401,
            "You don't have permission to use that scope",
            "Credentials",
        ),
        (403, "", "Credentials"),
        (429, "Too many", "Throttled"),
        (500, "Internal server error occurred", "Unavailable"),
        (503, "", "Unavailable"),
        (400, "cursor has expired", "RestartWindow"),
        (400, "Failed to verify cursor", "RestartWindow"),
        (
            400,
            "filter.fromDateTime: must be before toDateTime",
            "Refused",
        ),
        (415, "Unsupported Media Type", "Refused"),
        (302, "", "Refused"),
    ] {
        let rejection = format!("{:?}", rejection(&list(None), status, &errors(text)));
        assert!(
            rejection.starts_with(expected),
            "{status} {text}: {rejection}"
        );
    }
    assert_eq!(
        rejection(&list(None), 429, ""),
        Rejection::Throttled {
            after: Some(Duration::from_secs(7))
        }
    );
}

#[test]
fn what_cannot_be_read_is_broken_and_says_where() {
    for body in [
        "",
        "<html>Log in</html>",
        r#"{"calls": [{"#,
        r#"{"records": {}}"#,
        "[]",
    ] {
        let Rejection::Broken { detail } = rejection(&list(None), 200, body) else {
            panic!("{body} must be broken");
        };
        assert!(detail.contains("line"), "{detail}");
    }
}
