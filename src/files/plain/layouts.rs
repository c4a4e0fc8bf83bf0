//! Where turns begin, in each layout of plain text.

use std::collections::{HashMap, HashSet};

use super::{
    clock::{self, Beside, Times},
    frame,
};
use crate::files::{Dialect, speakers, text::trim};

/// A line that is not blank.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row<'a> {
    /// 1-based.
    pub(super) number: usize,
    /// Without white space around it.
    pub(super) text: &'a str,
    /// Whether it begins a block: it is the first, or the line above is blank.
    pub(super) begins_block: bool,
}

/// Where a turn begins.
#[derive(Debug, Clone, Copy)]
pub(super) struct Start<'a> {
    /// Index of the first of its rows.
    pub(super) first: usize,
    /// Index of the first row that holds nothing but text.
    pub(super) body: usize,
    /// When it was said.
    pub(super) times: Option<Times>,
    /// Who says it, where the layout tells; else a prefix of the text may.
    pub(super) name: Option<&'a str>,
    /// The text that stands above `body`.
    pub(super) text: &'a str,
}

/// The beginnings of all turns, if the text were laid out so. Where it is known to be (`told`), a name need not
/// stand there twice to be one.
pub(super) fn starts<'a>(dialect: Dialect, rows: &[Row<'a>], told: bool) -> Vec<Start<'a>> {
    match dialect {
        Dialect::NameThenTime => headings(rows, told, name_then_time),
        Dialect::TimeThenName => headings(rows, told, time_then_name),
        Dialect::TimedLines => each(rows, timed_line),
        Dialect::Tabs => each(rows, tabs),
        Dialect::Untimed => untimed(rows, told),
        Dialect::Ranges => marked(rows, told, range_mark),
        Dialect::Stacked => marked(rows, told, time_mark),
        Dialect::Paragraphs => paragraphs(rows),
    }
}

fn each<'a>(rows: &[Row<'a>], start: impl Fn(&'a str) -> Option<Start<'a>>) -> Vec<Start<'a>> {
    let rows = rows.iter().enumerate();
    rows.filter_map(|(index, row)| {
        Some(Start {
            first: index,
            body: index + 1,
            ..start(row.text)?
        })
    })
    .collect()
}

/// Lines with a name and a time and nothing else. "Lunch 12:00" looks like one too; so where only a space parts
/// the two, the name must stand there twice.
fn headings<'a>(
    rows: &[Row<'a>],
    told: bool,
    heading: impl Fn(&'a str) -> Option<Beside<'a>>,
) -> Vec<Start<'a>> {
    let headings: Vec<_> = rows.iter().map(|row| heading(row.text)).collect();
    let mut occurrences: HashMap<String, usize> = HashMap::new();
    for found in headings.iter().flatten() {
        *occurrences
            .entry(speakers::matching_form(found.rest))
            .or_default() += 1;
    }
    let proven = |found: &Beside<'_>| {
        let name = speakers::matching_form(found.rest);
        found.firm || occurrences[&name] > 1 || told && !has_year(&name)
    };
    let start = |(index, found): (usize, Option<Beside<'a>>)| {
        let found = found.filter(proven)?;
        Some(Start {
            first: index,
            body: index + 1,
            times: Some(found.times),
            name: Some(found.rest),
            text: "",
        })
    };
    headings.into_iter().enumerate().filter_map(start).collect()
}

/// "March 2, 2026" stands before a time as well.
fn has_year(name: &str) -> bool {
    let is_year = |word: &str| word.len() == 4 && word.bytes().all(|byte| byte.is_ascii_digit());
    name.split([' ', ',', '-', '/']).any(is_year)
}

/// `Bo Lind  0:05`
fn name_then_time(line: &str) -> Option<Beside<'_>> {
    clock::trailing(line)
        .filter(|beside| beside.times.end.is_none() && speakers::is_name(beside.rest))
}

/// `0:05 - Bo Lind (Northwind)`
fn time_then_name(line: &str) -> Option<Beside<'_>> {
    let line = line.strip_prefix('@').unwrap_or(line);
    clock::leading(line).filter(|beside| speakers::is_name(beside.rest))
}

/// `[00:15] Bo Lind: Good morning.`
fn timed_line(line: &str) -> Option<Start<'_>> {
    let beside = clock::leading(line).filter(|beside| !beside.rest.is_empty())?;
    Some(Start {
        first: 0,
        body: 0,
        times: Some(beside.times),
        name: None,
        text: beside.rest,
    })
}

