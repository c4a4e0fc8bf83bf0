//! Failures on demand.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::{Bench, EXTENSIVE, TRANSCRIPT, header, ids_of, listing};
use crate::{
    clock::Clock,
    faults::{Fault, Poison, Rule},
    gong,
};

#[tokio::test]
async fn a_status_lasts_as_long_as_the_script_says() {
    let bench = Bench::with_250_calls();
    let faults = bench.running.gong().faults();
    let twice = faults.add(
        Rule::new(Fault::status(503))
            .on(gong::WORKSPACES)
            .skip(1)
            .times(2),
    );
    for expected in [200, 503, 503, 200] {
        assert_eq!(
            bench
                .status(bench.request(Method::GET, "/v2/workspaces"))
                .await,
            expected
        );
    }
    assert_eq!(twice.hits(), 2);

    let until_released = faults.add(Rule::new(Fault::status(403)).of("demo").from(5));
    assert_eq!(bench.get("/v2/workspaces").await.0, 403);
    assert_eq!(bench.get("/v2/users").await.0, 403);
    until_released.release();
    assert_eq!(bench.get("/v2/users").await.0, 200);

    faults.add(Rule::new(Fault::throttled(7)).at(8));
    let response = bench
        .request(Method::GET, "/v2/users")
        .send()
        .await
        .unwrap();
    assert_eq!(header(&response, "retry-after"), "7");
    assert_eq!(bench.running.gong().log().entries()[7].retry_after, Some(7));
}

#[tokio::test]
async fn bodies_are_cut_or_shorter_than_told() {
    let bench = Bench::with_250_calls();
    let faults = bench.running.gong().faults();
    for fault in [Fault::Cut { after: 200 }, Fault::WrongLength { extra: 10 }] {
        faults.add(Rule::new(fault).once());
        let response = bench
            .post_request(EXTENSIVE, &listing(None))
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), 200);
        assert!(response.text().await.is_err());
        assert_eq!(bench.list(None).await.0, 200);
    }
}

#[tokio::test]
async fn bodies_are_something_else() {
    let bench = Bench::with_250_calls();
    let faults = bench.running.gong().faults();
    faults.add(Rule::new(Fault::BrokenJson).at(1));
    faults.add(Rule::new(Fault::LoginPage).at(2));
    faults.add(
        Rule::new(Fault::Redirect {
            to: "https://elsewhere.example/".into(),
        })
        .at(3),
    );
    let ask = || async {
        bench
            .post_request(EXTENSIVE, &listing(None))
            .send()
            .await
            .unwrap()
    };
    let broken = ask().await;
    assert_eq!(broken.status(), 200);
    assert!(serde_json::from_str::<Value>(&broken.text().await.unwrap()).is_err());
    let page = ask().await;
    assert_eq!(
        (page.status().as_u16(), header(&page, "content-type")),
        (200, "text/html; charset=utf-8")
    );
    let redirect = ask().await;
    assert_eq!(
        (redirect.status().as_u16(), header(&redirect, "location")),
        (302, "https://elsewhere.example/")
    );
}

#[tokio::test]
async fn a_bomb_is_small_on_the_wire_and_valid() {
    let bench = Bench::with_250_calls();
    let faults = bench.running.gong().faults();
    faults.add(Rule::new(Fault::GzipBomb { decoded: 64 << 20 }));
    let plain = reqwest::Client::builder().no_gzip().build().unwrap();
    let url = format!("{}/v2/workspaces", bench.running.url);
    let raw = plain
        .get(url)
        .basic_auth("demo", Some("demo-secret"))
        .send()
        .await
        .unwrap();
    assert!(raw.bytes().await.unwrap().len() < 200_000);
    let decoded = bench
        .request(Method::GET, "/v2/workspaces")
        .send()
        .await
        .unwrap();
    let decoded = decoded.text().await.unwrap();
    assert!(decoded.len() > 64 << 20);
    assert!(serde_json::from_str::<Value>(&decoded).unwrap()["workspaces"].is_array());
}

