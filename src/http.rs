//! Sends a connector's exchanges: adds base address and credential, follows redirects where the connector
//! asks for it, and bounds time and size. It retries nothing; that is decided in `import`.

mod address;
mod consent;
mod download;
mod token;

use std::{borrow::Cow, sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use jiff::{Timestamp, fmt::rfc2822};
use reqwest::{
    Client, ClientBuilder, RequestBuilder, Response, Url,
    dns::Resolve,
    header::{CONTENT_TYPE, DATE, HeaderMap, HeaderName, LOCATION, RETRY_AFTER},
    redirect::Policy,
};
use secrecy::{ExposeSecret, SecretString, zeroize::Zeroizing};

use crate::{
    kill::{self, Point},
    model::{Credential, FailureClass, Forms},
    platforms::{ACCESS_TOKEN, Allowance, Auth, HttpExchange, HttpReply, Link, Traits, Verb},
};

pub use address::AddressError;
pub use consent::{Authority, Consent, ConsentError};
pub use download::{Download, Resume};
pub use token::{TokenAnswer, TokenError};

/// Largest decoded body. A page of 100 calls with an hour of transcript each is about 10 MB.
const MAX_BODY: usize = 64 << 20;

/// Redirects followed one after another.
const MAX_REDIRECTS: usize = 5;

/// The shell around the HTTP client.
#[derive(Debug, Clone)]
pub struct Http {
    /// Reaches public addresses only.
    public: Client,
    /// Reaches what the operator has named.
    operators: Client,
}

/// Where a platform's API is, and how to prove who asks.
#[derive(Debug, Clone)]
pub struct Endpoint {
    base: Url,
    /// Whether the operator has named `base` in place of the platform's own address.
    replaced: bool,
    traits: Traits,
    auth: Auth,
    credential: Credential,
    /// The credential as an answer may repeat it.
    forms: Arc<Forms>,
}

/// Why no answer came.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// The network, the other side's TLS, or a time-out.
    #[error("no answer from the platform: {0}")]
    Network(#[source] reqwest::Error),
    /// The answer is larger than anything a platform should send.
    #[error("the answer is larger than {} MB", MAX_BODY >> 20)]
    TooLarge,
    /// The platform names an address that is not talked to.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// It sends us on and on.
    #[error("the platform redirects more than {MAX_REDIRECTS} times in a row")]
    Redirects,
    /// The credential cannot be sent as a header.
    #[error("the credential holds characters that no key has")]
    Credential,
}

impl SendError {
    /// The class that the failure is recorded under.
    pub fn class(&self) -> FailureClass {
        match self {
            Self::Network(_) => FailureClass::Network,
            Self::TooLarge | Self::Address(_) | Self::Redirects => FailureClass::BrokenReply,
            Self::Credential => FailureClass::Credentials,
        }
    }

    /// Whether less must be asked for.
    pub fn is_too_large(&self) -> bool {
        matches!(self, Self::TooLarge)
    }

    /// Whether nothing has reached the other side.
    pub fn is_unsent(&self) -> bool {
        match self {
            Self::Network(error) => error.is_connect() || error.is_builder(),
            Self::Address(_) | Self::Credential => true,
            Self::TooLarge | Self::Redirects => false,
        }
    }

    /// The whole cause chain in one line, without addresses, which may hold a query.
    pub fn detail(&self) -> String {
        let mut text = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            text = format!("{text}: {error}");
            cause = error.source();
        }
        text
    }
}

impl Http {
    /// A client with our limits. Proxies that the environment names are not used: nothing is sent another way than
    /// the address says.
    ///
    /// # Errors
    /// When TLS cannot be set up on this machine.
    pub fn new() -> Result<Self, reqwest::Error> {
        Self::built(Arc::new(address::System), Patience::USUAL)
    }

