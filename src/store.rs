//! The record in DuckDB. One writer thread owns the connection; a bounded channel stands in front of it.
//!
//! Uniqueness is kept by that single writer, not by keys: a page is deduplicated and compared with what is
//! recorded ([`crate::import`] decides), then written in one transaction with its checkpoint. A second run
//! over the same answers changes no row.

mod connect;
mod copy;
mod credentials;
mod erase;
mod error;
mod export;
mod harvest;
mod imports;
mod known;
mod ledger;
mod mark;
mod media;
mod memory;
mod outbox;
mod page;
mod recorded;
mod rows;
mod runs;
mod schema;
mod segments;
mod session;
mod vacuum;
mod values;

use std::{
    path::{Path, PathBuf},
    thread::JoinHandle,
};

use jiff::Timestamp;
use tokio::sync::{mpsc, oneshot};

pub use copy::{Contents, RecordRow, inspect, peek, stamp};
pub use erase::erase;
pub use error::StoreError;
pub use export::{ExportFormat, ExportedFile, export};
pub use imports::RETRY_REASON;
pub use mark::companions;
pub use outbox::{Outbox, PostedStatus};

pub use crate::{
    import::Totals,
    model::{RunOutcome, RunRow},
};
use crate::{
    model::{
        ApiUsage, Call, CallFailure, Checkpoint, CredentialState, Erasure, FailureClass,
        FileFailure, Harvest, Holdings, ImportRecord, KnownSecrets, LeftOut, MediaOutcome,
        Notification, Period, Phase, Spoken, Tally,
    },
    plan::Observed,
    platforms::{CallRef, RecordFailure},
};
use page::Prepared;
use recorded::Scope;
use session::Session;

/// Pages that may wait for the writer: one in work and one ready keep it busy, more only fill memory.
const QUEUE: usize = 2;

/// A piece of work for the writer thread.
type Job = Box<dyn FnOnce(&mut Session) + Send>;

/// The open record. Work is done in the order in which it was asked for; a call that is dropped while it
/// waits is done all the same.
#[derive(Debug)]
pub struct Store {
    jobs: Option<mpsc::Sender<Job>>,
    writer: Option<JoinHandle<()>>,
    path: PathBuf,
    known: KnownSecrets,
}

impl Store {
    /// Opens the record at `path`, makes it if there is none, and brings an older layout up to date.
    ///
    /// `run` (a run id or the name of a command) and `host` are written into `record.holder`.
    ///
    /// # Errors
    /// [`StoreError::Held`] when another process has it, [`StoreError::Damaged`], [`StoreError::Short`] or
    /// [`StoreError::Newer`] when it is not ours to use, [`StoreError::Disk`] when the file system refuses.
    pub fn open(path: &Path, run: &str, host: &str, now: Timestamp) -> Result<Self, StoreError> {
        connect::open(path, run, host, now).and_then(Self::start)
    }

    /// Opens an existing record for reading only: nothing in it changes, and every writing call fails.
    ///
    /// # Errors
    /// As [`Store::open`]; [`StoreError::Older`] for a layout that only a run may bring up to date.
    pub fn open_to_read(path: &Path) -> Result<Self, StoreError> {
        connect::open_to_read(path).and_then(Self::start)
    }

    fn start(mut session: Session) -> Result<Self, StoreError> {
        let (jobs, mut queue) = mpsc::channel::<Job>(QUEUE);
        let path = session.path().to_owned();
        let refused = path.clone();
        let writer = std::thread::Builder::new()
            .name("record".to_owned())
            .spawn(move || {
                while let Some(job) = queue.blocking_recv() {
                    job(&mut session);
                }
            })
            .map_err(|source| StoreError::File {
                path: refused,
                source,
            })?;
        Ok(Self {
            jobs: Some(jobs),
            writer: Some(writer),
            path,
            known: KnownSecrets::default(),
        })
    }

    /// The same, but no sentence that holds one of these secrets is recorded.
    #[must_use]
    pub fn withholding(mut self, known: &KnownSecrets) -> Self {
        self.known = known.clone();
        self
    }

