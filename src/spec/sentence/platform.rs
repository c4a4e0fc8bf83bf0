//! Which platform a sentence names.

use std::ops::Range;

use super::{Reader, Use, tokens::Token, words::is_determiner};
use crate::spec::{Field, Gap, Reading, lookup::OTHER, said::amount};

/// Where the name of a platform stands, the surest place last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Standing {
    /// `Brandt Grain Mills`
    InsideName,
    /// `500 Grain calls`
    Alone,
    /// `from Grain`
    BehindFrom,
}

impl<'a> Reader<'a> {
    /// The platform: by its key or name anywhere; else whatever stands behind `from`.
    pub(super) fn read_platform(&mut self) {
        let mut found: Vec<(Standing, Range<usize>, &str)> = Vec::new();
        let mut at = 0;
        while at < self.tokens.len() {
            match self.platform_at(at) {
                Some((length, key)) => {
                    let range = at..at + length;
                    found.push((self.standing(&range), range, key));
                    at += length;
                }
                None => at += 1,
            }
        }
        let best = found.iter().map(|(standing, ..)| *standing).max();
        found.retain(|(standing, ..)| Some(*standing) == best);
        let keys: Vec<&str> = found.iter().map(|(_, _, key)| *key).collect();
        let is_one = keys.windows(2).all(|pair| pair[0] == pair[1]);
        match found.first() {
            None => self.read_unknown_platform(),
            Some(_) if !is_one => {
                let why = "The sentence names two platforms: each needs a request of its own.";
                self.understood
                    .gaps
                    .push(Gap::unclear(Field::Platform, why));
                found
                    .into_iter()
                    .for_each(|(_, range, _)| self.uses[range].fill(Use::Taken));
            }
            Some((_, range, _)) => {
                self.understood.draft.platform = Some(self.text(range.clone()).to_owned());
                found
                    .into_iter()
                    .for_each(|(_, range, _)| self.uses[range].fill(Use::Taken));
            }
        }
    }

    /// The longest name of a platform that begins here.
    fn platform_at(&self, at: usize) -> Option<(usize, &'a str)> {
        (1..=4).rev().find_map(|length| {
            let range = at..at + length;
            let is_free = self
                .uses
                .get(range.clone())?
                .iter()
                .all(|u| *u != Use::Taken);
            let in_one_clause = !self.tokens[range.clone()].iter().skip(1).any(|t| t.opens);
            let (key, _) = self
                .matrix
                .named(self.text(range))
                .filter(|_| is_free && in_one_clause)?;
            (key != OTHER || self.is_behind_from(at)).then_some((length, key))
        })
    }

    /// How sure it is that a name of a platform is meant as one.
    fn standing(&self, range: &Range<usize>) -> Standing {
        let is_open = |at: usize| self.uses.get(at) == Some(&Use::Open);
        let joins_before =
            range.start > 0 && !self.tokens[range.start].opens && is_open(range.start - 1);
        let joins_after =
            self.tokens.get(range.end).is_some_and(|token| !token.opens) && is_open(range.end);
        if self.is_behind_from(range.start) {
            Standing::BehindFrom
        } else if joins_before || joins_after {
            Standing::InsideName
        } else {
            Standing::Alone
        }
    }

    fn is_behind_from(&self, at: usize) -> bool {
        let mut before = self.tokens[..at].iter().rev();
        let word = before.find(|token| !is_determiner(token));
        word.is_some_and(|token| {
            matches!(
                token.lower.as_str(),
                "from" | "platform" | "of" | "in" | "on"
            )
        })
    }

    /// `from Fathon`, `from Whizzcall`: nothing that the matrix knows, to be told as written. Else the last
    /// words of the customer may be the platform: `for Northwind Gong`.
    fn read_unknown_platform(&mut self) {
        let is_from = |token: &Token<'_>| matches!(token.lower.as_str(), "from" | "platform");
        let behind = (0..self.tokens.len())
            .find(|at| self.uses[*at] == Use::Open && *at > 0 && is_from(&self.tokens[*at - 1]));
        let Some(first) = behind else {
            if !self.read_platform_by_word() {
                self.read_platform_of_customer();
            }
            return;
        };
        let is_next =
            |at: &usize| self.uses[*at] == Use::Open && (*at == first || !self.tokens[*at].opens);
        let end = (first..self.tokens.len()).take_while(is_next).count() + first;
        let text = self.text(first..end).to_owned();
        self.uses[first..end].fill(Use::Taken);
        let found = self.matrix.find(&text);
        let near = found.or_else(|| self.matrix.nearest(&text));
        if let (None, Some((_, row))) = (found, near) {
            self.understood.readings.push(Reading {
                field: Field::Platform,
                written: text.clone(),
                taken: row.name.clone(),
                other: None,
            });
        }
        let key = near.map(|(key, _)| key.to_owned());
        self.understood.draft.platform = key.or(Some(text));
    }

    /// `500 Teams calls`, `Wingman, 500 calls`: a word of one platform's name, alone or in front of `calls`.
    fn read_platform_by_word(&mut self) -> bool {
        let is_noun = |at: usize| {
            let next = self.tokens.get(at);
            next.is_none_or(|token| token.opens || amount::is_noun(&token.lower))
        };
        let runs: Vec<Range<usize>> = self.runs().filter(|run| is_noun(run.end)).collect();
        let found = runs.into_iter().find_map(|run| {
            let text = self.text(run.clone());
            let is_name = !text.starts_with(char::is_lowercase);
            let (key, _) = self.matrix.worded(text).filter(|_| is_name)?;
            Some((run, key.to_owned()))
        });
        let Some((run, key)) = found else {
            return false;
        };
        self.understood.draft.platform = Some(key);
        self.uses[run].fill(Use::Taken);
        true
    }

    fn read_platform_of_customer(&mut self) {
        let Some(customer) = &self.understood.draft.customer else {
            return;
        };
        let Some((name, last)) = customer.rsplit_once(' ') else {
            return;
        };
        if let Some((key, _)) = self.matrix.named(last) {
            let name = name.to_owned();
            self.understood.draft.platform = Some(key.to_owned());
            self.understood.draft.customer = Some(name);
        }
    }
}
