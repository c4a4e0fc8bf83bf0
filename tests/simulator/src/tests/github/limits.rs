//! GitHub's limits, and who breaks them.

use std::time::Duration;

use reqwest::Method;

use super::{Bench, COMMENTS, pull_request};
use crate::github::{self, Excess, Limits};

impl Bench {
    fn with_limits(limits: Limits) -> Self {
        let bench = Self::start(github::Config {
            limits: Some(limits),
            ..github::Config::default()
        });
        bench.github().merge(pull_request(12));
        bench
    }

    /// Status and a header of a request.
    async fn ask(&self, method: Method, path: &str, header: &str) -> (u16, Option<String>) {
        let request = self.request(method, path).body(r#"{"body": "Queued"}"#);
        let response = request.send().await.unwrap();
        let value = response.headers().get(header);
        let value = value.map(|value| value.to_str().unwrap().to_owned());
        (response.status().as_u16(), value)
    }

    /// Writes a comment, and tells status and `Retry-After`.
    async fn write(&self) -> (u16, Option<String>) {
        self.ask(Method::POST, COMMENTS, "retry-after").await
    }

    fn excesses(&self) -> Vec<Excess> {
        let violations = self.github().violations();
        violations
            .iter()
            .map(|violation| violation.excess)
            .collect()
    }
}

#[tokio::test]
async fn an_hour_has_a_thousand_requests() {
    let bench = Bench::with_limits(Limits {
        requests_per_hour: 3,
        ..Limits::ACTIONS
    });
    let reset = "1793585820".to_owned();
    for remaining in ["2", "1", "0"] {
        let answer = bench
            .ask(Method::GET, COMMENTS, "x-ratelimit-remaining")
            .await;
        assert_eq!(answer, (200, Some(remaining.into())));
        bench.clock.advance(Duration::from_secs(60));
    }
    // Asking how it stands costs nothing.
    assert_eq!(bench.get("/rate_limit").await.1["rate"]["used"], 3);
    assert!(bench.excesses().is_empty());
    let refused = bench.ask(Method::GET, COMMENTS, "x-ratelimit-reset").await;
    assert_eq!(refused, (403, Some(reset)));
    assert_eq!(bench.excesses(), [Excess::Requests]);
    assert_eq!(bench.github().violations()[0].request, 5);
    bench.clock.advance(Duration::from_secs(57 * 60));
    let answer = bench.ask(Method::GET, "/nowhere", "x-ratelimit-used").await;
    assert_eq!(answer, (404, Some("1".into())));
    assert_eq!(Limits::ACTIONS.requests_per_hour, 1_000);
}

#[tokio::test]
async fn others_may_have_spent_the_hour() {
    let bench = Bench::with_limits(Limits::ACTIONS);
    bench.github().spend(1_000);
    let (status, error) = bench.get(COMMENTS).await;
    assert_eq!(status, 403);
    let message = error["message"].as_str().unwrap();
    assert!(message.starts_with("API rate limit exceeded for installation."));
    // The first refusal could not be foreseen.
    assert!(bench.excesses().is_empty());
    assert_eq!(bench.get(COMMENTS).await.0, 403);
    assert_eq!(bench.excesses(), [Excess::Requests]);
}

#[tokio::test]
async fn a_minute_has_so_many_writes() {
    let bench = Bench::with_limits(Limits {
        writes_per_minute: 2,
        ..Limits::ACTIONS
    });
    assert_eq!(bench.write().await.0, 201);
    bench.clock.advance(Duration::from_secs(50));
    assert_eq!(bench.write().await.0, 201);
    bench.clock.advance(Duration::from_secs(9));
    assert_eq!(bench.write().await, (403, Some("60".into())));
    assert_eq!(bench.excesses(), [Excess::WritesPerMinute]);
    bench.clock.advance(Duration::from_millis(59_500));
    assert_eq!(bench.write().await, (403, Some("1".into())));
    assert_eq!(
        bench.excesses(),
        [Excess::WritesPerMinute, Excess::TooEarly]
    );
    // Reading is still allowed.
    assert_eq!(bench.get(COMMENTS).await.0, 200);
    bench.clock.advance(Duration::from_millis(500));
    assert_eq!(bench.write().await.0, 201);
    assert_eq!(bench.excesses().len(), 2);
}

#[tokio::test]
async fn writes_are_a_second_apart() {
    let bench = Bench::with_limits(Limits::ACTIONS);
    for milliseconds in [1_000, 999, 0] {
        assert_eq!(bench.write().await.0, 201);
        bench.clock.advance(Duration::from_millis(milliseconds));
    }
    assert_eq!(bench.excesses(), [Excess::WithoutPause]);
}

#[tokio::test]
async fn an_hour_has_so_many_writes() {
    let bench = Bench::with_limits(Limits {
        writes_per_hour: 2,
        ..Limits::ACTIONS
    });
    for _ in 0..2 {
        assert_eq!(bench.write().await.0, 201);
        bench.clock.advance(Duration::from_secs(600));
    }
    assert_eq!(bench.write().await, (403, Some("2400".into())));
    assert_eq!(bench.excesses(), [Excess::WritesPerHour]);
}

#[tokio::test]
async fn a_refusal_may_say_nothing() {
    let bench = Bench::with_limits(Limits::ACTIONS);
    bench.github().omit_retry_after();
    bench.github().block_writes(Duration::from_secs(300));
    let response = bench
        .request(Method::POST, COMMENTS)
        .body(r#"{"body": "x"}"#);
    let response = response.send().await.unwrap();
    // The primary limit is not what is spent.
    assert_eq!(response.headers()["x-ratelimit-remaining"], "999");
    let (status, error) = super::answer(response).await;
    assert_eq!(status, 403);
    let message = error["message"].as_str().unwrap();
    assert!(message.starts_with("You have exceeded a secondary rate limit"));
    assert!(bench.excesses().is_empty());
    bench.clock.advance(Duration::from_secs(59));
    assert_eq!(bench.write().await, (403, None));
    assert_eq!(bench.excesses(), [Excess::TooEarly]);
    bench.clock.advance(Duration::from_secs(1));
    assert_eq!(bench.write().await.0, 201);
}
