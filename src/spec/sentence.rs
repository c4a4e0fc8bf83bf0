//! A request in one sentence: `5,000 calls from Gong for Northwind, needed by 4 December, onboarding`.
//!
//! Parts are recognised one after another, in any order; what is left over is told. The customer is what
//! stands behind `for`, or the one thing that nothing else explains.

mod extras;
mod platform;
mod tokens;
mod words;

use std::ops::Range;

use jiff::civil::Date;

use super::{
    Draft, Field, Gap, Reading, Settled, SupportMatrix,
    draft::not_clear,
    said::{self, Said, amount, day, period},
};
use crate::model::Method;
use tokens::{Token, tokens};
use words::{
    is_company_form, is_determiner, is_filler, is_joint, is_other_unit, is_stop, leads_to_day,
};

/// What a sentence says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Understood {
    /// Its fields, as they stand in the sentence.
    pub draft: Draft,
    /// What can be read in two ways.
    pub gaps: Vec<Gap>,
    /// Words that mean nothing here, in the order of the sentence.
    pub left_over: Vec<String>,
    /// What was taken for something that it does not quite say.
    pub readings: Vec<Reading>,
}

impl Understood {
    /// The draft in the form of the YAML file. What `flags` say counts more, and settles what is unclear here.
    pub fn settle(&self, flags: Draft, matrix: &SupportMatrix, today: Date) -> Settled {
        let open = self.gaps.iter().filter(|gap| !flags.says(gap.field));
        let open: Vec<Gap> = open.cloned().collect();
        let read = self.readings.iter().map(|reading| reading.field);
        let own: Vec<Field> = read.filter(|field| flags.says(*field)).collect();
        let mut settled = flags.or(self.draft.clone()).settle(matrix, today);
        for gap in &open {
            settled.draft.forget(gap.field);
        }
        let is_new = |gap: &Gap| !open.iter().any(|other| other.field == gap.field);
        settled.gaps.retain(is_new);
        settled.gaps.extend(open);
        settled.gaps.sort_by_key(|gap| gap.field);
        let said = self.readings.iter();
        let counts =
            |reading: &&Reading| !own.contains(&reading.field) && settled.draft.says(reading.field);
        settled.readings.extend(said.filter(counts).cloned());
        settled
    }
}

/// Longest sentence, in characters. What is longer is a letter.
const LONGEST: usize = 2_000;

/// Reads a sentence on a day. Never fails: what is not understood is left over.
pub fn understand(sentence: &str, matrix: &SupportMatrix, today: Date) -> Understood {
    let (sentence, rest) = match sentence.char_indices().nth(LONGEST) {
        Some((end, _)) => sentence.split_at(end),
        None => (sentence, ""),
    };
    let mut reader = Reader::new(sentence, matrix, today);
    reader.read_parts();
    reader.read_platform();
    reader.read_customer();
    let left_over = reader
        .runs()
        .map(|run| reader.text(run).to_owned())
        .collect();
    let mut understood = Understood {
        left_over,
        ..reader.understood
    };
    if !rest.trim().is_empty() {
        understood.left_over.push(rest.trim().to_owned());
    }
    understood
}

/// What has become of a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Use {
    Open,
    /// It only holds the sentence together.
    Filler,
    /// It is part of a field.
    Taken,
}

/// One recognised part of the sentence.
enum Part {
    Period(Said<period::Stretch>),
    /// A day, and whether a word such as `by` says that it is the one wanted.
    Wanted(Said<Date>, bool),
    /// A number of calls, and whether it says of what.
    Calls(u64, bool),
    Urgency,
    Method(Method),
    /// Whether recordings are wanted.
    Include(bool),
    Files(String),
    Customer,
}

struct Reader<'a> {
    sentence: &'a str,
    matrix: &'a SupportMatrix,
    today: Date,
    tokens: Vec<Token<'a>>,
    uses: Vec<Use>,
    understood: Understood,
    /// Words of the day and of the number that were taken without a word that says what they are.
    weak_day: Option<Range<usize>>,
    weak_calls: Option<Range<usize>>,
}

impl<'a> Reader<'a> {
    fn new(sentence: &'a str, matrix: &'a SupportMatrix, today: Date) -> Self {
        let tokens = tokens(sentence);
        Self {
            uses: vec![Use::Open; tokens.len()],
            sentence,
            matrix,
            today,
            tokens,
            understood: Understood::default(),
            weak_day: None,
            weak_calls: None,
        }
    }

