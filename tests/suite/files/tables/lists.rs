//! Lists of calls as text.

use call_import_engine::{
    files::{self, Options},
    model::{CallKind, Direction, DurationSource, TranscriptContent},
};

use super::{codes, failure, list, list_with, one, options, person, render, start};

#[test]
fn a_list_as_excel_saves_it_is_read() {
    let text = "sep=;\r\nCalls of Northwind;;;;;;\r\n\r\n\
        Call ID;Subject;Call Date;Duration (min);Attendees;Owner;CRM stage\r\n\
        0017;Kick-off;31.03.2026 15:00;31;Bo Lind <bo@Northwind.example>, Zoë Söderberg (zoe@northwind.example);ines@oursidelta.example;won\r\n\
        0018;\"Renewal; \"\"final\"\" call\";02.04.2026 9:05;1,5;\"Bo Lind\nInes Duarte\";Ines Duarte;\r\n\
        0019;Cut;02.13.2026 9:05;7;;;\r\n\
        ;;;;;;\r\n";
    let bytes: Vec<u8> = text
        .chars()
        .map(|c| u8::try_from(u32::from(c)).unwrap())
        .collect();
    let options = options("{timezone: Europe/Madrid, date_format: day_first}");
    let table = files::table("calls.csv", &bytes, &options).unwrap();
    assert_eq!(table.layout, "windows-1252, separated by semicolon");
    insta::assert_snapshot!(render(&files::call_list(&table, &options).unwrap()));
}

#[test]
fn separators_are_found_by_the_headings_and_the_rows() {
    for (text, layout) in [
        ("id,title\n1,a;b\n2,c;d\n", "comma"),
        ("id;title\n1;a,b\n2;c,d\n", "semicolon"),
        ("id\ttitle\n1\ta,b\n", "tab"),
        ("id|title\n1|a,b\n", "vertical bar"),
        ("\"id;1\",title,x\n1,2,3\n", "comma"),
        ("sep=^\nid^title\n1^2\n", "`^`"),
        ("\"sep=;\"\nid;title\n1;2\n", "semicolon"),
        ("\u{feff}id,title\n1,2\n", "comma"),
        ("unknown;words\n1;2\n", "semicolon"),
    ] {
        let table = super::table(text);
        assert_eq!(
            table.layout,
            format!("UTF-8, separated by {layout}"),
            "{text}"
        );
        assert_eq!(
            table.headings.len(),
            if text.contains(",x\n") { 3 } else { 2 },
            "{text}"
        );
    }
}

#[test]
fn utf_16_with_tabs_is_read() {
    let text = "Call ID\tTitle\r\n1\tZoë\r\n";
    for (mark, little) in [(true, true), (false, true), (true, false), (false, false)] {
        let units = mark
            .then_some(0xfeff)
            .into_iter()
            .chain(text.encode_utf16());
        let bytes: Vec<u8> = units
            .flat_map(|unit| {
                if little {
                    unit.to_le_bytes()
                } else {
                    unit.to_be_bytes()
                }
            })
            .collect();
        let table = files::table("calls.txt", &bytes, &Options::default()).unwrap();
        assert_eq!(table.headings, ["Call ID", "Title"]);
        assert_eq!(table.rows[0].cells, ["1", "Zoë"]);
        assert_eq!(table.rows[0].line, 2);
    }
}

#[test]
fn lines_are_those_of_the_file() {
    for end in ["\n", "\r\n", "\r"] {
        let text = [
            "", "id,title", "", "1,\"two", "lines\"", "", "   ", "2,x", "3,\"a", "", "b\"",
        ]
        .join(end);
        let table = super::table(&text);
        assert_eq!(table.heading_line, 2);
        let rows: Vec<_> = table
            .rows
            .iter()
            .map(|row| (row.line, row.cells[1].as_str()))
            .collect();
        assert_eq!(rows, [(4, "two\nlines"), (8, "x"), (9, "a\n\nb")]);
    }
}

