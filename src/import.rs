//! The deciding part of an import.

pub(crate) mod content;
pub(crate) mod merge;