    /// Everything but the platform, from left to right.
    fn read_parts(&mut self) {
        let mut at = 0;
        while at < self.tokens.len() {
            match self.part(at) {
                Some((length, part)) => {
                    self.take(at..at + length, part);
                    at += length;
                }
                None => {
                    if is_filler(&self.tokens[at].lower) {
                        self.uses[at] = Use::Filler;
                    }
                    at += 1;
                }
            }
        }
    }

    /// The part that begins at a word, and its length in words.
    fn part(&self, at: usize) -> Option<(usize, Part)> {
        if let Some(part) = self.files_at(at) {
            return Some(part);
        }
        let words = self.words(at);
        if let Some((length, said)) = period::at_start(&words, self.today) {
            return Some((length, Part::Period(said)));
        }
        if let Some((length, said)) = day::at_start(&words, self.today) {
            return Some((length, Part::Wanted(said, false)));
        }
        let lead = words.iter().take_while(|word| leads_to_day(word)).count();
        if lead > 0
            && let Some((length, said)) = day::at_start(&words[lead..], self.today)
        {
            let is_named = words[..lead]
                .iter()
                .any(|word| !matches!(*word, "on" | "for"));
            return Some((lead + length, Part::Wanted(said, is_named)));
        }
        self.calls(&words)
            .or_else(|| self.include_at(at))
            .or_else(|| self.word(&words))
            .or_else(|| Some((self.customer_at(at)?, Part::Customer)))
    }

    /// `about 5,000 calls`.
    fn calls(&self, words: &[&str]) -> Option<(usize, Part)> {
        let lead = words
            .iter()
            .take_while(|word| amount::is_about(word))
            .count();
        let (length, number) = amount::at_start(&words[lead..])?;
        let length = lead + length;
        match words.get(length) {
            Some(noun) if amount::is_noun(noun) => Some((length + 1, Part::Calls(number, true))),
            Some(unit) if is_other_unit(unit) => None,
            // A number alone, or with the platform between it and its noun.
            _ => Some((length, Part::Calls(number, false))),
        }
    }

    /// Urgency and method, which are a word or two.
    fn word(&self, words: &[&str]) -> Option<(usize, Part)> {
        if said::urgency(words.first()?).is_some() {
            return Some((1, Part::Urgency));
        }
        let lead = usize::from(matches!(
            words[0],
            "by" | "via" | "per" | "as" | "method" | "with" | "using" | "through"
        ));
        let rest = &words[lead..];
        (1..=2).rev().find_map(|length| {
            let method = said::method(rest.get(..length)?)?;
            // `consent` and `key` alone can mean much.
            let is_plain = lead > 0 || matches!(rest[0], "api" | "oauth");
            is_plain.then_some((lead + length, Part::Method(method)))
        })
    }

    /// The words of a name behind `for` or `customer`, those two included.
    fn customer_at(&self, at: usize) -> Option<usize> {
        if !matches!(
            self.tokens[at].lower.as_str(),
            "for" | "customer" | "client"
        ) || self.understood.draft.customer.is_some()
        {
            return None;
        }
        let mut first = at + 1;
        while self
            .tokens
            .get(first)
            .is_some_and(|token| is_determiner(token))
        {
            first += 1;
        }
        let mut end = first;
        while end < self.tokens.len() && (end == first || !self.ends_name(end)) {
            end += 1;
        }
        let is_name =
            self.tokens.get(first).is_some_and(|token| !is_stop(token)) && !self.begins_part(first);
        (is_name && end > first).then_some(end - at)
    }

    /// Whether a name is over before this word.
    fn ends_name(&self, at: usize) -> bool {
        let token = &self.tokens[at];
        let ends_clause = token.opens && !is_company_form(&token.lower);
        ends_clause || is_stop(token) || self.begins_part(at)
    }

    /// Whether something begins here that no name holds.
    fn begins_part(&self, at: usize) -> bool {
        let token = &self.tokens[at];
        let words = self.words(at);
        let is_small = token.text == token.lower;
        let is_include = is_small && self.include_at(at).is_some();
        token.is_path
            || is_include
            || period::at_start(&words, self.today).is_some()
            || (day::at_start(&words, self.today).is_some())
            || matches!(self.calls(&words), Some((_, Part::Calls(_, true))))
            || (is_small && said::urgency(&token.lower).is_some())
            || (is_small && self.matrix.platforms.contains_key(&token.lower))
    }

