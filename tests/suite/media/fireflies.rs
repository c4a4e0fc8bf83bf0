//! Fireflies: a list of links answers for a whole batch of calls, by their dates.

use call_import_engine::{
    model::Phase,
    platforms::{CallRef, Exchange, Page, Reply, Step, Work, connector},
};
use serde_json::{Value, json};
use simulator::{
    Config,
    faults::{Fault, Rule},
    fireflies,
    log::Entry,
    media,
};

use super::{
    nights::{Night, planned},
    setup,
};

fn night(calls: u32) -> Night {
    Night::new(&fireflies::DEMO, calls, |population, links| {
        Config::fireflies(fireflies::Config {
            links,
            ..fireflies::Config::new(population)
        })
    })
}

#[tokio::test]
async fn links_come_in_batches() {
    let night = night(200);
    let import = night.run("2026-12-01T01:17:00Z").await;
    assert_eq!(import.phase, Phase::Completed, "{:?}", import.reason);
    let recorded = night.calls(media::is_recorded);
    night.must_have_copied(&recorded);
    assert_eq!(night.in_state("unavailable"), [""; 0]);
    // others.md section 2.9: 50 calls a list, in two windows of at most 31 days; and here 45 recordings.
    let lists = night.asked(|entry| entry.endpoint == fireflies::TRANSCRIPTS);
    let windows = night.windows();
    let listing: usize = windows.iter().map(|calls| calls / 50 + 1).sum();
    assert_eq!(lists, listing + recorded.len().div_ceil(45));
    assert_eq!(night.platform.log().len(), lists, "and nothing else");
    night.must_be_over("2026-12-01T02:17:00Z").await;
}

#[tokio::test]
async fn links_that_expired_are_asked_for_singly() {
    let night = night(60);
    let gone = night.calls(media::is_recorded).remove(0).id;
    let path = format!("/{gone}/");
    let expired = Rule::new(Fault::status(403));
    let expired = expired.when(move |entry: &Entry| entry.path.starts_with(&path));
    night.host.faults().add(expired.once());
    let import = night.run("2026-12-01T01:17:00Z").await;
    assert_eq!(import.phase, Phase::Completed, "{:?}", import.reason);
    let singly = night.asked(|entry| entry.endpoint == fireflies::TRANSCRIPT);
    assert_eq!(singly, 1);
    let recorded = night.calls(media::is_recorded);
    assert_eq!(night.in_state("stored").len(), recorded.len());
}

#[test]
fn the_plan_counts_batches() {
    assert_eq!(planned(&fireflies::DEMO, 1_000), 23, "45 calls each");
}

/// What is asked for some calls in turn, and what is told of them at last.
fn asked(calls: &[CallRef], answer: impl Fn(&str, &Value) -> Value) -> (Vec<String>, Vec<Page>) {
    let connector = connector("fireflies").expect("it is in the catalog");
    let (mut left, mut asked, mut pages) = (calls.to_vec(), Vec::new(), Vec::new());
    loop {
        let work = Work::Media(left.clone());
        let mut step = connector.begin(&work, &setup());
        let page = loop {
            let (exchange, progress) = match step {
                Step::Page(page) => break page,
                Step::Send(Exchange::Http(exchange), progress) => (exchange, progress),
                Step::Send(Exchange::Files(_), _) | Step::Later(..) => {
                    panic!("a query is due at once")
                }
            };
            let body = exchange.body.expect("a query");
            let query = body["query"].as_str().expect("a text");
            let name = query.split(['(', ' ']).nth(1).expect("a name").to_owned();
            let reply = answer(&name, &body["variables"]).to_string();
            asked.push(format!("{name} {}", body["variables"]));
            let reply = Reply::Http(super::answer(200, reply.as_bytes()));
            let next = connector.next(&work, &setup(), &progress, &reply);
            step = next.expect("an answer");
        };
        let told = |call: &CallRef| {
            let id = &call.external_id;
            page.without_media.contains(id) || page.media.iter().any(|file| file.external_id == *id)
        };
        left.retain(|call| !told(call));
        let goes_on = page.next.is_some() && !left.is_empty() && asked.len() < 20;
        let is_told = !page.media.is_empty() || !page.without_media.is_empty();
        pages.push(page);
        if !goes_on || !is_told {
            return (asked, pages);
        }
    }
}

