//! Rules between requests: names, accounts and periods that meet each other.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::{ImportRequest, codes, load::Draft};
use crate::model::slug;

/// Checks all requests against each other. Findings stand at every file concerned, because a pull
/// request shows only those of the files that it changes.
pub(super) fn check(drafts: &mut [Draft]) {
    duplicate_ids(drafts);
    account_collisions(drafts);
    period_overlaps(drafts);
}

fn duplicate_ids(drafts: &mut [Draft]) {
    let files = drafts
        .iter()
        .enumerate()
        .filter(|(_, draft)| !draft.is_upload);
    for group in groups(files.map(|(index, draft)| (draft.id.clone(), index))) {
        for (index, other) in pairs(&group) {
            let message = format!(
                "The file `{}` has the same name, and the name is the request's id.",
                drafts[other].report.path
            );
            let report = &mut drafts[index].report;
            report.whole(codes::DUPLICATE_ID, message, "Rename one of the two.");
        }
    }
}

/// Two customers with one account of one platform: their calls would be mixed up.
fn account_collisions(drafts: &mut [Draft]) {
    let accounts = drafts.iter().enumerate().filter_map(|(index, draft)| {
        let basics = draft.ruling.basics.as_ref()?;
        Some(((basics.platform.clone(), basics.account.clone()), index))
    });
    for group in groups(accounts) {
        let customer = |index: usize| {
            drafts[index]
                .ruling
                .basics
                .as_ref()
                .map(|b| slug(&b.customer))
        };
        let customers: Vec<_> = group.iter().map(|index| customer(*index)).collect();
        for (place, index) in group.iter().copied().enumerate() {
            // Whoever writes `account` says that the sharing is meant.
            let is_written = drafts[index].report.document.value.get("account").is_some();
            let other = (0..group.len()).find(|other| customers[*other] != customers[place]);
            let (false, Some(other)) = (is_written, other) else {
                continue;
            };
            let message = format!(
                "`{}` is for another customer and has the same account on this platform.",
                drafts[group[other]].report.path
            );
            drafts[index].report.value(
                codes::ACCOUNT_COLLISION,
                "/customer",
                message,
                "Write `account:` with a different label in one of the two files; if both customers really share one workspace, write the same `account:` in both.",
            );
        }
    }
}

/// Two requests for the same days of one account: the second brings nothing new.
fn period_overlaps(drafts: &mut [Draft]) {
    let accounts = drafts.iter().enumerate().filter_map(|(index, draft)| {
        let request = draft.ruling.request.as_ref()?;
        // What is wrong anyway will change before it matters.
        if draft.report.has_errors() {
            return None;
        }
        Some(((request.platform.clone(), request.account.clone()), index))
    });
    for group in groups(accounts) {
        let mut found = Vec::new();
        for index in group.iter().copied() {
            let request = drafts[index].ruling.request.as_ref();
            let other = group.iter().copied().find(|other| {
                let other_request = drafts[*other].ruling.request.as_ref();
                *other != index
                    && request
                        .zip(other_request)
                        .is_some_and(|(a, b)| overlap(a, b))
            });
            found.extend(other.map(|other| (index, other)));
        }
        for (index, other) in found {
            let message = format!(
                "`{}` asks for the same days of the same account.",
                drafts[other].report.path
            );
            drafts[index].report.key(
                codes::PERIOD_OVERLAP,
                "/period",
                message,
                "Nothing is imported twice, but one of the two requests may be needless: delete it, or change its `period`.",
            );
        }
    }
}

fn overlap(a: &ImportRequest, b: &ImportRequest) -> bool {
    let by_files = |request: &ImportRequest| request.credentials.is_none();
    if by_files(a) || by_files(b) {
        // Files bring what is in them, whatever the period says.
        return shares_file(a, b);
    }
    let start = |request: &ImportRequest| request.from.unwrap_or(Date::MIN);
    let end = |request: &ImportRequest| request.to.unwrap_or(Date::MAX);
    start(a) <= end(b) && start(b) <= end(a)
}

fn shares_file(a: &ImportRequest, b: &ImportRequest) -> bool {
    let names = |request: &ImportRequest| -> BTreeSet<String> {
        let local = request.files.iter().map(|file| file.file.name.clone());
        local.chain(request.remote_files.iter().cloned()).collect()
    };
    !names(a).is_disjoint(&names(b))
}

/// The groups of more than one that share a key.
fn groups<K: Ord>(keyed: impl Iterator<Item = (K, usize)>) -> Vec<Vec<usize>> {
    let mut groups: BTreeMap<K, Vec<usize>> = BTreeMap::new();
    for (key, index) in keyed {
        groups.entry(key).or_default().push(index);
    }
    groups
        .into_values()
        .filter(|group| group.len() > 1)
        .collect()
}

/// Each member with one other.
fn pairs(group: &[usize]) -> impl Iterator<Item = (usize, usize)> {
    let first_two = (group[0], group[1]);
    group.iter().copied().map(move |index| {
        let other = if index == first_two.0 {
            first_two.1
        } else {
            first_two.0
        };
        (index, other)
    })
}
