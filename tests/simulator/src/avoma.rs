//! Avoma's API v1. The facts are those of the vendor's OpenAPI description of September 2026; what is not
//! documented is marked as ours.

mod respond;
mod write;

use std::sync::Arc;

use serde_json::json;

use crate::{
    Demo, Simulated,
    company::{Account, Population},
    limits::Limits,
    log::Endpoint,
    server::{Service, Traffic},
};

/// `GET /v1/meetings/`
pub const MEETINGS: Endpoint = Endpoint("GET /v1/meetings/");
/// `GET /v1/transcriptions/`, with dates or with a meeting
pub const TRANSCRIPTIONS: Endpoint = Endpoint("GET /v1/transcriptions/");

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
}

/// Avoma to try the importer out with.
pub const DEMO: Demo = Demo {
    key: "avoma",
    name: "Avoma",
    limits: LIMITS,
    config: |population, limits| {
        let token = "demo:secret".to_owned();
        let credential = json!({"token": token});
        let config = Config {
            token,
            population,
            limits,
        };
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
}

impl Avoma {
    fn new(config: Config, traffic: &Traffic) -> Self {
        Self(Arc::new(State {
            authorization: format!("Bearer {}", config.token),
            account: Account::new("demo", config.population, config.limits, traffic),
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
