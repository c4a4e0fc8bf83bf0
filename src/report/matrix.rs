//! The support matrix as an answer: can this customer's calls be imported, what comes along, how fast.

use comfy_table::{Table, presets};
use serde::Serialize;
use serde_json::json;

use crate::{
    model::Method,
    plan,
    report::text::{clean, count, grouped},
    spec::{Metadata, PlatformRow, SupportMatrix, SupportStatus},
};

/// A usual and a large archive, for which the timeline is told.
const ARCHIVES: [u64; 2] = [5_000, 50_000];

/// Files come with the merge, and no platform limits how many are read.
const FILES: &str = "the night after the merge";

/// One platform, with what follows from its row. The shape of `matrix --format json` is fixed in
/// `design.md` section 4.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Entry<'a> {
    /// Key of the support matrix, as requests write it.
    pub platform: &'a str,
    /// As people write it.
    pub name: &'a str,
    /// Whether imports are possible today.
    pub status: SupportStatus,
    /// Import methods; the first is the default.
    pub methods: &'a [Method],
    /// What an imported call carries.
    pub metadata: &'a [Metadata],
    /// Calls of one customer that a night brings; `None` where no API limits it.
    pub calls_per_night: Option<u64>,
    /// How long an import takes, in words.
    pub estimated_timeline: String,
    /// What to do where the status is not `supported`.
    pub alternative: Option<&'a str>,
    /// Anything else worth knowing.
    pub notes: Option<&'a str>,
    /// What the customer can do with imported calls.
    pub can: &'a [String],
    /// What does not come along.
    pub cannot: &'a [String],
    /// The answer that CS gives the customer.
    pub import: &'static str,
}

/// Every platform: what is supported best comes first, then by name, and `other` at the end.
pub fn entries(matrix: &SupportMatrix) -> Vec<Entry<'_>> {
    let mut entries: Vec<_> = matrix
        .platforms
        .iter()
        .map(|(platform, row)| entry(matrix, platform, row))
        .collect();
    entries.sort_by_cached_key(|entry| {
        (
            entry.platform == "other",
            support(entry.status),
            entry.name.to_lowercase(),
        )
    });
    entries
}

/// Order of the table: the fewer words CS needs to say, the earlier.
const fn support(status: SupportStatus) -> u8 {
    match status {
        SupportStatus::Supported => 0,
        SupportStatus::InProgress => 1,
        SupportStatus::ManualUpload => 2,
        SupportStatus::NotSupported => 3,
    }
}

fn entry<'a>(matrix: &SupportMatrix, platform: &'a str, row: &'a PlatformRow) -> Entry<'a> {
    let PlatformRow {
        name,
        status,
        methods,
        metadata,
        rate_limits: _,
        budget_share: _,
        can,
        cannot,
        alternative,
        notes,
    } = row;
    let by_api = methods.iter().any(|method| *method != Method::File);
    let calls_per_night = by_api
        .then(|| plan::capacity(matrix, platform))
        .flatten()
        .map(|capacity| capacity.calls_per_night);
    Entry {
        platform,
        name,
        status: *status,
        methods,
        metadata,
        calls_per_night,
        estimated_timeline: timeline(methods, calls_per_night),
        alternative: alternative.as_deref(),
        notes: notes.as_deref(),
        can,
        cannot,
        import: verdict(*status),
    }
}

/// How long an import takes, from what a night can do.
fn timeline(methods: &[Method], calls_per_night: Option<u64>) -> String {
    let by_file = methods.contains(&Method::File);
    match calls_per_night {
        Some(calls) if by_file => format!("{}; files: {FILES}", nights(calls)),
        Some(calls) => nights(calls),
        None if by_file => FILES.into(),
        None => "not possible".into(),
    }
}

fn nights(calls_per_night: u64) -> String {
    let [usual, large] = ARCHIVES;
    if calls_per_night >= large {
        return format!("1 night for up to about {} calls", rounded(calls_per_night));
    }
    let told = [usual, large].map(|calls| {
        let nights = count(calls.div_ceil(calls_per_night.max(1)), "night");
        format!("{nights} for {} calls", grouped(calls))
    });
    told.join(", ")
}

/// Two digits are as much as an estimate can promise.
fn rounded(number: u64) -> String {
    let unit = 10_u64.pow(number.max(1).ilog10().saturating_sub(1));
    grouped((number + unit / 2) / unit * unit)
}

/// The answer that CS gives the customer.
pub const fn verdict(status: SupportStatus) -> &'static str {
    match status {
        SupportStatus::Supported => "yes",
        SupportStatus::InProgress => "files only, for now",
        SupportStatus::ManualUpload => "files only",
        SupportStatus::NotSupported => "no",
    }
}

