//! Text → value with places, from the parser's events, so that nothing is expanded and every part keeps
//! its line and column.

mod scalar;
mod syntax;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Span, StrInput};
use serde_json::{Map, Value};

use super::{
    codes,
    document::{Position, Scalar, Style, child},
    file_report::FileReport,
    words::quoted,
};

/// Deepest nesting. A request needs 3 levels, the matrix 5.
const MAX_DEPTH: usize = 16;

/// Parses a text into `report.document`. Reports and returns false where it cannot.
///
/// A doubled key is reported and its first value kept, so that the rest is checked too.
pub(super) fn parse(text: &str, report: &mut FileReport) -> bool {
    let mut builder = Builder {
        report,
        cursor: Cursor::new(text),
        open: Vec::new(),
        documents: 0,
    };
    let mut parser = Parser::new_from_str(text);
    match builder.run(&mut parser) {
        Ok(()) => {}
        Err(Stop::Reported) => return false,
        Err(Stop::Syntax(error)) => {
            syntax::explain(&error, text, report);
            return false;
        }
    }
    if !report.document.value.is_object() {
        report.whole(
            codes::NOT_A_MAPPING,
            "The file does not hold lines of the form `key: value`.",
            "Begin with a line such as `customer: Northwind Robotics`, with a space after the colon.",
        );
        return false;
    }
    true
}

/// Why parsing ended early.
enum Stop {
    Reported,
    Syntax(saphyr_parser::ScanError),
}

/// Builds the value without recursion: hostile nesting costs memory for the pointer only.
struct Builder<'a> {
    report: &'a mut FileReport,
    cursor: Cursor<'a>,
    open: Vec<Collection>,
    documents: usize,
}

/// A list or mapping that is not closed yet.
enum Collection {
    List {
        pointer: String,
        items: Vec<Value>,
    },
    Mapping {
        pointer: String,
        map: Map<String, Value>,
        key: Option<Key>,
    },
}

/// A key that waits for its value.
struct Key {
    name: String,
    position: Position,
    doubled: bool,
}

