//! What people bring: each format, each way in which it really comes.

mod bring;
mod bundles;
mod check;
mod corrected;
mod json;
mod night;
mod pairing;
mod recordings;
mod remote;
mod tables;
mod text;
