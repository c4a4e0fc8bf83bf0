//! `POST /v2/calls/extensive` by ids: where the recordings of up to 100 calls are. The links are signed, live
//! 8 hours, and go without Gong's credential.

use std::collections::HashSet;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{NAME, Records};
use crate::platforms::{CallRef, HttpReply, MediaFile, Page, Rejection, fields, media, replies};

/// The request.
pub(super) fn body(calls: &[CallRef]) -> Value {
    let ids: Vec<&str> = calls.iter().map(|call| call.external_id.as_str()).collect();
    json!({
        "filter": {"callIds": ids},
        "contentSelector": {"exposedFields": {"media": true}},
    })
}

/// The answer. A call that Gong answers without a link, or no longer knows, has no recording for us.
pub(super) fn page(reply: &HttpReply, calls: &[CallRef]) -> Result<Page, Rejection> {
    let answer: Answer = replies::parse(NAME, reply)?;
    let files: Vec<MediaFile> = answer.calls.into_iter().filter_map(Record::file).collect();
    let next = answer.records.next();
    let found: HashSet<&str> = files.iter().map(|file| file.external_id.as_str()).collect();
    let missing = calls.iter().map(|call| call.external_id.clone());
    let without_media = if next.is_none() {
        missing.filter(|id| !found.contains(id.as_str())).collect()
    } else {
        Vec::new()
    };
    Ok(Page {
        media: files,
        without_media,
        next,
        ..Page::default()
    })
}

/// What to say when Gong knows none of the calls.
pub(super) fn none(calls: &[CallRef]) -> Page {
    let ids = calls.iter().map(|call| call.external_id.clone());
    Page {
        without_media: ids.collect(),
        ..Page::default()
    }
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    records: Records,
    calls: Vec<Record>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    meta_data: MetaData,
    media: Option<Links>,
}

#[derive(Deserialize)]
struct MetaData {
    #[serde(deserialize_with = "fields::id")]
    id: String,
}

/// A company may record audio only; then there is no video.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Links {
    audio_url: Option<String>,
    video_url: Option<String>,
}

impl Record {
    fn file(self) -> Option<MediaFile> {
        let links = self.media?;
        let link = media::best(links.video_url, links.audio_url)?;
        Some(MediaFile::new(self.meta_data.id, link))
    }
}
