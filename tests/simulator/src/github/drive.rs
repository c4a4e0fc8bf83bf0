//! What tests do: the part of people, and of bad luck.

use std::time::Duration;

use super::{
    Comment, GitHub, Identity, Issue, Notification, Place, Status,
    comments::Id,
    contents::{Contents, MAIN},
};

/// A pull request to open or to merge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullRequest {
    /// Its number.
    pub number: u64,
    /// Login of its author.
    pub author: String,
    /// The files that it adds, changes or removes; GitHub's list of commits does not tell them apart.
    pub files: Vec<String>,
    /// Its title.
    pub title: String,
    /// The branch to merge it into.
    pub base: String,
    /// How it is merged.
    pub merging: Merging,
    /// Owner and branch that it comes from, if not a branch of this repository with a name of no interest.
    pub from: Option<(String, String)>,
    /// Those of the files that it deletes.
    pub deleted: Vec<String>,
}

/// How a pull request is merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Merging {
    /// Its changes become one new commit; its own commits stay outside of the default branch.
    Squash,
    /// Its commits become part of the default branch, with a merge commit on top.
    Commit,
}

impl PullRequest {
    /// A pull request onto the default branch, to be squashed.
    pub fn new(
        number: u64,
        author: &str,
        files: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        let files: Vec<String> = files.into_iter().map(Into::into).collect();
        Self {
            number,
            author: author.into(),
            title: format!("Import request {}", files.join(", ")),
            files,
            base: MAIN.into(),
            merging: Merging::Squash,
            from: None,
            deleted: Vec::new(),
        }
    }

    /// From a branch of somebody's repository: that of another owner is a fork.
    #[must_use]
    pub fn from(mut self, owner: &str, branch: &str) -> Self {
        self.from = Some((owner.into(), branch.into()));
        self
    }

    /// One that deletes this file, besides what else it changes.
    #[must_use]
    pub fn deleting(mut self, file: &str) -> Self {
        self.files.push(file.into());
        self.deleted.push(file.into());
        self
    }

    /// Onto another branch.
    #[must_use]
    pub fn onto(mut self, branch: &str) -> Self {
        self.base = branch.into();
        self
    }

    /// With a merge commit.
    #[must_use]
    pub fn with_merge_commit(mut self) -> Self {
        self.merging = Merging::Commit;
        self
    }
}

/// Branches and pull requests.
impl GitHub {
    /// Opens a pull request, and returns the SHA of its commit.
    ///
    /// # Panics
    /// When the number is taken.
    pub fn open(&self, pull: PullRequest) -> String {
        self.change(|contents, now| contents.open(&pull, now))
    }

    /// Opens and merges a pull request, and returns the SHA of its merge commit.
    ///
    /// # Panics
    /// When the number is taken.
    pub fn merge(&self, pull: PullRequest) -> String {
        self.change(|contents, now| {
            contents.open(&pull, now);
            contents.merge(pull.number, pull.merging, now)
        })
    }

    /// Merges a pull request that is open, and returns the SHA of its merge commit.
    ///
    /// # Panics
    /// When it is not open.
    pub fn merge_open(&self, number: u64, merging: Merging) -> String {
        self.change(|contents, now| contents.merge(number, merging, now))
    }

    /// Commits to the default branch without a pull request, and returns the SHA.
    pub fn push(&self, author: &str, files: impl IntoIterator<Item = impl Into<String>>) -> String {
        let files = files.into_iter().map(Into::into).collect();
        self.change(|contents, now| contents.push(author, files, now))
    }

    /// Pushes a commit to the branch of a pull request, and returns its SHA.
    ///
    /// # Panics
    /// When there is no such pull request.
    pub fn push_to(
        &self,
        number: u64,
        files: impl IntoIterator<Item = impl Into<String>>,
    ) -> String {
        let files = files.into_iter().map(Into::into).collect();
        self.change(|contents, now| contents.push_to(number, files, now))
    }

    /// Closes a pull request without merging it.
    ///
    /// # Panics
    /// When there is no such pull request.
    pub fn close(&self, number: u64) {
        self.change(|contents, _| contents.pull_mut(number).closed = true);
    }

