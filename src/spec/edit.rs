//! Puts a sealed credential into the text of a request and leaves every other byte as it is.
//!
//! Lines are found by their left edge, so that a block which was pasted without indentation, and which no
//! YAML parser can read, is replaced like any other. What comes out is read again and compared, so no
//! notation can make an edit lose something.

#[cfg(test)]
mod tests;

use std::ops::Range;

use serde_json::Value;

use super::{document::child, file_report::FileReport, yaml};

const KEY: &str = "credentials";

/// Keys behind which `credentials` goes when it is new: the first of them that the request has.
const BEFORE: [&str; 6] = [
    "method",
    "requested_completion",
    "urgency",
    "estimated_calls",
    "platform",
    "customer",
];

/// A request with its new credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edited {
    /// The text of the file.
    pub text: String,
    /// What was replaced.
    pub former: Former,
}

/// The credential that a request had before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Former {
    /// None.
    Nothing,
    /// A sealed block.
    Sealed,
    /// The name of a secret.
    Named,
    /// Something else: a credential for everybody to read, most likely.
    ClearText,
}

/// Why a text cannot be edited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// Two lines begin with `credentials:`.
    #[error("The key `credentials` stands there twice. Keep one of the two and delete the other.")]
    Twice,
    /// The file is not written line by line, or is not YAML.
    #[error(
        "The file is not written line by line, as in the examples, so nothing can be put into it safely."
    )]
    Unusual,
}

/// Replaces the credential of a request by a sealed block (armored), or adds it in its usual place.
///
/// Line ends are those of the file. Comments among the replaced lines are kept.
///
/// # Errors
/// [`EditError`]; nothing is then lost, because nothing was changed.
pub fn put_sealed(text: &str, armored: &str) -> Result<Edited, EditError> {
    let lines = Lines::of(text);
    let (edited, former) = match lines.entry(KEY)? {
        Some(entry) => {
            let old = &lines.lines[entry.clone()];
            let block = block(armored, old, lines.line_end(entry.start));
            (lines.with(entry, block), former(old))
        }
        None => {
            let places = BEFORE.iter().map(|key| lines.entry(key));
            let place = places.flatten().flatten().next();
            let at = place.ok_or(EditError::Unusual)?.end;
            let block = block(armored, &[], lines.line_end(at - 1));
            (lines.with(at..at, block), Former::Nothing)
        }
    };
    check(text, &edited, armored)?;
    Ok(Edited {
        text: edited,
        former,
    })
}

/// The text without its credential, whatever state that is in.
///
/// # Errors
/// [`EditError::Twice`].
pub fn without_credentials(text: &str) -> Result<String, EditError> {
    let lines = Lines::of(text);
    Ok(match lines.entry(KEY)? {
        Some(entry) => lines.with(entry, Vec::new()),
        None => text.to_owned(),
    })
}

/// The lines of a request that hold a sealed credential, ready to paste.
pub fn sealed_lines(armored: &str) -> String {
    block(armored, &[], "\n").concat()
}

/// The lines of a text, each with its line end, and the keys at its left edge.
struct Lines<'a> {
    lines: Vec<&'a str>,
    /// Index of the line, name of the key.
    keys: Vec<(usize, String)>,
}

impl<'a> Lines<'a> {
    fn of(text: &'a str) -> Self {
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        let keys = match parse(text) {
            Some(parsed) if parsed.flaws == 0 => parsed.keys,
            // Not YAML, or it holds a key twice: what looks like an entry is one.
            Some(_) | None => (lines.iter().enumerate())
                .filter_map(|(index, line)| Some((index, key_of(line)?.to_owned())))
                .collect(),
        };
        Self { lines, keys }
    }

