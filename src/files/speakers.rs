//! Who speaks, where only the text tells: `Name: text`, `[Name] text`, `(Name)` on a line of its own,
//! `>> ` and dashes.
//!
//! "Note: we meet on Monday" looks like a speaker too. So the whole file decides: a prefix is a speaker
//! if most of the cues have one, or if it stands there at least twice.

use std::{collections::HashMap, sync::Arc};

use unicode_normalization::UnicodeNormalization;

use super::{
    cues::Cue,
    markup::{self, Speaker, Voice},
    notice::{Code, Notices},
    text::{is_invisible, trim},
};

/// What one person says within one cue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Turn {
    /// Index of the cue.
    pub(super) cue: usize,
    /// The label as in the source.
    pub(super) speaker: Option<Arc<str>>,
    /// On one line.
    pub(super) text: String,
}

/// What one voice says, before it is known who it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    /// Index of the cue.
    pub(super) cue: usize,
    /// Line of the cue.
    pub(super) line: usize,
    /// Without markup.
    pub(super) voice: Voice,
}

/// The voices of cues, markup taken off.
pub(super) fn parts(cues: &[Cue<'_>]) -> Vec<Part> {
    let voices = |(index, cue): (usize, &Cue<'_>)| {
        let line = cue.line;
        let part = move |voice| Part {
            cue: index,
            line,
            voice,
        };
        markup::voices(&cue.lines).into_iter().map(part)
    };
    cues.iter().enumerate().flat_map(voices).collect()
}

/// Finds out who says what, in the file's order.
pub(super) fn turns(parts: Vec<Part>, notices: &mut Notices) -> Vec<Turn> {
    let parts: Vec<Part> = parts.into_iter().flat_map(at_changes).collect();
    let evidence = Evidence::gather(parts.iter().map(|part| prefix(&part.voice)));
    let mut labels = Labels::default();
    let mut current = None;
    let mut turns = Vec::with_capacity(parts.len());
    for Part { cue, line, voice } in parts {
        let prefix = prefix(&voice).filter(|prefix| evidence.accepts(prefix));
        let (speaker, text) = match (&voice.speaker, prefix) {
            (Speaker::Named(name), _) => {
                // A prefix may hold for cues that follow, a tag holds for its own text only.
                current = None;
                (Some(labels.shared(name)), voice.text.as_str())
            }
            (Speaker::Untold | Speaker::Changed, Some(prefix)) => {
                current = Some(labels.shared(prefix.name));
                (current.clone(), prefix.rest)
            }
            (Speaker::Changed, None) | (Speaker::Nobody, _) => {
                current = None;
                (None, voice.text.as_str())
            }
            (Speaker::Untold, None) => {
                if current.is_some() {
                    notices.add(Code::SpeakerInferred, line);
                }
                (current.clone(), voice.text.as_str())
            }
        };
        turns.push(Turn {
            cue,
            speaker,
            text: on_one_line(text),
        });
    }
    turns
}

/// Cuts a voice where `>>` begins a line, and where two or more lines begin with a dash. Both mean that
/// somebody else speaks.
fn at_changes(part: Part) -> Vec<Part> {
    let Part { cue, line, voice } = part;
    let part = |voice| Part { cue, line, voice };
    voices_at_changes(voice).into_iter().map(part).collect()
}

fn voices_at_changes(voice: Voice) -> Vec<Voice> {
    let dashes = voice
        .text
        .lines()
        .filter(|line| after_dash(line).is_some())
        .count();
    let change = |line: &'_ str| -> Option<usize> {
        let line_start = line.trim_start();
        let rest = match line_start.strip_prefix(">>") {
            Some(rest) => Some(rest.trim_start_matches('>')),
            None => after_dash(line_start).filter(|_| dashes > 1),
        }?;
        (!trim(rest).is_empty()).then(|| line.len() - rest.len())
    };
    if voice.speaker != Speaker::Untold || !voice.text.lines().any(|line| change(line).is_some()) {
        return vec![voice];
    }
    let mut parts: Vec<Voice> = Vec::new();
    for line in voice.text.lines() {
        match (change(line), parts.last_mut()) {
            (Some(mark), _) => parts.push(Voice {
                speaker: Speaker::Changed,
                text: line[mark..].to_owned(),
            }),
            (None, Some(part)) => {
                part.text.push('\n');
                part.text.push_str(line);
            }
            (None, None) => parts.push(Voice {
                speaker: Speaker::Untold,
                text: line.to_owned(),
            }),
        }
    }
    parts.retain(|part| !trim(&part.text).is_empty());
    parts
}

