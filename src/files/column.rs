//! What the columns of a call list, or of a transcript in a table, can hold.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a column holds. The words are those of table `calls` where there is one.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Column {
    /// The platform's id of the call.
    ExternalId,
    /// The call's title.
    Title,
    /// When the call began.
    StartedAt,
    /// How long it was.
    Duration,
    /// Who was there, in one cell.
    Participants,
    /// Who held it.
    Host,
    /// The language spoken.
    Language,
    /// Name of the file with the transcript.
    TranscriptFile,
    /// Name of the file with the recording.
    MediaFile,
    /// The call's page on the platform.
    SourceUrl,
    /// Inbound or outbound.
    Direction,
    /// Of a transcript: who speaks.
    Speaker,
    /// Of a transcript: from when.
    Start,
    /// Of a transcript: until when.
    End,
    /// Of a transcript: what was said.
    Text,
}
