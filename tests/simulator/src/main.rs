//! A simulated platform to try the importer out with: `cargo run -p simulator -- gong`.

use std::{
    io::{self, Write},
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

use clap::{Args, Parser, Subcommand};
use jiff::civil::Date;
use simulator::{
    Config, Running, Simulator,
    clock::{Clock, SystemClock},
    gong,
    limits::Limits,
};

/// Simulates a call-recording platform on this machine.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    platform: Platform,
}

#[derive(Debug, Subcommand)]
enum Platform {
    /// The Gong API v2, with invented calls
    Gong(GongArguments),
}

#[derive(Debug, Args)]
struct GongArguments {
    /// How many calls there are
    #[arg(long, default_value_t = gong::DEMO_CALLS)]
    calls: u32,
    /// Port on 127.0.0.1; 0 takes a free one
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// Sentences in a transcript; 240 make it as large as a real one
    #[arg(long, default_value_t = 8)]
    sentences: u32,
    /// Another number makes other calls
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// First day with calls
    #[arg(long, value_name = "DATE", default_value_t = gong::DEMO_FROM)]
    from: Date,
    /// Last day with calls
    #[arg(long, value_name = "DATE", default_value_t = gong::DEMO_TO)]
    to: Date,
    /// Requests allowed in any second
    #[arg(
        long,
        value_name = "N",
        default_value_t = 3,
        conflicts_with = "no_limits"
    )]
    requests_per_second: usize,
    /// Requests allowed in any 24 hours
    #[arg(
        long,
        value_name = "N",
        default_value_t = 10_000,
        conflicts_with = "no_limits"
    )]
    requests_per_day: usize,
    /// As many requests as this machine can serve
    #[arg(long)]
    no_limits: bool,
    /// How long every request takes, in milliseconds
    #[arg(long, value_name = "N", default_value_t = 0)]
    latency_ms: u64,
    /// Titles that try to break out of wherever they are printed
    #[arg(long)]
    hostile_titles: bool,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let Arguments {
        platform: Platform::Gong(arguments),
    } = Arguments::parse();
    match run(&arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nothing is left to do when the terminal is gone as well.
            let _ = writeln!(io::stderr().lock(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: &GongArguments) -> io::Result<()> {
    if arguments.to < arguments.from {
        let message = format!("--to {} is before --from {}", arguments.to, arguments.from);
        return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
    }
    let (config, access_key, access_key_secret) = gong_config(arguments);
    let running = Simulator::start(config)?;
    introduce(arguments, &running.url, &access_key, &access_key_secret)?;
    tokio::select! {
        outcome = tokio::signal::ctrl_c() => outcome,
        outcome = report(&running) => outcome,
    }
}

fn gong_config(arguments: &GongArguments) -> (Config, String, String) {
    let GongArguments {
        seed,
        calls,
        from,
        to,
        sentences,
        ..
    } = *arguments;
    let mut population = gong::Population::new(seed, calls, from, to, sentences);
    if arguments.hostile_titles {
        population = population.with_hostile_titles();
    }
    let mut platform = gong::Config::new(population);
    let company = &mut platform.companies[0];
    company.limits = if arguments.no_limits {
        Limits::NONE
    } else {
        Limits {
            per_second: Some(arguments.requests_per_second),
            per_day: Some(arguments.requests_per_day),
        }
    };
    let (key, secret) = (
        company.access_key.clone(),
        company.access_key_secret.clone(),
    );
    let config = Config {
        port: arguments.port,
        latency: Duration::from_millis(arguments.latency_ms),
        clock: Arc::new(SystemClock),
        ..Config::gong(platform)
    };
    (config, key, secret)
}

fn introduce(arguments: &GongArguments, url: &str, key: &str, secret: &str) -> io::Result<()> {
    let credential = serde_json::json!({"access_key": key, "access_key_secret": secret});
    let mut out = io::stdout().lock();
    writeln!(
        out,
        "A simulated Gong with {} calls, {} to {}, serves at {url}",
        arguments.calls, arguments.from, arguments.to
    )?;
    writeln!(out, "Access key: {key}    Access key secret: {secret}")?;
    writeln!(out)?;
    writeln!(out, "Import its calls from another terminal:")?;
    writeln!(out)?;
    writeln!(out, "  IMPORT_DEMO_GONG='{credential}' \\")?;
    writeln!(
        out,
        "  cargo run -- reconcile --requests tests/demo/requests --database demo.duckdb --platform-url gong={url}"
    )?;
    writeln!(out)?;
    if (arguments.from, arguments.to) != (gong::DEMO_FROM, gong::DEMO_TO) {
        writeln!(
            out,
            "The request there asks for {} to {} only.",
            gong::DEMO_FROM,
            gong::DEMO_TO
        )?;
    }
    writeln!(out, "Ctrl-C ends it.")
}

/// One line a second, when requests came.
async fn report(running: &Running) -> io::Result<()> {
    let log = running.gong().log();
    let mut told = 0;
    loop {
        SystemClock.sleep(Duration::from_secs(1)).await;
        let served = log.len();
        if served > told {
            let refused = log.count_status(429);
            let mut out = io::stdout().lock();
            writeln!(
                out,
                "{served} requests served ({} new), {refused} answered 429",
                served - told
            )?;
            told = served;
        }
    }
}
