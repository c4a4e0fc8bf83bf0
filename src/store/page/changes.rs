//! Decides what a page changes, from what is recorded of its calls. Pure.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap, HashSet},
};

use super::{Listed, Prepared};
use crate::{
    import::{
        content::call_hash,
        merge::{self, RecordedTranscript, Says},
    },
    model::{MediaState, Spoken, TranscriptState},
    store::{
        PageCommit, PageReceipt,
        ledger::Added,
        recorded::{Mark, MediaCopy, RecordedCall},
        rows::{CallRow, TranscriptRow, count, media_state},
    },
};

/// What a page changes in `calls`, `media`, `transcripts` and `transcript_segments`.
#[derive(Debug, Default)]
pub(super) struct Changes<'a> {
    /// Rows to write.
    pub(super) rows: Vec<CallRow<'a>>,
    /// Ids whose old rows go first.
    pub(super) replaced: Vec<&'a str>,
    /// Rows that stay but for the state of their transcript.
    pub(super) states: BTreeMap<TranscriptState, Vec<&'a str>>,
    /// Rows that stay but for the request they belong to.
    pub(super) adopted: Vec<&'a str>,
    /// Transcripts to write.
    pub(super) transcripts: Vec<TranscriptRow<'a>>,
    /// Ids whose old transcripts go first.
    pub(super) outdated: Vec<&'a str>,
    /// What the caller is told.
    pub(super) receipt: PageReceipt,
}

impl<'a> Changes<'a> {
    /// What `page` changes. `marks` tell of each of its calls that is recorded, `differing` of those whose
    /// content is another; `orphans` are requests whose calls the page takes over.
    pub(super) fn of(
        page: &'a Prepared,
        marks: &'a HashMap<String, Mark>,
        differing: &'a HashMap<String, RecordedCall>,
        orphans: &HashSet<&str>,
    ) -> Self {
        let mut changes = Self::default();
        for listed in &page.calls {
            let id = &listed.call.external_id;
            let says = if page.transcripts.contains_key(id) {
                Says::Here
            } else {
                listed.says
            };
            match marks.get(id) {
                Some(mark) => {
                    let adopted = orphans.contains(&*mark.request_id);
                    let owner = if adopted {
                        &page.page.request_id
                    } else {
                        &mark.request_id
                    };
                    let row = differing.get(id).and_then(|recorded| {
                        let state = merge::transcript_state(Some(mark.transcript_state), says);
                        replacement(listed, recorded, owner, state)
                    });
                    changes.add_known(id, mark, says, adopted, row);
                }
                None => changes.add_new(page, listed, says),
            }
        }
        let listed: HashSet<&str> = page
            .calls
            .iter()
            .map(|listed| &*listed.call.external_id)
            .collect();
        for (id, spoken) in &page.transcripts {
            changes.add_transcript(page, id, spoken, marks.get(id), listed.contains(&**id));
        }
        let pending = |id: &&String| {
            let mark = marks.get(*id);
            mark.is_some_and(|mark| mark.transcript_state == TranscriptState::Pending)
        };
        for id in page.page.without_transcript.iter().filter(pending) {
            let unavailable = changes.states.entry(TranscriptState::Unavailable);
            unavailable.or_default().push(id);
        }
        changes.receipt.transcripts = changes.transcripts.len();
        changes
    }

    /// What the page adds to the counters of its import, where that follows from the page alone: it brings nothing but
    /// calls that are new, and transcripts of calls that waited for them. `None` for any other page.
    pub(super) fn added(&self, page: &PageCommit, marks: &HashMap<String, Mark>) -> Option<Added> {
        let receipt = &self.receipt;
        let mut awaited = self
            .states
            .iter()
            .flat_map(|(state, ids)| ids.iter().map(|id| (*state, marks.get(*id))));
        let adds_only = receipt.updated == 0
            && receipt.unchanged == 0
            && self.outdated.is_empty()
            && page.media.is_empty()
            && awaited.all(|(state, mark)| {
                state == TranscriptState::Imported
                    && mark.is_some_and(|mark| mark.transcript_state == TranscriptState::Pending)
            });
        if !adds_only {
            return None;
        }
        let awaited = self.states.values().map(Vec::len).sum();
        let rows = |is: &dyn Fn(&CallRow<'_>) -> bool| {
            count(self.rows.iter().filter(|row| is(row)).count())
        };
        let transcripts = |state| rows(&|row| row.transcript_state == state);
        let media = |state| rows(&|row| media_state(&row.call) == Some(state));
        Some(Added {
            transcripts_imported: transcripts(TranscriptState::Imported) + count(awaited),
            transcripts_pending: transcripts(TranscriptState::Pending) - count(awaited),
            media_stored: media(MediaState::Stored),
            media_pending: media(MediaState::Pending),
        })
    }

