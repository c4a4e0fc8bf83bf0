//! The files that GitHub reads: workflows, the scripts they run, and who must agree to what.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use call_import_engine::spec;
use globset::GlobBuilder;
use serde_yaml::Value;

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    fs::read_to_string(repository().join(path)).unwrap()
}

fn files(folder: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(repository().join(folder)).unwrap();
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty(), "{folder}");
    files
}

/// Workflows by file name.
fn workflows() -> BTreeMap<String, Value> {
    let read = |path: PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        (
            name,
            serde_yaml::from_str(&fs::read_to_string(path).unwrap()).unwrap(),
        )
    };
    files(".github/workflows").into_iter().map(read).collect()
}

/// All steps of a workflow.
fn steps(workflow: &Value) -> Vec<&Value> {
    let jobs = workflow["jobs"].as_mapping().unwrap().values();
    jobs.flat_map(|job| job["steps"].as_sequence().unwrap())
        .collect()
}

/// Every script that a runner executes, by where it stands: those inside of workflows and the files.
fn scripts() -> BTreeMap<String, String> {
    let mut scripts = BTreeMap::new();
    for (name, workflow) in workflows() {
        for (index, step) in steps(&workflow).into_iter().enumerate() {
            if let Some(script) = step["run"].as_str() {
                scripts.insert(format!("{name}, step {index}"), script.to_owned());
            }
        }
    }
    for path in files(".github/scripts") {
        scripts.insert(
            path.display().to_string(),
            fs::read_to_string(path).unwrap(),
        );
    }
    scripts
}

#[test]
fn the_night_begins_when_the_matrix_says() {
    let matrix = spec::load_matrix("matrix.yaml", read("matrix.yaml").as_bytes()).unwrap();
    let at = matrix.nightly.at;
    let cron = &workflows()["nightly.yml"]["on"]["schedule"][0]["cron"];
    assert_eq!(
        cron.as_str(),
        Some(&*format!("{} {} * * *", at.minute(), at.hour())),
        "nightly.yml begins at another time than matrix.yaml says"
    );
    assert_ne!(at.minute() % 10, 0, "GitHub is busiest at round minutes");
}

#[test]
fn a_night_ends_before_github_breaks_it_off() {
    let matrix = spec::load_matrix("matrix.yaml", read("matrix.yaml").as_bytes()).unwrap();
    let minutes = &workflows()["nightly.yml"]["jobs"]["reconcile"]["timeout-minutes"];
    let minutes = minutes.as_i64().unwrap();
    assert!(matrix.nightly.deadline.as_mins() + 30 <= minutes && minutes < 360);
}

#[test]
fn the_night_takes_what_the_readme_says() {
    let workflow = &workflows()["nightly.yml"];
    let inputs = workflow["on"]["workflow_dispatch"]["inputs"].as_mapping();
    let names: BTreeSet<&str> = inputs.unwrap().keys().filter_map(Value::as_str).collect();
    assert_eq!(
        names,
        BTreeSet::from(["dry_run", "first_run", "only", "retry"])
    );
    assert_eq!(workflow["concurrency"]["cancel-in-progress"], false);
}

#[test]
fn nothing_has_a_permission_that_its_job_does_not_name() {
    for (name, workflow) in workflows() {
        let top = workflow["permissions"].as_mapping();
        assert!(top.is_some_and(|map| map.is_empty()), "{name}");
        for (job, settings) in workflow["jobs"].as_mapping().unwrap() {
            assert!(settings["permissions"].is_mapping(), "{name}: {job:?}");
            let checkouts = settings["steps"].as_sequence().unwrap().iter();
            for step in checkouts.filter(|step| {
                step["uses"]
                    .as_str()
                    .is_some_and(|action| action.starts_with("actions/checkout@"))
            }) {
                assert_eq!(step["with"]["persist-credentials"], false, "{name}");
            }
        }
    }
}

#[test]
fn the_check_of_a_pull_request_only_reads() {
    let workflow = &workflows()["pull-request.yml"];
    for (_, job) in workflow["jobs"].as_mapping().unwrap() {
        for (scope, level) in job["permissions"].as_mapping().unwrap() {
            assert_eq!(level, "read", "{scope:?}");
        }
    }
    let text = read(".github/workflows/pull-request.yml");
    assert!(!text.contains("secrets."));
    assert!(!text.contains("pull_request_target"));
    assert!(!text.contains("cargo "), "somebody waits for this");
    let trigger = &workflow["on"]["pull_request"];
    assert!(trigger.is_null(), "a required check must run always");
}

#[test]
fn who_writes_before_a_merge_runs_nothing_of_the_pull_request() {
    for name in ["plan-comment.yml", "import-request.yml"] {
        let text = read(&format!(".github/workflows/{name}"));
        assert!(!text.contains("pull_request_target"), "{name}");
        assert!(!text.contains("cargo "), "{name}");
        let workflow = &workflows()[name];
        for step in steps(workflow) {
            let action = step["uses"].as_str().unwrap_or_default();
            if action.starts_with("actions/checkout@") {
                assert_eq!(step["with"]["ref"], "main", "{name}");
            }
        }
    }
    let check = &workflows()["pull-request.yml"]["name"];
    let comment = &workflows()["plan-comment.yml"]["on"]["workflow_run"]["workflows"];
    assert_eq!(&comment[0], check);
}

