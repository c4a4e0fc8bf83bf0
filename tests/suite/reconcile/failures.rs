//! What a platform may do to us, and where the import stands then.

use std::{sync::Arc, time::Duration};

use call_import_engine::model::{ImportRecord, Phase, WhoseTurn};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use simulator::{
    Config, Running, Simulator,
    faults::{Fault, Poison, Rule},
    gong::{EXTENSIVE, TRANSCRIPT},
};

use super::{NIGHT, gong, population};
use crate::{
    record,
    support::{Scene, VirtualClock},
};

const PERIOD: &str = "period: {from: 2026-08-01, to: 2026-10-31}\n";

fn scene(calls: u32) -> (Scene, Running) {
    let mut scene = Scene::new(NIGHT);
    let running = gong(&mut scene, population(calls, "2026-08-01", "2026-10-31"));
    scene.request("northwind", "Northwind", PERIOD);
    (scene, running)
}

async fn night(scene: &Scene, run_id: &str) -> ImportRecord {
    scene.run(run_id).await.imports.remove(0)
}

/// Where an import stands, as CS is told.
fn standing(import: &ImportRecord) -> String {
    format!(
        "{} ({}): {}",
        import.phase,
        import.whose_turn,
        import.reason.as_deref().unwrap_or_default()
    )
}

fn failed_attempts(scene: &Scene) -> Vec<String> {
    let sql = "SELECT concat_ws(': ', failure_class, detail) FROM attempts WHERE failure_class IS NOT NULL ORDER BY started_at";
    record::query(&scene.database(), sql)
}

fn notifications(scene: &Scene) -> Vec<String> {
    record::query(
        &scene.database(),
        "SELECT kind FROM notifications ORDER BY created_at, kind",
    )
}

#[tokio::test]
async fn a_wrong_credential_costs_one_request() {
    let (mut scene, running) = scene(50);
    let wrong = r#"{"access_key": "demo", "access_key_secret": "canary-5f1d"}"#;
    scene
        .secrets
        .insert("IMPORT_NORTHWIND_GONG".into(), wrong.into());
    let import = night(&scene, "night-1").await;
    assert_eq!(
        (import.phase, import.whose_turn),
        (Phase::NeedsCredentials, WhoseTurn::Customer)
    );
    insta::assert_snapshot!(standing(&import));
    night(&scene, "night-2").await;
    assert_eq!(
        running.gong().log().len(),
        1,
        "nothing is tried until something changes"
    );
    assert_eq!(notifications(&scene), ["needs_credentials"]);
    let file = std::fs::read(scene.database()).expect("the record");
    assert!(
        !file.windows(11).any(|bytes| bytes == b"canary-5f1d"),
        "no secret in the record"
    );
}

#[tokio::test]
async fn a_missing_secret_costs_no_request() {
    let (mut scene, running) = scene(50);
    scene.secrets.clear();
    let import = night(&scene, "night-1").await;
    assert_eq!(
        (import.phase, import.whose_turn),
        (Phase::NeedsCredentials, WhoseTurn::Cs)
    );
    insta::assert_snapshot!(standing(&import));
    assert!(running.gong().log().is_empty());
}

#[tokio::test]
async fn a_platform_that_repeats_the_credential_does_not_leak_it() {
    let (mut scene, running) = scene(50);
    let credential = r#"{"access_key": "canary-key-71", "access_key_secret": "canary-secret-88"}"#;
    scene
        .secrets
        .insert("IMPORT_NORTHWIND_GONG".into(), credential.into());
    // The two parts as they stand in the Basic header.
    let header = "Y2FuYXJ5LWtleS03MTpjYW5hcnktc2VjcmV0LTg4";
    let message = format!("canary-secret-88 of canary-key-71 ({header}) is wrong\n::error::x");
    running.gong().faults().add(Rule::new(Fault::Status {
        status: 400,
        message,
        retry_after: None,
    }));
    let import = night(&scene, "night-1").await;
    insta::assert_snapshot!(standing(&import));
    let file = std::fs::read(scene.database()).unwrap();
    for secret in ["canary-secret-88", "canary-key-71", header] {
        let found = file
            .windows(secret.len())
            .any(|bytes| bytes == secret.as_bytes());
        assert!(!found, "{secret} is in the record");
    }
}

#[tokio::test]
async fn nobody_waits_for_years() {
    let (scene, running) = scene(50);
    running
        .gong()
        .faults()
        .add(Rule::new(Fault::throttled(99_999_999_999)).once());
    let import = night(&scene, "night-1").await;
    assert_eq!(
        import.next_attempt_at,
        Some("2026-12-02T01:17:00Z".parse().unwrap())
    );
}

