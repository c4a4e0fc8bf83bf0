//! What is asked of the outside, and what it answers.

use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::Value;

use super::{Link, Progress};
use crate::files::{FileProblem, Got, Wish};

/// Something to ask the outside for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Exchange {
    /// A request to the platform's API.
    Http(HttpExchange),
    /// Files to read.
    Files(Vec<Wish>),
}

/// A request to a platform's API. The shell adds the base URL and the credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpExchange {
    /// HTTP method.
    pub verb: Verb,
    /// Path and query, beginning with `/`, percent-encoded; or a whole `https` address of one of
    /// [`super::Traits::hosts`], as some platforms give for downloads.
    pub path: String,
    /// JSON body.
    pub body: Option<Value>,
    /// Which rate-limit bucket it counts in.
    pub class: RequestClass,
    /// Further headers, names in lower case. No secret stands in them.
    pub headers: &'static [(&'static str, &'static str)],
    /// Which of several keys signs it, from 0.
    pub key: usize,
    /// Whether a GET follows redirects. On another host it goes without the credential and [`HttpExchange::headers`].
    pub follows: bool,
}

impl HttpExchange {
    /// An ordinary GET.
    pub fn get(path: impl Into<String>) -> Self {
        Self {
            verb: Verb::Get,
            path: path.into(),
            body: None,
            class: RequestClass::Light,
            headers: &[],
            key: 0,
            follows: false,
        }
    }

    /// An ordinary POST of JSON.
    pub fn post(path: impl Into<String>, body: Value) -> Self {
        Self {
            verb: Verb::Post,
            body: Some(body),
            ..Self::get(path)
        }
    }
}

/// HTTP methods in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// GET
    Get,
    /// POST
    Post,
}

/// Which bucket of a rate limit a request counts in; `matrix.yaml` says `applies_to`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RequestClass {
    /// An ordinary request.
    Light,
    /// One that the platform counts in a smaller bucket.
    Heavy,
}

/// What the outside answered.
#[derive(Debug, Clone)]
pub enum Reply {
    /// An HTTP answer of any status, its body whole.
    Http(HttpReply),
    /// What was wished of files, in the order asked, or why one could not be read.
    Files(Vec<Result<Got, FileProblem>>),
}

impl Reply {
    /// The HTTP answer that every platform is read from.
    ///
    /// # Errors
    /// [`Rejection::Refused`] for files: a platform is not read from them.
    pub(super) fn http(&self) -> Result<&HttpReply, Rejection> {
        match self {
            Self::Http(reply) => Ok(reply),
            Self::Files(_) => Err(Rejection::Refused {
                detail: "a platform is not read from files".into(),
            }),
        }
    }
}

/// An HTTP answer.
#[derive(Debug, Clone)]
pub struct HttpReply {
    /// Status code.
    pub status: u16,
    /// `Date`: when it was answered, by the platform's own clock.
    pub date: Option<Timestamp>,
    /// What `Retry-After` says, counted from when the answer came.
    pub retry_after: Option<Duration>,
    /// What the platform says about its limit, if it does.
    pub allowance: Option<Allowance>,
    /// `Content-Type`, lower case, empty if missing.
    pub content_type: String,
    /// Where a redirect leads that was not followed.
    pub location: Option<Link>,
    /// The decoded body.
    pub body: Bytes,
}

/// How a platform's limit stands, from the headers `RateLimit-*` or `X-RateLimit-*` of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// Requests left in the present window.
    pub remaining: u64,
    /// Requests in a window.
    pub limit: Option<u64>,
    /// What is left of the window, counted from when the answer came.
    pub resets_in: Option<Duration>,
}

/// Why a reply is no page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rejection {
    /// The platform says wait (429); `after` is what it says.
    Throttled {
        /// How long to wait.
        after: Option<Duration>,
    },
    /// The platform fails (5xx): the same request may work later.
    Unavailable {
        /// What it says about when.
        after: Option<Duration>,
        /// For engineers.
        detail: String,
    },
    /// The platform fails, perhaps because too much was asked for at once: ask this instead, later.
    TooMuch {
        /// What to ask in place of what was asked, and its progress.
        instead: Box<(Exchange, Progress)>,
        /// What it says about when.
        after: Option<Duration>,
        /// For engineers.
        detail: String,
    },
    /// The cursor is dead: list the window again from its beginning.
    RestartWindow,
    /// The credential is wrong, revoked, or lacks a right. Never retried.
    Credentials {
        /// What CS must ask the customer for, in one plain sentence.
        advice: String,
    },
    /// The platform will not do what we ask, however often we ask: a wrong address, a request that is wrong.
    Refused {
        /// For engineers: what was asked, what came.
        detail: String,
    },
    /// The reply cannot be read: not JSON, cut off, wrong shape, a log-in page. The next one may be well.
    Broken {
        /// For engineers: what was expected, what came, where.
        detail: String,
    },
}
