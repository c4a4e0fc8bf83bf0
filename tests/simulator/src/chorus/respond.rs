//! The endpoints.

use axum::{
    extract::Query,
    http::{Uri, header},
};
use jiff::Timestamp;
use serde::Deserialize;

use super::{
    CONVERSATION, ENGAGEMENTS, MEDIA, PAGE_SIZE, State, is_dialed, is_out_of_reach, is_processed,
    write::{self, JSON_API},
};
use crate::{
    company::Call,
    json::Object,
    log::{Endpoint, Summary},
    media::{is_recorded, kind},
    server::{Answer, Arrival, CursorFault, Incoming, Service},
};

/// What an endpoint answers, or status and text of an error.
type Outcome = Result<Answer, (u16, String)>;

/// What `GET /v3/engagements` lets one ask for. Other keys are refused, so that no importer sends them.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    engagement_type: Option<String>,
    min_date: Option<String>,
    max_date: Option<String>,
    continuation_key: Option<String>,
}

impl Service for State {
    fn receive(&self, request: &Incoming) -> Arrival {
        let authorization = request.headers.get(header::AUTHORIZATION);
        let is_known = authorization.is_some_and(|header| header == self.token.as_str())
            && !self.account.is_revoked();
        let refusal = match is_known {
            false => Some(self.error(request.number, 401, "Invalid token")),
            true => self.account.admit(request.at).err().map(|seconds| {
                let mut answer = self.error(request.number, 429, "Too many requests");
                answer.headers.push(("retry-after", seconds.to_string()));
                answer
            }),
        };
        let (endpoint, id) = route(request).unwrap_or((Endpoint::UNKNOWN, ""));
        let list = list(&request.uri).unwrap_or_default();
        Arrival {
            endpoint,
            caller: is_known.then(|| self.account.name().to_owned()),
            summary: Summary {
                from: list.min_date,
                to: list.max_date,
                cursor: list.continuation_key.is_some(),
                ids: usize::from(!id.is_empty()),
            },
            refusal,
        }
    }

    fn respond(&self, request: &Incoming, _caller: &str, cursor: CursorFault) -> Answer {
        let outcome = match route(request) {
            Some((ENGAGEMENTS, _)) => self.engagements(request, cursor),
            Some((MEDIA, id)) => self.media(request, id),
            Some((_, id)) => self.conversation(request, id),
            None => Err((404, "No such path".into())),
        };
        outcome.unwrap_or_else(|(status, message)| self.error(request.number, status, &message))
    }

    /// JSON:API's form; the code of a 401 is one that was seen.
    fn error(&self, number: usize, status: u16, message: &str) -> Answer {
        let mut body = String::new();
        Object::write(&mut body, |object| {
            object.objects("errors", [message], |object, message| {
                object.text("id", format!("simulated-{number}").as_str());
                let code = if status == 401 { "ZI0001" } else { "ZI0000" };
                object.text("code", code);
                object.text("status", status.to_string().as_str());
                object.text("title", message);
                object.text("detail", message);
            });
        });
        answer(status, body)
    }
}

/// Endpoint and, where the path holds one, the id.
fn route(request: &Incoming) -> Option<(Endpoint, &str)> {
    let path = request.uri.path();
    match (request.method.as_str(), path) {
        ("GET", "/v3/engagements") => Some((ENGAGEMENTS, "")),
        ("GET", _) => {
            let rest = path.strip_prefix("/api/v1/conversations/")?;
            let (endpoint, id) = match rest.strip_suffix("/media") {
                Some(id) => (MEDIA, id),
                None => (CONVERSATION, rest),
            };
            (!id.is_empty() && !id.contains('/')).then_some((endpoint, id))
        }
        _ => None,
    }
}

impl State {
    fn engagements(&self, request: &Incoming, cursor: CursorFault) -> Outcome {
        let list = list(&request.uri)?;
        let dialed = match list.engagement_type.as_deref() {
            Some("meeting") => false,
            Some("dialer") => true,
            other => return Err((400, format!("engagement_type {other:?} is not simulated"))),
        };
        let population = self.account.population();
        let range = population.between(date(list.min_date)?, date(list.max_date)?);
        let after = match (list.continuation_key, cursor) {
            (None, _) | (_, CursorFault::Ignored) => range.start,
            (Some(_), CursorFault::Expired) => return Err(dead_key()),
            (Some(key), CursorFault::None) => {
                let (_, id) = key.split_once(' ').ok_or_else(dead_key)?;
                population.index(id).ok_or_else(dead_key)? + 1
            }
        };
        let calls: Vec<Call> = (after..range.end)
            .filter(|index| self.account.shows(*index))
            .map(|index| population.call(index))
            .filter(|call| is_dialed(call) == dialed)
            .take(PAGE_SIZE)
            .collect();
        // Every page but an empty one has a key, also the last one.
        let key = calls.last().map(|call| {
            format!(
                "{} {}",
                write::seconds(call.start.as_millisecond()),
                call.id
            )
        });
        let mut body = String::new();
        Object::write(&mut body, |object| {
            object.text("continuation_key", key.as_deref());
            object.objects("engagements", &calls, |object, call| {
                write::engagement(object, call, is_processed(&self.account, call));
            });
        });
        Ok(answer(200, body))
    }

    fn call(&self, id: &str) -> Result<Call, (u16, String)> {
        let population = self.account.population();
        population
            .index(id)
            .filter(|index| self.account.shows(*index))
            .map(|index| population.call(index))
            .filter(|call| !is_out_of_reach(call))
            .ok_or_else(|| (404, format!("Conversation {id} was not found")))
    }

    /// 302 and 307 are both documented.
    fn media(&self, request: &Incoming, id: &str) -> Outcome {
        let call = self.call(id)?;
        if !is_recorded(&call) || !is_processed(&self.account, &call) {
            return Err((404, format!("Conversation {id} has no recording")));
        }
        let status = if call.index.is_multiple_of(2) {
            302
        } else {
            307
        };
        Ok(self.links.redirect(status, (id, kind(&call)), request.at))
    }

    fn conversation(&self, request: &Incoming, id: &str) -> Outcome {
        let accept = request.headers.get(header::ACCEPT);
        if accept.is_none_or(|accept| accept != JSON_API) {
            return Err((406, format!("Accept must be {JSON_API}")));
        }
        let population = self.account.population();
        let call = self.call(id)?;
        let has_transcript = self.account.has_transcript(&call);
        let turns = if has_transcript {
            population.turns(&call)
        } else {
            Vec::new()
        };
        let mut body = String::new();
        Object::write(&mut body, |object| {
            object.object("data", |object| {
                write::conversation(object, &call, &turns, has_transcript);
            });
        });
        Ok(answer(200, body))
    }
}

fn list(uri: &Uri) -> Result<List, (u16, String)> {
    match Query::try_from_uri(uri) {
        Ok(Query(list)) => Ok(list),
        Err(error) => Err((400, error.to_string())),
    }
}

fn date(text: Option<String>) -> Result<Option<Timestamp>, (u16, String)> {
    let parsed = text.map(|text| text.parse().map_err(|_| (400, format!("no date: {text}"))));
    parsed.transpose()
}

/// What Chorus says then is not known.
fn dead_key() -> (u16, String) {
    (400, "Invalid continuation key".into())
}

fn answer(status: u16, body: String) -> Answer {
    Answer {
        status,
        headers: vec![("content-type", JSON_API.into())],
        body: body.into_bytes(),
    }
}
