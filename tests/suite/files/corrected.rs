//! A folder of files from a customer, as a CS person takes it in hand: looked into, imported, corrected, imported.

#![expect(
    clippy::unwrap_used,
    reason = "a helper that cannot go on fails its test"
)]

use std::{fs, path::Path, process::Output};

use tempfile::TempDir;

use crate::{record, support};

const REQUEST: &str = "customer: Northwind\nplatform: other\nestimated_calls: 6\nurgency: onboarding\n\
                       requested_completion: 2030-12-31\nmethod: file\nfiles: [files/northwind/*]\n";

const LIST: &str = "id,title,start,duration,transcript file,people\n\
    n-1,Kick-off,2026-03-02T15:00:00Z,0:31:20,one.vtt,Bo Lind <bo@northwind.example>\n\
    n-2,Renewal,31/31/2026,45 min,two.vtt,Bo Lind <bo@northwind.example>\n\
    n-3,Review,2026-03-04T15:00:00Z,12 min,tree.vtt,Ines Duarte <ines@oursidelta.example>\n\
    n-4,Demo,2026-03-05T15:00:00Z,20 min,four.vtt,Ines Duarte <ines@oursidelta.example>\n";

/// What lies in the folder: a list with two wrong rows, its transcripts, one transcript that no row names, a copy of
/// it, a broken one, and what is nobody's call.
fn folder() -> TempDir {
    let folder = TempDir::new().unwrap();
    write(folder.path(), "requests/northwind.yaml", REQUEST);
    for (name, words) in [
        ("one.vtt", "Welcome to the kick-off."),
        ("two.vtt", "Shall we renew?"),
        ("four.vtt", "This is the demo."),
        ("five.vtt", "Nobody listed me."),
        ("other.vtt", "Nobody listed me."),
    ] {
        let text = format!("WEBVTT\n\n00:01.000 --> 00:04.000\n<v Bo Lind>{words}\n");
        write(
            folder.path(),
            &format!("requests/files/northwind/{name}"),
            &text,
        );
    }
    write(folder.path(), "requests/files/northwind/calls.csv", LIST);
    write(
        folder.path(),
        "requests/files/northwind/six.pdf",
        "%PDF-1.7",
    );
    write(folder.path(), "requests/files/northwind/Thumbs.db", "x");
    fs::copy(
        support::root().join("matrix.yaml"),
        folder.path().join("matrix.yaml"),
    )
    .unwrap();
    folder
}

