//! What people read on GitHub: the status comment in each phase, a comment for each event, the summary of
//! a run, and that no text from outside does anything in them.

use call_import_engine::{
    model::{
        CallFailure, Harvest, ImportRecord, MediaCounts, Method, Notification, NotificationKind,
        Period, Phase, RunOutcome, RunRow, Tally, WhoseTurn,
    },
    report::{
        comment::{self, StatusFacts},
        notice::{self, Occasion},
        status::{self, Details},
        summary,
    },
    spec::Credentials,
};
use comrak::{Options, markdown_to_html};
use jiff::{Timestamp, civil::date};

use crate::hostile::corpus as hostile;

const ID: &str = "northwind-gong";
const PATH: &str = "requests/northwind-gong.yaml";

/// GitHub's longest comment, in characters.
const MAX_COMMENT: usize = 65_536;

fn at(text: &str) -> Timestamp {
    text.parse().expect("an instant")
}

/// An import of about 5,000 calls as a night leaves it in a phase.
fn record(phase: Phase) -> ImportRecord {
    let night = at("2026-12-02T01:20:00Z");
    let begun = !matches!(phase, Phase::Queued | Phase::Unsupported);
    let mut record = ImportRecord {
        request_id: ID.into(),
        digest: "0".repeat(64),
        customer: "Northwind Robotics".into(),
        platform: "gong".into(),
        account: "northwind-robotics".into(),
        method: Method::Api,
        phase,
        whose_turn: WhoseTurn::Nobody,
        reason: None,
        calls_listed: if begun { 3_200 } else { 0 },
        calls_imported: if begun { 3_200 } else { 0 },
        calls_failed: 0,
        transcripts_imported: if begun { 1_600 } else { 0 },
        transcripts_pending: if begun { 1_600 } else { 0 },
        media: MediaCounts::default(),
        requests_sent: 111,
        requested_completion: Some(date(2026, 12, 4)),
        promised_completion: Some(date(2026, 12, 2)),
        expected_completion: Some(date(2026, 12, 3)),
        credential_fingerprint: None,
        pull_request: Some(7),
        first_seen_at: night,
        started_at: begun.then_some(night),
        finished_at: None,
        failing_since: None,
        next_attempt_at: None,
        updated_at: night,
    };
    stand(&mut record);
    record
}

/// What else differs from phase to phase: whose turn, why, counts and dates.
fn stand(record: &mut ImportRecord) {
    let (turn, reason) = match record.phase {
        Phase::Queued => (WhoseTurn::Nobody, None),
        Phase::Importing => (
            WhoseTurn::Nobody,
            Some("The night ended before the import did. It goes on next night."),
        ),
        Phase::Retrying => (
            WhoseTurn::Platform,
            Some("Gong is down. We try again next night."),
        ),
        Phase::Delayed => (
            WhoseTurn::Platform,
            Some("Gong is down. We try again in the first run after Sat 5 Dec 2026, 00:20 UTC."),
        ),
        Phase::NeedsCredentials => (
            WhoseTurn::Customer,
            Some("Gong refuses the key: it was revoked."),
        ),
        Phase::NeedsAttention => (
            WhoseTurn::Engineering,
            Some("Something in our program is wrong. An engineer must look at it."),
        ),
        Phase::Completed => (
            WhoseTurn::Cs,
            Some(
                "All calls are imported. 12 of them have no transcript yet; we look for it until Thu 17 Dec 2026.",
            ),
        ),
        Phase::CompletedWithFailures => (WhoseTurn::Cs, Some("All calls but 14 are imported.")),
        Phase::NoCallsFound => (
            WhoseTurn::Cs,
            Some(
                "The credential works, but Gong shows it no calls from Mon 1 Jan 2024 to Sat 31 Oct 2026.",
            ),
        ),
        Phase::Unsupported => (
            WhoseTurn::Cs,
            Some(
                "Gong is not supported yet. Export the transcripts as VTT and use `method: file`.",
            ),
        ),
        Phase::Suspended => (
            WhoseTurn::Nobody,
            Some("It is suspended in its request file."),
        ),
        Phase::Cancelled => (
            WhoseTurn::Nobody,
            Some("Its request file was deleted. Calls that are here stay."),
        ),
    };
    record.whose_turn = turn;
    record.reason = reason.map(str::to_owned);
    if matches!(record.phase, Phase::Retrying | Phase::Delayed) {
        record.failing_since = record.started_at;
    }
    if record.phase == Phase::Delayed {
        record.next_attempt_at = Some(at("2026-12-05T00:20:00Z"));
    }
    let finished = match record.phase {
        Phase::Completed => (5_012, 0, 4_990, 12),
        Phase::CompletedWithFailures => (5_012, 14, 4_998, 0),
        Phase::NoCallsFound => (0, 0, 0, 0),
        _ => return,
    };
    let (listed, failed, transcripts, pending) = finished;
    record.calls_listed = listed;
    record.calls_imported = listed - failed;
    record.calls_failed = failed;
    record.transcripts_imported = transcripts;
    record.transcripts_pending = pending;
    record.finished_at = Some(at("2026-12-03T02:41:00Z"));
}

