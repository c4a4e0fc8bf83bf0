//! A filled form: a pull request, or an answer that says what to change, and never a credential.

use call_import_engine::{
    comments::Placed,
    plan::Observed,
    review::{Answered, Desk, answer_form},
    spec::form::Question,
    workspace,
};
use simulator::{
    Running,
    faults::{Fault, Rule},
    github::{self, GitHub, Place},
};

use super::{NOW, github as start, statuses, with_patience};
use crate::support::Scene;

const PATH: &str = "requests/northwind-robotics-gong.yaml";
const BRANCH: &str = "call-import/northwind-robotics-gong";

/// The body that GitHub makes of these answers.
pub(crate) fn form(changes: &[(Question, &str)]) -> String {
    let usual = [
        (Question::Customer, "Northwind Robotics"),
        (Question::Platform, "Gong"),
        (Question::EstimatedCalls, "5,000"),
        (
            Question::Urgency,
            "Onboarding: a new customer is being set up",
        ),
        (Question::RequestedCompletion, "2026-12-04"),
    ];
    let answer = |question: Question| {
        let mut answers = changes.iter().chain(&usual);
        let answer = answers.find(|(asked, _)| *asked == question);
        answer.map_or("_No response_", |(_, answer)| *answer)
    };
    let sections = Question::ALL
        .into_iter()
        .map(|question| format!("### {}\n\n{}\n", question.label(), answer(question)));
    sections.collect::<Vec<_>>().join("\n")
}

pub(crate) async fn answered(scene: &Scene, running: &Running, issue: u64) -> Answered {
    let workspace = workspace::read(&scene.requests()).expect("a folder");
    let observed = Observed::default();
    let desk = Desk {
        matrix: &scene.matrix,
        workspace: &workspace,
        folder: "requests",
        observed: Some(&observed),
        media: false,
        now: call_import_engine::clock::Clock::now(&scene.clock),
        server: "https://github.example",
    };
    let number = i64::try_from(issue).expect("a small number");
    with_patience(scene, running, async |patience| {
        answer_form(&mut Placed::new(patience), None, number, &desk).await
    })
    .await
    .expect("GitHub answers")
}

/// What stands on the issue: one answer.
fn answer(github: &GitHub, issue: u64) -> String {
    let comments = github.comments(&Place::PullRequest(issue));
    assert_eq!(comments.len(), 1, "{comments:#?}");
    comments[0].body.clone()
}

fn scene() -> (Scene, Running) {
    let scene = Scene::new(NOW);
    let running = start(&scene);
    (scene, running)
}

#[tokio::test]
async fn a_form_becomes_a_pull_request_that_is_judged_and_told() {
    let (scene, running) = scene();
    let github = running.github();
    let issue = github.open_issue("jane-doe", "Import: Northwind", &form(&[]));
    let Answered::PullRequest(number) = answered(&scene, &running, issue).await else {
        panic!("{}", answer(github, issue));
    };
    let number = number.unsigned_abs();
    insta::assert_snapshot!("form_file", github.file(BRANCH, PATH).expect("a file"));
    let (_, title, body) = github.open_pulls().remove(0);
    assert_eq!(title, "Import request northwind-robotics-gong");
    insta::assert_snapshot!("form_pull_request", body);
    insta::assert_snapshot!("form_answer", answer(github, issue));
    let plan = github.comments(&Place::PullRequest(number));
    assert_eq!(plan.len(), 1);
    assert!(
        plan[0]
            .body
            .contains("**Needs changes**: the credential of `Northwind Robotics` is missing")
    );
    assert_eq!(
        statuses(github),
        [("failure".to_owned(), "1 error to mend.".to_owned())]
    );
    let writes = super::writes(github);
    assert_eq!(
        answered(&scene, &running, issue).await,
        Answered::PullRequest(number as i64)
    );
    assert_eq!(
        super::writes(github),
        writes,
        "a second run changes nothing"
    );

    // An edited form is followed.
    github.edit_issue(issue, &form(&[(Question::EstimatedCalls, "6000")]));
    answered(&scene, &running, issue).await;
    let file = github.file(BRANCH, PATH).expect("a file");
    assert!(file.contains("estimated_calls: 6000"), "{file}");
    assert_eq!(github.open_pulls().len(), 1);

    // But not over the work of others.
    let sealed = file + "credentials: {secret: IMPORT_NORTHWIND_ROBOTICS_GONG}\n";
    github.commit_as("jane-doe", BRANCH, PATH, &sealed);
    github.edit_issue(issue, &form(&[]));
    assert_eq!(answered(&scene, &running, issue).await, Answered::Asked);
    assert_eq!(github.file(BRANCH, PATH), Some(sealed));
    insta::assert_snapshot!("form_changed_by_others", answer(github, issue));
    assert!(github.violations().is_empty());
}

