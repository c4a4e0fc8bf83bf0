//! Which endpoint a request is for.

use super::comments::{Id, Place};
use crate::log::Endpoint;

/// `GET /user`
pub const USER: Endpoint = Endpoint("GET /user");
/// `GET /rate_limit`
pub const RATE_LIMIT: Endpoint = Endpoint("GET /rate_limit");
/// `POST /graphql`
pub const GRAPHQL: Endpoint = Endpoint("POST /graphql");
/// `GET /repos/{owner}/{repo}/commits`
pub const COMMITS: Endpoint = Endpoint("GET /repos/{owner}/{repo}/commits");
/// `GET /repos/{owner}/{repo}/commits/{sha}/pulls`
pub const PULLS: Endpoint = Endpoint("GET /repos/{owner}/{repo}/commits/{sha}/pulls");
/// `GET /repos/{owner}/{repo}/issues/{number}/comments`
pub const COMMENTS: Endpoint = Endpoint("GET /repos/{owner}/{repo}/issues/{number}/comments");
/// `POST /repos/{owner}/{repo}/issues/{number}/comments`
pub const CREATE_COMMENT: Endpoint =
    Endpoint("POST /repos/{owner}/{repo}/issues/{number}/comments");
/// `GET /repos/{owner}/{repo}/issues/comments/{id}`
pub const COMMENT: Endpoint = Endpoint("GET /repos/{owner}/{repo}/issues/comments/{id}");
/// `PATCH /repos/{owner}/{repo}/issues/comments/{id}`
pub const EDIT_COMMENT: Endpoint = Endpoint("PATCH /repos/{owner}/{repo}/issues/comments/{id}");
/// `DELETE /repos/{owner}/{repo}/issues/comments/{id}`
pub const DELETE_COMMENT: Endpoint = Endpoint("DELETE /repos/{owner}/{repo}/issues/comments/{id}");
/// `GET /repos/{owner}/{repo}/commits/{sha}/comments`
pub const COMMIT_COMMENTS: Endpoint = Endpoint("GET /repos/{owner}/{repo}/commits/{sha}/comments");
/// `POST /repos/{owner}/{repo}/commits/{sha}/comments`
pub const CREATE_COMMIT_COMMENT: Endpoint =
    Endpoint("POST /repos/{owner}/{repo}/commits/{sha}/comments");
/// `GET /repos/{owner}/{repo}/comments/{id}`
pub const COMMIT_COMMENT: Endpoint = Endpoint("GET /repos/{owner}/{repo}/comments/{id}");
/// `PATCH /repos/{owner}/{repo}/comments/{id}`
pub const EDIT_COMMIT_COMMENT: Endpoint = Endpoint("PATCH /repos/{owner}/{repo}/comments/{id}");
/// `DELETE /repos/{owner}/{repo}/comments/{id}`
pub const DELETE_COMMIT_COMMENT: Endpoint = Endpoint("DELETE /repos/{owner}/{repo}/comments/{id}");

/// Where `Link` headers point, in place of owner and name: the id of the repository.
pub(super) const REPOSITORY_ID: u64 = 730_000_001;

/// What a request asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    User,
    RateLimit,
    GraphQl,
    Commits,
    PullsOf(String),
    List(Place),
    Create(Place),
    Comment(Verb, Id),
}

/// What is done to a comment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    Get,
    Edit,
    Delete,
}

/// A request as far as method and path tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Route {
    pub(super) endpoint: Endpoint,
    pub(super) target: Target,
    /// Where GitHub describes it, below `https://docs.github.com`.
    pub(super) documentation: &'static str,
    /// What the paths of the API begin with: nothing, or that of GitHub Enterprise Server.
    pub(super) prefix: &'static str,
}

impl Route {
    /// Whether it creates or changes content.
    pub(super) fn is_write(&self) -> bool {
        match self.target {
            Target::Create(_) | Target::Comment(Verb::Edit | Verb::Delete, _) => true,
            Target::User
            | Target::RateLimit
            | Target::GraphQl
            | Target::Commits
            | Target::PullsOf(_)
            | Target::List(_)
            | Target::Comment(Verb::Get, _) => false,
        }
    }
}

