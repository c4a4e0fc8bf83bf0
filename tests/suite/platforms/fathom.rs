//! Fathom's fixtures, for keys and for consent, and its night.

use call_import_engine::model::Method;
use jiff::{SignedDuration, ToSpan, civil::date, tz::TimeZone};
use simulator::{
    company::{Call, Party, Population},
    fathom::{MADE_AFTER, is_impromptu},
    faults::{Fault, Rule},
};

use super::{
    fixtures::{Answer, Fact, Fixtures, Promise, answer, can, cannot, refusal},
    nights::{Listed, Night, Person, Said, Told, lower_domain},
};

super::laws::hold!();

const CALLS: &[&str] = &["700100200", "700100201", "700100202", "700100204"];
/// With a recording that cannot be made.
const UNREADABLE: &[&str] = &["700100202", "700100205", "unreadable-17c2501bbcec9825"];
/// One recording is made when it is asked for, and one was made before.
const MEDIA: &[(&str, &str)] = &[
    ("700100200", "https://media.example/d/1?sig=SECRET"),
    ("700100204", "https://media.example/d/4?sig=SECRET"),
];
const WITHOUT_MEDIA: &[&str] = &["700100201"];

fn fixtures() -> Vec<Fixtures> {
    let month = || Fixtures::new("fathom", date(2026, 3, 1), date(2026, 3, 31));
    let mut by_key = promises();
    by_key.extend([
        can("the summary", Fact::Summary),
        can("the speaker of each passage", Fact::SpeakingParticipants),
    ]);
    vec![
        // Both keys see the same meetings, so each comes twice and is one call.
        Fixtures {
            keys: 2,
            answers: answers(&[
                (
                    "meetings-2.json",
                    &["/meetings?", "include_transcript=true", "cursor=eyJ"],
                ),
                ("meetings.json", &["/meetings?", "include_transcript=true"]),
            ]),
            calls: CALLS,
            transcripts: &["700100200", "700100201"],
            media: MEDIA,
            without_media: WITHOUT_MEDIA,
            unreadable: UNREADABLE,
            promises: by_key,
            ..month()
        },
        Fixtures {
            method: Method::Oauth,
            answers: answers(&[
                ("bare-2.json", &["/meetings?", "cursor=eyJ"]),
                ("bare.json", &["/meetings?"]),
            ]),
            calls: CALLS,
            transcripts: &["700100200"],
            without_transcript: &["700100204"],
            media: MEDIA,
            without_media: WITHOUT_MEDIA,
            // A transcript, besides.
            unreadable: &[
                "700100202",
                "700100202",
                "700100205",
                "unreadable-17c2501bbcec9825",
            ],
            promises: promises(),
            ..month()
        },
    ]
}

fn answers(listing: &[(&str, &'static [&'static str])]) -> Vec<Answer> {
    let listing = listing
        .iter()
        .map(|(file, needles)| answer(needles, &format!("fathom/{file}")));
    listing
        .chain([
            answer(&["/external/v1/teams"], "fathom/teams.json"),
            answer(
                &["/recordings/700100200/transcript"],
                "fathom/transcript.json",
            ),
            answer(
                &["/recordings/700100201/transcript"],
                "fathom/not-ready.json",
            ),
            answer(
                &["/recordings/700100202/transcript"],
                "fathom/unreadable.json",
            ),
            refusal(
                &["/recordings/700100204/transcript"],
                403,
                "fathom/not-ready.json",
            ),
            refusal(
                &["POST ", "/recordings/700100200/download"],
                202,
                "fathom/download.json",
            ),
            answer(
                &[
                    "GET ",
                    "/recordings/700100200/downloads/dl_madeUpDownloadId01",
                ],
                "fathom/download-made.json",
            ),
            refusal(
                &["POST ", "/recordings/700100201/download"],
                422,
                "fathom/no-media.json",
            ),
            refusal(
                &["POST ", "/recordings/700100202/download"],
                202,
                "fathom/download-failed.json",
            ),
            refusal(
                &["POST ", "/recordings/700100204/download"],
                202,
                "fathom/download-sound.json",
            ),
        ])
        .collect()
}

fn promises() -> Vec<Promise> {
    vec![
        can("with its title", Fact::Title),
        can("date", Fact::Start),
        can("length", Fact::Duration),
        can("participants", Fact::Participants),
        can("the second at which it begins", Fact::StartTimes),
        can("Tell your own people", Fact::Affiliation),
        can("contacts, companies and deals", Fact::CrmLinks),
        can("through the link on each call", Fact::Link),
        cannot("Telephone numbers", Fact::Phones),
        can("a copy of each recording", Fact::Recording),
    ]
}

super::nights::spend!();

fn night() -> Night {
    Night {
        demo: simulator::fathom::DEMO,
        lines: "",
        planned,
        told,
        mishap: || {
            Rule::new(Fault::CursorExpired)
                .when(|entry| entry.summary.cursor)
                .skip(2)
                .once()
        },
        // The window is listed again: at most 50 pages, of 500 calls in 90 days.
        mishap_costs: 50,
        refused_after: 1,
    }
}

