//! The simulated Grain against the documented facts.

use std::{collections::BTreeSet, sync::Arc};

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use super::{TestClock, answer, client, header, population};
use crate::{
    Config, Running, Simulator,
    grain::{self, is_forgotten, is_locked},
    limits::Limits,
};

const RECORDINGS: &str = "/_/public-api/v2/recordings";
const TEAMS: &str = "/_/public-api/v2/teams";

fn start(config: grain::Config) -> Running {
    let clock = Arc::new(TestClock::default());
    let config = Config {
        clock,
        ..Config::grain(config)
    };
    Simulator::start(config).unwrap()
}

/// 250 recordings in the first quarter of 2026, without limits.
fn unlimited() -> grain::Config {
    grain::Config {
        limits: Limits::NONE,
        ..grain::Config::new(population(250))
    }
}

fn plain(running: &Running, method: Method, path: &str) -> RequestBuilder {
    client().request(method, format!("{}{path}", running.url))
}

fn signed(running: &Running, method: Method, path: &str) -> RequestBuilder {
    plain(running, method, path)
        .bearer_auth("demo-token")
        .header("public-api-version", "2025-10-31")
}

fn post(running: &Running, path: &str, body: &Value) -> RequestBuilder {
    signed(running, Method::POST, path)
        .header("content-type", "application/json")
        .body(body.to_string())
}

async fn status(request: RequestBuilder) -> u16 {
    request.send().await.unwrap().status().as_u16()
}

/// The ids of a whole list, in its order.
async fn list(running: &Running, mut body: Value) -> Vec<String> {
    let mut ids = Vec::new();
    loop {
        let (status, page) = answer(post(running, RECORDINGS, &body)).await;
        assert_eq!(status, 200, "{page}");
        let recordings = page["recordings"].as_array().unwrap();
        ids.extend(
            recordings
                .iter()
                .map(|recording| recording["id"].as_str().unwrap().to_owned()),
        );
        if page["cursor"].is_null() {
            return ids;
        }
        body["cursor"] = page["cursor"].clone();
    }
}

#[tokio::test]
async fn token_and_version_are_required() {
    let running = start(unlimited());
    let body = |request: RequestBuilder| {
        request
            .header("content-type", "application/json")
            .body("{}")
    };
    let unsigned = plain(&running, Method::POST, TEAMS);
    assert_eq!(status(body(unsigned)).await, 401);
    let unversioned = plain(&running, Method::POST, TEAMS).bearer_auth("demo-token");
    assert_eq!(status(body(unversioned)).await, 400);
    assert_eq!(status(post(&running, TEAMS, &json!({}))).await, 200);
    assert_eq!(status(signed(&running, Method::GET, TEAMS)).await, 405);
    running.account().revoke();
    assert_eq!(status(post(&running, TEAMS, &json!({}))).await, 401);
}

#[tokio::test]
async fn a_list_holds_every_recording_once_newest_first() {
    let running = start(unlimited());
    let ids = list(&running, json!({})).await;
    let mut expected: Vec<String> = running.account().calls().map(|call| call.id).collect();
    expected.reverse();
    assert_eq!(ids, expected);
    assert_eq!(running.log().len(), 5);
    let torn = json!({"cursor": "dG9ybg=="});
    assert_eq!(status(post(&running, RECORDINGS, &torn)).await, 400);
}

#[tokio::test]
async fn a_filter_counts_days_of_the_workspace_and_may_be_refused() {
    let running = start(unlimited());
    let filter =
        |from: &str, to: &str| json!({"filter": {"after_datetime": from, "before_datetime": to}});
    let ids = list(
        &running,
        filter("2026-02-01T23:00:00Z", "2026-02-03T01:00:00Z"),
    )
    .await;
    let bounds =
        ["2026-02-01T08:00:00Z", "2026-02-03T08:00:00Z"].map(|bound| Some(bound.parse().unwrap()));
    let population = running.account().population();
    let expected = population.between(bounds[0], bounds[1]).rev();
    assert!(!ids.is_empty());
    assert_eq!(
        ids,
        expected
            .map(|index| population.id(index))
            .collect::<Vec<_>>()
    );

    let strict = start(grain::Config {
        refuses_filter: true,
        ..unlimited()
    });
    let refused = filter("2026-02-01T00:00:00Z", "2026-02-03T00:00:00Z");
    assert_eq!(status(post(&strict, RECORDINGS, &refused)).await, 400);
}

#[tokio::test]
async fn only_the_single_recording_tells_participants_that_the_list_forgot() {
    let running = start(unlimited());
    let body = json!({"include": {"participants": true}});
    let (_, page) = answer(post(&running, RECORDINGS, &body)).await;
    let call = running
        .account()
        .population()
        .calls()
        .filter(is_forgotten)
        .last()
        .unwrap();
    let listed = page["recordings"].as_array().unwrap();
    let listed = listed
        .iter()
        .find(|recording| recording["id"] == *call.id)
        .unwrap();
    assert_eq!(listed.get("participants"), None);
    let (_, single) = answer(post(&running, &format!("{RECORDINGS}/{}", call.id), &body)).await;
    let told = single["participants"].as_array().unwrap();
    assert_eq!(told.len(), call.parties.len());
}

#[tokio::test]
async fn transcripts_are_there_or_late_or_missing_or_locked() {
    let running = start(unlimited());
    let mut met = BTreeSet::new();
    for call in running.account().population().calls() {
        let path = format!("{RECORDINGS}/{}/transcript", call.id);
        let response = signed(&running, Method::GET, &path).send().await.unwrap();
        let status = response.status().as_u16();
        let text = response.text().await.unwrap();
        let is_empty = status == 200 && text == "[]";
        assert_eq!(status == 403, is_locked(&call));
        assert_eq!(
            status == 200 && !is_empty,
            running.account().has_transcript(&call)
        );
        met.insert((status, is_empty));
    }
    assert_eq!(
        Vec::from_iter(met),
        [(200, false), (200, true), (403, false), (404, false)]
    );
}

#[tokio::test]
async fn limits_are_told_on_every_answer() {
    let running = start(grain::Config {
        narrow: true,
        ..unlimited()
    });
    for left in (0..30).rev() {
        let response = post(&running, TEAMS, &json!({})).send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(header(&response, "x-ratelimit-limit"), "30");
        assert_eq!(header(&response, "x-ratelimit-remaining"), left.to_string());
    }
    let response = post(&running, TEAMS, &json!({})).send().await.unwrap();
    assert_eq!(response.status(), 429);
    assert_eq!(header(&response, "retry-after"), "20");
}
