//! The plan for programs, and the way back: what a check found, read by whoever tells it on GitHub.

use serde::Deserialize;
use serde_json::{Value, json as object};

use super::View;
use crate::{
    plan::{Plan, PlannedImport},
    spec::Finding,
};

/// The plan for programs: `{"imports": [...]}` and what it was made of, see `design.md` section 4.
pub fn json(plan: &Plan, view: &View<'_>) -> Value {
    let imports: Vec<&PlannedImport> = view.imports(plan).collect();
    object!({
        "imports": imports,
        "queue_is_known": view.queue_is_known,
        "cancels": plan.cancels,
        "unfinished": plan.unfinished,
    })
}

/// What a check of requests found: the documents of `plan` and `validate` with `--format json`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CheckResult {
    /// What the next run would do.
    pub plan: Plan,
    /// Whether the recorded imports were known.
    pub queue_is_known: bool,
    /// What there is to say about the files.
    pub findings: Vec<Finding>,
}

impl CheckResult {
    /// Reads both documents; `plan` is missing where no plan could be made. Nothing in them is believed to
    /// be ours: keys that are not known are left out, and texts are quoted like any others.
    ///
    /// # Errors
    /// When they are not of this shape.
    pub fn read(validated: &[u8], plan: Option<&[u8]>) -> Result<Self, serde_json::Error> {
        #[derive(Deserialize)]
        struct Validated {
            findings: Vec<Finding>,
        }
        #[derive(Default, Deserialize)]
        struct Planned {
            imports: Vec<PlannedImport>,
            queue_is_known: bool,
            cancels: usize,
            unfinished: usize,
        }
        let Validated { findings } = serde_json::from_slice(validated)?;
        let planned = plan.map(serde_json::from_slice).transpose()?;
        let Planned {
            imports,
            queue_is_known,
            cancels,
            unfinished,
        } = planned.unwrap_or_default();
        Ok(Self {
            plan: Plan {
                imports,
                cancels,
                unfinished,
                ..Plan::default()
            },
            queue_is_known,
            findings,
        })
    }
}
