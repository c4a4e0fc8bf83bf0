//! What several subjects need: a clock that nobody waits for, a folder with requests, and the program.

use std::{
    collections::BTreeMap,
    future::Future,
    io::Write as _,
    path::{Path, PathBuf},
    pin::Pin,
    process::{Command, Output},
    sync::{Arc, Mutex, MutexGuard},
    task::{Context, Poll},
    time::Duration,
};

use call_import_engine::{
    clock::Clock,
    github::GitHub,
    http::Http,
    reconcile::{self, Edges, Event, MediaPlace, ReconcileError, Report, Settings},
    secrets::{IDENTITY, KeyPair, Recipients, Secrets},
    slack::Slack,
    spec::{self, AppliesTo, Declared, Per, RateLimit, SupportMatrix},
    state::Home,
    store::Store,
    workspace,
};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use secrecy::{ExposeSecret as _, SecretString};
use tempfile::TempDir;
use tokio::sync::{oneshot, watch};

/// A clock shared by engine and simulator. It moves on only when the engine waits and everything that
/// it has under way waits too: to the earliest of the moments that they wait for.
#[derive(Clone)]
pub(crate) struct VirtualClock(Arc<Mutex<State>>);

struct State {
    now: Timestamp,
    engine: Option<Waiting>,
    simulator: Vec<(Timestamp, oneshot::Sender<()>)>,
}

struct Waiting {
    until: Timestamp,
    outstanding: usize,
    wake: oneshot::Sender<()>,
}

impl VirtualClock {
    pub(crate) fn at(now: &str) -> Self {
        let now = now.parse().expect("an instant");
        Self(Arc::new(Mutex::new(State {
            now,
            engine: None,
            simulator: Vec::new(),
        })))
    }

    pub(crate) fn set(&self, now: &str) {
        self.state().now = now.parse().expect("an instant");
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0
            .lock()
            .expect("no test panics while it holds the clock")
    }
}

impl State {
    fn advance(&mut self) {
        self.simulator.retain(|(_, wake)| !wake.is_closed());
        let Some(engine) = &self.engine else { return };
        if self.simulator.len() < engine.outstanding {
            return;
        }
        let asleep = self.simulator.iter().map(|(until, _)| *until);
        self.now = asleep
            .chain([engine.until])
            .min()
            .map_or(self.now, |next| next.max(self.now));
        let now = self.now;
        if engine.until <= now
            && let Some(engine) = self.engine.take()
        {
            // The engine may have been dropped meanwhile.
            let _ = engine.wake.send(());
        }
        let (due, asleep) = std::mem::take(&mut self.simulator)
            .into_iter()
            .partition(|(until, _)| *until <= now);
        self.simulator = asleep;
        for (_, wake) in Vec::from_iter::<Vec<(Timestamp, oneshot::Sender<()>)>>(due) {
            let _ = wake.send(());
        }
    }
}

/// The engine's wait; it is dropped when something else happens first.
struct EngineWait {
    clock: VirtualClock,
    woken: oneshot::Receiver<()>,
}

impl Future for EngineWait {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.woken).poll(context).map(|_| ())
    }
}

impl Drop for EngineWait {
    fn drop(&mut self) {
        self.clock.state().engine = None;
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        self.state().now
    }

    fn wait(
        &self,
        until: Timestamp,
        outstanding: usize,
    ) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        let (wake, woken) = oneshot::channel();
        let mut state = self.state();
        state.engine = Some(Waiting {
            until,
            outstanding,
            wake,
        });
        state.advance();
        drop(state);
        Box::pin(EngineWait {
            clock: self.clone(),
            woken,
        })
    }
}

impl simulator::clock::Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        self.state().now
    }

    fn sleep(&self, duration: Duration) -> simulator::clock::Sleep {
        let (wake, woken) = oneshot::channel();
        let mut state = self.state();
        let length = SignedDuration::try_from(duration).expect("a length that a test means");
        let until = state
            .now
            .saturating_add(length)
            .expect("a time-span without calendar units");
        state.simulator.push((until, wake));
        state.advance();
        drop(state);
        Box::pin(async move {
            // Closed when the clock is gone: the test is over.
            let _ = woken.await;
        })
    }
}

