//! Branches and the files on them, and issues: what it takes to turn a form into a pull request.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{GitHub, GitHubError, User, escaped, read};

/// A file on a branch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// The name of its content, by which GitHub knows that nobody changed it meanwhile.
    pub blob: String,
}

/// An issue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue {
    /// Login of its author; none for a deleted account.
    pub author: Option<String>,
    /// Its title.
    pub title: String,
    /// Markdown.
    pub body: String,
    /// Whether it is open.
    pub is_open: bool,
    /// Whether it is a pull request, which GitHub counts among the issues.
    pub is_pull_request: bool,
}

impl GitHub {
    /// The name of the default branch.
    ///
    /// # Errors
    /// When GitHub does not answer, or limits us.
    pub async fn default_branch(&self) -> Result<String, GitHubError> {
        let route = format!("/repos/{}", self.repository);
        read(self.get(&route).await?, |repository: Repository| {
            repository.default_branch
        })
    }

    /// The commit that a branch ends with, if there is such a branch.
    ///
    /// # Errors
    /// When GitHub does not answer, or limits us.
    pub async fn branch(&self, name: &str) -> Result<Option<String>, GitHubError> {
        let route = self.route(&format!("git/ref/heads/{}", escaped(name)));
        let reference = or_none(self.get(&route).await)?;
        reference
            .map(|reference| read(reference, |reference: Reference| reference.object.sha))
            .transpose()
    }

    /// Makes a branch that ends with a commit. One that is there stays as it is.
    ///
    /// # Errors
    /// When GitHub does not answer, limits us, or says no.
    pub async fn create_branch(&self, name: &str, commit: &str) -> Result<(), GitHubError> {
        let body = json!({"ref": format!("refs/heads/{name}"), "sha": commit});
        let route = self.route("git/refs");
        match self.send(Method::POST, &route, Some(body)).await {
            Err(GitHubError::Refused {
                status: 422,
                message,
            }) if message.contains("already exists") => Ok(()),
            answer => answer.map(drop),
        }
    }

    /// A file on a branch, if there is one.
    ///
    /// # Errors
    /// When GitHub does not answer, limits us, or has something else there.
    pub async fn file(&self, path: &str, branch: &str) -> Result<Option<Stored>, GitHubError> {
        let (path, branch) = (escaped(path), escaped(branch));
        let route = self.route(&format!("contents/{path}?ref={branch}"));
        let Some(answer) = or_none(self.get(&route).await)? else {
            return Ok(None);
        };
        let file = read(answer, |file: RawStored| file)?;
        let encoded: String = file.content.split_whitespace().collect();
        let bytes = BASE64_STANDARD.decode(encoded);
        let bytes = bytes.map_err(|error| {
            GitHubError::Unknown(format!("GitHub's answer is not as documented: {error}"))
        })?;
        Ok(Some(Stored {
            bytes,
            blob: file.sha,
        }))
    }

    /// The message of the commit that last changed a file on a branch.
    ///
    /// # Errors
    /// When GitHub does not answer, or limits us.
    pub async fn last_message(
        &self,
        path: &str,
        branch: &str,
    ) -> Result<Option<String>, GitHubError> {
        let (path, branch) = (escaped(path), escaped(branch));
        let route = self.route(&format!("commits?path={path}&sha={branch}&per_page=1"));
        read(self.get(&route).await?, |commits: Vec<Message>| {
            commits.into_iter().next().map(|one| one.commit.message)
        })
    }

    /// Commits a file to a branch. `replaces` is the content that stands there, by its name.
    ///
    /// # Errors
    /// [`GitHubError::Refused`] with 409 or 422 when something else stands there.
    pub async fn put_file(
        &self,
        path: &str,
        branch: &str,
        message: &str,
        bytes: &[u8],
        replaces: Option<&str>,
    ) -> Result<(), GitHubError> {
        let mut body = json!({
            "message": message,
            "branch": branch,
            "content": BASE64_STANDARD.encode(bytes),
        });
        if let Some(blob) = replaces {
            body["sha"] = blob.into();
        }
        let route = self.route(&format!("contents/{}", escaped(path)));
        self.send(Method::PUT, &route, Some(body)).await.map(drop)
    }

    /// Commits the end of a file to a branch.
    ///
    /// # Errors
    /// [`GitHubError::Refused`] with 409 or 422 when something else stands there.
    pub async fn delete_file(
        &self,
        path: &str,
        branch: &str,
        message: &str,
        replaces: &str,
    ) -> Result<(), GitHubError> {
        let body = json!({"message": message, "branch": branch, "sha": replaces});
        let route = self.route(&format!("contents/{}", escaped(path)));
        self.send(Method::DELETE, &route, Some(body))
            .await
            .map(drop)
    }

    /// An issue.
    ///
    /// # Errors
    /// [`GitHubError::Refused`] with 404 or 410 when there is none.
    pub async fn issue(&self, number: i64) -> Result<Issue, GitHubError> {
        let route = self.route(&format!("issues/{number}"));
        read(self.get(&route).await?, |issue: RawIssue| Issue {
            author: issue.user.map(|user| user.login),
            title: issue.title,
            body: issue.body.unwrap_or_default(),
            is_open: issue.state == "open",
            is_pull_request: issue.pull_request.is_some(),
        })
    }

    /// Replaces title and text of an issue. GitHub keeps the old ones in its history.
    ///
    /// # Errors
    /// When GitHub does not answer, limits us, or says no.
    pub async fn edit_issue(
        &self,
        number: i64,
        title: &str,
        body: &str,
    ) -> Result<(), GitHubError> {
        let route = self.route(&format!("issues/{number}"));
        let text = json!({"title": title, "body": body});
        self.send(Method::PATCH, &route, Some(text)).await.map(drop)
    }
}

/// What is not there is no error.
fn or_none(answer: Result<Value, GitHubError>) -> Result<Option<Value>, GitHubError> {
    match answer {
        Ok(value) => Ok(Some(value)),
        Err(GitHubError::Refused { status: 404, .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

#[derive(Deserialize)]
struct Repository {
    default_branch: String,
}

#[derive(Deserialize)]
struct Reference {
    object: Object,
}

#[derive(Deserialize)]
struct Object {
    sha: String,
}

#[derive(Deserialize)]
struct RawStored {
    content: String,
    sha: String,
}

#[derive(Deserialize)]
struct Message {
    commit: CommitText,
}

#[derive(Deserialize)]
struct CommitText {
    message: String,
}

#[derive(Deserialize)]
struct RawIssue {
    user: Option<User>,
    title: String,
    body: Option<String>,
    state: String,
    pull_request: Option<Value>,
}
