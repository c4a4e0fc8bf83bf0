//! Zoom cloud recordings. Source of every fact here, unless a comment says otherwise: Zoom's own documentation
//! of its API v2 (developers.zoom.us, "Meetings" and "Users", 2026).
//!
//! Zoom lists the people of an account, and then the recordings of one person in at most one month. Transcripts
//! are WebVTT files among the files of a recording; the listing gives their addresses, so that one request
//! brings a transcript. The customer makes a server-to-server app for us, whose access tokens last an hour.

mod media;
mod recording;
mod transcripts;
mod walk;

use serde::Deserialize;

use super::{
    ACCESS_TOKEN, Auth, ClientAuth, Connector, Grant, HttpReply, OAuth, Page, Progress, Rejection,
    Reply, Setup, Step, TokenForm, Traits, Work, fields, replies,
};
use crate::model::Method;

/// Zoom's connector.
pub(super) struct Zoom;

const NAME: &str = "Zoom";

impl Connector for Zoom {
    fn traits(&self) -> Traits {
        TRAITS
    }

    fn media_batch(&self, _method: Method) -> Option<usize> {
        Some(1)
    }

    fn begin(&self, work: &Work, setup: &Setup) -> Step {
        match work {
            // The list of people is asked for first in any case, and proves as much.
            Work::Verify => Step::Page(Page::default()),
            Work::List { window, cursor } => walk::begin(*window, cursor.as_deref(), setup),
            Work::Transcripts(calls) => transcripts::begin(calls),
            Work::Media(calls) => media::begin(calls),
        }
    }

    fn next(
        &self,
        work: &Work,
        setup: &Setup,
        progress: &Progress,
        reply: &Reply,
    ) -> Result<Step, Rejection> {
        let reply = reply.http()?;
        match work {
            Work::Verify => Ok(Step::Page(Page::default())),
            Work::List { window, .. } => walk::next(*window, setup, progress, reply),
            Work::Transcripts(calls) => transcripts::next(calls, setup, progress, reply),
            Work::Media(calls) => media::next(calls, progress, reply),
        }
    }
}

const TRAITS: Traits = Traits {
    // What one person records in a month, more or less: the real bound of 300 is never reached.
    page_size: 5,
    transcript_batch: Some(1),
    verify_requests: 0,
    window_days: 365,
    // The cursor holds a page token, which dies, only within one person's month.
    window_calls: i64::MAX,
    parallel_windows: 4,
    unique_ids: true,
    base_url: "https://api.zoom.us",
    hosts: &["api.zoom.us", "zoom.us", ".zoom.us"],
    // Not offered: an access token lasts an hour, and `oauth` gets new ones.
    auth: Auth::Bearer {
        token: ACCESS_TOKEN,
    },
    oauth: Some(OAuth {
        authorize_url: None,
        token_url: "https://zoom.us/oauth/token",
        scopes: "",
        pkce: false,
        loopback: false,
        client: ClientAuth::Basic,
        form: TokenForm::Form,
        grant: Grant::App("account_credentials"),
        fields: &["account_id"],
        base_url: None,
    }),
    options: &[],
};

/// What an acceptable reply is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// A 200.
    Answer,
    /// There is no such user, meeting or recording, or no more (404).
    Gone,
}

/// Zoom's envelope of errors. Codes are not unique to a status, so the status decides.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Problem {
    #[serde(deserialize_with = "fields::optional_id")]
    code: Option<String>,
    message: Option<String>,
}

fn judge(reply: &HttpReply) -> Result<Verdict, Rejection> {
    match reply.status {
        200 => return Ok(Verdict::Answer),
        404 => return Ok(Verdict::Gone),
        _ => {}
    }
    let problem = serde_json::from_slice::<Problem>(&reply.body).unwrap_or_default();
    let message = problem.message.unwrap_or_default();
    // "Invalid access token, does not contain scopes", whatever the status.
    if (400..=403).contains(&reply.status) && message.contains("scope") {
        return Err(Rejection::Credentials {
            advice: "The Zoom app lacks a right. Ask the customer's Zoom administrator to give the server-to-server \
                     app the scopes cloud_recording:read:list_user_recordings:admin, \
                     cloud_recording:read:list_recording_files:admin and user:read:list_users:admin."
                .into(),
        });
    }
    let advice = "Zoom refuses the app. Ask the customer's Zoom administrator whether the server-to-server app is still \
                  active and belongs to this account.";
    let told = || {
        let code = problem.code.as_deref().unwrap_or("without a code");
        format!("{code}: {message}")
    };
    replies::judge(NAME, reply, None, advice, told).map(|()| Verdict::Answer)
}

/// A meeting's UUID as a segment of a path: one that begins with a slash, or holds two in a row, must be
/// encoded twice.
fn uuid_segment(uuid: &str) -> String {
    let once = fields::percent_encoded(uuid);
    if uuid.starts_with('/') || uuid.contains("//") {
        fields::percent_encoded(&once)
    } else {
        once
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_uuids_are_encoded_twice() {
        for (uuid, segment) in [
            ("aB3dEfGh==", "aB3dEfGh%3D%3D"),
            ("aB3/dEfGh==", "aB3%2FdEfGh%3D%3D"),
            ("/aB3dEfGh==", "%252FaB3dEfGh%253D%253D"),
            ("aB3//dEfGh==", "aB3%252F%252FdEfGh%253D%253D"),
        ] {
            assert_eq!(uuid_segment(uuid), segment, "{uuid}");
        }
    }
}
