//! The whole way of customer success: from a filled form to the message that all is imported. What everybody
//! could read on the issue, on both pull requests and on Slack, in the order of time.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

pub(crate) mod hostile;

use std::{io::Write as _, process::Stdio, sync::Arc};

use call_import_engine::{
    review::{Acknowledged, Answered, Remarked, Told, acknowledge},
    spec::form::Question,
};
use simulator::{
    Config, Running, Simulator,
    faults::{Fault, Rule},
    github::{GitHub, Merging, Place, PullRequest},
    gong::EXTENSIVE,
    slack,
};

use crate::{
    before_merge::{
        self, Checked,
        form::{answered, form},
        statuses, with_patience, writes,
    },
    reconcile::{gong, population},
    record, story,
    support::{self, Scene},
};

const ID: &str = "northwind-robotics-gong";

fn path(id: &str) -> String {
    format!("requests/{id}.yaml")
}

/// The branch of a request that a form asked for.
fn branch(id: &str) -> String {
    format!("call-import/{id}")
}

/// A Monday morning.
const MORNING: &str = "2026-11-30T09:00:00Z";

/// The team's repository, its keys, a Gong and a channel of Slack.
struct Office {
    scene: Scene,
    running: Running,
    gong: Running,
    slack: Running,
}

impl Office {
    fn new() -> Self {
        let mut scene = Scene::new(MORNING);
        scene.with_keys();
        scene.write_matrix();
        let calls = population(1_200, "2025-01-01", "2026-10-31").with_hostile_titles();
        let gong = gong(&mut scene, calls);
        let running = before_merge::github(&scene);
        scene.github_url = Some(running.url.clone());
        running.github().permit("jane-doe", "write");
        let slack = Simulator::start(Config {
            clock: Arc::new(scene.clock.clone()),
            ..Config::slack()
        })
        .unwrap();
        scene.slack_url = Some(format!("{}{}", slack.url, slack::PATH));
        Self {
            scene,
            running,
            gong,
            slack,
        }
    }

    fn github(&self) -> &GitHub {
        self.running.github()
    }

