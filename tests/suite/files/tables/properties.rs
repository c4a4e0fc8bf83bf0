//! Laws that hold for any bytes.

use std::collections::BTreeMap;

use call_import_engine::files::{self, Column, Options, Table};
use proptest::prelude::*;

use super::{
    options, workbooks,
    written::{failure, failures},
};

/// Reads a table in every way.
fn read_all(name: &str, bytes: &[u8]) -> Option<Table> {
    let options =
        options("{timezone: Europe/Madrid, date_format: day_first, duration_unit: seconds}");
    let table = files::table(name, bytes, &options).ok()?;
    let _ = files::table_kind(&table, &options);
    let _ = files::transcripts(&table, &options);
    if let Ok(list) = files::call_list(&table, &options) {
        assert_eq!(list.calls.len() + list.failures.len(), table.rows.len());
        for written in files::failures_csv(&failures(&list)) {
            assert!(written.starts_with(b"\xef\xbb\xbf"));
        }
    }
    Some(table)
}

fn any_cell() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[=+@'\t\"; ,|\n-]{0,4}[a-z0-9]{0,4}",
        "[0-9/:. -]{1,18}",
        "[0-9]{1,4}-[0-9]{1,2}-[0-9]{1,2}[T ][0-9]{1,2}:[0-9]{2}(Z|[+-][0-9]{2}:?[0-9]{2}| [A-Z]{3})?",
        "([A-Z][a-z]{2}|[0-9]{1,2})[ ,./-]([A-Z][a-z]{2}|[0-9]{1,2})[ ,./-][0-9]{2,4}( [0-9]{1,2}(:[0-9]{2})? ?[AP]M)?",
    ]
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..1_000)) {
        read_all("calls.csv", &bytes);
        read_all("calls.csv", &[b"id,title,start,duration,participants,host,url,language,type\n", &*bytes].concat());
        read_all("calls.csv", &[b"speaker;start;end;text\n", &*bytes].concat());
        read_all("calls.xlsx", &[b"PK\x03\x04", &*bytes].concat());
    }

    #[test]
    fn a_row_is_a_call_or_a_failure(rows in proptest::collection::vec(proptest::collection::vec(any_cell(), 9), 1..12)) {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(["id", "title", "start", "duration", "participants", "host", "url", "language", "type"]).unwrap();
        for row in &rows {
            writer.write_record(row).unwrap();
        }
        // Cells may hold what only looks like a separator or a byte that is no text.
        if let Some(table) = read_all("calls.csv", &writer.into_inner().unwrap()) {
            prop_assert!(table.rows.len() <= rows.len());
        }
    }

    #[test]
    fn failures_are_read_as_they_were_written(
        rows in proptest::collection::vec(proptest::collection::vec("[=+@'\t\"; ,\n-]{0,3}[a-z]{1,4}[ '\"\n,;]{0,3}", 3), 1..8),
    ) {
        let failures: Vec<_> = rows.iter().map(|row| {
            let headings = ["id", "title", "+note"].into_iter();
            let cells: Vec<_> = headings.zip(row.iter().map(String::as_str)).collect();
            failure("a.csv", &cells)
        }).collect();
        let table = files::table("f.csv", &files::failures_csv(&failures)[0], &Options::default()).unwrap();
        prop_assert_eq!(&table.headings, &["id", "title", "+note"]);
        let read: Vec<_> = table.rows.into_iter().map(|row| row.cells).collect();
        prop_assert_eq!(read, rows);
    }

    #[test]
    fn any_heading_can_be_pasted(heading in any::<String>()) {
        let yaml = format!("options:\n{}", files::columns_as_yaml(&[(Column::Title, heading.clone())]));
        let read: BTreeMap<String, Options> = serde_yaml::from_str(&yaml).unwrap();
        prop_assert_eq!(&read["options"].columns[&Column::Title], &heading);
    }

    #[test]
    fn a_damaged_workbook_is_read_or_refused(place: proptest::sample::Index, byte: u8, cut: proptest::sample::Index) {
        let mut bytes = workbooks::small();
        *place.get_mut(&mut bytes) = byte;
        read_all("calls.xlsx", &bytes);
        bytes.truncate(cut.index(bytes.len()));
        read_all("calls.xlsx", &bytes);
    }

    #[test]
    fn any_sheet_is_read_or_refused(
        cells in proptest::collection::vec(("[A-Z]{1,4}[0-9]{1,8}", "[0-9.E+-]{0,22}", 0..9_u8, "(n|s|b|e|d|str|inlineStr)"), 0..20),
        place: proptest::sample::Index,
        noise in "[<>/a-z\"= ]{0,6}",
    ) {
        let mut rows = workbooks::row(1, &["id", "title", "start", "duration"]);
        for (reference, value, style, kind) in cells {
            rows += &format!(r#"<row><c r="{reference}" s="{style}" t="{kind}"><v>{value}</v></c></row>"#);
        }
        rows.insert_str(place.index(rows.len()), &noise);
        read_all("calls.xlsx", &workbooks::workbook(&[("Calls", rows)], ""));
    }
}
