//! Who is mentioned in a comment, as GitHub reads it: everywhere but in code and in HTML comments.
//!
//! It is not a whole Markdown parser. It reads what decides between a mention and none: fences, code
//! spans, HTML blocks (in which backticks mean nothing) and tags. Where it is not sure, it finds one mention
//! too many: text that is indented like code counts as text.

/// The logins, and teams with their organization, in the order in which they come, each once.
pub(super) fn of(body: &str) -> Vec<String> {
    let mut mentions = Vec::new();
    for block in blocks(body) {
        let texts = match block {
            Block::Markdown(text) => inlines(&text)
                .iter()
                .map(|text| without_code(text))
                .collect(),
            Block::Html(text) => vec![without_tags(&text)],
        };
        for mention in texts.iter().flat_map(|text| mentions_in(text)) {
            if !mentions.contains(&mention) {
                mentions.push(mention);
            }
        }
    }
    mentions
}

/// Lines without an empty one between them, and without the code blocks.
enum Block {
    Markdown(String),
    Html(String),
}

fn blocks(body: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut lines = body.lines().peekable();
    while let Some(line) = lines.next() {
        let start = content(line);
        if let Some(fence) = opening_fence(start) {
            for line in lines.by_ref() {
                if closes(content(line), fence) {
                    break;
                }
            }
        } else if let Some(rest) = start.strip_prefix("<!--") {
            // A comment may contain empty lines; what follows its end on the same line belongs to it.
            let mut ended = rest.contains("-->");
            while !ended && let Some(line) = lines.next() {
                ended = line.contains("-->");
            }
        } else if !start.is_empty() {
            let html = is_tag(start);
            let goes_on = |line: &&str| {
                let start = content(line);
                let begins =
                    opening_fence(start).is_some() || start.starts_with("<!--") || is_tag(start);
                // In HTML nothing but an empty line is the end.
                !start.is_empty() && (html || !begins)
            };
            let mut text = line.to_owned();
            while let Some(line) = lines.next_if(goes_on) {
                text.push('\n');
                text.push_str(line);
            }
            blocks.push(if html {
                Block::Html(text)
            } else {
                Block::Markdown(text)
            });
        }
    }
    blocks
}

/// The parts of a block that a code span does not leave: paragraphs, items, headings, cells of a table.
fn inlines(block: &str) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    let mut open = false;
    for line in block.lines() {
        let start = content(line);
        if start.starts_with('|') {
            // An escaped bar is no border.
            let row = start.replace("\\|", "¦");
            parts.extend(row.split('|').map(Into::into));
            open = false;
        } else if let Some(part) = parts.last_mut().filter(|_| open && !is_item(start)) {
            part.push('\n');
            part.push_str(start);
        } else {
            parts.push(start.into());
            open = !start.starts_with('#');
        }
    }
    parts
}

/// Whether a line begins an item of a list.
fn is_item(start: &str) -> bool {
    let mark = start.trim_start_matches(|digit: char| digit.is_ascii_digit());
    let bullet = mark.len() == start.len() && mark.starts_with(['-', '*', '+']);
    let number = mark.len() < start.len() && mark.starts_with(['.', ')']);
    (bullet || number) && mark[1..].starts_with(' ')
}

/// A line without indentation and the marks of quotations.
fn content(line: &str) -> &str {
    line.trim_start_matches([' ', '\t', '>']).trim_end()
}

/// The fence that a line opens a code block with.
fn opening_fence(start: &str) -> Option<(char, usize)> {
    let mark = start.chars().next().filter(|mark| "`~".contains(*mark))?;
    let length = run(start, mark);
    let rest = &start[length..];
    (length >= 3 && (mark == '~' || !rest.contains('`'))).then_some((mark, length))
}

fn closes(start: &str, (mark, length): (char, usize)) -> bool {
    run(start, mark) >= length && start.trim_start_matches(mark).is_empty()
}

/// How many of these characters a text begins with.
fn run(text: &str, mark: char) -> usize {
    text.len() - text.trim_start_matches(mark).len()
}

/// Whether a text begins with an HTML tag.
fn is_tag(text: &str) -> bool {
    let Some(rest) = text.strip_prefix('<') else {
        return false;
    };
    let rest = rest.strip_prefix('/').unwrap_or(rest);
    let after = rest.trim_start_matches(|character: char| character.is_ascii_alphanumeric());
    after.len() < rest.len() && (after.is_empty() || after.starts_with([' ', '\t', '\n', '/', '>']))
}

