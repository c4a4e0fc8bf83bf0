//! One recorded call in the form that every platform and file is brought into.
//!
//! Unknown is `None`, never 0 or "". Instants are UTC; durations and offsets are signed milliseconds;
//! ids are text, because Gong's pass 2^53 and Zoom's are UUIDs.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Defines an enum of words that are the same in Rust, SQL and JSON (`as_str`, `FromStr`, `Display`).
macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        pub enum $name { $($(#[$doc])* #[doc = concat!("`", $word, "`")] #[serde(rename = $word)] $variant),+ }

        impl $name {
            /// Every value, in the order of declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word used in YAML, SQL, logs and documents.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = String;

            fn from_str(word: &str) -> Result<Self, String> {
                Self::ALL.iter().copied().find(|value| value.as_str() == word)
                    .ok_or_else(|| format!("{word:?} is not a {}", stringify!($name)))
            }
        }
    };
}
pub(crate) use words;

words! {
    /// What sort of conversation it was.
    CallKind { Meeting = "meeting", Phone = "phone", Voicemail = "voicemail", Upload = "upload", Unknown = "unknown" }
}
words! {
    /// Who called whom.
    Direction { Inbound = "inbound", Outbound = "outbound", Conference = "conference" }
}
words! {
    /// Whether anybody from outside the customer's company took part.
    Scope { Internal = "internal", External = "external", Unknown = "unknown" }
}
words! {
    /// How well `started_at` is known.
    Precision { Exact = "exact", Scheduled = "scheduled", Minute = "minute", Day = "day", Unknown = "unknown" }
}
words! {
    /// Where `duration_ms` comes from.
    DurationSource {
        PlatformMs = "platform_ms", PlatformS = "platform_s", PlatformMin = "platform_min",
        Media = "media", Transcript = "transcript", None = "none",
    }
}
words! {
    /// What somebody did in a call.
    Role {
        Host = "host", Organizer = "organizer", Presenter = "presenter", Attendee = "attendee",
        Bot = "bot", Unknown = "unknown",
    }
}
words! {
    /// Whether somebody belongs to the customer's own company.
    Affiliation { Internal = "internal", External = "external", Unknown = "unknown" }
}
words! {
    /// What one segment of a transcript is in the source.
    Granularity {
        Word = "word", Sentence = "sentence", Cue = "cue", Turn = "turn", Paragraph = "paragraph",
    }
}
words! {
    /// `calls.transcript_state`: `none` = the source has none; `pending` = to be asked for (again);
    /// `imported` = recorded; `unavailable` = asked for until settling ended, never came.
    TranscriptState { None = "none", Pending = "pending", Imported = "imported", Unavailable = "unavailable" }
}
words! {
    /// What a media file holds.
    MediaKind {
        Audio = "audio", Video = "video", Screen = "screen", Chat = "chat", Caption = "caption",
        Attachment = "attachment",
    }
}
words! {
    /// `media.state`: how far the copy of a media file is.
    ///
    /// `listed` = the platform has it; `pending` = asked for, and not ready yet; `stored` = we have a copy;
    /// `unavailable` = we will never get one; `failed` = see `call_failures`.
    MediaState {
        Listed = "listed", Pending = "pending", Stored = "stored", Unavailable = "unavailable",
        Failed = "failed",
    }
}

/// One call as a platform or a file tells it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Call {
    /// The source's id of this occurrence; unique within (platform, account).
    pub external_id: String,
    /// Title as shown, trimmed.
    pub title: Option<String>,
    /// Sort of conversation.
    pub kind: CallKind,
    /// Who called whom.
    pub direction: Option<Direction>,
    /// Internal or external.
    pub scope: Option<Scope>,
    /// Start by the calendar.
    pub scheduled_start: Option<Timestamp>,
    /// Zero point of the transcript's offsets.
    pub started_at: Option<Timestamp>,
    /// How well `started_at` is known.
    pub started_at_precision: Precision,
    /// Length in milliseconds.
    pub duration_ms: Option<i64>,
    /// Where the length comes from.
    pub duration_source: DurationSource,
    /// Language as a BCP 47 tag.
    pub language: Option<String>,
    /// Whether the platform shows it to few people only.
    pub is_private: Option<bool>,
    /// Page for people on the platform, without signed parameters.
    pub source_url: Option<String>,
    /// Link of the meeting room, without passwords.
    pub meeting_url: Option<String>,
    /// Name or e-mail of the host, else the platform's id of the host.
    pub host: Option<String>,
    /// The platform's own summary.
    pub summary: Option<String>,
    /// Who was invited or came, in the platform's order.
    pub participants: Vec<Participant>,
    /// Records of a CRM that the call is linked to.
    pub crm_links: Vec<CrmLink>,
    /// The transcript, or why there is none here.
    #[serde(skip)]
    pub transcript: TranscriptContent,
    /// Audio and video of the call.
    pub media: Vec<Media>,
    /// The source's JSON without transcript text and signed URLs.
    #[serde(skip)]
    pub raw: Option<String>,
}

