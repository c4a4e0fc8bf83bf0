//! Whole nights with files, through the real program.

#![expect(
    clippy::unwrap_used,
    reason = "a helper that cannot go on fails its test"
)]

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    fs,
    io::{BufRead as _, BufReader},
    panic::AssertUnwindSafe,
    process::Stdio,
};

use call_import_engine::reconcile::Event;
use futures_util::FutureExt as _;

use super::{
    bring::{
        Desk, Packer, cut_mp4, docx, failures, sha256, srt, teams, text, utf_16, wav, windows_1252,
        zip, zoom,
    },
    tables::workbooks,
};
use crate::{
    reconcile::{gong, population},
    record,
    support::{self, Scene},
};

const EVERYTHING: &str = "files: [\"files/northwind/**\"]";

/// Two thousand files of all kinds: transcripts, lists, bundles, recordings, damaged ones and rubbish.
fn two_thousand(desk: &Desk) -> Packer<'_> {
    let mut packer = Packer::new(desk);
    transcripts(&mut packer);
    tables(&mut packer);
    recordings(&mut packer);
    bundles(&mut packer);
    flawed(&mut packer);
    packer
}

fn transcripts(packer: &mut Packer<'_>) {
    for index in 0..320 {
        let call = packer.next();
        let (text, segments) = if index % 2 == 0 {
            (zoom(call), 3)
        } else {
            (teams(call), 2)
        };
        let bytes = match index % 8 {
            0 => utf_16(&text),
            1 => windows_1252(&text),
            2 => format!("\u{feff}{text}").into_bytes(),
            _ => text.into_bytes(),
        };
        packer.spoken(&format!("vtt/zoom and teams {call}.vtt"), bytes, segments);
    }
    for _ in 0..260 {
        let call = packer.next();
        packer.spoken(&format!("srt/{call}.srt"), srt(call), 2);
    }
    for layout in 0..300 {
        let call = packer.next();
        packer.spoken(&format!("txt/{call}.txt"), text(layout, call), 3);
    }
    for layout in 0..80 {
        let call = packer.next();
        packer.spoken(&format!("docx/{call}.docx"), docx(&text(layout, call)), 3);
    }
    // The same words under another name, and with other line ends.
    for index in 0..25 {
        let call = 321 + index;
        let again = srt(call).replace('\n', "\r\n");
        packer.put(&format!("srt again/copy of {call}.srt"), again);
        packer.expected.duplicates += 1;
    }
}

fn tables(packer: &mut Packer<'_>) {
    let mut list = "Call ID;Subject;Call Date;Duration (min);Attendees;Transcript\n".to_owned();
    let mut line = 1;
    for index in 0..230 {
        let call = packer.next();
        writeln!(
            list,
            "nw-{call};Call {call};{:02}.03.2026 15:00;31;Bo Lind <bo@northwind.example>;crm/{call}.vtt",
            index % 28 + 1
        )
        .unwrap();
        line += 1;
        packer.spoken(&format!("crm/{call}.vtt"), zoom(call), 3);
    }
    for (row, place, code, value) in [
        (
            "1.23457E+17;Lost;01.03.2026 15:00;3;;",
            1,
            "damaged-id",
            "1.23457E+17",
        ),
        (
            "nw-a;Never;41.03.2026 15:00;3;;",
            3,
            "not-a-date",
            "41.03.2026 15:00",
        ),
        (
            "nw-b;Long;01.03.2026 15:00;long;;",
            4,
            "not-a-length",
            "long",
        ),
        (
            "nw-c;Gone;01.03.2026 15:00;3;;crm/gone.vtt",
            6,
            "listed-file-missing",
            "crm/gone.vtt",
        ),
        (
            "nw-d;Cells;01.03.2026 15:00;3;;;x",
            7,
            "too-many-cells",
            "x",
        ),
    ] {
        writeln!(list, "{row}").unwrap();
        line += 1;
        packer.fails("calls.csv", &format!("{line} {place}"), code, value);
    }
    // A row alone is a call as well.
    for _ in 0..20 {
        let call = packer.next();
        writeln!(list, "nw-{call};Call {call};01.04.2026 9:00;5;;").unwrap();
        packer.call(0);
    }
    packer.put("calls.csv", windows_1252(&list));

    let mut rows = workbooks::row(1, &["Call ID", "Subject", "Start time", "Duration"]);
    for index in 0..40 {
        let call = packer.next();
        let (id, subject) = (format!("xl-{call}"), format!("Call {call}"));
        rows += &workbooks::row(
            index + 2,
            &[&id, &subject, "46083.625/1", "0.0215277777777778/3"],
        );
        packer.call(0);
    }
    rows += &workbooks::row(42, &["xl-broken", "#REF!", "46083.625/1", "0.02/3"]);
    packer.fails("older.xlsx", "42 2", "spreadsheet-error", "#REF!");
    packer.put("older.xlsx", workbooks::workbook(&[("Calls", rows)], ""));

    for index in 0..5 {
        let mut lines = String::new();
        for _ in 0..20 {
            let call = packer.next();
            writeln!(
                lines,
                r#"{{"external_id": "js-{call}", "title": "Call {call}", "started_at": "2026-05-01T10:00:00Z", "transcript": {{"segments": [{{"speaker": "Bo Lind", "start_ms": 0, "end_ms": 900, "text": "Call {call}."}}]}}}}"#
            )
            .unwrap();
            packer.call(1);
        }
        lines += "{\"external_id\": \"js-cut\", \"title\"\n";
        let name = format!("export-{index}.jsonl");
        packer.put(&name, lines);
        packer.fails(&name, "21 34", "unfinished-record", "");
    }
}

