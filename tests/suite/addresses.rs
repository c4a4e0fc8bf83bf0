//! Where credentials may go: hostile addresses in request files, and redirects.

use std::{collections::BTreeMap, sync::Arc};

use call_import_engine::{
    http::{Endpoint, Http},
    model::Credential,
    platforms::{Auth, HttpExchange, HttpReply, Traits, connector},
    spec::{self, Source, SourceContent},
};
use jiff::{Timestamp, civil::date};
use secrecy::SecretString;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    sync::Mutex,
};

use crate::support;

/// What a request file must not name as Gong's address, whatever the trick.
const HOSTILE: &[&str] = &[
    // Not https.
    "http://api.gong.io",
    "ftp://api.gong.io",
    "file:///etc/passwd",
    "javascript://api.gong.io",
    "//api.gong.io",
    "api.gong.io",
    "https:api.gong.io",
    "https:/api.gong.io",
    "https:///api.gong.io",
    "https:\\\\api.gong.io",
    "httpss://api.gong.io",
    "https://",
    // Another host that looks alike.
    "https://evil.example",
    "https://evilapi.gong.io",
    "https://evil-api.gong.io",
    "https://api.gong.io.evil.example",
    "https://api.gong.io-evil.example",
    "https://api-gong.io",
    "https://gong.io",
    "https://.api.gong.io",
    "https://api.gong.io.",
    "https://us-1..api.gong.io",
    "https://аpi.gong.io",
    "https://api。gong.io",
    // More than a host.
    "https://api.gong.io@evil.example",
    "https://user:pw@api.gong.io",
    "https://@api.gong.io",
    "https://api.gong.io:8443",
    "https://api.gong.io:443",
    "https://api.gong.io/v2",
    "https://api.gong.io//",
    "https://api.gong.io\\@evil.example",
    "https://api.gong.io?x=1",
    "https://evil.example?.api.gong.io",
    "https://evil.example#.api.gong.io",
    "https://evil.example/.api.gong.io",
    "https://evil.example%2f.api.gong.io",
    "https://api.gong.io%00.evil.example",
    // Inside.
    "https://127.0.0.1",
    "https://127.1",
    "https://2130706433",
    "https://0x7f.0.0.1",
    "https://[::1]",
    "https://[::ffff:127.0.0.1]",
    "https://169.254.169.254",
    "https://localhost",
    "https://metadata.google.internal",
];

fn gong() -> Traits {
    connector("gong").expect("Gong is in the catalog").traits()
}

fn credential() -> Credential {
    let fields = ["access_key", "access_key_secret"];
    let fields = fields.map(|name| (name.to_owned(), SecretString::from("demo")));
    Credential::new(BTreeMap::from(fields))
}

fn endpoint(base: &str, replacement: Option<&str>) -> Option<Endpoint> {
    let traits = gong();
    Endpoint::new(base, replacement, &traits, traits.auth, credential()).ok()
}

/// Whether `validate` finds something wrong with the address.
fn is_found(address: &str) -> bool {
    let text = format!(
        "customer: Northwind\nplatform: gong\nestimated_calls: 10\nurgency: deal\nrequested_completion: 2026-12-24\n\
         credentials: {{secret: IMPORT_NORTHWIND_GONG}}\noptions: {{base_url: {}}}\n",
        serde_json::to_string(address).expect("a text is JSON")
    );
    let source = Source {
        path: "requests/northwind.yaml".into(),
        content: SourceContent::Bytes(text.into_bytes()),
    };
    let matrix = std::fs::read(support::root().join("matrix.yaml")).expect("matrix.yaml");
    let matrix = spec::load_matrix("matrix.yaml", &matrix).expect("the matrix has no flaw");
    let found = spec::load(&[source], &[], &matrix, date(2026, 11, 25)).findings;
    // A password in an address is found as one.
    let codes = ["base-url", "clear-text-credential"];
    found
        .iter()
        .any(|finding| codes.contains(&finding.code.as_str()))
}

#[test]
fn hostile_addresses_are_a_finding_and_an_error() {
    assert!(HOSTILE.len() >= 40);
    for address in HOSTILE {
        assert!(is_found(address), "validate passes {address}");
        assert!(
            endpoint(address, None).is_none(),
            "a run talks to {address}"
        );
    }
    for address in [
        "https://api.gong.io",
        "https://us-12345.api.gong.io/",
        "https://US-12345.API.gong.io",
    ] {
        assert!(!is_found(address), "validate refuses {address}");
        assert!(endpoint(address, None).is_some(), "a run refuses {address}");
    }
}