#[tokio::test]
async fn an_empty_period_is_a_result_of_its_own() {
    let (scene, running) = scene(0);
    let import = night(&scene, "night-1").await;
    insta::assert_snapshot!(standing(&import));
    let sent = running.gong().log().len();
    assert_eq!(
        sent,
        1 + 2,
        "the workspaces, and two windows of at most 90 days"
    );
    night(&scene, "night-2").await;
    assert_eq!(running.gong().log().len(), sent);
}

#[tokio::test]
async fn a_short_throttle_is_waited_for_to_the_second() {
    let (scene, running) = scene(450);
    running.gong().faults().add(
        Rule::new(Fault::throttled(7))
            .on(EXTENSIVE)
            .skip(1)
            .times(2),
    );
    let import = night(&scene, "night-1").await;
    assert_eq!(
        (import.phase, import.calls_imported),
        (Phase::Completed, 450)
    );
    assert_eq!(running.gong().log().too_early(), Vec::<usize>::new());
}

/// The platform's clock is hours from ours, and it tells us to wait until a moment of its own.
#[tokio::test]
async fn a_clock_that_is_hours_off_sends_nothing_too_early_and_nothing_late() {
    for hours in [-3, 3] {
        let mut scene = Scene::new(NIGHT);
        let off = SignedDuration::from_hours(hours);
        let config = simulator::gong::Config::new(population(450, "2026-08-01", "2026-10-31"));
        let running = Simulator::start(Config {
            clock: Arc::new(OffBy(scene.clock.clone(), off)),
            ..Config::gong(config)
        });
        let running = running.expect("the simulator starts");
        scene
            .platform_urls
            .insert("gong".into(), running.url.clone());
        scene.request("northwind", "Northwind", PERIOD);
        let night_begins: Timestamp = NIGHT.parse().unwrap();
        let until = night_begins + off + SignedDuration::from_secs(30);
        let throttled = Fault::Status {
            status: 429,
            message: "API request limit exceeded".into(),
            retry_after: Some(until.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()),
        };
        let faults = running.gong().faults();
        faults.add(Rule::new(throttled).on(EXTENSIVE).skip(1).once());
        let import = night(&scene, "night-1").await;
        assert_eq!(import.phase, Phase::Completed, "{hours} hours");
        let entries = running.gong().log().entries();
        let told = entries.iter().find(|entry| entry.status == Some(429));
        let told = told.and_then(|entry| entry.answered_at).unwrap();
        let after = entries.iter().filter(|entry| entry.at > told);
        let first = after.map(|entry| entry.at).min().unwrap();
        let late = first.duration_since(until);
        let soon = SignedDuration::ZERO..SignedDuration::from_secs(5);
        assert!(soon.contains(&late), "{hours} hours: {late:?}");
    }
}

/// A clock that is off.
struct OffBy(VirtualClock, SignedDuration);

impl simulator::clock::Clock for OffBy {
    fn now(&self) -> Timestamp {
        simulator::clock::Clock::now(&self.0) + self.1
    }

    fn sleep(&self, duration: Duration) -> simulator::clock::Sleep {
        self.0.sleep(duration)
    }
}

#[tokio::test]
async fn a_spent_day_ends_the_attempt_and_is_respected_by_every_later_run() {
    let (scene, running) = scene(450);
    running.gong().faults().add(
        Rule::new(Fault::throttled(7_200))
            .on(EXTENSIVE)
            .skip(2)
            .once(),
    );
    let import = night(&scene, "night-1").await;
    assert_eq!(import.phase, Phase::Importing);
    insta::assert_snapshot!(standing(&import));
    let next = import.next_attempt_at.expect("a moment");
    let sent = running.gong().log().len();
    night(&scene, "too-early").await;
    assert_eq!(
        running.gong().log().len(),
        sent,
        "not one request before {next}"
    );
    scene.clock.set("2026-12-01T04:00:00Z");
    assert_eq!(night(&scene, "later").await.phase, Phase::Completed);
    assert_eq!(running.gong().log().too_early(), Vec::<usize>::new());
}

