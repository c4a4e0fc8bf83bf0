//! How many requests an import needs, how many a night allows, and so when it will be done.

use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use super::words::{unsigned, utc_date};
use crate::{
    model::{ApiUsage, Checkpoint, ImportRecord, Method, Period, Window},
    platforms::{Traits, connector},
    spec::{
        AppliesTo, ImportRequest, Include, Nightly, Per, PlatformRow, RateLimit, SupportMatrix,
    },
};

/// Nights that are looked ahead: ten years. Beyond it a date is a joke.
const HORIZON: u64 = 3_650;

/// What one night allows for one account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capacity {
    /// API requests.
    pub requests_per_night: u64,
    /// Calls with transcripts that so many requests bring.
    pub calls_per_night: u64,
}

/// What one night allows for one account of a platform: each documented limit × `budget_share` over the
/// nightly deadline, a limit per day once a night; the smallest wins.
///
/// `None` where there is no connector or no documented limit.
pub fn capacity(matrix: &SupportMatrix, platform: &str) -> Option<Capacity> {
    let row = matrix.platforms.get(platform)?;
    let traits = api_traits(Method::Api, platform)?;
    let limits = row.rate_limits.iter();
    let requests_per_night = limits
        .map(|limit| allowed(limit, row, &matrix.nightly))
        .min()?;
    Some(Capacity {
        requests_per_night,
        calls_per_night: most_calls(&traits, requests_per_night),
    })
}

/// The start of the next nightly run after `now`.
pub fn next_night(nightly: &Nightly, now: Timestamp) -> Timestamp {
    let today = utc_date(now);
    let starts = [today, today.tomorrow().unwrap_or(today)];
    let starts = starts.map(|day| TimeZone::UTC.to_timestamp(day.to_datetime(nightly.at)));
    starts
        .into_iter()
        .flatten()
        .find(|start| *start > now)
        .unwrap_or(now)
}

/// The API requests that an import of `calls` calls with transcripts needs, by the connector's own request
/// plan: the proof of the credential, the pages of each window (an empty window costs one request too),
/// and the transcripts in full batches; less the listing that `checkpoints` say is done.
///
/// Gong, 5,000 calls over three years: 1 + 60 + 50 = 111.
pub fn estimate_requests(
    traits: &Traits,
    calls: u64,
    period: Period,
    checkpoints: &[Checkpoint],
) -> u64 {
    traits
        .verify_requests
        .saturating_add(unlisted_requests(traits, calls, period, checkpoints))
        .saturating_add(transcript_requests(traits, calls))
}

/// The API requests that a declared import still needs. 0 for files, and for a platform without a connector.
pub(super) fn import_requests(
    request: &ImportRequest,
    record: Option<&ImportRecord>,
    period: Period,
    checkpoints: &[Checkpoint],
) -> u64 {
    let Some(traits) = api_traits(request.method, &request.platform) else {
        return 0;
    };
    let count =
        |field: fn(&ImportRecord) -> i64| record.map_or(0, |record| unsigned(field(record)));
    let calls = request.estimated_calls.max(count(|row| row.calls_listed));
    let listing = unlisted_requests(&traits, calls, period, checkpoints);
    let wanted = if !request.include.contains(&Include::Transcript) {
        0
    } else if listing == 0 {
        count(|row| row.transcripts_pending)
    } else {
        calls.saturating_sub(count(|row| row.transcripts_imported))
    };
    traits
        .verify_requests
        .saturating_add(listing)
        .saturating_add(transcript_requests(&traits, wanted))
}

/// The API requests of one night of settling: the window as dense as the whole period was, and the pending
/// transcripts.
pub(super) fn settling_requests(
    record: &ImportRecord,
    window: Option<Window>,
    period: Period,
) -> u64 {
    let Some(traits) = api_traits(record.method, &record.platform) else {
        return 0;
    };
    let days = |days: i64| unsigned(days).max(1);
    let listing = window.map_or(0, |window| {
        let listed = unsigned(record.calls_listed);
        let share = listed.saturating_mul(days(window.days())) / days(period.days());
        listing_requests(&traits, share, window.days())
    });
    let pending = unsigned(record.transcripts_pending);
    // What listings came without is asked for by itself, one by one.
    let batch = traits.transcript_batch.unwrap_or(1).max(1);
    listing.saturating_add(pending.div_ceil(batch))
}

/// The nights of one account, shared by its imports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Nights {
    tonight: u64,
    later: u64,
    used: Vec<u64>,
}

impl Nights {
    /// The nights of an account. A platform without documented limits does everything in one.
    pub(super) fn new(
        matrix: &SupportMatrix,
        platform: &str,
        usage: &[&ApiUsage],
        night: Timestamp,
    ) -> Self {
        let limits = |left: &dyn Fn(&RateLimit, &PlatformRow) -> u64| {
            let row = matrix.platforms.get(platform)?;
            row.rate_limits.iter().map(|limit| left(limit, row)).min()
        };
        let nightly = &matrix.nightly;
        Self {
            tonight: limits(&|limit, row| {
                allowed(limit, row, nightly).saturating_sub(used(
                    limit,
                    usage,
                    night,
                    nightly.deadline,
                ))
            })
            .unwrap_or(u64::MAX),
            later: limits(&|limit, row| allowed(limit, row, nightly)).unwrap_or(u64::MAX),
            used: Vec::new(),
        }
    }

