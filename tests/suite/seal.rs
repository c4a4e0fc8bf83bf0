//! Sealed credentials, from the key that somebody pastes to the call that it brings.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod pasted;
mod proved;

use std::{
    fs,
    io::{Read as _, Write as _},
    path::PathBuf,
    process::{Command, Output, Stdio},
};

use call_import_engine::{secrets::IDENTITY, spec::ImportRequest};
use serde_json::json;
use simulator::{Config, Running, Simulator, gong};

use crate::{
    reconcile::population,
    record,
    support::{self, Scene},
};

/// What must be found nowhere but in memory.
const CANARY: &str = "canary-in-the-coal-mine";

const REQUEST: &str = "\
customer: Northwind Robotics
platform: gong
estimated_calls: 120
urgency: onboarding
requested_completion: 2030-12-31 # the kick-off
# Which calls
period: {from: 2025-11-01, to: 2026-10-31}
";

/// A repository with the team's public key, and the secret one that belongs to it.
struct Office {
    scene: Scene,
    secret_key: String,
}

impl Office {
    fn new() -> Self {
        let scene = Scene::new("2026-12-01T01:17:00Z");
        fs::copy(
            support::root().join("matrix.yaml"),
            scene.folder.path().join("matrix.yaml"),
        )
        .unwrap();
        scene.write("northwind.yaml", REQUEST);
        let keygen = run(&scene, &["keygen"], "");
        assert!(keygen.status.success(), "{:?}", support::text(&keygen));
        let secret_key = support::text(&keygen).0;
        Self { scene, secret_key }
    }

    fn run(&self, arguments: &[&str], input: &str) -> Output {
        run(&self.scene, arguments, input)
    }

    /// Seals what the simulator takes for right, or something else.
    fn seal(&self, request: &str, access_key: &str, secret: &str) {
        let credential = json!({"access_key": access_key, "access_key_secret": secret});
        let output = self.run(&["seal", request], &credential.to_string());
        assert!(output.status.success(), "{:?}", support::text(&output));
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.scene.requests().join(name)).unwrap()
    }

    fn only_request(&self) -> ImportRequest {
        let declared = self.scene.declared();
        assert_eq!(declared.findings, []);
        declared.requests.into_iter().next().unwrap()
    }

    fn armored(&self) -> String {
        let text = self.read("northwind.yaml");
        let block = text.split_once("sealed: |").unwrap().1;
        let lines = block.lines().map(str::trim).skip_while(|l| l.is_empty());
        let end = "-----END AGE ENCRYPTED FILE-----";
        let inner: Vec<&str> = lines.take_while(|line| *line != end).collect();
        format!("{}\n{end}\n", inner.join("\n"))
    }

    /// One night against the simulator, with these secret keys.
    fn night(&self, running: &Running, secret_keys: &str) -> Output {
        support::program(self.scene.folder.path())
            .args(["reconcile", "--no-github", "--database", "record.duckdb"])
            .args(["-vv", "--platform-url"])
            .arg(format!("gong={}", running.url))
            .env(IDENTITY, secret_keys)
            .output()
            .unwrap()
    }

    fn phase(&self, request: &str) -> String {
        let sql = format!(
            "SELECT phase || ': ' || coalesce(reason, '') FROM imports WHERE request_id = '{request}'"
        );
        record::value(&self.scene.database(), &sql)
    }
}

fn run(scene: &Scene, arguments: &[&str], input: &str) -> Output {
    let mut command = support::program(scene.folder.path());
    command.args(arguments);
    piped(&mut command, input)
}