#[tokio::test]
async fn our_share_of_the_day_is_never_exceeded_across_runs() {
    let (mut scene, running) = scene(450);
    let gong = scene.matrix.platforms.get_mut("gong").expect("Gong's row");
    for limit in &mut gong.rate_limits {
        limit.requests = limit.requests.min(12);
    }
    let import = night(&scene, "night-1").await;
    assert_eq!(import.phase, Phase::Importing);
    assert_eq!(running.gong().log().len(), 6, "half of twelve");
    night(&scene, "same-night").await;
    assert_eq!(running.gong().log().len(), 6);
    let mut import = import;
    for day in 2..=4 {
        scene
            .clock
            .set(&format!("2026-12-{day:02}T{:02}:00:00Z", day * 2));
        let sent = running.gong().log().len();
        import = night(&scene, &format!("night-{day}")).await;
        assert!(running.gong().log().len() - sent <= 6, "night {day}");
    }
    assert_eq!(
        (import.phase, import.calls_imported),
        (Phase::Completed, 450)
    );
}

#[tokio::test]
async fn a_platform_that_is_down_is_asked_little_and_cs_is_told_once() {
    let (scene, running) = scene(120);
    let down = running.gong().faults().add(Rule::new(Fault::status(503)));
    let mut story = Vec::new();
    for (day, hour) in [(1, 1), (2, 1), (3, 1), (4, 1)] {
        scene
            .clock
            .set(&format!("2026-12-{day:02}T{hour:02}:17:00Z"));
        let sent = running.gong().log().len();
        let import = night(&scene, &format!("night-{day}")).await;
        story.push(format!(
            "{}: {} requests, {}",
            day,
            running.gong().log().len() - sent,
            standing(&import)
        ));
    }
    down.release();
    for day in [5, 6] {
        scene.clock.set(&format!("2026-12-{day:02}T01:17:00Z"));
        let sent = running.gong().log().len();
        let import = night(&scene, &format!("night-{day}")).await;
        story.push(format!(
            "{}: {} requests, {}",
            day,
            running.gong().log().len() - sent,
            standing(&import)
        ));
    }
    story.push(format!("told: {:?}", notifications(&scene)));
    insta::assert_snapshot!(story.join("\n"));
}

/// 24 hours are measured by when the trouble began, not by how many nights there were.
#[tokio::test]
async fn a_day_is_measured_over_nights_that_were_skipped() {
    let (scene, running) = scene(120);
    let down = running.gong().faults().add(Rule::new(Fault::status(503)));
    let begins = night(&scene, "night-1").await;
    assert_eq!(begins.phase, Phase::Retrying);
    let delays = || {
        let told = notifications(&scene).into_iter();
        told.filter(|kind| kind == "delayed").count()
    };
    assert_eq!(delays(), 0);
    // Nothing ran on the second and on the third night.
    scene.clock.set("2026-12-04T01:17:00Z");
    let fourth = night(&scene, "night-4").await;
    assert_eq!(fourth.phase, Phase::Delayed);
    assert_eq!(fourth.failing_since, begins.failing_since);
    assert_eq!(delays(), 1);
    for day in 5..=12 {
        scene.clock.set(&format!("2026-12-{day:02}T01:17:00Z"));
        assert_eq!(
            night(&scene, &format!("night-{day}")).await.phase,
            Phase::Delayed
        );
    }
    assert_eq!(delays(), 1, "once, however long it takes");
    down.release();
    scene.clock.set("2026-12-16T01:17:00Z");
    assert_eq!(night(&scene, "night-16").await.phase, Phase::Completed);
}

/// The credential is taken back in the middle: whoever has it stops at once, and everybody else goes on.
#[tokio::test]
async fn a_credential_that_is_revoked_in_the_middle_stops_its_import_and_no_other() {
    let mut scene = Scene::new(NIGHT);
    let mut config = simulator::gong::Config::new(population(600, "2026-08-01", "2026-10-31"));
    let mut other = config.companies[0].clone();
    other.access_key = "other".into();
    config.companies.push(other);
    let running = super::gong_with(&mut scene, config, Duration::ZERO);
    scene.request("northwind", "Northwind", PERIOD);
    let credential = r#"{"access_key": "other", "access_key_secret": "demo-secret"}"#;
    scene
        .secrets
        .insert("IMPORT_FABRIKAM_GONG".into(), credential.into());
    scene.request("fabrikam", "Fabrikam", PERIOD);
    let gong = running.gong().clone();
    let revoke = Fault::effect(move || gong.first_company().revoke());
    let faults = running.gong().faults();
    faults.add(Rule::new(revoke).of("demo").on(EXTENSIVE).skip(2).once());

    let report = scene.run("night-1").await;

    let phases: Vec<(&str, Phase)> = report
        .imports
        .iter()
        .map(|import| (import.request_id.as_str(), import.phase))
        .collect();
    let expected = [
        ("fabrikam", Phase::Completed),
        ("northwind", Phase::NeedsCredentials),
    ];
    assert_eq!(phases, expected);
    assert_eq!(
        running.gong().log().count_status(401),
        1,
        "it is not tried again"
    );
    let told = notifications(&scene);
    let asks = told.iter().filter(|kind| *kind == "needs_credentials");
    assert_eq!(asks.count(), 1, "{told:?}");
}

