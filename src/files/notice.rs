//! What a reader assumed or mended: one notice for each kind of thing, with a count.

mod tables;

use std::collections::BTreeMap;

use serde::Serialize;

pub(super) use tables::TableCode;

/// Lines that a message names; a file with 3,000 empty cues must not make 3,000 notices.
const NAMED_LINES: usize = 5;

/// Something in a file that was read otherwise than it stands there, or that is worth a look.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Notice {
    /// 1-based line of the first occurrence.
    pub line: usize,
    /// 1-based column of the first occurrence, in characters.
    pub column: usize,
    /// Stable kebab-case name.
    pub code: &'static str,
    /// One plain sentence for people who know the call, not the format.
    pub message: String,
}

/// The kinds of notices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Code {
    Utf16Assumed,
    Windows1252Assumed,
    OtherEncodingAssumed,
    DamagedCharacter,
    EndingDiffers,
    MissingHeader,
    SecondHeader,
    TextWithoutTime,
    CommaDecimal,
    UnreadableTime,
    EndBeforeStart,
    BeyondOneDay,
    TextOnTimeLine,
    OutOfOrder,
    EmptyCue,
    EmptyLineInText,
    NumberInText,
    NamedCue,
    Comment,
    SpeakerInferred,
    RepeatedCaption,
    KeptAsNote,
    ParagraphsOnly,
    TimesOfDay,
    LateStart,
    TrackedDeletion,
    /// Of a table.
    Table(TableCode),
    LinkedFile,
    NamesDiffer,
    UnreadableEmail,
    EmptyTranscript,
}

impl Code {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Utf16Assumed => "utf-16-assumed",
            Self::Windows1252Assumed => "windows-1252-assumed",
            Self::OtherEncodingAssumed => "other-encoding-assumed",
            Self::DamagedCharacter => "damaged-character",
            Self::EndingDiffers => "ending-differs",
            Self::MissingHeader => "missing-header",
            Self::SecondHeader => "second-header",
            Self::TextWithoutTime => "text-without-time",
            Self::CommaDecimal => "comma-decimal",
            Self::UnreadableTime => "unreadable-time",
            Self::EndBeforeStart => "end-before-start",
            Self::BeyondOneDay => "beyond-one-day",
            Self::TextOnTimeLine => "text-on-time-line",
            Self::OutOfOrder => "out-of-order",
            Self::EmptyCue => "empty-cue",
            Self::EmptyLineInText => "empty-line-in-text",
            Self::NumberInText => "number-in-text",
            Self::NamedCue => "named-cue",
            Self::Comment => "comment",
            Self::SpeakerInferred => "speaker-inferred",
            Self::RepeatedCaption => "repeated-caption",
            Self::KeptAsNote => "kept-as-note",
            Self::ParagraphsOnly => "paragraphs-only",
            Self::TimesOfDay => "times-of-day",
            Self::LateStart => "late-start",
            Self::TrackedDeletion => "tracked-deletion",
            Self::Table(code) => code.as_str(),
            Self::LinkedFile => "linked-file",
            Self::NamesDiffer => "names-differ",
            Self::UnreadableEmail => "unreadable-email",
            Self::EmptyTranscript => "empty-transcript",
        }
    }

    #[expect(clippy::too_many_lines, reason = "one line for each code")]
    const fn sentence(self) -> &'static str {
        match self {
            Self::Utf16Assumed => "The file does not say how it is encoded; it was read as UTF-16",
            Self::Windows1252Assumed | Self::OtherEncodingAssumed => {
                "The file is not UTF-8; {}, so check the names, and if letters are wrong, name the \
                 encoding, for example options: {encoding: windows-1250}"
            }
            Self::DamagedCharacter => "A character is damaged in the file and shows as \u{fffd}",
            Self::EndingDiffers => {
                "The ending of the file's name does not fit its content, which decided"
            }
            Self::MissingHeader => {
                "The first line WEBVTT is missing; the file was read as WebVTT all the same"
            }
            Self::SecondHeader => {
                "A second WEBVTT line stands within the file; what follows was read on"
            }
            Self::TextWithoutTime => {
                "Text stands before the first time and belongs to nothing; it was left out"
            }
            Self::CommaDecimal => "A time has a comma as decimal mark; it was read like a dot",
            Self::UnreadableTime => {
                "A time cannot be read; it counts as unknown, the text was kept"
            }
            Self::EndBeforeStart => "The end lies before the start; the end counts as unknown",
            Self::BeyondOneDay => "A time lies more than 24 hours after the start of the call",
            Self::TextOnTimeLine => "Text stands on the line of the times; it was kept as text",
            Self::OutOfOrder => "The lines are not in order of time; they were sorted",
            Self::EmptyCue => "A time has no text; it was skipped",
            Self::EmptyLineInText => {
                "An empty line stands within a text; the text goes on after it"
            }
            Self::NumberInText => "A number alone on the line above a time was kept as text",
            Self::NamedCue => {
                "A line above a time was read as the name of the passage, not as text"
            }
            Self::Comment => "A block of comments or styles was skipped",
            Self::SpeakerInferred => "No speaker is given; the speaker before was assumed",
            Self::RepeatedCaption => {
                "A caption repeats what the one before it says; the repeated lines were left out"
            }
            Self::KeptAsNote => {
                "A line above or below the conversation, such as title, date or names, was kept as a note and not as \
                 something said"
            }
            Self::ParagraphsOnly => {
                "No speakers and no times were found, so each paragraph was kept as it is; if the text is laid out \
                 otherwise, say how, for example options: {dialect: name_then_time}"
            }
            Self::TimesOfDay => "The times are times of day; they were counted from the first one",
            Self::LateStart => {
                "The first time is some minutes from zero; it was read as the time since the start of the call, not \
                 as a time of day"
            }
            Self::TrackedDeletion => {
                "The document holds passages that were deleted while changes were tracked; they were left out"
            }
            Self::Table(code) => code.sentence(),
            Self::LinkedFile => {
                "The list names a file by a link, which is not followed; only files of the request are used"
            }
            Self::NamesDiffer => {
                "Transcripts and recordings lie together whose names differ, so each was taken for a call of its \
                 own; give those of one call the same name, or name them in a list"
            }
            Self::UnreadableEmail => "An e-mail address has no @; it was left out",
            Self::EmptyTranscript => {
                "The transcript of a call holds nothing; the call was read as one without a transcript"
            }
        }
    }
}

