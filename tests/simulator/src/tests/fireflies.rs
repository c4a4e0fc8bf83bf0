//! Fireflies: one endpoint, errors inside a 200.

use serde_json::{Value, json};

use super::{answer, client, population};
use crate::{Config, Running, Simulator, fireflies, limits::Limits};

fn start(bearable: usize) -> Running {
    let config = fireflies::Config {
        limits: Limits::NONE,
        bearable,
        ..fireflies::Config::new(population(250))
    };
    Simulator::start(Config::fireflies(config)).unwrap()
}

async fn ask(running: &Running, token: &str, query: &str, variables: Value) -> (u16, Value) {
    let body = json!({"query": query, "variables": variables}).to_string();
    let request = client().post(format!("{}/graphql", running.url));
    let request = request
        .bearer_auth(token)
        .header("content-type", "application/json");
    answer(request.body(body)).await
}

const LIST: &str = "query L($from: DateTime, $to: DateTime, $limit: Int, $skip: Int) { transcripts(fromDate: $from, \
                    toDate: $to, limit: $limit, skip: $skip) { id title sentences { text } } }";

#[tokio::test]
async fn pages_are_newest_first_and_end_with_one_that_is_not_full() {
    let running = start(50);
    let mut ids: Vec<String> = Vec::new();
    for skip in [0, 50, 100, 150, 200, 250] {
        let (status, page) = ask(
            &running,
            "demo-key",
            LIST,
            json!({"limit": 50, "skip": skip}),
        )
        .await;
        assert_eq!(status, 200);
        let calls = page["data"]["transcripts"].as_array().unwrap();
        ids.extend(
            calls
                .iter()
                .map(|call| call["id"].as_str().unwrap().to_owned()),
        );
    }
    let mut expected: Vec<String> = running.account().calls().map(|call| call.id).collect();
    expected.reverse();
    assert_eq!(ids, expected);
}

#[tokio::test]
async fn errors_stand_inside_a_200() {
    let running = start(20);
    let unknown = LIST.replace("title", "tittle");
    for (token, query, variables, code) in [
        ("wrong", LIST, json!({}), "auth_failed"),
        ("demo-key", LIST, json!({"limit": 51}), "invalid_arguments"),
        ("demo-key", unknown.as_str(), json!({}), "invalid_arguments"),
        ("demo-key", LIST, json!({"limit": 21}), "request_timeout"),
        (
            "demo-key",
            "query T($id: String!) { transcript(id: $id) { id } }",
            json!({"id": "x"}),
            "object_not_found",
        ),
    ] {
        let (status, body) = ask(&running, token, query, variables).await;
        assert_eq!(
            (status, &body["errors"][0]["code"]),
            (200, &json!(code)),
            "{body}"
        );
    }
}
