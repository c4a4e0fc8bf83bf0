//! A filled issue form becomes a pull request, and the issue is answered. It asks what stands now and not what
//! just happened: an edited form, or a second run, leads to the same end.

use jiff::Timestamp;

use super::{Check, Conclusion, NewRequest, ProposeError, tell};
use crate::{
    comments::{Halt, Kind, Patience, Placed},
    github::{Issue, Place},
    model::words,
    plan::{self, Inputs, Observed},
    report::{
        answer::{self, Heard, Outcome},
        comment::is_login,
        plan::CheckResult,
    },
    spec::{
        self, Declared, Draft, Finding, Settled, Severity, Source, SourceContent, SupportMatrix,
        codes,
        form::{FormError, Question},
    },
    workspace::Workspace,
};

/// What the default branch says, and when.
#[derive(Debug, Clone, Copy)]
pub struct Desk<'a> {
    /// The support matrix.
    pub matrix: &'a SupportMatrix,
    /// The requests folder.
    pub workspace: &'a Workspace,
    /// Its path, from the root of the repository.
    pub folder: &'a str,
    /// What the last night recorded, if that is known.
    pub observed: Option<&'a Observed>,
    /// Whether there is a place for audio and video.
    pub media: bool,
    /// The present moment.
    pub now: Timestamp,
    /// Where people see the repository: `https://github.com`.
    pub server: &'a str,
}

/// What became of a form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answered {
    /// This pull request asks for it.
    PullRequest(i64),
    /// The issue says what must be changed first.
    Asked,
    /// It is closed, or no form.
    NotAForm,
}

/// Turns the form of an issue into a pull request and answers there. `opener`, if there is one, opens the pull
/// request: a token of its own lets the usual checks start, which a workflow's token does not.
///
/// # Errors
/// When GitHub lets nothing through.
pub async fn answer_form(
    placed: &mut Placed<'_>,
    opener: Option<&mut Patience<'_>>,
    number: i64,
    desk: &Desk<'_>,
) -> Result<Answered, Halt> {
    let patience = placed.patience();
    let mut issue = patience
        .send(Kind::Read, |github| github.issue(number))
        .await?;
    if !issue.is_open || issue.is_pull_request {
        return Ok(Answered::NotAForm);
    }
    // Before anything else: nobody shall read it while we work.
    let leaked = take_credential_out(patience, number, &mut issue).await?;
    let place = Place::PullRequest(number);
    let request = match Request::read(&issue, desk) {
        Ok(request) => Ok(request),
        Err(Refusal::NotTheForm) if !leaked => return Ok(Answered::NotAForm),
        Err(refusal) => Err(refusal.outcome()),
    };
    let (outcome, heard) = match request {
        Ok(request) => (
            open(placed, opener, number, &request, desk).await?,
            request.heard,
        ),
        Err(outcome) => (outcome, Heard::default()),
    };
    let standing = placed.find(&place, answer::MARKER).await?;
    let leaked = leaked
        || standing
            .as_ref()
            .is_some_and(|standing| answer::says_leaked(&standing.body));
    let text = answer::answer(&outcome, &heard, leaked);
    if standing
        .as_ref()
        .is_none_or(|standing| standing.body.trim_end() != text.trim_end())
    {
        let known = standing.map(|standing| standing.id);
        placed.put(&place, known, &text).await?;
        placed.remove_doubles().await?;
    }
    Ok(match outcome {
        Outcome::PullRequest(number) => Answered::PullRequest(number),
        Outcome::ChangedByOthers(_)
        | Outcome::Gaps(_)
        | Outcome::Findings(_)
        | Outcome::Unsupported(_)
        | Outcome::Stopped(_) => Answered::Asked,
    })
}

/// Puts a mark in the place of whatever looks like a credential, in title and text.
async fn take_credential_out(
    patience: &mut Patience<'_>,
    number: i64,
    issue: &mut Issue,
) -> Result<bool, Halt> {
    let (title, body) = (spec::masked(&issue.title), spec::masked(&issue.body));
    let leaked = title.is_some() || body.is_some();
    if leaked {
        issue.title = title.unwrap_or_else(|| issue.title.clone());
        issue.body = body.unwrap_or_else(|| issue.body.clone());
        let (title, body) = (&issue.title, &issue.body);
        let edit = patience.send(Kind::Edit, |github| github.edit_issue(number, title, body));
        edit.await?;
    }
    Ok(leaked)
}

/// A request that may become a pull request.
struct Request {
    id: String,
    path: String,
    text: String,
    requested_by: Option<String>,
    declared: Declared,
    heard: Heard,
}

/// Why a form is none yet.
enum Refusal {
    NotTheForm,
    Outcome(Outcome),
}

impl Refusal {
    fn outcome(self) -> Outcome {
        match self {
            Self::NotTheForm => Outcome::Stopped("This is not the form for an import.".into()),
            Self::Outcome(outcome) => outcome,
        }
    }
}

impl From<Outcome> for Refusal {
    fn from(outcome: Outcome) -> Self {
        Self::Outcome(outcome)
    }
}

