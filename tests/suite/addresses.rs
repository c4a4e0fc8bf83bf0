//! Where credentials may go: hostile addresses in request files, and redirects.

use std::{
    collections::BTreeMap,
    sync::{Arc, LazyLock},
};

use call_import_engine::{
    http::{Endpoint, Http},
    model::Credential,
    platforms::{
        Auth, HttpExchange, HttpReply, OptionKind, OptionSpec, Traits, catalog, connector,
    },
    spec::{self, Severity, Source, SourceContent, SupportMatrix},
};
use jiff::{Timestamp, civil::date};
use secrecy::SecretString;
use simulator::{
    Config, Simulator,
    github::{self, PullRequest},
    slack,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    sync::Mutex,
};

use crate::{
    reconcile,
    support::{self, Scene},
};

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

/// The same for what leads into a private network, one a line.
const INSIDE: &str = include_str!("../fixtures/hostile_addresses.txt");

fn hostile() -> impl Iterator<Item = &'static str> {
    let inside = INSIDE.lines().filter(|line| !line.starts_with("# "));
    HOSTILE.iter().copied().chain(inside)
}

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

/// Whether `validate` finds something wrong with an address of Gong.
fn is_found(address: &str) -> bool {
    let found = found("gong", "base_url", address);
    // A password in an address is found as one.
    let codes = ["base-url", "clear-text-credential"];
    found.iter().any(|code| codes.contains(&code.as_str()))
}

/// Read once: it takes longer than what is asked of it.
static MATRIX: LazyLock<SupportMatrix> = LazyLock::new(support::matrix);

/// What `validate` finds in a request with an address in one of its options.
fn found(platform: &str, option: &str, address: &str) -> Vec<String> {
    let text = format!(
        "customer: Northwind\nplatform: {platform}\nestimated_calls: 10\nurgency: deal\n\
         requested_completion: 2026-12-24\ncredentials: {{secret: {}}}\noptions: {{{option}: {}}}\n",
        support::secret(platform),
        serde_json::to_string(address).expect("a text is JSON")
    );
    let source = Source {
        path: "requests/northwind.yaml".into(),
        content: SourceContent::Bytes(text.into_bytes()),
    };
    let found = spec::load(&[source], &[], &MATRIX, date(2026, 11, 25)).findings;
    let errors = found
        .into_iter()
        .filter(|finding| finding.severity == Severity::Error);
    errors.map(|finding| finding.code.to_string()).collect()
}

#[test]
fn hostile_addresses_are_a_finding_and_an_error() {
    assert!(hostile().count() >= 130);
    for address in hostile() {
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

/// Every platform: its own addresses and no others where it takes one, and none where it does not.
#[test]
fn no_platform_takes_an_address_that_is_not_its_own() {
    let mut takes_one = Vec::new();
    for (key, connector) in catalog() {
        let traits = connector.traits();
        let is_address = |option: &&OptionSpec| option.kind == OptionKind::BaseUrl;
        let name = traits.options.iter().find(is_address);
        takes_one.extend(name.map(|_| key));
        let name = name.map_or("base_url", |option| option.name);
        for address in hostile() {
            let found = found(key, name, address);
            assert!(!found.is_empty(), "validate passes {address} for {key}");
            let credential = Credential::new(BTreeMap::new());
            let endpoint = Endpoint::new(address, None, &traits, traits.auth, credential);
            assert!(endpoint.is_err(), "a run of {key} talks to {address}");
        }
        let credential = Credential::new(BTreeMap::new());
        let own = Endpoint::new(traits.base_url, None, &traits, traits.auth, credential);
        assert!(own.is_ok(), "{key} at {}", traits.base_url);
    }
    assert_eq!(takes_one, ["gong"]);
}

/// A request that names a foreign address is held, nobody is asked for anything, and the program says so.
#[test]
fn a_run_sends_nothing_for_a_request_with_a_foreign_address() {
    let mut scene = Scene::new("2026-12-01T01:17:00Z");
    let calls = reconcile::population(10, "2026-10-01", "2026-10-31");
    let running = reconcile::gong(&mut scene, calls);
    let options = "options: {base_url: https://api.gong.io.evil.example}\n";
    scene.request("northwind", "Northwind", options);
    scene.write_matrix();
    let output = support::program(scene.folder.path())
        .args(["reconcile", "--no-github", "--platform-url"])
        .arg(format!("gong={}", running.url))
        .envs(&scene.secrets)
        .output()
        .expect("the program runs");
    assert_eq!(output.status.code(), Some(1));
    insta::assert_snapshot!("foreign_address", support::text(&output).0);
    assert!(running.log().is_empty());
}

/// Proxies that the environment names get nothing to see: neither of a platform, nor of GitHub, Slack or a bucket.
#[test]
fn a_proxy_of_the_environment_is_told_of_and_not_used() {
    let mut scene = Scene::new("2026-12-01T01:17:00Z");
    let running = reconcile::gong(
        &mut scene,
        reconcile::population(3, "2026-10-01", "2026-10-31"),
    );
    scene.with_keys();
    scene.without_limits("gong");
    scene.request(
        "northwind",
        "Northwind",
        "period: {from: 2026-10-01, to: 2026-10-31}\n",
    );
    scene.write_matrix();
    let github = Simulator::start(Config::github(github::Config::default())).expect("it starts");
    let file = "requests/northwind.yaml";
    github
        .github()
        .merge(PullRequest::new(12, "jane-doe", [file]));
    let slack = Simulator::start(Config::slack()).expect("it starts");
    let proxy = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    proxy.set_nonblocking(true).expect("a socket");
    let address = format!("http://{}", proxy.local_addr().expect("an address"));
    let run = |more: &[&str]| {
        let mut command = support::program(scene.folder.path());
        command.args(more).envs(&scene.secrets);
        for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"] {
            command
                .env(name, &address)
                .env(name.to_lowercase(), &address);
        }
        command.env_remove("NO_PROXY").env_remove("no_proxy");
        command
            .env("GITHUB_REPOSITORY", "example/imports")
            .env("GITHUB_API_URL", &github.url)
            .env("GITHUB_TOKEN", "simulated")
            .env("SLACK_WEBHOOK_URL", format!("{}{}", slack.url, slack::PATH))
            .env("AWS_ACCESS_KEY_ID", "key")
            .env("AWS_SECRET_ACCESS_KEY", "secret")
            .env("AWS_REGION", "us-east-1")
            // Gong's simulator is no bucket, and says so at once.
            .env("AWS_ENDPOINT_URL", &running.url)
            .output()
            .expect("the program runs")
    };
    let url = format!("gong={}", running.url);
    let output = run(&["reconcile", "--platform-url", &url]);
    let (stdout, stderr) = support::text(&output);
    assert_eq!(output.status.code(), Some(0), "{stdout}\n{stderr}");
    assert!(
        stderr.contains("HTTPS_PROXY is set, but no proxy is used"),
        "{stderr}"
    );
    assert!(!github.github().all_comments().is_empty());
    assert_eq!(slack.slack().messages().len(), 1);
    let asked = running.log().len();
    let output = run(&["state", "restore", "s3://bucket/record"]);
    assert_eq!(
        output.status.code(),
        Some(3),
        "{:?}",
        support::text(&output)
    );
    assert!(
        running.log().len() > asked,
        "the bucket was asked for straight away"
    );
    assert!(proxy.accept().is_err(), "nobody came");
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
