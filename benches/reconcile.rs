//! A whole run: 10,000 calls of one account, from a simulated Gong over HTTP into a DuckDB file that is closed at the end;
//! the same with 50 ms a request; the same where people use fewer words, which pack smaller; a run that finds nothing to
//! do; and the floor: DuckDB alone, which reads the same calls as local JSON lines into the same tables.
//!
//! Simulator and floor are this program once more, in processes of their own, so that their time and memory do not count.
#![expect(
    clippy::print_stdout,
    reason = "a benchmark is no library, and what it measures besides time is told in a table"
)]

#[path = "reconcile/floor.rs"]
mod floor;

use std::{
    collections::BTreeMap,
    env, fs,
    io::{self, BufRead, BufReader, Read, Write},
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use call_import_engine::{
    clock::{Clock, SystemClock},
    http::Http,
    reconcile::{self, Edges, Settings},
    secrets::Secrets,
    spec::{self, Declared, Source, SourceContent, SupportMatrix},
    store::Store,
};
use criterion::{Criterion, SamplingMode, Throughput, criterion_group};
use jiff::{
    SignedDuration, Timestamp,
    civil::{Date, date},
};
use secrecy::SecretString;
use simulator::{Config, Simulator, gong};
use tempfile::TempDir;
use tokio::{runtime::Runtime, sync::watch};

const CALLS: u32 = 10_000;

/// Nine in ten calls have a transcript, so that there are 240 sentences a call: 2,400,000, or 41 kB of JSON a call.
const SENTENCES: u32 = 266;

/// A year that is over, so that no run looks for late calls.
const PERIOD: (Date, Date) = (date(2025, 1, 1), date(2025, 12, 31));

/// Set where this program is to be the simulator: milliseconds until it answers.
const SERVE: &str = "CALL_IMPORT_BENCH_SERVE";

/// Set beside [`SERVE`] where people are to use fewer words.
const PLAIN: &str = "CALL_IMPORT_BENCH_PLAIN";

/// Set where this program is to be the floor: the folder with the calls.
const FLOOR: &str = "CALL_IMPORT_BENCH_FLOOR";

const CALLS_FILE: &str = "calls.ndjson";
const TRANSCRIPTS_FILE: &str = "transcripts.ndjson";

/// No rate limit: what counts is what we need ourselves.
const MATRIX: &[u8] = br#"
nightly: {at: "01:17", deadline: 5h, settle_days: 14}
platforms:
  gong: {name: Gong, status: supported, methods: [api], metadata: [title, transcript]}
"#;

const REQUEST: &str = "
customer: Northwind Robotics
platform: gong
estimated_calls: 10000
urgency: onboarding
requested_completion: 2030-12-31
credentials:
  secret: IMPORT_NORTHWIND_ROBOTICS_GONG
period: {from: 2025-01-01, to: 2025-12-31}
";

const CREDENTIAL: &str = r#"{"access_key": "demo", "access_key_secret": "demo-secret"}"#;

fn main() {
    if let Ok(latency) = env::var(SERVE) {
        let latency = latency.parse().expect("milliseconds");
        serve(Duration::from_millis(latency)).expect("the simulator serves until nobody needs it");
        return;
    }
    if let Some(folder) = env::var_os(FLOOR) {
        floor::write(Path::new(&folder)).expect("DuckDB reads the calls");
        return;
    }
    benches();
    Criterion::default().configure_from_args().final_summary();
}

criterion_group!(benches, runs);

fn runs(criterion: &mut Criterion) {
    let scene = Scene::new(Duration::ZERO, &[]);
    let mut group = criterion.benchmark_group("reconcile");
    group.sample_size(10);
    group.sampling_mode(SamplingMode::Flat);

    group.measurement_time(Duration::from_secs(50));
    group.throughput(Throughput::Elements(CALLS.into()));
    let mut imports = Costs::default();
    group.bench_function("10,000 calls", |bencher| {
        bencher.iter_custom(|times| {
            let import = |_| scene.measure(&scene.empty());
            imports.take((0..times).map(import))
        });
    });

    let mut floors = Costs::default();
    let folder = scene.empty();
    scene.runtime.block_on(floor::fetch(&scene, folder.path()));
    group.bench_function("floor", |bencher| {
        bencher.iter_custom(|times| floors.take((0..times).map(|_| floor::measure(folder.path()))));
    });

    let slow = Scene::new(Duration::from_millis(50), &[]);
    let mut slow_imports = Costs::default();
    group.bench_function("10,000 calls, 50 ms a request", |bencher| {
        bencher.iter_custom(|times| {
            let import = |_| slow.measure(&slow.empty());
            slow_imports.take((0..times).map(import))
        });
    });

    let plain = Scene::new(Duration::ZERO, &[PLAIN]);
    let mut plain_imports = Costs::default();
    group.bench_function("10,000 calls, plain speech", |bencher| {
        bencher.iter_custom(|times| {
            let import = |_| plain.measure(&plain.empty());
            plain_imports.take((0..times).map(import))
        });
    });

    group.measurement_time(Duration::from_secs(5));
    let mut idle = Costs::default();
    let recorded = scene.empty();
    scene.measure(&recorded);
    group.bench_function("nothing new", |bencher| {
        bencher.iter_custom(|times| idle.take((0..times).map(|_| scene.measure(&recorded))));
    });
    group.finish();

    println!(
        "{:<16} {:>8} {:>8} {:>8} {:>9} {:>9}",
        "median", "calls/s", "wall s", "CPU s", "file MB", "requests"
    );
    floors.print("floor", f64::from(CALLS));
    imports.print("10,000 calls", f64::from(CALLS));
    slow_imports.print("50 ms a request", f64::from(CALLS));
    plain_imports.print("plain speech", f64::from(CALLS));
    idle.print("nothing new", 0.0);
    if let Some(peak) = peak_megabytes() {
        println!("largest memory of this process: {peak} MB");
    }
}

/// The request, its platform, and what both need.
struct Scene {
    runtime: Runtime,
    http: Http,
    matrix: SupportMatrix,
    declared: Declared,
    secrets: Secrets,
    platform_urls: BTreeMap<String, String>,
    _platform: Platform,
}

impl Scene {
    fn new(latency: Duration, traits: &[&str]) -> Self {
        let matrix = spec::load_matrix("matrix.yaml", MATRIX).expect("the matrix has no flaw");
        let source = Source {
            path: "requests/northwind-gong.yaml".into(),
            content: SourceContent::Bytes(REQUEST.into()),
        };
        let declared = spec::load(&[source], &[], &matrix, date(2026, 11, 25));
        assert_eq!(declared.requests.len(), 1, "the request has no flaw");
        let platform = Platform::start(latency, traits).expect("this program can be started again");
        Self {
            runtime: Runtime::new().expect("a runtime"),
            http: Http::new().expect("a client"),
            matrix,
            declared,
            secrets: Secrets::new(|name| {
                name.ends_with("_GONG")
                    .then(|| SecretString::from(CREDENTIAL))
            })
            .expect("no identity is set"),
            platform_urls: BTreeMap::from([("gong".into(), platform.url.clone())]),
            _platform: platform,
        }
    }

    /// A folder without a record.
    fn empty(&self) -> TempDir {
        tempfile::tempdir().expect("a temporary folder can be made")
    }

    /// One run, from opening the record of a folder to closing it.
    fn measure(&self, folder: &TempDir) -> Cost {
        let path = folder.path().join("record.duckdb");
        let (started_at, cpu) = (SystemClock.now(), cpu_seconds());
        let requests = self.runtime.block_on(self.run(&path, started_at));
        let wall = SystemClock.now().duration_since(started_at);
        Cost {
            wall: Duration::try_from(wall).expect("the clock was not set back"),
            cpu: cpu_seconds() - cpu,
            bytes: fs::metadata(&path).expect("the record").len(),
            requests,
        }
    }

    /// The requests that were sent.
    async fn run(&self, path: &Path, started_at: Timestamp) -> i64 {
        let run_id = started_at.to_string();
        let store = Store::open(path, &run_id, "bench", started_at).expect("the record opens");
        let (_stop, interrupt) = watch::channel(false);
        let settings = Settings {
            declared: &self.declared,
            matrix: &self.matrix,
            only: None,
            skip: &[],
            allow_cancel: None,
            deadline: SignedDuration::from_hours(5),
            platform_urls: &self.platform_urls,
            run_id: &run_id,
            uploads: path,
            has_job_summary: false,
        };
        let edges = Edges {
            store: &store,
            http: &self.http,
            secrets: &self.secrets,
            github: None,
            slack: None,
            home: None,
            media: None,
            clock: &SystemClock,
            interrupt,
        };
        let report = reconcile::run(settings, edges, &mut |_| {})
            .await
            .expect("a run");
        store.close().await.expect("the record closes");
        assert_eq!(report.imports[0].calls_imported, i64::from(CALLS));
        report.run.requests_sent
    }
}

/// What one run took.
struct Cost {
    wall: Duration,
    cpu: f64,
    bytes: u64,
    requests: i64,
}

/// What all runs of one kind took.
#[derive(Default)]
struct Costs(Vec<Cost>);

impl Costs {
    /// Keeps the costs of some more runs, and sums up how long they took.
    fn take(&mut self, runs: impl Iterator<Item = Cost>) -> Duration {
        let before = self.0.len();
        self.0.extend(runs);
        self.0[before..].iter().map(|cost| cost.wall).sum()
    }

    fn print(&self, name: &str, calls: f64) {
        if self.0.is_empty() {
            // The command line chose another benchmark.
            return;
        }
        let wall = self.median(|cost| cost.wall.as_secs_f64());
        let cpu = self.median(|cost| cost.cpu);
        let megabytes = self.median(|cost| cost.bytes as f64 / 1e6);
        let requests = self.median(|cost| cost.requests as f64);
        println!(
            "{name:<16} {:>8.0} {wall:>8.3} {cpu:>8.3} {megabytes:>9.1} {requests:>9}",
            calls / wall
        );
    }

    fn median(&self, value: impl Fn(&Cost) -> f64) -> f64 {
        let mut values: Vec<f64> = self.0.iter().map(value).collect();
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    }
}

/// User and system time of all threads of this process so far; zero where Linux does not tell it.
fn cpu_seconds() -> f64 {
    // Fields 14 and 15 of proc_pid_stat(5), in ticks of 10 ms. The second field may hold spaces and ends with `)`.
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let (_, fields) = stat.rsplit_once(')').unwrap_or_default();
    let ticks = fields.split_whitespace().skip(11).take(2);
    ticks
        .filter_map(|ticks| ticks.parse::<f64>().ok())
        .sum::<f64>()
        / 100.0
}

/// The most memory that this process has ever held.
fn peak_megabytes() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = peak.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1_024 / 1_000_000)
}