fn piped(command: &mut Command, input: &str) -> Output {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that refuses its arguments reads nothing.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

fn gong() -> Running {
    let population = population(120, "2025-11-01", "2026-10-31");
    let config = gong::Config::new(population).without_limits();
    Simulator::start(Config::gong(config)).unwrap()
}

/// Hides what is different each time.
fn settings() -> insta::Settings {
    let mut settings = insta::Settings::clone_current();
    settings.add_filter("age1[a-z0-9]{58}", "age1...");
    settings.add_filter("AGE-SECRET-KEY-1[A-Z0-9]{58}", "AGE-SECRET-KEY-1...");
    settings.add_filter(r"\d{4}-\d{2}-\d{2}T[0-9:]{8}Z", "[time]");
    settings.add_filter(r"made on \d{4}-\d{2}-\d{2}", "made on [day]");
    settings.add_filter(r"(?m)^    [A-Za-z0-9+/=]{1,64}\n", "");
    settings
}

fn shown(output: &Output) -> String {
    let (stdout, stderr) = support::text(output);
    let code = output.status.code().unwrap();
    format!("exit code {code}\n--- stdout\n{stdout}--- stderr\n{stderr}")
}

#[test]
fn a_credential_is_sealed_into_the_request_and_leaves_no_trace() {
    let office = Office::new();
    let credential = json!({"access_key": "demo", "access_key_secret": CANARY}).to_string();
    let output = office.run(
        &["seal", "northwind", "-vv", "--log-format", "json"],
        &credential,
    );
    let request = office.read("northwind.yaml");
    settings().bind(|| {
        insta::assert_snapshot!("sealed", shown(&output));
        insta::assert_snapshot!("sealed_request", request);
    });
    for entry in fs::read_dir(office.scene.requests()).unwrap() {
        let path = entry.unwrap().path();
        assert!(!fs::read_to_string(&path).unwrap().contains(CANARY));
        assert!(!path.to_string_lossy().ends_with('~'), "{path:?}");
    }
    assert!(!shown(&output).contains(CANARY));
    office.only_request();
}

#[test]
fn the_lines_to_paste_are_all_that_stands_on_stdout() {
    let office = Office::new();
    let credential = json!({"access_key": "demo", "access_key_secret": CANARY}).to_string();
    let arguments = [
        "seal",
        "--customer",
        "Northwind Robotics",
        "--platform",
        "Gong",
    ];
    let output = office.run(&arguments, &credential);
    let (lines, stderr) = support::text(&output);
    assert_eq!(stderr, "");
    office
        .scene
        .write("northwind.yaml", &format!("{REQUEST}{lines}"));
    office.only_request();

    let unchecked = [
        "seal",
        "--customer",
        "Northwind Robotics",
        "--platform",
        "dialpad",
    ];
    let output = office.run(&unchecked, &json!({"token": CANARY}).to_string());
    settings().bind(|| insta::assert_snapshot!("unchecked", shown(&output)));
}

#[test]
fn what_is_wrong_is_said_without_the_value() {
    let office = Office::new();
    let object = |name: &str| format!(r#"{{"access_key": "demo", "{name}": "{CANARY}"}}"#);
    let foreign = json!({
        "access_key": "a", "access_key_secret": CANARY, "for": {"customer": "Fabrikam", "platform": "gong"},
    });
    let mut all = String::new();
    for (arguments, input) in [
        (&["seal", "northwind"] as &[&str], ""),
        (&["seal", "northwind"], CANARY),
        (&["seal", "northwind"], &object("accessKeySecret")),
        (&["seal", "northwind"], &object("Zx81kQ0aB77dLmN2")),
        (
            &["seal", "northwind"],
            r#"{"access_key": "", "access_key_secret": 7}"#,
        ),
        (&["seal", "northwind"], &format!("{{\n\"{CANARY}\"\n}}")),
        (&["seal", "northwind"], &foreign.to_string()),
        (&["seal", "northwind"], &object(&"x".repeat(9 << 10))),
        (&["seal", "nobody"], "{}"),
        (&["seal", "Zx81kQ0aB77dLmN2"], ""),
        (&["seal", "northwind", CANARY], ""),
        (
            &["seal", "--customer", "Northwind", "--platform", "gnog"],
            "{}",
        ),
    ] {
        let output = office.run(arguments, input);
        assert_eq!(output.status.code(), Some(2), "{arguments:?} {input}");
        assert_eq!(office.read("northwind.yaml"), REQUEST);
        let (stdout, stderr) = support::text(&output);
        assert_eq!(stdout, "");
        all.push_str(&stderr);
    }
    assert!(!all.contains(CANARY) && !all.contains("Zx81kQ0"), "{all}");
    insta::assert_snapshot!("refused", all);
}

#[test]
fn a_request_that_cannot_be_sealed_into_stays_as_it_is() {
    let office = Office::new();
    let mut all = String::new();
    for (name, text) in [
        ("files", REQUEST.replace("gong\n", "gong\nmethod: file\nfiles: [files/*.vtt]\n")),
        ("typo", REQUEST.replace("gong", "gnog")),
        ("flow", "{customer: Northwind, platform: gong, estimated_calls: 1, urgency: deal, requested_completion: 2030-12-31}\n".to_owned()),
        ("twice", format!("{REQUEST}credentials:\ncredentials:\n")),
        ("leak", format!("{REQUEST}notes: the token is Zx81kQ0aB77dLmN2Zx81kQ0a\n")),
    ] {
        let file = format!("{name}.yaml");
        office.scene.write(&file, &text);
        // Before anything is asked: no credential comes.
        let output = office.run(&["seal", name], "");
        all.push_str(&format!("{name}: {}\n", shown(&output)));
        assert_eq!(office.read(&file), text);
        office.scene.remove(&file);
    }
    insta::assert_snapshot!("not_sealed", all);
}

#[test]
fn a_credential_in_clear_text_is_replaced_and_called_lost() {
    let office = Office::new();
    let clear = format!(
        "{REQUEST}credentials:\r\n  access_key: northwind\r\n  access_key_secret: {CANARY}\r\n"
    );
    let clear = clear.replace("\r\n", "\n").replace('\n', "\r\n");
    office.scene.write("northwind.yaml", &clear);
    let credential = json!({"access_key": "new", "access_key_secret": "two words"}).to_string();
    let output = office.run(&["seal", "requests/northwind.yaml"], &credential);
    settings().bind(|| insta::assert_snapshot!("clear_text", shown(&output)));
    let text = office.read("northwind.yaml");
    assert!(!text.contains(CANARY));
    assert_eq!(text.matches('\n').count(), text.matches("\r\n").count());
    assert!(text.starts_with(&REQUEST.replace('\n', "\r\n")));
    office.only_request();
}

#[test]
#[cfg(unix)]
fn a_file_keeps_its_permissions_and_a_link_stays_a_link() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let office = Office::new();
    let real = office.scene.requests().join("files");
    fs::create_dir(&real).unwrap();
    let real = real.join("northwind.txt");
    let link = office.scene.requests().join("northwind.yaml");
    fs::rename(&link, &real).unwrap();
    fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).unwrap();
    symlink("files/northwind.txt", &link).unwrap();
    office.seal("northwind", "a", "b");
    assert!(link.is_symlink());
    assert!(fs::read_to_string(&real).unwrap().contains("sealed: |"));
    assert_eq!(
        fs::metadata(&real).unwrap().permissions().mode() & 0o777,
        0o640
    );
}

