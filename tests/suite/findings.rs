//! Findings: each code has a folder under `tests/fixtures/findings/`, driven through the real reader, and
//! all of them stand in one snapshot, to be read as the people will who get them.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot make its folder must fail"
)]

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use call_import_engine::{
    import,
    secrets::Recipients,
    spec::{self, CODES, Declared, Finding, Severity, Source, SourceContent, SupportMatrix},
    workspace,
};
use jiff::civil::{Date, date};
use proptest::prelude::*;
use secrecy::ExposeSecret as _;

const TODAY: Date = date(2026, 11, 25);

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/findings")
}

fn default_matrix() -> SupportMatrix {
    let bytes = fs::read(fixtures().join("matrix.yaml")).unwrap();
    spec::load_matrix("matrix.yaml", &bytes).expect("the default matrix has no flaw")
}

/// Checks a folder that holds `requests/`, `matrix.yaml` or both.
fn check(folder: &Path) -> Declared {
    let matrix = folder.join("matrix.yaml");
    let matrix = match fs::read(&matrix) {
        Err(_) => default_matrix(),
        Ok(bytes) => match spec::load_matrix("matrix.yaml", &bytes) {
            Ok(matrix) => matrix,
            Err(findings) => {
                return Declared {
                    findings,
                    ..Declared::default()
                };
            }
        },
    };
    let workspace = workspace::read(&folder.join("requests")).unwrap();
    let mut declared = spec::load(&workspace.sources, &workspace.uploads, &matrix, TODAY);
    let keys = workspace.recipients.iter().flat_map(Recipients::findings);
    declared.findings.extend(keys);
    declared
}

/// The same, and what lies in the files that the requests bring.
fn check_with_files(folder: &Path) -> Declared {
    let mut declared = check(folder);
    let shown = folder.join("requests").display().to_string();
    for request in &declared.requests {
        let survey = workspace::survey(request);
        let findings = survey
            .iter()
            .flat_map(|survey| import::findings(request, survey, &shown, false));
        declared.findings.extend(findings);
    }
    declared
}

fn load_text(id: &str, text: &[u8]) -> Declared {
    let source = Source {
        path: format!("requests/{id}.yaml"),
        content: SourceContent::Bytes(text.to_vec()),
    };
    spec::load(&[source], &[], &default_matrix(), TODAY)
}

fn render(findings: &[Finding], folder: &Path) -> String {
    let prefix = format!("{}/", folder.display());
    let mut text = String::new();
    for finding in findings {
        let Finding {
            severity,
            code,
            path,
            line,
            column,
            message,
            help,
        } = finding;
        let severity = match severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Info => "info",
        };
        writeln!(
            text,
            "{path}:{line}:{column} {severity}[{code}] {message} / {help}"
        )
        .unwrap();
    }
    text.replace(&prefix, "")
}

/// Flaws that git cannot hold, or that are too large for it: made when the tests run.
fn made(code: &str, folder: &Path) -> bool {
    let requests = folder.join("requests");
    fs::create_dir(&requests).unwrap();
    let file = requests.join("northwind.yaml");
    match code {
        "directory" => fs::create_dir(&file).unwrap(),
        "too-large" => fs::write(&file, vec![b'x'; 10_000_000]).unwrap(),
        "too-deep" => {
            let brackets = format!("notes: {}\n", "[".repeat(10_000));
            fs::write(&file, brackets).unwrap();
            let dashes = format!("notes:\n  {}x\n", "- ".repeat(10_000));
            fs::write(requests.join("dashes.yaml"), dashes).unwrap();
        }
        "secret-key" => {
            // Made here, so that no key lies in the repository, not even one that opens nothing.
            let pair = age::x25519::Identity::generate();
            let public = pair.to_public();
            let secret = pair.to_string();
            let text = format!(
                "# the team\n{public}\n\n# public key: {public}\n{}\n",
                secret.expose_secret()
            );
            fs::write(requests.join("recipients.txt"), text).unwrap();
        }
        "case-twins" => {
            let files = requests.join("files");
            fs::create_dir(&files).unwrap();
            fs::write(files.join("call.vtt"), "WEBVTT\n").unwrap();
            fs::write(files.join("Call.vtt"), "WEBVTT\n").unwrap();
            let text = request(&[
                ("credentials", ""),
                ("method", "method: file\n"),
                ("files", "files: ['files/*.vtt']\n"),
            ]);
            fs::write(&file, text).unwrap();
        }
        _ => return made_links(code, folder, &file),
    }
    true
}

