//! The plan, the record and the notifications as people read them.

use call_import_engine::{
    model::{CallFailure, ImportRecord, Method, NotificationKind, Phase, WhoseTurn},
    plan::{Accident, Inputs, Plan, PlannedImport, plan},
    report::{
        notice::{Occasion, body},
        plan::{Proposal, View, json, markdown, plain},
        status::{self, Details},
    },
    spec::{Finding, Severity},
};
use jiff::civil::date;

use super::scene::{Scene, at, invalid, recorded, request, used};

/// One of everything: new, under way in a shared account, held for each reason, done, gone.
fn mixed() -> Scene {
    let shared = |id: &str, day| {
        let mut request = request(id);
        request.customer = "Contoso".into();
        request.account = "contoso".into();
        request.estimated_calls = 150_000;
        request.requested_completion = date(2026, 12, day);
        request
    };
    let mut northwind = request("northwind-gong");
    northwind.customer = "Northwind Robotics".into();
    let mut files = request("fabrikam-files");
    files.method = call_import_engine::model::Method::File;
    files.requested_completion = date(2026, 12, 11);
    let mut paused = request("paused");
    paused.suspended = true;
    let locked = request("locked");
    let mut needs_key = recorded(&locked, Phase::NeedsCredentials);
    needs_key.reason = Some("Gong refuses the key: it was revoked.".into());
    let down = request("down");
    let mut delayed = recorded(&down, Phase::Delayed);
    delayed.reason = Some("Gong is down. We try again next night.".into());
    delayed.next_attempt_at = Some(at("2026-12-03T00:00:00Z"));
    let done = request("done");
    let finished = recorded(&done, Phase::Completed);
    let mut broken = invalid(
        &request("broken"),
        "`estimated_calls` is `5,000`: write 5000.",
    );
    broken.basics = None;
    let mut adatum = request("adatum");
    adatum.customer = "Adatum".into();
    let mut keyless = invalid(
        &adatum,
        "Method `api` needs a credential, and the request has none.",
    );
    adatum.credentials = None;
    keyless.lacks_credential = Some(Box::new(adatum));
    let mut scene = Scene::new([
        northwind,
        shared("contoso-eu", 2),
        shared("contoso-us", 3),
        files,
        paused,
        locked,
        down,
        done,
    ])
    .record(needs_key)
    .record(delayed)
    .record(finished)
    .record(recorded(&request("gone"), Phase::Importing))
    .invalid(broken)
    .invalid(keyless);
    scene.observed.usage = vec![used("contoso", "2026-12-01T12:00:00Z", 1_000)];
    scene.declared.findings = vec![Finding {
        severity: Severity::Warning,
        code: "date-passed".into(),
        path: "requests/contoso-eu.yaml".into(),
        line: 5,
        column: 23,
        message: "The requested date has passed.".into(),
        help: "Agree on a new date with the customer.".into(),
    }];
    scene
}

fn view(scene: &Scene) -> View<'_> {
    View {
        matrix: &scene.matrix,
        findings: &scene.declared.findings,
        changed: None,
        queue_is_known: true,
    }
}

#[test]
fn a_mixed_plan() {
    let scene = mixed();
    let plan = scene.plan();
    insta::assert_snapshot!("mixed_plain", plain(&plan, &view(&scene)));
    insta::assert_snapshot!(
        "mixed_markdown",
        markdown(&plan, &view(&scene), &Proposal::default())
    );
    insta::assert_json_snapshot!("mixed_json", json(&plan, &view(&scene)));
}

#[test]
fn a_pull_request_sees_its_own_import() {
    let scene = mixed();
    let changed = ["requests/northwind-gong.yaml".to_owned()];
    let view = View {
        changed: Some(&changed),
        queue_is_known: false,
        ..view(&scene)
    };
    let plan = scene.plan();
    insta::assert_snapshot!(
        "pull_request_markdown",
        markdown(&plan, &view, &Proposal::default())
    );
    insta::assert_snapshot!("pull_request_plain", plain(&plan, &view));
}

