//! What an open pull request is told: the plan comment and the commit status, by the half that has rights
//! and believes nothing that the other half says.

pub(crate) mod form;
mod propose;
mod text;

use std::{fs, path::Path, process::Output, sync::Arc};

use call_import_engine::{
    comments::{Halt, Patience, Placed},
    github::GitHub as Client,
    plan::{self, Inputs, Observed},
    report::plan::{CheckResult, MARKER, View, json},
    review::{Check, Conclusion, Told, tell},
};
use jiff::SignedDuration;
use secrecy::SecretString;
use serde_json::{Value, json};
use simulator::{
    Config, Running, Simulator,
    faults::{Fault, Rule},
    github::{self, Comment, GitHub, Place, PullRequest},
};
use tokio::sync::watch;

use crate::support::{Scene, program, root, text as printed};

const NOW: &str = "2026-12-01T09:00:00Z";
const REQUEST: &str = "requests/northwind.yaml";

/// A repository with its GitHub, on the scene's clock.
pub(crate) fn github(scene: &Scene) -> Running {
    Simulator::start(Config {
        clock: Arc::new(scene.clock.clone()),
        ..Config::github(github::Config::default())
    })
    .expect("the simulator starts")
}

/// A client, and patience for it of ten minutes.
pub(crate) async fn with_patience<T>(
    scene: &Scene,
    running: &Running,
    work: impl AsyncFnOnce(Patience<'_>) -> T,
) -> T {
    let token = SecretString::from("simulated");
    let client = Client::new(&running.url, "example/imports", token).expect("a client");
    let (_stop, interrupt) = watch::channel(false);
    let now = call_import_engine::clock::Clock::now(&scene.clock);
    let patience = Patience::new(
        &client,
        &scene.clock,
        interrupt,
        now + SignedDuration::from_mins(10),
    );
    let done = work(patience).await;
    // Whatever follows is another process, some time later.
    let later = call_import_engine::clock::Clock::now(&scene.clock) + SignedDuration::from_secs(5);
    scene.clock.set(&later.to_string());
    done
}

/// What the half without rights finds in the scene's requests.
pub(crate) fn result(scene: &Scene) -> CheckResult {
    let (findings, plan) = documents(scene);
    CheckResult::read(
        findings.to_string().as_bytes(),
        Some(plan.to_string().as_bytes()),
    )
    .expect("our own documents")
}

fn documents(scene: &Scene) -> (Value, Value) {
    let mut declared = scene.declared();
    let in_repository = |path: &mut String| {
        let from = path.rfind("requests/").expect("it lies there");
        *path = path.split_off(from);
    };
    for request in &mut declared.requests {
        in_repository(&mut request.path);
    }
    for invalid in &mut declared.invalid {
        in_repository(&mut invalid.path);
    }
    for finding in &mut declared.findings {
        in_repository(&mut finding.path);
    }
    let now = call_import_engine::clock::Clock::now(&scene.clock);
    let plan = plan::plan(&Inputs {
        declared: &declared,
        matrix: &scene.matrix,
        observed: &Observed::default(),
        now,
        night: plan::next_night(&scene.matrix.nightly, now),
        only: None,
        skip: &[],
        media: false,
    });
    let view = View {
        matrix: &scene.matrix,
        findings: &declared.findings,
        changed: None,
        queue_is_known: true,
    };
    (json!({"findings": declared.findings}), json(&plan, &view))
}

/// The check of a commit, of a branch `example:pull-12`, with this result.
pub(crate) struct Checked<'a> {
    pub(crate) branch: &'a str,
    pub(crate) commit: &'a str,
    pub(crate) run: (u64, u64),
    pub(crate) conclusion: Conclusion,
    pub(crate) result: Option<CheckResult>,
}

impl<'a> Checked<'a> {
    pub(crate) fn new(commit: &'a str, result: CheckResult) -> Self {
        Self {
            branch: "example:pull-12",
            commit,
            run: (7, 1),
            conclusion: Conclusion::Success,
            result: Some(result),
        }
    }

