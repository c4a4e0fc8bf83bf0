//! Erasing an account: what is recorded of it, and a record without it.
//!
//! DuckDB keeps freed blocks in its file, with the old text in them. So nothing is deleted from the record:
//! everything else goes into a new file, which then takes the record's place in one step. Stopped anywhere,
//! the record is the one or the other.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use duckdb::{Connection, params};
use jiff::Timestamp;

use super::{
    connect::{self, quoted},
    error::{StoreError, file_error},
    mark,
    recorded::Scope,
    values::Cells,
};
use crate::{
    model::{Erasure, Holdings},
    plan,
};

/// What stays of each table: `*`, with what takes the place of a column, and which rows.
///
/// `{account}` is true for the account's rows. `{ended}` are the requests that declare it; `{told}` besides
/// them those that once brought calls of it, before they were changed to another platform.
const KEPT: &[(&str, &str, &str)] = &[
    ("api_usage", "", "NOT ({account})"),
    (
        "attempts",
        "if(request_id IN {told}, NULL, detail) AS detail",
        "true",
    ),
    (
        "call_failures",
        "",
        "request_id NOT IN {ended} AND (resolved_at IS NULL OR request_id NOT IN {told})",
    ),
    ("calls", "", "NOT ({account})"),
    ("checkpoints", "", "request_id NOT IN {ended}"),
    ("credential_state", "", "NOT ({account})"),
    ("erased", "", "NOT ({account})"),
    (
        "imports",
        "if({account}, 'cancelled', phase) AS phase,
         if({account}, 'nobody', whose_turn) AS whose_turn,
         if({account}, {reason}, reason) AS reason,
         if({account}, 0, calls_failed) AS calls_failed,
         if({account}, 0, transcripts_pending) AS transcripts_pending,
         if({account}, 0, media_pending) AS media_pending,
         if({account}, 0, media_failed) AS media_failed,
         if({account}, NULL, failing_since) AS failing_since,
         if({account}, NULL, next_attempt_at) AS next_attempt_at,
         if({account}, {now}, updated_at) AS updated_at",
        "true",
    ),
    ("left_out", "", "request_id NOT IN {ended}"),
    ("media", "", "NOT ({account})"),
    // That something was told stays, not what. What nobody was told is told no more.
    (
        "notifications",
        "if(request_id IN {told}, '', body) AS body",
        "delivered_at IS NOT NULL OR request_id NOT IN {ended}",
    ),
    ("record", "sequence + 1 AS sequence", "true"),
    ("runs", "", "true"),
    ("transcript_segments", "", "NOT ({account})"),
    ("transcripts", "", "NOT ({account})"),
];

/// Counts what is recorded of an account.
pub(super) fn holdings(connection: &Connection, scope: Scope<'_>) -> Result<Holdings, StoreError> {
    let Scope { platform, account } = scope;
    let mut statement = connection.prepare(
        "SELECT stored_uri FROM media
         WHERE platform = ? AND account = ? AND stored_uri IS NOT NULL ORDER BY ALL",
    )?;
    let stored = statement.query_map(params![platform, account], |row| row.get(0))?;
    let mut statement = connection.prepare(
        "SELECT request_id FROM imports WHERE platform = ? AND account = ? ORDER BY ALL",
    )?;
    let requests = statement.query_map(params![platform, account], |row| row.get(0))?;
    let erased = erasures(connection)?;
    let holdings = Holdings {
        requests: requests.collect::<Result<_, _>>()?,
        stored: stored.collect::<Result<_, _>>()?,
        erased: erased
            .into_iter()
            .find(|erasure| erasure.platform == platform && erasure.account == account),
        ..Holdings::default()
    };
    let counted = connection.query_row(
        "WITH requests AS (SELECT request_id FROM imports WHERE platform = $1 AND account = $2)
         SELECT
            (SELECT count(*) FROM calls WHERE platform = $1 AND account = $2),
            (SELECT count(*) FROM transcripts WHERE platform = $1 AND account = $2),
            (SELECT count(*) FROM transcript_segments WHERE platform = $1 AND account = $2),
            (SELECT count(stored_uri) FROM media WHERE platform = $1 AND account = $2),
            (SELECT coalesce(sum(bytes) FILTER (stored_uri IS NOT NULL), 0)::BIGINT FROM media
                WHERE platform = $1 AND account = $2),
            (SELECT count(*) FROM call_failures WHERE request_id IN (FROM requests)),
            (SELECT count(*) FROM left_out WHERE request_id IN (FROM requests))",
        params![platform, account],
        |row| {
            let mut cells = Cells::of(row);
            Ok(Holdings {
                calls: cells.take()?,
                transcripts: cells.take()?,
                segments: cells.take()?,
                recordings: cells.take()?,
                recording_bytes: cells.take()?,
                failures: cells.take()?,
                left_out: cells.take()?,
                ..holdings
            })
        },
    )?;
    Ok(counted)
}

