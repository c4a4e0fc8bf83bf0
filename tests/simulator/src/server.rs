//! HTTP, the same for every platform: log, gate, latency, faults, and the reply as the faults leave it.

use std::{convert::Infallible, io, net::TcpListener, sync::Arc, time::Duration};

use axum::{
    Router,
    body::{Body, Bytes, to_bytes},
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Uri, header, request::Parts},
    response::Response,
    serve::ListenerExt,
};
use futures_util::{StreamExt, stream};
use jiff::Timestamp;
use serde_json::Value;

use crate::{
    bomb,
    clock::Clock,
    faults::{Fault, Faults},
    gate::Gates,
    log::{Endpoint, Entry, Log, Summary},
    media,
    oauth::{self, Authority},
};

/// Requests of an importer are small: ids and dates.
const LARGEST_REQUEST: usize = 1 << 20;

/// Headers that platforms take credentials in.
const CREDENTIALS: [HeaderName; 2] = [header::AUTHORIZATION, HeaderName::from_static("x-api-key")];

/// What a platform answers. It neither waits nor logs.
pub(crate) trait Service: Send + Sync + 'static {
    /// Reads who asks for what, and counts the request against the caller's limits.
    fn receive(&self, request: &Incoming) -> Arrival;

    /// Answers a request that was not refused on arrival.
    fn respond(&self, request: &Incoming, caller: &str, cursor: CursorFault) -> Answer;

    /// An error in the platform's form.
    fn error(&self, number: usize, status: u16, message: &str) -> Answer;
}

/// A request with its whole body.
pub(crate) struct Incoming {
    /// From 1, in the order of arrival.
    pub(crate) number: usize,
    pub(crate) at: Timestamp,
    pub(crate) method: String,
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// What was read from a request when it came.
pub(crate) struct Arrival {
    pub(crate) endpoint: Endpoint,
    pub(crate) caller: Option<String>,
    pub(crate) summary: Summary,
    /// The answer, if the request is refused: no credential, over the limit.
    pub(crate) refusal: Option<Answer>,
}

/// What the fault script does to paging.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum CursorFault {
    #[default]
    None,
    Ignored,
    Expired,
}

/// An answer as a platform gives it.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
}

/// What every simulator has, whatever the platform.
pub(crate) struct Traffic {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) latency: Duration,
    pub(crate) log: Log,
    pub(crate) faults: Faults,
    pub(crate) gates: Gates,
    pub(crate) oauth: Option<Authority>,
}

impl Traffic {
    /// The account whose access token a request has.
    pub(crate) fn account(&self, request: &Incoming) -> Option<&str> {
        self.oauth.as_ref()?.account(request)
    }

    pub(crate) fn new(clock: Arc<dyn Clock>, latency: Duration, oauth: Option<Authority>) -> Self {
        Self {
            clock,
            oauth,
            latency,
            log: Log::default(),
            faults: Faults::default(),
            gates: Gates::default(),
        }
    }
}

/// A platform with its traffic.
pub(crate) struct Server {
    traffic: Arc<Traffic>,
    service: Arc<dyn Service>,
}

impl Server {
    pub(crate) fn new(traffic: Arc<Traffic>, service: Arc<dyn Service>) -> Self {
        Self { traffic, service }
    }
}

/// Serves until the future is dropped.
pub(crate) async fn serve(listener: TcpListener, server: Server) -> io::Result<()> {
    let listener = tokio::net::TcpListener::from_std(listener)?.tap_io(|stream| {
        // Without it small replies wait for the client's acknowledgement; if it fails they are only slower.
        let _ = stream.set_nodelay(true);
    });
    let router = Router::new().fallback(handle).with_state(Arc::new(server));
    axum::serve(listener, router).await
}

async fn handle(State(server): State<Arc<Server>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, LARGEST_REQUEST).await else {
        return status_only(413);
    };
    server.answer(parts, body).await
}