    fn built(resolver: Arc<dyn Resolve>, patience: Patience) -> Result<Self, reqwest::Error> {
        // A second call finds the provider installed, which is what is wanted.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Ok(Self {
            public: builder(patience)
                .dns_resolver(address::PublicOnly(resolver))
                .build()?,
            operators: builder(patience).build()?,
        })
    }

    /// Sends one exchange and reads the answer whole, whatever its status.
    ///
    /// # Errors
    /// [`SendError`] when there is no whole answer.
    pub async fn send(
        &self,
        endpoint: &Endpoint,
        exchange: &HttpExchange,
        now: Timestamp,
    ) -> Result<HttpReply, SendError> {
        let mut response = self.answer(endpoint, exchange).await?;
        let status = response.status().as_u16();
        // The path without its query, which may hold more than anybody should read.
        let path = exchange.path.split('?').next().unwrap_or_default();
        tracing::debug!(path, status, "the platform answers");
        let date = date(response.headers());
        let retry_after = retry_after(response.headers(), now);
        let allowance = allowance(response.headers());
        let content_type = text_header(response.headers(), CONTENT_TYPE);
        let location = redirect(&response, response.url()).map(Link::new);
        // No connector reads a recording: those come by their links, in pieces.
        let is_recording = ["audio/", "video/"]
            .iter()
            .any(|kind| content_type.starts_with(kind));
        let body = if is_recording {
            Bytes::new()
        } else {
            endpoint.struck(read_body(&mut response).await?)
        };
        Ok(HttpReply {
            status,
            date,
            retry_after,
            allowance,
            content_type,
            location,
            body,
        })
    }

    /// Sends JSON to an address that the operator has named and that is a secret itself, as a webhook's is.
    ///
    /// # Errors
    /// [`SendError`] when there is no whole answer; it does not name the address.
    pub async fn post(
        &self,
        address: &SecretString,
        body: &serde_json::Value,
        now: Timestamp,
    ) -> Result<HttpReply, SendError> {
        let request = self.operators.post(address.expose_secret());
        let request = request
            .header(CONTENT_TYPE, "application/json")
            .body(Bytes::from(body.to_string()));
        kill::here(Point::BeforeMessage);
        let mut response = request.send().await.map_err(network)?;
        kill::here(Point::AfterMessage);
        Ok(HttpReply {
            status: response.status().as_u16(),
            date: date(response.headers()),
            retry_after: retry_after(response.headers(), now),
            allowance: None,
            content_type: text_header(response.headers(), CONTENT_TYPE),
            location: None,
            body: read_body(&mut response).await?,
        })
    }

    /// The answer at the end of all redirects. Once they have led to another host, neither the credential
    /// nor the connector's headers go along, wherever they lead then.
    async fn answer(
        &self,
        endpoint: &Endpoint,
        exchange: &HttpExchange,
    ) -> Result<Response, SendError> {
        let first = endpoint.url(&exchange.path)?;
        let (mut url, mut own) = (first.clone(), true);
        for _ in 0..=MAX_REDIRECTS {
            let request = self.request(endpoint, exchange, url.clone(), own)?;
            let response = request.send().await.map_err(network)?;
            let follows = exchange.follows && exchange.verb == Verb::Get;
            let Some(next) = redirect(&response, &url).filter(|_| follows) else {
                return Ok(response);
            };
            endpoint.permit(&next)?;
            own = own && next.origin() == first.origin();
            url = next;
        }
        Err(SendError::Redirects)
    }

    /// The client for the operator's own addresses, or for those of platforms.
    fn client(&self, replaced: bool) -> &Client {
        if replaced {
            &self.operators
        } else {
            &self.public
        }
    }

    fn request(
        &self,
        endpoint: &Endpoint,
        exchange: &HttpExchange,
        url: Url,
        own: bool,
    ) -> Result<RequestBuilder, SendError> {
        let client = self.client(endpoint.replaced);
        let request = match exchange.verb {
            Verb::Get => client.get(url),
            Verb::Post => client.post(url),
        };
        if !own {
            return Ok(request);
        }
        let headers = exchange.headers.iter();
        let request = headers.fold(request, |request, (name, value)| {
            request.header(*name, *value)
        });
        let request = match &exchange.body {
            Some(body) => request
                .header(CONTENT_TYPE, "application/json")
                .body(Bytes::from(body.to_string())),
            None => request,
        };
        endpoint.authorize(request, exchange.key)
    }
}

impl Endpoint {
    /// The endpoint of a request. `base` must be an https address of the platform; `replacement`
    /// (`--platform-url`) is the operator's own and may be anything.
    ///
    /// # Errors
    /// [`AddressError`] when the address is none, or not the platform's.
    pub fn new(
        base: &str,
        replacement: Option<&str>,
        traits: &Traits,
        auth: Auth,
        credential: Credential,
    ) -> Result<Self, AddressError> {
        let base = match replacement {
            Some(url) => Url::parse(url).map_err(|_| AddressError::Unreadable(url.to_owned()))?,
            None => address::base(base, traits)?,
        };
        let mut forms = Forms::default();
        // As a whole first, so that nothing is left of the header that they stand in.
        if let Auth::Basic { user, password } = auth
            && let Some((user, password)) = credential.field(user).zip(credential.field(password))
        {
            let pair = Zeroizing::new(format!(
                "{}:{}",
                user.expose_secret(),
                password.expose_secret()
            ));
            forms.add(&pair);
        }
        forms.add_parts(&credential);
        Ok(Self {
            base,
            replaced: replacement.is_some(),
            traits: *traits,
            auth,
            credential,
            forms: Arc::new(forms),
        })
    }

