//! The findings of one file, while it is being checked.

use super::{
    Finding, Severity,
    codes::Code,
    document::{Document, Position},
};

/// Gathers the findings of one file.
#[derive(Debug)]
pub(super) struct FileReport {
    pub(super) path: String,
    pub(super) document: Document,
    pub(super) findings: Vec<Finding>,
}

impl FileReport {
    pub(super) fn new(path: &str) -> Self {
        Self {
            path: path.to_owned(),
            document: Document::default(),
            findings: Vec::new(),
        }
    }

    /// A finding about the file as a whole.
    pub(super) fn whole(
        &mut self,
        code: Code,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.at(code, Position::START, message, help);
    }

    /// A finding about the value at a JSON pointer.
    pub(super) fn value(
        &mut self,
        code: Code,
        pointer: &str,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.at(code, self.document.value_position(pointer), message, help);
    }

    /// A finding about the key at a JSON pointer.
    pub(super) fn key(
        &mut self,
        code: Code,
        pointer: &str,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.at(code, self.document.key_position(pointer), message, help);
    }

    /// A finding at a place.
    pub(super) fn at(
        &mut self,
        code: Code,
        position: Position,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.findings.push(Finding {
            severity: code.severity,
            code: code.name.to_owned(),
            path: self.path.clone(),
            line: position.line,
            column: position.column,
            message: message.into(),
            help: help.into(),
        });
    }

    /// Whether anything stops the import.
    pub(super) fn has_errors(&self) -> bool {
        self.errors().next().is_some()
    }

    /// The findings that stop the import.
    pub(super) fn errors(&self) -> impl Iterator<Item = &Finding> {
        self.findings
            .iter()
            .filter(|finding| finding.severity == Severity::Error)
    }
}
