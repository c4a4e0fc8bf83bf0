//! Which files belong to one call: the list decides, else names, else the folder; nothing is guessed.
//!
//! Every file that is no list ends in exactly one place: in one group, or apart with a reason. Every row of
//! a list is one group or one failure. The order in which files are given does not count.

mod resolve;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::{
    FileProblem, Kind, ListedCall, Notice, RowFailure, kind, names,
    notice::{Code, Notices},
};
use crate::model::MediaKind;
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
    let mut rows = rows(&files, lists, &mut found.notices);
    by_stem(&files, &mut rows, |row| {
        Some(row.listed.call.external_id.as_str())
    });
    by_stem(&files, &mut rows, |row| row.listed.call.title.as_deref());
    refuse_contested(&mut rows);
    let mut places = Places::new(&files);
    let (failed, good): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| row.problem.is_some());
    for row in good {
        places.open(Some(row.at), row.files);
    }
    for row in failed {
        places.set_apart(row.files.iter().chain(&row.may_be), ROW_FAILED);
        let original = row.listed.original.clone();
        let failures = row
            .problem
            .map(|problem| (row.at.0, RowFailure { problem, original }));
        found.failures.extend(failures);
    }
    places.join_stems();
    places.join_folders(&mut found.notices);
    places.write(&mut found);
    found
}

const ROW_FAILED: &str = "A row of the list that names this file, or may mean it, has a problem; the file is imported when the \
                          row is corrected.";

const SEVERAL_ROWS: &str =
    "Several rows of the list name files of the same name; let one of them name this file as well.";

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

/// A row of a list on its way to a group or a failure.
struct Row<'l> {
    at: (usize, usize),
    list: &'l str,
    listed: &'l ListedCall,
    /// Whether it names files, rather than only the call.
    names_files: bool,
    files: Vec<usize>,
    /// Those of which it may mean one.
    may_be: Vec<usize>,
    problem: Option<FileProblem>,
}

/// All rows, each with the files that it names.
fn rows<'l>(
    files: &Files<'_>,
    lists: &[(&'l str, &'l [ListedCall])],
    notices: &mut Vec<(String, Notice)>,
) -> Vec<Row<'l>> {
    let mut rows = Vec::new();
    for (number, (list, calls)) in lists.iter().enumerate() {
        let mut noticed = Notices::default();
        for (index, listed) in calls.iter().enumerate() {
            let mut row = Row {
                at: (number, index),
                list,
                listed,
                names_files: false,
                files: Vec::new(),
                may_be: Vec::new(),
                problem: None,
            };
            for written in [&listed.transcript_file, &listed.media_file]
                .into_iter()
                .flatten()
            {
                if written.contains("://") {
                    noticed.add(Code::LinkedFile, listed.line);
                } else {
                    row.name_file(files, written);
                }
            }
            rows.push(row);
        }
        notices.extend(
            noticed
                .into_list()
                .into_iter()
                .map(|notice| ((*list).to_owned(), notice)),
        );
    }
    rows
}

impl Row<'_> {
    fn name_file(&mut self, files: &Files<'_>, written: &str) {
        self.names_files = true;
        match files.paths.resolve(names::folder(self.list), written) {
            Ok(file) => {
                if let Role::None(reason) = &files.all[file].role {
                    self.fail(resolve::unreadable(written, reason), written);
                } else if !self.files.contains(&file) {
                    self.files.push(file);
                }
            }
            Err((problem, may_be)) => {
                self.may_be.extend(may_be);
                self.fail(problem, written);
            }
        }
    }

    /// The first problem counts.
    fn fail(&mut self, problem: FileProblem, value: &str) {
        if self.problem.is_some() {
            return;
        }
        let cells = &self.listed.original;
        let cell = cells
            .iter()
            .position(|(_, cell)| !value.is_empty() && cell.trim() == value.trim());
        let problem = problem.at(self.listed.line);
        self.problem = Some(match cell {
            Some(cell) => problem.with_value(cell + 1, value),
            None => problem,
        });
    }
}

