//! Commits one page of an import: calls, transcripts, failures, checkpoint and counters together.

mod changes;

use std::collections::{BTreeMap, HashMap, HashSet};

use duckdb::{Connection, params};
use jiff::Timestamp;

use super::{
    PageCommit, PageReceipt,
    error::StoreError,
    known::Known,
    ledger, media,
    recorded::{self, Mark, RecordedCall, Scope, id_list},
    rows::{self, Stamp},
    runs, segments,
    values::Utc,
};
use crate::{
    import::{
        content::call_hash,
        merge::{self, Says},
    },
    model::{Call, MediaOutcome, Spoken, TranscriptContent},
};
use changes::Changes;

/// A page whose duplicates are gone and whose hashes are known. Made before the page is queued for the writer, which is what
/// a fast import waits for.
#[derive(Debug)]
pub(super) struct Prepared {
    page: PageCommit,
    calls: Vec<Listed>,
    transcripts: BTreeMap<String, Spoken>,
}

/// A listed call; its transcript, if it came along, is among the transcripts.
#[derive(Debug)]
pub(super) struct Listed {
    call: Call,
    content_hash: String,
    says: Says,
}

impl Prepared {
    /// Takes a page apart. Pure, and the costly part of a commit that needs no database.
    pub(super) fn new(mut page: PageCommit) -> Self {
        let mut transcripts = std::mem::take(&mut page.transcripts);
        let calls = merge::each_call_once(std::mem::take(&mut page.calls))
            .into_iter()
            .map(|mut call| {
                let content = std::mem::replace(&mut call.transcript, TranscriptContent::Absent);
                let says = match content {
                    TranscriptContent::Absent => Says::Nothing,
                    TranscriptContent::Pending => Says::Later,
                    TranscriptContent::Here(transcript) => {
                        transcripts.push((call.external_id.clone(), transcript.into()));
                        Says::Here
                    }
                };
                call.scheduled_start = call.scheduled_start.map(whole_microseconds);
                call.started_at = call.started_at.map(whole_microseconds);
                Listed {
                    content_hash: call_hash(&call),
                    call,
                    says,
                }
            })
            .collect();
        let transcripts = merge::each_transcript_once(transcripts)
            .into_iter()
            .collect();
        Self {
            page,
            calls,
            transcripts,
        }
    }

    /// Writes the page. Runs inside the writer's transaction, and gives the calls back, so that the writer need not free
    /// them: they are thousands of small pieces of memory.
    pub(super) fn commit(
        self,
        connection: &Connection,
        known: &mut Known,
    ) -> Result<(PageReceipt, Vec<Listed>), StoreError> {
        let page = &self.page;
        let stamp = Stamp {
            scope: Scope {
                platform: &page.platform,
                account: &page.account,
            },
            run_id: &page.run_id,
            now: page.now,
        };
        let marks = known.marks(connection, stamp.scope, self.ids())?;
        let differing = self.differing(connection, stamp.scope, &marks)?;
        let orphans = self.orphans(connection, &marks)?;
        let changes = Changes::of(&self, &marks, &differing, &orphans);
        write(connection, stamp, page, &changes)?;
        media::record(connection, stamp, &page.media)?;
        self.book(connection, &changes, &marks)?;
        known.learn(stamp.scope, changes.written(&page.request_id, &marks));
        let written = changes.transcripts.iter().map(|row| row.external_id);
        let written: HashSet<String> = written.map(str::to_owned).collect();
        let receipt = changes.receipt;
        let spoken = self.transcripts.into_iter();
        let spoken = spoken.filter(|(id, _)| written.contains(id));
        segments::insert(connection, stamp.scope, spoken.collect())?;
        Ok((receipt, self.calls))
    }

    /// How many calls and how many segments the page brings, each with the bytes of their longest column.
    pub(super) fn sizes(&self) -> [(u64, u64); 2] {
        let calls = self.calls.iter().map(|listed| listed.call.raw.as_deref());
        let spoken = || self.transcripts.values();
        let segments = spoken().map(|spoken| spoken.len() as u64).sum();
        let bytes = spoken().map(|spoken| spoken.bytes() as u64).sum();
        [size(calls), (segments, bytes)]
    }

    /// Everything that the page speaks of, each once.
    fn ids(&self) -> HashSet<&str> {
        let listed = self.calls.iter().map(|listed| &*listed.call.external_id);
        let spoken = self.transcripts.keys().map(|id| &**id);
        let without = self.page.without_transcript.iter().map(|id| &**id);
        listed.chain(spoken).chain(without).collect()
    }

    /// The recorded calls from which the page differs.
    fn differing(
        &self,
        connection: &Connection,
        scope: Scope<'_>,
        marks: &HashMap<String, Mark>,
    ) -> Result<HashMap<String, RecordedCall>, StoreError> {
        let ids: Vec<&str> = self
            .calls
            .iter()
            .filter(|listed| {
                marks
                    .get(&listed.call.external_id)
                    .is_some_and(|mark| mark.content_hash != listed.content_hash)
            })
            .map(|listed| &*listed.call.external_id)
            .collect();
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        recorded::calls(connection, scope, &id_list(ids))
    }

