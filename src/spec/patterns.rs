//! Texts that must have a certain form, and what was probably meant.

use jiff::civil::Date;
use serde_json::Value;

use super::{
    codes,
    file_report::FileReport,
    secret_name::{self, HandIn},
    words::{is_harmless, quoted},
};
use crate::model::slug;

/// Reports a date that does not exist or is written in another order.
pub(super) fn date(name: &str, written: &str, pointer: &str, report: &mut FileReport) {
    let written = written.trim();
    let numbers: Vec<&str> = written.split('-').collect();
    let is_plain = matches!(numbers.as_slice(), [year, month, day]
        if year.len() == 4 && month.len() == 2 && day.len() == 2
            && numbers.concat().bytes().all(|byte| byte.is_ascii_digit()));
    if is_plain {
        return report.value(
            codes::BAD_DATE,
            pointer,
            format!("`{name}`: there is no day `{written}` in the calendar."),
            "Look at the number of the month and of the day; the order is year-month-day.",
        );
    }
    if written.contains(DASHES) {
        return long_dash(name, written, pointer, report);
    }
    let help = match date_meant(written) {
        Some(date) => format!("Write `{date}`."),
        None => "Write year, month and day with hyphens, for example `2026-12-04`.".to_owned(),
    };
    report.value(
        codes::BAD_DATE,
        pointer,
        format!(
            "`{name}` needs a date, and {} is not written as one.",
            quoted(written)
        ),
        help,
    );
}

/// What word processors put in the place of a hyphen.
const DASHES: [char; 6] = [
    '\u{2010}', '\u{2011}', '\u{2012}', '\u{2013}', '\u{2014}', '\u{2212}',
];

fn long_dash(name: &str, written: &str, pointer: &str, report: &mut FileReport) {
    let dash = match written.chars().find(|c| DASHES.contains(c)) {
        Some('\u{2013}') => "an en dash (–)",
        Some('\u{2014}') => "an em dash (—)",
        _ => "a special dash, which only looks like a hyphen",
    };
    let help = match date_meant(&written.replace(DASHES, "-")) {
        Some(date) => format!("Write `{date}`, with the plain hyphen of the keyboard."),
        None => "Write the plain hyphen of the keyboard, for example `2026-12-04`.".to_owned(),
    };
    report.value(
        codes::BAD_DATE,
        pointer,
        format!(
            "In `{name}` stands {dash}, as word processors make it, where a date needs a hyphen."
        ),
        help,
    );
}

/// Only where one reading is possible: `20261204`, `2026/12/4`, `4.12.2026` (points are used with the
/// day first only), and `25/12/2026`.
fn date_meant(written: &str) -> Option<Date> {
    if written.len() == 8 && written.bytes().all(|byte| byte.is_ascii_digit()) {
        return Date::strptime("%Y%m%d", written).ok();
    }
    let day_part = written.split(['T', ' ']).next()?;
    let parts: Vec<&str> = day_part.split(['-', '/', '.']).collect();
    let [first, second, third] = parts.as_slice() else {
        return None;
    };
    let number = |text: &str| text.parse::<i16>().ok().filter(|number| *number >= 0);
    let (first, second, third_number) = (number(first)?, number(second)?, number(third)?);
    let date = |year: i16, month: i16, day: i16| {
        Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
    };
    if parts[0].len() == 4 {
        return date(first, second, third_number);
    }
    if third.len() != 4 {
        return None;
    }
    match (first > 12, second > 12) {
        (true, false) => date(third_number, second, first),
        (false, true) => date(third_number, first, second),
        _ if written.contains('.') => date(third_number, second, first),
        _ => None,
    }
}

