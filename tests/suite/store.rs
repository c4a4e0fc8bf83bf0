//! The record in real DuckDB files.

pub(crate) mod fixtures;

mod files;
mod imports;
mod pages;
