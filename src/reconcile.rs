//! Read, plan, drive, record: the only loop. It decides nothing; [`plan`](mod@crate::plan) and
//! [`import`](crate::import) do.

mod commands;
mod deliver;
mod ending;
mod exchange;
mod gathering;
mod job;
mod lane;
mod log;
mod media;
mod saving;
mod tokens;

use std::{collections::BTreeMap, future::Future, path::Path, pin::Pin};

use futures_util::{StreamExt, stream::FuturesUnordered};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;

use crate::{
    clock::Clock,
    github::GitHub,
    http::Http,
    import::{Command, End},
    model::{ImportRecord, Notification, NotificationKind, Phase},
    plan::{self, Accident, Inputs, Observed, Plan, PlannedImport},
    report::notice::{self, Occasion},
    secrets::Secrets,
    slack::Slack,
    spec::{Declared, SupportMatrix},
    state::{self, Home, StateError},
    store::{RunOutcome, RunRow, Store, StoreError},
};
use exchange::Reader;
use lane::{Drive, Lane, News};
pub use media::MediaPlace;
use saving::Saving;

/// Accounts worked on side by side. Bounds memory: each holds a few pages.
const MAX_LANES: usize = 16;

/// How far back the use of quotas is read: a rolling day, and the hour that it may begin in.
const USAGE: SignedDuration = SignedDuration::from_hours(25);

/// How long delivery may wait for GitHub even if the night is over.
const DELIVERY: SignedDuration = SignedDuration::from_mins(15);

/// What a run is to do.
#[derive(Debug, Clone, Copy)]
pub struct Settings<'a> {
    /// What is declared.
    pub declared: &'a Declared,
    /// What we can do.
    pub matrix: &'a SupportMatrix,
    /// Work on this request alone.
    pub only: Option<&'a str>,
    /// Ids that are not worked on here.
    pub skip: &'a [&'a str],
    /// How many imports may be cancelled without being taken for an accident.
    pub allow_cancel: Option<usize>,
    /// Longest run.
    pub deadline: SignedDuration,
    /// Addresses that replace those of a platform's API.
    pub platform_urls: &'a BTreeMap<String, String>,
    /// A folder beside the record for copies of remote files while they are read.
    pub uploads: &'a Path,
    /// Names this run in the record.
    pub run_id: &'a str,
    /// Whether there will be a job summary, which tells what no comment could.
    pub has_job_summary: bool,
}

impl Settings<'_> {
    /// Whether this run has to do with an import.
    fn concerns(&self, request_id: &str) -> bool {
        self.only.is_none_or(|only| only == request_id) && !self.skip.contains(&request_id)
    }
}

/// The outside.
#[derive(Clone)]
pub struct Edges<'a> {
    /// The record.
    pub store: &'a Store,
    /// The platforms.
    pub http: &'a Http,
    /// The credentials.
    pub secrets: &'a Secrets,
    /// Where people are told, if anywhere.
    pub github: Option<&'a GitHub>,
    /// Where they are told the same, if anywhere.
    pub slack: Option<&'a Slack>,
    /// Where the record is kept between runs, if it is not kept here.
    pub home: Option<&'a Home>,
    /// Where copies of recordings are kept, if they are.
    pub media: Option<&'a MediaPlace>,
    /// The time.
    pub clock: &'a dyn Clock,
    /// Becomes true when the run is to end at once.
    pub interrupt: watch::Receiver<bool>,
}

