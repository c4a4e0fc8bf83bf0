//! Calls written in the engine's own form.

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use crate::model::{Call, Transcript, TranscriptState};

/// A recorded call as one line of JSON Lines, without the line's end. Read again, it is the same call.
pub fn line(
    platform: &str,
    account: &str,
    call: &Call,
    state: TranscriptState,
    transcript: Option<&Transcript>,
) -> String {
    let written = Written {
        platform,
        account,
        call,
        transcript_state: state,
        transcript,
        raw: call.raw.as_deref().map(on_one_line),
    };
    serde_json::to_string(&written).expect("a call has text keys only")
}

#[derive(Serialize)]
struct Written<'a> {
    platform: &'a str,
    account: &'a str,
    #[serde(flatten)]
    call: &'a Call,
    transcript_state: TranscriptState,
    #[serde(skip_serializing_if = "Option::is_none")]
    transcript: Option<&'a Transcript>,
    #[serde(skip_serializing_if = "Option::is_none")]
    raw: Option<Box<RawValue>>,
}

/// JSON as it is, but for its line ends, which stand between its values only. What is no JSON is a text.
fn on_one_line(raw: &str) -> Box<RawValue> {
    RawValue::from_string(raw.replace(['\n', '\r'], " "))
        .unwrap_or_else(|_| to_raw_value(raw).expect("a text can be written as JSON"))
}
