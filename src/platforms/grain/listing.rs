//! `POST /v2/recordings`: recordings by the day of their start, newest first.

use jiff::{ToSpan, civil::Date};
use serde::{Deserialize, Serialize, de::IgnoredAny};
use serde_json::{Value, json, value::RawValue};

use super::{NAME, judge, recording, refused, send};
use crate::{
    model::Window,
    platforms::{Cursor, HttpExchange, HttpReply, Page, Rejection, Setup, Step, fields, replies},
};

const PATH: &str = "/_/public-api/v2/recordings";

/// Pages in a row without a recording of the window, after which something must be wrong.
const MAX_SKIPPED: u32 = 10_000;

/// A page that was asked for.
#[derive(Serialize, Deserialize)]
pub(super) struct Asked {
    place: Place,
    /// Pages just before this one that held nothing of the window.
    skipped: u32,
}

/// A page whose recordings are asked for one by one where the list left out their participants.
#[derive(Serialize, Deserialize)]
pub(super) struct Draft {
    /// The recordings of the window.
    records: Vec<Box<RawValue>>,
    /// The first of them that was not looked at.
    position: usize,
    next: Option<Cursor>,
}

/// Where a listing stands.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Place {
    /// Whether Grain is asked for the days. One public client says that it refuses to filter; then
    /// everything is listed.
    by_day: bool,
    /// Grain's cursor; `None` at the beginning.
    cursor: Option<String>,
}

/// The first step of a page.
pub(super) fn begin(window: Window, cursor: Option<&str>) -> Step {
    ask(window, Place::open(cursor), 0)
}

/// What comes after the answer for a page.
pub(super) fn page(
    asked: Asked,
    window: Window,
    setup: &Setup,
    reply: &HttpReply,
) -> Result<Step, Rejection> {
    let Asked { place, skipped } = asked;
    if let 400 | 422 = reply.status {
        if place.cursor.is_some() {
            return Err(Rejection::RestartWindow);
        }
        if place.by_day {
            let all = Place {
                by_day: false,
                cursor: None,
            };
            return Ok(ask(window, all, skipped));
        }
    }
    judge(reply, setup)?;
    let answer: Answer = replies::parse(NAME, reply)?;
    let was_empty = answer.recordings.is_empty();
    let mut records = answer.recordings;
    records.retain(|record| Glance::at(record).lies_in(window));
    let next = answer.cursor.map(|cursor| Place {
        by_day: place.by_day,
        cursor: Some(cursor),
    });
    match next {
        // Only recordings around the window: there is nothing to commit yet.
        Some(next) if records.is_empty() && !was_empty => {
            if next == place || skipped >= MAX_SKIPPED {
                return Err(refused(format!(
                    "Grain's list goes round in circles beside the window from {} to {}",
                    window.from, window.to
                )));
            }
            Ok(ask(window, next, skipped + 1))
        }
        next => Ok(complete(
            Draft {
                records,
                position: 0,
                next: next.map(|next| next.seal()),
            },
            setup,
        )),
    }
}

/// What comes after the answer for a single recording of a page.
pub(super) fn recording(
    mut draft: Draft,
    setup: &Setup,
    reply: &HttpReply,
) -> Result<Step, Rejection> {
    // Gone meanwhile, or not ours to see by itself: what the list said is all there is.
    if !matches!(reply.status, 403 | 404) {
        judge(reply, setup)?;
        let listed = draft.records.get_mut(draft.position);
        let listed = listed.ok_or_else(|| refused("a page of Grain's has lost a recording"))?;
        let found: Named = replies::parse(NAME, reply)?;
        if Glance::at(listed).id != Some(found.id) {
            return Err(Rejection::Broken {
                detail: "Grain sent another recording than was asked for".into(),
            });
        }
        *listed = replies::parse(NAME, reply)?;
    }
    draft.position += 1;
    Ok(complete(draft, setup))
}

#[derive(Deserialize)]
struct Answer {
    /// `null` at the end.
    #[serde(default, deserialize_with = "fields::optional_id")]
    cursor: Option<String>,
    recordings: Vec<Box<RawValue>>,
}

/// A recording of which only the id counts.
#[derive(Deserialize)]
struct Named {
    #[serde(deserialize_with = "fields::id")]
    id: String,
}

/// What decides whether a recording is wanted, and whether it is whole.
#[derive(Default, Deserialize)]
struct Glance {
    #[serde(default, deserialize_with = "fields::optional_id")]
    id: Option<String>,
    start_datetime: Option<String>,
    participants: Option<IgnoredAny>,
}

impl Glance {
    /// A record that cannot be read shows nothing; it becomes a failure of the page.
    fn at(record: &RawValue) -> Self {
        serde_json::from_str(record.get()).unwrap_or_default()
    }

    /// A recording that does not tell its start was put into the window by Grain.
    fn lies_in(&self, window: Window) -> bool {
        let start = self.start_datetime.as_deref().and_then(fields::instant);
        start.is_none_or(|start| window.start() <= start && start < window.end())
    }
}

impl Place {
    fn open(cursor: Option<&str>) -> Self {
        let parts = cursor.and_then(|cursor| cursor.split_once(':'));
        Self {
            by_day: parts.is_none_or(|(kind, _)| kind == "days"),
            cursor: parts.map(|(_, cursor)| cursor.to_owned()),
        }
    }

    fn seal(&self) -> Cursor {
        let kind = if self.by_day { "days" } else { "all" };
        format!("{kind}:{}", self.cursor.as_deref().unwrap_or_default())
    }
}

fn ask(window: Window, place: Place, skipped: u32) -> Step {
    let mut body = json!({"include": include()});
    if place.by_day {
        body["filter"] = days(window);
    }
    if let Some(cursor) = &place.cursor {
        body["cursor"] = cursor.as_str().into();
    }
    let asked = super::Asked::Page(Asked { place, skipped });
    send(HttpExchange::post(PATH, body), &asked)
}

/// `after_datetime` is inclusive and `before_datetime` exclusive, as their names say: the reference has the
/// two sentences swapped. A public client saw that only the day counts. In which time zone is not known, so
/// one more is asked for on each side.
fn days(window: Window) -> Value {
    let midnight = |date: Date| format!("{date}T00:00:00Z");
    json!({
        "after_datetime": midnight(window.from.saturating_sub(1.day())),
        "before_datetime": midnight(window.to.saturating_add(1.day())),
    })
}

fn include() -> Value {
    json!({"participants": true, "ai_summary": true, "hubspot": true})
}

/// Asks for the next recording whose participants are missing; when none is, the page is whole.
fn complete(mut draft: Draft, setup: &Setup) -> Step {
    while let Some(record) = draft.records.get(draft.position) {
        let Glance {
            id, participants, ..
        } = Glance::at(record);
        if let (Some(id), None) = (id, participants) {
            let path = format!("{PATH}/{}", fields::percent_encoded(&id));
            let exchange = HttpExchange::post(path, json!({"include": include()}));
            return send(exchange, &super::Asked::Recording(draft));
        }
        draft.position += 1;
    }
    let mut page = Page {
        next: draft.next,
        ..Page::default()
    };
    for record in &draft.records {
        match recording::call(record, setup) {
            Ok(call) => page.calls.push(call),
            Err(failure) => page.failures.push(failure),
        }
    }
    Step::Page(page)
}
