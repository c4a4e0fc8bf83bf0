//! Audio and video: every recording once, from links that expire and connections that break.

mod avoma;
mod fathom;
mod fireflies;
mod nights;
mod program;
mod redirects;
mod zoom;

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use call_import_engine::{
    model::{Method, Period},
    objects::Objects,
    platforms::{
        CallRef, Exchange, HttpExchange, HttpReply, Page, Progress, Rejection, Reply, Setup, Step,
        Work, connector,
    },
    reconcile::MediaPlace,
    store::Store,
};
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest as _, Sha256};
use simulator::{
    Config, Running, Simulator,
    faults::{Fault, Rule},
    gong,
    log::Entry,
    media,
};

use crate::{
    reconcile::{date, gong_with, population},
    record,
    support::{self, Scene},
};

const BYTES: usize = 400_000;
const NIGHT: &str = "2026-12-01T01:17:00Z";

/// Gong, its host of recordings, and a request that wants them.
pub(super) struct Studio {
    scene: Scene,
    gong: Running,
    host: Running,
}

impl Studio {
    fn new(calls: u32, bytes: usize) -> Self {
        Self::with_links(calls, bytes, Duration::from_secs(8 * 3600))
    }

    /// With links that live so long.
    fn with_links(calls: u32, bytes: usize, life: Duration) -> Self {
        let mut scene = Scene::new(NIGHT);
        let host = Simulator::start(Config {
            clock: std::sync::Arc::new(scene.clock.clone()),
            ..Config::media(media::Config { bytes })
        });
        let host = host.expect("the host starts");
        let mut config = gong::Config::new(population(calls, "2026-09-01", "2026-10-31"));
        config.links = host.links();
        config.links.life = life;
        let gong = gong_with(&mut scene, config, Duration::ZERO);
        scene.request(
            "northwind",
            "Northwind",
            "period: {from: 2026-09-01, to: 2026-10-31}\ninclude: [transcript, media]\n",
        );
        scene.media = Some(place(&scene));
        Self { scene, gong, host }
    }

    /// What is recorded of each recording.
    fn recorded(&self) -> Vec<Copy> {
        recorded(&self.scene)
    }

    /// Requests to the host for one recording.
    fn asked(&self, id: &str) -> Vec<Entry> {
        let entries = self.host.log().entries().into_iter();
        entries
            .filter(|entry| entry.path.starts_with(&format!("/{id}/")))
            .collect()
    }

    fn kept(&self) -> Vec<PathBuf> {
        files(&self.scene.folder.path().join("kept"))
    }

    fn ids(&self) -> Vec<String> {
        let population = self.gong.gong().population();
        let with_media = population.calls().filter(media::is_recorded);
        let mut ids: Vec<String> = with_media.map(|call| call.id).collect();
        ids.sort();
        ids
    }

    async fn run(&self, run_id: &str) -> call_import_engine::model::ImportRecord {
        self.scene.run(run_id).await.imports.remove(0)
    }
}

/// What is recorded of each recording.
fn recorded(scene: &Scene) -> Vec<Copy> {
    let rows = record::query(
        &scene.database(),
        "SELECT concat_ws('|', external_id, media.kind, state, coalesce(bytes, 0), coalesce(sha256, ''),
             coalesce(mime, ''), coalesce(stored_uri, ''), media_state, fetched_at IS NOT NULL)
         FROM media JOIN calls USING (platform, account, external_id) ORDER BY external_id",
    );
    rows.iter().map(|row| Copy::read(row)).collect()
}

/// A place for recordings in the scene's folder.
fn place(scene: &Scene) -> MediaPlace {
    let kept = scene.folder.path().join("kept");
    MediaPlace {
        objects: Objects::open(kept.to_str().expect("text")).expect("a folder"),
        partial: scene.folder.path().join("partial"),
    }
}

/// A row of `media`, with `calls.media_state`.
#[derive(Debug)]
struct Copy {
    id: String,
    kind: String,
    state: String,
    bytes: usize,
    sha256: String,
    mime: String,
    uri: String,
    media_state: String,
    fetched: bool,
}

impl Copy {
    fn read(row: &str) -> Self {
        let mut cells = row.split('|').map(str::to_owned);
        let mut cell = || cells.next().expect("a cell");
        Self {
            id: cell(),
            kind: cell(),
            state: cell(),
            bytes: cell().parse().expect("a number"),
            sha256: cell(),
            mime: cell(),
            uri: cell(),
            media_state: cell(),
            fetched: cell() == "true",
        }
    }

