//! Arguments and the composition root. One file a command; results go to stdout, everything else to
//! stderr.

mod authorize;
mod check;
mod credential;
mod erase;
mod export;
mod files;
mod generate;
mod github;
mod keygen;
mod known;
mod loopback;
mod matrix;
mod new;
mod output;
mod place;
mod plan;
mod progress;
mod prove;
mod recipients;
mod reconcile;
mod record;
mod retry;
mod review;
mod rotate;
mod seal;
mod slack;
mod state;
mod status;
mod stop;
mod validate;
mod watch;
mod written;

use std::{
    io::{self, IsTerminal as _, Write as _},
    path::PathBuf,
    process::ExitCode,
};

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};
use tracing::level_filters::LevelFilter;

use output::Output;
pub use stop::{Exit, Stop};

/// Imports recorded calls of customers from other call-recording platforms.
///
/// A customer's import is one YAML file below `requests/`. A check reads it in the pull request, a run
/// every night carries it out, and DuckDB records what came.
#[derive(Debug, Parser)]
#[command(
    name = "call-import",
    version,
    max_term_width = 100,
    arg_required_else_help = true
)]
struct Arguments {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Command,
}

/// Flags of every command.
#[derive(Debug, Args)]
#[command(next_help_heading = "Common options")]
struct Common {
    /// Folder with the import requests
    #[arg(long, global = true, value_name = "DIR", default_value = "requests")]
    requests: PathBuf,
    /// The support matrix
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        default_value = "matrix.yaml"
    )]
    matrix: PathBuf,
    /// Where imports and calls are recorded
    #[arg(
        long,
        global = true,
        value_name = "PATH_OR_URL",
        default_value = "call-import.duckdb",
        env = "CALL_IMPORT_DATABASE",
        hide_env_values = true
    )]
    database: String,
    /// Say more: causes of errors and details of the work; twice for everything
    #[arg(short, global = true, action = ArgAction::Count)]
    verbose: u8,
    /// Form of the log on stderr
    #[arg(long, global = true, value_name = "FORM", default_value = "text")]
    log_format: LogFormat,
}

/// Where copies of audio and video go.
#[derive(Debug, Args)]
struct Media {
    /// Where audio and video are copied to, for requests that include media: a folder, s3://, gs:// or az://
    #[arg(
        long,
        value_name = "DIR_OR_URL",
        env = "CALL_IMPORT_MEDIA",
        hide_env_values = true
    )]
    media: Option<String>,
}

impl Media {
    /// What is set to nothing is not set.
    fn address(&self) -> Option<&str> {
        self.media.as_deref().filter(|address| !address.is_empty())
    }
}

/// Form of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum LogFormat {
    /// Lines for people
    Text,
    /// One JSON object a line
    Json,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Look up whether, how and how fast a platform can be imported
    Matrix(matrix::Arguments),
    /// Write a request: by answering questions, from one sentence, or from flags
    ///
    /// Asks for what is missing where there is a terminal; else it names everything that is missing at once.
    /// Says what the platform allows and when the import will be done before it writes the file.
    New(Box<new::Arguments>),
    /// Seal a customer's credential into a request
    ///
    /// The credential comes on stdin, or is asked for and not shown: a JSON object such as
    /// {"access_key": "...", "access_key_secret": "..."}, or the bare token where a platform needs no more.
    /// It is never an argument, because the shell keeps those. Only the nightly run can open the block.
    Seal(seal::Arguments),
    /// Let a customer consent to what we do on a platform (OAuth), and seal what comes of it
    Authorize(authorize::Arguments),
    /// Check the support matrix and the import requests
    Validate(validate::Arguments),
    /// Look into a customer's files: what would be imported of them, what would not, and why
    ///
    /// Takes a request, or loose files and folders before there is one. Nothing is imported.
    Files(files::Arguments),
    /// Show what the next run would do, and when each import will be done
    Plan(plan::Arguments),
    /// Check again whenever a request or the matrix changes
    Watch(watch::Arguments),
    /// Carry out the imports: the nightly run
    Reconcile(reconcile::Arguments),
    /// Show what is recorded about the imports
    Status(status::Arguments),
    /// Let failed calls and held imports go again in the next run
    Retry(retry::Arguments),
    /// Write the imported calls as Parquet files, or as JSON Lines
    Export(export::Arguments),
    /// Erase everything of a customer's account, for good
    ///
    /// Calls, transcripts, recordings, failures and what else is recorded of it. No run imports anything of the account
    /// again. Says what will go and asks; and says what stays, and for how long.
    Erase(erase::Arguments),
    /// Save the record for the next run, or restore it
    State(state::Arguments),
    /// Make the pair of keys to which credentials are sealed
    ///
    /// Prints the secret key on stdout, adds the public one to recipients.txt in the requests folder, and says
    /// on stderr what to do with both.
    Keygen(keygen::Arguments),
    /// Write the files that are made from code and matrix: schemas, README table, issue form
    Generate(generate::Arguments),
    /// Tell an open pull request, or a filled form, what will become of it: for workflows
    #[command(hide = true)]
    Review(review::Arguments),
}

