//! The notices of tables.

/// The kinds of notices that only tables have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::files) enum TableCode {
    TitleLine,
    OtherSheets,
    ShortRow,
    CellMayBeCut,
    UnquotedSeparator,
    ShortYear,
    Before2000,
    DayOnly,
    ClockGap,
    ClockFold,
    TwoPartLength,
    NoLength,
    LongCall,
    IdEndsInZeros,
    SameId,
    SameCall,
    NobodyNamed,
    CommasInNames,
    UnknownLanguage,
    UnknownDirection,
    NoLink,
    SecretInLink,
    ClockTimes,
    SecondsAssumed,
}

impl TableCode {
    pub(super) const fn as_str(self) -> &'static str {
        self.told().0
    }

    pub(super) const fn sentence(self) -> &'static str {
        self.told().1
    }

    #[expect(clippy::too_many_lines, reason = "one entry for each kind")]
    const fn told(self) -> (&'static str, &'static str) {
        match self {
            Self::TitleLine => (
                "title-line",
                "A line above the headings was skipped, because it names no columns",
            ),
            Self::OtherSheets => (
                "other-sheets",
                "The workbook has more sheets; only the first one with headings that are known was read",
            ),
            Self::ShortRow => (
                "short-row",
                "A row has fewer cells than there are headings; those that are missing count as empty",
            ),
            Self::CellMayBeCut => (
                "cell-may-be-cut",
                "A cell holds exactly 32,767 characters, which is where Excel cuts a text; its end may be missing",
            ),
            Self::UnquotedSeparator => (
                "unquoted-separator",
                "A text was divided, because it holds the separator and stands in no quotation marks; it was put \
                 together again",
            ),
            Self::ShortYear => ("short-year", "A year has two digits; it was read as 20.."),
            Self::Before2000 => (
                "before-2000",
                "A call lies before the year 2000; check its date",
            ),
            Self::DayOnly => (
                "day-only",
                "A date has no time of day, so only the day of the call is known",
            ),
            Self::ClockGap => (
                "clock-gap",
                "A time does not exist in its time zone, because clocks were set forward then; it was taken as \
                 one hour later",
            ),
            Self::ClockFold => (
                "clock-fold",
                "A time occurs twice in its time zone, because clocks were set back then; the first was taken",
            ),
            Self::TwoPartLength => (
                "two-part-length",
                "A length such as 31:00 was read as minutes and seconds; if it is hours and minutes, write \
                 `options: {duration_unit: hours}`",
            ),
            Self::NoLength => ("no-length", "A call has the length 0; check it"),
            Self::LongCall => (
                "long-call",
                "A call is longer than 24 hours; check its length",
            ),
            Self::IdEndsInZeros => (
                "id-ends-in-zeros",
                "An id of more than 15 digits ends in zeros, as Excel leaves it; check that it is the right one",
            ),
            Self::SameId => ("same-id", "An id stands in more than one row"),
            Self::SameCall => (
                "same-call",
                "Another row has the same start and title; the call may be in the list twice",
            ),
            Self::NobodyNamed => ("nobody-named", "A call names nobody who took part"),
            Self::CommasInNames => (
                "commas-in-names",
                "Commas were read as the end of a name; if names are written as Lind, Bo, put ; between people",
            ),
            Self::UnknownLanguage => (
                "unknown-language",
                "A language is not known; write it as en or pt-BR. It was left out",
            ),
            Self::UnknownDirection => (
                "unknown-direction",
                "A cell says neither inbound nor outbound nor another kind of call; it was left out",
            ),
            Self::NoLink => (
                "no-link",
                "A link does not begin with http:// or https://; it was left out",
            ),
            Self::SecretInLink => (
                "secret-in-link",
                "A link holds a password or a signature, which was left out",
            ),
            Self::ClockTimes => (
                "clock-times",
                "Times are times of day; they were counted from the first one of the call",
            ),
            Self::SecondsAssumed => (
                "seconds-assumed",
                "Times are plain numbers with decimals; they were read as seconds",
            ),
        }
    }
}
