//! Zoom: the address of one file asks for the token and redirects to a signed one.

use call_import_engine::{
    model::Phase,
    platforms::{
        CallRef, HttpExchange, HttpReply, Link, Page, Progress, Rejection, RequestClass, Step,
    },
};
use serde_json::{Value, json};
use simulator::{
    Config,
    company::{Call, TranscriptFate},
    log::Entry,
    media, oauth, zoom,
};

use super::{
    answer, answered, begun,
    nights::{Night, planned},
    sent, setup,
};

fn night(calls: u32) -> Night {
    Night::new(&zoom::DEMO, calls, |population, links| {
        Config::zoom(zoom::Config {
            links,
            ..zoom::Config::new(population)
        })
    })
}

/// Files, as against transcripts.
fn is_file(entry: &Entry) -> bool {
    entry.endpoint == zoom::DOWNLOAD && entry.path.contains('-')
}

#[tokio::test]
async fn each_recording_costs_a_request_and_some_come_later() {
    let night = night(200);
    let import = night.run("2026-12-01T01:17:00Z").await;
    assert_eq!(import.phase, Phase::Completed, "{:?}", import.reason);
    let (pending, there): (Vec<Call>, Vec<Call>) = night
        .calls(|call| media::is_recorded(call) || zoom::is_processed(call))
        .into_iter()
        .partition(zoom::is_processed);
    assert!(!pending.is_empty() && pending.len() + there.len() < 200);
    night.must_have_copied(&there);
    let mut ids: Vec<String> = pending.iter().map(|call| call.id.clone()).collect();
    ids.sort();
    assert_eq!(night.in_state("pending"), ids);
    // others.md section 5.8: a token, the people, their two months, and a request for each transcript and recording.
    let users = night.platform.account().population().users().count();
    let transcripts = night.calls(|call| call.transcript != TranscriptFate::Never);
    let asked = |endpoint| night.asked(|entry| entry.endpoint == endpoint);
    assert_eq!((asked(oauth::TOKEN), asked(zoom::USERS)), (1, 2));
    assert_eq!(asked(zoom::RECORDINGS), users * 2);
    // Where the files are that are processed: once for the transcript, once for the video. A transcript may also
    // still come of what was recorded within a week.
    let week = "2026-11-24T01:17:00Z".parse().expect("an instant");
    let young = night.calls(|call| call.transcript == TranscriptFate::Never && call.start > week);
    assert_eq!(asked(zoom::RECORDING), 2 * pending.len() + young.len());
    assert_eq!(
        asked(zoom::DOWNLOAD),
        transcripts.len() - pending.len() + there.len()
    );
    assert_eq!(night.asked(is_file), there.len());
    night.must_be_over("2026-12-01T02:17:00Z").await;

    // By then all are processed.
    for at in ["2026-12-02T01:17:00Z", "2026-12-04T01:17:00Z"] {
        night.run(at).await;
    }
    assert_eq!(night.in_state("pending"), [""; 0]);
    night.must_have_copied(&night.calls(media::is_recorded));
}

#[test]
fn the_plan_counts_a_request_for_each_recording() {
    assert_eq!(planned(&zoom::DEMO, 1_000), 1_000);
}

/// A call that was listed with these files.
fn listed(files: &Value) -> CallRef {
    CallRef {
        external_id: "aB3==".into(),
        raw: Some(json!({"uuid": "aB3==", "recording_files": files}).to_string()),
    }
}

fn file(kind: &str, recording_type: &str, end: &str, name: &str) -> Value {
    json!({
        "file_type": kind, "recording_type": recording_type, "status": "completed",
        "recording_start": "2026-11-02T15:00:00Z", "recording_end": end,
        "download_url": format!("https://zoom.us/rec/download/{name}"),
    })
}

fn begin(call: &CallRef) -> (HttpExchange, Progress) {
    begun("zoom", std::slice::from_ref(call), &setup())
}

fn next(call: &CallRef, progress: &Progress, reply: HttpReply) -> Result<Step, Rejection> {
    answered(
        "zoom",
        std::slice::from_ref(call),
        &setup(),
        progress,
        reply,
    )
}

fn page(call: &CallRef, progress: &Progress, reply: HttpReply) -> Page {
    super::page(next(call, progress, reply))
}