#[test]
fn keys_are_made_as_age_keygen_makes_them_and_never_overwritten() {
    let scene = Scene::new("2026-12-01T01:17:00Z");
    let first = run(&scene, &["keygen"], "");
    let second = run(&scene, &["keygen", "--output", "key.txt"], "");
    let file = scene.folder.path().join("key.txt");
    let key = fs::read_to_string(&file).unwrap();
    let refused = [
        run(&scene, &["keygen", "--output", "key.txt"], ""),
        run(&scene, &["keygen", "--output", "requests/key.txt"], ""),
    ];
    let recipients = fs::read_to_string(scene.requests().join("recipients.txt")).unwrap();
    let mut all = format!("{}\n{}\n", shown(&first), shown(&second));
    for output in &refused {
        all.push_str(&shown(output));
    }
    all.push_str(&format!(
        "\n--- key.txt\n{key}\n--- recipients.txt\n{recipients}"
    ));
    settings().bind(|| insta::assert_snapshot!("keygen", all));
    assert_eq!(fs::read_to_string(&file).unwrap(), key);
    for output in [&first, &second] {
        // `AGE-SECRET-KEY-1` and 58 characters; the steps name how it begins.
        let (_, stderr) = support::text(output);
        let is_key = |word: &str| word.starts_with("AGE-SECRET-KEY-1") && word.len() > 20;
        assert!(!stderr.split_whitespace().any(is_key), "{stderr}");
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(
            fs::metadata(&file).unwrap().permissions().mode() & 0o777,
            0o600
        );
    }
}

