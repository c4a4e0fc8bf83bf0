//! The endpoints.

use jiff::Timestamp;

use super::{
    DOWNLOAD, DOWNLOAD_STATE, MADE_AFTER, MEETINGS, PAGE_SIZE, SUMMARY, State, TEAMS, TRANSCRIPT,
    query::{Meetings, cursor, page_number},
    write,
};
use crate::{
    company::Call,
    json::{self, Object},
    log::{Endpoint, Summary},
    server::{Answer, Arrival, CursorFault, Incoming, Service},
};

/// What an endpoint answers, or status and text of an error.
type Outcome = Result<String, (u16, String)>;

impl Service for State {
    fn receive(&self, request: &Incoming) -> Arrival {
        let caller = self.caller(request).filter(|_| !self.account.is_revoked());
        let refusal = match &caller {
            None => Some(self.error(request.number, 401, "Unauthorized")),
            Some(_) => self.admit(request).err(),
        };
        let query = Meetings::parse(&request.uri);
        Arrival {
            endpoint: route(request).map_or(Endpoint::UNKNOWN, |(endpoint, _)| endpoint),
            caller,
            summary: query.map_or_else(|_| Summary::default(), |query| query.summary()),
            refusal,
        }
    }

    fn respond(&self, request: &Incoming, caller: &str, cursor: CursorFault) -> Answer {
        let mut answer = match self.outcome(request, caller, cursor) {
            Ok(body) => Answer {
                status: match route(request) {
                    Some((DOWNLOAD, _)) => 202,
                    _ => 200,
                },
                headers: vec![("content-type", "application/json".into())],
                body: body.into_bytes(),
            },
            Err((status, message)) => self.error(request.number, status, &message),
        };
        answer.headers.extend(self.standing(request));
        answer
    }

    /// Fathom documents no form of errors; the text is ours.
    fn error(&self, _: usize, status: u16, message: &str) -> Answer {
        Answer {
            status,
            headers: vec![("content-type", "text/plain; charset=utf-8".into())],
            body: message.as_bytes().to_vec(),
        }
    }
}

/// Endpoint and, where the path holds one, the id.
fn route(request: &Incoming) -> Option<(Endpoint, &str)> {
    let path = request.uri.path().strip_prefix("/external/v1/")?;
    let parts: Vec<&str> = path.split('/').collect();
    match (request.method.as_str(), &parts[..]) {
        ("GET", ["teams"]) => Some((TEAMS, "")),
        ("GET", ["meetings"]) => Some((MEETINGS, "")),
        ("GET", ["recordings", id, "transcript"]) => Some((TRANSCRIPT, *id)),
        ("GET", ["recordings", id, "summary"]) => Some((SUMMARY, *id)),
        ("POST", ["recordings", id, "download"]) => Some((DOWNLOAD, *id)),
        ("GET", ["recordings", id, "downloads", _]) => Some((DOWNLOAD_STATE, *id)),
        _ => None,
    }
}

fn is_heavy(request: &Incoming) -> bool {
    match route(request) {
        Some((TRANSCRIPT | SUMMARY, _)) => true,
        Some((MEETINGS, _)) => Meetings::parse(&request.uri).is_ok_and(|query| query.is_heavy()),
        _ => false,
    }
}

fn is_download(request: &Incoming) -> bool {
    matches!(route(request), Some((DOWNLOAD, _)))
}

impl State {
    /// The key or the app that asks.
    fn caller(&self, request: &Incoming) -> Option<String> {
        match request.headers.get("x-api-key") {
            Some(key) => self
                .keys
                .iter()
                .find(|known| key == known.as_str())
                .cloned(),
            None => self.traffic.account(request).map(str::to_owned),
        }
    }

    fn admit(&self, request: &Incoming) -> Result<(), Answer> {
        let admitted = self.account.admit(request.at).and_then(|()| {
            if is_heavy(request) {
                self.heavy().admit(request.at)
            } else if is_download(request) {
                self.downloads.limiter().admit(request.at)
            } else {
                Ok(())
            }
        });
        admitted.map_err(|seconds| {
            let mut answer = self.error(request.number, 429, "Too Many Requests");
            answer.headers.push(("retry-after", seconds.to_string()));
            answer.headers.extend(self.standing(request));
            answer
        })
    }

    /// Headers that say how the limit stands that the request counts in (ours: of two, the smaller one).
    fn standing(&self, request: &Incoming) -> Vec<(&'static str, String)> {
        let standing = if is_heavy(request) {
            self.heavy().standing(request.at)
        } else if is_download(request) {
            self.downloads.limiter().standing(request.at)
        } else {
            self.account.standing(request.at)
        };
        let headers = standing
            .filter(|_| self.tells_limits)
            .map(|(limit, left, seconds)| {
                [
                    ("ratelimit-limit", limit.to_string()),
                    ("ratelimit-remaining", left.to_string()),
                    ("ratelimit-reset", seconds.to_string()),
                ]
            });
        headers.into_iter().flatten().collect()
    }

