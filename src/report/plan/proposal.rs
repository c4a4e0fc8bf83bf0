//! What a pull request asks for, in a few sentences: the verdict first, then dates, then what to do.

use std::collections::BTreeSet;

use super::{
    Proposal, View, id,
    verdict::{Quote, gap, media, refusal, with_credential},
};
use crate::{
    model::{Phase, words::day},
    plan::{Action, Plan, PlannedImport},
    report::text::count,
    spec::{Finding, Severity, codes},
};

/// What becomes of an import that a pull request asks for, the most urgent first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Verdict {
    /// Its file has an error.
    NeedsChanges,
    /// Nothing but its credential is missing.
    NeedsCredential,
    /// The platform's row says no.
    NotSupported,
    /// Valid, but held until somebody or the platform does something.
    Waits,
    /// The next nights work on it.
    Imported,
    /// Its file is deleted before it was finished.
    Cancelled,
    /// It is done, or as it was.
    Nothing,
}

impl Verdict {
    const ALL: [Self; 7] = [
        Self::NeedsChanges,
        Self::NeedsCredential,
        Self::NotSupported,
        Self::Waits,
        Self::Imported,
        Self::Cancelled,
        Self::Nothing,
    ];

    /// In the table, and behind the number of requests.
    pub(super) const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::NeedsChanges => ("needs changes", "need changes"),
            Self::NeedsCredential => ("needs its credential", "need their credentials"),
            Self::NotSupported => ("is not supported", "are not supported"),
            Self::Waits => ("waits", "wait"),
            Self::Imported => ("will be imported", "will be imported"),
            Self::Cancelled => ("is cancelled", "are cancelled"),
            Self::Nothing => ("has nothing to do", "have nothing to do"),
        }
    }
}

/// What becomes of an import.
pub(super) fn verdict(import: &PlannedImport, view: &View<'_>) -> Verdict {
    match (import.action, import.phase) {
        (Action::Hold, Phase::Unsupported) => Verdict::NotSupported,
        _ if errors(import, view).next().is_some() => {
            let mut errors = errors(import, view);
            if errors.all(|finding| finding.code == codes::MISSING_CREDENTIALS.name) {
                Verdict::NeedsCredential
            } else {
                Verdict::NeedsChanges
            }
        }
        (Action::Import, _) => Verdict::Imported,
        (Action::Hold, _) if import.expected_completion.is_some() => Verdict::Imported,
        (Action::Hold, _) => Verdict::Waits,
        (Action::None, Phase::Cancelled) => Verdict::Cancelled,
        (Action::None, _) => Verdict::Nothing,
    }
}

/// The sentences, the first in bold.
pub(super) fn sentences(
    plan: &Plan,
    imports: &[&PlannedImport],
    view: &View<'_>,
    proposal: &Proposal<'_>,
    quote: Quote,
) -> Vec<String> {
    if let Some(accident) = plan.accident() {
        // What the plan says else does not happen.
        return vec![format!("**{}**", refusal(accident))];
    }
    let planned: BTreeSet<&str> = imports
        .iter()
        .map(|import| import.request_id.as_str())
        .collect();
    // What was never recorded is in no plan once its file is gone.
    let gone: Vec<&str> = proposal
        .deleted
        .iter()
        .map(|path| id(path))
        .filter(|id| !planned.contains(id))
        .collect();
    let mut sentences = match (imports, gone.as_slice()) {
        ([], []) => vec![without_requests(view)],
        ([import], []) => of_one(import, view, quote),
        ([], [id]) => vec![cancelled(&(quote.name)(id))],
        (imports, gone) => of_many(imports, gone.len(), view, quote),
    };
    sentences.extend(elsewhere(view));
    sentences
}

fn without_requests(view: &View<'_>) -> String {
    match view.changed {
        Some([_, ..]) => "**The check says nothing about the requests that are changed here.** Somebody must look at its log.".into(),
        Some([]) | None => "**No import request is changed here.**".into(),
    }
}

fn of_one(import: &PlannedImport, view: &View<'_>, quote: Quote) -> Vec<String> {
    let customer = match import.customer.as_str() {
        "" => (quote.name)(&import.request_id),
        customer => (quote.name)(customer),
    };
    let reason = (quote.sentence)(&import.reason);
    match verdict(import, view) {
        Verdict::NeedsChanges => {
            let errors = count(errors(import, view).count() as u64, "error");
            vec![
                format!("**Needs changes**: the file for {customer} has {errors}."),
                "Nothing is imported until they are mended; the table below says what to write instead."
                    .into(),
            ]
        }
        Verdict::NeedsCredential => needs_credential(import, view, quote),
        Verdict::NotSupported => vec![
            format!("**Not supported**: {reason}"),
            "Offer the customer the alternative.".into(),
        ],
        Verdict::Waits => vec![
            format!("**Waits**: nothing is imported for {customer} now. {reason}"),
            step(import).into(),
        ],
        Verdict::Imported => imported(import, view, quote),
        Verdict::Cancelled => vec![cancelled(&(quote.name)(&import.request_id))],
        Verdict::Nothing => vec![format!("**Nothing to do** for {customer}. {reason}")],
    }
}