    fn take(&mut self, range: Range<usize>, part: Part) {
        let leads = |at: &usize| leads_to_day(&self.tokens[*at].lower);
        let first = range.clone().find(|at| !leads(at)).unwrap_or(range.start);
        let text = self.text(first..range.end).to_owned();
        let is_used = match part {
            Part::Period(said) => self.take_period(&text, said),
            Part::Wanted(said, is_named) => self.take_day(range.clone(), &text, said, is_named),
            Part::Calls(number, is_named) => self.take_calls(range.clone(), number, is_named),
            Part::Urgency => {
                let urgency = &mut self.understood.draft.urgency;
                if urgency.as_ref().is_some_and(|known| *known != text) {
                    let why = "The sentence names two: write the one that counts.";
                    self.understood.gaps.push(Gap::unclear(Field::Urgency, why));
                }
                *urgency = Some(text);
                true
            }
            Part::Method(method) => {
                let method = method.as_str().to_owned();
                let known = self.understood.draft.method.replace(method.clone());
                if known.is_some_and(|known| known != method) {
                    self.say_once(Field::Method, "ways");
                }
                true
            }
            Part::Include(media) => {
                let wanted: &[&str] = if media {
                    &["transcript", "media"]
                } else {
                    &["transcript"]
                };
                let wanted: Vec<String> = wanted.iter().copied().map(str::to_owned).collect();
                let include = &mut self.understood.draft.include;
                let is_new = include.is_empty() || *include == wanted;
                *include = wanted;
                if !is_new {
                    let why =
                        "The sentence says both that recordings are wanted and that they are not.";
                    self.understood.gaps.push(Gap::unclear(Field::Include, why));
                }
                true
            }
            Part::Files(path) => {
                self.understood.draft.files.push(path);
                true
            }
            Part::Customer => {
                let first = (range.clone().skip(1))
                    .find(|index| !is_determiner(&self.tokens[*index]))
                    .unwrap_or(range.start);
                let name = self.name(first..range.end);
                self.understood.draft.customer = Some(name);
                true
            }
        };
        if is_used {
            self.uses[range].fill(Use::Taken);
        }
    }

    fn take_period(&mut self, written: &str, said: Said<period::Stretch>) -> bool {
        let draft = &mut self.understood.draft;
        match said {
            Said::Clear((from, to)) => {
                let is_twice = |day: Option<Date>, known: &Option<String>| {
                    let known = known.as_deref();
                    day.is_some_and(|day| known.is_some_and(|known| known != day.to_string()))
                };
                let field = if is_twice(from, &draft.period_from) {
                    Some(Field::PeriodFrom)
                } else {
                    is_twice(to, &draft.period_to).then_some(Field::PeriodTo)
                };
                let text = |day: Option<Date>| day.map(|day| day.to_string());
                draft.period_from = text(from).or(draft.period_from.take());
                draft.period_to = text(to).or(draft.period_to.take());
                if let Some(field) = field {
                    self.say_once(field, "stretches of time");
                }
            }
            Said::Unclear(why) => {
                let gap = Gap::unclear(Field::PeriodFrom, not_clear(written, &why));
                self.understood.gaps.push(gap);
            }
        }
        true
    }

    /// Tells that a field is named twice.
    fn say_once(&mut self, field: Field, what: &str) {
        let why = format!("The sentence names two {what}: write the one that counts.");
        self.understood.gaps.push(Gap::unclear(field, why));
    }

    /// The day that `by` names counts more than one that just stands there.
    fn take_day(
        &mut self,
        range: Range<usize>,
        written: &str,
        said: Said<Date>,
        is_named: bool,
    ) -> bool {
        let text = match said {
            Said::Clear(day) => day.to_string(),
            Said::Unclear(why) => {
                let gap = Gap::unclear(Field::RequestedCompletion, not_clear(written, &why));
                self.understood.gaps.push(gap);
                return true;
            }
        };
        let wanted = &mut self.understood.draft.requested_completion;
        match (wanted.as_ref(), self.weak_day.take()) {
            (None, _) => {}
            (Some(_), Some(weak)) if is_named => self.uses[weak].fill(Use::Open),
            (Some(_), None) if !is_named => return false,
            (Some(known), _) if *known == text => {}
            (Some(_), _) => {
                let why = "The sentence names two days: write the one that counts.";
                let gap = Gap::unclear(Field::RequestedCompletion, why);
                self.understood.gaps.push(gap);
            }
        }
        *wanted = Some(text);
        let readings = &mut self.understood.readings;
        readings.retain(|reading| reading.field != Field::RequestedCompletion);
        readings.extend(Reading::of_day(
            Field::RequestedCompletion,
            written,
            self.today,
        ));
        self.weak_day = (!is_named).then_some(range);
        true
    }

