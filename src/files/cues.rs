//! From lines to cues: the block structure of WebVTT and SRT.
//!
//! A time line always begins a cue, whatever stands above it. All lines up to the next time line belong
//! to it, less that one's identifier and less comments; so no text gets lost where an empty line is
//! missing or is one too many.

use super::{
    Format, Moment,
    notice::{Code, Notices},
    text::{self, Line, is_blank},
    time::{self, TimeLine},
};

const MINUTE_MS: i64 = 60 * 1000;
const DAY_MS: i64 = 24 * 60 * MINUTE_MS;

/// A stretch of time and what is shown in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cue<'a> {
    /// Line of the times.
    pub(super) line: usize,
    /// Milliseconds, may be negative.
    pub(super) start_ms: Option<i64>,
    /// Milliseconds, never before the start.
    pub(super) end_ms: Option<i64>,
    /// Markup and all; no line is blank.
    pub(super) lines: Vec<&'a str>,
}

impl Cue<'_> {
    /// When it is shown.
    pub(super) const fn moment(&self) -> Moment {
        Moment {
            line: self.line,
            start_ms: self.start_ms,
            end_ms: self.end_ms,
        }
    }
}

/// Everything found in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found<'a> {
    /// In the file's order.
    pub(super) cues: Vec<Cue<'a>>,
    /// BCP 47 tag, where a header or a comment tells.
    pub(super) language: Option<String>,
    /// What stands behind the first `WEBVTT`.
    pub(super) header: Option<String>,
    /// Line on which a second transcript begins: a header or number 1 again, and an earlier time.
    pub(super) joined: Option<usize>,
}

/// Whether a line is the first of a WebVTT file.
pub(super) fn is_header(line: &str) -> bool {
    header_text(line).is_some()
}

/// Cuts a text into cues.
pub(super) fn scan<'a>(text: &'a str, format: Format, notices: &mut Notices) -> Found<'a> {
    let mut scanner = Scanner {
        format,
        notices,
        place: Place::Body,
        pending: Vec::new(),
        last_number: None,
        found: Found {
            cues: Vec::new(),
            language: None,
            header: None,
            joined: None,
        },
        dense: false,
        restart: None,
    };
    for line in text::lines(text) {
        scanner.line(line);
    }
    scanner.close_cue();
    scanner.found
}

/// The part of a file that a line stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Behind `WEBVTT`, up to an empty line.
    Header,
    /// Within NOTE, STYLE or REGION, up to an empty line.
    Comment,
    /// Anywhere else.
    Body,
}

/// A header, or a number 1, below the first cue. It begins a second transcript if the time goes back.
#[derive(Debug, Clone, Copy)]
struct Restart {
    line: usize,
    /// By how much the time must go back: cues out of order may bring number 1 late.
    least_ms: i64,
}

struct Scanner<'a, 'n> {
    format: Format,
    notices: &'n mut Notices,
    place: Place,
    /// Lines of the body since the last time line.
    pending: Vec<Line<'a>>,
    /// The last number seen above a time, taken or not.
    last_number: Option<u64>,
    /// Whether the last identifier had no empty line above it.
    dense: bool,
    /// What may begin a second transcript.
    restart: Option<Restart>,
    found: Found<'a>,
}