    pub(crate) async fn tell(&self, scene: &Scene, running: &Running) -> Result<Told, Halt> {
        with_patience(scene, running, async |patience| {
            let check = Check {
                branch: self.branch,
                commit: self.commit,
                run: self.run,
                conclusion: self.conclusion,
                log: Some("https://github.example/example/imports/actions/runs/7"),
                result: self.result.as_ref(),
                matrix: &scene.matrix,
                folder: "requests",
                server: "https://github.example",
            };
            tell(&mut Placed::new(patience), &check).await
        })
        .await
    }
}

/// Northwind's request, open as #12, and the SHA of its commit.
fn northwind() -> (Scene, Running, String) {
    let mut scene = Scene::new(NOW);
    scene.request("northwind", "Northwind Robotics", "");
    let running = github(&scene);
    let pull = PullRequest::new(12, "jane-doe", [REQUEST]);
    let sha = running.github().open(pull);
    (scene, running, sha)
}

fn comments(running: &Running) -> Vec<Comment> {
    running.github().comments(&Place::PullRequest(12))
}

/// How many requests may have changed something.
pub(crate) fn writes(github: &GitHub) -> usize {
    let log = github.log().entries();
    log.iter()
        .filter(|entry| entry.method != "GET" && entry.endpoint != github::GRAPHQL)
        .count()
}

/// State and description of every status that was ever set.
pub(crate) fn statuses(github: &GitHub) -> Vec<(String, String)> {
    let statuses = github.statuses().into_iter();
    statuses
        .inspect(|status| assert_eq!(status.context, "call-import/validate"))
        .map(|status| (status.state, status.description.unwrap_or_default()))
        .collect()
}

#[tokio::test]
async fn one_comment_is_edited_on_every_push_and_nothing_is_said_twice() {
    let (mut scene, running, first) = northwind();
    let told = Checked::new(&first, result(&scene))
        .tell(&scene, &running)
        .await;
    assert_eq!(told, Ok(Told::On(12)));
    let written = writes(running.github());

    // The same check once more, and another one of the same commit: neither writes.
    for run in [(7, 1), (9, 1)] {
        let again = Checked {
            run,
            ..Checked::new(&first, result(&scene))
        };
        assert_eq!(again.tell(&scene, &running).await, Ok(Told::Unchanged(12)));
    }
    assert_eq!(writes(running.github()), written);

    // A push that changes nothing that is told, and one that does.
    let second = running.github().push_to(12, [REQUEST]);
    let told = Checked::new(&second, result(&scene))
        .tell(&scene, &running)
        .await;
    assert_eq!(told, Ok(Told::Unchanged(12)));
    let second = running.github().push_to(12, [REQUEST]);
    scene.request("northwind", "Northwind & Sons", "");
    let told = Checked::new(&second, result(&scene))
        .tell(&scene, &running)
        .await;
    assert_eq!(told, Ok(Told::On(12)));
    let comments = comments(&running);
    assert_eq!((comments.len(), comments[0].edits.len()), (1, 1));
    assert!(comments[0].body.starts_with(MARKER));
    assert_eq!(comments[0].author, github::ACTIONS);
    let fine = (
        "success".to_owned(),
        "All fine, done by Wed 2 Dec 2026.".to_owned(),
    );
    assert_eq!(
        statuses(running.github()),
        [fine.clone(), fine.clone(), fine],
        "one for each commit"
    );
    assert!(running.github().violations().is_empty());
}

