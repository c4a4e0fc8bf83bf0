//! What is said of files before they are merged: `validate` and `plan` through the real program, and what the
//! half with rights makes of it.

#![expect(
    clippy::unwrap_used,
    reason = "a helper that cannot go on fails its test"
)]

use std::{fs, process::Command};

use call_import_engine::report::plan::{CheckResult, Files, Proposal, View, markdown};
use serde_json::{Value, json};

use super::bring::{Desk, cut_mp4, text, wav, zip, zoom};
use crate::{
    journey::hostile::assert_harmless,
    support::{self, Scene},
};

const EVERYTHING: &str = "files: [\"files/northwind/**\"]";

fn validated(desk: &Desk, code: i32) -> String {
    let output = desk.run(&["validate"]);
    let (stdout, stderr) = support::text(&output);
    assert_eq!(output.status.code(), Some(code), "{stdout}{stderr}");
    stdout
}

fn findings(desk: &Desk, arguments: &[&str]) -> Vec<Value> {
    let mut whole = vec!["validate", "--format", "json"];
    whole.extend(arguments);
    let (stdout, stderr) = support::text(&desk.run(&whole));
    let found: Value = serde_json::from_str(&stdout).unwrap_or_else(|_| panic!("{stdout}{stderr}"));
    found["findings"].as_array().unwrap().clone()
}

/// `file:line:column code`, in their order.
fn places(findings: &[Value]) -> Vec<String> {
    let place = |finding: &Value| {
        format!(
            "{}:{}:{} {} {}",
            finding["path"].as_str().unwrap(),
            finding["line"],
            finding["column"],
            finding["severity"].as_str().unwrap(),
            finding["code"].as_str().unwrap()
        )
    };
    findings.iter().map(place).collect()
}

fn planned(desk: &Desk, arguments: &[&str]) -> String {
    let mut whole = vec!["plan"];
    whole.extend(arguments);
    let (stdout, stderr) = support::text(&desk.run(&whole));
    assert!(!stdout.is_empty(), "{stderr}");
    stdout
}

/// What a customer may send: good files, and one of each flaw.
fn mixed() -> Desk {
    let desk = Desk::new(&[]);
    desk.put(
        "calls.csv",
        "Call ID,Subject,Call Date,Duration (min),Attendees,Transcript,Recording\n\
         1,Kick-off,2026-03-31 15:00,31,Bo Lind <bo@northwind.example>,1.vtt,1.wav\n\
         2,Renewal,2026-04-41 15:00,5,,,\n\
         3,Gone,2026-04-02 9:00,5,,3.vtt,\n",
    );
    desk.put("1.vtt", zoom(1));
    desk.put("1.wav", wav(1, 70_000 / 100));
    desk.put(
        "end first.vtt",
        "WEBVTT\n\n00:00:09.000 --> 00:00:04.000\n<v Bo Lind>Hello there.</v>\n",
    );
    desk.put("film.mp4", cut_mp4());
    desk.put("notes.pdf", "%PDF-1.7\n");
    desk.put(
        "bundle.zip",
        zip(&[
            ("a/good.txt".into(), text(0, 5).into_bytes()),
            ("a/silent.vtt".into(), b"WEBVTT\n".to_vec()),
            ("a/.DS_Store".into(), b"x".to_vec()),
            (
                "list.csv".into(),
                b"Call ID,Subject,Transcript\n9,Lost,gone.vtt\n".to_vec(),
            ),
        ]),
    );
    desk.request(
        "other",
        &format!("{EVERYTHING}\noptions: {{timezone: Europe/Madrid}}"),
    );
    desk
}

#[test]
fn findings_stand_at_their_file_and_line() {
    let desk = mixed();
    insta::assert_snapshot!("findings", validated(&desk, 0));
    insta::assert_snapshot!("findings_places", places(&findings(&desk, &[])).join("\n"));
}

#[test]
fn what_cannot_be_imported_is_an_error() {
    let desk = Desk::new(&[]);
    desk.put("1.pdf", "%PDF-1.7\n");
    desk.put("2.vtt", "");
    desk.request("other", EVERYTHING);
    insta::assert_snapshot!("nothing_readable", validated(&desk, 1));

    let desk = Desk::new(&[]);
    desk.put(
        "calls.csv",
        "Call ID,Call Date\n1,03/04/2026 15:00\n2,05/06/2026 15:00\n",
    );
    desk.request(
        "other",
        &format!("{EVERYTHING}\noptions: {{timezone: Europe/Madrid}}"),
    );
    insta::assert_snapshot!("doubtful_dates", validated(&desk, 1));

    let desk = Desk::new(&[]);
    desk.put("calls.csv", "Call ID,Call Date\n1,2026-03-31 15:00\n");
    desk.request("other", EVERYTHING);
    insta::assert_snapshot!("no_time_zone", validated(&desk, 1));
}

