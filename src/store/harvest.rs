//! What an import has brought, in figures that customers ask for.

use duckdb::{Connection, params};

use super::{
    error::StoreError,
    values::{Cells, Day},
};
use crate::model::{Harvest, ImportRecord, Period, Window};

/// Reasons that are named; the others are few each.
const CAUSES: usize = 3;

/// The calls of an import, as in the counts of its row: those of the days that are listed, whoever listed
/// them first; without a date, or before any listing, those of the request.
const CALLS: &str = "
    WITH listing AS (
        SELECT min(window_from) AS first_day, max(window_to) AS end_day
        FROM checkpoints WHERE request_id = $1 AND digest = $2),
    own AS (
        SELECT * FROM calls WHERE platform = $3 AND account = $4 AND CASE
            WHEN started_at IS NULL OR (SELECT first_day FROM listing) IS NULL
            THEN request_id = $1
            ELSE started_at >= (SELECT first_day FROM listing)
                AND started_at < (SELECT end_day FROM listing) END)";

/// Sums an import up.
pub(super) fn harvest(
    connection: &Connection,
    import: &ImportRecord,
) -> Result<Harvest, StoreError> {
    let key = params![
        import.request_id,
        import.digest,
        import.platform,
        import.account
    ];
    let statement = format!(
        "{CALLS},
         people AS (
            SELECT unnest(participants) AS one FROM own)
         SELECT
            coalesce(sum(duration_ms), 0)::BIGINT,
            (SELECT count(DISTINCT coalesce(lower(one.email), lower(one.name), one.phone)) FROM people),
            min(started_at)::DATE,
            max(started_at)::DATE
         FROM own"
    );
    let mut harvest = connection.query_row(&statement, key, |row| {
        let mut cells = Cells::of(row);
        Ok(Harvest {
            duration_ms: cells.take()?,
            people: cells.take()?,
            first_day: cells.optional_day()?,
            last_day: cells.optional_day()?,
            ..Harvest::default()
        })
    })?;
    harvest.causes = causes(connection, &import.request_id)?;
    Ok(harvest)
}

/// Counts the calls that an import brought and that began on other days than these.
pub(super) fn outside(
    connection: &Connection,
    import: &ImportRecord,
    period: Period,
) -> Result<i64, StoreError> {
    let Window { from, to } = period.window();
    Ok(connection.query_row(
        "SELECT count(*) FROM calls
         WHERE platform = ? AND account = ? AND request_id = ? AND (started_at < ? OR started_at >= ?)",
        params![
            import.platform,
            import.account,
            import.request_id,
            Day(from),
            Day(to)
        ],
        |row| row.get(0),
    )?)
}

fn causes(connection: &Connection, request_id: &str) -> Result<Vec<(String, i64)>, StoreError> {
    let mut statement = connection.prepare(
        "SELECT coalesce(detail, ''), count(*) AS calls FROM call_failures
         WHERE request_id = ? AND resolved_at IS NULL AND stage <> 'media'
         GROUP BY ALL ORDER BY calls DESC, 1 LIMIT ?",
    )?;
    let rows = statement.query_map(params![request_id, super::rows::count(CAUSES)], |row| {
        Ok((row.get(0)?, row.get(1)?))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}
