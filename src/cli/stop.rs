//! How a command ends.

use std::process::ExitCode;

use crate::report::text::clean;

/// Exit codes (`design.md` section 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// All well, also when waiting for a quota or with nothing to do.
    Well = 0,
    /// A finding is an error, an import needs somebody, or a generated file is stale.
    NeedsSomebody = 1,
    /// Wrong usage.
    Usage = 2,
    /// It could not run.
    CouldNotRun = 3,
    /// Another run holds the database.
    Held = 4,
    /// The record is damaged, or older than what was restored.
    Damaged = 5,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// An error that ends the command: a plain sentence, its causes, and the exit code.
///
/// Made from any error by `?`, it means [`Exit::CouldNotRun`].
#[derive(Debug)]
pub struct Stop {
    exit: Exit,
    error: anyhow::Error,
}

impl Stop {
    /// Ends with another code than [`Exit::CouldNotRun`].
    pub fn with(exit: Exit, error: impl Into<anyhow::Error>) -> Self {
        let error = error.into();
        Self { exit, error }
    }

    /// The exit code.
    pub const fn exit(&self) -> Exit {
        self.exit
    }

    /// Lines for stderr: the sentence, with its causes if they are wanted.
    pub fn sentence(&self, causes: bool) -> String {
        let mut lines = format!("error: {}\n", clean(&self.error.to_string()));
        let mut chain = self.error.chain().skip(1).peekable();
        if causes {
            for cause in chain {
                lines.push_str(&format!("  because: {}\n", clean(&cause.to_string())));
            }
        } else if chain.peek().is_some() {
            lines.push_str("  (-v shows the causes)\n");
        }
        lines
    }
}

impl<E: Into<anyhow::Error>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::with(Exit::CouldNotRun, error)
    }
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;

    use super::{Exit, Stop};

    #[test]
    fn causes_are_told_on_demand_and_on_one_line_each() {
        let stop = Stop::from(anyhow!("denied\n::error::x").context("matrix.yaml cannot be read."));
        assert_eq!(stop.exit(), Exit::CouldNotRun);
        assert_eq!(
            stop.sentence(false),
            "error: matrix.yaml cannot be read.\n  (-v shows the causes)\n"
        );
        assert_eq!(
            stop.sentence(true),
            "error: matrix.yaml cannot be read.\n  because: denied ::error::x\n"
        );
        let alone = Stop::with(Exit::Usage, anyhow!("No such platform."));
        assert_eq!(alone.sentence(false), "error: No such platform.\n");
    }
}
