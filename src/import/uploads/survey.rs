//! What the files of a request hold, told before anything is imported.

use std::{collections::HashSet, sync::Arc};

use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Reader, Uploads, page};
use crate::{
    files::{self, Gathered, Group, NamedStart, Proposal},
    model::{Call, FileFailure, LeftOut, Method, Period, Precision, TranscriptContent, words},
    platforms::{Connector, Exchange, Reply, Setup, Step, Work},
};

/// Calls that are shown.
const SHOWN: usize = 3;

/// Segments that are shown of a call: enough to see that its transcript was read as it is meant.
const SEGMENTS: usize = 3;

/// Names that are shown of a call.
const NAMES: usize = 5;

/// Characters that are shown of a text.
const CHARACTERS: usize = 80;

/// A proposed manifest above this is not shown; the command line writes it.
const MANIFEST_BYTES: usize = 6_000;

/// What files hold, in figures.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Found {
    /// Calls, each once.
    pub calls: u64,
    /// Of those, without a transcript.
    pub without_transcript: u64,
    /// Of those, without a day.
    pub without_start: u64,
    /// Of those, without an id of their own: an edit makes a new call of them.
    pub without_id: u64,
    /// Recordings.
    pub recordings: u64,
    /// Length of all together, as far as it is known, in milliseconds.
    pub duration_ms: i64,
    /// UTC day of the first, if any has one.
    pub first_day: Option<Date>,
    /// UTC day of the last.
    pub last_day: Option<Date>,
    /// The first few.
    pub shown: Vec<Shown>,
    /// Calls that come twice.
    pub duplicates: u64,
    /// Rows and files that make no call.
    pub failed: u64,
    /// Files that are no call of their own.
    pub left_out: u64,
    /// Remote addresses that were not looked at.
    pub remote: u64,
    /// Which headings of which list were taken for what: the list, and YAML to paste below `options:`.
    pub columns: Vec<(String, String)>,
    /// A list of the calls, to be put beside the files and corrected, where there is none yet and it is short.
    pub manifest: Option<String>,
}

/// A call as it would be imported.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Shown {
    /// Its title.
    pub title: Option<String>,
    /// When it began.
    pub started_at: Option<Timestamp>,
    /// Whether only its day is known.
    pub day_only: bool,
    /// How long it was.
    pub duration_ms: Option<i64>,
    /// Who was there, at most five names or addresses.
    pub participants: Vec<String>,
    /// Passages of its transcript.
    pub segments: u64,
    /// The first of them: speaker and text.
    pub opening: Vec<(Option<String>, String)>,
}

/// What files hold, and all that is to be said of it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Survey {
    /// In figures.
    pub found: Found,
    /// Rows and files that make no call.
    pub failures: Vec<FileFailure>,
    /// Files that are no call of their own.
    pub left_out: Vec<LeftOut>,
    /// What was assumed or mended.
    pub notices: Vec<FileNotice>,
    /// What must be settled before anything can be imported.
    pub problem: Option<FileFailure>,
    /// A list of the calls, to be put beside the files and corrected: CSV.
    pub manifest: Vec<u8>,
}

/// Something in a file that was read otherwise than it stands there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileNotice {
    /// The file.
    pub file: String,
    /// 1-based line.
    pub line: usize,
    /// 1-based column.
    pub column: usize,
    /// One plain sentence.
    pub message: String,
}