#[test]
fn uneven_rows_lose_nothing() {
    let list = list("id,title,host\n1,a\n2,b,Bo,,\n3,c,Bo,x\n4,5\" screen,Bo\n");
    let titles: Vec<_> = list
        .calls
        .iter()
        .map(|listed| listed.call.title.as_deref().unwrap())
        .collect();
    assert_eq!(titles, ["a", "b", "5\" screen"]);
    let failed = &list.failures[0];
    let problem = &failed.problem;
    assert_eq!(
        (problem.code, problem.line, problem.column),
        ("too-many-cells", Some(4), Some(4))
    );
    assert_eq!(problem.value.as_deref(), Some("x"));
    let original: Vec<_> = failed
        .original
        .iter()
        .map(|(heading, cell)| (&**heading, &**cell))
        .collect();
    assert_eq!(
        original,
        [("id", "3"), ("title", "c"), ("host", "Bo"), ("", "x")]
    );
    assert!(codes(&list.notices).contains(&("short-row", 2)));
}

#[test]
fn an_open_quotation_mark_swallows_nothing() {
    let problem = files::table(
        "calls.csv",
        b"id,title\n1,a\n2,\"b\n3,c\n",
        &Options::default(),
    )
    .unwrap_err();
    assert_eq!(
        (problem.code, problem.line),
        ("open-quotation-mark", Some(3))
    );
    assert_eq!(super::table("id,title\n1,\"b\"").rows.len(), 1);
}

#[test]
fn headings_stand_among_the_first_ten_lines() {
    let list = list(
        "Export of calls\nfrom,Anna\n\nNo.,Call date,Topic,No\u{301}te\n7,2026-03-02T15:00Z,Kick-off,x\n",
    );
    assert_eq!(list.calls[0].call.title.as_deref(), Some("Kick-off"));
    assert_eq!(list.calls[0].line, 5);
    assert_eq!(
        list.notices[0].message,
        "A line above the headings was skipped, because it names no columns (2 times: lines 1, 2)."
    );
}

#[test]
fn headings_are_known_whatever_their_form() {
    let list = list(
        "CALL_ID,Mééting-Name,Date / Time,Call Duration (sec),Assigned To,in-bound/outbound\n7,x,2026-03-02T15:00Z,90,Bo,in\n",
    );
    let columns: Vec<_> = list
        .columns
        .iter()
        .map(|(column, _)| format!("{column:?}"))
        .collect();
    assert_eq!(
        columns,
        [
            "ExternalId",
            "Title",
            "StartedAt",
            "Duration",
            "Host",
            "Direction"
        ]
    );
}

#[test]
fn headings_that_leave_a_doubt_are_named() {
    let text = "Date,Start,Topic,E-Mail,E-Mail\n2026-03-02,x,y,z,z\n";
    for (columns, code) in [
        ("{}", "two-headings"),
        ("{started_at: Begin}", "unknown-heading"),
        ("{started_at: Date, participants: E-Mail}", "two-headings"),
    ] {
        let problem = list_with(text, &options(&format!("columns: {columns}"))).unwrap_err();
        assert_eq!((problem.code, problem.line), (code, Some(1)), "{columns}");
        assert!(
            problem
                .message
                .contains("`Date`, `Start`, `Topic`, `E-Mail`"),
            "{problem}"
        );
    }
    let problem = list_with("title,who\nx,y\n", &Options::default()).unwrap_err();
    assert_eq!(
        problem.to_string(),
        "No heading of the list says which column holds the start, the id or the file of a call. It has: `title`, `who`. Name the columns with `options: {columns: {started_at: \"Call Date\"}}`, with the headings as they stand in the list."
    );
    let problem = list_with(text, &Options::default()).unwrap_err();
    assert_eq!(
        problem.help,
        "Say which one is right, for example `options: {columns: {started_at: \"Start\"}}`."
    );
    let list = list_with(text, &options("columns: {started_at: date, title: Topic}")).unwrap();
    assert_eq!(start(&list.calls[0]), "2026-03-02T00:00:00Z day");
    // Our own word for a column is no guess; text is for the transcripts of the same request.
    let list = list_with(
        "started_at,Date\n2026-03-02,x\n",
        &options("columns: {text: Words}"),
    )
    .unwrap();
    assert_eq!(list.columns.len(), 1);
}