    fn withhold<'t>(&self, texts: impl IntoIterator<Item = &'t mut String>) {
        for text in texts {
            self.known.withhold(text, "the record");
        }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Lets the writer thread do something and waits for the result.
    async fn on_writer<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Session) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        let job: Job = Box::new(move |session| {
            // Whoever asked may have gone; the work counts all the same.
            let _ = reply.send(work(session));
        });
        let jobs = self.jobs.as_ref().ok_or(StoreError::Stopped)?;
        jobs.send(job).await.map_err(|_| StoreError::Stopped)?;
        answer.await.map_err(|_| StoreError::Stopped)?
    }

    /// Everything that matters for a plan: imports, checkpoints of their digests, and the use of quotas in
    /// the hours that end after `since`.
    ///
    /// # Errors
    /// When the record cannot be read.
    pub async fn observed(&self, since: Timestamp) -> Result<Observed, StoreError> {
        self.on_writer(move |session| {
            session.read(|connection| {
                Ok(Observed {
                    imports: imports::all(connection)?
                        .into_iter()
                        .map(|record| (record.request_id.clone(), record))
                        .collect(),
                    checkpoints: ledger::checkpoints(connection)?,
                    usage: ledger::usage(connection, since)?,
                    attempted: ledger::attempted(connection)?,
                    copied: media::copied(connection)?,
                    erasures: erase::erasures(connection)?,
                })
            })
        })
        .await
    }

    /// Every row of `imports`, by request id.
    ///
    /// # Errors
    /// When the record cannot be read.
    pub async fn imports(&self) -> Result<Vec<ImportRecord>, StoreError> {
        self.on_writer(|session| session.read(imports::all)).await
    }

    /// What was erased, by platform and account.
    ///
    /// # Errors
    /// When the record cannot be read.
    pub async fn erasures(&self) -> Result<Vec<Erasure>, StoreError> {
        self.on_writer(|session| session.read(erase::erasures))
            .await
    }

    /// What is recorded of an account.
    ///
    /// # Errors
    /// When the record cannot be read.
    pub async fn holdings(&self, platform: &str, account: &str) -> Result<Holdings, StoreError> {
        let (platform, account) = (platform.to_owned(), account.to_owned());
        self.on_writer(move |session| {
            session.read(|connection| {
                let scope = Scope {
                    platform: &platform,
                    account: &account,
                };
                erase::holdings(connection, scope)
            })
        })
        .await
    }

    /// The calls or files of a request that could not be imported: up to `limit`, by external id.
    ///
    /// # Errors
    /// When the record cannot be read.
    pub async fn failures(
        &self,
        request_id: &str,
        limit: usize,
    ) -> Result<Vec<CallFailure>, StoreError> {
        let request_id = request_id.to_owned();
        self.on_writer(move |session| {
            session.read(|connection| ledger::failures(connection, &request_id, limit))
        })
        .await
    }

    /// The open failures of a request that lie in its files, by file and line, and what was left out, by name.
    ///
    /// # Errors
    /// When the record cannot be read.
    pub async fn file_report(
        &self,
        request_id: &str,
    ) -> Result<(Vec<FileFailure>, Vec<LeftOut>), StoreError> {
        let request_id = request_id.to_owned();
        self.on_writer(move |session| {
            session.read(|connection| {
                let failures = ledger::file_failures(connection, &request_id)?;
                Ok((failures, ledger::left_out(connection, &request_id)?))
            })
        })
        .await
    }

    /// What the last attempt at a request, as it is declared now, made of everything that it found. `None` before the
    /// first that found anything; one that only looks for late transcripts finds nothing.
    ///
    /// # Errors
    /// When the record cannot be read.
    pub async fn last_tally(&self, request_id: &str) -> Result<Option<Tally>, StoreError> {
        let request_id = request_id.to_owned();
        self.on_writer(move |session| {
            session.read(|connection| runs::last_tally(connection, &request_id))
        })
        .await
    }

    /// Begins a run, and tells when the last one before it began.
    ///
    /// # Errors
    /// When the record cannot be written.
    pub async fn begin_run(
        &self,
        run_id: &str,
        started_at: Timestamp,
        version: &str,
    ) -> Result<Option<Timestamp>, StoreError> {
        let (run_id, version) = (run_id.to_owned(), version.to_owned());
        self.on_writer(move |session| {
            session.transaction(|connection| {
                runs::begin_run(connection, &run_id, started_at, &version)
            })
        })
        .await
    }

    /// When the last run began, if there was one.
    ///
    /// # Errors
    /// When the record cannot be read.
    pub async fn last_run(&self) -> Result<Option<Timestamp>, StoreError> {
        self.on_writer(|session| session.read(runs::last_started_at))
            .await
    }

    /// Writes the rows of `imports` that a plan changes. A row with another digest than the recorded one
    /// begins a new generation: the checkpoints of the old one are deleted, its failures closed.
    ///
    /// # Errors
    /// When the record cannot be written; then nothing of it is.
    pub async fn apply(
        &self,
        mut changes: Vec<ImportRecord>,
        mut notifications: Vec<Notification>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.withhold(changes.iter_mut().flat_map(|change| &mut change.reason));
        self.withhold(notifications.iter_mut().map(|told| &mut told.body));
        self.on_writer(move |session| {
            session
                .transaction(|connection| imports::apply(connection, &changes, &notifications, now))
        })
        .await
    }

    /// Writes a page: calls, transcripts, failures, checkpoint, counters and quota, all or nothing.
    ///
    /// # Errors
    /// When the record cannot be written, or knows neither the import nor the run.
    pub async fn commit_page(&self, mut page: PageCommit) -> Result<PageReceipt, StoreError> {
        self.withhold(page.failures.iter_mut().map(|failure| &mut failure.detail));
        let page = Prepared::new(page);
        let (receipt, _) = self
            .on_writer(move |session| {
                session.page(page.sizes(), move |connection, known| {
                    page.commit(connection, known)
                })
            })
            .await?;
        Ok(receipt)
    }

    /// Calls of the request whose transcript is still asked for: up to `limit`, by id, those after `after`.
    ///
    /// # Errors
    /// When the record cannot be read.
    pub async fn pending_transcripts(
        &self,
        platform: &str,
        account: &str,
        request_id: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<CallRef>, StoreError> {
        let (platform, account) = (platform.to_owned(), account.to_owned());
        let (request_id, after) = (request_id.to_owned(), after.map(str::to_owned));
        self.on_writer(move |session| {
            session.read(|connection| {
                let scope = Scope {
                    platform: &platform,
                    account: &account,
                };
                imports::pending_transcripts(
                    connection,
                    scope,
                    &request_id,
                    after.as_deref(),
                    limit,
                )
            })
        })
        .await
    }

    /// Calls of the request whose recording is not here yet: up to `limit`, the newest first, those behind `after`.
    ///
    /// # Errors
    /// When the record cannot be read.
    pub async fn pending_media(
        &self,
        platform: &str,
        account: &str,
        request_id: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<CallRef>, StoreError> {
        let (platform, account) = (platform.to_owned(), account.to_owned());
        let (request_id, after) = (request_id.to_owned(), after.map(str::to_owned));
        self.on_writer(move |session| {
            session.read(|connection| {
                let scope = Scope {
                    platform: &platform,
                    account: &account,
                };
                media::pending(connection, scope, &request_id, after.as_deref(), limit)
            })
        })
        .await
    }

    /// What one import has brought, for the message that says so.
    ///
    /// # Errors
    /// When the record cannot be read.
    pub async fn harvest(&self, import: &ImportRecord) -> Result<Harvest, StoreError> {
        let import = import.clone();
        self.on_writer(move |session| {
            session.read(|connection| harvest::harvest(connection, &import))
        })
        .await
    }

    /// How many calls an import brought that began on other days than these.
    ///
    /// # Errors
    /// When the record cannot be read.
    pub async fn calls_outside(
        &self,
        import: &ImportRecord,
        period: Period,
    ) -> Result<i64, StoreError> {
        let import = import.clone();
        self.on_writer(move |session| {
            session.read(|connection| harvest::outside(connection, &import, period))
        })
        .await
    }

    /// Exact counts of one import.
    ///
    /// # Errors
    /// When the record cannot be read.
    pub async fn totals(
        &self,
        request_id: &str,
        digest: &str,
        platform: &str,
        account: &str,
    ) -> Result<Totals, StoreError> {
        let (request_id, digest) = (request_id.to_owned(), digest.to_owned());
        let (platform, account) = (platform.to_owned(), account.to_owned());
        self.on_writer(move |session| {
            session.read(|connection| {
                let scope = Scope {
                    platform: &platform,
                    account: &account,
                };
                ledger::totals(connection, &request_id, &digest, scope)
            })
        })
        .await
    }

    /// Writes the end of an attempt.
    ///
    /// # Errors
    /// When the record cannot be written; then nothing of it is.
    pub async fn finish_attempt(&self, mut end: AttemptEnd) -> Result<(), StoreError> {
        self.withhold(end.record.reason.iter_mut().chain(&mut end.detail));
        self.withhold(end.notifications.iter_mut().map(|told| &mut told.body));
        self.on_writer(move |session| {
            session.transaction(|connection| imports::finish_attempt(connection, &end))
        })
        .await
    }

    /// Ends a run and tells what it did.
    ///
    /// # Errors
    /// When the record cannot be written or knows no such run.
    pub async fn finish_run(
        &self,
        run_id: &str,
        finished_at: Timestamp,
        outcome: RunOutcome,
    ) -> Result<RunRow, StoreError> {
        let run_id = run_id.to_owned();
        self.on_writer(move |session| {
            session.transaction(|connection| {
                runs::finish_run(connection, &run_id, finished_at, outcome)?;
                runs::run(connection, &run_id)
            })
        })
        .await
    }

    /// What people have not been told yet, and the status comments that stand.
    ///
    /// # Errors
    /// When the record cannot be read.
    pub async fn outbox(&self) -> Result<Outbox, StoreError> {
        self.on_writer(|session| session.read(outbox::all)).await
    }

    /// Writes down that a notification stands at `remote_id` with this text.
    ///
    /// # Errors
    /// When the record cannot be written.
    pub async fn delivered(
        &self,
        mut notification: Notification,
        remote_id: String,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.withhold([&mut notification.body]);
        self.on_writer(move |session| {
            session.transaction(|connection| {
                outbox::delivered(connection, &notification, &remote_id, now)
            })
        })
        .await
    }

    /// What happened since a moment and Slack was not told.
    ///
    /// # Errors
    /// When the record cannot be read.
    pub async fn untold_on_slack(&self, since: Timestamp) -> Result<Vec<Notification>, StoreError> {
        self.on_writer(move |session| {
            session.read(|connection| outbox::untold_on_slack(connection, since))
        })
        .await
    }

    /// Writes down what became of an event on Slack, in the place of what was written of it before; `None` if
    /// it was not told after all.
    ///
    /// # Errors
    /// When the record cannot be written.
    pub async fn told_on_slack(
        &self,
        event: Notification,
        remote_id: Option<&'static str>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.on_writer(move |session| {
            session
                .transaction(|connection| outbox::told_on_slack(connection, &event, remote_id, now))
        })
        .await
    }

    /// Of these notifications those that are recorded, told or not.
    ///
    /// # Errors
    /// When the record cannot be read.
    pub async fn known_notifications(&self, ids: Vec<String>) -> Result<Vec<String>, StoreError> {
        self.on_writer(move |session| session.read(|connection| outbox::known(connection, &ids)))
            .await
    }

    /// Remembers the pull request of an import's request file.
    ///
    /// # Errors
    /// When the record cannot be written or knows no such import.
    pub async fn set_pull_request(&self, request_id: &str, number: i64) -> Result<(), StoreError> {
        let request_id = request_id.to_owned();
        self.on_writer(move |session| {
            session
                .transaction(|connection| outbox::set_pull_request(connection, &request_id, number))
        })
        .await
    }

    /// What the credentials of all accounts were renewed to.
    ///
    /// # Errors
    /// When the record cannot be read.
    pub async fn credential_states(&self) -> Result<Vec<CredentialState>, StoreError> {
        self.on_writer(|session| session.read(credentials::all))
            .await
    }

    /// Writes what a credential was renewed to, in the place of what the account had before.
    ///
    /// # Errors
    /// When the record cannot be written.
    pub async fn put_credential_state(&self, state: CredentialState) -> Result<(), StoreError> {
        self.on_writer(move |session| {
            session.transaction(|connection| credentials::put(connection, &state))
        })
        .await
    }

    /// Lets an import that is held or ended with failures go again in the next run, and gives its new row;
    /// `None` if there is no import of that name.
    ///
    /// # Errors
    /// When the record cannot be written.
    pub async fn retry(
        &self,
        request_id: &str,
        now: Timestamp,
    ) -> Result<Option<ImportRecord>, StoreError> {
        let request_id = request_id.to_owned();
        self.on_writer(move |session| {
            session.transaction(|connection| imports::retry(connection, &request_id, now))
        })
        .await
    }

    /// The same for several imports, with the answer to whoever asked for it: all of it, or nothing.
    ///
    /// # Errors
    /// When the record cannot be written.
    pub async fn carry_out(
        &self,
        retried: Vec<String>,
        mut answer: Notification,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.withhold([&mut answer.body]);
        self.on_writer(move |session| {
            session.transaction(|connection| {
                for request_id in &retried {
                    imports::retry(connection, request_id, now)?;
                }
                outbox::add(connection, std::slice::from_ref(&answer), now)
            })
        })
        .await
    }

    /// The row of table `record`.
    ///
    /// # Errors
    /// When the record cannot be read.
    pub async fn record(&self) -> Result<RecordRow, StoreError> {
        self.on_writer(|session| session.record()).await
    }

    /// Writes the whole record, as it is at this moment, to the new file `copy`, which only we may read.
    /// Others wait for as long as the copying takes. Gives the row of table `record` in the copy.
    ///
    /// # Errors
    /// When the record cannot be read or the copy not be written.
    pub async fn snapshot(&self, copy: &Path) -> Result<RecordRow, StoreError> {
        let copy = copy.to_owned();
        self.on_writer(move |session| session.snapshot(&copy)).await
    }

    /// Writes down as which generation the record was saved. This is no commit: the sequence stays.
    ///
    /// # Errors
    /// When the record cannot be written.
    pub async fn saved_as(&self, generation: i64) -> Result<(), StoreError> {
        self.on_writer(move |session| session.saved_as(generation))
            .await
    }

    /// Writes the log into the file and lets go of it. When this returns, others may open the file.
    ///
    /// # Errors
    /// When the record cannot be written; what was committed before is kept in any case.
    pub async fn close(self) -> Result<(), StoreError> {
        self.on_writer(Session::release).await
    }
}

