//! What Fireflies says went wrong: codes of its own, with a status of their own, often inside a 200.

use std::time::Duration;

use serde::Deserialize;

use super::NAME;
use crate::platforms::{HttpReply, Rejection, fields, replies};

/// Why an answer is none.
pub(super) struct Trouble {
    pub(super) cause: Cause,
    /// What helps, unless whoever asked knows better.
    pub(super) rejection: Rejection,
}

/// What the trouble is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    /// The call that was asked for, and no other.
    Call,
    /// It took too long, so perhaps too much was asked for.
    Load,
    /// It fails.
    Failure,
    /// Anything else.
    Other,
}

/// One of `errors`. The code stands at its top, in its extensions, or in both.
#[derive(Deserialize)]
pub(super) struct GraphError {
    message: Option<String>,
    code: Option<String>,
    #[serde(default, deserialize_with = "fields::null_is_default")]
    extensions: Extensions,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Extensions {
    code: Option<String>,
    #[serde(deserialize_with = "fields::number")]
    status: Option<f64>,
    #[serde(deserialize_with = "fields::null_is_default")]
    metadata: Metadata,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Metadata {
    /// Milliseconds since 1970.
    #[serde(deserialize_with = "fields::number")]
    retry_after: Option<f64>,
}

impl From<Rejection> for Trouble {
    fn from(rejection: Rejection) -> Self {
        Self {
            cause: Cause::Other,
            rejection,
        }
    }
}

impl From<Trouble> for Rejection {
    fn from(trouble: Trouble) -> Self {
        trouble.rejection
    }
}

impl Trouble {
    /// From the status and the first error.
    pub(super) fn of(reply: &HttpReply, errors: &[GraphError]) -> Self {
        let first = errors.first();
        let code = first.and_then(GraphError::code).unwrap_or_default();
        let text = first.and_then(|error| error.message.as_deref());
        let status = first.and_then(GraphError::status).unwrap_or(reply.status);
        let detail = replies::answered(NAME, status, text.unwrap_or(code));
        let after = reply.retry_after;
        let (cause, rejection) = match (code, status) {
            ("too_many_requests", _) | (_, 429) => (Cause::Other, throttled(reply, first)),
            ("auth_failed", _) | (_, 401) => (Cause::Other, credentials(WRONG_KEY)),
            ("account_cancelled", _) => (Cause::Other, credentials(CANCELLED)),
            ("paid_required", _) => (Cause::Other, credentials(PLAN)),
            ("forbidden" | "require_elevated_privilege" | "not_in_team", _) | (_, 403) => {
                (Cause::Call, credentials(RIGHTS))
            }
            ("object_not_found", _) => (Cause::Call, Rejection::Refused { detail }),
            ("request_timeout", _) | (_, 408 | 504) => {
                (Cause::Load, Rejection::Unavailable { after, detail })
            }
            ("invariant_violation", _) | (_, 500..) => {
                (Cause::Failure, Rejection::Unavailable { after, detail })
            }
            ("args_required" | "invalid_arguments", _) | (_, 300..) => {
                (Cause::Other, Rejection::Refused { detail })
            }
            _ => (Cause::Other, no_data(reply, text)),
        };
        Self { cause, rejection }
    }
}

impl GraphError {
    fn code(&self) -> Option<&str> {
        self.extensions.code.as_deref().or(self.code.as_deref())
    }

    fn status(&self) -> Option<u16> {
        let status = self.extensions.status?;
        (100..600).find(|known| f64::from(*known) == status)
    }
}

const WRONG_KEY: &str = "Fireflies says that the API key is wrong or was deleted. Ask the customer for a new key, \
                         which they make in Fireflies under Integrations or in the developer settings.";

const CANCELLED: &str = "Fireflies says that the account was cancelled. Ask the customer for a key of an account that \
                         is in use.";

const PLAN: &str = "Fireflies says that the customer's plan does not allow this. Ask the customer whether they can get \
                    a plan that lets a program read transcripts.";

const RIGHTS: &str = "Fireflies does not let the owner of the API key read these calls. Ask the customer for the key \
                      of an administrator.";

fn credentials(advice: &str) -> Rejection {
    Rejection::Credentials {
        advice: advice.into(),
    }
}

/// When to come again stands in the error, as a moment of Fireflies' clock; a proxy on the way says it in a header.
fn throttled(reply: &HttpReply, error: Option<&GraphError>) -> Rejection {
    let told = error.and_then(|error| error.extensions.metadata.retry_after);
    let until = told.and_then(fields::milliseconds_since_1970);
    let after = until
        .zip(reply.date)
        .map(|(until, date)| Duration::try_from(until.duration_since(date)).unwrap_or_default());
    Rejection::Throttled {
        after: after.or(reply.retry_after),
    }
}

fn no_data(reply: &HttpReply, text: Option<&str>) -> Rejection {
    let what = text.map_or("neither data nor an error".to_owned(), |text| {
        replies::answered(NAME, reply.status, text)
    });
    Rejection::Broken {
        detail: format!(
            "expected Fireflies' data, got {} with {what}",
            reply.content_type
        ),
    }
}