#[test]
fn texts_in_git_are_a_warning_but_for_the_sample() {
    let desk = Desk::new(&["s3://imports/{account}/"]);
    desk.put("1.vtt", zoom(1));
    desk.request("other", EVERYTHING);
    desk.request_of(
        "example",
        "Example Robotics",
        "other",
        "files: [files/northwind/1.vtt]",
    );
    let lines = "files: [\"s3://imports/contoso/*.vtt\"]";
    desk.request_of("contoso", "Contoso", "other", lines);
    let found = findings(&desk, &[]);
    assert_eq!(
        places(&found),
        ["requests/northwind.yaml:1:1 warning files-in-git"]
    );
    let plan = planned(&desk, &[]);
    assert!(
        plan.contains("1 address lies elsewhere; what lies there is read at night."),
        "{plan}"
    );
}

#[test]
fn the_plan_tells_what_lies_in_the_files() {
    let desk = mixed();
    let plain = planned(&desk, &[]);
    let told = plain
        .lines()
        .find(|line| line.starts_with("In the files of"));
    insta::assert_snapshot!("plan_plain", told.unwrap());
    // What stands around it depends on the day.
    let comment = comment(&desk);
    let told = comment.split_once("**In the files of").unwrap().1;
    let told = told.split("**To tell the customer**").next().unwrap();
    insta::assert_snapshot!("plan_markdown", told);
    let plan: Value = serde_json::from_str(&planned(&desk, &["--format", "json"])).unwrap();
    insta::assert_json_snapshot!("plan_files", plan["imports"][0]["files"]);
}

#[test]
fn the_proposed_list_is_read_back() {
    let desk = Desk::new(&[]);
    desk.put("a/Kick-off.vtt", zoom(1));
    desk.put("a/Kick-off.wav", wav(1, 1_000));
    desk.put("b/GMT20260302-150012_Recording.transcript.vtt", zoom(2));
    desk.put(
        "bundle.zip",
        zip(&[("c/Review, \"final\".txt".into(), text(2, 3).into_bytes())]),
    );
    desk.request("other", EVERYTHING);
    let plan: Value = serde_json::from_str(&planned(&desk, &["--format", "json"])).unwrap();
    let manifest = plan["imports"][0]["files"]["manifest"].as_str().unwrap();
    insta::assert_snapshot!("manifest", manifest);

    // Somebody fills in what is missing, and puts it beside the files.
    let mut reader = csv::Reader::from_reader(manifest.as_bytes());
    let headings = reader.headers().unwrap().clone();
    let place = |name: &str| headings.iter().position(|heading| heading == name).unwrap();
    let (id, start, title) = (place("external_id"), place("started_at"), place("title"));
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(&headings).unwrap();
    for (number, row) in reader.records().enumerate() {
        let mut row: Vec<String> = row.unwrap().iter().map(str::to_owned).collect();
        row[id] = format!("nw-{number}");
        if row[start].is_empty() {
            row[start] = format!("2026-05-0{}T10:00:00Z", number + 1);
        }
        row[title] = format!("Corrected {number}");
        writer.write_record(&row).unwrap();
    }
    desk.put("manifest.csv", writer.into_inner().unwrap());
    assert_eq!(
        places(&findings(&desk, &[])),
        [
            // Its recording is shorter.
            "requests/files/northwind/a/Kick-off.vtt:1:1 info file-notice",
            "requests/northwind.yaml:1:1 warning files-in-git",
        ]
    );
    desk.night(0);
    let calls = "SELECT external_id || ' ' || title || ' ' || started_at || ' ' || transcript_state || ' ' || coalesce(media_state, '-') FROM calls ORDER BY 1";
    assert_eq!(
        desk.query(calls),
        [
            "nw-0 Corrected 0 2026-05-01 10:00:00 imported listed",
            "nw-1 Corrected 1 2026-03-02 15:00:12 imported -",
            "nw-2 Corrected 2 2026-05-03 10:00:00 imported -",
        ]
    );
}

