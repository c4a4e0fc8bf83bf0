//! The same way for texts that would like to be more than text: a reader of Markdown says what became of them.

use call_import_engine::{review::Answered, spec::form::Question};
use simulator::{
    Running,
    faults::{Fault, Rule},
    github::{GitHub, Merging, Place},
    gong::EXTENSIVE,
};

use super::Office;
use crate::{
    before_merge::{
        self,
        form::{answered, form},
    },
    comments::{is_hidden, outside_code, rendered, tags},
    support::Scene,
};

/// What the simulated GitHub calls the repository, and what our own links begin with.
const HOME: &str = "https://github.example/example/imports/";

/// What our own texts are made of; whatever else a reader of Markdown finds comes from outside.
const OURS: &[&str] = &[
    "a",
    "blockquote",
    "br",
    "details",
    "em",
    "h2",
    "h3",
    "input",
    "li",
    "ol",
    "p",
    "pre",
    "strong",
    "sub",
    "summary",
    "table",
    "tbody",
    "td",
    "th",
    "thead",
    "tr",
    "ul",
];

fn texts() -> Vec<(&'static str, String)> {
    vec![
        ("a mention", "@everyone and @example/leads".into()),
        ("a table", "a | b |\n|---|---|\n| c | d".into()),
        (
            "HTML",
            "<img src=x onerror=alert(1)><details open><!-- call-import:plan -->".into(),
        ),
        (
            "an image",
            "![x](https://evil.example/x.png) [y](https://evil.example) www.evil.example".into(),
        ),
        ("100 KB", "@everyone ".repeat(10_000)),
        (
            "right to left",
            "safe\u{202e}gpj.exe\u{2069} #12 GH-12".into(),
        ),
        ("zero width", "@ev\u{200b}ery\u{feff}one \u{200d}".into()),
        ("code", "`` ` ``` @team\n```\n::error::x".into()),
    ]
}

/// Nothing in a text acts on GitHub, but for what is ours.
pub(crate) fn assert_harmless(text: &str, why: &str) {
    assert!(text.chars().count() < 60_000, "{why}: {}", text.len());
    assert!(!text.chars().any(is_hidden), "{why}: {text}");
    // Our own marks are whole lines; nothing from outside begins one.
    let marks = [
        "<!-- call-import:",
        "<!-- check: ",
        "<!-- file: ",
        "<!-- told: ",
    ];
    let is_mark = |line: &&str| marks.iter().any(|mark| line.starts_with(mark));
    let lines: Vec<&str> = text.lines().filter(|line| !is_mark(line)).collect();
    assert!(text.lines().count() - lines.len() <= 3, "{why}: {text}");
    let html = rendered(&lines.join("\n"));
    let outside = outside_code(&html);
    for tag in tags(&outside) {
        assert!(OURS.contains(&tag), "{why}: <{tag}> in {text}\n{html}");
    }
    let mut foreign = String::new();
    for (index, part) in outside.split("href=\"").enumerate() {
        assert!(
            index == 0 || part.starts_with(HOME),
            "{why}: a link in {text}\n{html}"
        );
        foreign += if index == 0 {
            part
        } else {
            part.split_once('"').unwrap().1
        };
    }
    let foreign = foreign.replace("@jane-doe", "").to_lowercase();
    for active in ["@", "evil", "everyone", "gh-12", "#12", "::error"] {
        assert!(
            !foreign.contains(active),
            "{why}: {active} in {text}\n{html}"
        );
    }
    for row in html.split("<tr>").skip(1) {
        let row = row.split("</tr>").next().unwrap_or_default();
        assert!(row.len() < 6_000, "{why}: a long row in {text}");
    }
    for line in text.lines() {
        assert!(!line.trim_start().starts_with("::"), "{why}: {line}");
    }
}

/// Everything that was ever written by us, on whatever place.
pub(crate) fn written(github: &GitHub) -> Vec<String> {
    let comments = github.all_comments().into_iter();
    let ours = comments.filter(|comment| comment.author == simulator::github::ACTIONS);
    let texts = ours.flat_map(|comment| {
        let earlier = comment.edits.into_iter().map(|edit| edit.earlier);
        earlier.chain([comment.body]).collect::<Vec<_>>()
    });
    texts.collect()
}

