//! ZIP files for the laws, because no fuzzer guesses a checksum.

use std::{
    borrow::Cow,
    io::{Cursor, Write},
};

use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

/// The bytes, if they begin as a ZIP file does; else what is packed around them.
pub(super) fn or_zipped<'a>(
    bytes: &'a [u8],
    zip: impl FnOnce(&'a [u8]) -> Vec<u8>,
) -> Cow<'a, [u8]> {
    if bytes.starts_with(b"PK") {
        Cow::Borrowed(bytes)
    } else {
        Cow::Owned(zip(bytes))
    }
}

/// A ZIP file of these members, each with its name. What cannot be packed is left out.
pub(super) fn zipped(members: &[(String, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for (name, bytes) in members {
        // A name that is there already.
        if zip.start_file(name.as_str(), options).is_err() {
            continue;
        }
        zip.write_all(bytes).expect("memory takes everything");
    }
    let zip = zip.finish().expect("memory takes everything");
    zip.into_inner()
}

/// An Excel workbook with one sheet, of which `rows` is what stands in it.
pub(super) fn workbook(rows: &[u8]) -> Vec<u8> {
    const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    const PACKAGE: &str = "http://schemas.openxmlformats.org/package/2006/relationships";
    const OFFICE: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let relation = |kind: &str, target: &str| {
        format!(
            r#"<Relationships xmlns="{PACKAGE}"><Relationship Id="rId1" Type="{OFFICE}/{kind}" Target="{target}"/></Relationships>"#
        )
    };
    let parts = [
        ("_rels/.rels", relation("officeDocument", "xl/workbook.xml")),
        (
            "xl/workbook.xml",
            format!(
                r#"<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets><sheet name="Calls" sheetId="1" r:id="rId1"/></sheets></workbook>"#
            ),
        ),
        (
            "xl/_rels/workbook.xml.rels",
            relation("worksheet", "worksheets/sheet1.xml"),
        ),
        (
            "xl/styles.xml",
            format!(
                r#"<styleSheet xmlns="{MAIN}"><cellXfs><xf numFmtId="0"/><xf numFmtId="22"/><xf numFmtId="21"/><xf numFmtId="46"/></cellXfs></styleSheet>"#
            ),
        ),
    ];
    let sheet = [
        format!(r#"<worksheet xmlns="{MAIN}"><sheetData>"#).as_bytes(),
        rows,
        b"</sheetData></worksheet>",
    ]
    .concat();
    let mut members: Vec<(String, &[u8])> = parts
        .iter()
        .map(|(name, part)| ((*name).to_owned(), part.as_bytes()))
        .collect();
    members.push(("xl/worksheets/sheet1.xml".to_owned(), &sheet));
    zipped(&members)
}