impl Server {
    async fn answer(&self, parts: Parts, body: Bytes) -> Response {
        let Traffic { clock, log, .. } = &*self.traffic;
        let (entry, (request, refusal)) = log.begin(|number| self.arrive(parts, body, number));
        self.traffic.gates.pass(entry.number).await;
        if !self.traffic.latency.is_zero() {
            clock.sleep(self.traffic.latency).await;
        }
        let faults = self.traffic.faults.befalling(&entry);
        for fault in &faults {
            match fault {
                Fault::Effect(effect) => effect(),
                Fault::Delay(delay) => clock.sleep(*delay).await,
                _ => {}
            }
        }
        let mut answer = match (self.replacement(&entry, &faults), refusal) {
            (Some(answer), _) | (None, Some(answer)) => answer,
            (None, None) => self.respond(&entry, &request, cursor_fault(&faults)),
        };
        for fault in &faults {
            if let Fault::Masked { status, message } = fault {
                answer = self.service.error(entry.number, *status, message);
            }
        }
        spoil(&mut answer.body, &faults);
        log.finish(entry.number, |entry| {
            entry.status = Some(answer.status);
            entry.retry_after = answer
                .header("retry-after")
                .and_then(|text| text.parse().ok());
            entry.answered_at = Some(clock.now());
            entry.bytes = answer.body.len();
        });
        deliver(answer, &faults, clock)
    }

    fn arrive(
        &self,
        parts: Parts,
        body: Bytes,
        number: usize,
    ) -> (Entry, (Incoming, Option<Answer>)) {
        let at = self.traffic.clock.now();
        let request = Incoming {
            number,
            at,
            method: parts.method.to_string(),
            uri: parts.uri,
            headers: parts.headers,
            body,
        };
        let oauth = self.traffic.oauth.as_ref();
        let arrival = oauth
            .and_then(|oauth| oauth.receive(&request))
            .unwrap_or_else(|| self.service.receive(&request));
        let entry = Entry {
            number,
            at,
            method: request.method.clone(),
            path: request.uri.path().to_owned(),
            query: request.uri.query().map(str::to_owned),
            endpoint: arrival.endpoint,
            authorization: CREDENTIALS
                .iter()
                .any(|name| request.headers.contains_key(name)),
            caller: arrival.caller,
            summary: arrival.summary,
            status: None,
            retry_after: None,
            answered_at: None,
            bytes: 0,
        };
        (entry, (request, arrival.refusal))
    }

    fn respond(&self, entry: &Entry, request: &Incoming, cursor: CursorFault) -> Answer {
        match &self.traffic.oauth {
            Some(oauth) if [oauth::AUTHORIZE, oauth::TOKEN].contains(&entry.endpoint) => {
                oauth.respond(entry.endpoint, request)
            }
            _ => {
                let caller = entry.caller.as_deref().unwrap_or_default();
                self.service.respond(request, caller, cursor)
            }
        }
    }

    /// The answer of a fault that leaves nothing of the platform's own.
    fn replacement(&self, entry: &Entry, faults: &[Fault]) -> Option<Answer> {
        faults.iter().find_map(|fault| match fault {
            Fault::Status {
                status,
                message,
                retry_after,
            } => {
                let mut answer = self.service.error(entry.number, *status, message);
                let wait = retry_after.clone().map(|value| ("retry-after", value));
                answer.headers.extend(wait);
                Some(answer)
            }
            Fault::LoginPage => Some(Answer {
                status: 200,
                headers: vec![("content-type", "text/html; charset=utf-8".into())],
                body: b"<!DOCTYPE html><title>Sign in</title><form method=post></form>".to_vec(),
            }),
            Fault::Recording => Some(Answer {
                status: 200,
                headers: vec![("content-type", "video/mp4".into())],
                body: media::contents(&entry.path, "video", 1_000_000),
            }),
            Fault::Redirect { to } => Some(Answer {
                status: 302,
                headers: vec![("location", to.clone())],
                body: Vec::new(),
            }),
            _ => None,
        })
    }
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(header, _)| *header == name)
            .map(|(_, value)| value.as_str())
    }
}

fn cursor_fault(faults: &[Fault]) -> CursorFault {
    let fault = faults.iter().find_map(|fault| match fault {
        Fault::CursorIgnored => Some(CursorFault::Ignored),
        Fault::CursorExpired => Some(CursorFault::Expired),
        _ => None,
    });
    fault.unwrap_or_default()
}

