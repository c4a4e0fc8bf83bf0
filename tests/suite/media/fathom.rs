//! Fathom's recordings are made when they are asked for: many at once, each asked about now and then, and what
//! is not ready is asked for in later nights.

use std::{sync::Arc, time::Duration};

use call_import_engine::{
    model::{ImportRecord, Method, Phase},
    objects::Objects,
    platforms::{
        CallRef, Connector, Exchange, HttpExchange, HttpReply, Page, Progress, Rejection, Reply,
        RequestClass, Setup, Step, Verb, Work, connector,
    },
    reconcile::MediaPlace,
};
use jiff::civil::date;
use serde_json::json;
use simulator::{
    Config, Running, Simulator,
    company::{Call, Population},
    fathom::{self, DOWNLOAD, DOWNLOAD_STATE, MEETINGS, TEAMS, recording},
    faults::{Fault, Rule},
    log::Entry,
    media,
};

use super::{Copy, NIGHT, setup};
use crate::{record, support::Scene};

const BYTES: usize = 20_000;

/// Fathom with 60 calls in October, its host of recordings, and a request that wants them.
struct Theatre {
    scene: Scene,
    fathom: Running,
    host: Running,
}

impl Theatre {
    fn new(keys: &[&str], making: Duration) -> Self {
        let mut scene = Scene::new(NIGHT);
        let host = Simulator::start(Config {
            clock: Arc::new(scene.clock.clone()),
            ..Config::media(media::Config { bytes: BYTES })
        })
        .expect("the host starts");
        let population = Population::new(1, 60, date(2026, 10, 1), date(2026, 10, 31), 6);
        let mut config = fathom::Config {
            keys: keys.iter().map(|key| (*key).to_owned()).collect(),
            making,
            ..fathom::Config::new(population)
        };
        config.links.host.clone_from(&host.url);
        let fathom = Simulator::start(Config {
            clock: Arc::new(scene.clock.clone()),
            ..Config::fathom(config)
        })
        .expect("the simulator starts");
        let address = fathom.url.clone();
        scene.platform_urls.insert("fathom".into(), address);
        let credential = json!({"api_keys": keys}).to_string();
        let secret = "IMPORT_NORTHWIND_FATHOM";
        scene.secrets.insert(secret.into(), credential);
        scene.write(
            "northwind.yaml",
            "customer: Northwind\nplatform: fathom\nestimated_calls: 60\nurgency: onboarding\n\
             requested_completion: 2030-12-31\nperiod: {from: 2026-10-01, to: 2026-10-31}\n\
             include: [transcript, media]\ncredentials:\n  secret: IMPORT_NORTHWIND_FATHOM\n",
        );
        let kept = scene.folder.path().join("kept");
        scene.media = Some(MediaPlace {
            objects: Objects::open(kept.to_str().expect("text")).expect("a folder"),
            partial: scene.folder.path().join("partial"),
        });
        Self {
            scene,
            fathom,
            host,
        }
    }

    async fn run(&self, run_id: &str) -> ImportRecord {
        self.scene.run(run_id).await.imports.remove(0)
    }

    fn recorded(&self) -> Vec<Copy> {
        let rows = record::query(
            &self.scene.database(),
            "SELECT concat_ws('|', external_id, media.kind, state, coalesce(bytes, 0), coalesce(sha256, ''),
                 coalesce(mime, ''), coalesce(stored_uri, ''), media_state, fetched_at IS NOT NULL)
             FROM media JOIN calls USING (platform, account, external_id) ORDER BY external_id",
        );
        rows.iter().map(|row| Copy::read(row)).collect()
    }

    /// How many recordings are in a state.
    fn in_state(&self, state: &str) -> usize {
        let recorded = self.recorded();
        recorded.iter().filter(|copy| copy.state == state).count()
    }

    /// How many calls have the recording, or have none.
    fn having(&self, kind: Option<&str>) -> usize {
        let calls = self.fathom.account().calls();
        calls.filter(|call| recording(call) == kind).count()
    }

    fn asked(&self) -> [usize; 2] {
        let log = self.fathom.log();
        [DOWNLOAD, DOWNLOAD_STATE].map(|endpoint| log.count(endpoint))
    }
}