#[test]
fn dates_are_read_in_every_form() {
    let options = options("timezone: Europe/Madrid");
    for (written, expected) in [
        ("2026-03-02T15:00:12Z", "2026-03-02T15:00:12Z exact"),
        (
            "2026-03-02T15:00:12.345+01:00",
            "2026-03-02T14:00:12.345Z exact",
        ),
        (
            "2026-03-02T15:00[America/New_York]",
            "2026-03-02T20:00:00Z minute",
        ),
        ("20260302T150012Z", "2026-03-02T15:00:12Z exact"),
        ("2026-03-02 15:00", "2026-03-02T14:00:00Z minute"),
        ("2026-03-02 15:00:00 +0100", "2026-03-02T14:00:00Z exact"),
        ("2026-03-02 15:00:00 UTC", "2026-03-02T15:00:00Z exact"),
        ("2026-03-02", "2026-03-02T00:00:00Z day"),
        ("20260302", "2026-03-02T00:00:00Z day"),
        ("2026/03/02 3:00 PM", "2026-03-02T14:00:00Z minute"),
        ("31/03/2026 15:00", "2026-03-31T13:00:00Z minute"),
        ("02/03/2026, 12:30 a.m.", "2026-03-01T23:30:00Z minute"),
        ("2.3.2026 15.00", "failed"),
        ("2.3.26", "2026-03-02T00:00:00Z day"),
        ("2 Mar 2026", "2026-03-02T00:00:00Z day"),
        ("2-Mar-26 15:00", "2026-03-02T14:00:00Z minute"),
        ("March 2nd, 2026 at 3 PM", "2026-03-02T14:00:00Z minute"),
        (
            "Mon, 2 Mar 2026 15:00:12 +0000 (UTC)",
            "2026-03-02T15:00:12Z exact",
        ),
        (
            "Monday, March 2, 2026 3:00 PM GMT+2",
            "2026-03-02T13:00:00Z minute",
        ),
        (
            "2026-03-02 15:00 Europe/London",
            "2026-03-02T15:00:00Z minute",
        ),
        ("2026-07-02 15:00 CEST", "2026-07-02T13:00:00Z minute"),
        ("2026-07-02 15:00 EST", "failed"),
        ("46083.625", "2026-03-02T14:00:00Z minute"),
        ("46083,6251388889", "2026-03-02T14:00:12Z exact"),
        ("46083", "2026-03-02T00:00:00Z day"),
        ("1772463612", "2026-03-02T15:00:12Z exact"),
        ("1772463612345", "2026-03-02T15:00:12.345Z exact"),
        ("n/a", " unknown"),
        ("", " unknown"),
        ("soon", "failed"),
        ("15:00", "failed"),
        ("30 Feb 2026", "failed"),
        ("12/31/2026", "failed"),
        ("0002-03-02", "failed"),
        ("2026-03-02T25:00", "failed"),
    ] {
        let text = format!("id;start\n1;\"{written}\"\n2;31/12/2026\n");
        let list = list_with(&text, &options);
        let found = match &list {
            Ok(list) if list.calls.len() == 2 => start(&list.calls[0]),
            Ok(_) => "failed".to_owned(),
            Err(problem) => problem.code.to_owned(),
        };
        let expected = if written == "12/31/2026" {
            "mixed-dates"
        } else {
            expected
        };
        assert_eq!(found, expected, "{written}");
    }
}

#[test]
fn the_order_of_a_date_is_decided_for_the_column_or_asked() {
    let starts = |dates: &str, yaml: &str| {
        let list = list_with(&format!("start\n{dates}\n"), &options(yaml))?;
        Ok::<_, files::FileProblem>(list.calls.iter().map(start).collect::<Vec<_>>())
    };
    assert_eq!(
        starts("03/04/2026\n13/04/2026", "{}").unwrap(),
        ["2026-04-03T00:00:00Z day", "2026-04-13T00:00:00Z day"]
    );
    assert_eq!(
        starts("03/04/2026\n04/13/2026", "{}").unwrap(),
        ["2026-03-04T00:00:00Z day", "2026-04-13T00:00:00Z day"]
    );
    assert_eq!(
        starts("04/04/2026", "{}").unwrap(),
        ["2026-04-04T00:00:00Z day"]
    );
    assert_eq!(
        starts("03/04/2026", "date_format: month_first").unwrap(),
        ["2026-03-04T00:00:00Z day"]
    );
    let problem = starts("04/04/2026\n03/04/2026", "{}").unwrap_err();
    assert_eq!(
        (problem.code, problem.line, problem.column),
        ("ambiguous-dates", Some(3), Some(1))
    );
    assert!(problem.help.contains("`options: {date_format: day_first}`"));
    let problem = starts("13/04/2026\n04/13/2026", "{}").unwrap_err();
    assert_eq!(
        problem.message,
        "Some dates of the list have the day first (line 2), others the month (line 3)."
    );
    // With the order given, only the row fails.
    let list = list_with(
        "start\n13/04/2026\n04/13/2026\n",
        &options("date_format: day_first"),
    )
    .unwrap();
    assert_eq!((list.calls.len(), list.failures.len()), (1, 1));
    assert_eq!(
        list.failures[0].problem.value.as_deref(),
        Some("04/13/2026")
    );
}

