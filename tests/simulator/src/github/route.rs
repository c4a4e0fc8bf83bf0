//! Which endpoint a request is for.

use super::{
    before,
    comments::{Id, Place},
};
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
/// `GET /repos/{owner}/{repo}/issues/comments`
pub const RECENT_COMMENTS: Endpoint = Endpoint("GET /repos/{owner}/{repo}/issues/comments");
/// `POST /repos/{owner}/{repo}/issues/comments/{id}/reactions`
pub const REACT: Endpoint = Endpoint("POST /repos/{owner}/{repo}/issues/comments/{id}/reactions");
/// `GET /repos/{owner}/{repo}/collaborators/{username}/permission`
pub const PERMISSION: Endpoint =
    Endpoint("GET /repos/{owner}/{repo}/collaborators/{username}/permission");
/// `GET /repos/{owner}/{repo}/pulls/{number}`
pub const PULL: Endpoint = Endpoint("GET /repos/{owner}/{repo}/pulls/{number}");
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

/// `GET /repos/{owner}/{repo}`
pub const REPOSITORY: Endpoint = Endpoint("GET /repos/{owner}/{repo}");
/// `GET /repos/{owner}/{repo}/git/ref/{ref}`
pub const REF: Endpoint = Endpoint("GET /repos/{owner}/{repo}/git/ref/{ref}");
/// `POST /repos/{owner}/{repo}/git/refs`
pub const CREATE_REF: Endpoint = Endpoint("POST /repos/{owner}/{repo}/git/refs");
/// `GET /repos/{owner}/{repo}/contents/{path}`
pub const FILE: Endpoint = Endpoint("GET /repos/{owner}/{repo}/contents/{path}");
/// `PUT /repos/{owner}/{repo}/contents/{path}`
pub const PUT_FILE: Endpoint = Endpoint("PUT /repos/{owner}/{repo}/contents/{path}");
/// `DELETE /repos/{owner}/{repo}/contents/{path}`
pub const DELETE_FILE: Endpoint = Endpoint("DELETE /repos/{owner}/{repo}/contents/{path}");
/// `GET /repos/{owner}/{repo}/pulls`
pub const LIST_PULLS: Endpoint = Endpoint("GET /repos/{owner}/{repo}/pulls");
/// `POST /repos/{owner}/{repo}/pulls`
pub const CREATE_PULL: Endpoint = Endpoint("POST /repos/{owner}/{repo}/pulls");
/// `GET /repos/{owner}/{repo}/pulls/{number}/files`
pub const PULL_FILES: Endpoint = Endpoint("GET /repos/{owner}/{repo}/pulls/{number}/files");
/// `GET /repos/{owner}/{repo}/commits/{ref}/status`
pub const COMBINED_STATUS: Endpoint = Endpoint("GET /repos/{owner}/{repo}/commits/{ref}/status");
/// `POST /repos/{owner}/{repo}/statuses/{sha}`
pub const CREATE_STATUS: Endpoint = Endpoint("POST /repos/{owner}/{repo}/statuses/{sha}");
/// `GET /repos/{owner}/{repo}/labels/{name}`
pub const LABEL: Endpoint = Endpoint("GET /repos/{owner}/{repo}/labels/{name}");
/// `POST /repos/{owner}/{repo}/issues/{number}/labels`
pub const ADD_LABELS: Endpoint = Endpoint("POST /repos/{owner}/{repo}/issues/{number}/labels");
/// `GET /repos/{owner}/{repo}/issues/{number}`
pub const ISSUE: Endpoint = Endpoint("GET /repos/{owner}/{repo}/issues/{number}");
/// `PATCH /repos/{owner}/{repo}/issues/{number}`
pub const EDIT_ISSUE: Endpoint = Endpoint("PATCH /repos/{owner}/{repo}/issues/{number}");

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
    /// Comments on all issues and pull requests.
    Recent,
    /// A reaction to a comment on a pull request.
    React(Id),
    /// What a user may do.
    Permission(String),
    Pull(u64),
    BeforeMerge(before::Target),
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
        match &self.target {
            Target::BeforeMerge(target) => target.is_write(),
            Target::Create(_)
            | Target::Comment(Verb::Edit | Verb::Delete, _)
            | Target::React(_) => true,
            Target::User
            | Target::RateLimit
            | Target::GraphQl
            | Target::Commits
            | Target::PullsOf(_)
            | Target::List(_)
            | Target::Recent
            | Target::Permission(_)
            | Target::Pull(_)
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
        _ => match before_merge(method, rest) {
            Some((endpoint, target, documentation)) => {
                (endpoint, Target::BeforeMerge(target), documentation)
            }
            None => after_merge(method, rest)?,
        },
    })
}

