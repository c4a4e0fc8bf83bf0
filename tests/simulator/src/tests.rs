//! The simulator against the documented facts, over HTTP as an importer sees it.

mod avoma;
mod chorus;
mod fathom;
mod faults;
mod fireflies;
mod gate;
mod github;
mod grain;
mod listing;
mod media;
mod requests;
mod tldv;
mod traffic;

use std::{
    sync::{
        Arc, Once,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use jiff::{Timestamp, civil::date};
use reqwest::{Method, RequestBuilder, Response, redirect};
use serde_json::{Value, json};

use crate::{
    Config, Running, Simulator,
    clock::{Clock, Sleep},
    gong,
};

const EXTENSIVE: &str = "/v2/calls/extensive";
const TRANSCRIPT: &str = "/v2/calls/transcript";

/// A clock that only moves when it is told to, or when somebody sleeps.
#[derive(Default)]
struct TestClock(AtomicI64);

impl TestClock {
    fn advance(&self, duration: Duration) {
        let milliseconds = i64::try_from(duration.as_millis()).unwrap();
        self.0.fetch_add(milliseconds, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        let start: Timestamp = "2026-11-02T01:17:00Z".parse().unwrap();
        start + Duration::from_millis(self.0.load(Ordering::SeqCst).unsigned_abs())
    }

    fn sleep(&self, duration: Duration) -> Sleep {
        self.advance(duration);
        Box::pin(std::future::ready(()))
    }
}

/// A simulated Gong with its clock and a client that has its credential.
struct Bench {
    running: Running,
    clock: Arc<TestClock>,
    http: reqwest::Client,
}

impl Bench {
    fn start(platform: gong::Config) -> Self {
        let clock = Arc::new(TestClock::default());
        let running = Simulator::start(Config {
            clock: clock.clone(),
            ..Config::gong(platform)
        })
        .unwrap();
        Self {
            running,
            clock,
            http: client(),
        }
    }

    /// 250 calls in the first quarter of 2026, without limits.
    fn with_250_calls() -> Self {
        Self::start(gong::Config::new(population(250)).without_limits())
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("{}{path}", self.running.url);
        self.http
            .request(method, url)
            .basic_auth("demo", Some("demo-secret"))
    }

    fn post_request(&self, path: &str, body: &Value) -> RequestBuilder {
        self.request(Method::POST, path)
            .header("content-type", "application/json")
            .body(body.to_string())
    }

    async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        answer(self.post_request(path, body)).await
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        answer(self.request(Method::GET, path)).await
    }

    /// The status of a request whose body does not matter.
    async fn status(&self, request: RequestBuilder) -> u16 {
        request.send().await.unwrap().status().as_u16()
    }

    /// The listing of the whole population, or where it is at a cursor.
    async fn list(&self, cursor: Option<&Value>) -> (u16, Value) {
        self.post(EXTENSIVE, &listing(cursor)).await
    }

    /// Follows the cursors of a POST to the end.
    async fn pages(&self, path: &str, body: &Value) -> Vec<Value> {
        let mut body = body.clone();
        let mut pages = Vec::new();
        loop {
            let (status, page) = self.post(path, &body).await;
            assert_eq!(status, 200, "{page}");
            let cursor = page["records"]["cursor"].clone();
            pages.push(page);
            if cursor.is_null() {
                return pages;
            }
            body["cursor"] = cursor;
        }
    }
}

fn client() -> reqwest::Client {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| {
        let provider = rustls::crypto::ring::default_provider();
        provider.install_default().unwrap();
    });
    let client = reqwest::Client::builder().redirect(redirect::Policy::none());
    client.build().unwrap()
}

async fn answer(request: RequestBuilder) -> (u16, Value) {
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let text = response.text().await.unwrap();
    (status, serde_json::from_str(&text).unwrap())
}

fn population(calls: u32) -> gong::Population {
    gong::Population::new(7, calls, date(2026, 1, 1), date(2026, 3, 31), 8)
}

/// A body that asks for every call.
fn listing(cursor: Option<&Value>) -> Value {
    let mut body = json!({
        "filter": {"fromDateTime": "2026-01-01T00:00:00Z", "toDateTime": "2026-04-01T00:00:00Z"},
        "contentSelector": {"context": "Extended", "exposedFields": {"parties": true, "content": {"brief": true}}},
    });
    if let Some(cursor) = cursor {
        body["cursor"] = cursor.clone();
    }
    body
}

fn ids_of(page: &Value) -> Vec<String> {
    let calls = page["calls"].as_array().unwrap();
    let id = |call: &Value| call["metaData"]["id"].as_str().unwrap().to_owned();
    calls.iter().map(id).collect()
}

fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers()[name].to_str().unwrap()
}
