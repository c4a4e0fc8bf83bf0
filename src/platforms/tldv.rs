//! tl;dv. Sources: doc.tldv.io and the vendor's own `tldv-mcp-server` (2026); what a public client saw in live
//! answers in August 2026 is marked "seen". The API is an alpha, so every field may be missing.
//!
//! One request lists 100 meetings, one more brings the transcript of each, and one more tells where its recording is.

mod media;
mod transcripts;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{json, value::RawValue};

use super::{
    Auth, CallRef, Connector, Exchange, HttpExchange, HttpReply, Page, Progress, Rejection, Reply,
    SavedAnswers, SavedTranscripts, Setup, Step, Traits, Work, fields, replies,
};
use crate::model::{
    Affiliation, Call, CallKind, DurationSource, Media, MediaKind, Method, Participant, Precision,
    Role, TranscriptContent, Window,
};

/// tl;dv's connector.
pub(super) struct Tldv;

const NAME: &str = "tl;dv";

/// Largest page.
const PAGE_SIZE: usize = 100;

/// A query tells of no more results than these (seen). Where it has so many there may be more.
const CEILING: u64 = 10_000;

/// What is shorter is not divided.
const SHORTEST: SignedDuration = SignedDuration::from_secs(1);

impl Connector for Tldv {
    fn traits(&self) -> Traits {
        Traits {
            page_size: PAGE_SIZE as u64,
            transcript_batch: Some(1),
            // The first listing proves the key; `/health` may not.
            verify_requests: 0,
            window_days: 366,
            window_calls: 5_000,
            parallel_windows: 2,
            unique_ids: true,
            base_url: "https://pasta.tldv.io",
            hosts: &["pasta.tldv.io"],
            auth: Auth::Header {
                name: "x-api-key",
                value: "token",
            },
            oauth: None,
            options: &[],
        }
    }

    fn media_batch(&self, _method: Method) -> Option<usize> {
        Some(1)
    }

    fn saved(&self) -> Option<SavedAnswers> {
        Some(SavedAnswers {
            calls: &["results"],
            call: &[],
            call_key: "happenedAt",
            transcripts: Some(SavedTranscripts::Single {
                said: "data",
                id: Some("meetingId"),
            }),
        })
    }

    fn begin(&self, work: &Work, setup: &Setup) -> Step {
        match work {
            Work::Verify => send("/v1alpha1/meetings?page=1&limit=1".into(), Progress::Null),
            Work::List { window, cursor } => Place::at(*window, cursor.as_deref(), setup).send(),
            Work::Transcripts(calls) => part("transcript", calls),
            Work::Media(calls) => part("download", calls),
        }
    }

    fn next(
        &self,
        work: &Work,
        setup: &Setup,
        progress: &Progress,
        reply: &Reply,
    ) -> Result<Step, Rejection> {
        let reply = reply.http()?;
        let page = match work {
            Work::Verify => {
                judge(reply)?;
                replies::parse::<Listing<'_>>(NAME, reply)?;
                Page::default()
            }
            Work::List { window, cursor } => {
                judge(reply)?;
                let place = Place::deserialize(progress)
                    .unwrap_or_else(|_| Place::at(*window, cursor.as_deref(), setup));
                return place.take(replies::parse(NAME, reply)?, *window, setup);
            }
            Work::Transcripts(calls) => match calls.first() {
                Some(call) => transcripts::page(call, reply)?,
                None => Page::default(),
            },
            Work::Media(calls) => match calls.first() {
                Some(call) => media::page(call, reply)?,
                None => Page::default(),
            },
        };
        Ok(Step::Page(page))
    }
}

/// Where a listing is: a page of a stretch of the window. A stretch that holds more than a query tells of is
/// halved, and the newer half is listed first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Place {
    from: Timestamp,
    to: Timestamp,
    page: u64,
    /// How many meetings the stretch held on the page before.
    total: Option<u64>,
}

