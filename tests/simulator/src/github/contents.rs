//! What the repository holds: commits, pull requests, and the list of comments.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{
    branches::Proposals,
    comments::{Comment, Notification},
    drive::{Merging, PullRequest},
};
use crate::random;

/// The default branch.
pub(super) const MAIN: &str = "main";

/// The state of the repository.
pub(super) struct Contents {
    pub(super) owner: String,
    pub(super) name: String,
    pub(super) created_at: Timestamp,
    commits: BTreeMap<String, Commit>,
    /// The default branch, oldest first.
    main: Vec<String>,
    pulls: BTreeMap<u64, Pull>,
    /// On pull requests and commits, in the order in which they came, deleted ones included.
    pub(super) comments: Vec<Comment>,
    pub(super) notifications: Vec<Notification>,
    /// What users may do who may do more than read, by login.
    pub(super) rights: BTreeMap<String, String>,
    pub(super) proposals: Proposals,
}

pub(super) struct Commit {
    pub(super) sha: String,
    pub(super) parents: Vec<String>,
    pub(super) author: String,
    pub(super) message: String,
    pub(super) at: Timestamp,
    /// What it adds, changes or removes.
    pub(super) files: Vec<String>,
    /// The pull requests it belongs to.
    pulls: Vec<u64>,
    /// Those that are listed in any case.
    associated: Vec<u64>,
}

pub(super) struct Pull {
    pub(super) number: u64,
    pub(super) author: String,
    pub(super) title: String,
    pub(super) base: String,
    pub(super) base_sha: String,
    pub(super) head_sha: String,
    /// Whose repository the branch is in: another one's is a fork.
    pub(super) head_owner: String,
    pub(super) head_branch: String,
    pub(super) body: String,
    /// What it changes, with GitHub's word for how.
    pub(super) files: Vec<(String, String)>,
    pub(super) labels: Vec<String>,
    pub(super) closed: bool,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
    /// When, and as which commit.
    pub(super) merged: Option<(Timestamp, String)>,
    pub(super) locked: bool,
    /// Answered in place of it, when it is gone.
    pub(super) gone: Option<u16>,
}

impl Pull {
    pub(super) fn is_open(&self) -> bool {
        self.merged.is_none() && !self.closed && self.gone.is_none()
    }
}

impl Contents {
    /// A repository with one commit.
    pub(super) fn new(owner: &str, name: &str, now: Timestamp) -> Self {
        let mut contents = Self {
            owner: owner.into(),
            name: name.into(),
            created_at: seconds(now),
            commits: BTreeMap::new(),
            main: Vec::new(),
            pulls: BTreeMap::new(),
            comments: Vec::new(),
            notifications: Vec::new(),
            rights: BTreeMap::new(),
            proposals: Proposals::default(),
        };
        contents.push(owner, vec!["README.md".into()], now);
        contents
    }

    pub(super) fn commit(&self, sha: &str) -> Option<&Commit> {
        self.commits.get(sha)
    }

    /// Owner and name.
    pub(super) fn full_name(&self) -> String {
        format!("{}/{}", self.owner, self.name)
    }

    /// The pull request of a number, or the status that says why there is none.
    pub(super) fn pull(&self, number: u64) -> Result<&Pull, u16> {
        let pull = self.pulls.get(&number).ok_or(404_u16)?;
        pull.gone.map_or(Ok(pull), Err)
    }

    /// What a user may do: `admin`, `write`, `read` or `none`.
    pub(super) fn right(&self, login: &str) -> &str {
        self.rights.get(login).map_or("read", String::as_str)
    }

    /// The same, to change it, and whether or not it is gone.
    pub(super) fn pull_mut(&mut self, number: u64) -> &mut Pull {
        let pull = self.pulls.get_mut(&number);
        pull.expect("the test names a pull request that it has opened")
    }

    /// The newest commit of the default branch.
    pub(super) fn head(&self) -> &str {
        self.main.last().map_or("", String::as_str)
    }

