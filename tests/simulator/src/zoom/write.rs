//! People, recordings and transcripts in Zoom's form.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::NOBODY;
use crate::{
    company::{Call, TranscriptFate, Turn, User},
    media,
};

/// A person of `GET /users`.
pub(super) fn user(user: &User) -> Value {
    json!({
        "id": user.id,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "display_name": format!("{} {}", user.first_name, user.last_name),
        "email": user.email,
        "type": 2,
        "status": if user.active { "active" } else { "inactive" },
    })
}

/// A recorded meeting. What is not known yet is an empty text.
pub(super) fn meeting(call: &Call, host: &User, is_transcribed: bool, is_processed: bool) -> Value {
    let id = &call.id;
    let start = second(call.start);
    let end = start + SignedDuration::from_secs(call.length_s);
    let end = match call.duration_s {
        Some(_) => end.to_string(),
        None => String::new(),
    };
    // What stands behind the id in the address is for the simulator.
    let file = |kind: &str, ending: &str, size: u64, recording_type: &str| {
        json!({
            "id": format!("{id}{ending}-{kind}"),
            "meeting_id": id,
            "recording_start": start.to_string(),
            "recording_end": end,
            "file_type": kind,
            "file_extension": if kind == "TRANSCRIPT" { "VTT" } else { kind },
            "file_size": size,
            "play_url": format!("https://zoom.us/rec/play/{id}"),
            "download_url": format!("https://zoom.us/rec/download/{id}{ending}"),
            "status": "completed",
            "recording_type": recording_type,
        })
    };
    let mut files = Vec::new();
    if !media::is_recorded(call) {
        // Only the text was kept.
        files.push(file("CHAT", "-chat", 12, "chat_file"));
    } else {
        if media::kind(call) == "video" && !is_processed {
            files.push(file("MP4", "-gallery", 209_000_000, "gallery_view"));
            let best = "shared_screen_with_speaker_view";
            files.push(file("MP4", "-video", 210_000_000, best));
        }
        files.push(file("M4A", "-audio", 29_000_000, "audio_only"));
    }
    if is_processed {
        files.push(json!({
            "meeting_id": id, "recording_start": start.to_string(), "recording_end": "", "file_type": "",
            "file_size": 0, "status": "processing",
        }));
    } else if is_transcribed || call.transcript != TranscriptFate::Never {
        files.push(file("TRANSCRIPT", "", 48_211, "audio_transcript"));
    }
    json!({
        "uuid": id,
        "id": 81_234_567_890_u64 + u64::from(call.index / 3),
        "account_id": "simulated-account",
        "host_id": host.id,
        "host_email": host.email,
        "topic": call.title,
        "type": if call.index.is_multiple_of(3) { 8 } else { 2 },
        "start_time": start.to_string(),
        "timezone": "Europe/Madrid",
        "duration": minutes(call),
        "total_size": 448_048_211_u64,
        "recording_count": files.len(),
        "share_url": format!("https://zoom.us/rec/share/{id}"),
        "recording_play_passcode": "simulated-passcode",
        "recording_files": files,
    })
}

/// The length in whole minutes, begun ones included (ours).
pub fn minutes(call: &Call) -> i64 {
    (call.length_s + 59) / 60
}

/// A WebVTT file as Zoom writes it: numbered cues, the name before the words, one line a cue.
pub(super) fn transcript(call: &Call, turns: &[Turn]) -> String {
    let mut text = String::from("WEBVTT\r\n");
    let mut number = 0;
    for turn in turns {
        let speaker = label(call, turn);
        for sentence in &turn.sentences {
            number += 1;
            text.push_str(&format!(
                "\r\n{number}\r\n{} --> {}\r\n{}: {}\r\n",
                time(sentence.start_ms),
                time(sentence.end_ms),
                escaped(&speaker),
                escaped(&one_line(&sentence.text)),
            ));
        }
    }
    text
}

/// Under which name Zoom shows somebody.
fn label(call: &Call, turn: &Turn) -> String {
    let speaker = turn.speaker_id.as_ref();
    let party = speaker.and_then(|id| {
        let mut parties = call.parties.iter();
        parties.find(|party| party.speaker_id.as_ref() == Some(id))
    });
    let shown = party.and_then(|party| party.name.clone());
    shown.unwrap_or_else(|| NOBODY.to_owned())
}

fn one_line(text: &str) -> String {
    text.replace(['\n', '\t'], " ")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

fn second(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_millisecond().div_euclid(1000)).expect("a start is within range")
}

fn time(milliseconds: i64) -> String {
    let (seconds, milliseconds) = (milliseconds / 1000, milliseconds % 1000);
    let (minutes, seconds) = (seconds / 60, seconds % 60);
    let (hours, minutes) = (minutes / 60, minutes % 60);
    format!("{hours:02}:{minutes:02}:{seconds:02}.{milliseconds:03}")
}
