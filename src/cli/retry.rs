//! `call-import retry`: failed calls and held imports go again in the next run.

use std::io::Write as _;

use anyhow::anyhow;
use clap::Args;

use super::{Common, Exit, Output, Stop, record};
use crate::{
    clock::{Clock as _, SystemClock},
    report::status,
    store::Store,
};

/// Arguments of `retry`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The request whose failures are to be tried again
    #[arg(value_name = "ID")]
    id: String,
}

pub(super) fn run(arguments: &Arguments, common: &Common, out: &mut Output) -> Result<Exit, Stop> {
    let id = &arguments.id;
    let nothing = || {
        Stop::with(
            Exit::Usage,
            anyhow!("Nothing is recorded about a request {id:?}."),
        )
    };
    let path = record::path(common)?;
    if !path.exists() {
        return Err(nothing());
    }
    let now = SystemClock.now();
    let host = gethostname::gethostname();
    let store = Store::open(path, "retry", &host.to_string_lossy(), now).map_err(record::stop)?;
    let retried = record::runtime()?.block_on(async {
        let retried = store.retry(id, now).await;
        store.close().await?;
        retried
    });
    let import = retried.map_err(record::stop)?.ok_or_else(nothing)?;
    out.write_all(status::retried(&import).as_bytes())?;
    Ok(Exit::Well)
}