/// The notices of one file while it is read.
#[derive(Debug, Default)]
pub(super) struct Notices(BTreeMap<Code, Occurrences>);

#[derive(Debug, Default)]
struct Occurrences {
    /// What stands for `{}` in the sentence.
    detail: String,
    column: usize,
    count: usize,
    /// Different lines; only the first are in `lines`.
    places: usize,
    last: usize,
    lines: Vec<usize>,
}

impl Notices {
    pub(super) fn add(&mut self, code: Code, line: usize) {
        self.add_many_at(code, line, 1, 1);
    }

    pub(super) fn add_at(&mut self, code: Code, line: usize, column: usize) {
        self.add_many_at(code, line, column, 1);
    }

    pub(super) fn add_many_at(&mut self, code: Code, line: usize, column: usize, count: usize) {
        let seen = self.0.entry(code).or_default();
        if seen.count == 0 {
            seen.column = column;
        }
        seen.count += count;
        if seen.places == 0 || seen.last != line {
            seen.places += 1;
            seen.last = line;
            if seen.places <= NAMED_LINES {
                seen.lines.push(line);
            }
        }
    }

    /// What stands for `{}` in the sentence of a code that was added.
    pub(super) fn tell(&mut self, code: Code, detail: &str) {
        if let Some(seen) = self.0.get_mut(&code) {
            detail.clone_into(&mut seen.detail);
        }
    }

    /// In order of line.
    pub(super) fn into_list(self) -> Vec<Notice> {
        let mut list: Vec<_> = self.0.into_iter().map(notice).collect();
        list.sort_by_key(|notice| notice.line);
        list
    }
}

fn notice((code, seen): (Code, Occurrences)) -> Notice {
    let sentence = code.sentence().replace("{}", &seen.detail);
    let lines: Vec<_> = seen.lines.iter().map(ToString::to_string).collect();
    let lines = lines.join(", ");
    let more = if seen.places > NAMED_LINES {
        ", …"
    } else {
        ""
    };
    Notice {
        line: seen.lines.first().copied().unwrap_or(1),
        column: seen.column,
        code: code.as_str(),
        message: match (seen.count, seen.places) {
            (0 | 1, _) => format!("{sentence}."),
            (count, 1) => format!("{sentence} ({count} times)."),
            (count, _) => format!("{sentence} ({count} times: lines {lines}{more})."),
        },
    }
}
