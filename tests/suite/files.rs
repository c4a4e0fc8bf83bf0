//! Tests of the readers of files that people bring, one module for each subject.

mod bundles;
mod json;
mod pairing;
mod recordings;
mod text;