#[cfg(unix)]
fn made_links(code: &str, folder: &Path, file: &Path) -> bool {
    use std::os::unix::{fs::symlink, net::UnixListener};
    match code {
        "dangling-symlink" => symlink("nowhere.yaml", file).unwrap(),
        "symlink-outside" => {
            fs::write(folder.join("outside.yaml"), request(&[])).unwrap();
            symlink("../outside.yaml", file).unwrap();
            fs::create_dir(folder.join("requests/emea")).unwrap();
            symlink("emea", folder.join("requests/linked.yaml")).unwrap();
        }
        "unreadable" => drop(UnixListener::bind(file).unwrap()),
        _ => return false,
    }
    true
}

#[cfg(not(unix))]
fn made_links(_code: &str, _folder: &Path, _file: &Path) -> bool {
    false
}

/// A valid request with some of its parts replaced or added.
fn request(changes: &[(&str, &str)]) -> String {
    let mut parts = vec![
        ("customer", "customer: Northwind Robotics\n"),
        ("platform", "platform: gong\n"),
        ("estimated_calls", "estimated_calls: 5000\n"),
        ("urgency", "urgency: onboarding\n"),
        ("requested_completion", "requested_completion: 2026-12-04\n"),
        (
            "credentials",
            "credentials:\n  secret: IMPORT_NORTHWIND_ROBOTICS_GONG\n",
        ),
    ];
    for (name, text) in changes {
        match parts.iter_mut().find(|(part, _)| part == name) {
            Some(part) => part.1 = text,
            None => parts.push((name, text)),
        }
    }
    parts.into_iter().map(|(_, text)| text).collect()
}

#[test]
#[cfg(unix)]
fn every_code_is_found_in_its_folder_and_speaks_plainly() {
    let mut all = String::new();
    for code in CODES {
        let committed = fixtures().join(code.name);
        let temporary = tempfile::tempdir().unwrap();
        let folder = if committed.is_dir() {
            committed
        } else {
            assert!(
                made(code.name, temporary.path()),
                "no folder tests/fixtures/findings/{}",
                code.name
            );
            temporary.path().to_owned()
        };
        let findings = check_with_files(&folder).findings;
        let own = findings.iter().filter(|finding| finding.code == code.name);
        assert!(own.clone().count() > 0, "{}: {findings:#?}", code.name);
        assert!(own.clone().all(|finding| finding.severity == code.severity));
        writeln!(all, "{} ({})", code.name, code.summary).unwrap();
        writeln!(all, "{}", render(&findings, &folder)).unwrap();
    }
    insta::assert_snapshot!("findings", all);
}

#[test]
fn each_code_has_one_name_in_kebab_case() {
    let names: BTreeSet<&str> = CODES.iter().map(|code| code.name).collect();
    assert_eq!(names.len(), CODES.len());
    for code in CODES {
        let is_kebab = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        assert!(code.name.chars().all(is_kebab), "{}", code.name);
        assert!(code.summary.ends_with('.'), "{}", code.summary);
    }
}

#[test]
fn a_request_that_says_everything_becomes_what_it_says() {
    let folder = fixtures().join("valid");
    let mut declared = check(&folder);
    assert_eq!(render(&declared.findings, &folder), "");
    assert_eq!(declared.invalid, []);
    for request in &mut declared.requests {
        request.path = request.path.replace(&format!("{}/", folder.display()), "");
        for file in &mut request.files {
            file.file.path = PathBuf::from(file.file.path.file_name().unwrap());
        }
    }
    insta::assert_debug_snapshot!("valid", declared.requests);
}

