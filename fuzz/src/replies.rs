//! What connectors hold to, whatever a platform answers.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use call_import_engine::{
    model::{Method, Period},
    platforms::{
        self, CallRef, Connector, Exchange, HttpReply, Link, Page, Rejection, Reply, Setup, Step,
        Work,
    },
};
use jiff::{Timestamp, civil::date};

/// More requests of one step than an answer to each of them is worth.
const STEPS: usize = 4;

/// Answers of a platform. The first line names it, else it is any; below stands the body.
pub fn replies(bytes: &[u8]) {
    let end = bytes.iter().position(|byte| *byte == b'\n');
    let (name, body) = bytes.split_at(end.unwrap_or(0));
    let body = body.strip_prefix(b"\n").unwrap_or(body);
    let named = |key: &str| key.as_bytes() == name;
    let is_known = platforms::catalog().any(|(key, _)| named(key));
    for (key, connector) in platforms::catalog() {
        if is_known && !named(key) {
            continue;
        }
        for method in [Method::Api, Method::Oauth] {
            let setup = setup(connector, method);
            for work in works(&setup) {
                for (status, kind) in [
                    (200, "application/json"),
                    (200, "text/vtt"),
                    (302, "text/html"),
                    (400, "application/json"),
                ] {
                    answer(connector, &setup, &work, &reply(status, kind, body));
                }
            }
        }
    }
}

fn setup(connector: &dyn Connector, method: Method) -> Setup {
    Setup {
        base_url: connector.traits().base_url.into(),
        options: serde_json::Map::new(),
        internal_domains: vec!["northwind.example".into()],
        period: Period {
            from: date(2026, 3, 1),
            to: date(2026, 3, 31),
        },
        method,
        as_of: Timestamp::UNIX_EPOCH + jiff::SignedDuration::from_hours(24 * 20_788),
        keys: 2,
        gathered: Arc::default(),
    }
}

fn works(setup: &Setup) -> Vec<Work> {
    let call = |id: &str| CallRef {
        external_id: id.into(),
        raw: Some(format!(
            r#"{{"id": "{id}", "uuid": "{id}", "engagement_id": "{id}", "recording_id": 1, "parties": [], "metaData": {{"id": "{id}"}}, "start_at": "2026-03-02T10:00:00Z", "date": 1772463600000}}"#
        )),
    };
    vec![
        Work::Verify,
        Work::List {
            window: setup.period.window(),
            cursor: None,
        },
        Work::Transcripts(vec![call("1"), call("2")]),
        Work::Media(vec![call("1")]),
    ]
}

fn reply(status: u16, content_type: &str, body: &[u8]) -> Reply {
    Reply::Http(HttpReply {
        status,
        date: None,
        retry_after: (status != 200).then_some(Duration::from_secs(7)),
        allowance: None,
        content_type: content_type.into(),
        location: (status == 302).then(|| Link::new("https://media.example/1.mp4")),
        body: Bytes::copy_from_slice(body),
    })
}

/// The same answer again and again, until the step is over.
fn answer(connector: &dyn Connector, setup: &Setup, work: &Work, reply: &Reply) {
    let mut step = connector.begin(work, setup);
    for _ in 0..STEPS {
        let (exchange, progress) = match step {
            Step::Page(page) => return check_page(connector, setup, work, &page),
            Step::Send(exchange, progress) | Step::Later(exchange, progress, _) => {
                (exchange, progress)
            }
        };
        assert!(matches!(exchange, Exchange::Http(_)), "{exchange:?}");
        step = match connector.next(work, setup, &progress, reply) {
            Ok(step) => step,
            Err(Rejection::TooMuch { instead, .. }) => Step::Send(instead.0, instead.1),
            Err(rejection) => return check_rejection(&rejection),
        };
    }
}

fn check_page(connector: &dyn Connector, setup: &Setup, work: &Work, page: &Page) {
    for call in &page.calls {
        assert!(!call.external_id.is_empty(), "{call:?}");
        assert!(call.raw.is_some(), "{call:?}");
    }
    for failure in &page.failures {
        assert!(!failure.external_id.is_empty(), "{failure:?}");
        assert!(!failure.detail.is_empty(), "{failure:?}");
    }
    if let (Work::List { window, .. }, Some(cursor)) = (work, &page.next) {
        let on = Work::List {
            window: *window,
            cursor: Some(cursor.clone()),
        };
        let step = connector.begin(&on, setup);
        assert!(matches!(step, Step::Send(..)), "{cursor:?}");
    }
}

fn check_rejection(rejection: &Rejection) {
    match rejection {
        Rejection::Credentials { advice } => assert!(advice.ends_with('.'), "{advice}"),
        Rejection::Refused { detail }
        | Rejection::Broken { detail }
        | Rejection::Unavailable { detail, .. }
        | Rejection::TooMuch { detail, .. } => assert!(!detail.is_empty(), "{rejection:?}"),
        Rejection::Throttled { .. } | Rejection::RestartWindow => {}
    }
}