impl<'a> Scanner<'a, '_> {
    fn line(&mut self, line: Line<'a>) {
        if let Some(time) = time::time_line(line.text) {
            self.place = Place::Body;
            return self.begin_cue(line, time);
        }
        match self.place {
            Place::Header | Place::Comment if is_blank(line.text) => {
                self.place = Place::Body;
                self.pending.push(line);
            }
            Place::Header | Place::Comment => {
                self.look_for_language(line.text);
                if self.place == Place::Header {
                    // Without an empty line behind the header, the first cue's number is part of it.
                    self.last_number = self.last_number.or(number(text::trim(line.text)));
                }
            }
            Place::Body if self.format == Format::WebVtt => self.webvtt_line(line),
            Place::Body => self.pending.push(line),
        }
    }

    fn webvtt_line(&mut self, line: Line<'a>) {
        let first = self.found.cues.is_empty();
        let block_start = self.at_block_start();
        // Files that were joined may have no empty line before the second header.
        let header = header_text(line.text).filter(|text| {
            first || line.text.starts_with("WEBVTT") && (block_start || text.is_empty())
        });
        if let Some(header) = header {
            self.place = Place::Header;
            if first {
                self.found.header = (!header.is_empty()).then(|| header.to_owned());
            } else {
                self.notices.add(Code::SecondHeader, line.number);
                self.restart = Some(Restart {
                    line: line.number,
                    least_ms: 0,
                });
            }
        } else if block_start && is_comment(line.text, first) {
            self.place = Place::Comment;
            self.notices.add(Code::Comment, line.number);
            self.look_for_language(line.text);
        } else {
            self.pending.push(line);
        }
    }

    /// Whether the line above is blank, or there is none. The line below a time line begins no block.
    fn at_block_start(&self) -> bool {
        match self.pending.last() {
            Some(above) => is_blank(above.text),
            None => self.found.cues.is_empty(),
        }
    }

    /// `Language: en` (header) or `NOTE language:en-us` (Microsoft Stream).
    fn look_for_language(&mut self, line: &str) {
        let line = line.strip_prefix("NOTE").unwrap_or(line).trim_start();
        let tag = line.split_once(':').and_then(|(key, value)| {
            let matches = key.trim_end().eq_ignore_ascii_case("language");
            matches.then(|| language_tag(value.trim())).flatten()
        });
        self.found.language = self.found.language.take().or(tag);
    }

    fn begin_cue(&mut self, line: Line<'a>, time: TimeLine<'a>) {
        self.take_identifier();
        self.close_cue();
        self.check_restart(time.start_ms);
        let end_ms = self.checked_end(line, &time);
        if time.comma && self.format == Format::WebVtt {
            self.notices.add(Code::CommaDecimal, line.number);
        }
        let mut lines = Vec::new();
        if !is_blank(time.text) {
            self.notices.add(Code::TextOnTimeLine, line.number);
            lines.push(time.text);
        }
        self.found.cues.push(Cue {
            line: line.number,
            start_ms: time.start_ms,
            end_ms,
            lines,
        });
    }

    fn check_restart(&mut self, start_ms: Option<i64>) {
        let before = self.found.cues.last().and_then(|cue| cue.start_ms);
        if let (Some(restart), Some(before), Some(start)) = (self.restart.take(), before, start_ms)
            && before.saturating_sub(start) > restart.least_ms
        {
            self.found.joined.get_or_insert(restart.line);
        }
    }

    fn checked_end(&mut self, line: Line<'a>, time: &TimeLine<'a>) -> Option<i64> {
        let column_of_end = || {
            let arrow = line.text.find("-->").unwrap_or_default();
            let end = &line.text[arrow..];
            let gap = end.len() - end.trim_start_matches(['-', '>', ' ', '\t']).len();
            line.text[..arrow + gap].chars().count() + 1
        };
        match (time.start_ms, time.end_ms) {
            (None, end) => {
                self.notices.add(Code::UnreadableTime, line.number);
                end
            }
            (Some(_), None) => {
                self.notices
                    .add_at(Code::UnreadableTime, line.number, column_of_end());
                None
            }
            (Some(start), Some(end)) if end < start => {
                self.notices
                    .add_at(Code::EndBeforeStart, line.number, column_of_end());
                None
            }
            (Some(_), Some(end)) => {
                if end > DAY_MS {
                    self.notices
                        .add_at(Code::BeyondOneDay, line.number, column_of_end());
                }
                Some(end)
            }
        }
    }

    /// Takes the identifier of the coming cue off the lines above it.
    ///
    /// Behind an empty line, WebVTT allows any text as identifier; in SRT it is a number, so that a
    /// text that goes on after an empty line stays whole. Without the empty line, or with one below
    /// it, a number is an identifier only if it is the next one, or if the cue above came without an
    /// empty line too; else it is what somebody said.
    fn take_identifier(&mut self) {
        let Some(last) = self.pending.iter().rposition(|line| !is_blank(line.text)) else {
            return;
        };
        let line = self.pending[last];
        let separated = match last.checked_sub(1) {
            Some(above) => is_blank(self.pending[above].text),
            None => self.found.cues.is_empty(),
        };
        let adjacent = last + 1 == self.pending.len();
        let name = text::trim(line.text);
        let number = number(name);
        let is_next = number.is_some() && number == self.last_number.and_then(|n| n.checked_add(1));
        let expected_form = number.is_some() || is_guid(name);
        let taken = match (separated, adjacent) {
            (true, true) => expected_form || self.format == Format::WebVtt,
            (false, true) => is_next || is_guid(name) || self.dense && number.is_some(),
            (_, false) => is_next,
        };
        if taken {
            self.dense = !separated;
            self.pending.truncate(last);
            if number == Some(1) && self.last_number > Some(1) {
                self.restart.get_or_insert(Restart {
                    line: line.number,
                    least_ms: MINUTE_MS,
                });
            }
        }
        match (number, taken, adjacent) {
            (Some(_), _, true) | (Some(_), true, false) => self.last_number = number,
            (None, ..) | (Some(_), false, false) => {}
        }
        if taken && !expected_form {
            self.notices.add(Code::NamedCue, line.number);
        }
        if !taken && adjacent && number.is_some() {
            self.notices.add(Code::NumberInText, line.number);
        }
    }

    /// Gives the lines since the last time line to its cue.
    fn close_cue(&mut self) {
        let lines = std::mem::take(&mut self.pending);
        let mut seen_text = false;
        let mut gap = None;
        for line in lines {
            if is_blank(line.text) {
                gap = gap.or(seen_text.then_some(line.number));
                continue;
            }
            let Some(cue) = self.found.cues.last_mut() else {
                self.notices.add(Code::TextWithoutTime, line.number);
                continue;
            };
            if let Some(blank) = gap.take() {
                self.notices.add(Code::EmptyLineInText, blank);
            }
            seen_text = true;
            cue.lines.push(line.text);
        }
    }
}