fn facts() -> StatusFacts<'static> {
    StatusFacts {
        path: Some(PATH),
        estimated_calls: Some(5_000),
        settle_days: 14,
        failures: &[],
        tally: None,
        period: None,
        outside: 0,
    }
}

fn failures() -> Vec<CallFailure> {
    let mut failures = Vec::new();
    for number in 1..=14 {
        failures.push(CallFailure {
            external_id: format!("78214{number:05}"),
            stage: if number == 2 { "transcript" } else { "list" }.into(),
            detail: "The call has no start time.".into(),
        });
    }
    failures
}

/// What the import of [`record`] has brought.
fn harvest(record: &ImportRecord) -> Harvest {
    let causes = [
        ("The call has no start time.", 11),
        ("The call has no id.", 2),
    ];
    let causes = causes.map(|(cause, calls)| (cause.to_owned(), calls));
    Harvest {
        duration_ms: 7_575_000_000,
        people: 318,
        first_day: Some(date(2024, 1, 3)),
        last_day: Some(date(2026, 10, 30)),
        causes: if record.calls_failed > 0 {
            causes.into()
        } else {
            Vec::new()
        },
    }
}

fn notification(record: &ImportRecord, kind: NotificationKind) -> Notification {
    let harvest = harvest(record);
    let occasion = Occasion {
        told: (kind == NotificationKind::DateSlipped).then(|| date(2026, 12, 2)),
        period: Some(Period {
            from: date(2024, 1, 1),
            to: date(2026, 10, 31),
        }),
        harvest: Some(&harvest),
        estimated_calls: Some(5_000),
        tally: None,
    };
    Notification {
        notification_id: "3f2a".repeat(8),
        request_id: record.request_id.clone(),
        kind,
        body: notice::body(record, kind, occasion),
    }
}

/// Everything that is told of an import; answers to people say what they asked for.
fn events() -> impl Iterator<Item = &'static NotificationKind> {
    let all = NotificationKind::ALL.iter();
    all.filter(|kind| **kind != NotificationKind::Answer)
}

/// The phase in which an event is told.
fn phase_of(kind: NotificationKind) -> Phase {
    match kind {
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
    }
}

fn run() -> RunRow {
    RunRow {
        run_id: "run-1".into(),
        started_at: at("2026-12-03T01:17:21Z"),
        finished_at: Some(at("2026-12-03T03:30:50Z")),
        outcome: Some(RunOutcome::Completed),
        requests_sent: 1_111,
        calls_imported: 5_012,
        calls_failed: 14,
        version: "0.1.0".into(),
    }
}

/// One import in each phase.
fn everything() -> Vec<ImportRecord> {
    let mut records: Vec<ImportRecord> = Phase::ALL.iter().map(|phase| record(*phase)).collect();
    for record in &mut records {
        record.request_id = record.phase.as_str().replace('_', "-");
    }
    records
}

