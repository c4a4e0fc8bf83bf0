//! A hundred nights: nothing grows without cause.

use std::{collections::BTreeMap, fs, sync::Arc};

use call_import_engine::model::Phase;
use jiff::{SignedDuration, Timestamp};
use simulator::{
    Config, Running, Simulator,
    faults::{Fault, Rule},
    github::{self, Place, PullRequest},
};

use crate::{
    reconcile::{gong, population},
    record,
    support::Scene,
};

const PERIOD: &str = "period: {from: 2026-11-01, to: 2026-11-30}\n";

/// From this night on nothing is new.
const QUIET: usize = 45;

/// Rows of each table, with what else could grow.
#[derive(Debug, Clone, PartialEq)]
struct Size {
    rows: BTreeMap<String, u64>,
    /// Commits of the record.
    sequence: i64,
    /// Bytes of the file.
    bytes: u64,
    /// Requests to the platform.
    platform: usize,
    /// Requests to GitHub.
    github: usize,
    /// Comments, and edits of them.
    written: usize,
}

struct World {
    scene: Scene,
    gong: Running,
    github: Running,
}

impl World {
    fn new() -> Self {
        let mut scene = Scene::new("2026-12-01T01:17:00Z");
        let gong = gong(&mut scene, population(30, "2026-11-01", "2026-11-30"));
        gong.gong().first_company().hide([28, 29]);
        let github = Simulator::start(Config {
            clock: Arc::new(scene.clock.clone()),
            ..Config::github(github::Config::default())
        })
        .expect("the simulator starts");
        scene.github_url = Some(github.url.clone());
        Self {
            scene,
            gong,
            github,
        }
    }

    /// A merged request of a customer of its own.
    fn ask(&mut self, number: u64, id: &str, lines: &str) {
        self.scene.request(id, id, &format!("{PERIOD}{lines}"));
        let path = format!("requests/{id}.yaml");
        self.github
            .github()
            .merge(PullRequest::new(number, "jane-doe", [path]));
    }

    /// What happens on the day before a night.
    fn day(&mut self, night: usize) {
        match night {
            1 => {
                self.ask(11, "northwind", "");
                self.ask(12, "suspended", "suspended: true\n");
                self.ask(13, "unsigned", "");
                self.scene.secrets.remove("IMPORT_UNSIGNED_GONG");
                self.ask(14, "signed-later", "");
                self.scene.secrets.remove("IMPORT_SIGNED_LATER_GONG");
            }
            4 => {
                self.gong.gong().first_company().reveal([28, 29]);
                self.gong.gong().first_company().release_transcripts();
            }
            9 => {
                let store = self.scene.secrets["IMPORT_NORTHWIND_GONG"].clone();
                self.scene
                    .secrets
                    .insert("IMPORT_SIGNED_LATER_GONG".into(), store);
            }
            12 => self.ask(15, "down", ""),
            20 => self.ask(16, "deleted", ""),
            24 => self.scene.remove("deleted.yaml"),
            _ => {}
        }
    }

    fn size(&self) -> Size {
        let path = self.scene.database();
        let contents = call_import_engine::store::inspect(&path).expect("a whole record");
        let github = self.github.github();
        Size {
            rows: contents.rows,
            sequence: contents.record.sequence,
            bytes: fs::metadata(&path).expect("a file").len(),
            platform: self.gong.gong().log().len(),
            github: github.log().len(),
            written: github.log().count_where(|entry| entry.method != "GET"),
        }
    }
}

#[tokio::test]
async fn in_a_hundred_nights_nothing_grows_without_cause() {
    let mut world = World::new();
    let first: Timestamp = "2026-12-01T01:17:00Z".parse().expect("an instant");
    let mut sizes = Vec::new();
    for night in 1..=100 {
        world.day(night);
        let down = (12..15).contains(&night).then(|| {
            let rule = Rule::new(Fault::status(503));
            world.gong.gong().faults().add(rule)
        });
        let days = i64::try_from(night).expect("a few") - 1;
        let now = first + SignedDuration::from_hours(24 * days);
        world.scene.clock.set(&now.to_string());
        if night == 10 {
            let store = world.scene.open("retry");
            store.retry("signed-later", now).await.expect("a retry");
            store.close().await.expect("it closes");
        }
        world.scene.run(&format!("night-{night}")).await;
        down.inspect(|down| down.release());
        if night >= QUIET {
            sizes.push(world.size());
        }
    }

    // Everything came to its end.
    let store = world.scene.open("look");
    let imports = store.imports().await.expect("the imports");
    store.close().await.expect("it closes");
    let phases: Vec<(&str, Phase)> = imports
        .iter()
        .map(|import| (&*import.request_id, import.phase))
        .collect();
    assert_eq!(
        phases,
        [
            ("deleted", Phase::Completed),
            ("down", Phase::Completed),
            ("northwind", Phase::Completed),
            ("signed-later", Phase::Completed),
            ("suspended", Phase::Suspended),
            ("unsigned", Phase::NeedsCredentials),
        ]
    );
    let told = "SELECT kind FROM notifications WHERE request_id = 'down' ORDER BY created_at";
    let told = record::query(&world.scene.database(), told);
    assert!(told.contains(&"delayed".to_owned()), "{told:?}");

    // A quiet night leaves a row of `runs`, and asks GitHub once for commands.
    for (night, pair) in (QUIET + 1..).zip(sizes.windows(2)) {
        let [before, after] = pair else { continue };
        let mut expected = before.clone();
        *expected.rows.get_mut("runs").expect("a table") += 1;
        expected.github += 1;
        expected.sequence = before.sequence + 2;
        expected.bytes = after.bytes;
        assert_eq!(*after, expected, "night {night}");
    }
    let (quiet, last) = (&sizes[0], &sizes[sizes.len() - 1]);
    assert!(
        last.bytes <= quiet.bytes + (1 << 20),
        "{} bytes after night {QUIET}, {} after the last",
        quiet.bytes,
        last.bytes
    );

    // What was new cost what it must, not a bit every night.
    assert!(last.platform < 150, "{} requests to Gong", last.platform);
    assert!(last.written < 60, "{} comments and edits", last.written);
    assert!(last.rows["attempts"] < 90, "{:?}", last.rows);
    assert!(last.rows["api_usage"] < 90, "{:?}", last.rows);
    for number in 11..=16 {
        let comments = world.github.github().comments(&Place::PullRequest(number));
        assert!(
            comments.len() <= 4,
            "#{number}: {} comments",
            comments.len()
        );
    }
}
