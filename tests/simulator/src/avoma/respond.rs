//! The endpoints.

use std::collections::BTreeMap;

use axum::{
    extract::Query,
    http::{Uri, header},
};
use jiff::{SignedDuration, Timestamp};

use super::{
    LARGEST_PAGE, MEETINGS, RECORDINGS, State, TRANSCRIPTIONS, is_made,
    write::{self, Listed},
};
use crate::{
    json::{self, Object},
    log::{Endpoint, Summary},
    media,
    server::{Answer, Arrival, CursorFault, Incoming, Service},
};

/// What an endpoint answers, or status and body of another answer.
type Outcome = Result<String, (u16, String)>;

/// Starts are scheduled, here always for a full quarter of an hour.
pub(super) const QUARTER: SignedDuration = SignedDuration::from_mins(15);

impl Service for State {
    fn receive(&self, request: &Incoming) -> Arrival {
        let authorization = request.headers.get(header::AUTHORIZATION);
        let is_known = authorization.is_some_and(|header| header == self.authorization.as_str())
            && !self.account.is_revoked();
        let refusal = match is_known {
            false => Some(self.error(
                request.number,
                401,
                "Authentication credentials were not provided.",
            )),
            true => self.account.admit(request.at).is_err().then(|| {
                // No header says how long to wait.
                self.error(request.number, 429, "Request was throttled.")
            }),
        };
        let query = Parameters::of(&request.uri);
        Arrival {
            endpoint: route(request).unwrap_or(Endpoint::UNKNOWN),
            caller: is_known.then(|| self.account.name().to_owned()),
            summary: Summary {
                from: query.text("from_date").map(str::to_owned),
                to: query.text("to_date").map(str::to_owned),
                cursor: query.text("page").is_some(),
                ids: usize::from(query.text("meeting_uuid").is_some()),
            },
            refusal,
        }
    }

    fn respond(&self, request: &Incoming, _caller: &str, cursor: CursorFault) -> Answer {
        let query = Parameters::of(&request.uri);
        let outcome = match route(request) {
            Some(MEETINGS) => self.meetings(&query, cursor),
            Some(RECORDINGS) => self.recording(&query, request.at),
            Some(_) => self.transcriptions(&query, cursor),
            None => Err((404, detail("Not found."))),
        };
        let (status, body) = match outcome {
            Ok(body) => (200, body),
            Err(error) => error,
        };
        answer(status, body)
    }

    fn error(&self, _number: usize, status: u16, message: &str) -> Answer {
        answer(status, detail(message))
    }
}

fn route(request: &Incoming) -> Option<Endpoint> {
    match (request.method.as_str(), request.uri.path()) {
        ("GET", "/v1/meetings/") => Some(MEETINGS),
        ("GET", "/v1/transcriptions/") => Some(TRANSCRIPTIONS),
        ("GET", "/v1/recordings/") => Some(RECORDINGS),
        _ => None,
    }
}

impl State {
    fn meetings(&self, query: &Parameters, cursor: CursorFault) -> Outcome {
        query.allow(&[
            "from_date",
            "to_date",
            "page",
            "page_size",
            "o",
            "recording_duration__gte",
            "include_crm_associations",
        ])?;
        let unrecorded_too = query.text("recording_duration__gte").is_none();
        let mut listed: Vec<Listed> = Vec::new();
        for index in self.dates(query)? {
            listed.push(Listed::Call(index));
            // Appointments that nobody recorded.
            if unrecorded_too && index.is_multiple_of(3) {
                listed.push(Listed::Appointment(index));
            }
        }
        match query.text("o") {
            None | Some("-start_at") => listed.reverse(),
            Some("start_at") => {}
            Some(_) => return Err(wrong("o", "Select a valid choice.")),
        }
        let with_crm = query.text("include_crm_associations") == Some("true");
        let page = Page::of(query, listed, cursor)?;
        Ok(page.write("/v1/meetings", query, |object, listed| {
            write::meeting(object, &self.account, *listed, with_crm);
        }))
    }

    fn transcriptions(&self, query: &Parameters, cursor: CursorFault) -> Outcome {
        query.allow(&["from_date", "to_date", "page", "page_size", "meeting_uuid"])?;
        let population = self.account.population();
        let is_there = |index: &u32| {
            self.account.shows(*index)
                && self
                    .account
                    .is_transcribed(population.transcript_fate(*index))
        };
        if let Some(id) = query.text("meeting_uuid") {
            let found = population.index(id).filter(is_there);
            let mut body = String::new();
            // A bare list, unlike the bulk.
            json::list(&mut body, found, |out, index| {
                Object::write(out, |object| {
                    write::transcription(object, population, index)
                });
            });
            return Ok(body);
        }
        let mut found: Vec<u32> = self.dates(query)?.into_iter().filter(is_there).collect();
        found.reverse();
        let page = Page::of(query, found, cursor)?;
        Ok(page.write("/v1/transcriptions", query, |object, index| {
            write::transcription(object, population, *index);
        }))
    }

