//! Word documents (.docx): the text of the body, one line for each paragraph and each row of a table.
//!
//! Source: ECMA-376, part 1, section 17 (`WordprocessingML`). A run may end within a word, so the pieces of a
//! paragraph are joined without a space.

use std::io::{Cursor, Read as _};

use encoding_rs::{Encoding, UTF_8};
use quick_xml::{
    Reader,
    escape::resolve_predefined_entity,
    events::{BytesRef, Event},
};
use zip::ZipArchive;

use super::{FileProblem, refusal};

/// Bytes of the text when unpacked. A transcript of a whole day has a tenth of it.
const LARGEST_BODY: u64 = 64 * 1024 * 1024;

/// Members of the archive; Word writes some twenty.
const MOST_MEMBERS: usize = 10_000;

/// What an archive holds that is no Word document.
const WORKBOOK: &str = "xl/workbook.xml";
const BODY: &str = "word/document.xml";

/// Whether the bytes may be a Word document: it is a ZIP archive.
pub(super) fn is_archive(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06")
}

/// A document's text.
#[derive(Debug, Default)]
pub(super) struct Document {
    /// Its lines.
    pub(super) text: String,
    /// Passages that were deleted while changes were tracked, and are no part of it.
    pub(super) deletions: usize,
}

/// Reads a Word document.
///
/// # Errors
/// A [`FileProblem`] when this is another kind of archive, or damaged, or larger than any transcript.
pub(super) fn read(bytes: &[u8]) -> Result<Document, FileProblem> {
    // The list of members is read at once, so its length is looked at before.
    let members = bytes.windows(4).filter(|window| window == b"PK\x01\x02");
    if members.take(MOST_MEMBERS + 1).count() > MOST_MEMBERS {
        return Err(refusal::archive());
    }
    let mut archive =
        ZipArchive::new(Cursor::new(bytes)).map_err(|_| refusal::damaged_document())?;
    if archive.index_for_name(WORKBOOK).is_some() {
        return Err(refusal::workbook());
    }
    if archive.index_for_name(BODY).is_none() {
        return Err(refusal::archive());
    }
    let mut body = Vec::new();
    let member = archive
        .by_name(BODY)
        .map_err(|_| refusal::damaged_document())?;
    // The size that the archive declares may be a lie.
    member
        .take(LARGEST_BODY + 1)
        .read_to_end(&mut body)
        .map_err(|_| refusal::damaged_document())?;
    if body.len() as u64 > LARGEST_BODY {
        return Err(refusal::document_too_large(LARGEST_BODY));
    }
    let (encoding, mark) = Encoding::for_bom(&body).unwrap_or((UTF_8, 0));
    let (xml, damaged) = encoding.decode_without_bom_handling(&body[mark..]);
    if damaged {
        return Err(refusal::damaged_document());
    }
    lines(&xml).ok_or_else(refusal::damaged_document)
}

fn lines(xml: &str) -> Option<Document> {
    let mut reader = Reader::from_str(xml);
    let mut body = Body::default();
    loop {
        match reader.read_event().ok()? {
            Event::Start(tag) => body.begin(tag.local_name().as_ref()),
            Event::End(tag) => body.end(tag.local_name().as_ref()),
            Event::Empty(tag) => {
                body.begin(tag.local_name().as_ref());
                body.end(tag.local_name().as_ref());
            }
            Event::Text(text) => body.push(&text),
            Event::CData(text) => body.push(&text),
            Event::GeneralRef(entity) => body.push(&resolved(&entity)?),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
            Event::Eof => return body.is_closed().then_some(body.document),
        }
    }
}

/// `&amp;` and `&#233;`; a document defines no others.
fn resolved(entity: &BytesRef<'_>) -> Option<String> {
    if let Some(character) = entity.resolve_char_ref().ok()? {
        return Some(character.to_string());
    }
    resolve_predefined_entity(entity).map(str::to_owned)
}

/// Where in the document the reader is. The numbers are depths.
#[derive(Debug, Default)]
struct Body {
    document: Document,
    /// All elements.
    open: usize,
    runs: usize,
    texts: usize,
    tables: usize,
    /// Within what is no text: deletions, and the second form of what newer programs show.
    skipped: usize,
    /// Whether a cell of the row ended.
    cells: usize,
}

impl Body {
    fn begin(&mut self, name: &str) {
        self.open += 1;
        match name {
            "del" | "moveFrom" => {
                // A deleted mark of a paragraph has the same name, but holds nothing.
                self.skipped += 1;
            }
            "Fallback" => self.skipped += 1,
            "delText" if self.skipped > 0 => self.document.deletions += 1,
            "r" => self.runs += 1,
            "t" => self.texts += 1,
            "tbl" => self.tables += 1,
            "tr" if self.tables == 1 => self.cells = 0,
            "tc" if self.tables == 1 => {
                if self.cells > 0 {
                    self.end_cell('\t');
                }
                self.cells += 1;
            }
            // Outside of runs, `tab` is where a tab stops.
            "tab" | "ptab" if self.is_text() => {
                self.document
                    .text
                    .push(if self.tables > 0 { ' ' } else { '\t' });
            }
            "br" | "cr" if self.is_text() => self.end_line(),
            "noBreakHyphen" if self.is_text() => self.document.text.push('-'),
            _ => {}
        }
    }

    fn end(&mut self, name: &str) {
        self.open = self.open.saturating_sub(1);
        let depth = match name {
            "del" | "moveFrom" | "Fallback" => &mut self.skipped,
            "r" => &mut self.runs,
            "t" => &mut self.texts,
            "tbl" => &mut self.tables,
            "p" => return self.end_line(),
            "tr" if self.tables == 1 => return self.end_cell('\n'),
            _ => return,
        };
        *depth = depth.saturating_sub(1);
    }

    fn is_text(&self) -> bool {
        self.runs > 0 && self.skipped == 0
    }

    /// In a table the row is the line.
    fn end_line(&mut self) {
        self.document
            .text
            .push(if self.tables > 0 { ' ' } else { '\n' });
    }

    /// The last paragraph of a cell ends with it.
    fn end_cell(&mut self, mark: char) {
        let text = &mut self.document.text;
        text.truncate(text.trim_end_matches(' ').len());
        text.push(mark);
    }

    fn push(&mut self, text: &str) {
        if self.texts > 0 && self.is_text() {
            // A line end within a text is a space for Word.
            let spaced = text.replace(['\n', '\r', '\t'], " ");
            self.document.text.push_str(&spaced);
        }
    }

    fn is_closed(&self) -> bool {
        self.open == 0
    }
}