/// Reads everything that the files hold, as a night would.
pub fn survey(gathered: Gathered, internal_domains: &[String], read: &mut Reader<'_>) -> Survey {
    let setup = setup(gathered, internal_domains);
    let gathered = &*setup.gathered;
    let mut survey = Survey {
        problem: gathered.problem.clone(),
        ..Survey::default()
    };
    survey.take_lists(gathered);
    let mut calls = Calls::default();
    let mut cursor = None;
    while survey.problem.is_none() {
        let work = Work::List {
            window: setup.period.window(),
            cursor: cursor.take(),
        };
        let step = match Uploads.begin(&work, &setup) {
            Step::Send(Exchange::Files(wishes), progress) => {
                let got = wishes.iter().map(&mut *read).collect();
                Uploads.next(&work, &setup, &progress, &Reply::Files(got))
            }
            step => Ok(step),
        };
        let Ok(Step::Page(page)) = step else {
            break;
        };
        for call in page.calls {
            calls.count(call, &mut survey);
        }
        survey.failures.extend(page.file_failures);
        survey.left_out.extend(page.skipped);
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    survey.finish(gathered, calls)
}

fn setup(gathered: Gathered, internal_domains: &[String]) -> Setup {
    Setup {
        base_url: String::new(),
        options: serde_json::Map::new(),
        internal_domains: internal_domains.to_vec(),
        period: Period {
            from: Date::MIN,
            to: Date::MAX,
        },
        method: Method::File,
        as_of: Timestamp::UNIX_EPOCH,
        keys: 1,
        gathered: Arc::new(gathered),
    }
}

/// Calls while they are counted.
#[derive(Default)]
struct Calls {
    met: HashSet<String>,
    rows: Vec<Row>,
}

impl Calls {
    fn count(&mut self, call: Call, survey: &mut Survey) {
        if !self.met.insert(call.external_id.clone()) {
            survey.found.duplicates += 1;
            return;
        }
        survey.take_notices(&call);
        self.rows.push(Row::of(&call));
        survey.found.count(&call);
    }
}

/// A row of the proposed list.
struct Row {
    transcript: Option<String>,
    recording: Option<String>,
    known: Proposal,
}

impl Row {
    fn of(call: &Call) -> Self {
        let raw = call.raw.as_deref();
        let raw: Value = raw
            .and_then(|raw| serde_json::from_str(raw).ok())
            .unwrap_or_default();
        let file = |pointer| raw.pointer(pointer)?.as_str().map(str::to_owned);
        let (transcript, recording) = (file("/transcript/file"), file("/recording/file"));
        let started_at = call.started_at.map(NamedStart::Instant);
        let mut named = transcript.iter().chain(&recording);
        let people = call.participants.iter();
        let known = Proposal {
            external_id: Some(&call.external_id)
                .filter(|id| !page::is_content_id(id))
                .cloned(),
            title: call.title.clone(),
            started_at: started_at.or_else(|| named.find_map(|name| files::started_at(name))),
            duration_ms: call.duration_ms,
            participants: people
                .filter_map(|person| person.name.clone().or_else(|| person.email.clone()))
                .collect(),
            language: call.language.clone(),
        };
        Self {
            transcript,
            recording,
            known,
        }
    }
}

/// The proposed list, for the folder in which all files lie.
fn manifest(rows: &[Row]) -> Vec<u8> {
    let groups: Vec<Group<'_>> = rows
        .iter()
        .map(|row| Group {
            transcript: row.transcript.as_deref(),
            recording: row.recording.as_deref(),
            ..Group::default()
        })
        .collect();
    let names = rows
        .iter()
        .flat_map(|row| row.transcript.iter().chain(&row.recording));
    let folder = names
        .map(|name| name.rsplit_once('/').map_or("", |(folder, _)| folder))
        .reduce(common)
        .unwrap_or_default();
    let known = rows.iter().map(|row| &row.known);
    let rows: Vec<(&Group<'_>, &Proposal)> = groups.iter().zip(known).collect();
    files::proposed(folder, &rows)
}

/// The folder that holds both.
fn common<'a>(one: &'a str, other: &str) -> &'a str {
    let same = one
        .split('/')
        .zip(other.split('/'))
        .take_while(|(a, b)| a == b);
    let length: usize = same.map(|(part, _)| part.len() + 1).sum();
    &one[..length.saturating_sub(1)]
}

impl Survey {
    fn take_lists(&mut self, gathered: &Gathered) {
        let notices = gathered.notices.iter().map(|(file, notice)| FileNotice {
            file: file.clone(),
            line: notice.line,
            column: notice.column,
            message: notice.message.clone(),
        });
        self.notices = notices.collect();
        let columns = gathered.columns.iter();
        self.found.columns = columns
            .map(|(list, columns)| (list.clone(), files::columns_as_yaml(columns)))
            .collect();
    }

