//! Gong API v2: <https://help.gong.io/apidocs>. The facts are those of Gong's OpenAPI description of
//! February 2026 and of public connectors' recorded answers; what is not documented is marked as ours.

mod cursor;
mod paging;
mod query;
mod respond;
mod write;

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use base64::{Engine as _, prelude::BASE64_STANDARD as BASE64};
use jiff::SignedDuration;
use serde_json::json;

pub use crate::company::{
    Call, CrmObject, DEMO_CALLS, DEMO_FROM, DEMO_TO, Party, Population, Sentence, TranscriptFate,
    Turn, User,
};

use crate::{
    Demo, Running, Simulated,
    company::Account,
    faults::Faults,
    gate::Held,
    limits::Limits,
    log::{Endpoint, Log},
    media::Links,
    oauth,
    server::{Service, Traffic},
};

/// `GET /v2/workspaces`
pub const WORKSPACES: Endpoint = Endpoint("GET /v2/workspaces");
/// `GET /v2/users`
pub const USERS: Endpoint = Endpoint("GET /v2/users");
/// `GET /v2/calls`
pub const CALLS: Endpoint = Endpoint("GET /v2/calls");
/// `GET /v2/calls/{id}`
pub const CALL: Endpoint = Endpoint("GET /v2/calls/{id}");
/// `POST /v2/calls/extensive`
pub const EXTENSIVE: Endpoint = Endpoint("POST /v2/calls/extensive");
/// `POST /v2/calls/transcript`
pub const TRANSCRIPT: Endpoint = Endpoint("POST /v2/calls/transcript");

/// Gong's limits: 3 requests a second and 10,000 a day, for a company as a whole.
pub const LIMITS: Limits = Limits {
    per_second: Some(3),
    per_minute: None,
    per_day: Some(10_000),
};

/// Records a page holds; no parameter changes it.
pub const PAGE_SIZE: usize = 100;

/// A simulated Gong.
#[derive(Debug, Clone)]
pub struct Config {
    /// Companies that use it, each with its own credential, calls and limits.
    pub companies: Vec<Company>,
    /// How long the cursors of a sequence live, counted from its first request.
    pub cursor_life: Duration,
    /// Whether more than 100 `callIds` are refused. Gong documents no limit; public connectors send 100.
    pub strict: bool,
    /// Where recordings are.
    pub links: Links,
    /// Whether transcripts are kept once they were told, some 40 kB a call: to make them up again takes a benchmark a
    /// tenth of its processors.
    pub keeps_transcripts: bool,
}

/// A company that uses Gong.
#[derive(Debug, Clone)]
pub struct Company {
    /// User part of its credential, and its name in the log.
    pub access_key: String,
    /// Password part.
    pub access_key_secret: String,
    /// Its calls.
    pub population: Population,
    /// Its limits.
    pub limits: Limits,
}

impl Config {
    /// One company with the credential `demo` and `demo-secret` and Gong's limits.
    pub fn new(population: Population) -> Self {
        Self {
            companies: vec![Company {
                access_key: "demo".into(),
                access_key_secret: "demo-secret".into(),
                population,
                limits: LIMITS,
            }],
            cursor_life: Duration::from_secs(3600),
            strict: true,
            links: Links::default(),
            keeps_transcripts: false,
        }
    }

    /// The same without limits.
    #[must_use]
    pub fn without_limits(mut self) -> Self {
        for company in &mut self.companies {
            company.limits = Limits::NONE;
        }
        self
    }
}

/// Gong to try the importer out with.
pub const DEMO: Demo = Demo {
    key: "gong",
    name: "Gong",
    limits: LIMITS,
    config: |population, limits, media| {
        let mut config = Config::new(population);
        config.links.host = media.into();
        let company = &mut config.companies[0];
        company.limits = limits;
        let credential = json!({
            "access_key": company.access_key,
            "access_key_secret": company.access_key_secret,
        });
        (crate::Config::gong(config), credential)
    },
};

