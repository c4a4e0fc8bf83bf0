//! Opening the pull request of a request: once, however often it is asked for, and over nobody's work.

use std::{io::Write as _, process::Stdio};

use call_import_engine::review::{Change, Proposal, ProposeError, Proposed, propose};
use simulator::{
    Running,
    faults::{Fault, Rule},
    github,
};

use super::{NOW, REQUEST, github as start, with_patience, writes};
use crate::support::Scene;

const BRANCH: &str = "call-import/northwind";
const TEXT: &str = "customer: Northwind Robotics\n";

fn writing(text: &str) -> Proposal<'_> {
    Proposal {
        branch: BRANCH,
        path: REQUEST,
        change: Change::Write(text),
        source: "jane-doe",
        title: "Import request northwind",
        body: "@jane-doe asks for this import.",
        label: Some("import request"),
    }
}

async fn ask(running: &Running, proposal: &Proposal<'_>) -> Result<Proposed, ProposeError> {
    let scene = Scene::new(NOW);
    with_patience(&scene, running, async |mut patience| {
        propose(&mut patience, proposal).await
    })
    .await
}

fn running() -> Running {
    simulator::Simulator::start(simulator::Config::github(github::Config {
        limits: None,
        ..github::Config::default()
    }))
    .expect("the simulator starts")
}

#[tokio::test]
async fn a_second_call_finds_what_the_first_has_made() {
    let running = running();
    let github = running.github();
    github.add_label("import request");
    let first = ask(&running, &writing(TEXT)).await.expect("opened");
    assert!(first.is_new);
    assert_eq!(github.file(BRANCH, REQUEST).as_deref(), Some(TEXT));
    assert_eq!(github.labels_of(1), ["import request"]);
    assert_eq!(first.pull.head, github.head_of(1));

    let before = writes(github);
    let second = ask(&running, &writing(TEXT)).await.expect("found");
    assert!(!second.is_new);
    assert_eq!((second.pull, writes(github)), (first.pull, before));

    let third = ask(&running, &writing("customer: Contoso\n"))
        .await
        .expect("changed");
    assert_eq!((third.pull.number, github.open_pulls().len()), (1, 1));
    assert_eq!(
        github.messages(BRANCH).len(),
        3,
        "a commit on top of the other"
    );
    assert_eq!(
        github.file(BRANCH, REQUEST).as_deref(),
        Some("customer: Contoso\n")
    );
}

#[tokio::test]
async fn what_somebody_else_has_written_stays() {
    let running = running();
    let github = running.github();
    ask(&running, &writing(TEXT)).await.expect("opened");
    let sealed = "customer: Northwind Robotics\ncredentials: {sealed: x}\n";
    github.commit_as("jane-doe", BRANCH, REQUEST, sealed);
    let refused = ask(&running, &writing("customer: Contoso\n")).await;
    assert!(
        matches!(refused, Err(ProposeError::ChangedByOthers { .. })),
        "{refused:?}"
    );
    assert_eq!(github.file(BRANCH, REQUEST).as_deref(), Some(sealed));
    // Another file of theirs is no reason to stop.
    let other = running_with_other_file().await;
    assert!(other.is_ok(), "{other:?}");
}

async fn running_with_other_file() -> Result<Proposed, ProposeError> {
    let running = running();
    ask(&running, &writing(TEXT)).await.expect("opened");
    running
        .github()
        .commit_as("jane-doe", BRANCH, "requests/other.yaml", "x");
    ask(&running, &writing("customer: Contoso\n")).await
}

#[tokio::test]
async fn a_request_that_is_merged_already_is_no_new_one() {
    let running = running();
    running.github().set_main_file(REQUEST, TEXT);
    let refused = ask(&running, &writing("customer: Contoso\n")).await;
    assert!(
        matches!(refused, Err(ProposeError::Settled { is_there: true, .. })),
        "{refused:?}"
    );
    assert_eq!(running.github().open_pulls(), []);
    let delete = Proposal {
        change: Change::Delete,
        ..writing("")
    };
    let proposed = ask(&running, &delete).await.expect("opened");
    assert_eq!(running.github().file(BRANCH, REQUEST), None);
    assert_eq!(
        ask(&running, &delete).await.map(|again| again.pull),
        Ok(proposed.pull)
    );
}