/// One call was recorded for days: what is said in it is more than is read of an answer.
#[tokio::test]
async fn a_transcript_that_is_too_large_fails_alone() {
    for (megabytes, fails) in [(1, false), (70, true)] {
        let (scene, running) = scene(6);
        let is_there = |call: &simulator::company::Call| {
            call.transcript == simulator::company::TranscriptFate::There
        };
        let mut spoken = running.gong().population().calls().filter(is_there);
        let id = spoken.nth(1).expect("a call with a transcript").id;
        let longer = {
            let id = id.clone();
            Fault::rewrite(move |answer| {
                let transcripts = answer["callTranscripts"].as_array_mut();
                let of_call = |transcript: &&mut Value| transcript["callId"] == id.as_str();
                let mut transcripts = transcripts.into_iter().flatten();
                if let Some(transcript) = transcripts.find(of_call) {
                    transcript["transcript"][0]["sentences"][0]["text"] =
                        "a".repeat(megabytes << 20).into();
                }
            })
        };
        let faults = running.gong().faults();
        faults.add(Rule::new(longer).on(TRANSCRIPT));
        let import = night(&scene, "night-1").await;
        let failed = record::query(
            &scene.database(),
            "SELECT concat_ws(' ', external_id, stage) FROM call_failures",
        );
        if fails {
            assert_eq!(import.phase, Phase::CompletedWithFailures);
            assert_eq!(failed, [format!("{id} transcript")]);
        } else {
            assert_eq!(import.phase, Phase::Completed);
            assert_eq!(failed, [""; 0]);
        }
        let sql = "SELECT count(*)::VARCHAR FROM transcripts";
        let transcripts: i64 = record::value(&scene.database(), sql).parse().unwrap();
        let expected = running.gong().population().calls();
        let expected = expected
            .filter(is_there)
            .filter(|call| !fails || call.id != id);
        assert_eq!(transcripts, expected.count() as i64);
        assert!(
            running.gong().log().count(TRANSCRIPT) <= 8,
            "halved a few times"
        );
    }
}

#[tokio::test]
async fn bad_answers_are_asked_again_and_nothing_is_lost() {
    for fault in [
        Fault::BrokenJson,
        Fault::LoginPage,
        Fault::Cut { after: 700 },
        Fault::WrongLength { extra: 10 },
        Fault::status(500),
        Fault::status(502),
        Fault::GzipBomb { decoded: 80 << 20 },
    ] {
        for endpoint in [EXTENSIVE, TRANSCRIPT] {
            let (scene, running) = scene(250);
            running
                .gong()
                .faults()
                .add(Rule::new(fault.clone()).on(endpoint).skip(1).once());
            let import = night(&scene, "night-1").await;
            assert_eq!(
                (import.phase, import.calls_imported),
                (Phase::Completed, 250),
                "{fault:?} {endpoint}"
            );
            assert_eq!(failed_attempts(&scene), Vec::<String>::new());
        }
    }
}

#[tokio::test]
async fn answers_that_stay_unreadable_end_the_night_not_the_import() {
    let (scene, running) = scene(250);
    let broken = running
        .gong()
        .faults()
        .add(Rule::new(Fault::LoginPage).on(EXTENSIVE));
    let import = night(&scene, "night-1").await;
    assert_eq!(import.phase, Phase::Retrying);
    insta::assert_snapshot!(format!(
        "{}\n{}",
        standing(&import),
        failed_attempts(&scene).join("\n")
    ));
    assert!(running.gong().log().len() <= 4, "three tries");
    broken.release();
    assert_eq!(night(&scene, "night-2").await.phase, Phase::Completed);
}

#[tokio::test]
async fn a_dead_cursor_costs_its_window_and_doubles_nothing() {
    let (scene, running) = scene(450);
    running
        .gong()
        .faults()
        .add(Rule::new(Fault::CursorExpired).on(EXTENSIVE).skip(2).once());
    let import = night(&scene, "night-1").await;
    assert_eq!(
        (import.phase, import.calls_listed, import.calls_imported),
        (Phase::Completed, 450, 450)
    );
    assert_eq!(
        record::value(&scene.database(), "SELECT count(*)::VARCHAR FROM calls"),
        "450"
    );
}

