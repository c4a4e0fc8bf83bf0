//! Avoma: one request for each recording, and some that are still being made.

use call_import_engine::{
    model::Phase,
    platforms::{CallRef, Page, Rejection},
};
use serde_json::{Value, json};
use simulator::{
    Config, avoma,
    company::{Call, TranscriptFate},
    log::Entry,
    media,
};

use super::{
    answer, answered, begun,
    nights::{Night, planned},
    page, setup,
};

fn night(calls: u32) -> Night {
    Night::new(&avoma::DEMO, calls, |population, links| {
        Config::avoma(avoma::Config {
            links,
            ..avoma::Config::new(population)
        })
    })
}

/// Whether Avoma lists a recording from the beginning.
fn is_there(call: &Call) -> bool {
    match call.transcript {
        TranscriptFate::There => media::is_recorded(call),
        TranscriptFate::Never => true,
        TranscriptFate::Late(_) => false,
    }
}

#[tokio::test]
async fn each_recording_costs_a_request_and_some_come_later() {
    let night = night(100);
    let import = night.run("2026-12-01T01:17:00Z").await;
    assert_eq!(import.phase, Phase::Completed, "{:?}", import.reason);
    let there = night.calls(is_there);
    let (made, to_be_made): (Vec<Call>, Vec<Call>) = there
        .iter()
        .cloned()
        .partition(|call| avoma::is_made(night.platform.account(), call));
    assert!(!to_be_made.is_empty() && there.len() < 100);
    night.must_have_copied(&made);
    let mut pending: Vec<String> = to_be_made.iter().map(|call| call.id.clone()).collect();
    pending.sort();
    assert_eq!(night.in_state("pending"), pending);
    // others.md section 3.9: a request for each recording.
    let recordings = |entry: &Entry| entry.endpoint == avoma::RECORDINGS;
    assert_eq!(night.asked(recordings), there.len());
    assert_eq!(night.platform.log().count_status(429), 0);
    night.must_be_over("2026-12-01T05:17:00Z").await;

    // By then all are made and listed.
    for at in ["2026-12-02T01:17:00Z", "2026-12-04T01:17:00Z"] {
        night.run(at).await;
    }
    assert_eq!(night.in_state("pending"), [""; 0]);
    let is_recent = |call: &Call| call.start >= "2026-11-16T00:00:00Z".parse().expect("an instant");
    let late = |call: &Call| matches!(call.transcript, TranscriptFate::Late(_));
    let is_late = |call: &Call| late(call) && is_recent(call) && media::is_recorded(call);
    night.must_have_copied(&night.calls(|call| is_there(call) || is_late(call)));
}

#[test]
fn the_plan_counts_a_request_for_each_recording() {
    assert_eq!(planned(&avoma::DEMO, 1_000), 1_000);
}

fn told(status: u16, body: &Value) -> Result<Page, Rejection> {
    let calls = [CallRef {
        external_id: "7d5f0c1e-0000-4000-8000-00000000a001".into(),
        raw: None,
    }];
    let (exchange, progress) = begun("avoma", &calls, &setup());
    assert_eq!(
        exchange.path,
        "/v1/recordings/?meeting_uuid=7d5f0c1e-0000-4000-8000-00000000a001"
    );
    let reply = answer(status, body.to_string().as_bytes());
    let step = answered("avoma", &calls, &setup(), &progress, reply)?;
    Ok(page(Ok(step)))
}

#[test]
fn avomas_links_are_read_and_never_shown() {
    let recording = |audio: Value, video: Value| {
        json!({
            "uuid": "7d5f0c1e-0000-4000-8000-00000000d001", "aFieldOfNextYear": [null],
            "meeting_uuid": "7d5f0c1e-0000-4000-8000-00000000a001",
            "audio_url": audio, "video_url": video, "valid_till": "2026-12-06T01:17:00Z",
        })
    };
    let audio = json!("https://media.example/a?signature=x");
    let video = json!("https://media.example/v?signature=x");
    for (body, expected) in [
        (recording(audio.clone(), video.clone()), &video),
        (recording(audio.clone(), json!("")), &audio),
        (json!([recording(audio.clone(), Value::Null)]), &audio),
    ] {
        let page = told(200, &body).expect("an answer");
        assert_eq!(page.media[0].address(), expected.as_str().expect("a link"));
        assert!(!format!("{page:?}").contains("signature"), "{page:?}");
    }
    for (status, body) in [
        (200, recording(Value::Null, Value::Null)),
        (200, json!([])),
        (404, json!({"detail": "Not found."})),
    ] {
        let page = told(status, &body).expect("an answer");
        assert_eq!(page.without_media.len(), 1, "{status} {body}");
    }
    let pending = told(202, &json!({"message": "The video is being made."}));
    assert_eq!(pending, Ok(Page::default()));
    for body in [json!({}), json!("text"), json!([{}])] {
        let rejection = told(200, &body).expect_err("another answer");
        assert!(
            matches!(rejection, Rejection::Broken { .. }),
            "{rejection:?}"
        );
    }
}
