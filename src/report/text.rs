//! The one place where text from outside becomes fit to print.
//!
//! Customer names, call titles, file names and what a platform says in an error are written by strangers.
//! In a terminal they could hide text, in a runner's log they could be a command, in a comment they
//! could mention somebody, link, or break a table.

/// Longest excerpt of a foreign text, in characters (`design.md` section 8).
const EXCERPT: usize = 80;

/// Longest sentence, in characters. None of ours comes near it; only quoted foreign text can.
const SENTENCE: usize = 1_000;

/// Longest fence of a code span that GitHub's reader of Markdown knows (cmark-gfm, `MAXBACKTICKS`): behind a longer
/// one, text would act.
const LONGEST_FENCE: usize = 80;

/// Shortest run of hexadecimal digits that GitHub takes for a commit (GitHub Docs, "Autolinked references").
const SHORT_COMMIT: usize = 7;

pub(super) use crate::model::words::counted as count;
pub use crate::model::words::number as grouped;

/// Foreign text for a log line or a terminal: one line, no control or bidi characters, at most 80
/// characters.
pub fn inline(text: &str) -> String {
    cut(&clean(text), EXCERPT)
}

/// Foreign text for Markdown: [`inline`], inside a code span that it cannot leave. A bar becomes a broken
/// bar, so that it ends no cell of a table.
pub fn code_span(text: &str) -> String {
    span(&inline(text).replace('|', "¦"))
}

fn span(text: &str) -> String {
    if text.is_empty() {
        return "`(empty)`".into();
    }
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    if longest >= LONGEST_FENCE {
        return span(&text.replace('`', "'"));
    }
    let fence = "`".repeat(longest + 1);
    // CommonMark takes one blank off both ends, if both have one.
    let pad = if text.starts_with('`') || text.ends_with('`') {
        " "
    } else {
        ""
    };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// Text of ours that may quote foreign text: like [`inline`], but whole.
pub fn clean(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_whitespace() {
            if !clean.is_empty() && !clean.ends_with(' ') {
                clean.push(' ');
            }
        } else if !is_hidden(character) {
            clean.push(character);
        }
    }
    clean.truncate(clean.trim_end().len());
    defuse(&clean)
}

/// Breaks `##[`, with which an older form of GitHub's workflow commands begins, anywhere in a line.
pub(super) fn defuse(text: &str) -> String {
    text.replace("##[", "##(")
}

/// Characters that are not seen but change what is: controls, direction marks, tags, byte-order marks.
pub(super) fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

fn cut(text: &str, longest: usize) -> String {
    if text.chars().count() <= longest {
        return text.into();
    }
    text.chars().take(longest - 1).chain(['…']).collect()
}

/// A sentence of ours that may quote foreign text: like [`inline`], but as long as a sentence may be.
pub fn sentence(text: &str) -> String {
    cut(&clean(text), SENTENCE)
}

/// A sentence that may quote foreign text, for Markdown: as it is where nothing in it can act, else in a
/// code span as a whole.
///
/// Harmless are letters, digits and the marks of plain prose, and whatever stands in code spans of the
/// sentence's own. No mention, link, image, reference or HTML begins in these.
pub fn prose(text: &str) -> String {
    let sentence = sentence(text).replace('|', "¦");
    let pieces: Vec<&str> = sentence.split('`').collect();
    let is_balanced =
        pieces.len() % 2 == 1 && !pieces.iter().skip(1).step_by(2).any(|span| span.is_empty());
    // Two code spans side by side would join their backticks.
    let is_apart = !sentence.contains("``");
    let is_harmless = pieces.iter().step_by(2).copied().all(is_plain_prose);
    if is_balanced && is_apart && is_harmless && !begins_a_block(&sentence) {
        sentence
    } else {
        span(&sentence)
    }
}

/// Whether a part of a line can only be read as words.
fn is_plain_prose(prose: &str) -> bool {
    let may_stand = |c: char| c.is_alphanumeric() || " .,:;'’()%?!-–…\"_/".contains(c);
    let lower = prose.to_ascii_lowercase();
    let links = ["www.", "gh-", "://", "::"]
        .iter()
        .any(|link| lower.contains(link));
    let is_commit = |word: &str| {
        word.len() >= SHORT_COMMIT
            && word.chars().all(|c| c.is_ascii_hexdigit())
            && word.contains(|c: char| c.is_ascii_digit())
    };
    let commits = prose.split(|c: char| !c.is_alphanumeric()).any(is_commit);
    // Between letters an underscore is one of them, as in the name of a secret.
    let words: Vec<&str> = prose.split('_').collect();
    let underscores_join = words.windows(2).all(|pair| {
        pair[0].ends_with(char::is_alphanumeric) && pair[1].starts_with(char::is_alphanumeric)
    });
    prose.chars().all(may_stand) && !links && !commits && underscores_join
}