    /// A number with its noun counts more than one alone.
    fn take_calls(&mut self, range: Range<usize>, number: u64, is_named: bool) -> bool {
        let calls = &mut self.understood.draft.estimated_calls;
        match (calls.as_ref(), self.weak_calls.take()) {
            (None, _) => {}
            (Some(_), Some(weak)) if is_named => self.uses[weak].fill(Use::Open),
            (Some(_), None) if !is_named => return false,
            (Some(_), _) => {
                let why = "The sentence names two numbers: write the one that counts.";
                self.understood
                    .gaps
                    .push(Gap::unclear(Field::EstimatedCalls, why));
            }
        }
        *calls = Some(number.to_string());
        self.weak_calls = (!is_named).then_some(range);
        true
    }

    /// The customer, where no `for` says it: the only words left that begin with a capital, or the only ones.
    fn read_customer(&mut self) {
        if self.understood.draft.customer.is_some() {
            return;
        }
        let runs: Vec<Range<usize>> = self.runs().collect();
        let is_name = |run: &&Range<usize>| {
            let text = self.tokens[run.start].text;
            text.starts_with(|c: char| c.is_alphanumeric() && !c.is_lowercase())
        };
        let named: Vec<_> = runs.iter().filter(is_name).collect();
        let run = match (named.as_slice(), runs.as_slice()) {
            ([run], _) => (*run).clone(),
            ([], [run]) if run.len() <= 4 => run.clone(),
            _ => return,
        };
        self.understood.draft.customer = Some(self.name(run.clone()));
        self.uses[run].fill(Use::Taken);
    }

    /// A name without a possessive `'s`, with the full stop of `Inc.`
    fn name(&self, range: Range<usize>) -> String {
        let text = self.text(range.clone());
        let name = ["'s", "’s"].iter().find_map(|end| text.strip_suffix(end));
        let last = &self.tokens[range.end - 1];
        let is_cut = is_company_form(&last.lower) && self.sentence[last.end()..].starts_with('.');
        let stop = if is_cut { "." } else { "" };
        format!("{}{stop}", name.unwrap_or(text))
    }

    /// Stretches of words without a use, each within one clause.
    fn runs(&self) -> impl Iterator<Item = Range<usize>> {
        let mut runs: Vec<Range<usize>> = Vec::new();
        for (at, token) in self.tokens.iter().enumerate() {
            if self.uses[at] != Use::Open || tokens::is_dash(token.text) {
                continue;
            }
            match runs.last_mut() {
                Some(run) if self.goes_on(run.end, at) => run.end = at + 1,
                _ => runs.push(at..at + 1),
            }
        }
        runs.into_iter()
    }

    /// Whether a stretch that ended before `end` goes on at `at`: `Bank of America`, `Northwind, Inc.`
    fn goes_on(&self, end: usize, at: usize) -> bool {
        let mut between = end..at;
        let is_joint = |at: usize| self.uses[at] == Use::Filler && is_joint(&self.tokens[at].lower);
        let opens =
            |at: &usize| self.tokens[*at].opens && !is_company_form(&self.tokens[*at].lower);
        between.clone().all(is_joint) && !between.by_ref().chain([at]).any(|at| opens(&at))
    }

    /// The words from one on, in small letters.
    fn words(&self, at: usize) -> Vec<&str> {
        let words = self.tokens[at..].iter();
        // No part is longer.
        words.take(12).map(|token| token.lower.as_str()).collect()
    }

    /// A stretch of the sentence as it is written.
    fn text(&self, range: Range<usize>) -> &'a str {
        match (
            self.tokens.get(range.start),
            self.tokens[..range.end].last(),
        ) {
            (Some(first), Some(last)) if first.start <= last.start => {
                &self.sentence[first.start..last.end()]
            }
            _ => "",
        }
    }
}