/// Time, name and text between tabs; or the name first, as in tables of Word documents.
fn tabs(line: &str) -> Option<Start<'_>> {
    let (first, rest) = line.split_once('\t')?;
    let (second, text) = rest.split_once('\t')?;
    let time = |cell: &str| {
        clock::times(cell).or_else(|| {
            let start = clock::seconds(cell)?;
            Some(Times { start, end: None })
        })
    };
    let (times, name) = match (time(first), time(second)) {
        (Some(times), _) => (times, second),
        (None, Some(times)) => (times, first),
        (None, None) => return None,
    };
    let name = trim(name);
    let name = name.strip_suffix(':').unwrap_or(name);
    speakers::is_name(name).then_some(Start {
        first: 0,
        body: 0,
        times: Some(times),
        name: Some(name),
        text: trim(text),
    })
}

/// `Bo Lind: Good morning.`, or the text on the next line. What stands at the head of a page, such as
/// "Attendees: …", is nobody's speech; nor is a form to fill in, in which every label stands once.
fn untimed<'a>(rows: &[Row<'a>], told: bool) -> Vec<Start<'a>> {
    let mut labels: HashMap<String, usize> = HashMap::new();
    for (label, _) in rows.iter().filter_map(|row| frame::label(row.text)) {
        *labels.entry(label.to_lowercase()).or_default() += 1;
    }
    // Who is called "Host" speaks more than once.
    let heads = |row: &&Row<'_>| match frame::label(row.text) {
        Some((label, _)) => labels[&label.to_lowercase()] == 1,
        None => !row.text.contains(": ") && !row.text.ends_with(':'),
    };
    let head = rows.iter().take_while(heads).count();
    let lines: Vec<&str> = rows[head..].iter().map(|row| row.text).collect();
    let named = speakers::named(&lines);
    let mut seen = HashSet::new();
    let mut names = named.iter().flatten();
    let all_differ = names.all(|(name, _)| seen.insert(speakers::matching_form(name)));
    if all_differ && !told {
        return Vec::new();
    }
    named
        .into_iter()
        .enumerate()
        .filter_map(|(index, named)| {
            let (name, text) = named?;
            Some(Start {
                first: head + index,
                body: head + index + 1,
                times: None,
                name: Some(name),
                text,
            })
        })
        .collect()
}

/// A line that holds times and no text.
#[derive(Debug, Clone, Copy)]
struct Mark<'a> {
    row: usize,
    times: Times,
    /// The name on the same line.
    name: Option<&'a str>,
}

/// `0:05`
fn time_mark(line: &str) -> Option<(Times, Option<&str>)> {
    let times = clock::times(line).filter(|times| times.end.is_none())?;
    Some((times, None))
}

/// `00:01:23 --> 00:01:45`, alone or behind a name.
fn range_mark(line: &str) -> Option<(Times, Option<&str>)> {
    let with_end = |times: &Times| times.end.is_some();
    if let Some(times) = clock::times(line).filter(with_end) {
        return Some((times, None));
    }
    let beside = clock::trailing(line)?;
    (with_end(&beside.times) && speakers::is_name(beside.rest))
        .then_some((beside.times, Some(beside.rest)))
}

/// Where the names stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Above,
    Below,
    /// On the line of the times, before the text, or nowhere.
    Elsewhere,
}

/// Lines with times only, and names on the lines above or below them.
fn marked<'a>(
    rows: &[Row<'a>],
    told: bool,
    mark: impl Fn(&'a str) -> Option<(Times, Option<&'a str>)>,
) -> Vec<Start<'a>> {
    let mark = |(row, found): (usize, &Row<'a>)| {
        let (times, name) = mark(found.text)?;
        Some(Mark { row, times, name })
    };
    let marks: Vec<Mark<'a>> = rows.iter().enumerate().filter_map(mark).collect();
    let side = side(rows, &marks, told);
    let starts = (0..marks.len()).map(|index| {
        let mark = marks[index];
        let name = beside(rows, &marks, index, side);
        let below = usize::from(name.is_some() && side == Side::Below);
        let above = usize::from(name.is_some() && side == Side::Above);
        Start {
            first: mark.row - above,
            body: mark.row + 1 + below,
            times: Some(mark.times),
            name: name.or(mark.name),
            text: "",
        }
    });
    let starts = starts.collect();
    if side == Side::Elsewhere && marks.iter().all(|mark| mark.name.is_none()) {
        sections(rows, &starts)
    } else {
        starts
    }
}