fn needs_credential(import: &PlannedImport, view: &View<'_>, quote: Quote) -> Vec<String> {
    let customer = (quote.name)(&import.customer);
    let from = (quote.sentence)(&view.source(import));
    let dates = with_credential(import, &from, view).map(|dates| {
        let more = [gap(&[import], quote), media(&[import])];
        std::iter::once(dates).chain(more.into_iter().flatten())
    });
    let first =
        format!("**Needs changes**: the credential of {customer} is missing, and nothing else.");
    let last = "The table of findings says how to hand it in.".to_owned();
    std::iter::once(first)
        .chain(dates.into_iter().flatten())
        .chain([last])
        .collect()
}

fn imported(import: &PlannedImport, view: &View<'_>, quote: Quote) -> Vec<String> {
    let customer = (quote.name)(&import.customer);
    let from = (quote.sentence)(&view.source(import));
    let Some(date) = import.expected_completion.filter(|_| import.calls > 0) else {
        let reason = (quote.sentence)(&import.reason);
        return vec![
            format!("**Will be imported**: {customer} from {from}. {reason}"),
            MERGE.into(),
        ];
    };
    let calls = count(import.calls, "call");
    let outcome = format!(
        "**Will be imported**: about {calls} of {customer} from {from}, done by {}.",
        day(date)
    );
    let begins = import.expected_start.map(|start| {
        format!(
            "It begins in the night of {} and takes {}.",
            day(start),
            count(import.nights, "night")
        )
    });
    let more = [
        gap(&[import], quote),
        begins,
        media(&[import]),
        Some(MERGE.into()),
    ];
    std::iter::once(outcome)
        .chain(more.into_iter().flatten())
        .collect()
}

const MERGE: &str = "Merge, and it goes by itself.";

fn cancelled(id: &str) -> String {
    format!(
        "**Cancels the import {id}**: what is not imported yet does not come, and the calls that are here stay."
    )
}

const fn step(import: &PlannedImport) -> &'static str {
    match import.phase {
        Phase::NeedsCredentials => "Ask the customer for a new credential.",
        Phase::NeedsAttention => "Somebody must look at it.",
        Phase::Queued
        | Phase::Importing
        | Phase::Retrying
        | Phase::Delayed
        | Phase::Completed
        | Phase::CompletedWithFailures
        | Phase::NoCallsFound
        | Phase::Unsupported
        | Phase::Suspended
        | Phase::Cancelled => "It can be merged; it goes on when that changes.",
    }
}

fn of_many(imports: &[&PlannedImport], gone: usize, view: &View<'_>, quote: Quote) -> Vec<String> {
    let number = |wanted: Verdict| {
        let planned = imports
            .iter()
            .filter(|import| verdict(import, view) == wanted);
        let unplanned = if wanted == Verdict::Cancelled {
            gone
        } else {
            0
        };
        planned.count() + unplanned
    };
    let parts: Vec<String> = Verdict::ALL
        .into_iter()
        .map(|verdict| (number(verdict), verdict.words()))
        .filter(|(number, _)| *number > 0)
        .map(|(number, (one, many))| format!("{number} {}", if number == 1 { one } else { many }))
        .collect();
    let all = count((imports.len() + gone) as u64, "request");
    let last = imports
        .iter()
        .filter(|import| verdict(import, view) == Verdict::Imported)
        .filter_map(|import| import.expected_completion)
        .max();
    let last = last.map(|date| format!("The last one is done by {}.", day(date)));
    let unfinished = number(Verdict::NeedsChanges) + number(Verdict::NeedsCredential);
    let mend = (unfinished > 0).then(|| "The table of findings says what to do.".to_owned());
    let more = [last, gap(imports, quote), media(imports), mend];
    std::iter::once(format!("**{all}: {}.**", parts.join(", ")))
        .chain(more.into_iter().flatten())
        .collect()
}

/// Errors in files that are not changed here make the check red, too.
fn elsewhere(view: &View<'_>) -> Option<String> {
    let errors = view
        .findings
        .iter()
        .filter(|finding| finding.severity == Severity::Error && !view.concerns(&finding.path));
    let errors = errors.count() as u64;
    (errors > 0).then(|| {
        format!(
            "The check is red, too, for {} in files that this pull request does not change.",
            count(errors, "error")
        )
    })
}

/// The errors in the file of an import.
fn errors<'v>(import: &'v PlannedImport, view: &'v View<'_>) -> impl Iterator<Item = &'v Finding> {
    view.findings().filter(|finding| {
        finding.severity == Severity::Error && import.path.as_ref() == Some(&finding.path)
    })
}
