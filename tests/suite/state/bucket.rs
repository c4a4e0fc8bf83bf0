//! The same with a server of S3: `moto_server` (PyPI `moto[server,s3]`), where it is installed.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    process::{Child, Command, Output, Stdio},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use call_import_engine::secrets::IDENTITY;
use secrecy::ExposeSecret as _;

use super::{Team, add_calls, content, standing, with_calls};
use crate::{store::fixtures::Place, support};

const BUCKET: &str = "s3://imports/state/";

/// A server of its own for each test, with one empty bucket.
struct Bucket {
    server: Child,
    url: String,
}

impl Drop for Bucket {
    fn drop(&mut self) {
        // It is ours, and the test is over.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

impl Bucket {
    /// `None` where the server is not installed.
    fn start() -> Option<Self> {
        let mut server = match Command::new("moto_server")
            .args(["-H", "127.0.0.1", "-p", "0"])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
        {
            Ok(server) => server,
            Err(error) => {
                support::skipped(&format!("`moto_server` is not installed ({error})"));
                return None;
            }
        };
        // It says where it listens: " * Running on http://127.0.0.1:40123".
        let mut lines = BufReader::new(server.stderr.take().unwrap()).lines();
        let url = lines.find_map(|line| {
            let line = line.unwrap();
            line.split_once("Running on ")
                .map(|(_, url)| url.trim().to_owned())
        });
        let Some(url) = url else {
            let status = server.wait().unwrap();
            support::skipped(&format!(
                "`moto_server` ends at once ({status}); it needs moto[server,s3]"
            ));
            return None;
        };
        // Whatever else it says must not fill the pipe.
        std::thread::spawn(move || lines.for_each(drop));
        let mut bucket = TcpStream::connect(url.trim_start_matches("http://")).unwrap();
        let request = "PUT /imports HTTP/1.1\r\nHost: imports\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        bucket.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        bucket.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        Some(Self { server, url })
    }
}

/// `state` in the folder of a record, with the bucket at `url`.
fn state(place: &Place, team: &Team, url: &str, arguments: &[&str]) -> Command {
    let requests = place.folder.path().join("requests");
    fs::create_dir_all(&requests).unwrap();
    fs::write(requests.join("recipients.txt"), team.recipients()).unwrap();
    let mut command = support::program(place.folder.path());
    command
        .args(["state", "--database", "record.duckdb"])
        .args(arguments)
        .env(IDENTITY, team.identity(0).expose_secret())
        .envs([
            ("AWS_ENDPOINT_URL", url),
            ("AWS_ACCESS_KEY_ID", "invented"),
            ("AWS_SECRET_ACCESS_KEY", "invented"),
            ("AWS_REGION", "us-east-1"),
        ]);
    command
}

fn succeeds(mut command: Command) -> String {
    let output = command.output().unwrap();
    let (stdout, stderr) = support::text(&output);
    assert!(output.status.success(), "{stdout}{stderr}");
    stdout
}

#[tokio::test]
async fn a_bucket_keeps_the_record_and_lets_one_writer_win() {
    let Some(bucket) = Bucket::start() else {
        return;
    };
    let (team, first, second) = (Team::of(1), Place::new(), Place::new());
    let save = |place: &Place| state(place, &team, &bucket.url, &["save", BUCKET]);
    let restore = |place: &Place| state(place, &team, &bucket.url, &["restore", BUCKET]);
    assert_eq!(
        restore(&first).output().unwrap().status.code(),
        Some(3),
        "nothing yet"
    );
    with_calls(&first, &["1"]).await;
    let told = succeeds(save(&first));
    assert!(
        told.starts_with("Saved as generation 1 in s3://imports/state/: "),
        "{told}"
    );
    succeeds(restore(&second));
    assert_eq!(content(&second.path()), content(&first.path()));

    // Two at the same moment, from the same generation.
    add_calls(&first.path(), "night-2a", &["2"]).await;
    add_calls(&second.path(), "night-2b", &["3"]).await;
    let saves = [&first, &second].map(|place| {
        let mut command = save(place);
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        command.spawn().unwrap()
    });
    let outputs: Vec<Output> = saves.map(|save| save.wait_with_output().unwrap()).into();
    let mut codes: Vec<_> = outputs.iter().map(|output| output.status.code()).collect();
    codes.sort();
    assert_eq!(codes, [Some(0), Some(5)], "{outputs:?}");

    let (winner, loser) = if outputs[0].status.success() {
        (&first, &second)
    } else {
        (&second, &first)
    };
    assert_eq!(
        (standing(&winner.path()).0, standing(&loser.path()).0),
        (2, 1)
    );
    let fresh = Place::new();
    succeeds(restore(&fresh));
    assert_eq!(content(&fresh.path()), content(&winner.path()));
    assert_eq!(restore(loser).output().unwrap().status.code(), Some(5));
    succeeds(state(
        loser,
        &team,
        &bucket.url,
        &["restore", BUCKET, "--generation", "2"],
    ));
    assert_eq!(content(&loser.path()), content(&winner.path()));
    let told = succeeds(save(loser));
    assert!(told.starts_with("Saved as generation 3"), "{told}");
}

/// Passes requests on, but loses the answers to the first uploads after the server carried them out.
fn forgetful(server: &str, lost: usize) -> (String, Arc<AtomicUsize>) {
    let server = server.trim_start_matches("http://").to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let uploads = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&uploads);
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let (server, counter) = (server.clone(), Arc::clone(&counter));
            std::thread::spawn(move || pass_on(client.unwrap(), &server, &counter, lost));
        }
    });
    (url, uploads)
}