#[test]
fn a_time_without_a_zone_asks_for_one() {
    let problem = list_with(
        "start\n2026-03-02T15:00Z\n2026-03-02 15:00\n",
        &Options::default(),
    )
    .unwrap_err();
    assert_eq!((problem.code, problem.line), ("no-time-zone", Some(3)));
    assert!(
        problem
            .help
            .contains("`options: {timezone: Europe/Madrid}`")
    );
    let list = list("start\n2026-03-02T15:00Z\n2026-03-02\n");
    assert_eq!(list.calls.len(), 2);
    assert!(codes(&list.notices).contains(&("day-only", 3)));
}

#[test]
fn clocks_that_are_set_are_told() {
    let list = list_with(
        "id,start\n1,2026-03-29 02:30\n2,2026-10-25 02:30\n3,2026-10-25 02:30 CET\n4,1999-01-01 12:00\n5,2.3.26 12:00\n",
        &options("{timezone: Europe/Madrid, date_format: day_first}"),
    )
    .unwrap();
    let starts: Vec<_> = list.calls.iter().map(start).collect();
    assert_eq!(
        starts,
        [
            "2026-03-29T01:30:00Z minute",
            "2026-10-25T00:30:00Z minute",
            "2026-10-25T01:30:00Z minute",
            "1999-01-01T11:00:00Z minute",
            "2026-03-02T11:00:00Z minute",
        ]
    );
    let told = codes(&list.notices);
    for code in [
        ("clock-gap", 2),
        ("clock-fold", 3),
        ("before-2000", 5),
        ("short-year", 6),
    ] {
        assert!(told.contains(&code), "{told:?}");
    }
}

#[test]
fn lengths_are_read_in_every_form() {
    use DurationSource::{PlatformMin, PlatformMs, PlatformS};
    for (heading, written, expected) in [
        ("duration", "1:02:03", Some((3_723_000, PlatformS))),
        ("duration", "31:05", Some((1_865_000, PlatformS))),
        ("duration", "0:31:05.250", Some((1_865_250, PlatformMs))),
        ("duration", "31 min", Some((1_860_000, PlatformMin))),
        ("duration", "31 Minutes", Some((1_860_000, PlatformMin))),
        ("duration", "1h 02m 03s", Some((3_723_000, PlatformS))),
        (
            "duration",
            "1 hour and 5 mins.",
            Some((3_900_000, PlatformMin)),
        ),
        ("duration", "1.5 hours", Some((5_400_000, PlatformMin))),
        ("duration", "PT31M", Some((1_860_000, PlatformMin))),
        ("duration", "PT1H2M3.5S", Some((3_723_500, PlatformMs))),
        ("duration", "P0DT31M", Some((1_860_000, PlatformMin))),
        ("duration", "0", Some((0, PlatformS))),
        ("Duration (sec)", "1860", Some((1_860_000, PlatformS))),
        (
            "Duration (minutes)",
            "\"31,5\"",
            Some((1_890_000, PlatformMin)),
        ),
        ("length_in_seconds", "6.2", Some((6_200, PlatformS))),
        ("durationMs", "1865250", Some((1_865_250, PlatformMs))),
        (
            "Call Duration (h:mm)",
            "1:30",
            Some((5_400_000, PlatformMin)),
        ),
        (
            "Duration (hh:mm:ss)",
            "01:30:00",
            Some((5_400_000, PlatformS)),
        ),
        ("duration", "-", None),
        ("duration", "", None),
    ] {
        let call = one(&format!("id,{heading}"), &format!("1,{written}")).call;
        let found = call.duration_ms.map(|ms| (ms, call.duration_source));
        assert_eq!(found, expected, "{heading}: {written}");
    }
    for written in [
        "-5 min",
        "-0:05",
        "long",
        "\"1,234 min\"x",
        "99999999999999999999:00:00",
    ] {
        let problem = failure("id,duration", &format!("1,{written}"));
        assert_eq!(
            (problem.code, problem.column),
            ("not-a-length", Some(2)),
            "{written}"
        );
    }
    assert_eq!(
        failure("id,duration (s)", "1,\"1,234\"").code,
        "not-a-length"
    );
}

