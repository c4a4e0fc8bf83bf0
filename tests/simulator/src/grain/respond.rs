//! The endpoints.

use axum::http::header;
use serde::de::DeserializeOwned;

use super::{
    DOWNLOAD, PAGE_SIZE, RECORDING, RECORDINGS, State, TEAMS, TRANSCRIPT, VERSION, is_forgotten,
    is_locked,
    query::{Body, Filter, Place, Single, fingerprint, summarize},
    write,
};
use crate::{
    company::{Call, TranscriptFate},
    json::Object,
    log::Endpoint,
    media::{is_recorded, kind},
    server::{Answer, Arrival, CursorFault, Incoming, Service},
};

/// What an endpoint answers, or status and text of an error.
type Outcome = Result<Answer, (u16, String)>;

const BASE: &str = "/_/public-api/v2";

impl Service for State {
    fn receive(&self, request: &Incoming) -> Arrival {
        let endpoint = route(request).map_or(Endpoint::UNKNOWN, |(endpoint, _)| endpoint);
        let authorization = request.headers.get(header::AUTHORIZATION);
        let right = authorization.is_some_and(|header| header == self.authorization.as_str());
        let consented = self.traffic.account(request).is_some();
        let known = (right || consented) && !self.account.is_revoked();
        let refusal = if known {
            self.admit(request)
        } else {
            Some(self.error(request.number, 401, "unauthorized"))
        };
        Arrival {
            endpoint,
            caller: known.then(|| self.account.name().to_owned()),
            summary: summarize(&request.body),
            refusal,
        }
    }

    fn respond(&self, request: &Incoming, _caller: &str, cursor: CursorFault) -> Answer {
        let outcome = self.outcome(request, cursor);
        let mut answer = outcome
            .unwrap_or_else(|(status, message)| self.error(request.number, status, &message));
        answer.headers.extend(self.allowance(request));
        answer
    }

    /// No form of errors is published: all that public clients have met occur.
    fn error(&self, number: usize, status: u16, message: &str) -> Answer {
        let mut body = String::new();
        match number % 5 {
            0 => body.push_str(message),
            1 => nested(&mut body, "errors", "detail", message),
            2 => nested(&mut body, "error", "message", message),
            3 => Object::write(&mut body, |object| object.text("error", message)),
            _ => Object::write(&mut body, |object| object.text("message", message)),
        }
        let kind = if number.is_multiple_of(5) {
            "text/plain"
        } else {
            "application/json"
        };
        Answer {
            status,
            headers: vec![("content-type", kind.into())],
            body: body.into_bytes(),
        }
    }
}

fn nested(body: &mut String, outer: &str, inner: &str, message: &str) {
    Object::write(body, |object| {
        object.object(outer, |object| object.text(inner, message));
    });
}

/// Endpoint and, where the path holds one, the recording's id.
fn route(request: &Incoming) -> Result<(Endpoint, &str), (u16, String)> {
    let path = request.uri.path();
    let unknown = || (404, "not found".to_owned());
    let (endpoint, method, id) = match path.strip_prefix(BASE).ok_or_else(unknown)? {
        "/teams" => (TEAMS, "POST", ""),
        "/recordings" => (RECORDINGS, "POST", ""),
        path => {
            let rest = path.strip_prefix("/recordings/").ok_or_else(unknown)?;
            match rest.split_once('/') {
                None => (RECORDING, "POST", rest),
                Some((id, "transcript")) => (TRANSCRIPT, "GET", id),
                Some((id, "download")) => (DOWNLOAD, "GET", id),
                Some(_) => return Err(unknown()),
            }
        }
    };
    if request.method != method {
        return Err((405, "method not allowed".into()));
    }
    Ok((endpoint, id))
}

impl State {
    /// The answer, if a request is over a limit.
    fn admit(&self, request: &Incoming) -> Option<Answer> {
        let narrow = self.narrow.as_ref().map(|limiter| {
            let mut limiter = limiter.lock().expect("no holder of this lock panics");
            limiter.admit(request.at)
        });
        let admitted = narrow
            .unwrap_or(Ok(()))
            .and_then(|()| self.account.admit(request.at));
        let seconds = admitted.err()?;
        let mut answer = self.error(request.number, 429, "rate limit exceeded");
        answer.headers.push(("retry-after", seconds.to_string()));
        answer.headers.extend(self.allowance(request));
        Some(answer)
    }

    /// Every answer tells limit and remainder, none when it is whole again.
    fn allowance(&self, request: &Incoming) -> Vec<(&'static str, String)> {
        let narrow = self.narrow.as_ref().and_then(|limiter| {
            let limiter = limiter.lock().expect("no holder of this lock panics");
            limiter.standing(request.at)
        });
        let left = narrow.or_else(|| self.account.standing(request.at));
        left.map_or_else(Vec::new, |(limit, remaining, _)| {
            vec![
                ("x-ratelimit-limit", limit.to_string()),
                ("x-ratelimit-remaining", remaining.to_string()),
            ]
        })
    }