fn recordings(packer: &mut Packer<'_>) {
    for _ in 0..130 {
        let call = packer.next();
        packer.spoken(&format!("recorded/{call}.transcript.vtt"), zoom(call), 3);
        packer.put(&format!("recorded/{call}.wav"), wav(call, 70_000 / 100));
        packer.expected.recordings += 1;
    }
    for _ in 0..20 {
        let call = packer.next();
        packer.put(&format!("only heard/{call}.wav"), wav(call, 250));
        packer.call(0);
        packer.expected.recordings += 1;
    }
}

fn bundles(packer: &mut Packer<'_>) {
    for index in 0..20 {
        let mut members = vec![
            ("older/.DS_Store".to_owned(), b"x".to_vec()),
            ("Thumbs.db".to_owned(), b"x".to_vec()),
        ];
        for layout in 0..15 {
            let call = packer.next();
            let (name, bytes, segments) = match layout % 3 {
                0 => (format!("older/{call}.vtt"), zoom(call), 3),
                1 => (format!("older/{call}.srt"), srt(call), 2),
                _ => (format!("older/{call}.txt"), text(layout, call), 3),
            };
            members.push((name, bytes.into_bytes()));
            packer.call(segments);
        }
        packer.put(&format!("bundle {index}.zip"), zip(&members));
        packer.leaves_out(&format!("bundle {index}.zip/older/.DS_Store"));
        packer.leaves_out(&format!("bundle {index}.zip/Thumbs.db"));
    }
}

fn flawed(packer: &mut Packer<'_>) {
    for index in 0..120 {
        packer.damaged(&format!("empty/{index}.vtt"), b"", "empty-file");
    }
    for index in 0..120 {
        packer.damaged(
            &format!("pdf/{index}.pdf"),
            b"%PDF-1.7\n",
            "not-a-transcript",
        );
    }
    for index in 0..60 {
        packer.damaged(&format!("cut/{index}.mp4"), cut_mp4(), "recording-cut-off");
    }
    for index in 0..60 {
        packer.damaged(
            &format!("silent/{index}.vtt"),
            b"WEBVTT\n\nNOTE\nx\n",
            "no-text",
        );
    }
    let climbing = zip(&[("../../etc/call.vtt".into(), zoom(1).into_bytes())]);
    packer.damaged("hostile/climbing.zip", climbing, "archive-unsafe");
    let bomb = zip(&[("call.vtt".into(), vec![0; 10_000_000])]);
    packer.damaged("hostile/bomb.zip", bomb, "archive-bomb");
    packer.damaged("readme.pdf", b"%PDF-1.7\n", "not-a-transcript");
    for index in 0..115 {
        let name = format!("rubbish/{index}/Thumbs.db");
        packer.put(&name, b"x");
        packer.leaves_out(&name);
    }
}

