//! Files that lie elsewhere: with a server of S3 (`moto_server`), and with servers that answer as Google Cloud
//! Storage and Azure document it.

#![expect(
    clippy::unwrap_used,
    reason = "a helper that cannot go on fails its test"
)]

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    process::Output,
    sync::{Arc, Mutex},
};

use super::bring::{Desk, files_below, sha256, srt, wav, zip, zoom};
use crate::{
    record,
    state::bucket::{Bucket, settings},
    support,
};

const UPLOADS: &str = "s3://imports/{account}/";

/// Puts an object into the bucket.
fn upload(bucket: &Bucket, name: &str, bytes: &[u8]) {
    let mut server = TcpStream::connect(bucket.url().trim_start_matches("http://")).unwrap();
    let head = format!(
        "PUT /imports/{name} HTTP/1.1\r\nHost: imports\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        bytes.len()
    );
    server.write_all(head.as_bytes()).unwrap();
    server.write_all(bytes).unwrap();
    let mut answer = String::new();
    server.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

/// A night of somebody who has these settings.
fn night<'a>(desk: &Desk, settings: impl IntoIterator<Item = (&'a str, &'a str)>) -> Output {
    let mut command = desk.command(&["reconcile", "--no-github"]);
    command.envs(settings).output().unwrap()
}

#[track_caller]
fn ends(output: &Output, code: i32) {
    assert_eq!(
        output.status.code(),
        Some(code),
        "{:?}",
        support::text(output)
    );
}

/// What is left of copies beside the record.
fn copies(desk: &Desk) -> Vec<String> {
    let folder = desk.folder.path().join(".record.duckdb.uploads");
    let mut left: Vec<String> = files_below(&folder).into_keys().collect();
    if left.is_empty() && folder.exists() {
        left.push("the folder".to_owned());
    }
    left
}

#[test]
fn files_of_a_bucket_are_imported_and_no_copy_stays() {
    let Some(bucket) = Bucket::start() else {
        return;
    };
    let desk = Desk::new(&[UPLOADS]);
    for call in 0..3 {
        let name = format!("northwind/2026-0{call}/{call}.vtt");
        upload(&bucket, &name, zoom(call).as_bytes());
    }
    upload(&bucket, "northwind/call%20%5B1%5D.srt", srt(10).as_bytes());
    upload(&bucket, "northwind/not%20meant.vtt", zoom(11).as_bytes());
    upload(&bucket, "northwind-2/0.vtt", zoom(12).as_bytes());
    let bundle = zip(&[
        (
            "calls.csv".into(),
            b"Call ID,Subject,Transcript\nnw-1,Kick-off,a.vtt\n".to_vec(),
        ),
        ("a.vtt".into(), zoom(20).into_bytes()),
        ("d/b.wav".into(), wav(1, 1_500)),
    ]);
    upload(&bucket, "northwind/bundle.zip", &bundle);
    upload(
        &bucket,
        "northwind/bundle.zip.sha256",
        sha256(&bundle).as_bytes(),
    );
    desk.request(
        "other",
        "files:\n  - s3://imports/northwind/2026-*/*.vtt\n  - s3://imports/northwind/bundle.zip*\n  - s3://imports/northwind/2026-00/0.vtt",
    );
    ends(&night(&desk, settings(bucket.url())), 0);
    let calls = "SELECT coalesce(title, '-') || ' ' || transcript_state || ' ' || coalesce(duration_ms, 0) FROM calls ORDER BY 1";
    assert_eq!(
        desk.query(calls),
        [
            "0 imported 69000",
            "1 imported 69000",
            "2 imported 69000",
            "Kick-off imported 69000",
            "b none 1500"
        ]
    );
    assert_eq!(copies(&desk), [""; 0]);
    let raw = desk.value("SELECT raw FROM calls WHERE title = '1'");
    assert!(
        raw.contains("s3://imports/northwind/2026-01/1.vtt"),
        "{raw}"
    );
    let before = record::dump(&desk.database());

    assert!(desk.run(&["retry", "northwind"]).status.success());
    ends(&night(&desk, settings(bucket.url())), 0);
    let after = record::dump(&desk.database());
    assert_eq!(
        (&after["calls"], &after["media"]),
        (&before["calls"], &before["media"])
    );
    assert_eq!(copies(&desk), [""; 0]);
}