#[test]
fn a_missing_credential_takes_no_night_from_others_and_has_its_dates() {
    let keyless = |id: &str| {
        let mut request = request(id);
        // Alone it fills several nights.
        request.estimated_calls = 1_000_000;
        let mut keyless = invalid(&request, "The request has no credential.");
        request.credentials = None;
        keyless.lacks_credential = Some(Box::new(request));
        keyless
    };
    let alone = Scene::new([]).invalid(keyless("a"));
    insta::assert_snapshot!("keyless_plain", plain(&alone.plan(), &view(&alone)));

    let mut other = request("z");
    other.requested_completion = date(2026, 12, 31);
    let without = Scene::new([other.clone()]).plan();
    let scene = Scene::new([other]).invalid(keyless("a"));
    let plan = scene.plan();
    assert_eq!(plan.imports[0], without.imports[0]);
    assert_eq!(plan.changes, without.changes, "nothing is recorded of it");

    // What is held for another reason as well has no dates.
    let mut paused = keyless("a");
    let request = paused.lacks_credential.as_mut();
    request.expect("it is there").suspended = true;
    let scene = Scene::new([]).invalid(paused);
    assert_eq!(scene.plan().imports[0].expected_completion, None);
}

#[test]
fn new_imports_begin_and_started_ones_go_on() {
    let mut late = recorded(&request("c"), Phase::Completed);
    late.transcripts_pending = 12;
    let scene = Scene::new(["a", "b", "c"].map(request))
        .record(recorded(&request("b"), Phase::Importing))
        .record(late);
    let text = plain(&scene.plan(), &view(&scene));
    assert!(
        text.starts_with(
            "3 imports: 1 begins in the next night, 1 goes on in the next night, 1 is done and looked through once more."
        ),
        "{text}"
    );
}

#[test]
fn a_run_that_would_stop_is_announced() {
    let ids = ["a", "b", "c", "d", "e"];
    let mut scene = Scene::new([]);
    for id in ids {
        scene = scene.record(recorded(&request(id), Phase::Importing));
    }
    let none = scene.plan();
    assert_eq!(
        none.accident(),
        Some(Accident::NoRequests { unfinished: 5 })
    );
    insta::assert_snapshot!("no_requests", plain(&none, &view(&scene)));
    scene.declared.requests = vec![request("e")];
    let many = scene.plan();
    let accident = Accident::TooManyCancels {
        cancels: 4,
        unfinished: 5,
    };
    assert_eq!(many.accident(), Some(accident));
    insta::assert_snapshot!("too_many_cancels", plain(&many, &view(&scene)));
    assert!(markdown(&many, &view(&scene), &Proposal::default()).contains("`--allow-cancel 4`"));
    scene.declared.requests = vec![request("d"), request("e")];
    assert_eq!(scene.plan().accident(), None, "three may be meant");
    assert_eq!(Scene::new([]).plan().accident(), None);
}

#[test]
fn a_held_file_says_where_its_other_errors_are() {
    let mut scene = Scene::new([]).invalid(invalid(&request("a"), "The first error."));
    let error = Finding {
        severity: Severity::Error,
        code: "c".into(),
        path: "requests/a.yaml".into(),
        line: 1,
        column: 1,
        message: "The first error.".into(),
        help: "Mend it.".into(),
    };
    scene.declared.findings = vec![error.clone()];
    let more = "The first of 2 errors; `call-import validate` shows all.";
    assert!(!plain(&scene.plan(), &view(&scene)).contains(more));
    scene.declared.findings.push(error);
    assert!(plain(&scene.plan(), &view(&scene)).contains(more));
    assert!(markdown(&scene.plan(), &view(&scene), &Proposal::default()).contains(more));
}

#[test]
fn only_what_failed_is_tried_again() {
    let retried = |phase| status::retried(&recorded(&request("a"), phase));
    assert_eq!(retried(Phase::Importing), "a goes again in the next run.\n");
    assert_eq!(
        retried(Phase::Completed),
        "There is nothing to try again: the import a is done.\n"
    );
    assert_eq!(
        retried(Phase::Suspended),
        "There is nothing to try again: the import a is suspended. Nothing, until `suspended` is taken out of the request file.\n"
    );
}

