//! Simulated nights, the same for every platform: 1,000 calls, with and without failures, from the first request
//! to the tables.
//!
//! A platform brings a [`Night`]: its simulator ([`Demo`]), the formula of its request plan, and what must be
//! recorded of a simulated call ([`Told`]) as far as the platform can tell it. A quiet and a bad night are lived
//! through in this process, under the platform's limits and on a clock that nobody waits for; another bad night,
//! an empty account and a wrong credential through the real program.

use std::{collections::BTreeMap, path::Path, process::Output, sync::Arc, time::Duration};

use call_import_engine::model::Phase;
use duckdb::{Connection, Row};
use serde_json::Value;
use simulator::{
    Config, Demo, Running, Simulator,
    company::{Call, Population, TranscriptFate},
    faults::{Fault, Rule, Scripted},
    limits::Limits,
    log::Entry,
    media::NOWHERE,
    oauth,
};

use crate::{
    reconcile::date,
    record,
    support::{self, Scene},
};

/// Declares a platform's nights, which `night()` of the same file gives, and lives through them.
macro_rules! spend {
    () => {
        pub(super) mod spent {
            use $crate::platforms::nights;

            /// The night, reachable only where it is tested.
            pub(in crate::platforms) fn night() -> nights::Night {
                super::night()
            }

            #[tokio::test]
            async fn a_quiet_night_costs_the_planned_requests() {
                nights::quiet(&night()).await;
            }

            #[tokio::test]
            async fn a_bad_night_brings_every_call_once() {
                nights::bad(&night()).await;
            }

            #[test]
            fn an_empty_account_is_told_as_such() {
                nights::empty(&night());
            }

            #[test]
            fn a_wrong_credential_is_asked_with_once() {
                nights::refused(&night());
            }
        }
    };
}
pub(super) use spend;

const CALLS: u32 = 1_000;
const FROM: &str = "2026-05-01";
const TO: &str = "2026-10-31";
const NIGHT: &str = "2026-12-01T01:17:00Z";

/// How long the real program waits for an answer: so long that several requests are under way together, and a
/// failure does not hold up all of them.
const LATENCY: Duration = Duration::from_millis(10);

/// What a platform brings to its nights.
pub(super) struct Night {
    /// Its simulator.
    pub(super) demo: Demo,
    /// Further lines of the request: `method`, `options`; each ends with a line break.
    pub(super) lines: &'static str,
    /// How many requests a night without failures costs.
    pub(super) planned: fn(&Listed, &Population) -> usize,
    /// What must be recorded of a call.
    pub(super) told: fn(&Population, &Call) -> Told,
    /// What else goes wrong in the middle of a bad night: a cursor or a token that expires.
    pub(super) mishap: fn() -> Rule,
    /// How many requests that costs at most, besides the one that it befalls.
    pub(super) mishap_costs: usize,
    /// How many requests a credential costs that does not work any more: 1 by key; with OAuth one more to
    /// refresh it, if that works, and the retry.
    pub(super) refused_after: usize,
}

/// What a quiet night listed, for the formula of the request plan.
pub(super) struct Listed {
    /// Calls in each window.
    pub(super) windows: Vec<usize>,
    /// All calls.
    pub(super) calls: usize,
}

/// A call as it must be recorded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) title: Option<String>,
    /// Milliseconds since 1970.
    pub(crate) started_at: Option<i64>,
    pub(crate) duration_ms: Option<i64>,
    pub(crate) participants: Vec<Person>,
    /// Empty where the transcript is not there.
    pub(crate) segments: Vec<Said>,
}

/// A participant as recorded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Person {
    pub(crate) name: Option<String>,
    pub(crate) email: Option<String>,
    pub(crate) phone: Option<String>,
    pub(crate) affiliation: String,
    pub(crate) attended: Option<bool>,
}

/// A segment as recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) speaker: Option<String>,
    pub(crate) start_ms: Option<i64>,
    pub(crate) end_ms: Option<i64>,
    pub(crate) text: String,
}

