//! Comments of people, what they may do, and reactions: what it takes to do as a comment says.

use http::Method;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;

use super::{CommentId, GitHub, GitHubError, PAGE, User, escaped, read};

/// What somebody wrote on an issue or a pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// The comment's name.
    pub id: i64,
    /// Number of the issue or pull request.
    pub number: i64,
    /// Login of its author; none for a deleted account.
    pub author: Option<String>,
    /// Whether a program wrote it.
    pub is_by_program: bool,
    /// Whether its author belongs to the repository or its organization.
    pub is_by_member: bool,
    /// When it was written.
    pub written_at: Timestamp,
    /// Markdown.
    pub body: String,
}

/// What can be set under a comment (GitHub REST API, reactions).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reaction {
    /// 👀: seen.
    Eyes,
    /// 🚀: done.
    Rocket,
    /// 😕: not done.
    Confused,
}

impl Reaction {
    const fn name(self) -> &'static str {
        match self {
            Self::Eyes => "eyes",
            Self::Rocket => "rocket",
            Self::Confused => "confused",
        }
    }
}

impl GitHub {
    /// Comments on all issues and pull requests that were written since a moment, the newest first; so many
    /// pages at most. Those that were only edited since are left out.
    ///
    /// # Errors
    /// When GitHub does not answer, or limits us.
    pub async fn remarks(
        &self,
        since: Timestamp,
        pages: usize,
    ) -> Result<Vec<Remark>, GitHubError> {
        let mut remarks = Vec::new();
        let moment = since.strftime("%Y-%m-%dT%H:%M:%SZ");
        for page in 1..=pages {
            // By creation, because our own edits would bury what is new (GitHub REST API, list issue comments
            // for a repository: `since` looks at the last update).
            let route = self.route(&format!(
                "issues/comments?sort=created&direction=desc&since={moment}&per_page={PAGE}&page={page}"
            ));
            let found = read(self.get(&route).await?, |found: Vec<RawRemark>| found)?;
            let is_last = found.len() < PAGE;
            let before = remarks.len();
            let all = found.len();
            let new = found.into_iter().filter_map(RawRemark::read);
            remarks.extend(new.filter(|remark| remark.written_at >= since));
            if is_last || remarks.len() - before < all {
                break;
            }
        }
        Ok(remarks)
    }

    /// A comment on an issue or a pull request; `None` if it is gone.
    ///
    /// # Errors
    /// When GitHub does not answer, or limits us.
    pub async fn remark(&self, id: i64) -> Result<Option<Remark>, GitHubError> {
        match self
            .get(&self.comment_route(CommentId::PullRequest(id)))
            .await
        {
            Ok(answer) => read(answer, RawRemark::read),
            Err(GitHubError::Refused {
                status: 404 | 410, ..
            }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Whether somebody may write to the repository. What is told is the highest right, from whichever team
    /// it comes; `maintain` counts as `write` (GitHub REST API, get repository permissions for a user).
    ///
    /// # Errors
    /// When GitHub does not answer, or limits us.
    pub async fn may_write(&self, login: &str) -> Result<bool, GitHubError> {
        let route = self.route(&format!("collaborators/{}/permission", escaped(login)));
        match self.get(&route).await {
            Ok(answer) => read(answer, |right: Permission| {
                matches!(right.permission.as_str(), "admin" | "write")
            }),
            Err(GitHubError::Refused { status: 404, .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Sets a reaction under a comment; one that is there stays.
    ///
    /// # Errors
    /// When GitHub does not answer, limits us, or says no.
    pub async fn react(&self, id: i64, reaction: Reaction) -> Result<(), GitHubError> {
        let route = self.route(&format!("issues/comments/{id}/reactions"));
        let body = json!({"content": reaction.name()});
        self.send(Method::POST, &route, Some(body)).await.map(drop)
    }

    /// Whether a pull request is merged; `None` if there is none of that number.
    ///
    /// # Errors
    /// When GitHub does not answer, or limits us.
    pub async fn is_merged(&self, number: i64) -> Result<Option<bool>, GitHubError> {
        match self.get(&self.route(&format!("pulls/{number}"))).await {
            Ok(answer) => read(answer, |pull: Merged| Some(pull.merged_at.is_some())),
            Err(GitHubError::Refused { status: 404, .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

#[derive(Deserialize)]
struct RawRemark {
    id: i64,
    issue_url: String,
    user: Option<Author>,
    #[serde(default)]
    author_association: String,
    created_at: Timestamp,
    body: Option<String>,
}

#[derive(Deserialize)]
struct Author {
    #[serde(flatten)]
    user: User,
    #[serde(rename = "type", default)]
    kind: String,
}

#[derive(Deserialize)]
struct Permission {
    permission: String,
}

#[derive(Deserialize)]
struct Merged {
    merged_at: Option<String>,
}

impl RawRemark {
    fn read(self) -> Option<Remark> {
        let number = self.issue_url.rsplit('/').next()?.parse().ok()?;
        Some(Remark {
            id: self.id,
            number,
            is_by_program: self.user.as_ref().is_some_and(|user| user.kind == "Bot"),
            is_by_member: matches!(
                self.author_association.as_str(),
                "OWNER" | "MEMBER" | "COLLABORATOR"
            ),
            author: self.user.map(|author| author.user.login),
            written_at: self.created_at,
            body: self.body.unwrap_or_default(),
        })
    }
}
