//! The Markdown that GitHub makes of a filled issue form, back to a draft.
//!
//! Each answer stands below a heading with its question (GitHub Docs, "Syntax for issue forms"); an empty one
//! is `_No response_`. Anybody can edit the text afterwards, so nothing in it is taken for granted.

use super::{
    Draft, Field, Gap, Include, MAX_REQUEST_BYTES, Reading, SupportMatrix, Understood, Urgency,
    leak,
};
use crate::model::Method;

/// A question of the form, in the order of the form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Question {
    /// The customer's name.
    Customer,
    /// The platform.
    Platform,
    /// How many calls.
    EstimatedCalls,
    /// What depends on it.
    Urgency,
    /// The day on which the customer wants it.
    RequestedCompletion,
    /// How the calls reach us.
    Method,
    /// Paths of files.
    Files,
    /// First day wanted.
    PeriodFrom,
    /// Last day wanted.
    PeriodTo,
    /// What to import of each call.
    Include,
    /// The customer's own e-mail domains.
    InternalDomains,
    /// Settings of the platform.
    Options,
    /// Anything for people.
    Notes,
    /// The promise that no credential stands in the form.
    Promise,
}

impl Question {
    /// All of them, in the order of the form.
    pub const ALL: [Self; 14] = [
        Self::Customer,
        Self::Platform,
        Self::EstimatedCalls,
        Self::Urgency,
        Self::RequestedCompletion,
        Self::Method,
        Self::Files,
        Self::PeriodFrom,
        Self::PeriodTo,
        Self::Include,
        Self::InternalDomains,
        Self::Options,
        Self::Notes,
        Self::Promise,
    ];

    /// Its heading.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Customer => "Customer",
            Self::Platform => "Where were the calls recorded?",
            Self::EstimatedCalls => "About how many calls?",
            Self::Urgency => "What depends on it?",
            Self::RequestedCompletion => "When does the customer want it?",
            Self::Method => "How do the calls reach us?",
            Self::Files => "Which files?",
            Self::PeriodFrom => "First day",
            Self::PeriodTo => "Last day",
            Self::Include => "What to import of each call?",
            Self::InternalDomains => "The customer's own e-mail domains",
            Self::Options => "Settings of the platform",
            Self::Notes => "Notes",
            Self::Promise => "Before you send it",
        }
    }

    /// The question whose answer stands in this line (from 1) of the file that the form became.
    pub fn of_line(text: &str, line: usize) -> Option<Self> {
        let lines = text.lines().take(line);
        let starts = |line: &&str| line.starts_with(|first: char| first.is_ascii_lowercase());
        let (key, _) = lines.filter(starts).last()?.split_once(':')?;
        Some(match key {
            "customer" => Self::Customer,
            "platform" => Self::Platform,
            "estimated_calls" => Self::EstimatedCalls,
            "urgency" => Self::Urgency,
            "requested_completion" => Self::RequestedCompletion,
            "method" => Self::Method,
            "files" => Self::Files,
            "period" => Self::PeriodFrom,
            "include" => Self::Include,
            "internal_domains" => Self::InternalDomains,
            "options" => Self::Options,
            "notes" => Self::Notes,
            _ => return None,
        })
    }

    /// The field that its answer fills; `None` where that is always clear.
    pub const fn field(self) -> Option<Field> {
        match self {
            Self::Customer => Some(Field::Customer),
            Self::Platform => Some(Field::Platform),
            Self::EstimatedCalls => Some(Field::EstimatedCalls),
            Self::Urgency => Some(Field::Urgency),
            Self::RequestedCompletion => Some(Field::RequestedCompletion),
            Self::Method => Some(Field::Method),
            Self::Files => Some(Field::Files),
            Self::PeriodFrom => Some(Field::PeriodFrom),
            Self::PeriodTo => Some(Field::PeriodTo),
            Self::Include => Some(Field::Include),
            Self::InternalDomains | Self::Options | Self::Notes | Self::Promise => None,
        }
    }
}

