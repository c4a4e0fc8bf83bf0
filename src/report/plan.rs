//! The plan as people and programs read it.

pub(super) mod files;
mod markdown;
mod plain;
mod proposal;
mod result;
mod verdict;

use std::path::Path;

use crate::{
    plan::{Action, Plan, PlannedImport},
    spec::{Finding, SupportMatrix},
};

pub use markdown::{MARKER, markdown};
pub use plain::plain;
pub use result::{CheckResult, json};

/// What a plan is shown with.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    /// Names of platforms, and what their calls carry.
    pub matrix: &'a SupportMatrix,
    /// What there is to say about the files.
    pub findings: &'a [Finding],
    /// Paths of the request files that a pull request changes or deletes: only their imports are shown.
    /// `None` shows every import.
    pub changed: Option<&'a [String]>,
    /// Whether the recorded imports were known; without them the plan is made as if nothing else waited.
    pub queue_is_known: bool,
}

/// What else there is to say about a pull request.
#[derive(Debug, Clone, Copy, Default)]
pub struct Proposal<'a> {
    /// Paths of the request files that it deletes.
    pub deleted: &'a [String],
    /// The file with the keys to seal to, if it changes who can open credentials.
    pub recipients: Option<&'a str>,
    /// Whether it changes how it is checked, so that the result must not be believed unseen.
    pub changes_checks: bool,
    /// Where its files can be looked at.
    pub files: Option<&'a Files>,
}

/// Files of a repository at one commit, as GitHub shows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Files {
    /// `https://github.com`, or that of GitHub Enterprise Server.
    pub server: String,
    /// Owner and name.
    pub repository: String,
    /// The commit.
    pub commit: String,
}

impl View<'_> {
    /// The shown imports in order of work.
    fn imports<'p>(&self, plan: &'p Plan) -> impl Iterator<Item = &'p PlannedImport> {
        let changed = self.changed;
        let is_shown = move |import: &&PlannedImport| match (changed, &import.path) {
            (None, _) => true,
            (Some(changed), Some(path)) => changed.contains(path),
            // Its file is gone, and this may have been it.
            (Some(changed), None) => changed.iter().any(|path| id(path) == import.request_id),
        };
        plan.imports.iter().filter(is_shown)
    }

    /// The same for people: those with nothing to do come last.
    fn imports_todo_first<'p>(&self, plan: &'p Plan) -> Vec<&'p PlannedImport> {
        let (todo, done): (Vec<_>, Vec<_>) = self
            .imports(plan)
            .partition(|import| import.action != Action::None);
        todo.into_iter().chain(done).collect()
    }

    fn findings(&self) -> impl Iterator<Item = &Finding> {
        self.findings
            .iter()
            .filter(|finding| self.concerns(&finding.path))
    }

    /// Whether a file is one of those that are changed, or one that they bring: others are not looked into.
    fn concerns(&self, path: &String) -> bool {
        let is_brought = || !path.ends_with(".yaml") && !path.ends_with(".yml");
        self.changed
            .is_none_or(|changed| changed.contains(path) || is_brought())
    }

    /// Where the calls come from: the platform's name, and whether as files.
    fn source(&self, import: &PlannedImport) -> String {
        let key = import.platform.as_str();
        let row = self.matrix.platforms.get(key);
        let name = row.map_or_else(|| super::phase::platform(key), |row| row.name.clone());
        super::phase::source(key, &name, import.method)
    }
}

impl Files {
    /// The address of a line, or `None` for a path that could lead out of the repository's files.
    fn line(&self, path: &str, line: usize) -> Option<String> {
        let leads_out = |segment: &str| matches!(segment, "" | "." | "..");
        if path.split('/').any(leads_out) {
            return None;
        }
        let path: String = path
            .bytes()
            .map(|byte| match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'/' => {
                    char::from(byte).to_string()
                }
                other => format!("%{other:02X}"),
            })
            .collect();
        let Self {
            server,
            repository,
            commit,
        } = self;
        Some(format!(
            "{server}/{repository}/blob/{commit}/{path}#L{line}"
        ))
    }
}

/// The request id of a path.
fn id(path: &str) -> &str {
    let stem = Path::new(path).file_stem();
    stem.and_then(|stem| stem.to_str()).unwrap_or(path)
}

/// When the shown imports will be done, against the day that was asked for: a few lines for a terminal.
pub fn outlook(plan: &Plan, view: &View<'_>) -> String {
    let imports = view.imports_todo_first(plan);
    let mut lines = verdict::dates(&imports, view, plain::QUOTE);
    if !view.queue_is_known {
        lines.push("This is without tonight's queue, which is not known here.".to_owned());
    }
    lines.join("\n") + "\n"
}
