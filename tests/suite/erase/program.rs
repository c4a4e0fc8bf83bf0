//! The real program: what it says, what it asks, and that it can be stopped anywhere.

use std::{
    fs,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    process::{Output, Stdio},
    thread,
};

use call_import_engine::secrets::IDENTITY;
use secrecy::ExposeSecret as _;
use serde_json::Value;

use super::{FABRIKAM, NORTHWIND, WORDS, count, fabrikam, record_of_two};
use crate::{
    record::query,
    state::Team,
    store::fixtures::Place,
    support::{self, program, text},
};

/// A repository with a record of two customers, and who may open what is saved of it.
struct Office {
    place: Place,
    team: Team,
}

impl Office {
    async fn new() -> Self {
        let (place, team) = (Place::new(), Team::of(1));
        record_of_two(&place, &place.folder.path().join("kept")).await;
        let folder = place.folder.path();
        fs::create_dir(folder.join("requests")).unwrap();
        fs::write(folder.join("requests/recipients.txt"), team.recipients()).unwrap();
        let matrix = support::root().join("matrix.yaml");
        fs::copy(matrix, folder.join("matrix.yaml")).unwrap();
        Self { place, team }
    }

    fn folder(&self) -> &Path {
        self.place.folder.path()
    }

    fn command(&self, arguments: &[&str]) -> std::process::Command {
        let mut command = program(self.folder());
        command
            .args(arguments)
            .args(["--database", "record.duckdb"])
            .env(IDENTITY, self.team.identity(0).expose_secret())
            .stdin(Stdio::null());
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    fn erase(&self, arguments: &[&str]) -> Output {
        let account = ["erase", "--platform", "Gong", "--account", NORTHWIND];
        self.run(&[&account, arguments].concat())
    }

    fn recordings(&self, account: &str) -> PathBuf {
        self.folder().join("kept/gong").join(account)
    }
}

fn told(title: &str, output: &Output) -> String {
    let (stdout, stderr) = text(output);
    let code = output.status.code().unwrap();
    format!("# {title}\n{stdout}{stderr}[exit {code}]\n\n")
}

#[tokio::test]
async fn it_says_what_goes_what_stays_and_what_to_do() {
    let office = Office::new().await;
    let mut said = String::new();
    let mut say = |title: &str, arguments: &[&str]| {
        said.push_str(&told(title, &office.erase(arguments)));
    };
    let before = query(&office.place.path(), "SELECT count(*)::VARCHAR FROM calls");
    say("a dry run", &["--dry-run"]);
    say("recordings are kept somewhere", &["--yes"]);
    say("somewhere else", &["--yes", "--media", "elsewhere"]);
    say("without a terminal", &["--media", "kept"]);
    assert_eq!(
        query(&office.place.path(), "SELECT count(*)::VARCHAR FROM calls"),
        before,
        "nothing was erased so far"
    );
    assert_eq!(
        fs::read_dir(office.recordings(NORTHWIND)).unwrap().count(),
        1
    );
    fs::write(
        office
            .folder()
            .join("record.duckdb.before-20261101T000000Z"),
        "",
    )
    .unwrap();
    say("erased", &["--media", "kept", "--yes"]);
    assert_eq!(
        fs::read_dir(office.recordings(NORTHWIND)).unwrap().count(),
        0
    );
    assert_eq!(
        fs::read_dir(office.recordings(FABRIKAM)).unwrap().count(),
        1
    );
    say("once more", &["--media", "kept"]);
    for (title, arguments) in [
        (
            "no such account",
            &["erase", "--platform", "gong", "--account", "Northwind"][..],
        ),
        (
            "no such platform",
            &["erase", "--platform", "gnog", "--account", "northwind"],
        ),
        ("status", &["status"]),
        ("status of its import", &["status", "northwind-gong"]),
        ("retry", &["retry", "northwind-gong"]),
    ] {
        said.push_str(&told(title, &office.run(arguments)));
    }
    let here = office.folder().to_str().unwrap().replace('.', r"\.");
    insta::with_settings!({filters => vec![
        (here.as_str(), "[folder]"),
        (r"(on|Last change +)(\w{3} \d+ \w{3} \d{4})(, \d\d:\d\d UTC)?", "$1 [day]"),
        (r"\w{3} \d+ \w{3} 20\d\d(, \d\d:\d\d UTC)?", "[day]"),
    ]}, {
        insta::assert_snapshot!(said);
    });
}

#[tokio::test]
async fn programs_get_the_same_as_one_document() {
    let office = Office::new().await;
    let json = |output: &Output| -> Value { serde_json::from_slice(&output.stdout).unwrap() };
    let dry = json(&office.erase(&["--dry-run", "--format", "json"]));
    assert_eq!(dry["held"]["calls"], 3);
    assert_eq!(dry["held"]["recordings"], 1);
    assert_eq!(dry["erased"], Value::Null);
    let done = json(&office.erase(&["--yes", "--leave-media", "--format", "json"]));
    assert_eq!(done["erased"]["calls"], 3);
    assert_eq!(done["erased"]["account"], NORTHWIND);
    let left = office.recordings(NORTHWIND).join("1-0.mp4");
    assert_eq!(done["remains"]["recordings"][0], left.to_str().unwrap());
    assert!(left.exists(), "left where it is");
    let status = json(&office.run(&["status", "--format", "json"]));
    assert_eq!(status["erased"][0]["account"], NORTHWIND);
}

#[tokio::test]
async fn the_record_of_the_team_is_erased_where_it_is_kept() {
    let office = Office::new().await;
    let saved = office.run(&["state", "save", "depot"]);
    assert_eq!(saved.status.code(), Some(0), "{saved:?}");
    // Another machine, which has nothing yet.
    fs::remove_file(office.place.path()).unwrap();
    let erase = ["--state", "depot", "--media", "kept", "--yes"];
    let output = office.erase(&erase);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let (stdout, _) = text(&output);
    assert!(
        stdout.contains("Saved records that still hold it: generation 1 of "),
        "{stdout}"
    );

    fs::remove_file(office.place.path()).unwrap();
    let restored = office.run(&["state", "restore", "depot"]);
    assert_eq!(restored.status.code(), Some(0), "{restored:?}");
    let accounts = "SELECT DISTINCT account FROM calls";
    assert_eq!(query(&office.place.path(), accounts), [FABRIKAM]);
    let output = office.erase(&[&erase[..], &["--drop-bundles"]].concat());
    let (stdout, _) = text(&output);
    assert!(stdout.contains("Nothing is left to erase"), "{stdout}");
    assert!(!stdout.contains("still hold it"), "{stdout}");
    let mut depot: Vec<_> = fs::read_dir(office.folder().join("depot"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    depot.sort();
    assert_eq!(depot, ["manifest-3.json", "record-3.age"]);
}

/// Kills the program as soon as something can be seen of it.
fn kill_when(office: &Office, arguments: &[&str], is_seen: &dyn Fn() -> bool) {
    let mut child = office
        .command(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    while !is_seen() && child.try_wait().unwrap().is_none() {
        thread::yield_now();
    }
    // It may have ended by itself.
    let _ = child.kill();
    child.wait().unwrap();
    assert!(is_seen(), "it came so far");
}

#[tokio::test]
async fn killed_at_any_step_the_same_command_finishes() {
    let office = Office::new().await;
    let saved = office.run(&["state", "save", "depot"]);
    assert_eq!(saved.status.code(), Some(0), "{saved:?}");
    let others = fabrikam(&office.place.path());
    let arguments = [
        "erase",
        "--platform=gong",
        "--account=northwind-robotics",
        "--media=kept",
        "--state=depot",
        "--yes",
    ];
    let inode = || fs::metadata(office.place.path()).unwrap().ino();
    let first = inode();
    let steps: [(&str, &dyn Fn() -> bool); 5] = [
        ("recordings are gone", &|| {
            fs::read_dir(office.recordings(NORTHWIND)).unwrap().count() == 0
        }),
        ("the new record is begun", &|| {
            office.folder().join(".record.duckdb.erasing").exists() || inode() != first
        }),
        ("the new record took the old one's place", &|| {
            inode() != first
        }),
        ("it is saved", &|| {
            office.folder().join("depot/record-2.age").exists()
        }),
        ("the bundle is whole", &|| {
            office.folder().join("depot/manifest-2.json").exists()
        }),
    ];
    for (step, is_seen) in steps {
        kill_when(&office, &arguments, is_seen);
        assert_eq!(fabrikam(&office.place.path()), others, "{step}");
        let northwind =
            format!("SELECT count(*)::VARCHAR FROM calls WHERE account = '{NORTHWIND}'");
        let calls = query(&office.place.path(), &northwind);
        let erased = query(&office.place.path(), "SELECT count(*)::VARCHAR FROM erased");
        let is_whole = calls == ["3"] && erased == ["0"] || calls == ["0"] && erased == ["1"];
        assert!(is_whole, "{step}: {calls:?} {erased:?}");
    }
    let output = office.run(&arguments);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let [gone, _] = &WORDS;
    let bytes = fs::read(office.place.path()).unwrap();
    assert_eq!(count(&bytes, gone.title), 0);
    assert_eq!(fabrikam(&office.place.path()), others);
    fs::remove_file(office.place.path()).unwrap();
    office.run(&["state", "restore", "depot"]);
    let accounts = "SELECT DISTINCT account FROM calls";
    assert_eq!(query(&office.place.path(), accounts), [FABRIKAM]);
}
