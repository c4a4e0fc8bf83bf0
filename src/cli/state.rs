//! `call-import state`: the record, saved for the next run or taken back.

use std::{
    fmt::Write as _,
    fs,
    io::{ErrorKind, Write as _},
    path::Path,
};

use anyhow::{Context as _, anyhow};
use clap::{Args, Subcommand};

use super::{Common, Exit, Output, Stop, known, record};
use crate::{
    clock::{Clock as _, SystemClock},
    objects::Objects,
    report::text::{clean, grouped},
    secrets::{Recipients, Secrets},
    state::{self, Home, Restored, Saved, StateError, Wanted},
    store::Store,
};

/// Who can open the record: below the requests folder.
const RECIPIENTS: &str = "recipients.txt";

/// Arguments of `state`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Save the record, checked and encrypted, as the next generation
    Save {
        /// A folder, or s3://BUCKET/PREFIX, gs://BUCKET/PREFIX, az://CONTAINER/PREFIX
        #[arg(value_name = "DEST")]
        address: String,
    },
    /// Restore the newest record, if the one on this machine is not as new
    Restore {
        /// Where it was saved
        #[arg(value_name = "SRC")]
        address: String,
        /// Nothing saved there yet is no error
        #[arg(long)]
        init: bool,
        /// Go back to this generation; the record on this machine is kept beside it
        #[arg(long, value_name = "N", conflicts_with = "init")]
        generation: Option<i64>,
    },
}

pub(super) fn run(arguments: &Arguments, common: &Common, out: &mut Output) -> Result<Exit, Stop> {
    let text = match &arguments.action {
        Action::Save { address } => save(address, common)?,
        Action::Restore {
            address,
            init,
            generation,
        } => {
            let wanted = Wanted {
                init: *init,
                generation: *generation,
            };
            restore(address, wanted, common)?
        }
    };
    writeln!(out, "{text}")?;
    Ok(Exit::Well)
}

fn save(address: &str, common: &Common) -> Result<String, Stop> {
    let path = record::path(common)?;
    let home = home(address, common)?;
    if !path.exists() {
        return Err(anyhow!("There is no record {} to save.", path.display()).into());
    }
    let now = SystemClock.now();
    let host = gethostname::gethostname();
    let command = "state save";
    let store = Store::open(path, command, &host.to_string_lossy(), now).map_err(record::stop)?;
    let saved = record::runtime()?.block_on(async {
        let saved = state::save(&home, &store, command, now).await;
        store.close().await?;
        saved
    });
    let Saved {
        generation,
        sequence,
        bytes,
    } = saved.map_err(stop)?;
    Ok(format!(
        "Saved as generation {generation} in {}: {}, everything up to commit {sequence}.",
        clean(address),
        size(bytes)
    ))
}

fn restore(address: &str, wanted: Wanted, common: &Common) -> Result<String, Stop> {
    let path = record::path(common)?;
    let objects = objects(address)?;
    let secrets = Secrets::from_environment(known::secrets())?;
    let restored = state::restore(&objects, &secrets, path, wanted, SystemClock.now());
    let restored = record::runtime()?.block_on(restored).map_err(stop)?;
    Ok(told(&restored, address, path))
}

/// Takes back what was saved last in the place where the record is kept between runs, and tells where that is.
/// With `init`, nothing saved there yet is no error.
pub(super) async fn take_back(
    address: &str,
    init: bool,
    secrets: &Secrets,
    common: &Common,
) -> Result<Home, Stop> {
    let home = home(address, common)?;
    home.check(secrets).map_err(stop)?;
    let path = record::path(common)?;
    let wanted = Wanted {
        init,
        generation: None,
    };
    let restored = state::restore(home.objects(), secrets, path, wanted, SystemClock.now()).await;
    tracing::info!("{}", told(&restored.map_err(stop)?, address, path));
    Ok(home)
}

/// What came of a restore, in one or two lines.
fn told(restored: &Restored, address: &str, path: &Path) -> String {
    let (address, path) = (clean(address), clean(&path.display().to_string()));
    match restored {
        Restored::Beginning => {
            format!("{address} holds no record yet; the next save makes its first generation.")
        }
        Restored::Kept { generation } => format!(
            "The record {path} goes on: it holds everything of generation {generation} in {address}, the newest there."
        ),
        Restored::Taken {
            generation,
            created_at,
            bytes,
            aside,
            next,
        } => {
            let mut text = format!(
                "Restored generation {generation} of {address}, saved on {}, as {path} ({}).",
                created_at.strftime("%a %Y-%m-%d at %H:%M UTC"),
                size(*bytes)
            );
            if *next > generation + 1 {
                write!(text, " The next save makes generation {next}.")
                    .expect("writing to a string never fails");
            }
            if let Some(aside) = aside {
                let aside = clean(&aside.display().to_string());
                write!(
                    text,
                    "\nThe record that was here before is kept as {aside}."
                )
                .expect("writing to a string never fails");
            }
            text
        }
    }
}

/// The place that an address names, and who can open what is saved there.
fn home(address: &str, common: &Common) -> Result<Home, Stop> {
    let objects = objects(address)?;
    let path = common.requests.join(RECIPIENTS);
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
        Err(error) => {
            let sentence = format!("{} cannot be read.", path.display());
            return Err(anyhow::Error::new(error).context(sentence).into());
        }
    };
    let recipients =
        Recipients::parse(&text).with_context(|| format!("{} cannot be used.", path.display()))?;
    if recipients.is_empty() {
        return Err(stop(StateError::NoRecipients { path }));
    }
    Ok(Home::new(objects, recipients))
}

/// The place that an address names.
pub(super) fn objects(address: &str) -> Result<Objects, Stop> {
    Objects::open(address).map_err(|error| stop(error.into()))
}

/// The exit code of an error of the saved record.
pub(super) fn stop(error: StateError) -> Stop {
    Stop::with(record::exit(error.exit_code()), error)
}

/// A size for people: `0.8 MB`, `1,234.5 MB`.
fn size(bytes: u64) -> String {
    let tenths = bytes.div_ceil(100_000);
    format!("{}.{} MB", grouped(tenths / 10), tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn sizes_are_in_megabytes() {
        assert_eq!(size(1), "0.1 MB");
        assert_eq!(size(12_300_000), "12.3 MB");
        assert_eq!(size(1_234_500_000), "1,234.5 MB");
    }
}
