//! Platforms we can import from. A connector builds the next request and decodes the reply; it never
//! sends, waits, retries or sees a secret, and it is not told the time.
//!
//! To add a platform: write `platforms/<name>.rs`, add one line to the catalog below, and one row to
//! `matrix.yaml`.

mod avoma;
mod chorus;
mod fathom;
mod fields;
mod fireflies;
mod gong;
mod grain;
mod hosts;
mod redirect;
mod tldv;
mod zoom;

use std::{fmt, path::PathBuf, time::Duration};

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::Value;

use crate::model::{Call, Method, Period, Transcript, Window};

pub use hosts::base_host;

/// One line a platform: its key in `matrix.yaml` and its connector.
static CATALOG: &[(&str, &dyn Connector)] = &[
    ("gong", &gong::Gong),
    ("avoma", &avoma::Avoma),
    ("chorus", &chorus::Chorus),
    ("fathom", &fathom::Fathom),
    ("fireflies", &fireflies::Fireflies),
    ("grain", &grain::Grain),
    ("tldv", &tldv::Tldv),
    ("zoom", &zoom::Zoom),
];

/// The connector of a platform, by its key in `matrix.yaml`.
pub fn connector(platform: &str) -> Option<&'static dyn Connector> {
    CATALOG
        .iter()
        .find(|(key, _)| *key == platform)
        .map(|(_, connector)| *connector)
}

/// Every platform that has a connector, with its key.
pub fn catalog() -> impl Iterator<Item = (&'static str, &'static dyn Connector)> {
    CATALOG.iter().copied()
}

/// What a connector is asked to do.
#[derive(Debug, Clone, PartialEq)]
pub enum Work {
    /// Prove the credential with the platform's cheapest request. Ends with an empty page.
    Verify,
    /// List a window, from its beginning or from a checkpoint. Each page is one unit of commit.
    List {
        /// The days to list.
        window: Window,
        /// Where the page before ended.
        cursor: Option<Cursor>,
    },
    /// Fetch the transcripts of these calls: at most `Traits::transcript_batch`.
    Transcripts(Vec<CallRef>),
    /// Say where the media of these calls are: at most `Connector::media_batch`.
    Media(Vec<CallRef>),
}

/// Where a listing goes on: a text of the connector's own making.
pub type Cursor = String;

/// What a connector wants to remember between the requests of one step: JSON of its own making.
pub type Progress = Value;

/// A recorded call whose transcript or media are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallRef {
    /// The platform's id.
    pub external_id: String,
    /// What the listing said about it (`calls.raw`), which may hold who speaks.
    pub raw: Option<String>,
}

/// What a connector needs to know of a request. Holds no secret.
#[derive(Debug, Clone, PartialEq)]
pub struct Setup {
    /// Scheme, host and port of the API, without a slash at the end.
    pub base_url: String,
    /// The request's `options`, already checked against `Traits::options`.
    pub options: serde_json::Map<String, Value>,
    /// The customer's own e-mail domains, lower case.
    pub internal_domains: Vec<String>,
    /// The days wanted.
    pub period: Period,
    /// How the request signs in: some platforms allow an OAuth app less than a key.
    pub method: Method,
    /// When the run began. Page-number paging is bounded by it, so that calls that come in meanwhile push
    /// none from one page to the next.
    pub as_of: Timestamp,
    /// How many keys the credential has; each may see other calls ([`HttpExchange::key`]).
    pub keys: usize,
    /// Files to read, for method `file`.
    pub files: Vec<SourceFile>,
}

/// A file that a request brings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// As written below `requests/`, with `/`.
    pub name: String,
    /// Where it can be read.
    pub path: PathBuf,
    /// Size in bytes.
    pub bytes: u64,
}