/// Something happened that a progress display may show.
#[derive(Debug, Clone, Copy)]
pub enum Event<'a> {
    /// The plan is made.
    Planned(&'a Plan),
    /// A page is committed.
    Committed {
        /// Whose.
        request_id: &'a str,
        /// Calls listed so far.
        listed: i64,
        /// Calls known to be there.
        known: i64,
        /// Transcripts that this commit recorded.
        transcripts: usize,
    },
    /// An attempt ended.
    Ended(&'a ImportRecord),
    /// A comment stands on GitHub; that it does is recorded next.
    Told {
        /// Whose.
        request_id: &'a str,
        /// What it tells.
        kind: NotificationKind,
    },
}

/// What a run did.
#[derive(Debug, Clone)]
pub struct Report {
    /// The row of `runs`.
    pub run: RunRow,
    /// The rows of `imports` after the run, by request id.
    pub imports: Vec<ImportRecord>,
    /// What was planned.
    pub plan: Plan,
    /// Events that no comment tells, and never will.
    pub untold: Vec<Notification>,
    /// How many events the next run tells.
    pub waiting: usize,
    /// The planned nights since the last recorded run that passed without one, the earliest first.
    pub skipped: Vec<Timestamp>,
}

impl Report {
    /// Requests of which nothing is recorded, because their files do not validate.
    pub fn held(&self) -> Vec<&PlannedImport> {
        let imports = self.plan.imports.iter();
        let is_recorded = |id: &str| self.imports.iter().any(|import| import.request_id == id);
        imports
            .filter(|import| import.phase == Phase::NeedsAttention && !import.left_out)
            .filter(|import| !is_recorded(&import.request_id))
            .collect()
    }
}

/// Why a run could not be carried out.
#[derive(Debug, thiserror::Error)]
pub enum ReconcileError {
    /// The record.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The record could not be saved.
    #[error(transparent)]
    State(#[from] StateError),
    /// The requests are gone while work is left.
    #[error(
        "the requests folder holds no request, but not finished imports: {unfinished}; nothing was done, because this \
         looks like a wrong folder. Bring the request files back; an import that is to stop says `suspended: true`"
    )]
    NoRequests {
        /// Recorded imports that are not finished.
        unfinished: usize,
    },
    /// More would be cancelled than anybody may mean.
    #[error(
        "this run would cancel {cancels} of {unfinished} unfinished imports, because their files are gone; nothing was \
         done. If that is meant, run again with --allow-cancel {cancels}"
    )]
    TooManyCancels {
        /// Imports that would be cancelled.
        cancels: usize,
        /// Recorded imports that are not finished.
        unfinished: usize,
    },
}

/// One run, from reading the record to recording its end.
///
/// # Errors
/// [`ReconcileError`] when nothing was done, or when the record could not be written any more.
pub async fn run(
    settings: Settings<'_>,
    edges: Edges<'_>,
    observe: &mut dyn FnMut(Event<'_>),
) -> Result<Report, ReconcileError> {
    let Edges { store, clock, .. } = edges;
    let (started_at, media) = (clock.now(), edges.media.is_some());
    if let Some(home) = edges.home {
        state::take_credentials(home, edges.secrets, store).await?;
    }
    commands::carry_out(&settings, &edges, started_at).await?;
    let observed = store.observed(since(started_at)).await?;
    let plan = plan::plan(&inputs(&settings, &observed, started_at, media));
    refuse_accidents(&settings, &plan)?;
    observe(Event::Planned(&plan));
    let last_started_at = store
        .begin_run(settings.run_id, started_at, env!("CARGO_PKG_VERSION"))
        .await?;
    let skipped = plan::skipped_nights(&settings.matrix.nightly, last_started_at, started_at);
    if !skipped.is_empty() {
        tracing::warn!(
            nights = skipped.len(),
            "nights were skipped: no run is recorded for them"
        );
    }
    if !plan.changes.is_empty() {
        store
            .apply(plan.changes.clone(), notifications(&plan), started_at)
            .await?;
    }
    let outcome = drive(&settings, &edges, &plan, &observed, started_at, observe).await;
    let finished_at = clock.now();
    let outcome = match outcome {
        Ok(outcome) => outcome,
        Err(error) => {
            // The error is what counts; that its run is marked as failed is a courtesy.
            let _ = store
                .finish_run(settings.run_id, finished_at, RunOutcome::Failed)
                .await;
            return Err(error);
        }
    };
    reschedule(&settings, store, finished_at, media).await?;
    let run = store
        .finish_run(settings.run_id, finished_at, outcome)
        .await?;
    // Before anybody is told: what is told must not get lost, and a run that another one overtook tells
    // nothing.
    let saved = saving::save(&edges, settings.run_id).await?;
    let imports = store.imports().await?;
    let give_up = later(started_at, settings.deadline).max(later(finished_at, DELIVERY));
    let told = deliver::deliver(&settings, &edges, &imports, give_up, observe).await?;
    // The pull requests are known by now.
    let imports = store.imports().await?;
    saving::save_rest(&edges, settings.run_id, saved).await?;
    Ok(Report {
        run,
        imports,
        plan,
        untold: told.untold,
        waiting: told.waiting,
        skipped,
    })
}

fn later(moment: Timestamp, duration: SignedDuration) -> Timestamp {
    moment.saturating_add(duration).unwrap_or(Timestamp::MAX)
}

fn inputs<'a>(
    settings: &Settings<'a>,
    observed: &'a Observed,
    now: Timestamp,
    has_media_place: bool,
) -> Inputs<'a> {
    Inputs {
        declared: settings.declared,
        media: has_media_place,
        matrix: settings.matrix,
        observed,
        now,
        night: now,
        only: settings.only,
        skip: settings.skip,
    }
}

