//! From single decisions to the plan: lanes, nights, and the rows that change.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp, civil::Date};

use super::{
    Inputs, Job, JobKind, Lane, Notice, Plan, PlannedImport,
    decide::{self, Next},
    draft::{Draft, Source},
    line::line,
    media,
    notice::notification_id,
    promise::with_dates,
    timeline::{Nights, import_requests, settling_requests},
    words::{self, unsigned},
};
use crate::{
    model::{ApiUsage, Checkpoint, ImportRecord, NotificationKind, Period},
    spec::ImportRequest,
};

/// Puts the drafts, given in order of work, into lanes and nights.
pub(super) fn schedule(drafts: Vec<Draft<'_>>, inputs: &Inputs<'_>) -> Plan {
    let recorded = inputs.observed.imports.values();
    let unfinished = recorded.filter(|record| record.phase.is_unfinished());
    let mut schedule = Schedule {
        inputs,
        accounts: BTreeMap::new(),
        plan: Plan {
            unfinished: unfinished.count(),
            ..Plan::default()
        },
    };
    for usage in &inputs.observed.usage {
        let account = schedule.account(&usage.platform, &usage.account);
        account.usage.push(usage);
    }
    for draft in drafts {
        schedule.place(&draft);
    }
    schedule.plan
}

struct Schedule<'a> {
    inputs: &'a Inputs<'a>,
    accounts: BTreeMap<(String, String), Account<'a>>,
    plan: Plan,
}

/// One account of a platform.
#[derive(Default)]
struct Account<'a> {
    usage: Vec<&'a ApiUsage>,
    /// Made when the first import asks for a night.
    nights: Option<Nights>,
    /// Imports that are worked on before the next one.
    ahead: u64,
    /// Index of the account's lane, once it has one.
    lane: Option<usize>,
}

/// What an import still takes.
#[derive(Debug, Default)]
pub(super) struct Effort {
    /// Calls still expected.
    pub(super) calls: u64,
    /// API requests.
    pub(super) requests: u64,
    /// Bytes of audio and video.
    pub(super) media_bytes: u64,
    /// Nights that these take to copy, whatever else is done.
    media_nights: u64,
    /// Nights, if nothing else were done.
    pub(super) nights_alone: u64,
}

/// When some work is done.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) kind: JobKind,
    /// The night in which it begins or goes on, 0 for the next one; `None` where the end is not known.
    pub(super) first_night: Option<u64>,
    /// The night in which it ends, 0 for the next one; `None` beyond every horizon.
    pub(super) last_night: Option<u64>,
    /// Imports of the same account that come first.
    pub(super) ahead: u64,
    /// Whether part of tonight's budget is used up already.
    pub(super) tonight_is_short: bool,
}

impl<'a> Schedule<'a> {
    fn place(&mut self, draft: &Draft<'_>) {
        let effort = self.effort(draft);
        let slot = self.book(draft, &effort);
        let line = line(draft, &effort, slot.as_ref(), self.inputs.night);
        if let Some(record) = &draft.decision.record {
            let mut record = record.clone();
            let told = with_dates(&mut record, draft, &line, slot.as_ref());
            self.note_changes(draft, &mut record, told);
            if let (Next::Work(kind, _), Source::Valid(request)) =
                (&draft.decision.next, draft.source)
            {
                self.enqueue(draft, request, record, *kind);
            }
        }
        let line = self.with_credential(draft, &line).unwrap_or(line);
        self.plan.imports.push(line);
    }

    /// The line of an import that lacks nothing but its credential, with the dates that it has once it comes. It
    /// is placed behind the valid ones, so that their dates do not depend on it.
    fn with_credential(
        &mut self,
        draft: &Draft<'_>,
        line: &PlannedImport,
    ) -> Option<PlannedImport> {
        let (Source::Invalid(invalid), None, Next::Hold(_)) =
            (draft.source, draft.recorded, &draft.decision.next)
        else {
            return None;
        };
        let request = invalid.lacks_credential.as_ref()?;
        let whole = Draft {
            id: draft.id,
            source: Source::Valid(request),
            recorded: None,
            decision: decide::declared(request, None, self.inputs),
        };
        let effort = self.effort(&whole);
        let slot = self.book(&whole, &effort)?;
        let whole = super::line::line(&whole, &effort, Some(&slot), self.inputs.night);
        Some(PlannedImport {
            needs_credential: true,
            calls: whole.calls,
            requests: whole.requests,
            media_bytes: whole.media_bytes,
            nights: whole.nights,
            expected_start: whole.expected_start,
            expected_completion: whole.expected_completion,
            requested_completion: whole.requested_completion,
            in_time: whole.in_time,
            ..line.clone()
        })
    }

    fn effort(&mut self, draft: &Draft<'_>) -> Effort {
        let Source::Valid(request) = draft.source else {
            return Effort::default();
        };
        let record = draft.decision.record.as_ref();
        let period = self.period(request, record);
        if let (Next::Work(JobKind::Settle { window }, _), Some(record)) =
            (&draft.decision.next, record)
        {
            let late = if self.inputs.media {
                unsigned(record.media.pending)
            } else {
                0
            };
            return Effort {
                requests: settling_requests(record, *window, period)
                    .saturating_add(media::requests(request, late)),
                ..Effort::default()
            };
        }
        if record.is_some_and(|record| !record.phase.is_unfinished()) {
            return Effort::default();
        }
        let recordings = media::calls(request, record, self.inputs);
        let media_bytes = recordings.saturating_mul(media::BYTES_OF_A_CALL);
        let media_nights = media::nights(media_bytes, &self.inputs.matrix.nightly);
        let requests = import_requests(request, record, period, self.checkpoints(draft))
            .saturating_add(media::requests(request, recordings));
        let (listed, imported) = record.map_or((0, 0), |record| {
            (
                unsigned(record.calls_listed),
                unsigned(record.calls_imported),
            )
        });
        let (_, nights) = self.nights(request);
        Effort {
            calls: request.estimated_calls.max(listed).saturating_sub(imported),
            requests,
            media_bytes,
            media_nights,
            nights_alone: nights.alone(requests).max(media_nights),
        }
    }