#[test]
fn what_is_held_or_late_needs_attention() {
    let said = |scene: &Scene| plain(&scene.plan(), &view(scene));
    let mut late = request("late");
    late.requested_completion = date(2026, 12, 1);
    let in_time = Scene::new([request("a"), request("b")]);
    assert!(said(&in_time).contains("\nNothing needs attention.\n"));
    for requests in [vec![late.clone()], vec![late.clone(), request("b")]] {
        let text = said(&Scene::new(requests));
        assert!(
            text.contains("\n1 import is late: agree on another day with the customer"),
            "{text}"
        );
    }
    let broken = |id: &str| invalid(&request(id), "`urgency` is missing.");
    let scene = Scene::new([late])
        .invalid(broken("new"))
        .invalid(broken("done"))
        .record(recorded(&request("done"), Phase::Completed));
    let text = said(&scene);
    assert!(
        text.contains("\n2 imports need somebody: the reasons are below. 1 import is late: "),
        "{text}"
    );
    // What a run leaves alone does not stand in it for anybody.
    let plan = plan(&Inputs {
        only: Some("late"),
        ..scene.inputs()
    });
    let text = plain(&plan, &view(&scene));
    assert!(text.contains("\n1 import is late: "), "{text}");
    assert!(!text.contains("somebody"), "{text}");
}

#[test]
fn nothing_is_a_sentence_too() {
    let scene = Scene::new([]);
    assert_eq!(
        plain(&scene.plan(), &view(&scene)),
        "There are no import requests.\n"
    );
    let view = View {
        changed: Some(&[]),
        ..view(&scene)
    };
    assert_eq!(
        plain(&scene.plan(), &view),
        "No import request is changed here.\n"
    );
}

#[test]
fn a_long_plan_drops_whole_rows_and_counts_them() {
    let mut scene = Scene::new((0..2_000).map(|index| {
        let mut request = request(&format!("request-{index:04}"));
        request.customer = "@everyone ".repeat(20);
        request.suspended = index % 2 == 0;
        request
    }));
    scene.declared.findings = (0..500)
        .map(|line| Finding {
            severity: Severity::Warning,
            code: "c".into(),
            path: "requests/request-0001.yaml".into(),
            line,
            column: 1,
            message: "Something that takes a while to say.".into(),
            help: "And something to do about it.".into(),
        })
        .collect();
    let text = markdown(&scene.plan(), &view(&scene), &Proposal::default());
    assert!(text.chars().count() <= 20_000, "{}", text.chars().count());
    let rows = text
        .lines()
        .filter(|line| line.starts_with("| import") || line.starts_with("| hold"));
    let shown = rows.count();
    let rest = format!(
        "and {} more imports without room here.",
        grouped(2_000 - shown)
    );
    assert!(text.contains(&rest), "{rest}");
    assert!(text.ends_with("</details>\n"));
}

fn grouped(number: usize) -> String {
    call_import_engine::model::words::number(number as u64)
}

/// Text from outside that would do something if it were let.
const HOSTILE: &str = "::error::\n@team ![x](http://evil.example) | <b>#1</b> `code` \u{202e}";

#[test]
fn text_from_outside_stays_text() {
    let mut hostile = request("a");
    hostile.customer = HOSTILE.into();
    let mut row = recorded(&request("a"), Phase::Importing);
    row.reason = Some(HOSTILE.into());
    row.next_attempt_at = Some(at("2026-12-09T00:00:00Z"));
    row.customer = HOSTILE.into();
    let scene = Scene::new([hostile]).record(row.clone());
    let scene = scene.invalid(invalid(&request("b"), HOSTILE));
    let plan: Plan = scene.plan();
    let mut markdowns = vec![markdown(&plan, &view(&scene), &Proposal::default())];
    markdowns.extend(
        NotificationKind::ALL
            .iter()
            .map(|kind| body(&row, *kind, Occasion::default())),
    );
    for text in &markdowns {
        let outside = outside_code_spans(text);
        for active in ["@team", "](http", "<b>", "#1", "\u{202e}"] {
            assert!(!outside.contains(active), "{active} in {text}");
        }
    }
    let plains = [
        plain(&plan, &view(&scene)),
        status::plain(std::slice::from_ref(&row)),
        status::detail(&row, &Details::default()),
        status::run_summary(&[row], &[]),
    ];
    for text in plains.iter().flat_map(|text| text.lines()) {
        assert!(!text.trim_start().starts_with("::"), "{text}");
        assert!(!text.contains('\u{202e}'), "{text}");
    }
}

