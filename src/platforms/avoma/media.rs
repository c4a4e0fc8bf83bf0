//! `GET /v1/recordings/`: where the recording of a meeting is. The links are signed, live five days, and go without
//! Avoma's key. Nothing asks for several meetings at once.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{NAME, answer, send};
use crate::platforms::{
    CallRef, HttpReply, Page, Progress, Rejection, Step, fields, media, replies,
};

/// The request, for one meeting.
pub(super) fn begin(calls: &[CallRef]) -> Step {
    let Some(call) = calls.first() else {
        return Step::Page(Page::default());
    };
    let id = fields::percent_encoded(&call.external_id);
    let path = format!("/v1/recordings/?meeting_uuid={id}");
    send(path, Progress::Null)
}

/// The answer.
pub(super) fn page(reply: &HttpReply, calls: &[CallRef]) -> Result<Page, Rejection> {
    let Some(call) = calls.first() else {
        return Ok(Page::default());
    };
    let recording = match reply.status {
        // A video is being made.
        202 => return Ok(Page::default()),
        404 => None,
        _ => recording(reply)?,
    };
    let link = recording.and_then(|told| media::best(told.video_url, told.audio_url));
    Ok(match link {
        Some(link) => media::found(call, link),
        None => media::none(call),
    })
}

/// Transcripts of one meeting come in a bare list, and whether recordings do is not documented.
fn recording(reply: &HttpReply) -> Result<Option<Recording>, Rejection> {
    let told: &RawValue = answer(reply)?;
    let recording = if told.get().starts_with('[') {
        serde_json::from_str(told.get()).map(|list: Vec<Recording>| list.into_iter().next())
    } else {
        serde_json::from_str(told.get()).map(Some)
    };
    recording.map_err(|error| replies::broken(NAME, &reply.content_type, &error))
}

#[derive(Deserialize)]
struct Recording {
    /// Without it the answer is another one.
    #[serde(rename = "meeting_uuid", deserialize_with = "fields::id")]
    _meeting_uuid: String,
    audio_url: Option<String>,
    video_url: Option<String>,
}
