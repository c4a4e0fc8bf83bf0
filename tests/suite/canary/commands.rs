//! Every command of the real program, used rightly and wrongly, with secrets in its environment and on its stdin.

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    process::{Command, Output, Stdio},
};

use call_import_engine::{model::WITHHELD, secrets::IDENTITY};
use serde_json::{Value, json};
use simulator::{
    Config, Running, Simulator,
    faults::{Fault, Rule},
    github::{self, Place, PullRequest},
    gong::{self, EXTENSIVE},
    slack,
};

use super::{
    Search, canary,
    faults::{identity, repeat_in, repeated},
    plain_canary,
};
use crate::{
    cli,
    reconcile::population,
    record,
    support::{self, Scene},
};

/// A repository as in a workflow, with a secret in everything that takes one.
struct Mine {
    scene: Scene,
    gong: Running,
    github: Running,
    slack: Running,
    credential: String,
    environment: Vec<(&'static str, String)>,
    search: Search,
}

impl Mine {
    fn new() -> Self {
        let mut scene = Scene::new("2026-12-01T01:17:00Z");
        scene.with_keys();
        scene.without_limits("gong");
        scene.write_matrix();
        let (user, secret) = (plain_canary("user"), canary("secret"));
        let calls = population(4, "2026-09-01", "2026-10-31");
        let mut config = gong::Config::new(calls).without_limits();
        let company = &mut config.companies[0];
        (company.access_key, company.access_key_secret) = (user.clone(), secret.clone());
        let gong = Simulator::start(Config::gong(config)).unwrap();
        let said = repeated(&user, &secret);
        let text = said.clone();
        let echo = Fault::rewrite(move |answer| repeat_in(answer, &text));
        gong.gong().faults().add(Rule::new(echo));
        let refused = Fault::Status {
            status: 400,
            message: said,
            retry_after: None,
        };
        gong.gong()
            .faults()
            .add(Rule::new(refused).on(EXTENSIVE).once());
        let token = plain_canary("token");
        let github = Simulator::start(Config::github(github::Config {
            token: token.clone(),
            ..github::Config::default()
        }));
        let github = github.unwrap();
        for (number, id) in [(12, "northwind"), (13, "contoso")] {
            let file = format!("requests/{id}.yaml");
            github
                .github()
                .merge(PullRequest::new(number, "jane-doe", [file]));
        }
        let slack = Simulator::start(Config::slack()).unwrap();
        let (webhook, cloud) = (plain_canary("webhook"), canary("cloud"));
        let credential = json!({"access_key": user, "access_key_secret": secret}).to_string();
        let period = "period: {from: 2026-09-01, to: 2026-10-31}\n";
        scene.request("northwind", "Northwind", period);
        scene.request("contoso", "Contoso", period);
        let summary = scene.folder.path().join("summary.md");
        let environment = vec![
            (IDENTITY, scene.secrets[IDENTITY].clone()),
            ("IMPORT_NORTHWIND_GONG", credential.clone()),
            ("IMPORT_CONTOSO_GONG", credential.clone()),
            ("CALL_IMPORT_DATABASE", "record.duckdb".into()),
            ("GITHUB_ACTIONS", "true".into()),
            ("GITHUB_REPOSITORY", "example/imports".into()),
            ("GITHUB_API_URL", github.url.clone()),
            ("GITHUB_TOKEN", token.clone()),
            ("CALL_IMPORT_APP_TOKEN", token.clone()),
            ("GITHUB_STEP_SUMMARY", summary.to_str().unwrap().into()),
            (
                "SLACK_WEBHOOK_URL",
                format!("{}{}?key={webhook}", slack.url, slack::PATH),
            ),
            ("AWS_SECRET_ACCESS_KEY", cloud.clone()),
        ];
        let search = Search::of([
            ("the user", user),
            ("the secret", secret),
            ("the token", token),
            ("the webhook", webhook),
            ("the key of the bucket", cloud),
            ("the secret key", identity(&scene)),
        ]);
        Self {
            scene,
            gong,
            github,
            slack,
            credential,
            environment,
            search,
        }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = support::program(self.scene.folder.path());
        command
            .args(arguments)
            .envs(self.environment.iter().cloned());
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs it with this on its stdin; nothing of what it says may be a secret.
    #[track_caller]
    fn run(&self, arguments: &[&str], input: &str) -> Output {
        let mut child = self.command(arguments).spawn().unwrap();
        // A command that reads nothing may be gone by now.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let output = child.wait_with_output().unwrap();
        let when = arguments.join(" ");
        self.search.assert_absent(&output.stdout, "stdout", &when);
        self.search.assert_absent(&output.stderr, "stderr", &when);
        output
    }

    #[track_caller]
    fn assert_silent(&self) {
        let told = self.github.github().all_comments();
        assert!(told.len() > 3, "{told:?}");
        self.search
            .assert_absent(format!("{told:?}").as_bytes(), "GitHub", "in the end");
        let told = self.slack.slack().messages();
        assert!(!told.is_empty());
        self.search
            .assert_absent(told.join("\n").as_bytes(), "Slack", "in the end");
        self.search
            .assert_absent_below(self.scene.folder.path(), "in the end");
    }
}

#[test]
fn no_command_tells_a_secret() {
    let mine = Mine::new();
    let url = format!("gong={}", mine.gong.url);
    let reconcile = [
        "reconcile",
        "--platform-url",
        &url,
        "--state",
        "saved",
        "--init",
    ];
    let credential = mine.credential.as_str();
    let issue = mine
        .github
        .github()
        .open_issue("jane-doe", "Import: Fabrikam", credential);
    let issue = issue.to_string();
    fs::create_dir(mine.scene.folder.path().join("result")).unwrap();
    let seal_other = ["seal", "--customer", "Fabrikam", "--platform", "gong"];
    let new = "new --customer Fabrikam --platform gong --estimated-calls 10 --urgency deal \
               --requested-completion 2030-12-31 --seal";
    let new: Vec<&str> = new.split_whitespace().collect();
    let review = "review check result --branch example:x --commit 0123456789012345678901234567890123456789 --run 1 \
                  --conclusion success";
    let review: Vec<&str> = review.split_whitespace().collect();
    let mut rights: Vec<(Vec<&str>, &str)> = vec![
        (reconcile.into(), ""),
        (reconcile.into(), ""),
        (
            [&reconcile[..], &["--format", "json", "--only", "contoso"]].concat(),
            "",
        ),
        (vec!["reconcile", "--dry-run"], ""),
        (vec!["seal", "northwind"], credential),
        (
            vec!["seal", "northwind", "--prove", "--platform-url", &url],
            credential,
        ),
        (
            vec![
                "seal",
                "northwind",
                "--prove",
                "--platform-url",
                "gong=http://127.0.0.1:9",
            ],
            credential,
        ),
        (vec!["seal", "--rotate"], ""),
        (seal_other.into(), credential),
        (seal_other.into(), &credential[..credential.len() - 3]),
        (seal_other.into(), &credential[1..]),
        (new, credential),
        (review, ""),
        (vec!["review", "form", &issue], ""),
        (vec!["review", "comment", "--", "1"], ""),
        (
            vec![
                "authorize",
                "gong",
                "--customer",
                "Fabrikam",
                "--redirect-uri",
                "https://x.example/",
            ],
            credential,
        ),
        (
            vec![
                "authorize",
                "gong",
                "--customer",
                "Fabrikam",
                "--port",
                "0",
                "--code",
                "x",
                "--platform-url",
                &url,
            ],
            r#"{"client_id": "app", "client_secret": "unknown"}"#,
        ),
        (reconcile.into(), ""),
    ];
    rights.extend(
        [
            vec!["matrix"],
            vec!["matrix", "gong", "--format", "json"],
            vec!["validate"],
            vec!["validate", "--format", "github"],
            vec!["validate", "--format", "sarif"],
            vec!["plan"],
            vec!["plan", "--format", "markdown"],
            vec!["plan", "--format", "json"],
            vec!["files", "northwind"],
            vec!["status"],
            vec!["status", "--format", "json"],
            vec!["retry", "northwind"],
            vec!["export", "exported"],
            vec!["state", "save", "kept"],
            vec!["state", "restore", "saved"],
            vec!["state", "restore", "s3://bucket/prefix"],
            vec!["keygen", "--output", "key.txt"],
            vec!["generate", "--check"],
            vec!["help"],
        ]
        .into_iter()
        .map(|arguments| (arguments, "")),
    );
    for (arguments, input) in &rights {
        mine.run(&[arguments, &["-vv"][..]].concat(), input);
        mine.run(
            &[arguments, &["--log-format", "json", "-vv"][..]].concat(),
            input,
        );
    }
    let sealed = fs::read_to_string(mine.scene.requests().join("northwind.yaml")).unwrap();
    assert!(sealed.contains("sealed: |"), "{sealed}");
    let recorded = record::value(
        &mine.scene.database(),
        "SELECT count(*)::VARCHAR FROM calls",
    );
    assert_ne!(recorded, "0");
    let account = ["erase", "--platform", "gong", "--account", "northwind"];
    for how in ["--dry-run", "--yes"] {
        mine.run(&[&account[..], &[how, "-vv"]].concat(), "");
    }
    mine.assert_silent();
}

#[test]
fn no_wrong_usage_repeats_a_secret() {
    let mine = Mine::new();
    let secrets = [canary("secret"), plain_canary("token")];
    for secret in &secrets {
        for command in cli::COMMANDS.into_iter().chain(["review"]) {
            for arguments in [
                vec![command, secret, "a", "b", secret],
                vec![command, "--wrong", secret],
                vec![command, "--requests", secret, "--matrix", secret],
                vec![command, "northwind", "--format", secret],
                vec![command, "northwind", "--platform-url", secret],
                vec![command, secret],
            ] {
                // What would begin to watch has nothing to say.
                if command != "watch" || arguments.len() != 5 {
                    mine.run(&arguments, "");
                }
            }
        }
        mine.run(&[secret], "");
        mine.run(&["status", "--database", secret], "");
    }
}

#[test]
fn a_watcher_tells_no_secret() {
    let mine = Mine::new();
    mine.scene.write(
        "tailspin.yaml",
        &format!("platform: {}\n", canary("secret")),
    );
    let mut child = mine.command(&["watch"]).spawn().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut told = Vec::new();
    while !String::from_utf8_lossy(&told).contains("error") {
        assert_ne!(stdout.read_until(b'\n', &mut told).unwrap(), 0);
    }
    child.kill().unwrap();
    child.wait().unwrap();
    mine.search.assert_absent(&told, "stdout", "watch");
}

/// What should never happen: one of our own texts holds a credential.
#[test]
fn a_secret_that_slips_into_a_text_is_withheld_everywhere() {
    let mut mine = Mine::new();
    let secret = "Zanzibar <Xylophones> & Co";
    mine.environment.push(("IMPORT_SPARE_GONG", secret.into()));
    let more = "account: northwind\nperiod: {from: 2026-09-01, to: 2026-10-31}\n";
    mine.scene
        .request("northwind", &format!("'{secret}'"), more);
    let request = mine.scene.requests().join("northwind.yaml");
    let text = fs::read_to_string(&request).unwrap();
    let (before, after) = text.split_once("  secret: ").unwrap();
    let after = after.split_once('\n').unwrap().1;
    let text = format!("{before}  secret: IMPORT_NORTHWIND_GONG\n{after}");
    fs::write(&request, text).unwrap();
    let search = Search::of([("the customer", secret.to_owned())]);
    let url = format!("gong={}", mine.gong.url);
    let output = mine.run(
        &[
            "reconcile",
            "--platform-url",
            &url,
            "--format",
            "json",
            "--database",
            "record.duckdb",
        ],
        "",
    );
    let report: Value = serde_json::from_slice(&output.stdout).expect("one JSON document");
    let customers = report["imports"].as_array().unwrap().iter();
    let customers: Vec<&str> = customers
        .map(|import| import["customer"].as_str().unwrap())
        .collect();
    assert_eq!(customers, ["Contoso", WITHHELD]);
    let (_, stderr) = support::text(&output);
    assert!(stderr.contains(&format!("ERROR {WITHHELD}")), "{stderr}");
    let told = mine.run(&["status", "northwind"], "");
    let summary = fs::read_to_string(mine.scene.folder.path().join("summary.md")).unwrap();
    let comments = mine.github.github().comments(&Place::PullRequest(12));
    let first = &comments[0].body;
    assert!(
        first.starts_with("<!-- call-import:status:northwind -->\n"),
        "{first}"
    );
    let comments: String = comments.into_iter().map(|comment| comment.body).collect();
    let messages = mine.slack.slack().messages().join("\n");
    let recorded =
        record::query(&mine.scene.database(), "SELECT body FROM notifications").join("\n");
    for (place, text) in [
        ("the log", stderr),
        ("stdout", support::text(&told).0),
        ("the summary", summary),
        ("GitHub", comments),
        ("Slack", messages),
        ("the record", recorded),
    ] {
        search.assert_absent(text.as_bytes(), place, "a slip");
        assert!(text.contains(WITHHELD), "{place}: {text}");
    }
    let usage = mine.run(&["retry", secret], "");
    let (_, told) = support::text(&usage);
    search.assert_absent(told.as_bytes(), "an error", "a slip");
    assert!(told.contains(WITHHELD), "{told}");
}

#[test]
fn a_crash_leaves_no_memory_behind() {
    let mine = Mine::new();
    let held = mine.gong.gong().on_request(1);
    let url = format!("gong={}", mine.gong.url);
    let program = env!("CARGO_BIN_EXE_call-import");
    // From a shell that allows core files of any size, where it may.
    let script =
        "ulimit -c unlimited 2>/dev/null; exec \"$0\" reconcile --no-github --platform-url \"$1\"";
    let mut child = Command::new("sh")
        .args(["-c", script, program, &url])
        .current_dir(mine.scene.folder.path())
        .envs(mine.environment.iter().cloned())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let arrived = held.wait().unwrap();
    if let Ok(limits) = fs::read_to_string(format!("/proc/{}/limits", child.id())) {
        let core = limits
            .lines()
            .find(|line| line.starts_with("Max core file size"));
        let core: Vec<&str> = core.unwrap().split_whitespace().collect();
        assert_eq!(core[4..6], ["0", "0"], "{limits}");
    } else {
        support::skipped("no /proc tells the limits of a process");
    }
    let abort = Command::new("kill")
        .args(["-ABRT", &child.id().to_string()])
        .status();
    assert!(abort.unwrap().success());
    assert!(!child.wait().unwrap().success());
    arrived.release();
    let names = super::files(mine.scene.folder.path());
    let cores = names
        .iter()
        .filter(|name| name.to_string_lossy().contains("core"));
    assert_eq!(cores.count(), 0, "{names:?}");
    mine.search
        .assert_absent_below(&mine.scene.requests(), "a crash");
}
