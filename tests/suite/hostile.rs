//! Texts from outside that would like to be more than text, through every channel: comments have their own test in
//! `comments`, forms and nights theirs in `journey`, files theirs in `files`.

use std::{fs, process::Output};

use call_import_engine::{
    plan::PlannedImport,
    report::{
        findings::{self, Review, Style},
        plan::{CheckResult, Proposal, View, markdown, plain},
        slack,
        text::{code_span, inline, prose, sentence},
    },
    review::{Acknowledged, Remarked, acknowledge},
    spec::{Finding, Severity},
};
use serde_json::Value;
use simulator::github::{Place, PullRequest};

use crate::{
    before_merge::{self, with_patience},
    comments::{is_hidden, outside_code, rendered, tags},
    journey::hostile::{assert_harmless, written},
    support::{self, Scene},
};

/// Texts from outside that would do something if they were let.
pub(crate) fn corpus() -> Vec<String> {
    let texts = [
        "@everyone",
        "@org/team please",
        "mail me@evil.example",
        "![x](https://evil.example/x.png)",
        "[click](https://evil.example)",
        "[x]: https://evil.example",
        "[^1] and [^1]: note",
        "<img src=x onerror=alert(1)>",
        "<b>bold</b>",
        "<!-- call-import:status:northwind-gong -->",
        "<!-- call-import:event:3f2a -->",
        "--> @admin <!--",
        "<details><summary>more",
        "a | b | c",
        "|---|---|",
        "```",
        "```sh\nrm -rf /\n```",
        "`",
        "``",
        "` @team `` @team ``` @team",
        "`` @team `",
        "\\` @team",
        "~~~",
        "#12",
        "GH-12",
        "gh-12 and GH-13.",
        "owner/repo#1",
        "owner/repo@0123456789abcdef0123456789abcdef01234567",
        "0123456789abcdef0123456789abcdef01234567",
        "Like 0a1b2c3.",
        "https://evil.example/path",
        "http:evil.example, https://evil.example",
        "www.evil.example",
        "WWW.evil.example",
        "mailto:me@evil.example",
        "safe\u{202e}gpj.exe",
        "zero\u{200b}width \u{feff}@ev\u{200d}eryone",
        "\u{2066}@team\u{2069}",
        "nul\0byte and \u{1b}[31mred",
        "::set-output name=x::y",
        "::error::stop",
        "x\n::error::stop",
        "x\r\n::add-mask::y",
        "x\u{2028}::error::y",
        "##[error]x",
        "- [ ] a task",
        "- a list",
        "1. a list",
        "# heading",
        "> quote",
        "---",
        "===",
        "***",
        "*bold* _em_ __init__ ~~gone~~",
        "    four spaces",
        "&lt;b&gt; &#64;everyone &commat;team",
        "$x$ and $$y$$",
        "x\r::error::stop",
        "x\u{85}::error::stop",
        "x\u{b}::error::stop\u{c}::warning::y",
        "x\u{2029}::notice::y",
        "%0A::error::stop",
        "%0D%0A::add-mask::y",
        "::stop-commands::pause",
        "  ::group::x",
        "##vso[task.setvariable]x",
        "[::error::x]",
        "\u{1b}]8;;https://evil.example\u{1b}\\click\u{1b}]8;;\u{1b}\\",
        "\u{9b}2J\u{7}bell",
        "e\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}",
        "\u{1f469}\u{200d}\u{1f469}\u{200d}\u{1f467} @team",
        "\u{e0040}tags\u{e007f}",
        "@\u{2060}everyone and \u{ff20}everyone",
        "```mermaid\ngraph TD; a-->b\n```",
        "$$\\href{https://evil.example}{x}$$",
        "- [x] done @team",
        "[x][y]\n\n[y]: https://evil.example",
        "<https://evil.example>",
        "<me@evil.example>",
        "<a href=https://evil.example>x</a>",
        "<svg/onload=alert(1)>",
        "</td></tr></table>@team",
        "</summary></details># big",
        "<script>alert(1)</script>",
        "&#x40;everyone &lt;img src=x&gt;",
        "\\@team \\<b>",
        "javascript:alert(1)",
        "<!channel> <!here> <@U024BE7LH>",
        "<https://evil.example|click>",
        "<!subteam^S1|leads> &lt;!here&gt;",
        "=HYPERLINK(\"https://evil.example\")",
        "Setext @team\n======",
        "a\n\n\n\n<!-- call-import:plan -->",
        "<!-- told: 2030-01-01 -->",
        "<!-- file: gone -->",
        "/import cancel",
        "${{ github.token }} $(id) `id` ; rm -rf /",
        "\ttab\tseparated",
        "..\\..\\etc ../../etc/passwd",
        "{\"json\": [\"}\"]}",
        "'; DROP TABLE calls; --",
        "",
        " \n\t ",
    ];
    let long = [
        "@everyone ".repeat(10_000),
        "`".repeat(100_000),
        format!("{} @everyone <b>x</b> #12", "`".repeat(79)),
        format!("{} @everyone <b>x</b> #12", "`".repeat(80)),
        format!("{} @everyone <b>x</b> #12", "`".repeat(300)),
        "<b>|".repeat(25_000),
    ];
    texts.into_iter().map(String::from).chain(long).collect()
}

