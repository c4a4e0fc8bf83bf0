//! What Gong refuses, and how.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::{Bench, EXTENSIVE, TRANSCRIPT, ids_of, listing};

fn error_text(answer: &Value) -> &str {
    answer["errors"][0].as_str().unwrap()
}

#[tokio::test]
async fn a_wrong_credential_is_told_in_the_envelope() {
    let bench = Bench::with_250_calls();
    let url = format!("{}/v2/workspaces", bench.running.url);
    for request in [
        bench.http.get(&url),
        bench.http.get(&url).basic_auth("demo", Some("wrong")),
        bench.http.get(&url).bearer_auth("demo-secret"),
    ] {
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 401);
        let trace = super::header(&response, "x-traceid").to_owned();
        let body: Value = serde_json::from_str(&response.text().await.unwrap()).unwrap();
        assert_eq!(body["requestId"], trace);
        assert!(!error_text(&body).is_empty());
    }
    assert_eq!(bench.get("/v2/workspaces").await.0, 200);
    let company = bench.running.gong().first_company();
    company.revoke();
    assert_eq!(bench.get("/v2/workspaces").await.0, 401);
    company.restore();
    assert_eq!(bench.get("/v2/workspaces").await.0, 200);
}

#[tokio::test]
async fn an_empty_result_is_404() {
    let bench = Bench::with_250_calls();
    let empty = json!({"filter": {"fromDateTime": "2030-01-01T00:00:00Z", "toDateTime": "2030-02-01T00:00:00Z"}});
    for path in [EXTENSIVE, TRANSCRIPT] {
        let (status, answer) = bench.post(path, &empty).await;
        assert_eq!(status, 404);
        assert_eq!(
            error_text(&answer),
            "No calls found corresponding to the provided filters"
        );
    }
    let list = "/v2/calls?fromDateTime=2030-01-01T00:00:00Z&toDateTime=2030-02-01T00:00:00Z";
    assert_eq!(bench.get(list).await.0, 404);
    let unknown = json!({"filter": {"callIds": ["4810027719920013345"]}});
    assert_eq!(bench.post(TRANSCRIPT, &unknown).await.0, 404);
}

#[tokio::test]
async fn mistakes_are_400() {
    let bench = Bench::with_250_calls();
    let population = bench.running.gong().population().clone();
    let id = population.id(0);
    let many: Vec<_> = (0..101).map(|index| population.id(index)).collect();
    let january = "2026-01-01T00:00:00Z";
    let mistakes = [
        (json!({}), "filter: must not be null"),
        (
            json!({"filter": {"callIds": []}}),
            "filter.callIds: must not be empty",
        ),
        (
            json!({"filter": {"callIds": [id, id]}}),
            "filter.callIds: must be distinct",
        ),
        (
            json!({"filter": {"callIds": many}}),
            "filter.callIds: more than 100 ids",
        ),
        (
            json!({"filter": {"fromDateTime": january, "toDateTime": january}}),
            "filter.fromDateTime: must be before toDateTime",
        ),
        (
            json!({"filter": {"fromDateTime": "2026-01-01"}}),
            "filter.fromDateTime: not an ISO 8601",
        ),
        (
            json!({"filter": {"callIds": [4_810_027_719_920_013_345_u64]}}),
            "Malformed request",
        ),
        (json!({"filter": {"from": january}}), "Malformed request"),
        (
            json!({"filter": {}, "cursor": "damaged"}),
            "Failed to verify cursor",
        ),
    ];
    for (body, message) in mistakes {
        for path in [EXTENSIVE, TRANSCRIPT] {
            let (status, answer) = bench.post(path, &body).await;
            assert_eq!(status, 400, "{body}");
            assert!(error_text(&answer).starts_with(message), "{answer}");
        }
    }
    let timing =
        json!({"filter": {}, "contentSelector": {"context": "Basic", "contextTiming": ["Now"]}});
    assert_eq!(bench.post(EXTENSIVE, &timing).await.0, 400);
    let selector = json!({"filter": {}, "contentSelector": {}});
    assert_eq!(bench.post(TRANSCRIPT, &selector).await.0, 400);
    assert_eq!(
        bench
            .get("/v2/calls?fromDateTime=2026-01-01T00:00:00Z")
            .await
            .0,
        400
    );
    // A plus sign that is not encoded is a blank.
    let plus = "/v2/calls?fromDateTime=2026-01-01T00:00:00+01:00&toDateTime=2026-02-01T00:00:00Z";
    assert_eq!(bench.get(plus).await.0, 400);
}

