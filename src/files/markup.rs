//! Voices, tags and entities within a cue. What is no known markup is text and stays.

use super::{text::trim, time};

/// Longest tag and longest entity looked for, in bytes: names in voice tags are short, and a stray `<`
/// must not make the reader look through the whole file.
const LONGEST_TAG: usize = 256;
const LONGEST_ENTITY: usize = 10;

/// Who speaks, as far as the markup tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Speaker {
    /// `<v Name>`.
    Named(String),
    /// Somebody else than before, without a name: `<v>`, `>> ` or a dash.
    Changed,
    /// The markup does not tell; a prefix of the text may.
    Untold,
    /// The text has no speakers, whatever it looks like.
    Nobody,
}

/// A part of a cue that one person says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Voice {
    /// Who speaks.
    pub(super) speaker: Speaker,
    /// Without markup, with the line ends of the source.
    pub(super) text: String,
}

/// Takes the markup off the lines of a cue: WebVTT's tags and entities, the HTML of SRT, and `{\an8}`.
/// Voices without text are left out.
pub(super) fn voices(lines: &[&str]) -> Vec<Voice> {
    let source = lines.join("\n");
    let mut rest = source.as_str();
    let mut voices = Voices::default();
    while let Some(position) = rest.find(['<', '&', '{']) {
        voices.text.push_str(&rest[..position]);
        rest = &rest[position..];
        rest = match read_markup(rest) {
            Some((Markup::Text(text), after)) => {
                voices.text.push(text);
                after
            }
            Some((Markup::Nothing, after)) => after,
            Some((Markup::Speaker(speaker), after)) => {
                voices.begin(speaker);
                after
            }
            None => {
                // All three characters are one byte long.
                voices.text.push_str(&rest[..1]);
                &rest[1..]
            }
        };
    }
    voices.text.push_str(rest);
    voices.begin(Speaker::Untold);
    voices.done
}

#[derive(Default)]
struct Voices {
    done: Vec<Voice>,
    speaker: Option<Speaker>,
    text: String,
}

impl Voices {
    /// Ends the voice before, and begins one.
    fn begin(&mut self, speaker: Speaker) {
        let text = std::mem::take(&mut self.text);
        let before = self.speaker.replace(speaker).unwrap_or(Speaker::Untold);
        if !trim(&text).is_empty() {
            self.done.push(Voice {
                speaker: before,
                text,
            });
        }
    }
}

enum Markup {
    Text(char),
    Speaker(Speaker),
    Nothing,
}

/// The markup that the text begins with, and what stands behind it.
fn read_markup(text: &str) -> Option<(Markup, &str)> {
    match text.as_bytes().first()? {
        b'<' => {
            let (tag, after) = enclosed(text, b'>', LONGEST_TAG)?;
            Some((read_tag(tag)?, after))
        }
        b'&' => {
            let (entity, after) = enclosed(text, b';', LONGEST_ENTITY)?;
            Some((Markup::Text(read_entity(entity)?), after))
        }
        _ => {
            let (command, after) = enclosed(text, b'}', LONGEST_TAG)?;
            command
                .starts_with('\\')
                .then_some((Markup::Nothing, after))
        }
    }
}

/// What stands between the first byte and the next `end`, and what stands behind.
fn enclosed(text: &str, end: u8, longest: usize) -> Option<(&str, &str)> {
    let position = text.bytes().take(longest).position(|byte| byte == end)?;
    Some((&text[1..position], &text[position + 1..]))
}

