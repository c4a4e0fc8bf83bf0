//! How answers of a platform look that a customer's script saved to files, so that they are read by the mapper that
//! reads answers.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::fields;

/// Where an answer holds calls and transcripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SavedAnswers {
    /// The keys that lead to the calls of a listing, outermost first.
    pub calls: &'static [&'static str],
    /// The keys that lead to the call in an answer about one; empty where such an answer is the call itself.
    pub call: &'static [&'static str],
    /// A key that every call has, by which one that stands alone is known.
    pub call_key: &'static str,
    /// Transcripts, where they are asked for apart from calls.
    pub transcripts: Option<SavedTranscripts>,
}

/// Where an answer to a request for transcripts holds them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SavedTranscripts {
    /// In a list under a key. Each tells its call under another key.
    Listed {
        /// The key of the list.
        list: &'static str,
        /// The key of the call's id.
        id: &'static str,
    },
    /// The answer is the transcript of one call, and the key holds what was said in it.
    Single {
        /// The key of what was said.
        said: &'static str,
        /// The key of the call's id, which may be missing; `None` if no answer tells it.
        id: Option<&'static str>,
    },
    /// The answer is a bare list of what was said in one call, and does not tell in which. Each part of it has this
    /// key.
    Bare {
        /// A key of each part.
        part: &'static str,
    },
}

/// The members of a JSON object, as they stand.
pub type Members<'a> = BTreeMap<String, &'a RawValue>;

impl SavedAnswers {
    /// The calls of an answer to a listing, of an answer about one call, or of a call taken out of one, as the answer
    /// to a listing that holds nothing else; `None` if the object is none of these.
    pub fn listing(&self, object: &RawValue, members: &Members<'_>) -> Option<String> {
        let is_list = |list: &&RawValue| list.get().starts_with('[');
        let list = match at(members, self.calls).filter(is_list) {
            Some(list) => list.get().to_owned(),
            None => format!("[{}]", self.only_call(object, members)?.get()),
        };
        let wrap = |inner: String, key: &&str| format!("{{\"{key}\":{inner}}}");
        Some(self.calls.iter().rev().fold(list, wrap))
    }

    fn only_call<'a>(&self, object: &'a RawValue, members: &Members<'a>) -> Option<&'a RawValue> {
        let is_object = |call: &&RawValue| call.get().starts_with('{');
        at(members, self.call)
            .filter(is_object)
            .or_else(|| members.contains_key(self.call_key).then_some(object))
    }

    /// The calls whose transcripts an answer holds, and the answer; `None` if it is no answer of transcripts.
    pub fn transcripts(
        &self,
        object: &RawValue,
        members: &Members<'_>,
    ) -> Option<(Vec<String>, String)> {
        let whole = object.get().to_owned();
        match self.transcripts? {
            SavedTranscripts::Listed { list, id } => {
                let Some(listed) = members.get(list) else {
                    // One that was taken out of its list.
                    let id = id_at(members, id)?;
                    return Some((vec![id], format!("{{\"{list}\":[{whole}]}}")));
                };
                let listed: Vec<Members<'_>> = serde_json::from_str(listed.get()).ok()?;
                Some((
                    listed.iter().filter_map(|one| id_at(one, id)).collect(),
                    whole,
                ))
            }
            SavedTranscripts::Single { said, id } => {
                let is_said = members.get(said)?.get().starts_with('[');
                // A call that brings its transcript along is more than a transcript.
                if !is_said || members.contains_key(self.call_key) {
                    return None;
                }
                let id = id.and_then(|id| id_at(members, id)).unwrap_or_default();
                Some((vec![id], whole))
            }
            SavedTranscripts::Bare { .. } => None,
        }
    }
}

/// An id as text, whether it is written as one or as a number.
fn id_at(members: &Members<'_>, key: &str) -> Option<String> {
    let mut json = serde_json::Deserializer::from_str(members.get(key)?.get());
    fields::optional_id(&mut json).ok()?
}

/// What stands under keys, one within the other.
fn at<'a>(members: &Members<'a>, keys: &[&str]) -> Option<&'a RawValue> {
    let (first, rest) = keys.split_first()?;
    let value = *members.get(*first)?;
    if rest.is_empty() {
        return Some(value);
    }
    at(&serde_json::from_str(value.get()).ok()?, rest)
}
