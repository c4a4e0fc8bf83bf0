//! JSON: calls in the engine's own form, read and written, and transcripts of the podcast namespace.
//!
//! Only these are read here. What a platform answers is read by its connector.

mod bytes;
mod canonical;
mod fault;
mod forms;
mod keys;
mod podcast;
mod records;
mod shape;
mod words;
mod written;

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
    sync::LazyLock,
};

use schemars::{Schema, generate::SchemaSettings, transform::RecursiveTransform};
use serde_json::{Value, value::RawValue};

pub use podcast::transcript;
pub use records::{DEEPEST_RECORD, LARGEST_RECORD, Record, Records, records};
pub use written::line;

use self::{
    canonical::CallRecord,
    keys::{Keys, Spot},
};
use super::{
    CallList, FileProblem, ListedCall, Notice, Options, RowFailure,
    notice::{Code, Notices},
};

/// Records without a call, after which a file is taken for something else.
const MOST_FAILURES: usize = 10_000;

/// Keys that a notice names.
const NAMED_KEYS: usize = 20;

/// JSON Schema of a call, for scripts that write calls and for editors.
pub fn call_schema() -> Value {
    // Whoever writes JSON by a program writes null for what is not known, so here it may stand.
    let tidy = |schema: &mut Schema| {
        schema.remove("format");
        if schema.get("default").is_some_and(Value::is_null) {
            schema.remove("default");
        }
        if let Some(Value::String(text)) = schema.get_mut("description") {
            let paragraphs = text
                .split("\n\n")
                .map(|paragraph| paragraph.replace('\n', " "));
            *text = paragraphs.collect::<Vec<_>>().join("\n\n");
        }
    };
    SchemaSettings::draft2020_12()
        .with(|settings| settings.inline_subschemas = true)
        .with_transform(RecursiveTransform(tidy))
        .into_generator()
        .into_root_schema_for::<CallRecord<'_>>()
        .to_value()
}

/// Whether a file may hold records of JSON, by its beginning.
pub fn is_json(bytes: &[u8]) -> bool {
    let begins = |text: &str| {
        let characters = text.trim_start_matches('\u{feff}').chars();
        let mut characters = characters.filter(|c| !c.is_whitespace());
        let (first, second) = (characters.next(), characters.next());
        matches!(
            (first, second),
            (Some('{'), Some('"' | '}')) | (Some('['), Some('{' | ']'))
        )
    };
    // Cut in the middle of a character, it would no more be UTF-8.
    let head = &bytes[..bytes.len().min(4096)];
    let text = head.utf8_chunks().next().map_or("", |chunk| chunk.valid());
    begins(text) || {
        let utf_16 = Records::new(head, &Options::default(), &mut Notices::default());
        utf_16.is_ok_and(|records| begins(records.whole()))
    }
}

/// Reads a list of calls in the engine's own form.
///
/// # Errors
/// A [`FileProblem`] when the bytes make no text, or when nothing in them is a record.
pub fn call_list(name: &str, bytes: &[u8], options: &Options) -> Result<CallList, FileProblem> {
    let mut notices = Notices::default();
    let records = Records::new(bytes, options, &mut notices)?;
    if !has_ending(name) {
        notices.add(Code::EndingDiffers, 1);
    }
    let mut list = CallList::default();
    let mut unknown = UnknownKeys::default();
    let mut found_any = false;
    for record in records {
        if list.failures.len() >= MOST_FAILURES {
            list.failures.push(too_many(&record));
            break;
        }
        found_any |= record.is_ok();
        let listed = record.and_then(|record| {
            let read = read(&record, options, &mut notices);
            read.map_err(|problem| {
                Box::new(RowFailure {
                    problem,
                    original: records::original_of(&record.text),
                })
            })
        });
        match listed {
            Ok((call, keys)) => {
                unknown.add(call.line, keys);
                list.calls.push(call);
            }
            Err(failure) => list.failures.push(*failure),
        }
    }
    if !found_any {
        return Err(list
            .failures
            .into_iter()
            .next()
            .map_or_else(empty, |failure| failure.problem));
    }
    list.notices = notices.into_list();
    list.notices.extend(unknown.notices());
    list.notices.sort_by_key(|notice| notice.line);
    Ok(list)
}

/// Reads one record of a file again, by the bytes that [`ListedCall::range`] tells.
///
/// # Errors
/// A [`FileProblem`] when it is no call, with places counted from the record's beginning.
pub fn call(record: &[u8], options: &Options) -> Result<ListedCall, FileProblem> {
    let mut notices = Notices::default();
    let mut records = Records::new(record, options, &mut notices)?;
    let record = records
        .next()
        .ok_or_else(empty)?
        .map_err(|failure| failure.problem)?;
    let (call, _) = read(&record, options, &mut notices)?;
    Ok(call)
}

static SCHEMA: LazyLock<Value> = LazyLock::new(call_schema);

