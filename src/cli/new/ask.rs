//! Asks on a terminal for what a request still needs. Esc leaves, and no file is written.

use std::fmt;

use anyhow::anyhow;
use inquire::{
    Confirm, InquireError, Select, Text,
    validator::{ErrorMessage, Validation},
};
use jiff::civil::Date;

use crate::{
    cli::Stop,
    model::Method,
    report::{
        form::choice,
        matrix::{self as report, Entry},
        text::{clean, inline},
    },
    spec::{
        Draft, Field, Gap, OTHER, Settled, SupportMatrix, SupportStatus, form::URGENCIES, value_of,
    },
};

/// What questions are asked with.
pub(super) struct Questions<'a> {
    pub(super) matrix: &'a SupportMatrix,
    pub(super) today: Date,
    /// What is wrong with the files that a draft names.
    pub(super) flaw: &'a dyn Fn(&Draft) -> Option<String>,
}

impl Questions<'_> {
    /// Asks whether a platform was meant that is only spelled nearly so, about each gap, and, where
    /// `everything` is to be asked, about what a request may say besides.
    pub(super) fn complete(&self, settled: Settled, everything: bool) -> Result<Draft, Stop> {
        let Settled {
            mut draft,
            mut gaps,
            readings,
        } = settled;
        // An answer can change what it is made of.
        if draft.id == draft.usual_id() {
            draft.id = None;
        }
        for reading in readings.iter().filter(|one| one.field == Field::Platform) {
            let (written, taken) = (inline(&reading.written), inline(&reading.taken));
            if !confirm(&format!("`{written}` is read as {taken}. Is that right?"))? {
                draft.platform = None;
                gaps.insert(
                    0,
                    Gap {
                        field: Field::Platform,
                        why: None,
                    },
                );
            }
        }
        for gap in &gaps {
            self.ask(&mut draft, gap)?;
        }
        self.ask_for_files(&mut draft)?;
        if everything {
            self.ask_for_more(&mut draft)?;
        }
        Ok(draft)
    }

    /// What a request may say besides.
    fn ask_for_more(&self, draft: &mut Draft) -> Result<(), Stop> {
        let today = self.today;
        let from = "The first day of which calls are wanted. Enter takes everything since 2010.";
        draft.period_from = optional_day("First day:", Field::PeriodFrom, from, today)?;
        let to = "The last day. Enter takes everything up to now.";
        draft.period_to = optional_day("Last day:", Field::PeriodTo, to, today)?;
        let domains =
            "The customer's own e-mail domains tell who is internal. Enter leaves them out.";
        let domains = text("E-mail domains:", domains)?;
        let domains = domains.split([',', ' ']).map(str::trim);
        draft.internal_domains = domains
            .filter(|d| !d.is_empty())
            .map(str::to_owned)
            .collect();
        let notes = text(
            "Notes:",
            "Anything that colleagues should know. Enter leaves it out.",
        )?;
        draft.notes = Some(notes).filter(|notes| !notes.trim().is_empty());
        Ok(())
    }

    fn ask(&self, draft: &mut Draft, gap: &Gap) -> Result<(), Stop> {
        let (field, today) = (gap.field, self.today);
        let help = gap.why.as_deref().map(clean);
        let help = help.as_deref().unwrap_or(field.meaning());
        match field {
            Field::Customer => draft.customer = Some(required("Customer:", field, help, today)?),
            Field::Platform => draft.platform = Some(platform(help, self.matrix)?),
            Field::EstimatedCalls => {
                let question = "About how many calls:";
                draft.estimated_calls = Some(required(question, field, help, today)?);
            }
            Field::Urgency => draft.urgency = Some(urgency(help)?),
            Field::RequestedCompletion => {
                let question = "When does the customer want it:";
                draft.requested_completion = Some(required(question, field, help, today)?);
            }
            Field::Method => draft.method = Some(method(draft, help, self.matrix)?),
            Field::Files => draft.files = self.files(draft, help)?,
            Field::PeriodFrom => {
                draft.period_from = optional_day("First day:", field, help, today)?;
            }
            Field::PeriodTo => draft.period_to = optional_day("Last day:", field, help, today)?,
            Field::Include => {
                let question = "What to import of each call:";
                draft.include = vec![required(question, field, help, today)?];
            }
        }
        Ok(())
    }

    /// A platform that gives files only is asked for them.
    fn ask_for_files(&self, draft: &mut Draft) -> Result<(), Stop> {
        let known = draft.platform.as_deref();
        let Some((_, row)) = known.and_then(|written| self.matrix.find(written)) else {
            return Ok(());
        };
        let by_file = match row.status {
            SupportStatus::Supported | SupportStatus::NotSupported => false,
            SupportStatus::InProgress | SupportStatus::ManualUpload => {
                row.methods.contains(&Method::File)
            }
        };
        if !by_file || draft.method.is_some() || !draft.files.is_empty() {
            return Ok(());
        }
        let name = inline(&row.name);
        let help = format!(
            "From {name} we import exported files, for example files/northwind/* (transcripts as VTT, SRT, Word or text; lists as CSV or Excel; ZIP). Esc leaves, and no file is written."
        );
        draft.files = self.files(draft, &help)?;
        draft.method = Some(Method::File.as_str().to_owned());
        Ok(())
    }

    /// Files that are there. They may be put there while the question waits.
    fn files(&self, draft: &Draft, help: &str) -> Result<Vec<String>, Stop> {
        let with = |typed: &str| Draft {
            files: vec![typed.trim().to_owned()],
            method: Some(Method::File.as_str().to_owned()),
            ..draft.clone()
        };
        let does = |typed: &str| {
            Ok(match typed.trim() {
                "" => wrong("It cannot be empty. Esc leaves, and no file is written."),
                typed => match (self.flaw)(&with(typed)) {
                    Some(why) => wrong(&why),
                    None => Validation::Valid,
                },
            })
        };
        let question = Text::new("Which files:")
            .with_help_message(help)
            .with_validator(does);
        Ok(vec![answer(question)?.trim().to_owned()])
    }
}

