//! What a list of calls says: one row, one call.

use std::{collections::BTreeMap, ops::Range};

use super::{FileProblem, Notice, column::Column};
use crate::model::{Call, FileFailure};

/// A call list as it was understood: rows of CSV or XLSX, or records of JSON.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CallList {
    /// Calls, in the list's order.
    pub calls: Vec<ListedCall>,
    /// Rows that make no call. The others are kept.
    pub failures: Vec<RowFailure>,
    /// Of those in a table, which call and which files they speak of, as far as that can be read.
    pub unread: Vec<ListedCall>,
    /// In a table of failures, by line: file and line of the row that failed, in whose place the one here stands.
    pub corrects: BTreeMap<usize, (String, usize)>,
    /// What was assumed or mended, in order of line.
    pub notices: Vec<Notice>,
    /// Which heading was taken for what, in the list's order; empty for JSON.
    pub columns: Vec<(Column, String)>,
}

/// A call that a list speaks of.
#[derive(Debug, Clone, PartialEq)]
pub struct ListedCall {
    /// 1-based line on which it begins.
    pub line: usize,
    /// Of a record of JSON: its bytes in the file, to read it again with [`super::json::call`]. `None` in a table, and
    /// where the file's encoding does not let them be told.
    pub range: Option<Range<u64>>,
    /// What is known of it. `external_id` is empty where the list gives none; the transcript is `Here` where the
    /// list itself holds it.
    pub call: Call,
    /// Name of the file with its transcript, as written.
    pub transcript_file: Option<String>,
    /// Name of the file with its recording, as written.
    pub media_file: Option<String>,
    /// The row as it stands, heading and cell, so that it can be given back to be corrected; empty for JSON.
    pub original: Vec<(String, String)>,
}

/// A row that makes no call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowFailure {
    /// What is wrong, with line, column and value.
    pub problem: FileProblem,
    /// The row as it stands, heading and cell; for JSON one cell under the heading `record`, cut to 1,000 characters.
    pub original: Vec<(String, String)>,
}

impl RowFailure {
    /// The same as it is recorded, with the file that it is in.
    pub fn of_file(self, file: &str) -> FileFailure {
        let Self { problem, original } = self;
        let counted = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        FileFailure {
            file: file.to_owned(),
            line: problem.line.map(counted),
            column: problem.column.map(counted),
            code: problem.code.to_owned(),
            value: problem.value,
            message: problem.message,
            help: problem.help,
            original,
        }
    }
}
