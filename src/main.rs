//! The `call-import` program.
fn main() {}
