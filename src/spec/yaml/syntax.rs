//! What the parser complains about, in words for people who do not write YAML.

use saphyr_parser::ScanError;

use super::position;
use crate::spec::{
    characters,
    codes::{self, Code},
    document::Position,
    file_report::FileReport,
};

/// Reports why a text is not YAML.
pub(super) fn explain(error: &ScanError, text: &str, report: &mut FileReport) {
    let at = position(*error.marker());
    let info = error.info();
    if info.contains("recursion limit") {
        return too_deep(at, report);
    }
    if info.contains("unknown anchor") || info.contains("anchor or alias") {
        return alias(at, report);
    }
    // The parser may notice only on a later line what went wrong on an earlier one.
    let (at, line) = line_at_or_before(text, at);
    // For a tab, it may also stop at the end of the line before.
    if characters::tab(text, at.line + 1, report) {
        return;
    }
    if let Some((code, at, message, help)) = slip_at_left_edge(text, at.line) {
        return report.at(code, at, message, help);
    }
    let slip = Slip::of(info, line);
    report.at(codes::YAML_SYNTAX, at, slip.message(), slip.help());
}

/// A slip on a line at the left edge that the parser notices only later, if at all.
fn slip_at_left_edge(
    text: &str,
    last_line: usize,
) -> Option<(Code, Position, &'static str, &'static str)> {
    let lines = text.lines().take(last_line).enumerate();
    lines.into_iter().find_map(|(index, line)| {
        let at = |column| Position {
            line: index + 1,
            column,
        };
        if line.starts_with("-----BEGIN AGE") {
            return Some((
                codes::BROKEN_SEAL,
                at(1),
                "The sealed block stands at the left edge, so YAML does not take it for the value of `sealed`.",
                "Write `sealed: |` and indent every line of the block by four spaces.",
            ));
        }
        let (key, rest) = line.split_once(':')?;
        let is_key = !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        let is_glued = is_key && !rest.is_empty() && !rest.starts_with([' ', '\t']);
        is_glued.then_some((
            codes::YAML_SYNTAX,
            at(key.len() + 1),
            "Behind this colon a space is missing.",
            "Write a colon and a space: `customer: Northwind Robotics`.",
        ))
    })
}

/// Reports an anchor or alias.
pub(super) fn alias(at: Position, report: &mut FileReport) {
    report.at(
        codes::YAML_ALIAS,
        at,
        "A value must not begin with `*` or `&`: YAML takes it for an alias or anchor, and requests have none.",
        "Put the value in quotation marks, for example `\"*.vtt\"`.",
    );
}

/// Reports nesting that no request needs.
pub(super) fn too_deep(at: Position, report: &mut FileReport) {
    report.at(
        codes::TOO_DEEP,
        at,
        "Here brackets or lists stand in each other deeper than any request needs.",
        "Compare the file with an example and delete what is too much.",
    );
}

/// The line of a place; the last one with anything on it, if the place is after the end of the text.
fn line_at_or_before(text: &str, at: Position) -> (Position, &str) {
    let lines: Vec<&str> = text.lines().collect();
    let mut index = at.line.min(lines.len()).saturating_sub(1);
    while index > 0 && lines[index].trim().is_empty() {
        index -= 1;
    }
    let line = lines.get(index).copied().unwrap_or_default();
    if index + 1 == at.line {
        (at, line)
    } else {
        let column = line.trim_end().chars().count().max(1);
        (
            Position {
                line: index + 1,
                column,
            },
            line,
        )
    }
}

/// What people do wrong, as far as the parser's words and the line tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Slip {
    SecondColon,
    OpenQuote,
    TextAfterQuote,
    Backslash,
    Reserved(char),
    OpenBracket,
    NoPair,
    Indentation,
    Unknown,
}

impl Slip {
    /// `info` is the parser's sentence; the words looked for are those of saphyr-parser 0.3.
    fn of(info: &str, line: &str) -> Self {
        let says = |words: &[&str]| words.iter().any(|word| info.contains(word));
        if says(&["mapping values are not allowed"]) && line.matches(": ").count() > 1 {
            Self::SecondColon
        } else if says(&["found unexpected end", "indentation in quoted"]) {
            Self::OpenQuote
        } else if says(&["after double-quoted"])
            || (says(&["did not find expected key"]) && line.contains(['"', '\'']))
        {
            Self::TextAfterQuote
        } else if says(&["escape", "hexadecimal"]) {
            Self::Backslash
        } else if says(&["unexpected character"]) {
            // It ends in the character and a quotation mark.
            Self::Reserved(info.chars().rev().nth(1).unwrap_or_default())
        } else if says(&["flow", "bracket"]) || has_open_bracket(line) {
            Self::OpenBracket
        } else if says(&["simple key", "plain scalar", "multiline"]) {
            Self::NoPair
        } else if says(&["indentation", "indented", "mapping", "block"]) {
            Self::Indentation
        } else {
            Self::Unknown
        }
    }

    fn message(self) -> String {
        let message = match self {
            Self::SecondColon => {
                "On this line stands a second colon, so YAML cannot tell the key from the value."
            }
            Self::OpenQuote => "A quotation mark is opened and not closed.",
            Self::TextAfterQuote => "Text follows after a closed quotation mark.",
            Self::Backslash => "In double quotation marks a backslash has a special meaning.",
            Self::Reserved('`') => "A value must not begin with a backtick.",
            Self::Reserved(sign) => return format!("A value must not begin with `{sign}`."),
            Self::OpenBracket => {
                "A bracket is opened and not closed, or a comma is missing between two entries."
            }
            Self::NoPair => "This line is not of the form `key: value`.",
            Self::Indentation => "This line is indented differently from the lines it belongs to.",
            Self::Unknown => "This line cannot be read as YAML.",
        };
        message.to_owned()
    }

    const fn help(self) -> &'static str {
        match self {
            Self::SecondColon => "Put the value in quotation marks: `notes: \"Kick-off: Monday\"`.",
            Self::OpenQuote => {
                "Put the same quotation mark at the end of the value, or delete the first."
            }
            Self::TextAfterQuote => "Put the quotation marks around the whole value, or use none.",
            Self::Backslash => "Use single quotation marks, or `/` in place of the backslash.",
            Self::Reserved(_) => "Leave this sign out, or put the value in quotation marks.",
            Self::OpenBracket => {
                "Write lists as `[one, two]` and pairs as `{from: 2024-01-01, to: 2026-10-31}`."
            }
            Self::NoPair => {
                "Write a colon and a space after the key; text that goes on over several lines stands indented behind `|`."
            }
            Self::Indentation => {
                "Begin keys at the left edge, and indent what belongs to a key by two spaces, all lines alike."
            }
            Self::Unknown => {
                "Compare it with an example: one `key: value` a line, indented with spaces."
            }
        }
    }
}

fn has_open_bracket(line: &str) -> bool {
    let count = |sign: char| line.matches(sign).count();
    count('[') != count(']') || count('{') != count('}')
}