/// The answers to choose from for the urgency.
pub const URGENCIES: [(&str, Urgency); 3] = [
    ("Deal: a sale waits for it", Urgency::Deal),
    (
        "Onboarding: a new customer is being set up",
        Urgency::Onboarding,
    ),
    ("Retention: the customer may leave", Urgency::Retention),
];

/// The answers to choose from for the method; the first leaves it to the platform.
pub const METHODS: [(&str, Option<Method>); 4] = [
    ("The usual way of the platform", None),
    (
        "With a key that the customer makes (api)",
        Some(Method::Api),
    ),
    ("With the customer's consent (oauth)", Some(Method::Oauth)),
    ("As exported files (file)", Some(Method::File)),
];

/// The answers to choose from for what is imported of each call.
pub const INCLUDES: [(&str, &[Include]); 2] = [
    ("Transcripts", &[Include::Transcript]),
    (
        "Transcripts and recordings (audio or video)",
        &[Include::Transcript, Include::Media],
    ),
];

/// What stands between the name of a platform and the answer for it.
pub const ANSWER: &str = " – ";

/// Why a text is no filled form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FormError {
    /// A credential stands in it.
    #[error(
        "In the form stands what looks like a credential, readable for everybody who sees it. Ask the customer to \
         revoke it at once, delete it from the form, and hand the new one in sealed: `call-import seal` does that."
    )]
    Credential,
    /// It is longer than any form needs to be.
    #[error("The form is longer than 64 kB, so it was not read. Shorten the notes.")]
    TooLong,
    /// It has none of the form's headings.
    #[error("This is not the form for an import: its headings are missing.")]
    NotTheForm,
}

/// Reads a filled form. Gaps tell what stands there twice; what is missing is told when the draft is settled.
///
/// # Errors
/// [`FormError`], which never repeats what stands in the form.
pub fn read_form(body: &str, matrix: &SupportMatrix) -> Result<Understood, FormError> {
    if body.len() as u64 > MAX_REQUEST_BYTES {
        return Err(FormError::TooLong);
    }
    if leak::holds_credential(body) {
        return Err(FormError::Credential);
    }
    let body = without_comments(body);
    let answers = Answers::of(&body);
    if answers.found.is_empty() {
        return Err(FormError::NotTheForm);
    }
    let twice = |question: &Question| {
        let why = format!("The heading `{}` stands there twice.", question.label());
        question.field().map(|field| Gap::unclear(field, why))
    };
    let gaps = answers.twice.iter().filter_map(twice).collect();
    let (options, left_over) = settings(answers.get(Question::Options));
    let mut draft = draft(&answers, matrix, options);
    Ok(Understood {
        readings: near_platform(&mut draft, matrix).into_iter().collect(),
        draft,
        gaps,
        left_over,
    })
}

fn draft(answers: &Answers, matrix: &SupportMatrix, options: Vec<(String, String)>) -> Draft {
    let text = |question| answers.get(question).map(str::to_owned);
    let chosen = |question| answers.get(question).filter(|text| *text != "None");
    let platform = chosen(Question::Platform).map(|text| platform(text, matrix));
    let lines = |question| {
        let text = answers.get(question).unwrap_or_default();
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        lines.map(str::to_owned).collect()
    };
    Draft {
        customer: text(Question::Customer),
        platform: platform.map(str::to_owned),
        estimated_calls: text(Question::EstimatedCalls),
        urgency: chosen(Question::Urgency).map(first_word),
        requested_completion: text(Question::RequestedCompletion),
        method: chosen(Question::Method).and_then(method),
        files: lines(Question::Files),
        period_from: text(Question::PeriodFrom),
        period_to: text(Question::PeriodTo),
        include: chosen(Question::Include).map(include).unwrap_or_default(),
        options,
        internal_domains: answers
            .get(Question::InternalDomains)
            .map(domains)
            .unwrap_or_default(),
        notes: text(Question::Notes),
        ..Draft::default()
    }
}

/// What stands below each heading.
struct Answers {
    found: Vec<(Question, String)>,
    twice: Vec<Question>,
}

