//! Sends a connector's exchanges: adds base address and credential, follows no redirect, and bounds
//! time and size. It retries nothing; that is decided in `import`.

mod consent;
mod token;

use std::{net::IpAddr, time::Duration};

use base64::{Engine as _, prelude::BASE64_STANDARD as BASE64};
use bytes::{Bytes, BytesMut};
use jiff::{Timestamp, fmt::rfc2822};
use reqwest::{
    Client, RequestBuilder, Response, Url,
    header::{CONTENT_TYPE, HeaderMap, HeaderName, RETRY_AFTER},
    redirect::Policy,
};
use secrecy::{ExposeSecret, SecretString};

use crate::{
    model::{Credential, FailureClass},
    platforms::{ACCESS_TOKEN, Allowance, Auth, HttpExchange, HttpReply, Traits, Verb},
};

pub use consent::{Authority, Consent, ConsentError};
pub use token::{TokenAnswer, TokenError};

/// Largest decoded body. A page of 100 calls with an hour of transcript each is about 10 MB.
const MAX_BODY: usize = 64 << 20;

/// The shell around the HTTP client.
#[derive(Debug, Clone)]
pub struct Http {
    client: Client,
}

/// Where a platform's API is, and how to prove who asks.
#[derive(Debug, Clone)]
pub struct Endpoint {
    base: Url,
    auth: Auth,
    credential: Credential,
}

/// Why an address must not be talked to.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum AddressError {
    /// It cannot be read as a URL.
    #[error("{0:?} is not a web address")]
    Unreadable(String),
    /// It is not one of the platform's.
    #[error("{0:?} is not an https address of the platform")]
    Foreign(String),
}

/// Why no answer came.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// The network, the other side's TLS, or a time-out.
    #[error("no answer from the platform: {0}")]
    Network(#[source] reqwest::Error),
    /// The answer is larger than anything a platform should send.
    #[error("the answer is larger than {MAX_BODY} bytes")]
    TooLarge,
    /// The credential cannot be sent as a header.
    #[error("the credential holds characters that no key has")]
    Credential,
}