fn git(desk: &Desk, arguments: &[&str]) {
    let mut command = Command::new("git");
    command
        .args([
            "-c",
            "user.name=Jane Doe",
            "-c",
            "user.email=jane@northwind.example",
        ])
        .args(arguments)
        .current_dir(desk.folder.path());
    let output = command.output().unwrap();
    assert!(output.status.success(), "{:?}", support::text(&output));
}

#[test]
fn a_branch_that_changes_only_a_file_is_checked_and_planned() {
    let desk = Desk::new(&[]);
    desk.put("1.vtt", zoom(1));
    desk.request("other", EVERYTHING);
    desk.request_of(
        "contoso",
        "Contoso",
        "other",
        "files: [files/contoso/1.vtt]",
    );
    let other = desk.requests().join("files/contoso");
    fs::create_dir_all(&other).unwrap();
    fs::write(other.join("1.vtt"), "").unwrap();
    git(&desk, &["init", "--quiet"]);
    git(&desk, &["add", "."]);
    git(&desk, &["commit", "--quiet", "-m", "Requests"]);
    let since = ["--changed-since", "HEAD"];
    assert_eq!(places(&findings(&desk, &since)), [""; 0]);

    desk.put("2.pdf", "%PDF-1.7\n");
    desk.put("3.vtt", zoom(3));
    assert_eq!(
        places(&findings(&desk, &since)),
        [
            "requests/files/northwind/2.pdf:1:1 warning file-failure",
            "requests/northwind.yaml:1:1 warning files-in-git",
        ]
    );
    let plan = planned(&desk, &["--format", "json", "--changed-since", "HEAD"]);
    let plan: Value = serde_json::from_str(&plan).unwrap();
    let imports = plan["imports"].as_array().unwrap();
    assert_eq!(imports.len(), 1, "{plan:#}");
    assert_eq!(imports[0]["request_id"], "northwind");
    assert_eq!(imports[0]["files"]["calls"], 2);
}

/// The comment on a pull request that brings everything.
fn comment(desk: &Desk) -> String {
    if !desk.folder.path().join(".git").exists() {
        git(desk, &["init", "--quiet"]);
        git(desk, &["commit", "--quiet", "--allow-empty", "-m", "Begin"]);
    }
    planned(desk, &["--format", "markdown", "--changed-since", "HEAD"])
}

/// Texts that would like to be more.
fn hostile() -> Vec<String> {
    vec![
        "@everyone and @example/leads".into(),
        "a | b |".into(),
        "<img src=x onerror=alert(1)><details open><!-- call-import:plan -->".into(),
        "![x](https://evil.example/x.png) [y](https://evil.example) www.evil.example".into(),
        "safe\u{202e}gpj.exe\u{2069} #12 GH-12".into(),
        "@ev\u{200b}ery\u{feff}one \u{200d}".into(),
        "`` ` ``` @team ::error::x".into(),
        "</summary></details>\u{2028}# big @everyone".into(),
        "=HYPERLINK(\"https://evil.example\")".into(),
    ]
}

#[test]
fn texts_in_files_stay_texts() {
    for (number, hostile) in hostile().iter().enumerate() {
        let desk = Desk::new(&[]);
        let name: String = hostile
            .chars()
            .filter(|c| !matches!(c, '/' | '\\'))
            .collect();
        let quoted = hostile.replace('"', "\"\"");
        desk.put(
            "calls.csv",
            format!(
                "Call ID,Subject,Attendees,Transcript,\"{quoted}\"\n1,\"{quoted}\",\"{quoted}\",1.vtt,x\n2,\"{quoted}\",,\"{quoted}\",x\n"
            ),
        );
        desk.put(
            "1.vtt",
            format!("WEBVTT\n\n00:01.000 --> 00:02.000\n<v {hostile}>{hostile}</v>\n"),
        );
        desk.put(
            &format!("{name}.vtt"),
            format!("WEBVTT\n\n00:01.000 --> 00:02.000\n{hostile}: {hostile}\n"),
        );
        desk.put(&format!("{name}.pdf"), "%PDF-1.7\n");
        desk.put(
            "bundle.zip",
            zip(&[(
                format!("{name}.txt"),
                format!("{hostile}\n\n{hostile}\n").into_bytes(),
            )]),
        );
        desk.request("other", "files: [\"files/northwind/*\"]");
        let told = comment(&desk);
        assert_harmless(&told, hostile);
        // Without a list, so that one is proposed.
        desk.remove("calls.csv");
        let told = comment(&desk);
        assert!(
            told.contains("A list to add what the files do not say"),
            "{number}: {told}"
        );
        assert_harmless(&told, hostile);
        let annotations = support::text(&desk.run(&["validate", "--format", "github"])).0;
        for line in annotations.lines() {
            assert!(
                line.starts_with("::warning ")
                    || line.starts_with("::error ")
                    || line.starts_with("::notice ")
                    || !line.starts_with("::"),
                "{line}"
            );
        }
        let plain = validated(&desk, 0);
        assert!(
            !plain.chars().any(crate::comments::is_hidden),
            "{number}: {plain}"
        );
    }
}

