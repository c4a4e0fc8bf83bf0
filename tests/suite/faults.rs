//! The table of what can go wrong: each fault with the tests that show what the engine does about it, made of
//! `tests/faults.yaml`. `CALL_IMPORT_WRITE_FAULTS=1 cargo test --test suite faults` writes it anew.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::{collections::BTreeMap, fmt::Write as _, fs, path::Path, process::Command};

use globset::GlobBuilder;
use serde::Deserialize;

use crate::support;

/// Set to write the table instead of comparing it.
const WRITE: &str = "CALL_IMPORT_WRITE_FAULTS";

const TABLE: &str = "tests/FAULTS.md";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    group: String,
    faults: Vec<Fault>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fault {
    fault: String,
    engine: String,
    shown_by: Vec<String>,
}

fn groups() -> Vec<Group> {
    let text = fs::read_to_string(support::root().join("tests/faults.yaml")).unwrap();
    serde_yaml::from_str(&text).unwrap()
}

/// The names of the tests in this program, as it tells them itself, and of those beside the code.
fn tests() -> Vec<String> {
    let listed = Command::new(std::env::current_exe().unwrap())
        .arg("--list")
        .output()
        .unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    let names = listed
        .lines()
        .filter_map(|line| line.strip_suffix(": test"));
    let mut names: Vec<String> = names.map(str::to_owned).collect();
    beside_the_code(&support::root().join("src"), "unit", &mut names);
    names
}

/// `unit/<module>/<test>` for each test below a folder of the sources.
fn beside_the_code(folder: &Path, prefix: &str, names: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let stem = path.file_stem().unwrap().to_str().unwrap();
        if path.is_dir() {
            beside_the_code(&path, &format!("{prefix}/{stem}"), names);
            continue;
        }
        let text = fs::read_to_string(&path).unwrap_or_default();
        let mut lines = text.lines().map(str::trim);
        while lines.any(|line| line == "#[test]" || line == "#[tokio::test]") {
            let function = lines
                .find_map(|line| line.trim_start_matches("async ").strip_prefix("fn "))
                .unwrap();
            let name = function.split('(').next().unwrap();
            // `tests.rs` belongs to the module beside it.
            let module = match stem {
                "tests" => prefix.to_owned(),
                _ => format!("{prefix}/{stem}"),
            };
            names.push(format!("{module}/{name}"));
        }
    }
}

fn matching<'a>(pattern: &str, tests: &'a [String]) -> Vec<&'a str> {
    // `::` parts names as `/` parts paths, so that an asterisk stands for one part.
    let glob = GlobBuilder::new(&pattern.replace("::", "/"))
        .literal_separator(true)
        .build();
    let glob = glob.unwrap().compile_matcher();
    let found = tests
        .iter()
        .filter(|name| glob.is_match(name.replace("::", "/")));
    found.map(String::as_str).collect()
}

fn table(groups: &[Group]) -> String {
    let mut text = String::from(
        "# What can go wrong\n\n\
         Made of [`faults.yaml`](faults.yaml) by [`suite/faults.rs`](suite/faults.rs), which checks that every test named \
         here exists: names with `::` are tests of `cargo test --test suite`, names with `/` stand beside the code in \
         `src`, an asterisk stands for each platform or case.\n",
    );
    let mut number = 0;
    for Group { group, faults } in groups {
        write!(
            text,
            "\n## {group}\n\n| # | fault | what the engine does | shown by |\n|---|---|---|---|\n"
        )
        .unwrap();
        for Fault {
            fault,
            engine,
            shown_by,
        } in faults
        {
            number += 1;
            let tests: Vec<String> = shown_by.iter().map(|name| format!("`{name}`")).collect();
            writeln!(
                text,
                "| {number} | {fault} | {engine} | {} |",
                tests.join("<br>")
            )
            .unwrap();
        }
    }
    text
}

#[test]
fn every_fault_is_shown_by_tests_that_exist() {
    let tests = tests();
    let groups = groups();
    let faults: Vec<&Fault> = groups.iter().flat_map(|group| &group.faults).collect();
    assert_eq!(faults.len(), 77);
    let wrong: BTreeMap<&str, Vec<&str>> = faults
        .iter()
        .map(|fault| {
            let missing = fault.shown_by.iter().map(String::as_str);
            let missing = missing.filter(|name| matching(name, &tests).is_empty());
            (fault.fault.as_str(), missing.collect::<Vec<_>>(), fault)
        })
        .filter(|(_, missing, fault)| !missing.is_empty() || fault.shown_by.is_empty())
        .map(|(name, missing, _)| (name, missing))
        .collect();
    assert_eq!(
        wrong,
        BTreeMap::new(),
        "faults without a test that shows them"
    );
}

#[test]
fn the_table_is_up_to_date() {
    let (path, table) = (support::root().join(TABLE), table(&groups()));
    if std::env::var_os(WRITE).is_some() {
        fs::write(&path, &table).unwrap();
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == table,
        "{TABLE} is stale: {WRITE}=1 cargo test --test suite faults writes it"
    );
}

#[test]
fn the_page_about_security_names_tests_that_exist() {
    let tests = tests();
    let page = fs::read_to_string(support::root().join("SECURITY.md")).unwrap();
    let rows = page.lines().filter(|line| line.starts_with("| "));
    let shown_by = rows.filter_map(|row| row.trim_end_matches(" |").rsplit(" | ").next());
    let names: Vec<&str> = shown_by
        .filter(|cell| cell.starts_with('`'))
        .flat_map(|cell| cell.split(", ").map(|name| name.trim_matches('`')))
        .collect();
    assert!(names.len() > 30, "{names:?}");
    let missing: Vec<_> = names
        .into_iter()
        .filter(|name| matching(name, &tests).is_empty())
        .collect();
    assert_eq!(missing, [""; 0]);
}
