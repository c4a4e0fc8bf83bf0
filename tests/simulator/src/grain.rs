//! Grain public API v2, version 2025-10-31. The facts are those of Grain's reference and of what public
//! clients have met; what neither tells is marked as ours.

mod query;
mod respond;
mod write;

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use serde_json::json;

use crate::{
    Demo, Simulated,
    company::{Account, Call, Population, TranscriptFate},
    limits::{Limiter, Limits},
    log::Endpoint,
    media::Links,
    oauth,
    server::{Service, Traffic},
};

/// `POST /v2/teams`
pub const TEAMS: Endpoint = Endpoint("POST /v2/teams");
/// `POST /v2/recordings`
pub const RECORDINGS: Endpoint = Endpoint("POST /v2/recordings");
/// `POST /v2/recordings/{id}`
pub const RECORDING: Endpoint = Endpoint("POST /v2/recordings/{id}");
/// `GET /v2/recordings/{id}/transcript`
pub const TRANSCRIPT: Endpoint = Endpoint("GET /v2/recordings/{id}/transcript");
/// `GET /v2/recordings/{id}/download`
pub const DOWNLOAD: Endpoint = Endpoint("GET /v2/recordings/{id}/download");

/// 300 requests a minute in all. Counted for a workspace, which is ours.
pub const LIMITS: Limits = Limits {
    per_second: None,
    per_minute: Some(300),
    per_day: None,
};

/// What a public client met in place of them: so many requests in 20 seconds.
const SEEN_LIMIT: usize = 30;

/// Records a page holds. Not documented: ours.
pub const PAGE_SIZE: usize = 50;

/// The only version of the API that is served.
const VERSION: &str = "2025-10-31";

/// A simulated Grain with one workspace.
#[derive(Debug, Clone)]
pub struct Config {
    /// Its token; its name in the log is `demo`.
    pub token: String,
    /// Its recordings.
    pub population: Population,
    /// Its limits.
    pub limits: Limits,
    /// Whether it is held to 30 requests in 20 seconds, too.
    pub narrow: bool,
    /// Whether `filter` is refused, as one public client says.
    pub refuses_filter: bool,
    /// Hours by which the workspace is ahead of UTC: filters count its days. That they count days has been
    /// seen, that they count the workspace's own is ours.
    pub zone: i8,
    /// Where recordings are.
    pub links: Links,
}

impl Config {
    /// A workspace with the token `demo-token` and Grain's limits, eight hours behind UTC.
    pub fn new(population: Population) -> Self {
        Self {
            token: "demo-token".into(),
            population,
            limits: LIMITS,
            narrow: false,
            refuses_filter: false,
            zone: -8,
            links: Links::default(),
        }
    }
}

/// Grain to try the importer out with.
pub const DEMO: Demo = Demo {
    key: "grain",
    name: "Grain",
    limits: LIMITS,
    config: |population, limits, media| {
        let mut config = Config {
            limits,
            ..Config::new(population)
        };
        config.links.host = media.into();
        let credential = json!({"token": config.token});
        (crate::Config::grain(config), credential)
    },
};

/// Grain as an app sees it that a user of the workspace has consented to.
pub const CONSENTED: Demo = Demo {
    config: |population, limits, media| {
        let (config, _) = (DEMO.config)(population, limits, media);
        (config.with_oauth(app()), app().credential())
    },
    ..DEMO
};

/// The app: with a code verifier, and token requests in JSON.
pub fn app() -> oauth::Config {
    oauth::Config {
        authorize_path: "/_/public-api/oauth2/authorize",
        token_path: "/_/public-api/oauth2/token",
        client_id: "simulated-app".into(),
        client_secret: "simulated-app-secret".into(),
        basic: false,
        json: true,
        pkce: true,
        account: "demo".into(),
        life: Duration::from_secs(3600),
        grace: false,
        app_grant: None,
        more: Vec::new(),
    }
}

/// Whether the list leaves out the participants of a recording, which only the recording by itself tells.
pub fn is_forgotten(call: &Call) -> bool {
    call.index % 40 == 7
}

/// Whether the workspace may no longer open a recording: transcript and download are refused, not missing.
pub fn is_locked(call: &Call) -> bool {
    call.transcript == TranscriptFate::Never && call.index.is_multiple_of(2)
}

/// A running Grain, for tests. Clones share the state.
#[derive(Clone)]
pub struct Grain(Arc<State>);

/// What the endpoints answer from.
struct State {
    /// `Authorization` header with the token.
    authorization: String,
    account: Account,
    traffic: Arc<Traffic>,
    narrow: Option<Mutex<Limiter>>,
    refuses_filter: bool,
    zone: i8,
    links: Links,
}

impl Grain {
    fn new(config: Config, traffic: Arc<Traffic>) -> Self {
        Self(Arc::new(State {
            authorization: format!("Bearer {}", config.token),
            account: Account::new("demo", config.population, config.limits, &traffic),
            traffic,
            narrow: config
                .narrow
                .then(|| Mutex::new(Limiter::of_20_seconds(SEEN_LIMIT))),
            refuses_filter: config.refuses_filter,
            zone: config.zone,
            links: config.links,
        }))
    }
}

impl Simulated for Grain {
    fn service(&self) -> Arc<dyn Service> {
        Arc::clone(&self.0) as Arc<dyn Service>
    }

    fn account(&self) -> Option<&Account> {
        Some(&self.0.account)
    }
}

impl crate::Config {
    /// Grain on a free port, with the system's time and no latency.
    pub fn grain(config: Config) -> Self {
        Self::of(move |traffic| Grain::new(config, traffic))
    }
}