/// What the faults do to the body's content.
fn spoil(body: &mut Vec<u8>, faults: &[Fault]) {
    for fault in faults {
        match fault {
            Fault::Poison { records, how } => change_json(body, |json| how.spoil(json, records)),
            Fault::Rewrite(rewrite) => change_json(body, |json| rewrite(json)),
            Fault::BrokenJson => body.truncate(body.len() / 2),
            _ => {}
        }
    }
}

fn change_json(body: &mut Vec<u8>, change: impl FnOnce(&mut Value)) {
    if let Ok(mut json) = serde_json::from_slice(body) {
        change(&mut json);
        *body = json.to_string().into_bytes();
    }
}

/// The reply as it goes over the wire.
fn deliver(answer: Answer, faults: &[Fault], clock: &Arc<dyn Clock>) -> Response {
    let mut response = status_only(answer.status);
    let headers = response.headers_mut();
    // Else the server adds the time of the machine.
    insert(headers, "date", &http_date(clock.now()));
    for (name, value) in &answer.headers {
        insert(headers, name, value);
    }
    let body = Bytes::from(answer.body);
    let length = body.len();
    let on_the_wire = faults.iter().find_map(|fault| match fault {
        Fault::Lost => Some(lost()),
        Fault::Cut { after } => {
            // Something is missing even of an empty body.
            insert(headers, "content-length", &length.max(1).to_string());
            let arrives = length.saturating_sub(1).min(*after);
            Some(cut(body.slice(..arrives)))
        }
        Fault::WrongLength { extra } => {
            insert(headers, "content-length", &(length + extra).to_string());
            Some(cut(body.clone()))
        }
        Fault::GzipBomb { decoded } => {
            insert(headers, "content-encoding", "gzip");
            Some(pieces(bomb::pieces(*decoded, &body)))
        }
        Fault::Drip { bytes, every } => {
            insert(headers, "content-length", &length.to_string());
            Some(drip(body.clone(), *bytes, *every, Arc::clone(clock)))
        }
        _ => None,
    });
    *response.body_mut() = on_the_wire.unwrap_or_else(|| Body::from(body));
    response
}

fn status_only(status: u16) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status.try_into().expect("tests ask for valid statuses");
    response
}

fn insert(headers: &mut HeaderMap, name: &'static str, value: &str) {
    let value = HeaderValue::from_str(value).expect("tests ask for valid header values");
    headers.insert(name, value);
}

/// The form of RFC 9110, section 5.6.7.
fn http_date(time: Timestamp) -> String {
    time.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

fn pieces(pieces: impl Iterator<Item = Bytes> + Send + 'static) -> Body {
    Body::from_stream(stream::iter(pieces.map(Ok::<_, Infallible>)))
}

/// A body that fails at once, which makes the server close the connection without having sent anything.
fn lost() -> Body {
    let failure = Err::<Bytes, _>(io::Error::from(io::ErrorKind::ConnectionAborted));
    Body::from_stream(stream::iter([failure]))
}

/// A body that fails after its beginning, which makes the server close the connection.
fn cut(beginning: Bytes) -> Body {
    let failure = Err(io::Error::from(io::ErrorKind::ConnectionAborted));
    let pieces = stream::iter([Ok(beginning)]);
    // The pause lets the beginning reach the socket before the connection goes.
    let end = stream::once(async {
        tokio::task::yield_now().await;
        failure
    });
    Body::from_stream(pieces.chain(end))
}

fn drip(body: Bytes, size: usize, every: Duration, clock: Arc<dyn Clock>) -> Body {
    let pieces = stream::unfold(body, move |mut rest| {
        let clock = Arc::clone(&clock);
        async move {
            if rest.is_empty() {
                return None;
            }
            clock.sleep(every).await;
            let piece = rest.split_to(size.clamp(1, rest.len()));
            Some((Ok::<_, Infallible>(piece), rest))
        }
    });
    Body::from_stream(pieces)
}