    fn outcome(&self, request: &Incoming, caller: &str, fault: CursorFault) -> Outcome {
        let (endpoint, id) = route(request).ok_or_else(|| (404, "Not Found".to_owned()))?;
        // The app sees what the first user sees.
        let key = self.keys.iter().position(|key| key == caller);
        match endpoint {
            TEAMS => Ok(envelope(None, |out| {
                json::list(out, ["Sales", "Customer Success"], |out, name| {
                    Object::write(out, |object| {
                        object.text("name", name);
                        object.text("created_at", "2025-01-10T12:00:00Z");
                    });
                });
            })),
            MEETINGS => self.meetings(request, key, fault),
            TRANSCRIPT => {
                let call = self.recording(id, key.unwrap_or(0))?;
                let mut body = String::new();
                Object::write(&mut body, |object| {
                    write::transcript(object, &self.account, &call);
                });
                Ok(body)
            }
            DOWNLOAD => {
                let call = self.recording(id, key.unwrap_or(0))?;
                let asked = self.downloads.ask(&call, caller, request.at);
                asked.ok_or_else(|| (422, "There is no media for this recording".to_owned()))
            }
            DOWNLOAD_STATE => {
                let call = self.recording(id, key.unwrap_or(0))?;
                let download = request.uri.path().rsplit('/').next().unwrap_or_default();
                let state = self.downloads.look(&call, download, caller, request.at);
                state.ok_or_else(|| (404, "Not Found".to_owned()))
            }
            _ => {
                let call = self.recording(id, key.unwrap_or(0))?;
                let mut body = String::new();
                Object::write(&mut body, |object| {
                    object.object("summary", |object| write::summary(object, &call));
                });
                Ok(body)
            }
        }
    }

    fn meetings(&self, request: &Incoming, key: Option<usize>, fault: CursorFault) -> Outcome {
        let query = Meetings::parse(&request.uri).map_err(malformed)?;
        if key.is_none() && query.is_heavy() {
            return Err(malformed(
                "include_transcript and include_summary are not available to OAuth apps",
            ));
        }
        let number = match (&query.cursor, fault) {
            (None, _) | (Some(_), CursorFault::Ignored) => 1,
            (Some(_), CursorFault::Expired) => return Err(malformed("Invalid cursor")),
            (Some(cursor), CursorFault::None) => {
                page_number(cursor).ok_or_else(|| malformed("Invalid cursor"))?
            }
        };
        let (after, before) = query.dates().map_err(malformed)?;
        let skipped = (number - 1) * PAGE_SIZE;
        let listed = self.listed(after, before, key.unwrap_or(0));
        let mut page: Vec<Call> = listed.skip(skipped).take(PAGE_SIZE + 1).collect();
        let goes_on = page.len() > PAGE_SIZE;
        page.truncate(PAGE_SIZE);
        let next = goes_on.then(|| cursor(number + 1));
        Ok(envelope(next.as_deref(), |out| {
            json::list(out, &page, |out, call| {
                Object::write(out, |object| {
                    write::meeting(object, &self.account, call, &query);
                });
            });
        }))
    }

    /// What a key shows of the meetings made in a stretch of time, newest first.
    fn listed(
        &self,
        after: Option<Timestamp>,
        before: Option<Timestamp>,
        key: usize,
    ) -> impl Iterator<Item = Call> {
        let began = |made: Timestamp| made - MADE_AFTER;
        let population = self.account.population();
        let range = population.between(after.map(began), before.map(began));
        range
            .rev()
            .filter(|index| self.account.shows(*index))
            .map(|index| population.call(index))
            .filter(move |call| self.shows(key, call))
    }

    fn recording(&self, id: &str, key: usize) -> Result<Call, (u16, String)> {
        let population = self.account.population();
        let index = population.index(id);
        let index = index.filter(|index| self.account.shows(*index));
        let call = index.map(|index| population.call(index));
        match call {
            None => Err((404, "Not Found".into())),
            Some(call) if !self.shows(key, &call) => Err((403, "Forbidden".into())),
            Some(call) => Ok(call),
        }
    }
}

fn malformed(message: impl Into<String>) -> (u16, String) {
    (400, message.into())
}

/// A page of anything. `items_active_record` is not documented, but comes.
fn envelope(next: Option<&str>, items: impl FnOnce(&mut String)) -> String {
    let mut body = String::new();
    Object::write(&mut body, |object| {
        object.plain("limit", PAGE_SIZE);
        object.text("next_cursor", next);
        object.member("items", items);
        object.member("items_active_record", |out| out.push_str("null"));
    });
    body
}
