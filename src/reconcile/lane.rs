//! One account's imports, one after another, and the operations that their attempts ask for.

mod files;

use std::{collections::VecDeque, future::Future, pin::Pin, sync::Arc};

use jiff::Timestamp;
use tokio::sync::watch;

use self::files::Files;
use super::{
    Edges, Event, Settings,
    ending::Ending,
    exchange::{self, Reader},
    gathering::Brought,
    job, log, media,
    tokens::{self, Setback, SignIn},
};
use crate::{
    http::{Authority, Endpoint},
    import::{
        Access, Attempt, Command, Commit, End, Failure, Fetched, PENDING_AT_ONCE, Pending,
        RateLimiter, Scope, Uploads,
    },
    model::{ApiUsage, CredentialState, FailureClass, ImportRecord, Method, Tally, WhoseTurn},
    plan::{self, Job, JobKind},
    platforms::{self, Allowance, Auth, CallRef, Connector, Rejection, RequestClass, Setup, Step},
    spec::SupportMatrix,
    store::{PageCommit, PageReceipt, StoreError},
};

/// What an operation needs of the run.
#[derive(Clone)]
pub(super) struct Drive<'a> {
    pub(super) settings: &'a Settings<'a>,
    pub(super) edges: &'a Edges<'a>,
    pub(super) reader: &'a Reader,
}

/// What came of an operation.
pub(super) enum News {
    Answered {
        ticket: u64,
        /// When it was asked, by our clock.
        sent: Timestamp,
        /// When it was answered, by the platform's.
        date: Option<Timestamp>,
        /// How the platform's limit stands for requests of this class, if it says so.
        allowance: Option<(RequestClass, Allowance)>,
        result: Box<Result<Step, Rejection>>,
    },
    Lost(Lost),
    /// Our own code panicked on a reply.
    Crashed {
        detail: String,
    },
    /// The run was stopped before the answer came.
    Abandoned,
    Renewed(Box<Result<SignIn, Setback>>),
    Committed(Result<PageReceipt, StoreError>),
    Pending(Pending, Result<Vec<CallRef>, StoreError>),
    Copied {
        ticket: u64,
        fetched: Fetched,
    },
    Gathered(Box<Result<Brought, Failure>>),
    Ended(Box<Result<ImportRecord, StoreError>>),
}

/// Why no whole answer came.
pub(super) struct Lost {
    pub(super) ticket: u64,
    pub(super) class: FailureClass,
    /// Whether one came that is larger than what is read.
    pub(super) is_too_large: bool,
    pub(super) detail: String,
}

/// The imports of one account.
pub(super) struct Lane {
    jobs: VecDeque<Job>,
    platform_name: String,
    settle_days: u16,
    limiter: RateLimiter,
    /// Whether requests can be signed now.
    access: Access,
    /// Tokens that sign them, where tokens do; they outlive the import that renewed them.
    sign_in: Option<SignIn>,
    /// Why those are dead, if they are: no other import of the account tries them again.
    refused: Option<Failure>,
    recorded: Option<CredentialState>,
    /// Whether the platform's clock was compared with ours.
    knows_the_time: bool,
    active: Option<Active>,
}

/// The import that is worked on.
pub(super) struct Active {
    pub(super) job: Job,
    pub(super) connector: &'static dyn Connector,
    pub(super) setup: Arc<Setup>,
    pub(super) endpoint: Option<Arc<Endpoint>>,
    pub(super) attempt: Attempt,
    /// Becomes true when no file is to be fetched and no recording to be copied any further.
    pub(super) halt: watch::Sender<bool>,
    pub(super) started_at: Timestamp,
    pub(super) requests: i64,
    /// What became of everything that was found.
    pub(super) tally: Tally,
    pub(super) ending: bool,
    /// What it is to do.
    scope: Scope,
    files: Files,
}

type Operation<'a> = Pin<Box<dyn Future<Output = (usize, News)> + Send + 'a>>;

impl Lane {
    pub(super) fn new(
        lane: &plan::Lane,
        matrix: &SupportMatrix,
        usage: &[ApiUsage],
        states: &[CredentialState],
    ) -> Self {
        let is_own = |state: &&CredentialState| {
            state.platform == lane.platform && state.account == lane.account
        };
        let row = matrix.platforms.get(&lane.platform);
        Self {
            jobs: lane.jobs.iter().cloned().collect(),
            platform_name: row.map_or_else(|| lane.platform.clone(), |row| row.name.clone()),
            settle_days: matrix.nightly.settle_days,
            limiter: RateLimiter::new(&lane.platform, &lane.account, row, usage),
            access: Access::constant(),
            sign_in: None,
            refused: None,
            recorded: states.iter().find(is_own).cloned(),
            knows_the_time: false,
            active: None,
        }
    }