    /// Whether tonight allows less than other nights do.
    pub(super) const fn tonight_is_short(&self) -> bool {
        self.tonight < self.later
    }

    /// Nights that so many requests fill when nothing else is done.
    pub(super) const fn alone(&self, requests: u64) -> u64 {
        let nights = requests.div_ceil(if self.later == 0 { 1 } else { self.later });
        if nights == 0 { 1 } else { nights }
    }

    /// Takes what is free from night `first` on (0 is the next one) and says in which night the work begins
    /// and in which it ends. `None` when the end is beyond the horizon.
    pub(super) fn take(&mut self, first: u64, requests: u64) -> Option<(u64, u64)> {
        let mut left = requests;
        let mut begins = None;
        for night in first..HORIZON {
            let index = usize::try_from(night).ok()?;
            if self.used.len() <= index {
                self.used.resize(index + 1, 0);
            }
            let capacity = if night == 0 { self.tonight } else { self.later };
            let taken = left.min(capacity.saturating_sub(self.used[index]));
            self.used[index] += taken;
            left -= taken;
            if taken > 0 || left == 0 {
                begins = begins.or(Some(night));
            }
            if left == 0 {
                return begins.map(|begins| (begins, night));
            }
        }
        None
    }
}

/// What counts for the number of requests: transcripts that come with the listing cost none of their own.
fn api_traits(method: Method, platform: &str) -> Option<Traits> {
    let connector = match method {
        Method::File => None,
        Method::Api | Method::Oauth => connector(platform),
    }?;
    let traits = connector.traits();
    Some(if connector.lists_transcripts(method) {
        Traits {
            transcript_batch: None,
            ..traits
        }
    } else {
        traits
    })
}

/// Requests that a limit allows in one night: at least one, as the rate limiter does.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a float becomes the nearest integer from below; limits are far below 2^53"
)]
fn allowed(limit: &RateLimit, row: &PlatformRow, nightly: &Nightly) -> u64 {
    let turns = match limit.per {
        Per::Day => 1.0,
        Per::Second | Per::Minute | Per::Hour => {
            nightly.deadline.as_secs() as f64 / f64::from(limit.per.seconds())
        }
    };
    ((f64::from(limit.requests) * row.budget_share * turns).floor() as u64).max(1)
}

/// Requests of a daily limit that still count when the night ends.
///
/// A day is a rolling 24 hours: what the night before sent is freed while this one goes on, as in
/// [`crate::import::RateLimiter`].
fn used(limit: &RateLimit, usage: &[&ApiUsage], night: Timestamp, deadline: SignedDuration) -> u64 {
    if limit.per != Per::Day {
        return 0;
    }
    let class = match limit.applies_to {
        AppliesTo::All => None,
        AppliesTo::Light => Some("light"),
        AppliesTo::Heavy => Some("heavy"),
    };
    let still_counts = SignedDuration::from_hours(24) - deadline;
    usage
        .iter()
        .filter(|usage| night.duration_since(usage.bucket_start) < still_counts)
        .filter(|usage| class.is_none_or(|class| usage.class == class))
        .map(|usage| unsigned(usage.requests))
        .sum()
}

fn unlisted_requests(
    traits: &Traits,
    calls: u64,
    period: Period,
    checkpoints: &[Checkpoint],
) -> u64 {
    let whole = period.window();
    let done: i64 = checkpoints
        .iter()
        .filter(|checkpoint| checkpoint.done)
        .map(|checkpoint| Window {
            from: checkpoint.window.from.max(whole.from),
            to: checkpoint.window.to.min(whole.to),
        })
        .map(Window::days)
        .sum();
    let listed: i64 = checkpoints.iter().map(|checkpoint| checkpoint.listed).sum();
    let calls = calls.saturating_sub(unsigned(listed));
    listing_requests(traits, calls, whole.days() - done)
}

/// Requests that list `calls` calls spread evenly over `days` days.
fn listing_requests(traits: &Traits, calls: u64, days: i64) -> u64 {
    let days = unsigned(days);
    if days == 0 {
        return 0;
    }
    let longest = unsigned(traits.window_days).max(1);
    let fullest = unsigned(traits.window_calls).max(1);
    // A window is never shorter than a day, however many calls it holds.
    let windows = days
        .div_ceil(longest)
        .max(calls.div_ceil(fullest).min(days));
    let (each, more) = (calls / windows, calls % windows);
    let pages = |calls: u64| calls.div_ceil(traits.page_size.max(1)).max(1);
    more.saturating_mul(pages(each + u64::from(more > 0)))
        .saturating_add((windows - more).saturating_mul(pages(each)))
}

fn transcript_requests(traits: &Traits, calls: u64) -> u64 {
    let batch = traits.transcript_batch;
    batch.map_or(0, |batch| calls.div_ceil(batch.max(1)))
}

/// The most calls of one day's listing that so many requests bring.
fn most_calls(traits: &Traits, requests: u64) -> u64 {
    let needs = |calls: u64| {
        traits
            .verify_requests
            .saturating_add(listing_requests(traits, calls, 1))
            .saturating_add(transcript_requests(traits, calls))
    };
    let (mut fits, mut fails) = (
        0,
        requests.saturating_mul(traits.page_size).saturating_add(1),
    );
    while fails - fits > 1 {
        let middle = fits + (fails - fits) / 2;
        if needs(middle) <= requests {
            fits = middle;
        } else {
            fails = middle;
        }
    }
    fits
}
