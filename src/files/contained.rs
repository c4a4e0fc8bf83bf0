//! Panics of libraries, kept from ending the run.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// A damaged file makes the libraries calculate beyond their numbers, and panic where that is checked. `None` then;
/// the other files of the batch need not know.
pub(super) fn contained<T>(read: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(read)).ok()
}
