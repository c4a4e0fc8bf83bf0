//! The endpoints.

use axum::{extract::Query, http::Uri};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::{DOWNLOAD, MEETINGS, PAGE_SIZE, State, TRANSCRIPT, is_processed, is_unpaid};
use crate::{
    company::{Call, Party},
    json::Object,
    log::{Endpoint, Summary},
    media::is_recorded,
    server::{Answer, Arrival, CursorFault, Incoming, Service},
};

/// What is answered, or status and text of an error.
type Outcome = Result<Answer, (u16, String)>;

/// The query of a listing. Parameters that tl;dv does not have are refused, which is ours.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Wanted {
    page: Option<usize>,
    limit: Option<usize>,
    from: Option<String>,
    to: Option<String>,
}

impl Service for State {
    fn receive(&self, request: &Incoming) -> Arrival {
        let key = request.headers.get("x-api-key");
        let known = key.is_some_and(|key| key == self.token.as_str()) && !self.account.is_revoked();
        let refusal = if known {
            let admitted = self.account.admit(request.at);
            admitted.err().map(|seconds| {
                let mut answer = self.error(request.number, 429, "Too Many Requests");
                answer.headers.push(("retry-after", seconds.to_string()));
                answer
            })
        } else {
            Some(self.error(request.number, 401, "Unauthorized"))
        };
        let wanted = Wanted::read(&request.uri).unwrap_or_default();
        let route = route(request);
        Arrival {
            endpoint: route.map_or(Endpoint::UNKNOWN, |(endpoint, _)| endpoint),
            caller: known.then(|| self.account.name().to_owned()),
            summary: Summary {
                cursor: wanted.page.is_some_and(|page| page > 1),
                from: wanted.from,
                to: wanted.to,
                ids: usize::from(route.is_some_and(|(_, id)| !id.is_empty())),
            },
            refusal,
        }
    }

    fn respond(&self, request: &Incoming, _caller: &str, cursor: CursorFault) -> Answer {
        let outcome = match route(request) {
            Some((MEETINGS, _)) => self.list(&request.uri, cursor),
            Some((DOWNLOAD, id)) => self.download(id, request.at),
            Some((_, id)) => self.transcript(id),
            None => Err((404, "Not Found".into())),
        };
        outcome.unwrap_or_else(|(status, message)| self.error(request.number, status, &message))
    }

    fn error(&self, _number: usize, status: u16, message: &str) -> Answer {
        let mut body = String::new();
        Object::write(&mut body, |object| {
            object.text("name", "Error");
            object.text("message", message);
        });
        answer(status, body)
    }
}

/// Endpoint and, where the path holds one, the id.
fn route(request: &Incoming) -> Option<(Endpoint, &str)> {
    if request.method != "GET" {
        return None;
    }
    let rest = request.uri.path().strip_prefix("/v1alpha1/meetings")?;
    if rest.is_empty() {
        return Some((MEETINGS, ""));
    }
    let (id, part) = rest.strip_prefix('/')?.split_once('/')?;
    let endpoint = match part {
        "transcript" => TRANSCRIPT,
        "download" => DOWNLOAD,
        _ => return None,
    };
    (!id.is_empty()).then_some((endpoint, id))
}

impl Wanted {
    fn read(uri: &Uri) -> Result<Self, (u16, String)> {
        let query = Query::try_from_uri(uri);
        query
            .map(|Query(wanted)| wanted)
            .map_err(|error| (400, error.to_string()))
    }
}