#[test]
fn the_status_comment_in_every_phase() {
    let failures = failures();
    for phase in Phase::ALL {
        let mut facts = facts();
        match phase {
            Phase::CompletedWithFailures => facts.failures = &failures,
            Phase::Cancelled => (facts.path, facts.estimated_calls) = (None, None),
            _ => {}
        }
        let text = comment::status(&record(*phase), &facts);
        insta::assert_snapshot!(format!("status_{phase}"), text);
        let (first, rest) = text.split_once('\n').expect("more than one line");
        assert_eq!(first, "<!-- call-import:status:northwind-gong -->");
        assert!(rest.starts_with("**The import for `Northwind Robotics` from "));
        assert!(text.contains("| Whose turn | **") && text.contains("| What to do | "));
    }
}

#[test]
fn a_night_without_news_changes_no_byte_of_the_status() {
    for phase in Phase::ALL {
        let before = record(*phase);
        let mut after = before.clone();
        after.updated_at = at("2026-12-09T01:17:00Z");
        after.requests_sent += 3;
        after.digest = "f".repeat(64);
        after.credential_fingerprint = Some("f".repeat(64));
        let text = comment::status(&before, &facts());
        assert_eq!(text, comment::status(&after, &facts()), "{phase}");
    }
}

#[test]
fn the_status_says_whether_dates_are_met() {
    let mut late = record(Phase::Importing);
    late.expected_completion = Some(date(2026, 12, 7));
    let text = comment::status(&late, &facts());
    assert!(
        text.contains("should be done by Mon 7 Dec 2026, 3 days late.**"),
        "{text}"
    );
    assert!(
        text.contains("| First promised | Wed 2 Dec 2026 (now 5 days later) |"),
        "{text}"
    );
    let done = comment::status(&record(Phase::Completed), &facts());
    assert!(
        done.contains("| Done on | Thu 3 Dec 2026, in time |"),
        "{done}"
    );
    assert!(
        done.contains("| First promised | Wed 2 Dec 2026 (1 day late) |"),
        "{done}"
    );
    let stuck = comment::status(&record(Phase::NeedsCredentials), &facts());
    assert!(stuck.contains("no date can be told"), "{stuck}");
}

#[test]
fn everything_in_the_files_is_accounted_for() {
    let mut files = record(Phase::CompletedWithFailures);
    files.method = Method::File;
    files.platform = "other".into();
    (files.calls_listed, files.calls_imported, files.calls_failed) = (1_968, 1_961, 7);
    (files.transcripts_imported, files.transcripts_pending) = (1_961, 0);
    files.reason = Some("All calls but 7 are imported.".into());
    let tally = Tally {
        found: 2_000,
        imported: 1_961,
        duplicate: 20,
        skipped: 12,
        failed: 7,
        ..Tally::default()
    };
    let facts = |tally| StatusFacts {
        estimated_calls: Some(2_000),
        tally: Some(tally),
        ..facts()
    };
    let kind = NotificationKind::CompletedWithFailures;
    let occasion = Occasion {
        tally: Some(tally),
        ..Occasion::default()
    };
    let texts = [
        comment::status(&files, &facts(tally)),
        notice::body(&files, kind, occasion),
    ];
    insta::assert_snapshot!("files", texts.join("\n~~~~\n\n"));

    let later = Tally {
        found: 502,
        imported: 480,
        changed: 1,
        unchanged: 21,
        ..Tally::default()
    };
    let rest = comment::status(&files, &facts(later));
    let told = "502 files and rows in the last night: 480 calls imported, 1 call changed, 21 calls unchanged |";
    assert!(rest.contains(told), "{rest}");
    let wrong = Tally {
        found: 2_001,
        ..tally
    };
    assert!(!comment::status(&files, &facts(wrong)).contains("files and rows"));
    let api = comment::status(&record(Phase::Completed), &facts(tally));
    assert!(!api.contains("files and rows"), "{api}");
}

#[test]
fn recordings_that_nobody_has_are_not_passed_over() {
    let mut none = record(Phase::Completed);
    none.media.unavailable = 5_012;
    none.reason =
        Some("All calls are imported. No recordings are here; 5,012 calls have none.".into());
    let mut one = none.clone();
    one.media = MediaCounts {
        stored: 5_011,
        unavailable: 1,
        ..MediaCounts::default()
    };
    one.reason = Some("All calls are imported. 5,011 recordings are here; 1 call has none.".into());
    let texts = [
        comment::status(&none, &facts()),
        comment::event(&notification(&none, NotificationKind::Completed), None),
        status::detail(&none, &Details::default()),
        comment::status(&one, &facts()),
        comment::event(&notification(&one, NotificationKind::Completed), None),
    ];
    insta::assert_snapshot!("recordings_that_nobody_has", texts.join("\n~~~~\n\n"));
}

