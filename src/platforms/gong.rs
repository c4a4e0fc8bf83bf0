//! Gong. Source of every fact here: Gong API v2, OpenAPI description of February 2026, and
//! help.gong.io where a comment says so.
//!
//! One listing request answers for 100 calls with their parties (`POST /v2/calls/extensive`), one
//! transcript request for 100 more (`POST /v2/calls/transcript`); `GET /v2/users` is not needed, because
//! names come with the parties.

mod listing;
mod media;
mod transcripts;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Auth, ClientAuth, Connector, Exchange, Grant, HttpExchange, HttpReply, OAuth, OptionKind,
    OptionSpec, Page, Progress, Rejection, Reply, SavedAnswers, SavedTranscripts, Seen, Setup,
    Step, TokenForm, Traits, Work, fields, replies,
};
use crate::model::Method;

/// Gong's connector.
pub(super) struct Gong;

const NAME: &str = "Gong";

/// What all three answers without any call have in common; the status is 404, not 200.
const NO_CALLS: &str = "No calls found";

impl Connector for Gong {
    fn traits(&self) -> Traits {
        Traits {
            page_size: 100,
            transcript_batch: Some(100),
            verify_requests: 1,
            window_days: 90,
            window_calls: 2_000,
            parallel_windows: 4,
            unique_ids: true,
            base_url: "https://api.gong.io",
            hosts: &["api.gong.io", ".api.gong.io"],
            auth: Auth::Basic {
                user: "access_key",
                password: "access_key_secret",
            },
            // Gong, help.gong.io, "Create an app for Gong": one consent of an administrator is for the whole company.
            oauth: Some(OAuth {
                authorize_url: Some("https://app.gong.io/oauth2/authorize"),
                token_url: "https://app.gong.io/oauth2/generate-customer-token",
                scopes: "api:calls:read:basic api:calls:read:extensive api:calls:read:transcript \
                         api:calls:read:media-url api:workspaces:read",
                pkce: false,
                // Which redirects an app may register is not documented.
                loopback: false,
                client: ClientAuth::Basic,
                form: TokenForm::Form,
                grant: Grant::RefreshToken,
                fields: &[],
                base_url: Some("api_base_url_for_customer"),
            }),
            options: &[
                OptionSpec {
                    name: "base_url",
                    description: "The API address of the customer's Gong, shown on its API page, \
                                  for example https://us-12345.api.gong.io.",
                    kind: OptionKind::BaseUrl,
                },
                OptionSpec {
                    name: "workspace_id",
                    description: "Import only the calls of this Gong workspace.",
                    kind: OptionKind::Text,
                },
                OptionSpec {
                    name: "skip_private",
                    description: "Leave out calls that are marked as private in Gong.",
                    kind: OptionKind::Flag,
                },
            ],
        }
    }

    fn media_batch(&self, _method: Method) -> Option<usize> {
        Some(100)
    }

    fn saved(&self) -> Option<SavedAnswers> {
        Some(SavedAnswers {
            calls: &["calls"],
            call: &[],
            call_key: "metaData",
            transcripts: Some(SavedTranscripts::Listed {
                list: "callTranscripts",
                id: "callId",
            }),
        })
    }

    fn begin(&self, work: &Work, setup: &Setup) -> Step {
        let exchange = match work {
            Work::Verify => HttpExchange::get("/v2/workspaces"),
            Work::List { window, cursor } => HttpExchange::post(
                "/v2/calls/extensive",
                listing::body(*window, cursor.as_deref(), setup),
            ),
            Work::Transcripts(calls) => {
                let ids: Vec<&str> = calls.iter().map(|call| call.external_id.as_str()).collect();
                HttpExchange::post("/v2/calls/transcript", json!({"filter": {"callIds": ids}}))
            }
            Work::Media(calls) => HttpExchange::post("/v2/calls/extensive", media::body(calls)),
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
        let page = match (judge(reply, setup.method)?, work) {
            (Verdict::NoCalls, Work::List { .. } | Work::Transcripts(_)) => Page::default(),
            (Verdict::NoCalls, Work::Media(calls)) => media::none(calls),
            (Verdict::NoCalls, Work::Verify) => return Err(wrong_address(reply)),
            (Verdict::Answer, Work::Verify) => {
                let Workspaces { workspaces } = replies::parse(NAME, reply)?;
                Page {
                    sees: Some(Seen::Workspaces(fields::names(&workspaces))),
                    ..Page::default()
                }
            }
            (Verdict::Answer, Work::List { .. }) => listing::page(reply, setup)?,
            (Verdict::Answer, Work::Transcripts(calls)) => transcripts::page(reply, calls)?,
            (Verdict::Answer, Work::Media(calls)) => media::page(reply, calls)?,
        };
        Ok(Step::Page(page))
    }
}

/// What an acceptable reply is.
enum Verdict {
    /// A 200 with a body to read.
    Answer,
    /// Nothing matches the filter.
    NoCalls,
}

/// `GET /v2/workspaces`, not paged. Each has a name.
#[derive(Deserialize)]
struct Workspaces {
    workspaces: Vec<Value>,
}

/// Gong's envelope of all errors; there are no codes, only English texts.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Errors {
    errors: Vec<String>,
}

/// The paging part of every answer. `cursor` is there only when more remains.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Records {
    total_records: Option<u64>,
    cursor: Option<String>,
}

impl Records {
    fn next(self) -> Option<String> {
        self.cursor.filter(|cursor| !cursor.is_empty())
    }
}

fn judge(reply: &HttpReply, method: Method) -> Result<Verdict, Rejection> {
    let texts = || {
        serde_json::from_slice::<Errors>(&reply.body)
            .unwrap_or_default()
            .errors
            .join("; ")
    };
    match reply.status {
        404 if texts().contains(NO_CALLS) => return Ok(Verdict::NoCalls),
        404 => return Err(wrong_address(reply)),
        400 if is_about_cursor(&texts()) => return Err(Rejection::RestartWindow),
        _ => {}
    }
    let advice = match reply.status {
        401 | 403 if method == Method::Oauth => {
            "Gong refuses the access that the customer's administrator gave us: it was withdrawn, or it lacks a right. \
             Ask the customer's Gong administrator to consent again."
        }
        401 if texts().contains("permission") => {
            "The Gong key lacks a right. Ask the customer's Gong administrator for a key that may read calls and \
             transcripts."
        }
        401 => {
            "Gong says that the access key or its secret is wrong, or has expired. Ask the customer's Gong \
             administrator for a new key."
        }
        // help.gong.io: a key may have a list of trusted addresses; any other address gets 403.
        _ => {
            "Gong refuses the key from our address. Ask the customer's Gong administrator whether the key has a list \
             of trusted IP addresses, and whether it was revoked."
        }
    };
    replies::judge(NAME, reply, None, advice, texts).map(|()| Verdict::Answer)
}

/// Texts seen for a dead cursor: "cursor has expired", "Failed to verify cursor".
fn is_about_cursor(texts: &str) -> bool {
    texts.contains("cursor has expired") || texts.contains("verify cursor")
}

fn wrong_address(reply: &HttpReply) -> Rejection {
    Rejection::Refused {
        detail: format!(
            "Gong has no such address (status {}): options.base_url must be the API address that the customer's Gong \
             shows on its API page",
            reply.status
        ),
    }
}