/// A repository of requests with its record and its secrets.
pub(crate) struct Scene {
    pub(crate) folder: TempDir,
    pub(crate) matrix: SupportMatrix,
    pub(crate) clock: VirtualClock,
    pub(crate) platform_urls: BTreeMap<String, String>,
    pub(crate) secrets: BTreeMap<String, String>,
    pub(crate) deadline: SignedDuration,
    /// Address of the API of a simulated GitHub, if people are told.
    pub(crate) github_url: Option<String>,
    /// Address of a simulated webhook of Slack, if one is set.
    pub(crate) slack_url: Option<String>,
    pub(crate) only: Option<String>,
    pub(crate) home: Option<Home>,
    pub(crate) media: Option<MediaPlace>,
}

impl Scene {
    /// An empty one, at the start of a night.
    pub(crate) fn new(now: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        std::fs::create_dir_all(folder.path().join("requests")).expect("a folder");
        Self {
            folder,
            matrix: matrix(),
            clock: VirtualClock::at(now),
            platform_urls: BTreeMap::new(),
            secrets: BTreeMap::new(),
            deadline: SignedDuration::from_hours(5),
            github_url: None,
            slack_url: None,
            only: None,
            home: None,
            media: None,
        }
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.folder.path().join("record.duckdb")
    }

    pub(crate) fn requests(&self) -> PathBuf {
        self.folder.path().join("requests")
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.requests().join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    }

    pub(crate) fn remove(&self, name: &str) {
        std::fs::remove_file(self.requests().join(name)).expect("the file was there");
    }

    /// Where a simulated platform is, and what Northwind signs in with there.
    pub(crate) fn connect(&mut self, platform: &str, url: &str, credential: &str) {
        self.platform_urls.insert(platform.into(), url.into());
        self.secrets.insert(secret(platform), credential.into());
    }

    /// From now on the matrix has no limits of a platform that one could feel.
    pub(crate) fn without_limits(&mut self, platform: &str) {
        let row = self.matrix.platforms.get_mut(platform);
        row.expect("the platform has a row").rate_limits = vec![RateLimit {
            requests: 1_000_000,
            per: Per::Second,
            applies_to: AppliesTo::All,
        }];
    }

    /// The matrix where the program looks for it.
    pub(crate) fn write_matrix(&self) {
        let matrix = serde_json::to_string(&self.matrix).expect("a matrix is JSON");
        std::fs::write(self.folder.path().join("matrix.yaml"), matrix).expect("a file");
    }

    /// A Gong request of the simulator's first company, with `lines` added.
    pub(crate) fn request(&mut self, id: &str, customer: &str, lines: &str) {
        let secret = format!(
            "IMPORT_{}_GONG",
            call_import_engine::model::slug(customer)
                .to_uppercase()
                .replace('-', "_")
        );
        let credential = r#"{"access_key": "demo", "access_key_secret": "demo-secret"}"#;
        self.secrets
            .entry(secret.clone())
            .or_insert_with(|| credential.to_owned());
        self.write(
            &format!("{id}.yaml"),
            &format!(
                "customer: {customer}\nplatform: gong\nestimated_calls: 500\nurgency: onboarding\n\
                 requested_completion: 2030-12-31\ncredentials:\n  secret: {secret}\n{lines}"
            ),
        );
    }

    pub(crate) fn declared(&self) -> Declared {
        let read = workspace::read(&self.requests()).expect("a readable folder");
        let today = TimeZone::UTC.to_datetime(Clock::now(&self.clock)).date();
        spec::load(&read.sources, &read.uploads, &self.matrix, today)
    }

    /// Those to whom the requests folder has credentials sealed.
    pub(crate) fn recipients(&self) -> Recipients {
        let text = std::fs::read_to_string(self.requests().join("recipients.txt"));
        Recipients::parse(&text.unwrap_or_default()).expect("public keys")
    }