/// fathom.md section 9: a request for each recording, and two questions whether it is made.
#[tokio::test]
async fn every_recording_is_made_and_copied_once() {
    let theatre = Theatre::new(&["ada-key"], Duration::from_secs(25));
    let (videos, sounds) = (theatre.having(Some("video")), theatre.having(Some("audio")));
    let report = theatre.scene.run("1").await;
    let (import, planned) = (&report.imports[0], report.plan.imports[0].requests);
    assert_eq!(import.phase, Phase::Completed, "{:?}", import.reason);
    for copy in theatre.recorded() {
        match copy.state.as_str() {
            "stored" => copy.must_be_whole(BYTES),
            state => assert_eq!((state, &*copy.media_state), ("unavailable", "unavailable")),
        }
    }
    let states = ["stored", "unavailable"].map(|state| theatre.in_state(state));
    assert_eq!(states, [videos + sounds, theatre.having(None)]);

    let log = theatre.fathom.log();
    assert_eq!(theatre.asked(), [60, 2 * videos]);
    assert_eq!(
        [TEAMS, MEETINGS].map(|endpoint| log.count(endpoint)),
        [1, 6]
    );
    assert_eq!(log.len(), 67 + 2 * videos);
    assert_eq!(planned as usize, 1 + 6 + 3 * 60, "if all were videos");
    assert_eq!(log.count_status(429), 0);
    let host = theatre.host.log().entries();
    assert_eq!(host.len(), videos + sounds, "each is fetched once");
    assert!(host.iter().all(|entry| !entry.authorization));

    let before = record::contents(&theatre.scene.database());
    theatre.run("2").await;
    assert_eq!(record::contents(&theatre.scene.database()), before);
    assert_eq!(theatre.fathom.log().len(), 67 + 2 * videos);
}

/// While one recording is made the others are asked for: the night is bound by the limit alone.
#[tokio::test]
async fn recordings_are_made_side_by_side() {
    let theatre = Theatre::new(&["ada-key"], Duration::from_secs(60));
    let import = theatre.run("1").await;
    assert_eq!(import.phase, Phase::Completed, "{:?}", import.reason);
    let asked: Vec<Entry> = theatre.fathom.log().entries();
    let asked: Vec<Entry> = asked
        .into_iter()
        .filter(|entry| entry.endpoint == DOWNLOAD)
        .collect();
    let took = asked[asked.len() - 1].at.duration_since(asked[0].at);
    // Four requests for each at 30 a minute, instead of 70 seconds for each.
    assert!(took.as_mins() < 10, "60 requests took {took}");
    assert_eq!(theatre.in_state("stored"), 57);
}

/// What takes longer than a quarter of an hour is left for the nights that follow, and given up with them.
#[tokio::test]
async fn what_is_not_ready_is_asked_for_in_later_nights() {
    let theatre = Theatre::new(&["ada-key"], Duration::from_secs(30 * 3600));
    let videos = theatre.having(Some("video"));
    let import = theatre.run("1").await;
    assert_eq!(import.phase, Phase::Completed, "{:?}", import.reason);
    assert_eq!(theatre.in_state("pending"), videos);
    // At 10, 30, 70, 130, ... 850 seconds.
    assert_eq!(theatre.asked(), [60, 16 * videos]);

    theatre.scene.clock.set("2026-12-02T01:17:00Z");
    theatre.run("2").await;
    assert_eq!(theatre.in_state("pending"), videos, "a day is too short");
    assert_eq!(theatre.asked(), [60 + videos, 32 * videos]);

    theatre.scene.clock.set("2026-12-03T01:17:00Z");
    let import = theatre.run("3").await;
    assert_eq!(theatre.in_state("pending"), 0);
    let recorded = theatre.recorded();
    let copies = recorded.iter().filter(|copy| copy.state != "unavailable");
    copies.for_each(|copy| copy.must_be_whole(BYTES));
    assert_eq!(theatre.asked(), [60 + 2 * videos, 32 * videos]);
    assert_eq!(import.phase, Phase::Completed);

    theatre.scene.clock.set("2026-12-04T01:17:00Z");
    let asked = theatre.asked();
    theatre.run("4").await;
    assert_eq!(theatre.asked(), asked, "nothing is left to ask");
}