/// The beginning of a text, to tell it from the others.
fn shown(text: &str) -> String {
    text.escape_debug().take(60).collect()
}

/// Nothing that a runner takes for a command, and nothing unseen, in what people read.
fn assert_plain(text: &str, why: &str) {
    assert!(!text.chars().any(is_hidden), "{why}: {text:?}");
    for line in text.lines() {
        assert!(!line.trim_start().starts_with("::"), "{why}: {line}");
        assert!(!line.contains("##["), "{why}: {line}");
    }
}

#[test]
fn the_corpus_is_large_and_says_each_thing_once() {
    let mut corpus = corpus();
    assert!(corpus.len() > 100, "{}", corpus.len());
    corpus.sort();
    corpus.dedup();
    assert!(corpus.len() > 100, "{}", corpus.len());
}

/// What every channel is made of.
#[test]
fn a_text_that_is_made_fit_is_one_line_and_only_text() {
    for foreign in corpus() {
        let why = shown(&foreign);
        for fit in [
            inline(&foreign),
            sentence(&foreign),
            prose(&foreign),
            code_span(&foreign),
        ] {
            assert!(
                !fit.contains([
                    '\n', '\r', '\u{85}', '\u{2028}', '\u{2029}', '\u{b}', '\u{c}'
                ]),
                "{why}"
            );
            assert!(fit.chars().count() <= 2_100, "{why}");
        }
        for fit in [prose(&foreign), code_span(&foreign)] {
            let html = rendered(&format!("Before {fit} after\n"));
            let outside = outside_code(&html);
            assert_eq!(tags(&outside), ["p", "p"], "{why}: {html}");
            for active in ["@", "#", "://", "www.", "gh-", "$"] {
                assert!(
                    !outside.to_lowercase().contains(active),
                    "{why}: {active} in {html}"
                );
            }
        }
    }
}

#[test]
fn on_slack_nobody_is_mentioned_and_nothing_is_linked() {
    for foreign in corpus() {
        let body = format!(
            "**The import for {}**\n\n- {}\n",
            code_span(&foreign),
            prose(&foreign)
        );
        let told = slack::text(&body, None);
        assert!(!told.contains(['<', '>']), "{}: {told}", shown(&foreign));
        assert_plain(&told, &shown(&foreign));
    }
}

#[test]
fn findings_stay_findings_in_every_form() {
    for foreign in corpus() {
        let why = shown(&foreign);
        let finding = |severity| Finding {
            severity,
            code: foreign.clone(),
            path: format!("requests/{foreign}.yaml"),
            line: 3,
            column: 7,
            message: foreign.clone(),
            help: foreign.clone(),
        };
        let review = Review {
            requests: Some(1),
            findings: vec![finding(Severity::Error), finding(Severity::Warning)],
            sources: [(
                format!("requests/{foreign}.yaml"),
                format!("a\nb\n{foreign}"),
            )]
            .into(),
        };
        assert_plain(&findings::plain(&review, Style::Plain), &why);
        let annotations = findings::github(&review);
        let commands = annotations
            .lines()
            .filter(|line| line.trim_start().starts_with("::"));
        let ours =
            commands.filter(|line| line.starts_with("::error ") || line.starts_with("::warning "));
        assert_eq!(ours.count(), 2, "{why}: {annotations}");
        let others = annotations
            .lines()
            .filter(|line| line.trim_start().starts_with("::"));
        assert_eq!(others.count(), 2, "{why}: {annotations}");
        assert!(!annotations.contains("##["), "{why}");
    }
}

#[test]
fn a_plan_stays_a_plan() {
    let mut scene = Scene::new("2026-12-01T09:00:00Z");
    scene.request("northwind", "Northwind Robotics", "");
    let checked = before_merge::result(&scene);
    let honest = checked.plan.imports[0].clone();
    for foreign in corpus() {
        let why = shown(&foreign);
        let import = PlannedImport {
            customer: foreign.clone(),
            platform: foreign.clone(),
            reason: foreign.clone(),
            ..honest.clone()
        };
        let finding = Finding {
            severity: Severity::Warning,
            code: foreign.clone(),
            path: "requests/northwind.yaml".into(),
            line: 1,
            column: 1,
            message: foreign.clone(),
            help: foreign.clone(),
        };
        let mut result: CheckResult = checked.clone();
        result.plan.imports = vec![import];
        result.findings = vec![finding];
        let changed = ["requests/northwind.yaml".to_owned()];
        for changed in [None, Some(changed.as_slice())] {
            let view = View {
                matrix: &scene.matrix,
                findings: &result.findings,
                changed,
                queue_is_known: true,
            };
            assert_harmless(&markdown(&result.plan, &view, &Proposal::default()), &why);
            assert_plain(&plain(&result.plan, &view), &why);
        }
    }
}