    /// What stands on a branch is taken to somebody's machine, sealed into, and comes back.
    fn seal(&self, id: &str, text: &str, secret: &str) -> String {
        let file = format!("{id}.yaml");
        self.scene.write(&file, text);
        let mut child = support::program(self.scene.folder.path())
            .args(["seal", id])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let credential = format!(r#"{{"access_key": "demo", "access_key_secret": "{secret}"}}"#);
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(credential.as_bytes()).unwrap();
        drop(stdin);
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{:?}", support::text(&output));
        std::fs::read_to_string(self.scene.requests().join(file)).unwrap()
    }

    /// The check of the newest commit of a pull request, and the half that tells it.
    async fn check(&self, branch: &str, number: u64, run: u64) -> Told {
        let commit = self.github().head_of(number);
        let check = Checked {
            branch: &format!("example:{branch}"),
            run: (run, 1),
            ..Checked::new(&commit, before_merge::result(&self.scene))
        };
        check.tell(&self.scene, &self.running).await.unwrap()
    }

    async fn night(&self, date: &str) -> String {
        self.scene.clock.set(&format!("{date}T01:17:00Z"));
        let report = self.scene.run(date).await;
        report.imports[0].phase.as_str().to_owned()
    }

    /// Jane comments, and the workflow answers at once.
    async fn command(&self, number: u64, moment: &str, body: &str) -> Acknowledged {
        self.scene.clock.set(&format!("{moment}:00Z"));
        let place = Place::PullRequest(number);
        let comment = self.github().comment_as("jane-doe", &place, body);
        let remarked = Remarked {
            comment: i64::try_from(comment).unwrap(),
            folder: "requests",
            server: "https://github.example",
        };
        with_patience(&self.scene, &self.running, async |patience| {
            acknowledge(patience, &remarked).await
        })
        .await
        .unwrap()
    }

    /// What everybody could read there.
    fn read(&self, numbers: &[u64]) -> String {
        let places = numbers.iter().map(|number| {
            let told = story::transcript(self.github(), &Place::PullRequest(*number));
            format!("######## #{number}\n\n{told}")
        });
        places.collect::<Vec<_>>().join("\n")
    }
}

fn settings() -> insta::Settings {
    let mut settings = insta::Settings::clone_current();
    // A commit is named after what is in it, and a sealed block is another one each time.
    settings.add_filter("[0-9a-f]{40}|file: [0-9a-f]{12}", "[commit]");
    settings
}

#[tokio::test]
async fn from_a_filled_form_to_the_message_that_all_is_imported() {
    let office = Office::new();
    let github = office.github();
    let (path, branch) = (path(ID), branch(ID));

    // Monday: Jane fills in the form, and gets a pull request that says what is missing.
    let answers = form(&[(Question::EstimatedCalls, "1,200")]);
    let issue = github.open_issue("jane-doe", "Import: Northwind Robotics", &answers);
    let Answered::PullRequest(number) = answered(&office.scene, &office.running, issue).await
    else {
        panic!("{}", office.read(&[issue]));
    };
    let number = number.unsigned_abs();
    let text = github.file(&branch, &path).unwrap();
    assert!(text.contains("requested_by: jane-doe\n"), "{text}");

    // She seals the key that the customer sent, and commits the file: the comment is edited, the check is green.
    let sealed = office.seal(ID, &text, "mistyped");
    github.commit_as("jane-doe", &branch, &path, &sealed);
    assert_eq!(office.check(&branch, number, 1).await, Told::On(2));
    let states: Vec<String> = statuses(github)
        .into_iter()
        .map(|(state, _)| state)
        .collect();
    assert_eq!(states, ["failure", "success"]);
    github.merge_open(number, Merging::Squash);

    // The key is wrong: one request, and everybody knows in the same night. The next one asks nothing.
    assert_eq!(office.night("2026-12-01").await, "needs_credentials");
    assert_eq!(office.gong.gong().log().len(), 1);
    assert_eq!(office.night("2026-12-02").await, "needs_credentials");
    assert_eq!(office.gong.gong().log().len(), 1);
    assert_eq!(office.slack.slack().messages().len(), 1);

    // The right key comes in a pull request of its own.
    let second = 7;
    let sealed = office.seal(ID, &sealed, "demo-secret");
    github.open(PullRequest::new(second, "jane-doe", [path.clone()]));
    assert_eq!(office.check("pull-7", second, 2).await, Told::On(7));
    github.merge_open(second, Merging::Squash);
    github.set_main_file(&path, &sealed);
    let unreadable =
        Fault::rewrite(|reply| reply["calls"][3]["metaData"]["duration"] = "long".into());
    let unreadable = office
        .gong
        .gong()
        .faults()
        .add(Rule::new(unreadable).on(EXTENSIVE).skip(3).once());
    assert_eq!(office.night("2026-12-03").await, "completed_with_failures");
    assert_eq!(unreadable.hits(), 1);

    // Thursday: questions and commands, each answered at once, and in the night what needs it.
    for (moment, body, acknowledged) in [
        ("2026-12-03T08:30", "/import please!", Acknowledged::Here),
        ("2026-12-03T08:31", "/import status", Acknowledged::Here),
        ("2026-12-03T08:32", "/import retry", Acknowledged::Tonight),
    ] {
        assert_eq!(office.command(second, moment, body).await, acknowledged);
    }
    assert_eq!(office.night("2026-12-04").await, "completed");
    let cancel = office.command(second, "2026-12-04T08:30", "/import cancel");
    assert_eq!(cancel.await, Acknowledged::Here);
    let cancelling: Vec<u64> = github
        .open_pulls()
        .iter()
        .map(|(number, ..)| *number)
        .collect();
    assert_eq!(cancelling.len(), 1);
    github.close(cancelling[0]);
    let written = writes(github);
    assert_eq!(office.night("2026-12-05").await, "completed");
    assert_eq!(writes(github), written, "nothing is new");

    settings().bind(|| {
        insta::assert_snapshot!("comments", office.read(&[issue, number, second]));
        insta::assert_snapshot!(
            "slack",
            office.slack.slack().messages().join("\n\n========\n\n")
        );
    });
    assert_eq!(github.violations(), []);
    let calls = "SELECT count(*) || ' of ' || count(DISTINCT external_id) FROM calls";
    assert_eq!(
        record::value(&office.scene.database(), calls),
        "1200 of 1200"
    );
    let states: Vec<String> = statuses(github)
        .into_iter()
        .map(|(state, _)| state)
        .collect();
    assert_eq!(states, ["failure", "success", "success"]);
}

#[tokio::test]
async fn a_platform_that_is_down_is_told_once_and_once_when_it_is_back() {
    let mut office = Office::new();
    let github = office.running.github().clone();
    let lines = "period: {from: 2025-01-01, to: 2026-10-31}\nrequested_by: jane-doe\n";
    office
        .scene
        .request("northwind", "Northwind Robotics", lines);
    let pull = PullRequest::new(12, "jane-doe", ["requests/northwind.yaml"]);
    github.merge(pull);
    let down = office.gong.gong().faults();
    let down = down.add(Rule::new(Fault::status(503)));
    assert_eq!(office.night("2026-12-01").await, "retrying");
    assert_eq!(office.night("2026-12-02").await, "delayed");
    assert_eq!(office.night("2026-12-03").await, "delayed");
    down.release();
    // It is back, but tonight there is no time to finish.
    office.scene.deadline = jiff::SignedDuration::from_secs(5);
    assert_eq!(office.night("2026-12-05").await, "importing");
    office.scene.deadline = jiff::SignedDuration::from_hours(5);
    assert_eq!(office.night("2026-12-06").await, "completed");
    settings().bind(|| insta::assert_snapshot!("down_and_back", office.read(&[12])));
    let told = "SELECT kind FROM notifications WHERE channel = 'slack' ORDER BY created_at, kind";
    let told = record::query(&office.scene.database(), told);
    for kind in ["delayed", "recovered", "completed"] {
        assert_eq!(
            told.iter().filter(|told| *told == kind).count(),
            1,
            "{told:?}"
        );
    }
    assert_eq!(office.slack.slack().messages().len(), told.len());
    assert_eq!(github.violations(), []);
}
