//! Who was invited, who recorded, and who spoke. Fathom does not tell who came.

use serde::Deserialize;

use super::{
    listing::Meeting,
    transcripts::{Line, Speaker},
};
use crate::{
    model::{Affiliation, Participant, Role},
    platforms::{Setup, fields},
};

/// An invited person, or the one who recorded.
#[derive(Deserialize)]
pub(super) struct Person {
    pub(super) name: Option<String>,
    pub(super) email: Option<String>,
    is_external: Option<bool>,
    /// Told only with a transcript.
    matched_speaker_display_name: Option<String>,
}

/// The participants of a call, to whom its voices are matched.
#[derive(Default)]
pub(super) struct People {
    pub(super) participants: Vec<Participant>,
    /// Under which name each speaks, where Fathom knows.
    voices: Vec<Option<String>>,
}

impl People {
    /// The invited, then whoever recorded, who may not be invited: nobody is to an impromptu meeting.
    pub(super) fn of(meeting: &Meeting, setup: &Setup) -> Self {
        let mut people = Self {
            participants: Vec::new(),
            voices: Vec::new(),
        };
        let host = meeting.recorded_by.as_ref();
        let host_email = host
            .and_then(|host| host.email.as_deref())
            .and_then(fields::email);
        for person in &meeting.calendar_invitees {
            people.add(person, Role::Attendee, setup);
        }
        let invited = people.with_email(host_email.as_deref());
        match (host, invited) {
            (_, Some(position)) => people.participants[position].role = Role::Host,
            (Some(host), None) => people.add(host, Role::Host, setup),
            (None, None) => {}
        }
        people
    }

    /// Whoever speaks was there. A voice that belongs to nobody becomes a participant known by name only.
    pub(super) fn hear(&mut self, lines: &[Line]) {
        for speaker in lines.iter().filter_map(|line| line.speaker.as_ref()) {
            match self.position(speaker) {
                Some(position) => self.participants[position].attended = Some(true),
                None => {
                    let Some(name) = fields::text(speaker.display_name.clone()) else {
                        continue;
                    };
                    self.voices.push(Some(name.clone()));
                    self.participants.push(Participant {
                        name: Some(name),
                        email: None,
                        phone: None,
                        title: None,
                        role: Role::Attendee,
                        affiliation: Affiliation::Unknown,
                        attended: Some(true),
                    });
                }
            }
        }
    }

    /// Whose voice it is: by the address that Fathom matched, by the name it matched, or by a name that only
    /// one of them has.
    pub(super) fn position(&self, speaker: &Speaker) -> Option<usize> {
        let email = speaker.matched_calendar_invitee_email.as_deref();
        if let Some(position) = self.with_email(email.and_then(fields::email).as_deref()) {
            return Some(position);
        }
        let name = speaker.display_name.as_deref()?.trim();
        let told = self
            .voices
            .iter()
            .position(|voice| voice.as_deref() == Some(name));
        told.or_else(|| {
            let named = |person: &Participant| person.name.as_deref() == Some(name);
            let position = self.participants.iter().position(named)?;
            let is_only_one = !self.participants[position + 1..].iter().any(named);
            is_only_one.then_some(position)
        })
    }

    /// Adds a person, unless somebody has the same address.
    fn add(&mut self, person: &Person, role: Role, setup: &Setup) {
        let email = person.email.as_deref().and_then(fields::email);
        if self.with_email(email.as_deref()).is_some() {
            return;
        }
        let told = match (person.is_external, role) {
            (Some(true), _) => Affiliation::External,
            // Recordings by people from outside are not listed.
            (Some(false), _) | (None, Role::Host) => Affiliation::Internal,
            (None, _) => Affiliation::Unknown,
        };
        self.voices
            .push(fields::text(person.matched_speaker_display_name.clone()));
        self.participants.push(Participant {
            affiliation: fields::affiliation(told, email.as_deref(), &setup.internal_domains),
            name: fields::text(person.name.clone()),
            email,
            phone: None,
            title: None,
            role,
            attended: None,
        });
    }

    fn with_email(&self, email: Option<&str>) -> Option<usize> {
        let email = email?;
        self.participants.iter().position(|person| {
            let own = person.email.as_deref();
            own.is_some_and(|own| own.eq_ignore_ascii_case(email))
        })
    }
}