    pub(super) fn is_active(&self) -> bool {
        self.active.is_some()
    }

    pub(super) fn is_over(&self) -> bool {
        self.active.is_none() && self.jobs.is_empty()
    }

    /// Begins the next import. False when there is none.
    pub(super) fn start(&mut self, drive: &Drive<'_>, now: Timestamp) -> bool {
        let Some(job) = self.jobs.pop_front() else {
            return false;
        };
        let connector: &'static dyn Connector = match job.request.method {
            Method::File => &Uploads,
            Method::Api | Method::Oauth => {
                platforms::connector(&job.request.platform).unwrap_or(&Uploads)
            }
        };
        let mut setup = job::setup(&job, connector, now);
        self.access = Access::constant();
        let endpoint = match job.request.method {
            Method::File => Ok(None),
            Method::Api | Method::Oauth => self.endpoint(&job, connector, &setup, drive).map(Some),
        };
        if let Ok(Some(endpoint)) = &endpoint {
            setup.keys = endpoint.keys();
        }
        let setup = Arc::new(setup);
        let scope = job::scope(&job, drive.edges.media.is_some());
        let files = Files::of(&job);
        let mut attempt = Attempt::new(connector, Arc::clone(&setup), files.scope(&scope));
        let endpoint = endpoint.unwrap_or_else(|failure| {
            attempt.stop(End::Failed(failure));
            None
        });
        if job.kind == JobKind::Expire {
            attempt.stop(End::Complete);
        }
        tracing::info!(
            request = job.request.id,
            platform = job.request.platform,
            "{}",
            log::begins(&job.kind)
        );
        self.active = Some(Active {
            job,
            connector,
            setup,
            endpoint,
            attempt,
            halt: watch::Sender::new(false),
            started_at: now,
            requests: 0,
            tally: Tally::default(),
            ending: false,
            scope,
            files,
        });
        true
    }

    /// Where the requests of an import go and how they are signed, or whose turn it is.
    fn endpoint(
        &mut self,
        job: &Job,
        connector: &dyn Connector,
        setup: &Setup,
        drive: &Drive<'_>,
    ) -> Result<Arc<Endpoint>, Failure> {
        let traits = connector.traits();
        let auth = job::auth(job, &traits)?;
        let replacement = job::replacement(job, drive);
        let wrong = |error| job::wrong_address(&error);
        let Auth::OAuth(oauth) = auth else {
            let credential = job::credential(job, auth, drive)?;
            return Endpoint::new(&setup.base_url, replacement, &traits, auth, credential)
                .map(Arc::new)
                .map_err(wrong);
        };
        tokens::check(oauth, &self.platform_name, drive.edges.secrets)?;
        let credential = job::credential(job, auth, drive)?;
        let fingerprint = job.request.credential_fingerprint().unwrap_or_default();
        let (known, recorded) = (self.sign_in.as_ref(), self.recorded.as_ref());
        let secrets = drive.edges.secrets;
        let (tokens, kept) = tokens::first(&credential, &fingerprint, known, recorded, secrets)?;
        if known.is_none_or(|known| known.tokens.lineage != tokens.lineage) {
            self.refused = None;
        }
        let sign_in = SignIn {
            platform: job.request.platform.clone(),
            account: job.request.account.clone(),
            platform_name: self.platform_name.clone(),
            fingerprint,
            traits,
            oauth,
            authority: Authority::new(oauth, replacement).map_err(wrong)?,
            credential,
            base_url: setup.base_url.clone(),
            replacement: replacement.map(str::to_owned),
            tokens,
            kept,
        };
        self.access = sign_in.access();
        let endpoint = sign_in.endpoint().map_err(wrong);
        self.sign_in = Some(sign_in);
        match &self.refused {
            Some(refused) => Err(refused.clone()),
            None => endpoint,
        }
    }

    /// Ends everything at the next page boundary.
    pub(super) fn stop(&mut self, end: &End) {
        self.jobs.clear();
        if let Some(active) = &mut self.active {
            active.attempt.stop(end.clone());
            // Recordings may take long. What is here of them stays for the next run.
            active.halt.send_replace(true);
            if *end == End::Interrupted {
                active.attempt.abandon();
            }
        }
    }

    /// What the attempt wants next.
    pub(super) fn poll(&mut self, now: Timestamp) -> Option<Command> {
        let active = self.active.as_mut().filter(|active| !active.ending)?;
        if active.files.are_read() {
            return None;
        }
        Some(
            active
                .attempt
                .poll(now, &mut self.limiter, &mut self.access),
        )
    }

    /// The operation that carries a command out.
    ///
    /// # Panics
    /// When there is no active import: `poll` has just returned the command of one.
    pub(super) fn obey<'a>(
        &mut self,
        index: usize,
        command: Command,
        drive: Drive<'a>,
        now: Timestamp,
    ) -> Operation<'a> {
        let active = self
            .active
            .as_mut()
            .expect("a command comes from an active import");
        let operation: Pin<Box<dyn Future<Output = News> + Send + 'a>> = match command {
            Command::Send {
                ticket,
                work,
                progress,
                exchange,
            } => {
                let decode = exchange::Decode {
                    connector: active.connector,
                    setup: Arc::clone(&active.setup),
                    work,
                    progress,
                };
                let endpoint = active.endpoint.clone();
                Box::pin(exchange::carry_out(
                    drive, endpoint, ticket, exchange, decode, now,
                ))
            }
            Command::Renew => {
                let sign_in = self.sign_in.clone();
                let sign_in = sign_in.expect("only what signs in by tokens renews them");
                Box::pin(async move { News::Renewed(Box::new(sign_in.renew(drive.edges).await)) })
            }
            Command::Commit(commit) => {
                let usage = self.limiter.take_usage();
                let page = page(active, commit, usage, drive.settings.run_id, now);
                Box::pin(async move { News::Committed(drive.edges.store.commit_page(page).await) })
            }
            Command::LoadPending { what, after } => {
                let record = active.job.record.clone();
                Box::pin(async move {
                    News::Pending(what, load_pending(&drive, &record, what, after).await)
                })
            }
            Command::Copy { ticket, file } => {
                let (endpoint, halt) = (active.endpoint.clone(), active.halt.subscribe());
                let record = active.job.record.clone();
                Box::pin(async move {
                    let fetched = media::copy(drive.edges, endpoint, file, record, halt, now).await;
                    News::Copied { ticket, fetched }
                })
            }
            Command::Done(end) => {
                active.ending = true;
                let usage = self.limiter.take_usage();
                let ending = Ending::new(active, end, usage, &self.platform_name, self.settle_days);
                Box::pin(async move { News::Ended(Box::new(ending.record(&drive).await)) })
            }
            Command::Wait(_) | Command::Idle => Box::pin(async { News::Abandoned }),
        };
        Box::pin(async move { (index, operation.await) })
    }

    /// Takes in what came of an operation.
    ///
    /// # Errors
    /// When the record could not be read or written: the run ends.
    pub(super) fn hear(
        &mut self,
        news: News,
        now: Timestamp,
        observe: &mut dyn FnMut(Event<'_>),
    ) -> Result<(), StoreError> {
        self.compare_clocks(&news, now);
        let Some(active) = &mut self.active else {
            return Ok(());
        };
        let id = active.job.request.id.as_str();
        match news {
            News::Answered {
                ticket,
                allowance,
                result,
                ..
            } => {
                allowance.inspect(|(class, told)| self.limiter.heed(*class, *told, now));
                if let Err(rejection) = &*result {
                    log::rejected(id, rejection);
                }
                active
                    .attempt
                    .answered(ticket, *result, now, &mut self.limiter, &mut self.access);
            }
            News::Lost(lost) => active.lost(lost, now),
            News::Crashed { detail } => {
                tracing::error!(request = id, detail, "a reply made the connector panic");
                active.attempt.abandon();
                active.attempt.stop(crashed(detail));
            }
            News::Abandoned => active.not_gathered(),
            News::Gathered(brought) => active.gathered(*brought),
            News::Renewed(result) => return self.renewed(*result, now),
            News::Committed(receipt) => {
                let receipt = receipt?;
                count(&mut active.tally, &receipt);
                active.attempt.committed(&receipt.pending, now);
                let (listed, known) = active.attempt.listed();
                observe(Event::Committed {
                    request_id: id,
                    listed,
                    known,
                    transcripts: receipt.transcripts,
                });
            }
            News::Pending(what, calls) => active.attempt.pending(what, calls?),
            News::Copied { ticket, fetched } => {
                log::copied(id, &fetched);
                active.attempt.copied(ticket, fetched, now);
            }
            News::Ended(record) => {
                let record = (*record)?;
                tracing::info!(request = id, phase = %record.phase, "import ends for this run");
                observe(Event::Ended(&record));
                self.active = None;
            }
        }
        Ok(())
    }
}

