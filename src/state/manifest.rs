//! What a bundle says of itself, and how its two objects are called.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// Bundles that stay; older ones are deleted after a save.
pub const KEPT: usize = 14;

/// How long a bundle stays at most, however few there are: what was erased since is in it. Only the newest stays
/// longer.
pub const KEPT_FOR: SignedDuration = SignedDuration::from_hours(30 * 24);

/// `manifest-<generation>.json`: what must be in the bundle. Nothing in it is secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Number of the bundle, from 1.
    pub generation: i64,
    /// `record.sequence` in the database.
    pub sequence: i64,
    /// Layout of its tables.
    pub schema_version: i64,
    /// Version of the program that saved it.
    pub engine_version: String,
    /// Version of DuckDB that wrote the file.
    pub duckdb_version: String,
    /// When it was saved.
    pub created_at: Timestamp,
    /// The run or command that saved it.
    pub run_id: String,
    /// The opening of the record that saved it, as `record.holder` named it then.
    pub holder: String,
    /// The encrypted object.
    pub record: Part,
    /// The database in it.
    pub plain: Part,
    /// Rows of each table.
    pub rows: BTreeMap<String, u64>,
}

/// A file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// Its name; empty for one that has none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Its length.
    pub bytes: u64,
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
}

/// The two objects of a bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Object {
    Manifest,
    Record,
}

impl Manifest {
    /// From when on the next save deletes the bundle.
    pub fn kept_until(&self) -> Timestamp {
        self.created_at
            .saturating_add(KEPT_FOR)
            .unwrap_or(Timestamp::MAX)
    }

    /// The object's contents.
    pub(super) fn to_json(&self) -> Vec<u8> {
        let mut text =
            serde_json::to_vec_pretty(self).expect("a manifest has text keys and no odd values");
        text.push(b'\n');
        text
    }

    /// Reads the manifest of one generation.
    ///
    /// # Errors
    /// A sentence that says what is wrong.
    pub(super) fn read(text: &[u8], generation: i64) -> Result<Self, String> {
        let manifest: Self =
            serde_json::from_slice(text).map_err(|_| "its manifest cannot be read".to_owned())?;
        if manifest.generation != generation {
            return Err(format!(
                "its manifest is that of generation {}",
                manifest.generation
            ));
        }
        if parse(&manifest.record.name) != Some((generation, Object::Record)) {
            return Err("its manifest names the record of another generation".into());
        }
        Ok(manifest)
    }
}

/// Name of the manifest.
pub(super) fn manifest_name(generation: i64) -> String {
    format!("manifest-{generation}.json")
}

/// Name of the encrypted database.
pub(super) fn record_name(generation: i64) -> String {
    format!("record-{generation}.age")
}

/// The name to take where a run that was stopped before its manifest has left the usual one taken. Made of
/// the contents, so that what stands under it is what we were going to write.
pub(super) fn spare_record_name(generation: i64, sha256: &str) -> String {
    let start: String = sha256.chars().take(16).collect();
    format!("record-{generation}-{start}.age")
}

/// The generation and kind of an object, if it is part of a bundle.
fn parse(name: &str) -> Option<(i64, Object)> {
    let (kind, number) = if let Some(rest) = name.strip_prefix("manifest-") {
        (Object::Manifest, rest.strip_suffix(".json")?)
    } else {
        let rest = name.strip_prefix("record-")?.strip_suffix(".age")?;
        let number = match rest.split_once('-') {
            Some((number, hash)) if is_hexadecimal(hash) => number,
            Some(_) => return None,
            None => rest,
        };
        (Object::Record, number)
    };
    let generation: i64 = number.parse().ok()?;
    // Written otherwise, as `+7` or `007`, it is not one of ours.
    (generation > 0 && generation.to_string() == number).then_some((generation, kind))
}

fn is_hexadecimal(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The generations that have a manifest, oldest first. A record without one is what a killed run left.
pub(super) fn generations(names: &[String]) -> Vec<i64> {
    let found: BTreeSet<i64> = names
        .iter()
        .filter_map(|name| parse(name))
        .filter(|(_, kind)| *kind == Object::Manifest)
        .map(|(generation, _)| generation)
        .collect();
    found.into_iter().collect()
}

/// The oldest generation that is one of the last [`KEPT`] once `newest` is saved.
pub(super) fn oldest_kept(names: &[String], newest: i64) -> i64 {
    let mut generations = generations(names);
    if !generations.contains(&newest) {
        generations.push(newest);
    }
    let kept = generations.len().saturating_sub(KEPT);
    generations.get(kept).copied().unwrap_or(newest)
}

/// The objects of bundles older than `oldest`, in the order in which to delete them: a manifest before its
/// record, so that no manifest ever stands alone.
pub(super) fn before(names: &[String], oldest: i64) -> Vec<String> {
    let mut old: Vec<_> = names
        .iter()
        .filter_map(|name| Some((parse(name)?, name)))
        .filter(|((generation, _), _)| *generation < oldest)
        .collect();
    old.sort();
    old.into_iter().map(|(_, name)| name.clone()).collect()
}

/// Generations in words: `generation 7`, `generations 3 to 16`.
pub(super) fn in_words(generations: &[i64]) -> String {
    match generations {
        [] => "none".into(),
        [only] => format!("generation {only}"),
        [first, .., last] => format!("generations {first} to {last}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn only_our_own_names_are_parts_of_bundles() {
        for (name, expected) in [
            ("manifest-7.json", Some((7, Object::Manifest))),
            ("record-7.age", Some((7, Object::Record))),
            ("record-7-0a1b.age", Some((7, Object::Record))),
            ("record-07.age", None),
            ("record-+7.age", None),
            ("record-0.age", None),
            ("record--7.age", None),
            ("record-7-.age", None),
            ("record-7-x.age", None),
            ("record-7.age.part", None),
            ("manifest-7.age", None),
            ("manifest-99999999999999999999.json", None),
            ("notes.txt", None),
        ] {
            assert_eq!(parse(name), expected, "{name}");
        }
        let sha256 = "0123456789abcdef0123";
        let spare = spare_record_name(7, sha256);
        assert_eq!(parse(&spare), Some((7, Object::Record)), "{spare}");
    }

    #[test]
    fn fourteen_bundles_are_kept() {
        let outdated = |names: &[String], newest| before(names, oldest_kept(names, newest));
        let mut all = names(&["notes.txt", "record-1-aa.age", "record-17.age"]);
        for generation in 1..=15 {
            all.push(record_name(generation));
            all.push(manifest_name(generation));
        }
        assert_eq!(
            outdated(&all, 14),
            ["manifest-1.json", "record-1-aa.age", "record-1.age"]
        );
        let old = outdated(&all, 16);
        assert_eq!(
            old,
            [
                "manifest-1.json",
                "record-1-aa.age",
                "record-1.age",
                "manifest-2.json",
                "record-2.age"
            ]
        );
        assert_eq!(
            outdated(&names(&["manifest-1.json"]), 2),
            Vec::<String>::new()
        );
        assert_eq!(outdated(&[], 1), Vec::<String>::new());
    }
}
