//! Which files belong to one call: the list decides, else names, else the folder; nothing is guessed.
//!
//! Every file that is no list ends in exactly one place: in one group, or apart with a reason. Every row of
//! a list is one group or one failure. The order in which files are given does not count.

mod places;
mod resolve;
mod rows;

use std::collections::{BTreeMap, HashSet};

use super::{Kind, ListedCall, Notice, RowFailure, kind, names};
use crate::model::MediaKind;
use places::Places;
pub use places::ROW_FAILED;
use resolve::Paths;

/// What belongs together.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Pairing<'a> {
    /// One for each call: those of lists in their order, then the others by name.
    pub groups: Vec<Group<'a>>,
    /// Files that are of no call, and why: a sentence.
    pub unpaired: Vec<(&'a str, String)>,
    /// Rows that make no call, each with the number of its list.
    pub failures: Vec<(usize, RowFailure)>,
    /// What is worth a look, each with the name of the list or folder.
    pub notices: Vec<(String, Notice)>,
}

/// The files of one call.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Group<'a> {
    /// Number of a list, and number of a call in it.
    pub list: Option<(usize, usize)>,
    /// The transcript that counts.
    pub transcript: Option<&'a str>,
    /// The recording that counts.
    pub recording: Option<&'a str>,
    /// Further files of the call, such as the same transcript in another format: attachments.
    pub others: Vec<&'a str>,
}

/// Finds out which files belong together.
///
/// `files` are paths and kinds, such as `files/northwind/a/call.vtt`, or `files/northwind/bundle.zip/a/call.vtt`
/// for a member of a ZIP file. `lists` are those files among them that were read as lists of calls.
pub fn pair<'a>(files: &'a [(String, Kind)], lists: &[(&str, &[ListedCall])]) -> Pairing<'a> {
    let files = Files::new(files, lists);
    let mut found = Pairing::default();
    let rows = rows::read(&files, lists, &mut found.notices);
    let mut places = Places::new(&files);
    let (failed, good): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| row.problem.is_some());
    for row in good {
        places.open(Some(row.at), row.files);
    }
    for row in failed {
        places.set_apart(row.files.iter().chain(&row.may_be), places::ROW_FAILED);
        let original = row.listed.original.clone();
        let failure = |problem| (row.at.0, RowFailure { problem, original });
        found.failures.extend(row.problem.map(failure));
    }
    places.join_stems();
    places.join_folders(&mut found.notices);
    places.write(&mut found);
    found
}

/// The files in order of name, without the lists.
struct Files<'a> {
    all: Vec<File<'a>>,
    /// Files in one folder whose names differ only in what exporters append.
    blocks: BTreeMap<(String, String), Vec<usize>>,
    paths: Paths,
}

struct File<'a> {
    name: &'a str,
    role: Role,
}

enum Role {
    /// Those with lower numbers come first.
    Transcript(u8),
    Recording(u8),
    /// Not readable; why.
    None(String),
}

impl<'a> Files<'a> {
    fn new(files: &'a [(String, Kind)], lists: &[(&str, &[ListedCall])]) -> Self {
        let lists: HashSet<&str> = lists.iter().map(|(name, _)| *name).collect();
        let mut all: Vec<_> = files
            .iter()
            .filter(|(name, _)| !lists.contains(name.as_str()))
            .map(|(name, kind)| File {
                name,
                role: role(name, kind),
            })
            .collect();
        all.sort_by_key(|file| file.name);
        let mut blocks: BTreeMap<_, Vec<usize>> = BTreeMap::new();
        for (index, file) in all.iter().enumerate() {
            if !matches!(file.role, Role::None(_)) {
                let folder = names::path_key(names::folder(file.name));
                let stem = names::text_key(names::stem(file.name));
                blocks.entry((folder, stem)).or_default().push(index);
            }
        }
        let paths = Paths::new(all.iter().map(|file| file.name));
        Self { all, blocks, paths }
    }
}

fn role(name: &str, kind: &Kind) -> Role {
    match kind {
        Kind::Transcript | Kind::Table | Kind::Json => Role::Transcript(transcript_rank(name)),
        // A picture has the sound as well.
        Kind::Recording { kind, .. } => Role::Recording(u8::from(*kind != MediaKind::Video)),
        Kind::Archive => Role::None(kind::PACKED_TWICE.into()),
        Kind::Ignored(reason) => Role::None((*reason).into()),
        Kind::Refused(problem) => Role::None(problem.to_string()),
    }
}

/// Which of several transcripts of a call counts: Zoom's own before its captions, then those with exact times.
fn transcript_rank(name: &str) -> u8 {
    let name = name.to_ascii_lowercase();
    let endings = [
        ".transcript.vtt",
        ".cc.vtt",
        ".vtt",
        ".srt",
        ".docx",
        ".txt",
    ];
    let rank = endings.iter().position(|ending| name.ends_with(ending));
    rank.unwrap_or(endings.len()) as u8
}
