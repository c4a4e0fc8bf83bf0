//! A host of recordings, as platforms use them for signed links: it takes no credential, and a link works
//! until it expires. It answers ranges (RFC 9110, section 14) and tells a strong `ETag`.

use std::{sync::Arc, time::Duration};

use axum::http::header;
use jiff::{SignedDuration, Timestamp};

use crate::{
    Running, Simulated,
    company::Call,
    log::{Endpoint, Summary},
    random::{self, Random},
    server::{Answer, Arrival, CursorFault, Incoming, Service, Traffic},
};

/// `GET /{id}/{kind}`
pub const RECORDING: Endpoint = Endpoint("GET /{id}/{kind}");

/// A host that is nowhere.
pub const NOWHERE: &str = "https://media.example";

/// Links to the recordings of a host: made by a platform, checked by the host.
#[derive(Debug, Clone)]
pub struct Links {
    /// Scheme, host and port of the host.
    pub host: String,
    /// How long a link works.
    pub life: Duration,
}

impl Default for Links {
    /// A host that is nowhere, and the life of Gong's links.
    fn default() -> Self {
        Self {
            host: NOWHERE.into(),
            life: Duration::from_secs(8 * 3600),
        }
    }
}

impl Links {
    /// A signed link to a recording.
    pub(crate) fn link(&self, id: &str, kind: &str, now: Timestamp) -> String {
        let life = SignedDuration::try_from(self.life).expect("links do not live for ever");
        let expires = (now + life).as_millisecond();
        let signature = signature(id, kind, expires);
        format!(
            "{}/{id}/{kind}?expires={expires}&signature={signature}",
            self.host
        )
    }

    /// The answer of a platform that redirects to a recording.
    pub(crate) fn redirect(&self, status: u16, link: (&str, &str), now: Timestamp) -> Answer {
        let (id, kind) = link;
        Answer {
            status,
            headers: vec![("location", self.link(id, kind, now))],
            body: Vec::new(),
        }
    }
}

/// Whether a call was recorded. Some were not.
pub fn is_recorded(call: &Call) -> bool {
    call.index % 20 != 7
}

/// What the recording of a call is: sound alone where it was dialed.
pub fn kind(call: &Call) -> &'static str {
    match call.media {
        Some("Video") => "video",
        _ => "audio",
    }
}

/// What to host.
#[derive(Debug, Clone, Copy)]
pub struct Config {
    /// Size of every recording in bytes.
    pub bytes: usize,
}

/// The contents of a recording: the beginning of an MP4 or MP3 file, then noise.
pub fn contents(id: &str, kind: &str, bytes: usize) -> Vec<u8> {
    let mut random = Random::new([7, random::hash(id.as_bytes(), 1), kind.len() as u64]);
    let beginning: &[u8] = match kind {
        "video" => b"\0\0\0\x20ftypisom\0\0\x02\0",
        _ => b"ID3\x04\0\0\0\0\0\0",
    };
    let mut contents = Vec::with_capacity(bytes + 8);
    contents.extend_from_slice(beginning);
    while contents.len() < bytes {
        contents.extend_from_slice(&random.next().to_le_bytes());
    }
    contents.truncate(bytes);
    contents
}

struct Host(Arc<Hosted>);

struct Hosted {
    bytes: usize,
}

impl Simulated for Host {
    fn service(&self) -> Arc<dyn Service> {
        Arc::clone(&self.0) as Arc<dyn Service>
    }
}

impl crate::Config {
    /// A host of recordings on a free port.
    pub fn media(config: Config) -> Self {
        let Config { bytes } = config;
        Self::of(move |_: Arc<Traffic>| Host(Arc::new(Hosted { bytes })))
    }
}

impl Running {
    /// Links to the recordings that this simulator hosts.
    pub fn links(&self) -> Links {
        Links {
            host: self.url.clone(),
            ..Links::default()
        }
    }
}

impl Service for Hosted {
    fn receive(&self, request: &Incoming) -> Arrival {
        let range = request.headers.get(header::RANGE);
        Arrival {
            endpoint: RECORDING,
            // Nobody signs in here.
            caller: None,
            summary: Summary {
                from: range
                    .and_then(|range| range.to_str().ok())
                    .map(str::to_owned),
                ..Summary::default()
            },
            refusal: None,
        }
    }

    fn respond(&self, request: &Incoming, _: &str, _: CursorFault) -> Answer {
        let Some((id, kind)) = permitted(request) else {
            return self.error(request.number, 403, "Request has expired");
        };
        let contents = contents(id, kind, self.bytes);
        let etag = format!(
            "\"{:016x}\"",
            random::hash(request.uri.path().as_bytes(), 3)
        );
        let content_type = match kind {
            "video" => "video/mp4",
            _ => "application/octet-stream",
        };
        let mut headers = vec![
            ("content-type", content_type.to_owned()),
            ("accept-ranges", "bytes".to_owned()),
            ("etag", etag.clone()),
        ];
        let whole = contents.len();
        let header = |name| request.headers.get(name)?.to_str().ok();
        let goes_on = header(header::IF_RANGE).is_none_or(|known| known == etag);
        let from = header(header::RANGE).filter(|_| goes_on).and_then(|range| {
            range
                .strip_prefix("bytes=")?
                .strip_suffix('-')?
                .parse()
                .ok()
        });
        match from {
            Some(from) if from >= whole => {
                headers.push(("content-range", format!("bytes */{whole}")));
                Answer {
                    status: 416,
                    headers,
                    body: Vec::new(),
                }
            }
            Some(from) => {
                let range = format!("bytes {from}-{}/{whole}", whole - 1);
                headers.push(("content-range", range));
                Answer {
                    status: 206,
                    headers,
                    body: contents[from..].to_vec(),
                }
            }
            None => Answer {
                status: 200,
                headers,
                body: contents,
            },
        }
    }

    fn error(&self, _: usize, status: u16, message: &str) -> Answer {
        Answer {
            status,
            headers: vec![("content-type", "application/xml".into())],
            body: format!("<Error><Message>{message}</Message></Error>").into_bytes(),
        }
    }
}

/// Which recording, if the link to it works.
fn permitted(request: &Incoming) -> Option<(&str, &str)> {
    let (id, kind) = request.uri.path().strip_prefix('/')?.split_once('/')?;
    let (expires, signed) = request
        .uri
        .query()?
        .strip_prefix("expires=")?
        .split_once("&signature=")?;
    let expires: i64 = expires.parse().ok()?;
    let works = request.at.as_millisecond() < expires && signed == signature(id, kind, expires);
    works.then_some((id, kind))
}

fn signature(id: &str, kind: &str, expires: i64) -> String {
    let key = random::hash(kind.as_bytes(), expires.unsigned_abs());
    format!("{:016x}", random::hash(id.as_bytes(), key))
}
