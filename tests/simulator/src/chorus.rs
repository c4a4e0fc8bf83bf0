//! Chorus by ZoomInfo. The facts are those of the vendor's OpenAPI description, version 26.33.08, and of a public
//! connector's recorded answers; what is not documented is marked as ours.

mod respond;
mod write;

use std::sync::Arc;

use serde_json::json;

use crate::{
    Demo, Simulated,
    company::{Account, Call, Population, TranscriptFate},
    limits::Limits,
    log::Endpoint,
    media::Links,
    server::{Service, Traffic},
};

/// `GET /v3/engagements`
pub const ENGAGEMENTS: Endpoint = Endpoint("GET /v3/engagements");
/// `GET /api/v1/conversations/{id}`
pub const CONVERSATION: Endpoint = Endpoint("GET /api/v1/conversations/{id}");

/// `GET /api/v1/conversations/{id}/media`
pub const MEDIA: Endpoint = Endpoint("GET /api/v1/conversations/{id}/media");

/// None is documented. One a second is ours, and so is the `Retry-After` that goes with it.
pub const LIMITS: Limits = Limits {
    per_second: None,
    per_minute: Some(60),
    per_day: None,
};

/// Engagements that a page holds. The true number is not documented.
pub const PAGE_SIZE: usize = 40;

/// A simulated Chorus with one company.
#[derive(Debug, Clone)]
pub struct Config {
    /// Its API token, sent without a scheme.
    pub token: String,
    /// Its calls.
    pub population: Population,
    /// Its limits.
    pub limits: Limits,
    /// Where recordings are.
    pub links: Links,
}

impl Config {
    /// A company with the token `demo-secret`.
    pub fn new(population: Population) -> Self {
        Self {
            token: "demo-secret".into(),
            population,
            limits: LIMITS,
            links: Links::default(),
        }
    }
}

/// Chorus to try the importer out with.
pub const DEMO: Demo = Demo {
    key: "chorus",
    name: "Chorus",
    limits: LIMITS,
    config: |population, limits, media| {
        let mut config = Config {
            limits,
            ..Config::new(population)
        };
        config.links.host = media.into();
        let credential = json!({"token": config.token});
        (crate::Config::chorus(config), credential)
    },
};

/// Whether a call was dialed, and so is no meeting.
pub fn is_dialed(call: &Call) -> bool {
    call.direction != Some("Conference")
}

/// Whether the token's owner may not see a call's recording: its detail is not found, though it is listed.
pub fn is_out_of_reach(call: &Call) -> bool {
    call.transcript == TranscriptFate::Never && call.index.is_multiple_of(2)
}

/// Whether Chorus has worked a call off: it takes as long as a late transcript, and until then nothing of it is found.
pub fn is_processed(account: &Account, call: &Call) -> bool {
    !matches!(call.transcript, TranscriptFate::Late(_)) || account.has_transcript(call)
}

impl crate::Config {
    /// Chorus on a free port, with the system's time and no latency.
    pub fn chorus(config: Config) -> Self {
        Self::of(|traffic| Chorus::new(config, &traffic))
    }
}

/// A running Chorus.
struct Chorus(Arc<State>);

/// What the endpoints answer from.
struct State {
    token: String,
    account: Account,
    links: Links,
}

impl Chorus {
    fn new(config: Config, traffic: &Traffic) -> Self {
        Self(Arc::new(State {
            token: config.token,
            links: config.links,
            account: Account::new("demo", config.population, config.limits, traffic),
        }))
    }
}

impl Simulated for Chorus {
    fn service(&self) -> Arc<dyn Service> {
        Arc::clone(&self.0) as Arc<dyn Service>
    }

    fn account(&self) -> Option<&Account> {
        Some(&self.0.account)
    }
}
