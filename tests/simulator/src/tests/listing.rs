//! What the endpoints tell is what the population holds.

use std::collections::HashMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Bench, EXTENSIVE, TRANSCRIPT, ids_of, listing, population};
use crate::gong::{self, Call, Party, TranscriptFate};

/// A text that is neither null nor missing.
fn text(value: &Value) -> Option<&str> {
    value.as_str()
}

fn assert_facts(facts: &Value, call: &Call) {
    let time = |name: &str| {
        let text = facts[name].as_str()?;
        Some(text.parse::<Timestamp>().unwrap())
    };
    assert_eq!(text(&facts["id"]), Some(call.id.as_str()));
    assert_eq!(text(&facts["title"]), call.title.as_deref());
    assert_eq!(time("started"), call.tells_start.then_some(call.start));
    assert_eq!(time("scheduled"), call.scheduled);
    assert_eq!(facts["duration"].as_i64(), call.duration_s);
    assert_eq!(
        text(&facts["primaryUserId"]),
        call.primary_user_id.as_deref()
    );
    assert_eq!(text(&facts["direction"]), call.direction);
    assert_eq!(text(&facts["system"]), call.system);
    assert_eq!(text(&facts["scope"]), call.scope);
    assert_eq!(text(&facts["media"]), call.media);
    assert_eq!(text(&facts["language"]), call.language);
    assert_eq!(
        text(&facts["workspaceId"]),
        Some(call.workspace_id.as_str())
    );
    assert_eq!(text(&facts["meetingUrl"]), call.meeting_url.as_deref());
    assert_eq!(facts["isPrivate"], call.is_private);
}

fn assert_party(told: &Value, party: &Party) {
    assert_eq!(text(&told["id"]), Some(party.id.as_str()));
    assert_eq!(text(&told["name"]), party.name.as_deref());
    assert_eq!(text(&told["emailAddress"]), party.email.as_deref());
    assert_eq!(text(&told["phoneNumber"]), party.phone.as_deref());
    assert_eq!(text(&told["userId"]), party.user_id.as_deref());
    assert_eq!(text(&told["speakerId"]), party.speaker_id.as_deref());
    assert_eq!(text(&told["affiliation"]), Some(party.affiliation));
    let methods = told["methods"].as_array().unwrap();
    assert_eq!(methods.contains(&json!("Attendee")), party.attended);
}

#[tokio::test]
async fn pages_hold_every_call_once_in_order() {
    let bench = Bench::with_250_calls();
    let pages = bench.pages(EXTENSIVE, &listing(None)).await;

    let sizes: Vec<_> = pages
        .iter()
        .map(|page| page["records"]["currentPageSize"].clone())
        .collect();
    assert_eq!(sizes, [100, 100, 50]);
    for (number, page) in pages.iter().enumerate() {
        assert_eq!(page["records"]["totalRecords"], 250);
        assert_eq!(page["records"]["currentPageNumber"], number);
    }
    let told: Vec<&Value> = pages
        .iter()
        .flat_map(|page| page["calls"].as_array().unwrap())
        .collect();
    let calls: Vec<Call> = bench.running.gong().population().calls().collect();
    assert_eq!(told.len(), calls.len());
    for (told, call) in told.into_iter().zip(&calls) {
        assert_facts(&told["metaData"], call);
        let parties = told["parties"].as_array().cloned().unwrap_or_default();
        assert_eq!(parties.len(), call.parties.len());
        for (told, party) in parties.iter().zip(&call.parties) {
            assert_party(told, party);
        }
        let links = told["context"][0]["objects"].as_array().map_or(0, Vec::len);
        assert_eq!(links, call.crm.len());
        assert_eq!(told["content"]["brief"], call.brief());
        assert!(told.get("media").is_none());
    }
    assert!(calls.is_sorted_by_key(|call| (call.start, call.id.clone())));
}

#[tokio::test]
async fn only_what_is_selected_is_told() {
    let bench = Bench::with_250_calls();
    let id = bench.running.gong().population().id(0);
    let plain = json!({"filter": {"callIds": [id]}});
    let (_, page) = bench.post(EXTENSIVE, &plain).await;
    let members: Vec<_> = page["calls"][0].as_object().unwrap().keys().collect();
    assert_eq!(members, ["metaData"]);

    let mut everything = plain;
    everything["contentSelector"] = json!({"exposedFields": {
        "parties": true, "media": true,
        "content": {"structure": true, "topics": true, "trackers": true, "trackerOccurrences": true, "brief": true,
                    "outline": true, "highlights": true, "callOutcome": true, "keyPoints": true},
        "interaction": {"speakers": true, "video": true, "personInteractionStats": true, "questions": true},
        "collaboration": {"publicComments": true},
    }});
    let (_, page) = bench.post(EXTENSIVE, &everything).await;
    let call = &page["calls"][0];
    for member in ["content", "interaction", "collaboration", "media"] {
        assert!(call[member].is_object(), "{member} in {call}");
    }
    assert_eq!(call["content"].as_object().unwrap().len(), 8);
    assert!(call["media"]["audioUrl"].is_string());
}

