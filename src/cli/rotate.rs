//! `call-import seal --rotate`: every sealed credential is sealed anew to the present keys. Only an import that
//! waits for a credential takes it for a new one, and tries it once.

use std::{collections::BTreeMap, io::Write as _};

use super::{Common, Exit, Output, Stop, check, known, place, recipients};
use crate::{
    clock::SystemClock,
    model::words,
    report::text::inline,
    secrets::Secrets,
    spec::{self, Credentials, Source},
    workspace,
};

pub(super) fn run(common: &Common, out: &mut Output) -> Result<Exit, Stop> {
    let matrix = check::matrix(common)?;
    let declared = check::declared(common, &matrix, &SystemClock)?;
    let sources = workspace::read(&common.requests)?.sources;
    let sources: BTreeMap<&str, &Source> = sources
        .iter()
        .map(|source| (source.path.as_str(), source))
        .collect();
    let secrets = Secrets::from_environment(known::secrets())?;
    let recipients = recipients::load(common)?;
    let (mut sealed, mut left) = (0, 0);
    for request in &declared.requests {
        let credentials = request.credentials.as_ref();
        let Some(block) = credentials.and_then(Credentials::block) else {
            continue;
        };
        let path = inline(&request.path);
        let source = sources.get(request.path.as_str());
        let done = secrets
            .reseal(block, &recipients)
            .map_err(anyhow::Error::from)
            .and_then(|block| match source {
                Some(source) => rewrite(source, &block),
                None => Err(anyhow::anyhow!("It cannot be read.")),
            });
        match done {
            Ok(()) => {
                sealed += 1;
                writeln!(out, "{path}: sealed anew")?;
            }
            Err(error) => {
                left += 1;
                writeln!(out, "{path}: stays as it is. {error}")?;
            }
        }
    }
    let invalid = declared.invalid.iter().map(|invalid| &invalid.path);
    for path in invalid {
        left += 1;
        let path = inline(path);
        writeln!(
            out,
            "{path}: stays as it is, because something else in it must be mended first: `call-import validate` shows what."
        )?;
    }
    let keys = words::counted(recipients.iter().count() as u64, "key");
    writeln!(
        out,
        "\n{} sealed anew; {keys} can open them. Nothing is imported again by that. Open a pull request with the \
         changed files, and keep the old secret key until it is merged and a night has run.",
        words::counted(sealed, "credential")
    )?;
    Ok(if left == 0 {
        Exit::Well
    } else {
        Exit::NeedsSomebody
    })
}

fn rewrite(source: &Source, block: &str) -> anyhow::Result<()> {
    let text = place::text(source).unwrap_or_default();
    let edited = spec::put_sealed(text, block)?;
    place::write(source, &edited)
}
