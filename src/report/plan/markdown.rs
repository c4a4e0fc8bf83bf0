//! The plan for a comment or a job summary, in the order in which a reader decides: what happens, the
//! table, what to tell the customer, what else to know, and folded, how it was estimated.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Proposal, View, files,
    plain::{action, yes_no},
    proposal::{self, Verdict, verdict},
    verdict::{Quote, held_reason, sentences},
};
use crate::{
    model::{Method, words::day},
    plan::{Action, Plan, PlannedImport, capacity},
    platforms::connector,
    report::text::{capped, code_span, count, grouped, prose},
    spec::{Finding, Metadata, PlatformRow, Severity, codes},
};

/// The hidden first line by which the comment is found again.
pub const MARKER: &str = "<!-- call-import:plan -->";

/// Longest parts in bytes. With the verdict they stay below 20,000; GitHub takes 65,536.
const TABLE: usize = 6_500;
const HELD: usize = 2_500;
const CUSTOMER: usize = 4_000;
const FINDINGS: usize = 4_500;
const ESTIMATE: usize = 1_000;

/// Imports of whose files is told: each takes at most 13,000 bytes.
const FILES: usize = 3;

const QUOTE: Quote = Quote {
    name: code_span,
    sentence: prose,
};

/// A text of less than 60,000 bytes, without files less than 20,000; what does not fit is dropped by whole lines, with a count.
pub fn markdown(plan: &Plan, view: &View<'_>, proposal: &Proposal<'_>) -> String {
    let imports = view.imports_todo_first(plan);
    let parts = [
        format!(
            "{MARKER}\n{}",
            verdict_of(plan, &imports, view, proposal).join(" ")
        ),
        warnings(proposal),
        table(&imports, view),
        held(&imports, view),
        files_of(&imports, view),
        for_the_customer(&imports, view),
        findings(view, proposal),
        estimate(&imports, view),
    ];
    let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    parts.join("\n\n") + "\n"
}

/// The sentences that everything begins with.
fn verdict_of(
    plan: &Plan,
    imports: &[&PlannedImport],
    view: &View<'_>,
    proposal: &Proposal<'_>,
) -> Vec<String> {
    let mut verdict = if view.changed.is_some() {
        proposal::sentences(plan, imports, view, proposal, QUOTE)
    } else {
        let mut verdict = sentences(plan, imports, view, QUOTE);
        verdict[0] = format!("**{}**", verdict[0]);
        verdict
    };
    if !view.queue_is_known && !imports.is_empty() {
        verdict.push(
            "This is without tonight's queue: what waits or is under way is not known here.".into(),
        );
    }
    verdict
}

/// What a reviewer must not overlook.
fn warnings(proposal: &Proposal<'_>) -> String {
    let recipients = proposal.recipients.map(|path| {
        format!(
            "> [!CAUTION]\n> **The keys to seal to change** ({}). Whoever holds one of them can open every credential that is sealed from then on. Merge only if an engineer knows whose key comes or goes.",
            code_span(path)
        )
    });
    let checks = proposal.changes_checks.then(|| {
        "> [!CAUTION]\n> **This pull request changes how it is checked.** What is said here comes from its own check: an engineer must read the change before anybody relies on it.".to_owned()
    });
    let warnings: Vec<String> = [recipients, checks].into_iter().flatten().collect();
    warnings.join("\n\n")
}

fn table(imports: &[&PlannedImport], view: &View<'_>) -> String {
    let rows = imports.iter().map(|import| row(import, view));
    let header = "| | Request | Customer | From | Calls | Requests | Begins | Nights | Done by | Asked for | In time |\n|---|---|---|---|--:|--:|---|--:|---|---|---|";
    capped(header, rows, TABLE, |left| {
        format!("\n\nand {} without room here.", count(left, "more import"))
    })
}

fn row(import: &PlannedImport, view: &View<'_>) -> String {
    let dash = || "–".to_owned();
    let number = |number: u64| if number == 0 { dash() } else { grouped(number) };
    let name = |text: &str| {
        if text.is_empty() {
            dash()
        } else {
            code_span(text)
        }
    };
    let from = match import.platform.as_str() {
        "" => dash(),
        _ => prose(&view.source(import)),
    };
    format!(
        "| {} | {} | {} | {from} | {} | {} | {} | {} | {} | {} | {} |",
        match view.changed {
            Some(_) => verdict(import, view).words().0,
            None => action(import.action),
        },
        code_span(&import.request_id),
        name(&import.customer),
        number(import.calls),
        number(import.requests),
        import.expected_start.map_or_else(dash, day),
        number(import.nights),
        import.expected_completion.map_or_else(dash, day),
        import.requested_completion.map_or_else(dash, day),
        import
            .in_time
            .map_or_else(dash, |in_time| yes_no(in_time).to_owned()),
    )
}

