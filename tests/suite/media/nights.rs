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

use super::{Copy, NIGHT, files, place, recorded};
use crate::{
    reconcile::population,
    record,
    support::{self, Scene},
};

const BYTES: usize = 40_000;

/// A request for the recordings of a platform.
pub(super) struct Wish {
    pub(super) key: &'static str,
    pub(super) method: &'static str,
    pub(super) calls: u32,
    /// The first and the last day.
    pub(super) period: [&'static str; 2],
    pub(super) credential: Value,
}

impl Wish {
    /// For some weeks until yesterday, with the credential that one tries the platform out with.
    pub(super) fn new(demo: &Demo, calls: u32) -> Self {
        let anybody = population(1, "2026-11-01", "2026-11-02");
        let (config, credential) = (demo.config)(anybody, Limits::NONE, media::NOWHERE);
        Self {
            key: demo.key,
            method: match config.oauth {
                Some(_) => "oauth",
                None => "api",
            },
            calls,
            period: ["2026-10-15", "2026-11-30"],
            credential,
        }
    }

    fn write(&self, scene: &Scene, include: &str) {
        let Self {
            key, method, calls, ..
        } = self;
        let [from, to] = self.period;
        let secret = support::secret(key);
        scene.write(
            "northwind.yaml",
            &format!(
                "customer: Northwind\nplatform: {key}\nmethod: {method}\nestimated_calls: {calls}\n\
                 urgency: onboarding\nrequested_completion: 2030-12-31\nperiod: {{from: {from}, to: {to}}}\n\
                 include: [{include}]\ncredentials:\n  secret: {secret}\n"
            ),
        );
    }
}

/// A platform, its host of recordings, and a request for them.
pub(super) struct Night {
    pub(super) scene: Scene,
    pub(super) platform: Running,
    pub(super) host: Running,
    /// What the recording of a call is, where there is one.
    pub(super) kind: fn(&Call) -> &'static str,
}

impl Night {
    pub(super) fn new(
        demo: &Demo,
        calls: u32,
        config: impl FnOnce(Population, Links) -> Config,
    ) -> Self {
        Self::of(&Wish::new(demo, calls), config)
    }

    pub(super) fn of(wish: &Wish, config: impl FnOnce(Population, Links) -> Config) -> Self {
        let mut scene = Scene::new(NIGHT);
        scene.with_keys();
        let host = Simulator::start(Config {
            clock: Arc::new(scene.clock.clone()),
            ..Config::media(media::Config { bytes: BYTES })
        });
        let host = host.expect("the host starts");
        let [from, to] = wish.period;
        let platform = Simulator::start(Config {
            clock: Arc::new(scene.clock.clone()),
            ..config(population(wish.calls, from, to), host.links())
        });
        let platform = platform.expect("the simulator starts");
        scene.connect(wish.key, &platform.url, &wish.credential.to_string());
        wish.write(&scene, "transcript, media");
        scene.media = Some(place(&scene));
        Self {
            scene,
            platform,
            host,
            kind: media::kind,
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
            .map(|call| (&*call.id, (self.kind)(call)))
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

/// The requests that the plan has for the recordings of so many calls.
pub(super) fn planned(demo: &Demo, calls: u32) -> u64 {
    let [with, without] = ["transcript, media", "transcript"].map(|include| {
        let scene = Scene::new(NIGHT);
        Wish::new(demo, calls).write(&scene, include);
        scene.write_matrix();
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
