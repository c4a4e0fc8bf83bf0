//! What `call-import new` says about a request before it is written.

use super::{
    matrix::{Entry, verdict},
    text::{clean, inline, sentence},
};
use crate::{
    model::{
        Method, slug,
        words::{counted, number},
    },
    spec::{Draft, Field, Gap, Reading, Settled, SupportMatrix, SupportStatus, shown},
};

/// What is known of a request, one line a field, what was read as something else, and what was not understood.
pub fn understood(settled: &Settled, matrix: &SupportMatrix, left_over: &[String]) -> String {
    let draft = &settled.draft;
    let row = draft
        .platform
        .as_ref()
        .and_then(|key| matrix.platforms.get(key));
    let platform = row.map(|row| row.name.clone()).or(draft.platform.clone());
    let calls = draft
        .estimated_calls
        .as_deref()
        .map(|digits| match digits.parse() {
            Ok(calls) => format!("about {}", number(calls)),
            Err(_) => digits.to_owned(),
        });
    let day = |day: &Option<String>| {
        let day = day.as_deref();
        day.map(|day| shown(Field::RequestedCompletion, day))
    };
    let list = |items: &[String]| (!items.is_empty()).then(|| items.join(", "));
    let period = match (day(&draft.period_from), day(&draft.period_to)) {
        (Some(from), Some(to)) => Some(format!("{from} to {to}")),
        (Some(from), None) => Some(format!("from {from} on")),
        (None, Some(to)) => Some(format!("until {to}")),
        (None, None) => None,
    };
    let lines = [
        ("Customer", draft.customer.clone()),
        ("Platform", platform),
        ("Calls", calls),
        ("Urgency", draft.urgency.clone()),
        ("Wanted by", day(&draft.requested_completion)),
        ("Method", draft.method.clone()),
        ("Files", list(&draft.files)),
        ("Calls of", period),
        ("Include", list(&draft.include)),
        ("Own domains", list(&draft.internal_domains)),
        ("Requested by", draft.requested_by.clone()),
    ];
    let lines = lines
        .iter()
        .filter_map(|(label, value)| Some((label, value.as_deref()?)));
    let mut text: String = lines
        .map(|(label, value)| format!("  {label:<14}{}\n", inline(value)))
        .collect();
    if !text.is_empty() {
        text.insert_str(0, "The request:\n");
    }
    for reading in &settled.readings {
        text.push_str(&read_as(reading));
    }
    if !left_over.is_empty() {
        let words: Vec<String> = left_over
            .iter()
            .map(|words| format!("`{}`", inline(words)))
            .collect();
        text.push_str(&format!(
            "Not understood, so it is left out: {}. What matters goes into --notes.\n",
            words.join(", ")
        ));
    }
    text
}

/// Every field that is still needed, with its flag.
pub fn missing(gaps: &[Gap]) -> String {
    let fields = counted(gaps.len() as u64, "answer");
    let verb = if gaps.len() == 1 { "is" } else { "are" };
    let mut text = format!("Nothing was written: {fields} {verb} missing or unclear.\n");
    for Gap { field, why } in gaps {
        let flag = field.flag();
        let why = match why {
            Some(why) => sentence(why),
            None => field.meaning().to_owned(),
        };
        text.push_str(&format!("  {flag:<24}{why}\n"));
    }
    text
}

/// Whether the platform's calls can be imported, and else what is possible. Where that are files, the whole
/// command that asks for them follows, with what is known; `opens_pr` is whether this one asked for that.
pub fn answer(entry: &Entry<'_>, draft: &Draft, opens_pr: bool) -> String {
    let by_file = draft.method.as_deref() == Some(Method::File.as_str()) || !draft.files.is_empty();
    let is_possible = match entry.status {
        SupportStatus::Supported => true,
        SupportStatus::InProgress | SupportStatus::ManualUpload => by_file,
        SupportStatus::NotSupported => false,
    };
    let more = if is_possible {
        format!("{}.\n", capital(&entry.estimated_timeline))
    } else {
        alternative(entry.alternative.unwrap_or_default(), draft, opens_pr)
    };
    let name = inline(entry.name);
    format!("Import from {name}: {}. {more}", verdict(entry.status))
}

