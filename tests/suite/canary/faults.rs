//! Every fault of the simulators, while the platform repeats the credential wherever it can write something.

use std::{
    io,
    sync::{Arc, Mutex},
    time::Duration,
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use call_import_engine::{
    objects::Objects,
    reconcile::{MediaPlace, Report},
    report::summary,
    secrets::IDENTITY,
    state::Home,
};
use serde_json::{Value, json};
use simulator::{
    Config, Running, Simulator,
    faults::{Fault, Poison, Rule},
    github::{self, PullRequest},
    gong, media, oauth,
    oauth::TOKEN,
    slack,
};
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::{EnvFilter, layer::SubscriberExt as _};

use super::{Search, canary, plain_canary};
use crate::{reconcile::population, support::Scene};

const LINES: &str = "\
requested_by: jane-doe\ninclude: [transcript, media]\nperiod: {from: 2026-09-01, to: 2026-10-31}\n";

/// Everything that an import touches, and the secrets of it.
struct Mine {
    scene: Scene,
    gong: Running,
    github: Running,
    slack: Running,
    search: Search,
    log: Log,
    _guard: DefaultGuard,
}

/// The log of our own crate at its most talkative, as text and as JSON.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Mine {
    /// A Gong with some calls and their recordings, to which this credential belongs.
    fn new(config: Config, credentials: &[Value], lines: &str) -> Self {
        let mut scene = Scene::new("2026-12-01T01:17:00Z");
        scene.with_keys();
        let start = |config: Config| {
            let clock = Arc::new(scene.clock.clone());
            Simulator::start(Config { clock, ..config }).unwrap()
        };
        let gong = start(config);
        let github = start(Config::github(github::Config::default()));
        let slack = start(Config::slack());
        let webhook = plain_canary("webhook");
        scene.github_url = Some(github.url.clone());
        scene.slack_url = Some(format!("{}{}?key={webhook}", slack.url, slack::PATH));
        scene.platform_urls.insert("gong".into(), gong.url.clone());
        scene.without_limits("gong");
        for (number, credential) in (12..).zip(credentials) {
            let secret = format!("IMPORT_CUSTOMER_{number}_GONG");
            scene.secrets.insert(secret, credential.to_string());
            scene.request(
                &format!("import-{number}"),
                &format!("Customer {number}"),
                lines,
            );
            let file = format!("requests/import-{number}.yaml");
            github
                .github()
                .merge(PullRequest::new(number, "jane-doe", [file]));
        }
        let folder = |name: &str| {
            let folder = scene.folder.path().join(name);
            Objects::open(folder.to_str().unwrap()).unwrap()
        };
        let home = Home::new(folder("saved"), scene.recipients());
        let media = MediaPlace {
            objects: folder("kept"),
            partial: scene.folder.path().join("partial"),
        };
        (scene.home, scene.media) = (Some(home), Some(media));
        let parts = credentials
            .iter()
            .flat_map(|parts| parts.as_object().unwrap());
        let parts = parts.filter(|(name, _)| *name != "client_id");
        let parts = parts.map(|(name, part)| (name.as_str(), own(part.as_str().unwrap())));
        let search = Search::of(parts.chain([
            ("the webhook", webhook),
            ("the secret key", identity(&scene)),
        ]));
        let log = Log::default();
        let guard = tracing::subscriber::set_default(subscriber(&log));
        Self {
            scene,
            gong,
            github,
            slack,
            search,
            log,
            _guard: guard,
        }
    }

    async fn night(&self, date: &str) -> Report {
        self.scene.clock.set(&format!("{date}T01:17:00Z"));
        self.scene.run(date).await
    }

    /// Nothing that anybody can read holds a secret.
    fn assert_silent(&self, reports: &[Report], when: &str) {
        let search = &self.search;
        let log = self.log.0.lock().unwrap().clone();
        assert!(!log.is_empty());
        search.assert_absent(&log, "the log", when);
        for report in reports {
            let text = format!("{report:?}");
            search.assert_absent(text.as_bytes(), "the report", when);
            let Report {
                run,
                imports,
                untold,
                waiting,
                skipped,
                ..
            } = report;
            let summary = summary::markdown(run, imports, skipped, untold, *waiting);
            search.assert_absent(summary.as_bytes(), "the job summary", when);
        }
        let comments = self.github.github().all_comments();
        assert!(!comments.is_empty(), "{when}: nobody was told");
        let told = format!("{comments:?} {:?}", self.github.github().notifications());
        search.assert_absent(told.as_bytes(), "GitHub", when);
        let messages = self.slack.slack().messages().join("\n");
        search.assert_absent(messages.as_bytes(), "Slack", when);
        search.assert_absent_below(self.scene.folder.path(), when);
    }
}

