//! Rate limits as GitHub documents them, and who broke them:
//! <https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api>.

use std::{collections::VecDeque, time::Duration};

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

/// What a token may do. Requests are counted in windows of an hour that begin with a request, writes in any
/// stretch of a minute or an hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Requests in a window, the primary limit.
    pub requests_per_hour: u64,
    /// Requests in any minute that create or change content, a secondary limit.
    pub writes_per_minute: usize,
    /// The same in any hour.
    pub writes_per_hour: usize,
}

impl Limits {
    /// Those of the token of GitHub Actions.
    pub const ACTIONS: Self = Self {
        requests_per_hour: 1_000,
        writes_per_minute: 80,
        writes_per_hour: 500,
    };
}

/// A request that should not have been sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Its number in the log.
    pub request: usize,
    /// When it came.
    pub at: Timestamp,
    /// Why it should not.
    pub excess: Excess,
}

/// Why a request should not have been sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Excess {
    /// An earlier answer had said that nothing is left until the window ends.
    Requests,
    /// Too many writes in a minute.
    WritesPerMinute,
    /// Too many writes in an hour.
    WritesPerHour,
    /// A write less than a second after another, which GitHub asks not to do:
    /// <https://docs.github.com/rest/using-the-rest-api/best-practices-for-using-the-rest-api>. It is not refused.
    WithoutPause,
    /// A write before the time that a refusal had told, or within a minute of one that told none.
    TooEarly,
}

/// Which limit a request counts against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Resource {
    Core,
    GraphQl,
}

/// How a primary limit stands, in GitHub's words.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Standing {
    limit: u64,
    remaining: u64,
    /// End of the window, in seconds since 1970.
    reset: i64,
    used: u64,
}

/// Why a request is refused.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    Primary,
    Secondary { retry_after: Option<u64> },
}

const SECOND: SignedDuration = SignedDuration::from_secs(1);
const MINUTE: SignedDuration = SignedDuration::from_mins(1);
const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// Holds a token to its limits.
pub(super) struct Limiter {
    limits: Option<Limits>,
    core: Window,
    graphql: Window,
    /// When the writes of the last hour came, oldest first.
    writes: VecDeque<Timestamp>,
    block: Option<Block>,
    /// Whether refusals leave `Retry-After` out.
    silent: bool,
    violations: Vec<Violation>,
}

#[derive(Default)]
struct Window {
    began: Timestamp,
    used: u64,
    /// Whether the client has been told that nothing is left.
    told: bool,
}

/// A time without writes.
struct Block {
    until: Timestamp,
    /// Since when the client knows.
    told: Option<Timestamp>,
}

impl Limiter {
    pub(super) fn new(limits: Option<Limits>) -> Self {
        Self {
            limits,
            core: Window::default(),
            graphql: Window::default(),
            writes: VecDeque::new(),
            block: None,
            silent: false,
            violations: Vec::new(),
        }
    }

    pub(super) fn violations(&self) -> &[Violation] {
        &self.violations
    }

    /// Leaves `Retry-After` out of refusals.
    pub(super) fn be_silent(&mut self) {
        self.silent = true;
    }

    /// Counts requests of somebody else who has the same token.
    pub(super) fn spend(&mut self, requests: u64, now: Timestamp) {
        self.core.begin(now);
        self.core.used += requests;
    }

    /// Refuses writes for a while, as if others had written too much. The client does not know yet.
    pub(super) fn block(&mut self, now: Timestamp, length: Duration) {
        let length = SignedDuration::try_from(length).expect("blocks last minutes");
        self.block = Some(Block {
            until: now + length,
            told: None,
        });
    }

    /// Lets a request in, or refuses it. A write that is refused counts as a request, but not as a write.
    pub(super) fn admit(
        &mut self,
        resource: Resource,
        write: bool,
        request: usize,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let Some(limits) = self.limits else {
            return Ok(());
        };
        let window = self.window(resource);
        let knew = window.told;
        if !window.admit(limits.requests_per_hour, now) {
            if knew {
                self.violate(request, now, Excess::Requests);
            }
            return Err(Refusal::Primary);
        }
        if write {
            self.admit_write(limits, request, now)?;
        }
        Ok(())
    }