/// What a Markdown renderer would not take for code. Knows backticks alone, which is all that is needed.
fn outside_code_spans(text: &str) -> String {
    let mut outside = String::new();
    let mut rest = text;
    while let Some(start) = rest.find('`') {
        outside.push_str(&rest[..start]);
        let fence_length = rest[start..].chars().take_while(|c| *c == '`').count();
        let (fence, inside) = rest[start..].split_at(fence_length);
        let mut end = None;
        let mut from = 0;
        while let Some(at) = inside[from..].find('`').map(|at| at + from) {
            let run = inside[at..].chars().take_while(|c| *c == '`').count();
            if run == fence.len() {
                end = Some(at + run);
                break;
            }
            from = at + run;
        }
        rest = &inside[end.expect("every code span is closed")..];
    }
    outside + rest
}

/// Rows in every phase, as a night leaves them.
fn records() -> Vec<ImportRecord> {
    let phases = Phase::ALL.iter();
    phases
        .map(|phase| {
            let mut request = request(&phase.as_str().replace('_', "-"));
            request.customer = "Northwind Robotics".into();
            let mut row = recorded(&request, *phase);
            row.reason = match phase {
                Phase::NeedsCredentials => Some("Gong refuses the key: it was revoked.".into()),
                Phase::NeedsAttention => {
                    Some("The import needs an engineer: a page repeats itself.".into())
                }
                Phase::Delayed | Phase::Retrying => {
                    Some("Gong is down. We try again next night.".into())
                }
                Phase::CompletedWithFailures => Some("All calls but 10 are imported.".into()),
                Phase::Completed => Some("All calls are imported.".into()),
                Phase::NoCallsFound => {
                    Some("The credential works, but Gong shows it no calls.".into())
                }
                Phase::Unsupported => Some("Export the transcripts and use `method: file`.".into()),
                _ => None,
            };
            row
        })
        .collect()
}

#[test]
fn the_status_is_worst_first() {
    insta::assert_snapshot!("status_plain", status::plain(&records()));
    insta::assert_snapshot!("run_summary", status::run_summary(&records(), &[]));
    assert_eq!(status::plain(&[]), "Nothing is recorded yet.\n");
    let quiet = [recorded(&request("a"), Phase::Completed)];
    assert_eq!(
        status::run_summary(&quiet, &[]),
        "1 import: 1 is done.\n\nNothing needs attention.\n"
    );
    let mut late = recorded(&request("b"), Phase::Completed);
    late.transcripts_pending = 12;
    let late = [late, recorded(&request("a"), Phase::Suspended)];
    assert_eq!(
        status::run_summary(&late, &[]),
        "2 imports: 1 is done, 1 is suspended.\n\nNothing needs attention.\n\
         12 transcripts of 1 completed import still to come; the next runs look for them.\n"
    );
}

#[test]
fn the_status_of_one_import() {
    let mut row = recorded(&request("northwind-gong"), Phase::NeedsCredentials);
    row.reason = Some("Gong refuses the key: it was revoked.".into());
    row.transcripts_pending = 12;
    insta::assert_snapshot!("status_detail", status::detail(&row, &Details::default()));
}

fn failure(external_id: &str, stage: &str, detail: &str) -> CallFailure {
    CallFailure {
        external_id: external_id.into(),
        stage: stage.into(),
        detail: detail.into(),
    }
}

#[test]
fn the_status_of_one_import_names_what_failed() {
    let mut row = recorded(&request("fabrikam-files"), Phase::CompletedWithFailures);
    row.method = Method::File;
    row.calls_failed = 22;
    let mut failures: Vec<CallFailure> = (1..=22)
        .map(|number| failure(&format!("files/{number:02}.vtt"), "file", "It is empty."))
        .collect();
    failures[0] = failure("::error::a\u{202e}.vtt", "transcript", "Two\nlines.");
    let text = status::detail(
        &row,
        &Details {
            failures: &failures,
            ..Details::default()
        },
    );
    insta::assert_snapshot!("status_failures", text);
    let value = status::detail_json(
        &row,
        &Details {
            failures: &failures,
            ..Details::default()
        },
    );
    assert_eq!(value["imports"][0]["request_id"], "fabrikam-files");
    let read: Vec<CallFailure> = serde_json::from_value(value["imports"][0]["failures"].clone())
        .expect("the failures read back");
    assert_eq!(read, failures);
}

