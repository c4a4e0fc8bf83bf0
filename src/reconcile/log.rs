//! What happens to an import, in words for the log. Values as the code holds them are for `-v`.

use jiff::{SignedDuration, Timestamp};

use crate::{import::Fetched, plan::JobKind, platforms::Rejection};

/// How far two clocks may differ without a word.
const SAME_TIME: SignedDuration = SignedDuration::from_secs(60);

/// What begins.
pub(super) const fn begins(kind: &JobKind) -> &'static str {
    match kind {
        JobKind::Import => "import begins",
        JobKind::Settle { .. } => "a finished import is looked through for what came late",
        JobKind::Expire => "what never came to a finished import is given up",
    }
}

/// Warns of a clock that is wrong, ours or the platform's. The platform answered at `date` by its own; by ours it was
/// asked at `sent` and heard at `heard`.
pub(super) fn clocks(platform: &str, sent: Timestamp, date: Timestamp, heard: Timestamp) {
    let (late, early) = (date.duration_since(heard), sent.duration_since(date));
    let (apart, which) = if late > SAME_TIME {
        (late, "behind")
    } else if early > SAME_TIME {
        (early, "ahead of")
    } else {
        return;
    };
    let minutes = (apart + SAME_TIME / 2).as_mins();
    tracing::warn!(
        "the clock of this machine is {minutes} minutes {which} that of {platform}: dates and times in the record are \
         off by as much, unless it is set right"
    );
}

/// An answer of the platform that is no page.
pub(super) fn rejected(request: &str, rejection: &Rejection) {
    tracing::debug!(request, ?rejection, "the platform's answer is no page");
    let (what, detail) = in_words(rejection);
    tracing::info!(request, detail, "{what}");
}

fn in_words(rejection: &Rejection) -> (&'static str, Option<&str>) {
    match rejection {
        Rejection::Throttled { .. } => ("the platform asks us to wait", None),
        Rejection::Unavailable { detail, .. } => ("the platform fails", Some(detail)),
        Rejection::TooMuch { detail, .. } => ("less is asked for at once", Some(detail)),
        Rejection::RestartWindow => ("the days are listed again from the first page", None),
        Rejection::Credentials { advice } => ("the platform refuses the credential", Some(advice)),
        Rejection::Refused { detail } => ("the platform refuses what we ask", Some(detail)),
        Rejection::Broken { detail } => ("the platform's answer cannot be read", Some(detail)),
    }
}

/// What came of copying a recording. One that is here is not worth a line to those who did not ask for it.
pub(super) fn copied(request: &str, fetched: &Fetched) {
    tracing::debug!(request, ?fetched, "a recording");
    let (what, detail) = match fetched {
        Fetched::Stored(_) | Fetched::Halted => return,
        Fetched::Expired { detail } => ("the link of a recording does not work", detail),
        Fetched::Cut { detail, .. } => ("a recording did not come whole", detail),
        Fetched::Unavailable { detail, .. } => ("the host of a recording fails", detail),
        Fetched::Refused { detail } => ("a recording cannot be had", detail),
        Fetched::NoPlace { detail } => ("recordings cannot be put in place", detail),
    };
    tracing::info!(request, detail, "{what}");
}