/// The line of a key file that opens things.
fn secret_line(file: &str) -> &str {
    let mut lines = file.lines();
    lines.find(|line| !line.starts_with('#')).unwrap()
}

#[test]
fn a_secret_key_among_the_public_ones_is_an_error_that_never_repeats_it() {
    let office = Office::new();
    let path = office.scene.requests().join("recipients.txt");
    let mut text = fs::read_to_string(&path).unwrap();
    text.push_str(&office.secret_key);
    fs::write(&path, text).unwrap();
    let secret = secret_line(&office.secret_key);
    for format in ["plain", "github", "json", "sarif"] {
        for arguments in [
            &["validate"] as &[&str],
            &["validate", "requests/recipients.txt"],
        ] {
            let output = office.run(&[arguments, &["--format", format]].concat(), "");
            assert_eq!(output.status.code(), Some(1), "{arguments:?}");
            let shown = shown(&output);
            assert!(shown.contains("secret-key"), "{shown}");
            assert!(!shown.contains(&secret[16..]), "{shown}");
        }
    }
    let other = office.run(&["validate", "requests/northwind.yaml"], "");
    assert!(!shown(&other).contains("secret-key"), "{}", shown(&other));
    let credential = json!({"access_key": "a", "access_key_secret": "b"}).to_string();
    for arguments in [&["seal", "northwind"] as &[&str], &["keygen"]] {
        let output = office.run(arguments, &credential);
        assert_eq!(output.status.code(), Some(3));
        assert!(!shown(&output).contains(&secret[16..]));
    }
    assert_eq!(office.read("northwind.yaml"), REQUEST);
}

#[test]
fn without_a_public_key_seal_says_who_makes_it() {
    let scene = Scene::new("2026-12-01T01:17:00Z");
    fs::copy(
        support::root().join("matrix.yaml"),
        scene.folder.path().join("matrix.yaml"),
    )
    .unwrap();
    scene.write("northwind.yaml", REQUEST);
    for text in [None, Some("# nobody yet\n")] {
        if let Some(text) = text {
            scene.write("recipients.txt", text);
        }
        let output = run(&scene, &["seal", "northwind"], "{}");
        assert_eq!(output.status.code(), Some(3));
        insta::assert_snapshot!("no_recipients", shown(&output));
    }
}

#[test]
fn a_night_opens_what_was_sealed_and_a_new_seal_imports_nothing_again() {
    let office = Office::new();
    let running = gong();
    office.seal("northwind", "demo", "demo-secret");
    let before = office.only_request();
    let output = office.night(&running, &office.secret_key);
    assert!(output.status.success(), "{}", shown(&output));
    assert!(office.phase("northwind").starts_with("completed: "));
    for secret in ["demo-secret", secret_line(&office.secret_key)] {
        assert!(!shown(&output).contains(secret));
        let record = fs::read(office.scene.database()).unwrap();
        let found = record
            .windows(secret.len())
            .any(|bytes| bytes == secret.as_bytes());
        assert!(!found, "a secret stands in the record");
    }

    office.seal("northwind", "demo", "demo-secret");
    let after = office.only_request();
    assert_eq!(before.digest(), after.digest());
    assert_ne!(
        before.credential_fingerprint(),
        after.credential_fingerprint()
    );
    let contents = record::contents(&office.scene.database());
    let requests = running.gong().log().len();
    let output = office.night(&running, &office.secret_key);
    assert!(output.status.success(), "{}", shown(&output));
    assert_eq!(record::contents(&office.scene.database()), contents);
    assert_eq!(running.gong().log().len(), requests);
}

