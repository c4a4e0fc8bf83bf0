//! Fireflies.ai. Sources: docs.fireflies.ai (April 2026), and the schema that the live API told of itself
//! (introspection, April 2026); what public connectors saw is marked.
//!
//! One query lists 50 calls with everything that was said in them. A call appears there when it has been
//! processed; what has no sentences then is asked for again by its id.

mod errors;
mod listing;
mod media;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json, value::RawValue};

use self::errors::{Cause, GraphError, Trouble};
use super::{
    Auth, CallRef, Connector, Exchange, HttpExchange, HttpReply, Page, Progress, RecordFailure,
    Rejection, Reply, SavedAnswers, Seen, Setup, Step, Traits, Work, fields, replies,
};
use crate::model::{Method, TranscriptContent, Window};

/// Fireflies' connector.
pub(super) struct Fireflies;

const NAME: &str = "Fireflies";

/// Most calls that one query answers for, and what it is by default.
const LARGEST_PAGE: usize = 50;

/// Whose key it is: the cheapest query there is.
const OWNER: &str = "query Owner { user { user_id email } }";

/// `fromDate` and `toDate` are about the start of the meeting. `text` is as people edited it.
const LIST: &str = "query Calls($from: DateTime, $to: DateTime, $limit: Int, $skip: Int) { \
    transcripts(fromDate: $from, toDate: $to, limit: $limit, skip: $skip) { \
    id title date duration organizer_email participants fireflies_users workspace_users \
    meeting_attendees { displayName name email phoneNumber } meeting_attendance { name } \
    transcript_url meeting_link audio_url video_url speakers { id name } \
    sentences { speaker_id speaker_name text start_time end_time } \
    meeting_info { silent_meeting } } }";

/// What was said in one call.
const TEXT: &str = "query Text($id: String!) { transcript(id: $id) { id speakers { id name } \
    sentences { speaker_id speaker_name text start_time end_time } \
    meeting_info { silent_meeting } } }";

impl Connector for Fireflies {
    fn traits(&self) -> Traits {
        Traits {
            // The first call of every page but the first is the last one of the page before.
            page_size: LARGEST_PAGE as u64 - 1,
            // Of those that the listing came without.
            transcript_batch: Some(1),
            // Every query proves the key, and small plans have 50 a day.
            verify_requests: 0,
            // A list in which calls come and go is read again: the shorter it is, the less.
            window_days: 31,
            window_calls: 2_000,
            parallel_windows: 2,
            unique_ids: true,
            base_url: "https://api.fireflies.ai",
            hosts: &["api.fireflies.ai"],
            auth: Auth::Bearer { token: "token" },
            oauth: None,
            options: &[],
        }
    }

    fn lists_transcripts(&self, _method: Method) -> bool {
        true
    }

    fn media_batch(&self, _method: Method) -> Option<usize> {
        Some(media::BATCH)
    }

    fn saved(&self) -> Option<SavedAnswers> {
        Some(SavedAnswers {
            calls: &["data", "transcripts"],
            call: &["data", "transcript"],
            call_key: "sentences",
            transcripts: None,
        })
    }

    fn begin(&self, work: &Work, setup: &Setup) -> Step {
        let (exchange, progress) = match work {
            Work::Verify => (query(OWNER, json!({})), Progress::Null),
            Work::List { window, cursor } => {
                let place = Place::at(cursor.as_deref());
                (place.exchange(*window, setup), place.progress())
            }
            Work::Transcripts(calls) => {
                let Some(call) = calls.first() else {
                    return Step::Page(Page::default());
                };
                let variables = json!({"id": call.external_id});
                (query(TEXT, variables), Progress::Null)
            }
            Work::Media(calls) => return media::begin(calls),
        };
        Step::Send(exchange, progress)
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
            Work::Verify => owner(reply)?,
            Work::List { window, cursor } => {
                let place = Place::asked(cursor.as_deref(), progress);
                let page = answer(reply).and_then(|list| place.page(list, setup, reply));
                page.map_err(|trouble| place.trouble(trouble, *window, setup))?
            }
            Work::Transcripts(calls) => match calls.first() {
                Some(call) => text(call, reply)?,
                None => Page::default(),
            },
            Work::Media(calls) => return media::next(calls, progress, reply),
        };
        Ok(Step::Page(page))
    }
}

/// Where a listing is, and how much it dares to ask for. Pages are heavy: after a time-out the next try asks
/// for a quarter, and pages that come make the following ones larger again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Place {
    /// How many calls were read.
    skip: usize,
    limit: usize,
    /// Names of what was on the page before. The next one begins with its last call; if that is another one, calls have gone, and
    /// others have moved up to where they are not asked for any more.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    known: Vec<String>,
    /// How often this page has failed.
    #[serde(default)]
    failures: u32,
}

impl Place {
    /// Where a cursor points, or the beginning.
    fn at(cursor: Option<&str>) -> Self {
        let place = cursor.and_then(|cursor| serde_json::from_str(cursor).ok());
        place.unwrap_or(Self {
            skip: 0,
            limit: LARGEST_PAGE,
            known: Vec::new(),
            failures: 0,
        })
    }

    /// What was asked for last.
    fn asked(cursor: Option<&str>, progress: &Progress) -> Self {
        Self::deserialize(progress).unwrap_or_else(|_| Self::at(cursor))
    }

    fn progress(&self) -> Progress {
        json!(self)
    }

    /// The first call to ask for.
    fn first(&self) -> usize {
        self.skip.saturating_sub(usize::from(self.overlaps()))
    }

