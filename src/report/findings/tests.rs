//! What people and programs get to see, whole.

use std::collections::BTreeMap;

use serde_json::Value;

use super::*;

const SOURCE: &str = "\
# A request.
customer: Northwind Robotics
platform: gnog
notes: the key is Zx81kQ0aB77dLmN2 ##[add-mask]x\u{202e}
credentials: {token: Plain-Letters-Only}
";

fn finding(severity: Severity, code: &str, line: usize, column: usize, message: &str) -> Finding {
    Finding {
        severity,
        code: code.into(),
        path: "requests/northwind, inc.yaml".into(),
        line,
        column,
        message: message.into(),
        help: "Write one of: gong, grain.".into(),
    }
}

fn review(findings: Vec<Finding>) -> Review {
    Review {
        requests: Some(12),
        findings,
        sources: BTreeMap::from([("requests/northwind, inc.yaml".into(), SOURCE.into())]),
    }
}

fn mixed() -> Review {
    use Severity::{Error, Info, Warning};
    review(vec![
        finding(
            Warning,
            "no-break-space",
            4,
            8,
            "A special space stands here.",
        ),
        finding(
            Error,
            "unknown-platform",
            3,
            11,
            "There is no platform \"gnog\".",
        ),
        finding(
            Error,
            "clear-text-credential",
            5,
            22,
            "A credential stands here.",
        ),
        finding(
            Info,
            "whole-file",
            1,
            1,
            "About the file\n::error::100% \u{1b}[31mred",
        ),
    ])
}

#[test]
fn people_see_the_line_and_what_to_do() {
    insta::assert_snapshot!(plain(&mixed(), Style::Plain));
}

#[test]
fn colour_adds_nothing_but_escapes() {
    let coloured = plain(&mixed(), Style::Colour);
    assert!(coloured.contains("\u{1b}["));
    let mut bare = String::new();
    for (index, part) in coloured.split("\u{1b}[").enumerate() {
        bare.push_str(if index == 0 {
            part
        } else {
            part.split_once('m').unwrap().1
        });
    }
    assert_eq!(bare, plain(&mixed(), Style::Plain));
}

#[test]
fn nothing_wrong_is_one_friendly_sentence() {
    let mut review = review(vec![]);
    assert_eq!(
        plain(&review, Style::Plain),
        "All fine. 12 request files checked.\n"
    );
    review.requests = Some(0);
    assert_eq!(
        plain(&review, Style::Plain),
        "All fine. There is no request file yet.\n"
    );
    assert_eq!(github(&review), plain(&review, Style::Plain));
    assert_eq!(json(&review), "{\n  \"findings\": []\n}\n");
}

#[test]
fn annotations_are_escaped_and_worst_first() {
    insta::assert_snapshot!(github(&mixed()));
}

#[test]
fn what_github_would_drop_is_counted_and_listed() {
    let errors = (1..=13).map(|line| finding(Severity::Error, "bad-date", line, 1, "No date."));
    let text = github(&review(errors.collect()));
    let (commands, others): (Vec<&str>, Vec<&str>) =
        text.lines().partition(|line| line.starts_with("::error "));
    assert_eq!(commands.len(), 10);
    assert!(
        commands[9].starts_with("::error title=and 4 more errors::"),
        "{}",
        commands[9]
    );
    assert_eq!(others.len(), 4 + 1);
    assert!(others[0].starts_with("error[bad-date] requests/northwind, inc.yaml:10:1 "));

    let ten = (1..=10).map(|line| finding(Severity::Warning, "bad-date", line, 1, "No date."));
    let text = github(&review(ten.collect()));
    assert_eq!(text.matches("::warning file=").count(), 10);
    assert_eq!(text.lines().count(), 10 + 1);
}

#[test]
fn programs_get_the_fixed_shape() {
    let document: Value = serde_json::from_str(&json(&mixed())).unwrap();
    let findings = document["findings"].as_array().unwrap();
    assert_eq!(findings.len(), 4);
    assert_eq!(findings[1]["code"], "unknown-platform");
    let keys: Vec<&String> = findings[1].as_object().unwrap().keys().collect();
    assert_eq!(
        keys,
        [
            "code", "column", "help", "line", "message", "path", "severity"
        ]
    );
    assert_eq!(findings[0]["severity"], "info");
}

#[test]
fn sarif_has_what_the_standard_requires() {
    let log: Value = serde_json::from_str(&sarif(&mixed())).unwrap();
    assert_eq!(log["version"], "2.1.0");
    assert_eq!(
        log["$schema"],
        "https://json.schemastore.org/sarif-2.1.0.json"
    );
    let run = &log["runs"][0];
    let driver = &run["tool"]["driver"];
    assert_eq!(driver["name"], "call-import");
    let rules = driver["rules"].as_array().unwrap();
    let unknown = rules
        .iter()
        .find(|rule| rule["id"] == "unknown-platform")
        .unwrap();
    let summary = "The platform has no row in the support matrix.";
    assert_eq!(unknown["shortDescription"]["text"], summary);
    for rule in rules {
        assert!(rule["id"].is_string(), "{rule}");
        assert!(rule["shortDescription"]["text"].is_string(), "{rule}");
        assert!(rule["help"]["text"].is_string(), "{rule}");
    }
    let results = run["results"].as_array().unwrap();
    assert_eq!(results.len(), 4);
    for result in results {
        let rule = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[rule]["id"], result["ruleId"]);
        assert!(["error", "warning", "note"].contains(&result["level"].as_str().unwrap()));
        assert!(!result["message"]["text"].as_str().unwrap().is_empty());
        let place = &result["locations"][0]["physicalLocation"];
        assert_eq!(
            place["artifactLocation"]["uri"],
            "requests/northwind%2C%20inc.yaml"
        );
        assert!(place["region"]["startLine"].as_u64().unwrap() >= 1);
        assert!(place["region"]["startColumn"].as_u64().unwrap() >= 1);
    }
}