    /// Requests whose calls this one takes over. A call belongs to the request that listed it first, as
    /// long as that is not cancelled: two that overlap would else take it from each other every night.
    fn orphans<'a>(
        &self,
        connection: &Connection,
        marks: &'a HashMap<String, Mark>,
    ) -> Result<HashSet<&'a str>, StoreError> {
        let others = marks
            .values()
            .map(|mark| &*mark.request_id)
            .filter(|owner| *owner != self.page.request_id)
            .collect();
        recorded::without_owner(connection, others)
    }

    /// Everything besides the calls: failures, checkpoint, counters, quota.
    fn book(
        &self,
        connection: &Connection,
        changes: &Changes<'_>,
        marks: &HashMap<String, Mark>,
    ) -> Result<(), StoreError> {
        let page = &self.page;
        let listed = id_list(self.calls.iter().map(|listed| &*listed.call.external_id));
        let spoken = id_list(self.transcripts.keys().map(|id| &**id));
        let copied = page.media.iter().filter_map(|(id, outcome)| match outcome {
            MediaOutcome::Stored(_) => Some(&**id),
            MediaOutcome::Pending | MediaOutcome::Unavailable | MediaOutcome::Failed => None,
        });
        let copied = id_list(copied);
        ledger::resolve_failures(
            connection,
            &page.request_id,
            &listed,
            &spoken,
            &copied,
            page.now,
        )?;
        ledger::add_failures(connection, &page.request_id, &page.failures, page.now)?;
        ledger::add_file_failures(connection, &page.request_id, &page.file_failures, page.now)?;
        ledger::leave_out(connection, &page.request_id, &page.run_id, &page.skipped)?;
        let (request, digest) = (&page.request_id, &page.digest);
        for checkpoint in &page.checkpoints {
            ledger::write_checkpoint(connection, request, digest, checkpoint, page.now)?;
        }
        if page.checkpoints.is_empty() {
            let new = rows::count(changes.receipt.new);
            ledger::count_late_calls(connection, request, digest, new)?;
        }
        let (sent, now) = (page.requests_sent, page.now);
        match changes.added(page, marks) {
            Some(added) => ledger::add_to_import(connection, request, digest, added, sent, now)?,
            None => {
                let scope = Scope {
                    platform: &page.platform,
                    account: &page.account,
                };
                let totals = ledger::totals(connection, request, digest, scope)?;
                ledger::count_import(connection, request, totals, sent, now)?;
            }
        }
        runs::count_run(
            connection,
            &page.run_id,
            page.requests_sent,
            rows::count(changes.receipt.new),
            rows::count(page.failures.len() + page.file_failures.len()),
        )?;
        ledger::add_usage(connection, &page.usage)
    }
}

/// How many texts there are, and their bytes.
fn size<'a>(texts: impl Iterator<Item = Option<&'a str>>) -> (u64, u64) {
    texts.fold((0, 0), |(rows, bytes), text| {
        (rows + 1, bytes + text.map_or(0, str::len) as u64)
    })
}

fn write(
    connection: &Connection,
    stamp: Stamp<'_>,
    page: &PageCommit,
    changes: &Changes<'_>,
) -> Result<(), StoreError> {
    for table in ["calls", "media"] {
        delete(connection, table, stamp.scope, &changes.replaced)?;
    }
    for table in ["transcripts", "transcript_segments"] {
        delete(connection, table, stamp.scope, &changes.outdated)?;
    }
    for (state, ids) in &changes.states {
        connection
            .prepare_cached(
                r#"UPDATE calls SET transcript_state = $4, updated_at = $5, run_id = $6
                WHERE platform = $1 AND account = $2
                  AND external_id IN (SELECT unnest(from_json($3::VARCHAR, '["VARCHAR"]')))"#,
            )?
            .execute(params![
                stamp.scope.platform,
                stamp.scope.account,
                id_list(ids.iter().copied()),
                state.as_str(),
                Utc(stamp.now),
                stamp.run_id
            ])?;
    }
    if !changes.adopted.is_empty() {
        connection
            .prepare_cached(
                r#"UPDATE calls SET request_id = $4
                WHERE platform = $1 AND account = $2
                  AND external_id IN (SELECT unnest(from_json($3::VARCHAR, '["VARCHAR"]')))"#,
            )?
            .execute(params![
                stamp.scope.platform,
                stamp.scope.account,
                id_list(changes.adopted.iter().copied()),
                page.request_id
            ])?;
    }
    rows::append_calls(connection, stamp, &changes.rows)?;
    rows::append_transcripts(connection, stamp, &changes.transcripts)
}

/// Deletes the rows of some calls from one of our tables.
fn delete(
    connection: &Connection,
    table: &'static str,
    scope: Scope<'_>,
    ids: &[&str],
) -> Result<(), StoreError> {
    if ids.is_empty() {
        return Ok(());
    }
    connection
        .prepare_cached(&format!(
            r#"DELETE FROM {table} WHERE platform = $1 AND account = $2
               AND external_id IN (SELECT unnest(from_json($3::VARCHAR, '["VARCHAR"]')))"#
        ))?
        .execute(params![
            scope.platform,
            scope.account,
            id_list(ids.iter().copied())
        ])?;
    Ok(())
}

/// As a `TIMESTAMP` column keeps it, so that a recorded time equals the one it was made from.
fn whole_microseconds(time: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(time.as_microsecond()).unwrap_or(time)
}
