//! `call-import authorize`, with a browser that is a few lines of this test.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    process::{Child, Command, Output, Stdio},
};

use serde_json::json;
use simulator::{
    Demo, Running, Simulator, fathom, gong, grain,
    limits::Limits,
    media::NOWHERE,
    oauth::{self, AUTHORIZE, Authority, TOKEN},
    zoom,
};

use super::{CONSENTED, FROM, TO, request};
use crate::{
    reconcile::population,
    record,
    support::{self, Scene},
};

/// A platform, and a request for it that has no credential yet.
fn scene(demo: Demo) -> (Scene, Running) {
    let mut scene = Scene::new("2026-12-01T01:17:00Z");
    scene.with_keys();
    let (config, _) = (demo.config)(population(120, FROM, TO), Limits::NONE, NOWHERE);
    let running = Simulator::start(config).unwrap();
    scene
        .platform_urls
        .insert(demo.key.into(), running.url.clone());
    scene.without_limits(demo.key);
    scene.write_matrix();
    scene.write("northwind.yaml", &unsigned(demo));
    (scene, running)
}

fn unsigned(demo: Demo) -> String {
    let request = request(demo, FROM, TO);
    let (unsigned, _) = request.split_once("credentials:").unwrap();
    unsigned.to_owned()
}

fn app() -> String {
    let oauth::Config {
        client_id,
        client_secret,
        ..
    } = oauth::Config::gong();
    json!({"client_id": client_id, "client_secret": client_secret}).to_string()
}

/// The command for one platform, as talkative as it can be.
fn authorize(scene: &Scene, arguments: &[&str]) -> Command {
    let mut command = support::program(scene.folder.path());
    let (platform, url) = scene.platform_urls.first_key_value().unwrap();
    command
        .args(["authorize", platform, "-vvv", "--platform-url"])
        .arg(format!("{platform}={url}"))
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
    let secrets = [Authority::mark(), "simulated-app-secret"];
    for secret in secrets {
        assert!(!said.contains(secret), "{said}");
        assert!(!support::text(&output).0.contains(secret));
    }
    (output, said)
}

/// A night of the real program with what was sealed.
fn night(demo: Demo, scene: &Scene, running: &Running) {
    let night = support::program(scene.folder.path())
        .args([
            "reconcile",
            "--no-github",
            "--database",
            "record.duckdb",
            "--platform-url",
        ])
        .arg(format!("{}={}", demo.key, running.url))
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
fn from_the_browser_to_the_imported_calls() {
    for demo in CONSENTED {
        let (scene, running) = scene(demo);
        // Grain takes every port of this machine; for the others the app's own would be given.
        let arguments: &[&str] = if demo.key == "grain" {
            &["northwind"]
        } else {
            &["northwind", "--port", "0"]
        };
        let mut child = begin(&mut authorize(&scene, arguments));
        let (url, stderr) = address(&mut child);
        let path = running.oauth().authorize_path();
        assert!(url.starts_with(&format!("{}{path}?", running.url)), "{url}");
        let proved = url.contains("code_challenge_method=S256");
        assert_eq!(proved, demo.key == "grain", "{url}");
        let (status, back) = browse(&url);
        assert_eq!(status, 302);

        // Somebody else's answer, and what browsers ask for by themselves, end nothing.
        let (own, _) = back.split_once("/?").unwrap();
        assert!(own.starts_with("http://127.0.0.1:"), "{own}");
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

        night(demo, &scene, &running);
    }
}

#[test]
fn a_code_that_somebody_copied_is_sealed_too() {
    for demo in [gong::CONSENTED, fathom::CONSENTED] {
        let (scene, running) = scene(demo);
        let redirect = ["--redirect-uri", "https://imports.example/back"];
        let arguments = [&["--customer", "Northwind"], &redirect[..]].concat();

        // Without a terminal nobody can paste: it says how to go on.
        let mut child = begin(&mut authorize(&scene, &arguments));
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
        let mut child = begin(&mut authorize(&scene, &arguments));
        let stderr = child.stderr.take().unwrap();
        let (output, said) = end(child, stderr);
        assert!(output.status.success(), "{said}");
        let (lines, _) = support::text(&output);
        assert!(lines.starts_with("credentials:\n  sealed: |\n"), "{lines}");
        scene.write("northwind.yaml", &format!("{}{lines}", unsigned(demo)));
        assert_eq!(scene.declared().findings, []);

        // A second time the code is worth nothing.
        let mut child = begin(&mut authorize(&scene, &arguments));
        let stderr = child.stderr.take().unwrap();
        let (output, said) = end(child, stderr);
        assert_eq!(output.status.code(), Some(3), "{said}");
        assert!(said.contains("does not take the code"), "{said}");

        night(demo, &scene, &running);
    }
}

#[test]
fn nobody_is_waited_for_without_end() {
    let (scene, running) = scene(gong::CONSENTED);
    let arguments = ["northwind", "--port", "0", "--wait", "1ms"];
    let mut child = begin(&mut authorize(&scene, &arguments));
    let stderr = child.stderr.take().unwrap();
    let (output, said) = end(child, stderr);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("Nobody came back"), "{said}");
    assert_eq!(running.log().count(AUTHORIZE), 0);
}

#[test]
fn what_cannot_be_consented_to_is_refused_before_anything_is_asked() {
    let mut all = String::new();
    let copied: &[&str] = &["northwind", "--code", "copied"];
    for (demo, refused) in [
        (
            gong::CONSENTED,
            &[
                &["northwind"] as &[&str],
                &["key", "--port", "0"],
                &["nobody", "--port", "0"],
                &["--customer", "Northwind", "--redirect-uri", "no address"],
            ] as &[&[&str]],
        ),
        // Its code belongs to a verifier that only one process knows.
        (grain::CONSENTED, &[copied]),
        (zoom::DEMO, &[&["northwind"]]),
    ] {
        let (scene, running) = scene(demo);
        scene.write(
            "key.yaml",
            &unsigned(demo).replace("method: oauth", "method: api"),
        );
        for arguments in refused {
            let mut child = authorize(&scene, arguments).spawn().unwrap();
            // Whoever refuses at once reads nothing.
            let _ = child.stdin.take().unwrap().write_all(app().as_bytes());
            let stderr = child.stderr.take().unwrap();
            let (output, said) = end(child, stderr);
            assert_eq!(output.status.code(), Some(2), "{arguments:?} {said}");
            all.push_str(&format!("{} {}\n{said}\n", demo.key, arguments.join(" ")));
        }
        assert!(running.log().is_empty());
    }
    insta::assert_snapshot!("authorize_refusals", all);
}
