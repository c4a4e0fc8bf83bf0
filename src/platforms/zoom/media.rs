//! The recording itself: one file of those that Zoom has of it.
//!
//! Its address asks for our token, and redirects to a signed one, which does not. The listing gives the address,
//! so one request is enough; where it gave none, or the file is not to be had there any more, the recording is
//! asked for once, as for transcripts.

use serde::{Deserialize, Serialize};

use super::{
    TRAITS, Verdict, judge,
    recording::{self, Recording, listed},
    transcripts::is_no_file,
};
use crate::platforms::{
    CallRef, Exchange, HttpExchange, HttpReply, Page, Progress, Rejection, RequestClass, Step,
    media,
};

/// Asks the file's address for the signed one, or the recording for the file's.
pub(super) fn begin(calls: &[CallRef]) -> Step {
    let Some(call) = calls.first() else {
        return Step::Page(Page::default());
    };
    match listed(call).and_then(|recording| own_address(&recording)) {
        Some(address) => send(file(address), Asked::Listed),
        None => send(recording::request(call), Asked::Recording),
    }
}

/// Takes in where the recording is, or where its file is.
pub(super) fn next(
    calls: &[CallRef],
    progress: &Progress,
    reply: &HttpReply,
) -> Result<Step, Rejection> {
    let Some(call) = calls.first() else {
        return Ok(Step::Page(Page::default()));
    };
    let asked = Asked::deserialize(progress).map_err(|error| Rejection::Broken {
        detail: format!("expected our own progress: {error}"),
    })?;
    match asked {
        Asked::Recording => located(call, reply),
        Asked::Listed | Asked::Located => redirected(call, asked, reply),
    }
}

/// What was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Asked {
    /// The recording, which tells its files.
    Recording,
    /// The file, at the address that the listing gave.
    Listed,
    /// The file, at the address that the recording gave just now.
    Located,
}

fn send(exchange: HttpExchange, asked: Asked) -> Step {
    let progress = serde_json::to_value(asked).unwrap_or_default();
    Step::Send(Exchange::Http(exchange), progress)
}

fn file(address: String) -> HttpExchange {
    HttpExchange {
        // Zoom names no class for downloads: this is the narrower of the two buckets that we have.
        class: RequestClass::Heavy,
        ..HttpExchange::get(address)
    }
}

/// The token goes to Zoom only, so a file elsewhere is as good as none.
fn own_address(recording: &Recording) -> Option<String> {
    let address = recording.address();
    address.filter(|address| TRAITS.owns_address(address))
}

fn located(call: &CallRef, reply: &HttpReply) -> Result<Step, Rejection> {
    let Some(recording) = recording::answer(reply)? else {
        return Ok(Step::Page(media::none(call)));
    };
    Ok(match own_address(&recording) {
        Some(address) => send(file(address), Asked::Located),
        None if recording.is_unfinished() => Step::Page(Page::default()),
        None => Step::Page(media::none(call)),
    })
}

fn redirected(call: &CallRef, asked: Asked, reply: &HttpReply) -> Result<Step, Rejection> {
    if let Some(link) = reply.location.clone() {
        // The size that Zoom lists is not always that of the file (public downloaders met both).
        return Ok(Step::Page(media::found(call, link)));
    }
    let verdict = match reply.status {
        // Not for us, or not there any more: the recording itself tells what is left of it.
        300..=399 | 403 | 410 => Verdict::Gone,
        _ => judge(reply)?,
    };
    Ok(match verdict {
        Verdict::Gone if asked == Asked::Listed => send(recording::request(call), Asked::Recording),
        Verdict::Gone => Step::Page(Page::default()),
        // It is not ready yet: Zoom sends nothing, or a page for people.
        Verdict::Answer if is_no_file(reply) && !is_recording(reply) => Step::Page(Page::default()),
        Verdict::Answer => Step::Page(media::failed(
            call,
            format!("expected Zoom to redirect, got {}", reply.content_type),
        )),
    })
}

/// The recording itself, of which nobody has read the body.
fn is_recording(reply: &HttpReply) -> bool {
    ["audio/", "video/"]
        .into_iter()
        .any(|kind| reply.content_type.starts_with(kind))
}