#[tokio::test]
async fn what_never_is_ready_is_given_up_in_the_end() {
    let theatre = Theatre::new(&["ada-key"], Duration::from_secs(90 * 24 * 3600));
    // Transcripts keep no night open here.
    let request = theatre.scene.requests().join("northwind.yaml");
    let text = std::fs::read_to_string(request).expect("the request");
    let text = text.replace("[transcript, media]", "[media]");
    theatre.scene.write("northwind.yaml", &text);
    let videos = theatre.having(Some("video"));
    let import = theatre.run("1").await;
    assert_eq!(import.phase, Phase::Completed, "{:?}", import.reason);
    assert_eq!(
        (
            import.media.stored,
            import.media.pending,
            import.transcripts_pending
        ),
        (theatre.having(Some("audio")) as i64, videos as i64, 0)
    );
    assert_eq!(
        import.reason.as_deref(),
        Some(&*format!(
            "All calls are imported. {videos} of them have no recording yet; we look for them until Tue 15 Dec 2026. \
             {} recordings are here; {} calls have none.",
            import.media.stored,
            theatre.having(None)
        ))
    );
    theatre.scene.clock.set("2026-12-15T01:17:00Z");
    let import = theatre.run("15").await;
    assert_eq!(theatre.asked()[0], 60 + videos);
    assert_eq!(import.media.pending, videos as i64);

    theatre.scene.clock.set("2026-12-16T01:17:00Z");
    let sent = theatre.fathom.log().len();
    let import = theatre.run("16").await;
    assert_eq!(theatre.fathom.log().len(), sent, "two weeks are over");
    assert_eq!(
        import.reason.as_deref(),
        Some(&*format!(
            "All calls are imported. {} recordings are here; {} calls have none.",
            import.media.stored,
            videos + theatre.having(None)
        ))
    );
    assert_eq!((import.media.pending, theatre.in_state("pending")), (0, 0));
    assert_eq!(
        theatre.in_state("unavailable"),
        videos + theatre.having(None)
    );
    let before = record::contents(&theatre.scene.database());
    theatre.scene.clock.set("2026-12-17T01:17:00Z");
    theatre.run("17").await;
    assert_eq!(record::contents(&theatre.scene.database()), before);
}

#[tokio::test]
async fn what_cannot_be_made_is_told() {
    let theatre = Theatre::new(&["ada-key"], Duration::from_secs(25));
    let failed = Rule::new(Fault::Rewrite(Arc::new(|answer| {
        answer["status"] = json!("failed");
        answer["failure_reason"] = json!("generation_failed");
    })));
    let failed = failed.when(|entry| entry.endpoint == DOWNLOAD_STATE).once();
    theatre.fathom.faults().add(failed);
    let import = theatre.run("1").await;
    assert_eq!(import.phase, Phase::CompletedWithFailures);
    assert_eq!(
        (
            import.calls_imported,
            import.calls_failed,
            import.media.failed
        ),
        (60, 0, 1)
    );
    assert_eq!(
        import.reason.as_deref(),
        Some(&*format!(
            "All calls are imported. {} of them have no transcript yet; we look for them until Tue 15 Dec 2026. \
             One recording could not be copied. {} recordings are here; {} calls have none.",
            import.transcripts_pending,
            import.media.stored,
            theatre.having(None)
        ))
    );
    assert_eq!(theatre.in_state("failed"), 1);
    let failures = "SELECT concat_ws('|', stage, class, detail) FROM call_failures";
    assert_eq!(
        record::query(&theatre.scene.database(), failures),
        ["media|unavailable|Fathom could not make it ready: generation_failed"]
    );
}