/// What happens next: another exchange of the same step, or a page to commit.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Send this, then call `Connector::next` with the reply and the progress.
    Send(Exchange, Progress),
    /// Send this when so much time has passed, and until then do other work: the platform makes ready what was
    /// asked for. No first step is late.
    Later(Exchange, Progress, Duration),
    /// Commit this.
    Page(Page),
}

/// The unit of commit: what one step brought, and where the listing goes on.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Page {
    /// Calls listed, in the platform's order.
    pub calls: Vec<Call>,
    /// Transcripts fetched, by the call's id. Calls that were asked for and are missing stay pending.
    pub transcripts: Vec<(String, Transcript)>,
    /// Of the calls whose transcripts were asked for, those that will never have one for us: refused, or
    /// gone. They become `unavailable` and are not asked for again.
    pub without_transcript: Vec<String>,
    /// Where media are. Calls that were asked for and are missing are not ready yet.
    pub media: Vec<MediaFile>,
    /// Of the calls whose media were asked for, those that will never have any for us. They become
    /// `unavailable` and are not asked for again.
    pub without_media: Vec<String>,
    /// Records that could not be read, and media that the platform could not make ready. The others of the
    /// page are kept.
    pub failures: Vec<RecordFailure>,
    /// Ids of records that are no part of the work, such as calls before the window. They only show that the
    /// listing gets on.
    pub left_out: Vec<String>,
    /// Which of several passes over the window the page belongs to, from 0: with several keys there is one for
    /// each, and a call that two of them see comes once in either.
    pub pass: usize,
    /// Where the listing goes on; `None` at its end.
    pub next: Option<Cursor>,
    /// How many calls the whole window holds, if the platform tells.
    pub total: Option<u64>,
}

/// A single record that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordFailure {
    /// The call's id, or a stable name for the record where the id itself is missing.
    pub external_id: String,
    /// Where it happened: `list`, `transcript`, `media` or `file`.
    pub stage: &'static str,
    /// For engineers; no secret, no customer text beyond a short excerpt.
    pub detail: String,
}

/// The recording of a call, ready to be fetched: the video, where there is one, else the audio.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaFile {
    /// The call's id.
    pub external_id: String,
    /// Where it is.
    pub link: Link,
    /// Size in bytes, if the platform tells it beforehand.
    pub bytes: Option<u64>,
}

/// A signed address, which expires. Whoever has it can fetch what it leads to, without any other credential,
/// so it is never shown or recorded.
#[derive(Clone, PartialEq, Eq)]
pub struct Link(String);

impl Link {
    /// A link as the platform gave it.
    pub fn new(address: impl Into<String>) -> Self {
        Self(address.into())
    }

    /// The whole address.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Link(..)")
    }
}

/// Something to ask the outside for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Exchange {
    /// A request to the platform's API.
    Http(HttpExchange),
    /// Files to read.
    Files(Vec<SourceFile>),
}

/// A request to a platform's API. The shell adds the base URL and the credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpExchange {
    /// HTTP method.
    pub verb: Verb,
    /// Path and query, beginning with `/`, percent-encoded; or a whole `https` address of one of
    /// [`Traits::hosts`], as some platforms give for downloads.
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
    /// The files' bytes in the order asked, or why one could not be read.
    Files(Vec<Result<Bytes, String>>),
}