impl Active {
    fn lost(&mut self, lost: Lost, now: Timestamp) {
        let Lost {
            ticket,
            class,
            is_too_large,
            detail,
        } = lost;
        let id = self.job.request.id.as_str();
        tracing::info!(request = id, %class, detail, "no answer from the platform");
        if is_too_large {
            self.attempt.too_large(ticket, detail, now);
        } else {
            self.attempt.lost(ticket, class, detail, now);
        }
    }
}

impl Lane {
    /// Warns once of a clock that is wrong.
    fn compare_clocks(&mut self, news: &News, now: Timestamp) {
        if let News::Answered {
            sent,
            date: Some(date),
            ..
        } = news
            && !std::mem::replace(&mut self.knows_the_time, true)
        {
            log::clocks(&self.platform_name, *sent, *date, now);
        }
    }

    /// Takes in what came of a renewal.
    ///
    /// # Errors
    /// When the record could not be written.
    fn renewed(
        &mut self,
        result: Result<SignIn, Setback>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let Some(active) = &mut self.active else {
            return Ok(());
        };
        match result {
            Ok(sign_in) => {
                let renew_at = sign_in.tokens.renew_at;
                // Its address was checked when it came.
                active.endpoint = sign_in.endpoint().ok().or(active.endpoint.take());
                self.sign_in = Some(sign_in);
                self.access.renewed(renew_at);
                active.attempt.renewed();
            }
            Err(Setback::Record(error)) => return Err(error),
            Err(Setback::Import {
                failure,
                after,
                sign_in,
            }) => {
                let id = active.job.request.id.as_str();
                tracing::info!(
                    request = id,
                    detail = failure.detail,
                    "the access is not renewed"
                );
                self.sign_in = Some(*sign_in);
                self.access.not_renewed();
                if failure.advice.is_some() {
                    self.refused = Some(failure.clone());
                }
                active.attempt.not_renewed(failure, after, now);
            }
        }
        Ok(())
    }
}