    /// The lines of a key at the left edge and of what belongs to it. Blank lines and comments at the left
    /// edge behind it belong to what follows.
    fn entry(&self, key: &str) -> Result<Option<Range<usize>>, EditError> {
        let mut places = self.keys.iter().filter(|(_, name)| name == key);
        let Some((start, _)) = places.next() else {
            return Ok(None);
        };
        if places.next().is_some() {
            return Err(EditError::Twice);
        }
        let is_end = |index: &usize| {
            self.keys.iter().any(|(key, _)| key == index) || is_marker(self.lines[*index])
        };
        let next = (start + 1..self.lines.len()).find(is_end);
        let mut end = next.unwrap_or(self.lines.len());
        while end > start + 1 && is_between(self.lines[end - 1]) {
            end -= 1;
        }
        Ok(Some(*start..end))
    }

    /// The end of a line; that of the first line where it has none.
    fn line_end(&self, index: usize) -> &'static str {
        let ends = [self.lines.get(index), self.lines.first()];
        let end = ends.into_iter().flatten().find(|line| line.ends_with('\n'));
        match end {
            Some(line) if line.ends_with("\r\n") => "\r\n",
            Some(_) | None => "\n",
        }
    }

    /// The text with some of its lines replaced. Whether its last line has an end stays as it is.
    fn with(&self, range: Range<usize>, new: Vec<String>) -> String {
        let end = self.line_end(range.start.saturating_sub(1));
        let before = self.lines[..range.start]
            .iter()
            .map(|line| (*line).to_owned());
        let after = self.lines[range.end..]
            .iter()
            .map(|line| (*line).to_owned());
        let mut lines: Vec<String> = before.chain(new).chain(after).collect();
        let count = lines.len();
        for line in lines.iter_mut().take(count.saturating_sub(1)) {
            if !line.ends_with('\n') {
                line.push_str(end);
            }
        }
        let is_open = self.lines.last().is_some_and(|line| !line.ends_with('\n'));
        if let Some(last) = lines.last_mut().filter(|_| is_open) {
            last.truncate(last.trim_end_matches(['\r', '\n']).len());
        }
        lines.concat()
    }
}

/// The key with which a line begins, at the left edge and without quotes. What was pasted there without
/// indentation is no key of the request.
fn key_of(line: &str) -> Option<&str> {
    let (key, rest) = line.trim_start_matches('\u{feff}').split_once(':')?;
    let key = key.trim_end_matches([' ', '\t']);
    let is_name = key.starts_with(|c: char| c.is_ascii_alphabetic())
        && key
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    let ends = rest.is_empty() || rest.starts_with(char::is_whitespace);
    (is_name && ends && key != "sealed" && key != "secret").then_some(key)
}

/// Whether the document ends here.
fn is_marker(line: &str) -> bool {
    matches!(line.trim_end(), "---" | "...")
}

fn is_between(line: &str) -> bool {
    line.trim().is_empty() || line.starts_with('#')
}

/// The new lines, in the shape of the old ones: their comments, and the line `sealed: |` as it was.
fn block(armored: &str, old: &[&str], end: &str) -> Vec<String> {
    let (first, rest) = match old.split_first() {
        Some((first, rest)) if is_bare(first, KEY, "") => ((*first).to_owned(), rest),
        Some((_, rest)) => (format!("{KEY}:{end}"), rest),
        None => (format!("{KEY}:{end}"), old),
    };
    let is_header = |line: &&&str| indent_of(line) > 0 && is_bare(line, "sealed", "|");
    let own = rest.iter().find(is_header);
    let header = own.map_or_else(|| format!("  sealed: |{end}"), |line| (*line).to_owned());
    let indent = " ".repeat(indent_of(&header) + 2);
    let content = armored.trim().lines();
    let mut lines = vec![first];
    lines.extend(comments(rest).map(str::to_owned));
    lines.push(header);
    lines.extend(content.map(|line| format!("{indent}{}{end}", line.trim())));
    lines
}

/// Whether a line is `key: value`, with nothing behind it but a comment.
fn is_bare(line: &str, key: &str, value: &str) -> bool {
    let rest = line.trim_start_matches('\u{feff}').trim().strip_prefix(key);
    let Some(rest) = rest.and_then(|rest| rest.strip_prefix(':')) else {
        return false;
    };
    let has_room = rest.is_empty() || rest.starts_with(char::is_whitespace);
    let rest = rest.trim_start().strip_prefix(value);
    rest.is_some_and(|rest| {
        has_room
            && (rest.is_empty()
                || (rest.starts_with(char::is_whitespace) && rest.trim_start().starts_with('#'))
                || (value.is_empty() && rest.starts_with('#')))
    })
}