#[test]
fn a_byte_order_mark_and_windows_line_ends_are_fine() {
    let declared = check(&fixtures().join("byte-order-mark"));
    assert_eq!(declared.findings, []);
    assert_eq!(
        declared.requests[0].notes.as_deref(),
        Some("written in Notepad")
    );
}

#[test]
fn the_matrix_is_checked_like_a_request() {
    let bytes = fs::read(fixtures().join("matrix-shape/matrix.yaml")).unwrap();
    let findings = spec::load_matrix("matrix.yaml", &bytes).unwrap_err();
    insta::assert_snapshot!("matrix_shape", render(&findings, Path::new("")));
}

#[test]
fn what_is_wrong_with_one_file_hides_no_other() {
    let folder = fixtures().join("bad-number");
    let declared = check(&folder);
    assert_eq!(declared.invalid.len(), 11);
    let ids = declared.ids();
    assert!(ids.contains("n1") && ids.contains("n11"), "{ids:?}");
}

#[test]
fn an_unsupported_platform_offers_its_alternative_and_asks_for_nothing_else() {
    let declared = check(&fixtures().join("platform-not-supported"));
    assert_eq!(declared.requests, []);
    let alternatives: Vec<_> = declared
        .invalid
        .iter()
        .map(|invalid| (invalid.id.as_str(), invalid.unsupported.as_deref().unwrap()))
        .collect();
    insta::assert_debug_snapshot!(alternatives, @r#"
    [
        (
            "by-hand",
            "Export the transcripts as SRT files and use method file.",
        ),
        (
            "no",
            "Ask the customer for an export, and use platform other with method file.",
        ),
        (
            "soon-without-method",
            "Download the transcripts as VTT files and use method file.",
        ),
        (
            "soon",
            "Download the transcripts as VTT files and use method file.",
        ),
    ]
    "#);
    let basics = declared.invalid[0].basics.as_ref().unwrap();
    assert_eq!(basics.account, "northwind-robotics");

    let twice_wrong = request(&[
        ("platform", "platform: chorus\n"),
        ("urgency", "urgency: now\n"),
    ]);
    let declared = load_text("northwind", twice_wrong.as_bytes());
    assert_eq!(declared.invalid[0].unsupported, None);
}

#[test]
fn warnings_alone_leave_a_request_valid() {
    for code in CODES.iter().filter(|code| code.severity != Severity::Error) {
        let declared = check(&fixtures().join(code.name));
        assert_eq!(declared.invalid, [], "{}", code.name);
    }
}

#[test]
fn two_customers_may_share_an_account_if_both_say_so() {
    let sources: Vec<Source> = ["Northwind", "Fabrikam"]
        .into_iter()
        .map(|customer| Source {
            path: format!("requests/{}.yaml", customer.to_lowercase()),
            content: SourceContent::Bytes(
                request(&[
                    ("customer", &format!("customer: {customer}\n")),
                    ("credentials", "credentials: {secret: IMPORT_SHARED_GONG}\n"),
                    ("account", "account: shared\n"),
                    ("period", "period: {from: 2024-01-01, to: 2024-12-31}\n"),
                ])
                .into_bytes(),
            ),
        })
        .collect();
    let declared = spec::load(&sources, &[], &default_matrix(), TODAY);
    assert_eq!(declared.requests.len(), 2);
    let codes: Vec<&str> = declared.findings.iter().map(|f| f.code.as_str()).collect();
    assert_eq!(codes, ["period-overlap", "period-overlap"]);
}

/// How well-known keys begin, and how long the rest is.
const PREFIXES: [(&str, usize); 28] = [
    ("AGE-SECRET-KEY-1", 58),
    ("AIza", 35),
    ("AKIA", 16),
    ("GOCSPX-", 28),
    ("SG.", 60),
    ("dop_v1_", 64),
    ("eyJ", 90),
    ("gho_", 36),
    ("ghp_", 36),
    ("ghr_", 36),
    ("ghs_", 36),
    ("ghu_", 36),
    ("github_pat_", 60),
    ("glpat-", 20),
    ("grain_pat_", 30),
    ("hf_", 34),
    ("lin_api_", 40),
    ("npm_", 36),
    ("pat-eu1-", 36),
    ("pat-na1-", 36),
    ("pypi-", 80),
    ("rk_live_", 24),
    ("sk-", 48),
    ("sk_live_", 24),
    ("whsec_", 32),
    ("xapp-", 40),
    ("xoxb-", 40),
    ("ya29.", 60),
];

/// Shapes of keys, put together here so that no scanner takes this file for a leak.
fn key_shapes() -> Vec<String> {
    let mut state = 42_u64;
    let mut random = |alphabet: &str, length: usize| -> String {
        let letters: Vec<char> = alphabet.chars().collect();
        let mut next = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            letters[(state >> 33) as usize % letters.len()]
        };
        (0..length).map(|_| next()).collect()
    };
    let base_62 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let base_36 = "abcdefghijklmnopqrstuvwxyz0123456789";
    let base_32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let base_16 = "0123456789abcdef";
    let mut shapes: Vec<String> = PREFIXES
        .iter()
        .map(|(prefix, length)| format!("{prefix}{}", random(base_62, *length)))
        .collect();
    shapes.extend([
        random(base_62, 40),
        random(base_36, 32),
        random(base_32, 32),
        random(base_16, 32),
        format!("Bearer x1{}", random(base_36, 12)),
        format!("password: x1{}", random(base_36, 9)),
        format!("api_key=x1{}", random(base_36, 10)),
        format!("\"client_secret\": \"x1{}\"", random(base_36, 10)),
        format!("https://jane:{}@calls.example/", random(base_36, 8)),
        format!(
            "https://calls.example/a.mp4?X-Amz-Signature={}",
            random(base_16, 64)
        ),
        format!(
            "https://calls.example/a.mp4?sv=1&sig={}",
            random(base_62, 20)
        ),
        format!("https://hooks.slack.com/services/{}", random(base_62, 20)),
        "-----BEGIN OPENSSH PRIVATE KEY-----".to_owned(),
    ]);
    shapes
}

