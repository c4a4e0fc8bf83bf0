//! Which pages are committed together.

use std::{
    collections::{HashSet, VecDeque},
    mem,
};

use super::Commit;
use crate::model::TranscriptContent;

/// Segments that are enough: DuckDB's row group. A transaction that brings one is written to the file at once, packed,
/// and not into the log first. Measured with pages of 24,000 segments: a quarter less CPU for the same file.
const SEGMENTS: usize = 122_880;

/// Bytes of text that are enough.
const BYTES: usize = 16 << 20;

/// The page that has waited longest, with those behind it that may go along, up to a row group. Where the record keeps up
/// with the platform, each page is committed alone and at once.
pub(super) fn next(waiting: &mut VecDeque<Commit>) -> Option<Commit> {
    let mut commit = waiting.pop_front()?;
    let mut size = Size::of(&commit);
    let mut listed: HashSet<String> = ids(&commit).collect();
    while !size.is_enough()
        && waiting
            .front()
            .is_some_and(|page| may_follow(page, &commit, &listed))
        && let Some(mut page) = waiting.pop_front()
    {
        let missing = SEGMENTS.saturating_sub(size.segments);
        if let Some(rest) = split(&mut page, missing) {
            waiting.push_front(rest);
        }
        size.add(Size::of(&page));
        listed.extend(ids(&page));
        add(&mut commit, page);
    }
    Some(commit)
}

/// The same of the pages without transcripts; those with transcripts wait on.
pub(super) fn listing(waiting: &mut VecDeque<Commit>) -> Option<Commit> {
    let pages = mem::take(waiting).into_iter();
    let (spoken, mut listed): (VecDeque<_>, _) = pages.partition(is_spoken);
    let commit = next(&mut listed);
    waiting.extend(listed);
    waiting.extend(spoken);
    commit
}

/// Leaves as many transcripts in a page as bring the segments that are missing, and gives those behind them. What does not
/// fill a row group becomes a small one of its own, which costs time and space.
fn split(page: &mut Commit, missing: usize) -> Option<Commit> {
    let mut segments = 0;
    let rest = page.transcripts.iter().position(|(_, spoken)| {
        let fills = segments >= missing;
        segments += spoken.len();
        fills
    })?;
    Some(Commit {
        transcripts: page.transcripts.split_off(rest),
        ..Commit::default()
    })
}

/// Whether enough waits for a large group.
pub(super) fn is_enough(waiting: &VecDeque<Commit>) -> bool {
    total(waiting).is_enough()
}

/// Whether what waits may be committed together.
pub(super) fn are_plain(waiting: &VecDeque<Commit>) -> bool {
    waiting.iter().all(is_plain)
}

/// Whether what waits is worth to wait for more: transcripts, and nothing that is committed alone.
pub(super) fn may_grow(waiting: &VecDeque<Commit>) -> bool {
    are_plain(waiting) && total(waiting).segments > 0
}

/// How many of the pages bring transcripts, and how many bring none.
pub(super) fn kinds(waiting: &VecDeque<Commit>) -> (usize, usize) {
    let spoken = waiting.iter().filter(|page| is_spoken(page)).count();
    (spoken, waiting.len() - spoken)
}

fn is_spoken(page: &Commit) -> bool {
    Size::of(page).segments > 0
}

fn total(waiting: &VecDeque<Commit>) -> Size {
    let mut size = Size::default();
    waiting.iter().for_each(|page| size.add(Size::of(page)));
    size
}

fn ids(page: &Commit) -> impl Iterator<Item = String> {
    page.calls.iter().map(|call| call.external_id.clone())
}

/// Whether the record becomes the same whether a page comes with the ones before it or after them. A call that is listed
/// again counts once more.
fn may_follow(page: &Commit, before: &Commit, listed: &HashSet<String>) -> bool {
    let again = page.calls.iter().map(|call| &call.external_id);
    let again = again.chain(&page.without_transcript);
    is_plain(page) && is_plain(before) && !again.into_iter().any(|id| listed.contains(id))
}

/// What becomes of failures and of recordings depends on the order.
fn is_plain(page: &Commit) -> bool {
    page.failures.is_empty() && page.file_failures.is_empty() && page.media.is_empty()
}

fn add(commit: &mut Commit, page: Commit) {
    let Commit {
        calls,
        transcripts,
        without_transcript,
        media,
        failures,
        file_failures,
        skipped,
        tally,
        checkpoints,
    } = page;
    commit.calls.extend(calls);
    commit.transcripts.extend(transcripts);
    commit.without_transcript.extend(without_transcript);
    commit.media.extend(media);
    commit.failures.extend(failures);
    commit.file_failures.extend(file_failures);
    commit.skipped.extend(skipped);
    commit.tally += tally;
    for checkpoint in checkpoints {
        commit
            .checkpoints
            .retain(|older| older.window != checkpoint.window);
        commit.checkpoints.push(checkpoint);
    }
}

