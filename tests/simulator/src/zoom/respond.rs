//! The endpoints.

use axum::{
    extract::Query,
    http::{Uri, header},
};
use jiff::{SignedDuration, Timestamp, ToSpan, civil::Date, tz::TimeZone};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{DOWNLOAD, RECORDING, RECORDINGS, State, TOKEN_LIFE, USERS, host, is_processed, write};
use crate::{
    company::Call,
    log::{Endpoint, Summary},
    server::{Answer, Arrival, CursorFault, Incoming, Service},
};

/// Status, code and text of an error. Codes are not unique to a status.
type Problem = (u16, u32, &'static str);

const GONE: Problem = (404, 3301, "This recording does not exist.");

impl Service for State {
    fn receive(&self, request: &Incoming) -> Arrival {
        let caller = self.traffic.account(request);
        let caller = caller.filter(|_| !self.account.is_revoked());
        let endpoint = route(request).map_or(Endpoint::UNKNOWN, |(endpoint, _)| endpoint);
        let refusal = match caller {
            None => Some(refuse((401, 124, "Invalid access token."))),
            Some(_) => self.admit(endpoint, request.at).err(),
        };
        let query = Asked::of(&request.uri);
        Arrival {
            endpoint,
            caller: caller.map(str::to_owned),
            summary: Summary {
                cursor: query.token().is_some(),
                from: query.from,
                to: query.to,
                ids: usize::from([RECORDING, DOWNLOAD].contains(&endpoint)),
            },
            refusal,
        }
    }

    fn respond(&self, request: &Incoming, _: &str, cursor: CursorFault) -> Answer {
        let Some((endpoint, id)) = route(request) else {
            return refuse((404, 2300, "This API endpoint is not recognized."));
        };
        let asked = Asked::of(&request.uri);
        let outcome = match endpoint {
            USERS => self.users(&asked, request.at, cursor).map(json_answer),
            RECORDINGS => self
                .recordings(id, &asked, request.at, cursor)
                .map(json_answer),
            RECORDING => self.recording(id).map(json_answer),
            _ => self.download(id, request.at),
        };
        outcome.unwrap_or_else(refuse)
    }

    fn error(&self, _: usize, status: u16, message: &str) -> Answer {
        answer(status, &json!({"code": 300, "message": message}))
    }
}

/// The query, as far as these endpoints have one.
#[derive(Debug, Default, Deserialize)]
struct Asked {
    status: Option<String>,
    from: Option<String>,
    to: Option<String>,
    page_size: Option<usize>,
    next_page_token: Option<String>,
}

impl Asked {
    fn of(uri: &Uri) -> Self {
        Query::try_from_uri(uri)
            .map(|Query(asked)| asked)
            .unwrap_or_default()
    }

    fn token(&self) -> Option<&str> {
        self.next_page_token
            .as_deref()
            .filter(|token| !token.is_empty())
    }
}

/// Endpoint and, where the path holds one, the id.
fn route(request: &Incoming) -> Option<(Endpoint, &str)> {
    let path = request.uri.path();
    if request.method != "GET" {
        return None;
    }
    if path == "/v2/users" {
        return Some((USERS, ""));
    }
    let inner = |start: &str, end: &str| path.strip_prefix(start)?.strip_suffix(end);
    let found = inner("/v2/users/", "/recordings").map(|id| (RECORDINGS, id));
    let found = found.or_else(|| inner("/v2/meetings/", "/recordings").map(|id| (RECORDING, id)));
    let found = found.or_else(|| inner("/rec/download/", "").map(|id| (DOWNLOAD, id)));
    found.filter(|(_, id)| !id.is_empty() && !id.contains('/'))
}

impl State {
    /// Lists are of Zoom's class Medium, all else is Light.
    fn admit(&self, endpoint: Endpoint, now: Timestamp) -> Result<(), Answer> {
        let wait = if [USERS, RECORDINGS].contains(&endpoint) {
            self.medium().admit(now)
        } else {
            self.account.admit(now)
        };
        wait.map_err(|seconds| {
            if seconds <= 1 {
                let message =
                    "You have reached the maximum per-second rate limit for this API. Try again later.";
                return refuse((429, 429, message));
            }
            let mut answer = refuse((
                429,
                429,
                "You have reached the maximum daily rate limit for this API.",
            ));
            let seconds = i64::try_from(seconds).expect("a day at most");
            let again = now + SignedDuration::from_secs(seconds);
            answer.headers.push(("retry-after", again.to_string()));
            answer
        })
    }

    fn users(&self, asked: &Asked, now: Timestamp, fault: CursorFault) -> Result<Value, Problem> {
        let active = match asked.status.as_deref() {
            None | Some("active") => true,
            Some("inactive") => false,
            Some(_) => return Err((400, 300, "Validation Failed.")),
        };
        let users = self.people.users.iter();
        let users: Vec<Value> = users
            .filter(|user| user.active == active)
            .map(write::user)
            .collect();
        let (page, token) = self.page(&users, asked, now, fault)?;
        Ok(json!({
            "page_size": page.len(),
            "total_records": users.len(),
            "next_page_token": token,
            "users": page,
        }))
    }

    fn recordings(
        &self,
        user: &str,
        asked: &Asked,
        now: Timestamp,
        fault: CursorFault,
    ) -> Result<Value, Problem> {
        let unknown = (404, 1001, "User does not exist.");
        let mut users = self.people.users.iter();
        let user = users.position(|known| known.id == user).ok_or(unknown)?;
        let invalid = (400, 300, "Invalid date range.");
        let day = |text: &Option<String>| text.as_ref()?.parse::<Date>().ok();
        let (from, to) = day(&asked.from).zip(day(&asked.to)).ok_or(invalid)?;
        // Zoom shortens a longer range without a word, which would lose calls (ours: an error).
        if from > to || from.saturating_add(1.month()) < to {
            return Err(invalid);
        }
        let calls: Vec<Call> = self.people.calls[user]
            .iter()
            .filter(|index| self.account.shows(**index))
            .map(|index| self.account.population().call(*index))
            .filter(|call| (from..=to).contains(&TimeZone::UTC.to_datetime(call.start).date()))
            .collect();
        let (page, token) = self.page(&calls, asked, now, fault)?;
        Ok(json!({
            "from": from,
            "to": to,
            "page_count": usize::from(!page.is_empty()),
            "page_size": page.len(),
            "total_records": calls.len(),
            "next_page_token": token,
            "meetings": page.iter().map(|call| self.meeting(call)).collect::<Vec<_>>(),
        }))
    }

    fn recording(&self, id: &str) -> Result<Value, Problem> {
        Ok(self.meeting(&self.call(id)?))
    }

    /// A transcript, or where the file of that kind is: what stands behind the id is the kind.
    fn download(&self, file: &str, now: Timestamp) -> Result<Answer, Problem> {
        let (id, kind) = file.split_once('-').unwrap_or((file, ""));
        let call = self.call(id)?;
        if !kind.is_empty() {
            return Ok(self.links.redirect(302, (id, kind), now));
        }
        let text = if self.account.has_transcript(&call) {
            write::transcript(&call, &self.account.population().turns(&call))
        } else {
            String::new()
        };
        Ok(Answer {
            status: 200,
            headers: vec![("content-type", "text/vtt".into())],
            body: text.into_bytes(),
        })
    }

    fn meeting(&self, call: &Call) -> Value {
        let user = &self.people.users[host(call, &self.people.users)];
        let is_there = self.account.has_transcript(call);
        write::meeting(call, user, is_there, !is_there && is_processed(call))
    }

    /// A recording that is there. Of one in the trash nothing is told but that there is none.
    fn call(&self, id: &str) -> Result<Call, Problem> {
        let population = self.account.population();
        let index = population
            .index(id)
            .filter(|index| self.account.shows(*index));
        Ok(population.call(index.ok_or(GONE)?))
    }

    /// A page and the token of the next one, which is an empty text at the end.
    fn page<'a, T>(
        &self,
        all: &'a [T],
        asked: &Asked,
        now: Timestamp,
        fault: CursorFault,
    ) -> Result<(&'a [T], String), Problem> {
        let dead = (400, 300, "The next page token is invalid or expired.");
        let first = match (asked.token(), fault) {
            (None, _) | (Some(_), CursorFault::Ignored) => 0,
            (Some(_), CursorFault::Expired) => return Err(dead),
            (Some(token), CursorFault::None) => {
                let parts = token.split_once('.').ok_or(dead)?;
                let first = parts.0.parse().map_err(|_| dead)?;
                let given = parts.1.parse().map_err(|_| dead)?;
                let given = Timestamp::from_second(given).map_err(|_| dead)?;
                if now.duration_since(given) > TOKEN_LIFE {
                    return Err(dead);
                }
                first
            }
        };
        let size = asked.page_size.unwrap_or(30).min(self.page_size);
        let end = (first + size).min(all.len());
        let token = match end < all.len() {
            true => format!("{end}.{}", now.as_second()),
            false => String::new(),
        };
        Ok((all.get(first..end).unwrap_or_default(), token))
    }
}

fn json_answer(body: Value) -> Answer {
    answer(200, &body)
}

fn refuse((status, code, message): Problem) -> Answer {
    answer(status, &json!({"code": code, "message": message}))
}

fn answer(status: u16, body: &Value) -> Answer {
    Answer {
        status,
        headers: vec![(
            header::CONTENT_TYPE.as_str(),
            "application/json;charset=UTF-8".into(),
        )],
        body: body.to_string().into_bytes(),
    }
}