#[tokio::test]
async fn an_older_check_that_comes_late_changes_nothing() {
    let (scene, running, first) = northwind();
    let second = running.github().push_to(12, [REQUEST]);
    let newer = Checked {
        run: (9, 2),
        ..Checked::new(&second, result(&scene))
    };
    assert_eq!(newer.tell(&scene, &running).await, Ok(Told::On(12)));
    let stands = comments(&running);

    let of_first_push = Checked::new(&first, CheckResult::default());
    assert_eq!(
        of_first_push.tell(&scene, &running).await,
        Ok(Told::Overtaken)
    );
    let of_first_attempt = Checked {
        run: (9, 1),
        conclusion: Conclusion::Failure,
        ..Checked::new(&second, CheckResult::default())
    };
    assert_eq!(
        of_first_attempt.tell(&scene, &running).await,
        Ok(Told::Overtaken)
    );
    running.github().close(12);
    assert_eq!(newer.tell(&scene, &running).await, Ok(Told::Overtaken));
    assert_eq!(comments(&running), stands);
    assert_eq!(statuses(running.github()).len(), 1);
}

#[tokio::test]
async fn a_fork_is_told_like_everybody_and_only_on_its_own_pull_request() {
    let mut scene = Scene::new(NOW);
    scene.request("northwind", "Northwind Robotics", "");
    let running = github(&scene);
    let forked = PullRequest::new(12, "mallory", [REQUEST]).from("mallory", "pull-12");
    let sha = running.github().open(forked);
    let own = running
        .github()
        .open(PullRequest::new(13, "jane-doe", [REQUEST]));
    let check = Checked {
        branch: "mallory:pull-12",
        ..Checked::new(&sha, result(&scene))
    };
    assert_eq!(check.tell(&scene, &running).await, Ok(Told::On(12)));
    assert_eq!(comments(&running).len(), 1);

    // It names a branch and a commit of others, together or each with its own.
    for (branch, commit) in [("mallory:pull-12", &own), ("example:pull-13", &sha)] {
        let lie = Checked {
            branch,
            ..Checked::new(commit, result(&scene))
        };
        assert_eq!(lie.tell(&scene, &running).await, Ok(Told::Overtaken));
    }
    assert_eq!(running.github().all_comments().len(), 1);
}

#[tokio::test]
async fn what_does_not_concern_imports_is_told_nothing_but_the_status() {
    let (scene, running, _) = northwind();
    let sha = running
        .github()
        .open(PullRequest::new(14, "jane-doe", ["README.md"]));
    let mut check = Checked {
        branch: "example:pull-14",
        ..Checked::new(&sha, result(&scene))
    };
    assert_eq!(
        check.tell(&scene, &running).await,
        Ok(Told::NotConcerned(14))
    );
    check.result = None;
    assert_eq!(
        check.tell(&scene, &running).await,
        Ok(Told::NotConcerned(14))
    );
    assert_eq!(running.github().all_comments(), []);
    let told: Vec<String> = statuses(running.github())
        .into_iter()
        .map(|(_, told)| told)
        .collect();
    assert_eq!(
        told,
        [
            "No import request is changed here.",
            "The engine itself changes: the check «ci» judges."
        ]
    );
}

#[tokio::test]
async fn lost_answers_double_nothing() {
    for write in 0..2 {
        let (scene, running, sha) = northwind();
        let lost = Rule::new(Fault::Lost).on_writes().skip(write).once();
        running.github().faults().add(lost);
        let told = Checked::new(&sha, result(&scene))
            .tell(&scene, &running)
            .await;
        assert_eq!(told, Ok(Told::On(12)), "write {write}");
        assert_eq!(comments(&running).len(), 1, "write {write}");
        assert_eq!(running.github().all_comments().len(), 1);
    }
}

#[tokio::test]
async fn somebody_elses_comment_with_the_marker_is_left_alone() {
    let (scene, running, sha) = northwind();
    let forged = format!("{MARKER}\n**Will be imported.**");
    running
        .github()
        .comment_as("mallory", &Place::PullRequest(12), &forged);
    Checked::new(&sha, result(&scene))
        .tell(&scene, &running)
        .await
        .expect("told");
    let comments = comments(&running);
    assert_eq!(comments.len(), 2);
    assert_eq!(comments[0].body, forged);
}