    /// Takes the nights that the work needs from its account.
    fn book(&mut self, draft: &Draft<'_>, effort: &Effort) -> Option<Slot> {
        let Source::Valid(request) = draft.source else {
            return None;
        };
        let (kind, first) = match draft.decision.next {
            Next::Work(kind, _) => (kind, 0),
            Next::Wait(until, _) => (JobKind::Import, nights_between(self.inputs.night, until)),
            Next::Hold(_) | Next::LeaveOut(_) | Next::Nothing(_) => return None,
        };
        let (ahead, nights) = self.nights(request);
        let copied = first.saturating_add(effort.media_nights.saturating_sub(1));
        let (begins, ends) = nights.take(first, effort.requests).unzip();
        let slot = Slot {
            kind,
            first_night: begins,
            last_night: ends.map(|night| night.max(copied)),
            ahead: *ahead,
            tonight_is_short: nights.tonight_is_short(),
        };
        if first == 0 && kind == JobKind::Import {
            *ahead += 1;
        }
        Some(slot)
    }

    /// `told` is the date told before, if it slips.
    fn note_changes(&mut self, draft: &Draft<'_>, record: &mut ImportRecord, told: Option<Date>) {
        if draft.recorded == Some(&*record) {
            return;
        }
        record.updated_at = self.inputs.now;
        if let Some(kind) = draft.decision.notice {
            let cause = record.reason.clone().unwrap_or_default();
            self.notify(record, kind, &cause, None);
        }
        if told.is_some() {
            let date = record.expected_completion;
            let date = date.map(|date| date.to_string()).unwrap_or_default();
            self.notify(record, NotificationKind::DateSlipped, &date, told);
        }
        if matches!(draft.source, Source::Gone) {
            self.plan.cancels += 1;
        }
        self.plan.changes.push(record.clone());
    }

    fn notify(
        &mut self,
        record: &ImportRecord,
        kind: NotificationKind,
        cause: &str,
        told: Option<Date>,
    ) {
        self.plan.notices.push(Notice {
            notification_id: notification_id(&record.request_id, &record.digest, kind, cause),
            request_id: record.request_id.clone(),
            kind,
            told,
        });
    }

    fn enqueue(
        &mut self,
        draft: &Draft<'_>,
        request: &ImportRequest,
        record: ImportRecord,
        kind: JobKind,
    ) {
        let job = Job {
            period: self.period(request, Some(&record)),
            checkpoints: self.checkpoints(draft).to_vec(),
            request: request.clone(),
            record,
            kind,
        };
        let next_lane = self.plan.lanes.len();
        let account = self.account(&request.platform, &request.account);
        let lane = *account.lane.get_or_insert(next_lane);
        if lane == next_lane {
            self.plan.lanes.push(Lane {
                platform: request.platform.clone(),
                account: request.account.clone(),
                jobs: Vec::new(),
            });
        }
        self.plan.lanes[lane].jobs.push(job);
    }

    fn period(&self, request: &ImportRequest, record: Option<&ImportRecord>) -> Period {
        let first_seen = record.map_or(self.inputs.now, |record| record.first_seen_at);
        request.period(words::utc_date(first_seen))
    }

    /// What is listed already. Another digest asks for other calls: its checkpoints say nothing.
    fn checkpoints(&self, draft: &Draft<'_>) -> &'a [Checkpoint] {
        let digest = |record: &ImportRecord| record.digest.clone();
        if draft.recorded.map(digest) != draft.decision.record.as_ref().map(digest) {
            return &[];
        }
        let checkpoints = self.inputs.observed.checkpoints.get(draft.id);
        checkpoints.map_or(&[], Vec::as_slice)
    }

    fn account(&mut self, platform: &str, account: &str) -> &mut Account<'a> {
        let key = (platform.to_owned(), account.to_owned());
        self.accounts.entry(key).or_default()
    }

    /// How many imports come first in the request's account, and its nights.
    fn nights(&mut self, request: &ImportRequest) -> (&mut u64, &mut Nights) {
        let Inputs { matrix, night, .. } = *self.inputs;
        let Account {
            usage,
            nights,
            ahead,
            lane: _,
        } = self.account(&request.platform, &request.account);
        let nights =
            nights.get_or_insert_with(|| Nights::new(matrix, &request.platform, usage, night));
        (ahead, nights)
    }
}

/// Number of the first night that begins at `until` or later, when one begins at `night` and then one
/// every 24 hours.
fn nights_between(night: Timestamp, until: Timestamp) -> u64 {
    let day = SignedDuration::from_hours(24).as_secs();
    let seconds = until.duration_since(night).as_secs().max(0);
    unsigned(seconds / day + i64::from(seconds % day > 0))
}