    /// Whether an address belongs to the platform.
    ///
    /// # Errors
    /// [`AddressError`] if not.
    pub fn check(address: &str, traits: &Traits) -> Result<(), AddressError> {
        address::base(address, traits).map(drop)
    }

    /// Whether a text can be the address of a server.
    pub fn is_address(text: &str) -> bool {
        Url::parse(text).is_ok_and(|url| url.has_host())
    }

    /// The host that requests go to.
    pub fn host(&self) -> Option<&str> {
        self.base.host_str()
    }

    /// A text that came from the platform, without the credential in any form in which we sent it.
    pub fn scrub(&self, text: &str) -> String {
        self.credential.scrub(&self.forms.struck_from(text))
    }

    /// A body without the credential, before anything reads or records it: a platform may repeat what it was sent.
    fn struck(&self, body: Bytes) -> Bytes {
        // Whole pages of transcripts come through here: what is UTF-8 is not looked through for what is not.
        let text = std::str::from_utf8(&body);
        let text = text.map_or_else(|_| String::from_utf8_lossy(&body), Cow::Borrowed);
        match self.forms.struck_from(&text) {
            Cow::Owned(clean) => clean.into(),
            Cow::Borrowed(_) => body,
        }
    }

    /// How many keys the credential has: more than one only where each may see other calls.
    pub fn keys(&self) -> usize {
        match self.auth {
            Auth::Keys { values, .. } => self.credential.count(values),
            Auth::Basic { .. } | Auth::Bearer { .. } | Auth::Header { .. } | Auth::OAuth(_) => 1,
        }
    }

    /// Where an exchange goes: below the base, or to an address that the platform itself has given. The
    /// operator's replacement takes the place of scheme, host and port of both.
    fn url(&self, path: &str) -> Result<Url, AddressError> {
        let below = |path: &str| {
            let url = format!("{}{path}", self.base.as_str().trim_end_matches('/'));
            Url::parse(&url).map_err(|_| AddressError::Unreadable(self.base.to_string()))
        };
        if path.starts_with('/') {
            return below(path);
        }
        let given = address::own(path, &self.traits)?;
        if self.replaced {
            let query = given.query().map(|query| format!("?{query}"));
            below(&format!("{}{}", given.path(), query.unwrap_or_default()))
        } else {
            Ok(given)
        }
    }

    /// Whether a redirect is followed.
    fn permit(&self, url: &Url) -> Result<(), AddressError> {
        if self.replaced {
            address::operators(url, &self.base)
        } else {
            address::public(url)
        }
    }

    fn authorize(&self, request: RequestBuilder, key: usize) -> Result<RequestBuilder, SendError> {
        let field = |name: &str| {
            self.credential
                .field(name)
                .map(ExposeSecret::expose_secret)
                .ok_or(SendError::Credential)
        };
        match self.auth {
            Auth::Basic { user, password } => {
                Ok(request.basic_auth(field(user)?, Some(field(password)?)))
            }
            Auth::Bearer { token } => Ok(request.bearer_auth(field(token)?)),
            Auth::OAuth(_) => Ok(request.bearer_auth(field(ACCESS_TOKEN)?)),
            Auth::Header { name, value } => secret_header(request, name, field(value)?),
            Auth::Keys { name, values } => {
                secret_header(request, name, field(&Credential::nth(values, key))?)
            }
        }
    }
}