#[tokio::test]
async fn a_token_without_the_right_says_so() {
    let (scene, running, sha) = northwind();
    running.github().read_only(true);
    let told = Checked::new(&sha, result(&scene))
        .tell(&scene, &running)
        .await;
    assert!(matches!(told, Err(Halt::Forbidden(_))), "{told:?}");
    assert_eq!(running.github().all_comments(), []);
}

/// The program, as the workflow starts it.
fn told(running: &Running, folder: &Path, flags: &[&str]) -> Output {
    let mut command = program(folder);
    let matrix = root().join("matrix.yaml");
    command
        .args([
            "review",
            "check",
            "result",
            "--conclusion=success",
            "--run=7",
        ])
        .arg("--matrix")
        .arg(matrix)
        .args(flags)
        .env("GITHUB_API_URL", &running.url)
        .env("GITHUB_REPOSITORY", "example/imports")
        .env("GITHUB_TOKEN", "simulated");
    command.output().expect("it starts")
}

/// Both documents, in the folder that the workflow gives.
fn write_result(folder: &Path, findings: &[u8], plan: &[u8]) {
    let result = folder.join("result");
    fs::create_dir_all(&result).expect("a folder");
    fs::write(result.join("findings.json"), findings).expect("a file");
    fs::write(result.join("plan.json"), plan).expect("a file");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_program_tells_it_and_a_hostile_result_is_only_an_error() {
    let (scene, _, _) = northwind();
    let running = Simulator::start(Config::github(github::Config::default())).expect("it starts");
    let github = running.github();
    let sha = github.open(PullRequest::new(12, "jane-doe", [REQUEST]));
    github.open(PullRequest::new(13, "jane-doe", [REQUEST]));
    let branch = ["--branch=example:pull-12", &format!("--commit={sha}")];
    let (findings, mut plan) = documents(&scene);
    let findings = findings.to_string();

    // What cannot be read is not told, but not taken for good either.
    let deep = "[".repeat(100_000);
    let large = format!(
        "{{\"findings\": [], \"x\": \"{}\"}}",
        "x".repeat(10_000_000)
    );
    for hostile in ["", "<html>", r#"{"findings": 1}"#, &deep, &large] {
        write_result(
            scene.folder.path(),
            hostile.as_bytes(),
            plan.to_string().as_bytes(),
        );
        let output = told(&running, scene.folder.path(), &branch);
        assert_eq!(output.status.code(), Some(3), "{:?}", printed(&output));
    }
    assert_eq!(github.all_comments(), []);
    let unreadable = "The result of the check cannot be read.".to_owned();
    assert_eq!(statuses(github), [("error".to_owned(), unreadable)]);

    // It names another pull request and has keys that nobody knows: both are nothing to us.
    plan["pull_request"] = 13.into();
    plan["imports"][0]["number"] = 13.into();
    plan["imports"][0]["customer"] = "@everyone | <img src=x>\u{202e}".into();
    write_result(
        scene.folder.path(),
        findings.as_bytes(),
        plan.to_string().as_bytes(),
    );
    let output = told(&running, scene.folder.path(), &branch);
    let (stdout, stderr) = printed(&output);
    assert_eq!(output.status.code(), Some(0), "{stderr}");
    assert_eq!(stdout, "Pull request 12 is told.\n");
    let comments = github.all_comments();
    assert_eq!(comments.len(), 1);
    assert_eq!(comments[0].place, Place::PullRequest(12));
    assert!(
        comments[0].body.contains("`@everyone ¦ <img src=x>`"),
        "{}",
        comments[0].body
    );
    assert!(
        github
            .notifications()
            .iter()
            .all(|told| told.mentions.is_empty())
    );

    let wrong = ["--branch=example:pull-12", "--commit=main/../../issues/1"];
    assert_eq!(
        told(&running, scene.folder.path(), &wrong).status.code(),
        Some(2)
    );
}

#[test]
fn only_workflows_use_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let help = program(folder.path())
        .arg("--help")
        .output()
        .expect("it starts");
    assert!(!printed(&help).0.contains("review"));
}