#[test]
fn actions_are_pinned_by_hash() {
    for (name, workflow) in workflows() {
        let text = read(&format!(".github/workflows/{name}"));
        for step in steps(&workflow) {
            let Some(action) = step["uses"].as_str() else {
                continue;
            };
            let (_, hash) = action.split_once('@').unwrap();
            let is_hash = hash.len() == 40 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
            assert!(is_hash, "{name}: {action}");
            let with_version = format!("uses: {action} # v");
            assert!(text.contains(&with_version), "{name}: {action}");
        }
    }
}

#[test]
fn no_text_from_outside_becomes_part_of_a_script() {
    for (place, script) in scripts() {
        assert!(!script.contains("${{"), "{place}");
    }
}

#[test]
fn workflows_call_the_program_as_it_is() {
    let mut commands = BTreeSet::new();
    for (place, script) in scripts() {
        let called = calls(&script);
        let with_none = called.iter().map(String::as_str).chain([""]);
        let help: String = with_none.map(|command| help(command, &place)).collect();
        for flag in flags(&script) {
            assert!(help.contains(&flag), "{place}: {flag}");
        }
        commands.extend(called);
    }
    let all = [
        "plan",
        "reconcile",
        "retry",
        "review check",
        "review comment",
        "review form",
        "state",
        "status",
        "validate",
    ];
    assert_eq!(commands, all.map(String::from).into());
}

/// Commands of `call-import` in a script.
fn calls(script: &str) -> BTreeSet<String> {
    let lines = code(script).map(|line| line.split_whitespace().collect::<Vec<_>>());
    let mut called = BTreeSet::new();
    for words in lines {
        for (index, _) in (words.iter().enumerate()).filter(|(_, word)| **word == "call-import") {
            let command = match words.get(index + 1..) {
                // Its flags are those of its own commands.
                Some(["review", command, ..]) => format!("review {command}"),
                Some([command, ..]) => (*command).to_owned(),
                Some([]) | None => continue,
            };
            called.insert(command);
        }
    }
    called
}

/// Flags in a script that are the program's: on its own lines and in the lists that are handed to it.
fn flags(script: &str) -> BTreeSet<String> {
    code(script)
        .filter(|line| {
            line.contains("call-import ") || line.contains("=(--") || line.contains("=(\"--")
        })
        .flat_map(|line| line.split(|character: char| " \"()=".contains(character)))
        .filter(|word| word.starts_with("--") && word.len() > 2)
        .map(str::to_owned)
        .collect()
}

fn code(script: &str) -> impl Iterator<Item = &str> {
    let lines = script.lines().map(str::trim);
    lines.filter(|line| !line.starts_with('#') && !line.starts_with("echo "))
}

fn help(command: &str, place: &str) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_call-import"))
        .args(command.split_terminator(' '))
        .arg("--help")
        .output()
        .unwrap();
    assert!(output.status.success(), "{place}: call-import {command}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn everybody_agrees_to_what_is_theirs() {
    const ENGINEERS: &str = "@your-organization/engineers";
    const LEADS: &str = "@your-organization/customer-success-leads";
    for (path, owner) in [
        ("requests/northwind-robotics.yaml", LEADS),
        ("requests/emea/northwind-robotics.yaml", LEADS),
        ("requests/files/northwind/call.vtt", LEADS),
        ("requests/recipients.txt", ENGINEERS),
        ("matrix.yaml", ENGINEERS),
        (".github/workflows/nightly.yml", ENGINEERS),
        (".github/CODEOWNERS", ENGINEERS),
        (".ci/run", ENGINEERS),
        ("src/main.rs", ENGINEERS),
        ("src/spec/requests/x.rs", ENGINEERS),
        ("schemas/import-request.schema.json", ENGINEERS),
        ("tests/suite/main.rs", ENGINEERS),
        ("Cargo.toml", ENGINEERS),
        ("Cargo.lock", ENGINEERS),
        ("clippy.toml", ENGINEERS),
    ] {
        assert_eq!(owner_of(path), owner, "{path}");
    }
}

/// Who owns a path: the last line that matches. Of GitHub's patterns only those in use are known here: `*`,
/// and paths from the root, of folders with `/` at the end.
fn owner_of(path: &str) -> String {
    let text = read(".github/CODEOWNERS");
    let mut lines = text
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    let owns = |line: &&str| {
        let pattern = line.split_whitespace().next().unwrap();
        let pattern = match pattern.strip_prefix('/') {
            Some(folder) if folder.ends_with('/') => format!("{folder}**"),
            Some(file) => file.to_owned(),
            None => format!("**/{pattern}"),
        };
        let glob = GlobBuilder::new(&pattern).literal_separator(true).build();
        glob.unwrap().compile_matcher().is_match(path)
    };
    let line = lines.by_ref().filter(owns).last().unwrap();
    line.split_whitespace().nth(1).unwrap().to_owned()
}

#[test]
fn the_editor_knows_the_schemas() {
    let settings: serde_json::Value = serde_json::from_str(&read(".vscode/settings.json")).unwrap();
    for (schema, files) in settings["yaml.schemas"].as_object().unwrap() {
        assert!(repository().join(schema).is_file(), "{schema}");
        assert!(files.is_array());
    }
    let ignored = Command::new("git")
        .args(["check-ignore", "--quiet", ".vscode/settings.json"])
        .current_dir(repository())
        .status();
    assert!(!ignored.unwrap().success(), ".vscode is ignored by git");
}
