//! What is wrong in files that people wrote, in four forms: for a terminal, as annotations of a pull
//! request, and for programs (JSON, SARIF).

mod github;
mod plain;
mod sarif;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use crate::{
    report::text::count,
    spec::{Finding, Severity},
};

pub use github::github;
pub use plain::{Style, plain};
pub use sarif::sarif;

/// A check and what came of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Review {
    /// How many request files were looked at; `None` where a broken matrix came first, without which no
    /// request can be judged.
    pub requests: Option<usize>,
    /// What was found, in any order.
    pub findings: Vec<Finding>,
    /// Text of each file that may be quoted, by the path used in findings.
    pub sources: BTreeMap<String, String>,
}

impl Review {
    /// Whether a finding stops an import.
    pub fn has_errors(&self) -> bool {
        self.count(Severity::Error) > 0
    }

    /// Findings of one severity.
    fn count(&self, severity: Severity) -> usize {
        let same = |finding: &&Finding| finding.severity == severity;
        self.findings.iter().filter(same).count()
    }

    /// The findings in the order of the files.
    fn by_place(&self) -> Vec<&Finding> {
        let mut findings: Vec<_> = self.findings.iter().collect();
        findings.sort_by_key(|finding| (&finding.path, finding.line, finding.column));
        findings
    }

    /// One sentence: how many of which severity, in how many files.
    fn summary(&self) -> String {
        let checked = match self.requests {
            None => "The requests come next, once the matrix is mended".to_owned(),
            Some(0) => "There is no request file yet".to_owned(),
            Some(number) => format!("{} checked", count(number as u64, "request file")),
        };
        if self.findings.is_empty() {
            return format!("All fine. {checked}.");
        }
        let counts: Vec<String> = [
            (Severity::Error, "error"),
            (Severity::Warning, "warning"),
            (Severity::Info, "hint"),
        ]
        .into_iter()
        .filter_map(|(severity, noun)| {
            let number = self.count(severity) as u64;
            (number > 0).then(|| count(number, noun))
        })
        .collect();
        let files = count(self.files().len() as u64, "file");
        let effect = if self.has_errors() {
            "Nothing is imported for a file with an error until it is mended."
        } else {
            "None of this stops an import."
        };
        format!("{} in {files}. {checked}. {effect}", counts.join(", "))
    }

    /// Files with a finding.
    fn files(&self) -> BTreeSet<&str> {
        self.findings.iter().map(|f| f.path.as_str()).collect()
    }
}

/// One JSON document; its shape is fixed in `design.md` section 4.
pub fn json(review: &Review) -> String {
    format!("{:#}\n", json!({"findings": review.by_place()}))
}