#[test]
fn far_fewer_calls_than_expected_are_no_success() {
    let mut few = record(Phase::Completed);
    (few.calls_listed, few.calls_imported) = (30, 30);
    (few.transcripts_imported, few.transcripts_pending) = (30, 0);
    few.reason =
        Some("All calls are imported. Only 30 of about 5,000 expected calls were found.".into());
    let mut files = few.clone();
    (files.platform, files.method) = ("other".into(), Method::File);
    let texts = [
        comment::status(&few, &facts()),
        comment::event(&notification(&few, NotificationKind::Completed), None),
        comment::event(&notification(&files, NotificationKind::Completed), None),
    ];
    insta::assert_snapshot!("far_fewer_calls", texts.join("\n~~~~\n\n"));
    for (found, expected, is_told) in [
        (2_499, 5_000, true),
        (2_500, 5_000, false),
        (10, 60, true),
        (11, 60, false),
        (5_000, 30, false),
    ] {
        (few.calls_listed, few.calls_imported) = (found, found);
        let facts = StatusFacts {
            estimated_calls: Some(expected),
            ..facts()
        };
        let told = comment::status(&few, &facts).contains("far fewer");
        assert_eq!(told, is_told, "{found} of {expected}");
    }
}

#[test]
fn recordings_are_told_of_as_transcripts_are() {
    let mut late = record(Phase::Completed);
    late.media = MediaCounts {
        stored: 4_980,
        pending: 30,
        failed: 0,
        unavailable: 2,
    };
    late.reason = Some(
        "All calls are imported. 12 of them have no transcript yet, and 30 no recording; we look for them until \
         Thu 17 Dec 2026."
            .into(),
    );
    let mut failed = record(Phase::CompletedWithFailures);
    failed.reason = Some("All calls are imported. 3 recordings could not be copied.".into());
    (failed.calls_imported, failed.calls_failed) = (5_012, 0);
    failed.media = MediaCounts {
        stored: 5_000,
        pending: 9,
        failed: 3,
        unavailable: 0,
    };
    let mut both = failed.clone();
    (both.calls_imported, both.calls_failed) = (5_010, 2);
    both.reason = Some("All calls but 2 are imported. 3 recordings could not be copied.".into());
    let failures = [CallFailure {
        external_id: "7821400001".into(),
        stage: "media".into(),
        detail: "its host answered 403".into(),
    }];
    let facts = StatusFacts {
        failures: &failures,
        ..facts()
    };
    let mut underway = record(Phase::Importing);
    underway.media.stored = 800;
    underway.media.pending = 2_400;
    let texts = [
        comment::status(&late, &self::facts()),
        comment::event(&notification(&late, NotificationKind::Completed), None),
        comment::status(&failed, &facts),
        comment::event(
            &notification(&both, NotificationKind::CompletedWithFailures),
            None,
        ),
        comment::status(&underway, &self::facts()),
        status::detail(
            &failed,
            &Details {
                failures: &failures,
                ..Details::default()
            },
        ),
        status::run_summary(&[late], &[]),
    ];
    insta::assert_snapshot!("recordings", texts.join("\n----\n"));
}

#[test]
fn the_bars_are_full_only_when_everything_is_there() {
    let mut row = record(Phase::Importing);
    row.calls_listed = 6_000;
    row.calls_imported = 5_999;
    row.transcripts_imported = 6_000;
    row.transcripts_pending = 0;
    let text = comment::status(&row, &facts());
    assert!(
        text.contains("███████████████████░  99 %  5,999 of 6,000\n"),
        "{text}"
    );
    assert!(
        text.contains("████████████████████ 100 %  6,000 of 6,000\n"),
        "{text}"
    );
    row.calls_listed = 0;
    row.calls_imported = 0;
    let text = comment::status(&row, &facts());
    assert!(
        text.contains("░░░░░░░░░░░░░░░░░░░░   0 %  0 of about 5,000\n"),
        "{text}"
    );
    assert!(
        text.contains("| Calls | none found so far, about 5,000 expected |"),
        "{text}"
    );
}