#[tokio::test]
async fn cursors_are_ignored_or_expire() {
    let bench = Bench::with_250_calls();
    let faults = bench.running.gong().faults();
    let (_, first) = bench.list(None).await;
    let cursor = &first["records"]["cursor"];
    let ignored = faults.add(Rule::new(Fault::CursorIgnored));
    for _ in 0..2 {
        let (_, again) = bench.list(Some(cursor)).await;
        assert_eq!(ids_of(&again), ids_of(&first));
    }
    ignored.release();
    faults.add(Rule::new(Fault::CursorExpired));
    let (status, answer) = bench.list(Some(cursor)).await;
    assert_eq!(
        (status, &answer["errors"]),
        (400, &json!(["cursor has expired"]))
    );
    assert_eq!(bench.list(None).await.0, 200);
}

#[tokio::test]
async fn records_are_poisoned() {
    let bench = Bench::with_250_calls();
    let faults = bench.running.gong().faults();
    let poison = |how| Fault::Poison {
        records: vec![1],
        how,
    };
    let spoiled = |how| {
        faults.add(Rule::new(poison(how)).once());
        async { bench.list(None).await.1["calls"][1].clone() }
    };
    assert!(
        spoiled(Poison::MissingId).await["metaData"]
            .get("id")
            .is_none()
    );
    assert!(spoiled(Poison::NumberId).await["metaData"]["id"].is_u64());
    assert!(spoiled(Poison::NotAnObject).await.is_string());
    assert_eq!(
        spoiled(Poison::BadTime).await["metaData"]["started"],
        "yesterday"
    );
    let title = spoiled(Poison::HugeText(1 << 20)).await["metaData"]["title"].clone();
    assert_eq!(title.as_str().unwrap().len(), 1 << 20);

    faults.add(Rule::new(poison(Poison::BadTime)).on(gong::TRANSCRIPT));
    let (_, page) = bench.post(TRANSCRIPT, &listing_of_transcripts()).await;
    let first_sentence =
        |position: usize| &page["callTranscripts"][position]["transcript"][0]["sentences"][0];
    assert_eq!(first_sentence(1)["start"], "soon");
    assert!(first_sentence(0)["start"].is_u64());
}

fn listing_of_transcripts() -> Value {
    json!({"filter": {"fromDateTime": "2026-01-01T00:00:00Z", "toDateTime": "2026-04-01T00:00:00Z"}})
}

#[tokio::test]
async fn replies_are_slow_by_the_clock() {
    let bench = Bench::with_250_calls();
    let faults = bench.running.gong().faults();
    let start = bench.clock.now();
    faults.add(Rule::new(Fault::Delay(Duration::from_secs(30))).at(1));
    faults.add(
        Rule::new(Fault::Drip {
            bytes: 1,
            every: Duration::from_secs(1),
        })
        .at(2),
    );
    assert_eq!(bench.get("/v2/workspaces").await.0, 200);
    assert_eq!(bench.clock.now().duration_since(start).as_secs(), 30);
    let (status, dripped) = bench.get("/v2/workspaces").await;
    assert_eq!(status, 200);
    let bytes = bench.running.gong().log().entries()[1].bytes;
    assert!(dripped["workspaces"].is_array());
    assert_eq!(
        bench.clock.now().duration_since(start).as_secs(),
        30 + bytes as i64
    );
}

#[tokio::test]
async fn things_happen_and_answers_change() {
    let bench = Bench::with_250_calls();
    let gong = bench.running.gong().clone();
    let vanishing = gong.population().id(120);
    let (faults, other) = (gong.faults().clone(), gong.clone());
    faults.add(Rule::new(Fault::effect(move || other.first_company().hide([120]))).at(2));
    faults.add(
        Rule::new(Fault::rewrite(|json| {
            json["calls"][0]["metaData"]["duration"] = json!("long")
        }))
        .at(1),
    );
    let pages = bench.pages(EXTENSIVE, &listing(None)).await;
    assert_eq!(pages[0]["calls"][0]["metaData"]["duration"], "long");
    let listed: Vec<_> = pages.iter().flat_map(ids_of).collect();
    assert_eq!(listed.len(), 249);
    assert!(!listed.contains(&vanishing));
}
