//! Readers of exported files.
