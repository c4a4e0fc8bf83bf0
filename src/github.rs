//! GitHub's REST API, as far as it takes to open the pull request of a request file and to comment on it.
//!
//! One request a call: nothing here retries, waits or reads the time. What an answer means for the next
//! request (a limit, a refusal, an unknown outcome) is told by [`GitHubError`]; `reconcile` decides.

mod answer;
mod branches;
mod commands;
mod pulls;

use std::{fmt, num::ParseIntError, str::FromStr, sync::Mutex, time::Duration};

use http::{Method, Request};
use jiff::Timestamp;
use octocrab::Octocrab;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    kill::{self, Point},
    model::KnownSecrets,
};

pub use answer::{GitHubError, Pause};
use answer::{Head, Quota};
pub use branches::{Issue, Stored};
pub use commands::{Reaction, Remark};
pub use pulls::{ChangedFile, CommitStatus, OpenPull, StatusState};

/// The address of github.com's API; `GITHUB_API_URL` names another one for GitHub Enterprise.
pub const API_URL: &str = "https://api.github.com";

/// Who comments with the token that GitHub Actions makes for a job. It may not ask who it is.
const ACTIONS_BOT: &str = "github-actions[bot]";

/// Most comments that a page may hold (GitHub REST API, list issue comments: `per_page`).
const PAGE: usize = 100;

/// Longest wait for an answer, and for a connection.
const TIMEOUT: Duration = Duration::from_secs(30);

/// One repository on GitHub, with a token for it.
pub struct GitHub {
    client: Octocrab,
    repository: String,
    quota: Mutex<Quota>,
    known: KnownSecrets,
}

/// Where a comment stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// A pull request, by number.
    PullRequest(i64),
    /// A commit, by its hash.
    Commit(String),
}

/// A comment's name: its id, which says nothing about where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CommentId {
    /// On a pull request.
    PullRequest(i64),
    /// On a commit.
    Commit(i64),
}

/// How a request file came to where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The commit that last changed the file.
    pub commit: String,
    /// The merged pull request that brought this commit.
    pub pull_request: Option<PullRequest>,
}

/// A pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullRequest {
    /// Its number.
    pub number: i64,
    /// Login of whoever opened it; none for a deleted account.
    pub author: Option<String>,
}

/// A comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// Its name; later comments have higher ids.
    pub id: CommentId,
    /// Login of its author; none for a deleted account.
    pub author: Option<String>,
    /// Markdown.
    pub body: String,
}

impl GitHub {
    /// A client for `repository` (`owner/name`) at `api_url` ([`API_URL`], or `https://HOST/api/v3` for
    /// GitHub Enterprise Server). Needs a Tokio runtime around it.
    ///
    /// # Errors
    /// [`GitHubError::Setup`] when the address or the repository's name cannot be used.
    pub fn new(api_url: &str, repository: &str, token: SecretString) -> Result<Self, GitHubError> {
        let is_name = |part: &str| {
            let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
            !part.is_empty() && part.chars().all(allowed)
        };
        let parts = repository.split_once('/');
        if !parts.is_some_and(|(owner, name)| is_name(owner) && is_name(name)) {
            return Err(GitHubError::Setup(
                "GITHUB_REPOSITORY is not owner/name".into(),
            ));
        }
        let address = api_url.trim_end_matches('/');
        let client = Octocrab::builder()
            .base_uri(address)
            .map_err(|_| GitHubError::Setup("GITHUB_API_URL is not an address".into()))?
            .personal_token(token)
            .set_connect_timeout(Some(TIMEOUT))
            .set_read_timeout(Some(TIMEOUT))
            .set_write_timeout(Some(TIMEOUT))
            .build()
            .map_err(|error| GitHubError::Setup(error.to_string()))?;
        Ok(Self {
            client,
            repository: repository.to_owned(),
            quota: Mutex::default(),
            known: KnownSecrets::default(),
        })
    }

    /// The same, but no text that holds one of these secrets gets there.
    #[must_use]
    pub fn withholding(self, known: &KnownSecrets) -> Self {
        let known = known.clone();
        Self { known, ..self }
    }

    /// When the next request may be sent, if GitHub has said that none is left until then.
    pub fn exhausted_until(&self) -> Option<Timestamp> {
        let quota = self.quota.lock().ok()?;
        (quota.remaining == Some(0))
            .then_some(quota.reset)
            .flatten()
    }

