//! Platforms we can import from. A connector builds the next request and decodes the reply; it never
//! sends, waits, retries or sees a secret, and it is not told the time.
//!
//! To add a platform: write `platforms/<name>.rs`, add one line to the catalog below, and one row to
//! `matrix.yaml`.

mod auth;
mod exchange;
mod fields;
mod hosts;
mod media;
mod page;
mod replies;
mod saved;

mod avoma;
mod chorus;
mod fathom;
mod fireflies;
mod gong;
mod grain;
mod tldv;
mod zoom;

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use serde_json::Value;

use crate::{
    files::Gathered,
    model::{Method, Period, Window},
};

pub use auth::{
    ACCESS_TOKEN, Auth, CLIENT_ID, CLIENT_SECRET, ClientAuth, Grant, OAuth, REFRESH_TOKEN,
    TokenForm, asks_for_consent, hand_in,
};
pub use exchange::{
    Allowance, Exchange, HttpExchange, HttpReply, Rejection, Reply, RequestClass, Verb,
};
pub(crate) use fields::affiliation;
pub use hosts::base_host;
pub use page::{Link, MediaFile, Page, Place, RecordFailure, Seen};
pub use saved::{Members, SavedAnswers, SavedTranscripts};

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
    /// Prove the credential with the platform's cheapest request. Ends with a page without calls, which tells
    /// where the credential leads if the answer does.
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
    /// What its files hold, for method `file`.
    pub gathered: Arc<Gathered>,
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

    /// How answers look that somebody saved to files; `None` where they are not read.
    fn saved(&self) -> Option<SavedAnswers> {
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
