//! JSON written straight into a text: the transcripts of a bench are hundreds of megabytes, which
//! trees of values would make slow.

use std::fmt::{Display, Write as _};

/// An object that is being written.
pub(crate) struct Object<'a> {
    out: &'a mut String,
    empty: bool,
}

impl<'a> Object<'a> {
    /// Writes an object, whose members the function adds.
    pub(crate) fn write(out: &'a mut String, members: impl FnOnce(&mut Self)) {
        out.push('{');
        let mut object = Self { out, empty: true };
        members(&mut object);
        object.out.push('}');
    }

    /// A member whose value the function writes.
    pub(crate) fn member(&mut self, name: &str, value: impl FnOnce(&mut String)) {
        if !self.empty {
            self.out.push(',');
        }
        self.empty = false;
        string(self.out, name);
        self.out.push(':');
        value(self.out);
    }

    /// A member that is a text, or null.
    pub(crate) fn text<'t>(&mut self, name: &str, value: impl Into<Option<&'t str>>) {
        let value = value.into();
        self.member(name, |out| match value {
            Some(text) => string(out, text),
            None => out.push_str("null"),
        });
    }

    /// A member that is written as its `Display` is: a number or a truth value.
    pub(crate) fn plain(&mut self, name: &str, value: impl Display) {
        self.member(name, |out| display(out, value));
    }

    /// A member that is an object.
    pub(crate) fn object(&mut self, name: &str, members: impl FnOnce(&mut Object<'_>)) {
        self.member(name, |out| Object::write(out, members));
    }

    /// A member that is a list of objects.
    pub(crate) fn objects<T>(
        &mut self,
        name: &str,
        items: impl IntoIterator<Item = T>,
        mut members: impl FnMut(&mut Object<'_>, T),
    ) {
        self.member(name, |out| {
            list(out, items, |out, item| {
                Object::write(out, |object| members(object, item));
            });
        });
    }
}

/// A list whose elements the function writes.
pub(crate) fn list<T>(
    out: &mut String,
    items: impl IntoIterator<Item = T>,
    mut element: impl FnMut(&mut String, T),
) {
    out.push('[');
    for (position, item) in items.into_iter().enumerate() {
        if position > 0 {
            out.push(',');
        }
        element(out, item);
    }
    out.push(']');
}

/// A number or a truth value.
pub(crate) fn display(out: &mut String, value: impl Display) {
    write!(out, "{value}").expect("writing to a String cannot fail");
}

/// A text with quotes around it and what JSON demands escaped.
pub(crate) fn string(out: &mut String, text: &str) {
    let must_be_escaped = |byte: u8| (byte < 0x20) | (byte == b'"') | (byte == b'\\');
    out.push('"');
    // Nearly no text has anything to escape, and looking at all of it without a branch is fastest.
    if !text
        .bytes()
        .fold(false, |any, byte| any | must_be_escaped(byte))
    {
        out.push_str(text);
        out.push('"');
        return;
    }
    let mut written = 0;
    for (position, byte) in text.bytes().enumerate() {
        if !must_be_escaped(byte) {
            continue;
        }
        out.push_str(&text[written..position]);
        written = position + 1;
        match byte {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            control => display(out, format_args!("\\u{control:04x}")),
        }
    }
    out.push_str(&text[written..]);
    out.push('"');
}