/// How the matrix tells which lines bring files: ``and write `platform: otter`, ... in the request``.
const LINES: (&str, &str) = (" and write `platform: ", " in the request");

/// What to do instead. Lines to write are a command to run, because nobody has a file yet.
fn alternative(text: &str, draft: &Draft, opens_pr: bool) -> String {
    let customer = draft.customer.as_deref().map(slug).unwrap_or_default();
    let folder = if customer.is_empty() {
        "CUSTOMER"
    } else {
        &customer
    };
    let text = sentence(text).replace("CUSTOMER", folder);
    let parts = text.split_once(LINES.0).and_then(|(before, lines)| {
        let (platform, _) = lines.split_once('`')?;
        let (_, after) = lines.split_once(LINES.1)?;
        Some((before, platform, after))
    });
    let Some((before, platform, after)) = parts else {
        return format!("{text}\n");
    };
    let by_file = Draft {
        platform: Some(platform.to_owned()),
        method: Some(Method::File.as_str().to_owned()),
        files: vec![format!("files/{folder}/*")],
        ..draft.clone()
    };
    let flag = if opens_pr { " --open-pr" } else { "" };
    format!(
        "{before}{after} Then run:\n\n  {}{flag}\n",
        command(&by_file)
    )
}

/// The command that asks for what a draft says, for a POSIX shell.
fn command(draft: &Draft) -> String {
    let period = [
        ("--period-from", &draft.period_from),
        ("--period-to", &draft.period_to),
    ];
    let single = [
        ("--customer", &draft.customer),
        ("--platform", &draft.platform),
        ("--estimated-calls", &draft.estimated_calls),
        ("--urgency", &draft.urgency),
        ("--requested-completion", &draft.requested_completion),
        ("--method", &draft.method),
    ];
    let rest = [
        ("--account", &draft.account),
        ("--requested-by", &draft.requested_by),
        ("--notes", &draft.notes),
    ];
    let joined = |items: &[String]| (!items.is_empty()).then(|| items.join(","));
    let lists = [
        ("--include", joined(&draft.include)),
        ("--internal-domains", joined(&draft.internal_domains)),
    ];
    let owned = |(flag, value): (&'static str, &Option<String>)| Some((flag, value.clone()?));
    let files = draft.files.iter().map(|path| ("--files", path.clone()));
    let options = draft.options.iter();
    let options = options.map(|(name, value)| ("--options", format!("{name}={value}")));
    let flags = (single.into_iter().filter_map(owned))
        .chain(files)
        .chain(period.into_iter().filter_map(owned))
        .chain(
            lists
                .into_iter()
                .filter_map(|(flag, value)| Some((flag, value?))),
        )
        .chain(options)
        .chain(rest.into_iter().filter_map(owned));
    let flags = flags.map(|(flag, value)| format!(" {flag} {}", shell_word(&clean(&value))));
    let held = if draft.suspended { " --suspended" } else { "" };
    format!("call-import new{}{held}", flags.collect::<String>())
}

/// A text as one word of a POSIX shell.
fn shell_word(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-/,:=@".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

fn read_as(reading: &Reading) -> String {
    let (written, taken) = (inline(&reading.written), inline(&reading.taken));
    match &reading.other {
        None => format!(
            "`{written}` read as {taken}. If that is wrong, say it with {}.\n",
            reading.field.flag()
        ),
        Some(other) => format!(
            "`{written}` read as {taken}. If {} is meant, say it with {}.\n",
            inline(other),
            reading.field.flag()
        ),
    }
}

fn capital(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters
        .next()
        .map(|first| first.to_uppercase().to_string());
    first.unwrap_or_default() + characters.as_str()
}
