//! Platforms that redirect to recordings, and the host that has them.

use std::sync::Arc;

use super::{TestClock, client, header, population};
use crate::{
    Config, Running, Simulator, chorus, grain,
    limits::Limits,
    log::Endpoint,
    media::{self, Links},
    tldv,
};

/// A platform whose recordings are on a host.
struct Platform {
    config: fn(Links) -> Config,
    download: Endpoint,
    /// Path of the request for a recording.
    path: fn(&str) -> String,
    header: (&'static str, &'static str),
    /// Whether a call is refused or not found, although it was recorded.
    is_closed: fn(&crate::company::Call) -> bool,
}

const PLATFORMS: &[Platform] = &[
    Platform {
        config: |links| {
            Config::grain(grain::Config {
                limits: Limits::NONE,
                links,
                ..grain::Config::new(population(250))
            })
        },
        download: grain::DOWNLOAD,
        path: |id| format!("/_/public-api/v2/recordings/{id}/download"),
        header: ("authorization", "Bearer demo-token"),
        is_closed: grain::is_locked,
    },
    Platform {
        config: |links| {
            Config::tldv(tldv::Config {
                limits: Limits::NONE,
                links,
                ..tldv::Config::new(population(250))
            })
        },
        download: tldv::DOWNLOAD,
        path: |id| format!("/v1alpha1/meetings/{id}/download"),
        header: ("x-api-key", "demo-key"),
        is_closed: tldv::is_unpaid,
    },
    Platform {
        config: |links| {
            Config::chorus(chorus::Config {
                limits: Limits::NONE,
                links,
                ..chorus::Config::new(population(250))
            })
        },
        download: chorus::MEDIA,
        path: |id| format!("/api/v1/conversations/{id}/media"),
        header: ("authorization", "demo-secret"),
        is_closed: chorus::is_out_of_reach,
    },
];

#[tokio::test]
async fn whoever_may_is_sent_to_a_host_that_takes_no_credential() {
    let clock = Arc::new(TestClock::default());
    let host = Config {
        clock: Arc::<TestClock>::clone(&clock),
        ..Config::media(media::Config { bytes: 9 })
    };
    let host = Simulator::start(host).unwrap();
    for platform in PLATFORMS {
        let config = Config {
            clock: Arc::<TestClock>::clone(&clock),
            ..(platform.config)(host.links())
        };
        let running = Simulator::start(config).unwrap();
        // All are worked off.
        running.account().release_transcripts();
        let mut redirected = 0;
        for call in running.account().calls() {
            let path = (platform.path)(&call.id);
            let response = get(&running, &path, Some(platform.header)).await;
            let status = response.status().as_u16();
            let closed = (platform.is_closed)(&call) || !media::is_recorded(&call);
            assert_eq!(matches!(status, 403 | 404), closed, "{path}: {status}");
            if closed {
                continue;
            }
            assert!(matches!(status, 302 | 307), "{path}: {status}");
            redirected += 1;
            let link = header(&response, "location").to_owned();
            let recording = client().get(&link).send().await.unwrap();
            assert_eq!(recording.status(), 200, "{link}");
            let unsigned = link.split('?').next().unwrap();
            assert_eq!(client().get(unsigned).send().await.unwrap().status(), 403);
        }
        assert!(redirected > 200, "{redirected}");
        assert_eq!(running.log().count(platform.download), 250);
        let id = running.account().population().id(0);
        let unknown = get(&running, &(platform.path)(&id), None).await;
        assert_eq!(unknown.status(), 401);
    }
}

async fn get(running: &Running, path: &str, signed: Option<(&str, &str)>) -> reqwest::Response {
    let mut request = client().get(format!("{}{path}", running.url));
    if let Some((name, value)) = signed {
        request = request.header(name, value);
    }
    let request = request.header("public-api-version", "2025-10-31");
    request.send().await.unwrap()
}
