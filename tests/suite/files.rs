//! What people bring: each format, each way in which it really comes.

mod json;
//! Tests of the readers of files.

mod text;
