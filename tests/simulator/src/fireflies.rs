//! Fireflies' GraphQL API. The facts are those of docs.fireflies.ai and of the schema that the live API told of
//! itself, both of April 2026; what is not documented is marked as ours.

mod query;
mod respond;
mod write;

use std::{sync::Arc, time::Duration};

use serde_json::json;

use crate::{
    Demo, Running, Simulated,
    company::{Account, Population},
    limits::Limits,
    log::Endpoint,
    media::Links,
    server::{Service, Traffic},
};

/// `user`: whose key it is.
pub const USER: Endpoint = Endpoint("POST /graphql user");
/// `transcripts`: calls by date.
pub const TRANSCRIPTS: Endpoint = Endpoint("POST /graphql transcripts");
/// `transcript`: one call.
pub const TRANSCRIPT: Endpoint = Endpoint("POST /graphql transcript");

/// The limit of Business and Enterprise plans. Free and Pro have 50 requests a day.
pub const LIMITS: Limits = Limits {
    per_second: None,
    per_minute: Some(60),
    per_day: None,
};

/// Most calls that a query answers for.
pub const PAGE_SIZE: usize = 50;

/// A simulated Fireflies with one company.
#[derive(Debug, Clone)]
pub struct Config {
    /// The key of the company.
    pub token: String,
    /// Its calls.
    pub population: Population,
    /// Its limits.
    pub limits: Limits,
    /// More calls than these in one answer take too long.
    pub bearable: usize,
    /// Where recordings are.
    pub links: Links,
}

impl Config {
    /// A company with the key `demo-key` and the limits of a large plan.
    pub fn new(population: Population) -> Self {
        Self {
            token: "demo-key".into(),
            population,
            limits: LIMITS,
            bearable: PAGE_SIZE,
            links: Links {
                life: Duration::from_secs(24 * 3600),
                ..Links::default()
            },
        }
    }
}

/// Fireflies to try the importer out with.
pub const DEMO: Demo = Demo {
    key: "fireflies",
    name: "Fireflies.ai",
    limits: LIMITS,
    config: |population, limits, media| {
        let mut config = Config {
            limits,
            ..Config::new(population)
        };
        config.links.host = media.into();
        let credential = json!({"token": config.token});
        (crate::Config::fireflies(config), credential)
    },
};

/// A running Fireflies, for tests. Clones share the state.
#[derive(Clone)]
pub struct Fireflies(Arc<State>);

/// What is answered from.
struct State {
    /// `Authorization` header with the key.
    authorization: String,
    account: Account,
    bearable: usize,
    links: Links,
}

impl Fireflies {
    fn new(config: Config, traffic: &Traffic) -> Self {
        let Config {
            token,
            population,
            limits,
            bearable,
            links,
        } = config;
        Self(Arc::new(State {
            authorization: format!("Bearer {token}"),
            account: Account::new("demo", population, limits, traffic),
            bearable,
            links,
        }))
    }
}

impl Simulated for Fireflies {
    fn service(&self) -> Arc<dyn Service> {
        Arc::clone(&self.0) as Arc<dyn Service>
    }

    fn account(&self) -> Option<&Account> {
        Some(&self.0.account)
    }
}

impl crate::Config {
    /// Fireflies on a free port, with the system's time and no latency.
    pub fn fireflies(config: Config) -> Self {
        Self::of(|traffic| Fireflies::new(config, &traffic))
    }
}

impl Running {
    /// The state of the simulated Fireflies.
    ///
    /// # Panics
    /// When it is another platform.
    pub fn fireflies(&self) -> &Fireflies {
        self.state()
    }
}