    fn outcome(&self, request: &Incoming, cursor: CursorFault) -> Outcome {
        let (endpoint, id) = route(request)?;
        let version = request.headers.get("public-api-version");
        if version.is_none_or(|version| version != VERSION) {
            return Err((400, format!("Public-Api-Version must be {VERSION}")));
        }
        match endpoint {
            TEAMS => Ok(teams()),
            RECORDINGS => self.recordings(request, cursor),
            RECORDING => self.recording(request, id),
            TRANSCRIPT => self.transcript(id),
            _ => self.download(request, id),
        }
    }

    /// A page, newest first.
    fn recordings(&self, request: &Incoming, fault: CursorFault) -> Outcome {
        let body: Body = parse(request)?;
        if self.refuses_filter && body.filter.is_some() {
            return Err((400, "unexpected key: filter".into()));
        }
        let days = body
            .filter
            .as_ref()
            .unwrap_or(&Filter::default())
            .days(self.zone);
        let days = days.map_err(|name| (400, format!("filter.{name} is invalid")))?;
        let population = self.account.population();
        let query = fingerprint(&body);
        let mut range = population.between(days.from, days.to);
        if let (Some(cursor), false) = (&body.cursor, fault == CursorFault::Ignored) {
            let place = Place::open(cursor).filter(|place| place.query == query);
            let last = place.and_then(|place| population.index(&place.last_id));
            let last = last.filter(|_| fault != CursorFault::Expired);
            range.end = last
                .ok_or((400, "invalid cursor".to_owned()))?
                .min(range.end);
        }
        let mut shown = range.rev().filter(|index| self.account.shows(*index));
        let page: Vec<Call> = shown
            .by_ref()
            .take(PAGE_SIZE)
            .map(|index| population.call(index))
            .collect();
        let next = shown.next().and(page.last()).map(|last| Place {
            last_id: last.id.clone(),
            query,
        });
        let cursor = next.map(|place| place.seal());
        Ok(json(|object| {
            object.text("cursor", cursor.as_deref());
            object.objects("recordings", &page, |object, call| {
                write::recording(object, call, body.include, is_forgotten(call));
            });
        }))
    }

    fn recording(&self, request: &Incoming, id: &str) -> Outcome {
        let body: Single = parse(request)?;
        let call = self.call(id)?;
        Ok(json(|object| {
            write::recording(object, &call, body.include, false)
        }))
    }

    fn transcript(&self, id: &str) -> Outcome {
        let call = self.call(id)?;
        if is_locked(&call) {
            return Err((403, "forbidden".into()));
        }
        if call.transcript == TranscriptFate::Never {
            return Err((404, "not found".into()));
        }
        // Empty while it is being made.
        let there = self.account.is_transcribed(call.transcript);
        let turns = if there {
            self.account.population().turns(&call)
        } else {
            Vec::new()
        };
        let mut body = String::new();
        write::transcript(&mut body, &call, &turns);
        Ok(answer("application/json; charset=utf-8", body))
    }

    fn download(&self, request: &Incoming, id: &str) -> Outcome {
        let call = self.call(id)?;
        if is_locked(&call) {
            return Err((403, "forbidden".into()));
        }
        if !is_recorded(&call) {
            return Err((404, "not found".into()));
        }
        Ok(self.links.redirect(302, (id, kind(&call)), request.at))
    }

    fn call(&self, id: &str) -> Result<Call, (u16, String)> {
        let population = self.account.population();
        let index = population
            .index(id)
            .filter(|index| self.account.shows(*index));
        index
            .map(|index| population.call(index))
            .ok_or((404, "not found".into()))
    }
}

fn teams() -> Answer {
    json(|object| {
        object.objects("teams", ["Sales", "Customer Success"], |object, name| {
            object.text("id", format!("team-{}", name.len()).as_str());
            object.text("name", name);
        });
    })
}

fn parse<T: DeserializeOwned>(request: &Incoming) -> Result<T, (u16, String)> {
    let kind = request.headers.get(header::CONTENT_TYPE);
    if kind.is_none_or(|kind| !kind.as_bytes().starts_with(b"application/json")) {
        return Err((415, "unsupported media type".into()));
    }
    serde_json::from_slice(&request.body).map_err(|error| (400, error.to_string()))
}

fn json(members: impl FnOnce(&mut Object<'_>)) -> Answer {
    let mut body = String::new();
    Object::write(&mut body, members);
    answer("application/json; charset=utf-8", body)
}

fn answer(kind: &str, body: String) -> Answer {
    Answer {
        status: 200,
        headers: vec![("content-type", kind.into())],
        body: body.into_bytes(),
    }
}