/// Lines that certainly are comments: no deeper than the first key, so that they belong to no text.
fn comments<'a>(lines: &[&'a str]) -> impl Iterator<Item = &'a str> {
    let is_comment = |line: &str| line.trim_start().starts_with('#');
    let keys = lines.iter().filter(move |line| !is_comment(line));
    let deepest = keys
        .filter(|line| !line.trim().is_empty())
        .map(|line| indent_of(line))
        .next();
    let kept = lines.iter().copied().filter(move |line| {
        is_comment(line) && deepest.is_none_or(|deepest| indent_of(line) <= deepest)
    });
    kept.collect::<Vec<_>>().into_iter()
}

fn indent_of(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

/// What the old lines were, as far as they can be read.
fn former(lines: &[&str]) -> Former {
    let text = lines.concat();
    let Some(value) = parse(&text).and_then(|parsed| parsed.value.get(KEY).cloned()) else {
        return if text.contains(ARMOR) {
            Former::Sealed
        } else {
            Former::ClearText
        };
    };
    let is_blank = |value: &Value| match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Object(map) => map.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    };
    let Value::Object(map) = &value else {
        return if is_blank(&value) {
            Former::Nothing
        } else {
            Former::ClearText
        };
    };
    let mut former = Former::Nothing;
    for (key, value) in map.iter().filter(|(_, value)| !is_blank(value)) {
        former = match (key.as_str(), value.as_str()) {
            ("sealed", Some(text)) if text.trim_start().starts_with(ARMOR) => Former::Sealed,
            ("secret", Some(text)) if text.starts_with("IMPORT_") => Former::Named,
            _ => return Former::ClearText,
        };
    }
    former
}

const ARMOR: &str = "-----BEGIN AGE ENCRYPTED FILE-----";

/// Reads both texts as YAML: the new one must hold the block, and otherwise what the old one held.
fn check(old: &str, new: &str, armored: &str) -> Result<(), EditError> {
    let rest = parse(&without_credentials(old)?).ok_or(EditError::Unusual)?;
    let mut new = parse(new).ok_or(EditError::Unusual)?;
    let sealed = new.take(KEY);
    let is_there = sealed.as_ref().is_some_and(|sealed| {
        let block = sealed.get("sealed").and_then(Value::as_str);
        sealed.as_object().is_some_and(|map| map.len() == 1)
            && block.is_some_and(|block| block.trim().lines().eq(armored.trim().lines()))
    });
    // Where the old text was readable, nothing of it may have gone with the old credential.
    let is_whole = parse(old).is_none_or(|mut old| {
        old.take(KEY);
        old.value == rest.value
    });
    if is_there && is_whole && new.value == rest.value && new.flaws == rest.flaws {
        Ok(())
    } else {
        Err(EditError::Unusual)
    }
}

/// What a text says.
struct Parsed {
    value: Value,
    /// How many keys are written twice.
    flaws: usize,
    /// Index of the line and name of each key at the left edge.
    keys: Vec<(usize, String)>,
}

impl Parsed {
    fn take(&mut self, key: &str) -> Option<Value> {
        self.value.as_object_mut()?.remove(key)
    }
}

fn parse(text: &str) -> Option<Parsed> {
    let mut aside = FileReport::new("");
    if !yaml::parse(text.trim_start_matches('\u{feff}'), &mut aside) {
        return None;
    }
    let flaws = aside.errors().count();
    let document = aside.document;
    let keys = document.value.as_object().into_iter().flat_map(|map| {
        let place = |key: &String| document.key_position(&child("", key));
        let placed = map.keys().map(move |key| (place(key), key.clone()));
        placed
            .filter(|(place, _)| place.column == 1)
            .map(|(place, key)| (place.line - 1, key))
    });
    Some(Parsed {
        flaws,
        keys: keys.collect(),
        value: document.value,
    })
}