/// What stands behind `WEBVTT`, if the line is a header. Lower case comes from editing by hand.
fn header_text(line: &str) -> Option<&str> {
    let (word, rest) = line.split_at_checked("WEBVTT".len())?;
    let ends = rest.is_empty() || rest.starts_with(char::is_whitespace);
    (word.eq_ignore_ascii_case("WEBVTT") && ends).then(|| rest.trim())
}

/// Styles and regions stand before the first cue only; later, such a line is what somebody said.
fn is_comment(line: &str, before_first_cue: bool) -> bool {
    let line = line.trim_end();
    let note = line.strip_prefix("NOTE");
    note.is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t']))
        || before_first_cue && matches!(line, "STYLE" | "REGION")
}

fn number(text: &str) -> Option<u64> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

/// `b3bb14a4-b0f0-4a3b-b5f4-5a4b0a4b2b7a`, alone or with `/12-0` behind it, as Teams names its cues.
fn is_guid(text: &str) -> bool {
    let (guid, part) = text.split_once('/').unwrap_or((text, ""));
    let groups = guid.split('-').map(str::len);
    groups.eq([8, 4, 4, 4, 12])
        && guid
            .bytes()
            .all(|byte| byte == b'-' || byte.is_ascii_hexdigit())
        && part
            .bytes()
            .all(|byte| byte == b'-' || byte.is_ascii_digit())
}

/// `en`, `en-us` and `en_US` as a BCP 47 tag; `None` for anything that is no short tag.
fn language_tag(text: &str) -> Option<String> {
    let plain = |byte: u8| matches!(byte, b'-' | b'_') || byte.is_ascii_alphanumeric();
    if !text.bytes().all(plain) {
        return None;
    }
    let mut parts = text.split(['-', '_']);
    let language = parts.next().filter(|part| (2..=3).contains(&part.len()))?;
    let mut tag = language.to_ascii_lowercase();
    for part in parts {
        tag.push('-');
        match part.len() {
            2 | 3 => tag.push_str(&part.to_ascii_uppercase()),
            4 => {
                tag.push_str(&part[..1].to_ascii_uppercase());
                tag.push_str(&part[1..].to_ascii_lowercase());
            }
            _ => return None,
        }
    }
    Some(tag)
}
