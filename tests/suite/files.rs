//! What people bring: each format, each way in which it really comes.

mod bundles;
mod corrected;
mod json;
mod pairing;
mod recordings;
mod tables;
mod text;
