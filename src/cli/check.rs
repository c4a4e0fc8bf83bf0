//! Reads matrix and requests and judges them: what `validate` and `watch` have in common.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, anyhow};

use super::{
    Common, Exit, Stop,
    place::{id, no_request},
};
use crate::{
    clock::Clock,
    import::{self, Survey},
    model::words,
    report::findings::Review,
    secrets::Recipients,
    spec::{self, Declared, Finding, ImportRequest, Source, SourceContent, SupportMatrix, codes},
    workspace::{self, Workspace, WorkspaceError},
};

/// Which requests are judged. All are read in any case, because they are compared with each other.
#[derive(Debug, Clone, Copy)]
pub(super) enum Scope<'a> {
    /// All.
    All,
    /// These files.
    Paths(&'a [PathBuf]),
    /// All, and the dates of those that differ from a git revision.
    ChangedSince(&'a str),
}

/// Flaws that come with the passing of days. They are told only to whoever is changing the file, so that
/// nothing turns yellow by itself.
const BY_DATE: [&str; 2] = [codes::DATE_PASSED.name, codes::PERIOD_IN_FUTURE.name];

/// The request that every clone brings. A real night, which runs in GitHub Actions, leaves it alone.
const EXAMPLE: &str = "example";

/// The support matrix, or why nothing can be done without it.
pub(super) fn matrix(common: &Common) -> Result<SupportMatrix, Stop> {
    let path = shown(&common.matrix);
    spec::load_matrix(&path, &read(&common.matrix)?).map_err(|findings| {
        let first = findings.first().map(|finding| {
            anyhow!(
                "{path}:{}:{}: {}",
                finding.line,
                finding.column,
                finding.message
            )
        });
        first
            .unwrap_or_else(|| anyhow!("{path} is not valid."))
            .context("The support matrix is not valid. `call-import validate` shows where.")
            .into()
    })
}

/// Everything that is declared today.
pub(super) fn declared(
    common: &Common,
    matrix: &SupportMatrix,
    clock: &dyn Clock,
) -> Result<Declared, Stop> {
    let workspace = workspace::read(&common.requests)?;
    let today = words::utc_date(clock.now());
    Ok(spec::load(
        &workspace.sources,
        &workspace.uploads,
        matrix,
        today,
    ))
}

/// Ids of requests that are not imported here.
pub(super) fn skipped() -> Vec<&'static str> {
    let in_github = std::env::var_os("GITHUB_REPOSITORY").is_some_and(|name| !name.is_empty());
    if in_github { vec![EXAMPLE] } else { Vec::new() }
}

/// What is to be said about matrix and requests today.
pub(super) fn review(common: &Common, scope: Scope<'_>, clock: &dyn Clock) -> Result<Review, Stop> {
    let path = shown(&common.matrix);
    let bytes = read(&common.matrix)?;
    let matrix = match spec::load_matrix(&path, &bytes) {
        Ok(matrix) => matrix,
        Err(findings) => {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            return Ok(Review {
                requests: None,
                findings,
                sources: BTreeMap::from([(path, text)]),
            });
        }
    };
    let workspace = workspace::read(&common.requests)?;
    let today = words::utc_date(clock.now());
    let declared = spec::load(&workspace.sources, &workspace.uploads, &matrix, today);
    let mut requests = paths(&workspace);
    let mut findings = declared.findings.clone();
    findings.extend(workspace.recipients.iter().flat_map(Recipients::findings));
    let mut dated = BTreeSet::new();
    match scope {
        Scope::All => {}
        Scope::Paths(named) => {
            let named = named.iter().map(|named| meant(named, &workspace, common));
            let named: Vec<PathBuf> = named.collect::<Result<_, _>>()?;
            let named = workspace::read_paths(&common.requests, &named).map_err(wrong_name)?;
            requests = paths(&named);
            let keys = named.recipients.map(|file| file.path);
            findings.retain(|finding| {
                requests.contains(&finding.path) || keys.as_ref() == Some(&finding.path)
            });
        }
        Scope::ChangedSince(revision) => {
            let changes = changes(common, revision, &declared)?;
            dated = changes.requests.into_iter().collect();
        }
    }
    let looked_into = match scope {
        Scope::All | Scope::Paths(_) => &requests,
        Scope::ChangedSince(_) => &dated,
    };
    for request in &declared.requests {
        if looked_into.contains(&request.path) {
            let survey = workspace::survey(request);
            findings.extend(
                survey
                    .iter()
                    .flat_map(|survey| of_files(request, survey, common)),
            );
        }
    }
    findings.retain(|finding| {
        dated.contains(&finding.path) || !BY_DATE.contains(&finding.code.as_str())
    });
    Ok(Review {
        requests: Some(requests.len()),
        findings,
        sources: workspace.sources.iter().filter_map(text).collect(),
    })
}