/// One request; then both connections are closed, so every request comes on one of its own.
fn pass_on(mut client: TcpStream, server: &str, uploads: &AtomicUsize, lost: usize) {
    let mut reader = BufReader::new(client.try_clone().unwrap());
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).unwrap_or(0) == 0 {
            return;
        }
    }
    let length = head
        .to_lowercase()
        .lines()
        .find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok())
        .unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let mut upstream = TcpStream::connect(server).unwrap();
    let closing = head.replacen("\r\n", "\r\nConnection: close\r\n", 1);
    upstream.write_all(closing.as_bytes()).unwrap();
    upstream.write_all(&body).unwrap();
    let mut answer = Vec::new();
    upstream.read_to_end(&mut answer).unwrap();
    if head.starts_with("PUT ") && uploads.fetch_add(1, Ordering::Relaxed) < lost {
        return;
    }
    // The other side may have gone.
    let _ = client.write_all(&answer);
}

#[tokio::test]
async fn answers_that_get_lost_double_nothing() {
    let Some(bucket) = Bucket::start() else {
        return;
    };
    let (team, place, there) = (Team::of(1), Place::new(), Place::new());
    with_calls(&place, &["1"]).await;
    // The record's answer is lost; then that of the record under another name; then the manifest's.
    for (generation, lost) in [(1, 1), (2, 3)] {
        let (url, uploads) = forgetful(&bucket.url, lost);
        let told = succeeds(state(&place, &team, &url, &["save", BUCKET]));
        assert!(
            told.starts_with(&format!("Saved as generation {generation}")),
            "{told}"
        );
        assert!(uploads.load(Ordering::Relaxed) > lost);
        assert_eq!(standing(&place.path()).0, generation);
    }
    succeeds(state(&there, &team, &bucket.url, &["restore", BUCKET]));
    assert_eq!(content(&there.path()), content(&place.path()));
}

#[tokio::test]
async fn a_server_that_refuses_is_named_without_the_key() {
    let (team, place) = (Team::of(1), Place::new());
    with_calls(&place, &["1"]).await;
    let refusing = refusing();
    let output = state(&place, &team, &refusing, &["save", BUCKET])
        .output()
        .unwrap();
    let (_, stderr) = support::text(&output);
    assert_eq!(output.status.code(), Some(3), "{stderr}");
    assert!(
        stderr.contains("s3://imports/state/ does not let us list what is there"),
        "{stderr}"
    );
    assert!(!stderr.contains("invented"), "{stderr}");

    let mut elsewhere = state(&place, &team, &refusing, &["save", "az://imports/state"]);
    let output = elsewhere
        .env_remove("AZURE_STORAGE_ACCOUNT_NAME")
        .output()
        .unwrap();
    let (_, stderr) = support::text(&output);
    assert_eq!(output.status.code(), Some(3), "{stderr}");
    assert!(
        stderr.contains("az://imports/state cannot be used: check AZURE_"),
        "{stderr}"
    );
}

/// A server that lets nobody do anything.
fn refusing() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let mut client = client.unwrap();
            let mut reader = BufReader::new(client.try_clone().unwrap());
            let mut line = String::new();
            while reader.read_line(&mut line).unwrap_or(0) > 2 {
                line.clear();
            }
            let answer = "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
            let _ = client.write_all(answer.as_bytes());
        }
    });
    url
}