impl Drop for Store {
    /// Waits for the writer: once the store is gone, the file may be opened again.
    fn drop(&mut self) {
        self.jobs.take();
        if let Some(writer) = self.writer.take() {
            // If it panicked, whoever waited for its answer was told.
            let _ = writer.join();
        }
    }
}

/// A page of an import, or several that came in while the record was busy: everything in it is committed in one
/// transaction, or nothing.
#[derive(Debug, Clone)]
pub struct PageCommit {
    /// The run.
    pub run_id: String,
    /// Whose page it is.
    pub request_id: String,
    /// Generation of the request.
    pub digest: String,
    /// Key of the support matrix.
    pub platform: String,
    /// The account.
    pub account: String,
    /// Time of the commit.
    pub now: Timestamp,
    /// Calls listed; ids are unique within the page.
    pub calls: Vec<Call>,
    /// Transcripts fetched for recorded calls, by external id.
    pub transcripts: Vec<(String, Spoken)>,
    /// Calls that will never have a transcript for us: pending ones become `unavailable`.
    pub without_transcript: Vec<String>,
    /// What became of the media of recorded calls, by external id.
    pub media: Vec<(String, MediaOutcome)>,
    /// Records that could not be read.
    pub failures: Vec<RecordFailure>,
    /// Rows of files, and whole files, that make no call.
    pub file_failures: Vec<FileFailure>,
    /// Files that are no call of their own.
    pub skipped: Vec<LeftOut>,
    /// How far the windows have come; none for transcripts and settling.
    pub checkpoints: Vec<Checkpoint>,
    /// Requests sent since the last commit of this import: added to `imports.requests_sent` and `runs.requests_sent`.
    pub requests_sent: i64,
    /// The same by account, class and hour: added to `api_usage`.
    pub usage: Vec<ApiUsage>,
}

