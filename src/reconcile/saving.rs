//! The record is saved now and then while the imports run, and before anybody is told of them.

use std::{
    future::{Future, pending},
    pin::Pin,
};

use jiff::{SignedDuration, Timestamp};

use super::{Edges, later};
use crate::state::{self, Saved, StateError};

/// What a machine that is lost in the night takes with it at most.
const EVERY: SignedDuration = SignedDuration::from_mins(30);

/// A save on its way.
type Save<'a> = Pin<Box<dyn Future<Output = Result<Saved, StateError>> + Send + 'a>>;

/// The saves of one run while its imports are under way: one at a time.
pub(super) struct Saving<'a> {
    edges: &'a Edges<'a>,
    run_id: &'a str,
    /// When the next one is due; `None` if the record has no home.
    due: Option<Timestamp>,
    under_way: Option<Save<'a>>,
}

impl<'a> Saving<'a> {
    /// None yet.
    pub(super) fn new(edges: &'a Edges<'a>, run_id: &'a str, now: Timestamp) -> Self {
        Self {
            edges,
            run_id,
            due: edges.home.and(Some(later(now, EVERY))),
            under_way: None,
        }
    }

    pub(super) const fn is_under_way(&self) -> bool {
        self.under_way.is_some()
    }

    /// Begins a save if it is time. Tells when it is time again.
    pub(super) fn begin_if_due(&mut self, now: Timestamp) -> Timestamp {
        let (Some(home), Some(due), None) = (self.edges.home, self.due, &self.under_way) else {
            return Timestamp::MAX;
        };
        if now < due {
            return due;
        }
        let save = state::save(home, self.edges.store, self.run_id, now);
        self.under_way = Some(Box::pin(save));
        Timestamp::MAX
    }

    /// The end of the save that is under way. Nothing is lost when this is dropped before.
    pub(super) async fn ended(&mut self) -> Result<Saved, StateError> {
        match &mut self.under_way {
            Some(save) => save.await,
            None => pending().await,
        }
    }

    /// Takes note of the end of a save. What may pass is tried again the next time.
    ///
    /// # Errors
    /// What ends the run: above all that another one was faster.
    pub(super) fn hear(
        &mut self,
        saved: Result<Saved, StateError>,
        now: Timestamp,
    ) -> Result<(), StateError> {
        self.under_way = None;
        self.due = Some(later(now, EVERY));
        match saved.inspect(log) {
            Err(error) if !error.may_pass() => Err(error),
            Err(error) => {
                tracing::warn!(%error, "the record is not saved this time");
                Ok(())
            }
            Ok(_) => Ok(()),
        }
    }
}

/// Saves the record, if it has a home.
pub(super) async fn save(edges: &Edges<'_>, run_id: &str) -> Result<Option<Saved>, StateError> {
    match edges.home {
        Some(home) => state::save(home, edges.store, run_id, edges.clock.now())
            .await
            .inspect(log)
            .map(Some),
        None => Ok(None),
    }
}

/// Saves it again if anything was committed since it was `saved`.
pub(super) async fn save_rest(
    edges: &Edges<'_>,
    run_id: &str,
    saved: Option<Saved>,
) -> Result<(), StateError> {
    if let Some(saved) = saved
        && edges.store.record().await?.sequence > saved.sequence
    {
        save(edges, run_id).await?;
    }
    Ok(())
}

fn log(saved: &Saved) {
    let Saved {
        generation, bytes, ..
    } = saved;
    tracing::info!(generation, bytes, "the record is saved");
}
