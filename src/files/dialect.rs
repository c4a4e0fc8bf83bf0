//! The layouts of plain-text transcripts.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A layout of plain-text transcripts.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Dialect {
    /// `Name  0:00` on a line, the text below it (Otter).
    NameThenTime,
    /// `0:00 - Name (Company)` on a line, the text below it (Fathom).
    TimeThenName,
    /// `[00:15] Name: text` on one line.
    TimedLines,
    /// Time, name and text between tabs (Zoom).
    Tabs,
    /// `Name: text` without times (Meet).
    Untimed,
    /// `00:01:23 --> 00:01:45` on a line, the text below it (Teams, from Word).
    Ranges,
    /// Time, name and text, each on a line of its own (Teams, copied from the page).
    Stacked,
    /// Paragraphs: nobody is named and nothing is timed.
    Paragraphs,
}

impl Dialect {
    /// Its word in requests and in `Transcript::source`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NameThenTime => "name_then_time",
            Self::TimeThenName => "time_then_name",
            Self::TimedLines => "timed_lines",
            Self::Tabs => "tabs",
            Self::Untimed => "untimed",
            Self::Ranges => "ranges",
            Self::Stacked => "stacked",
            Self::Paragraphs => "paragraphs",
        }
    }
}