impl Place {
    /// Where a cursor points, or the beginning of the whole window.
    fn at(window: Window, cursor: Option<&str>, setup: &Setup) -> Self {
        let place = cursor.and_then(|cursor| serde_json::from_str(cursor).ok());
        place.unwrap_or(Self {
            from: window.start(),
            // What begins after the run did would push meetings from one page to the next.
            to: window.end().min(setup.as_of).max(window.start()),
            page: 1,
            total: None,
        })
    }

    fn send(self) -> Step {
        let Self { from, to, page, .. } = self;
        let path =
            format!("/v1alpha1/meetings?page={page}&limit={PAGE_SIZE}&from={from:.3}&to={to:.3}");
        send(path, json!(self))
    }

    /// The meetings of an answer.
    fn take(self, listing: Listing<'_>, window: Window, setup: &Setup) -> Result<Step, Rejection> {
        let length = self.to.duration_since(self.from);
        if listing.total.is_some_and(|total| total >= CEILING) && length > SHORTEST {
            let newer = Self {
                from: self.to - length / 2,
                page: 1,
                total: None,
                ..self
            };
            return Ok(newer.send());
        }
        // A meeting that was deleted meanwhile has drawn another one from this page to one that was read.
        if self
            .total
            .zip(listing.total)
            .is_some_and(|(then, now)| now < then)
        {
            return Err(Rejection::RestartWindow);
        }
        let whole = self.from == window.start() && self.to >= window.end().min(setup.as_of);
        let mut page = Page {
            total: listing.total.filter(|_| whole),
            ..Page::default()
        };
        let next = if listing.is_last(self.page) {
            self.older(window)
        } else {
            Some(Self {
                page: self.page + 1,
                total: listing.total.or(self.total),
                ..self
            })
        };
        page.next = next.map(|place| json!(place).to_string());
        for record in listing.results {
            match serde_json::from_str::<Meeting>(record.get()) {
                Ok(meeting) => {
                    let call = meeting.into_call(record, setup);
                    // Whether the end of the range belongs to it is not documented.
                    page.calls.extend(
                        Some(call).filter(|call| {
                            fields::in_window(call.started_at, setup.period.window())
                        }),
                    );
                }
                Err(error) => {
                    page.failures
                        .push(fields::unreadable(NAME, "list", record, &error));
                }
            }
        }
        Ok(Step::Page(page))
    }

    /// The next older stretch of the window, as long as this one.
    fn older(self, window: Window) -> Option<Self> {
        let length = self.to.duration_since(self.from);
        let older = Self {
            from: window.start().max(self.from.saturating_sub(length).ok()?),
            to: self.from,
            page: 1,
            total: None,
        };
        (older.from < older.to).then_some(older)
    }
}

/// `GET /meetings`. Pages are counted from 1.
#[derive(Deserialize)]
struct Listing<'a> {
    pages: Option<u64>,
    total: Option<u64>,
    #[serde(borrow)]
    results: Vec<&'a RawValue>,
}