/// A text may hold many turns below one time, each with its name before it (Meet writes a time every five
/// minutes). The first has that time, of the others none is known.
fn sections<'a>(rows: &[Row<'a>], marks: &Vec<Start<'a>>) -> Vec<Start<'a>> {
    let is_mark = |index: usize| {
        marks
            .binary_search_by_key(&index, |mark| mark.first)
            .is_ok()
    };
    let others: Vec<usize> = (0..rows.len()).filter(|index| !is_mark(*index)).collect();
    let lines: Vec<&str> = others.iter().map(|index| rows[*index].text).collect();
    let Some(first) = marks.first().map(|mark| mark.first) else {
        return Vec::new();
    };
    let mut starts = marks.clone();
    for (row, named) in others.into_iter().zip(speakers::named(&lines)) {
        let Some((name, text)) = named.filter(|_| row > first) else {
            continue;
        };
        let above = marks.binary_search_by_key(&(row - 1), |mark| mark.first);
        let start = Start {
            first: row,
            body: row + 1,
            times: None,
            name: Some(name),
            text,
        };
        match above {
            Ok(mark) => {
                let Start { first, times, .. } = marks[mark];
                starts[mark] = Start {
                    first,
                    times,
                    ..start
                };
            }
            Err(_) => starts.push(start),
        }
    }
    starts.sort_by_key(|start| start.first);
    starts
}

/// The name above or below a mark, if a line there can be one and leaves a line for the text.
fn beside<'a>(rows: &[Row<'a>], marks: &[Mark<'a>], index: usize, side: Side) -> Option<&'a str> {
    let mark = marks[index].row;
    let row = match side {
        Side::Above => {
            let before = index.checked_sub(1).map(|before| marks[before].row);
            let row = mark.checked_sub(1)?;
            // What stands right below the time before is text.
            let free = before.is_none_or(|before| row > before + 1);
            (free && !rows[mark].begins_block).then_some(row)?
        }
        Side::Below => {
            let next = marks.get(index + 1).map_or(rows.len(), |next| next.row);
            let row = mark + 1;
            (row + 1 < next && !rows[row].begins_block).then_some(row)?
        }
        Side::Elsewhere => return None,
    };
    Some(rows[row].text).filter(|text| speakers::is_name(text))
}

/// On which side of the marks the names stand: where most marks have one, and most of these stand there more
/// than once, as no text does. A name above that begins a block needs no proof.
fn side(rows: &[Row<'_>], marks: &[Mark<'_>], told: bool) -> Side {
    if marks.iter().filter(|mark| mark.name.is_some()).count() * 2 >= marks.len() {
        return Side::Elsewhere;
    }
    let proof = |side: Side| {
        let mut occurrences: HashMap<&str, usize> = HashMap::new();
        let mut apart = 0;
        for index in 0..marks.len() {
            if let Some(name) = beside(rows, marks, index, side) {
                *occurrences.entry(name).or_default() += 1;
                let above = side == Side::Above && rows[marks[index].row - 1].begins_block;
                apart += usize::from(above);
            }
        }
        let found: usize = occurrences.values().sum();
        let repeated: usize = occurrences.values().filter(|count| **count > 1).sum();
        let usual = found > 0 && found * 10 >= marks.len() * 6;
        let proven = repeated * 2 >= found || apart == found && found > 1 || told;
        if usual && proven {
            1 + repeated + apart
        } else {
            0
        }
    };
    let (above, below) = (proof(Side::Above), proof(Side::Below));
    match (above, below) {
        (0, 0) => Side::Elsewhere,
        (above, below) if above >= below => Side::Above,
        _ => Side::Below,
    }
}

/// Blocks of lines; each line, where no empty line parts them.
fn paragraphs<'a>(rows: &[Row<'a>]) -> Vec<Start<'a>> {
    let parted = rows.iter().skip(1).any(|row| row.begins_block);
    let rows = rows.iter().enumerate();
    rows.filter(|(_, row)| row.begins_block || !parted)
        .map(|(index, row)| Start {
            first: index,
            body: index + 1,
            times: None,
            name: None,
            text: row.text,
        })
        .collect()
}