#[tokio::test]
async fn windows_include_their_beginning_and_exclude_their_end() {
    let bench = Bench::with_250_calls();
    let population = bench.running.gong().population().clone();
    let start = |index: u32| population.start(index).to_string();
    let window = json!({"filter": {"fromDateTime": start(3), "toDateTime": start(7)}});
    let (status, page) = bench.post(EXTENSIVE, &window).await;
    assert_eq!(status, 200);
    assert_eq!(
        ids_of(&page),
        [3, 4, 5, 6].map(|index| population.id(index))
    );
}

#[tokio::test]
async fn filters_narrow_each_other() {
    let bench = Bench::with_250_calls();
    let population = bench.running.gong().population().clone();
    let mut counted = 0;
    for workspace in population.workspaces() {
        let filter = json!({"filter": {"workspaceId": workspace}});
        let pages = bench.pages(EXTENSIVE, &filter).await;
        counted += pages.iter().map(|page| ids_of(page).len()).sum::<usize>();
    }
    assert_eq!(counted, 250);

    let outside = json!({"filter": {
        "callIds": [population.id(0)], "fromDateTime": "2026-03-01T00:00:00Z", "toDateTime": "2026-04-01T00:00:00Z",
    }});
    assert_eq!(bench.post(EXTENSIVE, &outside).await.0, 404);
}

#[tokio::test]
async fn transcripts_are_those_of_the_population() {
    let bench = Bench::with_250_calls();
    let gong = bench.running.gong();
    let calls: Vec<Call> = gong.population().calls().collect();
    let mut told = HashMap::new();
    for batch in calls.chunks(100) {
        let ids: Vec<_> = batch.iter().map(|call| &call.id).collect();
        let (status, page) = bench
            .post(TRANSCRIPT, &json!({"filter": {"callIds": ids}}))
            .await;
        assert_eq!(status, 200);
        for transcript in page["callTranscripts"].as_array().unwrap() {
            let id = transcript["callId"].as_str().unwrap().to_owned();
            told.insert(id, transcript["transcript"].clone());
        }
    }
    for call in &calls {
        assert_eq!(
            told.contains_key(&call.id),
            gong.first_company().has_transcript(call)
        );
        let Some(transcript) = told.get(&call.id) else {
            continue;
        };
        let turns = gong.population().turns(call);
        assert_eq!(transcript.as_array().unwrap().len(), turns.len());
        for (told, turn) in transcript.as_array().unwrap().iter().zip(&turns) {
            assert_eq!(text(&told["speakerId"]), turn.speaker_id.as_deref());
            let sentences: Vec<Value> = turn
                .sentences
                .iter()
                .map(|told| json!({"start": told.start_ms, "end": told.end_ms, "text": told.text}))
                .collect();
            assert_eq!(told["sentences"], Value::from(sentences));
        }
    }
}

#[tokio::test]
async fn late_transcripts_come_by_night_or_when_released() {
    let late = |wanted: u8| {
        let fate = TranscriptFate::Late(wanted);
        let found = population(250).calls().find(|call| call.transcript == fate);
        json!({"filter": {"callIds": [found.unwrap().id]}})
    };
    let never = population(250)
        .calls()
        .find(|call| call.transcript == TranscriptFate::Never);
    let never = json!({"filter": {"callIds": [never.unwrap().id]}});

    let bench = Bench::with_250_calls();
    assert_eq!(bench.post(TRANSCRIPT, &late(1)).await.0, 404);
    bench
        .clock
        .advance(std::time::Duration::from_secs(24 * 3600));
    assert_eq!(bench.post(TRANSCRIPT, &late(1)).await.0, 200);
    assert_eq!(bench.post(TRANSCRIPT, &late(3)).await.0, 404);
    bench.running.gong().first_company().release_transcripts();
    assert_eq!(bench.post(TRANSCRIPT, &late(3)).await.0, 200);
    assert_eq!(bench.post(TRANSCRIPT, &never).await.0, 404);
}