    /// Whether it is the recording that the host has, and lies where it says.
    fn must_be_whole(&self, bytes: usize) {
        let contents = media::contents(&self.id, &self.kind, bytes);
        assert_eq!(self.state, "stored", "{self:?}");
        assert_eq!(self.media_state, "stored", "{self:?}");
        assert_eq!(self.bytes, bytes);
        assert_eq!(self.sha256, hex::encode(Sha256::digest(&contents)));
        let mime = if self.kind == "video" {
            "video/mp4"
        } else {
            "audio/mpeg"
        };
        assert_eq!(self.mime, mime);
        assert!(self.fetched);
        assert_eq!(std::fs::read(&self.uri).expect("the copy"), contents);
    }
}

fn files(folder: &std::path::Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

#[tokio::test]
async fn every_recording_is_copied_once_and_without_the_credential() {
    let studio = Studio::new(20, BYTES);
    let import = studio.run("1").await;
    assert_eq!(import.phase.as_str(), "completed", "{:?}", import.reason);
    let recorded = studio.recorded();
    assert_eq!(recorded.len(), 20);
    let (none, copies): (Vec<_>, Vec<_>) = recorded
        .iter()
        .partition(|copy| copy.state == "unavailable");
    assert_eq!(none.len(), 1, "Gong has no recording of one of the calls");
    assert_eq!(none[0].media_state, "unavailable");
    copies.iter().for_each(|copy| copy.must_be_whole(BYTES));
    let ids: Vec<&str> = copies.iter().map(|copy| &*copy.id).collect();
    assert_eq!(ids, studio.ids());
    assert!(recorded.iter().any(|copy| copy.kind == "audio"));
    assert_eq!(studio.kept().len(), 19);

    let asked = studio.host.log().entries();
    assert_eq!(asked.len(), 19, "each is fetched once");
    assert!(asked.iter().all(|entry| !entry.authorization));
    let links = studio.gong.log().entries().into_iter();
    let links = links.filter(|entry| entry.endpoint == gong::EXTENSIVE && entry.summary.ids > 0);
    let links: Vec<usize> = links.map(|entry| entry.summary.ids).collect();
    assert_eq!(links, [20], "one request for all links");
    assert_eq!(
        files(&studio.scene.folder.path().join("partial")),
        [] as [PathBuf; 0]
    );

    let before = record::contents(&studio.scene.database());
    let sent = studio.gong.log().len();
    studio.run("2").await;
    assert_eq!(record::contents(&studio.scene.database()), before);
    assert_eq!(
        (studio.host.log().len(), studio.gong.log().len()),
        (19, sent)
    );
}

#[tokio::test]
async fn a_link_that_expired_is_asked_for_again_twice() {
    let studio = Studio::new(20, BYTES);
    let ids = studio.ids();
    let (late, never) = (ids[3].clone(), ids[8].clone());
    let expired = |id: &str, times| {
        let path = format!("/{id}/");
        let rule = Rule::new(Fault::status(403)).when(move |entry| entry.path.starts_with(&path));
        studio.host.faults().add(rule.times(times))
    };
    expired(&late, 2);
    let refused = expired(&never, u64::MAX);
    let import = studio.run("1").await;
    assert_eq!(import.phase.as_str(), "completed_with_failures");
    assert_eq!(studio.asked(&late).len(), 3);
    assert_eq!(studio.asked(&never).len(), 3);
    let states: BTreeMap<String, String> = studio
        .recorded()
        .into_iter()
        .map(|copy| (copy.id, copy.state))
        .collect();
    assert_eq!((&*states[&late], &*states[&never]), ("stored", "failed"));
    let failures = "SELECT concat_ws('|', external_id, stage, class, detail) FROM call_failures
                    WHERE resolved_at IS NULL";
    assert_eq!(
        record::query(&studio.scene.database(), failures),
        [format!("{never}|media|unavailable|its host answered 403")]
    );

    // The next night leaves it alone; somebody has to ask.
    studio.scene.clock.set("2026-12-02T01:17:00Z");
    studio.run("2").await;
    assert_eq!(studio.asked(&never).len(), 3);
    refused.release();
    let store: Store = studio.scene.open("retry");
    let now: Timestamp = "2026-12-02T09:00:00Z".parse().expect("an instant");
    store.retry("northwind", now).await.expect("a retry");
    store.close().await.expect("it closes");
    studio.scene.clock.set("2026-12-03T01:17:00Z");
    let import = studio.run("3").await;
    assert_eq!(import.phase.as_str(), "completed", "{:?}", import.reason);
    assert_eq!(studio.asked(&never).len(), 4);
    assert_eq!(
        record::query(&studio.scene.database(), failures),
        [] as [String; 0]
    );
    let recorded = studio.recorded();
    let copies = recorded.iter().filter(|copy| copy.state != "unavailable");
    copies.for_each(|copy| copy.must_be_whole(BYTES));
}

#[tokio::test]
async fn links_that_expire_by_the_clock_are_asked_for_again() {
    let studio = Studio::with_links(20, BYTES, Duration::from_secs(5));
    // The first four take longer than the links of all live.
    let slow = Rule::new(Fault::Delay(Duration::from_secs(6))).times(4);
    studio.host.faults().add(slow);
    let import = studio.run("1").await;
    assert_eq!(import.phase.as_str(), "completed", "{:?}", import.reason);
    assert!(
        studio.host.log().count_status(403) > 0,
        "some links expired"
    );
    let recorded = studio.recorded();
    let stored = recorded.iter().filter(|copy| copy.state == "stored");
    assert_eq!(stored.count(), 19);
}

#[tokio::test]
async fn a_broken_download_goes_on_where_it_broke_off() {
    let studio = Studio::new(20, BYTES);
    for id in studio.ids() {
        let path = format!("/{id}/");
        let rule = Rule::new(Fault::Cut { after: 150_000 });
        let rule = rule.when(move |entry| entry.path.starts_with(&path)).once();
        studio.host.faults().add(rule);
    }
    let import = studio.run("1").await;
    assert_eq!(import.phase.as_str(), "completed", "{:?}", import.reason);
    let recorded = studio.recorded();
    let copies = recorded.iter().filter(|copy| copy.state != "unavailable");
    copies.for_each(|copy| copy.must_be_whole(BYTES));
    for id in studio.ids() {
        let asked = studio.asked(&id);
        let [first, second] = asked.as_slice() else {
            panic!("{id}: {asked:?}")
        };
        assert_eq!(
            (first.status, first.summary.from.as_deref()),
            (Some(200), None)
        );
        let from = second.summary.from.as_deref().expect("a range");
        let from: usize = from
            .trim_start_matches("bytes=")
            .trim_end_matches('-')
            .parse()
            .expect("a number");
        assert!((1..=150_000).contains(&from), "{from}");
        assert_eq!(
            (second.status, second.bytes),
            (Some(206), BYTES - from),
            "only the rest is sent"
        );
    }
}

#[tokio::test]
async fn what_is_not_the_recording_is_not_kept() {
    let studio = Studio::new(20, BYTES);
    let ids = studio.ids();
    for (id, fault, times) in [
        (&ids[0], Fault::WrongLength { extra: 9 }, 1),
        (&ids[1], Fault::LoginPage, 2),
        (&ids[2], Fault::LoginPage, u64::MAX),
        (&ids[3], Fault::status(503), 2),
        (&ids[4], Fault::Lost, 1),
        (&ids[5], Fault::throttled(7), 1),
        (&ids[6], Fault::status(451), 1),
    ] {
        let path = format!("/{id}/");
        let rule = Rule::new(fault).when(move |entry| entry.path.starts_with(&path));
        studio.host.faults().add(rule.times(times));
    }
    let import = studio.run("1").await;
    assert_eq!(import.phase.as_str(), "completed_with_failures");
    let recorded = studio.recorded();
    for copy in &recorded {
        if copy.id == ids[2] || copy.id == ids[6] {
            assert_eq!(copy.state, "failed");
        } else if copy.state != "unavailable" {
            copy.must_be_whole(BYTES);
        }
    }
    assert_eq!(studio.kept().len(), 17);
}

#[tokio::test]
async fn the_next_night_goes_on_with_what_the_last_one_brought() {
    let mut studio = Studio::new(1, 2_000_000);
    studio.scene.deadline = SignedDuration::from_mins(10);
    let drip = studio.host.faults().add(Rule::new(Fault::Drip {
        bytes: 1_000,
        every: Duration::from_secs(1),
    }));
    let import = studio.run("1").await;
    assert_eq!(import.phase.as_str(), "importing", "{:?}", import.reason);
    assert_eq!(studio.recorded()[0].state, "listed");
    assert_eq!(studio.kept(), [] as [PathBuf; 0], "no half file");
    // How much came depends on when the bytes arrive, which no simulated clock knows.
    let partial = files(&studio.scene.folder.path().join("partial"));
    let longest = partial
        .iter()
        .map(|path| path.metadata().expect("a file").len())
        .max();
    let brought = usize::try_from(longest.expect("what came is kept")).expect("a small file");
    drip.release();
    studio.scene.clock.set("2026-12-02T01:17:00Z");
    let import = studio.run("2").await;
    assert_eq!(import.phase.as_str(), "completed", "{:?}", import.reason);
    studio.recorded()[0].must_be_whole(2_000_000);
    let asked = studio.host.log().entries();
    assert_eq!(asked.len(), 2);
    let status = if brought == 0 { 200 } else { 206 };
    assert_eq!(asked[1].status, Some(status));
    assert_eq!(asked[1].bytes, 2_000_000 - brought);
}

#[tokio::test]
async fn a_place_that_cannot_be_used_is_told_once_and_tried_again_by_itself() {
    let studio = Studio::new(3, 1_000);
    let place = studio.scene.folder.path().join("kept");
    std::fs::write(&place, "a file where a folder should be").expect("a file");
    let told = || {
        let database = studio.scene.database();
        record::query(&database, "SELECT kind || ': ' || body FROM notifications")
    };
    for day in [1, 2] {
        let night = format!("2026-12-0{day}T01:17:00Z");
        studio.scene.clock.set(&night);
        let import = studio.run(&night).await;
        assert_eq!(
            (import.phase.as_str(), import.whose_turn.as_str()),
            ("needs_attention", "engineering")
        );
        let [told] = told().try_into().expect("one event");
        assert!(told.starts_with("needs_attention: "), "{told}");
        assert!(
            told.contains("The next night tries again by itself."),
            "{told}"
        );
        assert_eq!(import.calls_imported, 3, "the calls are here");
    }
    std::fs::remove_file(&place).expect("it was there");
    studio.scene.clock.set("2026-12-03T01:17:00Z");
    let import = studio.run("3").await;
    assert_eq!(import.phase.as_str(), "completed", "{:?}", import.reason);
    assert_eq!(studio.kept().len(), studio.ids().len());
    let fetched = studio.host.log().len();
    assert_eq!(
        fetched,
        studio.ids().len(),
        "what had come is not fetched again"
    );
}

#[tokio::test]
async fn a_host_that_cannot_be_reached_is_not_taken_for_the_platform() {
    let Studio { scene, gong, host } = Studio::new(3, 1_000);
    drop(host);
    let import = scene.run("1").await.imports.remove(0);
    assert_eq!(import.phase.as_str(), "retrying");
    let reason = import.reason.as_deref().unwrap_or_default();
    assert_eq!(
        reason,
        "The host of the recordings (`127.0.0.1`) cannot be reached. We try again next night. The calls and \
         transcripts are here."
    );
    assert_eq!(import.calls_imported, 3);
    assert!(import.media.pending > 0);
    assert_eq!(gong.log().count_status(200), gong.log().len());
}

#[tokio::test]
async fn recordings_that_the_platform_has_not_are_counted() {
    let studio = Studio::new(17, 1_000);
    let import = studio.run("1").await;
    let without = 17 - i64::try_from(studio.ids().len()).expect("a few");
    assert!(without > 0);
    assert_eq!(
        (import.media.stored, import.media.unavailable),
        (17 - without, without)
    );
    let reason = import.reason.unwrap_or_default();
    let says = format!("{} recordings are here; {without} call", 17 - without);
    assert!(reason.contains(&says), "{reason}");
}

#[tokio::test]
async fn a_copy_that_was_not_recorded_is_found_again() {
    let studio = Studio::new(20, BYTES);
    studio.run("1").await;
    // As after a crash between the copies and their commits: the record knows nothing of them.
    let (kept, recorded) = (studio.kept(), record::contents(&studio.scene.database()));
    duckdb::Connection::open(studio.scene.database())
        .and_then(|record| {
            record.execute_batch(
                "UPDATE media SET state = 'listed', sha256 = NULL, stored_uri = NULL, fetched_at = NULL,
                     mime = NULL, bytes = NULL WHERE state = 'stored';
                 UPDATE calls SET media_state = 'listed' WHERE media_state = 'stored';
                 UPDATE imports SET phase = 'importing', finished_at = NULL;",
            )
        })
        .expect("the record as it was");
    let modified = |path: &PathBuf| {
        path.metadata()
            .and_then(|file| file.modified())
            .expect("a time")
    };
    let before: Vec<_> = kept.iter().map(modified).collect();
    studio.scene.clock.set("2026-12-02T01:17:00Z");
    let import = studio.run("2").await;
    assert_eq!(import.phase.as_str(), "completed", "{:?}", import.reason);
    assert_eq!(studio.kept(), kept);
    assert_eq!(
        kept.iter().map(modified).collect::<Vec<_>>(),
        before,
        "nothing is written twice"
    );
    assert_eq!(
        record::contents(&studio.scene.database())["media"],
        recorded["media"]
    );
}

/// What Gong answers about links, with unknown fields, nulls, a number as id, and calls without recording.
#[test]
fn gongs_links_are_read_and_never_shown() {
    let ids = [
        "7782342274025937895",
        "98765432109876543",
        "11",
        "21",
        "22",
        "23",
    ];
    let calls = ids.map(|id| CallRef {
        external_id: id.into(),
        raw: None,
    });
    let setup = setup();
    let (exchange, progress) = begun("gong", &calls, &setup);
    let body = exchange.body.expect("a body");
    assert_eq!(body["filter"]["callIds"], serde_json::json!(ids));
    let told = |status, body: &[u8]| {
        let reply = answer(status, body);
        page(answered("gong", &calls, &setup, &progress, reply))
    };
    let text = std::fs::read(support::root().join("tests/fixtures/gong/media.json"));
    let links = told(200, &text.expect("a fixture"));
    assert!(!format!("{links:?}").contains("signature"), "{links:?}");
    let found: Vec<_> = links
        .media
        .iter()
        .map(|file| (file.external_id.as_str(), file.address()))
        .collect();
    assert_eq!(
        found,
        [
            (ids[0], "https://media.example/v1?signature=SECRET"),
            (ids[1], "https://media.example/a2?signature=SECRET")
        ]
    );
    assert_eq!(links.without_media, ["11", "21", "22", "23"]);
    let none = told(
        404,
        br#"{"errors": ["No calls found corresponding to the provided filters"]}"#,
    );
    assert_eq!(none.without_media, ids);
}

/// The first request for the recordings of calls, and what the connector remembers meanwhile.
fn begun(platform: &str, calls: &[CallRef], setup: &Setup) -> (HttpExchange, Progress) {
    let connector = connector(platform).expect("it is in the catalog");
    sent(connector.begin(&Work::Media(calls.to_vec()), setup))
}

fn sent(step: Step) -> (HttpExchange, Progress) {
    match step {
        Step::Send(Exchange::Http(exchange), progress) => (exchange, progress),
        other => panic!("expected a request, got {other:?}"),
    }
}

/// What the connector makes of an answer.
fn answered(
    platform: &str,
    calls: &[CallRef],
    setup: &Setup,
    progress: &Progress,
    reply: HttpReply,
) -> Result<Step, Rejection> {
    let connector = connector(platform).expect("it is in the catalog");
    let work = Work::Media(calls.to_vec());
    connector.next(&work, setup, progress, &Reply::Http(reply))
}

fn page(step: Result<Step, Rejection>) -> Page {
    match step {
        Ok(Step::Page(page)) => page,
        other => panic!("expected a page, got {other:?}"),
    }
}

/// An answer as the shell hands it over.
fn answer(status: u16, body: &[u8]) -> HttpReply {
    HttpReply {
        status,
        date: None,
        retry_after: None,
        allowance: None,
        content_type: "application/json".into(),
        location: None,
        body: body.to_vec().into(),
    }
}

fn setup() -> Setup {
    Setup {
        base_url: "https://api.gong.io".into(),
        options: serde_json::Map::new(),
        internal_domains: Vec::new(),
        period: Period {
            from: date("2026-09-01"),
            to: date("2026-10-31"),
        },
        method: Method::Api,
        as_of: NIGHT.parse().expect("an instant"),
        keys: 1,
        gathered: Default::default(),
    }
}
