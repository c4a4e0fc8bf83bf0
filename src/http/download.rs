//! Fetches a recording piece by piece, from where an earlier try broke off, and never holds more of it
//! than one piece.

use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use reqwest::{
    Response, Url,
    header::{
        ACCEPT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, HeaderMap, IF_RANGE,
        RANGE,
    },
};

use super::{
    AddressError, Endpoint, Http, MAX_REDIRECTS, SendError, network, redirect, retry_after,
    text_header,
};
use crate::platforms::Link;

/// Longest time for one try. What it brings is kept, and the next try goes on.
const LONGEST: Duration = Duration::from_secs(900);

/// Where an earlier try broke off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resume {
    /// Bytes that are here already.
    pub from: u64,
    /// The strong `ETag` of what they belong to, if there was one.
    pub etag: Option<String>,
}

/// A recording that comes in.
#[derive(Debug)]
pub struct Download {
    /// Status code.
    pub status: u16,
    /// What `Retry-After` says.
    pub retry_after: Option<Duration>,
    /// `Content-Type`, lower case, empty if missing.
    pub content_type: String,
    /// Which byte comes first.
    pub begins_at: u64,
    /// Length of the whole, if it is told.
    pub whole: Option<u64>,
    /// A strong `ETag`.
    pub etag: Option<String>,
    response: Response,
}

impl Http {
    /// Asks for a recording, or for the rest of it, without any credential.
    ///
    /// # Errors
    /// [`SendError`] when there is no answer, or the address is not one that may be talked to.
    pub async fn download(
        &self,
        endpoint: &Endpoint,
        link: &Link,
        resume: Option<&Resume>,
        now: Timestamp,
    ) -> Result<Download, SendError> {
        let unreadable = || AddressError::Unreadable("the link to a recording".into());
        let mut url = Url::parse(link.expose()).map_err(|_| unreadable())?;
        for _ in 0..=MAX_REDIRECTS {
            endpoint.permit(&url)?;
            let mut request = self
                .client(endpoint.replaced)
                .get(url.clone())
                // Ranges count the bytes as they are sent, and recordings are compressed already.
                .header(ACCEPT_ENCODING, "identity")
                .timeout(LONGEST);
            if let Some(Resume { from, etag }) = resume {
                request = request.header(RANGE, format!("bytes={from}-"));
                if let Some(etag) = etag {
                    request = request.header(IF_RANGE, etag);
                }
            }
            let response = request.send().await.map_err(network)?;
            match redirect(&response, &url) {
                Some(next) => url = next,
                None => return Ok(Download::new(response, now)),
            }
        }
        Err(SendError::Redirects)
    }
}

impl Download {
    fn new(response: Response, now: Timestamp) -> Self {
        let status = response.status().as_u16();
        let headers = response.headers();
        let (begins_at, whole) = match status {
            206 | 416 => content_range(headers).unwrap_or_default(),
            _ => (0, number(headers)),
        };
        Self {
            status,
            retry_after: retry_after(headers, now),
            content_type: text_header(headers, CONTENT_TYPE),
            begins_at,
            whole,
            etag: strong_etag(headers),
            response,
        }
    }

    /// The next piece; `None` at the end.
    ///
    /// # Errors
    /// When the connection breaks, or the end comes before the length that was told.
    pub async fn piece(&mut self) -> Result<Option<Bytes>, SendError> {
        self.response.chunk().await.map_err(network)
    }
}

fn number(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// First byte and whole length (RFC 9110, section 14.4): `bytes 100-199/200`, or `bytes */200` with a 416.
fn content_range(headers: &HeaderMap) -> Option<(u64, Option<u64>)> {
    let value = headers.get(CONTENT_RANGE)?.to_str().ok()?;
    let (range, whole) = value.trim().strip_prefix("bytes ")?.split_once('/')?;
    let first = range.split('-').next()?.parse().unwrap_or_default();
    Some((first, whole.parse().ok()))
}

/// A weak one does not promise that the bytes are the same.
fn strong_etag(headers: &HeaderMap) -> Option<String> {
    let etag = headers.get(ETAG)?.to_str().ok()?;
    (!etag.starts_with("W/")).then(|| etag.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{model::Credential, platforms::connector};

    #[tokio::test]
    async fn links_into_the_private_network_are_not_followed() {
        let gong = connector("gong").expect("it is in the catalog").traits();
        let (base, credential) = ("https://us-1.api.gong.io", Credential::default());
        let endpoint = Endpoint::new(base, None, &gong, gong.auth, credential).expect("an address");
        let http = Http::new().expect("a client");
        for link in [
            "http://files.example/a?signature=x",
            "https://127.0.0.1/a?signature=x",
            "https://169.254.169.254/latest/meta-data/",
            "https://user:pw@files.example/a",
            "file:///etc/passwd",
            "a?signature=x",
        ] {
            let link = Link::new(link);
            let asked = http.download(&endpoint, &link, None, Timestamp::UNIX_EPOCH);
            let error = asked.await.expect_err("refused");
            assert!(
                matches!(error, SendError::Address(_)),
                "{}: {error}",
                link.expose()
            );
            assert!(!error.detail().contains("signature"), "{error}");
        }
    }

    #[test]
    fn ranges_are_read() {
        let read = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_RANGE, value.parse().expect("a header value"));
            content_range(&headers)
        };
        assert_eq!(read("bytes 100-199/200"), Some((100, Some(200))));
        assert_eq!(read("bytes 100-199/*"), Some((100, None)));
        assert_eq!(read("bytes */200"), Some((0, Some(200))));
        assert_eq!(read("pages 1-2/3"), None);
    }
}