/// Whether to go on.
pub(super) fn confirm(question: &str) -> Result<bool, Stop> {
    Confirm::new(question)
        .with_default(true)
        .prompt()
        .map_err(left)
}

/// A choice, as it is shown.
struct Choice<T> {
    shown: String,
    value: T,
}

impl<T> fmt::Display for Choice<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.shown)
    }
}

/// A platform of the list. What is typed is looked up as everywhere, and "Any other platform" always stays.
fn platform(help: &str, matrix: &SupportMatrix) -> Result<String, Stop> {
    let entries = report::entries(matrix);
    let choices = entries.iter().map(|entry: &Entry<'_>| Choice {
        shown: choice(entry),
        value: entry.platform.to_owned(),
    });
    let help =
        format!("{help}; type to search, and take \"Any other platform\" if it is not in the list");
    let score = |typed: &str, choice: &Choice<String>, shown: &str, _: usize| {
        let typed = typed.trim();
        let is = |found: Option<(&str, _)>| found.is_some_and(|(key, _)| key == choice.value);
        if is(matrix.find(typed)) {
            Some(3)
        } else if shown.to_lowercase().contains(&typed.to_lowercase()) {
            Some(2)
        } else if is(matrix.nearest(typed)) {
            Some(1)
        } else {
            (choice.value == OTHER).then_some(0)
        }
    };
    let question = Select::new("Where were the calls recorded?", choices.collect());
    select(question.with_scorer(&score), &help)
}

fn urgency(help: &str) -> Result<String, Stop> {
    let choices = URGENCIES.iter().map(|(text, _)| Choice {
        shown: (*text).to_owned(),
        value: text.split(':').next().unwrap_or(text).to_lowercase(),
    });
    select(Select::new("What depends on it?", choices.collect()), help)
}

fn method(draft: &Draft, help: &str, matrix: &SupportMatrix) -> Result<String, Stop> {
    let row = draft
        .platform
        .as_deref()
        .and_then(|written| matrix.find(written));
    let methods = match row {
        Some((_, row)) => row.methods.clone(),
        None => vec![Method::Api, Method::Oauth, Method::File],
    };
    let choices = methods.iter().map(|method| Choice {
        shown: match method {
            Method::Api => "api: with a key that the customer makes",
            Method::Oauth => "oauth: with the customer's consent",
            Method::File => "file: exported files",
        }
        .to_owned(),
        value: method.as_str().to_owned(),
    });
    select(
        Select::new("How do the calls reach us?", choices.collect()),
        help,
    )
}

fn select(question: Select<'_, Choice<String>>, help: &str) -> Result<String, Stop> {
    let chosen = question.with_help_message(help).with_page_size(10).prompt();
    chosen.map(|choice| choice.value).map_err(left)
}

/// A text that does for the field.
fn required(question: &str, field: Field, help: &str, today: Date) -> Result<String, Stop> {
    let does = move |typed: &str| {
        Ok(match value_of(field, typed, today) {
            _ if typed.trim().is_empty() => {
                wrong("It cannot be empty. Esc leaves, and no file is written.")
            }
            Ok(_) => Validation::Valid,
            Err(why) => wrong(&why),
        })
    };
    answer(
        Text::new(question)
            .with_help_message(help)
            .with_validator(does),
    )
}

fn optional_day(
    question: &str,
    field: Field,
    help: &str,
    today: Date,
) -> Result<Option<String>, Stop> {
    let does = move |typed: &str| {
        Ok(match value_of(field, typed, today) {
            _ if typed.trim().is_empty() => Validation::Valid,
            Ok(_) => Validation::Valid,
            Err(why) => wrong(&why),
        })
    };
    let typed = answer(
        Text::new(question)
            .with_help_message(help)
            .with_validator(does),
    )?;
    Ok(Some(typed).filter(|typed| !typed.trim().is_empty()))
}

fn text(question: &str, help: &str) -> Result<String, Stop> {
    answer(Text::new(question).with_help_message(help))
}

fn answer(question: Text<'_, '_>) -> Result<String, Stop> {
    question.prompt().map_err(left)
}

fn wrong(why: &str) -> Validation {
    Validation::Invalid(ErrorMessage::Custom(clean(why)))
}

fn left(error: InquireError) -> Stop {
    match error {
        InquireError::OperationCanceled | InquireError::OperationInterrupted => {
            anyhow!("Nothing was written.").into()
        }
        other => anyhow::Error::new(other)
            .context("The terminal cannot ask.")
            .into(),
    }
}