/// What the half with rights is given may come from anybody.
fn told(scene: &Scene, plan: &Value, findings: &Value) -> String {
    let result = CheckResult::read(
        findings.to_string().as_bytes(),
        Some(plan.to_string().as_bytes()),
    )
    .unwrap();
    let files = Files {
        server: "https://github.example".into(),
        repository: "example/imports".into(),
        commit: "0123456789abcdef0123456789abcdef01234567".into(),
    };
    let changed = ["requests/northwind.yaml".to_owned()];
    let view = View {
        matrix: &scene.matrix,
        findings: &result.findings,
        changed: Some(&changed),
        queue_is_known: result.queue_is_known,
    };
    let proposal = Proposal {
        files: Some(&files),
        ..Proposal::default()
    };
    markdown(&result.plan, &view, &proposal)
}

#[test]
fn whatever_a_check_says_of_files_the_comment_stays_short_and_harmless() {
    let desk = mixed();
    let scene = Scene::new("2026-12-01T09:00:00Z");
    let honest: Value = serde_json::from_str(&planned(&desk, &["--format", "json"])).unwrap();
    let findings = json!({"findings": findings(&desk, &[])});
    assert_harmless(&told(&scene, &honest, &findings), "the honest one");
    assert!(told(&scene, &honest, &findings).contains("**In the files of `northwind`**"));

    for hostile in hostile()
        .into_iter()
        .chain(["@everyone ".repeat(10_000), "\n\n# x\n::error::y\n".into()])
    {
        let mut plan = honest.clone();
        // Either many texts or a long one: what is given is never larger than 10 MB.
        let many = if hostile.len() > 1_000 { 4 } else { 60 };
        let shown = json!({
            "title": hostile, "started_at": "9999-12-30T22:00:00Z", "duration_ms": i64::MAX,
            "participants": vec![&hostile; many], "segments": u64::MAX,
            "opening": vec![(Some(&hostile), &hostile); many],
        });
        let mut short = hostile.clone();
        short.truncate(
            (0..=5_000.min(short.len()))
                .rev()
                .find(|at| short.is_char_boundary(*at))
                .unwrap(),
        );
        plan["imports"][0]["files"] = json!({
            "calls": u64::MAX, "without_transcript": u64::MAX, "without_start": u64::MAX, "without_id": u64::MAX,
            "recordings": u64::MAX, "duration_ms": i64::MIN, "first_day": "-009999-01-02", "last_day": "9999-12-30",
            "shown": vec![shown; many], "duplicates": u64::MAX, "failed": u64::MAX, "left_out": u64::MAX,
            "remote": u64::MAX, "columns": vec![(&hostile, &short); many], "manifest": short,
            "unknown": {"nested": [1]},
        });
        let comment = told(&scene, &plan, &findings);
        assert!(comment.len() < 60_000, "{}", comment.len());
        assert_harmless(&comment, &hostile.chars().take(60).collect::<String>());
    }
    // The same for many imports at once.
    let mut plan = honest.clone();
    let line = plan["imports"][0].clone();
    plan["imports"] = json!(vec![line; 300]);
    let comment = told(&scene, &plan, &findings);
    assert!(comment.len() < 60_000, "{}", comment.len());
    assert_harmless(&comment, "many");
    // What is no such object is no result.
    for wrong in [
        json!(1),
        json!({"calls": -1}),
        json!({"shown": [1]}),
        json!({"first_day": "soon"}),
    ] {
        let mut plan = honest.clone();
        plan["imports"][0]["files"] = wrong;
        let read = CheckResult::read(
            findings.to_string().as_bytes(),
            Some(plan.to_string().as_bytes()),
        );
        assert!(read.is_err());
    }
}