/// Whether a line that begins so would be a list, a rule or an underlined heading, or a runner command.
fn begins_a_block(line: &str) -> bool {
    let after_digits = line.trim_start_matches(|c: char| c.is_ascii_digit());
    let is_numbered = after_digits.len() < line.len() && after_digits.starts_with(['.', ')']);
    is_numbered || line.starts_with(['-', ':'])
}

/// The header and as many whole lines as fit into so many bytes, then how many are left out. Empty without
/// lines.
pub(super) fn capped(
    header: &str,
    lines: impl Iterator<Item = String>,
    longest: usize,
    more: impl Fn(u64) -> String,
) -> String {
    let mut lines = lines.peekable();
    if lines.peek().is_none() {
        return String::new();
    }
    let mut text = header.to_owned();
    let mut left = 0;
    for line in lines {
        if left > 0 || text.len() + line.len() >= longest {
            left += 1;
        } else {
            text.push('\n');
            text.push_str(&line);
        }
    }
    if left > 0 {
        text.push_str(&more(left));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{capped, code_span, inline, prose, sentence};

    #[test]
    fn one_line_without_hidden_characters() {
        for (foreign, expected) in [
            ("Northwind Robotics", "Northwind Robotics"),
            ("  two\r\nlines\tand \u{a0} blanks ", "two lines and blanks"),
            ("\u{1b}[31mred\u{7}", "[31mred"),
            ("safe\u{202e}exe.mp4\u{2069}", "safeexe.mp4"),
            ("a\u{2028}::error::b", "a ::error::b"),
            ("##[add-mask]x", "##(add-mask]x"),
            ("Zoë 日本 👩‍💻", "Zoë 日本 👩‍💻"),
            ("", ""),
        ] {
            assert_eq!(inline(foreign), expected, "{foreign:?}");
        }
    }

    #[test]
    fn long_texts_are_cut_by_characters() {
        assert_eq!(inline(&"é".repeat(80)), "é".repeat(80));
        let cut = inline(&"é".repeat(81));
        assert_eq!(cut.chars().count(), 80);
        assert!(cut.ends_with("é…"));
    }

    #[test]
    fn sentences_are_cut_too() {
        assert_eq!(sentence(&"word ".repeat(900)).chars().count(), 1_000);
        assert!(prose(&"@a `".repeat(30_000)).len() < 2_000);
    }

    #[test]
    fn whole_lines_are_dropped_with_a_count() {
        let lines = || ["first", "second", "third"].map(String::from).into_iter();
        let more = |left| format!("\nand {left} more");
        assert_eq!(capped("", lines().take(0), 99, more), "");
        assert_eq!(
            capped("All", lines(), 99, more),
            "All\nfirst\nsecond\nthird"
        );
        assert_eq!(capped("All", lines(), 12, more), "All\nfirst\nand 2 more");
    }

    #[test]
    fn nothing_leaves_a_code_span() {
        for (foreign, expected) in [
            ("@team <b>#1</b>", "`@team <b>#1</b>`"),
            ("a`b", "``a`b``"),
            ("```", "```` ``` ````"),
            ("x | y", "`x ¦ y`"),
            ("\n", "`(empty)`"),
        ] {
            assert_eq!(code_span(foreign), expected, "{foreign:?}");
        }
    }

    #[test]
    fn sentences_are_quoted_only_if_something_in_them_could_act() {
        for (sentence, expected) in [
            (
                "Waits until Fri 4 Dec 2026, 01:17 UTC.",
                "Waits until Fri 4 Dec 2026, 01:17 UTC.",
            ),
            (
                "Write `estimated_calls: 5000`, please.",
                "Write `estimated_calls: 5000`, please.",
            ),
            ("Ask @team now", "`Ask @team now`"),
            ("See #12", "`See #12`"),
            ("a `b", "``a `b``"),
            ("a``b``c", "```a``b``c```"),
            ("<b>now</b>", "`<b>now</b>`"),
            ("Like GH-12", "`Like GH-12`"),
            ("www.evil.example", "`www.evil.example`"),
            ("See https://evil.example", "`See https://evil.example`"),
            (
                "Put it into files/northwind/.",
                "Put it into files/northwind/.",
            ),
            ("*x* _y_", "`*x* _y_`"),
            ("`a|b`", "`a¦b`"),
            (
                "The secret IMPORT_A_B is not set.",
                "The secret IMPORT_A_B is not set.",
            ),
            ("An _emphasis_", "`An _emphasis_`"),
            ("`a`_b_", "`` `a`_b_ ``"),
            ("- a list", "`- a list`"),
            ("1. a list", "`1. a list`"),
            ("1) a list", "`1) a list`"),
            ("::error::now", "`::error::now`"),
            ("12 calls, 3 failed.", "12 calls, 3 failed."),
            ("Like 0a1b2c3.", "`Like 0a1b2c3.`"),
            ("The facade is defaced.", "The facade is defaced."),
        ] {
            assert_eq!(prose(sentence), expected, "{sentence:?}");
        }
    }
}
