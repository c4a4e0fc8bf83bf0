//! The same events on Slack: once, whatever Slack does meanwhile, and no import fails by it.

use std::sync::Arc;

use simulator::{
    Config, Running, Simulator,
    faults::{Fault, Rule},
    github::{self, PullRequest},
    slack,
};

use crate::{
    reconcile::{gong, population},
    record,
    support::{self, Scene},
};

/// One request, merged as #12, whose import takes one night, told on GitHub and on Slack.
fn northwind(customer: &str) -> (Scene, Running, Vec<Running>) {
    let mut scene = Scene::new("2026-12-01T01:17:00Z");
    let calls = gong(&mut scene, population(120, "2026-09-01", "2026-10-31"));
    let github = on_clock(&scene, Config::github(github::Config::default()));
    scene.github_url = Some(github.url.clone());
    github.github().merge(PullRequest::new(
        12,
        "jane-doe",
        ["requests/northwind.yaml"],
    ));
    let running = on_clock(&scene, Config::slack());
    scene.slack_url = Some(webhook(&running));
    scene.request(
        "northwind",
        customer,
        "account: northwind\nperiod: {from: 2026-09-01, to: 2026-10-31}\n",
    );
    (scene, running, vec![calls, github])
}

fn on_clock(scene: &Scene, config: Config) -> Running {
    Simulator::start(Config {
        clock: Arc::new(scene.clock.clone()),
        ..config
    })
    .expect("the simulator starts")
}

fn webhook(running: &Running) -> String {
    format!("{}{}", running.url, slack::PATH)
}

fn told(scene: &Scene) -> Vec<String> {
    let told = "SELECT kind || ' ' || remote_id FROM notifications WHERE channel = 'slack'";
    record::query(&scene.database(), told)
}

#[tokio::test]
async fn an_event_is_told_once_and_links_to_its_pull_request() {
    let (scene, running, _others) = northwind("Northwind");
    scene.run("first").await;
    let messages = running.slack().messages();
    assert_eq!(messages.len(), 1, "{messages:#?}");
    insta::assert_snapshot!(messages[0]);
    assert_eq!(told(&scene), ["completed ok"]);

    scene.clock.set("2026-12-02T01:17:00Z");
    scene.run("second").await;
    assert_eq!(running.slack().log().len(), 1, "nothing is new");
}

#[tokio::test]
async fn nothing_from_outside_mentions_or_links_there() {
    let hostile = r#""Evil <!channel> & <https://x.example|`free`> @here""#;
    let (mut scene, running, _others) = northwind(hostile);
    let secret = r#"{"access_key": "demo", "access_key_secret": "demo-secret"}"#;
    scene
        .secrets
        .insert("IMPORT_NORTHWIND_GONG".into(), secret.into());
    let lines = format!(
        "customer: {hostile}\nplatform: gong\nestimated_calls: 120\nurgency: deal\n\
         requested_completion: 2030-12-31\naccount: northwind\n\
         credentials: {{secret: IMPORT_NORTHWIND_GONG}}\nperiod: {{from: 2026-09-01, to: 2026-10-31}}\n"
    );
    scene.write("northwind.yaml", &lines);
    scene.run("first").await;
    let messages = running.slack().messages();
    assert_eq!(messages.len(), 1);
    let foreign = "`Evil &lt;!channel&gt; &amp; &lt;https://x.example|'free'&gt; @here`";
    let foreign = foreign.replace('|', "¦");
    assert!(messages[0].contains(&foreign), "{}", messages[0]);
    let links = messages[0].matches('<').count();
    assert_eq!(links, 1, "only our own link: {}", messages[0]);
}

#[tokio::test]
async fn a_limit_is_waited_for() {
    let (scene, running, _others) = northwind("Northwind");
    let slack = running.slack();
    slack.faults().add(Rule::new(Fault::throttled(30)).times(2));
    scene.run("first").await;
    assert_eq!(slack.messages().len(), 1);
    assert_eq!(slack.log().too_early(), [] as [usize; 0]);
    assert_eq!(told(&scene), ["completed ok"]);
}

#[tokio::test]
async fn a_message_whose_answer_is_lost_is_not_sent_again() {
    let (scene, running, _others) = northwind("Northwind");
    running.slack().faults().add(Rule::new(Fault::Lost).once());
    scene.run("first").await;
    scene.run("second").await;
    assert_eq!(running.slack().messages().len(), 1);
    assert_eq!(told(&scene), ["completed unanswered"]);
}

#[tokio::test]
async fn what_slack_does_not_take_tonight_is_told_by_the_next_run() {
    for what in ["down", "gone", "unreachable"] {
        let (mut scene, running, _others) = northwind("Northwind");
        let slack = running.slack();
        let down = Rule::new(Fault::status(503));
        let rule = (what == "down").then(|| slack.faults().add(down));
        match what {
            "gone" => scene.slack_url = Some(format!("{}/services/T0/B0/deleted", running.url)),
            "unreachable" => scene.slack_url = Some("http://127.0.0.1:9/services/T0".into()),
            _ => {}
        }
        let report = scene.run("first").await;
        assert_eq!(report.imports[0].phase.as_str(), "completed", "{what}");
        assert!(slack.messages().is_empty(), "{what}");
        assert_eq!(told(&scene), [] as [String; 0], "{what}");
        if let Some(rule) = rule {
            rule.release();
        }
        scene.slack_url = Some(webhook(&running));
        scene.clock.set("2026-12-02T01:17:00Z");
        scene.run("second").await;
        assert_eq!(slack.messages().len(), 1, "{what}");
    }
}

#[tokio::test]
async fn without_a_webhook_nothing_waits_and_old_news_stays_old() {
    let (mut scene, running, _others) = northwind("Northwind");
    scene.slack_url = None;
    scene.run("first").await;
    assert_eq!(told(&scene), [] as [String; 0]);
    scene.slack_url = Some(webhook(&running));
    scene.clock.set("2026-12-20T01:17:00Z");
    scene.run("later").await;
    assert!(running.slack().messages().is_empty());
}

#[test]
fn the_address_of_the_webhook_is_a_secret() {
    let mut scene = Scene::new("2026-12-01T01:17:00Z");
    scene.request("northwind", "Northwind", "suspended: true\n");
    std::fs::copy(
        support::root().join("matrix.yaml"),
        scene.folder.path().join("matrix.yaml"),
    )
    .expect("a copy");
    for address in [
        "http://127.0.0.1:9/services/T0/B0/canary-webhook",
        "canary-webhook",
    ] {
        // A credential that is not set is told at once, which makes something to tell.
        scene.request("northwind", "Northwind", "");
        let output = support::program(scene.folder.path())
            .args(["reconcile", "-vv"])
            .env("SLACK_WEBHOOK_URL", address)
            .output()
            .expect("the program runs");
        let (stdout, stderr) = support::text(&output);
        assert_eq!(output.status.code(), Some(1), "{stderr}");
        assert!(stderr.contains("Slack"), "{stderr}");
        let record = std::fs::read(scene.folder.path().join("call-import.duckdb"));
        let record = String::from_utf8_lossy(&record.expect("the record")).into_owned();
        for sink in [stdout, stderr, record] {
            assert!(!sink.contains("canary-webhook"), "{sink}");
        }
    }
}
