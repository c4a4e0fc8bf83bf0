//! Stdout, locked once for the whole command, and stderr. Nothing gets there that was not looked through for
//! secrets.

use std::{
    borrow::Cow,
    ffi::OsString,
    io::{self, IsTerminal as _, StdoutLock, Write},
};

use super::known;

/// Where results go. They are kept until they are flushed, because only a whole text can be looked through.
pub(super) struct Output {
    inner: StdoutLock<'static>,
    waiting: Vec<u8>,
    is_terminal: bool,
    closed: bool,
}

impl Output {
    /// The process's stdout, which nothing else may use from now on.
    pub(super) fn stdout() -> Self {
        let stdout = io::stdout();
        Self {
            is_terminal: stdout.is_terminal(),
            inner: stdout.lock(),
            waiting: Vec::new(),
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
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if !self.closed {
            self.waiting.extend_from_slice(bytes);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let bytes = std::mem::take(&mut self.waiting);
        let bytes = without_secrets(&bytes, "stdout");
        let written = self.inner.write_all(&bytes);
        match written.and_then(|()| self.inner.flush()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.closed = true;
                Ok(())
            }
            other => other,
        }
    }
}

impl Drop for Output {
    /// What was told before an error, or a panic, counts all the same.
    fn drop(&mut self) {
        let _ = self.flush();
    }
}

/// Where a line of the log goes.
#[derive(Default)]
pub(super) struct Log;

impl Write for Log {
    /// The log writes each line at once.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        io::stderr().write_all(&without_secrets(line, "the log"))?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Says something to people that is no result. Without stderr there is nobody to tell.
pub(super) fn tell(text: &str) {
    let _ = io::stderr().write_all(&without_secrets(text.as_bytes(), "stderr"));
}

fn without_secrets<'b>(bytes: &'b [u8], place: &str) -> Cow<'b, [u8]> {
    match known::secrets().withheld_from(&String::from_utf8_lossy(bytes), place) {
        Cow::Owned(clean) => clean.into_bytes().into(),
        Cow::Borrowed(_) => bytes.into(),
    }
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