impl Told {
    /// Title, start and length as the company knows them, for platforms that tell them all.
    pub(crate) fn of(call: &Call) -> Self {
        Self {
            title: call.title.clone(),
            started_at: Some(call.start.as_millisecond()),
            duration_ms: call.duration_s.map(|seconds| seconds * 1_000),
            ..Self::default()
        }
    }

    /// Whether the transcript is there from the beginning.
    pub(crate) fn is_transcribed(call: &Call) -> bool {
        call.transcript == TranscriptFate::There
    }
}

/// An address as recorded: the domain in lower case.
pub(crate) fn lower_domain(email: &str) -> String {
    let (local, domain) = email.trim().rsplit_once('@').expect("an address");
    format!("{local}@{}", domain.to_lowercase())
}

/// Exactly the planned requests, every call as it is, and nothing at all the second time.
pub(super) async fn quiet(night: &Night) {
    let (scene, running) = scene(night, CALLS, night.demo.limits);
    let report = scene.run("first").await;

    let import = &report.imports[0];
    assert_eq!(import.phase, Phase::Completed, "{:?}", import.reason);
    assert_eq!(
        (import.calls_listed, import.calls_imported),
        (i64::from(CALLS), i64::from(CALLS))
    );
    let log = running.log();
    assert_eq!(log.len(), planned(night, &scene, &running), "requests sent");
    assert_eq!(
        report.run.requests_sent as usize,
        log.count_where(|entry| entry.endpoint != oauth::TOKEN),
        "requests counted, those for tokens apart"
    );
    assert_eq!(log.count_status(429), 0, "within the limits");
    assert_recorded(&scene, running.account().population(), night.told);

    let before = record::dump(&scene.database());
    let sent = log.len();
    let again = scene.run("second").await;
    assert_eq!(
        (log.len() - sent, again.run.requests_sent),
        (0, 0),
        "a second run asks for nothing"
    );
    assert_eq!(
        record::dump(&scene.database()),
        before,
        "a second run changes nothing"
    );
}

/// What goes wrong costs its retries and nothing else.
pub(super) async fn bad(night: &Night) {
    let (scene, running) = scene(night, CALLS, night.demo.limits);
    let rules = disturb(night, &running);
    let report = scene.run("first").await;

    let import = &report.imports[0];
    assert_eq!(import.phase, Phase::Completed, "{:?}", import.reason);
    assert!(
        rules.iter().all(|rule| rule.hits() > 0),
        "everything went wrong at least once: {rules:?}"
    );
    let retried: u64 = rules.iter().map(Scripted::hits).sum();
    let planned = planned(night, &scene, &running) + retried as usize;
    let sent = running.log().len();
    assert!(
        (planned..=planned + night.mishap_costs).contains(&sent),
        "{sent} requests for {planned} and {} more",
        night.mishap_costs
    );
    assert_eq!(running.log().too_early(), [0; 0], "waits as told");
    assert_recorded(&scene, running.account().population(), night.told);

    let before = record::dump(&scene.database());
    scene.run("second").await;
    assert_eq!(running.log().len(), sent, "a second run asks for nothing");
    assert_eq!(
        record::dump(&scene.database()),
        before,
        "a second run changes nothing"
    );
}

/// The real program on the machine's time: the same failures in the same shares, and the same requests.
pub(super) fn program(night: &Night) {
    let (scene, running) = real(night, CALLS);
    let rules = disturb(night, &running);
    let (output, import) = reconcile(night, &scene, &running);
    assert!(output.status.success(), "{:?}", support::text(&output));
    assert_eq!(import["phase"], "completed", "{import}");
    assert!(
        rules.iter().all(|rule| rule.hits() > 0),
        "everything went wrong: {rules:?}"
    );
    let retried: u64 = rules.iter().map(Scripted::hits).sum();
    let planned = planned(night, &scene, &running) + retried as usize;
    let sent = running.log().len();
    assert!(
        (planned..=planned + night.mishap_costs).contains(&sent),
        "{sent} requests for {planned} and {} more",
        night.mishap_costs
    );
    assert_recorded(&scene, running.account().population(), night.told);

    let before = record::dump(&scene.database());
    reconcile(night, &scene, &running);
    assert_eq!(running.log().len(), sent, "a second run asks for nothing");
    assert_eq!(
        record::dump(&scene.database()),
        before,
        "a second run changes nothing"
    );
}