/// A server that gives these answers, one a connection, and keeps what it was asked.
struct Scripted {
    url: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Scripted {
    async fn start(answers: Vec<String>) -> Self {
        Self::serve(free_port().await, answers)
    }

    fn serve(listener: TcpListener, answers: Vec<String>) -> Self {
        let url = url(&listener);
        let asked = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&asked);
        tokio::spawn(async move {
            for answer in answers {
                let (mut stream, _) = listener.accept().await.expect("a connection");
                let mut request = Vec::new();
                while !request.ends_with(b"\r\n\r\n") {
                    request.push(stream.read_u8().await.expect("a request"));
                }
                let request = String::from_utf8(request).expect("a request is text");
                log.lock().await.push(request.to_lowercase());
                stream.write_all(answer.as_bytes()).await.expect("it reads");
            }
        });
        Self { url, asked }
    }

    async fn asked(&self) -> Vec<String> {
        self.asked.lock().await.clone()
    }
}

async fn free_port() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.expect("a port")
}

fn url(listener: &TcpListener) -> String {
    format!("http://{}", listener.local_addr().expect("an address"))
}

fn redirect(to: &str) -> String {
    format!(
        "HTTP/1.1 302 Found\r\nlocation: {to}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
    )
}

fn words() -> String {
    "HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nwords".into()
}

async fn fetch(server: &Scripted, exchange: &HttpExchange) -> Result<HttpReply, String> {
    let endpoint = endpoint("", Some(&server.url)).expect("the operator's own address");
    let http = Http::new().expect("a client");
    let sent = http.send(&endpoint, exchange, Timestamp::UNIX_EPOCH).await;
    sent.map_err(|error| error.detail())
}

fn following(path: &str) -> HttpExchange {
    HttpExchange {
        follows: true,
        headers: &[("x-version", "1")],
        ..HttpExchange::get(path)
    }
}

#[tokio::test]
async fn the_credential_stays_with_the_host_it_is_for() {
    let files = Scripted::start(vec![words()]).await;
    let platform = Scripted::start(vec![
        redirect("/second?page=1#part"),
        redirect(&format!("{}/signed?key=x", files.url)),
    ])
    .await;
    let reply = fetch(&platform, &following("/first"))
        .await
        .expect("an answer");
    assert_eq!((reply.status, &*reply.body), (200, b"words".as_slice()));
    let asked = platform.asked().await;
    assert!(asked[0].starts_with("get /first ") && asked[1].starts_with("get /second?page=1 "));
    let secrets = ["authorization:", "x-version:"];
    let has_all = |request: &String| secrets.iter().all(|name| request.contains(name));
    assert!(asked.iter().all(has_all), "{asked:?}");
    let asked = files.asked().await;
    assert!(asked[0].starts_with("get /signed?key=x "));
    assert!(
        !secrets.iter().any(|name| asked[0].contains(name)),
        "{asked:?}"
    );
}

#[tokio::test]
async fn the_credential_does_not_come_back_from_another_host() {
    let port = free_port().await;
    let other = Scripted::start(vec![redirect(&format!("{}/chosen", url(&port)))]).await;
    let platform = Scripted::serve(port, vec![redirect(&other.url), words()]);
    fetch(&platform, &following("/a")).await.expect("an answer");
    let asked = platform.asked().await;
    assert!(asked[1].starts_with("get /chosen "));
    assert!(!asked[1].contains("authorization:"), "{asked:?}");
}

#[tokio::test]
async fn redirects_are_followed_five_times_and_only_where_wanted() {
    let platform = Scripted::start(vec![redirect("/again"); 9]).await;
    let told = fetch(&platform, &following("/a"))
        .await
        .expect_err("too many");
    assert!(told.contains("redirects more than 5 times"), "{told}");
    assert_eq!(platform.asked().await.len(), 6);
    for exchange in [
        HttpExchange::get("/a"),
        HttpExchange {
            follows: true,
            ..HttpExchange::post("/a", serde_json::json!({}))
        },
    ] {
        let platform = Scripted::start(vec![redirect("/b")]).await;
        let reply = fetch(&platform, &exchange).await.expect("an answer");
        assert_eq!(reply.status, 302);
    }
}

#[tokio::test]
async fn a_redirect_to_anything_but_the_web_is_an_error() {
    let platform = Scripted::start(vec![redirect("file:///etc/passwd?key=x")]).await;
    let told = fetch(&platform, &following("/a"))
        .await
        .expect_err("refused");
    assert_eq!(
        told,
        "the platform redirects to \"file://\", which is not a public https address"
    );
}

#[tokio::test]
async fn an_address_that_the_platform_gives_is_asked_for_at_the_operators() {
    let platform = Scripted::start(vec![words()]).await;
    let exchange = HttpExchange::get("https://us-1.api.gong.io/file/1?part=2");
    fetch(&platform, &exchange).await.expect("an answer");
    let asked = platform.asked().await;
    assert!(asked[0].starts_with("get /file/1?part=2 ") && asked[0].contains("authorization:"));
    for foreign in [
        "https://evil.example/file",
        "https://api.gong.io@evil.example/file",
        "http://api.gong.io/file",
        "evil.example",
    ] {
        let told = fetch(&platform, &HttpExchange::get(foreign)).await;
        assert!(told.is_err(), "{foreign}");
    }
    assert!(matches!(gong().auth, Auth::Basic { .. }));
}
