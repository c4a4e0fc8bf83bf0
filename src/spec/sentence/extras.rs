//! What a sentence says besides the required fields: what to import of each call, and which files.

use super::{Part, Reader};
use crate::spec::{
    Include,
    said::{self, amount},
};

impl Reader<'_> {
    /// `with recordings`, `incl. media`, `audio and video`, `without video`, `with transcripts`.
    pub(super) fn include_at(&self, at: usize) -> Option<(usize, Part)> {
        let words = self.words(at);
        let (lead, is_wanted) = match words.as_slice() {
            [
                "with" | "including" | "include" | "includes" | "incl" | "plus" | "and" | "&",
                ..,
            ] => (1, true),
            ["without" | "no" | "excluding" | "excl", ..] => (1, false),
            _ => (0, true),
        };
        let lead = lead + usize::from(lead > 0 && is_article(words.get(lead)));
        let (length, parts) = list(&words[lead..])?;
        let has_media = parts.contains(&Include::Media);
        // Alone, `recordings` and `transcripts` are what is counted, and capitals begin a name.
        let is_plain = match words[0] {
            _ if lead == 0 => {
                let is_list = parts.len() > 1 || self.is_a_clause(at);
                let is_small = self.tokens[at].text == words[0];
                let is_counted = amount::is_noun(words[0]);
                is_list && is_small && !is_counted
            }
            "and" | "&" | "no" | "without" => has_media,
            _ => true,
        };
        is_plain.then_some((lead + length, Part::Include(is_wanted && has_media)))
    }

    /// `files/initech/*.srt`, and the words that lead to it.
    pub(super) fn files_at(&self, at: usize) -> Option<(usize, Part)> {
        let leads = |word: &&str| {
            matches!(
                *word,
                "as" | "at" | "below" | "exported" | "file" | "files" | "from" | "in" | "under"
            )
        };
        let tokens = &self.tokens[at..];
        let lead = tokens
            .iter()
            .take_while(|token| !token.is_path && leads(&token.lower.as_str()))
            .count();
        let path = tokens.get(lead).filter(|token| token.is_path)?;
        let path = path.text.strip_prefix("requests/").unwrap_or(path.text);
        Some((lead + 1, Part::Files(path.to_owned())))
    }

    /// Whether a word stands alone between two marks.
    fn is_a_clause(&self, at: usize) -> bool {
        self.tokens[at].opens && self.tokens.get(at + 1).is_none_or(|next| next.opens)
    }
}

fn is_article(word: Option<&&str>) -> bool {
    word.is_some_and(|word| matches!(*word, "the" | "their" | "all" | "both" | "any"))
}

/// Parts of calls with `and` between them, and the words that they are made of. `video calls` are calls.
fn list(words: &[&str]) -> Option<(usize, Vec<Include>)> {
    let mut parts = vec![said::include(words.first()?)?];
    let mut length = 1;
    loop {
        let joint = usize::from(matches!(
            words.get(length),
            Some(&("and" | "&" | "or" | "+" | "/"))
        ));
        let next = words
            .get(length + joint)
            .and_then(|word| said::include(word));
        let Some(part) = next else { break };
        parts.push(part);
        length += joint + 1;
    }
    match words.get(length) {
        Some(&("call" | "calls" | "meeting" | "meetings" | "conversation" | "conversations")) => {
            None
        }
        Some(&("file" | "files")) if parts.contains(&Include::Media) => Some((length + 1, parts)),
        _ => Some((length, parts)),
    }
}