impl SendError {
    /// The class that the failure is recorded under.
    pub fn class(&self) -> FailureClass {
        match self {
            Self::Network(_) => FailureClass::Network,
            Self::TooLarge => FailureClass::BrokenReply,
            Self::Credential => FailureClass::Credentials,
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
    /// A client with our limits. `proxies` of the environment are honoured by reqwest only when it is
    /// built with that feature, which it is not: nothing is sent another way than the address says.
    ///
    /// # Errors
    /// When TLS cannot be set up on this machine.
    pub fn new() -> Result<Self, reqwest::Error> {
        // A second call finds the provider installed, which is what is wanted.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .user_agent(concat!("call-import/", env!("CARGO_PKG_VERSION")))
            .redirect(Policy::none())
            .connect_timeout(Duration::from_secs(10))
            .read_timeout(Duration::from_secs(60))
            .timeout(Duration::from_secs(180))
            .build()?;
        Ok(Self { client })
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
        let request = endpoint.authorize(self.request(endpoint, exchange), exchange.key)?;
        let mut response = request.send().await.map_err(network)?;
        let status = response.status().as_u16();
        // The path without its query, which may hold more than anybody should read.
        let path = exchange.path.split('?').next().unwrap_or_default();
        tracing::debug!(path, status, "the platform answers");
        let retry_after = retry_after(response.headers(), now);
        let allowance = allowance(response.headers());
        let content_type = text_header(response.headers(), CONTENT_TYPE);
        let body = read_body(&mut response).await?;
        Ok(HttpReply {
            status,
            retry_after,
            allowance,
            content_type,
            body,
        })
    }

    fn request(&self, endpoint: &Endpoint, exchange: &HttpExchange) -> RequestBuilder {
        let url = format!(
            "{}{}",
            endpoint.base.as_str().trim_end_matches('/'),
            exchange.path
        );
        let request = match exchange.verb {
            Verb::Get => self.client.get(url),
            Verb::Post => self.client.post(url),
        };
        let headers = exchange.headers.iter();
        let request = headers.fold(request, |request, (name, value)| {
            request.header(*name, *value)
        });
        match &exchange.body {
            Some(body) => request
                .header(CONTENT_TYPE, "application/json")
                .body(Bytes::from(body.to_string())),
            None => request,
        }
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
            None => platform_address(base, traits)?,
        };
        Ok(Self {
            base,
            auth,
            credential,
        })
    }

    /// Whether an address belongs to the platform.
    ///
    /// # Errors
    /// [`AddressError`] if not.
    pub fn check(base: &str, traits: &Traits) -> Result<(), AddressError> {
        platform_address(base, traits).map(drop)
    }

    /// Whether a text can be the address of a server.
    pub fn is_address(text: &str) -> bool {
        Url::parse(text).is_ok_and(|url| url.has_host())
    }

    /// A text that came from the platform, without the credential in any form in which we sent it.
    pub fn scrub(&self, text: &str) -> String {
        let field = |name: &str| self.credential.field(name).map(ExposeSecret::expose_secret);
        let header = match self.auth {
            Auth::Basic { user, password } => {
                field(user).zip(field(password)).map(|(user, password)| {
                    SecretString::from(BASE64.encode(format!("{user}:{password}")))
                })
            }
            Auth::Bearer { .. } | Auth::Header { .. } | Auth::Keys { .. } | Auth::OAuth(_) => None,
        };
        self.credential.scrub(text, header.as_slice())
    }

    /// How many keys the credential has: more than one only where each may see other calls.
    pub fn keys(&self) -> usize {
        match self.auth {
            Auth::Keys { values, .. } => self.credential.count(values),
            Auth::Basic { .. } | Auth::Bearer { .. } | Auth::Header { .. } | Auth::OAuth(_) => 1,
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
    let mut body = BytesMut::new();
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

/// Only https, the usual port, a name (no number), and one of the platform's hosts.
fn platform_address(base: &str, traits: &Traits) -> Result<Url, AddressError> {
    let url = Url::parse(base).map_err(|_| AddressError::Unreadable(base.to_owned()))?;
    let host = url.host_str().unwrap_or_default();
    let known = traits
        .hosts
        .iter()
        .any(|known| match known.strip_prefix('.') {
            Some(_) => host.ends_with(known) && host.len() > known.len(),
            None => host == *known,
        });
    let plain = url.scheme() == "https"
        && url.port().is_none()
        && url.username().is_empty()
        && url.password().is_none()
        && host.parse::<IpAddr>().is_err();
    if known && plain {
        Ok(url)
    } else {
        Err(AddressError::Foreign(base.to_owned()))
    }
}

/// reqwest's errors name the URL, whose query is nobody's business.
fn network(error: reqwest::Error) -> SendError {
    SendError::Network(error.without_url())
}

/// `Retry-After`: seconds, or a date (RFC 9110, section 10.2.3).
fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = value.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let date = rfc2822::parse(value).ok()?.timestamp();
    Some(Duration::try_from(date.duration_since(now)).unwrap_or_default())
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
    use super::*;

    fn address(base: &str) -> Result<Url, AddressError> {
        let gong = crate::platforms::connector("gong")
            .expect("Gong is in the catalog")
            .traits();
        platform_address(base, &gong)
    }

    #[test]
    fn only_the_platforms_own_addresses_are_talked_to() {
        for good in [
            "https://api.gong.io",
            "https://us-1.api.gong.io",
            "https://US-1.API.gong.io/",
        ] {
            assert!(address(good).is_ok(), "{good}");
        }
        for bad in [
            "http://api.gong.io",
            "https://api.gong.io:8443",
            "https://api.gong.io.evil.example",
            "https://evilapi.gong.io.example",
            "https://evil-api.gong.io",
            "https://api.gong.io@evil.example",
            "https://user:pw@api.gong.io",
            "https://127.0.0.1",
            "https://[::1]",
            "https://.api.gong.io",
            "file:///etc/passwd",
            "gong",
            "",
        ] {
            assert!(address(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn retry_after_is_read_in_both_forms() {
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
            header("Mon, 30 Nov 2026 23:00:00 GMT"),
            Some(Duration::ZERO)
        );
        assert_eq!(header("soon"), None);
    }
}
