//! The words of a sentence, and where its clauses end.

use crate::spec::{rules::files::SCHEMES, said::bare};

/// A word of a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token<'a> {
    /// Without the marks around it.
    pub(super) text: &'a str,
    /// The same in small letters, without a possessive `'s`.
    pub(super) lower: String,
    /// Whether it is the path, pattern or address of files, with all its marks.
    pub(super) is_path: bool,
    /// Whether a clause begins with it.
    pub(super) opens: bool,
    /// Byte at which it begins in the sentence.
    pub(super) start: usize,
}

impl Token<'_> {
    /// The byte behind it.
    pub(super) const fn end(&self) -> usize {
        self.start + self.text.len()
    }
}

/// Splits a sentence into words. A lone dash is a word, because it can stand between two dates.
pub(super) fn tokens(sentence: &str) -> Vec<Token<'_>> {
    let mut tokens: Vec<Token<'_>> = Vec::new();
    let mut opens = true;
    for raw in sentence.split_whitespace() {
        let path = path(raw);
        let text = path.unwrap_or_else(|| bare(raw));
        if text.is_empty() {
            opens = true;
            continue;
        }
        let start = text.as_ptr() as usize - sentence.as_ptr() as usize;
        let before = &raw[..text.as_ptr() as usize - raw.as_ptr() as usize];
        let after = &raw[before.len() + text.len()..];
        let lower = text.to_lowercase();
        let lower = ["'s", "’s"]
            .iter()
            .find_map(|ending| lower.strip_suffix(ending))
            .unwrap_or(&lower)
            .to_owned();
        tokens.push(Token {
            text,
            is_path: path.is_some(),
            lower,
            opens: opens || before.contains(['(', '[']) || is_dash(text),
            start,
        });
        // The full stop of `Inc.` or `St.` ends no sentence.
        opens = is_dash(text)
            || after.contains([',', ';', ':', '!', '?', ')', ']'])
            || (after.contains('.') && text.chars().count() > 3);
    }
    tokens
}

/// The path of files in a word: below `files/`, at an address of a store, or with an ending that is read.
fn path(raw: &str) -> Option<&str> {
    let text = raw
        .trim_start_matches(|c: char| "(\"'“”‘«`".contains(c))
        .trim_end_matches(|c: char| ",;:.!?)\"'“”’»`".contains(c));
    let begins = ["files/", "requests/files/"].iter().chain(&SCHEMES);
    let is_placed = begins.into_iter().any(|begin| {
        text.strip_prefix(begin)
            .is_some_and(|rest| !rest.is_empty())
    });
    let is_ended = [".vtt", ".srt"]
        .iter()
        .any(|ending| text.to_lowercase().ends_with(ending) && text.len() > ending.len());
    (is_placed || is_ended).then_some(text)
}

pub(super) fn is_dash(text: &str) -> bool {
    matches!(text, "-" | "–" | "—" | "/" | "|")
}