/// Gives rows that name no file those whose stem is the call's id or title.
fn by_stem<'l>(
    files: &Files<'_>,
    rows: &mut [Row<'l>],
    word: impl Fn(&Row<'l>) -> Option<&'l str>,
) {
    let taken: HashSet<usize> = rows
        .iter()
        .flat_map(|row| row.files.iter().copied())
        .collect();
    let mut free: HashMap<&str, Vec<(&str, &[usize])>> = HashMap::new();
    for ((folder, stem), block) in &files.blocks {
        if !block.iter().any(|file| taken.contains(file)) {
            free.entry(stem).or_default().push((folder, block));
        }
    }
    for row in rows {
        if row.names_files || !row.files.is_empty() || row.problem.is_some() {
            continue;
        }
        let Some(word) = word(row).filter(|word| !word.trim().is_empty()) else {
            continue;
        };
        let Some(blocks) = free.get(names::text_key(word).as_str()) else {
            continue;
        };
        let base = names::path_key(names::folder(row.list));
        let near: Vec<_> = blocks
            .iter()
            .filter(|(folder, _)| resolve::is_within(folder, &base))
            .collect();
        match (near.as_slice(), blocks.as_slice()) {
            ([(_, block)], _) | ([], [(_, block)]) => row.files = block.to_vec(),
            (near, all) => {
                let may_be = if near.is_empty() {
                    all.iter().collect()
                } else {
                    near.to_vec()
                };
                row.may_be = may_be
                    .into_iter()
                    .flat_map(|(_, block)| *block)
                    .copied()
                    .collect();
                row.fail(resolve::several(word), word);
            }
        }
    }
}

/// Two rows with one file: one of them is wrong, and nobody knows which.
fn refuse_contested(rows: &mut [Row<'_>]) {
    let mut claims: HashMap<usize, Vec<usize>> = HashMap::new();
    for (index, row) in rows.iter().enumerate() {
        for file in &row.files {
            claims.entry(*file).or_default().push(index);
        }
    }
    let contested = claims.into_values().filter(|rows| rows.len() > 1);
    let contested: BTreeSet<_> = contested.collect();
    for claimants in contested {
        for index in &claimants {
            let others = claimants.iter().filter(|other| *other != index);
            let other = others.map(|other| &rows[*other]).next();
            let Some((list, line)) = other.map(|other| (other.list, other.listed.line)) else {
                continue;
            };
            let row = &mut rows[*index];
            let list = (list != row.list).then_some(list);
            let written = [&row.listed.transcript_file, &row.listed.media_file];
            let written = written.into_iter().flatten().next().cloned();
            row.fail(resolve::contested(list, line), &written.unwrap_or_default());
        }
    }
}

/// Where each file is.
struct Places<'f, 'a> {
    files: &'f Files<'a>,
    place: Vec<Place>,
    groups: Vec<Draft>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Nowhere,
    Group(usize),
    Apart(&'static str),
}

/// A group that is being put together.
struct Draft {
    list: Option<(usize, usize)>,
    files: Vec<usize>,
    /// How many of them, the first ones, a row names: they come before others.
    named: usize,
}

impl<'f, 'a> Places<'f, 'a> {
    fn new(files: &'f Files<'a>) -> Self {
        Self {
            files,
            place: vec![Place::Nowhere; files.all.len()],
            groups: Vec::new(),
        }
    }

    fn open(&mut self, list: Option<(usize, usize)>, files: Vec<usize>) {
        for file in &files {
            self.place[*file] = Place::Group(self.groups.len());
        }
        self.groups.push(Draft {
            list,
            named: files.len(),
            files,
        });
    }

    /// Says why files are in no group, of those that are in none yet.
    fn set_apart<'i>(&mut self, files: impl IntoIterator<Item = &'i usize>, reason: &'static str) {
        for file in files {
            if self.place[*file] == Place::Nowhere {
                self.place[*file] = Place::Apart(reason);
            }
        }
    }

    /// Files in one folder and of one stem are of one call.
    fn join_stems(&mut self) {
        let files = self.files;
        for block in files.blocks.values() {
            let places: Vec<_> = block.iter().map(|file| self.place[*file]).collect();
            let mut owners: Vec<_> = places
                .into_iter()
                .filter(|place| *place != Place::Nowhere)
                .collect();
            owners.dedup();
            let free = block
                .iter()
                .filter(|file| self.place[**file] == Place::Nowhere);
            let free: Vec<_> = free.copied().collect();
            match owners.as_slice() {
                [] => self.open(None, free),
                [Place::Group(group)] => self.join(*group, free),
                [Place::Apart(reason)] => self.set_apart(&free, reason),
                _ => self.set_apart(&free, SEVERAL_ROWS),
            }
        }
    }

    fn join(&mut self, group: usize, files: Vec<usize>) {
        for file in &files {
            self.place[*file] = Place::Group(group);
        }
        self.groups[group].files.extend(files);
    }

    /// A transcript and a recording that are alone in their folder are of one call.
    fn join_folders(&mut self, notices: &mut Vec<(String, Notice)>) {
        let mut folders: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
        let mut spread = HashSet::new();
        for (group, draft) in self.groups.iter().enumerate() {
            let of_draft: BTreeSet<_> = draft
                .files
                .iter()
                .map(|file| names::folder(self.files.all[*file].name))
                .collect();
            if of_draft.len() > 1 {
                spread.insert(group);
            }
            for folder in of_draft {
                folders.entry(folder).or_default().insert(group);
            }
        }
        let troubled: HashSet<_> = (0..self.place.len())
            .filter(|file| matches!(self.place[*file], Place::Apart(_)))
            .map(|file| names::folder(self.files.all[file].name))
            .collect();
        for (folder, groups) in folders {
            let groups: Vec<_> = groups.into_iter().collect();
            let said: Vec<_> = groups
                .iter()
                .filter(|group| self.has(**group) == (true, false))
                .collect();
            let heard: Vec<_> = groups
                .iter()
                .filter(|group| self.has(**group) == (false, true))
                .collect();
            let (Some(transcript), Some(recording)) = (said.first(), heard.first()) else {
                continue;
            };
            let both_listed = groups
                .iter()
                .all(|group| self.groups[*group].list.is_some());
            let alone = groups.len() == 2
                && !troubled.contains(folder)
                && !groups.iter().any(|group| spread.contains(group));
            if alone && !both_listed {
                self.merge(**transcript, **recording);
            } else if !both_listed {
                let mut noticed = Notices::default();
                noticed.add(Code::NamesDiffer, 1);
                notices.extend(
                    noticed
                        .into_list()
                        .into_iter()
                        .map(|notice| (folder.to_owned(), notice)),
                );
            }
        }
    }

    /// Whether a group has a transcript, and whether it has a recording.
    fn has(&self, group: usize) -> (bool, bool) {
        let mut roles = self.groups[group]
            .files
            .iter()
            .map(|file| &self.files.all[*file].role);
        let transcript = roles
            .clone()
            .any(|role| matches!(role, Role::Transcript(_)));
        (
            transcript,
            roles.any(|role| matches!(role, Role::Recording(_))),
        )
    }

    /// A group that a list names keeps its row.
    fn merge(&mut self, one: usize, other: usize) {
        let (into, from) = if self.groups[other].list.is_some() {
            (other, one)
        } else {
            (one, other)
        };
        let files = std::mem::take(&mut self.groups[from].files);
        self.join(into, files);
    }

    fn write(self, found: &mut Pairing<'a>) {
        let all = &self.files.all;
        for (file, place) in all.iter().zip(&self.place) {
            match (&file.role, place) {
                (Role::None(reason), _) => found.unpaired.push((file.name, reason.clone())),
                (_, Place::Apart(reason)) => found.unpaired.push((file.name, (*reason).into())),
                (_, Place::Nowhere | Place::Group(_)) => {}
            }
        }
        let drafts = self.groups.into_iter();
        let mut drafts: Vec<_> = drafts
            .filter(|draft| draft.list.is_some() || !draft.files.is_empty())
            .collect();
        drafts.sort_by_key(|draft| {
            (
                draft.list.is_none(),
                draft.list,
                draft.files.iter().min().copied(),
            )
        });
        found
            .groups
            .extend(drafts.into_iter().map(|draft| draft.group(all)));
    }
}

impl Draft {
    fn group<'a>(self, all: &[File<'a>]) -> Group<'a> {
        let mut group = Group {
            list: self.list,
            ..Group::default()
        };
        let named = self.named;
        let mut files: Vec<_> = self.files.into_iter().enumerate().collect();
        files.sort_by_key(|(place, file)| {
            let rank = match all[*file].role {
                Role::Transcript(rank) | Role::Recording(rank) => rank,
                Role::None(_) => u8::MAX,
            };
            (*place >= named, rank, *file)
        });
        for (_, file) in files {
            let File { name, role } = &all[file];
            let place = match role {
                Role::Transcript(_) => &mut group.transcript,
                Role::Recording(_) => &mut group.recording,
                Role::None(_) => continue,
            };
            if place.is_none() {
                *place = Some(name);
            } else {
                group.others.push(name);
            }
        }
        group
    }
}