/// A night that ends while recordings are made goes on the next night.
#[tokio::test]
async fn the_end_of_the_night_waits_for_no_recording() {
    let mut theatre = Theatre::new(&["ada-key"], Duration::from_secs(300));
    theatre.scene.deadline = jiff::SignedDuration::from_mins(3);
    let import = theatre.run("1").await;
    assert_eq!(import.phase, Phase::Importing, "{:?}", import.reason);
    theatre.scene.deadline = jiff::SignedDuration::from_hours(5);
    theatre.scene.clock.set("2026-12-02T01:17:00Z");
    let import = theatre.run("2").await;
    assert_eq!(import.phase, Phase::Completed, "{:?}", import.reason);
    assert_eq!(theatre.in_state("stored"), 57);
}

#[tokio::test]
async fn failures_stop_no_recording() {
    let theatre = Theatre::new(&["ada-key"], Duration::from_secs(25));
    for endpoint in [DOWNLOAD, DOWNLOAD_STATE] {
        for (skipped, fault) in [
            (3, Fault::status(503)),
            (9, Fault::throttled(7)),
            (20, Fault::Cut { after: 10 }),
        ] {
            let rule = Rule::new(fault).when(move |entry| entry.endpoint == endpoint);
            theatre.fathom.faults().add(rule.skip(skipped).once());
        }
    }
    let import = theatre.run("1").await;
    assert_eq!(import.phase, Phase::Completed, "{:?}", import.reason);
    assert_eq!(theatre.in_state("stored"), 57);
    assert_eq!(theatre.fathom.log().too_early(), [0; 0]);
}

/// A key that does not see a recording is followed by the next one, and the one that asked asks on.
#[tokio::test]
async fn each_recording_is_asked_for_with_a_key_that_sees_it() {
    let keys = ["ada-key", "bo-key", "cy-key"];
    let theatre = Theatre::new(&keys, Duration::from_secs(25));
    let import = theatre.run("1").await;
    assert_eq!(import.phase, Phase::Completed, "{:?}", import.reason);
    assert_eq!(theatre.in_state("stored"), 57);
    let first = |call: &Call| (0..3).find(|key| theatre.fathom.fathom().shows(*key, call));
    let expected: usize = theatre
        .fathom
        .account()
        .calls()
        .map(|call| first(&call).expect("its recorder sees it") + 1)
        .sum();
    let videos = theatre.having(Some("video"));
    assert_eq!(theatre.asked(), [expected, 2 * videos]);
    let log = theatre.fathom.log().entries();
    let asked_on = log.iter().filter(|entry| entry.endpoint == DOWNLOAD_STATE);
    let statuses: Vec<_> = asked_on.map(|entry| entry.status).collect();
    assert!(
        statuses.iter().all(|status| *status == Some(200)),
        "{statuses:?}"
    );
}

fn connector_of_fathom() -> &'static dyn Connector {
    connector("fathom").expect("it is in the catalog")
}

fn of_keys(keys: usize) -> Setup {
    Setup { keys, ..setup() }
}

fn work() -> Work {
    Work::Media(vec![CallRef {
        external_id: "700100200".into(),
        raw: None,
    }])
}

fn begun(setup: &Setup) -> (HttpExchange, Progress) {
    match connector_of_fathom().begin(&work(), setup) {
        Step::Send(Exchange::Http(exchange), progress) => (exchange, progress),
        other => panic!("{other:?}"),
    }
}

fn answered(
    setup: &Setup,
    progress: &Progress,
    status: u16,
    body: &str,
) -> Result<Step, Rejection> {
    let reply = Reply::Http(HttpReply {
        status,
        retry_after: None,
        allowance: None,
        content_type: "application/json".into(),
        location: None,
        body: body.as_bytes().to_vec().into(),
    });
    connector_of_fathom().next(&work(), setup, progress, &reply)
}

fn page(step: Result<Step, Rejection>) -> Page {
    match step {
        Ok(Step::Page(page)) => page,
        other => panic!("{other:?}"),
    }
}

const PROCESSING: &str =
    r#"{"download_id": "dl/1", "recording_id": 700100200, "status": "processing", "new": null}"#;

