//! The JSON of answers, complete as GitHub's OpenAPI description demands.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{
    comments::{Comment, Place},
    contents::{Commit, Contents, MAIN, Pull},
    route::REPOSITORY_ID,
};
use crate::random;

/// Where people see what the API tells.
const WEB: &str = "https://github.example";

/// Writes what a repository holds.
pub(super) struct Writer<'a> {
    pub(super) contents: &'a Contents,
    /// Where the API is served: scheme, host and prefix.
    pub(super) api: &'a str,
}

impl Writer<'_> {
    /// `issue-comment` or `commit-comment`.
    pub(super) fn comment(&self, comment: &Comment) -> Value {
        let (repository, web) = (self.repository_url(), self.web());
        let Comment {
            id, author, body, ..
        } = comment;
        let mut answer = json!({
            "id": id,
            "body": body,
            "user": self.user(author),
            "created_at": time(comment.created_at),
            "updated_at": time(comment.updated_at),
            "author_association": association(author),
        });
        let more = match &comment.place {
            Place::PullRequest(number) => json!({
                "node_id": node_id("IssueComment", *id),
                "url": format!("{repository}/issues/comments/{id}"),
                "html_url": format!("{web}/pull/{number}#issuecomment-{id}"),
                "issue_url": format!("{repository}/issues/{number}"),
                "performed_via_github_app": null,
                "reactions": reactions(&format!("{repository}/issues/comments/{id}"), comment),
            }),
            Place::Commit(sha) => json!({
                "node_id": node_id("CommitComment", *id),
                "url": format!("{repository}/comments/{id}"),
                "html_url": format!("{web}/commit/{sha}#commitcomment-{id}"),
                "commit_id": sha,
                "path": null,
                "position": null,
                "line": null,
                "reactions": reactions(&format!("{repository}/comments/{id}"), comment),
            }),
        };
        extend(&mut answer, more);
        answer
    }

    /// `commit`, as in lists: without statistics and files.
    pub(super) fn commit(&self, commit: &Commit, comments: usize) -> Value {
        let (repository, web) = (self.repository_url(), self.web());
        let Commit {
            sha,
            author,
            message,
            at,
            ..
        } = commit;
        let person = json!({
            "name": author,
            "email": format!("{author}@users.noreply.github.example"),
            "date": time(*at),
        });
        let parent = |sha: &String| {
            json!({
                "sha": sha,
                "url": format!("{repository}/commits/{sha}"),
                "html_url": format!("{web}/commit/{sha}"),
            })
        };
        let parents: Vec<_> = commit.parents.iter().map(parent).collect();
        json!({
            "sha": sha,
            "node_id": format!("C_{sha}"),
            "url": format!("{repository}/commits/{sha}"),
            "html_url": format!("{web}/commit/{sha}"),
            "comments_url": format!("{repository}/commits/{sha}/comments"),
            "commit": {
                "url": format!("{repository}/git/commits/{sha}"),
                "author": person,
                "committer": person,
                "message": message,
                "tree": {"sha": sha, "url": format!("{repository}/git/trees/{sha}")},
                "comment_count": comments,
                "verification": {
                    "verified": false,
                    "reason": "unsigned",
                    "signature": null,
                    "payload": null,
                    "verified_at": null,
                },
            },
            "author": self.user(author),
            "committer": self.user(author),
            "parents": parents,
        })
    }

    /// `pull-request-simple`.
    pub(super) fn pull(&self, pull: &Pull) -> Value {
        let number = pull.number;
        let merged_at = pull.merged.as_ref().map(|(at, _)| time(*at));
        let mut answer = json!({
            "id": 2_500_000_000 + number,
            "node_id": node_id("PullRequest", number),
            "number": number,
            "state": if pull.is_open() { "open" } else { "closed" },
            "locked": pull.locked,
            "active_lock_reason": null,
            "title": pull.title,
            "body": pull.body,
            "user": self.user(&pull.author),
            "author_association": association(&pull.author),
            "labels": [],
            "milestone": null,
            "assignee": null,
            "assignees": [],
            "requested_reviewers": [],
            "requested_teams": [],
            "draft": false,
            "auto_merge": null,
            "created_at": time(pull.created_at),
            "updated_at": time(pull.updated_at),
            "closed_at": merged_at,
            "merged_at": merged_at,
            "merge_commit_sha": pull.merged.as_ref().map(|(_, sha)| sha),
            "head": self.branch(&pull.head_owner, &pull.head_branch, &pull.head_sha),
            "base": self.branch(&self.contents.owner, &pull.base, &pull.base_sha),
        });
        extend(&mut answer, self.pull_urls(pull));
        answer
    }

    /// `reaction`.
    pub(super) fn reaction(&self, login: &str, content: &str, at: Timestamp) -> Value {
        json!({
            "id": 1,
            "node_id": node_id("Reaction", 1),
            "user": self.user(login),
            "content": content,
            "created_at": time(at),
        })
    }

    /// `pull-request`: what lists leave out.
    pub(super) fn whole_pull(&self, pull: &Pull) -> Value {
        let mut answer = self.pull(pull);
        let more = json!({
            "merged": pull.merged.is_some(),
            "mergeable": null,
            "mergeable_state": "unknown",
            "merged_by": pull.merged.as_ref().map(|_| self.user(&pull.author)),
            "comments": 0,
            "review_comments": 0,
            "maintainer_can_modify": false,
            "commits": 1,
            "additions": 1,
            "deletions": 0,
            "changed_files": 1,
        });
        extend(&mut answer, more);
        answer
    }

    fn pull_urls(&self, pull: &Pull) -> Value {
        let repository = self.repository_url();
        let number = pull.number;
        let web = format!("{}/pull/{number}", self.web());
        let url = format!("{repository}/pulls/{number}");
        let issue = format!("{repository}/issues/{number}");
        let statuses = format!("{repository}/statuses/{}", pull.head_sha);
        let review_comment = format!("{repository}/pulls/comments{{/number}}");
        json!({
            "url": url,
            "html_url": web,
            "diff_url": format!("{web}.diff"),
            "patch_url": format!("{web}.patch"),
            "issue_url": issue,
            "commits_url": format!("{url}/commits"),
            "review_comments_url": format!("{url}/comments"),
            "review_comment_url": review_comment,
            "comments_url": format!("{issue}/comments"),
            "statuses_url": statuses,
            "_links": {
                "self": {"href": url},
                "html": {"href": web},
                "issue": {"href": issue},
                "comments": {"href": format!("{issue}/comments")},
                "review_comments": {"href": format!("{url}/comments")},
                "review_comment": {"href": review_comment},
                "commits": {"href": format!("{url}/commits")},
                "statuses": {"href": statuses},
            },
        })
    }

    /// `simple-user`.
    pub(super) fn user(&self, login: &str) -> Value {
        let app = login.strip_suffix("[bot]");
        let id = user_id(login);
        let url = format!(
            "{}/users/{}",
            self.api,
            login.replace('[', "%5B").replace(']', "%5D")
        );
        json!({
            "login": login,
            "id": id,
            "node_id": node_id(if app.is_some() { "Bot" } else { "User" }, id),
            "avatar_url": format!("https://avatars.github.example/u/{id}"),
            "gravatar_id": "",
            "url": url,
            "html_url": app.map_or(format!("{WEB}/{login}"), |app| format!("{WEB}/apps/{app}")),
            "followers_url": format!("{url}/followers"),
            "following_url": format!("{url}/following{{/other_user}}"),
            "gists_url": format!("{url}/gists{{/gist_id}}"),
            "starred_url": format!("{url}/starred{{/owner}}{{/repo}}"),
            "subscriptions_url": format!("{url}/subscriptions"),
            "organizations_url": format!("{url}/orgs"),
            "repos_url": format!("{url}/repos"),
            "events_url": format!("{url}/events{{/privacy}}"),
            "received_events_url": format!("{url}/received_events"),
            "type": if app.is_some() { "Bot" } else { "User" },
            "user_view_type": "public",
            "site_admin": false,
        })
    }

    /// `private-user`: who asks for itself.
    pub(super) fn myself(&self, login: &str) -> Value {
        let mut answer = self.user(login);
        let since = time(self.contents.created_at);
        let more = json!({
            "user_view_type": "private",
            "name": null, "company": null, "blog": null, "location": null, "email": null,
            "hireable": null, "bio": null, "twitter_username": null,
            "public_repos": 0, "public_gists": 0, "followers": 0, "following": 0,
            "created_at": since, "updated_at": since,
            "private_gists": 0, "total_private_repos": 1, "owned_private_repos": 0,
            "disk_usage": 0, "collaborators": 0, "two_factor_authentication": true,
        });
        extend(&mut answer, more);
        answer
    }

    /// `pull-request`, as in the answer to the one who opened it.
    pub(super) fn full_pull(&self, pull: &Pull) -> Value {
        let mut answer = self.pull(pull);
        let more = json!({
            "merged": false, "mergeable": null, "rebaseable": null, "mergeable_state": "unknown",
            "merged_by": null, "maintainer_can_modify": false,
            "comments": 0, "review_comments": 0, "commits": 1,
            "additions": 1, "deletions": 0, "changed_files": pull.files.len(),
        });
        extend(&mut answer, more);
        answer
    }

    /// The repository of a branch that belongs to somebody else is a fork.
    fn branch(&self, owner: &str, name: &str, sha: &str) -> Value {
        let mut repository = self.repository();
        if *owner != *self.contents.owner {
            repository["fork"] = true.into();
            repository["owner"] = self.user(owner);
            repository["full_name"] = format!("{owner}/{}", self.contents.name).into();
        }
        json!({
            "label": format!("{owner}:{name}"),
            "ref": name,
            "sha": sha,
            "user": self.user(owner),
            "repo": repository,
        })
    }

    /// `full-repository`, as far as clients look at it.
    pub(super) fn full_repository(&self) -> Value {
        let mut answer = self.repository();
        let more = json!({"subscribers_count": 0, "network_count": 0});
        extend(&mut answer, more);
        answer
    }

    /// The commit in the answer to the one who has changed a file.
    pub(super) fn git_commit(&self, commit: &Commit) -> Value {
        let (repository, web) = (self.repository_url(), self.web());
        let Commit { sha, message, .. } = commit;
        let person = json!({
            "name": commit.author,
            "email": format!("{}@users.noreply.github.example", commit.author),
            "date": time(commit.at),
        });
        let parent = |sha: &String| {
            json!({
                "sha": sha,
                "url": format!("{repository}/git/commits/{sha}"),
                "html_url": format!("{web}/commit/{sha}"),
            })
        };
        let parents: Vec<_> = commit.parents.iter().map(parent).collect();
        json!({
            "sha": sha,
            "node_id": format!("C_{sha}"),
            "url": format!("{repository}/git/commits/{sha}"),
            "html_url": format!("{web}/commit/{sha}"),
            "author": person,
            "committer": person,
            "message": message,
            "tree": {"sha": sha, "url": format!("{repository}/git/trees/{sha}")},
            "parents": parents,
        })
    }

    /// `repository`.
    pub(super) fn repository(&self) -> Value {
        let (url, web) = (self.repository_url(), self.web());
        let Contents {
            owner,
            name,
            created_at,
            ..
        } = self.contents;
        let git = format!("//github.example/{owner}/{name}.git");
        let mut answer = json!({
            "id": REPOSITORY_ID,
            "node_id": node_id("Repository", REPOSITORY_ID),
            "name": name,
            "full_name": format!("{owner}/{name}"),
            "owner": self.user(owner),
            "private": true, "visibility": "private",
            "description": null, "homepage": null, "language": null, "license": null,
            "fork": false, "archived": false, "disabled": false,
            "default_branch": MAIN,
            "url": url,
            "html_url": web,
            "clone_url": format!("https:{git}"),
            "git_url": format!("git:{git}"),
            "ssh_url": format!("git@github.example:{owner}/{name}.git"),
            "svn_url": web,
            "mirror_url": null,
            "created_at": time(*created_at),
            "updated_at": time(*created_at),
            "pushed_at": time(*created_at),
            "size": 1, "forks": 0, "forks_count": 0, "stargazers_count": 0, "watchers": 0,
            "watchers_count": 0, "open_issues": 0, "open_issues_count": 0,
            "has_issues": true, "has_projects": false, "has_wiki": false, "has_pages": false,
            "has_downloads": false, "has_discussions": false,
        });
        let urls = REPOSITORY_URLS.iter().map(|(name, path)| {
            let value = Value::from(format!("{url}/{path}"));
            ((*name).to_owned(), value)
        });
        extend(&mut answer, Value::Object(Map::from_iter(urls)));
        answer
    }

    pub(super) fn repository_url(&self) -> String {
        let Contents { owner, name, .. } = self.contents;
        format!("{}/repos/{owner}/{name}", self.api)
    }

    pub(super) fn web(&self) -> String {
        let Contents { owner, name, .. } = self.contents;
        format!("{WEB}/{owner}/{name}")
    }
}

