//! Grain, tl;dv and Chorus: one request for each recording, which is answered with where a signed link leads.

use std::{collections::BTreeSet, path::PathBuf, sync::Arc};

use call_import_engine::model::Phase;
use serde_json::{Value, json};
use simulator::{
    Config, Demo, Running, Simulator, chorus,
    company::{Call, Population},
    faults::{Fault, Rule},
    grain,
    log::{Endpoint, Entry},
    media::{self, Links},
    tldv,
};

use super::{Copy, NIGHT, files, place, recorded};
use crate::{
    reconcile::population,
    record,
    support::{self, Scene},
};

const BYTES: usize = 40_000;
const CALLS: u32 = 60;

/// A platform, and what is known of it beforehand.
struct Platform {
    demo: Demo,
    config: fn(Population, Links) -> Config,
    credential: fn() -> Value,
    download: Endpoint,
    /// What the listing says of a call's recording.
    told: fn(&Call) -> Option<&'static str>,
    /// Whether it is refused or hidden.
    is_closed: fn(&Call) -> bool,
    /// Requests for listing and transcripts, from the platform's document.
    others: fn(&Population) -> usize,
    /// Requests besides that a closed recording costs: whether the token still works.
    closed_costs: usize,
    /// Requests that are planned for 1,000 calls with transcripts and recordings.
    planned: u64,
}

const GRAIN: Platform = Platform {
    demo: grain::DEMO,
    config: |population, links| {
        Config::grain(grain::Config {
            links,
            ..grain::Config::new(population)
        })
    },
    credential: || json!({"token": "demo-token"}),
    download: grain::DOWNLOAD,
    told: |call| media::is_recorded(call).then(|| media::kind(call)),
    is_closed: grain::is_locked,
    // grain.md section 9: credential, pages of 50, participants that the list forgot, transcripts, and whether the
    // token still works where one is locked.
    others: |population| {
        let count = |test: fn(&Call) -> bool| population.calls().filter(test).count();
        let calls = population.len() as usize;
        1 + calls.div_ceil(50) + count(grain::is_forgotten) + calls + count(grain::is_locked)
    },
    closed_costs: 1,
    planned: 1 + 20 + 1_000 + 1_000,
};

const TLDV: Platform = Platform {
    demo: tldv::DEMO,
    config: |population, links| {
        Config::tldv(tldv::Config {
            links,
            ..tldv::Config::new(population)
        })
    },
    credential: || json!({"token": "demo-key"}),
    download: tldv::DOWNLOAD,
    told: |_| Some("video"),
    is_closed: tldv::is_unpaid,
    // others.md section 4.8.
    others: |population| {
        let calls = population.len() as usize;
        calls.div_ceil(100) + calls
    },
    closed_costs: 0,
    planned: 10 + 1_000 + 1_000,
};

const CHORUS: Platform = Platform {
    demo: chorus::DEMO,
    config: |population, links| {
        Config::chorus(chorus::Config {
            links,
            ..chorus::Config::new(population)
        })
    },
    credential: || json!({"token": "demo-secret"}),
    download: chorus::MEDIA,
    told: |call| Some(media::kind(call)),
    is_closed: chorus::is_out_of_reach,
    // others.md section 6.7: pages, an empty one at the end of each kind of call, and every detail.
    others: |population| {
        let calls = population.len() as usize;
        let dialed = population.calls().filter(chorus::is_dialed).count();
        let pages = [calls - dialed, dialed].map(|calls| calls.div_ceil(chorus::PAGE_SIZE) + 1);
        pages.iter().sum::<usize>() + calls
    },
    closed_costs: 0,
    planned: 40 + 1_000 + 1_000,
};

/// A platform with its host of recordings, and a request that wants them.
struct Studio {
    scene: Scene,
    running: Running,
    host: Running,
}

impl Platform {
    fn studio(&self) -> Studio {
        let mut scene = Scene::new(NIGHT);
        let clock = Arc::new(scene.clock.clone());
        let host = Config {
            clock: Arc::<support::VirtualClock>::clone(&clock),
            ..Config::media(media::Config { bytes: BYTES })
        };
        let host = Simulator::start(host).expect("the host starts");
        let population = population(CALLS, "2026-09-01", "2026-10-31");
        let config = Config {
            clock,
            ..(self.config)(population, host.links())
        };
        let running = Simulator::start(config).expect("the simulator starts");
        let key = self.demo.key;
        scene.platform_urls.insert(key.into(), running.url.clone());
        self.write(&mut scene, u64::from(CALLS));
        scene.media = Some(place(&scene));
        Studio {
            scene,
            running,
            host,
        }
    }