/// `<v.loud Bo Lind>`, `</v>`, `<i>`, `<font color=red>`, `<00:00:01.000>`; `None` for other text in
/// angle brackets, such as `<inaudible>`. A tag that is not closed must not swallow what follows it.
fn read_tag(tag: &str) -> Option<Markup> {
    if tag.contains(['<', '\n']) {
        return None;
    }
    let (closing, tag) = match tag.strip_prefix('/') {
        Some(tag) => (true, tag),
        None => (false, tag),
    };
    let name_end = tag.find(|c: char| c == '.' || c == '/' || c.is_whitespace());
    let name = &tag[..name_end.unwrap_or(tag.len())];
    let bare = !tag
        .trim_end_matches(['/', ' '])
        .contains(char::is_whitespace);
    match name.to_ascii_lowercase().as_str() {
        "v" if closing => Some(Markup::Speaker(Speaker::Untold)),
        "v" => Some(Markup::Speaker(voice_name(tag))),
        "br" => Some(Markup::Text('\n')),
        "font" | "lang" | "span" => Some(Markup::Nothing),
        "b" | "c" | "em" | "i" | "rt" | "ruby" | "s" | "strong" | "u" if bare => {
            Some(Markup::Nothing)
        }
        _ if time::milliseconds(tag).is_some() => Some(Markup::Nothing),
        _ => None,
    }
}

fn voice_name(tag: &str) -> Speaker {
    let name = tag
        .split_once(char::is_whitespace)
        .map_or("", |(_, name)| name);
    let name = without_entities(name);
    let name = trim(&name);
    if name.is_empty() {
        Speaker::Changed
    } else {
        Speaker::Named(name.to_owned())
    }
}

fn without_entities(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(position) = rest.find('&') {
        plain.push_str(&rest[..position]);
        rest = &rest[position..];
        let entity = enclosed(rest, b';', LONGEST_ENTITY)
            .and_then(|(entity, after)| Some((read_entity(entity)?, after)));
        let (character, after) = entity.unwrap_or(('&', &rest[1..]));
        plain.push(character);
        rest = after;
    }
    plain.push_str(rest);
    plain
}

fn read_entity(entity: &str) -> Option<char> {
    match entity {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        "nbsp" => Some('\u{a0}'),
        "lrm" => Some('\u{200e}'),
        "rlm" => Some('\u{200f}'),
        _ => {
            let number = entity.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(digits) => u32::from_str_radix(digits, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code).filter(|character| *character != '\0')
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Speaker, Voice, voices};

    fn plain(line: &str) -> String {
        let voices = voices(&[line]);
        voices.into_iter().map(|voice| voice.text).collect()
    }

    #[test]
    fn known_markup_goes_and_everything_else_stays() {
        for (line, expected) in [
            ("<i>really</i> <b.loud>yes</b>", "really yes"),
            ("<font color=\"#fff\">white</font>", "white"),
            ("{\\an8}above", "above"),
            (
                "{curly} & <inaudible> a < b > c",
                "{curly} & <inaudible> a < b > c",
            ),
            ("<00:00:01.000>one <00:00:02.000>two", "one two"),
            ("R&amp;D &lt;i&gt; &#39;x&#39; &#x1F600;", "R&D <i> 'x' 😀"),
            (
                "&unknown; AT&T; &#0; &#xD800;",
                "&unknown; AT&T; &#0; &#xD800;",
            ),
            ("&amp;lt;", "&lt;"),
            ("<i not closed <b>bold</b>", "<i not closed bold"),
            ("<b or not to b>", "<b or not to b>"),
            ("one<br>two<BR/>three", "one\ntwo\nthree"),
        ] {
            assert_eq!(plain(line), expected, "{line}");
        }
    }

    #[test]
    fn each_voice_is_told_apart() {
        let voice = |speaker, text: &str| Voice {
            speaker,
            text: text.into(),
        };
        assert_eq!(
            voices(&[
                "<v.first Bo &amp; Ann>Yes.</v> (laughs)",
                "<v Zoë\u{200e}>No.",
                "<v>Who?"
            ]),
            [
                voice(Speaker::Named("Bo & Ann".into()), "Yes."),
                voice(Speaker::Untold, " (laughs)\n"),
                voice(Speaker::Named("Zoë".into()), "No.\n"),
                voice(Speaker::Changed, "Who?"),
            ]
        );
        assert_eq!(voices(&["<v Bo></v>", " "]), []);
    }
}
