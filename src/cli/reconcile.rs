//! `call-import reconcile`: the nightly run.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
};

use anyhow::anyhow;
use clap::{Args, ValueEnum};
use jiff::SignedDuration;
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::watch,
};

use super::{
    Common, Exit, Media, Output, Stop, check, github, known, place::no_request, progress::Progress,
    recipients, record, slack, state, written,
};
use crate::{
    clock::{Clock as _, SteadyClock, SystemClock},
    http::{Endpoint, Http},
    model::{ImportRecord, Method},
    objects::Objects,
    plan::{self, Inputs},
    reconcile::{self, Edges, MediaPlace, ReconcileError, Report, Settings},
    report::{self, plan::View, status},
    secrets::Secrets,
    spec::{Declared, SupportMatrix},
    state::Home,
    store::Store,
};

/// Arguments of `reconcile`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Work on this request alone; nothing else is changed or cancelled
    #[arg(long, value_name = "ID")]
    only: Option<String>,
    /// Stop after this long and go on in the next run; default: the matrix's nightly deadline
    #[arg(long, value_name = "5h", value_parser = duration)]
    deadline: Option<SignedDuration>,
    /// Where the record is kept between runs: a folder, s3://, gs:// or az://. It is restored first and saved
    /// while the run goes on and before anybody is told
    #[arg(long, value_name = "DEST")]
    state: Option<String>,
    /// Begin with an empty record if none is kept in DEST yet
    #[arg(long, requires = "state")]
    init: bool,
    /// Allow this run to cancel so many unfinished imports whose files are gone
    #[arg(long, value_name = "N")]
    allow_cancel: Option<usize>,
    /// Show what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,
    /// Write no comments and no job summary
    #[arg(long)]
    no_github: bool,
    /// Write what failed in the files of each import as CSV, DIR/ID.csv, to be corrected and used again
    #[arg(long, value_name = "DIR")]
    failures: Option<PathBuf>,
    /// Form of the result
    #[arg(long, value_name = "FORM", default_value = "plain")]
    format: Format,
    /// Send a platform's requests to another scheme, host and port, for simulators and proxies; may be
    /// given more than once
    #[arg(long, value_name = "NAME=URL", value_parser = platform_url)]
    platform_url: Vec<PlatformUrl>,
    #[command(flatten)]
    media: Media,
}

/// Form of a run's result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For a terminal
    Plain,
    /// For programs
    Json,
}

/// Another address for a platform's API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PlatformUrl {
    /// Key of the support matrix.
    pub(super) platform: String,
    /// Scheme, host and port, without a slash at the end.
    pub(super) url: String,
}

pub(super) fn run(arguments: &Arguments, common: &Common, out: &mut Output) -> Result<Exit, Stop> {
    let clock = SystemClock;
    let matrix = check::matrix(common)?;
    let declared = check::declared(common, &matrix, &clock)?;
    let skip = check::skipped();
    check_names(arguments, &matrix, &declared, common)?;
    let deadline = arguments.deadline.unwrap_or(matrix.nightly.deadline);
    let platform_urls = arguments.platform_url.iter();
    let platform_urls = platform_urls
        .map(|url| (url.platform.clone(), url.url.clone()))
        .collect();
    let started_at = clock.now();
    let run_id = format!(
        "{}-{}",
        started_at.strftime("%Y%m%dT%H%M%SZ"),
        std::process::id()
    );
    let job_summary = github::job_summary().filter(|_| !arguments.no_github);
    let uploads = record::beside_record(record::path(common)?, "uploads");
    let settings = Settings {
        declared: &declared,
        matrix: &matrix,
        only: arguments.only.as_deref(),
        skip: &skip,
        allow_cancel: arguments.allow_cancel,
        deadline,
        platform_urls: &platform_urls,
        run_id: &run_id,
        uploads: &uploads,
        has_job_summary: job_summary.is_some(),
    };
    let recipients = recipients::parse(common, &recipients::text(common)?)?;
    let secrets = Secrets::from_environment(known::secrets())?.sealing_to(recipients);
    let runtime = record::runtime()?;
    let home = match &arguments.state {
        Some(address) => {
            let home = state::take_back(address, arguments.init, &secrets, common);
            Some(runtime.block_on(home)?)
        }
        None => None,
    };
    if arguments.dry_run {
        return dry_run(&settings, arguments, common, out);
    }
    let run = carry_out(settings, arguments, home.as_ref(), &secrets, common);
    let report = runtime.block_on(run)?;
    if let Some(path) = &job_summary {
        github::add_to_summary(path, &report);
    }
    show(&report, arguments.format, out)?;
    Ok(exit(&report, &declared, &skip))
}

