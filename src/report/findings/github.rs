//! Findings as workflow commands, which GitHub shows beside the lines of a pull request
//! (<https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands>).

use super::Review;
use crate::{
    report::text::{clean, count},
    spec::{Finding, Severity},
};

/// GitHub shows ten annotations of a level for each step and drops the others silently.
const SHOWN: usize = 10;

/// Annotations, worst first. Where a level has more than GitHub shows, the last one counts the rest, and
/// the rest follows as plain lines in the log. The summary ends it.
pub fn github(review: &Review) -> String {
    let mut commands = String::new();
    let mut others = String::new();
    for (severity, command, noun) in [
        (Severity::Error, "error", "error"),
        (Severity::Warning, "warning", "warning"),
        (Severity::Info, "notice", "hint"),
    ] {
        let findings: Vec<&Finding> = review
            .by_place()
            .into_iter()
            .filter(|finding| finding.severity == severity)
            .collect();
        let shown = if findings.len() > SHOWN {
            SHOWN - 1
        } else {
            findings.len()
        };
        let (shown, rest) = findings.split_at(shown);
        commands.extend(shown.iter().map(|finding| annotation(command, finding)));
        if !rest.is_empty() {
            let more = count(rest.len() as u64, &format!("more {noun}"));
            commands.push_str(&format!(
                "::{command} title=and {more}::GitHub shows only {SHOWN} of a kind. The log of this step lists the others.\n"
            ));
        }
        others.extend(rest.iter().map(|finding| log_line(noun, finding)));
    }
    format!("{commands}{others}{}\n", review.summary())
}

fn annotation(command: &str, finding: &Finding) -> String {
    let Finding {
        severity: _,
        code,
        path,
        line,
        column,
        message,
        help,
    } = finding;
    let text = format!("{}\n{}", clean(message), clean(help));
    format!(
        "::{command} file={},line={line},col={column},title={}::{}\n",
        property(&clean(path)),
        property(&clean(code)),
        data(text.trim_end()),
    )
}

fn log_line(noun: &str, finding: &Finding) -> String {
    format!(
        "{noun}[{}] {}:{}:{} {} {}\n",
        clean(&finding.code),
        clean(&finding.path),
        finding.line,
        finding.column,
        clean(&finding.message),
        clean(&finding.help),
    )
}

/// Escapes the text of a workflow command.
fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// Escapes a property of a workflow command.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
