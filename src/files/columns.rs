//! From headings to columns: what the columns of a table hold.

use std::collections::{BTreeMap, BTreeSet};

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

use super::{
    cells,
    column::Column,
    options::{DurationUnit, Options},
    refusal::FileProblem,
    table::{self, Row, Table},
};

/// What the rows of a table are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TableKind {
    /// Each row is a call.
    Calls,
    /// Each row is something that was said.
    Transcript,
    /// The headings do not tell.
    Neither(FileProblem),
}

/// Decides by its headings what a table is.
pub fn kind(table: &Table, options: &Options) -> TableKind {
    let calls = known(&table.headings, Words::Calls, options);
    let spoken = known(&table.headings, Words::Transcript, options);
    let says_calls = identifies(&calls);
    let says_text = spoken.contains(&Column::Text);
    let text_named = says_text && options.columns.contains_key(&Column::Text);
    match (says_calls, says_text) {
        (true, false) => TableKind::Calls,
        (false, true) => TableKind::Transcript,
        (true, true) if spoken.len() > calls.len() => TableKind::Transcript,
        (true, true) if spoken.len() < calls.len() => TableKind::Calls,
        (true, true) if text_named => TableKind::Transcript,
        (true, true) => TableKind::Neither(either(table)),
        (false, false) => TableKind::Neither(unknown(table)),
    }
}

/// Which heading was taken for what, as YAML that can be pasted below `options:`.
pub fn columns_as_yaml(columns: &[(Column, String)]) -> String {
    let line = |(column, heading): &(Column, String)| {
        format!("    {}: {}\n", word(*column), quoted(heading))
    };
    let lines: String = columns.iter().map(line).collect();
    format!("  columns:\n{lines}")
}

/// A text in quotation marks (YAML 1.2, section 7.3.1), because a heading such as `Yes` or `#` is something else
/// without them.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            _ if character.is_control() || character == '\u{feff}' || character > '\u{ffef}' => {
                quoted.push_str(&format!("\\U{:08X}", u32::from(character)));
            }
            _ => quoted.push(character),
        }
    }
    quoted + "\""
}

/// The two languages of headings: `name` is the title of a call, and who speaks in a transcript.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Words {
    Calls,
    Transcript,
}

/// Where the columns of a table are.
#[derive(Debug)]
pub(super) struct Columns {
    places: BTreeMap<Column, usize>,
    /// Units that headings tell, such as `Duration (min)`.
    units: BTreeMap<Column, DurationUnit>,
}

impl Columns {
    /// Index of a column's cells.
    pub(super) fn place(&self, column: Column) -> Option<usize> {
        self.places.get(&column).copied()
    }

    /// What plain numbers of the column are, by its heading or else by the request.
    pub(super) fn unit(&self, column: Column, options: &Options) -> Option<DurationUnit> {
        options
            .duration_unit
            .or_else(|| self.units.get(&column).copied())
    }

    /// What a row has in the column, if anything.
    pub(super) fn value<'r>(&self, row: &'r Row, column: Column) -> Option<&'r str> {
        cells::value(row.cells.get(self.place(column)?)?)
    }

    /// Each column with its heading, in the table's order.
    pub(super) fn named(&self, table: &Table) -> Vec<(Column, String)> {
        let mut places: Vec<_> = self.places.iter().collect();
        places.sort_by_key(|(_, place)| **place);
        let named = |(column, place): (&Column, &usize)| (*column, table.headings[*place].clone());
        places.into_iter().map(named).collect()
    }

    /// Takes a column away, and gives its place to another.
    pub(super) fn rename(&mut self, from: Column, to: Column) {
        if let Some(place) = self.places.remove(&from) {
            self.places.insert(to, place);
        }
    }

    /// Headings that were taken for nothing.
    pub(super) fn unread<'t>(&self, table: &'t Table) -> Vec<&'t str> {
        let read: BTreeSet<usize> = self.places.values().copied().collect();
        let headings = table.headings.iter().enumerate();
        headings
            .filter(|(index, heading)| !read.contains(index) && !heading.is_empty())
            .map(|(_, heading)| heading.as_str())
            .collect()
    }
}