fn show(report: &Report, format: Format, out: &mut Output) -> Result<(), Stop> {
    match format {
        Format::Plain => {
            let summary = status::run_summary(&report.imports, &report.held());
            out.write_all(summary.as_bytes())?;
        }
        Format::Json => {
            let mut document = status::json(&report.imports);
            document["run"] = serde_json::to_value(&report.run)?;
            writeln!(out, "{document:#}")?;
        }
    }
    Ok(())
}

async fn carry_out(
    settings: Settings<'_>,
    arguments: &Arguments,
    home: Option<&Home>,
    secrets: &Secrets,
    common: &Common,
) -> Result<Report, Stop> {
    let clock = SteadyClock::start();
    // Before the record is opened: whoever is stopped from then on lets go of it.
    let interrupt = interrupt()?;
    let host = gethostname::gethostname();
    let path = record::path(common)?;
    let store = Store::open(path, settings.run_id, &host.to_string_lossy(), clock.now())
        .map_err(record::stop)?
        .withholding(known::secrets());
    warn_of_proxies();
    let http = Http::new()?;
    let media = media_place(arguments, path)?;
    let github = if arguments.no_github {
        None
    } else {
        github::repository()?
    };
    let slack = slack::channel();
    let edges = Edges {
        store: &store,
        http: &http,
        secrets,
        github: github.as_ref(),
        slack: slack.as_ref(),
        home,
        media: media.as_ref(),
        clock: &clock,
        interrupt,
    };
    let mut progress = Progress::new();
    let outcome = reconcile::run(settings, edges, &mut |event| {
        progress.show(event, clock.now())
    })
    .await;
    progress.end();
    if let Some(media) = &media {
        // It stays while parts of recordings wait in it for the next run.
        let _ = std::fs::remove_dir(&media.partial);
    }
    if let (Ok(report), Some(folder)) = (&outcome, &arguments.failures) {
        keep_failures(&store, &report.imports, folder).await;
    }
    // What went wrong in the run is what counts; closing fails only after that.
    let closed = store.close().await.map_err(record::stop);
    let report = outcome.map_err(|error| match error {
        ReconcileError::Store(error) => record::stop(error),
        ReconcileError::State(error) => state::stop(error),
        error => error.into(),
    })?;
    closed.map(|()| report)
}

/// Whoever has set one would wonder why it sees nothing.
fn warn_of_proxies() {
    for name in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
        if std::env::var_os(name).is_some_and(|value| !value.is_empty()) {
            tracing::warn!(
                "{name} is set, but no proxy is used: requests go straight to where they say"
            );
        }
    }
}

/// Writes what failed in files. The record has it as well, so the run is none the worse where that fails.
async fn keep_failures(store: &Store, imports: &[ImportRecord], folder: &Path) {
    let with_files = imports
        .iter()
        .filter(|import| import.method == Method::File && import.calls_failed > 0);
    for import in with_files {
        let id = &import.request_id;
        let written = match store.file_report(id).await {
            Ok((failures, _)) => written::keep_failures(folder, id, &failures),
            Err(error) => Err(error.into()),
        };
        match written {
            Ok(files) => tracing::info!(request = id, files, "what failed in its files is written"),
            Err(error) => {
                tracing::warn!(request = id, %error, "what failed in its files is not written")
            }
        }
    }
}

/// Where recordings are copied to. Until they are whole they wait beside the record.
fn media_place(arguments: &Arguments, database: &Path) -> Result<Option<MediaPlace>, Stop> {
    let Some(address) = arguments.media.address() else {
        return Ok(None);
    };
    let objects = Objects::open(address).map_err(|error| {
        let exit = if error.is_usage() {
            Exit::Usage
        } else {
            Exit::CouldNotRun
        };
        Stop::with(exit, error)
    })?;
    Ok(Some(MediaPlace {
        objects,
        partial: record::beside_record(database, "media"),
    }))
}