fn paths(workspace: &Workspace) -> BTreeSet<String> {
    let sources = workspace.sources.iter();
    sources.map(|source| source.path.clone()).collect()
}

/// What is to be said of the files that a request brings.
pub(super) fn of_files(request: &ImportRequest, survey: &Survey, common: &Common) -> Vec<Finding> {
    let folder = shown(&common.requests);
    let folder = folder.trim_end_matches('/');
    import::findings(request, survey, folder, request.id == EXAMPLE)
}

/// What differs from a git revision.
#[derive(Debug, Default)]
pub(super) struct Changes {
    /// Request files, deleted ones included, and those whose exported files differ.
    pub(super) requests: Vec<String>,
    /// Request files that are gone.
    pub(super) deleted: Vec<String>,
    /// The file with the keys to seal to, if it differs.
    pub(super) recipients: Option<String>,
}

/// Everything in the requests folder that differs from a git revision, by paths as they are shown.
pub(super) fn changes(
    common: &Common,
    revision: &str,
    declared: &Declared,
) -> Result<Changes, Stop> {
    let changed = workspace::changed_since(&common.requests, revision).map_err(wrong_name)?;
    let folder = shown(&common.requests);
    let folder = folder.trim_end_matches('/');
    let valid = declared.requests.iter().map(|request| &request.path);
    let invalid = declared.invalid.iter().map(|invalid| &invalid.path);
    let there: BTreeSet<&String> = valid.chain(invalid).collect();
    let brings_change = |request: &&ImportRequest| {
        let mut files = request.files.iter();
        files.any(|file| changed.contains(&file.file.name))
    };
    let mut changes = Changes {
        requests: declared
            .requests
            .iter()
            .filter(brings_change)
            .map(|request| request.path.clone())
            .collect(),
        ..Changes::default()
    };
    for path in changed {
        let shown = format!("{folder}/{path}");
        if path == workspace::RECIPIENTS {
            changes.recipients = Some(shown);
        } else if there.contains(&shown) {
            if !changes.requests.contains(&shown) {
                changes.requests.push(shown);
            }
        } else if workspace::is_request(&path) {
            changes.requests.push(shown.clone());
            changes.deleted.push(shown);
        }
    }
    Ok(changes)
}

/// A name from the command line that names nothing is wrong usage.
/// The file that an argument means. A path that exists counts more than the id of a request.
fn meant(named: &Path, workspace: &Workspace, common: &Common) -> Result<PathBuf, Stop> {
    let is_name = named.components().count() == 1 && named.extension().is_none();
    let Some(name) = named.to_str().filter(|_| is_name && !named.exists()) else {
        return Ok(named.to_owned());
    };
    let paths = workspace.sources.iter().map(|source| source.path.as_str());
    let ids: Vec<(&str, String)> = paths.filter_map(|path| Some((path, id(path)?))).collect();
    match ids.iter().find(|(_, id)| id == name) {
        Some((path, _)) => Ok(PathBuf::from(path)),
        None if spec::is_harmless(name) => {
            let ids = ids.iter().map(|(_, id)| id.as_str());
            Err(no_request(name, ids, common))
        }
        None => Ok(named.to_owned()),
    }
}

fn wrong_name(error: WorkspaceError) -> Stop {
    let exit = match error {
        WorkspaceError::NotInFolder { .. } | WorkspaceError::BadRevision => Exit::Usage,
        WorkspaceError::MissingFolder { .. }
        | WorkspaceError::Unreadable { .. }
        | WorkspaceError::Git { .. } => Exit::CouldNotRun,
    };
    Stop::with(exit, error)
}

fn text(source: &Source) -> Option<(String, String)> {
    match &source.content {
        SourceContent::Bytes(bytes) => {
            let text = String::from_utf8_lossy(bytes);
            let text = text.trim_start_matches('\u{feff}').to_owned();
            Some((source.path.clone(), text))
        }
        SourceContent::Problem { .. } => None,
    }
}

fn read(file: &Path) -> anyhow::Result<Vec<u8>> {
    fs::read(file).with_context(|| format!("{} cannot be read.", shown(file)))
}

/// A path as people see it, with `/`.
pub(super) fn shown(path: &Path) -> String {
    path.to_string_lossy().replace('\\', "/")
}