impl Builder<'_> {
    fn run(&mut self, parser: &mut Parser<'_, StrInput<'_>>) -> Result<(), Stop> {
        while let Some(next) = parser.next_event() {
            let (event, span) = next.map_err(Stop::Syntax)?;
            self.event(event, span)?;
        }
        Ok(())
    }

    fn event(&mut self, event: Event<'_>, span: Span) -> Result<(), Stop> {
        match event {
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => Ok(()),
            Event::DocumentStart(_) => self.document(span),
            Event::Alias(_) => self.alias(span),
            Event::Scalar(_, _, anchor, tag) if anchor > 0 || tag.is_some() => {
                self.anchor_or_tag(anchor, span)
            }
            Event::SequenceStart(anchor, tag) | Event::MappingStart(anchor, tag)
                if anchor > 0 || tag.is_some() =>
            {
                self.anchor_or_tag(anchor, span)
            }
            Event::Scalar(text, style, ..) => self.scalar(text.into_owned(), style, span),
            Event::SequenceStart(..) => self.begin(span, false),
            Event::MappingStart(..) => self.begin(span, true),
            Event::SequenceEnd | Event::MappingEnd => self.end(),
        }
    }

    fn document(&mut self, span: Span) -> Result<(), Stop> {
        self.documents += 1;
        if self.documents == 1 {
            return Ok(());
        }
        self.report.at(
            codes::TWO_DOCUMENTS,
            position(span.start),
            "Here a second document begins: one file holds one document.",
            "Delete the line `---`, or move what follows into a file of its own.",
        );
        Err(Stop::Reported)
    }

    fn alias(&mut self, span: Span) -> Result<(), Stop> {
        syntax::alias(position(span.start), self.report);
        Err(Stop::Reported)
    }

    fn anchor_or_tag(&mut self, anchor: usize, span: Span) -> Result<(), Stop> {
        let position = position(span.start);
        if anchor > 0 {
            syntax::alias(position, self.report);
        } else {
            self.report.at(
                codes::YAML_TAG,
                position,
                "A value must not begin with `!`: YAML takes it for a tag, and requests have none.",
                "Put the value in quotation marks, or delete the word that begins with `!`.",
            );
        }
        Err(Stop::Reported)
    }

    fn scalar(&mut self, text: String, style: ScalarStyle, span: Span) -> Result<(), Stop> {
        let start = position(span.start);
        if let Some(Collection::Mapping { map, key, .. }) = self.open.last_mut()
            && key.is_none()
        {
            let doubled = map.contains_key(&text);
            if doubled {
                self.report.at(
                    codes::DUPLICATE_KEY,
                    start,
                    format!("The key {} is written twice.", quoted(&text)),
                    "Keep one of the two lines and delete the other.",
                );
            }
            *key = Some(Key {
                name: text,
                position: start,
                doubled,
            });
            return Ok(());
        }
        let style = match style {
            ScalarStyle::Plain => Style::Plain,
            ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => Style::Quoted,
            ScalarStyle::Literal | ScalarStyle::Folded => Style::Block,
        };
        let value = match style {
            Style::Plain => scalar::read(&text),
            Style::Quoted | Style::Block => Value::String(text.clone()),
        };
        let is_date = text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
        if style == Style::Plain && value.is_string() && !is_date {
            self.cut_at_hash(&text, span);
        }
        self.place(start, Some(Scalar { text, style }));
        self.insert(value);
        Ok(())
    }

    /// `Acme #1` is read as `Acme`. A comment that people mean has a space after its `#`.
    fn cut_at_hash(&mut self, text: &str, span: Span) {
        let rest = self
            .cursor
            .rest_of_line(span.start)
            .and_then(|rest| rest.strip_prefix(text));
        let Some(comment) = rest.and_then(|rest| rest.trim_start().strip_prefix('#')) else {
            return;
        };
        let word = comment.trim();
        let number = !word.is_empty() && word.chars().all(|c| c.is_ascii_digit());
        if comment.starts_with(|c: char| c.is_alphanumeric()) || number {
            let column = span.start.col() + text.chars().count() + 2;
            self.report.at(
                codes::HASH_CUT,
                Position {
                    line: span.start.line(),
                    column,
                },
                "YAML takes everything from this `#` on for a comment, so the value ends before it.",
                "If it belongs to the value, put the whole value in quotation marks; else write a space after the `#`.",
            );
        }
    }

    fn begin(&mut self, span: Span, mapping: bool) -> Result<(), Stop> {
        let start = position(span.start);
        if self.open.len() >= MAX_DEPTH {
            syntax::too_deep(start, self.report);
            return Err(Stop::Reported);
        }
        if matches!(
            self.open.last(),
            Some(Collection::Mapping { key: None, .. })
        ) {
            self.report.at(
                codes::YAML_SYNTAX,
                start,
                "Here stands a list or a bracket where a key is needed.",
                "Write `key: value`; put text that begins with a bracket in quotation marks.",
            );
            return Err(Stop::Reported);
        }
        let pointer = self.place(start, None);
        self.open.push(if mapping {
            Collection::Mapping {
                pointer,
                map: Map::new(),
                key: None,
            }
        } else {
            Collection::List {
                pointer,
                items: Vec::new(),
            }
        });
        Ok(())
    }

    fn end(&mut self) -> Result<(), Stop> {
        match self.open.pop() {
            Some(Collection::List { items, .. }) => self.insert(Value::Array(items)),
            Some(Collection::Mapping { map, .. }) => self.insert(Value::Object(map)),
            None => {}
        }
        Ok(())
    }

    /// Remembers where the next value of the innermost collection stands, and gives its pointer.
    fn place(&mut self, value: Position, scalar: Option<Scalar>) -> String {
        let (pointer, key, doubled) = match self.open.last() {
            None => (String::new(), None, false),
            Some(Collection::List { pointer, items }) => {
                (format!("{pointer}/{}", items.len()), None, false)
            }
            Some(Collection::Mapping { pointer, key, .. }) => match key {
                Some(key) => (child(pointer, &key.name), Some(key.position), key.doubled),
                None => (pointer.clone(), None, true),
            },
        };
        if !doubled {
            self.report.document.place(&pointer, key, value, scalar);
        }
        pointer
    }

    fn insert(&mut self, value: Value) {
        match self.open.last_mut() {
            None => self.report.document.value = value,
            Some(Collection::List { items, .. }) => items.push(value),
            Some(Collection::Mapping { map, key, .. }) => {
                if let Some(key) = key.take().filter(|key| !key.doubled) {
                    map.insert(key.name, value);
                }
            }
        }
    }
}

/// Finds the text behind a place. Places come in the order of the text, so each line is walked once.
struct Cursor<'a> {
    lines: Vec<&'a str>,
    line: usize,
    column: usize,
    byte: usize,
}

impl<'a> Cursor<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            lines: text.lines().collect(),
            line: 0,
            column: 0,
            byte: 0,
        }
    }

    fn rest_of_line(&mut self, place: Marker) -> Option<&'a str> {
        let line = self.lines.get(place.line().checked_sub(1)?)?;
        if place.line() != self.line || place.col() < self.column {
            (self.line, self.column, self.byte) = (place.line(), 0, 0);
        }
        let rest = &line[self.byte..];
        let steps = place.col() - self.column;
        let (bytes, _) = rest.char_indices().nth(steps)?;
        self.column += steps;
        self.byte += bytes;
        Some(&rest[bytes..])
    }
}

fn position(marker: Marker) -> Position {
    Position {
        line: marker.line().max(1),
        column: marker.col() + 1,
    }
}