/// An HTTP answer.
#[derive(Debug, Clone)]
pub struct HttpReply {
    /// Status code.
    pub status: u16,
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
    /// The platform says wait until a moment.
    ThrottledUntil {
        /// When it may be asked again.
        until: Timestamp,
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

/// How the platform proves who asks. The shell does it, with the secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Auth {
    /// `Authorization: Basic` from two fields of the credential.
    Basic {
        /// Field with the user part.
        user: &'static str,
        /// Field with the password part.
        password: &'static str,
    },
    /// `Authorization: Bearer` from one field.
    Bearer {
        /// Field with the token.
        token: &'static str,
    },
    /// A header of its own from one field.
    Header {
        /// Name of the header, lower case.
        name: &'static str,
        /// Field with the value.
        value: &'static str,
    },
    /// A header of its own from one of several keys, each of which may see other calls.
    Keys {
        /// Name of the header, lower case.
        name: &'static str,
        /// Field with the list of keys.
        values: &'static str,
    },
    /// `Authorization: Bearer` with a token that is renewed now and then.
    OAuth(OAuth),
}

/// Part of an OAuth credential: names the app.
pub const CLIENT_ID: &str = "client_id";
/// Part of an OAuth credential: proves that it is the app.
pub const CLIENT_SECRET: &str = "client_secret";
/// Part of an OAuth credential: what the customer's consent gives.
pub const REFRESH_TOKEN: &str = "refresh_token";
/// Part of an OAuth credential: signs requests until it expires.
pub const ACCESS_TOKEN: &str = "access_token";

/// How a platform signs in apps that a customer has consented to (RFC 6749), or that the customer has made
/// for us. The credential of such a request has `client_id`, `client_secret` and `refresh_token`, an
/// `access_token` if there is one, and [`OAuth::fields`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OAuth {
    /// Where the customer consents; `None` where the customer makes the app (server to server).
    pub authorize_url: Option<&'static str>,
    /// Where tokens come from.
    pub token_url: &'static str,
    /// Scopes to ask for, separated by blanks; may be empty.
    pub scopes: &'static str,
    /// Whether the platform checks a code verifier (RFC 7636).
    pub pkce: bool,
    /// Whether the redirect may go to this machine by http (RFC 8252); else only to an https address.
    pub loopback: bool,
    /// How the app itself signs in at the token URL.
    pub client: ClientAuth,
    /// How the token request is written.
    pub form: TokenForm,
    /// How new access tokens are got.
    pub grant: Grant,
    /// Further fields of the credential that every token request needs, for example `account_id`.
    pub fields: &'static [&'static str],
    /// The part of the token answer that is the address of the customer's own API, if there is one. Like any
    /// other it must be one of [`Traits::hosts`].
    pub base_url: Option<&'static str>,
}

/// How an app signs in at the token URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientAuth {
    /// HTTP Basic.
    Basic,
    /// `client_id` and `client_secret` in the body.
    Body,
}

/// How a token request is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenForm {
    /// `application/x-www-form-urlencoded`, as RFC 6749 says.
    Form,
    /// JSON.
    Json,
}

/// How new access tokens are got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grant {
    /// With the refresh token.
    RefreshToken,
    /// With the app's own credential alone: `grant_type` is this.
    App(&'static str),
}

impl Auth {
    /// Fields that a credential for this platform must have.
    pub fn fields(self) -> Vec<&'static str> {
        match self {
            Self::Basic { user, password } => vec![user, password],
            Self::Bearer { token } => vec![token],
            Self::Header { value, .. } => vec![value],
            Self::Keys { values, .. } => vec![values],
            Self::OAuth(oauth) => {
                let consent = match oauth.grant {
                    Grant::RefreshToken => Some(REFRESH_TOKEN),
                    Grant::App(_) => None,
                };
                let own = [CLIENT_ID, CLIENT_SECRET].into_iter().chain(consent);
                own.chain(oauth.fields.iter().copied()).collect()
            }
        }
    }

    /// Whether the customer consents in a browser, so that nobody has a credential to hand in.
    pub const fn is_consent(self) -> bool {
        match self {
            Self::OAuth(oauth) => oauth.authorize_url.is_some(),
            Self::Basic { .. } | Self::Bearer { .. } | Self::Header { .. } | Self::Keys { .. } => {
                false
            }
        }
    }

    /// Fields that it may have besides.
    pub const fn optional_fields(self) -> &'static [&'static str] {
        match self {
            Self::OAuth(_) => &[ACCESS_TOKEN],
            Self::Basic { .. } | Self::Bearer { .. } | Self::Header { .. } | Self::Keys { .. } => {
                &[]
            }
        }
    }
}