/// What a page changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PageReceipt {
    /// Calls recorded for the first time.
    pub new: usize,
    /// Calls whose record changed.
    pub updated: usize,
    /// Calls that were recorded like this before.
    pub unchanged: usize,
    /// Transcripts recorded.
    pub transcripts: usize,
    /// Ids of the page's listed calls whose transcript is now `pending`.
    pub pending: Vec<String>,
}

/// The end of one attempt: the import's new row, committed with everything that follows from it.
#[derive(Debug, Clone)]
pub struct AttemptEnd {
    /// The row of `imports` to write (`calls_*`, `transcripts_*` as given; `requests_sent` is kept and added to).
    pub record: ImportRecord,
    /// The run.
    pub run_id: String,
    /// When the attempt began.
    pub started_at: Timestamp,
    /// When it ended.
    pub finished_at: Timestamp,
    /// The phase reached.
    pub outcome: Phase,
    /// Why it failed, if it did.
    pub failure_class: Option<FailureClass>,
    /// For engineers.
    pub detail: Option<String>,
    /// What became of everything that this attempt found.
    pub tally: Tally,
    /// Requests sent by this attempt in all (goes into `attempts.requests_sent`).
    pub attempt_requests: i64,
    /// Requests not yet added by a page (goes to `imports.requests_sent` and `runs.requests_sent`).
    pub requests_sent: i64,
    /// The same by class and hour: added to `api_usage`.
    pub usage: Vec<ApiUsage>,
    /// Turn the request's pending transcripts into `unavailable`.
    pub expire_pending: bool,
    /// Turn the request's recordings that are not here into `unavailable`.
    pub expire_media: bool,
    /// What people must be told.
    pub notifications: Vec<Notification>,
}