/// What a token of the simulator has alone: before it stands what kind of token it is.
fn own(token: &str) -> String {
    let own = token.rsplit_once('-').filter(|(_, own)| own.len() == 16);
    own.map_or(token, |(_, own)| own).to_owned()
}

/// The age secret key, without what all of them begin with.
pub(super) fn identity(scene: &Scene) -> String {
    let key = &scene.secrets[IDENTITY];
    let key = key.split_once("AGE-SECRET-KEY-1").unwrap().1;
    key.trim().to_owned()
}

fn subscriber(log: &Log) -> impl tracing::Subscriber + use<> {
    let (text, json) = (log.clone(), log.clone());
    let text = tracing_subscriber::fmt::layer().with_writer(move || text.clone());
    let json = tracing_subscriber::fmt::layer()
        .json()
        .with_writer(move || json.clone());
    let filter = EnvFilter::new("warn,call_import_engine=trace");
    tracing_subscriber::registry()
        .with(filter)
        .with(text)
        .with(json)
}

/// What a platform might say about what it was sent.
pub(super) fn repeated(user: &str, secret: &str) -> String {
    let json = serde_json::to_string(secret).unwrap();
    let percent: String = secret.bytes().map(|byte| format!("%{byte:02x}")).collect();
    let header = BASE64_STANDARD.encode(format!("{user}:{secret}"));
    format!(
        "{secret} of {user} ({header}, {json}, {percent}, {}) is wrong",
        hex::encode(secret)
    )
}

