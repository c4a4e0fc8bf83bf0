//! What a cell of a list says: dates, lengths, people, languages, links.

pub(super) mod dates;
pub(super) mod durations;
pub(super) mod languages;
pub(super) mod links;
pub(super) mod people;

use super::{refusal::FileProblem, text};

/// What stands in a cell; `None` if nothing does. `="00123"`, with which spreadsheets keep zeros in front, is
/// what stands between its quotation marks.
pub(super) fn value(cell: &str) -> Option<&str> {
    let cell = text::trim(cell);
    let quoted = cell
        .strip_prefix("=\"")
        .and_then(|rest| rest.strip_suffix('"'));
    let cell = quoted
        .filter(|text| !text.contains('"'))
        .map_or(cell, text::trim);
    (!cell.is_empty()).then_some(cell)
}

/// Whether a cell says that there is nothing to say.
pub(super) fn is_absent(value: &str) -> bool {
    matches!(value, "-" | "–" | "—")
        || ["n/a", "na", "null", "none", "nil", "unknown"]
            .iter()
            .any(|word| value.eq_ignore_ascii_case(word))
}

/// A problem if a spreadsheet left something else in the cell than what was once there.
pub(super) fn damage(value: &str) -> Option<FileProblem> {
    const ERRORS: &[&str] = &[
        "#REF!",
        "#N/A",
        "#VALUE!",
        "#NAME?",
        "#DIV/0!",
        "#NULL!",
        "#NUM!",
        "#SPILL!",
        "#CALC!",
        "#DATA!",
        "#FIELD!",
        "#BLOCKED!",
        "#CONNECT!",
        "#GETTING_DATA",
    ];
    if ERRORS.contains(&value) {
        return Some(FileProblem::new(
            "spreadsheet-error",
            "The cell holds an error of the spreadsheet in place of a value.",
            "Put in the value, or leave the cell empty if it is not known.",
        ));
    }
    if value.len() > 2 && value.bytes().all(|byte| byte == b'#') {
        return Some(FileProblem::new(
            "spreadsheet-error",
            "The cell holds only # signs: the column was too narrow when the list was saved.",
            "Make the column wider and save the list again.",
        ));
    }
    let formula = value.strip_prefix('=')?;
    let begins =
        |c: char| c.is_alphanumeric() || matches!(c, '(' | '"' | '\'' | '+' | '-' | '@' | '$');
    formula.starts_with(begins).then(|| {
        FileProblem::new(
            "formula",
            "The cell holds a formula in place of a value.",
            "Put in the value that the formula gives.",
        )
    })
}

/// A problem if Excel made a number of an id, and lost its last digits.
pub(super) fn damaged_id(id: &str) -> Option<FileProblem> {
    is_in_powers(id).then(|| {
        FileProblem::new(
            "damaged-id",
            "A spreadsheet turned this id into a number and lost digits of it.",
            "Take the id from where the list was exported, and keep it as text: a column with the format Text.",
        )
    })
}

/// `1.23457E+17`: what Excel shows of long numbers.
fn is_in_powers(id: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let mantissa = |text: &str| {
        let text = text.strip_prefix('-').unwrap_or(text);
        text.split_once(['.', ','])
            .map_or(digits(text), |(whole, rest)| digits(whole) && digits(rest))
    };
    let power = id.split_once("E+").or_else(|| id.split_once("e+"));
    power.is_some_and(|(number, power)| mantissa(number) && digits(power))
}