/// Everything that leaves `load` about a file.
fn everything_said(declared: &Declared) -> String {
    format!("{:?} {:?}", declared.findings, declared.invalid)
}

#[test]
fn a_key_of_any_shape_in_any_field_is_found_and_never_repeated() {
    let shapes = key_shapes();
    assert!(shapes.len() >= 40);
    for shape in &shapes {
        let quoted = shape.replace('"', "\\\"");
        for text in [
            request(&[("platform", &format!("platform: \"{quoted}\"\n"))]),
            request(&[("notes", &format!("notes: \"use {quoted} for now\"\n"))]),
            request(&[("comment", &format!("# {shape}\n"))]),
            request(&[(
                "credentials",
                &format!("credentials:\n  secret: \"{quoted}\"\n"),
            )]),
            format!("customer: [\n{shape}\n"),
        ] {
            let declared = load_text("northwind", text.as_bytes());
            let codes: BTreeSet<&str> = declared.findings.iter().map(|f| f.code.as_str()).collect();
            assert_eq!(codes, BTreeSet::from(["clear-text-credential"]), "{text}");
            let secret = shape
                .rsplit([' ', '=', '/', ':', '"'])
                .find(|part| part.len() >= 8);
            let said = everything_said(&declared);
            assert!(!said.contains(secret.unwrap()), "{said}");
        }
    }
}

