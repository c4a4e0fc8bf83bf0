//! What we write, and read again.

use call_import_engine::{
    files::{self, CallList, Options, TableKind},
    model::FileFailure,
};

use super::{list, render};

pub(super) fn failures(list: &CallList) -> Vec<FileFailure> {
    let counted = |number: Option<usize>| number.map(|number| i64::try_from(number).unwrap());
    let failures = list.failures.iter().cloned();
    failures
        .map(|failure| FileFailure {
            file: "files/calls.csv".to_owned(),
            line: counted(failure.problem.line),
            column: counted(failure.problem.column),
            code: failure.problem.code.to_owned(),
            value: failure.problem.value,
            message: failure.problem.message,
            help: failure.problem.help,
            original: failure.original,
        })
        .collect()
}

/// A failure of `calls.csv`, of a row with these cells or of the whole file.
pub(super) fn failure(file: &str, cells: &[(&str, &str)]) -> FileFailure {
    FileFailure {
        file: file.to_owned(),
        line: (!cells.is_empty()).then_some(3),
        column: Some(2),
        code: "formula".to_owned(),
        value: Some("\t-x".to_owned()),
        message: "@message".to_owned(),
        help: "=help".to_owned(),
        original: cells
            .iter()
            .map(|(heading, cell)| ((*heading).into(), (*cell).into()))
            .collect(),
    }
}

fn read(bytes: &[u8]) -> CallList {
    let options = Options::default();
    files::call_list(
        &files::table("failures.csv", bytes, &options).unwrap(),
        &options,
    )
    .unwrap()
}

#[test]
fn failures_are_written_corrected_and_read_as_the_list_they_were() {
    let good = "id,title,start,Phone,note\n-7,\"@1 \"\"x\"\", y\",2026-03-02T15:00Z,+34 600,'=home\n8,b,2026-03-03T15:00Z,,\n9,c,2026-03-03T16:00Z,'''-,\n";
    let bad = good.replace("T15:00Z", "Tx");
    let expected = list(good);
    let first = list(&bad);
    assert_eq!((first.calls.len(), first.failures.len()), (1, 2));
    let written = files::failures_csv(&failures(&first)).remove(0);
    assert!(written.starts_with(
        b"\xef\xbb\xbffile,line,column,code,value,message,what to do,id,title,start,Phone,note\r\n"
    ));
    insta::assert_snapshot!(
        String::from_utf8(written.clone())
            .unwrap()
            .replace('\r', "")
    );

    // As it is, it fails again in the same way, and what is written then is the same but for the lines.
    let second = read(&written);
    assert_eq!((second.calls.len(), second.failures.len()), (0, 2));
    assert_eq!(second.failures[0].problem.column, Some(10));
    assert_eq!(second.failures[0].original, first.failures[0].original);

    let corrected = String::from_utf8(written)
        .unwrap()
        .replace("-02Tx,", "-02T15:00Z,")
        .replace("-03Tx,", "-03T15:00Z,");
    let third = read(corrected.as_bytes());
    assert_eq!(third.failures, []);
    for (read, wanted) in third.calls.iter().zip(&expected.calls) {
        assert_eq!(
            (&read.call, &read.original),
            (&wanted.call, &wanted.original)
        );
    }
    assert_eq!(third.calls.len(), 2);
}

#[test]
fn only_all_seven_columns_in_front_make_a_list_of_failures() {
    let list = list("file,line,column,code,value,message,id\nkick-off.vtt,1,2,3,4,5,6\n");
    assert_eq!(
        list.calls[0].transcript_file.as_deref(),
        Some("kick-off.vtt")
    );
    assert_eq!(list.calls[0].call.external_id, "6");
}

#[test]
fn lists_with_different_headings_get_a_table_each() {
    let rows = [
        failure("c.jsonl", &[]),
        failure("a.csv", &[("id", "1"), ("Email", "x"), ("Email", "y")]),
        failure("=b.csv", &[("Email", "z"), ("+start", "2026")]),
        failure("a2.csv", &[("id", "2"), ("Email", ""), ("Email", "z")]),
        failure("d.vtt", &[]),
        failure(
            "a3.csv",
            &[
                ("id", "3"),
                ("Email", ""),
                ("Email", "z"),
                ("", "one cell more"),
            ],
        ),
    ];
    let tables = files::failures_csv(&rows).into_iter();
    let tables: Vec<_> = tables
        .map(|table| String::from_utf8(table).unwrap().replace('\r', ""))
        .collect();
    insta::assert_snapshot!(tables.join("----\n"));
    assert!(files::failures_csv(&[]).is_empty());
}

#[test]
fn a_table_of_failures_tells_whose_rows_it_corrects() {
    let rows = [
        failure("=files/calls.csv", &[("id", "1"), ("start", "2026-03-02")]),
        failure("files/a.vtt", &[]),
    ];
    let written = files::failures_csv(&rows).remove(0);
    let read = read(&written);
    let corrects: Vec<_> = read.corrects.into_iter().collect();
    assert_eq!(corrects, [(2, ("=files/calls.csv".to_owned(), 3))]);
    assert_eq!(read.calls.len(), 1);

    let only_files = files::failures_csv(&rows[1..]).remove(0);
    let table = files::table("f.csv", &only_files, &Options::default()).unwrap();
    assert!(table.names_files_only());
}

#[test]
fn the_template_reads_without_a_doubt() {
    let template = files::template_csv();
    let table = files::table("template.csv", &template, &Options::default()).unwrap();
    assert_eq!(
        files::table_kind(&table, &Options::default()),
        TableKind::Calls
    );
    let list = files::call_list(&table, &Options::default()).unwrap();
    assert_eq!(
        (list.calls.len(), &list.failures[..], &list.notices[..]),
        (2, &[][..], &[][..])
    );
    insta::assert_snapshot!(render(&list));
}
