//! What people say and a request needs in another form: numbers, days, stretches of time, and the few
//! words that a request knows.
//!
//! Nothing is guessed: what can be read in two ways is unclear, and the person is asked.

pub(super) mod amount;
pub(super) mod day;
pub(super) mod period;

use super::{Include, Urgency};
use crate::model::Method;

/// What a text says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Said<T> {
    /// One thing.
    Clear(T),
    /// Two things, or nothing: why, as a sentence.
    Unclear(String),
}

/// The words of a text in small letters, without the marks around them.
pub(super) fn words(text: &str) -> Vec<String> {
    let separates = |c: char| c.is_whitespace() || c == ',' || c == ';';
    let words = text.split(separates).map(|word| bare(word).to_lowercase());
    words.filter(|word| !word.is_empty()).collect()
}

/// A word without the marks around it. What begins or ends a number or a name stays.
pub(super) fn bare(word: &str) -> &str {
    word.trim_start_matches(|c: char| "([{\"'“”‘«`*_".contains(c))
        .trim_end_matches(|c: char| ",;:.!?)]}\"'“”’»`*_…".contains(c))
}

/// How much depends on an import, by its own word or one that says the same.
pub(super) fn urgency(word: &str) -> Option<Urgency> {
    match word {
        "deal" | "deals" | "prospect" => Some(Urgency::Deal),
        "onboarding" | "on-boarding" | "onboard" | "kick-off" | "kickoff" => {
            Some(Urgency::Onboarding)
        }
        "retention" | "churn" | "renewal" => Some(Urgency::Retention),
        _ => None,
    }
}

/// How calls reach us, by its own word or one that says the same.
pub(super) fn method(words: &[&str]) -> Option<Method> {
    match words {
        ["api"] | ["key"] | ["api", "key"] => Some(Method::Api),
        ["oauth"] | ["consent"] => Some(Method::Oauth),
        ["file" | "files"] | ["exported", "files"] | ["vtt" | "srt", "files"] => Some(Method::File),
        _ => None,
    }
}

/// A part of a call, by its own word or one that says the same.
pub(super) fn include(word: &str) -> Option<Include> {
    match word {
        "transcript" | "transcripts" => Some(Include::Transcript),
        "media" | "audio" | "video" | "videos" | "audio/video" | "recording" | "recordings" => {
            Some(Include::Media)
        }
        _ => None,
    }
}