#[test]
fn the_sum_of_calls_adds_up_or_is_none() {
    let mut row = record(Phase::Importing);
    let calls = |row: &ImportRecord| {
        let text = comment::status(row, &facts());
        let mut lines = text.lines();
        let line = lines.find_map(|line| line.strip_prefix("| Calls | "));
        line.expect("a row about calls").to_owned()
    };
    (row.calls_listed, row.calls_imported, row.calls_failed) = (5_012, 4_000, 12);
    assert_eq!(
        calls(&row),
        "5,012 found so far = 4,000 imported + 12 failed + 1,000 to come |"
    );
    (row.calls_listed, row.calls_imported) = (10, 20);
    assert_eq!(calls(&row), "10 found, 20 imported, 12 failed |");
}

#[test]
fn the_status_comment_moves_to_a_later_pull_request() {
    insta::assert_snapshot!("moved", comment::moved(ID, 12));
}

#[test]
fn a_comment_for_every_event() {
    for kind in events() {
        let notification = notification(&record(phase_of(*kind)), *kind);
        let text = comment::event(&notification, Some("jane-doe"));
        insta::assert_snapshot!(format!("event_{kind}"), text);
        assert!(text.starts_with(&format!(
            "<!-- call-import:event:{} -->\n@jane-doe\n\n**",
            notification.notification_id
        )));
    }
}

#[test]
fn the_heading_and_the_step_follow_whose_turn_it_is() {
    let mut row = record(Phase::NeedsCredentials);
    let name = "IMPORT_NORTHWIND_ROBOTICS_GONG";
    let turns = [
        (WhoseTurn::Customer, None),
        (WhoseTurn::Customer, Some(name)),
        (WhoseTurn::Cs, None),
        (WhoseTurn::Cs, Some(name)),
        (WhoseTurn::Engineering, None),
    ];
    let texts = turns.map(|(turn, secret)| {
        row.whose_turn = turn;
        row.credential_fingerprint = Some(secret.map_or_else(
            || "f".repeat(64),
            |name| Credentials::Secret(name.to_owned()).fingerprint(),
        ));
        row.reason = Some(match turn {
            WhoseTurn::Customer => "Gong refuses the key: it was revoked.".into(),
            WhoseTurn::Cs if secret.is_none() => {
                "The sealed credential is damaged. Seal it again.".into()
            }
            WhoseTurn::Cs => format!("The secret {name} is not set."),
            _ => {
                "Sealed credentials cannot be opened here, because CALL_IMPORT_IDENTITY is not set."
                    .into()
            }
        });
        notice::body(
            &row,
            NotificationKind::NeedsCredentials,
            Occasion::default(),
        )
    });
    insta::assert_snapshot!("credential_turns", texts.join("\n=====\n\n"));
}

#[test]
fn where_the_customer_consents_no_step_asks_for_a_credential() {
    let mut row = record(Phase::NeedsCredentials);
    row.method = Method::Oauth;
    for turn in [WhoseTurn::Customer, WhoseTurn::Cs] {
        row.whose_turn = turn;
        let text = notice::body(
            &row,
            NotificationKind::NeedsCredentials,
            Occasion::default(),
        );
        let command = "`call-import authorize gong northwind-gong`";
        assert!(text.contains(command) && !text.contains(" seal "), "{text}");
    }
}

#[test]
fn a_key_that_never_worked_is_not_said_to_have_stopped() {
    let mut row = record(Phase::NeedsCredentials);
    let text = |row: &ImportRecord| {
        notice::body(row, NotificationKind::NeedsCredentials, Occasion::default())
    };
    assert!(text(&row).contains("does not work any more, or"));
    row.calls_listed = 0;
    assert!(text(&row).contains("does not work, or"), "{}", text(&row));
}

