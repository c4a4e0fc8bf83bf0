//! The deciding part of an import.