#[test]
fn two_thousand_mixed_files_are_accounted_for_to_the_last() {
    let desk = Desk::new(&[]);
    desk.request(
        "other",
        &format!("{EVERYTHING}\noptions: {{timezone: Europe/Madrid, date_format: day_first}}"),
    );
    let expected = two_thousand(&desk).expected;
    eprintln!("{} files", expected.files);
    desk.night(1);

    let found = failures(&desk);
    let wrong: Vec<_> = found.symmetric_difference(&expected.failures).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    let left_out: BTreeSet<_> = desk
        .query("SELECT name FROM left_out WHERE NOT is_duplicate")
        .into_iter()
        .collect();
    let wrong: Vec<_> = left_out.symmetric_difference(&expected.left_out).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(desk.count("calls"), expected.calls);
    assert_eq!(desk.count("transcripts"), expected.transcripts);
    assert_eq!(desk.count("transcript_segments"), expected.segments);
    assert_eq!(desk.count("media"), expected.recordings);
    let (calls, duplicates) = (expected.calls, expected.duplicates);
    let (skipped, failed) = (expected.left_out.len(), expected.failures.len());
    let total = calls + duplicates + skipped + failed;
    assert_eq!(
        desk.tally(),
        format!(
            "found {total} = imported {calls} + changed 0 + unchanged 0 + duplicate {duplicates} + skipped {skipped} + failed {failed}"
        )
    );
    assert_eq!(expected.files, 2_000);

    let before = record::dump(&desk.database());
    let told_apart = desk.query("SELECT name || reason FROM left_out ORDER BY 1");
    // Nothing is left to do: the second night does not even look.
    desk.night(1);
    assert_eq!(record::dump(&desk.database()), before);

    // Whoever asks to try again gets the same answer.
    let retried = desk.run(&["retry", "northwind"]);
    assert!(retried.status.success(), "{:?}", support::text(&retried));
    desk.night(1);
    assert_eq!(
        desk.tally(),
        format!(
            "found {total} = imported 0 + changed 0 + unchanged {calls} + duplicate {duplicates} + skipped {skipped} + failed {failed}"
        )
    );
    assert_eq!(failures(&desk), expected.failures);
    assert_eq!(
        desk.query("SELECT name || reason FROM left_out ORDER BY 1"),
        told_apart
    );
    for table in ["calls", "transcripts", "transcript_segments", "media"] {
        let now = record::dump(&desk.database());
        assert_eq!(now[table], before[table], "{table}");
    }
}

/// Two hundred and fifty transcripts in three pages.
fn three_pages(write: &mut dyn FnMut(String, String)) {
    for call in 0..250 {
        write(format!("files/northwind/{call:03}.vtt"), zoom(call));
    }
}

const MANY: &str = "customer: Northwind\nplatform: other\nmethod: file\nestimated_calls: 250\nurgency: deal\n\
    requested_completion: 2030-12-31\nfiles: [\"files/northwind/**\"]\n";

#[tokio::test]
async fn a_night_cut_after_any_page_goes_on_from_there() {
    let scene = || {
        let scene = Scene::new("2026-12-01T01:17:00Z");
        three_pages(&mut |name, text| scene.write(&name, &text));
        scene.write("northwind.yaml", MANY);
        scene
    };
    let whole = scene();
    whole.run("whole").await;
    let expected = record::contents(&whole.database());
    assert_eq!(expected["calls"].len(), 250);
    // Pages that wait for the record are committed together, so there may be fewer than three commits.
    for cut in 1..=3 {
        let scene = scene();
        let mut seen = 0;
        let throw = &mut |event: Event<'_>| {
            seen += usize::from(matches!(event, Event::Committed { .. }));
            if seen == cut {
                std::panic::panic_any(Cut);
            }
        };
        let thrown = AssertUnwindSafe(scene.try_run("cut", throw))
            .catch_unwind()
            .await;
        let Err(thrown) = thrown else {
            assert_eq!(seen, cut - 1, "it ends after its last commit");
            assert_eq!(record::contents(&scene.database()), expected);
            break;
        };
        assert!(thrown.is::<Cut>());
        let listed = record::value(&scene.database(), "SELECT listed::VARCHAR FROM checkpoints");
        let listed: i64 = listed.parse().unwrap();
        assert!(
            listed >= 100 && (listed % 100 == 0 || listed == 250),
            "{listed}"
        );
        scene.run("rest").await;
        assert_eq!(
            record::contents(&scene.database()),
            expected,
            "cut after {cut}"
        );
        // What is committed is not read again.
        let found = "SELECT calls_found::VARCHAR FROM attempts WHERE run_id = 'rest'";
        let left = record::value(&scene.database(), found);
        assert_eq!(left, (250 - listed).to_string(), "cut after {cut}");
    }
}

