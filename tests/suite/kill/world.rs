//! A night with everything around it: platform, recordings, GitHub, Slack, uploads, and where the record is kept.
//! The real program goes through it, and is stopped at a visit to one of its named points.

#![expect(
    clippy::unwrap_used,
    reason = "a helper that cannot go on fails its test"
)]

use std::{
    cell::Cell,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::LazyLock,
};

use call_import_engine::store::companions;
use simulator::{
    Config, Running, Simulator,
    github::{self, PullRequest},
    gong,
    limits::Limits,
    media, slack,
};

use crate::{
    before_merge::form::form,
    files::{
        bring::zoom,
        remote::{Server, answer, listed},
    },
    reconcile::population,
    record,
    support::{self, Scene},
};

/// What the program is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Story {
    /// Calls, transcripts and recordings of a platform that renews its tokens, told on GitHub and Slack.
    Night,
    /// The same, with a record that is kept elsewhere between runs.
    Kept,
    /// The same, and each time the program is stopped the machine is gone.
    LostMachine,
    /// Files of the repository and of a bucket, one of them broken.
    Files,
    /// An issue becomes a pull request.
    Form,
    /// Somebody writes a request at a terminal.
    New,
}

impl Story {
    pub(super) const ALL: [Self; 6] = [
        Self::Night,
        Self::Kept,
        Self::LostMachine,
        Self::Files,
        Self::Form,
        Self::New,
    ];

    /// Whether calls come from the platform.
    pub(super) const fn is_night(self) -> bool {
        matches!(self, Self::Night | Self::Kept | Self::LostMachine)
    }
}

/// At which visit the program is stopped, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stop {
    /// Counted from 1.
    pub(super) visit: usize,
    /// Microseconds from there.
    pub(super) delay: u64,
    /// Asked to end by SIGTERM; else SIGKILL.
    pub(super) politely: bool,
}

impl Stop {
    pub(super) const fn kill_at(visit: usize) -> Self {
        Self {
            visit,
            delay: 0,
            politely: false,
        }
    }
}

/// What the program did before it ended or was stopped.
pub(super) struct Run {
    /// Names of the points that it visited.
    pub(super) visits: Vec<String>,
    pub(super) output: Output,
}

impl Run {
    /// What it said, for messages of tests.
    pub(super) fn said(&self) -> String {
        let (stdout, stderr) = support::text(&self.output);
        format!(
            "{}\n{stdout}{stderr}after {:?}",
            self.output.status,
            self.visits.last()
        )
    }
}

/// Calls that the platform offers.
pub(super) const CALLS: usize = 6;

/// Stretches of the period that are listed one by one.
pub(super) const WINDOWS: usize = 3;

const FROM: &str = "2025-04-01";
const TO: &str = "2025-10-31";

/// A record of the present layout that nothing stands in: what comes before has a test of its own.
static EMPTY: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let scene = Scene::new("2026-12-01T01:17:00Z");
    drop(scene.open("nobody"));
    record::query(
        &scene.database(),
        "UPDATE record SET holder = NULL RETURNING 'done'",
    );
    fs::read(scene.database()).unwrap()
});

pub(super) struct World {
    pub(super) story: Story,
    scene: Scene,
    pub(super) gong: Running,
    pub(super) host: Running,
    pub(super) github: Running,
    pub(super) slack: Running,
    uploads: Server,
    runs: Cell<usize>,
}

impl World {
    pub(super) fn new(story: Story) -> Self {
        let mut scene = Scene::new("2026-12-01T01:17:00Z");
        scene.with_keys();
        let host = Simulator::start(Config::media(media::Config { bytes: 2_000 })).unwrap();
        let calls = population(CALLS.try_into().unwrap(), FROM, TO);
        let (mut config, credential) =
            (gong::CONSENTED.config)(calls, Limits::NONE, host.url.as_str());
        // Else a token whose answer was lost is lost for ever: tests of OAuth show what becomes of that.
        config.oauth.as_mut().unwrap().grace = true;
        let gong = Simulator::start(config).unwrap();
        scene.connect("gong", &gong.url, &credential.to_string());
        scene.without_limits("gong");
        scene.matrix.uploads = vec!["gs://imports/{account}/".to_owned()];
        scene.write_matrix();
        let github = Simulator::start(Config::github(github::Config::default())).unwrap();
        let slack = Simulator::start(Config::slack()).unwrap();
        let world = Self {
            story,
            scene,
            gong,
            host,
            github,
            slack,
            uploads: uploads(),
            runs: Cell::new(0),
        };
        fs::write(world.database(), &*EMPTY).unwrap();
        world.declare();
        world
    }