fn listed(id: &str, date: u64) -> CallRef {
    CallRef {
        external_id: id.into(),
        raw: Some(json!({"id": id, "date": date}).to_string()),
    }
}

fn list(calls: Value) -> Value {
    json!({"data": {"transcripts": calls}})
}

fn one(call: Value) -> Value {
    json!({"data": {"transcript": call}})
}

#[test]
fn a_list_tells_of_all_that_it_names() {
    let calls = [
        listed("a", 1_774_969_200_000),
        listed("b", 1_774_915_199_000),
        listed("c", 1_774_882_800_000),
    ];
    let (asked, pages) = asked(&calls, |_, _| {
        list(json!([
            {"id": "a", "audio_url": "https://media.example/a?signature=x", "video_url": "https://media.example/v?signature=x"},
            {"id": "another", "audio_url": "https://media.example/o?signature=x", "video_url": null},
            null,
            {"id": "b", "audio_url": "https://media.example/b?signature=x", "video_url": null, "aFieldOfNextYear": 1},
            {"id": "c", "audio_url": null, "video_url": ""},
        ]))
    });
    assert_eq!(
        asked,
        [r#"Links {"from":"2026-03-30T15:00:00.000Z","limit":50,"to":"2026-03-31T15:00:00.001Z"}"#]
    );
    let page = &pages[0];
    let links: Vec<&str> = page.media.iter().map(|file| file.address()).collect();
    assert_eq!(
        links,
        [
            "https://media.example/v?signature=x",
            "https://media.example/b?signature=x"
        ]
    );
    assert_eq!(page.without_media, ["c"]);
    assert!(!format!("{page:?}").contains("signature"), "{page:?}");
}

#[test]
fn what_a_list_leaves_out_is_asked_for_by_id() {
    let calls = [
        listed("a", 1_774_969_200_000),
        listed("gone", 1_774_915_199_000),
        listed("b", 1_774_882_800_000),
    ];
    let link = "https://media.example/a?signature=x";
    let (asked, pages) = asked(&calls, |name, variables| {
        match (name, variables["id"].as_str()) {
            ("Links", _) => list(json!([{"id": "a", "audio_url": link}])),
            (_, Some("gone")) => {
                json!({"data": null, "errors": [{"message": "No", "code": "object_not_found"}]})
            }
            (_, id) => one(json!({"id": id, "audio_url": link})),
        }
    });
    let names: Vec<&str> = asked
        .iter()
        .filter_map(|line| line.split(' ').next())
        .collect();
    assert_eq!(names, ["Links", "Links", "Link", "Link"]);
    assert_eq!(pages.len(), 3);
    assert_eq!(pages[1].without_media, ["gone"]);
    assert_eq!(pages[2].media[0].external_id, "b");
}

/// Without what the listing said, as when a link has expired, there is no date.
#[test]
fn a_call_without_a_date_is_asked_for_by_id() {
    let call = |id: &str| CallRef {
        external_id: id.into(),
        raw: None,
    };
    let (asked, pages) = asked(&[call("a"), call("b")], |_, variables| {
        one(json!({"id": variables["id"], "audio_url": "https://media.example/a"}))
    });
    assert_eq!(asked, [r#"Link {"id":"a"}"#, r#"Link {"id":"b"}"#]);
    assert_eq!(pages.len(), 2);
}

/// Beside an error a link that is missing may be there another time.
#[test]
fn a_link_that_failed_is_asked_for_another_night() {
    let call = listed("a", 1_774_969_200_000);
    let (asked, pages) = asked(
        &[call],
        |_, _| json!({"data": {"transcript": {"id": "a", "audio_url": null}}, "errors": [{"message": "No"}]}),
    );
    assert_eq!(asked.len(), 1);
    assert_eq!((pages[0].media.len(), pages[0].without_media.len()), (0, 0));
}