    /// The commits of the default branch, newest first; with a path only those that change it or something
    /// below it. As git does, it leaves out merges then: each is the same as one of its parents there.
    pub(super) fn history(&self, path: Option<&str>) -> Vec<&Commit> {
        let touches = |commit: &Commit, path: &str| {
            let below = |file: &String| {
                let rest = file.strip_prefix(path.trim_end_matches('/'));
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            };
            commit.parents.len() < 2 && commit.files.iter().any(below)
        };
        let commits = self.main.iter().rev().map(|sha| &self.commits[sha]);
        commits
            .filter(|commit| path.is_none_or(|path| touches(commit, path)))
            .collect()
    }

    /// The pull requests of a commit: the merged ones that brought it to the default branch, or, where it is
    /// on another branch, the open and the merged ones.
    pub(super) fn pulls_of(&self, commit: &Commit) -> Vec<&Pull> {
        let on_main = self.main.contains(&commit.sha);
        let listed = |pull: &&Pull| {
            let brought = !on_main || (pull.merged.is_some() && pull.base == MAIN);
            pull.gone.is_none() && (brought || commit.associated.contains(&pull.number))
        };
        let numbers = commit.pulls.iter().chain(&commit.associated);
        numbers
            .filter_map(|number| self.pulls.get(number))
            .filter(listed)
            .collect()
    }

    /// Lists a pull request with a commit, whatever becomes of both.
    pub(super) fn associate(&mut self, sha: &str, number: u64) {
        let commit = self.commits.get_mut(sha);
        let commit = commit.expect("the test names a commit that it was given");
        commit.associated.push(number);
    }

    /// Commits to the default branch, without a pull request.
    pub(super) fn push(&mut self, author: &str, files: Vec<String>, now: Timestamp) -> String {
        let message = format!("Change {}", files.join(", "));
        let parents = self.main.last().cloned().into_iter().collect();
        let sha = self.add_commit(author, message, parents, files, None, now);
        self.main.push(sha.clone());
        sha
    }

    /// Opens a pull request with one commit, and returns its SHA.
    pub(super) fn open(&mut self, pull: &PullRequest, now: Timestamp) -> String {
        let PullRequest {
            number,
            author,
            files,
            title,
            base,
            merging: _,
            from,
            deleted,
        } = pull;
        let base_sha = self.head().to_owned();
        let head_sha = self.add_commit(
            author,
            title.clone(),
            vec![base_sha.clone()],
            files.clone(),
            Some(*number),
            now,
        );
        let opened = Pull {
            number: *number,
            author: author.clone(),
            title: title.clone(),
            base: base.clone(),
            base_sha,
            head_sha: head_sha.clone(),
            head_owner: from
                .as_ref()
                .map_or_else(|| self.owner.clone(), |(owner, _)| owner.clone()),
            head_branch: from
                .as_ref()
                .map_or_else(|| format!("pull-{number}"), |(_, branch)| branch.clone()),
            body: String::new(),
            files: files
                .iter()
                .map(|file| {
                    let is_deleted = deleted.contains(file);
                    let status = if is_deleted { "removed" } else { "added" };
                    (file.clone(), status.to_owned())
                })
                .collect(),
            labels: Vec::new(),
            closed: false,
            created_at: seconds(now),
            updated_at: seconds(now),
            merged: None,
            locked: false,
            gone: None,
        };
        let earlier = self.pulls.insert(*number, opened);
        assert!(earlier.is_none(), "there is a pull request {number}");
        head_sha
    }

    /// Opens a pull request from a branch of this repository.
    #[expect(clippy::too_many_arguments, reason = "it has so many parts")]
    pub(super) fn open_from(
        &mut self,
        number: u64,
        author: &str,
        title: &str,
        body: &str,
        branch: &str,
        base: &str,
        now: Timestamp,
    ) {
        let head_sha = self.branch_head(branch).unwrap_or_default().to_owned();
        let opened = Pull {
            number,
            author: author.into(),
            title: title.into(),
            base: base.into(),
            base_sha: self.head().to_owned(),
            head_sha: head_sha.clone(),
            head_owner: self.owner.clone(),
            head_branch: branch.into(),
            body: body.into(),
            files: self.differences(branch),
            labels: Vec::new(),
            closed: false,
            created_at: seconds(now),
            updated_at: seconds(now),
            merged: None,
            locked: false,
            gone: None,
        };
        self.pulls.insert(number, opened);
        if let Some(commit) = self.commits.get_mut(&head_sha) {
            commit.pulls.push(number);
        }
    }