    /// Lists a pull request with a commit that it has nothing to do with, or not any more. GitHub does so
    /// with commits on several branches.
    ///
    /// # Panics
    /// When there is no such commit.
    pub fn associate(&self, sha: &str, number: u64) {
        self.change(|contents, _| contents.associate(sha, number));
    }

    /// Locks the conversation of a pull request: nothing new is said there.
    ///
    /// # Panics
    /// When there is no such pull request.
    pub fn lock(&self, number: u64) {
        self.change(|contents, _| contents.pull_mut(number).locked = true);
    }

    /// Unlocks the conversation of a pull request.
    ///
    /// # Panics
    /// When there is no such pull request.
    pub fn unlock(&self, number: u64) {
        self.change(|contents, _| contents.pull_mut(number).locked = false);
    }

    /// Deletes a pull request with its comments. It is answered with 404 from now on, or with 410.
    ///
    /// # Panics
    /// When there is no such pull request.
    pub fn delete_pull_request(&self, number: u64, status: u16) {
        self.change(|contents, _| contents.pull_mut(number).gone = Some(status));
    }

    fn change<T>(&self, change: impl FnOnce(&mut Contents, jiff::Timestamp) -> T) -> T {
        let now = self.0.traffic.clock.now();
        change(&mut self.0.contents(), now)
    }
}

/// Comments.
impl GitHub {
    /// Somebody else writes a comment, and it has this id.
    pub fn comment_as(&self, login: &str, place: &Place, body: &str) -> u64 {
        self.change(|contents, now| contents.add_comment(login, place, body, now).number)
    }

    /// A user may do this from now on: `admin`, `write`, `read` or `none`. Whoever is not named may read.
    pub fn permit(&self, login: &str, right: &str) {
        self.change(|contents, _| contents.rights.insert(login.into(), right.into()));
    }

    /// Somebody deletes a comment on a pull request.
    ///
    /// # Panics
    /// When there is no such comment.
    pub fn delete_comment_as(&self, login: &str, id: u64) {
        let key = Id {
            number: id,
            on_commits: false,
        };
        let deleted = self.change(|contents, now| contents.delete_comment(key, login, now));
        assert!(deleted, "there is no comment {id}");
    }

    /// The comments that stand at a place now, oldest first.
    pub fn comments(&self, place: &Place) -> Vec<Comment> {
        let contents = self.0.contents();
        contents.comments(place).into_iter().cloned().collect()
    }

    /// Every comment there ever was, at any place, oldest first, deleted ones included.
    pub fn all_comments(&self) -> Vec<Comment> {
        self.0.contents().all_comments().to_vec()
    }

    /// What people were told, oldest first.
    pub fn notifications(&self) -> Vec<Notification> {
        self.0.contents().notifications().to_vec()
    }
}

/// Before a merge.
impl GitHub {
    /// Puts a file onto the default branch as if it had always been there.
    pub fn set_main_file(&self, path: &str, content: &str) {
        self.change(|contents, _| contents.set_main_file(path, content));
    }

    /// Somebody commits a file to a branch of this repository, whatever stood there.
    ///
    /// # Panics
    /// When there is no such branch.
    pub fn commit_as(&self, login: &str, branch: &str, path: &str, content: &str) {
        self.change(|contents, now| {
            let stands = contents.file(branch, path).map(super::branches::blob);
            let content = Some(content.as_bytes());
            let message = format!("Change {path}");
            let commit = super::branches::FileCommit {
                author: login,
                branch,
                message: &message,
                path,
                content,
                replaces: stands.as_deref(),
            };
            let committed = contents.commit_file(&commit, now);
            assert!(committed.is_ok(), "there is no branch {branch}");
        });
    }

    /// A file on a branch of this repository.
    pub fn file(&self, branch: &str, path: &str) -> Option<String> {
        let contents = self.0.contents();
        let file = contents.file(branch, path)?;
        Some(String::from_utf8_lossy(file).into_owned())
    }

