//! What people bring: each format, each way in which it really comes.

mod json;
//! Tests of the readers of files.

mod text;
//! Tests of the readers of files that people bring, one module for each subject.

mod bundles;
mod pairing;
mod recordings;
