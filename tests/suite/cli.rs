//! The program as people and workflows run it.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Command, Output, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use serde_json::Value;
use tempfile::TempDir;

/// Every command that people are told of.
pub(crate) const COMMANDS: [&str; 16] = [
    "matrix",
    "new",
    "seal",
    "authorize",
    "validate",
    "files",
    "plan",
    "watch",
    "reconcile",
    "status",
    "retry",
    "export",
    "erase",
    "state",
    "keygen",
    "generate",
];

const REQUEST: &str = "\
customer: Northwind Robotics
platform: gong
estimated_calls: 5000
urgency: onboarding
requested_completion: 2026-12-04
credentials:
  secret: IMPORT_NORTHWIND_ROBOTICS_GONG
";

/// How long a broken `watch` may keep the test waiting.
const PATIENCE: Duration = Duration::from_secs(60);

/// The program in a folder, with nothing of the environment but what finding libraries needs.
fn program(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_call-import"));
    command.args(arguments).current_dir(folder).env_clear();
    for name in ["PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT"] {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    command
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    program(folder, arguments).output().unwrap()
}

fn stdout(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).unwrap()
}

fn stderr(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).unwrap()
}

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A folder with the committed matrix and one valid request.
fn workspace() -> TempDir {
    let folder = TempDir::new().unwrap();
    fs::copy(
        repository().join("matrix.yaml"),
        folder.path().join("matrix.yaml"),
    )
    .unwrap();
    fs::create_dir(folder.path().join("requests")).unwrap();
    write(&folder, "requests/northwind.yaml", REQUEST);
    folder
}

fn write(folder: &TempDir, path: &str, text: &str) {
    fs::write(folder.path().join(path), text).unwrap();
}

#[test]
fn help_says_what_everything_does() {
    let folder = TempDir::new().unwrap();
    let help = run(folder.path(), &["--help"]);
    assert_eq!(help.status.code(), Some(0));
    insta::assert_snapshot!("help", stdout(&help));
    for command in COMMANDS {
        let help = run(folder.path(), &[command, "--help"]);
        assert_eq!(help.status.code(), Some(0));
        insta::assert_snapshot!(format!("help_{command}"), stdout(&help));
    }
}

#[test]
fn help_lists_every_command() {
    let folder = TempDir::new().unwrap();
    let help = run(folder.path(), &["--help"]);
    let section = stdout(&help).split_once("Commands:\n").unwrap().1;
    let listed: Vec<&str> = section
        .lines()
        .take_while(|line| !line.is_empty())
        .map(|line| line.split_whitespace().next().unwrap())
        .filter(|command| *command != "help")
        .collect();
    assert_eq!(listed, COMMANDS);
}

