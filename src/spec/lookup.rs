//! Finds a platform by what people call it. One look-up for sentences, flags, forms, files and `matrix`.

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

/// A platform's key and its row.
type Known<'a> = (&'a str, &'a PlatformRow);

impl SupportMatrix {
    /// The platform that a text names, in any capitals and with any marks: by its key or name (`gong`,
    /// `tl;dv`), by words of one name alone (`Teams`, `Wingman`, `ZoomInfo`), or by its beginning (`fire`).
    pub fn find(&self, written: &str) -> Option<(&str, &PlatformRow)> {
        self.named(written)
            .or_else(|| self.worded(written))
            .or_else(|| self.begun(written))
    }

    /// The platform that a text names, or probably means: `gong.io`, `Fathon`, `MS Teams`.
    pub fn nearest(&self, written: &str) -> Option<(&str, &PlatformRow)> {
        self.find(written)
            .or_else(|| self.holding(written))
            .or_else(|| self.spelled(written))
            .or_else(|| self.glued(written))
    }

    /// By the whole key or name. Only this is sure enough for a word that stands anywhere in a sentence.
    pub(super) fn named(&self, written: &str) -> Option<Known<'_>> {
        let wanted = slug(written);
        let by_key = self.rows().find(|(key, _)| slug(key) == wanted);
        by_key.or_else(|| {
            self.rows()
                .find(|(_, row)| names(row).iter().any(|name| slug(name) == wanted))
        })
    }

    /// By words that stand in one name only, those in parentheses included.
    pub(super) fn worded(&self, written: &str) -> Option<Known<'_>> {
        let written = slug(written);
        if !written.split('-').any(is_telling) {
            return None;
        }
        self.only(|key, row| {
            let own = format!("{key}-{}", slug(&row.name));
            let is_own = |word: &str| own.split('-').any(|part| part == word);
            written.split('-').all(is_own)
        })
    }

    fn begun(&self, written: &str) -> Option<Known<'_>> {
        let begin = slug(written);
        if begin.len() < 3 || COMMON.contains(&begin.as_str()) {
            return None;
        }
        self.only(|key, row| {
            let mut own = [key.to_owned(), slug(&row.name)].into_iter();
            own.any(|name| joined(&name).starts_with(&joined(&begin)))
        })
    }

    /// By a whole key, or else a telling word, among other words: `https://app.gong.io`, `MS Teams`.
    fn holding(&self, written: &str) -> Option<Known<'_>> {
        let written = slug(written);
        let held = self.rows().filter(|(key, _)| {
            *key != OTHER && format!("-{written}-").contains(&format!("-{key}-"))
        });
        held.max_by_key(|(key, _)| key.len())
            .or_else(|| written.split('-').find_map(|word| self.worded(word)))
    }

    /// By a spelling that is near to a key, a name or a telling word of one.
    fn spelled(&self, written: &str) -> Option<Known<'_>> {
        let near = |named: Vec<(&str, String)>| {
            let name = words::nearest(written, named.iter().map(|(_, name)| name.as_str()))?;
            let (key, _) = named.iter().find(|(_, known)| known == name)?;
            self.rows().find(|(known, _)| known == key)
        };
        let rows = || self.rows().filter(|(key, _)| *key != OTHER);
        let keys = rows().map(|(key, _)| (key, key.to_owned()));
        let parts = rows().flat_map(|(key, row)| {
            let name = slug(&row.name);
            let parts = name.split('-').filter(|part| is_telling(part));
            let parts: Vec<_> = parts.map(|part| (key, part.to_owned())).collect();
            parts
        });
        let whole = rows().flat_map(|(key, row)| names(row).map(|name| (key, name.to_owned())));
        near(keys.chain(parts).collect()).or_else(|| near(whole.collect()))
    }

    /// By a key with something glued to it: `gongio`.
    fn glued(&self, written: &str) -> Option<Known<'_>> {
        let written = joined(&slug(written));
        self.only(|key, _| written.starts_with(&joined(key)))
    }

    /// The one platform, besides [`OTHER`], of which something holds.
    fn only(&self, holds: impl Fn(&str, &PlatformRow) -> bool) -> Option<Known<'_>> {
        let mut found = self
            .rows()
            .filter(|(key, row)| *key != OTHER && holds(key, row));
        let first = found.next();
        first.filter(|_| found.next().is_none())
    }

    fn rows(&self) -> impl Iterator<Item = Known<'_>> {
        let rows = self.platforms.iter();
        rows.map(|(key, row)| (key.as_str(), row))
    }
}

/// Whether a word of a name tells the platform.
fn is_telling(word: &str) -> bool {
    word.len() >= 4 && !COMMON.contains(&word)
}

fn joined(slug: &str) -> String {
    slug.replace('-', "")
}

/// The name, and the name without what stands in parentheses behind it.
fn names(row: &PlatformRow) -> [&str; 2] {
    let short = row.name.split_once(" (").map(|(name, _)| name);
    [&row.name, short.unwrap_or(&row.name)]
}

#[cfg(test)]
mod tests {
    use super::SupportMatrix;
    use crate::spec::load_matrix;

    fn matrix() -> SupportMatrix {
        load_matrix("matrix.yaml", include_bytes!("../../matrix.yaml")).expect("it is checked")
    }

    #[test]
    fn names_words_of_names_and_beginnings_are_found() {
        let matrix = matrix();
        for (written, expected) in [
            ("Zoom", Some("zoom")),
            ("ZoomInfo", Some("chorus")),
            ("zoominfo", Some("chorus")),
            ("Chorus by ZoomInfo", Some("chorus")),
            ("Wingman", Some("clari-copilot")),
            ("formerly Wingman", Some("clari-copilot")),
            ("Clari", Some("clari-copilot")),
            ("TEAMS", Some("microsoft-teams")),
            ("Meet", Some("google-meet")),
            ("read", Some("read-ai")),
            ("fire", Some("fireflies")),
            ("tl;dv", Some("tldv")),
            ("Any other platform", Some("other")),
            ("Fathm", None),
            ("Zoom Phone", None),
            ("Google", None),
            ("calls", None),
            ("cla", None),
            ("gr", None),
            ("", None),
        ] {
            let found = matrix.find(written).map(|(key, _)| key);
            assert_eq!(found, expected, "{written}");
        }
    }

    #[test]
    fn what_was_probably_meant_is_near() {
        let matrix = matrix();
        for (written, expected) in [
            ("Fathm", Some("fathom")),
            ("Chrous", Some("chorus")),
            ("gnog", Some("gong")),
            ("Wignman", Some("clari-copilot")),
            ("ZoomInof", Some("chorus")),
            ("gong.io", Some("gong")),
            ("https://app.gong.io/settings", Some("gong")),
            ("Gong API", Some("gong")),
            ("gongio", Some("gong")),
            ("MS Teams", Some("microsoft-teams")),
            ("Zoom Phone", Some("zoom")),
            ("Whizzcall", None),
            ("g", None),
            ("", None),
        ] {
            let found = matrix.nearest(written).map(|(key, _)| key);
            assert_eq!(found, expected, "{written}");
        }
    }
}