fn since(now: Timestamp) -> Timestamp {
    now.saturating_sub(USAGE).unwrap_or(Timestamp::MIN)
}

fn refuse_accidents(settings: &Settings<'_>, plan: &Plan) -> Result<(), ReconcileError> {
    match plan.accident() {
        Some(Accident::NoRequests { unfinished }) => Err(ReconcileError::NoRequests { unfinished }),
        Some(Accident::TooManyCancels {
            cancels,
            unfinished,
        }) if settings
            .allow_cancel
            .is_none_or(|allowed| cancels > allowed) =>
        {
            Err(ReconcileError::TooManyCancels {
                cancels,
                unfinished,
            })
        }
        Some(Accident::TooManyCancels { .. }) | None => Ok(()),
    }
}

/// The texts of what a plan wants people to be told.
fn notifications(plan: &Plan) -> Vec<Notification> {
    let rows: BTreeMap<&str, &ImportRecord> = plan
        .changes
        .iter()
        .map(|record| (record.request_id.as_str(), record))
        .collect();
    let told = plan.notices.iter().filter_map(|notice| {
        let record = rows.get(notice.request_id.as_str())?;
        Some(notification(
            notice.notification_id.clone(),
            record,
            notice.kind,
            Occasion {
                told: notice.told,
                ..Occasion::default()
            },
        ))
    });
    told.collect()
}

fn notification(
    notification_id: String,
    record: &ImportRecord,
    kind: NotificationKind,
    occasion: Occasion<'_>,
) -> Notification {
    let body = notice::body(record, kind, occasion);
    Notification {
        notification_id,
        request_id: record.request_id.clone(),
        kind,
        body,
    }
}

/// After the work, the dates of what is left are told anew, as the next night sees them.
async fn reschedule(
    settings: &Settings<'_>,
    store: &Store,
    now: Timestamp,
    has_media_place: bool,
) -> Result<(), StoreError> {
    let observed = store.observed(since(now)).await?;
    let night = plan::next_night(&settings.matrix.nightly, now);
    let plan = plan::plan(&Inputs {
        night,
        ..inputs(settings, &observed, now, has_media_place)
    });
    if plan.changes.is_empty() {
        return Ok(());
    }
    let notifications = notifications(&plan);
    store.apply(plan.changes, notifications, now).await
}

type Pending<'a> = FuturesUnordered<Pin<Box<dyn Future<Output = (usize, News)> + Send + 'a>>>;

