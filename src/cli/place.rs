//! Where a sealed credential goes: into a request, or to stdout to be pasted into one.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, anyhow};
use serde_json::{Map, Value};

use super::{
    Common, Exit, Output, Stop,
    check::{self, Scope},
    output::tell,
};
use crate::{
    clock::{Clock as _, SystemClock},
    model::{Method, words},
    report::{
        findings::{self, Style},
        text::inline,
    },
    secrets::{Purpose, Recipients},
    spec::{self, Basics, Edited, Former, Source, SourceContent, SupportMatrix},
    workspace,
};

/// A request that wants a credential, or only its customer and platform.
pub(super) struct Place {
    /// Whom the credential is for.
    pub(super) purpose: Purpose,
    /// The platform as people write it.
    pub(super) platform: String,
    /// How the request signs in.
    pub(super) method: Method,
    /// The request's file, if it goes into one.
    source: Option<Source>,
}

/// Why a request cannot be sealed into.
enum Refusal {
    /// Its findings say it.
    Findings,
    /// It needs no credential.
    Files,
}

impl Place {
    /// A request by its id or its file. If something in it must be mended first, that is printed, and the
    /// command ends.
    pub(super) fn of_request(
        named: &str,
        matrix: &SupportMatrix,
        common: &Common,
        out: &mut Output,
    ) -> Result<Result<Self, Exit>, Stop> {
        let source = find_request(named, common)?;
        let basics = match basics(&source, matrix) {
            Ok(basics) => basics,
            Err(Refusal::Findings) => {
                tell("Nothing was sealed: what follows must be mended first.\n\n");
                return review(&source.path, common, out).map(Err);
            }
            Err(Refusal::Files) => {
                let error = anyhow!("{}: an import of files needs no credential.", source.path);
                return Err(Stop::with(Exit::Usage, error));
            }
        };
        // Whoever cannot be served is not asked for a secret.
        edited(&source, "probe")?;
        Ok(Ok(Self {
            platform: platform_name(matrix, &basics.platform),
            purpose: Purpose {
                customer: basics.customer,
                platform: basics.platform,
            },
            method: basics.method,
            source: Some(source),
        }))
    }

    /// No file: what is sealed is printed.
    pub(super) fn of_customer(
        customer: &str,
        platform: &str,
        matrix: &SupportMatrix,
    ) -> Result<Self, Stop> {
        let (platform, name) = find_platform(matrix, platform)?;
        Ok(Self {
            method: usual_method(matrix, &platform),
            purpose: Purpose {
                customer: customer.trim().to_owned(),
                platform,
            },
            platform: name,
            source: None,
        })
    }

    /// The options of the request as it will be with this block; none where there is no file, or where
    /// something else in it is wrong.
    pub(super) fn options(&self, sealed: &str, matrix: &SupportMatrix) -> Map<String, Value> {
        let edited = self.source.as_ref().and_then(|source| {
            let text = edited(source, sealed).ok()?.text;
            Some(Source {
                path: source.path.clone(),
                content: SourceContent::Bytes(text.into_bytes()),
            })
        });
        let today = words::utc_date(SystemClock.now());
        let declared = edited.map(|source| spec::load(&[source], &[], matrix, today));
        let request = declared.and_then(|declared| declared.requests.into_iter().next());
        request.map(|request| request.options).unwrap_or_default()
    }

    /// Puts a sealed block there; into a request, and checks that again.
    pub(super) fn put(
        &self,
        sealed: &str,
        recipients: &Recipients,
        common: &Common,
        out: &mut Output,
    ) -> Result<Exit, Stop> {
        let Some(source) = &self.source else {
            out.write_all(spec::sealed_lines(sealed).as_bytes())?;
            return Ok(Exit::Well);
        };
        let former = put(source, sealed)?;
        writeln!(
            out,
            "The credential of {} for {} is sealed in {}; {} can open it.",
            inline(&self.purpose.customer),
            inline(&self.platform),
            inline(&source.path),
            words::counted(recipients.iter().count() as u64, "key"),
        )?;
        explain(former);
        let exit = review(&source.path, common, out)?;
        if exit == Exit::Well {
            let path = inline(&source.path);
            writeln!(
                out,
                "Next: commit {path} to the branch of its pull request."
            )?;
        }
        Ok(exit)
    }
}

/// What identifies the request, read without its credential, which may be in any state.
fn basics(source: &Source, matrix: &SupportMatrix) -> Result<Basics, Refusal> {
    let text = text(source).ok_or(Refusal::Findings)?;
    let bare = spec::without_credentials(text).map_err(|_| Refusal::Findings)?;
    let bare = Source {
        path: source.path.clone(),
        content: SourceContent::Bytes(bare.into_bytes()),
    };
    let today = words::utc_date(SystemClock.now());
    let declared = spec::load(&[bare], &[], matrix, today);
    let basics = match (declared.requests.as_slice(), declared.invalid.as_slice()) {
        ([_, ..], _) => return Err(Refusal::Files),
        ([], invalid) => invalid.iter().find_map(|invalid| invalid.basics.clone()),
    };
    match basics {
        Some(basics) if basics.method == Method::File => Err(Refusal::Files),
        Some(basics) => Ok(basics),
        None => Err(Refusal::Findings),
    }
}

/// Writes the block into the file, unless somebody changed the file meanwhile.
fn put(source: &Source, sealed: &str) -> Result<Former, Stop> {
    let edited = edited(source, sealed)?;
    write(source, &edited)?;
    Ok(edited.former)
}

