//! Numbers as people write them, and the digits they mean.

use super::{
    codes,
    file_report::FileReport,
    words::{is_harmless, quoted},
};

/// Reports a value that is not a number in plain digits, with the number that was probably meant.
pub(super) fn report(name: &str, written: &str, pointer: &str, report: &mut FileReport) {
    let is_text = written.parse::<u64>().is_ok();
    let message = if is_text {
        format!("`{name}` needs a number, and quotation marks make it text.")
    } else if is_harmless(written) {
        format!(
            "`{name}` needs a number in plain digits, and {} is not.",
            quoted(written)
        )
    } else {
        format!("`{name}` needs a number in plain digits.")
    };
    let help = match meant(written) {
        Some(number) => format!("Write {number}."),
        None => "Write digits only, without quotation marks, for example 5000.".to_owned(),
    };
    report.value(codes::BAD_NUMBER, pointer, message, help);
}

/// Reports a number that YAML reads otherwise than people do: `5.000` is five, `0o17` fifteen.
pub(super) fn check_digits(name: &str, pointer: &str, file: &mut FileReport) {
    let Some(scalar) = file.document.scalar(pointer) else {
        return;
    };
    let written = scalar.text.clone();
    if file
        .document
        .value
        .pointer(pointer)
        .is_some_and(serde_json::Value::is_u64)
        && !written.bytes().all(|byte| byte.is_ascii_digit())
    {
        report(name, &written, pointer, file);
    }
}

/// `5,000`, `5_000`, `5 000`, `5.000`, `5'000`, `"5000"`, `~5000`, `5k`, `5.5k`, `about 5000 calls`.
pub(super) fn meant(written: &str) -> Option<u64> {
    let start = written.find(|c: char| c.is_ascii_digit())?;
    let text = &written[start..];
    let end = text
        .find(|c: char| !(c.is_ascii_digit() || is_grouping(c)))
        .unwrap_or(text.len());
    let (digits, unit) = text.split_at(end);
    let digits = digits.trim_end_matches(is_grouping);
    let word = unit
        .trim_start()
        .split(|c: char| !c.is_alphabetic())
        .next()?;
    let factor: u64 = match word.to_lowercase().as_str() {
        "k" | "thousand" => 1_000,
        "m" | "million" | "mio" => 1_000_000,
        _ if unit.contains(|c: char| c.is_ascii_digit()) => return None,
        _ => 1,
    };
    if let Some((whole, part)) = digits.split_once(['.', ','])
        && factor > 1
    {
        let zeros = u32::try_from(part.len()).ok()?;
        let scaled = format!("{whole}{part}").parse::<u64>().ok()?;
        return scaled
            .checked_mul(factor)?
            .checked_div(10_u64.checked_pow(zeros)?);
    }
    let mut groups = digits.split(is_grouping);
    let first = groups.next()?;
    let rest: Vec<&str> = groups.collect();
    let grouped =
        rest.iter().all(|group| group.len() == 3) && (rest.is_empty() || first.len() <= 3);
    let number = grouped
        .then(|| format!("{first}{}", rest.concat()))?
        .parse::<u64>()
        .ok()?;
    number.checked_mul(factor)
}

fn is_grouping(character: char) -> bool {
    matches!(
        character,
        ',' | '.' | '_' | '\'' | '’' | ' ' | '\u{a0}' | '\u{202f}'
    )
}

#[cfg(test)]
mod tests {
    use super::meant;

    #[test]
    fn the_number_that_was_meant_is_found() {
        for (written, expected) in [
            ("5,000", Some(5000)),
            ("5_000", Some(5000)),
            ("5 000", Some(5000)),
            ("5.000", Some(5000)),
            ("1'250'000", Some(1_250_000)),
            ("5000", Some(5000)),
            ("~5000", Some(5000)),
            ("5k", Some(5000)),
            ("5.5k", Some(5500)),
            ("2 million", Some(2_000_000)),
            ("about 5000 calls", Some(5000)),
            ("5000-6000", None),
            ("5.5", None),
            ("many", None),
            ("", None),
            ("99999999999999999999", None),
            ("99999999999999999k", None),
        ] {
            assert_eq!(meant(written), expected, "{written}");
        }
    }
}
