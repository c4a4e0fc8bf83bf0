//! What people bring: each format, each way in which it really comes.

mod tables;