/// Why each held import is held. Of a pull request, the verdict says it of a single one, and the findings say
/// it of those that need changes.
fn held(imports: &[&PlannedImport], view: &View<'_>) -> String {
    let of_pull_request = view.changed.is_some();
    if of_pull_request && imports.len() < 2 {
        return String::new();
    }
    let held = imports.iter().filter(|import| {
        import.action == Action::Hold
            && !(of_pull_request && is_told_by_findings(verdict(import, view)))
    });
    let lines = held.map(|import| {
        format!(
            "- {}: {}",
            code_span(&import.request_id),
            held_reason(import, view, QUOTE)
        )
    });
    capped("**Held**\n", lines, HELD, |left| {
        format!("\n- and {}", count(left, "more import"))
    })
}

/// What lies in the files of the imports that are changed, or of all that are shown.
fn files_of(imports: &[&PlannedImport], view: &View<'_>) -> String {
    let looked_into = imports.iter().filter_map(|import| files::markdown(import));
    let texts: Vec<String> = match view.changed {
        Some(_) => looked_into.take(FILES).collect(),
        None => Vec::new(),
    };
    texts.join("\n\n")
}

const fn is_told_by_findings(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::NeedsChanges | Verdict::NeedsCredential)
}

/// What imported calls carry, ready to send.
fn for_the_customer(imports: &[&PlannedImport], view: &View<'_>) -> String {
    let told: Vec<&&PlannedImport> = imports
        .iter()
        .filter(|import| match view.changed {
            Some(_) => match verdict(import, view) {
                Verdict::Imported => true,
                // Beside others it would take the date away from theirs.
                Verdict::NeedsCredential => imports.len() == 1 && import.needs_credential,
                Verdict::NeedsChanges
                | Verdict::NotSupported
                | Verdict::Waits
                | Verdict::Cancelled
                | Verdict::Nothing => false,
            },
            None => import.action != Action::None,
        })
        .collect();
    let platforms: BTreeSet<&str> = told.iter().map(|import| import.platform.as_str()).collect();
    let lines = platforms.into_iter().flat_map(|platform| {
        let imports: Vec<&PlannedImport> = told
            .iter()
            .filter(|import| import.platform == platform)
            .map(|import| **import)
            .collect();
        let row = view.matrix.platforms.get(platform);
        row.map_or_else(Vec::new, |row| words_to_send(row, &imports))
    });
    capped("**To tell the customer**\n", lines, CUSTOMER, |_| {
        "\n\nMore: `call-import matrix`.".into()
    })
    .trim_end()
    .to_owned()
}

/// The lines about one platform, as a quotation.
fn words_to_send(row: &PlatformRow, imports: &[&PlannedImport]) -> Vec<String> {
    let name = prose(&row.name);
    let date = match imports {
        [import] if import.calls > 0 => import.expected_completion.map(|date| {
            if import.needs_credential {
                let nights = count(import.nights, "night");
                format!("> As soon as we have your access to {name}, the import of your calls takes about {nights}.")
            } else {
                let date = day(date);
                format!("> We will import your calls from {name}, and expect to be done by {date}.")
            }
        }),
        _ => None,
    };
    let by_files = imports
        .iter()
        .all(|import| import.method == Some(Method::File));
    let parts = (!by_files).then(|| comes_along(row, imports)).flatten();
    let list = |title: String, sentences: &[String]| {
        let mut lines = Vec::new();
        if !sentences.is_empty() {
            lines.push(title);
            lines.extend(sentences.iter().map(|text| format!("> - {}", prose(text))));
        }
        lines
    };
    let paragraphs = [
        date.into_iter().collect(),
        parts.into_iter().collect(),
        list(format!("> With your calls from {name} you can:"), &row.can),
        list("> Not included:".into(), &row.cannot),
    ];
    let mut lines = Vec::new();
    for paragraph in paragraphs.into_iter().filter(|lines| !lines.is_empty()) {
        if !lines.is_empty() {
            lines.push(">".to_owned());
        }
        lines.extend(paragraph);
    }
    lines.push(String::new());
    lines
}