/// A table of all platforms for people.
pub fn plain(entries: &[Entry<'_>]) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["IMPORT", "PLATFORM", "NAME", "METHODS", "HOW LONG"]);
    for entry in entries {
        table.add_row([
            verdict(entry.status).to_owned(),
            clean(entry.platform),
            clean(entry.name),
            methods(entry, ", "),
            entry.estimated_timeline.clone(),
        ]);
    }
    let mut text: String = table
        .lines()
        .map(|line| line.trim().to_owned() + "\n")
        .collect();
    text.push_str(
        "\nWhat comes along and what to tell the customer: call-import matrix PLATFORM\n",
    );
    text
}

/// Everything about one platform, for a terminal.
pub fn plain_detail(entry: &Entry<'_>) -> String {
    let mut text = format!(
        "Import from {}: {}\n\n",
        clean(entry.name),
        verdict(entry.status)
    );
    for (label, value) in facts(entry) {
        text.push_str(&format!("  {label:<18}{value}\n"));
    }
    for (heading, sentences) in sections(entry) {
        text.push_str(&format!("\n{heading}\n"));
        for sentence in sentences {
            text.push_str(&format!("  - {sentence}\n"));
        }
    }
    text
}

/// A table of all platforms for a README.
pub fn markdown(entries: &[Entry<'_>]) -> String {
    let mut text = String::from(
        "| Platform | Import | `platform:` | `method:` | What comes along | How long |\n|---|---|---|---|---|---|\n",
    );
    for entry in entries {
        text.push_str(&format!(
            "| {} | {} | `{}` | {} | {} | {} |\n",
            cell(entry.name),
            verdict(entry.status),
            cell(entry.platform),
            dash(methods(entry, ", ")),
            dash(metadata(entry, ", ")),
            entry.estimated_timeline,
        ));
    }
    text
}

/// Everything about one platform, for a comment or a page.
pub fn markdown_detail(entry: &Entry<'_>) -> String {
    let mut text = format!(
        "## Import from {}: {}\n\n",
        cell(entry.name),
        verdict(entry.status)
    );
    for (label, value) in facts(entry) {
        text.push_str(&format!("- {label}: {value}\n"));
    }
    for (heading, sentences) in sections(entry) {
        text.push_str(&format!("\n**{heading}**\n\n"));
        for sentence in sentences {
            text.push_str(&format!("- {sentence}\n"));
        }
    }
    text
}

/// One JSON document for programs.
pub fn json(entries: &[Entry<'_>]) -> String {
    format!("{:#}\n", json!({"platforms": entries}))
}

/// A header and one record for each platform.
///
/// # Errors
/// Only what the `csv` crate reports; writing to memory does not fail.
pub fn csv(entries: &[Entry<'_>]) -> Result<String, csv::Error> {
    // Columns that were added later stand at the end, so that sheets which read by position go on.
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record([
        "platform",
        "name",
        "status",
        "methods",
        "metadata",
        "calls_per_night",
        "estimated_timeline",
        "alternative",
        "notes",
        "import",
        "can",
        "cannot",
    ])?;
    for entry in entries {
        let calls = entry.calls_per_night.map(|calls| calls.to_string());
        let record = [
            entry.platform,
            entry.name,
            entry.status.as_str(),
            &methods(entry, " "),
            &metadata(entry, " "),
            &calls.unwrap_or_default(),
            &entry.estimated_timeline,
            entry.alternative.unwrap_or_default(),
            entry.notes.unwrap_or_default(),
            verdict(entry.status),
            &entry.can.join(" "),
            &entry.cannot.join(" "),
        ];
        writer.write_record(record.map(field))?;
    }
    let bytes = writer.into_inner().map_err(|error| error.into_error())?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn facts(entry: &Entry<'_>) -> Vec<(&'static str, String)> {
    let mut facts = vec![("Platform key", clean(entry.platform))];
    if !entry.methods.is_empty() {
        facts.push(("Methods", methods(entry, ", ")));
    }
    if !entry.metadata.is_empty() {
        facts.push(("What comes along", metadata(entry, ", ")));
    }
    if let Some(calls) = entry.calls_per_night {
        facts.push(("Calls a night", format!("about {}", rounded(calls))));
    }
    if !entry.methods.is_empty() {
        facts.push(("How long", entry.estimated_timeline.clone()));
    }
    facts
}

fn sections(entry: &Entry<'_>) -> Vec<(&'static str, Vec<String>)> {
    let all = |sentences: &[String]| sentences.iter().map(|s| clean(s)).collect();
    let one = |sentence: Option<&str>| sentence.map(clean).into_iter().collect();
    let sections: [(&str, Vec<String>); 4] = [
        ("What to do", one(entry.alternative)),
        (
            "What the customer can do with imported calls",
            all(entry.can),
        ),
        ("What does not come along", all(entry.cannot)),
        ("Good to know", one(entry.notes)),
    ];
    sections
        .into_iter()
        .filter(|(_, sentences)| !sentences.is_empty())
        .collect()
}

fn methods(entry: &Entry<'_>, separator: &str) -> String {
    let words: Vec<_> = entry.methods.iter().map(|method| method.as_str()).collect();
    words.join(separator)
}

fn metadata(entry: &Entry<'_>, separator: &str) -> String {
    let words: Vec<_> = entry.metadata.iter().map(|part| part.as_str()).collect();
    words.join(separator)
}

fn dash(text: String) -> String {
    if text.is_empty() { "–".into() } else { text }
}

/// Text inside a cell of a Markdown table: no cell, link, image or HTML begins in it.
fn cell(text: &str) -> String {
    let mut cell = String::new();
    for character in clean(text).chars() {
        if "\\|`*_[]<>#@".contains(character) {
            cell.push('\\');
        }
        cell.push(character);
    }
    cell
}

/// A field that no spreadsheet takes for a formula.
fn field(text: &str) -> String {
    let text = clean(text);
    if text.starts_with(['=', '+', '-', '@']) {
        format!("'{text}")
    } else {
        text
    }
}
