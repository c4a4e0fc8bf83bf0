//! What the credentials of accounts were renewed to.

use duckdb::{Connection, params};

use super::{
    error::StoreError,
    values::{Cells, Utc},
};
use crate::model::CredentialState;

/// Every row of `credential_state`.
pub(super) fn all(connection: &Connection) -> Result<Vec<CredentialState>, StoreError> {
    let mut statement = connection.prepare(
        "SELECT platform, account, credential_fingerprint, sealed, updated_at FROM credential_state
         ORDER BY platform, account",
    )?;
    let rows = statement.query_map([], |row| {
        let mut cells = Cells::of(row);
        Ok(CredentialState {
            platform: cells.take()?,
            account: cells.take()?,
            credential_fingerprint: cells.take()?,
            sealed: cells.take()?,
            updated_at: cells.time()?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Puts a state in the place of the account's last one.
pub(super) fn put(connection: &Connection, state: &CredentialState) -> Result<(), StoreError> {
    let CredentialState {
        platform,
        account,
        credential_fingerprint,
        sealed,
        updated_at,
    } = state;
    connection.execute(
        "DELETE FROM credential_state WHERE platform = ? AND account = ?",
        params![platform, account],
    )?;
    connection.execute(
        "INSERT INTO credential_state (platform, account, credential_fingerprint, sealed, updated_at)
         VALUES (?, ?, ?, ?, ?)",
        params![platform, account, credential_fingerprint, sealed, Utc(*updated_at)],
    )?;
    Ok(())
}
