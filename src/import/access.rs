//! Whether requests of an account can be signed, where tokens sign that expire: when to renew them, and when a
//! refusal means that the customer must consent again. It sees no token.

use jiff::Timestamp;

/// The access to one account. All its imports share it, so that one renewal is enough for all.
#[derive(Debug, Clone)]
pub struct Access {
    state: State,
    /// Counts the renewals, so that a refusal of an older token is told from one of the present token.
    version: u64,
    trust: Trust,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// A key that does not change.
    Constant,
    /// There is no token, or it has expired or was refused.
    Missing,
    /// New tokens are asked for.
    Renewing,
    /// There is a token; when to renew it, if anybody said how long it lives.
    There(Option<Timestamp>),
}

/// What is known of the present token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trust {
    /// It was there at the beginning, and may be an old one.
    Found,
    /// It was given a moment ago, so that a refusal has another reason than its age.
    Fresh,
    /// The platform has accepted it.
    Proven,
}

/// Whether a request may be sent now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gate {
    /// It may.
    Open,
    /// It may if nothing else is under way: one request proves a fresh token as well as eight.
    OneAtATime,
    /// Not before new tokens are there, which must be asked for now.
    Renew,
    /// Not before new tokens are there, which are asked for already.
    Wait,
}

impl Access {
    /// With a key that does not change.
    pub const fn constant() -> Self {
        Self::of(State::Constant)
    }

    /// Without a token yet.
    pub const fn missing() -> Self {
        Self::of(State::Missing)
    }

    /// With a token that should be renewed at that time.
    pub const fn found(renew_at: Option<Timestamp>) -> Self {
        Self::of(State::There(renew_at))
    }

    const fn of(state: State) -> Self {
        Self {
            state,
            version: 0,
            trust: Trust::Found,
        }
    }

    /// New tokens are there.
    pub fn renewed(&mut self, renew_at: Option<Timestamp>) {
        self.state = State::There(renew_at);
        self.version += 1;
        self.trust = Trust::Fresh;
    }

    /// No new tokens came; the next request asks for them again.
    pub fn not_renewed(&mut self) {
        self.state = State::Missing;
    }

    /// Whether new tokens are asked for at this moment.
    pub(super) fn is_renewing(&self) -> bool {
        self.state == State::Renewing
    }

    pub(super) const fn version(&self) -> u64 {
        self.version
    }

    /// May a request be sent? With [`Gate::Renew`] the renewal counts as begun.
    pub(super) fn gate(&mut self, now: Timestamp) -> Gate {
        match self.state {
            State::Constant => Gate::Open,
            State::Renewing => Gate::Wait,
            State::There(renew_at) if renew_at.is_none_or(|at| now < at) => match self.trust {
                Trust::Fresh => Gate::OneAtATime,
                Trust::Found | Trust::Proven => Gate::Open,
            },
            State::There(_) | State::Missing => {
                self.state = State::Renewing;
                Gate::Renew
            }
        }
    }

    /// The platform accepts the token of that version.
    pub(super) fn accepted(&mut self, version: u64) {
        if version == self.version {
            self.trust = Trust::Proven;
        }
    }

    /// The platform refuses the token of that version. Tells whether the request may be sent once more.
    pub(super) fn refused(&mut self, version: u64) -> bool {
        match self.state {
            State::Constant => false,
            _ if version < self.version => true,
            State::Missing | State::Renewing => true,
            State::There(_) if self.trust == Trust::Fresh => false,
            State::There(_) => {
                self.state = State::Missing;
                true
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    #[test]
    fn a_key_that_does_not_change_is_never_renewed() {
        let mut access = Access::constant();
        assert_eq!(access.gate(NOW), Gate::Open);
        assert!(!access.refused(0));
    }

    #[test]
    fn refusals_of_one_token_make_one_renewal() {
        let mut access = Access::found(None);
        assert_eq!(access.gate(NOW), Gate::Open);
        assert!(access.refused(0));
        assert!(access.refused(0), "of a request that was under way too");
        assert_eq!(access.gate(NOW), Gate::Renew);
        assert_eq!(access.gate(NOW), Gate::Wait);
        access.renewed(None);
        assert!(access.refused(0), "an answer that comes late");
        assert_eq!(access.gate(NOW), Gate::OneAtATime);
        access.accepted(0);
        assert_eq!(access.gate(NOW), Gate::OneAtATime);
        access.accepted(1);
        assert_eq!(access.gate(NOW), Gate::Open);
    }

    #[test]
    fn a_fresh_token_that_is_refused_is_not_renewed() {
        let mut access = Access::missing();
        assert_eq!(access.gate(NOW), Gate::Renew);
        access.renewed(None);
        assert!(!access.refused(1));
    }

    #[test]
    fn an_old_token_is_renewed_before_it_is_refused() {
        let mut access = Access::found(Some(NOW));
        assert_eq!(access.gate(NOW), Gate::Renew);
        access.not_renewed();
        assert_eq!(access.gate(NOW), Gate::Renew);
    }
}
