//! Limits, log and time.

use std::time::Duration;

use super::{Bench, header, population};
use crate::{
    gong::{self, Company},
    limits::Limits,
};

#[tokio::test]
async fn a_fourth_request_in_a_second_is_told_to_wait() {
    let bench = Bench::start(gong::Config::new(population(10)));
    for _ in 0..3 {
        assert_eq!(bench.get("/v2/workspaces").await.0, 200);
    }
    let response = bench
        .request(reqwest::Method::GET, "/v2/workspaces")
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 429);
    assert_eq!(header(&response, "retry-after"), "1");
    bench.clock.advance(Duration::from_millis(999));
    assert_eq!(bench.get("/v2/workspaces").await.0, 429);
    bench.clock.advance(Duration::from_millis(1));
    assert_eq!(bench.get("/v2/workspaces").await.0, 200);

    let log = bench.running.gong().log();
    assert_eq!(log.count(gong::WORKSPACES), 6);
    assert_eq!(log.count_status(429), 2);
    assert_eq!(log.most_within(Duration::from_secs(1)), 5);
    // Each of the two refusals asked for a whole second.
    assert_eq!(log.too_early(), [5, 6]);
}

#[tokio::test]
async fn the_limits_of_companies_are_apart() {
    let company = |name: &str, per_day| Company {
        access_key: name.into(),
        access_key_secret: "secret".into(),
        population: population(10),
        limits: Limits {
            per_day: Some(per_day),
            ..Limits::NONE
        },
    };
    let mut config = gong::Config::new(population(10));
    config.companies = vec![company("small", 1), company("large", 5)];
    let bench = Bench::start(config);
    let ask = |name: &'static str| {
        let url = format!("{}/v2/workspaces", bench.running.url);
        let request = bench.http.get(url).basic_auth(name, Some("secret"));
        async { request.send().await.unwrap() }
    };
    assert_eq!(ask("small").await.status(), 200);
    let refused = ask("small").await;
    assert_eq!(refused.status(), 429);
    assert_eq!(header(&refused, "retry-after"), "86400");
    assert_eq!(ask("large").await.status(), 200);
    let log = bench.running.gong().log();
    assert_eq!(
        log.count_where(|entry| entry.caller.as_deref() == Some("small")),
        2
    );
}

#[tokio::test]
async fn the_log_tells_what_was_asked() {
    let bench = Bench::with_250_calls();
    let (_, first) = bench.list(None).await;
    bench.list(Some(&first["records"]["cursor"])).await;
    bench
        .http
        .get(format!("{}/v2/users?cursor=x", bench.running.url))
        .send()
        .await
        .unwrap();
    let [listing, next, stranger] = bench.running.gong().log().entries().try_into().unwrap();
    assert_eq!(listing.endpoint, gong::EXTENSIVE);
    assert_eq!(
        listing.summary.from.as_deref(),
        Some("2026-01-01T00:00:00Z")
    );
    assert!(!listing.summary.cursor && next.summary.cursor);
    assert!(listing.authenticated() && listing.bytes > 1000);
    assert_eq!(
        (stranger.number, stranger.status, stranger.authenticated()),
        (3, Some(401), false)
    );
    assert_eq!(stranger.query.as_deref(), Some("cursor=x"));
    assert!(!stranger.authorization);
}

#[tokio::test]
async fn the_date_is_that_of_the_clock() {
    let bench = Bench::with_250_calls();
    let response = bench
        .request(reqwest::Method::GET, "/v2/workspaces")
        .send()
        .await
        .unwrap();
    assert_eq!(header(&response, "date"), "Mon, 02 Nov 2026 01:17:00 GMT");
}

#[tokio::test]
async fn dropping_it_frees_the_port() {
    let bench = Bench::with_250_calls();
    let url = format!("{}/v2/workspaces", bench.running.url);
    drop(bench.running);
    assert!(bench.http.get(url).send().await.unwrap_err().is_connect());
}