#[test]
fn one_file_is_chosen() {
    let (short, long) = ("2026-11-02T15:02:00Z", "2026-11-02T15:30:00Z");
    let best = "shared_screen_with_speaker_view";
    let sound = file("M4A", "audio_only", long, "sound");
    let gallery = file("MP4", "gallery_view", long, "gallery");
    for (files, expected) in [
        (
            json!([sound, gallery, file("MP4", best, long, "best")]),
            "best",
        ),
        (
            json!([
                gallery,
                file("MP4", best, short, "first-part"),
                file("MP4", best, long, "second-part")
            ]),
            "second-part",
        ),
        (
            json!([file("MP4", "a_view_of_next_year", long, "new"), gallery]),
            "gallery",
        ),
        (
            json!([sound, file("MP4", "a_view_of_next_year", "", "new")]),
            "new",
        ),
        (
            json!([file("CHAT", "chat_file", long, "chat"), sound]),
            "sound",
        ),
    ] {
        let (exchange, _) = begin(&listed(&files));
        let expected = format!("https://zoom.us/rec/download/{expected}");
        assert_eq!(exchange.path, expected);
        assert!(!exchange.follows, "the token goes to Zoom only");
        assert_eq!(exchange.class, RequestClass::Heavy);
    }
    for files in [
        // Not Zoom's own; not kept; still processed, and so perhaps a video.
        json!([{"file_type": "MP4", "download_url": "https://zoom.us.evil.example/rec/download/x"}]),
        json!([{"file_type": "MP4"}]),
        json!([sound, {"file_type": "", "status": "processing"}]),
        Value::Null,
    ] {
        let (exchange, _) = begin(&listed(&files));
        assert_eq!(exchange.path, "/v2/meetings/aB3%3D%3D/recordings");
        assert_eq!(exchange.class, RequestClass::Light);
    }
}

#[test]
fn where_a_file_redirects_to_is_the_link() {
    let call = listed(&json!([file("M4A", "audio_only", "", "sound")]));
    let (_, progress) = begin(&call);
    let redirect = HttpReply {
        location: Some(Link::new("https://media.example/a?signature=x")),
        ..answer(302, b"")
    };
    let found = page(&call, &progress, redirect.clone());
    assert_eq!(
        found.media[0].address(),
        "https://media.example/a?signature=x"
    );
    assert!(!format!("{found:?}").contains("signature"), "{found:?}");
    for (status, body) in [(200, "".as_bytes()), (200, b"<html>")] {
        assert_eq!(
            page(&call, &progress, answer(status, body)),
            Page::default()
        );
    }
    let itself = HttpReply {
        content_type: "video/mp4".into(),
        ..answer(200, b"")
    };
    let failures = page(&call, &progress, itself).failures;
    assert_eq!(
        failures[0].detail,
        "expected Zoom to redirect, got video/mp4"
    );
    for (status, expected) in [
        (401, "Credentials"),
        (429, "Throttled"),
        (503, "Unavailable"),
    ] {
        let rejection = next(&call, &progress, answer(status, b"{}")).expect_err("a rejection");
        let rejection = format!("{rejection:?}");
        assert!(rejection.starts_with(expected), "{status}: {rejection}");
    }

    // The file is not there any more, so the recording is asked for, once.
    for status in [403, 404, 410, 302] {
        let step = next(&call, &progress, answer(status, b"{}")).expect("a step");
        let (exchange, progress) = sent(step);
        assert_eq!(exchange.path, "/v2/meetings/aB3%3D%3D/recordings");
        let told = |files: Value| {
            answer(
                200,
                json!({"uuid": "aB3==", "recording_files": files})
                    .to_string()
                    .as_bytes(),
            )
        };
        let moved = json!([file("MP4", "gallery_view", "", "moved")]);
        let (exchange, progress) = sent(next(&call, &progress, told(moved)).expect("a step"));
        assert_eq!(exchange.path, "https://zoom.us/rec/download/moved");
        assert_eq!(page(&call, &progress, redirect.clone()).media.len(), 1);
        let again = page(&call, &progress, answer(status, b"{}"));
        assert_eq!(again, Page::default(), "another night");
    }
    let call = listed(&Value::Null);
    let (_, progress) = begin(&call);
    let told = |files: Value| {
        answer(
            200,
            json!({"uuid": "aB3==", "recording_files": files})
                .to_string()
                .as_bytes(),
        )
    };
    let processed = told(json!([{"file_type": "", "status": "processing"}]));
    assert_eq!(page(&call, &progress, processed), Page::default());
    for none in [told(json!([])), answer(404, b"{}")] {
        assert_eq!(page(&call, &progress, none).without_media, ["aB3=="]);
    }
}
