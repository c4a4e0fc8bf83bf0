//! `call-import erase`: removes everything of an account, for good.
//!
//! Copies of recordings go first, then the record is replaced by one without the account, then it is saved,
//! and last what else is kept of the account goes. Stopped in between, the same command once more finishes.

use std::{
    fs,
    io::{self, IsTerminal as _, Write as _},
    path::Path,
};

use anyhow::anyhow;
use clap::{Args, ValueEnum};
use inquire::Confirm;
use jiff::Timestamp;
use tokio::runtime::Runtime;

use super::{
    Common, Exit, Media, Output, Stop, check, known,
    output::tell,
    record::{self, beside_record},
    state,
};
use crate::{
    clock::{Clock as _, SystemClock},
    model::{Erasure, Holdings, slug},
    objects::ObjectsError,
    report::{
        erase::{self as report, Bundle, Remains},
        text::inline,
    },
    secrets::Secrets,
    state::{self as saved, Home, Saved},
    store::{self, Store, StoreError},
};

/// Arguments of `erase`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The platform that the calls came from
    #[arg(long, value_name = "PLATFORM")]
    platform: String,
    /// The account, as the requests of the customer name it
    #[arg(long, value_name = "ACCOUNT")]
    account: String,
    /// Where the record is kept between runs: it is restored first and saved afterwards
    #[arg(long, value_name = "DEST")]
    state: Option<String>,
    /// Delete the bundles saved before at once, of all customers
    #[arg(long, requires = "state")]
    drop_bundles: bool,
    #[command(flatten)]
    media: Media,
    /// Leave copies of recordings where they are, because that place is gone or somebody else's
    #[arg(long)]
    leave_media: bool,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    /// Show what would be erased, and erase nothing
    #[arg(long)]
    dry_run: bool,
    /// Form of the result
    #[arg(long, value_name = "FORM", default_value = "plain")]
    format: Format,
}

/// Form of the result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For a terminal
    Plain,
    /// For programs
    Json,
}

pub(super) fn run(arguments: &Arguments, common: &Common, out: &mut Output) -> Result<Exit, Stop> {
    let matrix = check::matrix(common)?;
    let written = arguments.platform.as_str();
    // What was imported may have lost its row in the matrix.
    let platform = matrix.find(written).map_or(written, |(key, _)| key);
    let runtime = record::runtime()?;
    let path = record::path(common)?;
    let home = match &arguments.state {
        Some(address) => {
            let secrets = Secrets::from_environment(known::secrets())?;
            let home = state::take_back(address, false, &secrets, common);
            Some(runtime.block_on(home)?)
        }
        None => None,
    };
    if !path.exists() {
        return Err(anyhow!("There is no record {} to erase from.", path.display()).into());
    }
    let erasing = Erasing {
        arguments,
        path,
        home: home.as_ref(),
        platform: platform.to_owned(),
        account: slug(&arguments.account),
        now: SystemClock.now(),
        runtime: &runtime,
    };
    let holdings = erasing.survey()?;
    if arguments.format == Format::Plain {
        out.write_all(erasing.plan(&holdings).as_bytes())?;
        out.flush()?;
    }
    if arguments.dry_run {
        if arguments.format == Format::Json {
            let nothing = report::json(&holdings, None, &Remains::default());
            writeln!(out, "{nothing:#}")?;
        }
        return Ok(Exit::Well);
    }
    erasing.check(&holdings)?;
    if !erasing.is_done(&holdings) {
        erasing.confirm(&holdings)?;
    }
    let (erasure, remains) = erasing.carry_out(&holdings)?;
    match arguments.format {
        Format::Plain => {
            let text = report::done(&erasure, !erasing.is_done(&holdings), &remains);
            write!(out, "\n{text}")?;
        }
        Format::Json => {
            writeln!(
                out,
                "{:#}",
                report::json(&holdings, Some(&erasure), &remains)
            )?;
        }
    }
    Ok(Exit::Well)
}

struct Erasing<'a> {
    arguments: &'a Arguments,
    path: &'a Path,
    home: Option<&'a Home>,
    platform: String,
    account: String,
    now: Timestamp,
    runtime: &'a Runtime,
}