/// An account without calls is told as such.
pub(super) fn empty(night: &Night) {
    let (scene, running) = real(night, 0);
    let (output, import) = reconcile(night, &scene, &running);
    assert!(output.status.success(), "{:?}", support::text(&output));
    assert_eq!(import["phase"], "no_calls_found", "{import}");
    assert_eq!(
        running.log().len(),
        planned(night, &scene, &running),
        "requests sent"
    );
}

/// A credential that does not work any more stops the import at once.
pub(super) fn refused(night: &Night) {
    let (scene, running) = real(night, CALLS);
    running.account().revoke();
    let (output, import) = reconcile(night, &scene, &running);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(import["phase"], "needs_credentials", "{import}");
    assert_eq!(running.log().len(), night.refused_after, "requests sent");
    assert_eq!(running.log().count_where(Entry::authenticated), 0);
}

/// 5 % of the answers are 503, 2 % are cut off, some are 429, and a cursor or token expires. No request is
/// befallen twice, so that each failure costs one more.
fn disturb(night: &Night, running: &Running) -> [Scripted; 4] {
    let one_in = |times: usize, rest: usize| move |entry: &Entry| entry.number % times == rest;
    let (failing, cut, throttled) = (one_in(20, 3), one_in(50, 5), one_in(60, 7));
    let spared = move |entry: &Entry| !failing(entry) && !cut(entry) && !throttled(entry);
    let faults = running.faults();
    [
        faults.add(Rule::new(Fault::status(503)).when(failing)),
        faults.add(Rule::new(Fault::Cut { after: 1 }).when(cut)),
        faults.add(Rule::new(Fault::throttled(1)).when(throttled)),
        faults.add((night.mishap)().when(spared)),
    ]
}

/// What the real program says of the import after a run.
fn reconcile(night: &Night, scene: &Scene, running: &Running) -> (Output, Value) {
    let output = support::program(scene.folder.path())
        .args(["reconcile", "--no-github", "--format", "json"])
        .args(["--database", "record.duckdb", "--platform-url"])
        .arg(format!("{}={}", night.demo.key, running.url))
        .envs(&scene.secrets)
        .output()
        .expect("the program runs");
    let mut report: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("no report: {:?}", support::text(&output)));
    (output, report["imports"][0].take())
}

/// Every call of the population is recorded once and as it must be, and nothing else is.
pub(crate) fn assert_recorded(
    scene: &Scene,
    population: &Population,
    told: impl Fn(&Population, &Call) -> Told,
) {
    let mut recorded = recorded(&scene.database());
    for call in population.calls() {
        let found = recorded.remove(&call.id);
        assert_eq!(found, Some(told(population, &call)), "call {}", call.id);
    }
    assert!(recorded.is_empty(), "{recorded:?}");
}

fn population(calls: u32, days: [&str; 2]) -> Population {
    let [from, to] = days.map(date);
    Population::new(1, calls, from, to, 6)
}

/// A request for the simulated platform, whose matrix has the simulator's limits or none that one could feel.
pub(super) fn scene(night: &Night, calls: u32, limits: Limits) -> (Scene, Running) {
    scene_of(night, calls, [FROM, TO], limits)
}

/// The same with calls of other days.
pub(super) fn scene_of(
    night: &Night,
    calls: u32,
    days: [&str; 2],
    limits: Limits,
) -> (Scene, Running) {
    let mut scene = Scene::new(NIGHT);
    let (config, credential) = (night.demo.config)(population(calls, days), limits, NOWHERE);
    let config = Config {
        clock: Arc::new(scene.clock.clone()),
        latency: Duration::ZERO,
        ..config
    };
    let running = start(&mut scene, night, config, &credential, days);
    if limits == Limits::NONE {
        scene.without_limits(night.demo.key);
    }
    (scene, running)
}