/// What a run would do, without a run.
fn dry_run(
    settings: &Settings<'_>,
    arguments: &Arguments,
    common: &Common,
    out: &mut Output,
) -> Result<Exit, Stop> {
    let now = SystemClock.now();
    let observed = record::observed(common, now)?;
    let plan = plan::plan(&Inputs {
        declared: settings.declared,
        matrix: settings.matrix,
        observed: &observed.clone().unwrap_or_default(),
        now,
        night: now,
        only: settings.only,
        skip: settings.skip,
        media: arguments.media.address().is_some(),
    });
    let view = View {
        matrix: settings.matrix,
        findings: &settings.declared.findings,
        changed: None,
        queue_is_known: true,
    };
    match arguments.format {
        Format::Plain => out.write_all(report::plan::plain(&plan, &view).as_bytes())?,
        Format::Json => writeln!(out, "{:#}", report::plan::json(&plan, &view))?,
    }
    Ok(Exit::Well)
}

/// Names on the command line that name nothing are wrong usage.
fn check_names(
    arguments: &Arguments,
    matrix: &SupportMatrix,
    declared: &Declared,
    common: &Common,
) -> Result<(), Stop> {
    let usage = |sentence: String| Err(Stop::with(Exit::Usage, anyhow!(sentence)));
    if let Some(id) = &arguments.only
        && !declared.ids().contains(id.as_str())
    {
        let ids = declared.ids();
        return Err(no_request(id, ids.iter().copied(), common));
    }
    for PlatformUrl { platform, url } in &arguments.platform_url {
        if !matrix.platforms.contains_key(platform) {
            return usage(format!(
                "--platform-url names the platform {platform:?}, which the matrix does not have."
            ));
        }
        if !Endpoint::is_address(url) {
            return usage(format!(
                "--platform-url for {platform} is not the address of a server."
            ));
        }
    }
    Ok(())
}

/// Becomes true at SIGTERM or Ctrl-C.
pub(super) fn interrupt() -> Result<watch::Receiver<bool>, Stop> {
    let (stop, interrupt) = watch::channel(false);
    let mut terminated = signal(SignalKind::terminate())?;
    let mut interrupted = signal(SignalKind::interrupt())?;
    tokio::spawn(async move {
        tokio::select! {
            _ = terminated.recv() => {}
            _ = interrupted.recv() => {}
        }
        tracing::warn!("stopping: what is committed stays, the next run goes on");
        stop.send_replace(true);
    });
    Ok(interrupt)
}

fn exit(report: &Report, declared: &Declared, skip: &[&str]) -> Exit {
    let ids = declared.ids();
    let counts = |id: &str| ids.contains(id) && !skip.contains(&id);
    let held = declared
        .invalid
        .iter()
        .any(|invalid| invalid.unsupported.is_none() && counts(&invalid.id));
    let waits = |import: &ImportRecord| import.phase.needs_somebody() && counts(&import.request_id);
    if held || report.imports.iter().any(waits) {
        Exit::NeedsSomebody
    } else {
        Exit::Well
    }
}

pub(super) fn duration(text: &str) -> Result<SignedDuration, String> {
    match text.parse::<SignedDuration>() {
        Ok(duration) if duration.is_positive() => Ok(duration),
        Ok(_) | Err(_) => Err("write a duration such as 5h or 90m".into()),
    }
}

pub(super) fn platform_url(text: &str) -> Result<PlatformUrl, String> {
    let (platform, url) = text
        .split_once('=')
        .ok_or("write NAME=URL, for example gong=http://localhost:8080")?;
    let url = url.trim_end_matches('/');
    let host = ["https://", "http://"]
        .iter()
        .find_map(|scheme| url.strip_prefix(scheme))
        .ok_or("the URL must begin with http:// or https://")?;
    if platform.is_empty() || host.is_empty() || host.contains(['/', '?', '#', '@']) {
        return Err("write a platform, then scheme, host and port: paths stay as they are".into());
    }
    Ok(PlatformUrl {
        platform: platform.into(),
        url: url.into(),
    })
}

#[cfg(test)]
mod tests {
    use super::{duration, platform_url};

    #[test]
    fn platform_urls_have_no_path() {
        let given = platform_url("gong=http://127.0.0.1:8080/").unwrap();
        assert_eq!(given.platform, "gong");
        assert_eq!(given.url, "http://127.0.0.1:8080");
        for wrong in [
            "gong",
            "gong=localhost",
            "=http://x",
            "gong=http://",
            "gong=http://x/v2",
            "gong=http://u@x",
        ] {
            assert!(platform_url(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn deadlines_are_positive() {
        assert_eq!(duration("90m").unwrap().as_mins(), 90);
        for wrong in ["", "5", "-5h", "0s", "soon"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }
}
