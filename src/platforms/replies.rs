//! What an answer means that means the same on every platform.

use std::time::Duration;

use serde::Deserialize;

use super::{HttpReply, Rejection};

/// Passes an answer to read. What a status means on one platform only is looked at before.
///
/// `pause` is how long to wait when the platform says wait, but not how long; `advice` what CS must ask the customer for
/// when the credential is refused; `told` what the platform says about any other failure.
///
/// # Errors
/// For every status but 200, what may help.
pub(super) fn judge(
    platform: &str,
    reply: &HttpReply,
    pause: Option<Duration>,
    advice: &str,
    told: impl FnOnce() -> String,
) -> Result<(), Rejection> {
    let after = reply.retry_after;
    let detail = || answered(platform, reply.status, &told());
    Err(match reply.status {
        200 => return Ok(()),
        401 | 403 => Rejection::Credentials {
            advice: advice.to_owned(),
        },
        429 => Rejection::Throttled {
            after: after.or(pause),
        },
        408 | 500.. => Rejection::Unavailable {
            after,
            detail: detail(),
        },
        _ => Rejection::Refused { detail: detail() },
    })
}

/// Reads the JSON of an answer.
///
/// # Errors
/// [`Rejection::Broken`] where it is another one, or none.
pub(super) fn parse<'a, T: Deserialize<'a>>(
    platform: &str,
    reply: &'a HttpReply,
) -> Result<T, Rejection> {
    serde_json::from_slice(&reply.body)
        .map_err(|error| broken(platform, &reply.content_type, &error))
}

/// An answer that is not the JSON expected of a platform. Only its type is told, not what it says.
pub(super) fn broken(platform: &str, content_type: &str, error: &serde_json::Error) -> Rejection {
    let kind = if content_type.is_empty() {
        "an answer without a type"
    } else {
        content_type
    };
    Rejection::Broken {
        detail: format!("expected {platform}'s JSON, got {kind}: {error}"),
    }
}

/// What a platform says about a failure, short: it is for the log, and may hold anything.
pub(super) fn answered(platform: &str, status: u16, text: &str) -> String {
    let excerpt: String = text.chars().take(200).collect();
    match excerpt.trim() {
        "" => format!("{platform} answered {status}"),
        excerpt => format!("{platform} answered {status}: {excerpt}"),
    }
}
