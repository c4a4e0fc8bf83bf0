//! tl;dv's API v1alpha1. The facts are those of doc.tldv.io, of the vendor's own client, and of live answers that
//! a public client recorded in August 2026; what is not documented is marked as ours.

mod respond;

use std::sync::Arc;

use serde_json::json;

use crate::{
    Demo, Running, Simulated,
    company::{Account, Call, Population, TranscriptFate},
    limits::Limits,
    log::Endpoint,
    media::Links,
    server::{Service, Traffic},
};

/// `GET /v1alpha1/meetings`
pub const MEETINGS: Endpoint = Endpoint("GET /v1alpha1/meetings");
/// `GET /v1alpha1/meetings/{id}/transcript`
pub const TRANSCRIPT: Endpoint = Endpoint("GET /v1alpha1/meetings/{id}/transcript");

/// `GET /v1alpha1/meetings/{id}/download`
pub const DOWNLOAD: Endpoint = Endpoint("GET /v1alpha1/meetings/{id}/download");

/// No limit is documented; this one is ours, and the pace that the importer keeps.
pub const LIMITS: Limits = Limits {
    per_second: None,
    per_minute: Some(60),
    per_day: None,
};

/// Largest page.
pub const PAGE_SIZE: usize = 100;

/// A query tells of no more results than these.
pub const CEILING: usize = 10_000;

/// A simulated tl;dv with one company.
#[derive(Debug, Clone)]
pub struct Config {
    /// The key of the company.
    pub token: String,
    /// Its calls.
    pub population: Population,
    /// Its limits.
    pub limits: Limits,
    /// Results that a query tells of at most.
    pub ceiling: usize,
    /// Where recordings are.
    pub links: Links,
}

impl Config {
    /// A company with the key `demo-key`.
    pub fn new(population: Population) -> Self {
        Self {
            token: "demo-key".into(),
            population,
            limits: LIMITS,
            ceiling: CEILING,
            links: Links::default(),
        }
    }
}

/// Whether the organizer of a meeting has no paid plan: it is listed, and all else about it is refused. So are half of
/// the meetings whose transcripts never come.
pub fn is_unpaid(call: &Call) -> bool {
    call.transcript == TranscriptFate::Never && call.index.is_multiple_of(2)
}

/// Whether tl;dv has worked a meeting off: it takes as long as a late transcript, and until then its recording is not
/// found (ours: no other status than `successful` is known).
pub fn is_processed(account: &Account, call: &Call) -> bool {
    !matches!(call.transcript, TranscriptFate::Late(_)) || account.has_transcript(call)
}

/// tl;dv to try the importer out with.
pub const DEMO: Demo = Demo {
    key: "tldv",
    name: "tl;dv",
    limits: LIMITS,
    config: |population, limits, media| {
        let mut config = Config {
            limits,
            ..Config::new(population)
        };
        config.links.host = media.into();
        let credential = json!({"token": config.token});
        (crate::Config::tldv(config), credential)
    },
};

/// A running tl;dv, for tests. Clones share the state.
#[derive(Clone)]
pub struct Tldv(Arc<State>);

/// What is answered from.
struct State {
    token: String,
    account: Account,
    ceiling: usize,
    links: Links,
}

impl Tldv {
    fn new(config: Config, traffic: &Traffic) -> Self {
        let Config {
            token,
            population,
            limits,
            ceiling,
            links,
        } = config;
        Self(Arc::new(State {
            token,
            account: Account::new("demo", population, limits, traffic),
            ceiling,
            links,
        }))
    }
}

impl Simulated for Tldv {
    fn service(&self) -> Arc<dyn Service> {
        Arc::clone(&self.0) as Arc<dyn Service>
    }

    fn account(&self) -> Option<&Account> {
        Some(&self.0.account)
    }
}

impl crate::Config {
    /// tl;dv on a free port, with the system's time and no latency.
    pub fn tldv(config: Config) -> Self {
        Self::of(|traffic| Tldv::new(config, &traffic))
    }
}

impl Running {
    /// The state of the simulated tl;dv.
    ///
    /// # Panics
    /// When it is another platform.
    pub fn tldv(&self) -> &Tldv {
        self.state()
    }
}