#[test]
fn files_that_failed_are_replaced_and_calls_are_tried_again() {
    let mut row = recorded(&request("a"), Phase::CompletedWithFailures);
    let kind = NotificationKind::CompletedWithFailures;
    assert!(body(&row, kind, Occasion::default()).contains("`call-import retry a`"));
    row.method = Method::File;
    assert!(!body(&row, kind, Occasion::default()).contains("retry"));
    assert!(
        body(&row, kind, Occasion::default())
            .contains("`call-import status a --failures a.csv` writes it")
    );
    row.phase = Phase::NeedsAttention;
    row.whose_turn = WhoseTurn::Cs;
    assert!(
        body(&row, NotificationKind::NeedsAttention, Occasion::default())
            .contains("is replaced by a new export")
    );
}

#[test]
fn only_the_customer_is_asked_for_a_credential() {
    let mut row = recorded(&request("a"), Phase::NeedsCredentials);
    let asks =
        "Ask the customer for a new credential for Gong: `access_key` and `access_key_secret`.";
    assert!(
        body(
            &row,
            NotificationKind::NeedsCredentials,
            Occasion::default()
        )
        .contains(asks)
    );
    row.whose_turn = WhoseTurn::Engineering;
    let text = body(
        &row,
        NotificationKind::NeedsCredentials,
        Occasion::default(),
    );
    assert!(
        !text.contains(asks) && text.contains("`call-import retry a`"),
        "{text}"
    );
    assert!(!text.contains("To tell the customer"), "{text}");
}

#[test]
fn the_status_for_programs_has_every_column_and_reads_back() {
    let rows = [recorded(&request("a"), Phase::CompletedWithFailures)];
    let value = status::json(&rows);
    insta::assert_json_snapshot!("status_json", value);
    let read: Vec<ImportRecord> =
        serde_json::from_value(value["imports"].clone()).expect("the columns read back");
    assert_eq!(read, rows);
}

#[test]
fn every_notification_says_what_happened_whose_turn_it_is_and_what_to_say() {
    let texts: Vec<String> = NotificationKind::ALL
        .iter()
        .filter(|kind| **kind != NotificationKind::Answer)
        .map(|kind| {
            let phase = match kind {
                NotificationKind::NeedsCredentials => Phase::NeedsCredentials,
                NotificationKind::NeedsAttention => Phase::NeedsAttention,
                NotificationKind::Delayed => Phase::Delayed,
                NotificationKind::Completed => Phase::Completed,
                NotificationKind::CompletedWithFailures => Phase::CompletedWithFailures,
                NotificationKind::NoCallsFound => Phase::NoCallsFound,
                NotificationKind::Unsupported => Phase::Unsupported,
                NotificationKind::Recovered
                | NotificationKind::DateSlipped
                | NotificationKind::Status
                | NotificationKind::Answer => Phase::Importing,
            };
            let mut rows = records().into_iter();
            let mut row = rows
                .find(|row| row.phase == phase)
                .expect("a row in each phase");
            if phase == Phase::Importing {
                row.calls_imported = 3_200;
                row.calls_listed = 3_200;
                row.expected_completion = Some(date(2026, 12, 3));
            }
            if *kind == NotificationKind::DateSlipped {
                row.reason = Some("Another import of the same account comes first.".into());
            }
            if *kind == NotificationKind::Completed {
                row.transcripts_pending = 12;
            }
            format!("=== {kind}\n{}", body(&row, *kind, Occasion::default()))
        })
        .collect();
    insta::assert_snapshot!("notifications", texts.join("\n"));
    for text in &texts {
        assert!(
            text.contains("Whose turn:") && text.contains("What to do:"),
            "{text}"
        );
    }
}

#[test]
fn attention_of_cs_and_of_engineering_ask_for_different_things() {
    let mut row = recorded(&request("a"), Phase::NeedsAttention);
    assert!(
        body(&row, NotificationKind::NeedsAttention, Occasion::default())
            .contains("Ask engineering")
    );
    row.whose_turn = WhoseTurn::Cs;
    assert!(
        body(&row, NotificationKind::NeedsAttention, Occasion::default())
            .contains("Correct the request file")
    );
}

#[test]
fn planned_imports_read_back_from_json() {
    let scene = mixed();
    let plan = scene.plan();
    let value = json(&plan, &view(&scene));
    let read: Vec<PlannedImport> =
        serde_json::from_value(value["imports"].clone()).expect("the shape reads back");
    assert_eq!(read, plan.imports);
}
