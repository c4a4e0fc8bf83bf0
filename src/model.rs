//! The values that everything else speaks of. No input, output or time of day here.

mod call;
mod credential;
mod erasure;
mod forms;
mod known;
mod period;
mod record;
mod slug;
mod spoken;
pub mod words;

pub(crate) use call::words;
pub use call::{
    Affiliation, Call, CallKind, CrmLink, Direction, DurationSource, Granularity, Media, MediaCopy,
    MediaKind, MediaOutcome, MediaState, Participant, Precision, Role, Scope, Segment, Transcript,
    TranscriptContent, TranscriptState,
};
pub use credential::{Credential, MAX_KEYS};
pub use erasure::{Erasure, Holdings};
pub use forms::{Forms, WITHHELD};
pub use known::KnownSecrets;
pub use period::{Period, Window};
pub use record::{
    ApiUsage, CallFailure, Checkpoint, CredentialState, FailureClass, FileFailure, Harvest,
    ImportRecord, LeftOut, MediaCounts, Method, Notification, NotificationKind, Phase, RunOutcome,
    RunRow, Tally, WhoseTurn,
};
pub use slug::slug;
pub use spoken::Spoken;
