//! A parsed file: its value, and where each part of it stands.

use std::collections::BTreeMap;

use serde_json::Value;

/// A place in a file as people count: from 1, columns in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Position {
    pub(super) line: usize,
    pub(super) column: usize,
}

impl Position {
    /// Where findings about a whole file stand.
    pub(super) const START: Self = Self { line: 1, column: 1 };
}

/// A parsed file. JSON pointers name its parts.
#[derive(Debug, Default)]
pub(super) struct Document {
    pub(super) value: Value,
    places: BTreeMap<String, Place>,
}

/// Where one value stands, and how it was written.
#[derive(Debug)]
struct Place {
    key: Option<Position>,
    value: Position,
    scalar: Option<Scalar>,
}

/// A scalar as written, before it was read as a number, a date or anything else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Scalar {
    pub(super) text: String,
    pub(super) style: Style,
}

/// How a scalar is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// Without quotes.
    Plain,
    /// In single or double quotes.
    Quoted,
    /// Behind `|` or `>`.
    Block,
}

impl Document {
    /// Remembers where the value at `pointer` stands.
    pub(super) fn place(
        &mut self,
        pointer: &str,
        key: Option<Position>,
        value: Position,
        scalar: Option<Scalar>,
    ) {
        self.places
            .insert(pointer.to_owned(), Place { key, value, scalar });
    }

    /// Where the value stands; its nearest ancestor if there is no such value.
    pub(super) fn value_position(&self, pointer: &str) -> Position {
        self.nearest(pointer).map_or(Position::START, |place| {
            match (&place.scalar, place.key) {
                // An empty value has no place of its own: the parser puts it where the next thing begins.
                (Some(scalar), Some(key))
                    if scalar.text.is_empty() && scalar.style == Style::Plain =>
                {
                    key
                }
                _ => place.value,
            }
        })
    }

    /// Where the key of a value stands; the value itself in a list, or the nearest ancestor.
    pub(super) fn key_position(&self, pointer: &str) -> Position {
        self.nearest(pointer)
            .map_or(Position::START, |place| place.key.unwrap_or(place.value))
    }

    /// The scalar as written.
    pub(super) fn scalar(&self, pointer: &str) -> Option<&Scalar> {
        self.places.get(pointer)?.scalar.as_ref()
    }

    fn nearest(&self, pointer: &str) -> Option<&Place> {
        let mut pointer = pointer;
        loop {
            if pointer.is_empty() {
                // The root is the whole file, wherever its first key stands.
                return None;
            }
            if let Some(place) = self.places.get(pointer) {
                return Some(place);
            }
            pointer = parent(pointer);
        }
    }
}

/// The pointer one step up; empty for the root.
pub(super) fn parent(pointer: &str) -> &str {
    pointer.rfind('/').map_or("", |slash| &pointer[..slash])
}

/// The pointer one step down.
pub(super) fn child(pointer: &str, key: &str) -> String {
    let escaped = key.replace('~', "~0").replace('/', "~1");
    format!("{pointer}/{escaped}")
}

/// The last step of a pointer, as the key was written; a number in a list.
pub(super) fn last(pointer: &str) -> String {
    let escaped = pointer.rsplit('/').next().unwrap_or_default();
    escaped.replace("~1", "/").replace("~0", "~")
}

/// Takes the value at `pointer` out of `root`. What is not there is not missed.
pub(super) fn remove(root: &mut Value, pointer: &str) {
    if pointer.is_empty() {
        *root = Value::Object(serde_json::Map::new());
        return;
    }
    match root.pointer_mut(parent(pointer)) {
        Some(Value::Object(map)) => {
            map.remove(&last(pointer));
        }
        // Null and not removed, so that the pointers of later entries stay true.
        Some(Value::Array(items)) => {
            let index: Option<usize> = last(pointer).parse().ok();
            if let Some(item) = index.and_then(|index| items.get_mut(index)) {
                *item = Value::Null;
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_missing_value_stands_where_its_nearest_ancestor_stands() {
        let mut document = Document::default();
        let period = Position { line: 3, column: 9 };
        document.place("/period", None, period, None);
        assert_eq!(document.value_position("/period/from/0"), period);
        assert_eq!(document.value_position("/customer"), Position::START);
    }

    #[test]
    fn pointers_escape_slashes_and_tildes() {
        let pointer = child("/options", "a/b~c");
        assert_eq!(pointer, "/options/a~1b~0c");
        assert_eq!(last(&pointer), "a/b~c");
        assert_eq!(parent(&pointer), "/options");
        let mut value = json!({"options": {"a/b~c": 1}, "files": ["x", "y"]});
        remove(&mut value, &pointer);
        remove(&mut value, "/files/0");
        remove(&mut value, "/nothing/here");
        assert_eq!(value, json!({"options": {}, "files": [null, "y"]}));
    }
}
