//! Excel workbooks, made by hand.

use std::io::{Cursor, Write as _};

use call_import_engine::files::{self, Options, TableFormat};
use zip::{ZipWriter, write::SimpleFileOptions};

use super::{codes, options, render, start};

/// Number formats by their place: general, date and time, `[h]:mm:ss`, `h:mm:ss`, date.
const STYLES: &str = r#"<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><cellXfs count="5"><xf numFmtId="0"/><xf numFmtId="22"/><xf numFmtId="46"/><xf numFmtId="21"/><xf numFmtId="14"/></cellXfs></styleSheet>"#;

/// A workbook of sheets, each with its name and what stands between `<sheetData>` and its end.
pub(in crate::files) fn workbook(sheets: &[(&str, String)], properties: &str) -> Vec<u8> {
    const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    const RELATIONS: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let (mut listed, mut relations) = (String::new(), String::new());
    let mut members = Vec::new();
    for (index, (name, rows)) in sheets.iter().enumerate() {
        let number = index + 1;
        listed += &format!(r#"<sheet name="{name}" sheetId="{number}" r:id="rId{number}"/>"#);
        relations += &format!(
            r#"<Relationship Id="rId{number}" Type="{RELATIONS}/worksheet" Target="worksheets/sheet{number}.xml"/>"#
        );
        members.push((
            format!("xl/worksheets/sheet{number}.xml"),
            format!(r#"<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>"#),
        ));
    }
    members.push((
        "xl/workbook.xml".into(),
        format!(r#"<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}">{properties}<sheets>{listed}</sheets></workbook>"#),
    ));
    members.push((
        "xl/_rels/workbook.xml.rels".into(),
        format!(
            r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{relations}<Relationship Id="rIdS" Type="{RELATIONS}/styles" Target="styles.xml"/></Relationships>"#
        ),
    ));
    members.push(("xl/styles.xml".into(), STYLES.into()));
    members.push((
        "_rels/.rels".into(),
        format!(
            r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="{RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>"#
        ),
    ));
    zipped(&members)
}

fn zipped(members: &[(String, String)]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in members {
        writer
            .start_file(name.as_str(), SimpleFileOptions::default())
            .unwrap();
        writer.write_all(text.as_bytes()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// A row of cells: text, or a number with the place of its format as `46083.625/1`, or `#REF!`.
pub(in crate::files) fn row(number: usize, cells: &[&str]) -> String {
    let mut row = format!(r#"<row r="{number}">"#);
    for (index, cell) in cells.iter().enumerate() {
        let place = format!(
            "{}{number}",
            char::from(b'A' + u8::try_from(index).unwrap())
        );
        row += &match cell.split_once('/') {
            Some((value, style)) if style.len() == 1 => {
                format!(r#"<c r="{place}" s="{style}"><v>{value}</v></c>"#)
            }
            _ if cell.starts_with('#') => format!(r#"<c r="{place}" t="e"><v>{cell}</v></c>"#),
            _ if cell.is_empty() => String::new(),
            _ => format!(r#"<c r="{place}" t="inlineStr"><is><t>{cell}</t></is></c>"#),
        };
    }
    row + "</row>"
}

pub(super) fn small() -> Vec<u8> {
    let notes = row(1, &["Notes of Anna", "more"]);
    let calls = [
        row(2, &["Calls of Northwind"]),
        row(
            4,
            &["Call ID", "Subject", "Start time", "Duration", "Attendees"],
        ),
        row(
            5,
            &[
                "0017",
                "Kick-off",
                "46083.625/1",
                "0.0215277777777778/3",
                "Bo Lind &lt;bo@northwind.example&gt;",
            ],
        ),
        row(
            6,
            &[
                "123456789012345678/0",
                "Renewal",
                "46083.6251388889/1",
                "1.04375/2",
            ],
        ),
        row(8, &["18/0", "Review", "46084/4", "0.5/2", ""]),
        row(
            9,
            &["19/0", "#REF!", "46084.5/0", "0.020833333333333332/3", ""],
        ),
        row(
            10,
            &[
                "20/0",
                "Retro",
                "46084.5/0",
                "0.020833333333333332/3",
                "",
                "extra",
            ],
        ),
    ];
    workbook(&[("Notes", notes), ("Calls", calls.concat())], "")
}

#[test]
fn a_workbook_is_read() {
    let options = options("timezone: Europe/Madrid");
    let table = files::table("calls.xlsx", &small(), &options).unwrap();
    assert_eq!(
        (table.format, &*table.layout, table.heading_line),
        (TableFormat::Xlsx, "sheet `Calls`", 4)
    );
    insta::assert_snapshot!(render(&files::call_list(&table, &options).unwrap()));
}

#[test]
fn old_macs_count_from_1904() {
    let rows =
        row(1, &["id", "start"]) + &row(2, &["1", "44621.625/1"]) + &row(3, &["2", "44621.625/0"]);
    let bytes = workbook(&[("Calls", rows)], r#"<workbookPr date1904="1"/>"#);
    let options = options("timezone: UTC");
    let list =
        files::call_list(&files::table("c.xlsx", &bytes, &options).unwrap(), &options).unwrap();
    let starts: Vec<_> = list.calls.iter().map(start).collect();
    assert_eq!(
        starts,
        ["2026-03-02T15:00:00Z minute", "2026-03-02T15:00:00Z minute"]
    );
}

#[test]
fn transcripts_in_workbooks_are_read() {
    let rows = row(1, &["Speaker", "Start", "Text"])
        + &row(2, &["Bo", "0.000011574074074074073/3", "Hello."])
        + &row(3, &["Ines", "0.04172453703703704/2", "Bye."]);
    let table = files::table("c.xlsx", &workbook(&[("S", rows)], ""), &Options::default()).unwrap();
    let spoken = files::transcripts(&table, &Options::default()).unwrap();
    let transcript = &spoken.calls[0].transcript;
    assert_eq!(transcript.source, "file:xlsx");
    let starts: Vec<_> = transcript
        .segments
        .iter()
        .map(|segment| segment.start_ms)
        .collect();
    assert_eq!(starts, [Some(1_000), Some(3_605_000)]);
    assert_eq!(codes(&spoken.notices), []);
}

#[test]
fn a_workbook_that_unpacks_to_much_is_refused() {
    let blanks = " ".repeat(140 << 20);
    let bomb = workbook(&[("Calls", blanks)], "");
    assert!(bomb.len() < 1 << 20);
    let problem = files::table("c.xlsx", &bomb, &Options::default()).unwrap_err();
    assert_eq!(problem.code, "table-too-large");
    assert!(problem.message.contains("128 MB"), "{problem}");
    // Few bytes of XML may ask for many cells.
    let wide =
        |number: usize| format!(r#"<row r="{number}"><c r="XFD{number}"><v>1</v></c></row>"#);
    let rows: String = (1..200).map(wide).collect();
    let problem = files::table(
        "c.xlsx",
        &workbook(&[("Calls", rows)], ""),
        &Options::default(),
    )
    .unwrap_err();
    assert_eq!(problem.message, "The list has more than 2000000 cells.");
}

#[test]
fn a_workbook_without_a_table_is_refused() {
    let empty = workbook(&[("Calls", String::new())], "");
    assert_eq!(
        files::table("c.xlsx", &empty, &Options::default())
            .unwrap_err()
            .code,
        "empty-file"
    );
    let other = zipped(&[("word/document.xml".into(), "<w:document/>".into())]);
    assert_eq!(
        files::table("c.xlsx", &other, &Options::default())
            .unwrap_err()
            .code,
        "damaged-workbook"
    );
    let unknown = workbook(&[("A", row(1, &["foo"])), ("B", row(1, &["bar"]))], "");
    let table = files::table("c.xlsx", &unknown, &Options::default()).unwrap();
    assert_eq!((&*table.layout, table.headings.len()), ("sheet `A`", 1));
}
