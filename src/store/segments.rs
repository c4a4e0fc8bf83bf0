//! Segments on their way into `transcript_segments`: a table function from which one INSERT reads them, 2,048 rows at a
//! time. An appender would first keep all of them in a copy of its own.

use std::{
    collections::{BTreeMap, VecDeque},
    error::Error,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use duckdb::{
    Connection,
    arrow::array::{ArrayRef, Int64Builder, StringBuilder},
    core::{DataChunkHandle, LogicalTypeHandle, LogicalTypeId},
    params,
    vtab::{
        BindInfo, InitInfo, TableFunctionInfo, VTab, record_batch_to_duckdb_data_chunk,
        to_duckdb_logical_type,
    },
};

use super::{
    error::StoreError,
    recorded::Scope,
    rows::{batch, count},
};
use crate::model::{Segment, Spoken};

/// Its name in SQL.
const NAME: &str = "segments_to_write";

/// Rows that DuckDB takes at a time: `STANDARD_VECTOR_SIZE`.
const CHUNK: usize = 2_048;

/// Transcripts by the ids of their calls. Each is dropped once it is read, so that it is not in memory twice.
type Transcripts = VecDeque<(String, Spoken)>;

/// What is being inserted, by number: a table function is given nothing but SQL values.
static WAITING: Mutex<BTreeMap<u64, Arc<Mutex<Transcripts>>>> = Mutex::new(BTreeMap::new());

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Transcripts that the table function finds under their number, as long as this value is there.
struct Waiting(u64);

impl Waiting {
    fn new(transcripts: Transcripts) -> Self {
        let mut waiting = locked(&WAITING);
        let number = waiting.last_key_value().map_or(0, |(last, _)| last + 1);
        waiting.insert(number, Arc::new(Mutex::new(transcripts)));
        Self(number)
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        locked(&WAITING).remove(&self.0);
    }
}

/// Makes the table function known to a connection.
///
/// # Errors
/// When DuckDB does not take it.
pub(super) fn register(connection: &Connection) -> Result<(), StoreError> {
    Ok(connection.register_table_function::<Segments>(NAME)?)
}

/// Writes the segments of transcripts, by the ids of their calls.
///
/// # Errors
/// When the record cannot be written.
pub(super) fn insert(
    connection: &Connection,
    scope: Scope<'_>,
    transcripts: Transcripts,
) -> Result<(), StoreError> {
    if transcripts.is_empty() {
        return Ok(());
    }
    let waiting = Waiting::new(transcripts);
    connection
        .prepare_cached(&format!(
            "INSERT INTO transcript_segments SELECT $1::VARCHAR, $2::VARCHAR, * FROM {NAME}($3)"
        ))?
        .execute(params![scope.platform, scope.account, waiting.0])?;
    Ok(())
}

/// The table function. Its columns are those of the table behind `platform` and `account`.
struct Segments;

impl VTab for Segments {
    type BindData = Arc<Mutex<Transcripts>>;
    /// The next segment of the first transcript.
    type InitData = AtomicUsize;

    fn bind(bind: &BindInfo) -> Result<Self::BindData, Box<dyn Error>> {
        for (name, column) in Columns::default().finish() {
            bind.add_result_column(name, to_duckdb_logical_type(column.data_type())?);
        }
        let number = bind.get_parameter(0).to_uint64();
        let transcripts = locked(&WAITING).get(&number).cloned();
        transcripts.ok_or_else(|| format!("nothing waits under {number}").into())
    }

    fn init(_: &InitInfo) -> Result<Self::InitData, Box<dyn Error>> {
        Ok(AtomicUsize::new(0))
    }

    fn func(
        func: &TableFunctionInfo<Self>,
        output: &mut DataChunkHandle,
    ) -> Result<(), Box<dyn Error>> {
        let mut transcripts = locked(func.get_bind_data());
        let mut idx = func.get_init_data().load(Ordering::Relaxed);
        let mut columns = Columns::default();
        while columns.len < CHUNK
            && let Some((external_id, spoken)) = transcripts.front()
        {
            if let Some(segment) = spoken.segment(idx) {
                columns.push(external_id, idx, &segment);
                idx += 1;
            } else {
                transcripts.pop_front();
                idx = 0;
            }
        }
        func.get_init_data().store(idx, Ordering::Relaxed);
        record_batch_to_duckdb_data_chunk(&batch(columns.finish()), output)
    }

    fn parameters() -> Option<Vec<LogicalTypeHandle>> {
        Some(vec![LogicalTypeId::UBigint.into()])
    }
}

#[derive(Debug, Default)]
struct Columns {
    len: usize,
    external_id: StringBuilder,
    idx: Int64Builder,
    speaker: StringBuilder,
    participant: Int64Builder,
    start_ms: Int64Builder,
    end_ms: Int64Builder,
    text: StringBuilder,
}

impl Columns {
    fn push(&mut self, external_id: &str, idx: usize, segment: &Segment<&str>) {
        self.len += 1;
        self.external_id.append_value(external_id);
        self.idx.append_value(count(idx));
        self.speaker.append_option(segment.speaker.as_deref());
        self.participant.append_option(segment.participant);
        self.start_ms.append_option(segment.start_ms);
        self.end_ms.append_option(segment.end_ms);
        self.text.append_value(segment.text);
    }

    fn finish(mut self) -> Vec<(&'static str, ArrayRef)> {
        vec![
            ("external_id", Arc::new(self.external_id.finish())),
            ("idx", Arc::new(self.idx.finish())),
            ("speaker", Arc::new(self.speaker.finish())),
            ("participant", Arc::new(self.participant.finish())),
            ("start_ms", Arc::new(self.start_ms.finish())),
            ("end_ms", Arc::new(self.end_ms.finish())),
            ("text", Arc::new(self.text.finish())),
        ]
    }
}