impl State {
    /// Newest first. Whether `to` itself belongs to the range is not documented; here it does.
    fn list(&self, uri: &Uri, cursor: CursorFault) -> Outcome {
        let wanted = Wanted::read(uri)?;
        let limit = wanted.limit.unwrap_or(50);
        if !(1..=PAGE_SIZE).contains(&limit) {
            return Err((400, format!("limit must not be greater than {PAGE_SIZE}")));
        }
        let page = match cursor {
            CursorFault::Ignored => 1,
            CursorFault::None | CursorFault::Expired => wanted.page.unwrap_or(1).max(1),
        };
        let time = |text: Option<String>| -> Result<Option<Timestamp>, (u16, String)> {
            let read = text.map(|text| {
                text.parse()
                    .map_err(|_| (400, format!("not a date: {text}")))
            });
            read.transpose()
        };
        let to = time(wanted.to)?.map(|to| to + SignedDuration::from_millis(1));
        let population = self.account.population();
        let range = population.between(time(wanted.from)?, to);
        let shown = range.rev().filter(|index| self.account.shows(*index));
        let found: Vec<u32> = shown.take(self.ceiling).collect();
        let mut body = String::new();
        Object::write(&mut body, |object| {
            object.plain("page", page);
            object.plain("pages", found.len().div_ceil(limit));
            object.plain("total", found.len());
            object.plain("pageSize", limit);
            let shown = found.iter().skip((page - 1) * limit).take(limit);
            object.objects("results", shown, |object, index| {
                let call = population.call(*index);
                meeting(object, &call, is_processed(&self.account, &call));
            });
        });
        Ok(answer(200, body))
    }

    fn call(&self, id: &str) -> Result<Call, (u16, String)> {
        let population = self.account.population();
        let index = population
            .index(id)
            .filter(|index| self.account.shows(*index));
        let index = index.ok_or_else(|| (404, "Meeting not found".to_owned()))?;
        let call = population.call(index);
        if is_unpaid(&call) {
            return Err((403, "The organizer's plan does not include the API".into()));
        }
        Ok(call)
    }

    /// Each recording is a video.
    fn download(&self, id: &str, now: Timestamp) -> Outcome {
        let call = self.call(id)?;
        if !is_recorded(&call) || !is_processed(&self.account, &call) {
            return Err((404, "Recording not found".into()));
        }
        Ok(self.links.redirect(302, (id, "video"), now))
    }

    fn transcript(&self, id: &str) -> Outcome {
        let call = self.call(id)?;
        let population = self.account.population();
        if !self.account.has_transcript(&call) {
            return Err((404, "Transcript not found".into()));
        }
        let mut body = String::new();
        Object::write(&mut body, |object| {
            object.text("id", format!("t{id}").as_str());
            object.text("meetingId", id);
            let turns = population.turns(&call);
            let said = turns.iter().flat_map(|turn| {
                let speaker = turn.speaker_id.as_ref();
                let party = call
                    .parties
                    .iter()
                    .find(|party| party.speaker_id.as_ref() == speaker);
                let name = party
                    .filter(|_| speaker.is_some())
                    .and_then(|party| party.name.as_deref());
                turn.sentences.iter().map(move |sentence| (name, sentence))
            });
            object.objects("data", said, |object, (name, sentence)| {
                object.text("speaker", name.unwrap_or_default());
                object.text("text", sentence.text.as_str());
                // Whole seconds.
                object.plain("startTime", sentence.start_ms / 1_000);
                object.plain("endTime", (sentence.end_ms + 999) / 1_000);
            });
        });
        Ok(answer(200, body))
    }
}

/// Invitees come from the calendar; the name of somebody unknown is an empty text.
fn meeting(object: &mut Object<'_>, call: &Call, is_processed: bool) {
    object.text("id", call.id.as_str());
    object.text("name", call.title.as_deref());
    object.text("happenedAt", format!("{:.3}", call.start).as_str());
    object.text(
        "url",
        format!("https://tldv.example/app/meetings/{}", call.id).as_str(),
    );
    if let Some(seconds) = call.duration_s {
        object.plain("duration", seconds);
    }
    let host = call
        .parties
        .iter()
        .find(|party| party.user_id.is_some() && party.user_id == call.primary_user_id);
    let person = |object: &mut Object<'_>, party: &Party| {
        object.text("name", party.name.as_deref().unwrap_or_default());
        object.text("email", party.email.as_deref());
    };
    if let Some(host) = host {
        object.object("organizer", |object| person(object, host));
    }
    let invited = call.parties.iter().filter(|party| party.invited);
    object.objects("invitees", invited, person);
    let status = if is_processed {
        "successful"
    } else {
        "processing"
    };
    object.text("status", status);
}

fn answer(status: u16, body: String) -> Answer {
    Answer {
        status,
        headers: vec![("content-type", "application/json; charset=utf-8".into())],
        body: body.into_bytes(),
    }
}