#[tokio::test]
async fn lost_answers_open_one_pull_request() {
    for write in 0..3 {
        let scene = Scene::new(NOW);
        let running = start(&scene);
        let lost = Rule::new(Fault::Lost).on_writes().skip(write).once();
        running.github().faults().add(lost);
        let proposed = with_patience(&scene, &running, async |mut patience| {
            propose(&mut patience, &writing(TEXT)).await
        })
        .await;
        assert!(proposed.expect("opened").is_new, "write {write}");
        assert_eq!(running.github().open_pulls().len(), 1, "write {write}");
        assert_eq!(running.github().messages(BRANCH).len(), 2, "write {write}");
        assert!(running.github().violations().is_empty());
    }
}

#[tokio::test]
async fn a_workflow_that_may_not_open_pull_requests_leaves_the_branch() {
    let running = running();
    let refusal = Fault::Status {
        status: 403,
        message: "GitHub Actions is not permitted to create or approve pull requests.".into(),
        retry_after: None,
    };
    running
        .github()
        .faults()
        .add(Rule::new(refusal).on(github::CREATE_PULL));
    let refused = ask(&running, &writing(TEXT)).await;
    let branch = BRANCH.to_owned();
    assert_eq!(refused, Err(ProposeError::NotPermitted { branch }));
    assert_eq!(
        running.github().file(BRANCH, REQUEST).as_deref(),
        Some(TEXT)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_program_opens_the_pull_request_of_a_new_request() {
    let folder = Scene::new(NOW).folder;
    let running = running();
    let new = |open: bool| {
        let mut command = crate::support::program(folder.path());
        command
            .args([
                "new",
                "500 Gong calls for Northwind by 2030-12-04, onboarding",
            ])
            .args(["--open-pr", "--requested-by=jane-doe", "--matrix"])
            .arg(crate::support::root().join("matrix.yaml"));
        if open {
            command
                .env("GITHUB_API_URL", &running.url)
                .env("GITHUB_REPOSITORY", "example/imports")
                .env("GITHUB_TOKEN", "simulated");
        }
        command.output().expect("it starts")
    };
    let output = new(false);
    assert_eq!(output.status.code(), Some(2));
    assert!(crate::support::text(&output).1.contains("GITHUB_TOKEN"));
    let output = new(true);
    let (stdout, stderr) = crate::support::text(&output);
    assert_eq!(output.status.code(), Some(0), "{stderr}");
    let opened = "Opened pull request 1: https://github.example/example/imports/pull/1\n";
    assert!(stdout.ends_with(opened), "{stdout}");
    let (branch, path) = ("call-import/northwind-gong", "requests/northwind-gong.yaml");
    let here = std::fs::read_to_string(folder.path().join(path)).ok();
    assert_eq!(running.github().file(branch, path), here);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sealed_request_and_its_pull_request_take_one_command() {
    let folder = Scene::new(NOW).folder;
    let running = running();
    let keygen = crate::support::program(folder.path())
        .arg("keygen")
        .output()
        .expect("it starts");
    assert!(keygen.status.success(), "{keygen:?}");
    // Made here, so that nobody takes this file for a leak.
    let secret = format!("canary-{}", "in-the-coal-mine");
    let mut child = crate::support::program(folder.path())
        .args([
            "new",
            "500 Gong calls for Northwind by 2030-12-04, onboarding",
        ])
        .args(["--seal", "--open-pr", "--matrix"])
        .arg(crate::support::root().join("matrix.yaml"))
        .env("GITHUB_API_URL", &running.url)
        .env("GITHUB_REPOSITORY", "example/imports")
        .env("GITHUB_TOKEN", "simulated")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let credential = serde_json::json!({"access_key": "demo", "access_key_secret": secret});
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin
        .write_all(credential.to_string().as_bytes())
        .expect("it reads");
    drop(stdin);
    let output = child.wait_with_output().expect("it ends");
    let (stdout, stderr) = crate::support::text(&output);
    assert_eq!(output.status.code(), Some(0), "{stderr}");
    assert!(stdout.contains("Opened pull request 1: "), "{stdout}");
    let path = "requests/northwind-gong.yaml";
    let there = running
        .github()
        .file("call-import/northwind-gong", path)
        .expect("a file");
    assert!(there.contains("  sealed: |\n"), "{there}");
    assert!(!format!("{stdout}{stderr}{there}").contains(&secret));
}