    /// Whether the last call that was read is asked for again. A page of one has no room for it.
    fn overlaps(&self) -> bool {
        self.limit > 1 && !self.known.is_empty()
    }

    fn exchange(&self, window: Window, setup: &Setup) -> Exchange {
        // What begins after the run did would push calls from one page to the next.
        let to = window.end().min(setup.as_of).max(window.start());
        let variables = json!({
            "from": format!("{:.3}", window.start()),
            "to": format!("{to:.3}"),
            "limit": self.limit,
            "skip": self.first(),
        });
        query(LIST, variables)
    }

    /// The calls of an answer. A page that is not full is the last one.
    fn page(&self, list: &RawValue, setup: &Setup, reply: &HttpReply) -> Result<Page, Trouble> {
        let mut records: Vec<&RawValue> = read(list, reply)?;
        let next = Self {
            skip: self.first() + records.len(),
            limit: (self.limit * 2).min(LARGEST_PAGE),
            known: records.iter().map(|record| fields::name(record)).collect(),
            failures: 0,
        };
        let is_full = records.len() >= self.limit;
        if self.overlaps() {
            let count = records.len();
            records.retain(|record| !self.known.contains(&fields::name(record)));
            if records.len() == count {
                return Err(Rejection::RestartWindow.into());
            }
        }
        Ok(Page {
            next: is_full.then(|| json!(next).to_string()),
            ..listing::page(records, setup)
        })
    }

    fn trouble(&self, trouble: Trouble, window: Window, setup: &Setup) -> Rejection {
        let limit = match trouble.cause {
            Cause::Load => self.limit / 4,
            // Failures come in bursts: the first one need not mean that the page is too large.
            Cause::Failure if self.failures == 0 => self.limit,
            Cause::Failure => self.limit / 4,
            Cause::Call | Cause::Other => return trouble.rejection,
        };
        let Rejection::Unavailable { after, detail } = trouble.rejection else {
            return trouble.rejection;
        };
        let smaller = Self {
            limit: limit.max(1),
            failures: self.failures + 1,
            ..self.clone()
        };
        Rejection::TooMuch {
            instead: Box::new((smaller.exchange(window, setup), smaller.progress())),
            after,
            detail,
        }
    }
}

/// Every query has one field at its root.
#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow)]
    data: Option<Data<'a>>,
    #[serde(default, deserialize_with = "fields::null_is_default")]
    errors: Vec<GraphError>,
}

#[derive(Deserialize)]
struct Data<'a> {
    #[serde(borrow, alias = "transcripts", alias = "transcript", alias = "user")]
    root: Option<&'a RawValue>,
}

fn query(text: &str, variables: Value) -> Exchange {
    let body = json!({"query": text, "variables": variables});
    Exchange::Http(HttpExchange::post("/graphql", body))
}

/// Whose key it is, which decides which calls it sees.
fn owner(reply: &HttpReply) -> Result<Page, Trouble> {
    #[derive(Deserialize)]
    struct Owner {
        email: Option<String>,
    }
    let Owner { email } = read(answer(reply)?, reply)?;
    Ok(Page {
        sees: fields::text(email).map(Seen::User),
        ..Page::default()
    })
}

/// What was asked for. Errors may stand in a 200; beside calls they are about single fields, which are null then.
fn answer(reply: &HttpReply) -> Result<&RawValue, Trouble> {
    partial(reply).map(|(root, _)| root)
}

/// The same, and whether errors stand beside it.
fn partial(reply: &HttpReply) -> Result<(&RawValue, bool), Trouble> {
    let answer = match serde_json::from_slice::<Answer<'_>>(&reply.body) {
        Ok(answer) => answer,
        Err(error) if reply.status == 200 => {
            return Err(replies::broken(NAME, &reply.content_type, &error).into());
        }
        // A proxy on the way answers in its own words.
        Err(_) => return Err(Trouble::of(reply, &[])),
    };
    match answer.data.and_then(|data| data.root) {
        Some(root) if reply.status == 200 && (answer.errors.is_empty() || holds_anything(root)) => {
            Ok((root, !answer.errors.is_empty()))
        }
        _ => Err(Trouble::of(reply, &answer.errors)),
    }
}

/// Whether it is more than an empty list, which beside an error means nothing.
fn holds_anything(value: &RawValue) -> bool {
    let mut letters = value.get().chars().filter(|letter| !letter.is_whitespace());
    !(letters.next() == Some('[') && letters.next() == Some(']'))
}

fn read<'a, T: Deserialize<'a>>(value: &'a RawValue, reply: &HttpReply) -> Result<T, Trouble> {
    serde_json::from_str(value.get())
        .map_err(|error| replies::broken(NAME, &reply.content_type, &error).into())
}

/// The transcript of one call. While it is processed there are no sentences.
fn text(call: &CallRef, reply: &HttpReply) -> Result<Page, Rejection> {
    let id = call.external_id.clone();
    let mut page = Page::default();
    let spoken = match answer(reply) {
        Ok(spoken) => spoken,
        Err(trouble) if trouble.cause == Cause::Call => {
            page.without_transcript.push(id);
            return Ok(page);
        }
        Err(trouble) => return Err(trouble.rejection),
    };
    match listing::content(call, spoken) {
        Ok(TranscriptContent::Here(transcript)) => page.transcripts.push((id, transcript.into())),
        Ok(TranscriptContent::Absent) => page.without_transcript.push(id),
        Ok(TranscriptContent::Pending) => {}
        Err(error) => page.failures.push(RecordFailure {
            external_id: id,
            stage: "transcript",
            detail: format!("Fireflies' transcript of the call cannot be read: {error}"),
        }),
    }
    Ok(page)
}