/// A call, and its keys that nobody knows.
fn read(
    record: &Record<'_>,
    options: &Options,
    notices: &mut Notices,
) -> Result<(ListedCall, BTreeSet<String>), FileProblem> {
    let text = &*record.text;
    let fault = |error: serde_json::Error| wrong(record, &error);
    let told: CallRecord<'_> = serde_json::from_str(text).map_err(fault)?;
    let keys = Keys::of(text, &SCHEMA).map_err(fault)?;
    if keys.known == 0 {
        return Err(no_call().at(record.line));
    }
    let raw = raw(told.raw(), &keys.unknown);
    let told = told.told(record.line, options, notices);
    let mut told = told.map_err(|problem| problem.at(record.line))?;
    told.call.raw = raw;
    let names = keys.unknown.keys().chain(keys.unknown_in_transcript.keys());
    let names = names.map(|path| keys::without_positions(path)).collect();
    let listed = ListedCall {
        line: record.line,
        range: record
            .range
            .clone()
            .map(|Range { start, end }| start as u64..end as u64),
        call: told.call,
        transcript_file: told.transcript_file,
        media_file: told.media_file,
        original: Vec::new(),
    };
    Ok((listed, names))
}

/// What the source said of the call: what stands under `raw`, and beside it what nobody knows.
fn raw(told: Option<&RawValue>, unknown: &BTreeMap<String, &RawValue>) -> Option<String> {
    if unknown.is_empty() {
        return told.map(|raw| raw.get().to_owned());
    }
    let mut members = unknown.clone();
    members.extend(told.map(|raw| ("raw".to_owned(), raw)));
    Some(serde_json::to_string(&members).expect("JSON can be written as it was read"))
}

fn has_ending(name: &str) -> bool {
    let endings = [".json", ".jsonl", ".ndjson"];
    let name = name.to_ascii_lowercase();
    endings.iter().any(|ending| name.ends_with(ending))
}

/// A record that is JSON, and not a call as the schema describes it.
fn wrong(record: &Record<'_>, error: &serde_json::Error) -> FileProblem {
    let text = &*record.text;
    let Spot { path, begins } = keys::spot(text, fault::offset(error, text));
    let what = if path.is_empty() {
        "The record".to_owned()
    } else {
        format!("`{path}`")
    };
    let before = &text[..begins];
    let column = before
        .rsplit('\n')
        .next()
        .unwrap_or_default()
        .chars()
        .count()
        + 1;
    FileProblem::new(
        "wrong-value",
        format!("{what} {}.", fault::of_value(error)),
        "Correct it by schemas/call.schema.json, which says what may stand there.",
    )
    .at(record.line + before.matches('\n').count())
    .with_value(column, keys::token(text, begins))
}

fn no_call() -> FileProblem {
    FileProblem::new(
        "no-call",
        "The record has no key of a call in the engine's form.",
        "Name the keys as schemas/call.schema.json does. If a platform's own answers were saved, name that platform in \
         the request.",
    )
}

fn empty() -> FileProblem {
    FileProblem::new(
        "empty-file",
        "The file holds no calls.",
        "Export it again, or take the file out of the request.",
    )
}

fn too_many(next: &Result<Record<'_>, Box<RowFailure>>) -> RowFailure {
    let line = match next {
        Ok(record) => Some(record.line),
        Err(failure) => failure.problem.line,
    };
    let problem = FileProblem::new(
        "too-many-failures",
        format!(
            "More than {MOST_FAILURES} records of the file are no calls; the rest was not read."
        ),
        "Check whether this is the right file, and correct it by schemas/call.schema.json.",
    );
    RowFailure {
        problem: problem.at(line.unwrap_or(1)),
        original: Vec::new(),
    }
}

/// The keys of a file that nobody knows.
#[derive(Debug, Default)]
struct UnknownKeys {
    first_line: usize,
    records: usize,
    names: BTreeSet<String>,
}

impl UnknownKeys {
    fn add(&mut self, line: usize, names: BTreeSet<String>) {
        if names.is_empty() {
            return;
        }
        if self.records == 0 {
            self.first_line = line;
        }
        self.records += 1;
        // One more is kept than is named, to tell that there are more.
        let room = (NAMED_KEYS + 1).saturating_sub(self.names.len());
        let new: Vec<String> = names.difference(&self.names).take(room).cloned().collect();
        self.names.extend(new);
    }

    fn notices(self) -> Option<Notice> {
        let short = |name: &String| format!("`{}`", name.chars().take(80).collect::<String>());
        let mut names: Vec<String> = self.names.iter().take(NAMED_KEYS).map(short).collect();
        if self.names.len() > NAMED_KEYS {
            names.push("…".to_owned());
        }
        (self.records > 0).then(|| Notice {
            line: self.first_line,
            column: 1,
            code: "unknown-keys",
            message: format!(
                "Keys that the engine does not know: {} (in {} of the calls). They are kept in the call's raw data, but \
                 for those of the transcript.",
                names.join(", "),
                self.records
            ),
        })
    }
}
