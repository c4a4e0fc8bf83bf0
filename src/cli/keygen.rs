//! `call-import keygen`: makes a pair of keys for the team.

use std::{
    fs::OpenOptions,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, anyhow};
use clap::Args;
use secrecy::{ExposeSecret as _, SecretString};

use super::{Common, Exit, Output, Stop, output::tell, recipients};
use crate::{
    clock::{Clock as _, SystemClock},
    model::words,
    secrets::{self, IDENTITY, KeyPair},
    workspace,
};

/// Arguments of `keygen`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Write the secret key to this new file, which only its owner can read, instead of printing it
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Prints a new secret key, or writes it to a file, and adds the public key to the recipients.
pub(super) fn run(arguments: &Arguments, common: &Common, out: &mut Output) -> Result<Exit, Stop> {
    let recipients = recipients::text(common)?;
    let is_first = recipients::parse(common, &recipients)?.is_empty();
    let now = SystemClock.now();
    let pair = KeyPair::generate();
    match &arguments.output {
        Some(file) => write_new(file, &pair.file(now), common)?,
        None => print(&pair.file(now), out)?,
    }
    let public = pair.public();
    let text = secrets::with_recipient(&recipients, &public, words::utc_date(now));
    let path = recipients::path(common);
    workspace::replace(&path, text.as_bytes()).with_context(|| {
        let path = path.display();
        format!("The public key could not be added to {path}. Add this line yourself: {public}")
    })?;
    let path = path.display().to_string();
    tell(&format!(
        "The public key is in {path} now: {public}\n\n{}",
        next_steps(&path, arguments.output.as_deref(), is_first)
    ));
    Ok(Exit::Well)
}

/// The secret key is printed first: a public key without it would seal what nobody can open.
fn print(key: &SecretString, out: &mut Output) -> Result<(), Stop> {
    out.write_all(key.expose_secret().as_bytes())?;
    out.flush()?;
    if out.is_closed() {
        return Err(anyhow!("Nobody read the secret key, so it was dropped.").into());
    }
    Ok(())
}

fn write_new(file: &Path, key: &SecretString, common: &Common) -> Result<(), Stop> {
    if is_inside(file, &common.requests) {
        let error = anyhow!("The requests folder is no place for a secret key: it is committed.");
        return Err(Stop::with(Exit::Usage, error));
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(file).and_then(|mut opened| {
        opened.write_all(key.expose_secret().as_bytes())?;
        opened.sync_all()
    });
    written.map_err(|error| {
        let file = file.display();
        let sentence = if error.kind() == io::ErrorKind::AlreadyExists {
            format!("{file} exists, and a key is never written over something.")
        } else {
            format!("{file} cannot be written.")
        };
        anyhow::Error::new(error).context(sentence).into()
    })
}

fn is_inside(file: &Path, folder: &Path) -> bool {
    let parent = file
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    let parent = parent.unwrap_or(Path::new(".")).canonicalize();
    let folder = folder.canonicalize();
    matches!((parent, folder), (Ok(parent), Ok(folder)) if parent.starts_with(&folder))
}

fn next_steps(recipients: &str, file: Option<&Path>, is_first: bool) -> String {
    let store = match (file, is_first) {
        (None, true) => format!(
            "Store the secret key, the line that begins with AGE-SECRET-KEY-1, as the Actions secret\n   \
             {IDENTITY} of the repository (Settings, Secrets and variables, Actions)."
        ),
        (Some(file), true) => format!(
            "Store the file as the Actions secret {IDENTITY} of the repository:\n   \
             gh secret set {IDENTITY} --env nightly < {}",
            file.display()
        ),
        (_, false) => format!(
            "Put the secret key on a line of its own below the old one in the Actions secret {IDENTITY},\n   \
             which you take from the vault, because GitHub shows no secret. Then both keys open."
        ),
    };
    let keep = match file {
        None => "Keep a copy in the company's vault:".to_owned(),
        Some(file) => format!(
            "Keep a copy in the company's vault and delete {}:",
            file.display()
        ),
    };
    let last = if is_first {
        "To replace the key one day, run `call-import keygen` again.".to_owned()
    } else {
        format!(
            "To give an old key up, delete its line in {recipients} now, and the key itself in\n   \
             the secret only when every request that was sealed to it is finished or sealed again."
        )
    };
    format!(
        "What to do now:\n\
         1. {store}\n\
         2. {keep}\n   without the key, nothing that is sealed to it can be opened any more.\n\
         3. Merge {recipients} by a pull request. From then on credentials are sealed to\n   \
         this key.\n\
         4. {last}\n"
    )
}
