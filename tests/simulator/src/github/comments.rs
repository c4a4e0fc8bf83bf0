//! Comments with their past, and who is told of them.

use jiff::Timestamp;

use super::{
    contents::{Contents, seconds},
    mentions,
};

/// Where a comment stands.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Place {
    /// A pull request or an issue, by its number.
    PullRequest(u64),
    /// A commit, by its SHA.
    Commit(String),
}

/// The id of a comment. Those on pull requests and those on commits are numbered apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Id {
    pub(super) number: u64,
    pub(super) on_commits: bool,
}

/// A comment with its past.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// Never used again. Comments on pull requests and on commits are numbered apart.
    pub id: u64,
    /// Where it stands.
    pub place: Place,
    /// Login of its author.
    pub author: String,
    /// Its text now.
    pub body: String,
    /// When it was written, in whole seconds.
    pub created_at: Timestamp,
    /// When it was last changed, in whole seconds.
    pub updated_at: Timestamp,
    /// Its changes, oldest first.
    pub edits: Vec<Edit>,
    /// Who reacted to it, and how.
    pub reactions: Vec<(String, String)>,
    /// Whether it was deleted.
    pub deleted: Option<Deletion>,
}

/// A change of a comment, which notifies nobody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// When.
    pub at: Timestamp,
    /// Login of who changed it.
    pub by: String,
    /// The text before.
    pub earlier: String,
}

/// The end of a comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deletion {
    /// When.
    pub at: Timestamp,
    /// Login of who deleted it.
    pub by: String,
}

/// What people are told: of each new comment, and of nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// When.
    pub at: Timestamp,
    /// Of which comment.
    pub comment: u64,
    /// Where it stands.
    pub place: Place,
    /// Login of its author.
    pub author: String,
    /// Who is mentioned in it, outside of code: logins, and teams with their organization.
    pub mentions: Vec<String>,
}

impl Comment {
    fn key(&self) -> Id {
        Id {
            number: self.id,
            on_commits: matches!(self.place, Place::Commit(_)),
        }
    }
}

impl Contents {
    /// The comment of an id, at whatever place.
    pub(super) fn comment(&self, id: Id) -> Option<&Comment> {
        let position = self.position(id)?;
        Some(&self.comments[position])
    }

    /// The comments of a place, oldest first.
    pub(super) fn comments(&self, place: &Place) -> Vec<&Comment> {
        let all = self.comments.iter();
        all.filter(|comment| comment.place == *place && self.is_there(comment))
            .collect()
    }

    /// Every comment there ever was, oldest first.
    pub(super) fn all_comments(&self) -> &[Comment] {
        &self.comments
    }

    pub(super) fn notifications(&self) -> &[Notification] {
        &self.notifications
    }

    /// Writes a comment and notifies people.
    pub(super) fn add_comment(
        &mut self,
        author: &str,
        place: &Place,
        body: &str,
        now: Timestamp,
    ) -> Id {
        let on_commits = matches!(place, Place::Commit(_));
        let alike = |comment: &&Comment| comment.key().on_commits == on_commits;
        // Both are beyond what 32 bits hold with a sign, as GitHub's have been for years.
        let first = if on_commits {
            4_100_000_001
        } else {
            3_500_000_001
        };
        let number = first + self.comments.iter().filter(alike).count() as u64;
        self.comments.push(Comment {
            id: number,
            place: place.clone(),
            author: author.into(),
            body: body.into(),
            created_at: seconds(now),
            updated_at: seconds(now),
            edits: Vec::new(),
            reactions: Vec::new(),
            deleted: None,
        });
        self.notifications.push(Notification {
            at: seconds(now),
            comment: number,
            place: place.clone(),
            author: author.into(),
            mentions: mentions::of(body),
        });
        Id { number, on_commits }
    }

    /// Changes a comment; false if there is none.
    pub(super) fn edit_comment(&mut self, id: Id, by: &str, body: &str, now: Timestamp) -> bool {
        let Some(position) = self.position(id) else {
            return false;
        };
        let comment = &mut self.comments[position];
        comment.updated_at = seconds(now);
        comment.edits.push(Edit {
            at: seconds(now),
            by: by.into(),
            earlier: std::mem::replace(&mut comment.body, body.into()),
        });
        true
    }

    /// Reacts to a comment, and tells whether that is new; nothing if there is no such comment. Neither
    /// notifies anybody nor counts as a change.
    pub(super) fn react(&mut self, id: Id, login: &str, content: &str) -> Option<bool> {
        let position = self.position(id)?;
        let reactions = &mut self.comments[position].reactions;
        let reaction = (login.to_owned(), content.to_owned());
        let is_new = !reactions.contains(&reaction);
        if is_new {
            reactions.push(reaction);
        }
        Some(is_new)
    }

    /// Deletes a comment; false if there is none.
    pub(super) fn delete_comment(&mut self, id: Id, by: &str, now: Timestamp) -> bool {
        let Some(position) = self.position(id) else {
            return false;
        };
        self.comments[position].deleted = Some(Deletion {
            at: seconds(now),
            by: by.into(),
        });
        true
    }

    fn position(&self, id: Id) -> Option<usize> {
        let mut comments = self.comments.iter();
        comments.position(|comment| comment.key() == id && self.is_there(comment))
    }

    /// Neither deleted nor gone with its pull request.
    fn is_there(&self, comment: &Comment) -> bool {
        let place_is_there = match comment.place {
            Place::PullRequest(number) => self.is_locked(number).is_ok(),
            Place::Commit(_) => true,
        };
        place_is_there && comment.deleted.is_none()
    }
}