#[tokio::test]
async fn wrong_methods_paths_and_types_are_refused() {
    let bench = Bench::with_250_calls();
    let text = bench
        .request(Method::POST, EXTENSIVE)
        .body(r#"{"filter": {}}"#);
    for (request, expected, message) in [
        (
            bench.request(Method::GET, EXTENSIVE),
            405,
            "Method Not Allowed",
        ),
        (
            bench.request(Method::POST, "/v2/workspaces"),
            405,
            "Method Not Allowed",
        ),
        (bench.request(Method::GET, "/v1/calls"), 404, "Not Found"),
        (text, 415, "Unsupported Media Type"),
    ] {
        let (status, answer) = super::answer(request).await;
        assert_eq!(status, expected);
        assert_eq!(error_text(&answer), message);
    }
}

#[tokio::test]
async fn a_cursor_in_the_query_of_a_post_is_ignored() {
    let bench = Bench::with_250_calls();
    let (_, first) = bench.list(None).await;
    let cursor = first["records"]["cursor"].as_str().unwrap();
    let (status, again) = bench
        .post(&format!("{EXTENSIVE}?cursor={cursor}"), &listing(None))
        .await;
    assert_eq!(status, 200);
    assert_eq!(ids_of(&again), ids_of(&first));
}

#[tokio::test]
async fn a_cursor_belongs_to_its_filter() {
    let bench = Bench::with_250_calls();
    let (_, first) = bench.list(None).await;
    let mut other = listing(Some(&first["records"]["cursor"]));
    other["filter"]["fromDateTime"] = json!("2026-01-02T00:00:00Z");
    let (status, answer) = bench.post(EXTENSIVE, &other).await;
    assert_eq!(status, 400);
    assert!(error_text(&answer).starts_with("cursor does not belong"));
}

#[tokio::test]
async fn cursors_live_an_hour_from_the_first_request() {
    let bench = Bench::with_250_calls();
    let (_, first) = bench.list(None).await;
    bench.clock.advance(Duration::from_secs(59 * 60));
    let (status, second) = bench.list(Some(&first["records"]["cursor"])).await;
    assert_eq!(status, 200);
    bench.clock.advance(Duration::from_secs(2 * 60));
    let (status, answer) = bench.list(Some(&second["records"]["cursor"])).await;
    assert_eq!(status, 400);
    assert_eq!(error_text(&answer), "cursor has expired");
}

#[tokio::test]
async fn calls_that_come_and_go_do_not_shift_pages() {
    let bench = Bench::with_250_calls();
    let gong = bench.running.gong();
    let company = gong.first_company();
    company.hide([150, 240]);
    let (_, first) = bench.list(None).await;
    assert_eq!(first["records"]["totalRecords"], 248);
    company.hide(0..10);
    company.reveal([240]);
    let (_, second) = bench.list(Some(&first["records"]["cursor"])).await;
    let (_, third) = bench.list(Some(&second["records"]["cursor"])).await;
    let listed = [ids_of(&first), ids_of(&second), ids_of(&third)].concat();
    let expected: Vec<_> = (0..250)
        .filter(|index| *index != 150)
        .map(|index| gong.population().id(index))
        .collect();
    assert_eq!(listed, expected);
    assert_eq!(company.calls().count(), 250 - 11);
    let gone = format!("/v2/calls/{}", gong.population().id(3));
    assert_eq!(bench.get(&gone).await.0, 404);
}