    /// Where the recording of a meeting is; or that a video is still being made, which is no error.
    fn recording(&self, query: &Parameters, now: Timestamp) -> Outcome {
        query.allow(&["meeting_uuid"])?;
        let id = query.text("meeting_uuid").unwrap_or_default();
        let index = self.account.population().index(id);
        let index = index.filter(|index| self.account.shows(*index));
        let call = index.map(|index| self.account.population().call(index));
        let call = call.filter(|call| write::has_media(&self.account, call));
        let call = call.ok_or_else(|| (404, detail("Not found.")))?;
        if !is_made(&self.account, &call) {
            let mut body = String::new();
            Object::write(&mut body, |object| {
                object.text("message", "The video is being made.");
            });
            return Err((202, body));
        }
        let link = |kind: &str| self.links.link(id, kind, now);
        let mut body = String::new();
        Object::write(&mut body, |object| {
            object.text("uuid", format!("recording-{id}").as_str());
            object.text("meeting_uuid", id);
            object.text("audio_url", link("audio").as_str());
            let video = (media::kind(&call) == "video").then(|| link("video"));
            object.text("video_url", video.as_deref());
            let life =
                SignedDuration::try_from(self.links.life).expect("links do not live for ever");
            object.text("valid_till", (now + life).to_string().as_str());
        });
        Ok(body)
    }

    /// The calls of a range that are there, both ends counted in: which is ours, and the harder case.
    fn dates(&self, query: &Parameters) -> Result<Vec<u32>, (u16, String)> {
        let (from, to) = (query.date("from_date")?, query.date("to_date")?);
        let slot = QUARTER.as_secs();
        let ceiling = |time: Timestamp, more: i64| {
            let second = time.as_second() + i64::from(time.subsec_nanosecond() > 0);
            let second = (second + more).div_euclid(slot) * slot;
            Timestamp::from_second(second).map_err(|_| wrong("to_date", "Out of range."))
        };
        let range = self
            .account
            .population()
            .between(Some(ceiling(from, slot - 1)?), Some(ceiling(to, slot)?));
        Ok(range.filter(|index| self.account.shows(*index)).collect())
    }
}

/// A query.
struct Parameters(BTreeMap<String, String>);

impl Parameters {
    fn of(uri: &Uri) -> Self {
        Self(Query::try_from_uri(uri).map_or_else(|_| BTreeMap::new(), |Query(query)| query))
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Refuses what the endpoint does not have. Avoma may ignore it; an importer should not send it.
    fn allow(&self, names: &[&str]) -> Result<(), (u16, String)> {
        let strange = self.0.keys().find(|name| !names.contains(&name.as_str()));
        match strange {
            Some(name) => Err(wrong(name, "Unknown parameter.")),
            None => Ok(()),
        }
    }

    fn date(&self, name: &str) -> Result<Timestamp, (u16, String)> {
        let text = self
            .text(name)
            .ok_or_else(|| wrong(name, "This field is required."))?;
        text.parse()
            .map_err(|_| wrong(name, "Enter a valid date/time."))
    }

    fn number(&self, name: &str, default: usize) -> Result<usize, (u16, String)> {
        let number = self.text(name).map(str::parse);
        number
            .unwrap_or(Ok(default))
            .map_err(|_| wrong(name, "Enter a whole number."))
    }
}

/// A page by number.
struct Page<T> {
    records: Vec<T>,
    count: usize,
    number: usize,
    is_last: bool,
}

impl<T> Page<T> {
    fn of(query: &Parameters, all: Vec<T>, cursor: CursorFault) -> Result<Self, (u16, String)> {
        let size = query.number("page_size", 10)?.clamp(1, LARGEST_PAGE);
        let number = match cursor {
            CursorFault::None => query.number("page", 1)?,
            CursorFault::Ignored => 1,
            CursorFault::Expired => 0,
        };
        let count = all.len();
        let last = count.div_ceil(size).max(1);
        if number == 0 || number > last {
            return Err((404, detail("Invalid page.")));
        }
        Ok(Self {
            records: all
                .into_iter()
                .skip((number - 1) * size)
                .take(size)
                .collect(),
            count,
            number,
            is_last: number == last,
        })
    }

    /// The envelope. Links go to Avoma's own host, whatever the address that was asked, and lack the slash
    /// at the end of the path.
    fn write(
        &self,
        path: &str,
        query: &Parameters,
        mut record: impl FnMut(&mut Object<'_>, &T),
    ) -> String {
        let link = |number: usize| {
            let mut link = format!("https://api.avoma.com{path}?page={number}");
            for (name, value) in query.0.iter().filter(|(name, _)| *name != "page") {
                link = format!("{link}&{name}={}", value.replace(':', "%3A"));
            }
            link
        };
        let next = (!self.is_last).then(|| link(self.number + 1));
        let previous = (self.number > 1).then(|| link(self.number - 1));
        let mut body = String::new();
        Object::write(&mut body, |object| {
            object.plain("count", self.count);
            object.text("next", next.as_deref());
            object.text("previous", previous.as_deref());
            object.objects("results", &self.records, |object, one| record(object, one));
        });
        body
    }
}

fn answer(status: u16, body: String) -> Answer {
    Answer {
        status,
        headers: vec![("content-type", "application/json".into())],
        body: body.into_bytes(),
    }
}

fn detail(message: &str) -> String {
    let mut body = String::new();
    Object::write(&mut body, |object| object.text("detail", message));
    body
}

/// A 400: an object from the field's name to a list of messages.
fn wrong(field: &str, message: &str) -> (u16, String) {
    let mut body = String::new();
    Object::write(&mut body, |object| {
        object.member(field, |out| json::list(out, [message], json::string));
    });
    (400, body)
}
