//! The company whose calls every platform tells of, each in its own form: who works there, who called whom,
//! what was said. The same seed gives the same calls whatever the platform.
//!
//! [`Population`] is what was; [`Account`] is what a platform has of it at this moment, which tests change.

pub(crate) mod names;
mod people;
mod population;
mod speech;

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard},
};

use jiff::{
    SignedDuration, Timestamp,
    civil::{Date, date},
};

pub(crate) use self::population::stream;
pub use self::{
    people::{Party, User},
    population::{Call, CrmObject, Population, TranscriptFate},
    speech::{Sentence, Turn},
};

use crate::{
    clock::Clock,
    limits::{Limiter, Limits},
    server::Traffic,
};

/// Calls that the requests in `tests/demo/requests` expect.
pub const DEMO_CALLS: u32 = 5_000;
/// First day that they ask for.
pub const DEMO_FROM: Date = date(2025, 7, 1);
/// Last day that they ask for.
pub const DEMO_TO: Date = date(2026, 6, 30);

/// Transcripts that come late are there half a day before the nth night after the start.
const BEFORE_THE_NIGHT: SignedDuration = SignedDuration::from_hours(12);

/// A company's account on a running platform: its calls, its limits, and what a test changes meanwhile.
pub struct Account {
    name: String,
    population: Population,
    limiter: Mutex<Limiter>,
    changes: Mutex<Changes>,
    clock: Arc<dyn Clock>,
    started: Timestamp,
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

impl Account {
    pub(crate) fn new(
        name: &str,
        population: Population,
        limits: Limits,
        traffic: &Traffic,
    ) -> Self {
        Self {
            name: name.into(),
            population,
            limiter: Mutex::new(Limiter::new(limits)),
            changes: Mutex::default(),
            clock: Arc::clone(&traffic.clock),
            started: traffic.clock.now(),
        }
    }

    /// Its calls, hidden ones included.
    pub fn population(&self) -> &Population {
        &self.population
    }

    /// The calls that are there now, in the order of start and then id.
    pub fn calls(&self) -> impl Iterator<Item = Call> + '_ {
        let hidden = self.changes().hidden.clone();
        self.population
            .calls()
            .filter(move |call| !hidden.contains(&call.index))
    }

    /// Whether a call's transcript is there now.
    pub fn has_transcript(&self, call: &Call) -> bool {
        self.is_transcribed(call.transcript)
    }

    /// Calls vanish, as if they had been deleted or were not processed yet.
    pub fn hide(&self, calls: impl IntoIterator<Item = u32>) {
        self.changes().hidden.extend(calls);
    }

    /// Hidden calls appear.
    pub fn reveal(&self, calls: impl IntoIterator<Item = u32>) {
        let mut changes = self.changes();
        for call in calls {
            changes.hidden.remove(&call);
        }
    }

    /// Late transcripts come now.
    pub fn release_transcripts(&self) {
        self.changes().released = true;
    }

    /// The credential does not work any more.
    pub fn revoke(&self) {
        self.changes().revoked = true;
    }

    /// The credential works again.
    pub fn restore(&self) {
        self.changes().revoked = false;
    }

    /// Its name in the log.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Whether the credential has been taken back.
    pub(crate) fn is_revoked(&self) -> bool {
        self.changes().revoked
    }

    /// Whether a call is there now.
    pub(crate) fn shows(&self, index: u32) -> bool {
        !self.changes().hidden.contains(&index)
    }

    /// Whether a transcript of that fate is there now.
    pub(crate) fn is_transcribed(&self, fate: TranscriptFate) -> bool {
        match fate {
            TranscriptFate::There => true,
            TranscriptFate::Never => false,
            TranscriptFate::Late(nights) => self.changes().released || self.has_passed(nights),
        }
    }

    /// Whether so many nights have passed.
    pub(crate) fn has_passed(&self, nights: u8) -> bool {
        let running = self.clock.now().duration_since(self.started);
        let night = SignedDuration::from_hours(24) * i32::from(nights);
        running >= night - BEFORE_THE_NIGHT
    }

    /// How its limits stand: see [`Limiter::standing`].
    pub(crate) fn standing(&self, now: Timestamp) -> Option<(usize, usize, u64)> {
        let limiter = self.limiter.lock().expect("no holder of this lock panics");
        limiter.standing(now)
    }

    /// Lets a request in, or says in how many seconds to come again.
    pub(crate) fn admit(&self, now: Timestamp) -> Result<(), u64> {
        let mut limiter = self.limiter.lock().expect("no holder of this lock panics");
        limiter.admit(now)
    }

    fn changes(&self) -> MutexGuard<'_, Changes> {
        self.changes.lock().expect("no holder of this lock panics")
    }
}
