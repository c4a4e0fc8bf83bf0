//! The plan as people and programs read it.

mod markdown;
mod plain;
mod verdict;

use serde_json::{Value, json};

use crate::{
    plan::{Action, Plan, PlannedImport},
    spec::{Finding, SupportMatrix},
};

pub use markdown::{MARKER, markdown};
pub use plain::plain;

/// What a plan is shown with.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    /// Names of platforms, and what their calls carry.
    pub matrix: &'a SupportMatrix,
    /// What there is to say about the files.
    pub findings: &'a [Finding],
    /// Paths of the request files that a pull request changes: only their imports are shown. `None` shows
    /// every import.
    pub changed: Option<&'a [String]>,
    /// Whether the recorded imports were known; without them the plan is made as if nothing else waited.
    pub queue_is_known: bool,
}

impl View<'_> {
    /// The shown imports in order of work.
    fn imports<'p>(&self, plan: &'p Plan) -> impl Iterator<Item = &'p PlannedImport> {
        let changed = self.changed;
        let is_shown = move |path: Option<&String>| match (changed, path) {
            (None, _) => true,
            (Some(changed), Some(path)) => changed.contains(path),
            (Some(_), None) => false,
        };
        let imports = plan.imports.iter();
        imports.filter(move |import| is_shown(import.path.as_ref()))
    }

    /// The same for people: those with nothing to do come last.
    fn imports_todo_first<'p>(&self, plan: &'p Plan) -> Vec<&'p PlannedImport> {
        let (todo, done): (Vec<_>, Vec<_>) = self
            .imports(plan)
            .partition(|import| import.action != Action::None);
        todo.into_iter().chain(done).collect()
    }

    fn findings(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| {
            self.changed
                .is_none_or(|changed| changed.contains(&finding.path))
        })
    }

    /// Where the calls come from: the platform's name, and whether as files.
    fn source(&self, import: &PlannedImport) -> String {
        let key = import.platform.as_str();
        let row = self.matrix.platforms.get(key);
        let name = row.map_or_else(|| super::phase::platform(key), |row| row.name.clone());
        super::phase::source(key, &name, import.method)
    }
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

/// The plan for programs: `{"imports": [...]}`, see `design.md` section 4.
pub fn json(plan: &Plan, view: &View<'_>) -> Value {
    let imports: Vec<&PlannedImport> = view.imports(plan).collect();
    json!({ "imports": imports })
}
