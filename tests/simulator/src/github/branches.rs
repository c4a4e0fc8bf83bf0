//! Branches other than the default one, the files on them, issues, labels and commit statuses: what happens
//! before a merge.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use super::contents::{Commit, Contents, MAIN, Pull, seconds};

/// What the default branch and the commits do not tell.
#[derive(Default)]
pub(super) struct Proposals {
    branches: BTreeMap<String, Branch>,
    /// Files of the default branch whose content matters.
    main_files: BTreeMap<String, Vec<u8>>,
    pub(super) issues: BTreeMap<u64, Issue>,
    pub(super) labels: BTreeSet<String>,
    /// Oldest first.
    pub(super) statuses: Vec<Status>,
}

struct Branch {
    head: String,
    files: BTreeMap<String, Vec<u8>>,
}

/// An issue with its past.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue {
    /// Its number, which no pull request has.
    pub number: u64,
    /// Login of its author.
    pub author: String,
    /// Its title.
    pub title: String,
    /// Its text now.
    pub body: String,
    /// Its earlier texts, oldest first: GitHub shows them as edit history.
    pub earlier: Vec<String>,
    /// Whether it is open.
    pub is_open: bool,
    /// Its labels.
    pub labels: Vec<String>,
    /// When it was opened, in whole seconds.
    pub created_at: Timestamp,
}

/// A commit status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// The commit.
    pub sha: String,
    /// Its name.
    pub context: String,
    /// `success`, `failure`, `error` or `pending`.
    pub state: String,
    /// In a few words.
    pub description: Option<String>,
    /// Where people read more.
    pub target_url: Option<String>,
    /// Login of who set it.
    pub creator: String,
    /// When, in whole seconds.
    pub at: Timestamp,
}

/// A change of one file.
pub(super) struct FileCommit<'a> {
    pub(super) author: &'a str,
    pub(super) branch: &'a str,
    pub(super) message: &'a str,
    pub(super) path: &'a str,
    /// Nothing where it is deleted.
    pub(super) content: Option<&'a [u8]>,
    /// The content that the client believes to be there.
    pub(super) replaces: Option<&'a str>,
}

/// Why a file cannot be written.
pub(super) enum Conflict {
    /// There is no such branch.
    NoBranch,
    /// There is a file, and the client does not name its content.
    Unnamed,
    /// Another content stands there.
    Other,
    /// There is no such file.
    NoFile,
}

impl Contents {
    /// The commit that a branch ends with.
    pub(super) fn branch_head(&self, name: &str) -> Option<&str> {
        match name {
            MAIN => Some(self.head()),
            name => self
                .proposals
                .branches
                .get(name)
                .map(|branch| &*branch.head),
        }
    }

    /// Makes a branch; false if there is one.
    pub(super) fn add_branch(&mut self, name: &str, head: &str) -> bool {
        if self.branch_head(name).is_some() {
            return false;
        }
        let branch = Branch {
            head: head.into(),
            files: self.proposals.main_files.clone(),
        };
        self.proposals.branches.insert(name.into(), branch);
        true
    }

    /// A file on a branch.
    pub(super) fn file(&self, branch: &str, path: &str) -> Option<&[u8]> {
        let files = match branch {
            MAIN => &self.proposals.main_files,
            name => &self.proposals.branches.get(name)?.files,
        };
        files.get(path).map(Vec::as_slice)
    }