/// What stands behind a dash that begins a line; not behind the minus of a number.
fn after_dash(line: &str) -> Option<&str> {
    let rest = line.trim_start().strip_prefix(['-', '–', '—'])?;
    let marks_speech = |c: char| c == ' ' || c == '[' || c.is_alphabetic();
    rest.starts_with(marks_speech).then_some(rest)
}

/// Whether a text can be a name that stands alone: no sentence, no time, no label before a text.
pub(super) fn is_name(text: &str) -> bool {
    may_be_name(text)
        && !text.contains([':', '\t'])
        && !text.ends_with([',', ';', '…'])
        && !has_sentence_end(&format!("{text} "))
}

/// Where `Name: text` stands, in a text cut into lines: each name that the whole of them proves to be one,
/// with the text behind it.
pub(super) fn named<'a>(lines: &[&'a str]) -> Vec<Option<(&'a str, &'a str)>> {
    let prefix = |line: &&'a str| text_prefix(line).or_else(|| alone(line));
    let evidence = Evidence::gather(lines.iter().map(prefix));
    let proven = |prefix: &Prefix<'_>| {
        prefix.form == Form::Colon
            && evidence.accepts(prefix)
            && (evidence.repeats(prefix) || !is_phrase(prefix.name))
    };
    let named = |line| {
        prefix(line)
            .filter(proven)
            .map(|prefix| (prefix.name, prefix.rest))
    };
    lines.iter().map(named).collect()
}

/// "It goes on like this": any line of a text may begin so, while a cue hardly does.
fn is_phrase(name: &str) -> bool {
    let last = name
        .split_whitespace()
        .nth(2)
        .and(name.split_whitespace().last());
    last.is_some_and(|word| word.starts_with(char::is_lowercase))
}

/// `Name:` on a line of its own.
fn alone(line: &str) -> Option<Prefix<'_>> {
    let name = trim(line.trim_end().strip_suffix(':')?);
    is_name(name).then_some(Prefix {
        form: Form::Colon,
        name,
        rest: "",
    })
}

/// How a name stands before a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Form {
    /// `Name: text`
    Colon,
    /// `[Name] text`
    Brackets,
    /// `(Name)` on the first line, text on the next.
    OwnLine,
}

/// What may be a speaker before a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Prefix<'a> {
    form: Form,
    name: &'a str,
    rest: &'a str,
}

fn prefix(voice: &Voice) -> Option<Prefix<'_>> {
    match voice.speaker {
        Speaker::Named(_) | Speaker::Nobody => None,
        Speaker::Changed | Speaker::Untold => text_prefix(&voice.text),
    }
}

fn text_prefix(text: &str) -> Option<Prefix<'_>> {
    let text = trim(text);
    let text = after_dash(text).map_or(text, trim);
    let (form, name, rest) = if let Some((name, rest)) = text
        .strip_prefix('[')
        .and_then(|inner| inner.split_once(']'))
    {
        (Form::Brackets, name, rest.strip_prefix(':').unwrap_or(rest))
    } else if let Some((name, rest)) = text
        .strip_prefix('(')
        .and_then(|inner| inner.split_once(")\n"))
    {
        (Form::OwnLine, name, rest)
    } else {
        let (name, rest) = text.split_once([':'])?;
        if !rest.starts_with([' ', '\n', '\u{a0}', '\t']) {
            return None;
        }
        (Form::Colon, name, rest)
    };
    let prefix = Prefix {
        form,
        name: trim(name),
        rest: trim(rest),
    };
    let is_name = !prefix.rest.is_empty()
        && may_be_name(prefix.name)
        && (form == Form::Colon || !is_sound(prefix.name));
    is_name.then_some(prefix)
}

fn may_be_name(name: &str) -> bool {
    let digits_only = |c: char| c.is_ascii_digit() || matches!(c, ':' | '.' | ',' | ' ');
    let scheme = ["http", "https", "ftp", "mailto", "tel"];
    (1..=64).contains(&name.chars().take(65).count())
        && name.chars().any(char::is_alphanumeric)
        && !name.contains('\n')
        && !name.chars().all(digits_only)
        && !is_clock_time(name)
        && !has_sentence_end(name)
        && !scheme
            .iter()
            .any(|scheme| name.eq_ignore_ascii_case(scheme))
}