#[tokio::test]
async fn the_plain_list_goes_by_scheduled_time() {
    let bench = Bench::with_250_calls();
    let gong = bench.running.gong();
    let call = gong.population().calls().find(|call| {
        let scheduled = call.scheduled.unwrap_or(call.start);
        call.tells_start && scheduled < call.start
    });
    let call = call.unwrap();
    let list =
        |from: Timestamp, to: Timestamp| format!("/v2/calls?fromDateTime={from}&toDateTime={to}");
    let second = jiff::SignedDuration::from_secs(1);
    let scheduled = call.scheduled.unwrap();
    let (status, page) = bench.get(&list(scheduled, scheduled + second)).await;
    assert_eq!(status, 200);
    let told = page["calls"].as_array().unwrap();
    assert!(told.iter().any(|told| told["id"] == call.id));

    let all = "/v2/calls?fromDateTime=2025-12-31T00:00:00Z&toDateTime=2026-04-02T00:00:00Z";
    let (_, first) = bench.get(all).await;
    let cursor = first["records"]["cursor"].as_str().unwrap();
    let (_, second) = bench.get(&format!("{all}&cursor={cursor}")).await;
    assert_eq!(second["records"]["currentPageNumber"], 1);
    assert_ne!(first["calls"][0]["id"], second["calls"][0]["id"]);
}

#[tokio::test]
async fn single_calls_users_and_workspaces() {
    let bench = Bench::with_250_calls();
    let population = bench.running.gong().population().clone();
    let call = population.call(17);
    let (status, told) = bench.get(&format!("/v2/calls/{}", call.id)).await;
    assert_eq!(status, 200);
    assert_facts(&told["call"], &call);

    let (status, told) = bench.get("/v2/calls/4810027719920013999").await;
    assert_eq!(status, 404);
    assert_eq!(
        told["errors"],
        json!(["Call ID 4810027719920013999 was not found"])
    );

    let (_, first) = bench.get("/v2/users?includeAvatars=false").await;
    let cursor = first["records"]["cursor"].as_str().unwrap();
    let (_, second) = bench.get(&format!("/v2/users?cursor={cursor}")).await;
    let told: Vec<_> = [&first, &second]
        .map(|page| page["users"].as_array().unwrap().clone())
        .concat();
    let users: Vec<_> = population.users().collect();
    assert_eq!(told.len(), users.len());
    assert!(
        told.iter()
            .zip(&users)
            .all(|(told, user)| told["emailAddress"] == user.email)
    );

    let (_, told) = bench.get("/v2/workspaces").await;
    let ids: Vec<_> = told["workspaces"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["id"].clone())
        .collect();
    assert_eq!(ids, population.workspaces());
}

#[test]
fn a_population_has_every_oddity() {
    let population = population(5_000);
    let calls: Vec<Call> = population.calls().collect();
    let has = |test: &dyn Fn(&Call) -> bool| calls.iter().any(test);
    assert!(has(&|call| call.title.is_none()));
    assert!(has(&|call| call.parties.is_empty()));
    assert!(has(&|call| call.is_private));
    assert!(has(&|call| call.duration_s.is_none()));
    assert!(has(&|call| !call.tells_start));
    assert!(has(&|call| call.language == Some("zxx")));
    assert!(has(&|call| call.language == Some("und")));
    assert!(has(&|call| matches!(
        call.transcript,
        TranscriptFate::Late(_)
    )));
    assert!(has(&|call| call
        .parties
        .iter()
        .any(|party| party.email.is_none())));
    assert!(has(&|call| call
        .parties
        .iter()
        .any(|party| party.phone.is_some() && party.name.is_none())));
    assert!(has(&|call| call
        .parties
        .iter()
        .any(|party| !party.attended)));
    assert!(has(&|call| population
        .turns(call)
        .iter()
        .any(|turn| turn.speaker_id.is_none())));
    assert!(calls.windows(2).any(|pair| pair[0].start == pair[1].start));
    for call in &calls {
        assert_eq!(call.id.len(), 19);
        assert!(call.id.parse::<u64>().unwrap() > 1 << 53);
        assert_eq!(population.index(&call.id), Some(call.index));
        let last = population
            .turns(call)
            .last()
            .unwrap()
            .sentences
            .last()
            .unwrap()
            .end_ms;
        assert!(call.duration_s.is_none_or(|seconds| last <= seconds * 1000));
    }
    assert_eq!(population.index("4810027719920013345"), None);
    let hostile = population.clone().with_hostile_titles();
    assert!(
        hostile
            .calls()
            .any(|call| call.title.is_some_and(|title| title.contains("@everyone")))
    );
}

#[test]
fn a_large_transcript_is_as_large_as_a_real_one() {
    let population = gong::Population::new(
        1,
        20,
        jiff::civil::date(2026, 1, 1),
        jiff::civil::date(2026, 1, 31),
        240,
    );
    let mut turns = 0;
    let mut bytes = 0;
    for call in population.calls() {
        let said = population.turns(&call);
        turns += said.len();
        let sentences = said.iter().flat_map(|turn| &turn.sentences);
        bytes += sentences
            .map(|sentence| sentence.text.len() + 42)
            .sum::<usize>();
    }
    assert!((50..70).contains(&(turns / 20)), "{turns}");
    assert!((35_000..45_000).contains(&(bytes / 20)), "{bytes}");
}
