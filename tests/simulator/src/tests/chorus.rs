//! Chorus: continuation keys, and calls that are listed and not found.

use serde_json::Value;

use super::{answer, client, population};
use crate::{Running, Simulator, chorus, company::TranscriptFate, limits::Limits, media::NOWHERE};

fn start() -> Running {
    let (config, _) = (chorus::DEMO.config)(population(250), Limits::NONE, NOWHERE);
    Simulator::start(config).unwrap()
}

async fn get(running: &Running, path: &str) -> (u16, Value) {
    let request = client()
        .get(format!("{}{path}", running.url))
        .header("authorization", "demo-secret")
        .header("accept", "application/vnd.api+json");
    answer(request).await
}

#[tokio::test]
async fn a_kind_of_call_ends_with_an_empty_page() {
    let running = start();
    let mut listed = 0;
    for kind in ["meeting", "dialer"] {
        let first = format!("/v3/engagements?engagement_type={kind}");
        let mut path = first.clone();
        loop {
            let (status, page) = get(&running, &path).await;
            assert_eq!(status, 200, "{page}");
            let engagements = page["engagements"].as_array().unwrap();
            assert!(engagements.iter().all(|one| one["engagement_type"] == kind));
            listed += engagements.len();
            match page["continuation_key"].as_str() {
                Some(key) => {
                    path = format!("{first}&continuation_key={}", key.replace(' ', "%20"));
                }
                None => {
                    assert!(engagements.is_empty());
                    break;
                }
            }
        }
    }
    assert_eq!(listed, 250);
    let path = "/v3/engagements?engagement_type=meeting&continuation_key=nothing";
    let (status, body) = get(&running, path).await;
    assert_eq!((status, &body["errors"][0]["status"]), (400, &"400".into()));
}

#[tokio::test]
async fn what_was_said_is_there_or_not_yet_or_out_of_reach() {
    let running = start();
    for call in running.account().calls() {
        let (status, body) = get(&running, &format!("/api/v1/conversations/{}", call.id)).await;
        if chorus::is_out_of_reach(&call) {
            assert_eq!(status, 404, "call {}", call.index);
            continue;
        }
        let said = body["data"]["attributes"]["recording"]["utterances"].as_array();
        let is_there = call.transcript == TranscriptFate::There;
        assert_eq!(
            (status, said.is_some_and(|said| !said.is_empty())),
            (200, is_there),
            "call {}",
            call.index
        );
    }
}

#[tokio::test]
async fn a_scheme_before_the_token_is_refused() {
    let running = start();
    let request = client().get(format!("{}/v3/engagements", running.url));
    let (status, body) = answer(request.bearer_auth("demo-secret")).await;
    assert_eq!(
        (status, &body["errors"][0]["code"]),
        (401, &"ZI0001".into())
    );
}
