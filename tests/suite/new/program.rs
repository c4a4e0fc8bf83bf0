//! The program, without a terminal.

use std::{
    fs,
    io::Write as _,
    path::Path,
    process::{Output, Stdio},
};

use tempfile::TempDir;

use crate::support;

const SENTENCE: &str =
    "5,000 calls from Gong for Northwind, needed by 31 December 2030, onboarding";

/// A repository without requests.
pub(super) fn office() -> TempDir {
    let folder = TempDir::new().unwrap();
    let matrix = support::root().join("matrix.yaml");
    fs::copy(matrix, folder.path().join("matrix.yaml")).unwrap();
    fs::create_dir(folder.path().join("requests")).unwrap();
    folder
}

fn run(folder: &Path, arguments: &[&str], input: &str) -> Output {
    let mut child = support::program(folder)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that refuses its arguments reads nothing.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

fn new(folder: &Path, arguments: &[&str]) -> Output {
    run(folder, &[&["new"], arguments].concat(), "")
}

/// Hides what is different each day.
pub(super) fn settings() -> insta::Settings {
    let mut settings = insta::Settings::clone_current();
    settings.add_filter(
        r"by (Mon|Tue|Wed|Thu|Fri|Sat|Sun) \d{1,2} \w{3} 20\d\d\.",
        "by [day].",
    );
    settings.add_filter(r"is [\d,]+ days before", "is [so many] days before");
    settings.add_filter(r"(?m)^    [A-Za-z0-9+/=]{1,64}\n", "");
    settings
}

fn shown(output: &Output) -> String {
    let (stdout, stderr) = support::text(output);
    let code = output.status.code().unwrap();
    format!("exit code {code}\n--- stdout\n{stdout}--- stderr\n{stderr}")
}

fn requests(folder: &TempDir) -> Vec<String> {
    let entries = fs::read_dir(folder.path().join("requests")).unwrap();
    let name = |entry: std::io::Result<fs::DirEntry>| entry.unwrap().file_name();
    let mut names: Vec<String> = entries
        .map(name)
        .map(|name| name.into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn read(folder: &TempDir, name: &str) -> String {
    fs::read_to_string(folder.path().join("requests").join(name)).unwrap()
}

#[test]
fn a_sentence_is_enough() {
    let folder = office();
    let output = new(folder.path(), &[SENTENCE]);
    let written = read(&folder, "northwind-gong.yaml");
    settings().bind(|| {
        insta::assert_snapshot!("sentence", format!("{}--- file\n{written}", shown(&output)));
    });
    // Words without quotation marks say the same, and nothing is written over a file.
    let words: Vec<&str> = SENTENCE.split(' ').collect();
    insta::assert_snapshot!("there_already", shown(&new(folder.path(), &words)));
    assert_eq!(read(&folder, "northwind-gong.yaml"), written);
    assert_eq!(requests(&folder), ["northwind-gong.yaml"]);
}

#[test]
fn the_queue_of_the_last_night_is_counted_in() {
    let folder = office();
    fs::write(folder.path().join("status.json"), "{\"imports\": []}").unwrap();
    let output = new(folder.path(), &["--observed", "status.json", SENTENCE]);
    assert_eq!(output.status.code(), Some(0), "{}", shown(&output));
    assert!(!shown(&output).contains("without tonight's queue"));
}

#[test]
fn flags_name_every_field() {
    let folder = office();
    let output = new(
        folder.path(),
        &[
            "--id",
            "northwind-2024",
            "--customer",
            "Northwind Robotics",
            "--platform",
            "fathom",
            "--estimated-calls",
            "300",
            "--urgency",
            "deal",
            "--requested-completion",
            "2030-12-31",
            "--credentials-secret",
            "IMPORT_NORTHWIND_FATHOM_2024",
            "--period-from",
            "2024-01-01",
            "--period-to",
            "2024-12-31",
            "--include",
            "transcript",
            "--account",
            "northwind",
            "--internal-domains",
            "northwind.example,northwind-robotics.example",
            "--requested-by",
            "jane-doe",
            "--suspended",
            "--notes",
            "Kick-off: Monday.",
        ],
    );
    assert_eq!(output.status.code(), Some(0), "{}", shown(&output));
    insta::assert_snapshot!("flags", read(&folder, "northwind-2024.yaml"));
    let valid = run(folder.path(), &["validate"], "");
    assert_eq!(valid.status.code(), Some(0), "{}", shown(&valid));
}

#[test]
fn everything_that_is_missing_is_named_at_once() {
    let folder = office();
    insta::assert_snapshot!("missing", shown(&new(folder.path(), &[])));
    let some = [
        "--customer",
        "Northwind",
        "--urgency",
        "soon",
        "--requested-completion",
        "04/12/2026",
        "--platform",
        "gnog",
    ];
    insta::assert_snapshot!("unclear", shown(&new(folder.path(), &some)));
    for id in ["../outside", "Northwind Gong", "files/x", ""] {
        let output = new(folder.path(), &["--id", id, SENTENCE]);
        assert_eq!(output.status.code(), Some(2), "{}", shown(&output));
    }
    assert_eq!(requests(&folder), [""; 0]);
}

#[test]
fn what_cannot_be_imported_is_told_with_the_alternative() {
    let folder = office();
    let rest = ["for Northwind", "40 calls", "by 2030-12-31", "deal"].join(", ");
    let no = new(folder.path(), &[&format!("from Salesloft, {rest}")]);
    insta::assert_snapshot!("not_supported", shown(&no));
    let files_only = new(folder.path(), &[&format!("from Otter, {rest}")]);
    insta::assert_snapshot!("files_only", shown(&files_only));
    assert_eq!(requests(&folder), [""; 0]);

    // The command that it names is whole.
    let (stdout, _) = support::text(&files_only);
    let command = stdout
        .lines()
        .find_map(|line| line.strip_prefix("  call-import new "));
    let words: Vec<&str> = command.unwrap().split(' ').collect();
    let words: Vec<&str> = words.iter().map(|word| word.trim_matches('\'')).collect();
    let named = new(folder.path(), &words);
    assert!(
        shown(&named).contains("No file in the requests folder fits `files/northwind/*`"),
        "{}",
        shown(&named)
    );
    let sentence = format!("from Otter, {rest}");
    let no_files = [
        "--method",
        "file",
        "--files",
        "files/northwind/*.srt",
        &sentence,
    ];
    let nothing_there = new(folder.path(), &no_files);
    insta::assert_snapshot!("no_file_there", shown(&nothing_there));
    let place = folder.path().join("requests/files/northwind");
    fs::create_dir_all(&place).unwrap();
    fs::write(
        place.join("a.srt"),
        "1\n00:00:01,000 --> 00:00:02,000\nAda: Hi\n",
    )
    .unwrap();
    let files = new(folder.path(), &no_files);
    settings().bind(|| insta::assert_snapshot!("by_file", shown(&files)));
    assert_eq!(requests(&folder), ["files", "northwind-otter.yaml"]);
}

#[test]
fn a_platform_has_the_same_names_at_every_door() {
    let folder = office();
    for (name, key) in [
        ("Wingman", "clari-copilot"),
        ("Teams", "microsoft-teams"),
        ("clari", "clari-copilot"),
        ("zoominfo", "chorus"),
    ] {
        let found = run(folder.path(), &["matrix", name, "--format", "json"], "");
        assert!(
            shown(&found).contains(&format!("\"platform\": \"{key}\"")),
            "{}",
            shown(&found)
        );
        let rest = [
            "--customer",
            "Bar",
            "--estimated-calls",
            "5",
            "--urgency",
            "deal",
        ];
        let rest = [&rest[..], &["--requested-completion", "2030-12-31"]].concat();
        let flags = [&["--suspended", "--id", "x", "--platform", name][..], &rest].concat();
        let _ = fs::remove_file(folder.path().join("requests/x.yaml"));
        let asked = shown(&new(folder.path(), &flags));
        let name_of_row = support::matrix().platforms[key].name.clone();
        assert!(
            asked.contains(&format!("Platform      {name_of_row}")),
            "{asked}"
        );
        fs::write(
            folder.path().join("requests/x.yaml"),
            format!("platform: {name}\n"),
        )
        .unwrap();
        let validated = shown(&run(folder.path(), &["validate", "x"], ""));
        assert!(
            validated.contains(&format!("help: Write `{key}`.")),
            "{validated}"
        );
    }
    let near = run(folder.path(), &["matrix", "Fathm"], "");
    assert_eq!(near.status.code(), Some(2));
    assert!(
        shown(&near).contains("Did you mean Fathom (`fathom`)?"),
        "{}",
        shown(&near)
    );
}

#[test]
fn a_request_is_named_by_its_id_or_by_its_file() {
    let folder = office();
    assert!(new(folder.path(), &[SENTENCE]).status.success());
    for named in ["northwind-gong", "requests/northwind-gong.yaml"] {
        let output = shown(&run(folder.path(), &["validate", named], ""));
        assert!(output.contains("requests/northwind-gong.yaml"), "{output}");
    }
    for command in [
        &["validate", "northwind"][..],
        &["reconcile", "--only", "northwind"],
    ] {
        let output = run(folder.path(), command, "");
        assert_eq!(output.status.code(), Some(2), "{}", shown(&output));
        let told = "There is no request `northwind` in requests. Did you mean `northwind-gong`?";
        assert!(shown(&output).contains(told), "{}", shown(&output));
    }
    // A path that exists counts more.
    fs::create_dir(folder.path().join("northwind-gong")).unwrap();
    let output = run(folder.path(), &["validate", "northwind-gong"], "");
    assert_eq!(output.status.code(), Some(2), "{}", shown(&output));
}

#[test]
fn a_flaw_is_told_as_validate_tells_it_and_nothing_is_written() {
    let folder = office();
    let arguments = [
        "--internal-domains",
        "@northwind",
        "--period-from",
        "2026-12-01",
        "--period-to",
        "2025-01-01",
        SENTENCE,
    ];
    insta::assert_snapshot!("flaws", shown(&new(folder.path(), &arguments)));
    assert_eq!(requests(&folder), [""; 0]);
}

#[test]
fn a_credential_is_refused_and_not_repeated() {
    let folder = office();
    // Made here, so that no scanner takes it for a real one.
    let token = format!("{}_{}", "ghp", "a1B2".repeat(9));
    let in_a_word = format!("token={token}");
    for arguments in [
        vec![SENTENCE, "key:", &token],
        vec!["--notes", &token, SENTENCE],
        vec!["--credentials-secret", &token, SENTENCE],
        vec!["--options", &in_a_word, SENTENCE],
        vec!["--id", &token, SENTENCE],
    ] {
        let output = new(folder.path(), &arguments);
        assert_eq!(output.status.code(), Some(2), "{}", shown(&output));
        assert!(!shown(&output).contains(&token), "{}", shown(&output));
        assert!(
            shown(&output).contains("ask the customer to replace it"),
            "{}",
            shown(&output)
        );
    }
    for flag in [format!("--token={token}"), format!("--api-key={token}")] {
        let output = new(folder.path(), &[&flag, SENTENCE]);
        assert_eq!(output.status.code(), Some(2));
        assert!(!shown(&output).contains(&token), "{}", shown(&output));
    }
    assert_eq!(requests(&folder), [""; 0]);
}

#[test]
fn a_credential_on_stdin_is_sealed_in_one_go() {
    let folder = office();
    let missing = run(folder.path(), &["new", "--seal", SENTENCE], "{}");
    assert_eq!(
        missing.status.code(),
        Some(3),
        "no recipients: {}",
        shown(&missing)
    );
    let keygen = run(folder.path(), &["keygen"], "");
    assert!(keygen.status.success());

    let wrong = run(
        folder.path(),
        &["new", "--seal", SENTENCE],
        "{\"access_key\": \"canary\"}",
    );
    assert_eq!(wrong.status.code(), Some(2), "{}", shown(&wrong));
    assert!(!shown(&wrong).contains("canary"));
    assert_eq!(requests(&folder), ["recipients.txt"]);

    let credential =
        r#"{"access_key": "canary-in-the", "access_key_secret": "canary-in-the-coal-mine"}"#;
    let output = run(folder.path(), &["new", "--seal", SENTENCE], credential);
    let written = read(&folder, "northwind-gong.yaml");
    settings().bind(|| {
        insta::assert_snapshot!(
            "sealed_in_one_go",
            format!("{}--- file\n{written}", shown(&output))
        );
    });
    assert!(!written.contains("canary") && !shown(&output).contains("canary"));
    let valid = run(folder.path(), &["validate"], "");
    assert_eq!(valid.status.code(), Some(0), "{}", shown(&valid));
}

#[test]
fn a_filled_form_is_a_door_too() {
    let folder = office();
    let body = "### Customer\n\nNorthwind\n\n### Where were the calls recorded?\n\nGong – yes\n\n### About how many calls?\n\n5,000\n\n\
        ### What depends on it?\n\nDeal: a sale waits for it\n\n### When does the customer want it?\n\n2030-12-31\n\n### Notes\n\n_No response_\n";
    fs::write(folder.path().join("body.md"), body).unwrap();
    let output = new(
        folder.path(),
        &["--form", "body.md", "--requested-by", "jane-doe"],
    );
    assert_eq!(output.status.code(), Some(0), "{}", shown(&output));
    insta::assert_snapshot!("form_request", read(&folder, "northwind-gong.yaml"));

    let piped = run(
        folder.path(),
        &["new", "--form", "-", "--id", "again"],
        body,
    );
    assert_eq!(piped.status.code(), Some(0), "{}", shown(&piped));
    let empty = run(
        folder.path(),
        &["new", "--form", "-"],
        "### Customer\n\n_No response_\n",
    );
    insta::assert_snapshot!("form_missing", shown(&empty));
}

#[test]
fn where_customers_consent_the_next_step_is_to_ask_them() {
    let folder = office();
    let new = |arguments: &[&str]| shown(&new(folder.path(), &[arguments, &[SENTENCE]].concat()));
    let oauth = ["--method", "oauth"];
    assert!(run(folder.path(), &["keygen"], "").status.success());
    let mut all = new(&[&oauth[..], &["--id", "sealed", "--seal"]].concat());
    all.push_str(&new(&oauth));
    // Zoom's app is made by the customer, who gives us its credential.
    let zoom = SENTENCE.replace("Gong", "Zoom");
    all.push_str(&shown(&run(folder.path(), &["new", &zoom], "")));
    all.push_str(&shown(&run(folder.path(), &["validate"], "")));
    settings().bind(|| insta::assert_snapshot!("consent", all));
}
