//! The words that a sentence holds besides its fields.

use super::tokens::Token;
use crate::spec::said::amount;

/// Words that say of a day that it is the one wanted.
pub(super) fn leads_to_day(word: &str) -> bool {
    matches!(
        word,
        "by" | "until" | "till" | "before" | "due" | "on" | "for" | "deadline" | "latest"
    )
}

/// What numbers count that are not calls.
pub(super) fn is_other_unit(word: &str) -> bool {
    matches!(
        word.trim_end_matches('s'),
        "hour"
            | "minute"
            | "user"
            | "seat"
            | "gb"
            | "rep"
            | "people"
            | "person"
            | "employee"
            | "day"
            | "week"
            | "month"
            | "year"
            | "%"
            | "percent"
    )
}

/// Endings of company names, which may stand behind a comma.
pub(super) fn is_company_form(word: &str) -> bool {
    matches!(
        word,
        "inc"
            | "ltd"
            | "llc"
            | "llp"
            | "gmbh"
            | "co"
            | "corp"
            | "plc"
            | "ag"
            | "sa"
            | "bv"
            | "limited"
            | "kg"
            | "ab"
            | "oy"
            | "sas"
            | "srl"
            | "pty"
    )
}

/// Words between `for` and a name.
pub(super) fn is_determiner(token: &Token<'_>) -> bool {
    let is_small = token.text == token.lower;
    is_small
        && matches!(
            token.lower.as_str(),
            "the" | "our" | "their" | "a" | "an" | "new" | "customer" | "client" | "company"
        )
}

/// Words that no name holds when they are written small.
pub(super) fn is_stop(token: &Token<'_>) -> bool {
    let is_small = token.text == token.lower;
    is_small
        && (leads_to_day(&token.lower)
            || amount::is_noun(&token.lower)
            || matches!(
                token.lower.as_str(),
                "from"
                    | "with"
                    | "via"
                    | "as"
                    | "in"
                    | "asap"
                    | "urgent"
                    | "urgently"
                    | "needed"
                    | "need"
                    | "needs"
                    | "want"
                    | "wants"
                    | "wanted"
                    | "who"
                    | "which"
                    | "that"
                    | "their"
                    | "is"
                    | "has"
                    | "please"
                    | "per"
                    | "using"
                    | "since"
                    | "about"
                    | "this"
                    | "them"
                    | "us"
                    | "me"
                    | "it"
            ))
}

/// Words inside of names and phrases.
pub(super) fn is_joint(word: &str) -> bool {
    matches!(word, "a" | "an" | "and" | "at" | "in" | "of" | "the" | "to")
}

/// Words that hold a sentence together.
pub(super) fn is_filler(word: &str) -> bool {
    amount::is_noun(word) || amount::is_about(word) || leads_to_day(word) || FILLERS.contains(&word)
}

const FILLERS: &[&str] = &[
    "a",
    "all",
    "an",
    "and",
    "are",
    "as",
    "asap",
    "at",
    "be",
    "bring",
    "client",
    "completed",
    "customer",
    "date",
    "done",
    "eod",
    "estimated",
    "estimated_calls",
    "file",
    "finished",
    "from",
    "get",
    "has",
    "have",
    "high",
    "i",
    "import",
    "imported",
    "importing",
    "in",
    "is",
    "it",
    "like",
    "method",
    "move",
    "need",
    "needed",
    "needs",
    "of",
    "old",
    "or",
    "our",
    "platform",
    "please",
    "priority",
    "ready",
    "request",
    "requested",
    "requested_completion",
    "required",
    "risk",
    "should",
    "the",
    "their",
    "them",
    "they",
    "this",
    "to",
    "up",
    "urgency",
    "urgent",
    "urgently",
    "via",
    "want",
    "wanted",
    "wants",
    "we",
    "with",
    "would",
];
