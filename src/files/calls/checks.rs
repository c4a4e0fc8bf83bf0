//! What is worth a look once all calls of a list are read.

use std::collections::HashSet;

use crate::{
    files::{
        listed::ListedCall,
        notice::{Code, Notices, TableCode},
    },
    model::Precision,
};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

pub(super) fn check(calls: &[ListedCall], notices: &mut Notices) {
    let mut ids = HashSet::new();
    let mut seen = HashSet::new();
    for listed in calls {
        let call = &listed.call;
        let mut doubt = |code| notices.add(Code::Table(code), listed.line);
        if !call.external_id.is_empty() && !ids.insert(call.external_id.as_str()) {
            doubt(TableCode::SameId);
        }
        // Several calls of one day may have one title.
        if let (Some(start), Some(title)) = (call.started_at, call.title.as_deref())
            && call.started_at_precision != Precision::Day
            && !seen.insert((start, title))
        {
            doubt(TableCode::SameCall);
        }
        match call.duration_ms {
            Some(0) => doubt(TableCode::NoLength),
            Some(DAY_MS..) => doubt(TableCode::LongCall),
            Some(_) | None => {}
        }
        if call.participants.is_empty() && call.host.is_none() {
            doubt(TableCode::NobodyNamed);
        }
    }
}
