//! What the end of an attempt means for its import: the phase, whose turn it is, and what CS is told.

use jiff::{SignedDuration, Timestamp, ToSpan, civil::Date};

use crate::model::{
    FailureClass, ImportRecord, MediaCounts, Method, NotificationKind, Period, Phase, WhoseTurn,
    words,
};

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// Everything is listed and every transcript was asked for once.
    Complete,
    /// The night is over.
    Deadline,
    /// Somebody stopped the run.
    Interrupted,
    /// The platform's limit is used up until then.
    Waiting {
        /// When it goes on.
        until: Timestamp,
    },
    /// It cannot go on tonight.
    Failed(Failure),
    /// The calls and transcripts are here, but the host of the recordings fails.
    HostFailed {
        /// Its name, where it is known.
        host: Option<String>,
        /// The class it is recorded under.
        class: FailureClass,
        /// For engineers.
        detail: String,
    },
    /// Copies of recordings cannot be put in place.
    NoPlace {
        /// Why, and what to do about it.
        detail: String,
    },
}

/// Why an attempt cannot go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The class it is recorded under.
    pub class: FailureClass,
    /// For engineers.
    pub detail: String,
    /// What to do about it, where only a person can: trying again would not help.
    pub advice: Option<(WhoseTurn, String)>,
}

/// Exact counts of one import, read from the tables.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Sum of the checkpoints' `listed` for the digest.
    pub calls_listed: i64,
    /// Listed calls less those that failed.
    pub calls_imported: i64,
    /// Unresolved rows of `call_failures`, but for those of recordings.
    pub calls_failed: i64,
    /// Calls of the request with state `imported`.
    pub transcripts_imported: i64,
    /// Calls of the request with state `pending`.
    pub transcripts_pending: i64,
    /// Recordings that are here, that were asked for and are not ready, and that could not be copied.
    pub media: MediaCounts,
    /// Recordings that were not asked for.
    pub media_listed: i64,
}

/// What else the end depends on.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The platform's name as people write it.
    pub platform: &'a str,
    /// Time of the beginning.
    pub began: Timestamp,
    /// Time of the end.
    pub now: Timestamp,
    /// The days wanted.
    pub period: Period,
    /// Days after the end in which late calls and transcripts are looked for.
    pub settle_days: u16,
    /// Whether the platform answered anything useful in this attempt.
    pub progressed: bool,
    /// Whether the import was finished before and only late calls were looked for.
    pub settling: bool,
    /// Whether recordings are wanted.
    pub media: bool,
    /// Calls that the request expects.
    pub estimated_calls: u64,
}

/// What to record.
#[derive(Debug, Clone, PartialEq)]
pub struct Conclusion {
    /// The new row.
    pub record: ImportRecord,
    /// What CS must be told.
    pub notices: Vec<NotificationKind>,
    /// Why it failed, if it did.
    pub failure_class: Option<FailureClass>,
    /// For engineers.
    pub detail: Option<String>,
}

/// A platform that fails this long is called delayed: 24 h, less what one night may start earlier than the one before.
const DELAYED_AFTER: SignedDuration = SignedDuration::from_hours(23);

/// From the end of an attempt to the new row of `imports`.
pub fn conclude(
    before: &ImportRecord,
    end: &End,
    totals: &Totals,
    context: &Context<'_>,
) -> Conclusion {
    let mut record = before.clone();
    let Totals {
        calls_listed,
        calls_imported,
        calls_failed,
        transcripts_imported,
        transcripts_pending,
        media,
        media_listed,
    } = *totals;
    record.calls_listed = calls_listed;
    record.calls_imported = calls_imported;
    record.calls_failed = calls_failed;
    record.transcripts_imported = transcripts_imported;
    record.transcripts_pending = transcripts_pending;
    record.media = media;
    if context.media {
        record.media.pending += media_listed;
        let known = record.media.stored + record.media.pending + record.media.failed;
        record.media.unavailable = calls_imported.saturating_sub(known).max(0);
    }
    record.updated_at = context.now;
    let (failure_class, detail) = match end {
        End::Failed(Failure { class, detail, .. }) | End::HostFailed { class, detail, .. } => {
            (Some(*class), Some(detail.clone()))
        }
        End::NoPlace { detail } => (Some(FailureClass::Internal), Some(detail.clone())),
        End::Complete | End::Deadline | End::Interrupted | End::Waiting { .. } => (None, None),
    };
    if context.settling {
        settled(&mut record, context);
    } else {
        record.started_at = record.started_at.or(Some(context.began));
        moved_on(&mut record, before, end, context);
    }
    let notices = notices(before, &record);
    Conclusion {
        record,
        notices,
        failure_class,
        detail,
    }
}

/// An import that was finished stays so, whatever happens while late calls are looked for.
fn settled(record: &mut ImportRecord, context: &Context<'_>) {
    if matches!(
        record.phase,
        Phase::Completed | Phase::CompletedWithFailures
    ) {
        record.phase = finished_phase(record);
        record.reason = Some(finished_reason(record, context));
    }
}