impl Listing<'_> {
    /// An answer that does not count its pages ends with one that is not full.
    fn is_last(&self, page: u64) -> bool {
        match self.pages {
            Some(pages) => page >= pages,
            None => self.results.len() < PAGE_SIZE,
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Meeting {
    #[serde(deserialize_with = "fields::id")]
    id: String,
    name: Option<String>,
    happened_at: Option<String>,
    url: Option<String>,
    /// Seconds.
    #[serde(default, deserialize_with = "fields::number")]
    duration: Option<f64>,
    organizer: Option<Person>,
    invitees: Option<Vec<Person>>,
    /// `successful`; no other word was seen, and none is documented.
    status: Option<String>,
}

/// The name of somebody unknown is an empty text (seen).
#[derive(Deserialize)]
struct Person {
    name: Option<String>,
    email: Option<String>,
}

/// What the listing said of a call.
fn listed(call: &CallRef) -> Option<Meeting> {
    serde_json::from_str(call.raw.as_deref()?).ok()
}

/// Errors tell of themselves in `message`; those of a 400 also in `errors`, which are about our own parameters.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Failed {
    message: Option<String>,
}

impl Meeting {
    /// Whether tl;dv had worked it off when it was listed, by all that it said.
    fn is_processed(&self) -> bool {
        self.status
            .as_deref()
            .is_none_or(|status| status == "successful")
    }

    fn into_call(self, source: &RawValue, setup: &Setup) -> Call {
        let participants = people(self.organizer, self.invitees, &setup.internal_domains);
        let organizer = participants
            .iter()
            .find(|participant| participant.role == Role::Organizer);
        let mut call = Call::new(self.id);
        call.host = organizer.and_then(|person| person.name.clone().or(person.email.clone()));
        call.participants = participants;
        call.title = fields::text(self.name);
        call.kind = CallKind::Meeting;
        call.started_at = self.happened_at.as_deref().and_then(fields::instant);
        if call.started_at.is_some() {
            call.started_at_precision = Precision::Exact;
        }
        call.duration_ms = self.duration.and_then(fields::seconds);
        if call.duration_ms.is_some() {
            call.duration_source = DurationSource::PlatformS;
        }
        call.source_url = fields::text(self.url);
        // Each meeting is a recording; its address is asked for when it is copied.
        call.media = vec![Media::listed(MediaKind::Video)];
        call.transcript = TranscriptContent::Pending;
        call.raw = Some(source.get().to_owned());
        call
    }
}

/// The organizer, then who was invited. Two entries are one person only by their e-mail address.
fn people(
    organizer: Option<Person>,
    invitees: Option<Vec<Person>>,
    internal_domains: &[String],
) -> Vec<Participant> {
    let organizer = organizer.map(|person| (person, Role::Organizer));
    let invitees = invitees.into_iter().flatten();
    let all = organizer
        .into_iter()
        .chain(invitees.map(|person| (person, Role::Attendee)));
    let mut people: Vec<Participant> = Vec::new();
    for (person, role) in all {
        let name = fields::text(person.name);
        let email = person.email.as_deref().and_then(fields::email);
        let same = |known: &&mut Participant| {
            let pair = known.email.as_deref().zip(email.as_deref());
            pair.is_some_and(|(one, other)| one.eq_ignore_ascii_case(other))
        };
        if let Some(known) = people.iter_mut().find(same) {
            known.name = known.name.take().or(name);
        } else if name.is_some() || email.is_some() {
            people.push(Participant {
                affiliation: fields::affiliation(
                    Affiliation::Unknown,
                    email.as_deref(),
                    internal_domains,
                ),
                name,
                email,
                phone: None,
                title: None,
                role,
                attended: None,
            });
        }
    }
    fields::mark_recorders(&mut people);
    people
}

/// Asks for a part of a meeting. There is one: `Traits::transcript_batch`, `Connector::media_batch`.
fn part(name: &str, calls: &[CallRef]) -> Step {
    let Some(call) = calls.first() else {
        return Step::Page(Page::default());
    };
    let id = fields::percent_encoded(&call.external_id);
    send(format!("/v1alpha1/meetings/{id}/{name}"), Progress::Null)
}

fn send(path: String, progress: Progress) -> Step {
    Step::Send(Exchange::Http(HttpExchange::get(path)), progress)
}

/// Whether an answer is one.
fn judge(reply: &HttpReply) -> Result<(), Rejection> {
    let advice = match reply.status {
        401 => {
            "tl;dv says that the API key is wrong or was deleted. Ask the customer for a new key, which they \
             make in the personal settings of tl;dv."
        }
        _ => {
            "tl;dv refuses the API key. Ask the customer whether the owner of the key has a plan with access to \
             the API (Pro or Business)."
        }
    };
    replies::judge(NAME, reply, None, advice, || {
        let failed = serde_json::from_slice::<Failed>(&reply.body).unwrap_or_default();
        failed.message.unwrap_or_default()
    })
}
