//! Finds a platform by what people call it.

use super::{PlatformRow, SupportMatrix, words};
use crate::model::slug;

/// The row that stands for every platform without one.
pub const OTHER: &str = "other";

/// Words in names of platforms that name none.
const COMMON: [&str; 9] = [
    "any",
    "calls",
    "cloud",
    "conversations",
    "formerly",
    "google",
    "other",
    "platform",
    "recordings",
];

impl SupportMatrix {
    /// The platform of this key or name, in any capitals and with any marks: `gong`, `Gong`, `tl;dv`.
    pub fn find(&self, written: &str) -> Option<(&str, &PlatformRow)> {
        let wanted = slug(written);
        let by_key = self.rows().find(|(key, _)| slug(key) == wanted);
        by_key.or_else(|| {
            self.rows()
                .find(|(_, row)| names(row).iter().any(|name| slug(name) == wanted))
        })
    }

    /// The platform that was probably meant by what names none: `gong.io`, `Fathon`, `Teams`, `Wingman`.
    pub fn nearest(&self, written: &str) -> Option<(&str, &PlatformRow)> {
        let keys: Vec<&str> = self.rows().map(|(key, _)| key).collect();
        let keys: Vec<&str> = keys.into_iter().filter(|key| *key != OTHER).collect();
        let by_key = words::nearest_platform(written, &keys);
        let key = by_key.or_else(|| {
            let named = self.rows().filter(|(key, _)| *key != OTHER);
            let named: Vec<(&str, &str)> = named
                .flat_map(|(key, row)| names(row).map(|name| (key, name)))
                .collect();
            let name = words::nearest(written, named.iter().map(|(_, name)| *name));
            name.and_then(|near| named.iter().find(|(_, name)| *name == near))
                .map(|(key, _)| *key)
        });
        let key = key.or_else(|| self.by_word(&slug(written)))?;
        self.rows().find(|(known, _)| *known == key)
    }

    /// The only platform whose name has this word.
    fn by_word(&self, word: &str) -> Option<&str> {
        if word.len() < 4 || COMMON.contains(&word) {
            return None;
        }
        let has = |row: &PlatformRow| slug(&row.name).split('-').any(|part| part == word);
        let mut found = self.rows().filter(|(_, row)| has(row));
        let first = found.next().map(|(key, _)| key);
        first.filter(|_| found.next().is_none())
    }

    fn rows(&self) -> impl Iterator<Item = (&str, &PlatformRow)> {
        let rows = self.platforms.iter();
        rows.map(|(key, row)| (key.as_str(), row))
    }
}

/// The name, and the name without what stands in parentheses behind it.
fn names(row: &PlatformRow) -> [&str; 2] {
    let short = row.name.split_once(" (").map(|(name, _)| name);
    [&row.name, short.unwrap_or(&row.name)]
}