    /// The calls that the page writes, each with what is recorded of it afterwards where that is known.
    pub(super) fn written(
        &self,
        request_id: &str,
        marks: &HashMap<String, Mark>,
    ) -> Vec<(&str, Option<Mark>)> {
        let transcripts: HashMap<&str, &TranscriptRow<'_>> = self
            .transcripts
            .iter()
            .map(|row| (row.external_id, row))
            .collect();
        let new = self.rows.iter().map(|row| {
            let id = row.call.external_id.as_str();
            let transcript = transcripts.get(id).map(|row| RecordedTranscript {
                content_hash: row.transcript.content_hash().to_owned(),
                segment_count: count(row.transcript.len()),
            });
            let mark = Mark {
                content_hash: row.content_hash.clone(),
                transcript_state: row.transcript_state,
                request_id: request_id.to_owned(),
                transcript,
            };
            (id, (!marks.contains_key(id)).then_some(mark))
        });
        let states = self.states.values().flatten().map(|id| (*id, None));
        let adopted = self.adopted.iter().map(|id| (*id, None));
        let spoken = self.transcripts.iter().map(|row| row.external_id);
        let spoken = spoken
            .filter(|id| marks.contains_key(*id))
            .map(|id| (id, None));
        new.chain(states).chain(adopted).chain(spoken).collect()
    }

    fn add_new(&mut self, page: &'a Prepared, listed: &'a Listed, says: Says) {
        let state = merge::transcript_state(None, says);
        self.note_pending(&listed.call.external_id, state);
        self.receipt.new += 1;
        self.rows.push(CallRow {
            call: Cow::Borrowed(&listed.call),
            request_id: &page.page.request_id,
            content_hash: listed.content_hash.clone(),
            transcript_state: state,
            first_imported_at: page.page.now,
            copies: Vec::new(),
        });
    }

    fn add_known(
        &mut self,
        id: &'a str,
        mark: &Mark,
        says: Says,
        adopted: bool,
        row: Option<CallRow<'a>>,
    ) {
        self.note_pending(
            id,
            merge::transcript_state(Some(mark.transcript_state), says),
        );
        if let Some(row) = row {
            self.receipt.updated += 1;
            self.replaced.push(id);
            self.rows.push(row);
            return;
        }
        if adopted {
            self.adopted.push(id);
        }
        if self.set_state(id, mark, says) {
            self.receipt.updated += 1;
        } else {
            self.receipt.unchanged += 1;
        }
    }

    fn add_transcript(
        &mut self,
        page: &Prepared,
        id: &'a str,
        spoken: &'a Spoken,
        mark: Option<&Mark>,
        is_listed: bool,
    ) {
        if mark.is_none() && !is_listed {
            tracing::warn!(
                request_id = page.page.request_id,
                external_id = id,
                "a transcript came for a call that is not recorded; it is left out"
            );
            return;
        }
        let recorded = mark.and_then(|mark| mark.transcript.as_ref());
        if merge::transcript_is_better(recorded, spoken) {
            self.transcripts.push(TranscriptRow {
                external_id: id,
                transcript: spoken,
            });
            if recorded.is_some() {
                self.outdated.push(id);
            }
        }
        if let (Some(mark), false) = (mark, is_listed) {
            self.set_state(id, mark, Says::Here);
        }
    }

    fn note_pending(&mut self, id: &str, state: TranscriptState) {
        if state == TranscriptState::Pending {
            self.receipt.pending.push(id.to_owned());
        }
    }

    /// Notes the new state of a transcript; whether there is one to note.
    fn set_state(&mut self, id: &'a str, mark: &Mark, says: Says) -> bool {
        let state = merge::transcript_state(Some(mark.transcript_state), says);
        let changed = state != mark.transcript_state;
        if changed {
            self.states.entry(state).or_default().push(id);
        }
        changed
    }
}

/// The row that takes the place of a recorded one; `None` if the answer adds nothing to it.
fn replacement<'a>(
    listed: &Listed,
    recorded: &RecordedCall,
    owner: &'a str,
    state: TranscriptState,
) -> Option<CallRow<'a>> {
    let call = merge::merged(&recorded.call, listed.call.clone());
    let content_hash = call_hash(&call);
    if content_hash == call_hash(&recorded.call) {
        return None;
    }
    let copies = call
        .media
        .iter()
        .zip(&recorded.call.media)
        .zip(&recorded.copies)
        .map(|((new, old), copy)| {
            if new.kind == old.kind {
                copy.clone()
            } else {
                MediaCopy::default()
            }
        })
        .collect();
    Some(CallRow {
        call: Cow::Owned(call),
        request_id: owner,
        content_hash,
        transcript_state: state,
        first_imported_at: recorded.first_imported_at,
        copies,
    })
}