/// The same for the real program, whose time nobody wants to spend: without limits.
fn real(night: &Night, calls: u32) -> (Scene, Running) {
    let mut scene = Scene::new(NIGHT);
    let (config, credential) =
        (night.demo.config)(population(calls, [FROM, TO]), Limits::NONE, NOWHERE);
    let config = Config {
        latency: LATENCY,
        ..config
    };
    let running = start(&mut scene, night, config, &credential, [FROM, TO]);
    scene.without_limits(night.demo.key);
    scene.write_matrix();
    (scene, running)
}

fn start(
    scene: &mut Scene,
    night: &Night,
    config: Config,
    credential: &Value,
    days: [&str; 2],
) -> Running {
    let running = Simulator::start(config).expect("the simulator starts");
    let key = night.demo.key;
    let [from, to] = days;
    scene.with_keys();
    scene.connect(key, &running.url, &credential.to_string());
    scene.write(
        "northwind.yaml",
        &format!(
            "customer: Northwind\nplatform: {key}\nestimated_calls: {CALLS}\nurgency: onboarding\n\
             requested_completion: 2030-12-31\nperiod: {{from: {from}, to: {to}}}\n\
             credentials:\n  secret: {}\n{}",
            support::secret(key),
            night.lines
        ),
    );
    running
}

/// What the formula says for the windows that were listed.
fn planned(night: &Night, scene: &Scene, running: &Running) -> usize {
    let listed = record::query(&scene.database(), "SELECT listed::VARCHAR FROM checkpoints");
    let windows: Vec<usize> = listed.iter().map(|count| count.parse().unwrap()).collect();
    let listed = Listed {
        calls: windows.iter().sum(),
        windows,
    };
    (night.planned)(&listed, running.account().population())
}

fn recorded(database: &Path) -> BTreeMap<String, Told> {
    let connection = Connection::open(database).expect("the record opens");
    let mut calls = BTreeMap::new();
    let sql = "SELECT external_id, title, epoch_ms(started_at), duration_ms FROM calls";
    each(&connection, sql, |row| {
        let told = Told {
            title: row.get(1)?,
            started_at: row.get(2)?,
            duration_ms: row.get(3)?,
            ..Told::default()
        };
        let id: String = row.get(0)?;
        assert_eq!(
            calls.insert(id.clone(), told),
            None,
            "call {id} is recorded twice"
        );
        Ok(())
    });
    let of = "SELECT external_id, name, email, phone, affiliation, attended FROM participants \
              ORDER BY external_id, position";
    each(&connection, of, |row| {
        let person = Person {
            name: row.get(1)?,
            email: row.get(2)?,
            phone: row.get(3)?,
            affiliation: row.get(4)?,
            attended: row.get(5)?,
        };
        call(&mut calls, row)?.participants.push(person);
        Ok(())
    });
    let said = "SELECT external_id, speaker, start_ms, end_ms, text FROM transcript_segments \
                ORDER BY external_id, idx";
    each(&connection, said, |row| {
        let said = Said {
            speaker: row.get(1)?,
            start_ms: row.get(2)?,
            end_ms: row.get(3)?,
            text: row.get(4)?,
        };
        call(&mut calls, row)?.segments.push(said);
        Ok(())
    });
    calls
}

fn each(connection: &Connection, sql: &str, mut take: impl FnMut(&Row<'_>) -> duckdb::Result<()>) {
    let mut statement = connection.prepare(sql).expect("valid SQL");
    let mut rows = statement.query([]).expect("rows");
    while let Some(row) = rows.next().expect("a row") {
        take(row).expect("the columns of the table");
    }
}

fn call<'c>(calls: &'c mut BTreeMap<String, Told>, row: &Row<'_>) -> duckdb::Result<&'c mut Told> {
    let id: String = row.get(0)?;
    Ok(calls
        .get_mut(&id)
        .unwrap_or_else(|| panic!("{id} is no recorded call")))
}
