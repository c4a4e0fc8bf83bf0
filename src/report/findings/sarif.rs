//! Findings as SARIF 2.1.0 (OASIS), which code scanning and editors read.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Review;
use crate::{
    report::text::clean,
    spec::{CODES, Finding, Severity},
};

/// One SARIF log with one run.
pub fn sarif(review: &Review) -> String {
    let findings = review.by_place();
    let mut examples: BTreeMap<&str, &Finding> = BTreeMap::new();
    for &finding in &findings {
        examples.entry(&finding.code).or_insert(finding);
    }
    let rules: Vec<Value> = examples.values().map(|finding| rule(finding)).collect();
    let results: Vec<Value> = findings
        .iter()
        .map(|finding| {
            let index = examples.keys().position(|code| *code == finding.code);
            result(finding, index)
        })
        .collect();
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "call-import",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            }},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    format!("{log:#}\n")
}

/// The kind of flaw; how to mend it is told by its first finding.
fn rule(finding: &Finding) -> Value {
    let known = CODES.iter().find(|code| code.name == finding.code);
    json!({
        "id": finding.code,
        "shortDescription": {"text": known.map_or(finding.code.as_str(), |code| code.summary)},
        "help": {"text": clean(&finding.help)},
        "defaultConfiguration": {"level": level(finding.severity)},
    })
}

fn result(finding: &Finding, rule_index: Option<usize>) -> Value {
    let Finding {
        severity,
        code,
        path,
        line,
        column,
        message,
        help,
    } = finding;
    json!({
        "ruleId": code,
        "ruleIndex": rule_index,
        "level": level(*severity),
        "message": {"text": clean(&format!("{message} {help}"))},
        "locations": [{"physicalLocation": {
            "artifactLocation": {"uri": relative_uri(path), "uriBaseId": "%SRCROOT%"},
            "region": {"startLine": line, "startColumn": column},
        }}],
    })
}

const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    }
}

/// A path as a relative reference (RFC 3986), `/` between its parts.
fn relative_uri(path: &str) -> String {
    let mut uri = String::new();
    for byte in path.trim_start_matches("./").bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                uri.push(char::from(byte));
            }
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri.trim_start_matches('/').into()
}