    fn admit_write(
        &mut self,
        limits: Limits,
        request: usize,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let mut block = match self.block.take().filter(|block| now < block.until) {
            Some(block) => block,
            None => match excess(&mut self.writes, limits, now) {
                None => {
                    let last = self.writes.back();
                    if last.is_some_and(|last| now.duration_since(*last) < SECOND) {
                        self.violate(request, now, Excess::WithoutPause);
                    }
                    self.writes.push_back(now);
                    return Ok(());
                }
                Some((excess, until)) => {
                    self.violate(request, now, excess);
                    let until = until.max(now + MINUTE);
                    Block { until, told: None }
                }
            },
        };
        if block.told.is_some_and(|told| now > told) {
            self.violate(request, now, Excess::TooEarly);
        }
        block.told.get_or_insert(now);
        if self.silent {
            // Who is told nothing must wait a minute, no longer.
            block.until = block.until.min(now + MINUTE);
        }
        let left = block.until.duration_since(now).as_millis().unsigned_abs();
        let seconds = u64::try_from(left.div_ceil(1000)).expect("blocks last an hour at most");
        self.block = Some(block);
        let retry_after = (!self.silent).then_some(seconds);
        Err(Refusal::Secondary { retry_after })
    }

    fn violate(&mut self, request: usize, at: Timestamp, excess: Excess) {
        self.violations.push(Violation {
            request,
            at,
            excess,
        });
    }

    fn window(&mut self, resource: Resource) -> &mut Window {
        match resource {
            Resource::Core => &mut self.core,
            Resource::GraphQl => &mut self.graphql,
        }
    }

    /// The headers about the primary limit; none where there is no limit.
    pub(super) fn headers(
        &mut self,
        resource: Resource,
        now: Timestamp,
    ) -> Vec<(&'static str, String)> {
        let Some(standing) = self.standing(resource, now) else {
            return Vec::new();
        };
        let name = match resource {
            Resource::Core => "core",
            Resource::GraphQl => "graphql",
        };
        vec![
            ("x-ratelimit-limit", standing.limit.to_string()),
            ("x-ratelimit-remaining", standing.remaining.to_string()),
            ("x-ratelimit-reset", standing.reset.to_string()),
            ("x-ratelimit-used", standing.used.to_string()),
            ("x-ratelimit-resource", name.into()),
        ]
    }

    /// How the primary limit stands; nothing where there is none.
    pub(super) fn standing(&mut self, resource: Resource, now: Timestamp) -> Option<Standing> {
        let limit = self.limits?.requests_per_hour;
        let window = self.window(resource);
        window.begin(now);
        let used = window.used.min(limit);
        Some(Standing {
            limit,
            remaining: limit - used,
            reset: (window.began + HOUR).as_second(),
            used,
        })
    }
}

impl Window {
    /// Begins a new window if the last one is over. Whole seconds, because its end is told in seconds.
    fn begin(&mut self, now: Timestamp) {
        if now.duration_since(self.began) >= HOUR {
            let began = Timestamp::from_second(now.as_second());
            *self = Self {
                began: began.expect("the second of a time is a time"),
                used: 0,
                told: false,
            };
        }
    }

    fn admit(&mut self, limit: u64, now: Timestamp) -> bool {
        self.begin(now);
        let admitted = self.used < limit;
        self.used += u64::from(admitted);
        self.told = self.used >= limit;
        admitted
    }
}

/// Which limit one more write would break, and when it would not.
fn excess(
    writes: &mut VecDeque<Timestamp>,
    limits: Limits,
    now: Timestamp,
) -> Option<(Excess, Timestamp)> {
    while writes
        .front()
        .is_some_and(|first| now.duration_since(*first) >= HOUR)
    {
        writes.pop_front();
    }
    let broken = |limit: usize, window: SignedDuration, excess| {
        // A limit of zero has no oldest write to wait for.
        let oldest = match writes.len().checked_sub(limit)? {
            position if position < writes.len() => writes[position],
            _ => now,
        };
        (now.duration_since(oldest) < window).then(|| (excess, oldest + window))
    };
    broken(limits.writes_per_hour, HOUR, Excess::WritesPerHour)
        .or_else(|| broken(limits.writes_per_minute, MINUTE, Excess::WritesPerMinute))
}
