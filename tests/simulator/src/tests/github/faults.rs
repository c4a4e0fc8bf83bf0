//! Bad luck.

use reqwest::Method;
use serde_json::json;

use super::{Bench, COMMENTS};
use crate::{
    faults::{Fault, Rule},
    github::{self, Place},
};

const PLACE: Place = Place::PullRequest(12);

#[tokio::test]
async fn an_answer_is_lost_though_the_comment_is_there() {
    let bench = Bench::with_a_pull_request();
    let lost = Rule::new(Fault::Lost).on_writes().skip(1).once();
    bench.github().faults().add(lost);
    assert_eq!(bench.get(COMMENTS).await.0, 200);
    assert_eq!(bench.post(COMMENTS, "first").await.0, 201);
    let request = bench.request(Method::POST, COMMENTS);
    let body = json!({"body": "second"}).to_string();
    // Not even a status arrives.
    let error = request.body(body).send().await.unwrap_err();
    assert!(error.is_request(), "{error:?}");
    assert_eq!(bench.github().comments(&PLACE).len(), 2);
    assert_eq!(bench.post(COMMENTS, "third").await.0, 201);
}

#[tokio::test]
async fn a_proxy_answers_though_the_comment_is_there() {
    let bench = Bench::with_a_pull_request();
    let masked = Rule::new(Fault::masked(502))
        .on(github::CREATE_COMMENT)
        .once();
    bench.github().faults().add(masked);
    assert_eq!(bench.post(COMMENTS, "first").await.0, 502);
    assert_eq!(bench.github().comments(&PLACE).len(), 1);
}

#[tokio::test]
async fn an_outage_carries_nothing_out() {
    let bench = Bench::with_a_pull_request();
    let outage = bench.github().faults().add(Rule::new(Fault::status(503)));
    let (status, error) = bench.post(COMMENTS, "first").await;
    assert_eq!((status, &error["status"]), (503, &json!("503")));
    assert_eq!(bench.get("/user").await.0, 503);
    outage.release();
    assert_eq!(bench.get(COMMENTS).await, (200, json!([])));
}

#[tokio::test]
async fn a_token_may_only_read() {
    let bench = Bench::with_a_pull_request();
    bench.github().read_only(true);
    let (status, error) = bench.post(COMMENTS, "first").await;
    assert_eq!(
        (status, &error["message"]),
        (403, &json!("Resource not accessible by integration"))
    );
    assert_eq!(bench.get(COMMENTS).await, (200, json!([])));
    bench.github().read_only(false);
    assert_eq!(bench.post(COMMENTS, "first").await.0, 201);
}

#[tokio::test]
async fn a_link_leads_astray() {
    let bench = Bench::with_a_pull_request();
    bench.github().lead_astray("https://elsewhere.example");
    for _ in 0..2 {
        bench.github().comment_as("omar", &PLACE, "text");
    }
    let request = bench.request(Method::GET, &format!("{COMMENTS}?per_page=1"));
    let response = request.send().await.unwrap();
    let link = response.headers()["link"].to_str().unwrap();
    assert!(
        link.starts_with("<https://elsewhere.example/repositories/730000001/issues/12/comments?")
    );
    // Only that one.
    assert!(link.contains(&format!("<{}/repositories", bench.running.url)));
}
