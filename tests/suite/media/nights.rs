//! Nights of a platform with its host of recordings, each asked for in its own way.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use call_import_engine::model::ImportRecord;
use serde_json::Value;
use simulator::{
    Config, Demo, Running, Simulator,
    company::{Call, Population},
    limits::Limits,
    log::Entry,
    media::{self, Links},
};

use super::{Copy, files, place, recorded};
use crate::{
    reconcile::population,
    record,
    support::{self, Scene},
};

const BYTES: usize = 40_000;

/// A platform, its host of recordings, and a request for some weeks until yesterday.
pub(super) struct Night {
    pub(super) scene: Scene,
    pub(super) platform: Running,
    pub(super) host: Running,
}

impl Night {
    pub(super) fn new(
        demo: &Demo,
        calls: u32,
        config: impl FnOnce(Population, Links) -> Config,
    ) -> Self {
        let mut scene = Scene::new("2026-12-01T01:17:00Z");
        let host = Simulator::start(Config {
            clock: Arc::new(scene.clock.clone()),
            ..Config::media(media::Config { bytes: BYTES })
        });
        let host = host.expect("the host starts");
        let population = population(calls, "2026-10-15", "2026-11-30");
        let platform = Simulator::start(Config {
            clock: Arc::new(scene.clock.clone()),
            ..config(population, host.links())
        });
        let platform = platform.expect("the simulator starts");
        scene
            .platform_urls
            .insert(demo.key.into(), platform.url.clone());
        request(&mut scene, demo, calls, "transcript, media");
        scene.media = Some(place(&scene));
        Self {
            scene,
            platform,
            host,
        }
    }

    pub(super) async fn run(&self, at: &str) -> ImportRecord {
        self.scene.clock.set(at);
        self.scene.run(at).await.imports.remove(0)
    }

    /// The calls that a test is true of.
    pub(super) fn calls(&self, test: impl Fn(&Call) -> bool) -> Vec<Call> {
        let calls = self.platform.account().calls();
        calls.filter(|call| test(call)).collect()
    }

    /// Each of these calls has a whole copy of its best recording, no other call has any, and each was fetched once,
    /// without the credential. No link is recorded.
    pub(super) fn must_have_copied(&self, calls: &[Call]) {
        let copies: Vec<Copy> = recorded(&self.scene);
        let copies: BTreeMap<&str, &Copy> = copies
            .iter()
            .filter(|copy| copy.state == "stored")
            .map(|copy| (&*copy.id, copy))
            .collect();
        let kinds: BTreeMap<&str, &str> = calls
            .iter()
            .map(|call| (&*call.id, media::kind(call)))
            .collect();
        let copied: BTreeMap<&str, &str> =
            copies.iter().map(|(id, copy)| (*id, &*copy.kind)).collect();
        assert_eq!(copied, kinds);
        for copy in copies.values() {
            copy.must_be_whole(BYTES);
        }
        let folder = self.scene.folder.path();
        assert_eq!(files(&folder.join("kept")).len(), calls.len());
        assert_eq!(files(&folder.join("partial")), [] as [PathBuf; 0]);
        let fetched = self.host.log().entries();
        assert_eq!(fetched.len(), calls.len(), "each is fetched once");
        assert!(fetched.iter().all(|entry| !entry.authorization));
        let signed = "SELECT external_id FROM calls WHERE raw LIKE '%signature%'";
        assert_eq!(
            record::query(&self.scene.database(), signed),
            [""; 0],
            "no link is recorded"
        );
    }

    /// Calls whose recording is in a state.
    pub(super) fn in_state(&self, state: &str) -> Vec<String> {
        let copies = recorded(&self.scene).into_iter();
        let copies = copies.filter(|copy| copy.state == state);
        copies.map(|copy| copy.id).collect()
    }

    /// Another run asks neither platform nor host, and changes nothing.
    pub(super) async fn must_be_over(&self, at: &str) {
        let before = record::dump(&self.scene.database());
        let sent = (self.platform.log().len(), self.host.log().len());
        self.run(at).await;
        assert_eq!(
            (self.platform.log().len(), self.host.log().len()),
            sent,
            "nothing is asked"
        );
        assert_eq!(record::dump(&self.scene.database()), before);
    }

    /// Calls in each window of the listing.
    pub(super) fn windows(&self) -> Vec<usize> {
        let listed = "SELECT listed::VARCHAR FROM checkpoints";
        let listed = record::query(&self.scene.database(), listed);
        let count = |count: &String| count.parse().expect("a number");
        listed.iter().map(count).collect()
    }

    /// Requests that a test is true of.
    pub(super) fn asked(&self, test: impl Fn(&Entry) -> bool) -> usize {
        self.platform.log().count_where(test)
    }
}

fn request(scene: &mut Scene, demo: &Demo, calls: u32, include: &str) {
    let key = demo.key;
    let secret = format!("IMPORT_NORTHWIND_{}", key.to_uppercase());
    let method = match key {
        "zoom" => "method: oauth\n",
        _ => "",
    };
    scene.write(
        "northwind.yaml",
        &format!(
            "customer: Northwind\nplatform: {key}\n{method}estimated_calls: {calls}\nurgency: onboarding\n\
             requested_completion: 2030-12-31\nperiod: {{from: 2026-10-15, to: 2026-11-30}}\n\
             include: [{include}]\ncredentials:\n  secret: {secret}\n"
        ),
    );
    let (_, credential) = (demo.config)(population(1, "2026-11-01", "2026-11-02"), Limits::NONE);
    scene.secrets.insert(secret, credential.to_string());
}

/// The requests that the plan has for the recordings of so many calls.
pub(super) fn planned(demo: &Demo, calls: u32) -> u64 {
    let [with, without] = ["transcript, media", "transcript"].map(|include| {
        let mut scene = Scene::new("2026-12-01T01:17:00Z");
        request(&mut scene, demo, calls, include);
        let matrix = std::fs::read(support::root().join("matrix.yaml")).expect("matrix.yaml");
        std::fs::write(scene.folder.path().join("matrix.yaml"), matrix).expect("a file");
        let output = support::program(scene.folder.path())
            .args(["plan", "--format", "json"])
            .env("CALL_IMPORT_MEDIA", "kept")
            .output()
            .expect("the program runs");
        let (stdout, stderr) = support::text(&output);
        assert!(output.status.success(), "{stderr}");
        let plan: Value = serde_json::from_str(&stdout).expect("JSON");
        plan["imports"][0]["requests"].as_u64().expect("a number")
    });
    with - without
}