fn moved_on(record: &mut ImportRecord, before: &ImportRecord, end: &End, context: &Context<'_>) {
    record.next_attempt_at = None;
    if context.progressed {
        record.failing_since = None;
    }
    match end {
        End::Complete => finish(record, context),
        End::Deadline => go_on(
            record,
            "The night ended before the import did. It goes on next night.",
        ),
        End::Interrupted => go_on(
            record,
            "The run was stopped. The import goes on in the next run.",
        ),
        End::Waiting { until } => {
            go_on(
                record,
                &format!(
                    "{} lets us send no more requests for now. The import goes on after {}.",
                    context.platform,
                    words::moment(*until),
                ),
            );
            record.next_attempt_at = Some(*until);
        }
        End::Failed(Failure {
            class,
            advice: Some((turn, advice)),
            ..
        }) => {
            record.phase = if *class == FailureClass::Credentials {
                Phase::NeedsCredentials
            } else {
                Phase::NeedsAttention
            };
            record.whose_turn = *turn;
            record.reason = Some(advice.clone());
            record.failing_since = None;
        }
        End::Failed(Failure {
            class,
            advice: None,
            ..
        }) => {
            let who = match record.method {
                Method::File => "The place with the files",
                Method::Api | Method::Oauth => context.platform,
            };
            fail(record, before, *class, who, context);
        }
        End::HostFailed { host, class, .. } => {
            let host = host.as_deref().map(|host| format!(" (`{host}`)"));
            let host = format!("The host of the recordings{}", host.unwrap_or_default());
            fail(record, before, *class, &host, context);
            let reason = record.reason.take().unwrap_or_default();
            record.reason = Some(reason + " The calls and transcripts are here.");
        }
        End::NoPlace { detail } => wait_for_a_place(record, detail, context),
    }
}

/// Nothing else stands in the way, so the next night tries again by itself.
fn wait_for_a_place(record: &mut ImportRecord, detail: &str, context: &Context<'_>) {
    record.phase = Phase::NeedsAttention;
    record.whose_turn = WhoseTurn::Engineering;
    record.reason = Some(format!(
        "The place for audio and video cannot be used: {detail}."
    ));
    record.failing_since = None;
    record.next_attempt_at = Some(context.now);
}

fn finish(record: &mut ImportRecord, context: &Context<'_>) {
    record.phase = finished_phase(record);
    record.whose_turn = WhoseTurn::Cs;
    record.reason = Some(finished_reason(record, context));
    record.failing_since = None;
    if record.phase != Phase::NeedsAttention {
        record.finished_at = Some(context.now);
        record.expected_completion = Some(words::utc_date(context.now));
    }
}

fn finished_phase(record: &ImportRecord) -> Phase {
    match (record.calls_listed, record.calls_imported, record.failed()) {
        (0, ..) => Phase::NoCallsFound,
        (_, 0, 1..) if record.method == Method::File => Phase::NeedsAttention,
        (.., 0) => Phase::Completed,
        _ => Phase::CompletedWithFailures,
    }
}

fn finished_reason(record: &ImportRecord, context: &Context<'_>) -> String {
    let Context {
        platform, period, ..
    } = context;
    match record.phase {
        Phase::NoCallsFound if record.method == Method::File => "The files hold no calls.".into(),
        Phase::NoCallsFound => format!(
            "The credential works, but {platform} shows it no calls from {} to {}.",
            words::day(period.from),
            words::day(period.to),
        ),
        Phase::NeedsAttention => "None of the files could be read.".into(),
        _ => format!(
            "{}{}{}{}{}",
            calls_imported(record),
            what_was_expected(record, context),
            what_is_late(record, context),
            what_is_not_copied(record),
            what_has_no_recording(record)
        ),
    }
}

/// Calls that must be missing at least: estimates of small imports are off by more than half.
const MIN_MISSING: u64 = 50;

/// Whether so few of the expected calls were found that the wrong ones may have been looked for.
pub(crate) const fn falls_short(found: u64, expected: u64) -> bool {
    found < expected.div_ceil(2) && expected - found >= MIN_MISSING
}

/// How many calls of a finished import are here, and how many recordings are not.
pub(crate) fn what_is_imported(record: &ImportRecord) -> String {
    calls_imported(record) + &what_is_not_copied(record) + &what_has_no_recording(record)
}

fn calls_imported(record: &ImportRecord) -> String {
    match record.calls_failed {
        ..=0 => "All calls are imported.".to_owned(),
        1 => "All calls but one are imported.".to_owned(),
        failed => {
            let failed = words::number(words::unsigned(failed));
            format!("All calls but {failed} are imported.")
        }
    }
}

fn what_was_expected(record: &ImportRecord, context: &Context<'_>) -> String {
    let (found, expected) = (
        words::unsigned(record.calls_listed),
        context.estimated_calls,
    );
    if !falls_short(found, expected) {
        return String::new();
    }
    let [found, expected] = [found, expected].map(words::number);
    format!(" Only {found} of about {expected} expected calls were found.")
}