    fn write(&self, scene: &mut Scene, estimated: u64) {
        let key = self.demo.key;
        let secret = format!("IMPORT_NORTHWIND_{}", key.to_uppercase());
        scene.write(
            "northwind.yaml",
            &format!(
                "customer: Northwind\nplatform: {key}\nestimated_calls: {estimated}\nurgency: onboarding\n\
                 requested_completion: 2030-12-31\nperiod: {{from: 2026-09-01, to: 2026-10-31}}\n\
                 include: [transcript, media]\ncredentials:\n  secret: {secret}\n"
            ),
        );
        let credential = (self.credential)().to_string();
        scene.secrets.insert(secret, credential);
    }

    /// Whether there is a recording for us.
    fn has(&self, call: &Call) -> bool {
        media::is_recorded(call) && !(self.is_closed)(call)
    }

    /// Requests for recordings, without those that are sent again.
    fn asked(&self, calls: &[Call]) -> usize {
        let told = calls.iter().filter(|call| (self.told)(call).is_some());
        told.map(|call| match (self.is_closed)(call) {
            true => 1 + self.closed_costs,
            false => 1,
        })
        .sum()
    }

    /// Every recording once and without the credential, one request for each, and nothing in the second night.
    async fn copies_every_recording_once(&self) {
        let Studio {
            scene,
            running,
            host,
        } = self.studio();
        let key = self.demo.key;
        let report = scene.run("1").await;
        let import = &report.imports[0];
        assert_eq!(import.phase, Phase::Completed, "{key}: {:?}", import.reason);

        let calls: Vec<Call> = running.account().calls().collect();
        let mut copies = recorded(&scene);
        for call in &calls {
            let place = copies.iter().position(|copy| copy.id == call.id);
            let copy = place.map(|place| copies.swap_remove(place));
            let told = copy.as_ref().map(|copy| copy.kind.as_str());
            assert_eq!(told, (self.told)(call), "{key}: call {}", call.index);
            match copy {
                Some(copy) if self.has(call) => copy.must_be_whole(BYTES),
                Some(Copy {
                    state, media_state, ..
                }) => assert_eq!((&*state, &*media_state), ("unavailable", "unavailable")),
                None => assert!(!self.has(call), "{key}: call {}", call.index),
            }
        }
        assert_eq!(copies.len(), 0, "{key}: {copies:?}");
        let wanted = calls.iter().filter(|call| self.has(call)).count();
        assert!(wanted < calls.len(), "{key}: some have none");
        assert_eq!(files(&scene.folder.path().join("kept")).len(), wanted);
        assert_eq!(
            files(&scene.folder.path().join("partial")),
            [] as [PathBuf; 0]
        );

        let fetched = host.log().entries();
        let distinct: BTreeSet<&str> = fetched.iter().map(|entry| &*entry.path).collect();
        assert_eq!(
            (fetched.len(), distinct.len()),
            (wanted, wanted),
            "{key}: once"
        );
        assert!(!fetched.iter().any(|entry| entry.authorization), "{key}");
        let log = running.log();
        let planned = (self.others)(running.account().population()) + self.asked(&calls);
        assert_eq!(log.len(), planned, "{key}: requests");
        assert_eq!(
            report.run.requests_sent as usize, planned,
            "{key}: in the limit"
        );
        assert_eq!(log.count_status(429), 0, "{key}");
        assert!(log.entries().iter().all(Entry::authenticated), "{key}");
        assert_eq!(signatures(&scene), 0, "{key}: links are not recorded");

        let before = record::contents(&scene.database());
        scene.run("2").await;
        assert_eq!(record::contents(&scene.database()), before, "{key}");
        assert_eq!((log.len(), host.log().len()), (planned, wanted), "{key}");
    }