#[test]
fn ordinary_texts_are_no_credentials() {
    for notes in [
        "Kick-off is on Monday; call +49 30 1234567 if late.",
        "See https://docs.example/d/1BxiMVs0XRA5nFMdKvBdBZjgmUUqptlbs74OgVE2upms/edit",
        "Workspace 7782342274025937895, folder calls-2024-and-2025-of-northwind-robotics",
        "The token: they will send it on Monday. Password: ask Jane.",
        "Jane.Doe@northwind-robotics-international-holding.example",
        "Files are called 2026-01-14T10-30-00_GMT20260114-103000_Recording_1920x1080.vtt",
        "age1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq2345678 is our public key",
    ] {
        let text = request(&[("notes", &format!("notes: |\n  {notes}\n"))]);
        let declared = load_text("northwind", text.as_bytes());
        assert_eq!(declared.findings, [], "{notes}");
    }
}

#[test]
fn values_in_the_wrong_place_are_not_repeated_when_they_may_be_secret() {
    // Too short and too plain to be found for certain, and still not for a public comment.
    let value = "kx81q7w9e2";
    for (name, line) in [
        ("platform", format!("platform: {value}\n")),
        ("urgency", format!("urgency: {value}\n")),
        ("estimated_calls", format!("estimated_calls: {value}\n")),
        (
            "requested_completion",
            format!("requested_completion: {value}\n"),
        ),
        ("account", format!("account: {value}!\n")),
        ("requested_by", format!("requested_by: -{value}\n")),
        ("internal_domains", format!("internal_domains: [{value}]\n")),
        ("suspended", format!("suspended: {value}\n")),
        ("key", format!("{value}: yes\n")),
        (
            "secret",
            format!("credentials:\n  secret: IMPORT_{value}\n"),
        ),
        ("options", format!("options:\n  base_url: {value}\n")),
        ("twice", format!("{value}: 1\n{value}: 2\n")),
    ] {
        let declared = load_text("northwind", request(&[(name, &line)]).as_bytes());
        assert!(!declared.findings.is_empty(), "{line}");
        let said = format!("{:?}", declared.findings);
        assert!(!said.contains(value), "{said}");
    }
}

#[test]
fn behind_sealed_only_what_looks_like_a_key_is_a_leak() {
    for (value, code) in [
        ("abc", "broken-seal"),
        ("see below", "broken-seal"),
        ("kx81q7w9e2", "clear-text-credential"),
        ("correcthorsebatterystaple", "clear-text-credential"),
    ] {
        let line = format!("credentials: {{sealed: {value}}}\n");
        let text = request(&[("credentials", &line)]);
        let declared = load_text("northwind", text.as_bytes());
        let codes: Vec<&str> = declared.findings.iter().map(|f| f.code.as_str()).collect();
        assert_eq!(codes, [code], "{value}");
        assert!(!everything_said(&declared).contains(value));
    }
}

#[test]
fn schemas_are_schemas_without_unions() {
    let matrix = default_matrix();
    let request = spec::request_schema(&matrix);
    let platforms: Vec<&str> = matrix.platforms.keys().map(String::as_str).collect();
    assert_eq!(
        request["properties"]["platform"]["enum"],
        serde_json::json!(platforms)
    );
    for schema in [&request, &spec::matrix_schema()] {
        assert!(jsonschema::meta::is_valid(schema));
        let text = schema.to_string();
        for word in ["oneOf", "anyOf", "\"null\"", "$ref"] {
            assert!(!text.contains(word), "{word} in {text}");
        }
    }
    let request = serde_json::to_string_pretty(&request).unwrap();
    insta::assert_snapshot!("request_schema", request);
}

#[test]
fn a_missing_folder_is_not_an_empty_one() {
    let folder = tempfile::tempdir().unwrap();
    let missing = workspace::read(&folder.path().join("requests"));
    assert!(matches!(
        missing,
        Err(workspace::WorkspaceError::MissingFolder { .. })
    ));
    assert_eq!(
        workspace::read(folder.path()).unwrap(),
        workspace::Workspace::default()
    );
}

