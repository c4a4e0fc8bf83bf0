//! Chorus by ZoomInfo. Source of every fact here: the vendor's OpenAPI description, version 26.33.08, unless a
//! comment says otherwise.
//!
//! `GET /v3/engagements` lists calls with their participants, `GET /api/v1/conversations/{id}` tells what was said
//! in one of them, and `GET /api/v1/conversations/{id}/media` where its recording is: there is no way to ask for
//! several.

mod conversation;
mod engagements;
mod media;

use std::time::Duration;

use serde::Deserialize;

use super::{
    Auth, Connector, Exchange, HttpReply, Page, Progress, Rejection, Reply, Setup, Step, Traits,
    Work, fields, replies,
};
use crate::model::Method;

/// Chorus' connector.
pub(super) struct Chorus;

const NAME: &str = "Chorus";

/// How long to wait after a 429: Chorus documents no limit, and no header about one.
const MINUTE: Duration = Duration::from_secs(60);

impl Connector for Chorus {
    fn traits(&self) -> Traits {
        Traits {
            // Not documented; this is the least that was seen.
            page_size: 25,
            transcript_batch: Some(1),
            // The first listing proves the token as well.
            verify_requests: 0,
            // A window costs at least a request for meetings and one for dialed calls. Keys of pages are places
            // in the order of time, and are not known to expire.
            window_days: 365,
            window_calls: 20_000,
            parallel_windows: 1,
            unique_ids: true,
            base_url: "https://chorus.ai",
            hosts: &["chorus.ai"],
            // The vendor's examples send the token bare; its description speaks of `Bearer`, which may stand in
            // front of the token in the credential.
            auth: Auth::Header {
                name: "authorization",
                value: "token",
            },
            oauth: None,
            options: &[],
        }
    }

    fn media_batch(&self, _method: Method) -> Option<usize> {
        Some(1)
    }

    fn begin(&self, work: &Work, setup: &Setup) -> Step {
        let exchange = match work {
            Work::Verify => engagements::request(setup.period.window(), None),
            Work::List { window, cursor } => engagements::request(*window, cursor.as_deref()),
            Work::Transcripts(calls) => match calls.first() {
                Some(call) => conversation::request(call),
                None => return Step::Page(Page::default()),
            },
            Work::Media(calls) => match calls.first() {
                Some(call) => media::request(call),
                None => return Step::Page(Page::default()),
            },
        };
        Step::Send(Exchange::Http(exchange), Progress::Null)
    }

    fn next(
        &self,
        work: &Work,
        setup: &Setup,
        _progress: &Progress,
        reply: &Reply,
    ) -> Result<Step, Rejection> {
        let reply = reply.http()?;
        let page = match work {
            Work::Verify => {
                engagements::page(reply, setup.period.window(), None, setup)?;
                Page::default()
            }
            Work::List { window, cursor } => {
                engagements::page(reply, *window, cursor.as_deref(), setup)?
            }
            Work::Transcripts(calls) => match calls.first() {
                Some(call) => conversation::page(reply, call, setup)?,
                None => Page::default(),
            },
            Work::Media(calls) => match calls.first() {
                Some(call) => media::page(reply, call)?,
                None => Page::default(),
            },
        };
        Ok(Step::Page(page))
    }
}

/// JSON:API's envelope of errors. Other shapes were seen, and are read as none.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Errors {
    #[serde(deserialize_with = "fields::null_is_default")]
    errors: Vec<Complaint>,
}

#[derive(Deserialize)]
struct Complaint {
    title: Option<String>,
    detail: Option<String>,
}

/// Reads an answer with status 200; every other one is a rejection.
fn answer<'a, T: Deserialize<'a>>(reply: &'a HttpReply) -> Result<T, Rejection> {
    let advice = match reply.status {
        401 => {
            "Chorus says that the token is wrong or has expired. Ask the customer for a new API token; if a new one \
             is refused too, seal it again with the word Bearer and a blank in front of it."
        }
        _ => {
            "Chorus refuses the token. Ask the customer whether the token's owner has a role in Chorus that may use \
             the API."
        }
    };
    replies::judge(NAME, reply, Some(MINUTE), advice, || complaint(reply))?;
    replies::parse(NAME, reply)
}

fn complaint(reply: &HttpReply) -> String {
    let errors = serde_json::from_slice::<Errors>(&reply.body).unwrap_or_default();
    let texts = errors
        .errors
        .into_iter()
        .filter_map(|complaint| complaint.detail.or(complaint.title));
    texts.collect::<Vec<String>>().join("; ")
}