    /// Pushes a commit to the branch of a pull request, and returns its SHA.
    pub(super) fn push_to(&mut self, number: u64, files: Vec<String>, now: Timestamp) -> String {
        let pull = self.pull_mut(number);
        let (author, head) = (pull.author.clone(), pull.head_sha.clone());
        let message = format!("Change {}", files.join(", "));
        let sha = self.add_commit(
            &author,
            message,
            vec![head],
            files.clone(),
            Some(number),
            now,
        );
        let pull = self.pull_mut(number);
        pull.head_sha.clone_from(&sha);
        pull.updated_at = seconds(now);
        for file in files {
            if !pull.files.iter().any(|(path, _)| *path == file) {
                pull.files.push((file, "added".into()));
            }
        }
        sha
    }

    pub(super) fn extend_main(&mut self, sha: String) {
        self.main.push(sha);
    }

    /// Every pull request that is not gone, by number.
    pub(super) fn pulls(&self) -> impl Iterator<Item = &Pull> {
        self.pulls.values().filter(|pull| pull.gone.is_none())
    }

    pub(super) fn pulls_mut(&mut self) -> impl Iterator<Item = &mut Pull> {
        self.pulls.values_mut()
    }

    pub(super) fn pull_numbers(&self) -> impl Iterator<Item = u64> {
        self.pulls.keys().copied()
    }

    /// The labels of an issue or a pull request.
    pub(super) fn labels_of(&mut self, number: u64) -> Result<&mut Vec<String>, u16> {
        if let Some(issue) = self.proposals.issues.get_mut(&number) {
            return Ok(&mut issue.labels);
        }
        let pull = self.pulls.get_mut(&number).ok_or(404_u16)?;
        Ok(&mut pull.labels)
    }

    /// Whether nothing new may be said on an issue or a pull request, or the status that says why there is
    /// none.
    pub(super) fn is_locked(&self, number: u64) -> Result<bool, u16> {
        if self.proposals.issues.contains_key(&number) {
            return Ok(false);
        }
        self.pull(number).map(|pull| pull.locked)
    }

    /// Merges an open pull request, and returns the SHA of its merge commit.
    pub(super) fn merge(&mut self, number: u64, merging: Merging, now: Timestamp) -> String {
        let pull = &self.pulls[&number];
        assert!(pull.merged.is_none(), "{number} is merged");
        let (author, head, base) = (
            pull.author.clone(),
            pull.head_sha.clone(),
            pull.base.clone(),
        );
        let files = self.commits[&head].files.clone();
        let mut parents: Vec<_> = self.main.last().cloned().into_iter().collect();
        let title = match merging {
            Merging::Squash => format!("{} (#{number})", pull.title),
            Merging::Commit => {
                parents.push(head.clone());
                format!("Merge pull request #{number}")
            }
        };
        let sha = self.add_commit(&author, title, parents, files, Some(number), now);
        if base == MAIN {
            if merging == Merging::Commit {
                self.main.push(head);
            }
            self.main.push(sha.clone());
        }
        let pull = self.pull_mut(number);
        pull.merged = Some((seconds(now), sha.clone()));
        pull.updated_at = seconds(now);
        sha
    }

    pub(super) fn add_commit(
        &mut self,
        author: &str,
        message: String,
        parents: Vec<String>,
        files: Vec<String>,
        pull: Option<u64>,
        now: Timestamp,
    ) -> String {
        let count = self.commits.len() as u64;
        let (first, second) = (random::mix(count + 1), random::mix(!count));
        let sha = format!("{first:016x}{second:016x}{:08x}", count + 1);
        let commit = Commit {
            sha: sha.clone(),
            parents,
            author: author.into(),
            message,
            at: seconds(now),
            files,
            pulls: pull.into_iter().collect(),
            associated: Vec::new(),
        };
        self.commits.insert(sha.clone(), commit);
        sha
    }
}

/// GitHub's times have no fractions.
pub(super) fn seconds(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).expect("the second of a time is a time")
}
