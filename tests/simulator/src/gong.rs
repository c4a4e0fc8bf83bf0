//! Gong API v2: <https://help.gong.io/apidocs>. The facts are those of Gong's OpenAPI description of
//! February 2026 and of public connectors' recorded answers; what is not documented is marked as ours.

mod cursor;
mod names;
mod paging;
mod people;
mod population;
mod query;
mod respond;
mod speech;
mod write;

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use base64::{Engine as _, prelude::BASE64_STANDARD as BASE64};
use jiff::{
    SignedDuration, Timestamp,
    civil::{Date, date},
};

pub use population::{Call, CrmObject, Party, Population, Sentence, TranscriptFate, Turn, User};

use crate::{
    faults::Faults,
    gate::Held,
    limits::{Limiter, Limits},
    log::{Endpoint, Log},
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
    per_day: Some(10_000),
};

/// Records a page holds; no parameter changes it.
pub const PAGE_SIZE: usize = 100;

/// Calls that `tests/demo/requests/demo-gong.yaml` expects.
pub const DEMO_CALLS: u32 = 5_000;
/// First day that it asks for.
pub const DEMO_FROM: Date = date(2025, 7, 1);
/// Last day that it asks for.
pub const DEMO_TO: Date = date(2026, 6, 30);

/// Transcripts that come late are there half a day before the nth night after the start.
const BEFORE_THE_NIGHT: SignedDuration = SignedDuration::from_hours(12);

/// A simulated Gong.
#[derive(Debug, Clone)]
pub struct Config {
    /// Companies that use it, each with its own credential, calls and limits.
    pub companies: Vec<Company>,
    /// How long the cursors of a sequence live, counted from its first request.
    pub cursor_life: Duration,
    /// Whether more than 100 `callIds` are refused. Gong documents no limit; public connectors send 100.
    pub strict: bool,
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

/// A running Gong, for tests. Clones share the state.
#[derive(Clone)]
pub struct Gong(Arc<State>);

/// What the endpoints answer from.
struct State {
    tenants: Vec<Tenant>,
    cursor_life: SignedDuration,
    strict: bool,
    started: Timestamp,
    traffic: Arc<Traffic>,
}

/// A company with what changes while it is served.
struct Tenant {
    company: Company,
    /// `Authorization` header with its credential.
    authorization: String,
    limiter: Mutex<Limiter>,
    changes: Mutex<Changes>,
}

/// What tests change.
#[derive(Debug, Default)]
struct Changes {
    /// Calls that are not there, by index.
    hidden: BTreeSet<u32>,
    /// Whether late transcripts have come.
    released: bool,
    /// Whether the credential has been taken back.
    revoked: bool,
}

impl Gong {
    pub(crate) fn new(config: Config, traffic: Arc<Traffic>) -> Self {
        assert!(!config.companies.is_empty(), "a Gong without companies");
        let life = SignedDuration::try_from(config.cursor_life);
        Self(Arc::new(State {
            tenants: config.companies.into_iter().map(Tenant::new).collect(),
            cursor_life: life.expect("cursors do not live for ever"),
            strict: config.strict,
            started: traffic.clock.now(),
            traffic,
        }))
    }

    /// The calls of the first company.
    pub fn population(&self) -> &Population {
        &self.0.tenants[0].company.population
    }

    /// The company with an access key, to change what it has.
    ///
    /// # Panics
    /// When there is none.
    pub fn company(&self, access_key: &str) -> Tenancy<'_> {
        let tenant = self.0.tenant(access_key);
        Tenancy {
            state: &self.0,
            tenant: tenant.expect("the test names a company of its configuration"),
        }
    }

    /// The first company, to change what it has.
    pub fn first_company(&self) -> Tenancy<'_> {
        Tenancy {
            state: &self.0,
            tenant: &self.0.tenants[0],
        }
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

    pub(crate) fn platform(&self) -> Arc<dyn Service> {
        Arc::clone(&self.0) as Arc<dyn Service>
    }
}

/// A company of a running Gong.
pub struct Tenancy<'a> {
    state: &'a State,
    tenant: &'a Tenant,
}

impl<'a> Tenancy<'a> {
    /// Its calls, hidden ones included.
    pub fn population(&self) -> &'a Population {
        &self.tenant.company.population
    }

    /// The calls that are there now, in the order of start and then id.
    pub fn calls(&self) -> impl Iterator<Item = Call> + 'a {
        let hidden = self.tenant.changes().hidden.clone();
        self.population()
            .calls()
            .filter(move |call| !hidden.contains(&call.index))
    }

    /// Whether a call's transcript is there now.
    pub fn has_transcript(&self, call: &Call) -> bool {
        let now = self.state.traffic.clock.now();
        let running = now.duration_since(self.state.started);
        self.tenant
            .changes()
            .has_transcript(call.transcript, running)
    }

    /// Calls vanish, as if they had been deleted or were not processed yet.
    pub fn hide(&self, calls: impl IntoIterator<Item = u32>) {
        self.tenant.changes().hidden.extend(calls);
    }

    /// Hidden calls appear.
    pub fn reveal(&self, calls: impl IntoIterator<Item = u32>) {
        let mut changes = self.tenant.changes();
        for call in calls {
            changes.hidden.remove(&call);
        }
    }

    /// Late transcripts come now.
    pub fn release_transcripts(&self) {
        self.tenant.changes().released = true;
    }

    /// The credential does not work any more.
    pub fn revoke(&self) {
        self.tenant.changes().revoked = true;
    }

    /// The credential works again.
    pub fn restore(&self) {
        self.tenant.changes().revoked = false;
    }
}

impl State {
    fn tenant(&self, access_key: &str) -> Option<&Tenant> {
        self.tenants
            .iter()
            .find(|tenant| tenant.company.access_key == access_key)
    }
}

impl Tenant {
    fn new(company: Company) -> Self {
        let pair = format!("{}:{}", company.access_key, company.access_key_secret);
        Self {
            authorization: format!("Basic {}", BASE64.encode(pair)),
            limiter: Mutex::new(Limiter::new(company.limits)),
            changes: Mutex::default(),
            company,
        }
    }

    fn changes(&self) -> MutexGuard<'_, Changes> {
        self.changes.lock().expect("no holder of this lock panics")
    }

    fn limiter(&self) -> MutexGuard<'_, Limiter> {
        self.limiter.lock().expect("no holder of this lock panics")
    }
}

impl Changes {
    /// Whether a call's transcript is there, so long after the start.
    fn has_transcript(&self, fate: TranscriptFate, running: SignedDuration) -> bool {
        match fate {
            TranscriptFate::There => true,
            TranscriptFate::Never => false,
            TranscriptFate::Late(nights) => {
                let night = SignedDuration::from_hours(24) * i32::from(nights);
                self.released || running >= night - BEFORE_THE_NIGHT
            }
        }
    }
}
