//! The rows of lists, and the files that they name or mean.

use std::collections::{HashMap, HashSet};

use super::{Files, Role, resolve};
use crate::files::{
    FileProblem, ListedCall, Notice, names,
    notice::{Code, Notices},
};

/// A row of a list on its way to a group or a failure.
pub(super) struct Row<'l> {
    pub(super) at: (usize, usize),
    list: &'l str,
    pub(super) listed: &'l ListedCall,
    /// Whether it names files, rather than only the call.
    names_files: bool,
    pub(super) files: Vec<usize>,
    /// Those of which it may mean one.
    pub(super) may_be: Vec<usize>,
    pub(super) problem: Option<FileProblem>,
}

/// All rows, each with its files or its problem.
pub(super) fn read<'l>(
    files: &Files<'_>,
    lists: &[(&'l str, &'l [ListedCall])],
    notices: &mut Vec<(String, Notice)>,
) -> Vec<Row<'l>> {
    let mut rows = named(files, lists, notices);
    by_stem(files, &mut rows, |row| Some(&row.listed.call.external_id));
    by_stem(files, &mut rows, |row| row.listed.call.title.as_deref());
    refuse_contested(&mut rows);
    rows
}

/// All rows, each with the files that it names.
fn named<'l>(
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
            Err(may_be) if may_be.is_empty() => self.fail(resolve::missing(written), written),
            Err(may_be) => {
                self.may_be.extend(may_be);
                self.fail(resolve::several(written), written);
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
    let mut others = HashMap::new();
    for claimants in claims.into_values() {
        for index in &claimants {
            if let Some(other) = claimants.iter().find(|other| *other != index) {
                // The first row of those that it shares a file with, so that the message is always the same.
                let first = others.entry(*index).or_insert(*other);
                *first = *other.min(first);
            }
        }
    }
    for (index, other) in others {
        let Row { list, listed, .. } = &rows[other];
        let (list, line) = (*list, listed.line);
        let row = &mut rows[index];
        let list = (list != row.list).then_some(list);
        let listed = row.listed;
        let written = listed
            .transcript_file
            .as_ref()
            .or(listed.media_file.as_ref());
        row.fail(
            resolve::contested(list, line),
            written.map_or("", String::as_str),
        );
    }
}
