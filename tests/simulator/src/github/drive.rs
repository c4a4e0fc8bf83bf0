//! What tests do: the part of people, and of bad luck.

use std::time::Duration;

use super::{
    Comment, GitHub, Identity, Notification, Place,
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
        }
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
