//! Something wrong or worth knowing in a file that somebody wrote.

use serde::{Deserialize, Serialize};

/// How bad a finding is. Ordered worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Nothing is imported until it is mended.
    Error,
    /// The import works, but perhaps not as meant.
    Warning,
    /// Worth knowing.
    Info,
}

/// One finding: what is wrong, where, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// Stable kebab-case name of the flaw.
    pub code: String,
    /// File as given on the command line or found below the requests folder, with `/`.
    pub path: String,
    /// 1-based line; 1 where the whole file is meant.
    pub line: usize,
    /// 1-based column in characters.
    pub column: usize,
    /// One plain sentence: what is wrong. Never repeats a value that may be a secret.
    pub message: String,
    /// One plain sentence: what to do.
    pub help: String,
}

/// Brings findings into the order of reading, and says the same thing once.
pub(super) fn sort(findings: &mut Vec<Finding>) {
    findings.sort_by(|a, b| {
        let order = |f: &Finding| (f.line, f.column, f.severity);
        (&a.path, order(a), &a.code, &a.message).cmp(&(&b.path, order(b), &b.code, &b.message))
    });
    findings.dedup();
}