#[test]
fn a_new_seal_wakes_an_import_that_waits_for_a_credential() {
    let office = Office::new();
    let running = gong();
    office.seal("northwind", "demo", "wrong");
    for _ in 0..2 {
        let output = office.night(&running, &office.secret_key);
        assert_eq!(output.status.code(), Some(1), "{}", shown(&output));
        assert!(office.phase("northwind").starts_with("needs_credentials: "));
        assert_eq!(
            running.gong().log().len(),
            1,
            "the second night asks nothing"
        );
    }
    office.seal("northwind", "demo", "demo-secret");
    let output = office.night(&running, &office.secret_key);
    assert!(output.status.success(), "{}", shown(&output));
    assert!(office.phase("northwind").starts_with("completed: "));
}

#[test]
fn a_block_opens_in_no_request_but_its_own() {
    let office = Office::new();
    let running = gong();
    office.seal("northwind", "demo", "demo-secret");
    let copied = office
        .read("northwind.yaml")
        .replace("Northwind Robotics", "Fabrikam");
    office.scene.write("fabrikam.yaml", &copied);
    let output = office.night(&running, &office.secret_key);
    assert_eq!(output.status.code(), Some(1), "{}", shown(&output));
    assert!(office.phase("northwind").starts_with("completed: "));
    assert_eq!(
        office.phase("fabrikam"),
        "needs_credentials: The sealed credential was made for another customer or platform. Seal it again for this request."
    );
}

#[test]
fn while_keys_are_replaced_both_open() {
    let office = Office::new();
    let running = gong();
    office.seal("northwind", "demo", "demo-secret");
    let new = office.run(&["keygen"], "");
    let (new, _) = support::text(&new);
    let both = format!("{}\n{new}", office.secret_key);
    // Sealed before the new key was made, so it alone opens nothing.
    let output = office.night(&running, &new);
    assert_eq!(output.status.code(), Some(1), "{}", shown(&output));
    assert_eq!(
        office.phase("northwind"),
        "needs_credentials: The credential was sealed to other recipients. Seal it again to the team's public key."
    );
    // Sealed again, to both: each opens it.
    office.seal("northwind", "demo", "demo-secret");
    let output = office.night(&running, &new);
    assert!(output.status.success(), "{}", shown(&output));

    let office = Office {
        scene: Scene::new("2026-12-01T01:17:00Z"),
        ..office
    };
    fs::copy(
        support::root().join("matrix.yaml"),
        office.scene.folder.path().join("matrix.yaml"),
    )
    .unwrap();
    office.scene.write("northwind.yaml", REQUEST);
    office
        .scene
        .write("recipients.txt", public_line(&office.secret_key));
    office.seal("northwind", "demo", "demo-secret");
    let output = office.night(&running, &both);
    assert!(output.status.success(), "{}", shown(&output));

    let output = office.night(&running, public_line(&office.secret_key));
    assert_eq!(output.status.code(), Some(3), "{}", shown(&output));
    assert!(shown(&output).contains("Line 1 of CALL_IMPORT_IDENTITY is no age secret key."));
}

/// The public key that a key file names.
fn public_line(file: &str) -> &str {
    let line = file
        .lines()
        .find_map(|line| line.strip_prefix("# public key: "));
    line.unwrap()
}

/// The path of a program, or `None` and a word on stderr.
fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|path| path.is_file());
    if found.is_none() {
        #[expect(clippy::print_stderr, reason = "a skipped test says so")]
        {
            eprintln!("skipped: the program `{name}` is not installed");
        }
    }
    found
}

