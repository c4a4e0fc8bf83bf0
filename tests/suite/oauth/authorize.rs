//! `call-import authorize`, with a browser that is a few lines of this test.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    process::{Child, Command, Output, Stdio},
};

use serde_json::json;
use simulator::{
    Config, Running, Simulator, gong,
    oauth::{self, AUTHORIZE, Authority, TOKEN},
};

use crate::{
    reconcile::population,
    record,
    support::{self, Scene},
};

const REQUEST: &str = "\
customer: Northwind Robotics
platform: gong
method: oauth
estimated_calls: 120
urgency: onboarding
requested_completion: 2030-12-31
period: {from: 2026-09-01, to: 2026-10-31}
";

fn scene() -> (Scene, Running) {
    let mut scene = Scene::new("2026-12-01T01:17:00Z");
    scene.with_keys();
    let matrix = support::root().join("matrix.yaml");
    std::fs::copy(matrix, scene.folder.path().join("matrix.yaml")).unwrap();
    scene.write("northwind.yaml", REQUEST);
    let config = gong::Config::new(population(120, "2026-09-01", "2026-10-31"));
    let config = Config::gong(config.without_limits()).with_oauth(oauth::Config::gong());
    (scene, Simulator::start(config).unwrap())
}

fn app() -> String {
    let oauth::Config {
        client_id,
        client_secret,
        ..
    } = oauth::Config::gong();
    json!({"client_id": client_id, "client_secret": client_secret}).to_string()
}

fn authorize(scene: &Scene, running: &Running, arguments: &[&str]) -> Command {
    let mut command = support::program(scene.folder.path());
    command
        .args(["authorize", "gong", "--platform-url"])
        .arg(format!("gong={}", running.url))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn begin(command: &mut Command) -> Child {
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(app().as_bytes()).unwrap();
    child
}

/// The address that the command prints, and what it says after it.
fn address(child: &mut Child) -> (String, BufReader<std::process::ChildStderr>) {
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.trim().starts_with("http") {
        line.clear();
        assert_ne!(stderr.read_line(&mut line).unwrap(), 0, "no address came");
    }
    (line.trim().to_owned(), stderr)
}

/// What a browser does with an address: status and `Location`, or the page.
fn browse(url: &str) -> (u16, String) {
    let rest = url.strip_prefix("http://").unwrap();
    let (host, path) = rest.split_at(rest.find('/').unwrap());
    let mut stream = TcpStream::connect(host).unwrap();
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    let location = answer
        .lines()
        .find_map(|line| line.strip_prefix("location: "));
    let page = answer.split("\r\n\r\n").nth(1).unwrap_or_default();
    (status, location.unwrap_or(page).trim().to_owned())
}

fn end(child: Child, mut stderr: impl std::io::Read) -> (Output, String) {
    let mut said = String::new();
    stderr.read_to_string(&mut said).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(!said.contains(Authority::mark()), "{said}");
    assert!(!support::text(&output).0.contains(Authority::mark()));
    (output, said)
}

#[test]
fn from_the_browser_to_the_imported_calls() {
    let (scene, running) = scene();
    let mut child = begin(&mut authorize(
        &scene,
        &running,
        &["northwind", "--port", "0"],
    ));
    let (url, stderr) = address(&mut child);
    assert!(
        url.starts_with(&format!("{}/oauth2/authorize?", running.url)),
        "{url}"
    );
    let (status, back) = browse(&url);
    assert_eq!(status, 302);

    // Somebody else's answer, and what browsers ask for by themselves, end nothing.
    let (own, _) = back.split_once("/?").unwrap();
    assert_eq!(browse(&format!("{own}/favicon.ico")).0, 404);
    assert_eq!(browse(&format!("{own}/?code=simulated&state=other")).0, 400);
    assert_eq!(running.log().count(TOKEN), 0);
    let (status, page) = browse(&back);
    assert_eq!(status, 200, "{page}");
    assert!(page.contains("You can close this window"), "{page}");
    let (output, said) = end(child, stderr);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("does not belong"), "{said}");
    assert_eq!(running.log().count(TOKEN), 1);

    let night = support::program(scene.folder.path())
        .args([
            "reconcile",
            "--no-github",
            "--database",
            "record.duckdb",
            "--platform-url",
        ])
        .arg(format!("gong={}", running.url))
        .envs(&scene.secrets)
        .output()
        .unwrap();
    assert!(night.status.success(), "{:?}", support::text(&night));
    assert_eq!(
        record::value(
            &scene.database(),
            "SELECT phase || ' ' || calls_imported FROM imports"
        ),
        "completed 120"
    );
}

#[test]
fn a_code_that_somebody_copied_is_sealed_too() {
    let (scene, running) = scene();
    let redirect = ["--redirect-uri", "https://imports.example/back"];
    let arguments = [&["--customer", "Northwind Robotics"], &redirect[..]].concat();

    // Without a terminal nobody can paste: it says how to go on.
    let mut child = begin(&mut authorize(&scene, &running, &arguments));
    let (url, stderr) = address(&mut child);
    let (output, said) = end(child, stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("--code"), "{said}");
    let (_, back) = browse(&url);
    assert!(
        back.starts_with("https://imports.example/back?code="),
        "{back}"
    );

    let arguments = [&arguments[..], &["--code", &back]].concat();
    let mut child = begin(&mut authorize(&scene, &running, &arguments));
    let stderr = child.stderr.take().unwrap();
    let (output, said) = end(child, stderr);
    assert!(output.status.success(), "{said}");
    let (lines, _) = support::text(&output);
    assert!(lines.starts_with("credentials:\n  sealed: |\n"), "{lines}");
    scene.write("northwind.yaml", &format!("{REQUEST}{lines}"));
    assert_eq!(scene.declared().findings, []);

    // A second time the code is worth nothing.
    let mut child = begin(&mut authorize(&scene, &running, &arguments));
    let stderr = child.stderr.take().unwrap();
    let (output, said) = end(child, stderr);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("does not take the code"), "{said}");
}

#[test]
fn nobody_is_waited_for_without_end() {
    let (scene, running) = scene();
    let arguments = ["northwind", "--port", "0", "--wait", "1ms"];
    let mut child = begin(&mut authorize(&scene, &running, &arguments));
    let stderr = child.stderr.take().unwrap();
    let (output, said) = end(child, stderr);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("Nobody came back"), "{said}");
    assert_eq!(running.log().count(AUTHORIZE), 0);
}

#[test]
fn what_cannot_be_consented_to_is_refused_before_anything_is_asked() {
    let (scene, running) = scene();
    scene.write("key.yaml", &REQUEST.replace("method: oauth", "method: api"));
    let mut all = String::new();
    for arguments in [
        &["northwind"] as &[&str],
        &["key", "--port", "0"],
        &["nobody", "--port", "0"],
        &["--customer", "Northwind", "--redirect-uri", "no address"],
    ] {
        let mut child = authorize(&scene, &running, arguments).spawn().unwrap();
        // Whoever refuses at once reads nothing.
        let _ = child.stdin.take().unwrap().write_all(app().as_bytes());
        let stderr = child.stderr.take().unwrap();
        let (output, said) = end(child, stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?} {said}");
        all.push_str(&format!("{}\n{said}\n", arguments.join(" ")));
    }
    assert!(running.log().is_empty());
    insta::assert_snapshot!("authorize_refusals", all);
}
