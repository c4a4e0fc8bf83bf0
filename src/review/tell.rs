//! The plan comment of an open pull request, and its commit status.

use std::fmt;

use crate::{
    comments::{Halt, Kind, Placed},
    github::{ChangedFile, CommitStatus, OpenPull, Place, StatusState},
    model::words::{counted, day},
    report::plan::{CheckResult, Files, MARKER, Proposal, View, markdown},
    spec::{Severity, SupportMatrix},
    workspace,
};

/// The name of the commit status.
pub const STATUS: &str = "call-import/validate";

/// Where things lie whose change makes a check say what its author wants: workflows and their scripts, and
/// the engine and what it is built from.
const CHECKS: [&str; 6] = [
    ".github/",
    ".ci/",
    "src/",
    "matrix.yaml",
    "Cargo.toml",
    "Cargo.lock",
];

/// A check of a pull request that is over.
#[derive(Debug, Clone, Copy)]
pub struct Check<'a> {
    /// The branch of the pull request, as `owner:branch`.
    pub branch: &'a str,
    /// The commit that was checked: the head of that branch then.
    pub commit: &'a str,
    /// Number of its run and of the attempt; later ones are higher.
    pub run: (u64, u64),
    /// How it ended.
    pub conclusion: Conclusion,
    /// Where people read its log.
    pub log: Option<&'a str>,
    /// What it found; `None` where it left the judgement to another check.
    pub result: Option<&'a CheckResult>,
    /// The support matrix of the default branch.
    pub matrix: &'a SupportMatrix,
    /// The requests folder, from the root of the repository.
    pub folder: &'a str,
    /// Where people see the repository: `https://github.com`.
    pub server: &'a str,
}

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conclusion {
    /// All well.
    Success,
    /// Not so.
    Failure,
    /// Its result cannot be read, whatever it was.
    Unreadable,
}

/// What became of the comment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// It stands on this pull request now, new or edited.
    On(i64),
    /// It stands there already, word for word.
    Unchanged(i64),
    /// The pull request has nothing to do with imports, and was told nothing.
    NotConcerned(i64),
    /// A later check has been faster, or the pull request is not open any more.
    Overtaken,
}

/// Tells the pull request what a check found: one comment, edited in place, and the commit status. A check
/// of a commit that is not the newest tells nothing.
///
/// # Errors
/// When GitHub lets nothing through, or the token may not do it.
pub async fn tell(placed: &mut Placed<'_>, check: &Check<'_>) -> Result<Told, Halt> {
    let Some(pull) = pull_request(placed, check).await? else {
        return Ok(Told::Overtaken);
    };
    let files = placed
        .patience()
        .send(Kind::Read, |github| github.pull_files(pull.number))
        .await?;
    let changes = Changes::of(&files, check.folder);
    let told = match check.conclusion {
        Conclusion::Success | Conclusion::Failure => {
            comment(placed, check, &pull, &changes).await?
        }
        Conclusion::Unreadable => Told::NotConcerned(pull.number),
    };
    if told != Told::Overtaken {
        judge(placed, check, &changes).await?;
    }
    Ok(told)
}

/// The open pull request whose newest commit was checked. GitHub knows it, the check may lie.
async fn pull_request(
    placed: &mut Placed<'_>,
    check: &Check<'_>,
) -> Result<Option<OpenPull>, Halt> {
    let pulls = placed
        .patience()
        .send(Kind::Read, |github| github.open_pulls(check.branch));
    let is_it = |pull: &OpenPull| pull.head == check.commit && pull.is_onto_default_branch;
    Ok(pulls.await?.into_iter().find(is_it))
}

/// What a pull request changes, as GitHub says.
struct Changes {
    /// Request files, deleted ones included.
    requests: Vec<String>,
    deleted: Vec<String>,
    recipients: Option<String>,
    checks: bool,
}

impl Changes {
    fn of(files: &[ChangedFile], folder: &str) -> Self {
        let inside = |file: &ChangedFile| {
            let inside = file.path.strip_prefix(folder)?.strip_prefix('/')?;
            Some(inside.to_owned())
        };
        let is_request =
            |file: &&ChangedFile| inside(file).is_some_and(|path| workspace::is_request(&path));
        let requests = files.iter().filter(is_request);
        let path = |file: &ChangedFile| file.path.clone();
        let is_check = |file: &ChangedFile| CHECKS.iter().any(|check| file.path.starts_with(check));
        Self {
            deleted: requests
                .clone()
                .filter(|file| file.is_deleted)
                .map(path)
                .collect(),
            requests: requests.map(path).collect(),
            recipients: files
                .iter()
                .find(|file| inside(file).is_some_and(|path| path == workspace::RECIPIENTS))
                .map(path),
            checks: files.iter().any(is_check),
        }
    }

    /// Whether there is anything to say about imports.
    fn concern_imports(&self) -> bool {
        !self.requests.is_empty() || self.recipients.is_some()
    }
}

