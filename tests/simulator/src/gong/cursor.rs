//! Cursors as Gong makes them: signed texts that hold the place after which the next page begins.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::random;

/// Secret of the simulated signature.
const KEY: u64 = 0x7369_6d75_6c61_7465;
/// `{"alg":"HS256"}`, so that cursors look as Gong's do.
const HEADER: &str = "eyJhbGciOiJIUzI1NiJ9";

/// A place in a sequence of pages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Place {
    /// Id of the last record of the page before.
    pub(super) last_id: String,
    /// All matches, counted when the sequence began.
    pub(super) total: usize,
    /// Number of the page to come.
    pub(super) page: usize,
    /// When the sequence's cursors expire, in seconds since 1970.
    pub(super) expires: i64,
    /// What the sequence asks for: a number for endpoint, filter and selection.
    pub(super) query: u64,
}

impl Place {
    /// The cursor for this place.
    pub(super) fn seal(&self) -> String {
        let json = serde_json::to_vec(self).expect("numbers and a text can be written as JSON");
        let payload = BASE64.encode(json);
        let signature = sign(&payload);
        format!("{HEADER}.{payload}.{signature}")
    }

    /// The place of a cursor, or the text of the error with status 400.
    pub(super) fn open(cursor: &str, query: u64, now: Timestamp) -> Result<Self, &'static str> {
        let place = Self::verified(cursor).ok_or("Failed to verify cursor")?;
        if now.as_second() >= place.expires {
            return Err("cursor has expired");
        }
        if place.query != query {
            // What Gong says then is not known.
            return Err(
                "cursor does not belong to this request: all other inputs must stay the same",
            );
        }
        Ok(place)
    }

    fn verified(cursor: &str) -> Option<Self> {
        let (payload, signature) = cursor
            .strip_prefix(HEADER)?
            .strip_prefix('.')?
            .split_once('.')?;
        if sign(payload) != signature {
            return None;
        }
        serde_json::from_slice(&BASE64.decode(payload).ok()?).ok()
    }
}

fn sign(payload: &str) -> String {
    BASE64.encode(random::hash(payload.as_bytes(), KEY).to_be_bytes())
}
