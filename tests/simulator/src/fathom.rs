//! Fathom API v1: <https://developers.fathom.ai>. The facts are those of its reference and rate-limiting pages of
//! September 2026; what is not documented is marked as ours.

mod download;
mod query;
mod respond;
mod write;

use std::{
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use jiff::SignedDuration;
use serde_json::json;

use self::download::Downloads;
use crate::{
    Demo, Running, Simulated,
    company::{Account, Call, Population},
    limits::{Limiter, Limits},
    log::Endpoint,
    media::Links,
    oauth,
    server::{Service, Traffic},
};

/// `GET /teams`
pub const TEAMS: Endpoint = Endpoint("GET /external/v1/teams");
/// `GET /meetings`
pub const MEETINGS: Endpoint = Endpoint("GET /external/v1/meetings");
/// `GET /recordings/{id}/transcript`
pub const TRANSCRIPT: Endpoint = Endpoint("GET /external/v1/recordings/{id}/transcript");
/// `GET /recordings/{id}/summary`
pub const SUMMARY: Endpoint = Endpoint("GET /external/v1/recordings/{id}/summary");

/// `POST /recordings/{id}/download`
pub const DOWNLOAD: Endpoint = Endpoint("POST /external/v1/recordings/{id}/download");
/// `GET /recordings/{id}/downloads/{download_id}`
pub const DOWNLOAD_STATE: Endpoint =
    Endpoint("GET /external/v1/recordings/{id}/downloads/{download_id}");

/// Fathom's limit for everything: 60 requests a minute. Of heavy ones it takes half as many, and of download
/// requests.
pub const LIMITS: Limits = Limits {
    per_second: None,
    per_minute: Some(60),
    per_day: None,
};

/// Heavy requests that it takes in a minute while it is busy.
pub const BUSY: usize = 5;

/// Meetings a page holds; no parameter changes it.
pub const PAGE_SIZE: usize = 10;

/// How long after its beginning a recording appears as a meeting (ours: no call here is longer).
pub const MADE_AFTER: SignedDuration = SignedDuration::from_mins(70);

/// A simulated Fathom with one company.
#[derive(Debug, Clone)]
pub struct Config {
    /// Its calls. Each is recorded by one of the users, in turn.
    pub population: Population,
    /// The users' keys.
    pub keys: Vec<String>,
    /// Limits of the company (ours: whether the keys of different users share them is not documented).
    pub limits: Limits,
    /// Whether answers say how the limits stand, as documented.
    pub tells_limits: bool,
    /// Where recordings are.
    pub links: Links,
    /// How long the making of a video takes. Sound alone is there at once.
    pub making: Duration,
}

impl Config {
    /// One user, whose key is `demo-key`, with Fathom's limits.
    pub fn new(population: Population) -> Self {
        Self {
            population,
            keys: vec!["demo-key".into()],
            limits: LIMITS,
            tells_limits: true,
            links: Links {
                life: Duration::from_secs(24 * 3600),
                ..Links::default()
            },
            making: Duration::from_secs(25),
        }
    }
}

/// Fathom to try the importer out with.
pub const DEMO: Demo = Demo {
    key: "fathom",
    name: "Fathom",
    limits: LIMITS,
    config: |population, limits, media| {
        let mut config = Config {
            limits,
            ..Config::new(population)
        };
        config.links.host = media.into();
        let credential = json!({"api_keys": config.keys});
        (crate::Config::fathom(config), credential)
    },
};

/// Fathom as an app sees it that the first user has consented to.
pub const CONSENTED: Demo = Demo {
    config: |population, limits, media| {
        let (config, _) = (DEMO.config)(population, limits, media);
        (config.with_oauth(app()), app().credential())
    },
    ..DEMO
};

/// The app.
pub fn app() -> oauth::Config {
    oauth::Config {
        authorize_path: "/external/v1/oauth2/authorize",
        token_path: "/external/v1/oauth2/token",
        client_id: "simulated-app".into(),
        client_secret: "simulated-app-secret".into(),
        basic: false,
        json: false,
        pkce: false,
        account: "app".into(),
        life: Duration::from_secs(3600),
        grace: false,
        app_grant: None,
        more: Vec::new(),
    }
}

/// A running Fathom, for tests. Clones share the state.
#[derive(Clone)]
pub struct Fathom(Arc<State>);

/// What the endpoints answer from.
struct State {
    account: Account,
    keys: Vec<String>,
    traffic: Arc<Traffic>,
    heavy: Mutex<Limiter>,
    tells_limits: bool,
    downloads: Downloads,
}

impl Fathom {
    fn new(config: Config, traffic: Arc<Traffic>) -> Self {
        let Config {
            population,
            keys,
            limits,
            tells_limits,
            links,
            making,
        } = config;
        let heavy = Limits {
            per_minute: limits.per_minute.map(|requests| requests.div_ceil(2)),
            ..Limits::NONE
        };
        Self(Arc::new(State {
            account: Account::new("demo", population, limits, &traffic),
            keys,
            traffic,
            heavy: Mutex::new(Limiter::new(heavy)),
            tells_limits,
            downloads: Downloads::new(links, making, heavy),
        }))
    }

    /// From now on it is busy and takes only [`BUSY`] heavy requests a minute.
    pub fn get_busy(&self) {
        self.0.heavy().change(Limits {
            per_minute: Some(BUSY),
            ..Limits::NONE
        });
    }

    /// Whether the key of that position shows a call.
    pub fn shows(&self, key: usize, call: &Call) -> bool {
        self.0.shows(key, call)
    }
}

impl Simulated for Fathom {
    fn service(&self) -> Arc<dyn Service> {
        Arc::clone(&self.0) as Arc<dyn Service>
    }

    fn account(&self) -> Option<&Account> {
        Some(&self.0.account)
    }
}

impl crate::Config {
    /// Fathom on a free port, with the system's time and no latency.
    pub fn fathom(config: Config) -> Self {
        Self::of(|traffic| Fathom::new(config, traffic))
    }
}

impl Running {
    /// The simulated Fathom.
    ///
    /// # Panics
    /// When it is another platform.
    pub fn fathom(&self) -> &Fathom {
        self.state()
    }
}

impl State {
    fn heavy(&self) -> MutexGuard<'_, Limiter> {
        self.heavy.lock().expect("no holder of this lock panics")
    }

    /// Users see what they recorded, what everybody may see, and what their team may. There are two teams.
    fn shows(&self, key: usize, call: &Call) -> bool {
        let recorder = call.index as usize % self.keys.len();
        recorder == key
            || match shared_with(call) {
                "no_teams" => false,
                "single_team" => recorder % 2 == key % 2,
                _ => true,
            }
    }
}

/// Who may see a call, besides whoever recorded it.
fn shared_with(call: &Call) -> &'static str {
    match (call.is_private, call.index % 3) {
        (true, _) => "no_teams",
        (false, 0) => "single_team",
        (false, _) => "all_teams",
    }
}

/// What Fathom has of a call to download (ours): of every twentieth nothing, of some only the sound.
pub fn recording(call: &Call) -> Option<&'static str> {
    match call.index % 20 {
        7 => None,
        3 | 11 => Some("audio"),
        _ => Some("video"),
    }
}

/// Whether nobody was invited to a call (ours: every ninth).
pub fn is_impromptu(call: &Call) -> bool {
    call.index.is_multiple_of(9)
}