    /// The messages of the commits of a branch, newest first.
    pub fn messages(&self, branch: &str) -> Vec<String> {
        let contents = self.0.contents();
        let commits = contents.branch_history(branch);
        commits
            .iter()
            .map(|commit| commit.message.clone())
            .collect()
    }

    /// Numbers, titles and texts of the pull requests that are open.
    pub fn open_pulls(&self) -> Vec<(u64, String, String)> {
        let contents = self.0.contents();
        let open = contents.pulls().filter(|pull| pull.is_open());
        open.map(|pull| (pull.number, pull.title.clone(), pull.body.clone()))
            .collect()
    }

    /// The newest commit of a pull request.
    ///
    /// # Panics
    /// When there is no such pull request.
    pub fn head_of(&self, number: u64) -> String {
        self.change(|contents, _| contents.pull_mut(number).head_sha.clone())
    }

    /// The labels of an issue or a pull request.
    ///
    /// # Panics
    /// When there is none.
    pub fn labels_of(&self, number: u64) -> Vec<String> {
        let labels = self.change(|contents, _| contents.labels_of(number).cloned());
        labels.expect("the test names what it has opened")
    }

    /// Makes a label.
    pub fn add_label(&self, name: &str) {
        self.change(|contents, _| contents.proposals.labels.insert(name.into()));
    }

    /// Somebody opens an issue, and it has this number.
    pub fn open_issue(&self, login: &str, title: &str, body: &str) -> u64 {
        self.change(|contents, now| {
            let number = contents.next_number();
            let issue = Issue {
                number,
                author: login.into(),
                title: title.into(),
                body: body.into(),
                earlier: Vec::new(),
                is_open: true,
                labels: Vec::new(),
                created_at: super::contents::seconds(now),
            };
            contents.proposals.issues.insert(number, issue);
            number
        })
    }

    /// The author of an issue changes its text.
    ///
    /// # Panics
    /// When there is no such issue.
    pub fn edit_issue(&self, number: u64, body: &str) {
        self.change(|contents, _| {
            let issue = contents.proposals.issues.get_mut(&number);
            let issue = issue.expect("the test names an issue that it has opened");
            let earlier = std::mem::replace(&mut issue.body, body.into());
            issue.earlier.push(earlier);
        });
    }

    /// An issue with its past.
    ///
    /// # Panics
    /// When there is no such issue.
    pub fn issue(&self, number: u64) -> Issue {
        let contents = self.0.contents();
        let issue = contents.proposals.issues.get(&number);
        issue
            .expect("the test names an issue that it has opened")
            .clone()
    }

    /// Every commit status that was ever set, oldest first.
    pub fn statuses(&self) -> Vec<Status> {
        self.0.contents().proposals.statuses.clone()
    }
}

/// Bad luck.
impl GitHub {
    /// The token is somebody else's from now on.
    pub fn identify_as(&self, identity: Identity) {
        self.0.switches().identity = identity;
    }

    /// The token may only read, or write again.
    pub fn read_only(&self, read_only: bool) {
        self.0.switches().read_only = read_only;
    }

    /// A second run with the same token is faster: just before the next new comment whose body has this
    /// text, it stores the same comment.
    pub fn outrun(&self, marker: &str) {
        self.0.switches().rival = Some(marker.into());
    }

    /// `next` links lead to another host, given with its scheme: a client must not follow.
    pub fn lead_astray(&self, host: &str) {
        self.0.switches().foreign_next = Some(host.into());
    }

    /// Others with the same token send so many requests.
    pub fn spend(&self, requests: u64) {
        let now = self.0.traffic.clock.now();
        self.0.limiter().spend(requests, now);
    }

    /// Writes are refused by a secondary limit for so long, as if others had written too much.
    pub fn block_writes(&self, length: Duration) {
        let now = self.0.traffic.clock.now();
        self.0.limiter().block(now, length);
    }

    /// Secondary limits are told without `Retry-After` from now on, and last a minute.
    pub fn omit_retry_after(&self) {
        self.0.limiter().be_silent();
    }
}