/// Finds the columns of a table: those that the request names, then those whose heading is known.
///
/// # Errors
/// A [`FileProblem`] when the request names a heading that is not there, when two headings fit one column, or when
/// a needed column is missing.
pub(super) fn columns(
    table: &Table,
    words: Words,
    options: &Options,
) -> Result<Columns, FileProblem> {
    let mut places = given(table, words, options)?;
    let taken: BTreeSet<usize> = places.values().copied().collect();
    let mut candidates: BTreeMap<Column, Vec<usize>> = BTreeMap::new();
    for (place, heading) in table.headings.iter().enumerate() {
        let meaning = words.meaning(&normal(heading));
        if let Some((column, _)) = meaning.filter(|_| !taken.contains(&place)) {
            candidates.entry(column).or_default().push(place);
        }
    }
    candidates.retain(|column, _| !places.contains_key(column));
    for (column, found) in candidates {
        places.insert(column, the_one(table, column, &found)?);
    }
    let unit = |(column, place): (&Column, &usize)| {
        let (_, unit) = words.meaning(&normal(&table.headings[*place]))?;
        Some((*column, unit?))
    };
    let units = places.iter().filter_map(unit).collect();
    let found = places.keys().copied().collect();
    match words {
        Words::Calls if !identifies(&found) => Err(unknown(table)),
        Words::Transcript if !found.contains(&Column::Text) => Err(no_text(table)),
        Words::Calls | Words::Transcript => Ok(Columns { places, units }),
    }
}

/// Places of the columns that the request names.
fn given(
    table: &Table,
    words: Words,
    options: &Options,
) -> Result<BTreeMap<Column, usize>, FileProblem> {
    let mut places = BTreeMap::new();
    for (column, heading) in &options.columns {
        if !words.hold(*column) {
            continue;
        }
        match named(&table.headings, heading)[..] {
            [place] => {
                places.insert(*column, place);
            }
            // Options are for all files of a request: its list has no text, a transcript of one call no id.
            [] if words.may_lack(*column) => {}
            [] => return Err(missing_heading(table, *column, heading)),
            [first, second, ..] => return Err(twice(table, *column, first, second)),
        }
    }
    Ok(places)
}

/// The heading that is meant. Our own word for the column is no guess.
fn the_one(table: &Table, column: Column, places: &[usize]) -> Result<usize, FileProblem> {
    let own = |place: &&usize| normal(&table.headings[**place]) == normal(word(column));
    let own: Vec<usize> = places.iter().filter(own).copied().collect();
    match (&own[..], places) {
        ([place], _) | ([], [place]) => Ok(*place),
        ([first, second, ..], _) | ([], [first, second, ..]) => {
            Err(twice(table, column, *first, *second))
        }
        ([], []) => Err(unknown(table)),
    }
}

/// Which of the first rows is the one with the headings, and how many of them are known.
pub(super) fn find_headings(rows: &[Row], options: &Options) -> (usize, usize) {
    let mut best = (0, 0);
    for (index, row) in rows.iter().enumerate() {
        // Whatever stands in the rows that failed.
        if table::is_list_of_failures(&row.cells) {
            return (index, usize::MAX);
        }
        let calls = known(&row.cells, Words::Calls, options).len();
        let spoken = known(&row.cells, Words::Transcript, options).len();
        let count = calls.max(spoken);
        if count > best.1 {
            best = (index, count);
        }
    }
    best
}

/// The engine's word for a column, as in `options: {columns: ...}`.
pub(super) const fn word(column: Column) -> &'static str {
    match column {
        Column::ExternalId => "external_id",
        Column::Title => "title",
        Column::StartedAt => "started_at",
        Column::Duration => "duration",
        Column::Participants => "participants",
        Column::Host => "host",
        Column::Language => "language",
        Column::TranscriptFile => "transcript_file",
        Column::MediaFile => "media_file",
        Column::SourceUrl => "source_url",
        Column::Direction => "direction",
        Column::Speaker => "speaker",
        Column::Start => "start",
        Column::End => "end",
        Column::Text => "text",
    }
}

impl Words {
    /// Whether such a table can have the column at all.
    const fn hold(self, column: Column) -> bool {
        match column {
            Column::ExternalId | Column::Text => true,
            Column::Title
            | Column::StartedAt
            | Column::Duration
            | Column::Participants
            | Column::Host
            | Column::Language
            | Column::TranscriptFile
            | Column::MediaFile
            | Column::SourceUrl
            | Column::Direction => matches!(self, Self::Calls),
            Column::Speaker | Column::Start | Column::End => matches!(self, Self::Transcript),
        }
    }

    /// Whether such a table may be without the column, though the request names it.
    const fn may_lack(self, column: Column) -> bool {
        match self {
            Self::Calls => matches!(column, Column::Text),
            Self::Transcript => matches!(column, Column::ExternalId),
        }
    }