/// What is asked for when people command by comments.
fn after_merge(method: &str, rest: &[&str]) -> Option<(Endpoint, Target, &'static str)> {
    Some(match (method, rest) {
        ("GET", ["issues", "comments"]) => (
            RECENT_COMMENTS,
            Target::Recent,
            "/rest/issues/comments#list-issue-comments-for-a-repository",
        ),
        ("POST", ["issues", "comments", id, "reactions"]) => (
            REACT,
            Target::React(Id {
                number: id.parse().ok()?,
                on_commits: false,
            }),
            "/rest/reactions/reactions#create-reaction-for-an-issue-comment",
        ),
        ("GET", ["collaborators", login, "permission"]) => (
            PERMISSION,
            Target::Permission((*login).into()),
            "/rest/collaborators/collaborators#get-repository-permissions-for-a-user",
        ),
        ("GET", ["pulls", number]) => (
            PULL,
            Target::Pull(number.parse().ok()?),
            "/rest/pulls/pulls#get-a-pull-request",
        ),
        _ => return None,
    })
}

fn before_merge(method: &str, rest: &[&str]) -> Option<(Endpoint, before::Target, &'static str)> {
    use before::Target as Before;
    Some(match (method, rest) {
        ("GET", []) => (
            REPOSITORY,
            Before::Repository,
            "/rest/repos/repos#get-a-repository",
        ),
        ("GET", ["git", "ref", "heads", branch @ ..]) => (
            REF,
            Before::Ref(decoded(branch)),
            "/rest/git/refs#get-a-reference",
        ),
        ("POST", ["git", "refs"]) => (
            CREATE_REF,
            Before::CreateRef,
            "/rest/git/refs#create-a-reference",
        ),
        ("GET", ["contents", path @ ..]) => (
            FILE,
            Before::File(decoded(path)),
            "/rest/repos/contents#get-repository-content",
        ),
        ("PUT", ["contents", path @ ..]) => (
            PUT_FILE,
            Before::PutFile(decoded(path)),
            "/rest/repos/contents#create-or-update-file-contents",
        ),
        ("DELETE", ["contents", path @ ..]) => (
            DELETE_FILE,
            Before::DeleteFile(decoded(path)),
            "/rest/repos/contents#delete-a-file",
        ),
        _ => return of_pulls(method, rest),
    })
}

fn of_pulls(method: &str, rest: &[&str]) -> Option<(Endpoint, before::Target, &'static str)> {
    use before::Target as Before;
    Some(match (method, rest) {
        ("GET", ["pulls"]) => (
            LIST_PULLS,
            Before::Pulls,
            "/rest/pulls/pulls#list-pull-requests",
        ),
        ("POST", ["pulls"]) => (
            CREATE_PULL,
            Before::CreatePull,
            "/rest/pulls/pulls#create-a-pull-request",
        ),
        ("GET", ["pulls", number, "files"]) => (
            PULL_FILES,
            Before::PullFiles(number.parse().ok()?),
            "/rest/pulls/pulls#list-pull-requests-files",
        ),
        ("GET", ["commits", sha, "status"]) => (
            COMBINED_STATUS,
            Before::CombinedStatus((*sha).into()),
            "/rest/commits/statuses#get-the-combined-status-for-a-specific-reference",
        ),
        ("POST", ["statuses", sha]) => (
            CREATE_STATUS,
            Before::CreateStatus((*sha).into()),
            "/rest/commits/statuses#create-a-commit-status",
        ),
        ("GET", ["labels", name]) => (
            LABEL,
            Before::Label(decoded(&[name])),
            "/rest/issues/labels#get-a-label",
        ),
        ("POST", ["issues", number, "labels"]) => (
            ADD_LABELS,
            Before::AddLabels(number.parse().ok()?),
            "/rest/issues/labels#add-labels-to-an-issue",
        ),
        ("GET", ["issues", number]) => (
            ISSUE,
            Before::Issue(number.parse().ok()?),
            "/rest/issues/issues#get-an-issue",
        ),
        ("PATCH", ["issues", number]) => (
            EDIT_ISSUE,
            Before::EditIssue(number.parse().ok()?),
            "/rest/issues/issues#update-an-issue",
        ),
        _ => return None,
    })
}

/// The rest of a path, with `%` and two digits read as a byte.
fn decoded(segments: &[&str]) -> String {
    let path = segments.join("/");
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let [first, after @ ..] = rest {
        let escape = path
            .get(path.len() - rest.len() + 1..path.len() - rest.len() + 3)
            .filter(|_| *first == b'%')
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(escape.unwrap_or(*first));
        rest = if escape.is_some() { &after[2..] } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
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
