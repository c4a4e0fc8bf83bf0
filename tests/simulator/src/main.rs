//! Simulated platforms to try the importer out with: `cargo run -p simulator -- gong`, and likewise `github`.

use std::{
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
    time::Duration,
};

use clap::{Args, Parser, Subcommand};
use jiff::civil::Date;
use serde_json::Value;
use simulator::{
    Config, Demo, Running, Simulator, avoma, chorus,
    clock::{Clock, SystemClock},
    company::{self, Population},
    fathom, fireflies, github, gong, grain,
    limits::Limits,
    media, tldv, zoom,
};

/// Size of every recording, in bytes: enough to be sent in pieces.
const RECORDING: usize = 200_000;

/// Simulates a call-recording platform, or GitHub, on this machine.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    platform: Platform,
}

#[derive(Debug, Subcommand)]
enum Platform {
    /// The Gong API v2, with invented calls
    Gong(CallArguments),
    /// The Grain public API v2, with the same calls
    Grain(CallArguments),
    /// The Avoma API v1, with invented meetings
    Avoma(CallArguments),
    /// Chorus by ZoomInfo, with invented calls
    Chorus(CallArguments),
    /// Fireflies' GraphQL API, with the same calls
    Fireflies(CallArguments),
    /// tl;dv's API, with the same calls
    Tldv(CallArguments),
    /// The Fathom API v1, with invented calls
    Fathom(CallArguments),
    /// Zoom's API v2 around cloud recordings, with invented calls
    Zoom(CallArguments),
    /// GitHub's REST API as far as comments on pull requests need it
    #[command(name = "github")]
    GitHub(GitHubArguments),
}