/// Carries the lanes of a plan out until all are done, the night is over, or somebody stops it.
async fn drive(
    settings: &Settings<'_>,
    edges: &Edges<'_>,
    plan: &Plan,
    observed: &Observed,
    started_at: Timestamp,
    observe: &mut dyn FnMut(Event<'_>),
) -> Result<RunOutcome, ReconcileError> {
    let states = edges.store.credential_states().await?;
    let lanes = plan
        .lanes
        .iter()
        .map(|lane| Lane::new(lane, settings.matrix, &observed.usage, &states));
    let reader = Reader::new();
    let mut night = Night {
        drive: Drive {
            settings,
            edges,
            reader: &reader,
        },
        deadline: later(started_at, settings.deadline),
        lanes: lanes.collect(),
        pending: FuturesUnordered::new(),
        saving: Saving::new(edges, settings.run_id, started_at),
        stopped: None,
    };
    let mut interrupt = edges.interrupt.clone();
    let _copies = gathering::clean(settings.uploads.to_owned());
    loop {
        let now = edges.clock.now();
        night.stop_if_due(now);
        let wake = night.begin_operations(now);
        if night.is_over() {
            return Ok(night.outcome());
        }
        let (pending, stopped) = (night.pending.len(), night.stopped.is_some());
        let outstanding = pending + usize::from(night.saving.is_under_way());
        tokio::select! {
            biased;
            Some((lane, news)) = night.pending.next(), if pending > 0 => {
                night.lanes[lane].hear(news, edges.clock.now(), observe)?;
            }
            saved = night.saving.ended() => night.saving.hear(saved, edges.clock.now())?,
            _ = interrupt.changed(), if !stopped => {}
            () = edges.clock.wait(wake, outstanding) => {}
        }
    }
}

/// The lanes of one run, and the operations under way for them.
struct Night<'a> {
    drive: Drive<'a>,
    deadline: Timestamp,
    lanes: Vec<Lane>,
    pending: Pending<'a>,
    saving: Saving<'a>,
    /// Why it ends early, if it does.
    stopped: Option<End>,
}

impl Night<'_> {
    fn stop_if_due(&mut self, now: Timestamp) {
        if self.stopped.is_some() {
            return;
        }
        self.stopped = reason_to_stop(now, self.deadline, &self.drive.edges.interrupt);
        if let Some(end) = &self.stopped {
            self.lanes.iter_mut().for_each(|lane| lane.stop(end));
        }
    }

    /// Begins everything that the lanes want now. Tells when to ask them again if nothing happens.
    fn begin_operations(&mut self, now: Timestamp) -> Timestamp {
        let running = self.stopped.is_none();
        let mut wake = if running {
            self.deadline.min(self.saving.begin_if_due(now))
        } else {
            Timestamp::MAX
        };
        let active = self.lanes.iter().filter(|lane| lane.is_active()).count();
        let mut free = MAX_LANES.saturating_sub(active);
        for (index, lane) in self.lanes.iter_mut().enumerate() {
            if running && free > 0 && !lane.is_active() && lane.start(&self.drive, now) {
                free -= 1;
            }
            self.pending.extend(lane.gather(index, &self.drive));
            loop {
                match lane.poll(now) {
                    Some(Command::Wait(until)) => {
                        wake = wake.min(until);
                        break;
                    }
                    Some(Command::Idle) | None => break,
                    Some(command) => {
                        self.pending
                            .push(lane.obey(index, command, self.drive.clone(), now));
                    }
                }
            }
        }
        wake
    }

    fn is_over(&self) -> bool {
        let idle = self.pending.is_empty() && !self.saving.is_under_way();
        idle && self.lanes.iter().all(Lane::is_over)
    }

    fn outcome(&self) -> RunOutcome {
        match self.stopped {
            None => RunOutcome::Completed,
            Some(End::Interrupted) => RunOutcome::Interrupted,
            Some(_) => RunOutcome::Deadline,
        }
    }
}

fn reason_to_stop(
    now: Timestamp,
    deadline: Timestamp,
    interrupt: &watch::Receiver<bool>,
) -> Option<End> {
    if *interrupt.borrow() {
        Some(End::Interrupted)
    } else if now >= deadline {
        Some(End::Deadline)
    } else {
        None
    }
}
