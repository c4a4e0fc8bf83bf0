//! Plain-text transcripts: which layout a text has, who speaks when, and what stands around it.
//!
//! No such text says how it is laid out. So each layout is tried, and the one that explains most of the lines
//! and tells most of speakers and times is taken; if none explains four lines in five, the text stays a row
//! of paragraphs. A layout only says where turns begin: all that follows, up to the next, is text, so nothing
//! gets lost where a line fits no layout.

mod clock;
mod frame;
mod layouts;
mod timing;

use super::{
    Dialect, FileProblem, Moment, Options,
    markup::{Speaker, Voice},
    notice::{Code, Notices},
    refusal,
    speakers::{self, Part, Turn},
    text::{self, is_no_character},
};
use layouts::{Row, Start};

/// Lines that are not blank. A call of a whole day has a tenth of it.
const MOST_ROWS: usize = 500_000;

/// The layouts that are tried; of equal ones the first is taken.
const TRIED: [Dialect; 7] = [
    Dialect::Tabs,
    Dialect::NameThenTime,
    Dialect::TimeThenName,
    Dialect::Ranges,
    Dialect::Stacked,
    Dialect::TimedLines,
    Dialect::Untimed,
];

/// A plain text as it was understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Conversation {
    pub(super) dialect: Dialect,
    /// When each turn was, and on which line; in the text's order.
    pub(super) moments: Vec<Moment>,
    /// What was said; `cue` is the index of the moment.
    pub(super) turns: Vec<Turn>,
    /// From the lines above the conversation.
    pub(super) title: Option<String>,
    /// The lines above and below it, as they stand.
    pub(super) notes: Vec<String>,
}

/// Reads a text.
///
/// # Errors
/// A [`FileProblem`] when this is no text, or two calls in one, or not laid out as the request says.
pub(super) fn read(
    text: &str,
    options: &Options,
    notices: &mut Notices,
) -> Result<Conversation, FileProblem> {
    let rows = rows(text)?;
    let (rows, tail) = rows.split_at(rows.len() - frame::tail(&rows));
    if rows.is_empty() {
        return Err(refusal::empty());
    }
    let (dialect, starts) = match options.dialect {
        Some(dialect) => (dialect, layouts::starts(dialect, rows, true)),
        None => best(rows),
    };
    let Some(first) = starts.first().map(|start| start.first) else {
        return Err(refusal::other_dialect(dialect));
    };
    if dialect == Dialect::Paragraphs && options.dialect.is_none() {
        notices.add(Code::ParagraphsOnly, rows[0].number);
    }
    let turns = speakers::turns(parts(rows, &starts, dialect), notices);
    let moments = timing::moments(rows, &starts, notices)?;
    let head = &rows[..first];
    for row in head.iter().chain(tail) {
        notices.add(Code::KeptAsNote, row.number);
    }
    let notes = head.iter().chain(tail).map(|row| row.text.to_owned());
    Ok(Conversation {
        dialect,
        moments,
        turns,
        title: frame::title(head),
        notes: notes.collect(),
    })
}

fn rows(text: &str) -> Result<Vec<Row<'_>>, FileProblem> {
    let damaged = text.chars().filter(|c| is_no_character(*c)).count();
    if damaged * 20 > text.chars().count() {
        return Err(refusal::unknown_encoding());
    }
    let mut rows = Vec::new();
    let mut begins_block = true;
    for line in text::lines(text) {
        if text::is_blank(line.text) {
            begins_block = true;
            continue;
        }
        if rows.len() == MOST_ROWS {
            return Err(refusal::too_many_lines(MOST_ROWS));
        }
        rows.push(Row {
            number: line.number,
            text: text::trim(line.text),
            begins_block,
        });
        begins_block = false;
    }
    Ok(rows)
}

/// The layout that explains a text best.
fn best<'a>(rows: &[Row<'a>]) -> (Dialect, Vec<Start<'a>>) {
    let mut best: Option<(u64, Dialect, Vec<Start<'a>>)> = None;
    for dialect in TRIED {
        let starts = layouts::starts(dialect, rows, false);
        let score = score(rows, &starts, dialect).unwrap_or_default();
        if score > best.as_ref().map_or(0, |(best, ..)| *best) {
            best = Some((score, dialect, starts));
        }
    }
    match best {
        Some((_, dialect, starts)) => (dialect, starts),
        None => {
            let starts = layouts::starts(Dialect::Paragraphs, rows, false);
            (Dialect::Paragraphs, starts)
        }
    }
}

/// Share of the rows that are explained × (1 + share of turns with a speaker + share with a time), in
/// millionths; nothing below 80 % of the rows. A short head does not count against a layout.
fn score(rows: &[Row<'_>], starts: &[Start<'_>], dialect: Dialect) -> Option<u64> {
    let head = starts.first()?.first;
    let is_head = head <= frame::LONGEST_HEAD && head * 2 <= rows.len();
    let counted = rows.len() - if is_head { head } else { 0 };
    let explained = explained(rows, starts);
    if explained * 10 < counted * 8 {
        return None;
    }
    let turns = speakers::turns(parts(rows, starts, dialect), &mut Notices::default());
    let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    let share = |part: usize, whole: usize| count(part) * 1_000_000 / count(whole).max(1);
    let with_speaker = turns.iter().filter(|turn| turn.speaker.is_some()).count();
    let with_time = turns
        .iter()
        .filter(|turn| starts[turn.cue].times.is_some())
        .count();
    let told = 1_000_000 + share(with_speaker, turns.len()) + share(with_time, turns.len());
    Some(share(explained, counted) * told / 3_000_000)
}

/// Rows that begin a turn or go on with it. A turn without text explains nothing; a text that goes on behind an
/// empty line is only explained below a heading, and only if there is more than one.
fn explained(rows: &[Row<'_>], starts: &[Start<'_>]) -> usize {
    let ends = starts.iter().skip(1).map(|next| next.first);
    let ends = ends.chain([rows.len()]);
    let turn = |(start, end): (&Start<'_>, usize)| {
        if start.text.is_empty() && start.body >= end {
            return 0;
        }
        let whole = start.text.is_empty() && starts.len() > 1;
        let block = usize::from(start.text.is_empty());
        let more = rows[start.body..end].iter().enumerate();
        let more = more.take_while(|(index, row)| whole || *index < block || !row.begins_block);
        start.body - start.first + more.count()
    };
    starts.iter().zip(ends).map(turn).sum()
}

/// What is said in each turn. In paragraphs nobody is looked for: there, a name before a colon would have made
/// another layout.
fn parts(rows: &[Row<'_>], starts: &[Start<'_>], dialect: Dialect) -> Vec<Part> {
    let ends = starts.iter().skip(1).map(|next| next.first);
    let ends = ends.chain([rows.len()]);
    let part = |(cue, (start, end)): (usize, (&Start<'_>, usize))| {
        let more = rows[start.body..end].iter().map(|row| row.text);
        let lines: Vec<&str> = [start.text]
            .into_iter()
            .chain(more)
            .filter(|text| !text.is_empty())
            .collect();
        let speaker = match start.name {
            Some(name) => Speaker::Named(name.to_owned()),
            None if dialect == Dialect::Paragraphs => Speaker::Nobody,
            None => Speaker::Untold,
        };
        let text = lines.join("\n");
        let voice = Voice { speaker, text };
        let line = rows[start.first].number;
        (!lines.is_empty()).then_some(Part { cue, line, voice })
    };
    let starts = starts.iter().zip(ends).enumerate();
    starts.filter_map(part).collect()
}
