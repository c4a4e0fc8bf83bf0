//! `call-import new`: writes a request, from questions, one sentence, flags or a filled form.

mod ask;
mod fields;
mod pull_request;
mod request;

use std::{
    fs,
    io::{self, IsTerminal as _, Read as _, Write as _},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, anyhow};
use clap::Args;
use jiff::Timestamp;

use super::{Common, Exit, Output, Stop, check, credential, place::in_the_history, recipients};
use crate::{
    clock::{Clock as _, SystemClock},
    model::words,
    report::{
        ask::{missing, understood},
        text::inline,
    },
    secrets::Recipients,
    spec::{self, Draft, SupportMatrix, Understood},
    workspace,
};
use request::Request;

/// Arguments of `new`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The request in words: "5,000 calls from Gong for Northwind, needed by 4 December, onboarding"
    #[arg(value_name = "SENTENCE")]
    sentence: Vec<String>,
    /// Seal the credential into the request: it comes on stdin, or is asked for and not shown
    #[arg(long)]
    seal: bool,
    /// Open the pull request, or bring it up to date: with GITHUB_TOKEN, in GITHUB_REPOSITORY
    #[arg(long)]
    open_pr: bool,
    /// Take the answers from a filled issue form, as GitHub writes it; `-` for stdin
    #[arg(long, value_name = "FILE", conflicts_with_all = ["sentence", "seal"])]
    form: Option<PathBuf>,
    /// What was recorded last night: the output of `status --format json`, where there is no database
    #[arg(long, value_name = "FILE")]
    observed: Option<PathBuf>,
    #[command(flatten)]
    fields: fields::Fields,
}

/// What a request is judged with.
struct Desk<'a> {
    arguments: &'a Arguments,
    common: &'a Common,
    matrix: &'a SupportMatrix,
    now: Timestamp,
    /// Whether somebody can be asked.
    is_asking: bool,
}

/// Asks for what is missing, says what is possible and when it will be done, and writes the request.
pub(super) fn run(arguments: &Arguments, common: &Common, out: &mut Output) -> Result<Exit, Stop> {
    let matrix = check::matrix(common)?;
    // Whoever cannot be served is not asked for anything.
    let recipients = if arguments.seal {
        Some(recipients::load(common)?)
    } else {
        None
    };
    if arguments.open_pr {
        pull_request::check()?;
    }
    let desk = Desk {
        arguments,
        common,
        matrix: &matrix,
        now: SystemClock.now(),
        is_asking: arguments.form.is_none() && io::stdin().is_terminal(),
    };
    let draft = match desk.draft(out)? {
        Ok(draft) => draft,
        Err(exit) => return Ok(exit),
    };
    let request = match Request::check(&draft, &desk, out)? {
        Ok(request) => request,
        Err(exit) => return Ok(exit),
    };
    out.flush()?;
    let text = match &recipients {
        Some(recipients) => sealed(&request, recipients)?,
        None => request.text.clone(),
    };
    let shown = inline(&request.path);
    if desk.is_asking && !ask::confirm(&format!("Write {shown}?"))? {
        return Err(anyhow!("Nothing was written.").into());
    }
    workspace::create(Path::new(&request.path), text.as_bytes())
        .with_context(|| format!("{shown} cannot be written."))?;
    writeln!(out, "\nWritten: {shown}")?;
    if arguments.open_pr {
        let requested_by = draft.requested_by.as_deref();
        let opened = pull_request::open(&request, &text, requested_by)?;
        out.write_all(opened.as_bytes())?;
        return Ok(Exit::Well);
    }
    out.write_all(request.next_steps(recipients.is_some()).as_bytes())?;
    Ok(Exit::Well)
}

/// The request with the credential that is piped in, or typed at a hidden prompt.
fn sealed(request: &Request, recipients: &Recipients) -> Result<String, Stop> {
    let Some(purpose) = &request.purpose else {
        let error = anyhow!("An import of files needs no credential: leave --seal out.");
        return Err(Stop::with(Exit::Usage, error));
    };
    if request.is_consent() {
        let error = anyhow!(
            "Customers of {} consent in a browser: leave --seal out, and the next step is told.",
            request.platform
        );
        return Err(Stop::with(Exit::Usage, error));
    }
    let plaintext = credential::read(purpose, request.method, &request.platform)?;
    Ok(spec::put_sealed(&request.text, &plaintext.seal(recipients)?)?.text)
}

impl Desk<'_> {
    /// What is wanted, in the form of the file, with nothing left open. Else what is missing is printed, and
    /// the command ends.
    fn draft(&self, out: &mut Output) -> Result<Result<Draft, Exit>, Stop> {
        let (matrix, today) = (self.matrix, words::utc_date(self.now));
        let flags = self.arguments.fields.draft()?;
        let said = self.understand()?;
        let is_blank = flags == Draft::default() && self.arguments.sentence.is_empty();
        let mut settled = said.settle(flags, matrix, today);
        let known = understood(&settled, matrix, &said.left_over);
        out.write_all(known.as_bytes())?;
        if self.is_asking {
            out.flush()?;
            let before = settled.draft.clone();
            let questions = ask::Questions {
                matrix,
                today,
                flaw: &|draft| request::files_flaw(draft, self),
            };
            settled = questions.complete(settled, is_blank)?.settle(matrix, today);
            if settled.draft != before {
                out.write_all(understood(&settled, matrix, &[]).as_bytes())?;
            }
        }
        if settled.gaps.is_empty() {
            return Ok(Ok(settled.draft));
        }
        if !known.is_empty() {
            writeln!(out)?;
        }
        out.write_all(missing(&settled.gaps).as_bytes())?;
        Ok(Err(Exit::Usage))
    }

    /// What the sentence or the form says.
    fn understand(&self) -> Result<Understood, Stop> {
        if let Some(file) = &self.arguments.form {
            let said = spec::form::read_form(&form(file)?, self.matrix);
            return said.map_err(|error| Stop::with(Exit::Usage, error));
        }
        let sentence = self.arguments.sentence.join(" ");
        if spec::holds_credential(&sentence) {
            return Err(in_the_history(
                "The sentence holds what looks like a credential.",
            ));
        }
        let today = words::utc_date(self.now);
        Ok(spec::understand(&sentence, self.matrix, today))
    }
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
