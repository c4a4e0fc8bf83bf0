//! Fathom's recordings are made when they are asked for: many at once, each asked about now and then, and what
//! is not ready is asked for in later nights.

use std::{sync::Arc, time::Duration};

use call_import_engine::{
    model::{ImportRecord, Method, Phase},
    platforms::{
        CallRef, Exchange, HttpExchange, Page, Progress, Rejection, RequestClass, Setup, Step, Verb,
    },
};
use serde_json::json;
use simulator::{
    Config,
    company::Call,
    fathom::{self, DOWNLOAD, DOWNLOAD_STATE, MEETINGS, TEAMS, TRANSCRIPT, recording},
    faults::{Fault, Rule},
    log::Entry,
    oauth::{self, TOKEN},
};

use super::{
    answer,
    nights::{Night, Wish},
    page, setup,
};
use crate::record;

const MAKING: Duration = Duration::from_secs(25);

/// Fathom with 60 calls in October, its host of recordings, and a request that wants them.
struct Theatre {
    night: Night,
}

impl Theatre {
    fn new(keys: &[&str], making: Duration) -> Self {
        let wish = Wish {
            credential: json!({"api_keys": keys}),
            ..Wish::new(&fathom::DEMO, 60)
        };
        let keys = keys.iter().map(|key| (*key).to_owned()).collect();
        Self::of(wish, keys, making, Config::fathom)
    }

    /// As an app sees it, with a token that lasts all night.
    fn consented(making: Duration) -> Self {
        let wish = Wish::new(&fathom::CONSENTED, 60);
        let app = oauth::Config {
            life: Duration::from_secs(24 * 3600),
            ..fathom::app()
        };
        let keys = vec!["ada-key".to_owned()];
        Self::of(wish, keys, making, |config| {
            Config::fathom(config).with_oauth(app)
        })
    }

    fn of(
        wish: Wish,
        keys: Vec<String>,
        making: Duration,
        config: impl FnOnce(fathom::Config) -> Config,
    ) -> Self {
        let wish = Wish {
            period: ["2026-10-01", "2026-10-31"],
            ..wish
        };
        let night = Night::of(&wish, |population, links| {
            let mut own = fathom::Config {
                keys,
                making,
                ..fathom::Config::new(population)
            };
            own.links.host = links.host;
            config(own)
        });
        Self {
            night: Night {
                kind: |call| recording(call).expect("it has one"),
                ..night
            },
        }
    }

    /// Tonight, or on the night to which the clock was set.
    async fn run(&self, run_id: &str) -> ImportRecord {
        self.night.scene.run(run_id).await.imports.remove(0)
    }

    /// Each recording has a whole copy.
    fn must_have_copied_all(&self) {
        let calls = self.night.calls(|call| recording(call).is_some());
        self.night.must_have_copied(&calls);
    }

    /// How many recordings are in a state.
    fn in_state(&self, state: &str) -> usize {
        self.night.in_state(state).len()
    }

    /// How many calls have the recording, or have none.
    fn having(&self, kind: Option<&str>) -> usize {
        self.night.calls(|call| recording(call) == kind).len()
    }

    fn asked(&self) -> [usize; 2] {
        let log = self.night.platform.log();
        [DOWNLOAD, DOWNLOAD_STATE].map(|endpoint| log.count(endpoint))
    }
}

/// fathom.md section 9: a request for each recording, and two questions whether it is made.
#[tokio::test]
async fn every_recording_is_made_and_copied_once() {
    let theatre = Theatre::new(&["ada-key"], MAKING);
    let (videos, sounds) = (theatre.having(Some("video")), theatre.having(Some("audio")));
    let report = theatre.night.scene.run("1").await;
    let (import, planned) = (&report.imports[0], report.plan.imports[0].requests);
    assert_eq!(import.phase, Phase::Completed, "{:?}", import.reason);
    theatre.must_have_copied_all();
    let states = ["stored", "unavailable"].map(|state| theatre.in_state(state));
    assert_eq!(states, [videos + sounds, theatre.having(None)]);

    let log = theatre.night.platform.log();
    assert_eq!(theatre.asked(), [60, 2 * videos]);
    assert_eq!(
        [TEAMS, MEETINGS].map(|endpoint| log.count(endpoint)),
        [1, 6]
    );
    assert_eq!(log.len(), 67 + 2 * videos);
    assert_eq!(planned as usize, 1 + 6 + 3 * 60, "if all were videos");
    assert_eq!(log.count_status(429), 0);
    theatre.night.must_be_over("2026-12-01T05:17:00Z").await;
}