    /// The login under which this token comments.
    ///
    /// A token of an app's installation, as GitHub Actions makes one for each job, may not ask
    /// `GET /user`; GraphQL's `viewer` answers such tokens too.
    ///
    /// # Errors
    /// When GitHub cannot be reached.
    pub async fn login(&self) -> Result<String, GitHubError> {
        match self.get("/user").await {
            Ok(user) => return read(user, |user: User| user.login),
            Err(GitHubError::Refused { .. }) => {}
            Err(error) => return Err(error),
        }
        let query = json!({"query": "query { viewer { login } }"});
        match self.send(Method::POST, "/graphql", Some(query)).await {
            Ok(answer) => Ok(answer
                .pointer("/data/viewer/login")
                .and_then(Value::as_str)
                .unwrap_or(ACTIONS_BOT)
                .to_owned()),
            Err(GitHubError::Refused { .. }) => Ok(ACTIONS_BOT.to_owned()),
            Err(error) => Err(error),
        }
    }

    /// The commit that last changed a file of the default branch (or deleted it), and its merged pull
    /// request; `None` if GitHub knows no such file.
    ///
    /// Asked from the API, because the checkout of a workflow knows one commit only. GitHub lists open and
    /// merged pull requests with a commit; those that were merged into the default branch count, the last
    /// of them first.
    ///
    /// # Errors
    /// When GitHub does not answer, or limits us.
    pub async fn origin(&self, path: &str) -> Result<Option<Origin>, GitHubError> {
        let path = escaped(path);
        let route = self.route(&format!("commits?path={path}&per_page=1"));
        let commits = self.get(&route).await?;
        let commits = read(commits, |commits: Vec<Commit>| commits)?;
        let Some(Commit { sha }) = commits.into_iter().next() else {
            return Ok(None);
        };
        let route = self.route(&format!("commits/{sha}/pulls?per_page={PAGE}"));
        let pulls = read(self.get(&route).await?, |pulls: Vec<Pull>| pulls)?;
        let merged = pulls
            .into_iter()
            .filter(|pull| pull.merged_at.is_some() && pull.is_onto_default_branch())
            .max_by_key(|pull| (pull.merge_commit_sha.as_deref() == Some(&sha), pull.number));
        Ok(Some(Origin {
            commit: sha,
            pull_request: merged.map(|pull| PullRequest {
                number: pull.number,
                author: pull.user.map(|user| user.login),
            }),
        }))
    }

    /// Every comment there, oldest first. Pages are counted, so that no link in an answer is followed.
    ///
    /// # Errors
    /// When GitHub does not answer, limits us, or has no such place.
    pub async fn comments(&self, place: &Place) -> Result<Vec<Comment>, GitHubError> {
        let mut comments: Vec<Comment> = Vec::new();
        for page in 1.. {
            let route = format!("{}?per_page={PAGE}&page={page}", self.comments_route(place));
            let found = read(self.get(&route).await?, |found: Vec<RawComment>| found)?;
            let is_last = found.len() < PAGE;
            comments.extend(found.into_iter().map(|raw| raw.at(place)));
            if is_last {
                break;
            }
        }
        comments.sort_by_key(|comment| comment.id);
        Ok(comments)
    }

    /// Writes a new comment.
    ///
    /// # Errors
    /// [`GitHubError::Unknown`] when it may have been written all the same.
    pub async fn post(&self, place: &Place, body: &str) -> Result<Comment, GitHubError> {
        let route = self.comments_route(place);
        let answer = self.send(Method::POST, &route, Some(json!({"body": body})));
        read(answer.await?, |raw: RawComment| raw.at(place))
    }

    /// Replaces the text of a comment.
    ///
    /// # Errors
    /// [`GitHubError::Refused`] with 404 when it is gone.
    pub async fn edit(&self, id: CommentId, body: &str) -> Result<Comment, GitHubError> {
        // PATCH, as GitHub documents it; octocrab's own `update_comment` sends POST.
        let route = self.comment_route(id);
        let answer = self.send(Method::PATCH, &route, Some(json!({"body": body})));
        read(answer.await?, |raw: RawComment| raw.named(id))
    }

    /// Deletes a comment.
    ///
    /// # Errors
    /// [`GitHubError::Refused`] with 404 when it is gone.
    pub async fn delete(&self, id: CommentId) -> Result<(), GitHubError> {
        self.send(Method::DELETE, &self.comment_route(id), None)
            .await
            .map(drop)
    }

    /// Owner and name.
    pub fn repository(&self) -> &str {
        &self.repository
    }

    fn route(&self, rest: &str) -> String {
        format!("/repos/{}/{rest}", self.repository)
    }

    fn comments_route(&self, place: &Place) -> String {
        match place {
            Place::PullRequest(number) => self.route(&format!("issues/{number}/comments")),
            Place::Commit(sha) => self.route(&format!("commits/{sha}/comments")),
        }
    }

