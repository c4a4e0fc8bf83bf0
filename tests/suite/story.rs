//! One import from the merge to the end, through the bad nights: what everybody could read on GitHub.

use std::{fmt::Write as _, panic::AssertUnwindSafe, sync::Arc};

use call_import_engine::{model::words::moment, reconcile::Event};
use futures_util::FutureExt;
use jiff::Timestamp;
use simulator::{
    Config, Simulator,
    faults::{Fault, Rule},
    github::{self, GitHub, Place, PullRequest},
};

use crate::{
    deliver::asked,
    reconcile::{gong, population},
    record,
    support::Scene,
};

/// Everything that was ever written on a pull request, in the order of time.
pub(crate) fn transcript(github: &GitHub, place: &Place) -> String {
    let mut entries: Vec<(Timestamp, u64, usize, String)> = Vec::new();
    for comment in github.comments(place) {
        let mut texts: Vec<String> = comment
            .edits
            .iter()
            .map(|edit| edit.earlier.clone())
            .collect();
        texts.push(comment.body.clone());
        let times =
            std::iter::once(comment.created_at).chain(comment.edits.iter().map(|edit| edit.at));
        for (version, (at, text)) in times.zip(texts).enumerate() {
            let told: Vec<String> = github
                .notifications()
                .into_iter()
                .filter(|told| told.comment == comment.id && version == 0)
                .flat_map(|told| told.mentions)
                .collect();
            let mut entry = format!("======== {}: {} ", moment(at), comment.author);
            let _ = match (version, told.is_empty()) {
                (0, true) => writeln!(entry, "writes comment {}", comment.id),
                (0, false) => writeln!(
                    entry,
                    "writes comment {} and mentions {}",
                    comment.id,
                    told.join(", ")
                ),
                _ => writeln!(entry, "edits comment {}", comment.id),
            };
            entry.push_str(&text);
            entries.push((at, comment.id, version, entry));
        }
    }
    entries.sort();
    entries
        .into_iter()
        .map(|(.., entry)| entry + "\n")
        .collect()
}

#[tokio::test]
async fn from_the_merge_to_the_end_through_throttled_and_killed_nights() {
    let mut scene = Scene::new("2026-12-01T01:17:00Z");
    let calls = gong(&mut scene, population(2_400, "2024-01-01", "2026-10-31"));
    let running = Simulator::start(Config {
        clock: Arc::new(scene.clock.clone()),
        ..Config::github(github::Config::default())
    })
    .expect("the simulator starts");
    scene.github_url = Some(running.url.clone());
    let github = running.github();
    let here = Place::PullRequest(12);

    // Monday: the pull request is merged.
    let secret = "IMPORT_NORTHWIND_ROBOTICS_GONG";
    let credential = r#"{"access_key": "demo", "access_key_secret": "demo-secret"}"#;
    scene.secrets.insert(secret.into(), credential.into());
    scene.write(
        "northwind-robotics.yaml",
        &format!(
            "customer: Northwind Robotics\nplatform: gong\nestimated_calls: 2500\nurgency: onboarding\n\
             requested_completion: 2026-12-02\ncredentials: {{secret: {secret}}}\n\
             period: {{from: 2024-01-01, to: 2026-10-31}}\nrequested_by: sam-lee\n"
        ),
    );
    github.merge(PullRequest::new(
        12,
        "jane-doe",
        ["requests/northwind-robotics.yaml"],
    ));

    // First night: after 20 requests the platform lets nothing through any more.
    let throttled = calls
        .gong()
        .faults()
        .add(Rule::new(Fault::throttled(7_200)).from(21));
    scene.run("night-1").await;
    throttled.release();

    // Second night: the machine dies in the middle of it, and again when the first comment is written.
    scene.clock.set("2026-12-02T01:17:00Z");
    for death in ["commit", "comment"] {
        let mut commits = 0;
        let die = &mut |event: Event<'_>| {
            commits += usize::from(matches!(event, Event::Committed { .. }));
            let is_told = matches!(event, Event::Told { .. });
            if (death == "commit" && commits == 5) || (death == "comment" && is_told) {
                std::panic::panic_any(death);
            }
        };
        if death == "comment" {
            // Otherwise this run would finish the import.
            scene.deadline = jiff::SignedDuration::from_secs(5);
        }
        let dead = AssertUnwindSafe(scene.try_run(death, die)).catch_unwind();
        assert!(dead.await.is_err(), "dies after a {death}");
    }
    scene.deadline = jiff::SignedDuration::from_hours(5);

    // Third night: all goes well. The fourth has nothing to say.
    scene.clock.set("2026-12-03T01:17:00Z");
    scene.run("night-3").await;
    let written = asked(github);
    scene.clock.set("2026-12-03T05:00:00Z");
    scene.run("again").await;
    assert_eq!(asked(github), written, "a run without news is silent");

    insta::assert_snapshot!(transcript(github, &here));
    let comments = github.comments(&here);
    let statuses = comments
        .iter()
        .filter(|comment| comment.body.starts_with("<!-- call-import:status:"));
    assert_eq!(statuses.count(), 1, "one status comment");
    let events = record::query(
        &scene.database(),
        "SELECT kind FROM notifications WHERE kind <> 'status' AND remote_id <> 'overtaken' ORDER BY created_at",
    );
    assert_eq!(comments.len(), 1 + events.len(), "each event once");
    assert_eq!(
        github.all_comments().len(),
        comments.len(),
        "nothing was deleted"
    );
    assert_eq!(github.violations(), []);
    assert_eq!(
        record::value(&scene.database(), "SELECT count(*)::VARCHAR FROM calls"),
        "2400"
    );
}