#[test]
fn only_people_are_mentioned() {
    let event = notification(&record(Phase::Completed), NotificationKind::Completed);
    for login in ["jane-doe", "J", "0a", &"x".repeat(39)] {
        let text = comment::event(&event, Some(login));
        assert!(text.contains(&format!("-->\n@{login}\n\n**")), "{text}");
    }
    let without = comment::event(&event, None);
    for login in [
        "",
        "dependabot[bot]",
        "-x",
        "everyone else",
        "org/team",
        "a_b",
        "é",
        "x\n@y",
        &"x".repeat(40),
    ] {
        assert_eq!(comment::event(&event, Some(login)), without, "{login}");
    }
}

#[test]
fn the_summary_of_a_run() {
    let skipped = [at("2026-11-30T01:17:00Z"), at("2026-12-01T01:17:00Z")];
    let completed = notification(&record(Phase::Completed), NotificationKind::Completed);
    insta::assert_snapshot!(
        "summary",
        summary::markdown(&run(), &everything(), &skipped, &[completed], 2)
    );
    let quiet = [record(Phase::Importing)];
    insta::assert_snapshot!(
        "summary_quiet",
        summary::markdown(&run(), &quiet, &[], &[], 0)
    );
    let one = summary::markdown(&run(), &quiet, &skipped[..1], &[], 1);
    let line = "**No run in the night of Mon 30 Nov 2026: 1 night was skipped.**";
    assert!(one.contains(line), "{one}");
    let none = summary::markdown(&run(), &[], &[], &[], 0);
    assert!(
        none.starts_with("## No import is recorded yet.\n"),
        "{none}"
    );
}

#[test]
fn a_huge_summary_drops_whole_rows_and_counts_them() {
    let mut row = record(Phase::NeedsAttention);
    row.customer = "@everyone é".repeat(20);
    row.reason = Some("ä".repeat(5_000));
    let event = notification(&row, NotificationKind::NeedsAttention);
    let rows = vec![row; 5_000];
    let text = summary::markdown(&run(), &rows, &[], &vec![event; 2_000], 0);
    assert!(text.len() < 900_000, "{}", text.len());
    let shown = text
        .lines()
        .filter(|line| line.starts_with("| needs"))
        .count();
    let left = call_import_engine::model::words::number(5_000 - shown as u64);
    assert!(text.contains(&format!("and {left} more imports without room here.")));
    assert!(text.contains("more messages without room here."));
    assert!(text.contains("### This run"));
}

#[test]
fn a_huge_body_is_cut_by_lines() {
    let mut event = notification(&record(Phase::Completed), NotificationKind::Completed);
    event.body = "A line of a body.\n".repeat(10_000);
    let text = comment::event(&event, Some("jane-doe"));
    assert!(text.chars().count() < MAX_COMMENT);
    let end = "A line of a body.\n\nThis was cut: `call-import status northwind-gong`.\n";
    assert!(text.ends_with(end));
}

/// Every text that the hostile one reaches, once in each place that comes from outside.
fn reached(foreign: &str) -> Vec<String> {
    let failures = vec![
        CallFailure {
            external_id: foreign.into(),
            stage: foreign.into(),
            detail: foreign.into(),
        };
        30
    ];
    let facts = StatusFacts {
        path: Some(foreign),
        failures: &failures,
        ..facts()
    };
    let rows: Vec<ImportRecord> = Phase::ALL
        .iter()
        .map(|p| hostile_record(*p, foreign))
        .collect();
    let kinds = events();
    let events: Vec<Notification> = kinds
        .map(|kind| notification(&hostile_record(phase_of(*kind), foreign), *kind))
        .collect();
    let statuses = rows.iter().map(|row| comment::status(row, &facts));
    let told = events.iter().map(|event| comment::event(event, None));
    let mut texts: Vec<String> = statuses.chain(told).collect();
    for text in &texts {
        assert!(text.chars().count() < MAX_COMMENT / 2, "{}", text.len());
    }
    texts.push(summary::markdown(&run(), &rows, &[], &events, 0));
    texts
}

fn hostile_record(phase: Phase, foreign: &str) -> ImportRecord {
    ImportRecord {
        customer: foreign.into(),
        platform: foreign.into(),
        account: foreign.into(),
        reason: Some(foreign.into()),
        pull_request: None,
        ..record(phase)
    }
}