    /// A pair of keys for the team: what is sealed can be opened by the next run.
    pub(crate) fn with_keys(&mut self) {
        let pair = KeyPair::generate();
        self.write("recipients.txt", &format!("{}\n", pair.public()));
        let secret_key = pair.file(Clock::now(&self.clock));
        let secret_key = secret_key.expose_secret().to_owned();
        self.secrets.insert(IDENTITY.to_owned(), secret_key);
    }

    pub(crate) fn open(&self, run_id: &str) -> Store {
        Store::open(&self.database(), run_id, "test", Clock::now(&self.clock))
            .expect("the record opens")
    }

    /// One run, in this process.
    pub(crate) async fn run(&self, run_id: &str) -> Report {
        self.try_run(run_id, &mut |_| {}).await.expect("a run")
    }

    /// One run that may fail, and that is watched.
    pub(crate) async fn try_run(
        &self,
        run_id: &str,
        observe: &mut (dyn FnMut(Event<'_>) + Send),
    ) -> Result<Report, ReconcileError> {
        let (_stop, interrupt) = watch::channel(false);
        let store = self.open(run_id);
        let secrets = self.secrets.clone();
        let secrets = Secrets::new(move |name| secrets.get(name).cloned().map(SecretString::from))
            .expect("the identity is one")
            .sealing_to(self.recipients());
        let store = store.withholding(secrets.known());
        let http = Http::new().expect("a client");
        let declared = self.declared();
        let uploads = self.folder.path().join(".uploads");
        let settings = Settings {
            declared: &declared,
            matrix: &self.matrix,
            only: self.only.as_deref(),
            skip: &[],
            allow_cancel: None,
            deadline: self.deadline,
            platform_urls: &self.platform_urls,
            run_id,
            uploads: &uploads,
            has_job_summary: true,
        };
        let github = self.github_url.as_ref().map(|url| {
            let token = SecretString::from("simulated");
            let github = GitHub::new(url, "example/imports", token).expect("a client");
            github.withholding(secrets.known())
        });
        let slack = self.slack_url.as_ref().map(|url| {
            let pulls = "https://github.example/example/imports/pull/".to_owned();
            let slack = Slack::new(SecretString::from(url.as_str()), Some(pulls));
            slack.withholding(secrets.known())
        });
        let edges = Edges {
            store: &store,
            http: &http,
            secrets: &secrets,
            github: github.as_ref(),
            slack: slack.as_ref(),
            home: self.home.as_ref(),
            media: self.media.as_ref(),
            clock: &self.clock,
            interrupt,
        };
        let report = reconcile::run(settings, edges, observe).await;
        store.close().await.expect("the record closes");
        report
    }
}

/// The name of Northwind's secret on a platform.
pub(crate) fn secret(platform: &str) -> String {
    format!("IMPORT_NORTHWIND_{}", platform.to_uppercase())
}

/// The project's own matrix.
pub(crate) fn matrix() -> SupportMatrix {
    let text = std::fs::read(root().join("matrix.yaml")).expect("matrix.yaml");
    spec::load_matrix("matrix.yaml", &text).expect("a valid matrix")
}

/// The project's folder.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The program, in a folder, without anything of our environment that it would use.
pub(crate) fn program(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_call-import"));
    command.current_dir(folder);
    for name in [
        "CALL_IMPORT_DATABASE",
        "CALL_IMPORT_IDENTITY",
        "CALL_IMPORT_MEDIA",
        "GITHUB_API_URL",
        "GITHUB_REPOSITORY",
        "GITHUB_SERVER_URL",
        "GITHUB_STEP_SUMMARY",
        "GITHUB_TOKEN",
        "RUST_LOG",
        "SLACK_WEBHOOK_URL",
    ] {
        command.env_remove(name);
    }
    command
}

/// What a program printed, as text.
pub(crate) fn text(output: &Output) -> (String, String) {
    (
        String::from_utf8_lossy(&output.stdout).into_owned(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    )
}

/// Says on the real stderr, which the test harness does not hold back, that a test was not run.
pub(crate) fn skipped(why: &str) {
    writeln!(std::io::stderr(), "skipped: {why}").expect("a stderr");
}
