//! Characters that look right and are not: what Word, chat programs and merge tools leave in a file.

use super::{
    codes::{self, Code},
    document::Position,
    file_report::FileReport,
};

/// Reports every odd character of a text, by line. True if the text is worth parsing.
pub(super) fn check(text: &str, report: &mut FileReport) -> bool {
    if merge_markers(text, report) || control_characters(text, report) {
        return false;
    }
    let meaningful = |line: &&str| !line.trim().is_empty() && !line.trim_start().starts_with('#');
    if !text.lines().any(|line| meaningful(&line)) {
        report.whole(
            codes::EMPTY_FILE,
            "The file holds nothing but empty lines and comments.",
            "Fill in the request, or delete the file.",
        );
        return false;
    }
    let prose = block_lines(text);
    for (index, line) in text.lines().enumerate() {
        invisible(index, line, report);
        if !prose[index] {
            look_alikes(index, line, report);
        }
    }
    !report.has_errors()
}

/// Explains a text that could not be parsed by its first tab where spaces are needed: at the beginning
/// of one of the first `lines` lines or behind a colon there. True if there is one.
pub(super) fn tab(text: &str, lines: usize, report: &mut FileReport) -> bool {
    let prose = block_lines(text);
    let found = text
        .lines()
        .take(lines)
        .enumerate()
        .find_map(|(index, line)| {
            let column = tab_that_disturbs(line).filter(|_| !prose[index])?;
            Some((index, column, line))
        });
    let Some((index, column, line)) = found else {
        return false;
    };
    let (message, help) = if line.chars().take(column).all(char::is_whitespace) {
        (
            "This line begins with a tab, where YAML needs spaces.",
            "Delete the tab; if the line belongs to the key above it, write two spaces in its place.",
        )
    } else {
        (
            "Behind the colon or hyphen stands a tab, where YAML needs a space.",
            "Delete the tab and write one space.",
        )
    };
    report.at(codes::TAB, position(index, column), message, help);
    true
}

/// The tab in front of a line's text, or in front of its value.
fn tab_that_disturbs(line: &str) -> Option<usize> {
    let text = line.trim_start_matches([' ', '\t']);
    if text.is_empty() || text.starts_with('#') {
        return None;
    }
    let found = line.char_indices().enumerate().find(|(_, (byte, c))| {
        let is_before = || {
            matches!(
                Before::of(&line[..*byte]),
                Before::LineStart
                    | Before::Indentation
                    | Before::Dash
                    | Before::Colon
                    | Before::ProseColon
            )
        };
        *c == '\t' && is_before()
    });
    found.map(|(column, _)| column)
}

fn merge_markers(text: &str, report: &mut FileReport) -> bool {
    let is_marker = |line: &str| {
        ["<<<<<<< ", ">>>>>>> ", "||||||| "]
            .iter()
            .any(|marker| line.starts_with(marker))
    };
    let first = text.lines().position(is_marker);
    if let Some(index) = first {
        report.at(
            codes::MERGE_MARKER,
            position(index, 0),
            "Here begins a merge conflict that nobody resolved.",
            "Keep one of the two versions and delete the lines that begin with `<<<<<<<`, `=======` and `>>>>>>>`.",
        );
    }
    first.is_some()
}

fn control_characters(text: &str, report: &mut FileReport) -> bool {
    let is_odd = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
    let found = text
        .lines()
        .enumerate()
        .find_map(|(index, line)| Some((index, line.chars().position(is_odd)?)));
    if let Some((index, column)) = found {
        let character = text.lines().nth(index).and_then(|l| l.chars().nth(column));
        let name = match character {
            Some('\0') => "a NUL byte: the file is damaged or not a text file".to_owned(),
            other => format!(
                "a control character (U+{:04X}) that cannot be seen",
                other.map_or(0, u32::from)
            ),
        };
        report.at(
            codes::CONTROL_CHARACTER,
            position(index, column),
            format!("At column {} stands {name}.", column + 1),
            "Delete it, or type the line again.",
        );
    }
    found.is_some()
}

/// For each line, whether it belongs to a text behind `|` or `>`, where every character is allowed.
fn block_lines(text: &str) -> Vec<bool> {
    let mut header_indent = None;
    text.lines()
        .map(|line| {
            let indent = line.len() - line.trim_start_matches(' ').len();
            if header_indent.is_some_and(|header| indent > header || line.trim().is_empty()) {
                return true;
            }
            header_indent = opens_block(line).then_some(indent);
            false
        })
        .collect()
}

/// Whether a line ends in a block header such as `|`, `>-` or `|2`.
fn opens_block(line: &str) -> bool {
    let code = line.split(" #").next().unwrap_or_default().trim_end();
    let header = code.trim_end_matches(|c: char| c == '-' || c == '+' || c.is_ascii_digit());
    header.ends_with(": |")
        || header.ends_with(": >")
        || header.ends_with("- |")
        || header.ends_with("- >")
}