/// As GitHub renders a comment, but with HTML shown as it is.
pub(crate) fn rendered(markdown: &str) -> String {
    let mut options = Options::default();
    options.extension.autolink = true;
    options.extension.table = true;
    options.extension.strikethrough = true;
    options.extension.tasklist = true;
    options.extension.footnotes = true;
    options.render.r#unsafe = true;
    markdown_to_html(markdown, &options)
}

/// Rendered HTML without what stands in code, where GitHub lets nothing act.
pub(crate) fn outside_code(html: &str) -> String {
    let mut outside = String::new();
    let mut rest = html;
    while let Some((before, inside)) = rest.split_once("<code") {
        outside += before;
        rest = inside.split_once("</code>").expect("code ends").1;
    }
    outside + rest
}

/// Names of the tags in rendered HTML.
pub(crate) fn tags(html: &str) -> Vec<&str> {
    let opened = html.split('<').skip(1);
    opened
        .map(|tag| tag.trim_start_matches('/'))
        .map(|tag| tag.split([' ', '>', '\n']).next().unwrap_or_default())
        .collect()
}

/// Tags of our own texts.
const OURS: &[&str] = &[
    "!--",
    "p",
    "strong",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
    "ul",
    "li",
    "blockquote",
    "pre",
    "sub",
    "h2",
    "h3",
];

#[test]
fn text_from_outside_stays_text_on_github() {
    for foreign in hostile() {
        for text in reached(&foreign) {
            let shown = foreign.chars().take(60).collect::<String>();
            let html = rendered(&text);
            let outside = outside_code(&html);
            let markers = outside.matches("<!--").count();
            let told = "<!-- told: 2026-12-02 -->";
            let own = usize::from(text.starts_with("<!-- call-import:"))
                + text.lines().filter(|line| line.ends_with(told)).count();
            assert_eq!(markers, own, "{shown:?} in {text}\n{html}");
            for tag in tags(&outside) {
                assert!(
                    OURS.contains(&tag),
                    "<{tag}> by {shown:?} in {text}\n{html}"
                );
            }
            let lower = outside.to_lowercase();
            for active in ["@", "#", "gh-", "://", "www.", "0a1b2c3", "0123456", "[ ]"] {
                assert!(
                    !lower.contains(active),
                    "{active} by {shown:?} in {text}\n{html}"
                );
            }
            for line in text.lines() {
                assert!(!line.trim_start().starts_with("::"), "{shown:?}: {line}");
                assert!(!line.contains("##["), "{shown:?}: {line}");
                // A renderer drops the cells that are too many, so the bars are counted in the source.
                let bars = line.matches('|').count();
                assert!(matches!(bars, 0 | 3 | 11), "{shown:?}: {line}");
            }
            assert!(!text.chars().any(is_hidden), "{shown:?} in {text}");
        }
    }
}

pub(crate) fn is_hidden(character: char) -> bool {
    (character.is_control() && character != '\n')
        || matches!(
            character,
            '\u{200b}' | '\u{202e}' | '\u{2028}' | '\u{2066}' | '\u{2069}' | '\u{feff}'
        )
}

#[test]
fn text_from_outside_stays_text_in_a_terminal() {
    for foreign in hostile() {
        let failures = [CallFailure {
            external_id: foreign.clone(),
            stage: foreign.clone(),
            detail: foreign.clone(),
        }];
        let mut row = record(Phase::NeedsAttention);
        let mut texts = Vec::new();
        for phase in Phase::ALL {
            row.phase = *phase;
            row.customer.clone_from(&foreign);
            row.platform.clone_from(&foreign);
            row.account.clone_from(&foreign);
            row.reason = Some(foreign.clone());
            texts.push(status::plain(std::slice::from_ref(&row)));
            texts.push(status::run_summary(std::slice::from_ref(&row), &[]));
            texts.push(status::detail(
                &row,
                &Details {
                    failures: &failures,
                    ..Details::default()
                },
            ));
            texts.push(status::retried(&row));
        }
        for text in texts {
            assert!(text.len() < 20_000, "{}", text.len());
            for line in text.lines() {
                assert!(!line.trim_start().starts_with("::"), "{line}");
                assert!(!line.contains("##["), "{line}");
            }
            assert!(!text.chars().any(is_hidden), "{text:?}");
        }
    }
}
