//! Comments by their marker: each stands once, however often it is tried, and whoever else writes.

use std::collections::{BTreeMap, BTreeSet};

use super::patience::{Halt, Kind, Patience};
use crate::github::{Comment, CommentId, Place};

/// How often a comment is posted whose fate is unknown, after looking for it each time.
const POSTS: u32 = 3;

/// The comments of the places that this run has to do with.
pub struct Placed<'a> {
    patience: Patience<'a>,
    /// Comments by place, as far as they were read.
    known: BTreeMap<Place, Vec<Comment>>,
    /// Markers that were posted in this run.
    posted: BTreeSet<(Place, String)>,
    /// Under what name we comment.
    login: Option<String>,
}

impl<'a> Placed<'a> {
    /// No place has been read yet.
    pub const fn new(patience: Patience<'a>) -> Self {
        Self {
            patience,
            known: BTreeMap::new(),
            posted: BTreeSet::new(),
            login: None,
        }
    }

    /// For requests that are no comments.
    pub const fn patience(&mut self) -> &mut Patience<'a> {
        &mut self.patience
    }

    /// Makes a comment stand there with this text, whose first line is its marker: edits the `known` one,
    /// else the one that has the marker, else posts it. An answer that got lost is looked for before
    /// anything is repeated.
    ///
    /// # Errors
    /// When it does not stand there; another place may do if it is [`Halt::Refused`].
    pub async fn put(
        &mut self,
        place: &Place,
        known: Option<CommentId>,
        text: &str,
    ) -> Result<CommentId, Halt> {
        if let Some(id) = known {
            match self.edit(id, text).await {
                // Somebody has deleted it.
                Err(Halt::Refused(_)) => {}
                // To comment on a commit takes less than to edit that comment (GitHub REST API, permissions
                // of GitHub Actions' token: `contents: write`). What is new there is told by events.
                Err(Halt::Forbidden(_)) if matches!(id, CommentId::Commit(_)) => return Ok(id),
                edited => return edited.map(|()| id),
            }
        }
        let marker = marker(text);
        let mut lost = 0;
        loop {
            if let Some(found) = self.find(place, marker).await? {
                if found.body != text {
                    self.edit(found.id, text).await?;
                }
                return Ok(found.id);
            }
            let newest = self.newest(place);
            let post = self
                .patience
                .send(Kind::Post, |github| github.post(place, text));
            match post.await {
                Ok(comment) => {
                    self.learn(&comment);
                    self.posted.insert((place.clone(), marker.to_owned()));
                    let id = comment.id;
                    self.known.entry(place.clone()).or_default().push(comment);
                    return Ok(id);
                }
                Err(Halt::Unknown(reason)) => {
                    lost += 1;
                    if lost == POSTS {
                        return Err(Halt::Later(reason));
                    }
                    self.patience.wait_after_loss(lost).await?;
                    self.posted.insert((place.clone(), marker.to_owned()));
                    self.known.remove(place);
                    if let Some(id) = self.arrived(place, newest, text).await? {
                        return Ok(id);
                    }
                }
                Err(halt) => return Err(halt),
            }
        }
    }

    fn newest(&self, place: &Place) -> Option<CommentId> {
        let known = self.known.get(place)?;
        known.iter().map(|comment| comment.id).max()
    }

    /// The comment with exactly this text that came after `newest`: the one whose answer got lost. Nobody
    /// else knows the text yet, so this tells, too, under what name we comment.
    async fn arrived(
        &mut self,
        place: &Place,
        newest: Option<CommentId>,
        text: &str,
    ) -> Result<Option<CommentId>, Halt> {
        let comments = self.comments(place).await?;
        let is_it = |comment: &&Comment| {
            Some(comment.id) > newest && comment.body.trim_end() == text.trim_end()
        };
        let Some(arrived) = comments.iter().find(is_it).cloned() else {
            return Ok(None);
        };
        self.learn(&arrived);
        Ok(Some(arrived.id))
    }

    /// Replaces the text of a comment.
    ///
    /// # Errors
    /// [`Halt::Refused`] when it is gone, and whatever stops any request.
    pub async fn edit(&mut self, id: CommentId, text: &str) -> Result<(), Halt> {
        let edit = self
            .patience
            .send(Kind::Edit, |github| github.edit(id, text));
        let comment = edit.await?;
        self.learn(&comment);
        Ok(())
    }

    /// Where another run was as fast as this one, a comment stands twice: the oldest stays. Gives the
    /// markers concerned with what stays.
    ///
    /// # Errors
    /// When GitHub lets nothing through.
    pub async fn remove_doubles(&mut self) -> Result<Vec<(String, CommentId)>, Halt> {
        let posted = std::mem::take(&mut self.posted);
        let places: BTreeSet<&Place> = posted.iter().map(|(place, _)| place).collect();
        for place in places {
            self.known.remove(place);
        }
        let mut kept = Vec::new();
        for (place, marker) in &posted {
            let mut own = self.own(place, marker).await?.into_iter();
            let Some(oldest) = own.next() else { continue };
            let mut doubled = false;
            for double in own {
                doubled = true;
                let deleted = self
                    .patience
                    .send(Kind::Edit, |github| github.delete(double.id));
                match deleted.await {
                    // Another run may have been as thorough.
                    Ok(()) | Err(Halt::Refused(_)) => {}
                    Err(halt) => return Err(halt),
                }
            }
            if doubled {
                kept.push((marker.clone(), oldest.id));
            }
        }
        Ok(kept)
    }

    /// Our own oldest comment with a marker, if there is one.
    ///
    /// # Errors
    /// When GitHub lets nothing through.
    pub async fn find(&mut self, place: &Place, marker: &str) -> Result<Option<Comment>, Halt> {
        Ok(self.own(place, marker).await?.into_iter().next())
    }

    /// Our own comments with a marker, oldest first. Others can write the marker, but not as we.
    async fn own(&mut self, place: &Place, marker: &str) -> Result<Vec<Comment>, Halt> {
        let known = self.comments(place).await?.iter();
        let marked: Vec<Comment> = known
            .filter(|comment| self::marker(&comment.body) == marker)
            .cloned()
            .collect();
        if marked.is_empty() {
            return Ok(marked);
        }
        let login = self.login().await?;
        let is_ours = |comment: &Comment| {
            comment
                .author
                .as_ref()
                .is_some_and(|author| author.eq_ignore_ascii_case(&login))
        };
        Ok(marked.into_iter().filter(is_ours).collect())
    }

    async fn comments(&mut self, place: &Place) -> Result<&[Comment], Halt> {
        if !self.known.contains_key(place) {
            let comments = self
                .patience
                .send(Kind::Read, |github| github.comments(place));
            let comments = comments.await?;
            self.known.insert(place.clone(), comments);
        }
        Ok(self.known.get(place).map_or(&[], Vec::as_slice))
    }

    /// What we have just written tells under what name we do, whatever kind of token it is.
    fn learn(&mut self, ours: &Comment) {
        if ours.author.is_some() {
            self.login.clone_from(&ours.author);
        }
    }

    async fn login(&mut self) -> Result<String, Halt> {
        if let Some(login) = &self.login {
            return Ok(login.clone());
        }
        let login = self
            .patience
            .send(Kind::Read, |github| github.login())
            .await?;
        Ok(self.login.insert(login).clone())
    }
}

/// The first line of a comment, by which it is found again.
pub fn marker(text: &str) -> &str {
    text.lines().next().unwrap_or_default().trim_end()
}