    /// Puts there what the story begins with.
    fn declare(&self) {
        let github = self.github.github();
        match self.story {
            Story::Night | Story::Kept | Story::LostMachine => {
                self.scene.write("northwind.yaml", &night());
                let path = "requests/northwind.yaml";
                github.merge(PullRequest::new(12, "jane-doe", [path]));
            }
            Story::Files => {
                self.scene.write("northwind.yaml", &files());
                let inside = [
                    ("a", zoom(1)),
                    ("b", zoom(2)),
                    ("broken", "no cue".to_owned()),
                ];
                for (name, text) in inside {
                    let path = format!("files/northwind/{name}.vtt");
                    self.scene.write(&path, &text);
                }
                let path = "requests/northwind.yaml";
                github.merge(PullRequest::new(12, "jane-doe", [path]));
            }
            Story::Form => {
                github.open_issue("jane-doe", "Import: Northwind", &form(&[]));
            }
            Story::New => {}
        }
    }

    pub(super) fn folder(&self) -> &Path {
        self.scene.folder.path()
    }

    pub(super) fn database(&self) -> PathBuf {
        self.scene.database()
    }

    pub(super) fn summary(&self) -> PathBuf {
        self.folder().join("summary.md")
    }

    fn command(&self) -> Command {
        let mut command = support::program(self.folder());
        command
            .envs(&self.scene.secrets)
            .env("CALL_IMPORT_DATABASE", "record.duckdb")
            .env("CALL_IMPORT_MEDIA", "recordings")
            .env("GITHUB_API_URL", &self.github.url)
            .env("GITHUB_REPOSITORY", "example/imports")
            .env("GITHUB_TOKEN", "simulated")
            .env("GITHUB_STEP_SUMMARY", self.summary())
            .env(
                "SLACK_WEBHOOK_URL",
                format!("{}{}", self.slack.url, slack::PATH),
            )
            .env("GOOGLE_BASE_URL", &self.uploads.url)
            .env("GOOGLE_SKIP_SIGNATURE", "true");
        match self.story {
            Story::Night | Story::Kept | Story::LostMachine => {
                let platform = format!("--platform-url=gong={}", self.gong.url);
                command.args(["reconcile", &platform]);
                if self.story != Story::Night {
                    command.args(["--state=kept", "--init"]);
                }
            }
            Story::Files => {
                command.args(["reconcile", "--failures=failures"]);
            }
            Story::Form => {
                command.args(["review", "form", "1"]);
            }
            Story::New => {
                command
                    .arg("new")
                    .arg("5,000 calls from Gong for Northwind, onboarding")
                    .arg("--requested-completion=2035-12-31");
            }
        }
        command
    }

    /// The program, once, until it ends or is stopped.
    pub(super) fn run(&self, stop: Option<Stop>) -> Run {
        self.runs.set(self.runs.get() + 1);
        let trace = self.trace();
        let mut command = self.command();
        command.env("CALL_IMPORT_KILL_TRACE", &trace);
        if let Some(Stop {
            visit,
            delay,
            politely,
        }) = stop
        {
            command
                .env("CALL_IMPORT_KILL_AT", visit.to_string())
                .env("CALL_IMPORT_KILL_DELAY", delay.to_string());
            if politely {
                command.env("CALL_IMPORT_KILL_SIGNAL", "TERM");
            }
        }
        let output = command.output().unwrap();
        let visits = fs::read_to_string(&trace).unwrap_or_default();
        Run {
            visits: visits.lines().map(str::to_owned).collect(),
            output,
        }
    }

    /// Where the present run writes its visits.
    pub(super) fn trace(&self) -> PathBuf {
        self.folder().join(format!("trace-{}", self.runs.get()))
    }

    /// The machine is gone, with all that was on it alone.
    pub(super) fn lose_the_machine(&self) {
        let record = self.database();
        let [log, mark] = companions(&record);
        for path in [record, log, mark] {
            let _ = fs::remove_file(path);
        }
        let _ = fs::remove_dir_all(self.folder().join(".record.duckdb.media"));
    }
}

fn night() -> String {
    format!(
        "customer: Northwind\nplatform: gong\nmethod: oauth\nestimated_calls: 6\nurgency: onboarding\n\
         requested_completion: 2035-12-31\nrequested_by: sam-lee\nperiod: {{from: {FROM}, to: {TO}}}\n\
         include: [transcript, media]\ncredentials:\n  secret: {}\n",
        support::secret("gong")
    )
}

fn files() -> String {
    "customer: Northwind\nplatform: other\nmethod: file\nestimated_calls: 3\nurgency: onboarding\n\
     requested_completion: 2035-12-31\nrequested_by: sam-lee\nperiod: {from: 2025-01-01, to: 2025-12-31}\n\
     files:\n  - files/northwind/*.vtt\n  - gs://imports/northwind/*.vtt\n"
        .to_owned()
}

/// A bucket with one file, as Google Cloud Storage answers.
fn uploads() -> Server {
    Server::start(|request| {
        let target = request.split(' ').nth(1).unwrap_or_default();
        if target.starts_with("/imports?") {
            let list = listed("northwind/c.vtt", zoom(3).len());
            answer("200 OK", "application/xml", list.as_bytes())
        } else {
            answer("200 OK", "text/vtt", zoom(3).as_bytes())
        }
    })
}
