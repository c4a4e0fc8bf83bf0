//! One account's imports, one after another, and the operations that their attempts ask for.

use std::{collections::VecDeque, future::Future, pin::Pin, sync::Arc};

use jiff::Timestamp;

use super::{Edges, Event, Settings, exchange, notification};
use crate::{
    http::Endpoint,
    import::{
        self, Attempt, Command, Commit, Context, End, Failure, PENDING_AT_ONCE, RateLimiter, Scope,
        Uploads,
    },
    model::{ApiUsage, FailureClass, ImportRecord, Method, WhoseTurn},
    plan::{self, Job, JobKind},
    platforms::{self, CallRef, Connector, Rejection, Setup, Step},
    spec::{Include, SupportMatrix},
    store::{AttemptEnd, PageCommit, PageReceipt, StoreError},
};

/// What an operation needs of the run.
#[derive(Clone)]
pub(super) struct Drive<'a> {
    pub(super) settings: &'a Settings<'a>,
    pub(super) edges: &'a Edges<'a>,
}

/// What came of an operation.
pub(super) enum News {
    Answered {
        ticket: u64,
        result: Box<Result<Step, Rejection>>,
    },
    Lost {
        ticket: u64,
        class: FailureClass,
        detail: String,
    },
    /// Our own code panicked on a reply.
    Crashed {
        detail: String,
    },
    /// The run was stopped before the answer came.
    Abandoned,
    Committed(Result<PageReceipt, StoreError>),
    Pending(Result<Vec<CallRef>, StoreError>),
    Ended(Box<Result<ImportRecord, StoreError>>),
}

/// The imports of one account.
pub(super) struct Lane {
    jobs: VecDeque<Job>,
    platform_name: String,
    settle_days: u16,
    limiter: RateLimiter,
    active: Option<Active>,
}

/// The import that is worked on.
struct Active {
    job: Job,
    connector: &'static dyn Connector,
    setup: Arc<Setup>,
    endpoint: Option<Arc<Endpoint>>,
    attempt: Attempt,
    started_at: Timestamp,
    requests: i64,
    calls: usize,
    ending: bool,
}

type Operation<'a> = Pin<Box<dyn Future<Output = (usize, News)> + Send + 'a>>;

