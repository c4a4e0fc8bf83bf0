//! Grain, tl;dv and Chorus: one request for each recording, which is answered with where a signed link leads.

use call_import_engine::model::Phase;
use simulator::{
    Config, Demo, chorus,
    company::{Call, Population, TranscriptFate},
    faults::{Fault, Rule},
    grain,
    log::{Endpoint, Entry},
    media::{self, Links},
    tldv,
};

use super::{
    NIGHT,
    nights::{Night, Wish, planned},
};
use crate::record;

const CALLS: u32 = 60;

/// A platform, and what is known of it beforehand.
struct Platform {
    demo: Demo,
    config: fn(Population, Links) -> Config,
    download: Endpoint,
    /// What the listing says of a call's recording.
    told: fn(&Call) -> Option<&'static str>,
    /// What it is.
    kind: fn(&Call) -> &'static str,
    /// Whether some are listed while they are still being worked on.
    is_worked_on: bool,
    /// Whether it is refused or hidden.
    is_closed: fn(&Call) -> bool,
    /// Requests for listing and transcripts, from the platform's document.
    others: fn(&Population) -> usize,
    /// Requests besides that a closed recording costs: whether the token still works.
    closed_costs: usize,
}

const GRAIN: Platform = Platform {
    demo: grain::DEMO,
    config: |population, links| {
        Config::grain(grain::Config {
            links,
            ..grain::Config::new(population)
        })
    },
    download: grain::DOWNLOAD,
    told: |call| media::is_recorded(call).then(|| media::kind(call)),
    kind: media::kind,
    is_worked_on: false,
    is_closed: grain::is_locked,
    // grain.md section 9: credential, pages of 50, participants that the list forgot, transcripts, and whether the
    // token still works where one is locked.
    others: |population| {
        let count = |test: fn(&Call) -> bool| population.calls().filter(test).count();
        let calls = population.len() as usize;
        1 + calls.div_ceil(50) + count(grain::is_forgotten) + calls + count(grain::is_locked)
    },
    closed_costs: 1,
};

const TLDV: Platform = Platform {
    demo: tldv::DEMO,
    config: |population, links| {
        Config::tldv(tldv::Config {
            links,
            ..tldv::Config::new(population)
        })
    },
    download: tldv::DOWNLOAD,
    told: |_| Some("video"),
    kind: |_| "video",
    is_worked_on: true,
    is_closed: tldv::is_unpaid,
    // others.md section 4.8.
    others: |population| {
        let calls = population.len() as usize;
        calls.div_ceil(100) + calls
    },
    closed_costs: 0,
};

const CHORUS: Platform = Platform {
    demo: chorus::DEMO,
    config: |population, links| {
        Config::chorus(chorus::Config {
            links,
            ..chorus::Config::new(population)
        })
    },
    download: chorus::MEDIA,
    told: |call| Some(media::kind(call)),
    kind: media::kind,
    is_worked_on: true,
    is_closed: chorus::is_out_of_reach,
    // others.md section 6.7: pages, an empty one at the end of each kind of call, and every detail.
    others: |population| {
        let calls = population.len() as usize;
        let dialed = population.calls().filter(chorus::is_dialed).count();
        let pages = [calls - dialed, dialed].map(|calls| calls.div_ceil(chorus::PAGE_SIZE) + 1);
        pages.iter().sum::<usize>() + calls
    },
    closed_costs: 0,
};

impl Platform {
    fn night(&self) -> Night {
        let wish = Wish {
            period: ["2026-09-01", "2026-10-31"],
            ..Wish::new(&self.demo, CALLS)
        };
        Night {
            kind: self.kind,
            ..Night::of(&wish, self.config)
        }
    }

    /// Whether there is a recording for us.
    fn has(&self, call: &Call) -> bool {
        media::is_recorded(call) && !(self.is_closed)(call)
    }

    /// Whether it is listed while it is still being worked on, so that it may come another night.
    fn is_late(&self, call: &Call) -> bool {
        self.is_worked_on && matches!(call.transcript, TranscriptFate::Late(_))
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

    /// Every recording once and without the credential, one request for each, and nothing in the second night but for
    /// those that were still being worked on.
    async fn copies_every_recording_once(&self) {
        let night = self.night();
        let key = self.demo.key;
        let import = night.run(NIGHT).await;
        assert_eq!(import.phase, Phase::Completed, "{key}: {:?}", import.reason);
        let listed = night.calls(|call| (self.told)(call).is_some());
        let ids = |test: &dyn Fn(&Call) -> bool| {
            let calls = listed.iter().filter(|call| test(call));
            let mut ids: Vec<String> = calls.map(|call| call.id.clone()).collect();
            ids.sort();
            ids
        };
        let there = night.calls(|call| self.has(call) && !self.is_late(call));
        night.must_have_copied(&there);
        let none = ids(&|call| !self.has(call) && !self.is_late(call));
        assert!(!none.is_empty(), "{key}: some have none");
        assert_eq!(night.in_state("unavailable"), none, "{key}");
        let late = ids(&|call| self.is_late(call));
        assert_eq!(night.in_state("pending"), late, "{key}");
        assert_eq!(late.is_empty(), !self.is_worked_on, "{key}: {late:?}");

        let log = night.platform.log();
        let planned = (self.others)(night.platform.account().population()) + self.asked(&listed);
        assert_eq!(log.len(), planned, "{key}: requests");
        assert_eq!(
            import.requests_sent as usize, planned,
            "{key}: in the limit"
        );
        assert_eq!(log.count_status(429), 0, "{key}");
        assert!(log.entries().iter().all(Entry::authenticated), "{key}");
        night.must_be_over("2026-12-01T02:17:00Z").await;

        // By then all are worked off; of those that were not recorded that shows when we no longer look for them.
        for at in ["2026-12-02T01:17:00Z", "2026-12-04T01:17:00Z"] {
            night.run(at).await;
        }
        night.must_have_copied(&night.calls(|call| self.has(call)));
        let unrecorded = ids(&|call| self.is_late(call) && !self.has(call));
        assert_eq!(night.in_state("pending"), unrecorded, "{key}");
        night.run("2026-12-16T01:17:00Z").await;
        assert_eq!(night.in_state("pending"), [""; 0], "{key}");
        night.must_be_over("2026-12-17T01:17:00Z").await;
    }

    /// Recordings that are gone, refused for a moment or sent by the platform itself stop no other.
    async fn one_failure_stops_no_other(&self) {
        let night = self.night();
        let running = &night.platform;
        let key = self.demo.key;
        let calls = night.calls(|_| true);
        let is_there = |call: &Call| self.has(call) && !self.is_late(call);
        let mut there = calls.iter().filter(|call| is_there(call));
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
        let import = night.run(NIGHT).await;
        assert_eq!(import.phase, Phase::CompletedWithFailures, "{key}");
        assert_eq!(night.in_state("failed"), [file.as_str()], "{key}");
        assert!(night.in_state("unavailable").contains(&gone), "{key}");
        let copied = calls.iter().filter(|call| is_there(call)).count() - 2;
        assert_eq!(night.in_state("stored").len(), copied, "{key}");
        let failures =
            "SELECT concat_ws('|', external_id, stage, class, detail) FROM call_failures";
        let failures = record::query(&night.scene.database(), failures);
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
        let fetched = night.host.log();
        assert_eq!(fetched.count_status(200), fetched.len(), "{key}");
    }
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
        assert_eq!(planned(&platform.demo, 1_000), 1_000);
    }
}
