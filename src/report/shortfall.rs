//! Far fewer calls than expected. A key that sees its owner's calls alone, or the wrong workspace, looks just
//! like success.

use super::{
    phase,
    text::{count, prose},
};
use crate::{
    import::falls_short,
    model::words::{number, unsigned},
    model::{ImportRecord, Method, Phase},
};

/// What was found of what was expected.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shortfall {
    found: u64,
    expected: u64,
}

/// The shortfall of an import that is done, if there is one.
pub(super) fn shortfall(record: &ImportRecord, estimated_calls: Option<u64>) -> Option<Shortfall> {
    let is_done = matches!(
        record.phase,
        Phase::Completed | Phase::CompletedWithFailures
    );
    let (found, expected) = (unsigned(record.calls_listed), estimated_calls?);
    (is_done && falls_short(found, expected)).then_some(Shortfall { found, expected })
}

impl Shortfall {
    /// Goes on after `30 calls imported`.
    pub(super) fn beside(self) -> String {
        format!(
            ", far fewer than the about {} expected",
            number(self.expected)
        )
    }

    /// What to check before the customer is told of success.
    pub(super) fn next_step(self, record: &ImportRecord) -> String {
        let Self { found, expected } = self;
        let questions = match record.method {
            Method::File => {
                "Are these all the files? If not, add the others to the request and merge."
            }
            Method::Api | Method::Oauth => {
                "Does the owner of the key see the calls of everybody, is it the right workspace, and are the days right? If not, correct the request and merge; another key goes into a new request file."
            }
        };
        format!(
            "Check with the customer first: {} found, and about {} were expected. {questions} If these are all: {}",
            count(found, "call"),
            number(expected),
            phase::next_step(record)
        )
    }

    /// The same as a question to the customer.
    pub(super) fn to_the_customer(self, record: &ImportRecord) -> String {
        let Self { found, expected } = self;
        let questions = match record.method {
            Method::File => "Have you sent us all the files?".to_owned(),
            Method::Api | Method::Oauth => format!(
                "May the owner of the key see the calls of everybody in {}, is it the right workspace, and are the days right?",
                prose(&phase::platform(&record.platform))
            ),
        };
        format!(
            "We found {}, where about {} were expected. {questions}",
            count(found, "call"),
            number(expected)
        )
    }
}