impl Call {
    /// A call of which only the id is known.
    pub fn new(external_id: impl Into<String>) -> Self {
        Self {
            external_id: external_id.into(),
            title: None,
            kind: CallKind::Unknown,
            direction: None,
            scope: None,
            scheduled_start: None,
            started_at: None,
            started_at_precision: Precision::Unknown,
            duration_ms: None,
            duration_source: DurationSource::None,
            language: None,
            is_private: None,
            source_url: None,
            meeting_url: None,
            host: None,
            summary: None,
            participants: Vec::new(),
            crm_links: Vec::new(),
            transcript: TranscriptContent::Absent,
            media: Vec::new(),
            raw: None,
        }
    }
}

/// Somebody who was invited to a call or took part in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Participant {
    /// Full name.
    pub name: Option<String>,
    /// E-mail address, domain in lower case.
    pub email: Option<String>,
    /// Telephone number as given.
    pub phone: Option<String>,
    /// Job title.
    pub title: Option<String>,
    /// What they did in the call.
    pub role: Role,
    /// The customer's own people, or not.
    pub affiliation: Affiliation,
    /// Whether they came; `None` where the source does not tell.
    pub attended: Option<bool>,
}

/// A link from a call to a record of a CRM.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CrmLink {
    /// The CRM, e.g. `Salesforce`.
    pub system: Option<String>,
    /// Kind of record, e.g. `Opportunity`.
    pub object_type: Option<String>,
    /// The CRM's id of the record.
    pub object_id: Option<String>,
}

/// What a listing says about the transcript of a call.
#[derive(Debug, Clone, PartialEq)]
pub enum TranscriptContent {
    /// The source has none and never will.
    Absent,
    /// It has to be asked for.
    Pending,
    /// It came along.
    Here(Transcript),
}

/// What was said in a call.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Transcript {
    /// `platform`, or `file:vtt`, `file:srt`, ...
    pub source: String,
    /// What one segment is.
    pub granularity: Granularity,
    /// BCP 47 tag where the transcript itself tells.
    pub language: Option<String>,
    /// In the source's order.
    pub segments: Vec<Segment>,
}

impl Transcript {
    /// Bytes of all that was said.
    pub fn bytes(&self) -> usize {
        self.segments.iter().map(|segment| segment.text.len()).sum()
    }
}

/// One unit of a transcript as the source divides it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Segment<T = String> {
    /// The label as in the source. Shared, because a call has few speakers and many segments.
    pub speaker: Option<Arc<str>>,
    /// 1-based position in the call's participants.
    pub participant: Option<i64>,
    /// Milliseconds from the start of the call; may be negative (Teams).
    pub start_ms: Option<i64>,
    /// Milliseconds from the start of the call; unknown in many formats.
    pub end_ms: Option<i64>,
    /// What was said, markup removed.
    pub text: T,
}

/// An audio or video file of a call. Signed links are never part of it: they are secrets and expire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Media {
    /// What it holds.
    pub kind: MediaKind,
    /// MIME type, if known.
    pub mime: Option<String>,
    /// Size in bytes, if known.
    pub bytes: Option<i64>,
    /// Length in milliseconds, if known.
    pub duration_ms: Option<i64>,
    /// How far the copy is.
    pub state: MediaState,
}

impl Media {
    /// A recording that the platform tells of, and no more about it than what it holds.
    pub fn listed(kind: MediaKind) -> Self {
        Self {
            kind,
            mime: None,
            bytes: None,
            duration_ms: None,
            state: MediaState::Listed,
        }
    }
}

/// Our copy of a media file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaCopy {
    /// MIME type, by its first bytes where they tell.
    pub mime: Option<String>,
    /// Size in bytes.
    pub bytes: i64,
    /// SHA-256 of the contents, hexadecimal.
    pub sha256: String,
    /// Where it lies.
    pub stored_uri: String,
}

/// What became of a call's media.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MediaOutcome {
    /// We have a copy.
    Stored(MediaCopy),
    /// The platform makes it ready; it is asked for again another night.
    Pending,
    /// The platform has none, or none for us.
    Unavailable,
    /// It could not be copied.
    Failed,
}

impl MediaOutcome {
    /// The state to record.
    pub const fn state(&self) -> MediaState {
        match self {
            Self::Stored(_) => MediaState::Stored,
            Self::Pending => MediaState::Pending,
            Self::Unavailable => MediaState::Unavailable,
            Self::Failed => MediaState::Failed,
        }
    }
}
