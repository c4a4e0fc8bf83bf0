//! `call-import new`: writes a request, from questions, one sentence, flags or a filled form.

mod ask;
mod fields;

use std::{
    fs,
    io::{self, IsTerminal as _, Read as _, Write as _},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, anyhow};
use clap::Args;
use jiff::{Timestamp, civil::Date};

use super::{
    Common, Exit, Output, Stop, check, credential, place::in_the_history, plan::observed,
    recipients,
};
use crate::{
    clock::{Clock as _, SystemClock},
    model::{Method, slug, words},
    plan::{self, Inputs},
    report::{
        self,
        ask::{answer, missing, understood},
        findings::{self, Review, Style},
        matrix::entries,
        plan::View,
        text::inline,
    },
    secrets::Purpose,
    spec::{
        self, Declared, Draft, Settled, Severity, Source, SourceContent, SupportMatrix, Understood,
        codes,
    },
    workspace,
};

/// Arguments of `new`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The request in words: "5,000 calls from Gong for Northwind, needed by 4 December, onboarding"
    #[arg(value_name = "SENTENCE")]
    sentence: Vec<String>,
    /// Seal the credential into the request: it comes on stdin, or is asked for and not shown
    #[arg(long)]
    seal: bool,
    /// Take the answers from a filled issue form, as GitHub writes it; `-` for stdin
    #[arg(long, value_name = "FILE", conflicts_with_all = ["sentence", "seal"])]
    form: Option<PathBuf>,
    /// What was recorded last night: the output of `status --format json`, where there is no database
    #[arg(long, value_name = "FILE")]
    observed: Option<PathBuf>,
    #[command(flatten)]
    fields: fields::Fields,
}

/// Asks for what is missing, says what is possible and when it will be done, and writes the request.
pub(super) fn run(arguments: &Arguments, common: &Common, out: &mut Output) -> Result<Exit, Stop> {
    let matrix = check::matrix(common)?;
    let recipients = if arguments.seal {
        Some(recipients::load(common)?)
    } else {
        None
    };
    let now = SystemClock.now();
    let is_asking = arguments.form.is_none() && io::stdin().is_terminal();
    let settled = match settled(arguments, is_asking, &matrix, now, out)? {
        Ok(draft) => draft,
        Err(exit) => return Ok(exit),
    };
    let request = match Request::check(settled, arguments, &matrix, now, common, out)? {
        Ok(request) => request,
        Err(exit) => return Ok(exit),
    };
    let shown = inline(&request.path);
    let mut text = request.text.clone();
    if let Some(recipients) = &recipients {
        let purpose = request.purpose.as_ref().ok_or_else(|| {
            let error = anyhow!("An import of files needs no credential: leave --seal out.");
            Stop::with(Exit::Usage, error)
        })?;
        out.flush()?;
        let plaintext = credential::read(purpose, request.method, &request.platform)?;
        text = spec::put_sealed(&text, &plaintext.seal(recipients)?)?.text;
    }
    if is_asking {
        out.flush()?;
        if !ask::confirm(&format!("Write {shown}?"))? {
            return Err(anyhow!("Nothing was written.").into());
        }
    }
    workspace::create(Path::new(&request.path), text.as_bytes())
        .with_context(|| format!("{shown} cannot be written."))?;
    writeln!(out, "\nWritten: {shown}")?;
    out.write_all(next_steps(&request, recipients.is_some()).as_bytes())?;
    Ok(Exit::Well)
}

/// What is wanted, as far as the file needs it; nothing is left open. Else what is missing is printed, and
/// the command ends.
fn settled(
    arguments: &Arguments,
    is_asking: bool,
    matrix: &SupportMatrix,
    now: Timestamp,
    out: &mut Output,
) -> Result<Result<Draft, Exit>, Stop> {
    let today = words::utc_date(now);
    let flags = arguments.fields.draft()?;
    let said = understand(arguments, matrix, today)?;
    let is_blank = flags == Draft::default() && arguments.sentence.is_empty();
    let Settled {
        mut draft,
        mut gaps,
    } = said.settle(flags, matrix, today);
    let known = understood(&draft, matrix, &said.left_over);
    out.write_all(known.as_bytes())?;
    if is_asking {
        out.flush()?;
        let before = draft.clone();
        let answered = ask::complete(draft, &gaps, is_blank, matrix, today)?;
        Settled { draft, gaps } = answered.settle(matrix, today);
        if draft != before {
            out.write_all(understood(&draft, matrix, &[]).as_bytes())?;
        }
    }
    if gaps.is_empty() {
        return Ok(Ok(draft));
    }
    if !known.is_empty() {
        writeln!(out)?;
    }
    out.write_all(missing(&gaps).as_bytes())?;
    Ok(Err(Exit::Usage))
}