#[tokio::test]
async fn a_form_of_hostile_texts_is_answered_in_harmless_ones() {
    let mut shown = Vec::new();
    for (what, text) in texts() {
        let scene = Scene::new(super::MORNING);
        let running: Running = before_merge::github(&scene);
        let github = running.github();
        let everywhere: Vec<(Question, &str)> = Question::ALL
            .iter()
            .map(|question| (*question, text.as_str()))
            .collect();
        let only_words = [
            (Question::Customer, text.as_str()),
            (Question::Notes, text.as_str()),
        ];
        for answers in [form(&everywhere), form(&only_words)] {
            let issue = github.open_issue("jane-doe", &format!("Import: {text}"), &answers);
            let became = answered(&scene, &running, issue).await;
            let comments = github.comments(&Place::PullRequest(issue));
            shown.push(format!(
                "######## {what}: {became:?}\n\n{}",
                comments[0].body
            ));
        }
        for (_, title, body) in github.open_pulls() {
            assert!(title.len() < 200 && !title.contains('@'), "{what}: {title}");
            assert_harmless(&body, what);
            shown.push(format!("======== {what}: {title}\n"));
        }
        for text in written(github) {
            assert_harmless(&text, what);
        }
        let told = github.notifications();
        assert!(
            told.iter().all(|told| told.mentions.is_empty()),
            "{what}: {told:?}"
        );
    }
    super::settings().bind(|| insta::assert_snapshot!("forms", shown.join("\n")));
}

/// The same for the whole corpus, in every question at once.
#[tokio::test]
async fn no_form_of_the_corpus_is_answered_with_more_than_words() {
    // GitHub lets nobody write much more in an hour.
    for texts in crate::hostile::corpus().chunks(20) {
        let scene = Scene::new(super::MORNING);
        let running: Running = before_merge::github(&scene);
        let github = running.github();
        // So that none of ours is the #12 of the texts.
        for _ in 1..=12 {
            github.open_issue("sam-lee", "Something else", "");
        }
        for text in texts {
            let everywhere: Vec<(Question, &str)> = Question::ALL
                .iter()
                .map(|question| (*question, text.as_str()))
                .collect();
            let only_words = [
                (Question::Customer, text.as_str()),
                (Question::Notes, text.as_str()),
            ];
            for answers in [form(&everywhere), form(&only_words)] {
                let issue = github.open_issue("jane-doe", &format!("Import: {text}"), &answers);
                answered(&scene, &running, issue).await;
            }
        }
        for (_, title, body) in github.open_pulls() {
            assert!(title.len() < 200 && !title.contains('@'), "{title}");
            assert_harmless(&body, &title);
        }
        let answers = written(github);
        assert!(answers.len() >= 2 * texts.len(), "{}", answers.len());
        for text in answers {
            assert_harmless(&text, "an answer");
        }
        let told = github.notifications();
        let is_nobody = |told: &simulator::github::Notification| told.mentions.is_empty();
        assert!(told.iter().all(is_nobody), "{told:?}");
    }
}

#[tokio::test]
async fn a_hostile_customer_and_a_hostile_platform_change_no_comment() {
    let customer = "@everyone | <img src=x> ![x](https://evil.example/x.png) #12";
    let office = Office::new();
    let github = office.github();
    let answers = form(&[
        (Question::Customer, customer),
        (Question::EstimatedCalls, "1200"),
    ]);
    let issue = github.open_issue("jane-doe", &format!("Import: {customer}"), &answers);
    let Answered::PullRequest(number) = answered(&office.scene, &office.running, issue).await
    else {
        panic!("{}", office.read(&[issue]));
    };
    let number = number.unsigned_abs();
    let (_, title, _) = github.open_pulls().remove(0);
    let id = title.strip_prefix("Import request ").unwrap();
    let (path, branch) = (super::path(id), super::branch(id));
    let text = github.file(&branch, &path).unwrap();
    let sealed = office.seal(id, &text, "demo-secret");
    github.commit_as("jane-doe", &branch, &path, &sealed);
    office.check(&branch, number, 1).await;
    github.merge_open(number, Merging::Squash);
    github.set_main_file(&path, &sealed);
    let hostile = format!("{customer}\n<b>::error::x</b> \u{202e}@admin");
    let length = hostile.clone();
    let unreadable = Fault::rewrite(move |reply| {
        reply["calls"][3]["metaData"]["duration"] = length.clone().into()
    });
    let faults = office.gong.gong().faults();
    faults.add(Rule::new(unreadable).on(EXTENSIVE).skip(3).times(2));
    office.night("2026-12-01").await;
    let command = format!("/import {hostile}");
    office.command(number, "2026-12-01T08:30", &command).await;
    office.night("2026-12-02").await;

    for text in written(github) {
        assert_harmless(&text, "the nights");
    }
    for told in github.notifications() {
        let by_us = told.author == simulator::github::ACTIONS;
        assert!(
            !by_us || told.mentions == ["jane-doe"] || told.mentions.is_empty(),
            "{told:?}"
        );
    }
    for message in office.slack.slack().messages() {
        assert!(
            !message.contains("<!") && !message.contains('\u{202e}'),
            "{message}"
        );
    }
    super::settings().bind(|| {
        insta::assert_snapshot!("hostile", office.read(&[issue, number]));
        insta::assert_snapshot!(
            "hostile_slack",
            office.slack.slack().messages().join("\n\n")
        );
    });
}
