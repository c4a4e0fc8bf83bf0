//! A change of one file as a pull request: branch, commit, pull request. Each step looks first at what
//! stands, so a second call for the same request changes what differs and nothing else.

use sha2::{Digest as _, Sha256};

use crate::{
    comments::{Halt, Kind, Patience},
    github::{GitHubError, OpenPull, Stored},
};

/// How often a write is tried whose answer got lost, or which somebody else outran.
const TRIES: u32 = 3;

/// Behind it, in the message of our commits, the hash of what they wrote and for whom: while the file is that,
/// nobody else has worked on it.
const TRAILER: &str = "Call-Import-Text: ";

/// What GitHub answers to the token of a workflow where a setting forbids it (GitHub Docs, "Managing GitHub
/// Actions settings for a repository": allow GitHub Actions to create and approve pull requests).
const NOT_PERMITTED: &str = "not permitted to create";

/// A change to one file.
#[derive(Debug, Clone, Copy)]
pub struct Proposal<'a> {
    /// The branch, made if it is not there.
    pub branch: &'a str,
    /// The file, from the root of the repository.
    pub path: &'a str,
    /// What becomes of it.
    pub change: Change<'a>,
    /// Who asks for it, in a word or two: only the same one may change the file again.
    pub source: &'a str,
    /// Title of commit and pull request; ours, without anything from outside.
    pub title: &'a str,
    /// Text of the pull request in Markdown.
    pub body: &'a str,
    /// A label for it, if the repository has that.
    pub label: Option<&'a str>,
}

/// What becomes of a file.
#[derive(Debug, Clone, Copy)]
pub enum Change<'a> {
    /// It is new, and holds this.
    Write(&'a str),
    /// It is deleted.
    Delete,
}

/// A pull request that asks for the change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposed {
    /// The pull request, with its newest commit.
    pub pull: OpenPull,
    /// Whether it was opened just now.
    pub is_new: bool,
}

/// Why there is no such pull request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProposeError {
    /// The default branch has the file already, or has none to delete.
    #[error("{path} {} on the default branch already.", if *.is_there { "is" } else { "is gone" })]
    Settled {
        /// The file.
        path: String,
        /// Whether it is there.
        is_there: bool,
    },
    /// Somebody has worked on the file since.
    #[error(
        "{path} on the branch {branch} was changed by somebody else, and stays as it is. Change it there, or delete the branch and try again."
    )]
    ChangedByOthers {
        /// The file.
        path: String,
        /// The branch.
        branch: String,
    },
    /// The branch is there, but the token may not open pull requests.
    #[error(
        "The branch {branch} is there, but GitHub does not let a workflow open pull requests here. Open it by hand: Pull requests, New. An engineer can allow it for the next time: Settings, Actions, General."
    )]
    NotPermitted {
        /// The branch.
        branch: String,
    },
    /// GitHub lets nothing through.
    #[error("GitHub: {0}")]
    Halt(Halt),
}

impl From<Halt> for ProposeError {
    fn from(halt: Halt) -> Self {
        Self::Halt(halt)
    }
}

/// Makes a pull request stand that brings the change. What others have committed to its branch stays.
///
/// # Errors
/// [`ProposeError`] says why there is none, and what to do.
pub async fn propose(
    patience: &mut Patience<'_>,
    proposal: &Proposal<'_>,
) -> Result<Proposed, ProposeError> {
    let base = patience
        .send(Kind::Read, |github| github.default_branch())
        .await?;
    let settled = file(patience, proposal.path, &base).await?;
    match (proposal.change, &settled) {
        (Change::Write(_), None) | (Change::Delete, Some(_)) => {}
        (Change::Write(_), Some(_)) | (Change::Delete, None) => {
            return Err(ProposeError::Settled {
                path: proposal.path.to_owned(),
                is_there: settled.is_some(),
            });
        }
    }
    ensure_branch(patience, proposal.branch, &base).await?;
    commit(patience, proposal, settled.as_ref()).await?;
    let proposed = pull_request(patience, proposal, &base).await?;
    if let (true, Some(label)) = (proposed.is_new, proposal.label) {
        let number = proposed.pull.number;
        let labelled = patience.send(Kind::Edit, |github| github.label(number, label));
        if let Err(halt) = labelled.await {
            tracing::warn!(reason = %halt, label, "the pull request has no label");
        }
    }
    Ok(proposed)
}

async fn ensure_branch(
    patience: &mut Patience<'_>,
    branch: &str,
    base: &str,
) -> Result<(), ProposeError> {
    let is_there = patience
        .send(Kind::Read, |github| github.branch(branch))
        .await?;
    if is_there.is_some() {
        return Ok(());
    }
    let head = patience
        .send(Kind::Read, |github| github.branch(base))
        .await?;
    let Some(head) = head else {
        let reason = format!("there is no branch {base}");
        return Err(Halt::Later(reason).into());
    };
    let create = patience.send(Kind::Edit, |github| github.create_branch(branch, &head));
    Ok(create.await?)
}