#[test]
fn plain_numbers_need_a_unit() {
    let text = "id,duration\n1,0:31:00\n2,31\n";
    let problem = list_with(text, &Options::default()).unwrap_err();
    assert_eq!(
        (problem.code, problem.line, problem.column),
        ("no-unit", Some(3), Some(2))
    );
    assert!(problem.help.contains("`options: {duration_unit: minutes}`"));
    for (unit, expected) in [
        ("minutes", 1_860_000),
        ("seconds", 31_000),
        ("milliseconds", 31),
        ("hours", 111_600_000),
    ] {
        let list = list_with(text, &options(&format!("duration_unit: {unit}"))).unwrap();
        assert_eq!(list.calls[1].call.duration_ms, Some(expected), "{unit}");
    }
}

#[test]
fn people_are_read_in_every_form() {
    for (cell, expected) in [
        (
            "Bo Lind <bo@Northwind.Example>; Ines Duarte (ines@oursidelta.example)",
            "Bo Lind / bo@northwind.example / attendee; Ines Duarte / ines@oursidelta.example / attendee",
        ),
        (
            "bo@northwind.example, ines@oursidelta.example,",
            "bo@northwind.example / attendee; ines@oursidelta.example / attendee",
        ),
        (
            "Bo Lind|Ines Duarte",
            "Bo Lind / attendee; Ines Duarte / attendee",
        ),
        (
            "\"\"Lind, Bo\"\" <bo@northwind.example>, Ines Duarte",
            "Lind, Bo / bo@northwind.example / attendee; Ines Duarte / attendee",
        ),
        (
            "Lind, Bo <bo@northwind.example>; Duarte, Ines",
            "Lind, Bo / bo@northwind.example / attendee; Duarte, Ines / attendee",
        ),
        (
            "Bo Lind (Northwind, Inc.), Ines",
            "Bo Lind (Northwind, Inc.) / attendee; Ines / attendee",
        ),
        (
            "bo@northwind.example <bo@northwind.example>",
            "bo@northwind.example / attendee",
        ),
        (
            "Bo <bo@northwind.example>; B. Lind <BO@northwind.example>",
            "Bo / bo@northwind.example / attendee",
        ),
        (
            "Bo Lind bo@northwind.example; mailto:ines@oursidelta.example",
            "Bo Lind / bo@northwind.example / attendee; ines@oursidelta.example / attendee",
        ),
        (
            "+34 600 000 000; <bo@northwind.example>",
            "+34 600 000 000 / attendee; bo@northwind.example / attendee",
        ),
        ("n/a", ""),
        (" ; ,", ""),
    ] {
        let call = one("id,participants", &format!("1,\"{cell}\"")).call;
        let people: Vec<_> = call.participants.iter().map(person).collect();
        assert_eq!(people.join("; "), expected, "{cell}");
    }
    let doubtful = list("id,people\n1,\"Lind, Bo\"\n");
    assert!(codes(&doubtful.notices).contains(&("commas-in-names", 2)));
}

