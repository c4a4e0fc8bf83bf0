//! The plan as people and programs read it.

mod markdown;
mod plain;
mod verdict;

use serde_json::{Value, json};

use crate::{
    plan::{Plan, PlannedImport},
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
    fn imports<'p>(&self, plan: &'p Plan) -> Vec<&'p PlannedImport> {
        let is_shown = |path: Option<&String>| match (self.changed, path) {
            (None, _) => true,
            (Some(changed), Some(path)) => changed.contains(path),
            (Some(_), None) => false,
        };
        plan.imports
            .iter()
            .filter(|import| is_shown(import.path.as_ref()))
            .collect()
    }

    fn findings(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| {
            self.changed
                .is_none_or(|changed| changed.contains(&finding.path))
        })
    }

    fn platform(&self, key: &str) -> String {
        let row = self.matrix.platforms.get(key);
        row.map_or_else(|| super::phase::platform(key), |row| row.name.clone())
    }
}

/// The plan for programs: `{"imports": [...]}`, see `design.md` section 4.
pub fn json(plan: &Plan, view: &View<'_>) -> Value {
    json!({"imports": view.imports(plan)})
}