/// Commands that nobody knows, with all of it behind them.
#[tokio::test]
async fn what_follows_a_command_is_not_repeated() {
    let scene = Scene::new("2026-12-01T09:00:00Z");
    let running = before_merge::github(&scene);
    let github = running.github();
    github.permit("jane-doe", "write");
    github.merge(PullRequest::new(
        12,
        "jane-doe",
        ["requests/northwind.yaml"],
    ));
    let place = Place::PullRequest(12);
    for foreign in corpus() {
        let comment = github.comment_as("jane-doe", &place, &format!("/import {foreign}"));
        let remarked = Remarked {
            comment: i64::try_from(comment).expect("a small number"),
            folder: "requests",
            server: "https://github.example",
        };
        let done = with_patience(&scene, &running, async |patience| {
            acknowledge(patience, &remarked).await
        });
        let done = done.await.expect("GitHub answers");
        assert_ne!(done, Acknowledged::Tonight, "{}", shown(&foreign));
    }
    let answers = written(github);
    assert!(!answers.is_empty());
    for answer in answers {
        assert_harmless(&answer, "an answer");
    }
}

/// A folder of requests, one for each text, in every field that takes one.
fn folder_of_texts() -> Scene {
    let scene = Scene::new("2026-12-01T01:17:00Z");
    scene.write_matrix();
    for (number, foreign) in corpus().into_iter().enumerate() {
        let quoted = serde_json::to_string(&foreign).expect("a text is JSON");
        let short: String = foreign
            .chars()
            .filter(|c| !"/\0".contains(*c))
            .take(60)
            .collect();
        scene.write(
            &format!("files/{number}/{number}{short}.vtt"),
            &format!("WEBVTT\n\n00:01.000 --> 00:02.000\n<v {foreign}>{foreign}</v>\n"),
        );
        let request = |method: &str| {
            format!(
                "customer: {quoted}\nplatform: gong\n{method}estimated_calls: 10\nurgency: deal\n\
             requested_completion: 2030-12-24\naccount: account-{number}\nnotes: {quoted}\n"
            )
        };
        let files = format!("method: file\nfiles: [\"files/{number}/*\"]\n");
        scene.write(&format!("files-{number}.yaml"), &request(&files));
        let wrong = format!("{quoted}: {quoted}\nrequested_by: {quoted}\nperiod: {quoted}\n");
        scene.write(&format!("wrong-{number}.yaml"), &request(&wrong));
    }
    scene
}

#[test]
fn the_program_prints_no_command_of_the_runner() {
    let scene = folder_of_texts();
    let summary = scene.folder.path().join("summary.md");
    let run = |arguments: &[&str]| -> Output {
        support::program(scene.folder.path())
            .args(arguments)
            .args(["-vv", "--database", "record.duckdb"])
            .env("GITHUB_ACTIONS", "true")
            .env("GITHUB_STEP_SUMMARY", &summary)
            .output()
            .expect("the program runs")
    };
    for arguments in [
        &["validate"] as &[_],
        &["plan"],
        &["reconcile", "--failures", "failures"],
        &["reconcile"],
        &["status"],
        &["status", "files-3"],
        &["retry", "files-3"],
        &["files", "files-3"],
        &["files", "files-10"],
    ] {
        let (stdout, stderr) = support::text(&run(arguments));
        assert!(!stdout.is_empty(), "{arguments:?}: {stderr}");
        assert_plain(&stdout, &arguments.join(" "));
        assert_plain(&stderr, &arguments.join(" "));
    }
    let (stdout, _) = support::text(&run(&["validate", "--format", "github"]));
    for line in stdout
        .lines()
        .filter(|line| line.trim_start().starts_with("::"))
    {
        let kinds = [
            "::error file=requests/",
            "::warning file=requests/",
            "::notice file=requests/",
            // What GitHub does not show.
            "::error title=and ",
            "::warning title=and ",
        ];
        assert!(kinds.iter().any(|kind| line.starts_with(kind)), "{line}");
    }
    for form in [["validate", "json"], ["plan", "json"], ["status", "json"]] {
        let (stdout, _) = support::text(&run(&[form[0], "--format", form[1]]));
        let _: Value = serde_json::from_str(&stdout).expect("one JSON document");
    }
    let (plan, _) = support::text(&run(&["plan", "--format", "markdown"]));
    assert_harmless(&plan, "the plan");
    let summary = fs::read_to_string(&summary).expect("a summary");
    assert_harmless(&summary, "the summary");
}