#[test]
fn a_bucket_without_the_files_is_a_matter_for_customer_success() {
    let Some(bucket) = Bucket::start() else {
        return;
    };
    let desk = Desk::new(&[UPLOADS]);
    upload(&bucket, "northwind/other.vtt", zoom(1).as_bytes());
    desk.request(
        "other",
        "files:\n  - s3://imports/northwind/*.vtt\n  - s3://imports/northwind/calls.zip",
    );
    ends(&night(&desk, settings(bucket.url())), 1);
    insta::assert_snapshot!(desk.standing());
    assert_eq!(copies(&desk), [""; 0]);
    // Once it is there, and the request is merged again, all is well.
    upload(
        &bucket,
        "northwind/calls.zip",
        &zip(&[("a.vtt".into(), zoom(2).into_bytes())]),
    );
    assert!(desk.run(&["retry", "northwind"]).status.success());
    ends(&night(&desk, settings(bucket.url())), 0);
    assert_eq!(desk.count("calls"), 2);
}

#[test]
fn wrong_credentials_are_a_matter_for_engineering() {
    let desk = Desk::new(&[UPLOADS]);
    desk.request("other", "files: [\"s3://imports/northwind/*.vtt\"]");
    let server = Server::start(|_| answer("403 Forbidden", "text/xml", b""));
    ends(&night(&desk, settings(&server.url)), 1);
    insta::assert_snapshot!(desk.standing());
    assert_eq!(copies(&desk), [""; 0]);
}

#[test]
fn a_server_that_is_down_is_tried_again_the_next_night() {
    let Some(bucket) = Bucket::start() else {
        return;
    };
    let desk = Desk::new(&[UPLOADS]);
    upload(&bucket, "northwind/a.vtt", zoom(1).as_bytes());
    upload(&bucket, "northwind/b.vtt", zoom(2).as_bytes());
    desk.request("other", "files: [\"s3://imports/northwind/*.vtt\"]");
    desk.request_of(
        "contoso",
        "Contoso",
        "other",
        "files: [files/northwind/c.vtt]",
    );
    desk.put("c.vtt", zoom(3));
    // One file comes, and then none any more.
    let url = bucket.url().to_owned();
    let failing = Server::start(move |request| {
        if request.contains("b.vtt") {
            // Not a failure that is tried again at once: nobody wants to wait for that in a test.
            return answer("410 Gone", "text/xml", b"");
        }
        forward(&url, request)
    });
    ends(&night(&desk, settings(&failing.url)), 0);
    let standing = "SELECT request_id || ' ' || phase || ', ' || whose_turn || ': ' || coalesce(reason, '-') FROM imports ORDER BY 1";
    insta::assert_snapshot!(desk.query(standing).join("\n"));
    assert_eq!(desk.value("SELECT string_agg(title, ', ') FROM calls"), "c");
    assert_eq!(copies(&desk), [""; 0]);

    desk.query("UPDATE imports SET next_attempt_at = TIMESTAMP '2020-01-01' WHERE request_id = 'northwind' RETURNING request_id");
    ends(&night(&desk, settings(bucket.url())), 0);
    insta::assert_snapshot!(desk.query(standing).join("\n"));
    assert_eq!(desk.count("calls"), 3);
}

#[test]
fn what_a_killed_run_left_is_removed_by_the_next() {
    let desk = Desk::new(&[]);
    desk.request("other", "files: [files/northwind/a.vtt]");
    desk.put("a.vtt", zoom(1));
    for id in ["northwind", "cancelled-long-ago"] {
        let folder = desk
            .folder
            .path()
            .join(".record.duckdb.uploads")
            .join(id)
            .join("0");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("0123"), "what a customer's people said").unwrap();
    }
    desk.night(0);
    assert_eq!(copies(&desk), [""; 0]);
}