/// Every row of `erased`.
pub(super) fn erasures(connection: &Connection) -> Result<Vec<Erasure>, StoreError> {
    let mut statement = connection.prepare(
        "SELECT platform, account, erased_at, calls, by_run FROM erased ORDER BY platform, account",
    )?;
    let rows = statement.query_map([], |row| {
        let mut cells = Cells::of(row);
        Ok(Erasure {
            platform: cells.take()?,
            account: cells.take()?,
            erased_at: cells.time()?,
            calls: cells.take()?,
            by_run: cells.take()?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Makes the record one that holds nothing of an account but the rows of its imports and of its erasure. The
/// record has the present layout and nobody has it open.
///
/// # Errors
/// As [`super::Store::open`]; then the record is as it was.
pub fn erase(
    path: &Path,
    platform: &str,
    account: &str,
    run_id: &str,
    now: Timestamp,
) -> Result<Erasure, StoreError> {
    connect::hold(path, |connection| {
        let fresh = Fresh::beside(path)?;
        let scope = Scope { platform, account };
        let calls = connection.query_row(
            "SELECT (SELECT count(*) FROM calls WHERE platform = $1 AND account = $2)
                + (SELECT coalesce(sum(calls), 0)::BIGINT FROM erased WHERE platform = $1 AND account = $2)",
            params![platform, account],
            |row| row.get(0),
        )?;
        let erasure = Erasure {
            platform: platform.to_owned(),
            account: account.to_owned(),
            erased_at: now,
            calls,
            by_run: run_id.to_owned(),
        };
        let rows = write_rest(connection, &fresh, scope, &erasure)?;
        if read_back(connection, &fresh)? != rows {
            return Err(StoreError::Damaged {
                path: fresh.path.clone(),
                detail: "it lacks rows that were written".into(),
            });
        }
        fresh.take_place(path)?;
        Ok(erasure)
    })
}

/// Writes everything that stays into the new file. Gives its rows by table.
fn write_rest(
    connection: &Connection,
    fresh: &Fresh,
    scope: Scope<'_>,
    erasure: &Erasure,
) -> Result<BTreeMap<String, u64>, StoreError> {
    let file = quoted(&fresh.path.to_string_lossy());
    connection.execute_batch(&format!("ATTACH {file} AS fresh; DELETE FROM fresh.record"))?;
    let mut rows = BTreeMap::new();
    for (table, replaced, stays) in KEPT {
        let replace = match *replaced {
            "" => String::new(),
            columns => format!("REPLACE ({columns})"),
        };
        let sql = format!(
            "INSERT INTO fresh.{table} BY NAME SELECT * {replace} FROM {table} WHERE {stays}"
        );
        let written = connection.execute(&filled(&sql, scope, erasure), [])?;
        rows.insert((*table).to_owned(), written as u64);
    }
    let tombstone = connection.execute(
        &filled(
            "INSERT INTO fresh.erased BY NAME
             SELECT ? AS platform, ? AS account, {now} AS erased_at, ? AS calls, ? AS by_run",
            scope,
            erasure,
        ),
        params![
            erasure.platform,
            erasure.account,
            erasure.calls,
            erasure.by_run
        ],
    )?;
    *rows.entry("erased".to_owned()).or_default() += tombstone as u64;
    connection.execute_batch("CHECKPOINT fresh; DETACH fresh")?;
    Ok(rows)
}

/// Reads the new file from the first row to the last, before anything depends on it. Gives its rows by table.
fn read_back(connection: &Connection, fresh: &Fresh) -> Result<BTreeMap<String, u64>, StoreError> {
    let file = quoted(&fresh.path.to_string_lossy());
    connection.execute_batch(&format!("ATTACH {file} AS fresh (READ_ONLY)"))?;
    let mut rows = BTreeMap::new();
    for (table, ..) in KEPT {
        let sql = format!("SELECT count(*), bit_xor(hash(row)) FROM fresh.{table} row");
        let found = connection.query_row(&sql, [], |row| row.get(0))?;
        rows.insert((*table).to_owned(), found);
    }
    connection.execute_batch("DETACH fresh")?;
    Ok(rows)
}

/// A statement of [`KEPT`] for one account.
fn filled(sql: &str, scope: Scope<'_>, erasure: &Erasure) -> String {
    let account = format!(
        "platform = {} AND account = {}",
        quoted(scope.platform),
        quoted(scope.account)
    );
    let ended = format!("(SELECT request_id FROM imports WHERE {account})");
    let told = format!(
        "(SELECT request_id FROM imports WHERE {account} UNION SELECT request_id FROM calls WHERE {account})"
    );
    let now = format!("make_timestamp({})", erasure.erased_at.as_microsecond());
    let reason = quoted(&plan::erased(erasure));
    // What comes from outside is put in last, so that nothing in it is filled again.
    sql.replace("{now}", &now)
        .replace("{ended}", &ended)
        .replace("{told}", &told)
        .replace("{account}", &account)
        .replace("{reason}", &reason)
}

/// A new file beside the record, gone when it is dropped before it took the record's place.
struct Fresh {
    path: PathBuf,
    took_place: bool,
}

impl Fresh {
    /// An empty record that only those may read who may read the old one. What a killed process left there is
    /// overwritten.
    fn beside(record: &Path) -> Result<Self, StoreError> {
        let name = record.file_name().unwrap_or_default().to_string_lossy();
        let fresh = Self {
            path: record.with_file_name(format!(".{name}.erasing")),
            took_place: false,
        };
        fresh.remove().map_err(|source| fresh.refused(source))?;
        connect::create(&fresh.path)?;
        let permissions = fs::metadata(record).map(|metadata| metadata.permissions());
        permissions
            .and_then(|permissions| fs::set_permissions(&fresh.path, permissions))
            .map_err(|source| fresh.refused(source))?;
        Ok(fresh)
    }

    /// The step that counts.
    fn take_place(mut self, record: &Path) -> Result<(), StoreError> {
        let place = || {
            File::open(&self.path)?.sync_all()?;
            fs::rename(&self.path, record)?;
            let folder = record.parent().filter(|folder| *folder != Path::new(""));
            File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
        };
        place().map_err(|source| self.refused(source))?;
        self.took_place = true;
        Ok(())
    }

    fn remove(&self) -> io::Result<()> {
        let companions = mark::companions(&self.path);
        for path in companions.iter().chain([&self.path]) {
            match fs::remove_file(path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                Ok(()) | Err(_) => {}
            }
        }
        Ok(())
    }

    fn refused(&self, source: io::Error) -> StoreError {
        file_error(&self.path, source)
    }
}

impl Drop for Fresh {
    fn drop(&mut self) {
        if !self.took_place {
            // What cannot be removed now is overwritten the next time.
            let _ = self.remove();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{KEPT, connect};
    use crate::store::inspect;

    #[test]
    fn every_table_says_what_stays_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let path: &Path = &folder.path().join("record.duckdb");
        connect::create(path).unwrap();
        let tables: Vec<String> = inspect(path).unwrap().rows.into_keys().collect();
        let known: Vec<&str> = KEPT.iter().map(|(table, ..)| *table).collect();
        assert_eq!(known, tables);
    }
}