/// `10:30`, `9:05 pm`, `12h30`: digits, and nothing else than what belongs to a time of day.
fn is_clock_time(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let name = name
        .trim_end_matches(['a', 'p', 'm', '.'])
        .trim_end_matches(' ');
    let clock = |c: char| c.is_ascii_digit() || matches!(c, ':' | '.' | 'h');
    name.starts_with(|c: char| c.is_ascii_digit()) && name.chars().all(clock)
}

/// Whether `.`, `?` or `!` ends a sentence within a text; the point of "Dr. Lind" and "J. Lind" does not.
fn has_sentence_end(text: &str) -> bool {
    const ABBREVIATIONS: &[&str] = &[
        "Dr", "Mr", "Mrs", "Ms", "Mx", "Prof", "St", "Sr", "Jr", "Ing", "Dipl",
    ];
    text.match_indices(['.', '?', '!']).any(|(position, mark)| {
        let word = text[..position]
            .rsplit([' ', '.'])
            .next()
            .unwrap_or_default();
        let abbreviated = word.chars().count() == 1 || ABBREVIATIONS.contains(&word);
        text[position + 1..].starts_with(' ') && !(mark == "." && abbreviated)
    })
}

/// Brackets also hold what is heard. Recorders write it in lower case or with one of these words.
fn is_sound(name: &str) -> bool {
    const SOUNDS: &[&str] = &[
        "applause",
        "background noise",
        "blank_audio",
        "crosstalk",
        "inaudible",
        "laughs",
        "laughter",
        "music",
        "noise",
        "pause",
        "silence",
        "unintelligible",
    ];
    let lower = name.to_lowercase();
    name.starts_with(char::is_lowercase) || SOUNDS.contains(&lower.as_str())
}

/// How often the prefixes of a file occur.
#[derive(Debug, Default)]
struct Evidence {
    parts: usize,
    forms: HashMap<Form, usize>,
    names: HashMap<(Form, String), usize>,
    repeated: bool,
}

impl Evidence {
    /// From what may be a prefix of each part.
    fn gather<'a>(prefixes: impl Iterator<Item = Option<Prefix<'a>>>) -> Self {
        let mut evidence = Self::default();
        for prefix in prefixes {
            evidence.parts += 1;
            let Some(prefix) = prefix else {
                continue;
            };
            *evidence.forms.entry(prefix.form).or_default() += 1;
            let name = (prefix.form, matching_form(prefix.name));
            let count = evidence.names.entry(name).or_default();
            *count += 1;
            evidence.repeated |= *count > 1;
        }
        evidence
    }

    fn repeats(&self, prefix: &Prefix<'_>) -> bool {
        let occurrences = self.names.get(&(prefix.form, matching_form(prefix.name)));
        occurrences.is_some_and(|count| *count > 1)
    }

    /// A prefix that stands there twice is a speaker. One that stands there once is, if 60 % of the cues
    /// have one; yet not a lower-case one where others do repeat: "and the thing is: …".
    fn accepts(&self, prefix: &Prefix<'_>) -> bool {
        if self.repeats(prefix) {
            return true;
        }
        let usual = self
            .forms
            .get(&prefix.form)
            .is_some_and(|count| count * 10 >= self.parts * 6);
        usual && !(self.repeated && prefix.name.starts_with(char::is_lowercase))
    }
}

/// Labels that look the same are one speaker, in the spelling that came first.
#[derive(Debug, Default)]
struct Labels(HashMap<String, Arc<str>>);

impl Labels {
    fn shared(&mut self, name: &str) -> Arc<str> {
        let label = self
            .0
            .entry(matching_form(name))
            .or_insert_with(|| name.into());
        Arc::clone(label)
    }
}

/// NFC, without invisible characters, each run of white space as one space.
pub(super) fn matching_form(name: &str) -> String {
    let visible: String = name.nfc().filter(|c| !is_invisible(*c)).collect();
    visible.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Line ends within a cue only fit the text to a screen.
fn on_one_line(text: &str) -> String {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join(" ")
}