/// Thrown by a watcher to end a run right after a commit.
struct Cut;

#[test]
fn kill_9_ends_in_the_same_tables() {
    let desk = || {
        let desk = Desk::new(&[]);
        three_pages(&mut |name, text| desk.put(name.trim_start_matches("files/northwind/"), text));
        fs::write(desk.requests().join("northwind.yaml"), MANY).unwrap();
        desk
    };
    let whole = desk();
    whole.night(0);
    let killed = desk();
    let mut child = killed
        .command(&["reconcile", "--no-github"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let begins = lines
        .map(Result::unwrap)
        .find(|line| line.contains("import begins"));
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(begins.is_some());
    killed.night(0);
    let expected = record::contents(&whole.database());
    assert_eq!(record::contents(&killed.database()), expected);
}

#[test]
fn files_that_change_between_two_nights_bring_only_what_is_new() {
    let desk = Desk::new(&[]);
    desk.request("other", EVERYTHING);
    for call in 0..30 {
        desk.put(&format!("{call}.vtt"), zoom(call));
    }
    desk.put(
        "bundle.zip",
        zip(&[("a.vtt".into(), zoom(100).into_bytes())]),
    );
    desk.night(0);
    assert_eq!(
        desk.tally(),
        "found 31 = imported 31 + changed 0 + unchanged 0 + duplicate 0 + skipped 0 + failed 0"
    );
    let before = record::dump(&desk.database());

    // One more, one with other words, one more in the bundle, and one taken out.
    desk.put("new.vtt", zoom(200));
    desk.put("3.vtt", zoom(201));
    let bundle = [
        ("a.vtt".to_owned(), zoom(100).into_bytes()),
        ("b.vtt".to_owned(), zoom(202).into_bytes()),
    ];
    desk.put("bundle.zip", zip(&bundle));
    desk.remove("4.vtt");
    desk.night(0);
    assert_eq!(
        desk.tally(),
        "found 32 = imported 3 + changed 0 + unchanged 29 + duplicate 0 + skipped 0 + failed 0"
    );
    let after = record::dump(&desk.database());
    for table in ["calls", "transcripts", "transcript_segments"] {
        assert!(
            before[table].iter().all(|row| after[table].contains(row)),
            "{table}"
        );
    }
    assert_eq!(desk.count("calls"), 34);
}

#[test]
fn a_file_that_is_gone_at_night_is_missed_only_where_it_is_named() {
    let desk = Desk::new(&[]);
    desk.request("other", "files: [\"files/northwind/*.vtt\"]");
    for call in 0..3 {
        desk.put(&format!("{call}.vtt"), zoom(call));
    }
    assert!(desk.run(&["validate"]).status.success());
    desk.remove("1.vtt");
    desk.night(0);
    assert_eq!(desk.count("calls"), 2);

    desk.request_of(
        "contoso",
        "Contoso",
        "other",
        "files: [files/northwind/0.vtt, files/northwind/2.vtt]",
    );
    assert!(desk.run(&["validate"]).status.success());
    desk.remove("2.vtt");
    let told = desk.night(1);
    insta::assert_snapshot!(told);
}

#[test]
fn a_list_with_doubtful_dates_waits_for_an_answer() {
    let desk = Desk::new(&[]);
    let list = "Call ID,Subject,Call Date,Transcript\n1,One,03/04/2026 15:00,1.vtt\n2,Two,05/06/2026 15:00,2.vtt\n";
    desk.put("calls.csv", list);
    desk.put("1.vtt", zoom(1));
    desk.put("2.vtt", zoom(2));
    desk.request(
        "other",
        &format!("{EVERYTHING}\noptions: {{timezone: Europe/Madrid}}"),
    );
    desk.night(1);
    insta::assert_snapshot!(desk.standing());
    assert_eq!(desk.count("calls"), 0);

    desk.request(
        "other",
        &format!("{EVERYTHING}\noptions: {{timezone: Europe/Madrid, date_format: day_first}}"),
    );
    desk.night(0);
    assert_eq!(
        desk.query("SELECT external_id || ' ' || title || ' ' || started_at FROM calls ORDER BY 1"),
        ["1 One 2026-04-03 13:00:00", "2 Two 2026-06-05 13:00:00"]
    );
    assert_eq!(desk.count("transcripts"), 2);
}

#[test]
fn a_few_calls_first_and_then_all() {
    let desk = Desk::new(&[]);
    for call in 0..12 {
        desk.put(&format!("{call:02}.vtt"), zoom(call));
    }
    desk.request("other", &format!("{EVERYTHING}\noptions: {{limit: 5}}"));
    desk.night(0);
    assert_eq!(desk.count("calls"), 5);
    let before = record::dump(&desk.database());
    desk.request("other", EVERYTHING);
    desk.night(0);
    assert_eq!(
        desk.tally(),
        "found 12 = imported 7 + changed 0 + unchanged 5 + duplicate 0 + skipped 0 + failed 0"
    );
    let after = record::dump(&desk.database());
    assert!(
        before["calls"]
            .iter()
            .all(|row| after["calls"].contains(row))
    );
}

#[test]
fn the_list_that_the_request_names_decides() {
    let desk = Desk::new(&[]);
    let list = |id: &str| format!("Call ID,Subject,Transcript\n{id},Kick-off,1.vtt\n");
    desk.put("ours.csv", list("ours"));
    desk.put("theirs.csv", list("theirs"));
    desk.put("1.vtt", zoom(1));
    desk.put("2.vtt", zoom(2));
    let options = "options: {manifest: files/northwind/ours.csv}";
    desk.request("other", &format!("{EVERYTHING}\n{options}"));
    desk.night(0);
    let titles = "SELECT title FROM calls ORDER BY 1";
    assert_eq!(desk.query(titles), ["2", "Kick-off"]);
    assert_eq!(
        desk.value("SELECT external_id FROM calls WHERE title = 'Kick-off'"),
        "ours"
    );
    assert_eq!(
        desk.query("SELECT name || ': ' || reason FROM left_out"),
        ["files/northwind/theirs.csv: Another list decides: `options.manifest` names it."]
    );

    // A name that is none stops the night, and tells which would do.
    let options = "options: {manifest: files/northwind/calls.csv}";
    desk.request("other", &format!("{EVERYTHING}\n{options}"));
    desk.night(1);
    insta::assert_snapshot!(desk.standing());
    assert_eq!(desk.query(titles), ["2", "Kick-off"]);
}

#[test]
fn checksums_that_come_along_are_checked() {
    let desk = Desk::new(&[]);
    let bundle = zip(&[("a.vtt".into(), zoom(1).into_bytes())]);
    desk.put("good.zip.sha256", sha256(&bundle));
    desk.put("good.zip", &bundle);
    desk.put("bad.zip.sha256", format!("{}  bad.zip\n", sha256(b"other")));
    desk.put("bad.zip", zip(&[("a.vtt".into(), zoom(2).into_bytes())]));
    let sums = format!(
        "{}  one.vtt\n{} *./two.vtt\n{}  gone.vtt\n",
        sha256(zoom(3).as_bytes()).to_uppercase(),
        sha256(b"other"),
        sha256(b"gone")
    );
    desk.put("sub/SHA256SUMS", sums);
    desk.put("sub/one.vtt", zoom(3));
    desk.put("sub/two.vtt", zoom(4));
    let inner = format!("{}  in.vtt\n", sha256(b"other"));
    let members = [
        ("SHA256SUMS".to_owned(), inner.into_bytes()),
        ("in.vtt".to_owned(), zoom(5).into_bytes()),
    ];
    desk.put("summed.zip", zip(&members));
    desk.request("other", EVERYTHING);
    desk.night(1);
    assert_eq!(
        desk.query("SELECT title FROM calls ORDER BY 1"),
        ["a", "one"]
    );
    let told =
        desk.query("SELECT file || ' (' || code || '): ' || detail FROM call_failures ORDER BY 1");
    insta::assert_snapshot!(told.join("\n"));
    assert_eq!(
        desk.tally(),
        "found 6 = imported 2 + changed 0 + unchanged 0 + duplicate 0 + skipped 0 + failed 4"
    );
}

/// The answers of a platform that the connectors' tests know, as a customer's script saves them.
fn saved(desk: &Desk, platform: &str, names: &[&str]) {
    for name in names {
        let path = support::root()
            .join("tests/fixtures")
            .join(platform)
            .join(name);
        desk.put(name, fs::read(path).unwrap());
    }
}

#[test]
fn answers_that_a_script_saved_are_the_calls_of_their_platform() {
    let mut told = String::new();
    for (platform, names) in [
        ("gong", &["extensive.json", "transcript.json"][..]),
        ("fathom", &["meetings.json"]),
        ("fireflies", &["list-1.json"]),
        ("grain", &["recordings.json", "recording.json"]),
    ] {
        let desk = Desk::new(&[]);
        saved(&desk, platform, names);
        desk.request(platform, EVERYTHING);
        let output = desk.run(&["reconcile", "--no-github"]);
        assert!(
            output.status.code() <= Some(1),
            "{:?}",
            support::text(&output)
        );
        writeln!(told, "## {platform}: {}", desk.tally()).unwrap();
        for call in desk.query(
            "SELECT external_id || ': ' || coalesce(trim(title), '-') || ', ' || coalesce(started_at::VARCHAR, '-') || ', '
                || transcript_state || ', ' || len(participants) || ' people' FROM calls ORDER BY 1",
        ) {
            writeln!(told, "{call}").unwrap();
        }
        for failure in desk.query(
            "SELECT external_id || ' (' || code || '): ' || detail FROM call_failures ORDER BY 1",
        ) {
            writeln!(told, "failed: {failure}").unwrap();
        }
        let before = record::dump(&desk.database());
        assert!(desk.run(&["retry", "northwind"]).status.code() == Some(0));
        desk.run(&["reconcile", "--no-github"]);
        let after = record::dump(&desk.database());
        for table in ["calls", "transcripts", "transcript_segments", "media"] {
            assert_eq!(after[table], before[table], "{platform}: {table}");
        }
    }
    insta::assert_snapshot!(told);
}

#[test]
fn a_list_and_the_answers_about_its_calls_are_one() {
    let desk = Desk::new(&[]);
    saved(&desk, "gong", &["extensive.json", "transcript.json"]);
    let id = "7782342274025937895";
    desk.put(
        "calls.csv",
        format!("Call ID,Subject,Call Date\n{id},Ours,2026-03-02T15:00:00Z\nnw-1,Only listed,2026-03-03T15:00:00Z\n"),
    );
    desk.request("gong", EVERYTHING);
    let output = desk.run(&["reconcile", "--no-github"]);
    assert!(
        output.status.code() <= Some(1),
        "{:?}",
        support::text(&output)
    );
    let of_call = |column: &str| {
        desk.value(&format!(
            "SELECT {column} FROM calls WHERE external_id = '{id}'"
        ))
    };
    assert_eq!(of_call("trim(title)"), "Northwind: warehouse pilot");
    assert_eq!(of_call("transcript_state"), "imported");
    assert_eq!(
        desk.value("SELECT title FROM calls WHERE external_id = 'nw-1'"),
        "Only listed"
    );
    assert!(desk.tally().contains("+ duplicate 0 +"), "{}", desk.tally());
}

#[tokio::test]
async fn a_call_that_comes_by_file_and_then_by_api_is_one() {
    let mut scene = Scene::new("2026-12-01T01:17:00Z");
    let population = population(12, "2026-09-01", "2026-10-31");
    let calls: Vec<_> = population.calls().take(3).collect();
    let running = gong(&mut scene, population);
    let mut list = "Call ID,Subject,Transcript\n".to_owned();
    for (number, call) in calls.iter().enumerate() {
        writeln!(list, "{},Our name for {number},{number}.vtt", call.id).unwrap();
        scene.write(&format!("files/northwind/{number}.vtt"), &zoom(number));
    }
    scene.write("files/northwind/calls.csv", &list);
    let by_file = "customer: Northwind\nplatform: gong\nmethod: file\nestimated_calls: 3\nurgency: deal\n\
        requested_completion: 2030-12-31\nfiles: [\"files/northwind/*\"]\n";
    scene.write("by-hand.yaml", by_file);
    scene.run("by hand").await;
    let count = |sql: &str| record::value(&scene.database(), sql);
    assert_eq!(
        count("SELECT count(*)::VARCHAR FROM calls WHERE title LIKE 'Our name%'"),
        "3"
    );
    assert_eq!(running.gong().log().len(), 0);

    scene.request(
        "northwind",
        "Northwind",
        "period: {from: 2026-09-01, to: 2026-10-31}\n",
    );
    scene.remove("by-hand.yaml");
    scene.run("by API").await;
    let count = |sql: &str| record::value(&scene.database(), sql);
    assert_eq!(count("SELECT count(*)::VARCHAR FROM calls"), "12");
    // What the platform tells is better than what somebody wrote into a list.
    assert_eq!(
        count("SELECT count(*)::VARCHAR FROM calls WHERE title LIKE 'Our name%'"),
        "0"
    );
    let twice = "SELECT count(*)::VARCHAR FROM (SELECT external_id FROM transcripts GROUP BY ALL HAVING count(*) > 1)";
    assert_eq!(count(twice), "0");

    // And the other way round: what comes by hand afterwards makes no second row.
    scene.write("by-hand.yaml", by_file);
    scene.run("by hand again").await;
    let count = |sql: &str| record::value(&scene.database(), sql);
    assert_eq!(count("SELECT count(*)::VARCHAR FROM calls"), "12");
}

#[test]
fn our_own_export_comes_back_unchanged() {
    let desk = Desk::new(&[]);
    let packer = {
        let mut packer = Packer::new(&desk);
        for layout in 0..6 {
            let call = packer.next();
            packer.spoken(&format!("{call}.txt"), text(layout, call), 3);
        }
        packer.spoken("teams.vtt", teams(9), 2);
        packer.put("teams.wav", wav(9, 1_000));
        packer
    };
    desk.put(
        "calls.csv",
        "Call ID,Subject,Call Date,Duration (min),Attendees,Transcript,Language,Direction\n\
         nw-1,\"Kick-off, \"\"final\"\"\",2026-03-31T15:00:00Z,31,Bo Lind <bo@northwind.example>; Zoë,1.txt,de,inbound\n\
         nw-2,Listed,2026-04-01,5,,,,\n",
    );
    desk.request(
        "other",
        &format!("{EVERYTHING}\noptions: {{timezone: UTC}}"),
    );
    desk.night(0);
    let calls = packer.expected.calls + 1;
    assert_eq!(desk.count("calls"), calls);
    let before = record::dump(&desk.database());
    let out = desk.folder.path().join("out");
    let exported = desk
        .command(&["export", "--format", "jsonl"])
        .arg(&out)
        .output()
        .unwrap();
    assert!(exported.status.success(), "{:?}", support::text(&exported));
    let lines = fs::read(out.join("other/northwind/calls.jsonl")).unwrap();

    fs::remove_dir_all(desk.requests().join("files")).unwrap();
    desk.put("calls.jsonl", lines);
    desk.request("other", "files: [files/northwind/calls.jsonl]");
    desk.night(0);
    assert_eq!(
        desk.tally(),
        format!(
            "found {calls} = imported 0 + changed 0 + unchanged {calls} + duplicate 0 + skipped 0 + failed 0"
        )
    );
    let after = record::dump(&desk.database());
    for table in ["calls", "transcripts", "transcript_segments", "media"] {
        assert_eq!(after[table], before[table], "{table}");
    }
}

#[test]
fn nights_in_which_nothing_is_to_be_read_end() {
    // Rows alone, more than a page of them.
    let desk = Desk::new(&[]);
    let mut list = "Call ID,Subject,Attendees\n".to_owned();
    for call in 0..250 {
        writeln!(list, "nw-{call},Call {call},Bo Lind").unwrap();
    }
    desk.put("calls.csv", list);
    desk.request("other", EVERYTHING);
    desk.night(0);
    assert_eq!(desk.count("calls"), 250);

    // And files of which none makes a call.
    let desk = Desk::new(&[]);
    desk.put("1.pdf", b"%PDF-1.7\n");
    desk.put("2.vtt", b"");
    desk.request("other", EVERYTHING);
    desk.night(1);
    insta::assert_snapshot!(desk.standing());
    assert_eq!(
        desk.tally(),
        "found 2 = imported 0 + changed 0 + unchanged 0 + duplicate 0 + skipped 0 + failed 2"
    );
}