#[tokio::test]
async fn a_platform_that_ignores_the_cursor_is_not_believed() {
    let (scene, running) = scene(450);
    running
        .gong()
        .faults()
        .add(Rule::new(Fault::CursorIgnored).on(EXTENSIVE));
    let import = night(&scene, "night-1").await;
    assert_eq!(
        (import.phase, import.whose_turn),
        (Phase::NeedsAttention, WhoseTurn::Engineering)
    );
    insta::assert_snapshot!(standing(&import));
    assert!(
        running.gong().log().len() <= 5,
        "found within two pages a window"
    );
}

#[tokio::test]
async fn calls_that_appear_and_vanish_while_paging_are_neither_lost_nor_doubled() {
    let (scene, running) = scene(450);
    let gong = running.gong().clone();
    gong.first_company().hide([10, 200, 449]);
    let come_and_go = {
        let gong = gong.clone();
        Fault::effect(move || {
            gong.first_company().reveal([10, 200, 449]);
            gong.first_company().hide([11, 201]);
        })
    };
    gong.faults()
        .add(Rule::new(come_and_go).on(EXTENSIVE).skip(1).once());
    let import = night(&scene, "night-1").await;
    assert_eq!(import.phase, Phase::Completed);
    let recorded = record::value(&scene.database(), "SELECT count(*)::VARCHAR FROM calls");
    let distinct = record::value(
        &scene.database(),
        "SELECT count(DISTINCT external_id)::VARCHAR FROM calls",
    );
    assert_eq!(recorded, distinct);
    assert_eq!(recorded, import.calls_imported.to_string());
    assert!(import.calls_imported >= 447, "{}", import.calls_imported);
}

#[tokio::test]
async fn one_unreadable_record_is_listed_as_failed_and_the_others_are_imported() {
    let (scene, running) = scene(150);
    let poison = Fault::Poison {
        records: vec![3],
        how: Poison::NotAnObject,
    };
    running
        .gong()
        .faults()
        .add(Rule::new(poison).on(EXTENSIVE).once());
    let import = night(&scene, "night-1").await;
    assert_eq!(import.phase, Phase::CompletedWithFailures);
    assert_eq!(
        (
            import.calls_listed,
            import.calls_imported,
            import.calls_failed
        ),
        (150, 149, 1)
    );
    insta::assert_snapshot!(standing(&import));
    assert_eq!(
        record::value(&scene.database(), "SELECT stage FROM call_failures"),
        "list"
    );
}

#[tokio::test]
async fn a_page_of_rubbish_is_not_believed() {
    let (scene, running) = scene(150);
    let poison = Fault::Poison {
        records: (0..60).collect(),
        how: Poison::MissingId,
    };
    running.gong().faults().add(Rule::new(poison).on(EXTENSIVE));
    let import = night(&scene, "night-1").await;
    assert_eq!(
        (import.phase, import.whose_turn),
        (Phase::NeedsAttention, WhoseTurn::Engineering)
    );
    insta::assert_snapshot!(standing(&import));
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let (scene, running) = scene(50);
    let to = format!("{}/elsewhere", running.url);
    running
        .gong()
        .faults()
        .add(Rule::new(Fault::Redirect { to }));
    let import = night(&scene, "night-1").await;
    assert_eq!(import.phase, Phase::NeedsAttention);
    assert_eq!(
        running
            .gong()
            .log()
            .count_where(|entry| entry.path.contains("elsewhere")),
        0
    );
}

#[tokio::test]
async fn slow_answers_keep_the_limit_busy() {
    let mut scene = Scene::new(NIGHT);
    let running = gong(&mut scene, population(2_000, "2025-01-01", "2026-10-31"));
    scene.request(
        "northwind",
        "Northwind",
        "period: {from: 2025-01-01, to: 2026-10-31}\n",
    );
    running
        .gong()
        .faults()
        .add(Rule::new(Fault::Delay(Duration::from_secs(3))));
    let import = night(&scene, "night-1").await;
    assert_eq!(import.phase, Phase::Completed);
    let entries = running.gong().log().entries();
    let first = entries.first().map(|entry| entry.at).expect("requests");
    let last = entries.last().map(|entry| entry.at).expect("requests");
    let took = last.duration_since(first);
    let one_by_one = SignedDuration::from_secs(3 * i64::try_from(entries.len()).expect("a few"));
    assert!(
        took * 2 < one_by_one,
        "{took:?} for {} requests of three seconds each",
        entries.len()
    );
}
