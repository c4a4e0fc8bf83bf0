//! What a platform brings to be held to the laws.

use call_import_engine::model::{Affiliation, Call, Method, Period, Transcript};
use jiff::civil::Date;
use serde_json::{Value, json};

use crate::support;

/// Recorded answers of one platform for one way to sign in, and what must come out of them.
pub(super) struct Fixtures {
    /// Key in `matrix.yaml`, and the folder under `tests/fixtures`.
    pub(super) platform: &'static str,
    /// How the request signs in.
    pub(super) method: Method,
    /// How many keys the credential has.
    pub(super) keys: usize,
    /// The request's `options`.
    pub(super) options: Value,
    /// The days listed, all in one window.
    pub(super) period: Period,
    /// What is answered. The first whose needles are all found in a request is its answer.
    pub(super) answers: Vec<Answer>,
    /// Ids of the calls that must come out, in any order.
    pub(super) calls: &'static [&'static str],
    /// Ids of the calls whose transcript must come out.
    pub(super) transcripts: &'static [&'static str],
    /// Ids of the calls that must be given up: they will never have a transcript for us.
    pub(super) without_transcript: &'static [&'static str],
    /// Ids of the calls whose recording must be found, with where it is.
    pub(super) media: &'static [(&'static str, &'static str)],
    /// Ids of the calls that must be told to have no recording for us.
    pub(super) without_media: &'static [&'static str],
    /// Names of the records that cannot be read.
    pub(super) unreadable: &'static [&'static str],
    /// What `can` and `cannot` of the matrix say that a machine can check.
    pub(super) promises: Vec<Promise>,
}

impl Fixtures {
    /// Of a platform by API key, for these days; the rest is to be filled in.
    pub(super) fn new(platform: &'static str, from: Date, to: Date) -> Self {
        Self {
            platform,
            method: Method::Api,
            keys: 1,
            options: json!({}),
            period: Period { from, to },
            answers: Vec::new(),
            calls: &[],
            transcripts: &[],
            without_transcript: &[],
            media: &[],
            without_media: &[],
            unreadable: &[],
            promises: Vec::new(),
        }
    }

    /// For the messages of tests.
    pub(super) fn name(&self) -> String {
        format!("{} by {}", self.platform, self.method)
    }
}

/// A recorded answer.
#[derive(Clone)]
pub(super) struct Answer {
    /// All of these are found in the request, written as `POST /path?query {"json": "body"}` without blanks
    /// in the body.
    pub(super) needles: &'static [&'static str],
    /// HTTP status.
    pub(super) status: u16,
    /// `Content-Type`.
    pub(super) content_type: &'static str,
    /// `Location`.
    pub(super) location: Option<&'static str>,
    /// The body.
    pub(super) body: Vec<u8>,
}

/// A 200 with a file under `tests/fixtures`, whose ending tells its type.
pub(super) fn answer(needles: &'static [&'static str], file: &str) -> Answer {
    refusal(needles, 200, file)
}

/// The same with another status.
pub(super) fn refusal(needles: &'static [&'static str], status: u16, file: &str) -> Answer {
    let path = support::root().join("tests/fixtures").join(file);
    Answer {
        needles,
        status,
        content_type: match path.extension().and_then(|ending| ending.to_str()) {
            Some("json") => "application/json",
            Some("vtt") => "text/vtt",
            _ => "text/plain",
        },
        location: None,
        body: std::fs::read(&path).unwrap_or_else(|error| panic!("{file}: {error}")),
    }
}

/// A redirect.
pub(super) fn redirect(needles: &'static [&'static str], location: &'static str) -> Answer {
    Answer {
        needles,
        status: 302,
        content_type: "text/html; charset=utf-8",
        location: Some(location),
        body: b"<html>Moved</html>".to_vec(),
    }
}

/// A 200 with the recording itself, of which nothing is read.
pub(super) fn recording(needles: &'static [&'static str]) -> Answer {
    Answer {
        needles,
        status: 200,
        content_type: "video/mp4",
        location: None,
        body: Vec::new(),
    }
}

/// A sentence of the matrix and what it means for what is recorded.
pub(super) struct Promise {
    /// Part of a sentence under `can` or `cannot`.
    pub(super) words: &'static str,
    /// What it is about.
    pub(super) fact: Fact,
    /// Whether at least one call has it (`can`), or none may (`cannot`).
    pub(super) kept: bool,
}

/// A sentence under `can`: at least one recorded call has it.
pub(super) fn can(words: &'static str, fact: Fact) -> Promise {
    Promise {
        words,
        fact,
        kept: true,
    }
}

/// A sentence under `cannot`: no recorded call has it.
pub(super) fn cannot(words: &'static str, fact: Fact) -> Promise {
    Promise {
        words,
        fact,
        kept: false,
    }
}

/// Something that a call may have and that CS may tell a customer about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(
    dead_code,
    reason = "no platform speaks of all of them; the list is for all"
)]
pub(super) enum Fact {
    /// A title.
    Title,
    /// When it began.
    Start,
    /// How long it was.
    Duration,
    /// Which language was spoken.
    Language,
    /// A link to the call's page.
    Link,
    /// Whether only some people may see it.
    Privacy,
    /// The platform's own summary.
    Summary,
    /// Records of a CRM.
    CrmLinks,
    /// Who took part.
    Participants,
    /// Their e-mail addresses.
    Emails,
    /// Their phone numbers.
    Phones,
    /// Whether they came.
    Attendance,
    /// Whether they are the customer's own people, as the platform itself tells.
    Affiliation,
    /// What was said.
    Transcript,
    /// Who said it, by label.
    Speakers,
    /// Which participant said it.
    SpeakingParticipants,
    /// When a passage begins.
    StartTimes,
    /// When a passage ends.
    EndTimes,
    /// Audio or video.
    Recording,
}

impl Fact {
    /// Whether a call has it.
    pub(super) fn holds(self, call: &Call, transcript: Option<&Transcript>) -> bool {
        let mut people = call.participants.iter();
        let mut segments = transcript.iter().flat_map(|said| &said.segments);
        match self {
            Self::Title => call.title.is_some(),
            Self::Start => call.started_at.is_some(),
            Self::Duration => call.duration_ms.is_some(),
            Self::Language => call.language.is_some(),
            Self::Link => call.source_url.is_some(),
            Self::Privacy => call.is_private.is_some(),
            Self::Summary => call.summary.is_some(),
            Self::CrmLinks => !call.crm_links.is_empty(),
            Self::Participants => people.next().is_some(),
            Self::Emails => people.any(|person| person.email.is_some()),
            Self::Phones => people.any(|person| person.phone.is_some()),
            Self::Attendance => people.any(|person| person.attended.is_some()),
            Self::Affiliation => people.any(|person| person.affiliation != Affiliation::Unknown),
            Self::Transcript => segments.any(|segment| !segment.text.is_empty()),
            Self::Speakers => segments.any(|segment| segment.speaker.is_some()),
            Self::SpeakingParticipants => segments.any(|segment| segment.participant.is_some()),
            Self::StartTimes => segments.any(|segment| segment.start_ms.is_some()),
            Self::EndTimes => segments.any(|segment| segment.end_ms.is_some()),
            Self::Recording => !call.media.is_empty(),
        }
    }
}
