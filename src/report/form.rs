//! The issue form with which CS asks for an import, made from the matrix (GitHub Docs, "Syntax for issue
//! forms").

use serde::Serialize;

use super::matrix::{Entry, verdict};
use crate::spec::form::{ANSWER, INCLUDES, METHODS, Question, URGENCIES};

/// The first lines of the file.
const HEAD: &str = "# Made by `call-import generate` from matrix.yaml: change it there, or in src/report/form.rs.\n";

const WELCOME: &str = "\
Ask for an import of a customer's calls. A pull request is made of your answers, and what follows is told here.

**Never write a key, password or token into this form: everybody who sees the repository can read it.** \
How to hand one in is told in the pull request.
";

/// The form as a file.
///
/// # Errors
/// Only what the YAML library reports; texts can always be written.
pub fn issue_form(entries: &[Entry<'_>]) -> Result<String, serde_yaml::Error> {
    let questions = Question::ALL
        .into_iter()
        .map(|question| element(question, entries));
    let welcome = Element {
        r#type: "markdown",
        id: None,
        attributes: Attributes {
            value: Some(WELCOME),
            ..Attributes::default()
        },
        validations: None,
    };
    let form = Form {
        name: "Import of calls",
        description: "Ask for the import of a customer's calls from another call-recording platform.",
        title: "Import: ",
        body: std::iter::once(welcome).chain(questions).collect(),
    };
    Ok(format!("{HEAD}{}", serde_yaml::to_string(&form)?))
}

#[derive(Serialize)]
struct Form {
    name: &'static str,
    description: &'static str,
    title: &'static str,
    body: Vec<Element>,
}

#[derive(Serialize)]
struct Element {
    r#type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'static str>,
    attributes: Attributes,
    #[serde(skip_serializing_if = "Option::is_none")]
    validations: Option<Validations>,
}

#[derive(Default, Serialize)]
struct Attributes {
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    placeholder: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    options: Option<Options>,
    #[serde(skip_serializing_if = "Option::is_none")]
    default: Option<usize>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Options {
    Choices(Vec<String>),
    Boxes([Checkbox; 1]),
}

#[derive(Serialize)]
struct Checkbox {
    label: &'static str,
    required: bool,
}

#[derive(Serialize)]
struct Validations {
    required: bool,
}

fn element(question: Question, entries: &[Entry<'_>]) -> Element {
    let (r#type, id, description, placeholder) = texts(question);
    let choices = choices(question, entries);
    let options = match question {
        Question::Promise => Some(Options::Boxes([Checkbox {
            label: "No key, password or token stands in my answers.",
            required: true,
        }])),
        _ => choices.map(Options::Choices),
    };
    let required = matches!(
        question,
        Question::Customer
            | Question::Platform
            | Question::EstimatedCalls
            | Question::Urgency
            | Question::RequestedCompletion
    );
    let has_usual = matches!(question, Question::Method | Question::Include);
    Element {
        r#type,
        id: Some(id),
        attributes: Attributes {
            label: Some(question.label()),
            description,
            placeholder,
            options,
            default: has_usual.then_some(0),
            ..Attributes::default()
        },
        validations: required.then_some(Validations { required }),
    }
}

/// Kind of element, id, description and example of a question.
type Texts = (
    &'static str,
    &'static str,
    Option<&'static str>,
    Option<&'static str>,
);

const fn texts(question: Question) -> Texts {
    match question {
        Question::Customer => (
            "input",
            "customer",
            Some("The name as we write it everywhere else."),
            Some("Northwind Robotics"),
        ),
        Question::Platform => (
            "dropdown",
            "platform",
            Some(
                "\"yes\": imported automatically. \"files only\": somebody exports the calls, and we import the files. \"no\": you are told what else is possible.",
            ),
            None,
        ),
        Question::EstimatedCalls => (
            "input",
            "estimated_calls",
            Some("A rough number is enough; it tells how long the import takes."),
            Some("For example 5000"),
        ),
        Question::Urgency => (
            "dropdown",
            "urgency",
            Some("If a night is too short for all imports, this decides which goes first."),
            None,
        ),
        Question::RequestedCompletion => (
            "input",
            "requested_completion",
            Some("Year-month-day, or the day with the name of the month."),
            Some("For example 2026-12-04"),
        ),
        Question::Method => (
            "dropdown",
            "method",
            Some("If you are not sure, leave it."),
            None,
        ),
        Question::Files => (
            "textarea",
            "files",
            Some(
                "Only for exported files: their paths below the folder `requests`, one a line. `*` stands for any name.",
            ),
            Some("files/northwind/*.vtt"),
        ),
        Question::PeriodFrom => (
            "input",
            "period_from",
            Some(
                "The first day of which calls are wanted. Leave it empty for everything since 2010.",
            ),
            Some("For example 2024-01-01"),
        ),
        Question::PeriodTo => (
            "input",
            "period_to",
            Some(
                "The last day of which calls are wanted. Leave it empty for everything up to now.",
            ),
            Some("For example 2026-10-31"),
        ),
        Question::Include => ("dropdown", "include", None, None),
        Question::InternalDomains => (
            "input",
            "internal_domains",
            Some("They tell the customer's own people from others. Several: with commas."),
            Some("northwind-robotics.example"),
        ),
        Question::Options => (
            "textarea",
            "options",
            Some(
                "Only if the customer names some, one a line. Gong: the base URL of the customer's API page.",
            ),
            Some("base_url: https://us-12345.api.gong.io"),
        ),
        Question::Notes => (
            "textarea",
            "notes",
            Some("Anything that colleagues should know. Nothing is done with it."),
            None,
        ),
        Question::Promise => ("checkboxes", "promise", None, None),
    }
}

fn choices(question: Question, entries: &[Entry<'_>]) -> Option<Vec<String>> {
    let all = |texts: &mut dyn Iterator<Item = &str>| Some(texts.map(str::to_owned).collect());
    match question {
        Question::Platform => Some(entries.iter().map(choice).collect()),
        Question::Urgency => all(&mut URGENCIES.iter().map(|(text, _)| *text)),
        Question::Method => all(&mut METHODS.iter().map(|(text, _)| *text)),
        Question::Include => all(&mut INCLUDES.iter().map(|(text, _)| *text)),
        Question::Customer
        | Question::EstimatedCalls
        | Question::RequestedCompletion
        | Question::Files
        | Question::PeriodFrom
        | Question::PeriodTo
        | Question::InternalDomains
        | Question::Options
        | Question::Notes
        | Question::Promise => None,
    }
}

/// A platform with the answer for it.
pub fn choice(entry: &Entry<'_>) -> String {
    let name = super::text::clean(entry.name);
    format!("{name}{ANSWER}{}", verdict(entry.status))
}