impl Traits {
    /// How a request of this method signs in; `None` where the platform has no such way.
    pub fn sign_in(&self, method: Method) -> Option<Auth> {
        match method {
            Method::Api => Some(self.auth),
            Method::Oauth => self.oauth.map(Auth::OAuth),
            Method::File => None,
        }
    }
}

/// Whether customers of the platform give us access by consenting in a browser, where a request has this
/// method. `false` where the platform is not known.
pub fn asks_for_consent(platform: &str, method: Method) -> bool {
    let auth = connector(platform).and_then(|known| known.traits().sign_in(method));
    auth.is_some_and(Auth::is_consent)
}

/// The command that brings access to the platform into a request: `call-import authorize gong northwind-gong`
/// where a customer consents, else `call-import seal northwind-gong`.
pub fn hand_in(platform: &str, method: Method, request: &str) -> String {
    if asks_for_consent(platform, method) {
        format!("call-import authorize {platform} {request}")
    } else {
        format!("call-import seal {request}")
    }
}

/// An option that a request may set under `options:`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OptionSpec {
    /// Name under `options:`.
    pub name: &'static str,
    /// One sentence for the schema.
    pub description: &'static str,
    /// What it holds.
    pub kind: OptionKind,
}

/// What an option holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OptionKind {
    /// Any text.
    Text,
    /// `true` or `false`.
    Flag,
    /// An `https` URL whose host is allowed by `Traits::hosts`: replaces `Traits::base_url`.
    BaseUrl,
}

/// Data about a platform for planner, rules and shell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Traits {
    /// Calls a listing page holds.
    pub page_size: u64,
    /// Calls that one transcript request answers for; `None` where transcripts come with the listing only.
    pub transcript_batch: Option<u64>,
    /// Requests that `Work::Verify` costs.
    pub verify_requests: u64,
    /// Longest window to list at once, in days.
    pub window_days: i64,
    /// A window that promises more calls than this is made narrower, so that it ends before its cursor does.
    pub window_calls: i64,
    /// Windows that may be listed side by side.
    pub parallel_windows: usize,
    /// Whether a page without any new id means that the source ignores the cursor. Not so for files,
    /// where copies of one call have one id.
    pub unique_ids: bool,
    /// API used when the request names none.
    pub base_url: &'static str,
    /// Host names that may be talked to: exactly these, or below one that begins with a dot.
    pub hosts: &'static [&'static str],
    /// How requests are authenticated with an API key.
    pub auth: Auth,
    /// How requests are authenticated with method `oauth`; `None` where it is not offered.
    pub oauth: Option<OAuth>,
    /// What may stand under `options:`.
    pub options: &'static [OptionSpec],
}

/// A platform, sans-I/O.
pub trait Connector: Sync {
    /// Data for planner, rules and shell.
    fn traits(&self) -> Traits;

    /// Whether a listing brings the transcripts along. Those that it says are not ready yet are asked for one
    /// by one in later nights, if [`Traits::transcript_batch`] says how.
    fn lists_transcripts(&self, _method: Method) -> bool {
        self.traits().transcript_batch.is_none()
    }

    /// Calls whose media one request tells the place of; `None` where media cannot be fetched.
    fn media_batch(&self, _method: Method) -> Option<usize> {
        None
    }

    /// Requests that it usually takes until that is told: more than one where recordings are made ready first.
    fn media_requests(&self) -> u64 {
        1
    }

    /// The first step of some work.
    fn begin(&self, work: &Work, setup: &Setup) -> Step;

    /// The step after a reply.
    ///
    /// # Errors
    /// A [`Rejection`] when the reply is no answer to what was asked; it says what may help.
    fn next(
        &self,
        work: &Work,
        setup: &Setup,
        progress: &Progress,
        reply: &Reply,
    ) -> Result<Step, Rejection>;
}
