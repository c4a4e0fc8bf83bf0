//! What a step brings.

use secrecy::{ExposeSecret, SecretString};

use super::Cursor;
use crate::{
    files::SourceFile,
    model::{Call, FileFailure, LeftOut, Spoken},
};

/// The unit of commit: what one step brought, and where the listing goes on.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Page {
    /// Calls listed, in the platform's order.
    pub calls: Vec<Call>,
    /// Transcripts fetched, by the call's id. Calls that were asked for and are missing stay pending.
    pub transcripts: Vec<(String, Spoken)>,
    /// Of the calls whose transcripts were asked for, those that will never have one for us: refused, or
    /// gone. They become `unavailable` and are not asked for again.
    pub without_transcript: Vec<String>,
    /// Where media are. Calls that were asked for and are missing are not ready yet.
    pub media: Vec<MediaFile>,
    /// Of the calls whose media were asked for, those that will never have any for us. They become
    /// `unavailable` and are not asked for again.
    pub without_media: Vec<String>,
    /// Records that could not be read, and media that the platform could not make ready. The others of the
    /// page are kept.
    pub failures: Vec<RecordFailure>,
    /// Rows of files, and whole files, that make no call. The others are kept.
    pub file_failures: Vec<FileFailure>,
    /// Files that are no call of their own, and why.
    pub skipped: Vec<LeftOut>,
    /// Ids of records that are no part of the work, such as calls before the window. They only show that the
    /// listing gets on.
    pub left_out: Vec<String>,
    /// Which of several passes over the window the page belongs to, from 0: with several keys there is one for
    /// each, and a call that two of them see comes once in either.
    pub pass: usize,
    /// Where the listing goes on; `None` at its end.
    pub next: Option<Cursor>,
    /// How many calls the whole window holds, if the platform tells.
    pub total: Option<u64>,
    /// Where the credential leads, by name, as far as [`super::Work::Verify`] is told.
    pub sees: Option<Seen>,
}

/// Where a credential leads. The names are the customer's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// The workspaces whose calls it reads.
    Workspaces(Vec<String>),
    /// The teams of the account that it is for.
    Teams(Vec<String>),
    /// The user whose calls it reads.
    User(String),
}

/// A single record that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordFailure {
    /// The call's id, or a stable name for the record where the id itself is missing.
    pub external_id: String,
    /// Where it happened: `list`, `transcript` or `media`.
    pub stage: &'static str,
    /// For engineers; no secret, no customer text beyond a short excerpt.
    pub detail: String,
}

/// The recording of a call, ready to be fetched: the video, where there is one, else the audio.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaFile {
    /// The call's id.
    pub external_id: String,
    /// Where it is.
    pub place: Place,
    /// Size in bytes, if the platform tells it beforehand.
    pub bytes: Option<u64>,
}

/// Where a recording is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// At its host.
    Link(Link),
    /// Among the files of the request.
    File(SourceFile),
}

impl MediaFile {
    /// The recording of a call; its size is not known.
    pub fn new(external_id: impl Into<String>, link: Link) -> Self {
        Self {
            external_id: external_id.into(),
            place: Place::Link(link),
            bytes: None,
        }
    }

    /// The whole address, or the name of the file.
    pub fn address(&self) -> &str {
        match &self.place {
            Place::Link(link) => link.expose(),
            Place::File(file) => &file.name,
        }
    }

    /// The recording of a call that came as a file.
    pub fn of_file(external_id: impl Into<String>, file: SourceFile) -> Self {
        Self {
            external_id: external_id.into(),
            bytes: Some(file.bytes),
            place: Place::File(file),
        }
    }
}

/// A signed address, which expires. Whoever has it can fetch what it leads to, without any other credential,
/// so it is never shown or recorded.
#[derive(Debug, Clone)]
pub struct Link(SecretString);

impl Link {
    /// A link as the platform gave it.
    pub fn new(address: impl Into<String>) -> Self {
        Self(SecretString::from(address.into()))
    }

    /// The whole address.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl PartialEq for Link {
    fn eq(&self, other: &Self) -> bool {
        self.expose() == other.expose()
    }
}

impl Eq for Link {}
