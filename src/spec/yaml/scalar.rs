//! How an unquoted scalar is read: YAML 1.2.2, section 10.3.2 (core schema), and nothing else.
//!
//! So `yes`, `on` and `2026-12-04` are text, and `5_000`, `5,000` and `5k` are text too: where a number
//! is needed the checks of the shape suggest one.

use serde_json::{Number, Value};

/// Largest whole number that a float holds exactly.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// The value of an unquoted scalar.
pub(super) fn read(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        _ => number(text).map_or_else(|| Value::String(text.to_owned()), Value::Number),
    }
}

fn number(text: &str) -> Option<Number> {
    if let Some(octal) = text.strip_prefix("0o") {
        return whole(octal, 8);
    }
    if let Some(hexadecimal) = text.strip_prefix("0x") {
        return whole(hexadecimal, 16);
    }
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if !unsigned.is_empty() && unsigned.bytes().all(|byte| byte.is_ascii_digit()) {
        let signed = text.strip_prefix('+').unwrap_or(text);
        if let Ok(number) = signed.parse::<i64>() {
            return Some(number.into());
        }
        if let Ok(number) = signed.parse::<u64>() {
            return Some(number.into());
        }
    }
    is_float(unsigned)
        .then(|| text.parse().ok())
        .flatten()
        .and_then(float)
}

fn whole(digits: &str, radix: u32) -> Option<Number> {
    // `from_str_radix` would take a sign, which the core schema does not.
    let digits = digits
        .bytes()
        .all(|b| b.is_ascii_alphanumeric())
        .then_some(digits)?;
    u64::from_str_radix(digits, radix).ok().map(Number::from)
}

/// `\.[0-9]+ | [0-9]+(\.[0-9]*)?`, then `([eE][-+]?[0-9]+)?`. Infinity and NaN stay text: JSON has neither.
fn is_float(text: &str) -> bool {
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        None => (text, None),
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
    };
    let exponent_fits = exponent.is_none_or(|exponent| {
        let exponent = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
        !exponent.is_empty() && digits(exponent)
    });
    let (before, after) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    exponent_fits && digits(before) && digits(after) && !(before.is_empty() && after.is_empty())
}

/// A float that is a whole number becomes one, as in JSON Schema.
fn float(value: f64) -> Option<Number> {
    if value.fract() == 0.0 && value.abs() < EXACT {
        #[expect(clippy::cast_possible_truncation, reason = "whole and below 2^53")]
        return Some((value as i64).into());
    }
    Number::from_f64(value)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn scalars_are_read_as_the_core_schema_says() {
        for (text, expected) in [
            ("", json!(null)),
            ("~", json!(null)),
            ("True", json!(true)),
            ("yes", json!("yes")),
            ("no", json!("no")),
            ("off", json!("off")),
            ("5000", json!(5000)),
            ("+5", json!(5)),
            ("-5", json!(-5)),
            ("007", json!(7)),
            ("0o17", json!(15)),
            ("0x1F", json!(31)),
            ("0x+1", json!("0x+1")),
            (
                "18446744073709551615",
                json!(18_446_744_073_709_551_615_u64),
            ),
            ("5.", json!(5)),
            (".5", json!(0.5)),
            ("5e3", json!(5000)),
            ("1e999", json!("1e999")),
            (".", json!(".")),
            ("e5", json!("e5")),
            ("5_000", json!("5_000")),
            ("5,000", json!("5,000")),
            ("5k", json!("5k")),
            (".inf", json!(".inf")),
            ("2026-12-04", json!("2026-12-04")),
            ("12:30", json!("12:30")),
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
    }
}
