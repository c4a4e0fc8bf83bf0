//! Simulated platforms.
fn main() {}