/// Replaces code spans, HTML comments and tags by a blank: a mention may begin or end there.
fn without_code(text: &str) -> String {
    let mut kept = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '\\' if rest[1..].starts_with('`') => {
                kept.push_str(&rest[..2]);
                rest = &rest[2..];
                continue;
            }
            '`' => code_span(rest),
            '<' => markup(rest),
            _ => None,
        };
        let (replacement, length) = match length {
            Some(length) => (" ", length),
            // A run of backticks that nothing closes is text as a whole.
            None if first == '`' => (&rest[..run(rest, '`')], run(rest, '`')),
            None => (&rest[..first.len_utf8()], first.len_utf8()),
        };
        kept.push_str(replacement);
        rest = &rest[length..];
    }
    kept
}

/// The same in a block of HTML, where backticks are text.
fn without_tags(text: &str) -> String {
    let mut kept = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = markup(rest).filter(|_| first == '<');
        if length.is_none() {
            kept.push(first);
        }
        rest = &rest[length.unwrap_or(first.len_utf8())..];
    }
    kept
}

/// The length of the code span at the beginning.
fn code_span(text: &str) -> Option<usize> {
    let fence = run(text, '`');
    let mut position = fence;
    while let Some(found) = text[position..].find('`') {
        let length = run(&text[position + found..], '`');
        position += found + length;
        if length == fence {
            return Some(position);
        }
    }
    None
}

/// The length of the HTML comment, of the code element or of the tag at the beginning.
fn markup(text: &str) -> Option<usize> {
    let until = |end: &str| text.find(end).map(|found| found + end.len());
    if text.starts_with("<!--") {
        return until("-->");
    }
    let element = ["pre", "code", "a"].into_iter().find(|name| {
        let rest = text
            .strip_prefix('<')
            .and_then(|rest| rest.strip_prefix(name));
        rest.is_some_and(|rest| rest.starts_with(['>', ' ']))
    });
    match element {
        Some(name) => until(&format!("</{name}>")),
        None if is_tag(text) => until(">"),
        None => None,
    }
}

/// The mentions in plain text: an `@` after what is no part of a word, and a login, after which neither a
/// letter nor a dot within a word comes.
fn mentions_in(text: &str) -> Vec<String> {
    let mut mentions = Vec::new();
    let mut before = ' ';
    for (position, character) in text.char_indices() {
        if character == '@' && !(before.is_ascii_alphanumeric() || before == '_') {
            mentions.extend(mention(&text[position + 1..]));
        }
        before = character;
    }
    mentions
}

fn mention(text: &str) -> Option<String> {
    let is_name = |character: char| character.is_ascii_alphanumeric() || character == '-';
    let name = |text: &str| text.len() - text.trim_start_matches(is_name).len();
    let length = name(text);
    if length == 0 || text.starts_with('-') {
        return None;
    }
    let (login, rest) = text.split_at(length);
    if let Some(team) = rest.strip_prefix('/') {
        let length = name(team);
        return (length > 0).then(|| format!("{login}/{}", &team[..length]));
    }
    let after_dots = rest.trim_start_matches('.').chars().next();
    let in_a_word = |next: char| next.is_ascii_alphanumeric() || next == '_';
    let ends = if rest.starts_with('.') {
        !after_dots.is_some_and(in_a_word)
    } else {
        !rest.starts_with(in_a_word)
    };
    ends.then(|| login.to_owned())
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn mentions_are_found_as_github_finds_them() {
        for (body, expected) in [
            ("@jane-doe: done", &["jane-doe"][..]),
            ("Done, @jane-doe. And @omar!", &["jane-doe", "omar"]),
            (
                "(@jane-doe) *@omar* \\@eve @jane-doe",
                &["jane-doe", "omar", "eve"],
            ),
            ("@example/success please", &["example/success"]),
            ("jane@doe.example and @doe.example and @ nobody", &[]),
            ("Ünïcödé@jane", &["jane"]),
        ] {
            assert_eq!(of(body), expected, "{body}");
        }
    }

    #[test]
    fn code_and_comments_mention_nobody() {
        for body in [
            "`@jane`",
            "``a ` @jane``",
            "| Customer | `@jane` |",
            "```\n@jane\n```",
            "> ~~~text\n> @jane\n> ~~~",
            "<!-- @jane -->",
            "<!-- call\n\n@jane -->\ntext",
            "<details><summary>x</summary>\n\n`@jane`\n\n</details>",
            "<a href=\"https://@jane.example\">x</a>",
            "<code>@jane</code>",
        ] {
            assert!(of(body).is_empty(), "{body}");
        }
    }

    #[test]
    fn code_that_is_none_mentions() {
        for body in [
            "`@jane",
            "``@jane`",
            "\\`@jane`",
            "`a`@jane",
            "<summary>`@jane`</summary>",
            "text\n<details>\n```\n@jane\n```",
            "| ` | ` @jane |",
            "# `\n`@jane",
            "- `\n- `@jane",
            "```\ncode\n```\n@jane",
            "``` `\n@jane",
            "<!-- marker -->\n@jane",
        ] {
            assert_eq!(of(body), ["jane"], "{body}");
        }
    }
}
