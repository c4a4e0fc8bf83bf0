//! A request before it is written: whether it can be imported, what is wrong with it, and when it will be
//! done.

use std::io::Write as _;

use anyhow::anyhow;

use super::Desk;
use crate::{
    cli::{Exit, Output, Stop, plan::observed},
    model::{Method, slug, words},
    plan::{self, Inputs},
    platforms,
    report::{
        self,
        ask::answer,
        findings::{self, Review, Style},
        matrix::entries,
        plan::View,
        text::inline,
    },
    secrets::Purpose,
    spec::{self, Declared, Draft, Finding, Severity, Source, SourceContent, codes},
    workspace,
};

/// A request that may be written.
pub(super) struct Request {
    pub(super) id: String,
    pub(super) path: String,
    pub(super) text: String,
    /// The platform as people write it.
    pub(super) platform: String,
    /// Its key of the support matrix.
    pub(super) key: String,
    pub(super) method: Method,
    /// Whom a credential is for; `None` where none is needed.
    pub(super) purpose: Option<Purpose>,
    /// Whether it names a secret.
    pub(super) has_secret: bool,
    /// The name of the secret that may hold the credential.
    pub(super) expected_secret: Option<String>,
}

impl Request {
    /// Says what is possible, what is wrong and when it will be done. What cannot be written is told, and the
    /// command ends.
    pub(super) fn check(
        draft: &Draft,
        desk: &Desk<'_>,
        out: &mut Output,
    ) -> Result<Result<Self, Exit>, Stop> {
        let (id, path) = new_file(draft, desk)?;
        let platform = platform(draft, desk, out)?;
        let text = draft.render()?;
        let declared = declare(&path, &text, desk)?;
        if is_refused(&path, &text, &declared, out)? {
            return Ok(Err(Exit::NeedsSomebody));
        }
        // Where its credential is still missing, the request is whole with the secret that it may name.
        let expected_secret = draft.expected_secret();
        let is_whole = declared.requests.iter().any(|request| request.path == path);
        let whole = if is_whole {
            declared
        } else {
            let secret = expected_secret.clone();
            let whole = Draft {
                secret,
                ..draft.clone()
            };
            declare(&path, &whole.render()?, desk)?
        };
        let request = whole.requests.iter().find(|request| request.path == path);
        let request = request.ok_or_else(|| anyhow!("The request cannot be checked."))?;
        out.write_all(outlook(&path, &whole, desk)?.as_bytes())?;
        let purpose = Purpose {
            customer: request.customer.clone(),
            platform: request.platform.clone(),
        };
        Ok(Ok(Self {
            key: request.platform.clone(),
            method: request.method,
            purpose: (request.method != Method::File).then_some(purpose),
            has_secret: draft.secret.is_some(),
            id,
            path,
            text,
            platform,
            expected_secret,
        }))
    }

    /// Whether the customer consents in a browser instead of giving us a credential.
    pub(super) fn is_consent(&self) -> bool {
        platforms::asks_for_consent(&self.key, self.method)
    }

    /// What is left to do.
    pub(super) fn next_steps(&self, is_sealed: bool) -> String {
        let path = inline(&self.path);
        let open =
            format!("Open a pull request with {path}; the check answers there within a minute.\n");
        if self.purpose.is_none() || is_sealed || self.has_secret {
            return format!("Next: {open}");
        }
        let command = platforms::hand_in(&self.key, self.method, &self.id);
        if self.is_consent() {
            return format!(
                "Next:\n  1. Let the customer's administrator consent: {command} prints the address to open.\n  2. {open}"
            );
        }
        let secret = self.expected_secret.as_deref().map(|name| {
            format!(
                ", or let an engineer add it as the secret {name} and write `credentials: {{secret: {name}}}`"
            )
        });
        format!(
            "Next:\n  1. Hand in the customer's credential: {command}{}.\n  2. {open}",
            secret.unwrap_or_default()
        )
    }
}

/// The id and the path of a file that is not there yet.
fn new_file(draft: &Draft, desk: &Desk<'_>) -> Result<(String, String), Stop> {
    let usage = |error| Err(Stop::with(Exit::Usage, error));
    let Some(id) = draft.id.clone() else {
        return usage(anyhow!(
            "No file name can be made from the customer's name: give one with --id."
        ));
    };
    let meant = slug(&id);
    if meant.is_empty() || meant != id {
        let meant = if meant.is_empty() {
            "northwind-gong"
        } else {
            &meant
        };
        return usage(anyhow!(
            "--id is the name of the file: small letters, digits and hyphens, at most 63, for example {meant}."
        ));
    }
    let file = desk.common.requests.join(format!("{id}.yaml"));
    let path = file.to_string_lossy().replace('\\', "/");
    if file.exists() {
        return usage(anyhow!(
            "{} is there already, and nothing is written over it. Change that file, or choose another name with --id, \
             for example --id {id}-2.",
            inline(&path)
        ));
    }
    Ok((id, path))
}

