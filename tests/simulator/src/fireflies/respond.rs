//! The endpoint.

use axum::http::header;
use jiff::Timestamp;

use super::{State, TRANSCRIPTS, USER, query::Body, write};
use crate::{
    company::Call,
    json::Object,
    log::{Endpoint, Summary},
    server::{Answer, Arrival, CursorFault, Incoming, Service},
};

/// What is answered, or status and text of an error.
type Outcome = Result<String, (u16, String)>;

impl Service for State {
    fn receive(&self, request: &Incoming) -> Arrival {
        let authorization = request.headers.get(header::AUTHORIZATION);
        let known = authorization.is_some_and(|header| header == self.authorization.as_str())
            && !self.account.is_revoked();
        let refusal = if known {
            let admitted = self.account.admit(request.at);
            admitted.err().map(|seconds| throttled(request.at, seconds))
        } else {
            Some(self.error(request.number, 401, "Invalid API key"))
        };
        let body = Body::parse(&request.body);
        let endpoint = body.as_ref().map_err(Clone::clone).and_then(Body::endpoint);
        Arrival {
            endpoint: endpoint.unwrap_or(Endpoint::UNKNOWN),
            caller: known.then(|| self.account.name().to_owned()),
            summary: body.map_or_else(|_| Summary::default(), |body| body.summary()),
            refusal,
        }
    }

    fn respond(&self, request: &Incoming, _caller: &str, cursor: CursorFault) -> Answer {
        match self.outcome(request, cursor) {
            Ok(body) => answer(200, body),
            Err((status, message)) => self.error(request.number, status, &message),
        }
    }

    /// Only what fails outside of GraphQL, and what is too much, has a status of its own.
    fn error(&self, number: usize, status: u16, message: &str) -> Answer {
        let outside = if status == 429 || status >= 500 {
            status
        } else {
            200
        };
        answer(
            outside,
            failure(&format!("simulated-{number}"), status, message, None),
        )
    }
}

impl State {
    fn outcome(&self, request: &Incoming, cursor: CursorFault) -> Outcome {
        if request.uri.path() != "/graphql" || request.method != "POST" {
            return Err((404, "Not Found".into()));
        }
        let body = Body::parse(&request.body).map_err(malformed)?;
        match body.endpoint().map_err(malformed)? {
            USER => Ok(data("user", |object| {
                object.text("user_id", "simulated-user");
                object.text("email", "owner@demo.example");
            })),
            TRANSCRIPTS => self.list(&body, request.at, cursor),
            _ => self.call(&body, request.at),
        }
    }

    /// Newest first. Whether `toDate` itself belongs to the range is not documented; here it does.
    fn list(&self, body: &Body, now: Timestamp, cursor: CursorFault) -> Outcome {
        let mut stretch = body.stretch().map_err(malformed)?;
        if cursor == CursorFault::Ignored {
            stretch.skip = 0;
        }
        let population = self.account.population();
        let to = stretch
            .to
            .map(|to| to + jiff::SignedDuration::from_millis(1));
        let range = population.between(stretch.from, to);
        let shown = range.rev().filter(|index| self.account.shows(*index));
        let page: Vec<u32> = shown.skip(stretch.skip).take(stretch.limit).collect();
        if page.len() > self.bearable {
            return Err((408, "Request timed out".into()));
        }
        let mut out = String::new();
        Object::write(&mut out, |object| {
            object.object("data", |object| {
                object.objects("transcripts", page, |object, index| {
                    self.write(object, &population.call(index), body, now);
                });
            });
        });
        Ok(out)
    }

    fn call(&self, body: &Body, now: Timestamp) -> Outcome {
        let population = self.account.population();
        let id = body.variables.id.as_deref().unwrap_or_default();
        let index = population
            .index(id)
            .filter(|index| self.account.shows(*index));
        let index = index.ok_or_else(|| (404, "Transcript not found".to_owned()))?;
        Ok(data("transcript", |object| {
            self.write(object, &population.call(index), body, now);
        }))
    }

    fn write(&self, object: &mut Object<'_>, call: &Call, body: &Body, now: Timestamp) {
        let link = |kind: &str| self.links.link(&call.id, kind, now);
        write::call(object, &self.account, call, body, link);
    }
}

fn data(field: &str, members: impl FnOnce(&mut Object<'_>)) -> String {
    let mut out = String::new();
    Object::write(&mut out, |object| {
        object.object("data", |object| object.object(field, members));
    });
    out
}

/// When to come again stands in the error, as milliseconds since 1970.
fn throttled(now: Timestamp, seconds: u64) -> Answer {
    let until = now.as_millisecond() + 1_000 * seconds as i64;
    let message = "Too many requests. Please retry later";
    answer(429, failure("simulated", 429, message, Some(until)))
}

fn failure(correlation: &str, status: u16, message: &str, retry_after: Option<i64>) -> String {
    let code = match status {
        400 => "invalid_arguments",
        401 => "auth_failed",
        403 => "forbidden",
        404 => "object_not_found",
        408 => "request_timeout",
        429 => "too_many_requests",
        _ => "invariant_violation",
    };
    let mut out = String::new();
    Object::write(&mut out, |object| {
        object.text("data", None);
        object.objects("errors", [()], |object, ()| {
            object.text("message", message);
            object.plain("friendly", true);
            object.text("code", code);
            object.object("extensions", |object| {
                object.text("code", code);
                object.plain("status", status);
                object.text("correlationId", correlation);
                object.object("metadata", |object| {
                    if let Some(moment) = retry_after {
                        object.plain("retryAfter", moment);
                    }
                });
            });
        });
    });
    out
}

fn answer(status: u16, body: String) -> Answer {
    Answer {
        status,
        headers: vec![("content-type", "application/json; charset=utf-8".into())],
        body: body.into_bytes(),
    }
}

fn malformed(message: impl Into<String>) -> (u16, String) {
    (400, message.into())
}
