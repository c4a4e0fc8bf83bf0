//! What people must be told because of a plan.

use jiff::civil::Date;
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::model::NotificationKind;

/// Something that somebody must be told about a row of `Plan::changes`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// See [`notification_id`].
    pub notification_id: String,
    /// Whose import it is about.
    pub request_id: String,
    /// What happened.
    pub kind: NotificationKind,
    /// The date told before, where a later one is told now.
    pub told: Option<Date>,
}

/// The id of a notification, from what caused it: the same event never makes a second row, however often
/// a run is repeated.
///
/// `cause` is what tells two events of one kind apart, for example the new date or the error's sentence.
/// 32 hexadecimal characters.
pub fn notification_id(
    request_id: &str,
    digest: &str,
    kind: NotificationKind,
    cause: &str,
) -> String {
    let event = json!([request_id, digest, kind, cause]).to_string();
    let mut id = hex::encode(Sha256::digest(event));
    id.truncate(32);
    id
}

#[cfg(test)]
mod tests {
    use super::notification_id;
    use crate::model::NotificationKind::{Delayed, NeedsAttention};

    #[test]
    fn every_part_counts_and_none_runs_into_the_next() {
        let ids = [
            notification_id("a", "b", Delayed, "c"),
            notification_id("ab", "", Delayed, "c"),
            notification_id("a", "b", NeedsAttention, "c"),
            notification_id("a", "b", Delayed, "d"),
            notification_id("a", "b\",\"c", Delayed, "c"),
        ];
        let distinct: std::collections::BTreeSet<_> = ids.iter().collect();
        assert_eq!(distinct.len(), ids.len());
        assert_eq!(ids[0], notification_id("a", "b", Delayed, "c"));
        assert_eq!(ids[0].len(), 32);
    }
}
