//! Commands in comments on pull requests: done once for those who may, answered once, and acknowledged at
//! once by a workflow.

mod workflow;

use std::{panic::AssertUnwindSafe, sync::Arc};

use call_import_engine::reconcile::Event;
use futures_util::FutureExt;
use simulator::{
    Config, Running, Simulator,
    faults::{Fault, Rule},
    github::{self, Comment, GitHub, Place, PullRequest},
    gong::EXTENSIVE,
};

use crate::{
    reconcile::{gong, population},
    record,
    support::Scene,
};

const HERE: Place = Place::PullRequest(12);

/// One request, merged as #12, whose import has ended with one failed call in the first night. Jane may write.
async fn northwind() -> (Scene, Running, Running) {
    let mut scene = Scene::new("2026-12-01T01:17:00Z");
    let calls = gong(&mut scene, population(120, "2026-09-01", "2026-10-31"));
    calls
        .gong()
        .faults()
        .add(Rule::new(unreadable()).on(EXTENSIVE).once());
    let running = Simulator::start(Config {
        clock: Arc::new(scene.clock.clone()),
        ..Config::github(github::Config::default())
    })
    .expect("the simulator starts");
    scene.github_url = Some(running.url.clone());
    let github = running.github();
    github.permit("jane-doe", "write");
    scene.request(
        "northwind",
        "Northwind",
        "period: {from: 2026-09-01, to: 2026-10-31}\n",
    );
    github.merge(PullRequest::new(
        12,
        "jane-doe",
        ["requests/northwind.yaml"],
    ));
    let report = scene.run("first").await;
    assert_eq!(report.imports[0].phase.as_str(), "completed_with_failures");
    (scene, running, calls)
}

/// A call whose record cannot be read, but for its id.
fn unreadable() -> Fault {
    Fault::rewrite(|reply| reply["calls"][3]["metaData"]["duration"] = "long".into())
}

/// The next night.
async fn night(scene: &Scene, day: u8) {
    scene.clock.set(&format!("2026-12-{day:02}T01:17:00Z"));
    scene.run(&format!("night-{day}")).await;
}

fn phase(scene: &Scene) -> String {
    record::value(&scene.database(), "SELECT phase FROM imports")
}

/// Comments since one, by us.
fn since(github: &GitHub, id: u64) -> Vec<Comment> {
    let comments = github.comments(&HERE).into_iter();
    comments
        .filter(|comment| comment.id > id && comment.author == github::ACTIONS)
        .collect()
}

fn answers(github: &GitHub, id: u64) -> Vec<String> {
    let is_answer = |comment: &Comment| !comment.body.contains("\n- Whose turn: ");
    let comments = since(github, id).into_iter();
    comments
        .filter(is_answer)
        .map(|comment| comment.body)
        .collect()
}

fn reactions(github: &GitHub, id: u64) -> Vec<String> {
    let comments = github.comments(&HERE);
    let comment = comments.iter().find(|comment| comment.id == id);
    let reactions = comment.expect("it stands there").reactions.iter();
    reactions.map(|(_, content)| content.clone()).collect()
}

#[tokio::test]
async fn retry_tries_what_failed_once_and_says_so() {
    let (scene, running, _calls) = northwind().await;
    let github = running.github();
    let command = github.comment_as("jane-doe", &HERE, "/import retry\nThank you!");
    night(&scene, 2).await;
    assert_eq!(phase(&scene), "completed");
    let told: Vec<String> = since(github, command)
        .into_iter()
        .map(|comment| comment.body)
        .collect();
    assert_eq!(told.len(), 2, "an answer, and that it is done: {told:#?}");
    insta::assert_snapshot!("retried", answers(github, command)[0]);
    assert_eq!(reactions(github, command), ["rocket"]);

    night(&scene, 3).await;
    assert_eq!(since(github, command).len(), 2, "answered once");
    assert_eq!(reactions(github, command), ["rocket"]);
    assert!(github.violations().is_empty());
    assert_eq!(github.log().count(github::PERMISSION), 1);
}

#[tokio::test]
async fn only_people_who_may_write_command() {
    let (scene, running, _calls) = northwind().await;
    let github = running.github();
    github.permit("left-us", "write");
    let commands = [
        github.comment_as("mallory", &HERE, "/import retry"),
        github.comment_as("left-us", &HERE, "/import retry"),
        github.comment_as("helper[bot]", &HERE, "/import retry"),
    ];
    github.permit("left-us", "read");
    night(&scene, 2).await;
    assert_eq!(phase(&scene), "completed_with_failures");
    assert_eq!(github.log().count(github::PERMISSION), 2);
    for command in commands {
        assert_eq!(answers(github, command), [] as [String; 0]);
        assert_eq!(reactions(github, command), [] as [String; 0]);
    }
    night(&scene, 3).await;
    assert_eq!(
        github.log().count(github::PERMISSION),
        2,
        "nobody is asked about again"
    );
    assert_eq!(github.log().count(github::RECENT_COMMENTS), 2);
}