fn crashed(detail: String) -> End {
    let advice =
        "The import needs an engineer: our code failed on an answer of the platform.".to_owned();
    End::Failed(Failure {
        class: FailureClass::Internal,
        detail,
        advice: Some((WhoseTurn::Engineering, advice)),
    })
}

async fn load_pending(
    drive: &Drive<'_>,
    record: &ImportRecord,
    what: Pending,
    after: Option<String>,
) -> Result<Vec<CallRef>, StoreError> {
    let ImportRecord {
        platform,
        account,
        request_id,
        ..
    } = record;
    let store = drive.edges.store;
    let (after, limit) = (after.as_deref(), PENDING_AT_ONCE);
    match what {
        Pending::Transcripts => {
            store
                .pending_transcripts(platform, account, request_id, after, limit)
                .await
        }
        Pending::Media => {
            store
                .pending_media(platform, account, request_id, after, limit)
                .await
        }
    }
}

/// Adds what the record made of a page's calls.
fn count(tally: &mut Tally, receipt: &PageReceipt) {
    let counted = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    tally.imported += counted(receipt.new);
    tally.changed += counted(receipt.updated);
    tally.unchanged += counted(receipt.unchanged);
}

fn page(
    active: &mut Active,
    commit: Commit,
    usage: Vec<ApiUsage>,
    run_id: &str,
    now: Timestamp,
) -> PageCommit {
    let Commit {
        calls,
        transcripts,
        without_transcript,
        media,
        failures,
        file_failures,
        skipped,
        tally,
        checkpoints,
    } = commit;
    active.tally += tally;
    let requests_sent: i64 = usage.iter().map(|usage| usage.requests).sum();
    active.requests += requests_sent;
    let ImportRecord {
        request_id,
        digest,
        platform,
        account,
        ..
    } = active.job.record.clone();
    PageCommit {
        run_id: run_id.to_owned(),
        request_id,
        digest,
        platform,
        account,
        now,
        calls,
        transcripts,
        without_transcript,
        media,
        failures,
        file_failures,
        skipped,
        checkpoints,
        requests_sent,
        usage,
    }
}