#[test]
fn the_making_is_asked_about_at_growing_times_for_a_quarter_of_an_hour() {
    let setup = of_keys(1);
    let (exchange, mut progress) = begun(&setup);
    assert_eq!(
        (exchange.verb, &*exchange.path, exchange.class),
        (
            Verb::Post,
            "/external/v1/recordings/700100200/download",
            RequestClass::Heavy
        )
    );
    assert_eq!(exchange.body, None);
    let mut waits = Vec::new();
    loop {
        let stored = serde_json::from_str(&progress.to_string()).expect("JSON");
        let status = if waits.is_empty() { 202 } else { 200 };
        match answered(&setup, &stored, status, PROCESSING) {
            Ok(Step::Later(Exchange::Http(exchange), next, wait)) => {
                assert_eq!(
                    (exchange.verb, &*exchange.path, exchange.class),
                    (
                        Verb::Get,
                        "/external/v1/recordings/700100200/downloads/dl%2F1",
                        RequestClass::Light
                    )
                );
                waits.push(wait.as_secs());
                progress = next;
            }
            other => break assert_eq!(page(other), Page::default(), "not ready"),
        }
    }
    assert_eq!(waits[..5], [10, 20, 40, 60, 60]);
    let all: u64 = waits.iter().sum();
    assert!((840..=900).contains(&all), "{all} seconds");
}

#[test]
fn what_fathom_answers_about_files_is_read_and_never_shown() {
    let setup = of_keys(1);
    let (_, first) = begun(&setup);
    let Ok(Step::Later(_, later, _)) = answered(&setup, &first, 202, PROCESSING) else {
        panic!("it is asked about again")
    };
    let made = |kind: &str| {
        json!({"download_id": "dl_1", "recording_id": 700_100_200, "status": "completed", kind: {
            "url": "https://media.example/d/1?sig=SECRET", "content_type": "video/mp4",
            "file_size_bytes": 154_000_000, "expires_at": "2026-12-02T01:17:00Z"}})
        .to_string()
    };
    for (progress, status, kind) in [(&first, 202, "audio"), (&later, 200, "video")] {
        let page = page(answered(&setup, progress, status, &made(kind)));
        assert!(!format!("{page:?}").contains("SECRET"), "{page:?}");
        let [file] = page.media.as_slice() else {
            panic!("{page:?}")
        };
        assert_eq!(file.link.expose(), "https://media.example/d/1?sig=SECRET");
        assert_eq!(file.bytes, Some(154_000_000));
    }
    for status in [403, 404, 422] {
        let never = page(answered(&setup, &first, status, "no"));
        assert_eq!(never.without_media, ["700100200"], "{status}");
        let gone = page(answered(&setup, &later, status, "no"));
        assert_eq!(gone, Page::default(), "{status}: another night asks again");
    }
    for (answer, failed) in [
        (r#""failed", "failure_reason": "generation_failed""#, true),
        (r#""failed", "failure_reason": null"#, true),
        (r#""completed", "video": {"url": ""}"#, true),
        (r#""failed", "failure_reason": "generation_timeout""#, false),
        (r#""expired""#, false),
    ] {
        let body = format!(r#"{{"download_id": 7, "status": {answer}}}"#);
        let page = page(answered(&setup, &later, 200, &body));
        let failures: Vec<_> = page.failures.iter().map(|failure| failure.stage).collect();
        assert_eq!(failures == ["media"], failed, "{answer}: {page:?}");
        assert!(page.media.is_empty() && page.without_media.is_empty());
    }
    for progress in [&first, &later] {
        for body in ["", "oops", "[]", "{}", "null", &PROCESSING[..40]] {
            let broken = answered(&setup, progress, 200, body);
            assert!(
                matches!(broken, Err(Rejection::Broken { .. })),
                "{broken:?}"
            );
        }
        let refused = answered(&setup, progress, 401, "");
        assert!(matches!(refused, Err(Rejection::Credentials { .. })));
        let throttled = answered(&setup, progress, 429, "");
        assert!(matches!(throttled, Err(Rejection::Throttled { .. })));
        let down = answered(&setup, progress, 503, "");
        assert!(matches!(down, Err(Rejection::Unavailable { .. })));
    }
    let consent = Setup {
        method: Method::Oauth,
        ..setup
    };
    assert_eq!(begun(&consent).0.path, begun(&of_keys(2)).0.path);
}
