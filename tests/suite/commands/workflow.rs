//! What the workflow answers at once, by the real program: it is told the number of a comment and nothing
//! else.

use std::process::Output;

use simulator::{
    Config, Running, Simulator,
    faults::{Fault, Rule},
    github::{self, GitHub, Place, PullRequest},
};
use tempfile::TempDir;

use crate::support;

const HERE: Place = Place::PullRequest(12);

const FILE: &str = "requests/northwind.yaml";

/// A repository with a merged request; Jane may write.
fn merged() -> (TempDir, Running) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let running = Simulator::start(Config::github(github::Config {
        limits: None,
        ..github::Config::default()
    }))
    .expect("the simulator starts");
    let github = running.github();
    github.permit("jane-doe", "admin");
    github.set_main_file(FILE, "customer: Northwind\n");
    github.merge(PullRequest::new(12, "jane-doe", [FILE]));
    (folder, running)
}

fn answer(folder: &TempDir, running: &Running, comment: u64) -> Output {
    support::program(folder.path())
        .args(["review", "comment", "--", &comment.to_string()])
        .env("GITHUB_REPOSITORY", "example/imports")
        .env("GITHUB_TOKEN", "simulated")
        .env("GITHUB_API_URL", &running.url)
        .env("GITHUB_SERVER_URL", "https://github.example")
        .output()
        .expect("the program runs")
}

/// What was answered to a comment, and the reactions to it.
fn after(github: &GitHub, comment: u64) -> (Vec<String>, Vec<String>) {
    let comments = github.comments(&HERE);
    let (earlier, later): (Vec<_>, Vec<_>) =
        comments.into_iter().partition(|other| other.id <= comment);
    let own = earlier.into_iter().find(|other| other.id == comment);
    let reactions = own.expect("it stands there").reactions;
    let answers = later
        .into_iter()
        .filter(|other| other.author == github::ACTIONS);
    (
        answers.map(|answer| answer.body).collect(),
        reactions.into_iter().map(|(_, content)| content).collect(),
    )
}

fn said(output: &Output) -> String {
    let (stdout, stderr) = support::text(output);
    assert!(output.status.success(), "{stderr}");
    stdout
}

#[test]
fn retry_is_seen_at_once_and_left_to_the_night() {
    let (folder, running) = merged();
    let github = running.github();
    let command = github.comment_as("jane-doe", &HERE, "/import retry");
    for _ in 0..2 {
        let output = answer(&folder, &running, command);
        assert_eq!(said(&output), "The nightly run does it.\n");
    }
    assert_eq!(after(github, command), (vec![], vec!["eyes".into()]));
}

#[test]
fn status_links_to_the_status_comment() {
    let (folder, running) = merged();
    let github = running.github();
    let early = github.comment_as("jane-doe", &HERE, "/import status");
    said(&answer(&folder, &running, early));
    let (answers, _) = after(github, early);
    assert!(
        answers[0].contains("nothing is told here yet"),
        "{answers:?}"
    );

    let forged = "<!-- call-import:status:northwind -->\nAll is well.";
    github.comment_as("mallory", &HERE, forged);
    let real = github.comment_as(github::ACTIONS, &HERE, forged);
    let command = github.comment_as("jane-doe", &HERE, "/import status");
    for _ in 0..2 {
        said(&answer(&folder, &running, command));
    }
    let (answers, reactions) = after(github, command);
    assert_eq!(reactions, ["eyes", "rocket"]);
    assert_eq!(answers.len(), 1, "{answers:#?}");
    let link = format!("https://github.example/example/imports/pull/12#issuecomment-{real}");
    assert!(answers[0].contains(&link), "{}", answers[0]);
}

#[test]
fn cancel_opens_one_pull_request_that_deletes_the_file() {
    let (folder, running) = merged();
    let github = running.github();
    let command = github.comment_as("jane-doe", &HERE, "/import cancel");
    github
        .faults()
        .add(Rule::new(Fault::Lost).on(github::CREATE_PULL).once());
    // The answer that gets lost is waited for.
    for _ in 0..2 {
        said(&answer(&folder, &running, command));
    }
    let pulls = github.open_pulls();
    assert_eq!(pulls.len(), 1, "{pulls:?}");
    let branch = "call-import/cancel-northwind";
    assert_eq!(github.file(branch, FILE), None, "deleted there");
    assert!(github.file("main", FILE).is_some(), "and nowhere else");
    let (answers, reactions) = after(github, command);
    assert_eq!((answers.len(), reactions.len()), (1, 2), "{answers:#?}");
    insta::assert_snapshot!(
        "cancelling",
        answers[0].replace(&pulls[0].0.to_string(), "N")
    );
    insta::assert_snapshot!(
        "cancel_pull_request",
        format!("{}\n\n{}", pulls[0].1, pulls[0].2)
    );
}

#[test]
fn who_may_not_write_gets_no_more_than_a_word() {
    let (folder, running) = merged();
    let github = running.github();
    let command = github.comment_as("john-roe", &HERE, "/import cancel");
    let output = answer(&folder, &running, command);
    assert!(said(&output).contains("may not write"));
    assert!(github.open_pulls().is_empty());
    let (answers, reactions) = after(github, command);
    assert_eq!(reactions, ["confused"]);
    assert_eq!(answers.len(), 1);
    assert!(
        answers[0].contains("who may write to this repository"),
        "{}",
        answers[0]
    );
}

#[test]
fn what_is_no_command_is_left_alone() {
    let (folder, running) = merged();
    let github = running.github();
    for (login, body) in [
        ("jane-doe", "Shall we /import retry?"),
        ("helper[bot]", "/import retry"),
    ] {
        let comment = github.comment_as(login, &HERE, body);
        assert_eq!(
            said(&answer(&folder, &running, comment)),
            "The comment asks for nothing.\n"
        );
        assert_eq!(after(github, comment), (vec![], vec![]));
    }
    assert_eq!(
        said(&answer(&folder, &running, 1)),
        "The comment asks for nothing.\n"
    );
}

#[test]
fn before_the_merge_nothing_runs() {
    let (folder, running) = merged();
    let github = running.github();
    github.open(PullRequest::new(13, "jane-doe", ["requests/other.yaml"]));
    let place = Place::PullRequest(13);
    let command = github.comment_as("jane-doe", &place, "/import retry");
    said(&answer(&folder, &running, command));
    let comments = github.comments(&place);
    assert!(
        comments[1].body.contains("is not merged yet"),
        "{}",
        comments[1].body
    );
}

#[test]
fn hostile_comments_do_nothing() {
    let (folder, running) = merged();
    let github = running.github();
    for hostile in [
        "/import retry $(touch owned)",
        "/import cancel ../../matrix",
        "/import status <img src=x> @everyone",
        "/import \u{202e}yrter",
    ] {
        let command = github.comment_as("jane-doe", &HERE, hostile);
        said(&answer(&folder, &running, command));
        let (answers, reactions) = after(github, command);
        assert!(reactions.contains(&"confused".to_owned()), "{hostile}");
        assert!(
            !answers[0].contains("everyone") && !answers[0].contains("touch"),
            "{answers:?}"
        );
    }
    let long = format!("/import {}", "x".repeat(60_000));
    let command = github.comment_as("jane-doe", &HERE, &long);
    said(&answer(&folder, &running, command));
    assert!(after(github, command).0[0].len() < 2_000);
    assert!(github.open_pulls().is_empty());
}
