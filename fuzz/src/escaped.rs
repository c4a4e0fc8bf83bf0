//! What text from outside is when it is printed: one line of words, on GitHub, on Slack, and in a terminal.

use call_import_engine::report::{slack, text};

/// Characters that nobody sees, or that change the order of those that one sees.
const HIDDEN: [std::ops::RangeInclusive<char>; 6] = [
    '\u{0}'..='\u{1f}',
    '\u{7f}'..='\u{9f}',
    '\u{200e}'..='\u{200f}',
    '\u{2028}'..='\u{202e}',
    '\u{2066}'..='\u{2069}',
    '\u{feff}'..='\u{feff}',
];

/// Any text at all.
pub fn escaped(bytes: &[u8]) {
    let foreign = String::from_utf8_lossy(bytes);
    let inline = text::inline(&foreign);
    check_line(&inline, 80);
    assert_eq!(text::inline(&inline), inline, "it is clean already");
    check_line(&text::sentence(&foreign), 1_000);

    let span = text::code_span(&foreign);
    assert_eq!(outside_of_spans(&span), [""; 2], "{span:?}");
    assert!(!span.contains('|'), "{span:?}");
    // Fences and blanks come in addition.
    check_line(&span, 3 * 80 + 4);

    let prose = text::prose(&foreign);
    check_line(&prose, 3 * 1_000 + 4);
    assert!(!prose.contains('|'), "{prose:?}");
    for outside in outside_of_spans(&prose) {
        let acts = |c: char| "@#<>[]!*~&\\`$^{}=+".contains(c) && c != '!';
        assert!(!outside.contains(acts), "{prose:?}");
        assert!(
            !outside.contains("://") && !outside.contains("www."),
            "{prose:?}"
        );
    }
    assert!(!prose.starts_with([':', '-', ' ', '\t']), "{prose:?}");

    for body in [span, prose] {
        let message = slack::text(&body, None);
        assert!(!message.contains('<'), "{message:?}");
        let mut entities = message.split('&').skip(1);
        let is_entity = |rest: &str| {
            ["amp;", "lt;", "gt;"]
                .iter()
                .any(|end| rest.starts_with(end))
        };
        assert!(entities.all(is_entity), "{message:?}");
    }
}

/// One line, short, with nothing hidden in it and no command of the runner.
fn check_line(line: &str, longest: usize) {
    assert!(line.chars().count() <= longest, "{line:?}");
    let is_hidden = |c: char| HIDDEN.iter().any(|range| range.contains(&c));
    assert!(!line.contains(is_hidden), "{line:?}");
    assert!(!line.contains("##["), "{line:?}");
    assert_eq!(line.trim(), line);
}

/// What stands before, between and behind the code spans of a line (CommonMark 0.31, section 6.1): a span begins with a
/// run of backticks, and ends with the next run of as many.
fn outside_of_spans(line: &str) -> Vec<&str> {
    let mut outside = Vec::new();
    let (mut from, mut at) = (0, 0);
    while let Some(start) = line[at..].find('`').map(|found| at + found) {
        let run = run_of_backticks(&line[start..]);
        match closing(&line[start + run..], run) {
            Some(inside) => {
                outside.push(&line[from..start]);
                at = start + run + inside + run;
                from = at;
            }
            None => at = start + run,
        }
    }
    outside.push(&line[from..]);
    outside
}

fn run_of_backticks(text: &str) -> usize {
    text.len() - text.trim_start_matches('`').len()
}

/// Where the next run of exactly so many backticks begins.
fn closing(text: &str, run: usize) -> Option<usize> {
    let mut at = 0;
    loop {
        let start = at + text[at..].find('`')?;
        let found = run_of_backticks(&text[start..]);
        if found == run {
            return Some(start);
        }
        at = start + found;
    }
}
