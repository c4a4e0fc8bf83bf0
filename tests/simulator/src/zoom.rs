//! Zoom's API v2 around cloud recordings: <https://developers.zoom.us>. The facts are those of its documentation
//! of 2026 and of answers that public connectors have recorded; what is not documented is marked as ours.
//!
//! Access tokens come from the `oauth` module, with Zoom's grant for server-to-server apps.

mod respond;
mod write;

use std::{
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use jiff::SignedDuration;
use serde_json::json;

pub use self::write::minutes;

use crate::{
    Demo, Running, Simulated,
    company::{Account, Call, Population, TranscriptFate, User},
    limits::{Limiter, Limits},
    log::Endpoint,
    media::Links,
    oauth,
    server::{Service, Traffic},
};

/// `GET /users`
pub const USERS: Endpoint = Endpoint("GET /v2/users");
/// `GET /users/{userId}/recordings`
pub const RECORDINGS: Endpoint = Endpoint("GET /v2/users/{userId}/recordings");
/// `GET /meetings/{meetingId}/recordings`
pub const RECORDING: Endpoint = Endpoint("GET /v2/meetings/{meetingId}/recordings");
/// `GET` of a file's `download_url`
pub const DOWNLOAD: Endpoint = Endpoint("GET /rec/download/{file}");

/// Zoom's limit for light requests on the plan Pro: 30 a second. Of medium ones it takes two thirds of that.
pub const LIMITS: Limits = Limits {
    per_second: Some(30),
    per_minute: None,
    per_day: None,
};

/// How long a `next_page_token` lives.
pub const TOKEN_LIFE: SignedDuration = SignedDuration::from_mins(15);

/// A simulated Zoom with one account.
#[derive(Debug, Clone)]
pub struct Config {
    /// Its calls. Each is recorded by the user whose call it is.
    pub population: Population,
    /// Its limits for light requests.
    pub limits: Limits,
    /// People or recordings on a page, at most: lower than Zoom's 300 to see pages with few.
    pub page_size: usize,
    /// Where the addresses of recordings redirect to.
    pub links: Links,
}

impl Config {
    /// With the limits of the plan Pro.
    pub fn new(population: Population) -> Self {
        Self {
            population,
            limits: LIMITS,
            page_size: 300,
            links: Links::default(),
        }
    }
}

/// The server-to-server app of the simulated account.
fn app() -> oauth::Config {
    oauth::Config {
        authorize_path: "/oauth/authorize",
        token_path: "/oauth/token",
        client_id: "simulated-app".into(),
        client_secret: "simulated-app-secret".into(),
        basic: true,
        json: false,
        pkce: false,
        account: "demo".into(),
        life: Duration::from_secs(3600),
        grace: false,
        app_grant: Some((
            "account_credentials",
            vec![("account_id", "simulated-account".into())],
        )),
        more: vec![("api_url", "https://api.zoom.us".into())],
    }
}

/// Zoom to try the importer out with.
pub const DEMO: Demo = Demo {
    key: "zoom",
    name: "Zoom",
    limits: LIMITS,
    config: |population, limits, media| {
        let mut config = Config {
            limits,
            ..Config::new(population)
        };
        config.links.host = media.into();
        let app = app();
        let credential = json!({
            "account_id": "simulated-account",
            "client_id": app.client_id,
            "client_secret": app.client_secret,
        });
        (crate::Config::zoom(config), credential)
    },
};

/// A running Zoom, for tests. Clones share the state.
#[derive(Clone)]
pub struct Zoom(Arc<State>);

/// What the endpoints answer from.
struct State {
    account: Account,
    people: People,
    page_size: usize,
    links: Links,
    medium: Mutex<Limiter>,
    traffic: Arc<Traffic>,
}

/// Who works at the account's company, and whose calls are whose.
struct People {
    users: Vec<User>,
    /// Calls by the user's position, in the order of their start.
    calls: Vec<Vec<u32>>,
}

impl Zoom {
    fn new(config: Config, traffic: Arc<Traffic>) -> Self {
        let Config {
            population,
            limits,
            page_size,
            links,
        } = config;
        let medium = Limits {
            per_second: limits.per_second.map(|requests| requests * 2 / 3),
            ..limits
        };
        Self(Arc::new(State {
            people: People::of(&population),
            account: Account::new("demo", population, limits, &traffic),
            page_size,
            links,
            medium: Mutex::new(Limiter::new(medium)),
            traffic,
        }))
    }

    /// What the company has, and what tests change of it.
    pub fn account(&self) -> &Account {
        &self.0.account
    }
}

impl Simulated for Zoom {
    fn service(&self) -> Arc<dyn Service> {
        Arc::clone(&self.0) as Arc<dyn Service>
    }

    fn account(&self) -> Option<&Account> {
        Some(self.account())
    }
}

impl crate::Config {
    /// Zoom on a free port, with the system's time and no latency.
    pub fn zoom(config: Config) -> Self {
        Self::of(|traffic| Zoom::new(config, traffic)).with_oauth(app())
    }
}

impl State {
    fn medium(&self) -> MutexGuard<'_, Limiter> {
        self.medium.lock().expect("no holder of this lock panics")
    }
}

impl People {
    fn of(population: &Population) -> Self {
        let users: Vec<User> = population.users().collect();
        let mut calls = vec![Vec::new(); users.len()];
        for call in population.calls() {
            calls[host(&call, &users)].push(call.index);
        }
        Self { users, calls }
    }
}

/// Whose recording a call is, by position among the users. Every cloud recording is somebody's (ours: those
/// of nobody are shared out in turn).
pub fn host(call: &Call, users: &[User]) -> usize {
    let own = call.primary_user_id.as_ref();
    let own = own.and_then(|id| users.iter().position(|user| user.id == *id));
    own.unwrap_or(call.index as usize % users.len())
}

/// Whether files are listed as being processed for as long as the transcript is not there: the transcript and the
/// videos. Else the transcript's file is there and empty.
pub fn is_processed(call: &Call) -> bool {
    matches!(call.transcript, TranscriptFate::Late(_)) && call.index.is_multiple_of(3)
}

/// What stands before the words of somebody in a transcript.
pub const NOBODY: &str = "Unknown Speaker";

impl Running {
    /// The simulated Zoom.
    ///
    /// # Panics
    /// When it is another platform.
    pub fn zoom(&self) -> &Zoom {
        self.state()
    }
}
