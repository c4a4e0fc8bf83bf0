//! Who works at the simulated company, and who takes part in its calls.

use super::{
    names,
    population::{Population, USERS, id, stream},
};
use crate::random::{Random, mix};

/// Somebody who was invited to a call or came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Party {
    /// Id within the call.
    pub id: String,
    /// Name.
    pub name: Option<String>,
    /// E-mail address as the API tells it.
    pub email: Option<String>,
    /// Phone number.
    pub phone: Option<String>,
    /// What the person does for a living.
    pub title: Option<&'static str>,
    /// Id of a person who works at the company.
    pub user_id: Option<String>,
    /// How transcripts name the person; `None` for those who did not speak.
    pub speaker_id: Option<String>,
    /// `Internal`, `External`, `Unknown`.
    pub affiliation: &'static str,
    /// Whether the person was invited.
    pub invited: bool,
    /// Whether the person came.
    pub attended: bool,
    /// Id in the CRM.
    pub crm_contact: Option<String>,
}

/// Somebody who works at the company.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// 19 digits.
    pub id: String,
    /// First name.
    pub first_name: &'static str,
    /// Last name.
    pub last_name: &'static str,
    /// E-mail address.
    pub email: String,
    /// What the person does for a living.
    pub title: &'static str,
    /// Whether the person still works there.
    pub active: bool,
}

pub(super) fn user(population: &Population, index: u32) -> User {
    let mut random = Random::new([population.seed, stream::USER, u64::from(index)]);
    let (first_name, last_name) = (
        random.pick(names::FIRST_NAMES),
        random.pick(names::LAST_NAMES),
    );
    User {
        id: population.user_id(index),
        first_name,
        last_name,
        // The number keeps namesakes apart.
        email: format!(
            "{}{index}@{}",
            address(&[first_name, last_name]),
            population.domain
        ),
        title: random.pick(names::JOBS),
        active: !random.one_in(12),
    }
}

/// The parties of a call: mostly two to five, and all the ways in which they are incomplete.
pub(super) fn parties(population: &Population, call: u32, host: u32, customer: &str) -> Vec<Party> {
    let mut random = Random::new([population.seed, stream::PARTIES, u64::from(call)]);
    // Imported calls may have no parties.
    if random.one_in(30) {
        return Vec::new();
    }
    let first_id = mix(population.seed ^ u64::from(call)) >> 32;
    let mut parties = vec![internal(population, host)];
    if random.one_in(3) {
        parties.push(internal(population, (host + 1) % USERS));
    }
    for _ in 0..=random.below(3) {
        parties.push(external(&mut random, customer));
    }
    for (position, party) in (0u64..).zip(&mut parties) {
        party.id = (first_id + position).to_string();
        party.speaker_id = party
            .attended
            .then(|| id(mix(first_id).wrapping_add(position)));
    }
    parties
}

fn internal(population: &Population, index: u32) -> Party {
    let user = user(population, index);
    Party {
        id: String::new(),
        name: Some(format!("{} {}", user.first_name, user.last_name)),
        email: Some(user.email),
        phone: None,
        title: Some(user.title),
        user_id: Some(user.id),
        speaker_id: None,
        affiliation: "Internal",
        invited: true,
        attended: true,
        crm_contact: None,
    }
}

fn external(random: &mut Random, customer: &str) -> Party {
    let (first_name, last_name) = (
        random.pick(names::FIRST_NAMES),
        random.pick(names::LAST_NAMES),
    );
    let email = format!(
        "{}@{}.example",
        address(&[first_name, last_name]),
        address(&[customer]).replace('.', "")
    );
    let party = Party {
        id: String::new(),
        name: Some(format!("{first_name} {last_name}")),
        email: Some(email.clone()),
        phone: None,
        title: random.one_in(2).then(|| random.pick(names::JOBS)),
        user_id: None,
        speaker_id: None,
        affiliation: "External",
        invited: true,
        attended: true,
        crm_contact: random
            .one_in(2)
            .then(|| format!("003{:012}", random.below(1_000_000_000))),
    };
    match random.below(20) {
        // Somebody without an e-mail address.
        0 | 1 => Party {
            email: None,
            ..party
        },
        // A phone, and nobody knows whose.
        2 | 3 => Party {
            name: None,
            email: None,
            phone: Some(format!("+1555010{:04}", random.below(10_000))),
            title: None,
            invited: false,
            affiliation: "Unknown",
            ..party
        },
        // Invited but not there.
        4 | 5 => Party {
            attended: false,
            ..party
        },
        // An address as people type it.
        6 => Party {
            email: Some(email.to_uppercase()),
            ..party
        },
        7 => Party {
            name: None,
            ..party
        },
        8 => Party {
            affiliation: "Unknown",
            invited: false,
            ..party
        },
        _ => party,
    }
}

/// The ASCII letters of the words in lower case, joined by dots.
fn address(words: &[&str]) -> String {
    let words: Vec<String> = words
        .iter()
        .map(|word| {
            let letters = word.chars().filter(char::is_ascii_alphabetic);
            letters.map(|letter| letter.to_ascii_lowercase()).collect()
        })
        .collect();
    words.join(".")
}