    fn comment_route(&self, id: CommentId) -> String {
        match id {
            CommentId::PullRequest(id) => self.route(&format!("issues/comments/{id}")),
            CommentId::Commit(id) => self.route(&format!("comments/{id}")),
        }
    }

    async fn get(&self, route: &str) -> Result<Value, GitHubError> {
        self.send(Method::GET, route, None).await
    }

    /// Sends one request and judges the answer.
    async fn send(
        &self,
        method: Method,
        route: &str,
        mut body: Option<Value>,
    ) -> Result<Value, GitHubError> {
        if let Some(body) = &mut body {
            self.known.withhold_in(body, "GitHub");
        }
        let writes = method != Method::GET;
        let request = Request::builder().method(method).uri(route);
        let exchange = async {
            let request = self.client.build_request(request, body.as_ref())?;
            let response = self.client.execute(request).await?;
            let head = Head::of(response.status(), response.headers());
            Ok((head, self.client.body_to_string(response).await?))
        };
        if writes {
            kill::here(Point::BeforeGitHubWrite);
        }
        let (head, body) = tokio::time::timeout(TIMEOUT, exchange)
            .await
            .map_err(|_| GitHubError::Unknown("it took too long".into()))?
            .map_err(|error| answer::unknown(&error))?;
        if writes {
            kill::here(Point::AfterGitHubWrite);
        }
        if let Ok(mut quota) = self.quota.lock() {
            *quota = head.quota;
        }
        answer::judge(&head, &body)
    }
}

impl fmt::Debug for GitHub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GitHub")
            .field("repository", &self.repository)
            .finish_non_exhaustive()
    }
}

/// `pull request 12`, `commit 1a2b3c`.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PullRequest(number) => write!(f, "pull request {number}"),
            Self::Commit(sha) => write!(f, "commit {sha}"),
        }
    }
}

/// The mark before the id of a comment on a commit, as it is recorded.
const ON_COMMIT: &str = "commit-comment:";

/// As recorded in `notifications.remote_id`: `1234`, or `commit-comment:1234`.
impl fmt::Display for CommentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PullRequest(id) => write!(f, "{id}"),
            Self::Commit(id) => write!(f, "{ON_COMMIT}{id}"),
        }
    }
}

impl FromStr for CommentId {
    type Err = ParseIntError;

    fn from_str(text: &str) -> Result<Self, ParseIntError> {
        match text.strip_prefix(ON_COMMIT) {
            Some(id) => id.parse().map(Self::Commit),
            None => text.parse().map(Self::PullRequest),
        }
    }
}

#[derive(Deserialize)]
struct User {
    login: String,
}

#[derive(Deserialize)]
struct Commit {
    sha: String,
}

#[derive(Deserialize)]
struct Pull {
    number: i64,
    user: Option<User>,
    merged_at: Option<String>,
    merge_commit_sha: Option<String>,
    base: Option<Base>,
}

#[derive(Deserialize)]
struct Base {
    #[serde(rename = "ref")]
    branch: String,
    repo: Option<Repository>,
}

#[derive(Deserialize)]
struct Repository {
    default_branch: Option<String>,
}

impl Pull {
    fn is_onto_default_branch(&self) -> bool {
        let base = self.base.as_ref();
        base.is_none_or(Base::is_default_branch)
    }
}

impl Base {
    /// Whether it is the branch that everything is merged into; as long as nothing else is said, it is.
    fn is_default_branch(&self) -> bool {
        let repository = self.repo.as_ref();
        let default = repository.and_then(|repository| repository.default_branch.as_ref());
        default.is_none_or(|default| *default == self.branch)
    }
}

#[derive(Deserialize)]
struct RawComment {
    id: i64,
    user: Option<User>,
    body: Option<String>,
}

impl RawComment {
    fn at(self, place: &Place) -> Comment {
        let id = match place {
            Place::PullRequest(_) => CommentId::PullRequest(self.id),
            Place::Commit(_) => CommentId::Commit(self.id),
        };
        self.named(id)
    }

    fn named(self, id: CommentId) -> Comment {
        Comment {
            id,
            author: self.user.map(|user| user.login),
            body: self.body.unwrap_or_default(),
        }
    }
}

/// An answer in our own shape.
fn read<T: serde::de::DeserializeOwned, U>(
    answer: Value,
    take: impl FnOnce(T) -> U,
) -> Result<U, GitHubError> {
    serde_json::from_value(answer).map(take).map_err(|error| {
        GitHubError::Unknown(format!("GitHub's answer is not as documented: {error}"))
    })
}

/// A path as the value of a query, with everything escaped that could end it.
fn escaped(path: &str) -> String {
    path.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'/' => {
                char::from(byte).to_string()
            }
            other => format!("%{other:02X}"),
        })
        .collect()
}