/// Reports a text that does not have the form that its key needs.
pub(super) fn text(name: &str, value: &Value, pointer: &str, report: &mut FileReport) {
    let written = value.as_str().unwrap_or_default();
    let (code, message, help) = match pointer {
        "/customer" => (
            codes::WRONG_TYPE,
            "`customer` needs a name on one line.".to_owned(),
            "Write the name behind `customer: `.".to_owned(),
        ),
        "/account" => (
            codes::BAD_ACCOUNT,
            format!("{} cannot be an account label: only small letters, digits and hyphens, at most 63.", start_of_sentence(written)),
            suggestion(&slug(written), "northwind-robotics"),
        ),
        "/requested_by" => (
            codes::BAD_LOGIN,
            format!("{} is not a GitHub login.", start_of_sentence(written)),
            suggestion(&login_meant(written), "jane-doe"),
        ),
        "/credentials/secret" => (
            codes::SECRET_NAME,
            "`secret` needs the name of a secret, not its value, and the name begins with `IMPORT_`.".to_owned(),
            secret_help(&secret_name::of_document(&report.document)),
        ),
        "/credentials/sealed" => (
            codes::BROKEN_SEAL,
            "The sealed block is not complete: it goes from its BEGIN line to its END line.".to_owned(),
            format!(
                "Run `{}`, which puts a new block here. If what stands here is the credential \
                 itself, ask the customer to replace it first.",
                HandIn::of_document(&report.path, &report.document).command
            ),
        ),
        _ if pointer.starts_with("/internal_domains/") => (
            codes::BAD_DOMAIN,
            format!("{} is not an e-mail domain.", start_of_sentence(written)),
            suggestion(&domain_meant(written), "northwind-robotics.example"),
        ),
        _ if pointer.starts_with("/options/") => (
            codes::BASE_URL,
            format!("`{name}` needs an address that begins with `https://`."),
            "Copy the address from the platform's own API page.".to_owned(),
        ),
        _ => (
            codes::UNKNOWN_VALUE,
            format!("`{name}` is not written as it must be."),
            match name {
                "at" => "Write hours and minutes, for example `\"01:17\"`.",
                "deadline" => "Write hours or minutes, for example `5h`.",
                _ => "Compare it with an example.",
            }
            .to_owned(),
        ),
    };
    report.value(code, pointer, message, help);
}

fn secret_help(name: &str) -> String {
    format!(
        "Write `secret: {name}`, and ask an engineer to add a secret of this name to the repository's Actions \
         secrets. If what stands here is the credential itself, ask the customer to replace it."
    )
}

fn start_of_sentence(written: &str) -> String {
    if is_harmless(written) {
        format!("`{written}`")
    } else {
        "This value".to_owned()
    }
}

fn suggestion(meant: &str, example: &str) -> String {
    if is_harmless(meant) {
        format!("Write `{meant}`.")
    } else {
        format!("Write it as in `{example}`.")
    }
}

/// The login in `@jane-doe`, `https://github.com/jane-doe` and `Jane Doe`.
fn login_meant(written: &str) -> String {
    let name = written.trim_end_matches('/').rsplit(['/', '@']).next();
    slug(name.unwrap_or_default())
}

/// The domain in `@acme.example`, `jane@acme.example` and `https://www.acme.example/about`.
fn domain_meant(written: &str) -> String {
    let text = written.trim().to_lowercase();
    let text = text
        .split_once("://")
        .map_or(text.as_str(), |(_, rest)| rest);
    let text = text.split('/').next().unwrap_or_default();
    let text = text.rsplit('@').next().unwrap_or_default();
    let text = text
        .strip_prefix("www.")
        .unwrap_or(text)
        .trim_matches(['.', '*']);
    let is_domain = text.contains('.')
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '.' || c == '-');
    if is_domain {
        text.to_owned()
    } else {
        String::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_guessed_only_where_one_reading_is_possible() {
        for (written, expected) in [
            ("2026/12/4", Some("2026-12-04")),
            ("20261204", Some("2026-12-04")),
            ("4.12.2026", Some("2026-12-04")),
            ("25/12/2026", Some("2026-12-25")),
            ("12/25/2026", Some("2026-12-25")),
            ("2026-12-04T10:00:00Z", Some("2026-12-04")),
            ("04/12/2026", None),
            ("4.12.26", None),
            ("Monday", None),
            ("", None),
        ] {
            let expected: Option<Date> = expected.map(|date| date.parse().unwrap());
            assert_eq!(date_meant(written), expected, "{written}");
        }
    }

    #[test]
    fn logins_and_domains_are_cut_out_of_what_people_paste() {
        assert_eq!(login_meant("https://github.com/jane-doe/"), "jane-doe");
        assert_eq!(login_meant("@jane-doe"), "jane-doe");
        assert_eq!(domain_meant("Jane@Acme.example"), "acme.example");
        assert_eq!(
            domain_meant("https://www.acme.example/about"),
            "acme.example"
        );
        assert_eq!(domain_meant("acme"), "");
    }
}
