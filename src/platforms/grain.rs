//! Grain. Source of every fact here: Grain public API v2, reference of version 2025-10-31; what only public
//! clients have seen is marked so. Grain publishes no error format and no page size.
//!
//! One listing request answers for a page of recordings with their participants and summaries (`POST
//! /v2/recordings`), one transcript request for one recording (`GET /v2/recordings/{id}/transcript`), and one more
//! tells where its audio or video is (`GET /v2/recordings/{id}/download`).

mod listing;
mod media;
mod recording;
mod transcripts;

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    Auth, CallRef, ClientAuth, Connector, Exchange, Grant, HttpExchange, HttpReply, OAuth, Page,
    Progress, Rejection, Reply, SavedAnswers, SavedTranscripts, Seen, Setup, Step, TokenForm,
    Traits, Work, fields, replies,
};
use crate::model::Method;

/// Grain's connector.
pub(super) struct Grain;

const NAME: &str = "Grain";

/// Every request needs it.
const VERSION: &[(&str, &str)] = &[("public-api-version", "2025-10-31")];

/// How long to wait after a 429 that does not say: the time in which a public client saw the limit refill.
const REFILL: Duration = Duration::from_secs(20);

impl Connector for Grain {
    fn traits(&self) -> Traits {
        Traits {
            // Not documented: a guess of public clients. What comes is taken, whatever it is.
            page_size: 50,
            transcript_batch: Some(1),
            verify_requests: 1,
            // Cursors name a moment and are not known to die, so windows may be long. Each costs a request
            // even when it is empty.
            window_days: 366,
            window_calls: 20_000,
            parallel_windows: 4,
            unique_ids: true,
            base_url: "https://api.grain.com",
            hosts: &["api.grain.com"],
            auth: Auth::Bearer { token: "token" },
            oauth: Some(OAuth {
                authorize_url: Some("https://grain.com/_/public-api/oauth2/authorize"),
                token_url: "https://api.grain.com/_/public-api/oauth2/token",
                scopes: "",
                pkce: true,
                // Grain registers any prefix that redirects begin with, and names no scheme for it.
                loopback: true,
                client: ClientAuth::Body,
                form: TokenForm::Json,
                grant: Grant::RefreshToken,
                fields: &[],
                base_url: None,
            }),
            options: &[],
        }
    }

    fn media_batch(&self, _method: Method) -> Option<usize> {
        Some(1)
    }

    fn saved(&self) -> Option<SavedAnswers> {
        Some(SavedAnswers {
            calls: &["recordings"],
            call: &[],
            call_key: "start_datetime",
            transcripts: Some(SavedTranscripts::Bare { part: "text" }),
        })
    }

    fn begin(&self, work: &Work, _setup: &Setup) -> Step {
        match work {
            // Small, not paged, and open to every token.
            Work::Verify => send(teams(), &Asked::Teams),
            Work::List { window, cursor } => listing::begin(*window, cursor.as_deref()),
            Work::Transcripts(calls) => part("transcript", calls, &Asked::Transcript),
            Work::Media(calls) => part("download", calls, &Asked::Media),
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
        let asked = Asked::deserialize(progress)
            .map_err(|error| refused(format!("this is no progress of Grain's: {error}")))?;
        match (asked, work) {
            (Asked::Teams, Work::Verify) => {
                let Teams { teams } = accepts(reply, setup)?;
                Ok(Step::Page(Page {
                    sees: Some(Seen::Teams(fields::names(&teams))),
                    ..Page::default()
                }))
            }
            (Asked::Page(asked), Work::List { window, .. }) => {
                listing::page(asked, *window, setup, reply)
            }
            (Asked::Recording(draft), Work::List { .. }) => listing::recording(draft, setup, reply),
            (Asked::Transcript, Work::Transcripts(calls)) => transcripts::page(calls, setup, reply),
            (Asked::Right, Work::Transcripts(calls)) => transcripts::locked(calls, setup, reply),
            (Asked::Media, Work::Media(calls)) => media::page(calls, setup, reply),
            (Asked::Right, Work::Media(calls)) => media::locked(calls, setup, reply),
            (_, work) => Err(refused(format!("this is no progress of {work:?}"))),
        }
    }
}

/// What was asked: the progress of every step.
#[derive(Serialize, Deserialize)]
enum Asked {
    /// The workspace's teams.
    Teams,
    /// A page of the list.
    Page(listing::Asked),
    /// A recording of a page by itself, because the list left its participants out.
    Recording(listing::Draft),
    /// A transcript.
    Transcript,
    /// Where audio or video is.
    Media,
    /// The teams, because a transcript or a recording was refused: does the token still work?
    Right,
}

/// `POST /v2/teams`: those of the workspace, each with a name.
#[derive(Deserialize)]
struct Teams {
    teams: Vec<Value>,
}

fn teams() -> HttpExchange {
    HttpExchange::post("/_/public-api/v2/teams", json!({}))
}

/// Whether the token works, and the teams, which every token sees.
fn accepts(reply: &HttpReply, setup: &Setup) -> Result<Teams, Rejection> {
    judge(reply, setup)?;
    replies::parse(NAME, reply)
}

fn send(exchange: HttpExchange, asked: &Asked) -> Step {
    let exchange = HttpExchange {
        headers: VERSION,
        ..exchange
    };
    let progress = serde_json::to_value(asked).expect("texts and numbers can be written as JSON");
    Step::Send(Exchange::Http(exchange), progress)
}

/// Asks for a part of a recording. There is one call: `Traits::transcript_batch`, `Connector::media_batch`.
fn part(name: &str, calls: &[CallRef], asked: &Asked) -> Step {
    let Some(call) = calls.first() else {
        return Step::Page(Page::default());
    };
    let id = fields::percent_encoded(&call.external_id);
    let path = format!("/_/public-api/v2/recordings/{id}/{name}");
    send(HttpExchange::get(path), asked)
}

/// Passes an answer to read. What a status means for one endpoint only is looked at before.
fn judge(reply: &HttpReply, setup: &Setup) -> Result<(), Rejection> {
    let advice = match (reply.status, setup.method) {
        (401, Method::Api | Method::File) => {
            "Grain says that the token is wrong or was taken back. Ask the customer's Grain administrator for a \
             new workspace access token."
        }
        (401, Method::Oauth) => {
            "Grain no longer accepts the customer's consent. Ask the customer to consent again."
        }
        _ => {
            "Grain refuses the token: it was taken back, or may not read recordings. Ask the customer's Grain \
             administrator for a new workspace access token."
        }
    };
    replies::judge(NAME, reply, Some(REFILL), advice, || told(reply))
}

fn refused(detail: impl Into<String>) -> Rejection {
    Rejection::Refused {
        detail: detail.into(),
    }
}

/// What Grain says about an error, in the first that fits of the forms that public clients have met.
fn told(reply: &HttpReply) -> String {
    let json: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    let forms = ["/errors/detail", "/error/message", "/error", "/message"];
    let told = forms
        .iter()
        .find_map(|form| json.pointer(form)?.as_str().map(str::to_owned));
    told.unwrap_or_else(|| String::from_utf8_lossy(&reply.body).into_owned())
}