/// Says whether the platform's calls can be imported, and gives its name.
fn platform(draft: &Draft, desk: &Desk<'_>, out: &mut Output) -> Result<String, Stop> {
    let key = draft.platform.as_deref().unwrap_or_default();
    let entries = entries(desk.matrix);
    let Some(entry) = entries.iter().find(|entry| entry.platform == key) else {
        return Ok(key.to_owned());
    };
    writeln!(out)?;
    out.write_all(answer(entry, draft, desk.arguments.open_pr).as_bytes())?;
    Ok(entry.name.to_owned())
}

/// Everything that would be declared with the new file.
fn declare(path: &str, text: &str, desk: &Desk<'_>) -> Result<Declared, Stop> {
    let mut read = workspace::read(&desk.common.requests)?;
    read.sources.push(Source {
        path: path.to_owned(),
        content: SourceContent::Bytes(text.as_bytes().to_vec()),
    });
    let today = words::utc_date(desk.now);
    Ok(spec::load(&read.sources, &read.uploads, desk.matrix, today))
}

/// What is wrong with the files that a draft names, as `validate` would say it.
pub(super) fn files_flaw(draft: &Draft, desk: &Desk<'_>) -> Option<String> {
    let settled = draft.clone().settle(desk.matrix, words::utc_date(desk.now));
    let text = settled.draft.render().ok()?;
    let file = desk.common.requests.join("new.yaml");
    let path = file.to_string_lossy();
    let declared = declare(&path, &text, desk).ok()?;
    let is_of_files = |finding: &&Finding| {
        let known = [
            codes::FILE_PATH.name,
            codes::NO_FILE_MATCHES.name,
            codes::REMOTE_NOT_ALLOWED.name,
        ];
        finding.path == path && known.contains(&finding.code.as_str())
    };
    let flaw = declared.findings.iter().find(is_of_files)?;
    Some(format!("{} {}", flaw.message, flaw.help))
}

/// Prints the findings of the new file, and says whether one of them stops it. That its credential is missing
/// is the next step and no flaw; that the platform is not offered is told already.
fn is_refused(path: &str, text: &str, declared: &Declared, out: &mut Output) -> Result<bool, Stop> {
    let invalid = declared.invalid.iter().find(|invalid| invalid.path == path);
    let is_unsupported = invalid.is_some_and(|invalid| invalid.unsupported.is_some());
    let is_told = |code: &str| {
        code == codes::MISSING_CREDENTIALS.name
            || (is_unsupported && code == codes::PLATFORM_NOT_SUPPORTED.name)
    };
    let is_new = |finding: &&Finding| finding.path == path && !is_told(&finding.code);
    let findings: Vec<Finding> = declared.findings.iter().filter(is_new).cloned().collect();
    let is_error = |finding: &Finding| finding.severity == Severity::Error;
    let is_refused = is_unsupported || findings.iter().any(is_error);
    match (is_refused, findings.is_empty()) {
        (true, true) => writeln!(out, "\nNothing was written.")?,
        (true, false) => writeln!(
            out,
            "\nNothing was written. What follows must be changed first."
        )?,
        (false, _) => {}
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

/// When it will be done, as `plan` would say.
fn outlook(path: &str, declared: &Declared, desk: &Desk<'_>) -> Result<String, Stop> {
    let observed = observed(desk.arguments.observed.as_deref(), desk.common, desk.now)?;
    let queue_is_known = observed.is_some();
    let plan = plan::plan(&Inputs {
        declared,
        matrix: desk.matrix,
        observed: &observed.unwrap_or_default(),
        now: desk.now,
        night: plan::next_night(&desk.matrix.nightly, desk.now),
        only: None,
        skip: &[],
        // Whether there is a place for recordings is known where the nights run, and not here.
        media: true,
    });
    let view = View {
        matrix: desk.matrix,
        findings: &[],
        changed: Some(&[path.to_owned()]),
        queue_is_known,
    };
    Ok(report::plan::outlook(&plan, &view))
}
