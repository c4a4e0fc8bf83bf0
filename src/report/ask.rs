//! What `call-import new` says about a request before it is written.

use super::{
    matrix::{Entry, verdict},
    text::{inline, sentence},
};
use crate::{
    model::words::{counted, number},
    spec::{Draft, Field, Gap, SupportMatrix, SupportStatus, shown},
};

/// What is known of a request, one line a field, and what was not understood.
pub fn understood(draft: &Draft, matrix: &SupportMatrix, left_over: &[String]) -> String {
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

/// Whether the platform's calls can be imported, and else what is possible. `by_file` is whether files are
/// what was chosen.
pub fn answer(entry: &Entry<'_>, by_file: bool) -> String {
    let alternative = sentence(entry.alternative.unwrap_or_default());
    let more = match entry.status {
        SupportStatus::InProgress | SupportStatus::ManualUpload if !by_file => {
            format!("{alternative} Then come back with --method file --files 'files/CUSTOMER/*'.")
        }
        SupportStatus::NotSupported => alternative,
        SupportStatus::Supported | SupportStatus::InProgress | SupportStatus::ManualUpload => {
            format!("{}.", capital(&entry.estimated_timeline))
        }
    };
    let name = inline(entry.name);
    format!("Import from {name}: {}. {more}\n", verdict(entry.status))
}

fn capital(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters
        .next()
        .map(|first| first.to_uppercase().to_string());
    first.unwrap_or_default() + characters.as_str()
}
