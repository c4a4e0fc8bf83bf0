//! The plan for a comment or a job summary, in the order in which a reader decides: what happens, the
//! table, what to tell the customer, what else to know, and folded, how it was estimated.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    View,
    plain::{action, yes_no},
    verdict::{Quote, held_reason, sentences},
};
use crate::{
    model::{Method, words::day},
    plan::{Action, Plan, PlannedImport, capacity},
    platforms::connector,
    report::text::{capped, code_span, count, grouped, prose},
    spec::{Finding, Severity},
};

/// The hidden first line by which the comment is found again.
pub const MARKER: &str = "<!-- call-import:plan -->";

/// Longest parts in bytes. With the verdict they stay below 20,000; GitHub takes 65,536.
const TABLE: usize = 8_500;
const HELD: usize = 3_500;
const CUSTOMER: usize = 3_000;
const FINDINGS: usize = 2_000;
const ESTIMATE: usize = 1_000;

const QUOTE: Quote = Quote {
    name: code_span,
    sentence: prose,
};

/// A text of less than 20,000 bytes; what does not fit is dropped by whole lines, with a count.
pub fn markdown(plan: &Plan, view: &View<'_>) -> String {
    let imports = view.imports_todo_first(plan);
    let mut verdict = sentences(plan, &imports, view, QUOTE);
    verdict[0] = format!("**{}**", verdict[0]);
    if !view.queue_is_known {
        verdict.push(
            "This is without tonight's queue: what waits or is under way is not known here.".into(),
        );
    }
    let parts = [
        format!("{MARKER}\n{}", verdict.join(" ")),
        table(&imports, view),
        held(&imports, view),
        for_the_customer(&imports, view),
        findings(view),
        estimate(&imports, view),
    ];
    let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    parts.join("\n\n") + "\n"
}

fn table(imports: &[&PlannedImport], view: &View<'_>) -> String {
    let rows = imports.iter().map(|import| row(import, view));
    let header = "| | Request | Customer | From | Calls | Requests | Nights | Done by | Asked for | In time |\n|---|---|---|---|--:|--:|--:|---|---|---|";
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
        "| {} | {} | {} | {from} | {} | {} | {} | {} | {} | {} |",
        action(import.action),
        code_span(&import.request_id),
        name(&import.customer),
        number(import.calls),
        number(import.requests),
        number(import.nights),
        import.expected_completion.map_or_else(dash, day),
        import.requested_completion.map_or_else(dash, day),
        import
            .in_time
            .map_or_else(dash, |in_time| yes_no(in_time).to_owned()),
    )
}

fn held(imports: &[&PlannedImport], view: &View<'_>) -> String {
    let held = imports
        .iter()
        .filter(|import| import.action == Action::Hold);
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

/// What imported calls carry, ready to send.
fn for_the_customer(imports: &[&PlannedImport], view: &View<'_>) -> String {
    let platforms: BTreeSet<&str> = imports
        .iter()
        .filter(|import| import.action != Action::None)
        .map(|import| import.platform.as_str())
        .collect();
    let rows = platforms
        .into_iter()
        .filter_map(|platform| view.matrix.platforms.get(platform));
    let lines = rows.flat_map(|row| {
        let name = prose(&row.name);
        let list = |sentences: &[String]| {
            let sentences: Vec<String> = sentences.iter().map(|text| prose(text)).collect();
            sentences.join(" ")
        };
        let can = (!row.can.is_empty())
            .then(|| format!("> With your calls from {name} you can: {}", list(&row.can)));
        let cannot =
            (!row.cannot.is_empty()).then(|| format!("> Not included: {}", list(&row.cannot)));
        let gap = (can.is_some() && cannot.is_some()).then(|| ">".to_owned());
        [can, gap, cannot, Some(String::new())]
            .into_iter()
            .flatten()
    });
    capped("**To tell the customer**\n", lines, CUSTOMER, |_| {
        "\nMore: `call-import matrix`.".into()
    })
    .trim_end()
    .to_owned()
}

fn findings(view: &View<'_>) -> String {
    let mut findings: Vec<&Finding> = view
        .findings()
        .filter(|finding| finding.severity != Severity::Info)
        .collect();
    findings.sort_by_key(|finding| finding.severity);
    let lines = findings.into_iter().map(|finding| {
        let place = format!("{}:{}", finding.path, finding.line);
        let severity = match finding.severity {
            Severity::Error => "error",
            Severity::Warning | Severity::Info => "warning",
        };
        format!(
            "- {severity} in {}: {} {}",
            code_span(&place),
            prose(&finding.message),
            prose(&finding.help)
        )
    });
    capped("**Findings**\n", lines, FINDINGS, |left| {
        format!(
            "\n- and {}; `call-import validate` shows all",
            count(left, "more finding")
        )
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
