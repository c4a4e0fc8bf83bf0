//! tl;dv: pages by number, a ceiling, transcripts that do not come.

use serde_json::Value;

use super::{answer, client, population};
use crate::{Config, Running, Simulator, company::TranscriptFate, limits::Limits, tldv};

fn start(ceiling: usize) -> Running {
    let config = tldv::Config {
        limits: Limits::NONE,
        ceiling,
        ..tldv::Config::new(population(250))
    };
    Simulator::start(Config::tldv(config)).unwrap()
}

async fn get(running: &Running, path: &str) -> (u16, Value) {
    let request = client().get(format!("{}/v1alpha1/meetings{path}", running.url));
    answer(request.header("x-api-key", "demo-key")).await
}

#[tokio::test]
async fn a_query_tells_of_no_more_than_the_ceiling() {
    let running = start(120);
    let (_, first) = get(&running, "?page=1&limit=100").await;
    let (_, second) = get(&running, "?page=2&limit=100").await;
    assert_eq!((&first["total"], &first["pages"]), (&120.into(), &2.into()));
    assert_eq!(second["results"].as_array().unwrap().len(), 20);
    let (status, _) = get(&running, "?limit=101").await;
    assert_eq!(status, 400);
}

#[tokio::test]
async fn a_transcript_that_does_not_come_is_refused_or_not_there() {
    let running = start(10_000);
    let mut statuses = [0; 3];
    for call in running.account().calls() {
        let (status, _) = get(&running, &format!("/{}/transcript", call.id)).await;
        let expected = match call.transcript {
            TranscriptFate::There => 200,
            TranscriptFate::Never if call.index.is_multiple_of(2) => 403,
            TranscriptFate::Never | TranscriptFate::Late(_) => 404,
        };
        assert_eq!(status, expected, "call {}", call.index);
        let place = [200, 403, 404].iter().position(|known| *known == status);
        statuses[place.unwrap()] += 1;
    }
    assert!(statuses.iter().all(|count| *count > 0), "{statuses:?}");
}
