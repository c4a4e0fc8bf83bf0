//! Gong's fixtures and night: the model for the others.

use std::collections::BTreeMap;

use call_import_engine::model::Method;
use jiff::civil::date;
use serde_json::json;
use simulator::{
    company::{Call, Party, Population},
    faults::{Fault, Rule},
};

use super::{
    fixtures::{Fact, Fixtures, answer, can},
    nights::{Night, Person, Said, Told, lower_domain},
};

super::laws::hold!();

/// By OAuth the same answers come.
fn fixtures() -> Vec<Fixtures> {
    [Method::Api, Method::Oauth].map(by).into()
}

fn by(method: Method) -> Fixtures {
    Fixtures {
        method,
        options: json!({"workspace_id": "623457276584334"}),
        answers: vec![
            answer(&["GET /v2/workspaces"], "gong/workspaces.json"),
            answer(
                &["POST /v2/calls/extensive", r#""media":true"#],
                "gong/media.json",
            ),
            answer(
                &["POST /v2/calls/extensive", r#""cursor":"next-page""#],
                "gong/extensive-2.json",
            ),
            answer(&["POST /v2/calls/extensive"], "gong/extensive.json"),
            answer(&["POST /v2/calls/transcript"], "gong/transcript.json"),
        ],
        calls: &[
            "7782342274025937895",
            "98765432109876543",
            "11",
            "9007199254740993",
            "21",
        ],
        transcripts: &["7782342274025937895", "9007199254740993"],
        media: &[
            (
                "7782342274025937895",
                "https://media.example/v1?signature=SECRET",
            ),
            (
                "98765432109876543",
                "https://media.example/a2?signature=SECRET",
            ),
        ],
        // Gong answers without it. Two more are listed without sound and pictures.
        without_media: &["9007199254740993"],
        unreadable: &["12", "unreadable-a4f14cf4b688620f"],
        promises: vec![
            can("with its title", Fact::Title),
            can("date", Fact::Start),
            can("length", Fact::Duration),
            can("participants", Fact::Participants),
            can(
                "with the speaker of each sentence",
                Fact::SpeakingParticipants,
            ),
            can("Tell your own people", Fact::Affiliation),
            can("through the link on each call", Fact::Link),
            can("a copy of each recording", Fact::Recording),
        ],
        ..Fixtures::new("gong", date(2026, 3, 1), date(2026, 3, 31))
    }
}

super::nights::spend!();

fn night() -> Night {
    Night {
        demo: simulator::gong::DEMO,
        lines: "",
        // gong.md section 9, without the users, whose names come with the parties.
        planned: |listed, _| {
            let pages: usize = listed
                .windows
                .iter()
                .map(|calls| calls.div_ceil(100).max(1))
                .sum();
            1 + pages + listed.calls.div_ceil(100)
        },
        told,
        mishap: || {
            Rule::new(Fault::CursorExpired)
                .when(|entry| entry.summary.cursor)
                .skip(2)
                .once()
        },
        // The window is listed again: at most 5 pages, of 500 calls in 90 days.
        mishap_costs: 5,
        refused_after: 1,
    }
}

/// A simulated call as Gong's API tells it.
pub(crate) fn told(population: &Population, call: &Call) -> Told {
    let label = |party: &Party| {
        party
            .name
            .clone()
            .or(party.email.clone())
            .or(party.phone.clone())
    };
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    for party in &call.parties {
        names.extend(party.speaker_id.clone().zip(label(party)));
    }
    let mut told = Told {
        participants: call
            .parties
            .iter()
            .map(|party| Person {
                name: party.name.clone(),
                email: party.email.as_deref().map(lower_domain),
                phone: party.phone.clone(),
                affiliation: party.affiliation.to_lowercase(),
                attended: Some(party.attended),
            })
            .collect(),
        ..Told::of(call)
    };
    for turn in population
        .turns(call)
        .into_iter()
        .filter(|_| Told::is_transcribed(call))
    {
        let speaker = turn
            .speaker_id
            .map(|id| names.get(&id).cloned().unwrap_or(id));
        told.segments
            .extend(turn.sentences.into_iter().map(|sentence| Said {
                speaker: speaker.clone(),
                start_ms: Some(sentence.start_ms),
                end_ms: Some(sentence.end_ms),
                text: sentence.text,
            }));
    }
    told
}
