//! The deciding part of an import: what to ask next, when to wait, when to give up, and what the end
//! means. Pure: replies and the time are arguments, what to do is the result.

mod access;
mod attempt;
pub(crate) mod content;
pub(crate) mod merge;
mod outcome;
mod rate;
pub(crate) mod recording;
mod retry;
mod saved;
mod uploads;
mod walk;
mod windows;

pub use access::Access;
pub use attempt::{Attempt, Command, Commit, Fetched, PENDING_AT_ONCE, Pending, Scope};
pub use outcome::{Conclusion, Context, End, Failure, Totals, conclude};
pub(crate) use outcome::{falls_short, what_is_imported};
pub use rate::RateLimiter;
pub use saved::{Saved, saved};
pub use uploads::{FileNotice, Found, Reader, Shown, Survey, Uploads, findings, gather, survey};
