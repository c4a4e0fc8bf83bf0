//! What an answer of GitHub means for the next request.

use http::{HeaderMap, StatusCode};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::Value;

/// Why a request brought nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GitHubError {
    /// The settings cannot be used.
    #[error("GitHub cannot be used: {0}")]
    Setup(String),
    /// A rate limit; nothing was done. GitHub bans clients that go on.
    #[error("GitHub's rate limit is reached")]
    Limited(Pause),
    /// GitHub says no; nothing was done.
    #[error("GitHub says {status}: {message}")]
    Refused {
        /// HTTP status.
        status: u16,
        /// GitHub's own words.
        message: String,
    },
    /// No answer, or none that can be read: a write may have been carried out.
    #[error("no usable answer from GitHub: {0}")]
    Unknown(String),
}

/// How long a limit lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pause {
    /// So long from now on (`retry-after`).
    For(SignedDuration),
    /// Until this moment (`x-ratelimit-reset`).
    Until(Timestamp),
    /// GitHub does not say; its documentation asks for a minute at least, and longer each time.
    Unsaid,
}

impl GitHubError {
    /// Whether the token may not do this anywhere: another place for the comment would not help.
    pub fn is_about_the_token(&self) -> bool {
        match self {
            Self::Setup(_) => true,
            Self::Refused { status: 401, .. } => true,
            Self::Refused {
                status: 403,
                message,
            } => message.contains("not accessible by"),
            Self::Refused { .. } | Self::Limited(_) | Self::Unknown(_) => false,
        }
    }
}

/// What matters of an answer's head (GitHub REST API, rate limits; best practices: exceeding them).
#[derive(Debug, Clone, Default)]
pub(super) struct Head {
    pub(super) status: u16,
    pub(super) quota: Quota,
    retry_after: Option<SignedDuration>,
}

/// The requests that are left, from the headers `x-ratelimit-*`. GitHub Enterprise Server may have no limit.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Quota {
    pub(super) remaining: Option<u64>,
    pub(super) reset: Option<Timestamp>,
}

impl Head {
    pub(super) fn of(status: StatusCode, headers: &HeaderMap) -> Self {
        let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<i64>().ok();
        Self {
            status: status.as_u16(),
            quota: Quota {
                remaining: number("x-ratelimit-remaining").and_then(|left| left.try_into().ok()),
                reset: number("x-ratelimit-reset")
                    .and_then(|seconds| Timestamp::from_second(seconds).ok()),
            },
            retry_after: number("retry-after").map(SignedDuration::from_secs),
        }
    }
}

/// The answer's body, or what its status means.
pub(super) fn judge(head: &Head, body: &str) -> Result<Value, GitHubError> {
    match head.status {
        204 => Ok(Value::Null),
        200..300 => serde_json::from_str(body)
            .map_err(|error| GitHubError::Unknown(format!("it is not JSON: {error}"))),
        status @ 400..500 => {
            let message = message(body);
            Err(match limit(head, &message) {
                Some(pause) => GitHubError::Limited(pause),
                None => GitHubError::Refused { status, message },
            })
        }
        status => Err(GitHubError::Unknown(format!("status {status}"))),
    }
}

/// Whether a refusal is a rate limit. `retry-after` counts first, then the reset of a spent quota; the
/// secondary limit may come with neither.
fn limit(head: &Head, message: &str) -> Option<Pause> {
    if !matches!(head.status, 403 | 429) {
        return None;
    }
    let spent = head.quota.remaining == Some(0);
    match (head.retry_after, head.quota.reset) {
        (Some(after), _) => Some(Pause::For(after)),
        (None, Some(reset)) if spent => Some(Pause::Until(reset)),
        (None, _) => {
            let said = head.status == 429 || message.to_ascii_lowercase().contains("rate limit");
            said.then_some(Pause::Unsaid)
        }
    }
}

/// GitHub's own words for an error, on one line and short.
fn message(body: &str) -> String {
    #[derive(Deserialize)]
    struct Error {
        message: String,
    }
    let message =
        serde_json::from_str(body).map_or_else(|_| body.to_owned(), |error: Error| error.message);
    message
        .chars()
        .take(200)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

/// No answer. The causes name no more than address and reason: octocrab keeps the token out of errors.
pub(super) fn unknown(error: &octocrab::Error) -> GitHubError {
    let mut text = String::new();
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = cause {
        // octocrab adds a backtrace after the first line.
        let line = error.to_string();
        let line = line.lines().next().unwrap_or_default();
        if !text.contains(line) {
            text.push_str(if text.is_empty() { "" } else { ": " });
            text.push_str(line);
        }
        cause = error.source();
    }
    GitHubError::Unknown(text)
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderName, StatusCode};
    use jiff::{SignedDuration, Timestamp};
    use serde_json::json;

    use super::{GitHubError, Head, Pause, judge};

    fn answer(
        status: u16,
        headers: &[(&'static str, &'static str)],
        message: &str,
    ) -> Result<(), GitHubError> {
        let headers: HeaderMap = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()))
            .collect();
        let head = Head::of(StatusCode::from_u16(status).unwrap(), &headers);
        judge(&head, &json!({"message": message}).to_string()).map(drop)
    }

    #[test]
    fn limits_are_told_from_refusals() {
        let spent = [
            ("x-ratelimit-remaining", "0"),
            ("x-ratelimit-reset", "1796000000"),
        ];
        let left = [
            ("x-ratelimit-remaining", "900"),
            ("x-ratelimit-reset", "1796000000"),
        ];
        let secondary = "You have exceeded a secondary rate limit. Please wait a few minutes.";
        let reset = Timestamp::from_second(1_796_000_000).unwrap();
        for (status, headers, message, pause) in [
            (
                403,
                &spent[..],
                "API rate limit exceeded for installation.",
                Pause::Until(reset),
            ),
            (429, &spent[..], "", Pause::Until(reset)),
            (403, &left[..], secondary, Pause::Unsaid),
            (
                403,
                &[("retry-after", "60")][..],
                secondary,
                Pause::For(SignedDuration::from_secs(60)),
            ),
            (429, &[][..], "", Pause::Unsaid),
        ] {
            assert_eq!(
                answer(status, headers, message),
                Err(GitHubError::Limited(pause)),
                "{status} {message}"
            );
        }
        for (status, message) in [
            (403, "Unable to create comment because issue is locked."),
            (404, "Not Found"),
            (410, "This issue was deleted"),
            (422, "Validation Failed"),
        ] {
            let refused = GitHubError::Refused {
                status,
                message: message.into(),
            };
            assert_eq!(answer(status, &left, message), Err(refused.clone()));
            assert!(!refused.is_about_the_token(), "{message}");
        }
        let token = answer(403, &left, "Resource not accessible by integration").unwrap_err();
        assert!(token.is_about_the_token());
        assert!(
            answer(401, &[], "Bad credentials")
                .unwrap_err()
                .is_about_the_token()
        );
    }

    #[test]
    fn a_bad_answer_leaves_open_what_happened() {
        for status in [301, 500, 502, 503] {
            assert!(
                matches!(answer(status, &[], ""), Err(GitHubError::Unknown(_))),
                "{status}"
            );
        }
        let head = Head::of(StatusCode::OK, &HeaderMap::new());
        assert!(matches!(
            judge(&head, "<html>"),
            Err(GitHubError::Unknown(_))
        ));
        assert_eq!(answer(201, &[], "fine"), Ok(()));
    }
}
