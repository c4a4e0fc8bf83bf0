//! Pull requests that are open: which one a commit is the head of, what it changes, and how it was judged.

use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{GitHub, GitHubError, PAGE, User, escaped, read};

/// Most files of a pull request that GitHub lists (GitHub REST API, list pull requests files).
const MAX_FILES: usize = 3_000;

/// Most characters of a status's description (GitHub answers 422 to longer ones).
const MAX_DESCRIPTION: usize = 140;

/// A pull request that is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenPull {
    /// Its number.
    pub number: i64,
    /// Where people see it.
    pub url: String,
    /// The commit that it would bring.
    pub head: String,
    /// Whether it is to be merged into the default branch.
    pub is_onto_default_branch: bool,
    /// Login of whoever opened it; none for a deleted account.
    pub author: Option<String>,
}

/// A file that a pull request changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangedFile {
    /// From the root of the repository.
    pub path: String,
    /// Whether it is gone afterwards.
    pub is_deleted: bool,
}

/// How a commit was judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StatusState {
    /// It may be merged.
    Success,
    /// It must be changed first.
    Failure,
    /// It could not be judged.
    Error,
    /// It is not judged yet.
    Pending,
}

/// The judgement of a commit, as it stands beside its pull request.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct CommitStatus {
    /// Its name.
    pub context: String,
    /// The judgement.
    pub state: StatusState,
    /// In a few words.
    #[serde(default)]
    pub description: Option<String>,
}

impl GitHub {
    /// The open pull requests from a branch, given as `owner:branch`.
    ///
    /// Asked by branch and not by commit: the commits of a fork are unknown to "list pull requests
    /// associated with a commit", and the event of a workflow run names no pull request of a fork.
    ///
    /// # Errors
    /// When GitHub does not answer, or limits us.
    pub async fn open_pulls(&self, branch: &str) -> Result<Vec<OpenPull>, GitHubError> {
        let branch = escaped(branch);
        let route = self.route(&format!("pulls?state=open&head={branch}&per_page={PAGE}"));
        let pulls = read(self.get(&route).await?, |pulls: Vec<Pull>| pulls)?;
        Ok(pulls.into_iter().map(Pull::open).collect())
    }

    /// Opens a pull request from a branch of this repository.
    ///
    /// # Errors
    /// [`GitHubError::Refused`] with 422 when there is one already.
    pub async fn open_pull(
        &self,
        branch: &str,
        base: &str,
        title: &str,
        body: &str,
    ) -> Result<OpenPull, GitHubError> {
        let pull = json!({"title": title, "head": branch, "base": base, "body": body});
        let answer = self
            .send(Method::POST, &self.route("pulls"), Some(pull))
            .await;
        read(answer?, Pull::open)
    }

    /// The files that a pull request changes, as far as GitHub lists them. A renamed one counts as deleted
    /// and as new.
    ///
    /// # Errors
    /// When GitHub does not answer, or limits us.
    pub async fn pull_files(&self, number: i64) -> Result<Vec<ChangedFile>, GitHubError> {
        let mut files = Vec::new();
        for page in 1..=MAX_FILES.div_ceil(PAGE) {
            let route = format!("pulls/{number}/files?per_page={PAGE}&page={page}");
            let found = self.get(&self.route(&route)).await?;
            let found = read(found, |found: Vec<RawFile>| found)?;
            let is_last = found.len() < PAGE;
            files.extend(found.into_iter().flat_map(RawFile::changes));
            if is_last {
                break;
            }
        }
        Ok(files)
    }

    /// The newest judgement of each name on a commit.
    ///
    /// # Errors
    /// When GitHub does not answer, or limits us.
    pub async fn statuses(&self, commit: &str) -> Result<Vec<CommitStatus>, GitHubError> {
        let route = self.route(&format!("commits/{commit}/status?per_page={PAGE}"));
        read(self.get(&route).await?, |combined: Combined| {
            combined.statuses
        })
    }

    /// Judges a commit. `target` is where people read more.
    ///
    /// # Errors
    /// When GitHub does not answer, or limits us.
    pub async fn set_status(
        &self,
        commit: &str,
        status: &CommitStatus,
        target: Option<&str>,
    ) -> Result<(), GitHubError> {
        let description = status.description.as_deref().unwrap_or_default();
        let body = json!({
            "context": status.context,
            "state": status.state,
            "description": description.chars().take(MAX_DESCRIPTION).collect::<String>(),
            "target_url": target,
        });
        let route = self.route(&format!("statuses/{commit}"));
        self.send(Method::POST, &route, Some(body)).await.map(drop)
    }

    /// Gives a pull request a label, if the repository has it. (GitHub would make one that it has not.)
    ///
    /// # Errors
    /// When GitHub does not answer, limits us, or says no.
    pub async fn label(&self, number: i64, label: &str) -> Result<(), GitHubError> {
        match self
            .get(&self.route(&format!("labels/{}", escaped(label))))
            .await
        {
            Ok(_) => {}
            Err(GitHubError::Refused { status: 404, .. }) => return Ok(()),
            Err(error) => return Err(error),
        }
        let route = self.route(&format!("issues/{number}/labels"));
        let labels: Value = json!({"labels": [label]});
        self.send(Method::POST, &route, Some(labels))
            .await
            .map(drop)
    }
}

#[derive(Deserialize)]
struct Pull {
    number: i64,
    html_url: String,
    user: Option<User>,
    head: Head,
    base: super::Base,
}

#[derive(Deserialize)]
struct Head {
    sha: String,
}

impl Pull {
    fn open(self) -> OpenPull {
        OpenPull {
            number: self.number,
            url: self.html_url,
            head: self.head.sha,
            is_onto_default_branch: self.base.is_default_branch(),
            author: self.user.map(|user| user.login),
        }
    }
}

#[derive(Deserialize)]
struct RawFile {
    filename: String,
    status: String,
    previous_filename: Option<String>,
}

impl RawFile {
    fn changes(self) -> impl Iterator<Item = ChangedFile> {
        let renamed = self.status == "renamed";
        let before = self.previous_filename.filter(|_| renamed);
        let file = ChangedFile {
            path: self.filename,
            is_deleted: self.status == "removed",
        };
        let before = before.map(|path| ChangedFile {
            path,
            is_deleted: true,
        });
        [Some(file), before].into_iter().flatten()
    }
}

#[derive(Deserialize)]
struct Combined {
    statuses: Vec<CommitStatus>,
}
