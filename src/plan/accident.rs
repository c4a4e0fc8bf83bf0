//! Requests that vanish in numbers look like an accident: a wrong folder, a bad merge.

use super::Plan;

/// More cancelled imports than this, and than [`MAX_CANCEL_PERCENT`], look like an accident.
const MAX_CANCELS: usize = 3;

/// In per cent of the unfinished imports.
const MAX_CANCEL_PERCENT: usize = 20;

/// Why a run refuses a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accident {
    /// There is no request file at all, while work is left.
    NoRequests {
        /// Recorded imports that are not finished.
        unfinished: usize,
    },
    /// More would be cancelled than anybody may mean; a run does it only when allowed to.
    TooManyCancels {
        /// Imports that would be cancelled.
        cancels: usize,
        /// Recorded imports that are not finished.
        unfinished: usize,
    },
}

impl Plan {
    /// What looks like an accident in this plan. A run stops with exit code 3 then and does nothing.
    pub fn accident(&self) -> Option<Accident> {
        let Self {
            cancels,
            unfinished,
            ..
        } = *self;
        if unfinished > 0 && self.imports.iter().all(|import| import.path.is_none()) {
            return Some(Accident::NoRequests { unfinished });
        }
        let many = cancels > MAX_CANCELS && cancels * 100 > unfinished * MAX_CANCEL_PERCENT;
        many.then_some(Accident::TooManyCancels {
            cancels,
            unfinished,
        })
    }
}