impl Erasing<'_> {
    /// What is recorded of the account. A dry run changes nothing, not even who had the record last.
    fn survey(&self) -> Result<Holdings, Stop> {
        let store = if self.arguments.dry_run {
            Store::open_to_read(self.path).map_err(record::stop)?
        } else {
            self.open()?
        };
        let read = self.runtime.block_on(async {
            let holdings = store.holdings(&self.platform, &self.account).await?;
            let imports = store.imports().await?;
            store.close().await?;
            Ok::<_, StoreError>((holdings, imports))
        });
        let (holdings, imports) = read.map_err(record::stop)?;
        if !holdings.is_unknown() {
            return Ok(holdings);
        }
        let mut known: Vec<String> = imports
            .iter()
            .filter(|import| import.platform == self.platform)
            .map(|import| inline(&import.account))
            .collect();
        known.sort();
        known.dedup();
        let known = match known.as_slice() {
            [] => "nothing of that platform is".to_owned(),
            known => format!("recorded there are {}", known.join(", ")),
        };
        let (account, platform) = (inline(&self.account), inline(&self.platform));
        Err(Stop::with(
            Exit::Usage,
            anyhow!("No account {account} of {platform} is recorded; {known}."),
        ))
    }

    fn open(&self) -> Result<Store, Stop> {
        let host = gethostname::gethostname();
        Store::open(self.path, &self.run_id(), &host.to_string_lossy(), self.now)
            .map_err(record::stop)
    }

    fn run_id(&self) -> String {
        let stamp = self.now.strftime("%Y%m%dT%H%M%SZ");
        format!("erase-{stamp}-{}", std::process::id())
    }

    fn plan(&self, holdings: &Holdings) -> String {
        report::plan(&self.platform, &self.account, holdings)
    }

    /// Whether an erasure before this one left nothing to erase.
    fn is_done(&self, holdings: &Holdings) -> bool {
        holdings.is_empty() && holdings.erased.is_some()
    }

    /// Makes sure that no copy of a recording is forgotten.
    fn check(&self, holdings: &Holdings) -> Result<(), Stop> {
        if self.arguments.leave_media {
            return Ok(());
        }
        let here = match self.arguments.media.address() {
            Some(address) => {
                let folder = format!("{}/{}/", self.platform, self.account);
                Some(state::objects(address)?.uri(&folder))
            }
            None => None,
        };
        let is_here = |uri: &&String| here.as_ref().is_some_and(|here| uri.starts_with(here));
        let Some(elsewhere) = holdings.stored.iter().find(|uri| !is_here(uri)) else {
            return Ok(());
        };
        Err(Stop::with(
            Exit::Usage,
            anyhow!(
                "Nothing was erased. Copies of recordings are kept, such as {}: name their place with --media, so \
                 that they go as well. If that place is gone, --leave-media leaves them out.",
                inline(elsewhere)
            ),
        ))
    }

    fn confirm(&self, holdings: &Holdings) -> Result<(), Stop> {
        if self.arguments.yes {
            return Ok(());
        }
        if !io::stdin().is_terminal() {
            let error = anyhow!("Nothing was erased: there is no terminal to ask, so add --yes.");
            return Err(Stop::with(Exit::Usage, error));
        }
        if self.arguments.format == Format::Json {
            tell(&self.plan(holdings));
        }
        let asked = Confirm::new("Erase all of it? Nobody can bring it back.").with_default(false);
        // Whoever leaves the question has not said yes.
        if asked.prompt().unwrap_or(false) {
            Ok(())
        } else {
            Err(anyhow!("Nothing was erased.").into())
        }
    }

    fn carry_out(&self, holdings: &Holdings) -> Result<(Erasure, Remains), Stop> {
        let store = self.open()?;
        let deleted = self.runtime.block_on(self.delete_recordings());
        self.remove_leftovers();
        let closed = self.runtime.block_on(store.close()).map_err(record::stop);
        deleted.and(closed)?;
        let erasure = match &holdings.erased {
            Some(erasure) if self.is_done(holdings) => erasure.clone(),
            Some(_) | None => {
                let (platform, account) = (&self.platform, &self.account);
                store::erase(self.path, platform, account, &self.run_id(), self.now)
                    .map_err(record::stop)?
            }
        };
        let bundles = match self.home {
            Some(home) => self.runtime.block_on(self.save(home, &erasure))?,
            None => Vec::new(),
        };
        let remains = Remains {
            requests: holdings.requests.clone(),
            is_saved: self.home.is_some(),
            bundles,
            files: older_records(self.path),
            recordings: if self.arguments.leave_media {
                holdings.stored.clone()
            } else {
                Vec::new()
            },
        };
        Ok((erasure, remains))
    }

    /// Deletes everything in the account's folder: also what was copied and never recorded.
    async fn delete_recordings(&self) -> Result<(), Stop> {
        let Some(address) = self.arguments.media.address() else {
            return Ok(());
        };
        let address = address.trim_end_matches('/');
        let folder = format!("{address}/{}/{}", self.platform, self.account);
        let objects = state::objects(&folder)?;
        let stop = |error: ObjectsError| state::stop(error.into());
        for copy in objects.list_all().await.map_err(stop)? {
            objects.delete(&copy.name).await.map_err(stop)?;
        }
        Ok(())
    }

    /// Removes what runs that were stopped left of recordings and of files beside the record. Other customers'
    /// are fetched again.
    fn remove_leftovers(&self) {
        for purpose in ["uploads", "media"] {
            let folder = beside_record(self.path, purpose);
            match fs::remove_dir_all(&folder) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    tracing::warn!(folder = %folder.display(), %error, "remove this folder by hand");
                }
                Ok(()) | Err(_) => {}
            }
        }
    }

    /// Saves the record without the account, and tells which bundles still hold it.
    async fn save(&self, home: &Home, erasure: &Erasure) -> Result<Vec<Bundle>, Stop> {
        let objects = home.objects();
        let store = self.open()?;
        let saved = saved::save(home, &store, &self.run_id(), self.now).await;
        store.close().await.map_err(record::stop)?;
        let Saved { generation, .. } = saved.map_err(state::stop)?;
        let (platform, account) = (&self.platform, &self.account);
        let dropped = saved::drop_credentials(objects, platform, account).await;
        dropped.map_err(state::stop)?;
        if self.arguments.drop_bundles {
            let dropped = saved::drop_before(objects, generation).await;
            dropped.map_err(state::stop)?;
        }
        let bundles = saved::bundles(objects).await.map_err(state::stop)?;
        let older = bundles
            .iter()
            .filter(|bundle| bundle.created_at < erasure.erased_at);
        Ok(older
            .map(|bundle| Bundle {
                generation: bundle.generation,
                saved_at: bundle.created_at,
                kept_until: bundle.kept_until(),
            })
            .collect())
    }
}

/// Records that `state restore` put aside, with their logs.
fn older_records(path: &Path) -> Vec<String> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let aside = format!("{name}.before-");
    let folder = path.parent().filter(|folder| *folder != Path::new(""));
    let entries = fs::read_dir(folder.unwrap_or(Path::new(".")));
    let mut found: Vec<String> = entries
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| name.starts_with(&aside))
        .map(|name| path.with_file_name(name).display().to_string())
        .collect();
    found.sort();
    found
}