#[test]
fn a_host_joins_the_others() {
    for (host, people, name, expected) in [
        (
            "Ines Duarte",
            "Bo Lind",
            Some("Ines Duarte"),
            "Ines Duarte / host; Bo Lind / attendee",
        ),
        (
            "ines@oursidelta.example",
            "Bo Lind; Ines Duarte <Ines@oursidelta.example>",
            Some("ines@oursidelta.example"),
            "Bo Lind / attendee; Ines Duarte / Ines@oursidelta.example / host",
        ),
        (
            "Ines Duarte",
            "Ines Duarte <ines@oursidelta.example>",
            Some("Ines Duarte"),
            "Ines Duarte / ines@oursidelta.example / host",
        ),
        (
            "Bo",
            "Bo <a@x.example>; Bo <b@x.example>",
            Some("Bo"),
            "Bo / host; Bo / a@x.example / attendee; Bo / b@x.example / attendee",
        ),
        (
            "Duarte, Ines",
            "",
            Some("Duarte, Ines"),
            "Duarte, Ines / host",
        ),
        (
            "48151623",
            "Bo Lind",
            Some("48151623"),
            "Bo Lind / attendee",
        ),
        ("", "Bo Lind", None, "Bo Lind / attendee"),
    ] {
        let call = one(
            "id,host,participants",
            &format!("1,\"{host}\",\"{people}\""),
        )
        .call;
        let people: Vec<_> = call.participants.iter().map(person).collect();
        assert_eq!(
            (call.host.as_deref(), &*people.join("; ")),
            (name, expected),
            "{host}"
        );
    }
}

#[test]
fn damaged_cells_fail_their_row_alone() {
    for (headings, row, code, column) in [
        ("id,title", "1.23457E+17,x", "damaged-id", 1),
        ("id,title", "\"1,2E+17\",x", "damaged-id", 1),
        ("title,id", "x,1.2E+17", "damaged-id", 2),
        ("id,title", "1,#REF!", "spreadsheet-error", 2),
        ("id,start", "1,########", "spreadsheet-error", 2),
        ("id,host", "1,=VLOOKUP(A1;B:C;2)", "formula", 2),
        ("id,start", "1,tomorrow", "not-a-date", 2),
    ] {
        let list = list(&format!("{headings}\n{row}\n"));
        let problem = &list.failures[0].problem;
        assert_eq!(
            (problem.code, problem.line, problem.column),
            (code, Some(2), Some(column)),
            "{row}"
        );
        assert!(problem.value.is_some() && list.calls.is_empty(), "{row}");
    }
    for id in [
        "1E5",
        "12e4",
        "E+17",
        "1.2.3E+17",
        "+4",
        "=\"0017\"",
        "123E+",
    ] {
        let call = one("id,title", &format!("{id},=== Kick-off ===")).call;
        assert_eq!(
            call.external_id,
            id.trim_start_matches("=\"").trim_end_matches('"')
        );
    }
    let list = list("id\n123457000000000000\n123457000000000001\n");
    assert_eq!(codes(&list.notices)[0], ("id-ends-in-zeros", 2));
    assert_eq!(list.calls.len(), 2);
}

#[test]
fn a_cell_of_the_length_at_which_excel_cuts_is_told() {
    for (length, told) in [(32_766, false), (32_767, true), (32_768, false)] {
        let list = list(&format!("id,title\n1,{}ë\n", "x".repeat(length - 1)));
        let found = list
            .notices
            .iter()
            .find(|notice| notice.code == "cell-may-be-cut");
        assert_eq!(
            found.map(|notice| (notice.line, notice.column)),
            told.then_some((2, 2)),
            "{length}"
        );
    }
}

#[test]
fn words_become_what_the_record_holds() {
    for (cell, kind, direction) in [
        ("Inbound", CallKind::Unknown, Some(Direction::Inbound)),
        ("OUTGOING", CallKind::Unknown, Some(Direction::Outbound)),
        ("conference", CallKind::Unknown, Some(Direction::Conference)),
        ("Video Call", CallKind::Meeting, None),
        ("voicemail", CallKind::Voicemail, None),
        ("sideways", CallKind::Unknown, None),
    ] {
        let call = one("id,type", &format!("1,{cell}")).call;
        assert_eq!((call.kind, call.direction), (kind, direction), "{cell}");
    }
    for (cell, tag) in [
        ("en", Some("en")),
        ("en_us", Some("en-US")),
        ("ENG", Some("en")),
        ("zh-hans-cn", Some("zh-Hans-CN")),
        ("es-419", Some("es-419")),
        ("English (US)", Some("en-US")),
        ("german", Some("de")),
        ("Portuguese (Brazil)", Some("pt")),
        ("klingonish", None),
        ("xx", None),
    ] {
        assert_eq!(
            one("id,language", &format!("1,{cell}"))
                .call
                .language
                .as_deref(),
            tag,
            "{cell}"
        );
    }
    let list = list("id,language,type,url\n1,xx,sideways,ftp://x.example/\n");
    let told = codes(&list.notices);
    for code in ["unknown-language", "unknown-direction", "no-link"] {
        assert!(told.contains(&(code, 2)), "{told:?}");
    }
}