/// What the sentence or the form says.
fn understand(
    arguments: &Arguments,
    matrix: &SupportMatrix,
    today: Date,
) -> Result<Understood, Stop> {
    if let Some(file) = &arguments.form {
        let body = form(file)?;
        return spec::form::read_form(&body, matrix)
            .map_err(|error| Stop::with(Exit::Usage, error));
    }
    let sentence = arguments.sentence.join(" ");
    if spec::holds_credential(&sentence) {
        return Err(in_the_history(
            "The sentence holds what looks like a credential.",
        ));
    }
    Ok(spec::understand(&sentence, matrix, today))
}

/// The body of the issue. What is longer than any form is cut off, and refused for its length.
fn form(file: &Path) -> Result<String, Stop> {
    let mut bytes = Vec::new();
    let limit = spec::MAX_REQUEST_BYTES + 1;
    if file == Path::new("-") {
        io::stdin().take(limit).read_to_end(&mut bytes)?;
    } else {
        let opened = fs::File::open(file);
        let read = opened.and_then(|opened| opened.take(limit).read_to_end(&mut bytes));
        read.with_context(|| format!("{} cannot be read.", file.display()))?;
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// A request that may be written.
struct Request {
    id: String,
    path: String,
    text: String,
    /// The platform as people write it.
    platform: String,
    method: Method,
    /// Whom a credential is for; `None` where none is needed.
    purpose: Option<Purpose>,
    /// Whether it names a secret.
    has_secret: bool,
    /// The name of the secret that may hold the credential.
    expected_secret: Option<String>,
}

impl Request {
    /// Says what is possible and when it will be done. What cannot be imported is told, and the command ends.
    fn check(
        draft: Draft,
        arguments: &Arguments,
        matrix: &SupportMatrix,
        now: Timestamp,
        common: &Common,
        out: &mut Output,
    ) -> Result<Result<Self, Exit>, Stop> {
        let id = draft.id.clone().ok_or_else(|| {
            let error =
                anyhow!("No file name can be made from the customer's name: give one with --id.");
            Stop::with(Exit::Usage, error)
        })?;
        if id.is_empty() || slug(&id) != id {
            let error = anyhow!(
                "--id is the name of the file: small letters, digits and hyphens, at most 63, for example {}.",
                Some(slug(&id))
                    .filter(|id| !id.is_empty())
                    .unwrap_or_else(|| "northwind-gong".to_owned())
            );
            return Err(Stop::with(Exit::Usage, error));
        }
        let file = common.requests.join(format!("{id}.yaml"));
        let path = file.to_string_lossy().replace('\\', "/");
        if file.exists() {
            let shown = inline(&path);
            let error = anyhow!(
                "{shown} is there already, and nothing is written over it. Change that file, or choose another name \
                 with --id, for example --id {}-2.",
                inline(&id)
            );
            return Err(Stop::with(Exit::Usage, error));
        }
        let key = draft.platform.as_deref().unwrap_or_default();
        let entries = entries(matrix);
        let entry = entries.iter().find(|entry| entry.platform == key);
        writeln!(out)?;
        if let Some(entry) = entry {
            let by_file = draft.method.as_deref() == Some(Method::File.as_str());
            out.write_all(answer(entry, by_file || !draft.files.is_empty()).as_bytes())?;
        }
        let text = draft.render()?;
        let declared = declare(&path, &text, matrix, now, common)?;
        if refused(&path, &text, &declared, out)? {
            return Ok(Err(Exit::NeedsSomebody));
        }
        // With the secret that it may name, the request is whole, and can be planned.
        let expected_secret = draft.expected_secret();
        let probe = Draft {
            secret: draft.secret.clone().or(expected_secret.clone()),
            ..draft.clone()
        };
        let probe = declare(&path, &probe.render()?, matrix, now, common)?;
        let planned = [&declared, &probe].into_iter().find_map(|declared| {
            let request = declared
                .requests
                .iter()
                .find(|request| request.path == path);
            request.map(|request| (declared, request))
        });
        let Some((declared, request)) = planned else {
            return Err(anyhow!("The request cannot be checked.").into());
        };
        out.write_all(outlook(&path, declared, arguments, matrix, now, common)?.as_bytes())?;
        let purpose = Purpose {
            customer: request.customer.clone(),
            platform: request.platform.clone(),
        };
        Ok(Ok(Self {
            id,
            text,
            platform: entry.map_or_else(|| key.to_owned(), |entry| entry.name.to_owned()),
            method: request.method,
            purpose: (request.method != Method::File).then_some(purpose),
            has_secret: draft.secret.is_some(),
            expected_secret,
            path,
        }))
    }
}

/// Everything that would be declared with the new file.
fn declare(
    path: &str,
    text: &str,
    matrix: &SupportMatrix,
    now: Timestamp,
    common: &Common,
) -> Result<Declared, Stop> {
    let mut read = workspace::read(&common.requests)?;
    read.sources.push(Source {
        path: path.to_owned(),
        content: SourceContent::Bytes(text.as_bytes().to_vec()),
    });
    let today = words::utc_date(now);
    Ok(spec::load(&read.sources, &read.uploads, matrix, today))
}

/// Prints the findings of the new file, and says whether one of them stops it. That its credential is
/// missing is the next step, not a flaw; that the platform is not offered is told already.
fn refused(path: &str, text: &str, declared: &Declared, out: &mut Output) -> Result<bool, Stop> {
    let unsupported = declared
        .invalid
        .iter()
        .any(|invalid| invalid.path == path && invalid.unsupported.is_some());
    let told = |code: &str| {
        code == codes::MISSING_CREDENTIALS.name
            || (unsupported && code == codes::PLATFORM_NOT_SUPPORTED.name)
    };
    let own = declared
        .findings
        .iter()
        .filter(|finding| finding.path == path);
    let findings: Vec<_> = own
        .filter(|finding| !told(&finding.code))
        .cloned()
        .collect();
    let is_refused = unsupported || findings.iter().any(|f| f.severity == Severity::Error);
    if is_refused {
        writeln!(
            out,
            "\nNothing was written.{}",
            if findings.is_empty() {
                ""
            } else {
                " What follows must be changed first."
            }
        )?;
    }
    if !findings.is_empty() {
        let review = Review {
            requests: Some(1),
            findings,
            sources: [(path.to_owned(), text.to_owned())].into(),
        };
        let style = if out.is_coloured() {
            Style::Colour
        } else {
            Style::Plain
        };
        writeln!(out)?;
        out.write_all(findings::plain(&review, style).as_bytes())?;
    }
    Ok(is_refused)
}

/// When it will be done.
fn outlook(
    path: &str,
    declared: &Declared,
    arguments: &Arguments,
    matrix: &SupportMatrix,
    now: Timestamp,
    common: &Common,
) -> Result<String, Stop> {
    let observed = observed(arguments.observed.as_deref(), common, now)?;
    let queue_is_known = observed.is_some();
    let plan = plan::plan(&Inputs {
        declared,
        matrix,
        observed: &observed.unwrap_or_default(),
        now,
        night: plan::next_night(&matrix.nightly, now),
        only: None,
        skip: &[],
        // Where the nights run there is a place for recordings, or the check of the pull request says it.
        media: true,
    });
    let view = View {
        matrix,
        findings: &[],
        changed: Some(&[path.to_owned()]),
        queue_is_known,
    };
    Ok(report::plan::outlook(&plan, &view))
}

/// What is left to do.
fn next_steps(request: &Request, is_sealed: bool) -> String {
    let id = inline(&request.id);
    let path = inline(&request.path);
    let commit =
        format!("Open a pull request with {path}; the check answers there within a minute.\n");
    if request.purpose.is_none() || is_sealed || request.has_secret {
        return format!("Next: {commit}");
    }
    let secret = request.expected_secret.as_deref().map(|secret| {
        format!(", or let an engineer add it as the secret {secret} and write `credentials: {{secret: {secret}}}`")
    });
    format!(
        "Next:\n  1. Hand in the customer's credential: call-import seal {id}{}.\n  2. {commit}",
        secret.unwrap_or_default()
    )
}