/// How much there is to write.
#[derive(Debug, Clone, Copy, Default)]
struct Size {
    segments: usize,
    bytes: usize,
}

impl Size {
    fn of(page: &Commit) -> Self {
        let mut size = Self::default();
        for (_, spoken) in &page.transcripts {
            size.segments += spoken.len();
            size.bytes += spoken.bytes();
        }
        for call in &page.calls {
            if let TranscriptContent::Here(transcript) = &call.transcript {
                size.segments += transcript.segments.len();
                size.bytes += transcript.bytes();
            }
        }
        size
    }

    fn add(&mut self, other: Self) {
        self.segments += other.segments;
        self.bytes += other.bytes;
    }

    const fn is_enough(self) -> bool {
        self.segments >= SEGMENTS || self.bytes >= BYTES
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::{
        model::{Call, Checkpoint, Tally, Window},
        platforms::RecordFailure,
    };

    fn listing(ids: &[&str], listed: i64) -> Commit {
        let window = Window {
            from: date(2026, 1, 1),
            to: date(2026, 2, 1),
        };
        Commit {
            calls: ids.iter().map(|id| Call::new(*id)).collect(),
            tally: Tally {
                found: 1,
                ..Tally::default()
            },
            checkpoints: vec![Checkpoint {
                window,
                cursor: Some(listed.to_string()),
                listed,
                done: false,
            }],
            ..Commit::default()
        }
    }

    fn spoken(id: &str, segments: usize) -> Commit {
        Commit {
            transcripts: vec![(id.into(), super::super::tests::spoken(segments))],
            ..Commit::default()
        }
    }

    /// How many calls and transcripts come with each commit.
    fn sizes(pages: Vec<Commit>) -> Vec<(usize, usize)> {
        let mut waiting = VecDeque::from(pages);
        std::iter::from_fn(|| next(&mut waiting))
            .map(|commit| (commit.calls.len(), commit.transcripts.len()))
            .collect()
    }

    #[test]
    fn what_waits_is_committed_together() {
        let pages = vec![listing(&["1"], 1), spoken("0", 2), listing(&["2"], 2)];
        let commit = next(&mut VecDeque::from(pages)).unwrap();
        let both = listing(&["1", "2"], 2);
        assert_eq!(commit.calls, both.calls);
        assert_eq!(commit.checkpoints, both.checkpoints, "the last of a window");
        assert_eq!(commit.transcripts, spoken("0", 2).transcripts);
        assert_eq!(commit.tally.found, 2);
    }

    #[test]
    fn a_group_ends_when_it_fills_a_row_group() {
        let pages = vec![spoken("1", SEGMENTS - 1), spoken("2", 1), spoken("3", 1)];
        assert!(is_enough(&pages.clone().into()));
        assert_eq!(sizes(pages), [(0, 2), (0, 1)]);
    }

    #[test]
    fn what_a_row_group_does_not_hold_waits_for_the_next_one() {
        let mut page = spoken("2", 1);
        page.transcripts.extend(spoken("3", 2).transcripts);
        page.tally.found = 2;
        let mut waiting = VecDeque::from(vec![spoken("1", SEGMENTS - 1), page]);
        let full = next(&mut waiting).unwrap();
        let ids: Vec<&str> = full.transcripts.iter().map(|(id, _)| &**id).collect();
        assert_eq!((ids, full.tally.found), (vec!["1", "2"], 2));
        let rest = next(&mut waiting).unwrap();
        assert_eq!(rest.transcripts, spoken("3", 2).transcripts);
        assert_eq!(rest.tally, Tally::default(), "a page counts once");
    }

    #[test]
    fn where_the_order_counts_pages_stay_apart() {
        let again = vec![listing(&["1"], 1), listing(&["1"], 1)];
        assert_eq!(sizes(again), [(1, 0), (1, 0)]);
        let without = Commit {
            without_transcript: vec!["1".into()],
            ..Commit::default()
        };
        assert_eq!(sizes(vec![listing(&["1"], 1), without]), [(1, 0), (0, 0)]);
        let failed = Commit {
            failures: vec![RecordFailure {
                external_id: "1".into(),
                stage: "list",
                detail: "no id".into(),
            }],
            ..Commit::default()
        };
        assert!(!may_grow(&vec![spoken("1", 1), failed.clone()].into()));
        let pages = vec![spoken("1", 1), failed, spoken("2", 1)];
        assert_eq!(sizes(pages), [(0, 1), (0, 0), (0, 1)]);
    }
}