    /// Recordings that are gone, refused for a moment or sent by the platform itself stop no other.
    async fn one_failure_stops_no_other(&self) {
        let Studio {
            scene,
            running,
            host,
        } = self.studio();
        let key = self.demo.key;
        let calls: Vec<Call> = running.account().calls().collect();
        let mut there = calls.iter().filter(|call| self.has(call));
        let mut befall = |fault: Fault, times: u64| {
            let id = there.next().expect("there are enough").id.clone();
            let path = format!("/{id}/");
            let rule = Rule::new(fault).on(self.download);
            let rule = rule.when(move |entry| entry.path.contains(&path));
            running.faults().add(rule.times(times));
            id
        };
        let gone = befall(Fault::status(404), u64::MAX);
        let late = befall(Fault::status(503), 2);
        let cut = befall(Fault::Lost, 1);
        let login = befall(Fault::LoginPage, 1);
        let file = befall(Fault::Recording, u64::MAX);
        let import = scene.run("1").await.imports.remove(0);
        assert_eq!(import.phase, Phase::CompletedWithFailures, "{key}");
        for copy in recorded(&scene) {
            let call = calls.iter().find(|call| call.id == copy.id);
            let has = call.is_some_and(|call| self.has(call));
            if copy.id == file {
                assert_eq!(copy.state, "failed", "{key}: {copy:?}");
            } else if has && copy.id != gone {
                copy.must_be_whole(BYTES);
            } else {
                assert_eq!(copy.state, "unavailable", "{key}: {copy:?}");
            }
        }
        let failures =
            "SELECT concat_ws('|', external_id, stage, class, detail) FROM call_failures";
        let failures = record::query(&scene.database(), failures);
        let [failure] = failures.as_slice() else {
            panic!("{key}: {failures:?}")
        };
        let says = format!("{file}|media|unavailable|");
        assert!(failure.starts_with(&says), "{key}: {failure}");
        assert!(
            failure.contains("answered 200 with video/mp4"),
            "{key}: {failure}"
        );
        let asked = |id: &str| {
            let path = format!("/{id}/");
            let log = running.log();
            log.count_where(|entry| entry.endpoint == self.download && entry.path.contains(&path))
        };
        let asked = [&gone, &late, &cut, &login, &file].map(|id| asked(id));
        assert_eq!(asked, [1, 3, 2, 2, 1], "{key}");
        assert_eq!(host.log().count_status(200), host.log().len(), "{key}");
    }

    /// The plan has a request for each recording.
    fn is_planned(&self) {
        let mut scene = Scene::new(NIGHT);
        self.write(&mut scene, 1_000);
        let matrix = std::fs::read_to_string(support::root().join("matrix.yaml"));
        let place = scene.folder.path().join("matrix.yaml");
        std::fs::write(place, matrix.expect("matrix.yaml")).expect("a file");
        let output = support::program(scene.folder.path())
            .args(["plan", "--format", "json"])
            .env("CALL_IMPORT_MEDIA", "kept")
            .output()
            .expect("the program runs");
        let (stdout, stderr) = support::text(&output);
        assert!(output.status.success(), "{stderr}");
        let plan: Value = serde_json::from_str(&stdout).expect("JSON");
        assert_eq!(plan["imports"][0]["requests"], self.planned, "{plan}");
    }
}

/// How many recorded texts hold the signature of a link.
fn signatures(scene: &Scene) -> usize {
    let count = "SELECT (count(*) FILTER (WHERE raw LIKE '%signature=%'))::VARCHAR FROM calls";
    let count = record::value(&scene.database(), count);
    count.parse().expect("a number")
}

#[tokio::test]
async fn every_recording_of_grain_is_copied_once() {
    GRAIN.copies_every_recording_once().await;
}

#[tokio::test]
async fn every_recording_of_tldv_is_copied_once() {
    TLDV.copies_every_recording_once().await;
}

#[tokio::test]
async fn every_recording_of_chorus_is_copied_once() {
    CHORUS.copies_every_recording_once().await;
}

#[tokio::test]
async fn a_recording_that_cannot_be_had_stops_no_other() {
    for platform in [GRAIN, TLDV, CHORUS] {
        platform.one_failure_stops_no_other().await;
    }
}

#[test]
fn a_request_for_each_recording_is_planned() {
    for platform in [GRAIN, TLDV, CHORUS] {
        platform.is_planned();
    }
}
