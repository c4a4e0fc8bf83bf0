//! Before the merge: a pull request is told what will become of it, and whoever cannot write YAML gets one
//! opened.
//!
//! What is told comes from a check that ran without any right, perhaps with files of a stranger. So the
//! pull request and its commit are asked from GitHub, and so is which files it changes; the check's texts
//! are quoted like everything from outside.
//!
//! And after the merge: what people command by a comment is acknowledged at once.

mod command;
mod form;
mod propose;
mod request;
mod tell;

pub use command::{Acknowledged, Remarked, acknowledge};
pub use form::{Answered, Desk, answer_form};
pub use propose::{Change, Proposal, ProposeError, Proposed, propose};
pub use request::NewRequest;
pub use tell::{Check, Conclusion, STATUS, Told, tell};