fn invisible(index: usize, line: &str, report: &mut FileReport) {
    let found = line
        .chars()
        .enumerate()
        .find_map(|(column, c)| Some((column, invisible_name(c)?)));
    if let Some((column, name)) = found {
        report.at(
            codes::INVISIBLE_CHARACTER,
            position(index, column),
            format!(
                "At column {} stands {name}, which cannot be seen.",
                column + 1
            ),
            "Delete it, or type the line again.",
        );
    }
}

fn invisible_name(character: char) -> Option<&'static str> {
    match character {
        '\u{200b}' => Some("a zero-width space"),
        '\u{2060}' => Some("a word joiner"),
        '\u{feff}' => Some("a byte-order mark"),
        '\u{ad}' => Some("a soft hyphen"),
        '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
            Some("a mark that changes the direction of writing")
        }
        '\u{2028}' | '\u{2029}' => Some("a special line break"),
        _ => None,
    }
}

/// Characters that people take for YAML's own, where YAML's own are needed.
fn look_alikes(index: usize, line: &str, report: &mut FileReport) {
    for (column, (byte, character)) in line.char_indices().enumerate() {
        let Some(look_alike) = LookAlike::of(character) else {
            continue;
        };
        let before = Before::of(&line[..byte]);
        if matches!(before, Before::Value | Before::Comment) {
            // Text may hold whatever it likes, and nothing but text can follow on this line.
            return;
        }
        if look_alike.disturbs(before) {
            let (code, what, instead) = look_alike.words();
            let message = format!("At column {} stands {what}.", column + 1);
            report.at(code, position(index, column), message, instead);
            return;
        }
    }
}

/// What stands before a character on its line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Before {
    /// Nothing at all.
    LineStart,
    /// Spaces.
    Indentation,
    /// The dash of a list entry.
    Dash,
    /// A word that may be a key.
    Key,
    /// A key and its colon: a value begins.
    Colon,
    /// The same for a key whose value is prose.
    ProseColon,
    /// A value.
    Value,
    /// A comment.
    Comment,
}

impl Before {
    fn of(text: &str) -> Self {
        let is_key = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        let trimmed = text.trim_matches([' ', '\t']);
        let key = trimmed.strip_prefix("- ").unwrap_or(trimmed).trim_start();
        if text.is_empty() {
            Self::LineStart
        } else if trimmed.is_empty() {
            Self::Indentation
        } else if trimmed.starts_with('#') || trimmed.contains(" #") {
            Self::Comment
        } else if trimmed == "-" {
            Self::Dash
        } else if key == "notes:" {
            Self::ProseColon
        } else if key
            .strip_suffix(':')
            .is_some_and(|key| key.chars().all(is_key))
        {
            Self::Colon
        } else if key.chars().all(is_key) {
            Self::Key
        } else {
            Self::Value
        }
    }
}

/// A character that people take for another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LookAlike {
    Space,
    Quote,
    Dash,
    Colon,
}

impl LookAlike {
    fn of(character: char) -> Option<Self> {
        match character {
            '\u{a0}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' => {
                Some(Self::Space)
            }
            '“' | '”' | '„' | '«' | '»' | '‘' | '’' | '‚' => Some(Self::Quote),
            '–' | '—' | '•' | '·' => Some(Self::Dash),
            '：' | '﹕' | '꞉' => Some(Self::Colon),
            _ => None,
        }
    }

    /// Whether YAML reads something else here than people do.
    fn disturbs(self, before: Before) -> bool {
        match self {
            Self::Space => !matches!(before, Before::Key | Before::Value | Before::Comment),
            // After spaces it may go on with a text that began on the line before.
            Self::Quote => matches!(before, Before::LineStart | Before::Dash | Before::Colon),
            Self::Dash => matches!(before, Before::LineStart | Before::Indentation),
            Self::Colon => before == Before::Key,
        }
    }

    /// Code, name and remedy.
    fn words(self) -> (Code, &'static str, &'static str) {
        match self {
            Self::Space => (
                codes::NO_BREAK_SPACE,
                "a special space (such as a no-break space), which only looks like an ordinary one",
                "Delete it and press the space bar.",
            ),
            Self::Quote => (
                codes::SMART_QUOTE,
                "a typographic quotation mark, which YAML takes for a part of the text",
                "Write the plain quotation mark \" on both sides, or none.",
            ),
            Self::Dash => (
                codes::SMART_QUOTE,
                "a long dash or bullet in place of the hyphen that begins a list entry",
                "Write `- ` (hyphen and space).",
            ),
            Self::Colon => (
                codes::SMART_QUOTE,
                "a wide colon in place of the plain one",
                "Write `: ` (colon and space).",
            ),
        }
    }
}

fn position(index: usize, column: usize) -> Position {
    Position {
        line: index + 1,
        column: column + 1,
    }
}