#[tokio::test]
async fn what_was_read_as_something_else_is_said_on_the_issue() {
    let (scene, running) = scene();
    let github = running.github();
    let near = form(&[
        (Question::Platform, "Gnog – yes"),
        (Question::RequestedCompletion, "next Friday"),
        (Question::Options, "the usual"),
    ]);
    let issue = github.open_issue("jane-doe", "Import: Northwind", &near);
    let proposed = answered(&scene, &running, issue).await;
    assert!(matches!(proposed, Answered::PullRequest(_)));
    let file = github.file(BRANCH, PATH).expect("a file");
    assert!(file.contains("platform: gong"), "{file}");
    insta::assert_snapshot!("form_read", answer(github, issue));
    let hostile = "@everyone <img src=x> `gong.io` | #12 \u{202e}";
    github.edit_issue(issue, &form(&[(Question::Platform, hostile)]));
    answered(&scene, &running, issue).await;
    insta::assert_snapshot!("form_read_hostile", answer(github, issue));
    github.edit_issue(issue, &form(&[(Question::Platform, "Whizzcall")]));
    assert_eq!(answered(&scene, &running, issue).await, Answered::Asked);
    insta::assert_snapshot!("form_unknown", answer(github, issue));
}

#[tokio::test]
async fn what_is_missing_or_wrong_is_said_on_the_issue() {
    let (scene, running) = scene();
    let github = running.github();
    let wrong = form(&[
        (Question::Customer, "_No response_"),
        (Question::RequestedCompletion, "@everyone | <img src=x>"),
    ]);
    let issue = github.open_issue("jane-doe", "Import: ?", &wrong);
    assert_eq!(answered(&scene, &running, issue).await, Answered::Asked);
    insta::assert_snapshot!("form_gaps", answer(github, issue));
    github.edit_issue(
        issue,
        &form(&[(Question::InternalDomains, "not a domain!")]),
    );
    assert_eq!(answered(&scene, &running, issue).await, Answered::Asked);
    insta::assert_snapshot!("form_findings", answer(github, issue));
    let unsupported = scene
        .matrix
        .platforms
        .iter()
        .find(|(_, row)| row.alternative.is_some());
    let name = unsupported
        .expect("a platform that we do not import from")
        .1
        .name
        .as_str();
    github.edit_issue(issue, &form(&[(Question::Platform, name)]));
    assert_eq!(answered(&scene, &running, issue).await, Answered::Asked);
    insta::assert_snapshot!("form_unsupported", answer(github, issue));
    assert_eq!(github.open_pulls(), []);
    assert!(
        github
            .notifications()
            .iter()
            .all(|told| told.mentions.is_empty())
    );

    let other = github.open_issue(
        "jane-doe",
        "Import: how does it work?",
        "I have a question.",
    );
    assert_eq!(answered(&scene, &running, other).await, Answered::NotAForm);
    assert_eq!(github.comments(&Place::PullRequest(other)), []);
}

