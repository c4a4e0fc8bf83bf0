//! Which record to go on with: the one on this machine, or the newest bundle.

use super::manifest::Manifest;
use crate::store::RecordRow;

/// What to do with the record on this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Choice {
    /// There is none: the newest bundle takes its place.
    Take,
    /// Everything in it is in the newest bundle, or was lost here since: the bundle replaces it.
    Replace,
    /// It is as new as the newest bundle, or newer: it stays.
    Keep,
    /// The same, but the newest bundle was saved from it without its knowing: the run was killed, or the
    /// answer got lost.
    Adopt,
}

/// Why neither can be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Conflict {
    /// Each holds what the other does not.
    Diverged,
    /// The record on this machine was saved as a generation that is not there.
    Ahead,
}

/// Decides between the record on this machine and the newest bundle. `base` is the manifest of the
/// generation that the local record was saved as, if it still exists.
///
/// The sequence is raised by every commit but not by saving, opening or closing. So a record whose sequence
/// is that of a bundle it was saved as holds nothing else.
pub(super) fn choose(
    local: Option<&RecordRow>,
    newest: &Manifest,
    base: Option<&Manifest>,
) -> Result<Choice, Conflict> {
    let Some(local) = local else {
        return Ok(Choice::Take);
    };
    if local.generation > newest.generation {
        return Err(Conflict::Ahead);
    }
    if local.generation == newest.generation {
        // Fewer commits than were saved: a part of them was lost here, as with a torn log.
        return Ok(if local.sequence < newest.sequence {
            Choice::Replace
        } else {
            Choice::Keep
        });
    }
    if is_own(local, newest) && local.sequence >= newest.sequence {
        return Ok(Choice::Adopt);
    }
    let saved = base.map_or(0, |base| base.sequence);
    if local.sequence <= saved {
        Ok(Choice::Replace)
    } else {
        Err(Conflict::Diverged)
    }
}

/// Whether a bundle was saved by the same opening of the same record.
pub(super) fn is_own(local: &RecordRow, bundle: &Manifest) -> bool {
    local.holder.as_deref() == Some(bundle.holder.as_str())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::state::Part;

    fn local(generation: i64, sequence: i64) -> RecordRow {
        RecordRow {
            schema_version: 2,
            sequence,
            generation,
            holder: None,
        }
    }

    fn bundle(generation: i64, sequence: i64) -> Manifest {
        let part = Part {
            name: String::new(),
            bytes: 0,
            sha256: String::new(),
        };
        Manifest {
            generation,
            sequence,
            schema_version: 2,
            engine_version: String::new(),
            duckdb_version: String::new(),
            created_at: jiff::Timestamp::UNIX_EPOCH,
            run_id: "night".into(),
            holder: format!("night {generation}"),
            record: part.clone(),
            plain: part,
            rows: BTreeMap::new(),
        }
    }

    #[test]
    fn the_record_that_holds_everything_wins() {
        let newest = bundle(7, 100);
        let base = bundle(5, 80);
        for (local, base, expected) in [
            (None, None, Ok(Choice::Take)),
            (Some(local(7, 100)), None, Ok(Choice::Keep)),
            (Some(local(7, 130)), None, Ok(Choice::Keep)),
            (Some(local(7, 99)), None, Ok(Choice::Replace)),
            (Some(local(5, 80)), Some(&base), Ok(Choice::Replace)),
            (Some(local(5, 60)), Some(&base), Ok(Choice::Replace)),
            (Some(local(5, 81)), Some(&base), Err(Conflict::Diverged)),
            (Some(local(5, 80)), None, Err(Conflict::Diverged)),
            (Some(local(0, 0)), None, Ok(Choice::Replace)),
            (Some(local(0, 3)), None, Err(Conflict::Diverged)),
            (Some(local(8, 130)), None, Err(Conflict::Ahead)),
        ] {
            assert_eq!(
                choose(local.as_ref(), &newest, base),
                expected,
                "{local:?} {base:?}"
            );
        }
    }

    #[test]
    fn a_bundle_of_ones_own_is_known_again() {
        let own = RecordRow {
            holder: Some("night 7".into()),
            ..local(6, 100)
        };
        let choose = |local: &RecordRow| choose(Some(local), &bundle(7, 100), Some(&bundle(6, 90)));
        assert_eq!(choose(&own), Ok(Choice::Adopt));
        let later = RecordRow {
            sequence: 105,
            ..own.clone()
        };
        assert_eq!(choose(&later), Ok(Choice::Adopt));
        let other = RecordRow {
            holder: Some("night 8".into()),
            ..own
        };
        assert_eq!(choose(&other), Err(Conflict::Diverged));
    }
}
