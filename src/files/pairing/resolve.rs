//! From what a row writes to the file that it means.

use std::collections::HashMap;

use crate::files::{FileProblem, names};

/// The paths of all files, each known by its place among them.
pub(super) struct Paths {
    exact: HashMap<String, usize>,
    /// By file name, as file systems compare names: the whole path too.
    by_file_name: HashMap<String, Vec<(String, usize)>>,
}

impl Paths {
    pub(super) fn new<'a>(names: impl Iterator<Item = &'a str>) -> Self {
        let mut paths = Self {
            exact: HashMap::new(),
            by_file_name: HashMap::new(),
        };
        for (index, name) in names.enumerate() {
            let key = names::path_key(name);
            let file_name = names::file_name(&key).to_owned();
            paths.exact.entry(name.to_owned()).or_insert(index);
            paths
                .by_file_name
                .entry(file_name)
                .or_default()
                .push((key, index));
        }
        paths
    }

    /// The file that a list in the folder `base` means by `written`: a path from the list, or from the
    /// requests folder; or the end of a path, if only one file ends so, in the list's folder or else anywhere.
    ///
    /// # Errors
    /// The files that may be meant: none if it is not there, else several.
    pub(super) fn resolve(&self, base: &str, written: &str) -> Result<usize, Vec<usize>> {
        let written = written.trim().replace('\\', "/");
        let from_list = joined(base, &written);
        let paths = [from_list.as_deref(), Some(written.as_str())];
        if let Some(file) = paths
            .into_iter()
            .flatten()
            .find_map(|path| self.exact.get(path))
        {
            return Ok(*file);
        }
        let key = names::path_key(written.trim_start_matches("./"));
        let similar = self.by_file_name.get(names::file_name(&key));
        let similar = similar.map_or(&[][..], Vec::as_slice);
        let from_list = from_list.map(|path| names::path_key(&path));
        let same: Vec<_> = similar
            .iter()
            .filter(|(path, _)| Some(path) == from_list.as_ref())
            .collect();
        let ends_so = |path: &str| {
            path.strip_suffix(&key)
                .is_some_and(|rest| rest.is_empty() || rest.ends_with('/'))
        };
        let anywhere: Vec<_> = similar.iter().filter(|(path, _)| ends_so(path)).collect();
        let base = names::path_key(base);
        let near: Vec<_> = anywhere
            .iter()
            .copied()
            .filter(|(path, _)| is_within(names::folder(path), &base))
            .collect();
        for found in [same, near, anywhere] {
            match found.as_slice() {
                [] => {}
                [(_, file)] => return Ok(*file),
                several => return Err(several.iter().map(|(_, file)| *file).collect()),
            }
        }
        Err(Vec::new())
    }
}

/// Whether a folder is another one or lies in it.
pub(super) fn is_within(folder: &str, base: &str) -> bool {
    base.is_empty()
        || folder
            .strip_prefix(base)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// A path from a folder, with `.` and `..` followed; `None` if it leads out of the top.
fn joined(base: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = base.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

pub(super) fn missing(written: &str) -> FileProblem {
    FileProblem::new(
        "listed-file-missing",
        format!(
            "The list names the file {:?}, which is not among the files of the request.",
            shown(written)
        ),
        "Correct the name, add the file, or leave the cell empty to import the call without it.",
    )
}

pub(super) fn several(written: &str) -> FileProblem {
    FileProblem::new(
        "listed-file-ambiguous",
        format!(
            "Several files fit {:?}, in different folders.",
            shown(written)
        ),
        "Write the path of the one that is meant, as seen from the list, into transcript_file or media_file.",
    )
}

pub(super) fn contested(list: Option<&str>, line: usize) -> FileProblem {
    let list = list.map_or_else(String::new, |list| format!(" of {list}"));
    FileProblem::new(
        "listed-file-twice",
        format!("The same file belongs to this row and to the one on line {line}{list}."),
        "Name the right file in transcript_file or media_file of each row, or delete one row if both are the same call.",
    )
}

pub(super) fn unreadable(written: &str, reason: &str) -> FileProblem {
    FileProblem::new(
        "listed-file-unreadable",
        format!(
            "The list names the file {:?}, which cannot be used: {reason}",
            shown(written)
        ),
        "Name another file, or leave the cell empty to import the call without it.",
    )
}

fn shown(written: &str) -> String {
    written.chars().take(80).collect()
}