    /// What a heading means, and the unit that it tells.
    fn meaning(self, name: &str) -> Option<(Column, Option<DurationUnit>)> {
        if let Some(column) = self.column(name) {
            return Some((column, None));
        }
        let (name, unit) = without_unit(name)?;
        let column = self.column(name)?;
        matches!(column, Column::Duration | Column::Start | Column::End).then_some((column, unit))
    }

    fn column(self, name: &str) -> Option<Column> {
        match self {
            Self::Calls => of_calls(name),
            Self::Transcript => of_transcripts(name),
        }
    }
}

/// `file-uploads.md`, section 7.3, and our own words.
fn of_calls(name: &str) -> Option<Column> {
    Some(match name {
        "id" | "callid" | "meetingid" | "recordingid" | "conversationid" | "uuid"
        | "externalid" | "uniqueid" | "callsid" => Column::ExternalId,
        "title" | "name" | "subject" | "topic" | "callname" | "meetingname" | "calltitle"
        | "meetingtitle" => Column::Title,
        "start" | "starttime" | "started" | "startedat" | "startdate" | "date" | "calldate"
        | "datetime" | "calltime" | "scheduled" | "createddate" | "happenedat" => Column::StartedAt,
        "duration" | "length" | "callduration" | "talktime" => Column::Duration,
        "participants" | "attendees" | "invitees" | "people" | "contacts" => Column::Participants,
        "host" | "owner" | "organizer" | "organiser" | "rep" | "user" | "agent" | "assignedto"
        | "salesrep" => Column::Host,
        "language" | "lang" | "locale" => Column::Language,
        "transcript" | "file" | "transcriptfile" => Column::TranscriptFile,
        "recording" | "audio" | "video" | "media" | "recordingfile" | "mediafile" => {
            Column::MediaFile
        }
        "url" | "link" | "recordingurl" | "shareurl" | "callurl" | "sourceurl" => Column::SourceUrl,
        "direction" | "type" | "calltype" | "inboundoutbound" => Column::Direction,
        _ => return None,
    })
}

fn of_transcripts(name: &str) -> Option<Column> {
    Some(match name {
        "speaker" | "speakername" | "name" | "who" => Column::Speaker,
        "start" | "starttime" | "from" | "time" | "timestamp" => Column::Start,
        "end" | "endtime" | "to" => Column::End,
        "text" | "transcript" | "sentence" | "content" | "message" | "utterance" => Column::Text,
        _ => return of_calls(name).filter(|column| *column == Column::ExternalId),
    })
}

/// Cuts a unit from the end of a heading: `durationmin`, `lengthinseconds`, `durationhhmm`.
fn without_unit(name: &str) -> Option<(&str, Option<DurationUnit>)> {
    const UNITS: &[(&str, Option<DurationUnit>)] = &[
        ("hhmmss", None),
        ("hmmss", None),
        ("hmsec", None),
        ("mmss", Some(DurationUnit::Minutes)),
        ("hhmm", Some(DurationUnit::Hours)),
        ("hmm", Some(DurationUnit::Hours)),
        ("milliseconds", Some(DurationUnit::Milliseconds)),
        ("millis", Some(DurationUnit::Milliseconds)),
        ("msec", Some(DurationUnit::Milliseconds)),
        ("ms", Some(DurationUnit::Milliseconds)),
        ("seconds", Some(DurationUnit::Seconds)),
        ("secs", Some(DurationUnit::Seconds)),
        ("sec", Some(DurationUnit::Seconds)),
        ("minutes", Some(DurationUnit::Minutes)),
        ("mins", Some(DurationUnit::Minutes)),
        ("min", Some(DurationUnit::Minutes)),
        ("hours", Some(DurationUnit::Hours)),
        ("hrs", Some(DurationUnit::Hours)),
        ("hr", Some(DurationUnit::Hours)),
        ("h", Some(DurationUnit::Hours)),
        ("m", Some(DurationUnit::Minutes)),
        ("s", Some(DurationUnit::Seconds)),
    ];
    let cut = |(word, unit): &(&str, Option<DurationUnit>)| Some((name.strip_suffix(word)?, *unit));
    let (name, unit) = UNITS.iter().find_map(cut)?;
    Some((name.strip_suffix("in").unwrap_or(name), unit))
}