    /// What the reader of a call's files had to say, from its `raw`.
    fn take_notices(&mut self, call: &Call) {
        let raw = call
            .raw
            .as_deref()
            .and_then(|raw| serde_json::from_str(raw).ok());
        let raw: Value = raw.unwrap_or_default();
        let text = |value: &Value, key: &str| value.get(key)?.as_str().map(str::to_owned);
        let number = |value: &Value, key: &str| {
            let number = value.get(key).and_then(Value::as_u64);
            number
                .and_then(|number| usize::try_from(number).ok())
                .unwrap_or(1)
        };
        let file = raw.get("transcript").and_then(|part| text(part, "file"));
        let notices = raw.get("notices").and_then(Value::as_array);
        for notice in notices.into_iter().flatten() {
            let file = text(notice, "file").or_else(|| file.clone());
            if let (Some(file), Some(message)) = (file, text(notice, "message")) {
                self.notices.push(FileNotice {
                    file,
                    line: number(notice, "line"),
                    column: number(notice, "column"),
                    message,
                });
            }
        }
    }

    fn finish(mut self, gathered: &Gathered, calls: Calls) -> Self {
        let doubles = self
            .left_out
            .iter()
            .filter(|file| file.is_duplicate)
            .count();
        let counted = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        self.found.duplicates += counted(doubles);
        self.found.left_out = counted(self.left_out.len() - doubles);
        self.found.failed = counted(self.failures.len());
        let has_list = gathered.drafts.iter().any(|draft| draft.listed.is_some());
        if !has_list && !calls.rows.is_empty() {
            self.manifest = manifest(&calls.rows);
            let shown = Some(&self.manifest).filter(|text| text.len() <= MANIFEST_BYTES);
            self.found.manifest = shown.map(|text| {
                let text = String::from_utf8_lossy(text);
                text.trim_start_matches('\u{feff}').to_owned()
            });
        }
        self
    }
}

impl Found {
    fn count(&mut self, call: &Call) {
        self.calls += 1;
        if !matches!(call.transcript, TranscriptContent::Here(_)) {
            self.without_transcript += 1;
        }
        if page::is_content_id(&call.external_id) {
            self.without_id += 1;
        }
        self.recordings += u64::try_from(call.media.len()).unwrap_or_default();
        let duration = call.duration_ms.unwrap_or_default();
        self.duration_ms = self.duration_ms.saturating_add(duration);
        match call.started_at.map(words::utc_date) {
            Some(day) => {
                self.first_day = Some(self.first_day.map_or(day, |first| first.min(day)));
                self.last_day = Some(self.last_day.map_or(day, |last| last.max(day)));
            }
            None => self.without_start += 1,
        }
        if self.shown.len() < SHOWN {
            self.shown.push(Shown::of(call));
        }
    }
}

impl Shown {
    fn of(call: &Call) -> Self {
        let people = call.participants.iter();
        let names = people.filter_map(|person| person.name.as_ref().or(person.email.as_ref()));
        let segments = match &call.transcript {
            TranscriptContent::Here(transcript) => &*transcript.segments,
            TranscriptContent::Absent | TranscriptContent::Pending => &[],
        };
        let opening = segments.iter().take(SEGMENTS).map(|segment| {
            let speaker = segment.speaker.as_deref().map(cut);
            (speaker, cut(&segment.text))
        });
        Self {
            title: call.title.as_deref().map(cut),
            started_at: call.started_at,
            day_only: call.started_at_precision == Precision::Day,
            duration_ms: call.duration_ms,
            participants: names.take(NAMES).map(|name| cut(name)).collect(),
            segments: u64::try_from(segments.len()).unwrap_or(u64::MAX),
            opening: opening.collect(),
        }
    }
}

fn cut(text: &str) -> String {
    text.chars().take(CHARACTERS).collect()
}
