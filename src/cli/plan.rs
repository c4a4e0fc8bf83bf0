//! `call-import plan`: what the next run would do.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use jiff::Timestamp;
use serde::Deserialize;

use super::{Common, Exit, Media, Output, Stop, check, record};
use crate::{
    clock::{Clock as _, SystemClock},
    model::{Erasure, ImportRecord},
    plan::{self, Inputs, Observed},
    report::{
        self,
        plan::{Proposal, View},
    },
    workspace,
};

/// Arguments of `plan`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Form of the result
    #[arg(long, value_name = "FORM", default_value = "plain")]
    format: Format,
    /// Show only requests that differ from this git revision
    #[arg(long, value_name = "REV")]
    changed_since: Option<String>,
    /// What was recorded last night: the output of `status --format json`, where there is no database
    #[arg(long, value_name = "FILE")]
    observed: Option<PathBuf>,
    #[command(flatten)]
    media: Media,
}

/// Form of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For a terminal
    Plain,
    /// For a comment on a pull request
    Markdown,
    /// For programs
    Json,
}

pub(super) fn run(arguments: &Arguments, common: &Common, out: &mut Output) -> Result<Exit, Stop> {
    let clock = SystemClock;
    let matrix = check::matrix(common)?;
    let declared = check::declared(common, &matrix, &clock)?;
    let changes = match &arguments.changed_since {
        Some(revision) => Some(check::changes(common, revision, &declared)?),
        None => None,
    };
    let now = clock.now();
    let observed = observed(arguments.observed.as_deref(), common, now)?;
    let queue_is_known = observed.is_some();
    let mut plan = plan::plan(&Inputs {
        declared: &declared,
        matrix: &matrix,
        observed: &observed.unwrap_or_default(),
        now,
        night: plan::next_night(&matrix.nightly, now),
        only: None,
        skip: &check::skipped(),
        media: arguments.media.address().is_some(),
    });
    let mut findings = declared.findings.clone();
    for request in &declared.requests {
        let is_shown = changes
            .as_ref()
            .is_none_or(|changes| changes.requests.contains(&request.path));
        let survey = is_shown.then(|| workspace::survey(request)).flatten();
        let Some(survey) = survey else {
            continue;
        };
        findings.extend(check::of_files(request, &survey, common));
        let planned = plan.imports.iter_mut();
        for import in planned.filter(|import| import.request_id == request.id) {
            import.looked_into(&survey);
        }
    }
    let view = View {
        matrix: &matrix,
        findings: &findings,
        changed: changes.as_ref().map(|changes| &*changes.requests),
        queue_is_known,
    };
    let proposal = changes.as_ref().map(|changes| Proposal {
        deleted: &changes.deleted,
        recipients: changes.recipients.as_deref(),
        ..Proposal::default()
    });
    let text = match arguments.format {
        Format::Plain => report::plan::plain(&plan, &view),
        Format::Markdown => report::plan::markdown(&plan, &view, &proposal.unwrap_or_default()),
        Format::Json => format!("{:#}\n", report::plan::json(&plan, &view)),
    };
    out.write_all(text.as_bytes())?;
    Ok(Exit::Well)
}

/// What is recorded: as a file tells it, or as the database does; `None` where there is neither.
pub(super) fn observed(
    file: Option<&Path>,
    common: &Common,
    now: Timestamp,
) -> Result<Option<Observed>, Stop> {
    match file {
        Some(file) => from_status(file).map(Some),
        None => record::observed(common, now),
    }
}

/// The rows of `imports`, and what was erased, that `status --format json` printed.
fn from_status(file: &Path) -> Result<Observed, Stop> {
    #[derive(Deserialize)]
    struct Status {
        imports: Vec<ImportRecord>,
        #[serde(default)]
        erased: Vec<Erasure>,
    }
    let shown = file.display();
    let text = std::fs::read(file).with_context(|| format!("{shown} cannot be read."))?;
    let status: Status = serde_json::from_slice(&text).with_context(|| {
        format!("{shown} is not what `call-import status --format json` prints.")
    })?;
    Ok(Observed {
        erasures: status.erased,
        ..status.imports.into_iter().collect()
    })
}