#[test]
fn wrong_usage_is_2() {
    let folder = workspace();
    for arguments in [
        &[] as &[&str],
        &["no-such-command"],
        &["validate", "--no-such-flag"],
        &["validate", "--format", "xml"],
        &[
            "validate",
            "--changed-since",
            "main",
            "requests/northwind.yaml",
        ],
        &["validate", "requests/no-such-request.yaml"],
        &["validate", "--changed-since", "--output=x"],
        &["matrix", "no-such-platform"],
        &["reconcile", "--platform-url", "gong"],
        &["reconcile", "--deadline", "soon"],
        &["reconcile", "--database", ""],
        &["reconcile", "--database", ":memory:"],
        &["status", "--database", "ducklake:postgres:x"],
        &["reconcile", "--only", "no-such-request"],
        &["reconcile", "--platform-url", "nowhere=http://127.0.0.1:1"],
        &["reconcile", "--platform-url", "gong=http://127.0.0.1:99999"],
        &["status", "no-such-request"],
        &["retry", "no-such-request"],
        &["retry"],
        &["export"],
    ] {
        let output = run(folder.path(), arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert_eq!(stdout(&output), "", "{arguments:?}");
        assert!(!output.stderr.is_empty(), "{arguments:?}");
    }
}

#[test]
fn what_cannot_run_is_3_and_tells_causes_on_demand() {
    let folder = TempDir::new().unwrap();
    for command in ["validate", "matrix", "generate"] {
        let output = run(folder.path(), &[command]);
        assert_eq!(output.status.code(), Some(3), "{command}");
        assert_eq!(
            stderr(&output),
            "error: matrix.yaml cannot be read.\n  (-v shows the causes)\n",
            "{command}"
        );
        let output = run(folder.path(), &[command, "-v"]);
        assert!(
            stderr(&output).contains("\n  because: "),
            "{}",
            stderr(&output)
        );
    }
}

#[test]
fn valid_requests_are_0_and_errors_are_1() {
    let folder = workspace();
    let output = run(folder.path(), &["validate"]);
    assert_eq!(stdout(&output), "All fine. 1 request file checked.\n");
    assert_eq!(output.status.code(), Some(0));

    write(
        &folder,
        "requests/northwind.yaml",
        &REQUEST.replace("gong", "gnog"),
    );
    let output = run(folder.path(), &["validate"]);
    assert_eq!(output.status.code(), Some(1));
    insta::assert_snapshot!(stdout(&output));
}

#[test]
fn a_broken_matrix_is_a_finding_for_validate_and_the_end_for_others() {
    let folder = workspace();
    let matrix = fs::read_to_string(folder.path().join("matrix.yaml")).unwrap();
    let broken = matrix.replace("status: supported", "status: perhaps");
    write(&folder, "matrix.yaml", &broken);
    let output = run(folder.path(), &["validate"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stdout(&output).contains("matrix.yaml:"),
        "{}",
        stdout(&output)
    );
    let output = run(folder.path(), &["matrix"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(stderr(&output).starts_with("error: The support matrix is not valid."));
}

#[test]
fn dates_are_judged_for_whoever_changes_the_file() {
    let folder = workspace();
    let git = |arguments: &[&str]| {
        let status = Command::new("git")
            .args([
                "-c",
                "user.name=Jane Doe",
                "-c",
                "user.email=jane@team.example",
            ])
            .args(arguments)
            .current_dir(folder.path())
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .stdout(Stdio::null())
            .status();
        assert!(status.unwrap().success(), "{arguments:?}");
    };
    let late = REQUEST.replace("2026-12-04", "2020-01-01");
    write(&folder, "requests/northwind.yaml", &late);
    git(&["init", "--quiet", "--initial-branch=main"]);
    git(&["add", "."]);
    git(&["commit", "--quiet", "--message=Ask for an import"]);
    let codes = |arguments: &[&str]| {
        let output = run(
            folder.path(),
            &[&["validate", "--format", "json"], arguments].concat(),
        );
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        let document: Value = serde_json::from_slice(&output.stdout).unwrap();
        let findings = document["findings"].as_array().unwrap().clone();
        findings
            .iter()
            .map(|finding| finding["code"].to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(codes(&[]), Vec::<String>::new());
    assert_eq!(codes(&["--changed-since", "HEAD"]), Vec::<String>::new());
    write(
        &folder,
        "requests/northwind.yaml",
        &(late + "notes: Please.\n"),
    );
    assert_eq!(codes(&["--changed-since", "HEAD"]), ["\"date-passed\""]);
    assert_eq!(codes(&["requests/northwind.yaml"]), Vec::<String>::new());
}

#[test]
fn json_stands_alone_on_stdout() {
    let folder = workspace();
    write(&folder, "requests/second.yaml", "platform: [");
    for arguments in [
        &["validate", "--format", "json", "-vv"] as &[&str],
        &[
            "validate",
            "--format",
            "sarif",
            "--log-format",
            "json",
            "-vv",
        ],
        &["matrix", "--format", "json", "-vv"],
        &["matrix", "gong", "--format", "json"],
    ] {
        let output = run(folder.path(), arguments);
        let document: Result<Value, _> = serde_json::from_slice(&output.stdout);
        assert!(document.is_ok(), "{arguments:?}: {}", stdout(&output));
    }
}

#[test]
fn no_command_of_the_runner_comes_from_outside() {
    let folder = workspace();
    let hostile =
        REQUEST.replace("gong", "\"::add-mask::x\"") + "\"::error::y\": z\n::set-output::\n";
    write(&folder, "requests/northwind.yaml", &hostile);
    let output = run(folder.path(), &["validate"]);
    assert_eq!(output.status.code(), Some(1));
    for line in stdout(&output).lines() {
        assert!(!line.trim_start().starts_with("::"), "{line}");
    }
    let output = run(folder.path(), &["validate", "--format", "github"]);
    for line in stdout(&output).lines() {
        let is_ours = line.starts_with("::error file=requests/northwind.yaml,");
        assert!(is_ours || !line.contains("::"), "{line}");
    }
}

#[test]
fn pipes_get_no_colour() {
    let folder = workspace();
    write(
        &folder,
        "requests/northwind.yaml",
        &REQUEST.replace("gong", "gnog"),
    );
    for arguments in [
        &["validate"] as &[&str],
        &["matrix"],
        &["--help"],
        &["validate", "--nope"],
    ] {
        let output = program(folder.path(), arguments)
            .env("NO_COLOR", "1")
            .output()
            .unwrap();
        let piped = run(folder.path(), arguments);
        assert_eq!(output, piped, "{arguments:?}");
        assert!(!output.stdout.contains(&b'\x1b') && !output.stderr.contains(&b'\x1b'));
    }
}

#[test]
fn a_reader_that_goes_is_no_failure() {
    let folder = workspace();
    write(&folder, "requests/second.yaml", "platform: [");
    for (arguments, code) in [
        (&["matrix"] as &[&str], 0),
        (&["validate"], 1),
        (&["--help"], 0),
        (&["watch"], 0),
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = program(folder.path(), arguments)
            .stdout(writer)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
            .wait_with_output()
            .unwrap();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}");
        assert_eq!(stderr(&output), "", "{arguments:?}");
    }
}

#[test]
fn platforms_are_found_by_key_or_name() {
    let folder = workspace();
    for wanted in ["read-ai", "Read.ai", "READ AI"] {
        let output = run(folder.path(), &["matrix", wanted]);
        assert!(
            stdout(&output).starts_with("Import from Read.ai: files only\n"),
            "{wanted}"
        );
    }
    for (wanted, meant) in [
        ("Firefly", "Fireflies.ai (`fireflies`)"),
        ("gong.io", "Gong (`gong`)"),
        ("MS Teams", "Microsoft Teams (`microsoft-teams`)"),
    ] {
        let output = run(folder.path(), &["matrix", wanted]);
        let known = format!("no platform `{wanted}`. Did you mean {meant}?");
        assert!(stderr(&output).contains(&known), "{}", stderr(&output));
    }
    for (wanted, name) in [
        ("teams", "Microsoft Teams"),
        ("Wingman", "Clari Copilot (formerly Wingman)"),
        ("ZoomInfo", "Chorus by ZoomInfo"),
    ] {
        let output = run(folder.path(), &["matrix", wanted]);
        let answer = format!("Import from {name}: ");
        assert!(stdout(&output).starts_with(&answer), "{wanted}");
    }
    insta::assert_snapshot!(
        "unknown_platform",
        stderr(&run(folder.path(), &["matrix", "Whizzcall"]))
    );
}

#[test]
fn generated_files_of_the_repository_are_up_to_date() {
    let output = run(repository(), &["generate", "--check"]);
    assert_eq!(
        stdout(&output),
        "Schemas, README table and issue form are up to date.\n",
        "{}",
        stderr(&output)
    );
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn stale_files_are_named_then_written() {
    let folder = workspace();
    let output = run(folder.path(), &["generate"]);
    assert_eq!(output.status.code(), Some(3), "a README without markers");
    write(
        &folder,
        "README.md",
        "# Ours\n<!-- matrix:begin -->\n<!-- matrix:end -->\nEnd\n",
    );
    let check = run(folder.path(), &["generate", "--check"]);
    assert_eq!(check.status.code(), Some(1));
    assert_eq!(
        stdout(&check),
        "stale: schemas/import-request.schema.json\nstale: schemas/matrix.schema.json\nstale: schemas/call.schema.json\n\
         stale: README.md\n\
         stale: .github/ISSUE_TEMPLATE/import-request.yml\nRun `call-import generate` and commit what it writes.\n"
    );
    assert!(!folder.path().join("schemas").exists());
    assert_eq!(run(folder.path(), &["generate"]).status.code(), Some(0));
    assert_eq!(
        run(folder.path(), &["generate", "--check"]).status.code(),
        Some(0)
    );
    let readme = fs::read_to_string(folder.path().join("README.md")).unwrap();
    assert!(
        readme.contains("| Gong | yes | `gong` |") && readme.ends_with("\nEnd\n"),
        "{readme}"
    );
}

#[test]
fn watch_checks_again_after_a_save_by_rename() {
    let folder = workspace();
    let mut child = program(folder.path(), &["watch"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let (sender, lines) = mpsc::channel();
    let stdout = BufReader::new(child.stdout.take().unwrap());
    thread::spawn(move || {
        stdout
            .lines()
            .try_for_each(|line| sender.send(line.unwrap()))
    });
    let read_until = |wanted: &str| {
        let mut seen = String::new();
        while let Ok(line) = lines.recv_timeout(PATIENCE) {
            seen.push_str(&line);
            seen.push('\n');
            if line.contains(wanted) {
                return seen;
            }
        }
        panic!("{wanted:?} is not in:\n{seen}");
    };
    read_until("Watching for changes.");
    write(
        &folder,
        "requests/.northwind.yaml.new",
        &REQUEST.replace("gong", "gnog"),
    );
    let target = folder.path().join("requests/northwind.yaml");
    fs::rename(folder.path().join("requests/.northwind.yaml.new"), target).unwrap();
    read_until("--- changed: northwind.yaml ---");
    let answer = read_until("1 request file checked");
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(answer.contains("error[unknown-platform]"), "{answer}");
}
