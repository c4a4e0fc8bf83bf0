//! Zoom's fixtures and night.

use call_import_engine::model::Method;
use jiff::civil::date;
use simulator::{
    company::{Call, Population, TranscriptFate, User},
    faults::{Fault, Rule},
    zoom::{self, NOBODY, host},
};

use super::{
    fixtures::{Answer, Fact, Fixtures, answer, can, cannot, redirect, refusal},
    nights::{Listed, Night, Person, Said, Told, lower_domain},
};

super::laws::hold!();

fn fixtures() -> Vec<Fixtures> {
    vec![Fixtures {
        method: Method::Oauth,
        answers: answers(),
        calls: &[
            "/aB3dEfGhIjKlMnOpQrS==",
            "two//parts==",
            "9007199254740993",
            "emptyFile==",
            "silent==",
            "deleted==",
            "elsewhere==",
        ],
        transcripts: &["/aB3dEfGhIjKlMnOpQrS==", "two//parts==", "elsewhere=="],
        without_transcript: &["deleted=="],
        media: &[(
            "/aB3dEfGhIjKlMnOpQrS==",
            "https://media.example/ada.mp4?signature=SECRET",
        )],
        // One more is still processed, and the others are listed without sound and pictures.
        without_media: &["two//parts=="],
        unreadable: &["unreadable-550df1059460ac86", "unreadable-a4f14cf4b688620f"],
        promises: vec![
            can("with its title", Fact::Title),
            can("date", Fact::Start),
            can("length", Fact::Duration),
            can("and host", Fact::Participants),
            can("with times", Fact::StartTimes),
            can("with times", Fact::EndTimes),
            can("the name of each speaker", Fact::Speakers),
            can("the host's own words", Fact::SpeakingParticipants),
            can("through the link on each call", Fact::Link),
            can("a copy of each recording", Fact::Recording),
            cannot("Summaries", Fact::Summary),
        ],
        ..Fixtures::new("zoom", date(2026, 2, 15), date(2026, 3, 31))
    }]
}

fn answers() -> Vec<Answer> {
    let found: &[(&'static [&'static str], &str)] = &[
        (
            &["GET /v2/users?status=active", "&next_page_token=people-2"],
            "users-2.json",
        ),
        (&["GET /v2/users?status=active"], "users.json"),
        (&["GET /v2/users?status=inactive"], "users-inactive.json"),
        (
            &[
                "MadeUpAda001/recordings?from=2026-03-01&to=2026-03-31",
                "token=ada-2",
            ],
            "march-ada-2.json",
        ),
        (
            &["MadeUpAda001/recordings?from=2026-03-01&to=2026-03-31"],
            "march-ada.json",
        ),
        (
            &["MadeUpInes02/recordings?from=2026-03-01&to=2026-03-31"],
            "march-ines.json",
        ),
        (
            &["MadeUpInes02/recordings?from=2026-02-15&to=2026-02-28"],
            "february-ines.json",
        ),
        (
            &["MadeUpAda001/recordings?from=2026-02-15&to=2026-02-28"],
            "none.json",
        ),
        (
            &["GET https://zoom.us/rec/download/made-up-ada-1"],
            "ada.vtt",
        ),
        (
            &["GET https://us02web.zoom.us/rec/download/made-up-part-1"],
            "part-1.vtt",
        ),
        (
            &["GET https://us02web.zoom.us/rec/download/made-up-part-2"],
            "part-2.vtt",
        ),
        (
            &["GET https://zoom.us/rec/download/made-up-empty"],
            "empty.vtt",
        ),
        (
            &["GET https://zoom.us/rec/download/made-up-moved"],
            "moved.vtt",
        ),
        (
            &["GET /v2/meetings/elsewhere%3D%3D/recordings"],
            "elsewhere.json",
        ),
        (
            &["GET /v2/meetings/9007199254740993/recordings"],
            "still-processing.json",
        ),
    ];
    let gone: &[(&'static [&'static str], &str)] = &[
        (&["GET /v2/users/4711/recordings"], "no-user.json"),
        (
            &["GET https://zoom.us/rec/download/made-up-gone"],
            "gone.json",
        ),
        (&["GET /v2/meetings/deleted%3D%3D/recordings"], "gone.json"),
        (
            &["GET https://zoom.us/rec/download/made-up-audio"],
            "gone.json",
        ),
        (
            &["GET /v2/meetings/two%252F%252Fparts%253D%253D/recordings"],
            "gone.json",
        ),
    ];
    let found = found.iter();
    found
        .map(|(needles, file)| answer(needles, &format!("zoom/{file}")))
        .chain(
            gone.iter()
                .map(|(needles, file)| refusal(needles, 404, &format!("zoom/{file}"))),
        )
        .chain([redirect(
            &["GET https://zoom.us/rec/download/made-up-ada-video"],
            "https://media.example/ada.mp4?signature=SECRET",
        )])
        .collect()
}

super::nights::spend!();

fn night() -> Night {
    Night {
        demo: zoom::DEMO,
        lines: "method: oauth\n",
        planned,
        told,
        // The access token is refused although its hour is not over.
        mishap: || {
            Rule::new(Fault::status(401))
                .on(zoom::RECORDINGS)
                .skip(300)
                .once()
        },
        // A new token.
        mishap_costs: 1,
        // The token endpoint still knows the app, but its tokens are worth nothing.
        refused_after: 2,
    }
}

/// others.md section 5.8: a token, the people (who work there, and who have left), each one's six months, and a
/// file for each transcript that is there or is to come.
fn planned(listed: &Listed, population: &Population) -> usize {
    assert_eq!(listed.windows.len(), 1);
    let transcribed = |call: &Call| call.transcript != TranscriptFate::Never;
    let transcripts = population.calls().filter(transcribed).count();
    1 + 2 + population.users().count() * 6 + transcripts
}

/// A simulated call as Zoom tells it: whole seconds, only the host, and the names as they are shown.
fn told(population: &Population, call: &Call) -> Told {
    let users: Vec<User> = population.users().collect();
    let host = &users[host(call, &users)];
    let mut told = Told {
        started_at: Some(call.start.as_second() * 1_000),
        // Zoom tells whole minutes where it does not tell when the files end.
        duration_ms: match call.duration_s {
            Some(seconds) => Some(seconds * 1_000),
            None => Some(zoom::minutes(call) * 60_000),
        },
        participants: vec![Person {
            name: Some(format!("{} {}", host.first_name, host.last_name)),
            email: Some(lower_domain(&host.email)),
            affiliation: "unknown".into(),
            ..Person::default()
        }],
        ..Told::of(call)
    };
    for turn in population
        .turns(call)
        .into_iter()
        .filter(|_| Told::is_transcribed(call))
    {
        let mut parties = call.parties.iter();
        let party =
            parties.find(|party| party.speaker_id.is_some() && party.speaker_id == turn.speaker_id);
        let speaker = party.and_then(|party| party.name.clone());
        let speaker = speaker.unwrap_or(NOBODY.into());
        told.segments
            .extend(turn.sentences.into_iter().map(|sentence| Said {
                speaker: Some(speaker.clone()),
                start_ms: Some(sentence.start_ms),
                end_ms: Some(sentence.end_ms),
                text: sentence.text.replace(['\n', '\t'], " "),
            }));
    }
    told
}
