//! What is answered on an issue with a filled form, in words for customer success.

use crate::{
    report::text::{capped, code_span, prose},
    spec::{Field, Finding, Gap, Reading, form::Question},
};

/// The hidden first line by which the answer is found again.
pub const MARKER: &str = "<!-- call-import:form -->";

/// Stays in an answer once a credential was taken out of the form.
const LEAKED: &str = "<!-- credential taken out -->";

/// Longest list of problems in bytes.
const PROBLEMS: usize = 8_000;

/// Most parts of a form that are named as not understood.
const LEFT_OUT: usize = 20;

/// What came of a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// A pull request asks for it.
    PullRequest(i64),
    /// This pull request asks for it, and people have changed its file.
    ChangedByOthers(i64),
    /// Answers are missing or unclear.
    Gaps(Vec<Gap>),
    /// The request would have errors, each in the answer to a question, if one is behind it.
    Findings(Vec<(Option<Question>, Finding)>),
    /// The platform is not offered so: why, and what else to do.
    Unsupported(String),
    /// Something else stands in the way, in a sentence.
    Stopped(String),
}

/// How the answers of a form were understood, where that is not clear by itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Heard {
    /// What was taken for something that it does not quite say.
    pub readings: Vec<Reading>,
    /// What was not understood.
    pub left_out: Vec<String>,
}

/// The answer. `leaked` is whether a credential was ever taken out of this form.
pub fn answer(outcome: &Outcome, heard: &Heard, leaked: bool) -> String {
    let outcome = match outcome {
        Outcome::PullRequest(number) => format!(
            "**The request is pull request #{number}.** It says there whether it can be imported, by when, and what is left to do.\n\nTo change something, edit this form: the pull request follows, as long as nobody has changed its file by hand."
        ),
        Outcome::ChangedByOthers(number) => format!(
            "**The request is pull request #{number}, and somebody has changed its file there.** So it does not follow this form any more: change the file in the pull request."
        ),
        Outcome::Gaps(gaps) => problems(gaps.iter().map(|gap| {
            let why = gap.why.as_deref().unwrap_or_else(|| gap.field.meaning());
            let why = match gap.why {
                Some(_) => prose(why),
                None => format!("Not answered yet: {}.", prose(why)),
            };
            format!("| {} | {why} |", label(gap.field))
        })),
        Outcome::Findings(findings) => problems(findings.iter().map(|(question, finding)| {
            let place = question.map(|question| code_span(question.label()));
            format!(
                "| {} | {} {} |",
                place.unwrap_or_else(|| "the request".to_owned()),
                prose(&finding.message),
                prose(&finding.help)
            )
        })),
        Outcome::Unsupported(reason) => format!(
            "**This cannot be imported so.** {}\n\n{EDIT}",
            prose(reason)
        ),
        Outcome::Stopped(reason) => format!("**There is no pull request yet.** {}", prose(reason)),
    };
    let warning = if leaked { CREDENTIAL } else { "" };
    let readings = heard.readings.iter().map(read_as);
    let readings = list("Read so; if that is wrong, edit the form:", readings);
    let left_out = heard.left_out.iter().take(LEFT_OUT);
    let left_out = left_out.map(|text| code_span(text));
    let left_out = list("Not understood, and so left out:", left_out);
    format!("{MARKER}\n{warning}{outcome}{readings}{left_out}\n")
}

fn read_as(reading: &Reading) -> String {
    let (written, taken) = (code_span(&reading.written), prose(&reading.taken));
    let other = reading.other.as_deref().map(prose);
    let other = other.map(|other| format!(", and not {other}"));
    format!("{written} as {taken}{}", other.unwrap_or_default())
}

/// A paragraph with a list; nothing without items.
fn list(title: &str, items: impl Iterator<Item = String>) -> String {
    let items: String = items.map(|item| format!("\n- {item}")).collect();
    if items.is_empty() {
        items
    } else {
        format!("\n\n{title}\n{items}")
    }
}

/// Whether an earlier answer says that a credential was taken out.
pub fn says_leaked(answer: &str) -> bool {
    answer.lines().nth(1) == Some(LEAKED)
}

const EDIT: &str = "Edit the form above (the three dots, *Edit*) and save it: this answer follows.";

const CREDENTIAL: &str = "<!-- credential taken out -->
> [!CAUTION]
> **A credential stood in this form and was taken out. Ask the customer to revoke it now**: everybody who sees this repository could read it. GitHub still keeps the old text: open *edited* above the form, choose the older revision, *Options*, *Delete revision from history*. Hand in the new credential sealed, with `call-import seal`, never here.

";

fn problems(rows: impl Iterator<Item = String>) -> String {
    let header = format!(
        "**Something must be changed before there can be a pull request.** {EDIT}\n\n| Where | What |\n|---|---|"
    );
    capped(&header, rows, PROBLEMS, |left| {
        format!("\n\nand {left} more.")
    })
}

/// The heading in the form.
fn label(field: Field) -> String {
    let mut questions = Question::ALL.into_iter();
    let question = questions.find(|question| question.field() == Some(field));
    code_span(question.map_or_else(|| field.flag(), Question::label))
}

#[cfg(test)]
mod tests {
    use super::{CREDENTIAL, Heard, LEAKED, Outcome, answer, says_leaked};

    #[test]
    fn an_answer_remembers_that_a_credential_was_taken_out() {
        assert!(CREDENTIAL.starts_with(LEAKED));
        let outcome = Outcome::PullRequest(12);
        let heard = Heard::default();
        assert!(says_leaked(&answer(&outcome, &heard, true)));
        assert!(!says_leaked(&answer(&outcome, &heard, false)));
    }
}