/// Makes the file on the branch what it shall be, in a commit of its own. An answer that got lost is looked
/// for, and so is what somebody else has done meanwhile.
async fn commit(
    patience: &mut Patience<'_>,
    proposal: &Proposal<'_>,
    settled: Option<&Stored>,
) -> Result<(), ProposeError> {
    let Proposal {
        branch,
        path,
        change,
        title,
        source,
        ..
    } = *proposal;
    for lost in 0..TRIES {
        let standing = file(patience, path, branch).await?;
        let written = match (change, &standing) {
            (Change::Write(text), Some(stored)) if stored.bytes == text.as_bytes() => return Ok(()),
            (Change::Delete, None) => return Ok(()),
            (Change::Write(text), standing) => {
                if let Some(stored) = standing {
                    only_ours(patience, proposal, stored).await?;
                }
                let trailer = format!("{TRAILER}{} for {source}", hash(text.as_bytes()));
                let message = format!("{title}\n\n{trailer}");
                let blob = standing.as_ref().map(|stored| stored.blob.as_str());
                let put = patience.send(Kind::Post, |github| {
                    github.put_file(path, branch, &message, text.as_bytes(), blob)
                });
                put.await
            }
            (Change::Delete, Some(stored)) => {
                if settled != Some(stored) {
                    only_ours(patience, proposal, stored).await?;
                }
                let delete = patience.send(Kind::Post, |github| {
                    github.delete_file(path, branch, title, &stored.blob)
                });
                delete.await
            }
        };
        match written {
            Ok(()) => return Ok(()),
            Err(Halt::Unknown(_)) => patience.wait_after_loss(lost).await?,
            Err(Halt::Refused(GitHubError::Refused {
                status: 409 | 422, ..
            })) => {}
            Err(halt) => return Err(halt.into()),
        }
    }
    Err(Halt::Later(format!("{path} cannot be committed to {branch}")).into())
}

/// Fails if the file on the branch is not what we wrote last.
async fn only_ours(
    patience: &mut Patience<'_>,
    proposal: &Proposal<'_>,
    stored: &Stored,
) -> Result<(), ProposeError> {
    let Proposal {
        branch,
        path,
        source,
        ..
    } = *proposal;
    let message = patience
        .send(Kind::Read, |github| github.last_message(path, branch))
        .await?;
    let written = message.as_deref().and_then(|message| {
        let trailers = message.lines().rev();
        trailers
            .filter_map(|line| line.strip_prefix(TRAILER))
            .next()
    });
    if written == Some(&format!("{} for {source}", hash(&stored.bytes))) {
        return Ok(());
    }
    Err(ProposeError::ChangedByOthers {
        path: path.to_owned(),
        branch: branch.to_owned(),
    })
}

async fn pull_request(
    patience: &mut Patience<'_>,
    proposal: &Proposal<'_>,
    base: &str,
) -> Result<Proposed, ProposeError> {
    let Proposal {
        branch,
        title,
        body,
        ..
    } = *proposal;
    let repository = patience.github().repository();
    let owner = repository.split_once('/').map_or("", |(owner, _)| owner);
    let head = format!("{owner}:{branch}");
    let mut is_new = false;
    for lost in 0..TRIES {
        let pulls = patience
            .send(Kind::Read, |github| github.open_pulls(&head))
            .await?;
        if let Some(pull) = pulls.into_iter().find(|pull| pull.is_onto_default_branch) {
            return Ok(Proposed { pull, is_new });
        }
        let open = patience.send(Kind::Post, |github| {
            github.open_pull(branch, base, title, body)
        });
        match open.await {
            Ok(pull) => return Ok(Proposed { pull, is_new: true }),
            Err(Halt::Unknown(_)) => {
                is_new = true;
                patience.wait_after_loss(lost).await?;
            }
            Err(Halt::Refused(GitHubError::Refused { status, message }))
                if status == 403 && message.contains(NOT_PERMITTED) =>
            {
                return Err(ProposeError::NotPermitted {
                    branch: branch.to_owned(),
                });
            }
            // Somebody else was faster, or there is nothing to bring; the next look tells.
            Err(Halt::Refused(GitHubError::Refused { status: 422, .. })) => {}
            Err(halt) => return Err(halt.into()),
        }
    }
    Err(Halt::Later(format!("no pull request can be opened from {branch}")).into())
}

async fn file(
    patience: &mut Patience<'_>,
    path: &str,
    branch: &str,
) -> Result<Option<Stored>, Halt> {
    patience
        .send(Kind::Read, |github| github.file(path, branch))
        .await
}

fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