#[test]
fn paths_choose_requests_and_keep_all_uploads() {
    let requests = fixtures().join("valid/requests");
    let chosen = workspace::read_paths(&requests, &[requests.join("emea")]).unwrap();
    assert_eq!(chosen.sources.len(), 1);
    assert!(chosen.sources[0].path.ends_with("emea/fabrikam.yaml"));
    assert_eq!(chosen.uploads, workspace::read(&requests).unwrap().uploads);
    let all = workspace::read_paths(&requests, std::slice::from_ref(&requests)).unwrap();
    assert_eq!(all.sources.len(), 2);
    for elsewhere in [
        fixtures().join("matrix.yaml"),
        requests.join("nothing.yaml"),
    ] {
        let refused = workspace::read_paths(&requests, &[elsewhere]);
        assert!(matches!(
            refused,
            Err(workspace::WorkspaceError::NotInFolder { .. })
        ));
    }
}

#[test]
fn git_tells_what_changed() {
    let folder = tempfile::tempdir().unwrap();
    let git = |arguments: &[&str]| {
        let status = std::process::Command::new("git")
            .arg("-C")
            .arg(folder.path())
            .args([
                "-c",
                "user.name=Jane",
                "-c",
                "user.email=jane@northwind.example",
            ])
            .args(arguments)
            .status()
            .unwrap();
        assert!(status.success(), "{arguments:?}");
    };
    fs::create_dir(folder.path().join("requests")).unwrap();
    for name in ["old", "edited", "new", "café"] {
        let path = folder.path().join(format!("requests/{name}.yaml"));
        if name != "new" {
            fs::write(path, "a: 1\n").unwrap();
        }
    }
    git(&["init", "--quiet"]);
    git(&["add", "."]);
    git(&["commit", "--quiet", "--no-gpg-sign", "-m", "one"]);
    for name in ["edited", "new", "café"] {
        fs::write(
            folder.path().join(format!("requests/{name}.yaml")),
            "a: 2\n",
        )
        .unwrap();
    }
    let changed = workspace::changed_since(folder.path(), "HEAD").unwrap();
    let expected = [
        "requests/café.yaml",
        "requests/edited.yaml",
        "requests/new.yaml",
    ];
    assert_eq!(changed, expected.into_iter().map(str::to_owned).collect());

    let option = workspace::changed_since(folder.path(), "--output=/tmp/x");
    assert!(matches!(
        option,
        Err(workspace::WorkspaceError::BadRevision)
    ));
    let unknown = workspace::changed_since(folder.path(), "no-such-revision");
    assert!(matches!(
        unknown,
        Err(workspace::WorkspaceError::Git { .. })
    ));
}

proptest! {
    #[test]
    fn any_bytes_are_answered(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        load_text("northwind", &bytes);
        let _ = spec::load_matrix("matrix.yaml", &bytes);
    }

    #[test]
    fn any_text_of_yaml_signs_is_answered(text in r#"[-a:?,\[\]{}#&*!|>'"%@` \t\n\r~.0-9é “]{0,200}"#) {
        load_text("northwind", text.as_bytes());
    }

    #[test]
    fn a_damaged_request_is_answered(
        cuts in proptest::collection::vec((any::<prop::sample::Index>(), 0..20_usize, "[-a:\\[{#&*!|>'\"\\t\\n é]{0,4}"), 1..6),
    ) {
        let file = fixtures().join("valid/requests/northwind.yaml");
        let mut text: Vec<char> = fs::read_to_string(file).unwrap().chars().collect();
        for (index, length, insert) in cuts {
            let start = index.index(text.len() + 1);
            let end = (start + length).min(text.len());
            text.splice(start..end, insert.chars());
        }
        let text: String = text.into_iter().collect();
        let declared = load_text("northwind", text.as_bytes());
        // Whatever happened, the file is either a request or explained.
        let explained = declared.findings.iter().any(|f| f.severity == Severity::Error);
        prop_assert_eq!(declared.requests.len(), usize::from(!explained));
        let lines = text.lines().count().max(1);
        prop_assert!(declared.findings.iter().all(|f| f.line >= 1 && f.line <= lines && f.column >= 1));
    }
}
