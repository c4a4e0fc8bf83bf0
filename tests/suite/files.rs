//! What people bring: each format, each way in which it really comes.

mod bundles;
mod corpus;
mod json;
mod pairing;
mod recordings;
mod tables;
mod text;
