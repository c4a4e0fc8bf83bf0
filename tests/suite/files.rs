//! What people bring: each format, each way in which it really comes.

pub(crate) mod bring;
mod bundles;
mod check;
mod corrected;
mod json;
mod night;
mod pairing;
mod recordings;
pub(crate) mod remote;
mod tables;
mod text;
