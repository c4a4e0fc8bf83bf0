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
    spec::{Draft, Field, Gap, SupportMatrix, SupportStatus, form::URGENCIES, value_of},
};

/// Asks about each gap, and, where `everything` is to be asked, about what a request may say besides.
pub(super) fn complete(
    mut draft: Draft,
    gaps: &[Gap],
    everything: bool,
    matrix: &SupportMatrix,
    today: Date,
) -> Result<Draft, Stop> {
    for gap in gaps {
        ask(&mut draft, gap, matrix, today)?;
    }
    ask_for_files(&mut draft, matrix)?;
    if everything {
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
    }
    Ok(draft)
}

/// Whether to go on.
pub(super) fn confirm(question: &str) -> Result<bool, Stop> {
    Confirm::new(question)
        .with_default(true)
        .prompt()
        .map_err(left)
}

fn ask(draft: &mut Draft, gap: &Gap, matrix: &SupportMatrix, today: Date) -> Result<(), Stop> {
    let field = gap.field;
    let help = gap.why.as_deref().map(clean);
    let help = help.as_deref().unwrap_or(field.meaning());
    match field {
        Field::Customer => draft.customer = Some(required("Customer:", field, help, today)?),
        Field::Platform => draft.platform = Some(platform(help, matrix)?),
        Field::EstimatedCalls => {
            draft.estimated_calls = Some(required("About how many calls:", field, help, today)?);
        }
        Field::Urgency => draft.urgency = Some(urgency(help)?),
        Field::RequestedCompletion => {
            let question = "When does the customer want it:";
            draft.requested_completion = Some(required(question, field, help, today)?);
        }
        Field::Method => draft.method = Some(method(draft, help, matrix)?),
        Field::Files => draft.files = vec![required("Which files:", field, help, today)?],
        Field::PeriodFrom => {
            draft.period_from = optional_day("First day:", field, help, today)?;
        }
        Field::PeriodTo => draft.period_to = optional_day("Last day:", field, help, today)?,
        Field::Include => {
            draft.include = vec![required(
                "What to import of each call:",
                field,
                help,
                today,
            )?];
        }
    }
    Ok(())
}

/// A platform that gives files only is asked for them.
fn ask_for_files(draft: &mut Draft, matrix: &SupportMatrix) -> Result<(), Stop> {
    let known = draft
        .platform
        .as_deref()
        .and_then(|written| matrix.find(written));
    let Some((_, row)) = known else {
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
        "From {name} we import exported files, for example files/northwind/*.vtt. Esc leaves, and no file is written."
    );
    draft.files = vec![answer(Text::new("Which files:").with_help_message(&help))?];
    draft.method = Some(Method::File.as_str().to_owned());
    Ok(())
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

fn platform(help: &str, matrix: &SupportMatrix) -> Result<String, Stop> {
    let entries = report::entries(matrix);
    let choices = entries.iter().map(|entry: &Entry<'_>| Choice {
        shown: choice(entry),
        value: entry.platform.to_owned(),
    });
    let help = format!("{help}; type to search");
    select("Where were the calls recorded?", choices.collect(), &help)
}

fn urgency(help: &str) -> Result<String, Stop> {
    let choices = URGENCIES.iter().map(|(text, _)| Choice {
        shown: (*text).to_owned(),
        value: text.split(':').next().unwrap_or(text).to_lowercase(),
    });
    select("What depends on it?", choices.collect(), help)
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
    select("How do the calls reach us?", choices.collect(), help)
}

fn select(question: &str, choices: Vec<Choice<String>>, help: &str) -> Result<String, Stop> {
    let chosen = Select::new(question, choices)
        .with_help_message(help)
        .with_page_size(10)
        .prompt();
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
