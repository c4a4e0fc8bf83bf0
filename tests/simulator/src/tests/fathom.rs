//! Fathom against its documented facts.

use reqwest::StatusCode;

use super::*;
use crate::{fathom, limits::Limits};

struct Meetings {
    bench: Bench,
}

impl Meetings {
    fn start(config: fathom::Config) -> Self {
        let clock = Arc::new(TestClock::default());
        let running = Simulator::start(Config {
            clock: clock.clone(),
            ..Config::fathom(config).with_oauth(fathom::app())
        })
        .unwrap();
        let http = client();
        Self {
            bench: Bench {
                running,
                clock,
                http,
            },
        }
    }

    fn request(&self, key: &str, path: &str) -> RequestBuilder {
        let url = format!("{}/external/v1{path}", self.bench.running.url);
        self.bench.http.get(url).header("X-Api-Key", key)
    }

    async fn ids(&self, key: &str) -> Vec<u64> {
        let mut ids = Vec::new();
        let mut path = "/meetings?include_transcript=true".to_owned();
        loop {
            let (status, page) = answer(self.request(key, &path)).await;
            assert_eq!(status, 200);
            let items = page["items"].as_array().unwrap();
            assert!(items.len() <= fathom::PAGE_SIZE);
            ids.extend(
                items
                    .iter()
                    .map(|item| item["recording_id"].as_u64().unwrap()),
            );
            let Some(cursor) = page["next_cursor"].as_str() else {
                return ids;
            };
            path = format!("/meetings?include_transcript=true&cursor={cursor}");
        }
    }
}

fn config(keys: &[&str]) -> fathom::Config {
    fathom::Config {
        keys: keys.iter().map(|key| (*key).to_owned()).collect(),
        limits: Limits::NONE,
        ..fathom::Config::new(population(95))
    }
}

#[tokio::test]
async fn pages_are_counted_and_come_newest_first() {
    let fathom = Meetings::start(config(&["ada"]));
    let ids = fathom.ids("ada").await;
    let mut expected: Vec<u64> = (population(95).calls())
        .map(|call| call.id.parse().unwrap())
        .collect();
    expected.reverse();
    assert_eq!(ids, expected);
    let (status, page) = answer(fathom.request("ada", "/meetings")).await;
    assert_eq!(
        (status, page["next_cursor"].as_str()),
        (200, Some("eyJwYWdlX251bSI6Mn0="))
    );
    assert!(
        page["items"][0].get("transcript").is_none(),
        "only when asked for"
    );
}

#[tokio::test]
async fn every_key_shows_what_its_user_may_see() {
    let fathom = Meetings::start(config(&["ada", "bo", "cy"]));
    let mut all = Vec::new();
    for key in ["ada", "bo", "cy"] {
        let ids = fathom.ids(key).await;
        assert!(ids.len() < 95, "{key} sees no private calls of others");
        all.extend(ids);
    }
    assert!(all.len() > 95, "some calls are shared");
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), 95);
    let status = fathom.bench.status(fathom.request("dee", "/teams")).await;
    assert_eq!(status, 401);
}

#[tokio::test]
async fn an_app_may_not_list_transcripts() {
    let fathom = Meetings::start(config(&["ada"]));
    let token = fathom.bench.running.oauth().access_token();
    let with_token = |path: &str| {
        let url = format!("{}/external/v1{path}", fathom.bench.running.url);
        fathom.bench.http.get(url).bearer_auth(&token)
    };
    let heavy = with_token("/meetings?include_transcript=true");
    assert_eq!(fathom.bench.status(heavy).await, 400);
    let (_, page) = answer(with_token("/meetings")).await;
    let call = page["items"][0]["recording_id"].as_u64().unwrap();
    let path = format!("/recordings/{call}/transcript");
    let (status, spoken) = answer(with_token(&path)).await;
    assert!(status == 200 && spoken.get("transcript").is_some());
}

#[tokio::test]
async fn heavy_requests_have_a_limit_of_their_own_that_falls_under_load() {
    let fathom = Meetings::start(fathom::Config::new(population(95)));
    let send = |path: &str| fathom.request("demo-key", path).send();
    let heavy = "/meetings?include_transcript=true";
    for sent in 1..=30 {
        let response = send(heavy).await.unwrap();
        assert_eq!(
            header(&response, "ratelimit-remaining"),
            (30 - sent).to_string()
        );
    }
    let refused = send(heavy).await.unwrap();
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(
        (
            header(&refused, "retry-after"),
            header(&refused, "ratelimit-limit")
        ),
        ("60", "30")
    );
    assert_eq!(
        send("/teams").await.unwrap().status(),
        200,
        "light ones go on"
    );

    fathom.bench.running.fathom().get_busy();
    fathom.bench.clock.advance(Duration::from_secs(60));
    for _ in 0..fathom::BUSY {
        assert_eq!(send(heavy).await.unwrap().status(), 200);
    }
    assert_eq!(send(heavy).await.unwrap().status(), 429);
}

#[tokio::test]
async fn files_are_made_when_they_are_asked_for() {
    let fathom = Meetings::start(fathom::Config {
        limits: fathom::LIMITS,
        making: Duration::from_secs(25),
        ..config(&["ada"])
    });
    let population = population(95);
    let path = |index: u32| format!("/recordings/{}/download", population.id(index));
    let ask = |index| {
        let url = format!("{}/external/v1{}", fathom.bench.running.url, path(index));
        answer(fathom.bench.http.post(url).header("X-Api-Key", "ada"))
    };
    let (status, asked) = ask(0).await;
    assert_eq!(
        (status, asked["status"].as_str()),
        (202, Some("processing"))
    );
    let state = format!("{}s/{}", path(0), asked["download_id"].as_str().unwrap());
    let (_, soon) = answer(fathom.request("ada", &state)).await;
    assert_eq!(soon["status"], "processing");
    fathom.bench.clock.advance(Duration::from_secs(25));
    let (_, made) = answer(fathom.request("ada", &state)).await;
    assert_eq!(made["status"], "completed");
    assert!(made["video"]["url"].as_str().unwrap().contains("/video?"));

    let (_, sound) = ask(3).await;
    assert!(sound["audio"]["url"].is_string(), "there at once: {sound}");
    let url = format!("{}/external/v1{}", fathom.bench.running.url, path(7));
    let nothing = fathom
        .bench
        .http
        .post(url)
        .header("X-Api-Key", "ada")
        .send()
        .await
        .unwrap();
    assert_eq!(nothing.status(), 422);
}
