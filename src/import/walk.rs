//! One walk through the pages of a window, with the guards that keep it from walking in circles.

use std::{
    collections::{HashMap, HashSet},
    hash::{DefaultHasher, Hash, Hasher},
};

use crate::{
    model::{Call, Checkpoint, FileFailure, LeftOut, Tally, Window},
    platforms::{Cursor, Page, RecordFailure},
};

/// Times a window may be listed again because its cursor died.
const MAX_RESTARTS: u32 = 2;

/// Empty pages in a row that still name a next one.
const MAX_EMPTY: u32 = 20;

/// A page with more unreadable records than this share (in per cent), and than [`FEW_FAILURES`], is not believed.
const MAX_FAILED_PERCENT: usize = 20;

/// So few unreadable records never stop a page.
const FEW_FAILURES: usize = 5;

/// A window that is being listed.
#[derive(Debug, Clone)]
pub(super) struct Walk {
    pub(super) window: Window,
    pub(super) listed: i64,
    /// What the platform says the window holds, or what was listed when it ended.
    pub(super) total: Option<i64>,
    pub(super) done: bool,
    unique_ids: bool,
    restarts: u32,
    empty: u32,
    /// Hashes of the ids met, so that 100,000 calls cost 2 MB, each with the pass that met it last.
    ids: HashMap<u64, usize>,
    cursors: HashSet<u64>,
}

/// What is new on a page.
#[derive(Debug)]
pub(super) struct Fresh {
    pub(super) calls: Vec<Call>,
    pub(super) failures: Vec<RecordFailure>,
    pub(super) file_failures: Vec<FileFailure>,
    pub(super) skipped: Vec<LeftOut>,
    /// What the page counts for, but for what the record makes of its calls.
    pub(super) tally: Tally,
    pub(super) checkpoint: Checkpoint,
    pub(super) next: Option<Cursor>,
}

impl Walk {
    pub(super) fn begin(window: Window, unique_ids: bool) -> Self {
        Self {
            window,
            listed: 0,
            total: None,
            done: false,
            unique_ids,
            restarts: 0,
            empty: 0,
            ids: HashMap::new(),
            cursors: HashSet::new(),
        }
    }

    pub(super) fn resume(checkpoint: &Checkpoint, unique_ids: bool) -> Self {
        let total = checkpoint.done.then_some(checkpoint.listed);
        Self {
            listed: checkpoint.listed,
            total,
            done: checkpoint.done,
            ..Self::begin(checkpoint.window, unique_ids)
        }
    }

    /// Begins again without a cursor. False when that was done too often.
    pub(super) fn restart(&mut self) -> bool {
        *self = Self {
            restarts: self.restarts + 1,
            total: self.total,
            ..Self::begin(self.window, self.unique_ids)
        };
        self.restarts <= MAX_RESTARTS
    }

    /// Takes a page in: what was not met before in this walk.
    ///
    /// # Errors
    /// A sentence for engineers when the platform walks in circles or sends mostly rubbish.
    pub(super) fn take(&mut self, page: Page) -> Result<Fresh, String> {
        let Page {
            mut calls,
            transcripts: _,
            without_transcript: _,
            media: _,
            without_media: _,
            mut failures,
            mut file_failures,
            skipped,
            left_out,
            pass,
            next,
            total,
            sees: _,
        } = page;
        let records = calls.len() + failures.len() + file_failures.len();
        let offered = records + left_out.len() + skipped.len();
        self.refuse_rubbish(&failures, offered)?;
        let mut gets_on = false;
        let mut is_new = |id: &str| {
            let met = self.ids.insert(hash(id), pass);
            gets_on |= met != Some(pass);
            met.is_none()
        };
        calls.retain(|call| is_new(&call.external_id));
        failures.retain(|failure| is_new(&failure.external_id));
        file_failures.retain(|failure| is_new(&failure.id()));
        for id in &left_out {
            is_new(id);
        }
        for file in &skipped {
            is_new(&file.name);
        }
        let fresh = calls.len() + failures.len() + file_failures.len();
        self.refuse_circles(offered, gets_on, next.as_ref())?;
        let checkpoint = self.count(fresh, total, next.as_ref());
        if self.done {
            // Of many windows, those that are open need memory.
            (self.ids, self.cursors) = Default::default();
        }
        let doubles = skipped.iter().filter(|file| file.is_duplicate).count();
        let tally = Tally {
            found: counted(records + skipped.len()),
            duplicate: counted(records - fresh + doubles),
            skipped: counted(skipped.len() - doubles),
            failed: counted(failures.len() + file_failures.len()),
            ..Tally::default()
        };
        Ok(Fresh {
            calls,
            failures,
            file_failures,
            skipped,
            tally,
            checkpoint,
            next,
        })
    }

