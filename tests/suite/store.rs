//! The record in real DuckDB files.

pub(crate) mod fixtures;

mod damaged;
mod files;
mod imports;
mod pages;
