//! A notification as Slack shows it: its Markdown in Slack's own notation, with nothing in it that mentions
//! or links.

use super::text::capped;

/// Longest message in bytes. Slack asks for 4,000 characters at most (Slack Docs, "chat.postMessage":
/// truncating content), and escapes make a text longer.
const LONGEST: usize = 3_500;

/// The text of a message. `pull_request` is the address where the same is told, and its number.
pub fn text(body: &str, pull_request: Option<(&str, i64)>) -> String {
    let is_seen = |line: &&str| !line.starts_with("<!--");
    let lines = body.trim().lines().filter(is_seen).map(line);
    let text = capped("", lines, LONGEST, |_| {
        "\n…\nThe whole text stands on the pull request.".into()
    });
    let place = pull_request
        .map(|(address, number)| format!("\n<{}|Pull request #{number}>", escaped(address)));
    format!("{}{}", text.trim(), place.unwrap_or_default())
}

/// A line of Markdown as we write it: a list, a quotation, a sentence; bold and code spans in it.
fn line(line: &str) -> String {
    if let Some(item) = line.strip_prefix("- ") {
        return format!("• {}", spans(item));
    }
    match line.strip_prefix("> ") {
        Some(quoted) => format!("> {}", spans(quoted)),
        None => spans(line),
    }
}

/// Code spans keep what is in them; outside of them bold changes its mark. Slack knows no code span with
/// more than one backtick.
fn spans(text: &str) -> String {
    let mut slack = String::new();
    let mut rest = text;
    while let Some(start) = rest.find('`') {
        let fence = rest[start..].len() - rest[start..].trim_start_matches('`').len();
        let inside = &rest[start + fence..];
        let Some(length) = end_of_span(inside, fence) else {
            break;
        };
        slack += &prose(&rest[..start]);
        let code = inside[..length].trim().replace('`', "'");
        slack += &format!("`{}`", escaped(&code));
        rest = &inside[length + fence..];
    }
    slack + &prose(rest)
}

/// Where a run of exactly so many backticks begins.
fn end_of_span(text: &str, fence: usize) -> Option<usize> {
    let mut from = 0;
    loop {
        let start = from + text[from..].find('`')?;
        let run = text[start..].len() - text[start..].trim_start_matches('`').len();
        if run == fence {
            return Some(start);
        }
        from = start + run;
    }
}

fn prose(text: &str) -> String {
    escaped(text).replace("**", "*")
}

/// The three characters that mean something to Slack (Slack Docs, "Formatting message text": escaping text).
/// Without `<` nobody is mentioned.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::text;

    #[test]
    fn markdown_becomes_what_slack_knows() {
        let body = "**The import for `Northwind & Sons` is done.**\n\n- What to do: **tell** `a **b**`\n\n> Your calls are here.\n<!-- told: 2026-12-02 -->\n";
        assert_eq!(
            text(body, Some(("https://github.example/o/r/pull/12", 12))),
            "*The import for `Northwind &amp; Sons` is done.*\n\n• What to do: *tell* `a **b**`\n\n> Your calls are here.\n<https://github.example/o/r/pull/12|Pull request #12>"
        );
    }

    #[test]
    fn nothing_from_outside_mentions_links_or_ends_its_span() {
        for (markdown, slack) in [
            (
                "`<!channel> <@U024BE7LH>`",
                "`&lt;!channel&gt; &lt;@U024BE7LH&gt;`",
            ),
            ("``a`b <!here>``", "`a'b &lt;!here&gt;`"),
            ("`` `x` ``", "`'x'`"),
            (
                "``` ``<https://x.example|y>`` ```",
                "`''&lt;https://x.example|y&gt;''`",
            ),
            ("`open <!everyone>", "`open &lt;!everyone&gt;"),
        ] {
            assert_eq!(text(markdown, None), slack);
        }
    }

    #[test]
    fn a_long_text_is_cut_at_a_line() {
        let long = text(&"- `a <name>` & more\n".repeat(1_000), None);
        assert!(long.len() < 4_000, "{}", long.len());
        assert!(
            long.ends_with("&amp; more\n…\nThe whole text stands on the pull request."),
            "{long}"
        );
        let one = text(&format!("`{}`", "<".repeat(100_000)), None);
        assert!(one.len() < 4_000, "{}", one.len());
    }
}
