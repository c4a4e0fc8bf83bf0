//! Named points at which tests stop the program: before and after every commit, and before and after every
//! effect that others see. So it is proved, and not hoped, that a run may end anywhere.
//!
//! They exist in builds with debug assertions only; a release program compiles them to nothing. There they are
//! driven by the environment, so that the real program is stopped by a real signal:
//!
//! | variable | meaning |
//! |---|---|
//! | `CALL_IMPORT_KILL_TRACE` | a file to which each visit is added, a line each; without it nothing happens |
//! | `CALL_IMPORT_KILL_AT` | the visit, counted from 1, at which the signal comes |
//! | `CALL_IMPORT_KILL_DELAY` | so many microseconds later, while the program goes on: into what follows the point |
//! | `CALL_IMPORT_KILL_SIGNAL` | `TERM`, after which the program goes on; else it is SIGKILL |
//!
//! `tests/suite/kill.rs` drives them.

/// Declares the points and the list of all of them.
macro_rules! points {
    ($($(#[$documentation:meta])* $name:ident,)*) => {
        /// A place in the program where it may be stopped. Its name is that of the variant.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Point {
            $($(#[$documentation])* $name,)*
        }

        impl Point {
            /// Every point.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];
        }
    };
}

points! {
    /// A transaction is open, and nothing is done in it yet.
    TransactionBegun,
    /// All of a transaction is done but its COMMIT.
    BeforeCommit,
    /// DuckDB has answered COMMIT.
    AfterCommit,
    /// Who has the record, or what it was saved as, is not written down yet.
    BeforeNote,
    /// It is.
    AfterNote,
    /// The log is about to go into the file.
    BeforeCheckpoint,
    /// It did.
    AfterCheckpoint,
    /// The next statement of a migration is about to be carried out.
    BeforeMigrationStatement,
    /// All statements of a migration are.
    BeforeMigrationCommit,
    /// The log holds changed tables, and the file those from before.
    AfterMigrationCommit,
    /// The file holds them.
    AfterMigrationCheckpoint,
    /// A record that was restored and checked is about to take its place.
    BeforeRestored,
    /// It did.
    AfterRestored,
    /// An object is about to be created where the record is kept: a bundle, its manifest, a renewed credential.
    BeforeObject,
    /// It is there.
    AfterObject,
    /// An object that is outdated is about to be deleted there.
    BeforeDeletion,
    /// It is gone.
    AfterDeletion,
    /// A recording is about to be put where recordings are kept.
    BeforeRecording,
    /// All of it is there, under a name of the time before it is.
    RecordingCopied,
    /// It is there.
    AfterRecording,
    /// A file is about to be fetched from where customers upload.
    BeforeFetch,
    /// It is here.
    AfterFetch,
    /// A platform is about to be asked for new tokens.
    BeforeRenewal,
    /// It has answered, and nobody knows its answer yet.
    AfterRenewal,
    /// Something is about to be written on GitHub: a comment, a reaction, a branch, a file, a pull request.
    BeforeGitHubWrite,
    /// GitHub has answered.
    AfterGitHubWrite,
    /// A message is about to be sent to Slack.
    BeforeMessage,
    /// Slack has answered.
    AfterMessage,
    /// The summary of the job is about to be written.
    BeforeSummary,
    /// It is written.
    AfterSummary,
    /// A file of the repository is about to appear or to change.
    BeforeFile,
    /// It did.
    AfterFile,
}

/// The program is at a point.
#[cfg(debug_assertions)]
pub fn here(point: Point) {
    if let Some(driver) = &*driven::DRIVER {
        driver.visit(point);
    }
}

/// The program is at a point, which means nothing to it.
#[cfg(not(debug_assertions))]
pub const fn here(_: Point) {}

#[cfg(debug_assertions)]
mod driven {
    use std::{
        env,
        fs::{File, OpenOptions},
        io::Write as _,
        sync::{LazyLock, Mutex, PoisonError},
        thread,
        time::Duration,
    };

    use rustix::process::{Signal, getpid, kill_process};

    use super::Point;

    /// What the environment asks for, if anything.
    pub(super) static DRIVER: LazyLock<Option<Driver>> = LazyLock::new(Driver::of_environment);

    pub(super) struct Driver {
        trace: Mutex<Trace>,
        /// The visit at which the signal comes.
        at: Option<u64>,
        delay: Duration,
        signal: Signal,
    }

    struct Trace {
        file: File,
        visits: u64,
    }

    impl Driver {
        fn of_environment() -> Option<Self> {
            let file = env::var_os("CALL_IMPORT_KILL_TRACE")?;
            let file = OpenOptions::new().create(true).append(true).open(file);
            let number = |name| env::var(name).ok()?.parse::<u64>().ok();
            let is_term = env::var("CALL_IMPORT_KILL_SIGNAL").is_ok_and(|name| name == "TERM");
            Some(Self {
                trace: Mutex::new(Trace {
                    file: file.ok()?,
                    visits: 0,
                }),
                at: number("CALL_IMPORT_KILL_AT"),
                delay: Duration::from_micros(number("CALL_IMPORT_KILL_DELAY").unwrap_or(0)),
                signal: if is_term { Signal::TERM } else { Signal::KILL },
            })
        }

        pub(super) fn visit(&self, point: Point) {
            let mut trace = self.trace.lock().unwrap_or_else(PoisonError::into_inner);
            trace.visits += 1;
            // One write a line, or two threads could share one. A driver misses what cannot be written.
            let _ = trace.file.write_all(format!("{point:?}\n").as_bytes());
            if self.at != Some(trace.visits) {
                return;
            }
            if self.delay.is_zero() {
                // Nobody gets past a point meanwhile.
                send(self.signal);
            } else {
                let (delay, signal) = (self.delay, self.signal);
                thread::spawn(move || {
                    thread::park_timeout(delay);
                    send(signal);
                });
            }
        }
    }

    /// Sends this process a signal. After SIGKILL it does nothing more.
    fn send(signal: Signal) {
        let sent = kill_process(getpid(), signal);
        while signal == Signal::KILL && sent.is_ok() {
            thread::park();
        }
    }
}