/// The list and the objects as Google Cloud Storage answers (XML API, "GET Bucket (List Objects)").
#[test]
fn google_cloud_storage_is_read_with_its_own_settings() {
    let server = Server::start(|request| {
        let target = request.split(' ').nth(1).unwrap_or_default();
        if target.starts_with("/imports?") {
            assert!(
                target.contains("list-type=2") && target.contains("prefix=northwind"),
                "{target}"
            );
            let list = listed("northwind/a.vtt", zoom(1).len());
            return answer("200 OK", "application/xml", list.as_bytes());
        }
        assert_eq!(target, "/imports/northwind%2Fa%2Evtt");
        answer("200 OK", "text/vtt", zoom(1).as_bytes())
    });
    let desk = Desk::new(&["gs://imports/{account}/"]);
    desk.request("other", "files: [\"gs://imports/northwind/*.vtt\"]");
    let settings = [
        ("GOOGLE_BASE_URL", server.url.as_str()),
        ("GOOGLE_SKIP_SIGNATURE", "true"),
    ];
    ends(&night(&desk, settings), 0);
    assert_eq!(desk.value("SELECT title FROM calls"), "a");
    // Without a key there is nobody to ask, and that is for engineers.
    let desk = Desk::new(&["gs://imports/{account}/"]);
    desk.request("other", "files: [\"gs://imports/northwind/*.vtt\"]");
    let missing = [("GOOGLE_SERVICE_ACCOUNT", "/nowhere/key.json")];
    ends(&night(&desk, missing), 1);
    insta::assert_snapshot!(desk.standing());
}

pub(crate) fn listed(name: &str, bytes: usize) -> String {
    format!(
        "<ListBucketResult><Contents><Key>{name}</Key><LastModified>2026-11-01T00:00:00.000Z</LastModified>\
         <ETag>\"1\"</ETag><Size>{bytes}</Size></Contents></ListBucketResult>"
    )
}

/// The list and the blobs as Azure answers ("List Blobs" and "Get Blob", REST API of Blob Storage).
#[test]
fn azure_is_read_with_its_own_settings() {
    let server = Server::start(|request| {
        assert!(
            request
                .to_lowercase()
                .contains("authorization: sharedkey invented:"),
            "{request}"
        );
        let target = request.split(' ').nth(1).unwrap_or_default();
        if target.contains("comp=list") {
            assert!(
                target.starts_with("/imports?") && target.contains("prefix=northwind"),
                "{target}"
            );
            let list = format!(
                "<?xml version=\"1.0\"?><EnumerationResults><Blobs><Blob><Name>northwind/a.vtt</Name><Properties>\
                 <Last-Modified>Sun, 01 Nov 2026 00:00:00 GMT</Last-Modified><Etag>0x1</Etag><Content-Length>{}</Content-Length>\
                 <Content-Type>text/vtt</Content-Type></Properties></Blob></Blobs><NextMarker/></EnumerationResults>",
                zoom(1).len()
            );
            return answer("200 OK", "application/xml", list.as_bytes());
        }
        assert_eq!(target, "/imports/northwind/a.vtt");
        answer("200 OK", "text/vtt", zoom(1).as_bytes())
    });
    let desk = Desk::new(&["az://imports/{account}/"]);
    desk.request("other", "files: [\"az://imports/northwind/*.vtt\"]");
    let settings = [
        ("AZURE_STORAGE_ENDPOINT", server.url.as_str()),
        ("AZURE_STORAGE_ACCOUNT_NAME", "invented"),
        ("AZURE_STORAGE_ACCOUNT_KEY", "aW52ZW50ZWQ="),
    ];
    ends(&night(&desk, settings), 0);
    assert_eq!(desk.value("SELECT title FROM calls"), "a");
    let desk = Desk::new(&["az://imports/{account}/"]);
    desk.request("other", "files: [\"az://imports/northwind/*.vtt\"]");
    ends(&night(&desk, []), 1);
    insta::assert_snapshot!(desk.standing());
}

