//! `call-import review check`: the half with rights, which takes the result of the half without.

use std::{
    fs::File,
    io::{Read as _, Write as _},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, anyhow};
use clap::{Args, ValueEnum};

use super::{
    super::{Common, Exit, Output, Stop, check, github, record},
    patience, repository,
};
use crate::{
    clock::SystemClock,
    comments::Placed,
    report::plan::CheckResult,
    review::{Check, Conclusion, Told, tell},
};

/// Longest document of a check in bytes. A thousand requests stay below.
const LONGEST: u64 = 1 << 20;

/// Arguments of `review check`.
#[derive(Debug, Args)]
pub(in super::super) struct Arguments {
    /// Folder with `findings.json` and `plan.json`, which `validate` and `plan` wrote; missing where another
    /// check judges
    #[arg(value_name = "DIR")]
    result: PathBuf,
    /// Branch of the pull request
    #[arg(long, value_name = "OWNER:BRANCH")]
    branch: String,
    /// Commit that was checked
    #[arg(long, value_name = "SHA", value_parser = commit)]
    commit: String,
    /// Number of the run that checked it
    #[arg(long, value_name = "ID")]
    run: u64,
    /// Attempt of that run
    #[arg(long, value_name = "N", default_value = "1")]
    attempt: u64,
    /// How that run ended
    #[arg(long, value_name = "HOW")]
    conclusion: Ended,
    /// Where its log is
    #[arg(long, value_name = "URL")]
    log: Option<String>,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Ended {
    /// All well
    Success,
    /// Not so
    Failure,
}

pub(super) fn run(arguments: &Arguments, common: &Common, out: &mut Output) -> Result<Exit, Stop> {
    let matrix = check::matrix(common)?;
    let result = read(&arguments.result);
    let conclusion = match (&result, arguments.conclusion) {
        (Err(_), _) => Conclusion::Unreadable,
        (Ok(_), Ended::Success) => Conclusion::Success,
        (Ok(_), Ended::Failure) => Conclusion::Failure,
    };
    let check = Check {
        branch: &arguments.branch,
        commit: &arguments.commit,
        run: (arguments.run, arguments.attempt),
        conclusion,
        log: arguments.log.as_deref(),
        result: result.as_ref().ok().and_then(Option::as_ref),
        matrix: &matrix,
        folder: &check::shown(&common.requests),
        server: &github::server(),
    };
    let clock = SystemClock;
    let told = record::runtime()?.block_on(async {
        let github = repository()?;
        let mut placed = Placed::new(patience(&github, &clock)?);
        let told = tell(&mut placed, &check).await;
        told.map_err(|halt| Stop::from(anyhow!("The pull request could not be told: {halt}")))
    })?;
    let sentence = match told {
        Told::On(number) => format!("Pull request {number} is told."),
        Told::Unchanged(number) => format!("Pull request {number} knows it already."),
        Told::NotConcerned(number) => format!("Nothing to tell pull request {number}."),
        Told::Overtaken => "This is not the newest check of an open pull request.".to_owned(),
    };
    writeln!(out, "{sentence}")?;
    result.map(|_| Exit::Well).map_err(Stop::from)
}

/// What the check left, if it left anything. It is a stranger's: bounded, and no link is followed.
fn read(folder: &Path) -> anyhow::Result<Option<CheckResult>> {
    let Some(findings) = document(&folder.join("findings.json"))? else {
        return Ok(None);
    };
    let plan = document(&folder.join("plan.json"))?;
    CheckResult::read(&findings, plan.as_deref())
        .map(Some)
        .context("The result of the check is not what `validate` and `plan` write.")
}

fn document(path: &Path) -> anyhow::Result<Option<Vec<u8>>> {
    let shown = path.display();
    match path.symlink_metadata() {
        Ok(found) if found.is_file() => {}
        Ok(_) => return Err(anyhow!("{shown} is no file.")),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(|| format!("{shown} cannot be read.")),
    }
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(LONGEST + 1).read_to_end(&mut bytes));
    read.with_context(|| format!("{shown} cannot be read."))?;
    if bytes.len() as u64 > LONGEST {
        return Err(anyhow!("{shown} is larger than any result."));
    }
    Ok(Some(bytes))
}

/// A hash of git, so that nothing else gets into an address.
fn commit(text: &str) -> Result<String, &'static str> {
    let is_hash = matches!(text.len(), 40 | 64) && text.bytes().all(|b| b.is_ascii_hexdigit());
    is_hash
        .then(|| text.to_owned())
        .ok_or("a commit is 40 hexadecimal digits")
}
