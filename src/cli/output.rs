//! Stdout, locked once for the whole command.

use std::{
    ffi::OsString,
    io::{self, BufWriter, IsTerminal as _, StdoutLock, Write},
};

/// Where results go.
pub(super) struct Output {
    inner: BufWriter<StdoutLock<'static>>,
    is_terminal: bool,
    closed: bool,
}

impl Output {
    /// The process's stdout, which nothing else may use from now on.
    pub(super) fn stdout() -> Self {
        let stdout = io::stdout();
        Self {
            is_terminal: stdout.is_terminal(),
            inner: BufWriter::new(stdout.lock()),
            closed: false,
        }
    }

    /// Whether results are shown in colour.
    pub(super) fn is_coloured(&self) -> bool {
        wants_colour(self.is_terminal)
    }

    /// Whether the reader has gone (`call-import matrix | head`). What is written then is dropped, so that
    /// the command ends with its own exit code.
    pub(super) const fn is_closed(&self) -> bool {
        self.closed
    }

    fn unless_closed<T>(&mut self, result: io::Result<T>, dropped: T) -> io::Result<T> {
        match result {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.closed = true;
                Ok(dropped)
            }
            other => other,
        }
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.closed {
            return Ok(bytes.len());
        }
        let result = self.inner.write(bytes);
        self.unless_closed(result, bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.closed {
            return Ok(());
        }
        let result = self.inner.flush();
        self.unless_closed(result, ())
    }
}

/// Says something to people that is no result. Without stderr there is nobody to tell.
pub(super) fn tell(text: &str) {
    let _ = io::stderr().write_all(text.as_bytes());
}

/// Colour only on a terminal, and not where `NO_COLOR` is set.
pub(super) fn wants_colour(is_terminal: bool) -> bool {
    is_terminal && !forbids_colour(std::env::var_os("NO_COLOR"))
}

/// `NO_COLOR` counts when it is not empty, whatever it says (<https://no-color.org>).
fn forbids_colour(no_color: Option<OsString>) -> bool {
    no_color.is_some_and(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::forbids_colour;

    #[test]
    fn any_text_in_no_color_counts() {
        assert!(forbids_colour(Some("0".into())));
        assert!(!forbids_colour(Some("".into())));
        assert!(!forbids_colour(None));
    }
}