/// Gong as an app sees it that the company has consented to.
pub const CONSENTED: Demo = Demo {
    config: |population, limits, media| {
        let (config, _) = (DEMO.config)(population, limits, media);
        let app = oauth::Config::gong();
        let credential = app.credential();
        (config.with_oauth(app), credential)
    },
    ..DEMO
};

/// A running Gong, for tests. Clones share the state.
#[derive(Clone)]
pub struct Gong(Arc<State>);

/// What the endpoints answer from.
struct State {
    tenants: Vec<Tenant>,
    cursor_life: SignedDuration,
    strict: bool,
    links: Links,
    traffic: Arc<Traffic>,
}

/// A company that is served.
struct Tenant {
    /// `Authorization` header with its credential.
    authorization: String,
    account: Account,
    /// The transcripts by index, as they were told before; none where they are not kept.
    told: Vec<OnceLock<String>>,
}

impl Gong {
    fn new(config: Config, traffic: Arc<Traffic>) -> Self {
        assert!(!config.companies.is_empty(), "a Gong without companies");
        let life = SignedDuration::try_from(config.cursor_life);
        let tenants = config.companies.into_iter();
        Self(Arc::new(State {
            tenants: tenants
                .map(|company| Tenant::new(company, config.keeps_transcripts, &traffic))
                .collect(),
            cursor_life: life.expect("cursors do not live for ever"),
            strict: config.strict,
            links: config.links,
            traffic,
        }))
    }

    /// The calls of the first company.
    pub fn population(&self) -> &Population {
        self.first_company().population()
    }

    /// The company with an access key, to change what it has.
    ///
    /// # Panics
    /// When there is none.
    pub fn company(&self, access_key: &str) -> &Account {
        let tenant = self.0.tenant(access_key);
        &tenant
            .expect("the test names a company of its configuration")
            .account
    }

    /// The first company, to change what it has.
    pub fn first_company(&self) -> &Account {
        &self.0.tenants[0].account
    }

    /// The script of what goes wrong.
    pub fn faults(&self) -> &Faults {
        &self.0.traffic.faults
    }

    /// Every request so far.
    pub fn log(&self) -> &Log {
        &self.0.traffic.log
    }

    /// Holds back the reply to the request of that number, counted from 1, until the test says go. What the
    /// test changes meanwhile shows in the reply.
    pub fn on_request(&self, number: usize) -> Held {
        self.0.traffic.gates.hold(number)
    }
}

impl Simulated for Gong {
    fn service(&self) -> Arc<dyn Service> {
        Arc::clone(&self.0) as Arc<dyn Service>
    }

    fn account(&self) -> Option<&Account> {
        Some(self.first_company())
    }
}

impl crate::Config {
    /// Gong on a free port, with the system's time and no latency.
    pub fn gong(config: Config) -> Self {
        Self::of(|traffic| Gong::new(config, traffic))
    }
}

impl Running {
    /// Companies, fault script and log of the simulated Gong.
    ///
    /// # Panics
    /// When it is another platform.
    pub fn gong(&self) -> &Gong {
        self.state()
    }
}

impl State {
    fn tenant(&self, access_key: &str) -> Option<&Tenant> {
        self.tenants
            .iter()
            .find(|tenant| tenant.account.name() == access_key)
    }
}

impl Tenant {
    fn new(company: Company, keeps_transcripts: bool, traffic: &Traffic) -> Self {
        let Company {
            access_key,
            access_key_secret,
            population,
            limits,
        } = company;
        let pair = BASE64.encode(format!("{access_key}:{access_key_secret}"));
        let kept = if keeps_transcripts {
            population.len()
        } else {
            0
        };
        Self {
            told: (0..kept).map(|_| OnceLock::new()).collect(),
            authorization: format!("Basic {pair}"),
            account: Account::new(&access_key, population, limits, traffic),
        }
    }
}
