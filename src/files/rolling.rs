//! Rolling captions: each shows the last lines of the one before it again, and then says more.

use super::{
    cues::Cue,
    markup,
    notice::{Code, Notices},
    text::trim,
};

/// Longest pause between two captions of one roll, in milliseconds. Later, the same words are said again.
const LONGEST_PAUSE_MS: i64 = 1_000;

/// Takes off what a cue repeats of the one before it. A cue that says nothing more is left out.
pub(super) fn collapse(cues: &mut Vec<Cue<'_>>, notices: &mut Notices) {
    let mut before: Option<(Option<i64>, Vec<String>)> = None;
    cues.retain_mut(|cue| {
        let shown: Vec<String> = cue.lines.iter().map(|line| visible(line)).collect();
        let repeated = match &before {
            Some((end_ms, lines)) if follows(*end_ms, cue.start_ms) => overlap(lines, &shown),
            Some(_) | None => 0,
        };
        if repeated > 0 {
            notices.add(Code::RepeatedCaption, cue.line);
            cue.lines.drain(..repeated);
        }
        let whole = repeated > 0 && cue.lines.is_empty();
        before = Some((cue.end_ms, shown));
        !whole
    });
}

/// How many lines at the beginning are the last ones of the cue before.
fn overlap(before: &[String], shown: &[String]) -> usize {
    let longest = before.len().min(shown.len()).min(MOST_LINES);
    let repeats = |count: &usize| before[before.len() - count..] == shown[..*count];
    (1..=longest).rev().find(repeats).unwrap_or_default()
}

/// Lines of a caption that are compared; a screen shows three.
const MOST_LINES: usize = 16;

fn follows(end_ms: Option<i64>, start_ms: Option<i64>) -> bool {
    match (end_ms, start_ms) {
        (Some(end), Some(start)) => start.saturating_sub(end) <= LONGEST_PAUSE_MS,
        (None, _) | (_, None) => true,
    }
}

/// A line as it is seen. What shows a second time has no times of its words any more.
fn visible(line: &str) -> String {
    let voices = markup::voices(&[line]);
    let text: String = voices.iter().map(|voice| voice.text.as_str()).collect();
    trim(&text).to_owned()
}
