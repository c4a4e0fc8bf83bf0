//! What was said in a call.

use super::{
    names,
    population::{Call, Population, id, stream},
};
use crate::random::Random;

/// What one person said without being interrupted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// Who spoke: a party's `speaker_id`, or somebody who is no party, or nobody knows.
    pub speaker_id: Option<String>,
    /// What it was about.
    pub topic: Option<&'static str>,
    /// What was said.
    pub sentences: Vec<Sentence>,
}

/// A sentence, with its times from the start of the call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sentence {
    /// Beginning in milliseconds.
    pub start_ms: i64,
    /// End in milliseconds.
    pub end_ms: i64,
    /// The words.
    pub text: String,
}

impl Population {
    /// The transcript of a call, whether or not it is there yet.
    pub fn turns(&self, call: &Call) -> Vec<Turn> {
        let mut random = Random::new([self.seed, stream::SPEECH, u64::from(call.index)]);
        let mut speakers: Vec<&str> = call
            .parties
            .iter()
            .filter_map(|party| party.speaker_id.as_deref())
            .collect();
        // A call without parties is still spoken by somebody.
        let stranger = id(random.next());
        if speakers.is_empty() {
            speakers.push(&stranger);
        }
        let slot_ms = call.length_s * 1000 / i64::from(self.sentences.max(1));
        let mut turns: Vec<Turn> = Vec::new();
        let mut left_in_turn = 0;
        for position in 0..i64::from(self.sentences) {
            if left_in_turn == 0 {
                // Four sentences a turn on average.
                left_in_turn = 1 + random.below(7);
                turns.push(Turn {
                    speaker_id: (!random.one_in(15)).then(|| random.pick(&speakers).to_owned()),
                    topic: random.one_in(3).then(|| random.pick(names::TOPICS)),
                    sentences: Vec::with_capacity(left_in_turn as usize),
                });
            }
            left_in_turn -= 1;
            if let Some(turn) = turns.last_mut() {
                turn.sentences
                    .push(self.sentence(&mut random, position * slot_ms, slot_ms));
            }
        }
        turns
    }

    /// A sentence within its slot of the call.
    fn sentence(&self, random: &mut Random, slot_start_ms: i64, slot_ms: i64) -> Sentence {
        let quarter = (slot_ms / 4).max(1) as u64;
        Sentence {
            start_ms: slot_start_ms + random.below(quarter) as i64,
            end_ms: slot_start_ms + slot_ms - random.below(quarter) as i64,
            text: text(random, self.is_plain),
        }
    }
}

/// 8 to 30 words, or plainly spoken 8 to 24 of every second word, now and then with what must be escaped in JSON.
fn text(random: &mut Random, is_plain: bool) -> String {
    const ODDITIES: &[&str] = &[
        "\"quoted\"",
        "naïve",
        "C:\\temp",
        "a\tb",
        "two\nlines",
        "日本",
        "🙂",
        "<b>",
        "it's",
        "100 %",
    ];
    let words = &*names::WORDS;
    let (span, mask) = if is_plain { (17, 0xFE) } else { (23, 0xFF) };
    let count = 8 + random.below(span) as usize;
    let mut text = String::with_capacity(count * 8);
    let mut bytes = [0; 8];
    for position in 0..count {
        if position > 0 {
            text.push(' ');
        }
        // A number is good for eight words.
        if position % bytes.len() == 0 {
            bytes = random.next().to_le_bytes();
        }
        text.push_str(words[usize::from(bytes[position % bytes.len()] & mask)]);
    }
    if random.one_in(40) {
        text.push(' ');
        text.push_str(random.pick(ODDITIES));
    }
    // Words begin with ASCII letters.
    text[..1].make_ascii_uppercase();
    text.push(if random.one_in(6) { '?' } else { '.' });
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use jiff::civil::date;

    use super::*;

    /// Words of a sentence, on average and rounded, and how many different ones there are.
    fn words(population: &Population) -> (usize, usize) {
        let turns = population.calls().flat_map(|call| population.turns(&call));
        let texts: Vec<String> = turns
            .flat_map(|turn| turn.sentences)
            .map(|sentence| sentence.text.to_lowercase())
            .collect();
        let said: Vec<&str> = texts
            .iter()
            .flat_map(|text| text.split([' ', '.', '?']))
            .filter(|word| names::WORDS.contains(word))
            .collect();
        let different: BTreeSet<&str> = said.iter().copied().collect();
        (
            (said.len() + texts.len() / 2) / texts.len(),
            different.len(),
        )
    }

    #[test]
    fn plain_speech_is_shorter_and_has_half_as_many_words() {
        let day = date(2026, 1, 1);
        let population = Population::new(1, 10, day, day, 100);
        assert_eq!(words(&population), (19, 256));
        assert_eq!(words(&population.with_plain_speech()), (16, 128));
    }
}