/// By consent a transcript is a request of its own, and a recording costs as many.
#[tokio::test]
async fn every_recording_is_made_for_an_app() {
    let theatre = Theatre::consented(MAKING);
    let import = theatre.run("1").await;
    assert_eq!(import.phase, Phase::Completed, "{:?}", import.reason);
    theatre.must_have_copied_all();
    let videos = theatre.having(Some("video"));
    assert_eq!(theatre.asked(), [60, 2 * videos]);
    let log = theatre.night.platform.log();
    assert_eq!(
        [TOKEN, TEAMS, MEETINGS, TRANSCRIPT].map(|endpoint| log.count(endpoint)),
        [1, 1, 6, 60]
    );
    assert_eq!(log.len(), 128 + 2 * videos, "and nothing else");
    assert_eq!(log.count_status(429), 0);
    theatre.night.must_be_over("2026-12-01T05:17:00Z").await;
}

/// While one recording is made the others are asked for: the night is bound by the limit alone.
#[tokio::test]
async fn recordings_are_made_side_by_side() {
    let theatre = Theatre::new(&["ada-key"], Duration::from_secs(60));
    let import = theatre.run("1").await;
    assert_eq!(import.phase, Phase::Completed, "{:?}", import.reason);
    let asked: Vec<Entry> = theatre.night.platform.log().entries();
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

    theatre.night.scene.clock.set("2026-12-02T01:17:00Z");
    theatre.run("2").await;
    assert_eq!(theatre.in_state("pending"), videos, "a day is too short");
    assert_eq!(theatre.asked(), [60 + videos, 32 * videos]);

    theatre.night.scene.clock.set("2026-12-03T01:17:00Z");
    let import = theatre.run("3").await;
    assert_eq!(theatre.in_state("pending"), 0);
    theatre.must_have_copied_all();
    assert_eq!(theatre.asked(), [60 + 2 * videos, 32 * videos]);
    assert_eq!(import.phase, Phase::Completed);

    theatre.night.scene.clock.set("2026-12-04T01:17:00Z");
    let asked = theatre.asked();
    theatre.run("4").await;
    assert_eq!(theatre.asked(), asked, "nothing is left to ask");
}

#[tokio::test]
async fn what_never_is_ready_is_given_up_in_the_end() {
    let theatre = Theatre::new(&["ada-key"], Duration::from_secs(90 * 24 * 3600));
    // Transcripts keep no night open here.
    let request = theatre.night.scene.requests().join("northwind.yaml");
    let text = std::fs::read_to_string(request).expect("the request");
    let text = text.replace("[transcript, media]", "[media]");
    theatre.night.scene.write("northwind.yaml", &text);
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
    theatre.night.scene.clock.set("2026-12-15T01:17:00Z");
    let import = theatre.run("15").await;
    assert_eq!(theatre.asked()[0], 60 + videos);
    assert_eq!(import.media.pending, videos as i64);

    theatre.night.scene.clock.set("2026-12-16T01:17:00Z");
    let sent = theatre.night.platform.log().len();
    let import = theatre.run("16").await;
    assert_eq!(
        theatre.night.platform.log().len(),
        sent,
        "two weeks are over"
    );
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
    let before = record::contents(&theatre.night.scene.database());
    theatre.night.scene.clock.set("2026-12-17T01:17:00Z");
    theatre.run("17").await;
    assert_eq!(record::contents(&theatre.night.scene.database()), before);
}

