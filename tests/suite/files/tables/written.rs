//! What we write, and read again.

use call_import_engine::files::{self, CallList, FileProblem, Options, RowFailure, TableKind};

use super::{list, render};

fn failures(list: &CallList) -> Vec<(String, RowFailure)> {
    let failures = list.failures.iter().cloned();
    failures
        .map(|failure| ("files/calls.csv".to_owned(), failure))
        .collect()
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
    let written = files::failures_csv(&failures(&first));
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
fn lists_with_different_headings_share_a_file() {
    let failure = |cells: &[(&str, &str)]| RowFailure {
        problem: FileProblem::new("formula", "@message", "=help")
            .at(3)
            .with_value(2, "\t-x"),
        original: cells
            .iter()
            .map(|(heading, cell)| ((*heading).into(), (*cell).into()))
            .collect(),
    };
    let rows = [
        (
            "a.csv".to_owned(),
            failure(&[("id", "1"), ("Email", "x"), ("Email", "y")]),
        ),
        (
            "=b.csv".to_owned(),
            failure(&[("Email", "z"), ("+start", "2026")]),
        ),
        ("c.jsonl".to_owned(), failure(&[])),
    ];
    insta::assert_snapshot!(
        String::from_utf8(files::failures_csv(&rows))
            .unwrap()
            .replace('\r', "")
    );
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