#[derive(Debug, Args)]
struct CallArguments {
    /// How many calls there are
    #[arg(long, default_value_t = company::DEMO_CALLS)]
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
    #[arg(long, value_name = "DATE", default_value_t = company::DEMO_FROM)]
    from: Date,
    /// Last day with calls
    #[arg(long, value_name = "DATE", default_value_t = company::DEMO_TO)]
    to: Date,
    /// Requests allowed in any second, instead of what the platform documents
    #[arg(long, value_name = "N", conflicts_with = "no_limits")]
    requests_per_second: Option<usize>,
    /// Requests allowed in any minute
    #[arg(long, value_name = "N", conflicts_with = "no_limits")]
    requests_per_minute: Option<usize>,
    /// Requests allowed in any 24 hours
    #[arg(long, value_name = "N", conflicts_with = "no_limits")]
    requests_per_day: Option<usize>,
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

#[derive(Debug, Args)]
struct GitHubArguments {
    /// Port on 127.0.0.1; 0 takes a free one
    #[arg(long, default_value_t = 8081)]
    port: u16,
    /// The only repository there is
    #[arg(long, value_name = "OWNER/NAME", default_value = "example/imports")]
    repository: String,
    /// The only token that is accepted
    #[arg(long, default_value = "simulated")]
    token: String,
    /// The token belongs to this user; else to a workflow of GitHub Actions
    #[arg(long, value_name = "LOGIN")]
    user: Option<String>,
    /// A merged pull request and a file that it changes; may be given more than once, oldest first
    #[arg(long, value_name = "NUMBER=PATH", value_parser = pull_request)]
    pull_request: Vec<(u64, String)>,
    /// An open issue of this title, with the text of a file: a filled form
    #[arg(long, value_name = "TITLE=FILE", value_parser = issue)]
    issue: Vec<(String, PathBuf)>,
    /// Author of all of these, who may write to the repository and so command, like `--user`
    #[arg(long, value_name = "LOGIN", default_value = "jane-doe")]
    author: String,
    /// No rate limits, as on GitHub Enterprise Server
    #[arg(long)]
    no_limits: bool,
}

/// Reads `Import: Northwind=form.md`.
fn issue(text: &str) -> Result<(String, PathBuf), String> {
    let (title, file) = text.split_once('=').ok_or("write TITLE=FILE")?;
    Ok((title.to_owned(), file.into()))
}

/// Reads `12=requests/northwind.yaml`.
fn pull_request(text: &str) -> Result<(u64, String), String> {
    let (number, path) = text.split_once('=').ok_or("write NUMBER=PATH")?;
    let number = number
        .parse()
        .map_err(|_| "the number has other characters than digits")?;
    Ok((number, path.to_owned()))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let outcome = match Arguments::parse().platform {
        Platform::Gong(arguments) => run_calls(&gong::DEMO, &arguments).await,
        Platform::Grain(arguments) => run_calls(&grain::DEMO, &arguments).await,
        Platform::Avoma(arguments) => run_calls(&avoma::DEMO, &arguments).await,
        Platform::Chorus(arguments) => run_calls(&chorus::DEMO, &arguments).await,
        Platform::Fireflies(arguments) => run_calls(&fireflies::DEMO, &arguments).await,
        Platform::Tldv(arguments) => run_calls(&tldv::DEMO, &arguments).await,
        Platform::Fathom(arguments) => run_calls(&fathom::DEMO, &arguments).await,
        Platform::Zoom(arguments) => run_calls(&zoom::DEMO, &arguments).await,
        Platform::GitHub(arguments) => run_github(&arguments).await,
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nothing is left to do when the terminal is gone as well.
            let _ = writeln!(io::stderr().lock(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run_calls(demo: &Demo, arguments: &CallArguments) -> io::Result<()> {
    if arguments.to < arguments.from {
        let message = format!("--to {} is before --from {}", arguments.to, arguments.from);
        return Err(invalid(message));
    }
    let media = Simulator::start(Config::media(media::Config { bytes: RECORDING }))?;
    let limits = limits(demo, arguments);
    let (config, credential) = (demo.config)(population(arguments), limits, &media.url);
    let running = Simulator::start(Config {
        port: arguments.port,
        latency: Duration::from_millis(arguments.latency_ms),
        ..config
    })?;
    introduce(demo, arguments, &running.url, &credential)?;
    tokio::select! {
        outcome = tokio::signal::ctrl_c() => outcome,
        outcome = report(&running) => outcome,
    }
}

fn invalid(message: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, message)
}

fn population(arguments: &CallArguments) -> Population {
    let CallArguments {
        seed,
        calls,
        from,
        to,
        sentences,
        ..
    } = *arguments;
    let population = Population::new(seed, calls, from, to, sentences);
    if arguments.hostile_titles {
        population.with_hostile_titles()
    } else {
        population
    }
}

fn limits(demo: &Demo, arguments: &CallArguments) -> Limits {
    if arguments.no_limits {
        return Limits::NONE;
    }
    Limits {
        per_second: arguments.requests_per_second.or(demo.limits.per_second),
        per_minute: arguments.requests_per_minute.or(demo.limits.per_minute),
        per_day: arguments.requests_per_day.or(demo.limits.per_day),
    }
}

fn introduce(
    demo: &Demo,
    arguments: &CallArguments,
    url: &str,
    credential: &Value,
) -> io::Result<()> {
    let Demo { key, name, .. } = demo;
    let mut out = io::stdout().lock();
    writeln!(
        out,
        "A simulated {name} with {} calls, {} to {}, serves at {url}",
        arguments.calls, arguments.from, arguments.to
    )?;
    writeln!(out)?;
    writeln!(out, "Import its calls from another terminal:")?;
    writeln!(out)?;
    writeln!(
        out,
        "  IMPORT_DEMO_{}='{credential}' \\",
        key.to_uppercase()
    )?;
    writeln!(
        out,
        "  cargo run -- reconcile --requests tests/demo/requests --only demo-{key} --database demo.duckdb --platform-url {key}={url}"
    )?;
    writeln!(out)?;
    if (arguments.from, arguments.to) != (company::DEMO_FROM, company::DEMO_TO) {
        writeln!(
            out,
            "The request there asks for {} to {} only.",
            company::DEMO_FROM,
            company::DEMO_TO
        )?;
    }
    writeln!(out, "Ctrl-C ends it.")
}

/// One line a second, when requests came.
async fn report(running: &Running) -> io::Result<()> {
    let log = running.log();
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

async fn run_github(arguments: &GitHubArguments) -> io::Result<()> {
    let GitHubArguments {
        repository, token, ..
    } = arguments;
    if repository.split('/').count() != 2 {
        let message = format!("--repository {repository} is not OWNER/NAME");
        return Err(invalid(message));
    }
    let running = Simulator::start(Config {
        port: arguments.port,
        ..Config::github(github::Config {
            repository: repository.clone(),
            token: token.clone(),
            identity: match &arguments.user {
                Some(login) => github::Identity::User(login.clone()),
                None => github::Identity::Actions,
            },
            limits: (!arguments.no_limits).then_some(github::Limits::ACTIONS),
        })
    })?;
    for login in [Some(&arguments.author), arguments.user.as_ref()]
        .into_iter()
        .flatten()
    {
        running.github().permit(login, "write");
    }
    let mut out = io::stdout().lock();
    writeln!(
        out,
        "A simulated GitHub with the repository {repository} serves at {}",
        running.url
    )?;
    fill(arguments, running.github(), &mut out)?;
    writeln!(out)?;
    writeln!(out, "Let the importer write to it:")?;
    writeln!(out)?;
    writeln!(
        out,
        "  GITHUB_API_URL={} GITHUB_REPOSITORY={repository} GITHUB_TOKEN={token} cargo run -- reconcile ...",
        running.url
    )?;
    writeln!(out)?;
    writeln!(out, "Comments appear here. Ctrl-C ends it.")?;
    drop(out);
    tokio::select! {
        outcome = tokio::signal::ctrl_c() => outcome,
        outcome = tell_comments(running.github()) => outcome,
    }
}

/// Pull requests and issues that are there from the beginning.
fn fill(
    arguments: &GitHubArguments,
    github: &github::GitHub,
    out: &mut impl Write,
) -> io::Result<()> {
    for pull in pull_requests(arguments) {
        let github::PullRequest {
            number,
            author,
            files,
            ..
        } = &pull;
        let files = files.join(", ");
        writeln!(out, "Pull request {number} by {author} is merged: {files}")?;
        github.merge(pull.clone());
        for path in &pull.files {
            // As far as they are here, so that a command can tell a file that is there from one that is gone.
            let text = std::fs::read_to_string(path).unwrap_or_default();
            github.commit_as(&pull.author, "main", path, &text);
        }
    }
    for (title, file) in &arguments.issue {
        let body = std::fs::read_to_string(file)?;
        let author = &arguments.author;
        let number = github.open_issue(author, title, &body);
        writeln!(out, "Issue {number} by {author} is open: {title}")?;
    }
    Ok(())
}

/// A pull request may change several files.
fn pull_requests(arguments: &GitHubArguments) -> Vec<github::PullRequest> {
    let mut pulls: Vec<github::PullRequest> = Vec::new();
    for (number, path) in &arguments.pull_request {
        match pulls.iter_mut().find(|pull| pull.number == *number) {
            Some(pull) => pull.files.push(path.clone()),
            None => pulls.push(github::PullRequest::new(*number, &arguments.author, [path])),
        }
    }
    pulls
}

/// Every comment when it is written, changed or deleted.
async fn tell_comments(github: &github::GitHub) -> io::Result<()> {
    let mut told: Vec<github::Comment> = Vec::new();
    loop {
        let comments = github.all_comments();
        for (position, comment) in comments.iter().enumerate() {
            let event = match told.get(position) {
                Some(earlier) if earlier == comment => continue,
                _ if comment.deleted.is_some() => "deleted",
                Some(_) => "changed",
                None => "new",
            };
            tell(event, comment)?;
        }
        told = comments;
        SystemClock.sleep(Duration::from_secs(1)).await;
    }
}

fn tell(event: &str, comment: &github::Comment) -> io::Result<()> {
    let mut out = io::stdout().lock();
    let place = match &comment.place {
        github::Place::PullRequest(number) => format!("pull request {number}"),
        github::Place::Commit(sha) => format!("commit {sha}"),
    };
    let github::Comment { id, author, .. } = comment;
    writeln!(out, "\n{event} comment {id} by {author} on {place}")?;
    for line in comment.body.lines() {
        // What is written to a comment must not command the terminal.
        writeln!(out, "  | {}", line.replace(char::is_control, "\u{fffd}"))?;
    }
    Ok(())
}