/// The same in every text of an answer that is no id, time or link.
pub(super) fn repeat_in(value: &mut Value, said: &str) {
    match value {
        Value::String(text) => text.push_str(said),
        Value::Array(items) => items.iter_mut().for_each(|item| repeat_in(item, said)),
        Value::Object(members) => {
            for (name, member) in members.iter_mut() {
                let is_text = ["title", "name", "text", "emailAddress", "system", "purpose"];
                if is_text.contains(&name.as_str()) || !member.is_string() {
                    repeat_in(member, said);
                }
            }
            members.insert("echo".into(), said.into());
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn faults(said: &str) -> Vec<Fault> {
    let status = |status| Fault::Status {
        status,
        message: said.to_owned(),
        retry_after: Some("2".into()),
    };
    let percent: String = said.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let redirect = |to: &str| Fault::Redirect {
        to: format!("{to}?key={percent}"),
    };
    let poison = |how| Fault::Poison {
        records: vec![0, 2],
        how,
    };
    let mut faults: Vec<Fault> = [400, 401, 403, 404, 409, 429, 500, 503].map(status).into();
    faults.extend([
        Fault::Masked {
            status: 502,
            message: said.to_owned(),
        },
        Fault::Delay(Duration::from_secs(400)),
        Fault::Lost,
        Fault::Cut { after: 300 },
        Fault::WrongLength { extra: 10 },
        Fault::BrokenJson,
        Fault::LoginPage,
        Fault::Recording,
        Fault::GzipBomb { decoded: 1 << 20 },
        Fault::CursorIgnored,
        Fault::CursorExpired,
        poison(Poison::MissingId),
        poison(Poison::NumberId),
        poison(Poison::NotAnObject),
        poison(Poison::BadTime),
        poison(Poison::HugeText(1 << 16)),
        redirect("https://169.254.169.254/latest"),
        redirect("https://files.example/x"),
        redirect("gopher://files.example/x"),
        Fault::Drip {
            bytes: 4_000,
            every: Duration::from_millis(10),
        },
        Fault::effect(|| {}),
    ]);
    let text = said.to_owned();
    faults.push(Fault::rewrite(move |answer| {
        *answer = json!({"errors": [text]})
    }));
    faults
}

/// One customer for each fault, all in one night.
#[tokio::test]
async fn no_fault_of_a_platform_gives_a_key_away() {
    let secret = canary("secret");
    let user = |number: usize| plain_canary(&format!("user {number}"));
    let host = Simulator::start(Config::media(media::Config { bytes: 9_000 })).unwrap();
    let calls = population(6, "2026-09-01", "2026-10-31");
    let mut config = gong::Config::new(calls).without_limits();
    config.links = host.links();
    let faults = faults(&repeated("somebody", &secret));
    let company = config.companies.remove(0);
    config.companies = (0..faults.len())
        .map(|number| gong::Company {
            access_key: user(number),
            access_key_secret: secret.clone(),
            ..company.clone()
        })
        .collect();
    let credential = |number| json!({"access_key": user(number), "access_key_secret": secret});
    let credentials: Vec<Value> = (0..faults.len()).map(credential).collect();
    let mine = Mine::new(Config::gong(config), &credentials, LINES);
    let script = mine.gong.gong().faults();
    let rules: Vec<_> = (0..)
        .zip(faults)
        .map(|(number, fault)| {
            let said = repeated(&user(number), &secret);
            let echo = Fault::rewrite(move |answer| repeat_in(answer, &said));
            script.add(Rule::new(echo).of(&user(number)));
            let what = format!("{fault:?}");
            (
                what,
                script.add(Rule::new(fault).of(&user(number)).times(8)),
            )
        })
        .collect();
    let mut reports = vec![mine.night("2026-12-01").await];
    for (what, rule) in rules {
        assert!(rule.hits() > 0, "{what}");
        rule.release();
    }
    reports.push(mine.night("2026-12-02").await);
    mine.assert_silent(&reports, "in the end");
}

#[tokio::test]
async fn no_fault_of_a_token_url_gives_a_token_away() {
    let (secret, app) = (canary("client secret"), "simulated-app".to_owned());
    for status in [200, 400, 401, 403, 429, 500] {
        let when = format!("a token URL that answers {status}");
        let calls = population(6, "2026-09-01", "2026-10-31");
        let config = gong::Config::new(calls).without_limits();
        let authority = oauth::Config {
            client_secret: secret.clone(),
            ..oauth::Config::gong()
        };
        let credential = authority.credential();
        let refresh_token = credential["refresh_token"].as_str().unwrap().to_owned();
        let config = Config::gong(config).with_oauth(authority);
        let mine = Mine::new(config, &[credential], &format!("{LINES}method: oauth\n"));
        let said = format!("{} {refresh_token}", repeated(&app, &secret));
        let fault = match status {
            200 => Fault::rewrite(move |answer| *answer = json!({"error_description": said})),
            status => Fault::Status {
                status,
                message: said,
                retry_after: None,
            },
        };
        let fault = mine.gong.faults().add(Rule::new(fault).on(TOKEN).times(8));
        let mut reports = vec![mine.night("2026-12-01").await];
        assert!(fault.hits() > 0, "{when}");
        fault.release();
        reports.push(mine.night("2026-12-02").await);
        let tokens = [
            mine.gong.oauth().refresh_token(),
            mine.gong.oauth().access_token(),
        ];
        mine.assert_silent(&reports, &when);
        let tokens = Search::of(tokens.map(|token| ("a token", own(&token))));
        tokens.assert_absent(&mine.log.0.lock().unwrap(), "the log", &when);
        tokens.assert_absent_below(mine.scene.folder.path(), &when);
    }
}