#[test]
fn recordings_that_come_as_files_are_kept_once() {
    let desk = Desk::new(&[]);
    desk.put("a.wav", wav(1, 1_500));
    desk.put("a.vtt", zoom(1));
    let inside = wav(2, 2_500);
    desk.put(
        "bundle.zip",
        zip(&[
            ("b.wav".into(), inside.clone()),
            ("b.vtt".into(), zoom(2).into_bytes()),
        ]),
    );
    desk.put("c.vtt", zoom(3));
    desk.request(
        "other",
        "files: [\"files/northwind/**\"]\ninclude: [transcript, media]",
    );

    // Without a place it waits, as imports from APIs do.
    desk.night(0);
    insta::assert_snapshot!(desk.standing());

    let place = desk.folder.path().join("kept");
    let with_place = || {
        let mut command = desk.command(&["reconcile", "--no-github"]);
        command.env("CALL_IMPORT_MEDIA", &place).output().unwrap()
    };
    let plan = desk
        .command(&["plan"])
        .env("CALL_IMPORT_MEDIA", &place)
        .output()
        .unwrap();
    let (plan, _) = support::text(&plan);
    assert!(!plan.contains("API request"), "{plan}");
    ends(&with_place(), 0);
    let media = "SELECT external_id || ' ' || kind || ' ' || mime || ' ' || bytes || ' ' || duration_ms || ' ' || sha256 || ' ' || state
        FROM media ORDER BY bytes";
    let media = desk.query(media);
    assert_eq!(media.len(), 2);
    for (row, sound, length) in [
        (&media[0], wav(1, 1_500), 1_500),
        (&media[1], inside, 2_500),
    ] {
        let expected = format!("{} {length} {} stored", sound.len(), sha256(&sound));
        assert!(row.ends_with(&expected), "{row}, not {expected}");
    }
    let kept = files_below(&place);
    let sounds: Vec<_> = kept.values().map(|bytes| sha256(bytes)).collect();
    assert_eq!(kept.len(), 2, "{kept:?}");
    assert!(sounds.contains(&sha256(&wav(1, 1_500))) && sounds.contains(&sha256(&wav(2, 2_500))));
    assert_eq!(copies(&desk), [""; 0]);

    let before = record::dump(&desk.database());
    assert!(desk.run(&["retry", "northwind"]).status.success());
    ends(&with_place(), 0);
    let after = record::dump(&desk.database());
    assert_eq!(
        (&after["media"], &after["calls"]),
        (&before["media"], &before["calls"])
    );
    assert_eq!(files_below(&place), kept);
}

/// A server that answers each request, its head as text, as it is told.
pub(crate) struct Server {
    pub(crate) url: String,
}

impl Server {
    pub(crate) fn start(respond: impl Fn(&str) -> Vec<u8> + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let respond = Arc::new(Mutex::new(respond));
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let mut client = client.unwrap();
                let mut reader = BufReader::new(client.try_clone().unwrap());
                let mut head = String::new();
                while reader.read_line(&mut head).unwrap_or(0) > 2 {}
                let answer = respond.lock().unwrap()(&head);
                let _ = client.write_all(&answer);
            }
        });
        Self { url }
    }
}

pub(crate) fn answer(status: &str, kind: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nETag: \"1\"\r\n\
         Last-Modified: Sun, 01 Nov 2026 00:00:00 GMT\r\nConnection: close\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// The same asked of another server.
fn forward(url: &str, head: &str) -> Vec<u8> {
    let mut server = TcpStream::connect(url.trim_start_matches("http://")).unwrap();
    let head = head.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n");
    server.write_all(head.as_bytes()).unwrap();
    let mut answer = Vec::new();
    server.read_to_end(&mut answer).unwrap();
    answer
}
