//! What was erased stays away, whatever a request file says.

use super::{Observed, words};
use crate::model::Erasure;

/// What CS reads about an import of an erased account.
pub fn erased(erasure: &Erasure) -> String {
    format!(
        "Everything of the account `{}` was erased on {}.",
        erasure.account,
        words::day(words::utc_date(erasure.erased_at))
    )
}

/// The same for one whose request is still there, with what to do.
pub(super) fn still_wanted(erasure: &Erasure) -> String {
    format!(
        "{} Nothing of it is imported again: delete this request file. If the customer came back, make a new request file with another `account:`.",
        erased(erasure)
    )
}

impl Observed {
    /// The erasure of an account, if it was erased.
    pub(super) fn erasure(&self, platform: &str, account: &str) -> Option<&Erasure> {
        let mut erasures = self.erasures.iter();
        erasures.find(|erasure| erasure.platform == platform && erasure.account == account)
    }
}