#[tokio::test]
async fn lost_answers_and_kills_carry_nothing_out_twice() {
    for mishap in ["lost", "killed", "GitHub is down afterwards"] {
        let (scene, running, calls) = northwind().await;
        let github = running.github();
        // The call stays unreadable, so that each retry can be seen.
        calls
            .gong()
            .faults()
            .add(Rule::new(unreadable()).on(EXTENSIVE));
        let command = github.comment_as("jane-doe", &HERE, "/import retry");
        scene.clock.set("2026-12-02T01:17:00Z");
        match mishap {
            "lost" => {
                let lost = Rule::new(Fault::Lost).on(github::CREATE_COMMENT).times(2);
                github.faults().add(lost);
                scene.run("night-2").await;
            }
            "killed" => {
                let die = &mut |event: Event<'_>| {
                    if matches!(event, Event::Told { .. }) {
                        std::panic::panic_any("killed");
                    }
                };
                let killed = AssertUnwindSafe(scene.try_run("night-2", die)).catch_unwind();
                assert!(killed.await.is_err());
            }
            _ => {
                let down = Rule::new(Fault::status(503)).on(github::CREATE_COMMENT);
                let down = github.faults().add(down);
                scene.run("night-2").await;
                down.release();
            }
        }
        night(&scene, 3).await;
        night(&scene, 4).await;
        let told = answers(github, command);
        assert_eq!(told.len(), 1, "{mishap}: {told:#?}");
        let events =
            "SELECT count(*)::VARCHAR FROM notifications WHERE kind = 'completed_with_failures'";
        assert_eq!(
            record::value(&scene.database(), events),
            "2",
            "{mishap}: tried again once"
        );
    }
}

#[tokio::test]
async fn unknown_words_get_the_list_and_a_finished_import_says_so() {
    let (scene, running, _calls) = northwind().await;
    let github = running.github();
    let unknown = github.comment_as("jane-doe", &HERE, "/import now, please");
    night(&scene, 2).await;
    insta::assert_snapshot!("unknown", answers(github, unknown)[0]);
    assert_eq!(reactions(github, unknown), ["confused"]);

    let status = github.comment_as("jane-doe", &HERE, "/import status");
    night(&scene, 3).await;
    insta::assert_snapshot!("status_by_night", answers(github, status)[0]);
    assert_eq!(reactions(github, status), ["rocket"]);

    let cancel = github.comment_as("jane-doe", &HERE, "/import cancel northwind");
    night(&scene, 4).await;
    insta::assert_snapshot!("cancel_by_night", answers(github, cancel)[0]);

    let foreign = github.comment_as("jane-doe", &HERE, "/import retry @everyone");
    night(&scene, 5).await;
    let answer = &answers(github, foreign)[0];
    assert!(answer.contains("brings no such request"), "{answer}");
    assert!(!answer.contains("@everyone"), "{answer}");

    let retry = github.comment_as("jane-doe", &HERE, "/import retry");
    night(&scene, 6).await;
    assert_eq!(phase(&scene), "completed");
    let again = github.comment_as("jane-doe", &HERE, "/import retry");
    night(&scene, 7).await;
    assert_eq!(reactions(github, retry), ["rocket"]);
    assert_eq!(reactions(github, again), ["confused"]);
    insta::assert_snapshot!("nothing_to_retry", answers(github, again)[0]);
}

#[tokio::test]
async fn an_import_that_ended_long_ago_costs_no_look() {
    let (scene, running, _calls) = northwind().await;
    let github = running.github();
    github.comment_as("jane-doe", &HERE, "/import retry");
    night(&scene, 2).await;
    assert_eq!(phase(&scene), "completed");
    scene.clock.set("2027-02-01T01:17:00Z");
    let looks = github.log().count(github::RECENT_COMMENTS);
    scene.run("february").await;
    assert_eq!(github.log().count(github::RECENT_COMMENTS), looks);
}

#[tokio::test]
async fn old_comments_and_a_crowded_repository_bound_the_look() {
    let (scene, running, _calls) = northwind().await;
    let github = running.github();
    for number in 0..130 {
        github.comment_as("john-roe", &HERE, &format!("Question {number}"));
    }
    let command = github.comment_as("jane-doe", &HERE, "/import retry");
    night(&scene, 2).await;
    assert_eq!(reactions(github, command), ["rocket"]);
    let looks = github.log().count(github::RECENT_COMMENTS);
    assert_eq!(looks, 2, "two pages");
    scene.clock.set("2026-12-12T01:17:00Z");
    scene.run("later").await;
    scene.clock.set("2026-12-13T01:17:00Z");
    let looks = github.log().count(github::RECENT_COMMENTS);
    scene.run("much later").await;
    assert_eq!(
        github.log().count(github::RECENT_COMMENTS),
        looks + 1,
        "what is old is not read again"
    );
}

#[tokio::test]
async fn a_github_that_is_down_holds_no_night_up() {
    let (scene, running, _calls) = northwind().await;
    let github = running.github();
    let command = github.comment_as("jane-doe", &HERE, "/import retry");
    let down = github.faults().add(Rule::new(Fault::status(503)));
    night(&scene, 2).await;
    assert_eq!(phase(&scene), "completed_with_failures");
    down.release();
    night(&scene, 3).await;
    assert_eq!(phase(&scene), "completed");
    assert_eq!(reactions(github, command), ["rocket"]);
}