#[tokio::test]
async fn what_cannot_be_made_is_told() {
    let theatre = Theatre::new(&["ada-key"], MAKING);
    let failed = Rule::new(Fault::Rewrite(Arc::new(|answer| {
        answer["status"] = json!("failed");
        answer["failure_reason"] = json!("generation_failed");
    })));
    let failed = failed.when(|entry| entry.endpoint == DOWNLOAD_STATE).once();
    theatre.night.platform.faults().add(failed);
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
        record::query(&theatre.night.scene.database(), failures),
        ["media|unavailable|Fathom could not make it ready: generation_failed"]
    );
}

/// A night that ends while recordings are made goes on the next night.
#[tokio::test]
async fn the_end_of_the_night_waits_for_no_recording() {
    let mut theatre = Theatre::new(&["ada-key"], Duration::from_secs(300));
    theatre.night.scene.deadline = jiff::SignedDuration::from_mins(3);
    let import = theatre.run("1").await;
    assert_eq!(import.phase, Phase::Importing, "{:?}", import.reason);
    theatre.night.scene.deadline = jiff::SignedDuration::from_hours(5);
    theatre.night.scene.clock.set("2026-12-02T01:17:00Z");
    let import = theatre.run("2").await;
    assert_eq!(import.phase, Phase::Completed, "{:?}", import.reason);
    assert_eq!(theatre.in_state("stored"), 57);
}

#[tokio::test]
async fn failures_stop_no_recording() {
    let theatre = Theatre::new(&["ada-key"], MAKING);
    for endpoint in [DOWNLOAD, DOWNLOAD_STATE] {
        for (skipped, fault) in [
            (3, Fault::status(503)),
            (9, Fault::throttled(7)),
            (20, Fault::Cut { after: 10 }),
        ] {
            let rule = Rule::new(fault).when(move |entry| entry.endpoint == endpoint);
            theatre
                .night
                .platform
                .faults()
                .add(rule.skip(skipped).once());
        }
    }
    let import = theatre.run("1").await;
    assert_eq!(import.phase, Phase::Completed, "{:?}", import.reason);
    assert_eq!(theatre.in_state("stored"), 57);
    assert_eq!(theatre.night.platform.log().too_early(), [0; 0]);
}

/// A key that does not see a recording is followed by the next one, and the one that asked asks on.
#[tokio::test]
async fn each_recording_is_asked_for_with_a_key_that_sees_it() {
    let keys = ["ada-key", "bo-key", "cy-key"];
    let theatre = Theatre::new(&keys, MAKING);
    let import = theatre.run("1").await;
    assert_eq!(import.phase, Phase::Completed, "{:?}", import.reason);
    assert_eq!(theatre.in_state("stored"), 57);
    let first = |call: &Call| (0..3).find(|key| theatre.night.platform.fathom().shows(*key, call));
    let expected: usize = theatre
        .night
        .platform
        .account()
        .calls()
        .map(|call| first(&call).expect("its recorder sees it") + 1)
        .sum();
    let videos = theatre.having(Some("video"));
    assert_eq!(theatre.asked(), [expected, 2 * videos]);
    let log = theatre.night.platform.log().entries();
    let asked_on = log.iter().filter(|entry| entry.endpoint == DOWNLOAD_STATE);
    let statuses: Vec<_> = asked_on.map(|entry| entry.status).collect();
    assert!(
        statuses.iter().all(|status| *status == Some(200)),
        "{statuses:?}"
    );
}

fn of_keys(keys: usize) -> Setup {
    Setup { keys, ..setup() }
}

fn calls() -> [CallRef; 1] {
    [CallRef {
        external_id: "700100200".into(),
        raw: None,
    }]
}

fn begun(setup: &Setup) -> (HttpExchange, Progress) {
    super::begun("fathom", &calls(), setup)
}

fn answered(
    setup: &Setup,
    progress: &Progress,
    status: u16,
    body: &str,
) -> Result<Step, Rejection> {
    let reply = answer(status, body.as_bytes());
    super::answered("fathom", &calls(), setup, progress, reply)
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
        assert_eq!(file.address(), "https://media.example/d/1?sig=SECRET");
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