/// Runs the program: reads the arguments, carries out one command, and says how it ended.
pub fn main() -> ExitCode {
    known::keep();
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let text = error.render().to_string();
            if known::secrets().are_in(&text) {
                output::tell(&text);
            } else {
                // Help that nobody reads any more is no reason to fail.
                let _ = error.print();
            }
            return if error.use_stderr() {
                Exit::Usage.into()
            } else {
                Exit::Well.into()
            };
        }
    };
    let Arguments { common, command } = arguments;
    start_log(&common);
    let mut out = Output::stdout();
    let ended = command.run(&common, &mut out);
    match ended.and_then(|exit| Ok(out.flush().map(|()| exit)?)) {
        Ok(exit) => exit.into(),
        Err(stop) => {
            output::tell(&stop.sentence(common.verbose > 0));
            stop.exit().into()
        }
    }
}

impl Command {
    fn run(&self, common: &Common, out: &mut Output) -> Result<Exit, Stop> {
        match self {
            Self::Matrix(arguments) => matrix::run(arguments, common, out),
            Self::New(arguments) => new::run(arguments, common, out),
            Self::Seal(arguments) => seal::run(arguments, common, out),
            Self::Authorize(arguments) => authorize::run(arguments, common, out),
            Self::Validate(arguments) => validate::run(arguments, common, out),
            Self::Files(arguments) => files::run(arguments, common, out),
            Self::Plan(arguments) => plan::run(arguments, common, out),
            Self::Watch(arguments) => watch::run(arguments, common, out),
            Self::Reconcile(arguments) => reconcile::run(arguments, common, out),
            Self::Status(arguments) => status::run(arguments, common, out),
            Self::Retry(arguments) => retry::run(arguments, common, out),
            Self::Export(arguments) => export::run(arguments, common, out),
            Self::Erase(arguments) => erase::run(arguments, common, out),
            Self::State(arguments) => state::run(arguments, common, out),
            Self::Keygen(arguments) => keygen::run(arguments, common, out),
            Self::Generate(arguments) => generate::run(arguments, common, out),
            Self::Review(arguments) => review::run(arguments, common, out),
        }
    }
}

/// Sends the log to stderr. Other crates are heard from warnings on only: their details may hold headers.
fn start_log(common: &Common) {
    let ours = match common.verbose {
        // On a terminal the progress bar tells the same.
        0 if io::stderr().is_terminal() => LevelFilter::WARN,
        0 => LevelFilter::INFO,
        1 => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    };
    let filter = tracing_subscriber::EnvFilter::new(format!("warn,call_import_engine={ours}"));
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(output::Log::default)
        .with_ansi(output::wants_colour(io::stderr().is_terminal()))
        .with_target(false);
    match common.log_format {
        LogFormat::Text => log.init(),
        LogFormat::Json => log.json().init(),
    }
}