#[tokio::test]
async fn a_credential_is_taken_out_and_stands_nowhere_else() {
    let (scene, running) = scene();
    let github = running.github();
    // Made here, so that nobody takes this file for a leak.
    let secret = format!("{}{}", "grain_pat_", "Zx81kQ0aB77dLmN2qW9e");
    let notes = format!("Their key is {secret} and they are in a hurry.");
    let body = form(&[(Question::Notes, &notes)]);
    let issue = github.open_issue("jane-doe", &format!("Import: {secret}"), &body);
    let proposed = answered(&scene, &running, issue).await;
    assert!(
        matches!(proposed, Answered::PullRequest(_)),
        "{}",
        answer(github, issue)
    );
    insta::assert_snapshot!("form_credential", answer(github, issue));

    // What was said stays said, also when the form is edited.
    github.edit_issue(issue, &form(&[]));
    answered(&scene, &running, issue).await;
    assert!(answer(github, issue).contains("A credential stood in this form"));

    let seen = github.issue(issue);
    assert!(!seen.body.contains(&secret) && !seen.title.contains(&secret));
    assert_eq!(
        seen.earlier[0], body,
        "GitHub keeps the old text, which the answer says"
    );
    assert!(!github.file(BRANCH, PATH).expect("a file").contains(&secret));
    let comments = github.all_comments();
    let texts = comments.iter().flat_map(|comment| {
        comment
            .edits
            .iter()
            .map(|edit| &edit.earlier)
            .chain([&comment.body])
    });
    assert!(texts.into_iter().all(|text| !text.contains(&secret)));
    assert!(
        github
            .messages(BRANCH)
            .iter()
            .all(|message| !message.contains(&secret))
    );
}

#[tokio::test]
async fn lost_answers_and_a_token_without_the_right_double_and_break_nothing() {
    for write in 0..6 {
        let (scene, running) = scene();
        let github = running.github();
        let issue = github.open_issue("jane-doe", "Import: Northwind", &form(&[]));
        github
            .faults()
            .add(Rule::new(Fault::Lost).on_writes().skip(write).once());
        let proposed = answered(&scene, &running, issue).await;
        assert!(
            matches!(proposed, Answered::PullRequest(_)),
            "write {write}"
        );
        assert_eq!(github.open_pulls().len(), 1, "write {write}");
        assert_eq!(
            github.all_comments().len(),
            2,
            "write {write}: plan and answer"
        );
    }
    let (scene, running) = scene();
    let github = running.github();
    let refusal = Fault::Status {
        status: 403,
        message: "GitHub Actions is not permitted to create or approve pull requests.".into(),
        retry_after: None,
    };
    github
        .faults()
        .add(Rule::new(refusal).on(github::CREATE_PULL));
    let issue = github.open_issue("jane-doe", "Import: Northwind", &form(&[]));
    assert_eq!(answered(&scene, &running, issue).await, Answered::Asked);
    insta::assert_snapshot!("form_not_permitted", answer(github, issue));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_program_answers_with_the_token_of_an_app() {
    let folder = Scene::new(NOW).folder;
    let running = simulator::Simulator::start(simulator::Config::github(github::Config::default()))
        .expect("the simulator starts");
    let issue = running
        .github()
        .open_issue("jane-doe", "Import: Northwind", &form(&[]));
    let mut command = crate::support::program(folder.path());
    command
        .args(["review", "form", &issue.to_string()])
        .arg("--matrix")
        .arg(crate::support::root().join("matrix.yaml"))
        .env("GITHUB_API_URL", &running.url)
        .env("GITHUB_REPOSITORY", "example/imports")
        .env("GITHUB_TOKEN", "simulated")
        .env("CALL_IMPORT_APP_TOKEN", "of nobody");
    let output = command.output().expect("it starts");
    assert_eq!(output.status.code(), Some(3), "the app's token is used");
    assert_eq!(running.github().open_pulls(), []);
    let output = command
        .env("CALL_IMPORT_APP_TOKEN", "")
        .output()
        .expect("it starts");
    let (stdout, stderr) = crate::support::text(&output);
    assert_eq!(output.status.code(), Some(0), "{stderr}");
    assert_eq!(stdout, "Issue 1 is pull request 2.\n");
}