    /// Counts what a page brought anew.
    fn count(&mut self, fresh: usize, total: Option<u64>, next: Option<&Cursor>) -> Checkpoint {
        self.listed += counted(fresh);
        self.done = next.is_none();
        let told = total
            .and_then(|total| i64::try_from(total).ok())
            .or(self.total);
        self.total = if self.done {
            Some(self.listed)
        } else {
            told.or(Some(self.listed))
        };
        Checkpoint {
            window: self.window,
            cursor: next.cloned(),
            listed: self.listed,
            done: self.done,
        }
    }

    /// A few unreadable records are listed as failed; many mean that we misread the platform.
    fn refuse_rubbish(&self, failures: &[RecordFailure], offered: usize) -> Result<(), String> {
        let unread = failures.len();
        if unread > FEW_FAILURES && unread * 100 > offered * MAX_FAILED_PERCENT {
            let named = self.named();
            return Err(format!(
                "{unread} of {offered} records on a page of {named} cannot be read"
            ));
        }
        Ok(())
    }

    fn refuse_circles(
        &mut self,
        offered: usize,
        gets_on: bool,
        next: Option<&Cursor>,
    ) -> Result<(), String> {
        self.empty = if offered == 0 { self.empty + 1 } else { 0 };
        let what = if self.unique_ids && offered > 0 && !gets_on {
            "a page whose calls were all listed before"
        } else if next.is_some_and(|next| !self.cursors.insert(hash(next))) {
            "the same cursor twice"
        } else if self.empty > MAX_EMPTY {
            "one empty page after another"
        } else {
            return Ok(());
        };
        Err(format!("the platform sent {what} in {}", self.named()))
    }

    fn named(&self) -> String {
        format!("the window from {} to {}", self.window.from, self.window.to)
    }
}

fn counted(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Of fixed keys, so the same in every run.
pub(super) fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn walk() -> Walk {
        let window = Window {
            from: date(2026, 1, 1),
            to: date(2026, 2, 1),
        };
        Walk::begin(window, true)
    }

    fn page(pass: usize, calls: &[&str], left_out: &[String], next: usize) -> Page {
        Page {
            calls: calls.iter().copied().map(Call::new).collect(),
            left_out: left_out.to_vec(),
            pass,
            next: Some(format!("{pass}/{next}")),
            ..Page::default()
        }
    }

    #[test]
    fn pages_of_what_is_left_out_get_on_while_they_differ() {
        let mut walk = walk();
        for number in 0..3 * MAX_EMPTY as usize {
            let fresh = walk.take(page(0, &[], &[number.to_string()], number));
            assert_eq!(fresh.expect("it gets on").checkpoint.listed, 0);
        }
        let again = walk.take(page(0, &[], &["7".to_owned()], 1_000));
        assert!(again.is_err(), "the platform ignores the cursor");
    }

    #[test]
    fn what_two_keys_see_comes_once_in_each_pass_and_counts_once() {
        let mut walk = walk();
        walk.take(page(0, &["a", "b"], &[], 0)).expect("new");
        let second = walk.take(page(1, &["a", "b"], &[], 0));
        let second = second.expect("the second key has just begun");
        assert_eq!((second.calls.len(), second.checkpoint.listed), (0, 2));
        let again = walk.take(page(1, &["b", "a"], &[], 1));
        assert!(again.is_err(), "the platform ignores the cursor");
    }
}