/// Writes an edited file, unless somebody changed it meanwhile.
pub(super) fn write(source: &Source, edited: &Edited) -> anyhow::Result<()> {
    let path = Path::new(&source.path);
    let shown = inline(&source.path);
    let now = fs::read(path).with_context(|| format!("{shown} cannot be read."))?;
    if text(source).is_none_or(|text| text.as_bytes() != now) {
        let error = anyhow!("{shown} was changed meanwhile. Nothing was written: seal again.");
        return Err(error);
    }
    workspace::replace(path, edited.text.as_bytes())
        .with_context(|| format!("{shown} cannot be written."))
}

fn edited(source: &Source, sealed: &str) -> Result<Edited, Stop> {
    let text = text(source).unwrap_or_default();
    spec::put_sealed(text, sealed)
        .map_err(|error| anyhow!("{}: {error}", inline(&source.path)).into())
}

/// The text of a file that can be read.
pub(super) fn text(source: &Source) -> Option<&str> {
    match &source.content {
        SourceContent::Bytes(bytes) => std::str::from_utf8(bytes).ok(),
        SourceContent::Problem { .. } => None,
    }
}

fn explain(former: Former) {
    match former {
        Former::Nothing => {}
        Former::Sealed => tell("note: It replaces the credential that was sealed there before.\n"),
        Former::Named => {
            tell("note: The secret that the request named before is not used any more.\n")
        }
        Former::ClearText => tell(
            "warning: What stood there before was readable for everybody. If it was a credential and was ever \
             committed, git keeps it: ask the customer to revoke it, and seal the new one.\n",
        ),
    }
}

/// The findings of one file, as `validate` prints them.
fn review(path: &str, common: &Common, out: &mut Output) -> Result<Exit, Stop> {
    let paths = [PathBuf::from(path)];
    let review = check::review(common, Scope::Paths(&paths), &SystemClock)?;
    let style = if out.is_coloured() {
        Style::Colour
    } else {
        Style::Plain
    };
    out.write_all(findings::plain(&review, style).as_bytes())?;
    Ok(if review.has_errors() {
        Exit::NeedsSomebody
    } else {
        Exit::Well
    })
}

/// A request by its id or its file.
fn find_request(named: &str, common: &Common) -> Result<Source, Stop> {
    let sources = workspace::read(&common.requests)?.sources;
    let ids: Vec<String> = sources.iter().filter_map(|one| id(&one.path)).collect();
    let mut found: Vec<Source> = sources
        .into_iter()
        .filter(|source| id(&source.path).is_some_and(|id| id == named))
        .collect();
    if found.is_empty()
        && let Ok(named) = workspace::read_paths(&common.requests, &[PathBuf::from(named)])
    {
        found = named.sources;
    }
    match found.len() {
        1 => Ok(found.swap_remove(0)),
        0 if spec::is_harmless(named) => {
            Err(no_request(named, ids.iter().map(String::as_str), common))
        }
        0 => Err(in_the_history("There is no such request.")),
        _ => Err(Stop::with(
            Exit::Usage,
            anyhow!("That names several files. Name one of them, with its folder."),
        )),
    }
}

/// The id of the request in a file.
pub(super) fn id(path: &str) -> Option<String> {
    let stem = Path::new(path).file_stem()?;
    Some(stem.to_string_lossy().into_owned())
}

/// For a name, fit to be shown, that is no request's: the one that was probably meant.
pub(super) fn no_request<'a>(
    named: &str,
    ids: impl Iterator<Item = &'a str> + Clone,
    common: &Common,
) -> Stop {
    let folder = common.requests.display();
    let meant = spec::meant_id(named, ids).map(|id| format!(" Did you mean `{id}`?"));
    let meant = meant.unwrap_or_default();
    let error = anyhow!(
        "There is no request `{}` in {folder}.{meant}",
        inline(named)
    );
    Stop::with(Exit::Usage, error)
}

/// For an argument that may be the credential itself, so it is not repeated.
pub(super) fn in_the_history(sentence: &str) -> Stop {
    let error = anyhow!(
        "{sentence} A credential is never an argument: it would stay in the history of the shell. If one stands \
         there now, ask the customer to replace it, and give the new one on stdin or at the prompt."
    );
    Stop::with(Exit::Usage, error)
}

/// How a request signs in that does not say how.
fn usual_method(matrix: &SupportMatrix, platform: &str) -> Method {
    let methods = matrix.platforms.get(platform).map(|row| row.methods.iter());
    let mut signed = methods.into_iter().flatten().copied();
    signed
        .find(|method| *method != Method::File)
        .unwrap_or(Method::Api)
}

/// Key and name of a platform.
pub(super) fn find_platform(
    matrix: &SupportMatrix,
    written: &str,
) -> Result<(String, String), Stop> {
    let (key, row) = matrix.find(written).ok_or_else(|| {
        Stop::with(
            Exit::Usage,
            anyhow!(
                "The support matrix has no such platform. `call-import matrix` shows them all."
            ),
        )
    })?;
    Ok((key.to_owned(), row.name.clone()))
}

fn platform_name(matrix: &SupportMatrix, key: &str) -> String {
    let row = matrix.platforms.get(key);
    row.map_or_else(|| key.to_owned(), |row| row.name.clone())
}