fn write(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn run(folder: &TempDir, arguments: &[&str]) -> Output {
    let mut program = support::program(folder.path());
    program.args(arguments).output().unwrap()
}

/// What it says, and how it ends.
fn told(output: &Output) -> String {
    let (said, aside) = support::text(output);
    format!(
        "{said}--- stderr\n{aside}--- exit {}\n",
        output.status.code().unwrap()
    )
}

/// Lines of a status without those that tell when something was.
fn without_times(text: &str) -> String {
    let times = [
        "First seen",
        "Begun",
        "Finished",
        "Last change",
        "First promised",
        "Expected",
    ];
    let kept = text
        .lines()
        .filter(|line| !times.iter().any(|time| line.trim_start().starts_with(time)));
    kept.map(|line| format!("{line}\n")).collect()
}

#[test]
fn a_table_of_failures_is_corrected_and_brings_exactly_the_missing_calls() {
    let folder = folder();
    let database = folder.path().join("call-import.duckdb");
    let ids = || {
        record::value(
            &database,
            "SELECT string_agg(coalesce(title, external_id), ', ' ORDER BY title) FROM calls",
        )
    };

    let night = |arguments: &[&str]| {
        run(
            &folder,
            &[&["reconcile", "--no-github"], arguments].concat(),
        )
    };
    assert_eq!(night(&["--failures", "failures"]).status.code(), Some(1));
    assert_eq!(ids(), "Demo, Kick-off, five");
    let status = run(
        &folder,
        &["status", "northwind", "--failures", "northwind.csv"],
    );
    insta::assert_snapshot!("status", without_times(&told(&status)));
    let table = fs::read_to_string(folder.path().join("northwind.csv")).unwrap();
    insta::assert_snapshot!("failures", table.replace('\r', ""));
    assert_eq!(
        fs::read_to_string(folder.path().join("failures/northwind.csv")).unwrap(),
        table
    );
    let again = run(
        &folder,
        &["status", "northwind", "--failures", "northwind.csv"],
    );
    assert_eq!(again.status.code(), Some(2), "nothing is written over");

    let before = record::value(
        &database,
        "SELECT string_agg(updated_at::VARCHAR, ' ' ORDER BY external_id) FROM calls",
    );
    let corrected = table
        .replace(",31/31/2026,45", ",2026-03-03T15:00:00Z,45")
        .replace(",tree.vtt,Ines", ",three.vtt,Ines");
    write(
        folder.path(),
        "requests/files/northwind/three.vtt",
        "WEBVTT\n\n00:01.000 --> 00:04.000\n<v Ines Duarte>Let us review.\n",
    );
    write(
        folder.path(),
        "requests/files/northwind/northwind.csv",
        &corrected,
    );
    fs::remove_file(folder.path().join("requests/files/northwind/six.pdf")).unwrap();
    let output = night(&["--failures", "failures"]);
    assert_eq!(output.status.code(), Some(0), "{}", told(&output));
    assert_eq!(ids(), "Demo, Kick-off, Renewal, Review, five");
    let status = run(&folder, &["status", "northwind"]);
    insta::assert_snapshot!("status_corrected", without_times(&told(&status)));
    let unchanged = "SELECT string_agg(updated_at::VARCHAR, ' ' ORDER BY external_id) FROM calls WHERE title NOT IN ('Renewal', 'Review')";
    assert_eq!(record::value(&database, unchanged), before);
}

#[test]
fn files_are_looked_into_before_anything_is_imported() {
    let folder = folder();
    let looked = run(
        &folder,
        &[
            "files",
            "northwind",
            "--failures",
            "failed.csv",
            "--manifest",
            "list.csv",
        ],
    );
    insta::assert_snapshot!("request", told(&looked));
    let table = fs::read_to_string(folder.path().join("failed.csv")).unwrap();
    assert!(table.contains("31/31/2026"), "{table}");
    assert!(!folder.path().join("list.csv").exists(), "there is a list");

    let by_file = run(&folder, &["files", "requests/northwind.yaml"]);
    assert_eq!(support::text(&by_file).0, support::text(&looked).0);
    let json = run(&folder, &["files", "northwind", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(json["can_be_imported"], true);
    assert_eq!(json["failures"].as_array().unwrap().len(), 3);
    assert_eq!(json["found"]["calls"], 3);
}

#[test]
fn loose_files_are_looked_into_and_get_a_list() {
    let folder = folder();
    fs::remove_file(folder.path().join("requests/files/northwind/calls.csv")).unwrap();
    fs::rename(
        folder.path().join("requests/files/northwind"),
        folder.path().join("export"),
    )
    .unwrap();
    let looked = run(
        &folder,
        &[
            "files",
            "export",
            "--manifest",
            "list.csv",
            "--template",
            "template.csv",
        ],
    );
    insta::assert_snapshot!("loose", told(&looked));
    insta::assert_snapshot!(
        "manifest",
        fs::read_to_string(folder.path().join("list.csv"))
            .unwrap()
            .replace('\r', "")
    );
    let absolute = folder.path().join("export");
    let absolute = run(
        &folder,
        &["files", absolute.to_str().unwrap(), "--format", "json"],
    );
    let absolute: serde_json::Value = serde_json::from_slice(&absolute.stdout).unwrap();
    assert_eq!(absolute["found"]["calls"], 4);

    let refused = run(&folder, &["files", "export", "--failures", "list.csv"]);
    assert_eq!(refused.status.code(), Some(2));
    let nothing = run(&folder, &["files", "export/six.pdf"]);
    insta::assert_snapshot!("nothing", told(&nothing));
    let template = run(&folder, &["files", "--template", "template-2.csv"]);
    assert_eq!(template.status.code(), Some(0));
    for wrong in [
        &["files"][..],
        &["files", "nowhere"],
        &["files", "export", "--platform", "nobody"],
    ] {
        assert_eq!(run(&folder, wrong).status.code(), Some(2), "{wrong:?}");
    }
}

#[test]
fn the_request_in_the_readme_validates() {
    let readme = fs::read_to_string(support::root().join("README.md")).unwrap();
    let section = readme
        .split("### Files that a customer exports")
        .nth(1)
        .unwrap();
    let block = section
        .split("```yaml\n")
        .nth(1)
        .and_then(|rest| rest.split("```").next())
        .unwrap();
    let request: String = block
        .lines()
        .map(|line| format!("{}\n", line.strip_prefix("   ").unwrap_or(line)))
        .collect();
    let folder = TempDir::new().unwrap();
    write(folder.path(), "requests/northwind.yaml", &request);
    write(
        folder.path(),
        "requests/files/example/one.vtt",
        "WEBVTT\n\n00:01.000 --> 00:04.000\nWelcome.\n",
    );
    write(
        folder.path(),
        "requests/files/example/calls.csv",
        "id,Fecha,transcript file\nn-1,03/04/2026 15:00,one.vtt\n",
    );
    fs::copy(
        support::root().join("matrix.yaml"),
        folder.path().join("matrix.yaml"),
    )
    .unwrap();
    let output = run(&folder, &["validate"]);
    assert_eq!(output.status.code(), Some(0), "{}", told(&output));
    let looked = told(&run(&folder, &["files", "northwind"]));
    assert!(looked.contains("2026-04-03 13:00 UTC"), "{looked}");
}