/// A time as GitHub writes it.
pub(super) fn time(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// The addresses that a repository has below its own.
const REPOSITORY_URLS: [(&str, &str); 36] = [
    ("archive_url", "{archive_format}{/ref}"),
    ("assignees_url", "assignees{/user}"),
    ("blobs_url", "git/blobs{/sha}"),
    ("branches_url", "branches{/branch}"),
    ("collaborators_url", "collaborators{/collaborator}"),
    ("comments_url", "comments{/number}"),
    ("commits_url", "commits{/sha}"),
    ("compare_url", "compare/{base}...{head}"),
    ("contents_url", "contents/{+path}"),
    ("contributors_url", "contributors"),
    ("deployments_url", "deployments"),
    ("downloads_url", "downloads"),
    ("events_url", "events"),
    ("forks_url", "forks"),
    ("git_commits_url", "git/commits{/sha}"),
    ("git_refs_url", "git/refs{/sha}"),
    ("git_tags_url", "git/tags{/sha}"),
    ("hooks_url", "hooks"),
    ("issue_comment_url", "issues/comments{/number}"),
    ("issue_events_url", "issues/events{/number}"),
    ("issues_url", "issues{/number}"),
    ("keys_url", "keys{/key_id}"),
    ("labels_url", "labels{/name}"),
    ("languages_url", "languages"),
    ("merges_url", "merges"),
    ("milestones_url", "milestones{/number}"),
    (
        "notifications_url",
        "notifications{?since,all,participating}",
    ),
    ("pulls_url", "pulls{/number}"),
    ("releases_url", "releases{/id}"),
    ("stargazers_url", "stargazers"),
    ("statuses_url", "statuses/{sha}"),
    ("subscribers_url", "subscribers"),
    ("subscription_url", "subscription"),
    ("tags_url", "tags"),
    ("teams_url", "teams"),
    ("trees_url", "git/trees{/sha}"),
];

/// `reaction-rollup`.
fn reactions(url: &str, comment: &Comment) -> Value {
    let mut rollup = json!({
        "url": format!("{url}/reactions"), "total_count": comment.reactions.len(),
        "+1": 0, "-1": 0, "laugh": 0, "hooray": 0, "confused": 0, "heart": 0, "rocket": 0, "eyes": 0,
    });
    for (_, content) in &comment.reactions {
        rollup[content] = json!(rollup[content].as_u64().unwrap_or(0) + 1);
    }
    rollup
}

/// `author-association`.
fn association(login: &str) -> &'static str {
    if login.ends_with("[bot]") {
        "NONE"
    } else {
        "MEMBER"
    }
}

/// The same login always has the same number.
fn user_id(login: &str) -> u64 {
    match login {
        super::ACTIONS => 41_898_282,
        _ => 1_000 + random::hash(login.as_bytes(), 0) % 200_000_000,
    }
}

/// An opaque id in the form that GitHub's documentation shows.
fn node_id(kind: &str, id: u64) -> String {
    use base64::Engine as _;
    let plain = format!("{:03}:{kind}{id}", kind.len());
    base64::prelude::BASE64_STANDARD.encode(plain)
}

/// Adds the members of another object.
fn extend(object: &mut Value, more: Value) {
    if let (Value::Object(members), Value::Object(more)) = (object, more) {
        members.extend(more);
    }
}
