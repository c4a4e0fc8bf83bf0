//! Tests of the readers of files.

mod text;