#[test]
fn links_that_let_anybody_in_are_cut() {
    for (cell, expected) in [
        (
            "https://calls.example/c/1?view=full#t=3",
            Some("https://calls.example/c/1?view=full#t=3"),
        ),
        (
            "HTTPS://calls.example/c/1?a=1&X-Amz-Signature=s&X-Amz-Expires=9",
            Some("https://calls.example/c/1?a=1"),
        ),
        (
            "https://u:p@calls.example/c?pwd=1#access_token=x",
            Some("https://calls.example/c"),
        ),
        ("http://calls.example", Some("http://calls.example")),
        ("javascript:alert(1)", None),
        ("https://", None),
        ("calls.example/c/1", None),
        ("https://calls.example/a b", None),
    ] {
        let call = one("id,url,other", &format!("1,\"{cell}\",\"{cell}\"")).call;
        assert_eq!(call.source_url.as_deref(), expected, "{cell}");
        assert!(!call.raw.unwrap().contains("Signature"));
    }
}

#[test]
fn what_is_worth_a_look_is_told() {
    let list = list(
        "id,title,start,duration,participants\n1,a,2026-03-02T15:00Z,0,Bo Lind\n2,a,2026-03-02T15:00Z,25:00:00,Bo Lind\n2,b,,31:00,\n",
    );
    let told = codes(&list.notices);
    for code in [
        ("no-length", 2),
        ("same-call", 3),
        ("long-call", 3),
        ("same-id", 4),
        ("two-part-length", 4),
        ("nobody-named", 4),
    ] {
        assert!(told.contains(&code), "{code:?} in {told:?}");
    }
    assert_eq!(list.calls.len(), 3);
}

#[test]
fn a_transcript_in_a_cell_is_read() {
    let said = "WEBVTT\n\n00:01.000 --> 00:02.000\n<v Bo Lind>Hello, \"\"all\"\".\n";
    let list = list(&format!(
        "id,transcript\n1,\"{said}\"\n2,\n3,\"no transcript\nat all\"\n"
    ));
    let TranscriptContent::Here(transcript) = &list.calls[0].call.transcript else {
        panic!("there is a transcript");
    };
    assert_eq!(transcript.source, "file:csv");
    assert_eq!(transcript.segments[0].text, "Hello, \"all\".");
    assert_eq!(list.calls[0].call.raw.as_deref(), Some("{\"id\":\"1\"}"));
    assert_eq!(list.calls[0].transcript_file, None);
    assert_eq!(list.calls[1].call.transcript, TranscriptContent::Absent);
    // Short cells are names of files.
    let call = one("id,transcript", "1,kick-off.vtt");
    assert_eq!(call.transcript_file.as_deref(), Some("kick-off.vtt"));
}

#[test]
fn what_is_no_table_is_refused() {
    for (bytes, code) in [
        (&b""[..], "empty-file"),
        (b"\n \n\t\n", "empty-file"),
        (b",,,\n,,,\n", "empty-file"),
        (b"%PDF-1.7", "not-a-transcript"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "not-a-transcript"),
        (b"PK\x03\x04nothing", "damaged-workbook"),
    ] {
        let problem = files::table("calls.csv", bytes, &Options::default()).unwrap_err();
        assert_eq!(problem.code, code);
    }
}

#[test]
fn limits_are_told() {
    let rows = |count: usize| format!("id\n{}", "1\n".repeat(count));
    assert_eq!(super::table(&rows(200_000)).rows.len(), 200_000);
    for (text, expected) in [
        (rows(200_001), "The list has more than 200000 rows."),
        (
            format!("id,title\n{}", ",".repeat(2_000_001)),
            "The list has more than 2000000 cells.",
        ),
        (
            format!("id,title\n1,{}\n", "x".repeat(1_000_001)),
            "A cell holds more than 1000000 bytes of text, which is the most that is read.",
        ),
    ] {
        let problem = files::table("calls.csv", text.as_bytes(), &Options::default()).unwrap_err();
        assert_eq!(problem.message, expected);
    }
}
