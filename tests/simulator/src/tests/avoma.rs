//! Avoma: pages by number, links to the next, appointments that nobody recorded, two shapes of transcripts.

use serde_json::Value;

use super::{answer, client, population};
use crate::{Running, Simulator, avoma, limits::Limits, media::NOWHERE};

const DATES: &str = "from_date=2026-01-01T00:00:00Z&to_date=2026-04-01T00:00:00Z";

fn start(limits: Limits) -> Running {
    let (config, _) = (avoma::DEMO.config)(population(250), limits, NOWHERE);
    Simulator::start(config).unwrap()
}

async fn get(running: &Running, path: &str) -> (u16, Value) {
    let request = client().get(format!("{}/v1{path}", running.url));
    answer(request.bearer_auth("demo:secret")).await
}

#[tokio::test]
async fn pages_are_followed_by_links_until_there_is_none() {
    let running = start(Limits::NONE);
    let mut path = format!("/meetings/?{DATES}&page_size=100&recording_duration__gte=0");
    let mut sizes = Vec::new();
    loop {
        let (status, page) = get(&running, &path).await;
        assert_eq!((status, &page["count"]), (200, &250.into()));
        sizes.push(page["results"].as_array().unwrap().len());
        let Some(next) = page["next"].as_str() else {
            break;
        };
        let (address, query) = next.split_once('?').unwrap();
        assert_eq!(address, "https://api.avoma.com/v1/meetings");
        path = format!("/meetings/?{query}");
    }
    assert_eq!(sizes, [100, 100, 50]);
    let (status, body) = get(&running, &format!("/meetings/?{DATES}&page=99")).await;
    assert_eq!((status, &body["detail"]), (404, &"Invalid page.".into()));
    let (status, body) = get(&running, "/meetings/?from_date=2026-01-01T00:00:00Z").await;
    assert_eq!((status, body["to_date"].is_array()), (400, true));
}

#[tokio::test]
async fn appointments_are_listed_unless_only_recordings_are_wanted() {
    let running = start(Limits::NONE);
    let (_, all) = get(&running, &format!("/meetings/?{DATES}&page_size=100")).await;
    assert!(all["count"].as_u64().unwrap() > 250);
    let mut states = all["results"].as_array().unwrap().iter();
    assert!(states.any(|meeting| meeting["state"] == "not_recorded"));
}

#[tokio::test]
async fn a_single_transcript_comes_in_a_bare_list() {
    let running = start(Limits::NONE);
    let (_, bulk) = get(&running, &format!("/transcriptions/?{DATES}")).await;
    let first = &bulk["results"][0];
    assert_eq!(bulk["results"].as_array().unwrap().len(), 10);
    let id = first["meeting_uuid"].as_str().unwrap();
    let (_, single) = get(&running, &format!("/transcriptions/?meeting_uuid={id}")).await;
    assert_eq!(single, serde_json::json!([first]));
    let (_, none) = get(&running, "/transcriptions/?meeting_uuid=nobody").await;
    assert_eq!(none, serde_json::json!([]));
}

#[tokio::test]
async fn a_full_minute_is_told_without_a_time() {
    let running = start(avoma::LIMITS);
    let path = format!("/meetings/?{DATES}&page_size=1");
    for _ in 0..60 {
        assert_eq!(get(&running, &path).await.0, 200);
    }
    assert_eq!(get(&running, &path).await.0, 429);
    let refused = running.log().entries().pop().unwrap();
    assert_eq!((refused.status, refused.retry_after), (Some(429), None));
}