/// Lower-case letters and digits without accents; nothing for what is too long to be a heading.
fn normal(heading: &str) -> String {
    const LONGEST: usize = 200;
    if heading.len() > LONGEST {
        return String::new();
    }
    let letters = heading
        .nfkd()
        .filter(|c| !is_combining_mark(*c) && c.is_alphanumeric());
    letters.flat_map(char::to_lowercase).collect()
}

/// Columns for which there is a heading.
fn known(headings: &[String], words: Words, options: &Options) -> BTreeSet<Column> {
    let mut found = BTreeSet::new();
    let mut given = BTreeSet::new();
    for (column, heading) in &options.columns {
        for place in named(headings, heading) {
            given.insert(place);
            if words.hold(*column) {
                found.insert(*column);
            }
        }
    }
    let free = headings
        .iter()
        .enumerate()
        .filter(|(place, _)| !given.contains(place));
    found.extend(free.filter_map(|(_, heading)| Some(words.meaning(&normal(heading))?.0)));
    found
}

/// Places of a heading that the request names: those that are the same, else those that look the same.
fn named(headings: &[String], wanted: &str) -> Vec<usize> {
    let places = |fits: &dyn Fn(&str) -> bool| -> Vec<usize> {
        let headings = headings.iter().enumerate();
        headings
            .filter(|(_, heading)| fits(heading))
            .map(|(place, _)| place)
            .collect()
    };
    let same = places(&|heading| heading.trim() == wanted.trim());
    if !same.is_empty() {
        return same;
    }
    let wanted = normal(wanted);
    places(&|heading| !wanted.is_empty() && normal(heading) == wanted)
}

/// Whether rows with these columns can be told to be calls.
fn identifies(found: &BTreeSet<Column>) -> bool {
    let telling = [
        Column::StartedAt,
        Column::ExternalId,
        Column::TranscriptFile,
        Column::MediaFile,
    ];
    telling.iter().any(|column| found.contains(column))
}

fn missing_heading(table: &Table, column: Column, heading: &str) -> FileProblem {
    FileProblem::new(
        "unknown-heading",
        format!(
            "The request says that the heading for {} is `{}`, which is not in the list. It has: {}.",
            word(column),
            short(heading),
            listed(table)
        ),
        format!("Write one of these in `options: {{columns: {{{}: ...}}}}`, as it stands there.", word(column)),
    )
    .at(table.heading_line)
}

fn twice(table: &Table, column: Column, first: usize, second: usize) -> FileProblem {
    let heading = |place: usize| short(&table.headings[place]);
    let (first, second, word) = (heading(first), heading(second), word(column));
    let help = if first == second {
        "Give one of them another name in the list.".to_owned()
    } else {
        format!(
            "Say which one is right, for example `options: {{columns: {{{word}: \"{second}\"}}}}`."
        )
    };
    FileProblem::new(
        "two-headings",
        format!(
            "Two headings of the list can be {word}: `{first}` and `{second}`. It has: {}.",
            listed(table)
        ),
        help,
    )
    .at(table.heading_line)
}

fn unknown(table: &Table) -> FileProblem {
    FileProblem::new(
        "unknown-headings",
        format!(
            "No heading of the list says which column holds the start, the id or the file of a call. It has: {}.",
            listed(table)
        ),
        "Name the columns with `options: {columns: {started_at: \"Call Date\"}}`, with the headings as they stand in \
         the list.",
    )
    .at(table.heading_line)
}

fn no_text(table: &Table) -> FileProblem {
    FileProblem::new(
        "unknown-headings",
        format!("No heading of the table says which column holds what was said. It has: {}.", listed(table)),
        "Name it with `options: {columns: {text: \"Words\"}}`, with the heading as it stands in the table.",
    )
    .at(table.heading_line)
}

fn either(table: &Table) -> FileProblem {
    FileProblem::new(
        "list-or-transcript",
        format!("The headings fit a list of calls and a transcript alike. They are: {}.", listed(table)),
        "If each row is a call, name the title with `options: {columns: {title: ...}}`; if each row is something that \
         was said, name the text with `options: {columns: {text: ...}}`.",
    )
    .at(table.heading_line)
}

/// The headings for a message.
fn listed(table: &Table) -> String {
    const MOST: usize = 20;
    let headings = table.headings.iter().filter(|heading| !heading.is_empty());
    let mut listed: Vec<String> = headings
        .take(MOST)
        .map(|heading| format!("`{}`", short(heading)))
        .collect();
    if table.headings.len() > MOST {
        listed.push("…".to_owned());
    }
    listed.join(", ")
}

fn short(heading: &str) -> String {
    heading.chars().take(40).collect()
}
