//! Fathom, the meeting notetaker. Source of every fact here: developers.fathom.ai, API reference, rate
//! limiting and OAuth pages, as of September 2026, and the official SDKs where a comment says so.
//!
//! With an API key one heavy listing request brings ten meetings with transcripts and summaries
//! (`GET /meetings`). Apps that a customer consented to (OAuth) may not ask for these: they list, and fetch
//! each transcript with a heavy request of its own (`GET /recordings/{id}/transcript`).
//!
//! The file of a recording is made when it is asked for (`POST /recordings/{id}/download`), which takes a while.
//!
//! A key sees what its user sees, so a company may give several: each of them lists every window, and a
//! meeting that two of them see is one call.

mod listing;
mod media;
mod people;
mod transcripts;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Auth, ClientAuth, Connector, Exchange, Grant, HttpExchange, HttpReply, OAuth, Page, Progress,
    Rejection, Reply, SavedAnswers, SavedTranscripts, Seen, Setup, Step, TokenForm, Traits, Work,
    fields, replies,
};
use crate::model::{MAX_KEYS, Method};

/// Fathom's connector.
pub(super) struct Fathom;

const NAME: &str = "Fathom";

const ROOT: &str = "/external/v1";

/// By which the keys of a credential are named, because their values must not be.
const ORDINALS: [&str; MAX_KEYS] = [
    "first",
    "second",
    "third",
    "fourth",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "tenth",
    "eleventh",
    "twelfth",
    "thirteenth",
    "fourteenth",
    "fifteenth",
    "sixteenth",
    "seventeenth",
    "eighteenth",
    "nineteenth",
    "twentieth",
];

impl Connector for Fathom {
    fn traits(&self) -> Traits {
        Traits {
            // No parameter changes it; the quick start says ten.
            page_size: 10,
            transcript_batch: Some(1),
            verify_requests: 1,
            window_days: 90,
            // 200 pages. Pages are counted, so a meeting that is deleted meanwhile hides another one.
            window_calls: 2_000,
            parallel_windows: 1,
            unique_ids: true,
            base_url: "https://api.fathom.ai",
            hosts: &["api.fathom.ai"],
            auth: Auth::Keys {
                name: "x-api-key",
                values: "api_keys",
            },
            oauth: Some(OAuth {
                authorize_url: Some("https://fathom.video/external/v1/oauth2/authorize"),
                token_url: "https://api.fathom.ai/external/v1/oauth2/token",
                scopes: "public_api",
                pkce: false,
                loopback: false,
                client: ClientAuth::Body,
                form: TokenForm::Form,
                grant: Grant::RefreshToken,
                fields: &[],
                base_url: None,
            }),
            options: &[],
        }
    }

    fn lists_transcripts(&self, method: Method) -> bool {
        method != Method::Oauth
    }

    fn media_batch(&self, _method: Method) -> Option<usize> {
        Some(1)
    }

    fn media_requests(&self) -> u64 {
        // Most are made when they are asked about for the second time.
        3
    }

    fn saved(&self) -> Option<SavedAnswers> {
        Some(SavedAnswers {
            calls: &["items"],
            call: &[],
            call_key: "recording_id",
            transcripts: Some(SavedTranscripts::Single {
                said: "transcript",
                id: None,
            }),
        })
    }

    fn begin(&self, work: &Work, setup: &Setup) -> Step {
        match work {
            Work::Verify => verify(0),
            Work::List { window, cursor } => {
                match listing::Place::new(*window, cursor.as_deref(), setup) {
                    Some(place) => place.request(*window),
                    // The window has not begun yet.
                    None => Step::Page(Page::default()),
                }
            }
            Work::Transcripts(calls) => match calls.first() {
                Some(call) => transcripts::request(call, 0),
                None => Step::Page(Page::default()),
            },
            Work::Media(calls) => match calls.first() {
                Some(call) => media::request(call, 0),
                None => Step::Page(Page::default()),
            },
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
                let key = key_of(progress);
                judge(reply, key, setup)?;
                let Teams { items } = replies::parse(NAME, reply)?;
                Ok(if key + 1 < setup.keys {
                    verify(key + 1)
                } else {
                    // The teams are those of the account, which all keys share.
                    Step::Page(Page {
                        sees: Some(Seen::Teams(fields::names(&items))),
                        ..Page::default()
                    })
                })
            }
            Work::List { window, cursor } => {
                let place =
                    listing::Place::new(*window, cursor.as_deref(), setup).unwrap_or_default();
                listing::page(reply, *window, place, progress, setup)
            }
            Work::Transcripts(calls) => match calls.first() {
                Some(call) => transcripts::page(reply, call, progress, setup),
                None => Ok(Step::Page(Page::default())),
            },
            Work::Media(calls) => match calls.first() {
                Some(call) => media::page(reply, call, progress, setup),
                None => Ok(Step::Page(Page::default())),
            },
        }
    }
}

/// `GET /teams`: those of the account, each with a name.
#[derive(Deserialize)]
struct Teams {
    items: Vec<Value>,
}

/// Light and one small page: there is no "who am I". Each key is proved, for one that is wrong would hide
/// the calls of its user without a word.
fn verify(key: usize) -> Step {
    let exchange = HttpExchange {
        key,
        ..HttpExchange::get(format!("{ROOT}/teams"))
    };
    Step::Send(Exchange::Http(exchange), json!({ "key": key }))
}

fn key_of(progress: &Progress) -> usize {
    let key = progress.get("key").and_then(Value::as_u64);
    key.and_then(|key| usize::try_from(key).ok()).unwrap_or(0)
}

/// What every answer may be. What 403 and 404 mean for one recording is said there.
fn judge(reply: &HttpReply, key: usize, setup: &Setup) -> Result<(), Rejection> {
    let signer = signer(key, setup);
    let refusal = match (reply.status, setup.method) {
        (401, Method::Oauth) => {
            format!("does not accept {signer}: it was revoked, or its user was deactivated")
        }
        (401, Method::Api | Method::File) => {
            format!(
                "does not accept {signer}: it is wrong or was revoked, or its user was deactivated"
            )
        }
        _ => format!("does not allow {signer} to list meetings"),
    };
    let advice = format!("Fathom {refusal}. {}", remedy(setup));
    replies::judge(NAME, reply, None, &advice, || told(reply))
}

/// Whose right is missing, in words: the value of a key is shown nowhere.
fn signer(key: usize, setup: &Setup) -> String {
    match (setup.method, ORDINALS.get(key)) {
        (Method::Oauth, _) => "the customer's consent".into(),
        (Method::Api | Method::File, Some(ordinal)) if setup.keys > 1 => {
            format!("the {ordinal} of the {} API keys", setup.keys)
        }
        (Method::Api | Method::File, _) => "the API key".into(),
    }
}

fn remedy(setup: &Setup) -> &'static str {
    match setup.method {
        Method::Oauth => "Ask the customer to consent again.",
        Method::Api | Method::File => {
            "Ask the customer for a new key: its user makes it in Fathom under User Settings > API Access."
        }
    }
}

/// Error bodies have no documented form, so they are read as text.
fn told(reply: &HttpReply) -> String {
    String::from_utf8_lossy(&reply.body).into_owned()
}