/// Reads method and path; nothing if GitHub would answer 404, also to a method that an endpoint has not.
pub(super) fn route(method: &str, path: &str, repository: &str) -> Option<Route> {
    let (prefix, path) = match path.strip_prefix("/api/v3/") {
        Some(path) => ("/api/v3", path),
        None => ("", path.strip_prefix('/')?),
    };
    let segments: Vec<&str> = path.split('/').collect();
    let (endpoint, target, documentation) = match (method, segments.as_slice()) {
        ("GET", ["user"]) => (
            USER,
            Target::User,
            "/rest/users/users#get-the-authenticated-user",
        ),
        ("GET", ["rate_limit"]) => (
            RATE_LIMIT,
            Target::RateLimit,
            "/rest/rate-limit/rate-limit#get-rate-limit-status-for-the-authenticated-user",
        ),
        ("POST", ["graphql"] | ["api", "graphql"]) if prefix.is_empty() => (
            GRAPHQL,
            Target::GraphQl,
            "/graphql/guides/forming-calls-with-graphql",
        ),
        (_, ["repos", owner, name, rest @ ..]) => {
            let asked = format!("{owner}/{name}");
            in_repository(method, rest).filter(|_| asked.eq_ignore_ascii_case(repository))?
        }
        (_, ["repositories", id, rest @ ..]) => {
            in_repository(method, rest).filter(|_| id.parse() == Ok(REPOSITORY_ID))?
        }
        _ => return None,
    };
    Some(Route {
        endpoint,
        target,
        documentation,
        prefix,
    })
}

fn in_repository(method: &str, rest: &[&str]) -> Option<(Endpoint, Target, &'static str)> {
    Some(match (method, rest) {
        ("GET", ["commits"]) => (
            COMMITS,
            Target::Commits,
            "/rest/commits/commits#list-commits",
        ),
        ("GET", ["commits", sha, "pulls"]) => (
            PULLS,
            Target::PullsOf((*sha).into()),
            "/rest/commits/commits#list-pull-requests-associated-with-a-commit",
        ),
        ("GET", ["issues", number, "comments"]) => (
            COMMENTS,
            Target::List(Place::PullRequest(number.parse().ok()?)),
            "/rest/issues/comments#list-issue-comments",
        ),
        ("POST", ["issues", number, "comments"]) => (
            CREATE_COMMENT,
            Target::Create(Place::PullRequest(number.parse().ok()?)),
            "/rest/issues/comments#create-an-issue-comment",
        ),
        ("GET", ["commits", sha, "comments"]) => (
            COMMIT_COMMENTS,
            Target::List(Place::Commit((*sha).into())),
            "/rest/commits/comments#list-commit-comments",
        ),
        ("POST", ["commits", sha, "comments"]) => (
            CREATE_COMMIT_COMMENT,
            Target::Create(Place::Commit((*sha).into())),
            "/rest/commits/comments#create-a-commit-comment",
        ),
        (_, ["issues", "comments", id]) => comment(method, id, false)?,
        (_, ["comments", id]) => comment(method, id, true)?,
        _ => return None,
    })
}

fn comment(method: &str, id: &str, on_commits: bool) -> Option<(Endpoint, Target, &'static str)> {
    let (verb, endpoint, documentation) = match (method, on_commits) {
        ("GET", false) => (
            Verb::Get,
            COMMENT,
            "/rest/issues/comments#get-an-issue-comment",
        ),
        ("PATCH", false) => (
            Verb::Edit,
            EDIT_COMMENT,
            "/rest/issues/comments#update-an-issue-comment",
        ),
        ("DELETE", false) => (
            Verb::Delete,
            DELETE_COMMENT,
            "/rest/issues/comments#delete-an-issue-comment",
        ),
        ("GET", true) => (
            Verb::Get,
            COMMIT_COMMENT,
            "/rest/commits/comments#get-a-commit-comment",
        ),
        ("PATCH", true) => (
            Verb::Edit,
            EDIT_COMMIT_COMMENT,
            "/rest/commits/comments#update-a-commit-comment",
        ),
        ("DELETE", true) => (
            Verb::Delete,
            DELETE_COMMIT_COMMENT,
            "/rest/commits/comments#delete-a-commit-comment",
        ),
        _ => return None,
    };
    let number = id.parse().ok()?;
    let id = Id { number, on_commits };
    Some((endpoint, Target::Comment(verb, id), documentation))
}
