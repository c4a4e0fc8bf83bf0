//! Pure functions from values to the texts that people and programs read.

pub mod text;