impl Lane {
    pub(super) fn new(lane: &plan::Lane, matrix: &SupportMatrix, usage: &[ApiUsage]) -> Self {
        let row = matrix.platforms.get(&lane.platform);
        Self {
            jobs: lane.jobs.iter().cloned().collect(),
            platform_name: row.map_or_else(|| lane.platform.clone(), |row| row.name.clone()),
            settle_days: matrix.nightly.settle_days,
            limiter: RateLimiter::new(&lane.platform, &lane.account, row, usage),
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
        let setup = Arc::new(setup(&job, connector));
        let mut attempt = Attempt::new(connector, Arc::clone(&setup), scope(&job));
        let endpoint = match job.request.method {
            Method::File => None,
            Method::Api | Method::Oauth => match endpoint(&job, connector, &setup, drive) {
                Ok(endpoint) => Some(Arc::new(endpoint)),
                Err(failure) => {
                    attempt.stop(End::Failed(failure));
                    None
                }
            },
        };
        if job.kind == JobKind::Expire {
            attempt.stop(End::Complete);
        }
        tracing::info!(request = job.request.id, platform = job.request.platform, kind = ?job.kind, "import begins");
        self.active = Some(Active {
            job,
            connector,
            setup,
            endpoint,
            attempt,
            started_at: now,
            requests: 0,
            calls: 0,
            ending: false,
        });
        true
    }

    /// Ends everything at the next page boundary.
    pub(super) fn stop(&mut self, end: &End) {
        self.jobs.clear();
        if let Some(active) = &mut self.active {
            active.attempt.stop(end.clone());
            if *end == End::Interrupted {
                active.attempt.abandon();
            }
        }
    }

    /// What the attempt wants next.
    pub(super) fn poll(&mut self, now: Timestamp) -> Option<Command> {
        let active = self.active.as_mut().filter(|active| !active.ending)?;
        Some(active.attempt.poll(now, &mut self.limiter))
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
                let (connector, setup) = (active.connector, Arc::clone(&active.setup));
                let decode = exchange::Decode {
                    connector,
                    setup,
                    work,
                    progress,
                };
                let endpoint = active.endpoint.clone();
                Box::pin(exchange::carry_out(
                    drive.edges,
                    endpoint,
                    ticket,
                    exchange,
                    decode,
                    now,
                ))
            }
            Command::Commit(commit) => {
                let usage = self.limiter.take_usage();
                let page = page(active, commit, usage, drive.settings.run_id, now);
                Box::pin(async move { News::Committed(drive.edges.store.commit_page(page).await) })
            }
            Command::LoadPending { after } => {
                let record = active.job.record.clone();
                Box::pin(async move { News::Pending(load_pending(&drive, &record, after).await) })
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
        let Some(active) = &mut self.active else {
            return Ok(());
        };
        let id = active.job.request.id.as_str();
        match news {
            News::Answered { ticket, result } => {
                if let Err(rejection) = &*result {
                    tracing::info!(request = id, ?rejection, "the platform's answer is no page");
                }
                active
                    .attempt
                    .answered(ticket, *result, now, &mut self.limiter);
            }
            News::Lost {
                ticket,
                class,
                detail,
            } => {
                tracing::info!(request = id, %class, detail, "no answer from the platform");
                active.attempt.lost(ticket, class, detail, now);
            }
            News::Crashed { detail } => {
                tracing::error!(request = id, detail, "a reply made the connector panic");
                let advice =
                    "The import needs an engineer: our code failed on an answer of the platform."
                        .to_owned();
                active.attempt.abandon();
                active.attempt.stop(End::Failed(Failure {
                    class: FailureClass::Internal,
                    detail,
                    advice: Some((WhoseTurn::Engineering, advice)),
                }));
            }
            News::Abandoned => {}
            News::Committed(receipt) => {
                let receipt = receipt?;
                active.calls += receipt.new;
                active.attempt.committed(&receipt.pending);
                let (listed, known) = active.attempt.listed();
                observe(Event::Committed {
                    request_id: id,
                    listed,
                    known,
                    transcripts: receipt.transcripts,
                });
            }
            News::Pending(calls) => active.attempt.pending(calls?),
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

/// The end of an attempt on its way into the record.
struct Ending {
    job: Job,
    end: End,
    usage: Vec<ApiUsage>,
    platform_name: String,
    settle_days: u16,
    started_at: Timestamp,
    progressed: bool,
    requests: i64,
    unrecorded: i64,
    calls: usize,
}

impl Ending {
    fn new(
        active: &mut Active,
        end: End,
        usage: Vec<ApiUsage>,
        platform_name: &str,
        settle_days: u16,
    ) -> Self {
        let unrecorded = usage.iter().map(|usage| usage.requests).sum();
        active.requests += unrecorded;
        Self {
            job: active.job.clone(),
            end,
            usage,
            platform_name: platform_name.to_owned(),
            settle_days,
            started_at: active.started_at,
            progressed: active.attempt.progressed(),
            requests: active.requests,
            unrecorded,
            calls: active.calls,
        }
    }

    async fn record(self, drive: &Drive<'_>) -> Result<ImportRecord, StoreError> {
        let Self { job, .. } = &self;
        let store = drive.edges.store;
        let expire_pending = job.kind == JobKind::Expire;
        let ImportRecord {
            request_id,
            digest,
            platform,
            account,
            ..
        } = &job.record;
        let mut totals = store.totals(request_id, digest, platform, account).await?;
        if expire_pending {
            totals.transcripts_pending = 0;
        }
        let now = drive.edges.clock.now();
        let context = Context {
            platform: &self.platform_name,
            now,
            period: job.period,
            settle_days: self.settle_days,
            progressed: self.progressed,
            settling: job.kind != JobKind::Import,
        };
        let conclusion = import::conclude(&job.record, &self.end, &totals, &context);
        let told = conclusion.notices.iter().map(|kind| {
            // The event is recorded with the phase it is about, so a run tells it once.
            let id = plan::notification_id(request_id, digest, *kind, drive.settings.run_id);
            notification(id, &conclusion.record, *kind)
        });
        let notifications = told.collect();
        store
            .finish_attempt(AttemptEnd {
                record: conclusion.record.clone(),
                run_id: drive.settings.run_id.to_owned(),
                started_at: self.started_at,
                finished_at: now,
                outcome: conclusion.record.phase,
                failure_class: conclusion.failure_class,
                detail: conclusion.detail,
                calls_imported: i64::try_from(self.calls).unwrap_or(i64::MAX),
                attempt_requests: self.requests,
                requests_sent: self.unrecorded,
                usage: self.usage,
                expire_pending,
                notifications,
            })
            .await?;
        Ok(conclusion.record)
    }
}

async fn load_pending(
    drive: &Drive<'_>,
    record: &ImportRecord,
    after: Option<String>,
) -> Result<Vec<CallRef>, StoreError> {
    let ImportRecord {
        platform,
        account,
        request_id,
        ..
    } = record;
    let store = drive.edges.store;
    store
        .pending_transcripts(
            platform,
            account,
            request_id,
            after.as_deref(),
            PENDING_AT_ONCE,
        )
        .await
}

fn scope(job: &Job) -> Scope {
    let (period, checkpoints) = match job.kind {
        JobKind::Import => (Some(job.period), job.checkpoints.clone()),
        JobKind::Settle { window } => (window.map(crate::model::Window::period), Vec::new()),
        JobKind::Expire => (None, Vec::new()),
    };
    Scope {
        request_id: job.request.id.clone(),
        period,
        checkpoints,
        keep_checkpoints: job.kind == JobKind::Import,
        transcripts: job.request.include.contains(&Include::Transcript),
    }
}

fn setup(job: &Job, connector: &dyn Connector) -> Setup {
    let request = &job.request;
    let own = request.options.get("base_url").and_then(|url| url.as_str());
    Setup {
        base_url: own
            .unwrap_or(connector.traits().base_url)
            .trim_end_matches('/')
            .to_owned(),
        options: request.options.clone(),
        internal_domains: request.internal_domains.clone(),
        period: job.period,
        files: request.files.iter().map(|file| file.file.clone()).collect(),
    }
}

fn endpoint(
    job: &Job,
    connector: &dyn Connector,
    setup: &Setup,
    drive: &Drive<'_>,
) -> Result<Endpoint, Failure> {
    let traits = connector.traits();
    let credential = drive
        .edges
        .secrets
        .open(&job.request, traits.auth)
        .map_err(|error| {
            let advice = error.to_string();
            Failure {
                class: FailureClass::Credentials,
                detail: advice.clone(),
                advice: Some((WhoseTurn::Customer, advice)),
            }
        })?;
    let replacement = drive
        .settings
        .platform_urls
        .get(&job.request.platform)
        .map(String::as_str);
    Endpoint::new(&setup.base_url, replacement, &traits, credential).map_err(|error| Failure {
        class: FailureClass::Internal,
        detail: error.to_string(),
        advice: Some((
            WhoseTurn::Cs,
            format!("The address in options.base_url cannot be used: {error}."),
        )),
    })
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
        failures,
        checkpoint,
    } = commit;
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
        failures,
        checkpoint,
        requests_sent,
        usage,
    }
}
