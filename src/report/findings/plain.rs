//! Findings for people: the line of the file, a caret, what is wrong, what to do.

use std::{collections::BTreeSet, ops::Range};

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use super::Review;
use crate::{
    report::text::{clean, defuse, is_hidden},
    spec::{Finding, Severity, codes},
};

/// Codes of findings that point at a value which is, or may be, a credential.
const MAY_HOLD_SECRETS: [&str; 3] = [
    codes::CLEAR_TEXT_CREDENTIAL.name,
    codes::SECRET_NAME.name,
    codes::BROKEN_SEAL.name,
];

/// Whether the reader sees colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Text alone.
    Plain,
    /// ANSI colours.
    Colour,
}

/// The findings in the order of the files, then one line that counts them.
pub fn plain(review: &Review, style: Style) -> String {
    let renderer = match style {
        Style::Plain => Renderer::plain(),
        Style::Colour => Renderer::styled(),
    };
    let secret = lines_with_secrets(&review.findings);
    let mut text = String::new();
    for finding in review.by_place() {
        let quoted = (!secret.contains(&(finding.path.as_str(), finding.line)))
            .then(|| source_line(review, finding))
            .flatten();
        text.push_str(&renderer.render(&[group(finding, quoted)]));
        text.push_str("\n\n");
    }
    text.push_str(&review.summary());
    text.push('\n');
    text
}

fn group(finding: &Finding, quoted: Option<String>) -> Group<'_> {
    let level = match finding.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Info => Level::INFO,
    };
    let title = level
        .primary_title(clean(&finding.message))
        .id(clean(&finding.code));
    let group = match quoted {
        Some(line) => {
            let span = word_at(&line, finding.column);
            title.element(
                Snippet::source(line)
                    .line_start(finding.line)
                    .path(clean(&finding.path))
                    .annotation(AnnotationKind::Primary.span(span)),
            )
        }
        None => title.element(
            Origin::path(clean(&finding.path))
                .line(finding.line)
                .char_column(finding.column),
        ),
    };
    if finding.help.is_empty() {
        group
    } else {
        group.element(Level::HELP.message(clean(&finding.help)))
    }
}

/// Lines in which a credential may stand in clear text: they are not quoted, whatever else is wrong there.
fn lines_with_secrets(findings: &[Finding]) -> BTreeSet<(&str, usize)> {
    findings
        .iter()
        .filter(|finding| MAY_HOLD_SECRETS.contains(&finding.code.as_str()))
        .map(|finding| (finding.path.as_str(), finding.line))
        .collect()
}

/// The line that a finding points at, fit to print, character for character as long as in the file.
fn source_line(review: &Review, finding: &Finding) -> Option<String> {
    let source = review.sources.get(&finding.path)?;
    let line = source.lines().nth(finding.line.checked_sub(1)?)?;
    let visible: String = line
        .chars()
        .map(|c| match c {
            '\t' => ' ',
            c if is_hidden(c) => '\u{fffd}',
            c => c,
        })
        .collect();
    // A finding about the whole file points at its first line, which mostly is a comment.
    let says_something = !visible.trim().is_empty() && !visible.trim_start().starts_with('#');
    says_something.then(|| defuse(&mask_keys(&visible)))
}

/// Puts bullets over words that look like a key, because a quoted line ends up in logs that many read.
fn mask_keys(line: &str) -> String {
    let is_word = |c: char| c.is_ascii_alphanumeric() || "+/=_-.".contains(c);
    let mut masked = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(start) = rest.find(is_word) {
        let (before, word) = rest.split_at(start);
        let (word, after) = word.split_at(word.find(|c| !is_word(c)).unwrap_or(word.len()));
        masked.push_str(before);
        if looks_like_key(word) {
            masked.extend(word.chars().map(|_| '•'));
        } else {
            masked.push_str(word);
        }
        rest = after;
    }
    masked.push_str(rest);
    masked
}

/// Long, and not made of plain words and numbers as names, dates and paths are.
fn looks_like_key(word: &str) -> bool {
    let mixes = |part: &str| {
        part.len() >= 8
            && part.contains(|c: char| c.is_ascii_digit())
            && part.contains(|c: char| c.is_ascii_alphabetic())
    };
    word.len() >= 16 && word.split(['-', '_', '.', '/', '+', '=']).any(mixes)
}

/// Bytes of the word that begins at a 1-based column in characters; the end of the line where it is beyond.
fn word_at(line: &str, column: usize) -> Range<usize> {
    let start = line
        .char_indices()
        .nth(column.saturating_sub(1))
        .map_or(line.len(), |(index, _)| index);
    let rest = &line[start..];
    let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''));
    let length = match quote.and_then(|quote| rest[1..].find(quote)) {
        Some(closing) => closing + 2,
        None => word_length(rest),
    };
    let least = rest.chars().next().map_or(0, char::len_utf8);
    start..start + length.max(least)
}

/// Length of a plain word of YAML: a comma or colon inside it, as in `5,000` or a URL, belongs to it.
fn word_length(text: &str) -> usize {
    let ends = |(index, character): &(usize, char)| match character {
        ']' | '}' => true,
        ',' | ':' => text[index + 1..]
            .chars()
            .next()
            .is_none_or(char::is_whitespace),
        other => other.is_whitespace(),
    };
    let end = text.char_indices().find(ends);
    end.map_or(text.len(), |(index, _)| index)
}

#[cfg(test)]
mod tests {
    use super::{mask_keys, word_at};

    #[test]
    fn a_caret_covers_the_word() {
        for (line, column, expected) in [
            ("platform: gnog", 11, "gnog"),
            ("include: [transcript, medea]", 23, "medea"),
            ("include: [medea, transcript]", 11, "medea"),
            ("estimated_calls: 5,000 # about", 18, "5,000"),
            ("period: 2024", 1, "period"),
            ("customer: \"Zoë & Co\" # who", 11, "\"Zoë & Co\""),
            ("é: x", 4, "x"),
            ("urgency:", 9, ""),
            ("urgency:", 99, ""),
            (": x", 1, ":"),
        ] {
            assert_eq!(&line[word_at(line, column)], expected, "{line}");
        }
    }

    #[test]
    fn keys_are_masked_and_names_are_not() {
        for plain in [
            "platform: gong",
            "files: [files/northwind-robotics/2026-03-02-call4.vtt]",
            "secret: IMPORT_NORTHWIND_ROBOTICS_GONG_2",
            "base_url: https://us-12345.api.gong.io",
            "requested_completion: 2026-12-04",
        ] {
            assert_eq!(mask_keys(plain), plain);
        }
        for (line, expected) in [
            (
                "notes: key is Zx81kQ0aB77dLmN2",
                "notes: key is ••••••••••••••••",
            ),
            (
                "é 7d5f0c1e-0000-4000-8000-00000000c001!",
                "é ••••••••••••••••••••••••••••••••••••!",
            ),
        ] {
            assert_eq!(mask_keys(line), expected);
        }
    }
}