impl Request {
    fn read(issue: &Issue, desk: &Desk<'_>) -> Result<Self, Refusal> {
        let today = words::utc_date(desk.now);
        let said = match spec::form::read_form(&issue.body, desk.matrix) {
            Ok(said) => said,
            Err(FormError::NotTheForm) => return Err(Refusal::NotTheForm),
            Err(error) => return Err(Outcome::Stopped(error.to_string()).into()),
        };
        let author = issue.author.clone();
        let requested_by = author.filter(|login| is_login(login));
        let flags = Draft {
            requested_by: requested_by.clone(),
            ..Draft::default()
        };
        let Settled {
            draft,
            gaps,
            readings,
        } = said.settle(flags, desk.matrix, today);
        if !gaps.is_empty() {
            return Err(Outcome::Gaps(gaps).into());
        }
        let stopped = |reason: &str| Outcome::Stopped(reason.to_owned());
        let id = draft.id.clone().ok_or_else(|| {
            stopped("No file name can be made from the customer's name: write it in Latin letters.")
        })?;
        let text = draft
            .render()
            .map_err(|error| stopped(&error.to_string()))?;
        let path = format!("{}/{id}.yaml", desk.folder);
        let declared = declare(&path, &text, desk);
        flaws(&path, &text, &declared)?;
        Ok(Self {
            id,
            path,
            text,
            requested_by,
            declared,
            heard: Heard {
                readings,
                left_out: said.left_over,
            },
        })
    }
}

/// Everything that would be declared with the new file.
fn declare(path: &str, text: &str, desk: &Desk<'_>) -> Declared {
    let others = desk.workspace.sources.iter();
    // What is merged under this name is told when the pull request cannot be opened.
    let mut sources: Vec<Source> = others
        .filter(|source| source.path != path)
        .cloned()
        .collect();
    sources.push(Source {
        path: path.to_owned(),
        content: SourceContent::Bytes(text.as_bytes().to_vec()),
    });
    let today = words::utc_date(desk.now);
    spec::load(&sources, &desk.workspace.uploads, desk.matrix, today)
}

/// What must be changed before there can be a pull request. A credential is handed in there, and so are files.
fn flaws(path: &str, text: &str, declared: &Declared) -> Result<(), Outcome> {
    let comes_later = [codes::MISSING_CREDENTIALS.name, codes::NO_FILE_MATCHES.name];
    let unsupported = declared
        .invalid
        .iter()
        .filter(|invalid| invalid.path == path)
        .find_map(|invalid| {
            let alternative = invalid.unsupported.as_ref()?;
            Some(format!("{} {alternative}", invalid.error))
        });
    if let Some(reason) = unsupported {
        return Err(Outcome::Unsupported(reason));
    }
    let is_flaw = |finding: &&Finding| {
        finding.path == path
            && finding.severity == Severity::Error
            && !comes_later.contains(&finding.code.as_str())
    };
    let flaws = declared.findings.iter().filter(is_flaw);
    let flaws: Vec<(Option<Question>, Finding)> = flaws
        .map(|flaw| (Question::of_line(text, flaw.line), flaw.clone()))
        .collect();
    if flaws.is_empty() {
        Ok(())
    } else {
        Err(Outcome::Findings(flaws))
    }
}

/// Opens the pull request and tells it what its check would: a workflow's token starts none.
async fn open(
    placed: &mut Placed<'_>,
    opener: Option<&mut Patience<'_>>,
    number: i64,
    request: &Request,
    desk: &Desk<'_>,
) -> Result<Outcome, Halt> {
    let new = NewRequest {
        id: &request.id,
        path: &request.path,
        text: &request.text,
        requested_by: request.requested_by.as_deref(),
        issue: Some(number),
    };
    let repository = placed.patience().github().repository();
    let owner = repository.split_once('/').map_or("", |(owner, _)| owner);
    let head = format!("{owner}:{}", new.branch());
    let proposed = match opener {
        Some(opener) => new.propose(opener).await,
        None => new.propose(placed.patience()).await,
    };
    let pull = match proposed {
        Ok(proposed) => proposed.pull,
        Err(ProposeError::Halt(halt)) => return Err(halt),
        Err(error) => return refused(placed, &error, &head).await,
    };
    let result = result(request, desk);
    let has_errors = result
        .findings
        .iter()
        .any(|finding| finding.severity == Severity::Error);
    let check = Check {
        branch: &head,
        commit: &pull.head,
        // A check of the pull request itself, where there is one, counts more.
        run: (0, 0),
        conclusion: if has_errors {
            Conclusion::Failure
        } else {
            Conclusion::Success
        },
        log: None,
        result: Some(&result),
        matrix: desk.matrix,
        folder: desk.folder,
        server: desk.server,
    };
    let told = tell(placed, &check).await?;
    tracing::debug!(?told, "the pull request knows what will become of it");
    Ok(Outcome::PullRequest(pull.number))
}

/// Why the form does not become a pull request, or is no longer followed by one.
async fn refused(
    placed: &mut Placed<'_>,
    error: &ProposeError,
    head: &str,
) -> Result<Outcome, Halt> {
    if let ProposeError::ChangedByOthers { .. } = error {
        let pulls = placed
            .patience()
            .send(Kind::Read, |github| github.open_pulls(head))
            .await?;
        if let Some(pull) = pulls.first() {
            return Ok(Outcome::ChangedByOthers(pull.number));
        }
    }
    Ok(Outcome::Stopped(error.to_string()))
}

/// What the check of the pull request would find.
fn result(request: &Request, desk: &Desk<'_>) -> CheckResult {
    CheckResult {
        plan: plan::plan(&Inputs {
            declared: &request.declared,
            matrix: desk.matrix,
            observed: desk.observed.unwrap_or(&Observed::default()),
            now: desk.now,
            night: plan::next_night(&desk.matrix.nightly, desk.now),
            only: None,
            skip: &[],
            media: desk.media,
        }),
        queue_is_known: desk.observed.is_some(),
        findings: request.declared.findings.clone(),
    }
}