#[test]
fn the_program_age_opens_what_we_seal() {
    let Some(age) = program("age") else { return };
    let office = Office::new();
    office.seal("northwind", "demo", CANARY);
    let key = office.scene.folder.path().join("key.txt");
    fs::write(&key, &office.secret_key).unwrap();
    let output = piped(
        Command::new(age).arg("-d").arg("-i").arg(key),
        &office.armored(),
    );
    let opened: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        opened,
        json!({
            "access_key": "demo", "access_key_secret": CANARY,
            "for": {"customer": "Northwind Robotics", "platform": "gong"},
        })
    );
}

#[test]
fn what_the_program_age_seals_opens_at_night() {
    let Some(age) = program("age") else { return };
    let office = Office::new();
    let running = gong();
    let credential = json!({
        "access_key": "demo", "access_key_secret": "demo-secret",
        "for": {"customer": "northwind robotics", "platform": "Gong"},
    });
    let recipients = office.scene.requests().join("recipients.txt");
    let output = piped(
        Command::new(age).arg("-a").arg("-R").arg(recipients),
        &format!("{credential}\n"),
    );
    let (armored, _) = support::text(&output);
    let indented: String = armored
        .lines()
        .map(|line| format!("      {line}\r\n"))
        .collect();
    office.scene.write(
        "northwind.yaml",
        &format!(
            "{}credentials:\r\n  sealed: |\r\n{indented}",
            REQUEST.replace('\n', "\r\n")
        ),
    );
    let output = office.night(&running, &office.secret_key);
    assert!(output.status.success(), "{}", shown(&output));
    assert!(office.phase("northwind").starts_with("completed: "));
}

#[test]
fn keys_of_age_keygen_are_recipients_and_identities() {
    let Some(keygen) = program("age-keygen") else {
        return;
    };
    let office = Office::new();
    let running = gong();
    let (secret_key, _) = support::text(&piped(&mut Command::new(keygen), ""));
    office
        .scene
        .write("recipients.txt", public_line(&secret_key));
    office.seal("northwind", "demo", "demo-secret");
    let output = office.night(&running, &secret_key);
    assert!(output.status.success(), "{}", shown(&output));
}

#[test]
#[cfg(target_os = "linux")]
fn on_a_terminal_each_part_is_asked_for_and_never_shown() {
    let office = Office::new();
    typed(
        &office,
        &[
            ("Gong, access_key:", "demo"),
            ("Gong, access_key_secret:", CANARY),
        ],
    );
    pasted::for_fathom(&office);
    typed(
        &office,
        &[(
            "Fathom, api_keys (several with commas between them):",
            &format!("ada-key, {CANARY}"),
        )],
    );
}

/// Seals on a terminal, and answers what is asked.
fn typed(office: &Office, answers: &[(&str, &str)]) {
    // Of util-linux: gives a program a terminal of its own.
    let Some(script) = program("script") else {
        return;
    };
    let command = format!("{} seal northwind", env!("CARGO_BIN_EXE_call-import"));
    let mut child = Command::new(script)
        .args(["--quiet", "--return", "--command", &command, "/dev/null"])
        .current_dir(office.scene.folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut keyboard = child.stdin.take().unwrap();
    let mut screen = child.stdout.take().unwrap();
    let mut shown = String::new();
    for (question, answer) in answers {
        // Before the question the terminal would echo what is typed.
        while !shown.contains(question) {
            let mut bytes = [0; 512];
            let count = screen.read(&mut bytes).unwrap();
            assert!(count > 0, "it ended: {shown}");
            shown.push_str(&String::from_utf8_lossy(&bytes[..count]));
        }
        keyboard
            .write_all(format!("{answer}\r").as_bytes())
            .unwrap();
    }
    screen.read_to_string(&mut shown).unwrap();
    assert!(child.wait().unwrap().success(), "{shown}");
    assert!(!shown.contains(CANARY), "{shown}");
    assert!(
        office.read("northwind.yaml").contains("sealed: |"),
        "{shown}"
    );
}
