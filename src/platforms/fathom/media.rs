//! `POST /recordings/{id}/download` asks Fathom to make the file of a recording, and
//! `GET /recordings/{id}/downloads/{download_id}` tells whether it is made. Its link lives about 24 hours and goes
//! without a key. Fathom has this since July 2026.
//!
//! A `download_id` is not kept over nights: what was not made in time is asked for anew, which costs one request. Only
//! the client that asked can read the state of a download, and after a day it may have expired; so keeping it would save
//! little, and the record would have to hold it together with the key.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{NAME, ROOT, judge, key_of};
use crate::platforms::{
    CallRef, Exchange, HttpExchange, HttpReply, MediaFile, Page, Progress, Rejection, RequestClass,
    Setup, Step, Verb, fields, media, replies,
};

/// How long to go on asking about one recording. Fathom does not say how long the making takes, so this is
/// our choice; what takes longer is asked for again another night.
const PATIENCE: u64 = 15 * 60;

/// The request for the file of one recording, with one of the keys.
pub(super) fn request(call: &CallRef, key: usize) -> Step {
    let exchange = HttpExchange {
        verb: Verb::Post,
        // Fathom takes 30 of these in 60 seconds, besides 30 of those that bring transcripts. Counting both
        // as one class is slower than it would have to be, and over neither limit.
        class: RequestClass::Heavy,
        key,
        ..HttpExchange::get(format!("{}/download", recording(call)))
    };
    Step::Send(Exchange::Http(exchange), json!({ "key": key }))
}

/// The answer to either request.
pub(super) fn page(
    reply: &HttpReply,
    call: &CallRef,
    progress: &Progress,
    setup: &Setup,
) -> Result<Step, Rejection> {
    let key = key_of(progress);
    let is_first = progress.get("waited").is_none();
    let page = match reply.status {
        // Which key sees a recording is not recorded, so one after another is tried, as for transcripts.
        403 | 404 if is_first && key + 1 < setup.keys => return Ok(request(call, key + 1)),
        // Shared with limits, gone, or without any media: it will never be there for us.
        403 | 404 | 422 if is_first => media::none(call),
        // The file that was being made is gone. Another night asks for another one.
        403 | 404 | 422 => Page::default(),
        200..=202 => {
            let answer: Answer = replies::parse(NAME, reply)?;
            match answer.status.as_str() {
                "completed" => answer.made(call),
                "failed" if answer.failure_reason.as_deref() != Some("generation_timeout") => {
                    let reason = answer.failure_reason.unwrap_or_default();
                    media::failed(call, format!("Fathom could not make it ready: {reason}"))
                }
                // Fathom has been too slow, or we have.
                "failed" | "expired" => Page::default(),
                _ => return Ok(ask_later(&answer.download_id, call, progress)),
            }
        }
        _ => return judge(reply, key, setup).map(|()| Step::Page(Page::default())),
    };
    Ok(Step::Page(page))
}

/// Asks whether the file is made by now: after 10, 20 and 40 seconds, and then every minute. The key must be
/// the one that asked for it.
fn ask_later(download_id: &str, call: &CallRef, progress: &Progress) -> Step {
    let key = key_of(progress);
    let waited = progress.get("waited").and_then(Value::as_u64).unwrap_or(0);
    let wait = (waited + 10).min(60);
    let waited = waited + wait;
    if waited > PATIENCE {
        return Step::Page(Page::default());
    }
    let download = fields::percent_encoded(download_id);
    let exchange = HttpExchange {
        key,
        ..HttpExchange::get(format!("{}/downloads/{download}", recording(call)))
    };
    Step::Later(
        Exchange::Http(exchange),
        json!({"key": key, "waited": waited}),
        Duration::from_secs(wait),
    )
}

fn recording(call: &CallRef) -> String {
    let id = fields::percent_encoded(&call.external_id);
    format!("{ROOT}/recordings/{id}")
}

/// Where the making of a file stands.
#[derive(Deserialize)]
struct Answer {
    #[serde(deserialize_with = "fields::id")]
    download_id: String,
    /// `processing`, `completed`, `failed` or `expired`.
    status: String,
    /// `generation_failed` or `generation_timeout`.
    failure_reason: Option<String>,
    video: Option<File>,
    /// In place of the video, where only sound was recorded.
    audio: Option<File>,
}

#[derive(Deserialize)]
struct File {
    url: Option<String>,
    file_size_bytes: Option<Value>,
}

impl Answer {
    fn made(self, call: &CallRef) -> Page {
        let mut files = [self.video, self.audio].into_iter().flatten();
        let file =
            files.find_map(|file| Some((media::best(file.url, None)?, file.file_size_bytes)));
        let Some((link, bytes)) = file else {
            return media::failed(call, "it is ready, without a link".into());
        };
        Page {
            media: vec![MediaFile {
                bytes: bytes.and_then(|bytes| bytes.as_u64()),
                ..MediaFile::new(&call.external_id, link)
            }],
            ..Page::default()
        }
    }
}
