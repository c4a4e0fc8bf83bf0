//! From files to groups: where each one ends.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::{File, Files, Group, Pairing, Role};
use crate::files::{
    Notice, names,
    notice::{Code, Notices},
};

/// Why files are apart that a row means which makes no call.
pub const ROW_FAILED: &str = "A row of the list that names this file, or may mean it, has a problem; the file is imported when the \
                          row is corrected.";

const SEVERAL_ROWS: &str =
    "Several rows of the list name files of the same name; let one of them name this file as well.";

/// Where each file is.
pub(super) struct Places<'f, 'a> {
    files: &'f Files<'a>,
    place: Vec<Place>,
    groups: Vec<OpenGroup>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Nowhere,
    Group(usize),
    Apart(&'static str),
}

/// A group that is being put together.
struct OpenGroup {
    list: Option<(usize, usize)>,
    files: Vec<usize>,
    /// How many of them, the first ones, a row names: they come before others.
    named: usize,
}

impl<'f, 'a> Places<'f, 'a> {
    pub(super) fn new(files: &'f Files<'a>) -> Self {
        Self {
            files,
            place: vec![Place::Nowhere; files.all.len()],
            groups: Vec::new(),
        }
    }

    pub(super) fn open(&mut self, list: Option<(usize, usize)>, files: Vec<usize>) {
        for file in &files {
            self.place[*file] = Place::Group(self.groups.len());
        }
        self.groups.push(OpenGroup {
            list,
            named: files.len(),
            files,
        });
    }

    /// Says why files are in no group, of those that are in none yet.
    pub(super) fn set_apart<'i>(
        &mut self,
        files: impl IntoIterator<Item = &'i usize>,
        reason: &'static str,
    ) {
        for file in files {
            if self.place[*file] == Place::Nowhere {
                self.place[*file] = Place::Apart(reason);
            }
        }
    }

    /// Files in one folder and of one stem are of one call.
    pub(super) fn join_stems(&mut self) {
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
    pub(super) fn join_folders(&mut self, notices: &mut Vec<(String, Notice)>) {
        let is_apart = |file: &usize| matches!(self.place[*file], Place::Apart(_));
        let apart = (0..self.place.len()).filter(is_apart);
        let troubled: HashSet<_> = apart.map(|file| self.folder(file)).collect();
        for (folder, groups) in self.folders() {
            let only = |has| groups.iter().copied().find(|group| self.has(*group) == has);
            let (said, heard) = (only((true, false)), only((false, true)));
            let (Some(said), Some(heard)) = (said, heard) else {
                continue;
            };
            // What the list names apart is apart.
            if groups
                .iter()
                .all(|group| self.groups[*group].list.is_some())
            {
                continue;
            }
            let mut files = groups.iter().flat_map(|group| &self.groups[*group].files);
            let here = files.all(|file| self.folder(*file) == folder) && !troubled.contains(folder);
            if groups.len() == 2 && here {
                self.merge(said, heard);
            } else {
                let mut noticed = Notices::default();
                noticed.add(Code::NamesDiffer, 1);
                let of_folder = |notice| (folder.to_owned(), notice);
                notices.extend(noticed.into_list().into_iter().map(of_folder));
            }
        }
    }

    /// The groups that have files in each folder.
    fn folders(&self) -> BTreeMap<&'a str, BTreeSet<usize>> {
        let mut folders: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
        for (group, open) in self.groups.iter().enumerate() {
            for file in &open.files {
                folders.entry(self.folder(*file)).or_default().insert(group);
            }
        }
        folders
    }

    fn folder(&self, file: usize) -> &'a str {
        names::folder(self.files.all[file].name)
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

    pub(super) fn write(self, found: &mut Pairing<'a>) {
        let all = &self.files.all;
        for (file, place) in all.iter().zip(&self.place) {
            match (&file.role, place) {
                (Role::None(reason), _) => found.unpaired.push((file.name, reason.clone())),
                (_, Place::Apart(reason)) => found.unpaired.push((file.name, (*reason).into())),
                (_, Place::Nowhere | Place::Group(_)) => {}
            }
        }
        let groups = self.groups.into_iter();
        let mut groups: Vec<_> = groups
            .filter(|group| group.list.is_some() || !group.files.is_empty())
            .collect();
        groups.sort_by_key(|group| {
            (
                group.list.is_none(),
                group.list,
                group.files.iter().min().copied(),
            )
        });
        found
            .groups
            .extend(groups.into_iter().map(|group| group.group(all)));
    }
}

impl OpenGroup {
    fn group<'a>(self, all: &[File<'a>]) -> Group<'a> {
        let mut group = Group {
            list: self.list,
            ..Group::default()
        };
        let named = self.named;
        let mut files: Vec<_> = self.files.into_iter().enumerate().collect();
        files.sort_by_key(|(place, file)| (*place >= named, all[*file].order(), *file));
        let mut others = Vec::new();
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
                others.push(file);
            }
        }
        others.sort_by_key(|file| (all[*file].order(), *file));
        group.others = others.into_iter().map(|file| all[file].name).collect();
        group
    }
}

impl File<'_> {
    /// Transcripts, then recordings; the better ones first.
    const fn order(&self) -> (u8, u8) {
        match self.role {
            Role::Transcript(rank) => (0, rank),
            Role::Recording(rank) => (1, rank),
            Role::None(_) => (2, 0),
        }
    }
}