/// Which parts of a call the platform gives. Recordings only where they are asked for.
fn comes_along(row: &PlatformRow, imports: &[&PlannedImport]) -> Option<String> {
    let with_media = imports.iter().any(|import| import.media_bytes > 0);
    let parts: Vec<&str> = row
        .metadata
        .iter()
        .filter_map(|part| match part {
            Metadata::Title => Some("title"),
            Metadata::Participants => Some("participants"),
            Metadata::Duration => Some("length"),
            Metadata::Transcript => Some("transcript"),
            Metadata::Media => with_media.then_some("recording"),
        })
        .collect();
    let (last, others) = parts.split_last()?;
    let parts = match others {
        [] => (*last).to_owned(),
        others => format!("{} and {last}", others.join(", ")),
    };
    Some(format!("> Each call comes with its {parts}."))
}

/// The findings, worst first, each with a link to its line. Errors in other files count too: they make the
/// check red. That a platform is not offered is in the verdict already.
fn findings(view: &View<'_>, proposal: &Proposal<'_>) -> String {
    let is_told = |finding: &&Finding| match finding.severity {
        Severity::Error => {
            view.changed.is_none()
                || !view.concerns(&finding.path)
                || finding.code != codes::PLATFORM_NOT_SUPPORTED.name
        }
        Severity::Warning => view.concerns(&finding.path),
        Severity::Info => false,
    };
    let mut findings: Vec<&Finding> = view.findings.iter().filter(is_told).collect();
    findings.sort_by_key(|finding| (!view.concerns(&finding.path), finding.severity));
    let rows = findings.into_iter().map(|finding| {
        let place = code_span(&format!("{}:{}", finding.path, finding.line));
        let files = proposal.files;
        let address = files.and_then(|files| files.line(&finding.path, finding.line));
        let place =
            address.map_or_else(|| place.clone(), |address| format!("[{place}]({address})"));
        let severity = match finding.severity {
            Severity::Error => "error",
            Severity::Warning | Severity::Info => "warning",
        };
        let (message, help) = (prose(&finding.message), prose(&finding.help));
        format!("| {severity} | {place} | {message} | {help} |")
    });
    let header = "**Findings**\n\n| | Where | What is wrong | What to do |\n|---|---|---|---|";
    capped(header, rows, FINDINGS, |left| {
        let left = count(left, "more finding");
        format!("\n\nand {left}; the check shows all, beside their lines.")
    })
}

/// How nights and dates come about, folded away.
fn estimate(imports: &[&PlannedImport], view: &View<'_>) -> String {
    let by_api = |import: &&&PlannedImport| import.requests > 0;
    let platforms: BTreeMap<&str, Method> = imports
        .iter()
        .filter(by_api)
        .filter_map(|import| Some((import.platform.as_str(), import.method?)))
        .collect();
    let lines = platforms.into_iter().filter_map(|(platform, method)| {
        let row = view.matrix.platforms.get(platform)?;
        let nightly = capacity(view.matrix, platform)?.requests_per_night;
        let connector = connector(platform)?;
        let traits = connector.traits();
        let apart = traits
            .transcript_batch
            .filter(|_| !connector.lists_transcripts(method));
        let transcripts = apart.map_or_else(
            || "transcripts come along".to_owned(),
            |batch| format!("one request brings {}", count(batch, "transcript")),
        );
        Some(format!(
            "- {}: at most {} a night for one account, {:.0} % of what the platform allows. One request lists {} of at most {}; {transcripts}.",
            prose(&row.name),
            count(nightly, "request"),
            row.budget_share * 100.0,
            count(traits.page_size, "call"),
            count(traits.window_days.unsigned_abs(), "day"),
        ))
    });
    let header = format!(
        "<details><summary>How this was estimated</summary>\n\nImports of one account share its nights in this order: date asked for, then deal, onboarding, retention. Engine {}.\n",
        env!("CARGO_PKG_VERSION")
    );
    let text = capped(&header, lines, ESTIMATE, |_| String::new());
    if text.is_empty() {
        text
    } else {
        text + "\n\n</details>"
    }
}