impl Answers {
    fn of(body: &str) -> Self {
        let mut answers = Self {
            found: Vec::new(),
            twice: Vec::new(),
        };
        let mut is_open = false;
        for line in body.lines() {
            let label = line.trim_end().strip_prefix("### ").map(str::trim);
            let is_label = |question: &Question| Some(question.label()) == label;
            match Question::ALL.into_iter().find(is_label) {
                Some(question) if answers.found.iter().any(|(known, _)| *known == question) => {
                    answers.twice.push(question);
                    is_open = false;
                }
                Some(question) => {
                    answers.found.push((question, String::new()));
                    is_open = true;
                }
                None if !is_open => {}
                None => {
                    if let Some((_, text)) = answers.found.last_mut() {
                        text.push_str(line);
                        text.push('\n');
                    }
                }
            }
        }
        answers
    }

    /// An answer, if one was given.
    fn get(&self, question: Question) -> Option<&str> {
        let (_, text) = self.found.iter().find(|(known, _)| *known == question)?;
        let text = text.trim();
        (!text.is_empty() && text != "_No response_").then_some(text)
    }
}

/// The text without HTML comments, which nobody sees on the page.
fn without_comments(body: &str) -> String {
    let mut text = String::with_capacity(body.len());
    let mut rest = body;
    while let Some((before, after)) = rest.split_once("<!--") {
        text.push_str(before);
        // An open comment hides everything behind it.
        rest = after.split_once("-->").map_or("", |(_, after)| after);
    }
    text.push_str(rest);
    text
}

/// The name of a platform without the answer behind it, which may have changed since the form was made.
fn platform<'a>(chosen: &'a str, matrix: &SupportMatrix) -> &'a str {
    match chosen.rsplit_once(ANSWER) {
        Some((name, _)) if matrix.find(chosen).is_none() => name,
        Some(_) | None => chosen,
    }
}

/// Takes a name that no platform has for the one that is nearest to it, and says so.
fn near_platform(draft: &mut Draft, matrix: &SupportMatrix) -> Option<Reading> {
    let written = draft.platform.as_deref()?;
    if matrix.find(written).is_some() {
        return None;
    }
    let (key, row) = matrix.nearest(written)?;
    let reading = Reading {
        field: Field::Platform,
        written: written.to_owned(),
        taken: row.name.clone(),
        other: None,
    };
    draft.platform = Some(key.to_owned());
    Some(reading)
}

fn first_word(chosen: &str) -> String {
    chosen.split(':').next().unwrap_or(chosen).to_owned()
}

/// The method of an answer; `None` where the platform decides. What is not in the list is kept, to be told.
fn method(chosen: &str) -> Option<String> {
    match METHODS.iter().find(|(text, _)| *text == chosen) {
        Some((_, method)) => method.map(|method| method.as_str().to_owned()),
        None => Some(chosen.to_owned()),
    }
}

fn include(chosen: &str) -> Vec<String> {
    let parts = match INCLUDES.iter().find(|(text, _)| *text == chosen) {
        Some((_, parts)) => parts,
        None => return vec![chosen.to_owned()],
    };
    let word = |part: &Include| match part {
        Include::Transcript => "transcript",
        Include::Media => "media",
    };
    match parts {
        // What a request says that says nothing.
        [Include::Transcript] => Vec::new(),
        parts => parts.iter().map(|part| word(part).to_owned()).collect(),
    }
}

fn domains(text: &str) -> Vec<String> {
    let separates = |c: char| c.is_whitespace() || c == ',' || c == ';';
    let domains = text.split(separates).filter(|domain| !domain.is_empty());
    domains
        .map(|domain| domain.trim_start_matches('@').to_owned())
        .collect()
}

/// Lines of the form `name: value`, and what is none.
fn settings(text: Option<&str>) -> (Vec<(String, String)>, Vec<String>) {
    let mut settings = Vec::new();
    let mut left_over = Vec::new();
    let lines = text.unwrap_or_default().lines().map(str::trim);
    for line in lines.filter(|line| !line.is_empty()) {
        match line.split_once(": ").or_else(|| line.split_once('=')) {
            Some((name, value)) => {
                settings.push((name.trim().to_owned(), value.trim().to_owned()));
            }
            None => left_over.push(line.to_owned()),
        }
    }
    (settings, left_over)
}