fn what_is_not_copied(record: &ImportRecord) -> String {
    match record.media.failed {
        ..=0 => String::new(),
        1 => " One recording could not be copied.".to_owned(),
        failed => {
            let failed = words::number(words::unsigned(failed));
            format!(" {failed} recordings could not be copied.")
        }
    }
}

/// How many calls have none, beside those whose recording is here.
fn what_has_no_recording(record: &ImportRecord) -> String {
    let [here, without] = [record.media.stored, record.media.unavailable].map(words::unsigned);
    let none = match without {
        0 => return String::new(),
        1 => "1 call has none".to_owned(),
        without => format!("{} calls have none", words::number(without)),
    };
    match here {
        0 => format!(" No recordings are here; {none}."),
        1 => format!(" 1 recording is here; {none}."),
        here => format!(" {} recordings are here; {none}.", words::number(here)),
    }
}

/// How many transcripts and recordings are still to come, and until when we look for them.
fn what_is_late(record: &ImportRecord, context: &Context<'_>) -> String {
    let (transcripts, recordings) = (record.transcripts_pending, record.media.pending);
    let lack = |count: i64| match count {
        1 => "1 of them has".to_owned(),
        count => format!("{} of them have", words::number(words::unsigned(count))),
    };
    let it = |count: i64| if count == 1 { "it" } else { "them" };
    let late = match (transcripts, recordings) {
        _ if record.calls_failed > 0 => return String::new(),
        (..=0, ..=0) => return String::new(),
        (_, ..=0) => format!(
            "{} no transcript yet; we look for {}",
            lack(transcripts),
            it(transcripts)
        ),
        (..=0, _) => format!(
            "{} no recording yet; we look for {}",
            lack(recordings),
            it(recordings)
        ),
        _ => format!(
            "{} no transcript yet, and {} no recording; we look for them",
            lack(transcripts),
            words::number(words::unsigned(recordings))
        ),
    };
    let until = words::day(settle_end(record, context));
    format!(" {late} until {until}.")
}

fn settle_end(record: &ImportRecord, context: &Context<'_>) -> Date {
    words::utc_date(record.finished_at.unwrap_or(context.now))
        .saturating_add(i64::from(context.settle_days).days())
}

fn go_on(record: &mut ImportRecord, reason: &str) {
    record.phase = Phase::Importing;
    record.whose_turn = WhoseTurn::Nobody;
    record.reason = Some(reason.to_owned());
}

fn fail(
    record: &mut ImportRecord,
    before: &ImportRecord,
    class: FailureClass,
    who: &str,
    context: &Context<'_>,
) {
    let since = record.failing_since.unwrap_or(context.now);
    let age = context.now.duration_since(since);
    record.failing_since = Some(since);
    // Whoever was told of a delay is told of its end, so it stays one until then.
    let delayed = age >= DELAYED_AFTER || (before.phase == Phase::Delayed && !context.progressed);
    record.phase = if delayed {
        Phase::Delayed
    } else {
        Phase::Retrying
    };
    record.whose_turn = WhoseTurn::Platform;
    let trouble = match class {
        FailureClass::Throttled => "allows us too few requests",
        FailureClass::Network => "cannot be reached",
        FailureClass::BrokenReply => "sends answers that cannot be read",
        FailureClass::Unavailable
        | FailureClass::Credentials
        | FailureClass::File
        | FailureClass::Internal => "is down",
    };
    record.next_attempt_at =
        pause_after(age).and_then(|pause| context.now.saturating_add(pause).ok());
    let again = match record.next_attempt_at {
        Some(moment) => format!("in the first run after {}", words::moment(moment)),
        None => "next night".into(),
    };
    record.reason = Some(format!("{who} {trouble}. We try again {again}."));
}

/// For two days every run tries again; then every second night, and after a week every fourth. Each
/// pause ends an hour early, because nights do not start to the minute.
fn pause_after(age: SignedDuration) -> Option<SignedDuration> {
    match age.as_hours() {
        ..47 => None,
        47..167 => Some(SignedDuration::from_hours(47)),
        _ => Some(SignedDuration::from_hours(95)),
    }
}

fn notices(before: &ImportRecord, after: &ImportRecord) -> Vec<NotificationKind> {
    if before.phase == after.phase {
        return Vec::new();
    }
    let recovered = before.phase == Phase::Delayed;
    match after.phase {
        Phase::NeedsCredentials => vec![NotificationKind::NeedsCredentials],
        Phase::NeedsAttention => vec![NotificationKind::NeedsAttention],
        Phase::Delayed => vec![NotificationKind::Delayed],
        Phase::Completed => vec![NotificationKind::Completed],
        Phase::CompletedWithFailures => vec![NotificationKind::CompletedWithFailures],
        Phase::NoCallsFound => vec![NotificationKind::NoCallsFound],
        Phase::Unsupported => vec![NotificationKind::Unsupported],
        Phase::Importing | Phase::Retrying if recovered => vec![NotificationKind::Recovered],
        Phase::Queued
        | Phase::Importing
        | Phase::Retrying
        | Phase::Suspended
        | Phase::Cancelled => Vec::new(),
    }
}
