//! Who was in a call, where all of them stand in one cell.

use crate::{
    files::text,
    model::{Affiliation, Participant, Role},
};

/// People of a cell.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::files) struct People {
    /// In the cell's order; each e-mail address once.
    pub(in crate::files) list: Vec<Participant>,
    /// Whether commas were taken for the end of a name that could be part of one, as in `Lind, Bo`.
    pub(in crate::files) doubtful: bool,
}

/// Reads a cell such as `Bo Lind <bo@northwind.example>; Ines Duarte (ines@oursidelta.example)`.
pub(in crate::files) fn people(cell: &str) -> People {
    let strong = parts(cell, |c| matches!(c, ';' | '|' | '\n'));
    let by_comma = strong.len() < 2;
    let parts = if by_comma {
        parts(cell, |c| c == ',')
    } else {
        strong
    };
    let mut people = People::default();
    for part in &parts {
        let Some(person) = person(part) else {
            continue;
        };
        let single = person.email.is_none() && !part.contains(char::is_whitespace);
        people.doubtful |= by_comma && parts.len() > 1 && single;
        if !people.list.iter().any(|known| same_address(known, &person)) {
            people.list.push(person);
        }
    }
    people
}

/// Reads a cell that holds one person, whose name may have a comma.
pub(in crate::files) fn one(cell: &str) -> Option<Participant> {
    person(&cell.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// Adds the host to the people of the call, or gives one of them the role.
pub(in crate::files) fn add_host(people: &mut Vec<Participant>, host: Participant) {
    let by_name = |person: &Participant| {
        host.email.is_none() && host.name.is_some() && person.name == host.name
    };
    // Two of the same name cannot be told apart.
    let named = people.iter().filter(|person| by_name(person)).count();
    let found = people
        .iter_mut()
        .find(|person| same_address(person, &host) || named == 1 && by_name(person));
    match found {
        Some(person) => {
            person.role = Role::Host;
            person.name = person.name.take().or(host.name);
        }
        None => people.insert(
            0,
            Participant {
                role: Role::Host,
                ..host
            },
        ),
    }
}

fn same_address(one: &Participant, other: &Participant) -> bool {
    match (&one.email, &other.email) {
        (Some(one), Some(other)) => one.eq_ignore_ascii_case(other),
        (_, _) => false,
    }
}

/// Cuts at separators that do not stand within quotation marks or brackets.
fn parts(cell: &str, is_separator: impl Fn(char) -> bool) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut start, mut depth, mut quoted) = (0, 0_usize, false);
    // A mark that is never closed holds nothing together.
    let quotes = cell.matches('"').count().is_multiple_of(2);
    let brackets = cell.matches(['<', '(']).count() == cell.matches(['>', ')']).count();
    for (index, character) in cell.char_indices() {
        match character {
            '"' if quotes => quoted = !quoted,
            '<' | '(' if brackets => depth += 1,
            '>' | ')' if brackets => depth = depth.saturating_sub(1),
            _ if is_separator(character) && depth == 0 && !quoted => {
                parts.push(&cell[start..index]);
                start = index + character.len_utf8();
            }
            _ => {}
        }
    }
    parts.push(&cell[start..]);
    let parts = parts.into_iter().map(text::trim);
    parts.filter(|part| !part.is_empty()).collect()
}

/// `Name <mail>`, `Name (mail)`, `Name mail`, a mail, a telephone number, or a name.
fn person(part: &str) -> Option<Participant> {
    let (before, last) = match part.rsplit_once(['<', '(', '[']) {
        Some((before, last)) => (before, last.trim_end_matches(['>', ')', ']'])),
        None => part.rsplit_once(char::is_whitespace).unwrap_or(("", part)),
    };
    let last = last.trim();
    let last = last.strip_prefix("mailto:").unwrap_or(last);
    let (name, email) = match email(last) {
        Some(email) => (before, Some(email)),
        None => (part, None),
    };
    let name = text::trim(name).trim_matches(['"', '\'']).trim();
    let phone = (email.is_none() && is_phone(name)).then(|| name.to_owned());
    let name = (phone.is_none() && name.contains(char::is_alphanumeric)).then(|| name.to_owned());
    if name.is_none() && email.is_none() && phone.is_none() {
        return None;
    }
    Some(Participant {
        // Some exports write the address twice.
        name: name.filter(|name| {
            email
                .as_ref()
                .is_none_or(|email| !name.eq_ignore_ascii_case(email))
        }),
        email,
        phone,
        title: None,
        role: Role::Attendee,
        affiliation: Affiliation::Unknown,
        attended: None,
    })
}

/// An e-mail address, domain in lower case.
fn email(text: &str) -> Option<String> {
    let (local, domain) = text.rsplit_once('@')?;
    let plain = |part: &str| {
        !part.is_empty()
            && !part.contains(|c: char| c.is_whitespace() || matches!(c, '@' | '<' | '>' | '"'))
    };
    (plain(local) && plain(domain)).then(|| format!("{local}@{}", domain.to_lowercase()))
}

fn is_phone(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let allowed =
        |c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | ' ' | '(' | ')' | '/' | '.');
    (7..=15).contains(&digits) && text.chars().all(allowed)
}