    /// Commits to a branch, and returns the commit. Pull requests from the branch have it as head then.
    pub(super) fn commit_file(
        &mut self,
        commit: &FileCommit<'_>,
        now: Timestamp,
    ) -> Result<String, Conflict> {
        let FileCommit {
            author,
            branch,
            message,
            path,
            content,
            replaces,
        } = *commit;
        let parent = self.branch_head(branch).ok_or(Conflict::NoBranch)?;
        let parents = vec![parent.to_owned()];
        match (self.file(branch, path), replaces, content) {
            (None, _, None) => return Err(Conflict::NoFile),
            (Some(_), None, _) => return Err(Conflict::Unnamed),
            (Some(stands), Some(replaces), _) if blob(stands) != replaces => {
                return Err(Conflict::Other);
            }
            _ => {}
        }
        let files = vec![path.to_owned()];
        let sha = self.add_commit(author, message.into(), parents, files, None, now);
        if branch == MAIN {
            self.extend_main(sha.clone());
        }
        let files = match self.proposals.branches.get_mut(branch) {
            Some(branch) => {
                branch.head.clone_from(&sha);
                &mut branch.files
            }
            None => &mut self.proposals.main_files,
        };
        let existed = match content {
            Some(content) => files.insert(path.into(), content.into()).is_some(),
            None => files.remove(path).is_some(),
        };
        self.follow(branch, &sha, path, content.is_none(), existed, now);
        Ok(sha)
    }

    /// Pull requests from a branch bring its newest commit, and the file that this changes.
    fn follow(
        &mut self,
        branch: &str,
        sha: &str,
        path: &str,
        is_removed: bool,
        existed: bool,
        now: Timestamp,
    ) {
        let own = self.owner.clone();
        let from_here = |pull: &&mut Pull| {
            pull.head_branch == branch && pull.head_owner == own && pull.is_open()
        };
        for pull in self.pulls_mut().filter(from_here) {
            pull.head_sha = sha.into();
            pull.updated_at = seconds(now);
            let status = match (is_removed, existed) {
                (true, _) => "removed",
                (false, true) => "modified",
                (false, false) => "added",
            };
            if !pull.files.iter().any(|(file, _)| file == path) {
                pull.files.push((path.into(), status.into()));
            }
        }
    }

    /// Puts a file onto the default branch as if it had always been there.
    pub(super) fn set_main_file(&mut self, path: &str, content: &str) {
        let files = &mut self.proposals.main_files;
        files.insert(path.into(), content.into());
    }

    /// The commits of a branch, newest first.
    pub(super) fn branch_history(&self, branch: &str) -> Vec<&Commit> {
        let mut commits = Vec::new();
        let mut next = self.branch_head(branch);
        while let Some(commit) = next.and_then(|sha| self.commit(sha)) {
            next = commit.parents.first().map(String::as_str);
            commits.push(commit);
        }
        commits
    }

    /// Files in which a branch differs from the default one, with GitHub's word for how.
    pub(super) fn differences(&self, branch: &str) -> Vec<(String, String)> {
        let Some(branch) = self.proposals.branches.get(branch) else {
            return Vec::new();
        };
        let main = &self.proposals.main_files;
        let written = branch.files.iter().filter_map(|(path, content)| {
            let status = match main.get(path) {
                None => "added",
                Some(before) if before != content => "modified",
                Some(_) => return None,
            };
            Some((path.clone(), status.to_owned()))
        });
        let removed = main.keys().filter(|path| !branch.files.contains_key(*path));
        let removed = removed.map(|path| (path.clone(), "removed".to_owned()));
        written.chain(removed).collect()
    }

    /// The number of the next issue or pull request.
    pub(super) fn next_number(&self) -> u64 {
        let issues = self.proposals.issues.keys();
        let last = self.pull_numbers().chain(issues.copied()).max();
        last.unwrap_or(0) + 1
    }

    /// The newest status of each name on a commit, newest first.
    pub(super) fn statuses(&self, sha: &str) -> Vec<&Status> {
        let mut newest: Vec<&Status> = Vec::new();
        for status in self.proposals.statuses.iter().rev() {
            let told = |newer: &&Status| newer.context.eq_ignore_ascii_case(&status.context);
            if status.sha == sha && !newest.iter().any(told) {
                newest.push(status);
            }
        }
        newest
    }
}

/// The name of a content, as long as git's.
pub(super) fn blob(content: &[u8]) -> String {
    let hash = Sha256::digest(content);
    hash.iter()
        .take(20)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
