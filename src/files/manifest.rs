//! The list that the engine proposes where nobody brought one: to be corrected and put beside the files.

use super::{Group, NamedStart, names};

/// What is known of a call for the proposed list, beside its files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Proposal {
    /// The platform's id, if a file carries it.
    pub external_id: Option<String>,
    /// The call's title.
    pub title: Option<String>,
    /// When it began.
    pub started_at: Option<NamedStart>,
    /// How long it was, in milliseconds.
    pub duration_ms: Option<i64>,
    /// Who was there or speaks.
    pub participants: Vec<String>,
    /// Language as a BCP 47 tag.
    pub language: Option<String>,
}

impl Proposal {
    /// What the names of the files tell, and how long the recording is.
    pub fn from_names(group: &Group<'_>, duration_ms: Option<i64>) -> Self {
        let files = group.transcript.into_iter().chain(group.recording);
        Self {
            title: files.clone().find_map(names::title),
            started_at: files.clone().find_map(names::started_at),
            duration_ms,
            ..Self::default()
        }
    }
}

/// The columns of a proposed list, as they are read back.
const COLUMNS: [&str; 8] = [
    "external_id",
    "title",
    "started_at",
    "duration",
    "participants",
    "language",
    "transcript_file",
    "media_file",
];

/// A list to be put into `folder` (as `manifest.csv`) and corrected: one row for each group, in their order.
///
/// It is CSV in UTF-8 with a byte order mark, without which Excel shows accents wrong. Excel takes cells that
/// begin with `=`, `+`, `-` or `@` for formulas, so these get an apostrophe in front, and paths `./`. A start
/// without a time zone stays without one: whoever corrects the list knows it.
pub fn proposed(folder: &str, groups: &[(&Group<'_>, &Proposal)]) -> Vec<u8> {
    let mut table = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer("\u{feff}".as_bytes().to_vec());
    let rows = groups
        .iter()
        .map(|(group, known)| row(folder, group, known));
    for cells in std::iter::once(COLUMNS.map(str::to_owned)).chain(rows) {
        table
            .write_record(cells)
            .expect("memory takes what is written, and all rows have as many cells");
    }
    table.into_inner().expect("memory takes what is written")
}

fn row(folder: &str, group: &Group<'_>, known: &Proposal) -> [String; COLUMNS.len()] {
    let started_at = known.started_at.map(|start| match start {
        NamedStart::Instant(instant) => instant.to_string(),
        NamedStart::Local(local) => local.to_string(),
    });
    // The cell is cut at each semicolon when it is read.
    let participants = known.participants.iter();
    let participants: Vec<_> = participants.map(|name| name.replace(';', ",")).collect();
    let cells = [
        known.external_id.clone(),
        known.title.clone(),
        started_at,
        known.duration_ms.map(clock),
        Some(participants.join("; ")),
        known.language.clone(),
        group.transcript.map(|name| path(folder, name)),
        group.recording.map(|name| path(folder, name)),
    ];
    cells.map(|cell| plain(cell.unwrap_or_default()))
}

/// Hours, minutes and seconds, rounded.
fn clock(milliseconds: i64) -> String {
    let seconds = milliseconds.saturating_add(500).max(0) / 1000;
    format!(
        "{}:{:02}:{:02}",
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60
    )
}

/// A file as seen from the list.
fn path(folder: &str, name: &str) -> String {
    let inside = name
        .strip_prefix(folder)
        .and_then(|rest| rest.strip_prefix('/'));
    let path = inside.unwrap_or(name);
    if begins_formula(path) {
        format!("./{path}")
    } else {
        path.to_owned()
    }
}

/// A cell that no spreadsheet takes for a formula.
fn plain(cell: String) -> String {
    if begins_formula(&cell) {
        format!("'{cell}")
    } else {
        cell
    }
}

fn begins_formula(cell: &str) -> bool {
    cell.starts_with(['=', '+', '-', '@', '\t', '\r'])
}