/// fathom.md section 9, plan A: the proof of the key, and for each window of at most 90 days the pages of ten
/// meetings made from an hour before it until a day after it.
fn planned(listed: &Listed, population: &Population) -> usize {
    let (from, mut to) = (date(2026, 5, 1), date(2026, 11, 1));
    let midnight = |day| {
        TimeZone::UTC
            .to_timestamp(jiff::civil::DateTime::from(day))
            .unwrap()
    };
    let mut requests = 1;
    let mut windows = 0;
    while to > from {
        let start = to.saturating_sub(90.days()).max(from);
        let after = midnight(start) - SignedDuration::from_hours(1) - MADE_AFTER;
        let before = midnight(to) + SignedDuration::from_hours(24) - MADE_AFTER;
        let made = population.between(Some(after), Some(before)).len();
        requests += made.div_ceil(10).max(1);
        windows += 1;
        to = start;
    }
    assert_eq!(windows, listed.windows.len());
    requests
}

/// A simulated call as Fathom tells it: whole seconds, a line a turn, nobody's phone, and of those who came only
/// those who spoke.
pub(crate) fn told(population: &Population, call: &Call) -> Told {
    let start_s = call.start.as_second();
    let mut told = Told {
        started_at: Some(start_s * 1_000),
        duration_ms: Told::of(call).duration_ms.filter(|_| call.tells_start),
        ..Told::of(call)
    };
    let mut voices = Voices::of(call);
    let turns = population.turns(call);
    for turn in turns.iter().filter(|_| Told::is_transcribed(call)) {
        let party = call
            .parties
            .iter()
            .find(|party| party.speaker_id.is_some() && party.speaker_id == turn.speaker_id);
        let stranger = turn.speaker_id.as_ref().map(|_| "Speaker 1".to_owned());
        let speaker = party.and_then(label).or(stranger);
        let invited = party.filter(|party| is_invited(call, party));
        let email = invited
            .and_then(|party| party.email.as_deref())
            .map(lower_domain);
        voices.hear(email.as_deref(), speaker.as_deref());
        let texts: Vec<&str> = turn
            .sentences
            .iter()
            .map(|said| said.text.as_str())
            .collect();
        let start_ms = turn.sentences[0].start_ms / 1_000 * 1_000;
        if let Some(before) = told.segments.last_mut() {
            before.end_ms = Some(start_ms);
        }
        told.segments.push(Said {
            speaker,
            start_ms: Some(start_ms),
            end_ms: told.duration_ms,
            text: texts.join(" "),
        });
    }
    told.participants = voices.0.into_iter().map(|(_, person)| person).collect();
    told
}

/// The same by consent: transcripts come after the listing, and nobody who speaks in one is added to it.
pub(super) fn told_by_consent(population: &Population, call: &Call) -> Told {
    let listed = Voices::of(call).0.into_iter();
    Told {
        participants: listed.map(|(_, person)| person).collect(),
        ..told(population, call)
    }
}

/// Participants, each with the name under which it speaks.
struct Voices(Vec<(Option<String>, Person)>);

impl Voices {
    fn of(call: &Call) -> Self {
        let mut voices = Self(Vec::new());
        for party in call.parties.iter().filter(|party| is_invited(call, party)) {
            let speaks = party.speaker_id.is_some() && Told::is_transcribed(call);
            voices.add(party, label(party).filter(|_| speaks));
        }
        match call.parties.first() {
            Some(party) => voices.add(party, None),
            None => voices.0.push((None, recorder())),
        }
        voices
    }

    fn add(&mut self, party: &Party, voice: Option<String>) {
        let email = party.email.as_deref().map(lower_domain);
        if email.is_some() && self.with_email(email.as_deref()).is_some() {
            return;
        }
        let person = Person {
            name: party.name.clone(),
            email,
            affiliation: party.affiliation.to_lowercase(),
            ..Person::default()
        };
        self.0.push((voice, person));
    }

    fn hear(&mut self, email: Option<&str>, speaker: Option<&str>) {
        let Some(speaker) = speaker else { return };
        let is_theirs = |(voice, _): &(Option<String>, Person)| voice.as_deref() == Some(speaker);
        let named =
            |(_, person): &(Option<String>, Person)| person.name.as_deref() == Some(speaker);
        let position = self
            .with_email(email)
            .or_else(|| self.0.iter().position(is_theirs))
            .or_else(|| self.0.iter().position(named));
        match position {
            Some(position) => self.0[position].1.attended = Some(true),
            None => {
                let person = Person {
                    name: Some(speaker.to_owned()),
                    affiliation: "unknown".into(),
                    attended: Some(true),
                    ..Person::default()
                };
                self.0.push((Some(speaker.to_owned()), person));
            }
        }
    }

    fn with_email(&self, email: Option<&str>) -> Option<usize> {
        let email = email?;
        self.0.iter().position(|(_, person)| {
            person
                .email
                .as_deref()
                .is_some_and(|own| own.eq_ignore_ascii_case(email))
        })
    }
}

fn is_invited(call: &Call, party: &Party) -> bool {
    !is_impromptu(call) && party.invited && (party.name.is_some() || party.email.is_some())
}

fn label(party: &Party) -> Option<String> {
    let name = party.name.clone().or(party.email.clone());
    name.or(party.phone.clone())
}

fn recorder() -> Person {
    Person {
        name: Some("Robin Recorder".into()),
        email: Some("robin@demo.example".into()),
        affiliation: "internal".into(),
        ..Person::default()
    }
}