async fn comment(
    placed: &mut Placed<'_>,
    check: &Check<'_>,
    pull: &OpenPull,
    changes: &Changes,
) -> Result<Told, Halt> {
    let number = pull.number;
    let Some(result) = check.result else {
        return Ok(Told::NotConcerned(number));
    };
    let place = Place::PullRequest(number);
    let standing = placed.find(&place, MARKER).await?;
    let concerned = changes.concern_imports() || standing.is_some();
    if !concerned {
        return Ok(Told::NotConcerned(number));
    }
    let repository = placed.patience().github().repository().to_owned();
    let text = text(check, result, changes, repository);
    let stamp = Stamp {
        commit: check.commit.to_owned(),
        run: check.run,
    };
    if let Some(standing) = &standing {
        let (before, earlier) = Stamp::split(&standing.body);
        if earlier.is_some_and(|earlier| earlier.overtakes(&stamp)) {
            return Ok(Told::Overtaken);
        }
        if before.trim_end() == text.trim_end() {
            return Ok(Told::Unchanged(number));
        }
    }
    let known = standing.map(|standing| standing.id);
    let text = format!("{}\n{stamp}\n", text.trim_end());
    placed.put(&place, known, &text).await?;
    placed.remove_doubles().await?;
    Ok(Told::On(number))
}

/// The comment, without its stamp.
fn text(check: &Check<'_>, result: &CheckResult, changes: &Changes, repository: String) -> String {
    let files = Files {
        server: check.server.to_owned(),
        repository,
        commit: check.commit.to_owned(),
    };
    let view = View {
        matrix: check.matrix,
        findings: &result.findings,
        changed: Some(&changes.requests),
        queue_is_known: result.queue_is_known,
    };
    let proposal = Proposal {
        deleted: &changes.deleted,
        recipients: changes.recipients.as_deref(),
        changes_checks: changes.checks,
        files: Some(&files),
    };
    markdown(&result.plan, &view, &proposal)
}

/// Sets the commit status, unless it stands so.
async fn judge(placed: &mut Placed<'_>, check: &Check<'_>, changes: &Changes) -> Result<(), Halt> {
    let status = status(check, changes);
    let patience = placed.patience();
    let standing = patience.send(Kind::Read, |github| github.statuses(check.commit));
    if standing.await?.contains(&status) {
        return Ok(());
    }
    let set = patience.send(Kind::Edit, |github| {
        github.set_status(check.commit, &status, check.log)
    });
    set.await
}

fn status(check: &Check<'_>, changes: &Changes) -> CommitStatus {
    let errors = check.result.map_or(0, errors);
    let (state, description) = match check.conclusion {
        Conclusion::Unreadable => (
            StatusState::Error,
            "The result of the check cannot be read.".to_owned(),
        ),
        _ if errors > 0 => (
            StatusState::Failure,
            format!("{} to mend.", counted(errors, "error")),
        ),
        Conclusion::Failure => (
            StatusState::Failure,
            "The check could not be carried out; its log says why.".to_owned(),
        ),
        Conclusion::Success if check.result.is_none() => (
            StatusState::Success,
            "The engine itself changes: the check «ci» judges.".to_owned(),
        ),
        Conclusion::Success if changes.requests.is_empty() => (
            StatusState::Success,
            "No import request is changed here.".to_owned(),
        ),
        Conclusion::Success => (StatusState::Success, verdict(check.result)),
    };
    CommitStatus {
        context: STATUS.to_owned(),
        state,
        description: Some(description),
    }
}

fn errors(result: &CheckResult) -> u64 {
    let is_error = |severity| severity == Severity::Error;
    let findings = result.findings.iter();
    findings
        .filter(|finding| is_error(finding.severity))
        .count() as u64
}

fn verdict(result: Option<&CheckResult>) -> String {
    let imports = result.iter().flat_map(|result| &result.plan.imports);
    let last = imports
        .filter_map(|import| import.expected_completion)
        .max();
    last.map_or_else(
        || "All fine.".to_owned(),
        |date| format!("All fine, done by {}.", day(date)),
    )
}

/// Which check a comment tells of: its last line, unseen.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Stamp {
    commit: String,
    run: (u64, u64),
}

const STAMP: &str = "<!-- check: ";

impl Stamp {
    /// A comment without its stamp, and the stamp.
    fn split(comment: &str) -> (&str, Option<Self>) {
        let Some((text, stamp)) = comment.rsplit_once(STAMP) else {
            return (comment, None);
        };
        (text, Self::parse(stamp))
    }

    fn parse(text: &str) -> Option<Self> {
        let mut words = text.split_whitespace();
        let commit = words.next()?.to_owned();
        let run = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
        Some(Self { commit, run })
    }

    /// Whether this is the later check of the same commit.
    fn overtakes(&self, other: &Self) -> bool {
        self.commit == other.commit && self.run > other.run
    }
}

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (run, attempt) = self.run;
        write!(f, "{STAMP}{} {run} {attempt} -->", self.commit)
    }
}
