//! Avoma. Source of every fact here: the vendor's OpenAPI description of September 2026, unless a comment
//! says otherwise.
//!
//! One listing request answers for 100 meetings (`GET /v1/meetings/`), one bulk request for the transcripts of
//! as many (`GET /v1/transcriptions/`). What the bulk leaves out is asked for by meeting, as each recording is
//! (`GET /v1/recordings/`).

mod listing;
mod media;
mod transcripts;

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, value::RawValue};

use super::{
    Auth, Connector, Exchange, HttpExchange, HttpReply, Page, Progress, Rejection, Reply, Setup,
    Step, Traits, Work, replies,
};
use crate::model::Method;

/// Avoma's connector.
pub(super) struct Avoma;

const NAME: &str = "Avoma";

/// How long to wait after a 429: Avoma counts by the minute, and does not say when it is over.
const MINUTE: Duration = Duration::from_secs(60);

impl Connector for Avoma {
    fn traits(&self) -> Traits {
        Traits {
            page_size: 100,
            // A bulk page holds 100. The room is for other meetings that start with the first or the last of
            // the batch: without it they would cost a second page.
            transcript_batch: Some(95),
            // The first listing proves the key as well.
            verify_requests: 0,
            window_days: 90,
            window_calls: 2_000,
            // Batches of transcripts lie close together in time only if one window is listed after the other.
            parallel_windows: 1,
            unique_ids: true,
            base_url: "https://api.avoma.com",
            hosts: &["api.avoma.com"],
            auth: Auth::Bearer { token: "token" },
            oauth: None,
            options: &[],
        }
    }

    fn media_batch(&self, _method: Method) -> Option<usize> {
        Some(1)
    }

    fn begin(&self, work: &Work, setup: &Setup) -> Step {
        match work {
            Work::Verify => send(listing::probe(setup), Progress::Null),
            Work::List { window, cursor } => {
                let path = listing::path(*window, cursor.as_deref(), setup);
                send(path, Progress::Null)
            }
            Work::Transcripts(calls) => transcripts::begin(calls, setup),
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
            Work::Verify => {
                answer::<Envelope<'_>>(reply)?;
                Ok(Step::Page(Page::default()))
            }
            Work::List { window, cursor } => {
                listing::page(reply, *window, cursor.as_deref(), setup).map(Step::Page)
            }
            Work::Transcripts(calls) => transcripts::next(reply, calls, setup, progress),
            Work::Media(calls) => media::page(reply, calls).map(Step::Page),
        }
    }
}

/// What both lists come in.
#[derive(Deserialize)]
struct Envelope<'a> {
    count: Option<u64>,
    /// A whole link, or null on the last page.
    next: Option<String>,
    #[serde(borrow)]
    results: Vec<&'a RawValue>,
}

impl Envelope<'_> {
    /// The query of the next page. Only that is taken from the link: it may lack the slash that the paths
    /// end with, and the key goes nowhere but to Avoma.
    fn next_query(&self) -> Option<&str> {
        let link = self.next.as_deref()?;
        let (_, query) = link.split('#').next()?.split_once('?')?;
        (!query.is_empty()).then_some(query)
    }
}

fn send(path: String, progress: Progress) -> Step {
    Step::Send(Exchange::Http(HttpExchange::get(path)), progress)
}

/// Reads an answer with status 200; every other one is a rejection.
fn answer<'a, T: Deserialize<'a>>(reply: &'a HttpReply) -> Result<T, Rejection> {
    let advice = match reply.status {
        401 => {
            "Avoma says that the API key is wrong or was deleted. Ask the customer's Avoma administrator for a \
             new key."
        }
        _ => {
            "Avoma refuses the API key. Ask the customer's Avoma administrator whether the key may read meetings \
             and transcripts: the API needs Avoma's Organization plan or higher."
        }
    };
    replies::judge(NAME, reply, Some(MINUTE), advice, || complaint(reply))?;
    replies::parse(NAME, reply)
}

/// What an error says: `{"detail": "..."}`, or with 400 an object from field name to a list of messages.
fn complaint(reply: &HttpReply) -> String {
    let body: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    match body.get("detail") {
        Some(Value::String(detail)) => detail.clone(),
        _ if body.is_object() => body.to_string(),
        _ => String::new(),
    }
}