/// The simulator in another process. It ends with this value, because its input then ends.
struct Platform {
    child: Child,
    url: String,
}

impl Platform {
    fn start(latency: Duration, traits: &[&str]) -> io::Result<Self> {
        let mut child = Command::new(env::current_exe()?)
            .env(SERVE, latency.as_millis().to_string())
            .envs(traits.iter().map(|name| (name, "")))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut url = String::new();
        if let Some(output) = child.stdout.take() {
            BufReader::new(output).read_line(&mut url)?;
        }
        let url = url.trim().to_owned();
        Ok(Self { child, url })
    }
}

impl Drop for Platform {
    fn drop(&mut self) {
        self.child.stdin.take();
        // It is of no use any more, however it ended.
        let _ = self.child.wait();
    }
}

/// Tells the address and serves until the input ends.
fn serve(latency: Duration) -> io::Result<()> {
    let (from, to) = PERIOD;
    let mut population = gong::Population::new(1, CALLS, from, to, SENTENCES);
    if env::var_os(PLAIN).is_some() {
        population = population.with_plain_speech();
    }
    let gong = gong::Config {
        keeps_transcripts: true,
        ..gong::Config::new(population).without_limits()
    };
    let running = Simulator::start(Config {
        latency,
        ..Config::gong(gong)
    })?;
    writeln!(io::stdout(), "{}", running.url)?;
    io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}
