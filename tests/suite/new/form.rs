//! The issue form: made from the matrix, filled in, and read back.

use std::{fmt::Write as _, sync::LazyLock};

use call_import_engine::{
    report::{form::issue_form, matrix::entries},
    spec::{
        Draft, Settled,
        form::{FormError, Question, read_form},
    },
};
use proptest::prelude::*;
use serde_yaml::Value;

use super::{TODAY, matrix};
use crate::support::skipped;

/// The elements of the form that ask something.
fn questions() -> &'static [Value] {
    static QUESTIONS: LazyLock<Vec<Value>> = LazyLock::new(|| {
        let form = issue_form(&entries(matrix())).unwrap();
        let form: Value = serde_yaml::from_str(&form).unwrap();
        let body = form["body"].as_sequence().unwrap().iter();
        let is_question = |element: &&Value| element["type"] != "markdown";
        body.filter(is_question).cloned().collect()
    });
    &QUESTIONS
}

/// The body that GitHub makes of answers, by id.
fn filled(answers: &[(&str, &str)]) -> String {
    let mut body = String::new();
    for question in questions() {
        let label = question["attributes"]["label"].as_str().unwrap();
        let id = question["id"].as_str().unwrap();
        let answer = answers.iter().find(|(known, _)| *known == id);
        let answer = answer.map_or("_No response_", |(_, answer)| answer);
        write!(body, "### {label}\n\n{answer}\n\n").unwrap();
    }
    body
}

const ANSWERS: &[(&str, &str)] = &[
    ("customer", "Northwind Robotics"),
    ("platform", "Gong – yes"),
    ("estimated_calls", "about 5,000"),
    ("urgency", "Onboarding: a new customer is being set up"),
    ("requested_completion", "4 December"),
    ("method", "The usual way of the platform"),
    ("period_from", "2024-01-01"),
    ("include", "Transcripts and recordings (audio or video)"),
    (
        "internal_domains",
        "northwind.example, @northwind-robotics.example",
    ),
    (
        "options",
        "base_url: https://us-12345.api.gong.io\nskip_private=true",
    ),
    (
        "notes",
        "Kick-off is on Monday.\n\n### Please hurry\n- really",
    ),
    (
        "promise",
        "- [X] No key, password or token stands in my answers.",
    ),
];

fn settled(body: &str) -> Settled {
    let said = read_form(body, matrix()).unwrap();
    said.settle(Draft::default(), matrix(), TODAY)
}

#[test]
fn the_form_is_as_github_wants_it() {
    let matrix = matrix();
    let form = issue_form(&entries(matrix)).unwrap();
    let ids: Vec<String> = questions()
        .iter()
        .map(|question| question["id"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(ids.len(), Question::ALL.len());
    for question in questions() {
        let label = question["attributes"]["label"].as_str().unwrap();
        assert_eq!(
            questions()
                .iter()
                .filter(|other| other["attributes"]["label"] == label)
                .count(),
            1,
            "{label}"
        );
    }
    let platforms = &questions()[1]["attributes"]["options"];
    assert_eq!(
        platforms.as_sequence().unwrap().len(),
        matrix.platforms.len()
    );
    insta::assert_snapshot!("form", form);

    let checked = std::process::Command::new("check-jsonschema")
        .args(["--builtin-schema", "vendor.github-issue-forms"])
        .arg(crate::support::root().join(".github/ISSUE_TEMPLATE/import-request.yml"))
        .output();
    match checked {
        Ok(output) => assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stdout)
        ),
        Err(_) => {
            skipped("the issue form against GitHub's schema: check-jsonschema is not installed")
        }
    }
}

#[test]
fn a_filled_form_becomes_a_request() {
    let settled = settled(&filled(ANSWERS));
    assert_eq!(settled.gaps, []);
    insta::assert_snapshot!("from_the_form", settled.draft.render().unwrap());
    // The same with the line ends of browsers.
    let windows = self::settled(&filled(ANSWERS).replace('\n', "\r\n"));
    assert_eq!(windows.draft.customer, settled.draft.customer);
    assert_eq!(windows.draft.options, settled.draft.options);
}

#[test]
fn every_choice_is_understood() {
    for question in questions() {
        let id = question["id"].as_str().unwrap().to_owned();
        let Some(options) = question["attributes"]["options"]
            .as_sequence()
            .filter(|_| id != "promise")
        else {
            continue;
        };
        for option in options {
            let mut answers = ANSWERS.to_vec();
            answers.retain(|(known, _)| *known != id);
            answers.push((&id, option.as_str().unwrap()));
            let gaps = settled(&filled(&answers)).gaps;
            let gaps: Vec<_> = gaps.iter().filter(|gap| gap.why.is_some()).collect();
            assert!(gaps.is_empty(), "{option:?}: {gaps:?}");
        }
    }
}

#[test]
fn hostile_forms_are_refused_or_read_as_text() {
    let matrix = matrix();
    let read = |body: &str| read_form(body, matrix);
    assert_eq!(read("").unwrap_err(), FormError::NotTheForm);
    assert_eq!(
        read("Please import something").unwrap_err(),
        FormError::NotTheForm
    );
    let long = filled(&[("notes", &"x".repeat(100_000))]);
    assert_eq!(read(&long).unwrap_err(), FormError::TooLong);
    // Made here, so that no scanner takes it for a real one.
    let token = format!("{}_{}", "ghp", "a1B2".repeat(9));
    let error = read(&filled(&[("notes", &format!("the key is {token}"))])).unwrap_err();
    assert_eq!(error, FormError::Credential);
    assert!(!error.to_string().contains(&token));

    // What nobody sees on the page is no answer, and a heading that stands there twice is asked about.
    let hidden = filled(&[
        ("customer", "North<!-- for Whitlock -->wind"),
        ("notes", "<!-- \n### Customer\n\nWhitlock"),
    ]);
    let hidden = settled(&hidden);
    assert_eq!(hidden.draft.customer.as_deref(), Some("Northwind"));
    assert_eq!(hidden.draft.notes, None);
    let twice = settled(&filled(&[
        ("customer", "Northwind"),
        ("notes", "### Customer\n\nWhitlock"),
    ]));
    let why: Vec<_> = twice
        .gaps
        .iter()
        .filter_map(|gap| gap.why.as_deref())
        .collect();
    assert_eq!(why, ["The heading `Customer` stands there twice."]);
    assert_eq!(twice.draft.customer, None);

    let missing = read("### Customer\n\n@everyone\n").unwrap().draft;
    assert_eq!(
        missing,
        Draft {
            customer: Some("@everyone".into()),
            ..Draft::default()
        }
    );
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_form_is_too_strange(answers in proptest::collection::vec("(\\PC|\n|### |<!--|-->|_No response_| – ){0,30}", 12)) {
        let answers: Vec<(&str, &str)> = ANSWERS.iter().zip(&answers).map(|((id, _), answer)| (*id, answer.as_str())).collect();
        if let Ok(said) = read_form(&filled(&answers), matrix()) {
            said.draft.settle(matrix(), TODAY).draft.render().unwrap();
        }
    }
}