/// The whole body, if it is not larger than anything we want.
async fn read_body(response: &mut Response) -> Result<Bytes, SendError> {
    let told = response.content_length().unwrap_or_default();
    let told = usize::try_from(told).unwrap_or(MAX_BODY);
    let mut body = BytesMut::with_capacity(told.min(MAX_BODY));
    while let Some(chunk) = response.chunk().await.map_err(network)? {
        // `chunk` yields decoded bytes, so a compressed bomb is stopped here too.
        if body.len() + chunk.len() > MAX_BODY {
            return Err(SendError::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

fn secret_header(
    request: RequestBuilder,
    name: &'static str,
    value: &str,
) -> Result<RequestBuilder, SendError> {
    let mut value =
        reqwest::header::HeaderValue::from_str(value).map_err(|_| SendError::Credential)?;
    value.set_sensitive(true);
    Ok(request.header(HeaderName::from_static(name), value))
}

/// How long an answer is waited for.
#[derive(Debug, Clone, Copy)]
struct Patience {
    /// For a connection.
    connect: Duration,
    /// For the next byte.
    read: Duration,
    /// For all of it.
    whole: Duration,
}

impl Patience {
    const USUAL: Self = Self {
        connect: Duration::from_secs(10),
        read: Duration::from_secs(60),
        whole: Duration::from_secs(180),
    };
}

fn builder(patience: Patience) -> ClientBuilder {
    Client::builder()
        .user_agent(concat!("call-import/", env!("CARGO_PKG_VERSION")))
        .redirect(Policy::none())
        // Else reqwest takes HTTPS_PROXY and its like from the environment: a proxy would look names up in our
        // place, and so reach what we refuse to.
        .no_proxy()
        .connect_timeout(patience.connect)
        .read_timeout(patience.read)
        .timeout(patience.whole)
}

/// Where an answer sends us on to (RFC 9110, section 15.4), without a fragment.
fn redirect(response: &Response, url: &Url) -> Option<Url> {
    if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    let location = response.headers().get(LOCATION)?.to_str().ok()?;
    let mut next = url.join(location).ok()?;
    next.set_fragment(None);
    Some(next)
}

/// reqwest's errors name the URL, whose query is nobody's business.
fn network(error: reqwest::Error) -> SendError {
    SendError::Network(error.without_url())
}

/// `Date`: when the other side answered, by its own clock (RFC 9110, section 6.6.1).
fn date(headers: &HeaderMap) -> Option<Timestamp> {
    let date = rfc2822::parse(headers.get(DATE)?.to_str().ok()?);
    Some(date.ok()?.timestamp())
}

/// `Retry-After`: seconds, or a date (RFC 9110, section 10.2.3), in its form or in that of ISO 8601. A date is of
/// the other side's clock, so its own `Date` says how far off it is; ours is asked only where it has none.
fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = value.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    // Zoom writes the moment at which a day's limit is free again as ISO 8601.
    let until = rfc2822::parse(value).map(|until| until.timestamp());
    let until = until.or_else(|_| value.parse::<Timestamp>()).ok()?;
    let from = date(headers).unwrap_or(now);
    Some(Duration::try_from(until.duration_since(from)).unwrap_or_default())
}

/// How the limit stands, in the names that platforms use: `RateLimit-*` of the IETF draft, and `X-RateLimit-*`.
fn allowance(headers: &HeaderMap) -> Option<Allowance> {
    let number = |part: &str| {
        let names = [format!("ratelimit-{part}"), format!("x-ratelimit-{part}")];
        let value = names.iter().find_map(|name| headers.get(name))?;
        value.to_str().ok()?.trim().parse::<u64>().ok()
    };
    Some(Allowance {
        remaining: number("remaining")?,
        limit: number("limit"),
        // What is longer than a day is a moment since 1970, which nobody asked for.
        resets_in: number("reset")
            .filter(|seconds| *seconds <= 86_400)
            .map(Duration::from_secs),
    })
}

fn text_header(headers: &HeaderMap, name: HeaderName) -> String {
    headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
        .to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use std::{
        net::{SocketAddr, TcpListener},
        sync::atomic::{AtomicUsize, Ordering},
    };

    use reqwest::dns::{Addrs, Name, Resolving};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    /// The second answer is what an attacker's name server says once the first was found harmless.
    #[derive(Default)]
    struct Rebinding {
        asked: AtomicUsize,
        sink: Option<SocketAddr>,
    }

    impl Resolve for Rebinding {
        fn resolve(&self, _: Name) -> Resolving {
            let found = match self.asked.fetch_add(1, Ordering::SeqCst) {
                0 => Vec::new(),
                _ => Vec::from_iter(self.sink),
            };
            Box::pin(async move { Ok(Box::new(found.into_iter()) as Addrs) })
        }
    }

    /// The endpoint of a customer's Gong.
    fn gong(replacement: Option<&str>) -> Endpoint {
        let gong = crate::platforms::connector("gong").expect("it is in the catalog");
        let fields = ["access_key", "access_key_secret"];
        let credential = Credential::new(fields.map(|field| (field.into(), "x".into())).into());
        let (traits, base) = (gong.traits(), "https://us-1.api.gong.io");
        Endpoint::new(base, replacement, &traits, traits.auth, credential).expect("an address")
    }

    #[tokio::test]
    async fn a_name_that_moves_into_the_private_network_is_not_connected_to() {
        let sink = TcpListener::bind("127.0.0.1:0").expect("a port");
        sink.set_nonblocking(true).expect("a socket");
        let resolver = Arc::new(Rebinding {
            sink: sink.local_addr().ok(),
            ..Rebinding::default()
        });
        let http =
            Http::built(Arc::<Rebinding>::clone(&resolver), Patience::USUAL).expect("a client");
        let endpoint = gong(None);
        for _ in 0..3 {
            let exchange = HttpExchange::get("/v2/workspaces");
            let sent = http
                .send(&endpoint, &exchange, Timestamp::UNIX_EPOCH)
                .await
                .expect_err("refused");
            assert!(
                sent.detail().contains("private network"),
                "{}",
                sent.detail()
            );
        }
        assert!(
            resolver.asked.load(Ordering::SeqCst) >= 3,
            "asked each time"
        );
        assert!(sink.accept().is_err(), "nobody came");
    }

    /// Whichever way an address comes in: from a request file, a token answer, a link to a file or a recording, or a
    /// redirect. Every name leads to this machine here.
    #[tokio::test]
    async fn no_hostile_address_is_connected_to() {
        let sink = TcpListener::bind("127.0.0.1:0").expect("a port");
        sink.set_nonblocking(true).expect("a socket");
        let resolver = Rebinding {
            asked: AtomicUsize::new(1),
            sink: sink.local_addr().ok(),
        };
        let http = Http::built(Arc::new(resolver), Patience::USUAL).expect("a client");
        let gong = gong(None);
        let mut addresses = 0;
        let is_refused = |error: SendError| match error {
            SendError::Address(_) => true,
            error => error.detail().contains("private network"),
        };
        for address in include_str!("../tests/fixtures/hostile_addresses.txt").lines() {
            if address.starts_with("# ") {
                continue;
            }
            addresses += 1;
            assert!(Endpoint::check(address, &gong.traits).is_err(), "{address}");
            let base = Endpoint::new(
                address,
                None,
                &gong.traits,
                gong.auth,
                Credential::default(),
            );
            assert!(base.is_err(), "{address}");
            let now = Timestamp::UNIX_EPOCH;
            let file = HttpExchange::get(address);
            let file = http.send(&gong, &file, now).await.expect_err(address);
            assert!(is_refused(file), "{address}");
            let link = Link::new(address);
            let recording = http.download(&gong, &link, None, now).await;
            let recording = recording.map(|_| ()).expect_err(address);
            assert!(is_refused(recording), "{address}");
            // A redirect is followed from wherever it stands.
            let here = Url::parse("https://us-1.api.gong.io/v2/calls").expect("an address");
            if let Ok(next) = here.join(address)
                && gong.permit(&next).is_ok()
                && next.host() != here.host()
            {
                let name = next.domain().expect("a name, which is resolved");
                let name: Name = name.parse().expect("a name");
                let found = address::PublicOnly(Arc::new(Rebinding {
                    asked: AtomicUsize::new(1),
                    sink: sink.local_addr().ok(),
                }));
                assert!(found.resolve(name).await.is_err(), "{address}");
            }
        }
        assert!(addresses >= 90, "{addresses}");
        assert!(sink.accept().is_err(), "nobody came");
    }

    #[tokio::test]
    async fn a_name_or_a_certificate_that_is_wrong_is_a_matter_of_the_network() {
        let secure = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = secure.local_addr().expect("an address");
        std::thread::spawn(move || {
            for stream in secure.incoming().take(1) {
                let mut stream = stream.expect("a connection");
                // No TLS is spoken here.
                std::io::Write::write_all(&mut stream, b"HTTP/1.1 400 Bad Request\r\n\r\n")
                    .expect("an answer");
            }
        });
        let nowhere = Rebinding::default();
        let http = Http::built(Arc::new(nowhere), Patience::USUAL).expect("a client");
        let exchange = HttpExchange::get("/v2/workspaces?key=canary-in-the-query");
        for endpoint in [gong(None), gong(Some(&format!("https://{address}")))] {
            let sent = http.send(&endpoint, &exchange, Timestamp::UNIX_EPOCH).await;
            let error = sent.expect_err("no answer");
            assert_eq!(error.class(), FailureClass::Network, "{error}");
            assert!(!error.detail().contains("canary"), "{}", error.detail());
        }
    }

    /// A platform that sends a recording where a link was asked for costs no more than its head.
    #[tokio::test]
    async fn a_recording_is_not_read_as_an_answer() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("a connection");
            std::io::Read::read(&mut stream, &mut [0; 4_096]).expect("a request");
            let head =
                b"HTTP/1.1 200 OK\r\ncontent-type: video/mp4\r\ncontent-length: 900000000\r\n\r\n";
            // Whoever waits for more is hung up on.
            std::io::Write::write_all(&mut stream, head).expect("a reply");
        });
        let endpoint = gong(Some(&address));
        let http = Http::new().expect("a client");
        let exchange = HttpExchange::get("/recording");
        let reply = http.send(&endpoint, &exchange, Timestamp::UNIX_EPOCH);
        let reply = reply.await.expect("an answer");
        assert_eq!(
            (reply.status, &*reply.content_type, reply.body.len()),
            (200, "video/mp4", 0)
        );
    }

    /// A platform that hangs in the middle of an answer, and one whose answer drips.
    #[tokio::test]
    async fn an_answer_that_never_ends_is_given_up() {
        let (soon, never) = (Duration::from_millis(50), Duration::from_secs(3_600));
        for (read, whole, drips) in [(soon, never, false), (never, soon, true)] {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
                .await
                .expect("a port");
            let address = format!("http://{}", listener.local_addr().expect("an address"));
            let server = tokio::spawn(async move {
                let (mut stream, _) = listener.accept().await.expect("a connection");
                let asked = stream.read(&mut [0; 4_096]).await.expect("a request");
                assert!(asked > 0);
                let head = b"HTTP/1.1 200 OK\r\ncontent-length: 900000\r\n\r\n";
                stream.write_all(head).await.expect("a reply");
                let mut drop = tokio::time::interval(Duration::from_millis(1));
                loop {
                    drop.tick().await;
                    if drips && stream.write_all(b" ").await.is_err() {
                        return;
                    }
                }
            });
            let patience = Patience {
                connect: never,
                read,
                whole,
            };
            let http = Http::built(Arc::new(address::System), patience).expect("a client");
            let (endpoint, exchange) = (gong(Some(&address)), HttpExchange::get("/v2/calls"));
            let sent = http.send(&endpoint, &exchange, Timestamp::UNIX_EPOCH);
            let error = sent.await.expect_err("it does not end");
            assert_eq!(error.class(), FailureClass::Network);
            assert!(error.detail().contains("timed out"), "{}", error.detail());
            server.abort();
        }
    }

    /// Both clocks are hours off, and the wait is the same.
    #[test]
    fn a_moment_to_wait_for_is_of_the_other_sides_clock() {
        let now: Timestamp = "2026-12-01T00:00:00Z".parse().expect("an instant");
        for (date, until) in [
            (
                "Tue, 01 Dec 2026 03:00:00 GMT",
                "Tue, 01 Dec 2026 03:01:00 GMT",
            ),
            ("Mon, 30 Nov 2026 21:00:00 GMT", "2026-11-30T21:01:00Z"),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(DATE, date.parse().expect("a header value"));
            headers.insert(RETRY_AFTER, until.parse().expect("a header value"));
            assert_eq!(retry_after(&headers, now), Some(Duration::from_secs(60)));
        }
    }

    #[test]
    fn retry_after_is_read_in_every_form() {
        let now: Timestamp = "2026-12-01T00:00:00Z".parse().expect("an instant");
        let header = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, value.parse().expect("a header value"));
            retry_after(&headers, now)
        };
        assert_eq!(header("7"), Some(Duration::from_secs(7)));
        assert_eq!(
            header("Tue, 01 Dec 2026 00:01:00 GMT"),
            Some(Duration::from_secs(60))
        );
        assert_eq!(
            header("2026-12-01T00:02:00Z"),
            Some(Duration::from_secs(120))
        );
        assert_eq!(
            header("Mon, 30 Nov 2026 23:00:00 GMT"),
            Some(Duration::ZERO)
        );
        assert_eq!(header("soon"), None);
    }
}
