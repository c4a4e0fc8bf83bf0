//! Avoma's API v1. The facts are those of the vendor's OpenAPI description of September 2026; what is not
//! documented is marked as ours.

mod respond;
mod write;

use std::{sync::Arc, time::Duration};

use serde_json::json;

use crate::{
    Demo, Simulated,
    company::{Account, Call, Population},
    limits::Limits,
    log::Endpoint,
    media::Links,
    server::{Service, Traffic},
};

/// `GET /v1/meetings/`
pub const MEETINGS: Endpoint = Endpoint("GET /v1/meetings/");
/// `GET /v1/transcriptions/`, with dates or with a meeting
pub const TRANSCRIPTIONS: Endpoint = Endpoint("GET /v1/transcriptions/");
/// `GET /v1/recordings/`, with a meeting
pub const RECORDINGS: Endpoint = Endpoint("GET /v1/recordings/");

/// 60 requests a minute. Answers do not say when the minute is over.
pub const LIMITS: Limits = Limits {
    per_second: None,
    per_minute: Some(60),
    per_day: None,
};

/// The most records a page may hold; 10 if nothing is asked for.
pub const LARGEST_PAGE: usize = 100;

/// A simulated Avoma with one company.
#[derive(Debug, Clone)]
pub struct Config {
    /// Its API key.
    pub token: String,
    /// Its calls.
    pub population: Population,
    /// Its limits.
    pub limits: Limits,
    /// Where recordings are.
    pub links: Links,
}

impl Config {
    /// A company with Avoma's limits.
    pub fn new(population: Population) -> Self {
        Self {
            token: "demo:secret".into(),
            population,
            limits: LIMITS,
            links: Links {
                life: Duration::from_secs(5 * 24 * 3600),
                ..Links::default()
            },
        }
    }
}

/// Avoma to try the importer out with.
pub const DEMO: Demo = Demo {
    key: "avoma",
    name: "Avoma",
    limits: LIMITS,
    config: |population, limits, media| {
        let mut config = Config {
            limits,
            ..Config::new(population)
        };
        config.links.host = media.into();
        let credential = json!({"token": config.token});
        (crate::Config::avoma(config), credential)
    },
};

impl crate::Config {
    /// Avoma on a free port, with the system's time and no latency.
    pub fn avoma(config: Config) -> Self {
        Self::of(|traffic| Avoma::new(config, &traffic))
    }
}

/// A running Avoma.
struct Avoma(Arc<State>);

/// What the endpoints answer from.
struct State {
    /// `Authorization` header with its credential.
    authorization: String,
    account: Account,
    links: Links,
}

impl Avoma {
    fn new(config: Config, traffic: &Traffic) -> Self {
        Self(Arc::new(State {
            authorization: format!("Bearer {}", config.token),
            account: Account::new("demo", config.population, config.limits, traffic),
            links: config.links,
        }))
    }
}

impl Simulated for Avoma {
    fn service(&self) -> Arc<dyn Service> {
        Arc::clone(&self.0) as Arc<dyn Service>
    }

    fn account(&self) -> Option<&Account> {
        Some(&self.0.account)
    }
}

/// Whether the recording of a call can be had: some take a day to be made.
pub fn is_made(account: &Account, call: &Call) -> bool {
    call.index % 20 != 13 || account.has_passed(1)
}
