//! The calls of a simulated company. Each is a pure function of seed and index, so 100,000 of them take
//! no memory, and tests can ask for what the tables must hold.

use std::ops::Range;

use jiff::{Timestamp, civil::Date, tz::Offset};

use super::{
    names,
    people::{self, Party, User},
};
use crate::random::{Random, mix};

/// Ids are `10^18 + n`, so they have 19 digits and lie above 2^53, beyond what a JSON float can hold.
const FIRST_ID: u64 = 1_000_000_000_000_000_000;
/// How many different `n` there are.
const ID_MASK: u64 = (1 << 62) - 1;
/// Odd, so that multiplying by it modulo 2^62 can be undone: the id of an index looks random, and the
/// index of an id needs no table.
const ID_FACTOR: u64 = 0x1B87_3593_9E37_79B1;
/// People who work at the simulated company.
pub(super) const USERS: u32 = 120;

/// Purposes of random streams, so that one part of a call can be made without the others.
pub(crate) mod stream {
    pub(crate) const ID: u64 = 1;
    pub(crate) const START: u64 = 2;
    pub(crate) const FACTS: u64 = 3;
    pub(crate) const PARTIES: u64 = 4;
    pub(crate) const SPEECH: u64 = 5;
    pub(crate) const FATE: u64 = 6;
    pub(crate) const WORKSPACE: u64 = 7;
    pub(crate) const USER: u64 = 8;
    pub(crate) const CONTENT: u64 = 9;
}

/// The calls of a company: who, when, what was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Population {
    pub(crate) seed: u64,
    calls: u32,
    from_ms: i64,
    span_ms: i64,
    pub(super) sentences: u32,
    pub(super) is_plain: bool,
    pub(super) domain: String,
    hostile: bool,
}

/// A call as its company knows it: what an import of it must hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Position in the population, in the order of `start` and then `id`.
    pub index: u32,
    /// 19 decimal digits.
    pub id: String,
    /// Title, if it has one.
    pub title: Option<String>,
    /// When it began.
    pub start: Timestamp,
    /// Whether the API tells `started`; if not, `scheduled` is the same instant.
    pub tells_start: bool,
    /// When it was to begin.
    pub scheduled: Option<Timestamp>,
    /// Length in seconds, if the API tells it.
    pub duration_s: Option<i64>,
    /// Length in any case: no sentence ends later.
    pub(crate) length_s: i64,
    /// Whose call it is.
    pub primary_user_id: Option<String>,
    /// `Inbound`, `Outbound`, `Conference`, `Unknown`.
    pub direction: Option<&'static str>,
    /// Where it was held.
    pub system: Option<&'static str>,
    /// `Internal`, `External`, `Unknown`.
    pub scope: Option<&'static str>,
    /// `Video`, `Audio`.
    pub media: Option<&'static str>,
    /// ISO 639-2/B, or `und`, or `zxx`.
    pub language: Option<&'static str>,
    /// Which workspace it belongs to.
    pub workspace_id: String,
    /// Address of the call in the web pages.
    pub url: String,
    /// Address of the meeting.
    pub meeting_url: Option<String>,
    /// Whether only its participants may see it.
    pub is_private: bool,
    /// Who was invited or came, in the order told.
    pub parties: Vec<Party>,
    /// Objects of the CRM that the call belongs to.
    pub crm: Vec<CrmObject>,
    /// When there is a transcript.
    pub transcript: TranscriptFate,
    /// Whether what is not known is told as null (else it is missing).
    pub(crate) nulls: bool,
}

impl Call {
    /// What is told in `content.brief`.
    pub fn brief(&self) -> String {
        let title = self.title.as_deref().unwrap_or("A call");
        format!("{title}: talk about a pilot.")
    }
}

/// An object of the customer's CRM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrmObject {
    /// `Salesforce`, `HubSpot`.
    pub system: &'static str,
    /// `Opportunity`, `Account`.
    pub object_type: &'static str,
    /// Its id there.
    pub object_id: String,
}

/// When a call has a transcript.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TranscriptFate {
    /// From the beginning.
    There,
    /// So many nights after the simulator was started, or when a test releases it.
    Late(u8),
    /// Never.
    Never,
}

impl Population {
    /// Calls spread evenly over whole UTC days, both included, each with a transcript of that many sentences.
    ///
    /// Transcripts as large as real ones (41 kB of JSON) have 240 sentences.
    ///
    /// # Panics
    /// When `to` is before `from` or a year is beyond what a timestamp can hold.
    pub fn new(seed: u64, calls: u32, from: Date, to: Date, sentences: u32) -> Self {
        let midnight = |date: Date| {
            let midnight = Offset::UTC.to_timestamp(date.at(0, 0, 0, 0));
            midnight.expect("a date within range").as_millisecond()
        };
        let end = midnight(to.tomorrow().expect("a date within range"));
        let from_ms = midnight(from);
        assert!(from_ms < end, "the last day is before the first");
        Self {
            seed,
            calls,
            from_ms,
            span_ms: end - from_ms,
            sentences,
            is_plain: false,
            domain: "demo.example".into(),
            hostile: false,
        }
    }

    /// With people who say less: 16 words a sentence on average, of 128, instead of 19 of 256.
    #[must_use]
    pub fn with_plain_speech(mut self) -> Self {
        self.is_plain = true;
        self
    }

    /// With titles that try to break out of wherever they are printed.
    #[must_use]
    pub fn with_hostile_titles(mut self) -> Self {
        self.hostile = true;
        self
    }

    /// With another e-mail domain of the company's own people than `demo.example`.
    #[must_use]
    pub fn with_domain(mut self, domain: &str) -> Self {
        self.domain = domain.into();
        self
    }

    /// How many calls there are.
    pub fn len(&self) -> u32 {
        self.calls
    }

    /// Whether there is no call.
    pub fn is_empty(&self) -> bool {
        self.calls == 0
    }

    /// Every call, in the order of start and then id.
    pub fn calls(&self) -> impl Iterator<Item = Call> {
        (0..self.calls).map(|index| self.call(index))
    }

    /// The people who work at the company.
    pub fn users(&self) -> impl Iterator<Item = User> {
        (0..USERS).map(|index| people::user(self, index))
    }

    /// The ids of the company's two workspaces.
    pub fn workspaces(&self) -> [String; 2] {
        [0, 1].map(|number| id(mix(self.seed ^ stream::WORKSPACE).wrapping_add(number)))
    }

    /// The id of a call.
    pub fn id(&self, index: u32) -> String {
        id(self.id_number(index))
    }

    /// The index of a call's id.
    pub fn index(&self, id: &str) -> Option<u32> {
        let number = id.parse::<u64>().ok()?.checked_sub(FIRST_ID)?;
        let scattered = number.wrapping_sub(self.id_offset());
        let index = scattered.wrapping_mul(inverse(ID_FACTOR)) & ID_MASK;
        let index = u32::try_from(index)
            .ok()
            .filter(|index| *index < self.calls)?;
        (self.id(index) == id).then_some(index)
    }

    /// The calls that start in a stretch of time, its end excluded.
    pub fn between(&self, from: Option<Timestamp>, to: Option<Timestamp>) -> Range<u32> {
        let first_from = |time: Timestamp| self.first_index(|start| start < time);
        let from = from.map_or(0, first_from);
        let to = to.map_or(self.calls, first_from);
        from..to.max(from)
    }

    /// When a call began.
    pub fn start(&self, index: u32) -> Timestamp {
        // Some calls start in the same millisecond as the one before, which paging must survive.
        let twin = index % 50 == 1 && self.id_number(index - 1) < self.id_number(index);
        let slot = i64::from(if twin { index - 1 } else { index });
        let calls = i64::from(self.calls);
        let slot_start = i128::from(self.span_ms) * i128::from(slot) / i128::from(calls);
        let width = (self.span_ms / calls).max(1) as u64;
        let offset = Random::new([self.seed, stream::START, slot as u64]).below(width);
        Timestamp::from_millisecond(self.from_ms + slot_start as i64 + offset as i64)
            .expect("dates are within range")
    }

    /// When a call has a transcript.
    pub fn transcript_fate(&self, index: u32) -> TranscriptFate {
        let mut random = Random::new([self.seed, stream::FATE, u64::from(index)]);
        match random.below(100) {
            0..4 => TranscriptFate::Never,
            4..8 => TranscriptFate::Late(1 + random.below(3) as u8),
            _ if self.language(index) == Some("zxx") => TranscriptFate::Never,
            _ => TranscriptFate::There,
        }
    }

    /// Which workspace a call belongs to.
    pub fn workspace_id(&self, index: u32) -> String {
        let [first, second] = self.workspaces();
        let second_one = Random::new([self.seed, stream::WORKSPACE, u64::from(index)]).one_in(4);
        if second_one { second } else { first }
    }

    /// A call.
    ///
    /// # Panics
    /// When there is no call of that index.
    pub fn call(&self, index: u32) -> Call {
        assert!(index < self.calls, "no call {index}");
        let mut random = Random::new([self.seed, stream::FACTS, u64::from(index)]);
        let id = self.id(index);
        let start = self.start(index);
        let customer = random.pick(names::CUSTOMERS);
        let tells_start = !random.one_in(200);
        let phone = random.one_in(6);
        let length_s = 60.max(2 * i64::from(self.sentences)) + random.below(3600) as i64;
        let host = random.below(u64::from(USERS)) as u32;
        let parties = people::parties(self, index, host, customer);
        Call {
            index,
            title: self.title(&mut random, customer),
            start,
            tells_start,
            scheduled: match tells_start {
                true => (!phone).then(|| scheduled(start)),
                false => Some(start),
            },
            duration_s: (!random.one_in(80)).then_some(length_s),
            length_s,
            primary_user_id: (!random.one_in(50)).then(|| self.user_id(host)),
            direction: Some(match (phone, random.one_in(2)) {
                (false, _) => "Conference",
                (true, false) => "Inbound",
                (true, true) => "Outbound",
            }),
            system: (!random.one_in(60)).then_some(if phone { "Gong Connect" } else { "Zoom" }),
            scope: random.pick(&[
                Some("External"),
                Some("External"),
                Some("Internal"),
                Some("Unknown"),
                None,
            ]),
            media: Some(if phone { "Audio" } else { "Video" }),
            language: self.language(index),
            workspace_id: self.workspace_id(index),
            url: format!("https://app.gong.example/call?id={id}"),
            meeting_url: (!phone)
                .then(|| format!("https://meet.example/j/{}", random.below(1 << 34))),
            is_private: random.one_in(20),
            parties,
            crm: crm(&mut random),
            transcript: self.transcript_fate(index),
            nulls: random.one_in(2),
            id,
        }
    }

    /// The id of a person who works at the company.
    pub(crate) fn user_id(&self, user: u32) -> String {
        id(mix(self.seed ^ stream::USER).wrapping_add(u64::from(user).wrapping_mul(ID_FACTOR)))
    }

    fn title(&self, random: &mut Random, customer: &str) -> Option<String> {
        if self.hostile && random.one_in(3) {
            return Some(random.pick(names::HOSTILE_TITLES).into());
        }
        let occasion = random.pick(names::OCCASIONS);
        (!random.one_in(97)).then(|| format!("{customer} - {occasion}"))
    }

    fn language(&self, index: u32) -> Option<&'static str> {
        const LANGUAGES: &[Option<&str>] = &[
            Some("deu"),
            Some("fra"),
            Some("jpn"),
            Some("und"),
            Some("zxx"),
            None,
        ];
        let mut random = Random::new([self.seed, stream::CONTENT, u64::from(index)]);
        if random.one_in(10) {
            random.pick(LANGUAGES)
        } else {
            Some("eng")
        }
    }

    fn id_offset(&self) -> u64 {
        mix(self.seed ^ stream::ID)
    }

    fn id_number(&self, index: u32) -> u64 {
        u64::from(index)
            .wrapping_mul(ID_FACTOR)
            .wrapping_add(self.id_offset())
            & ID_MASK
    }

    /// The first call whose start fails the test, by bisection: starts never decrease.
    fn first_index(&self, before: impl Fn(Timestamp) -> bool) -> u32 {
        let (mut low, mut high) = (0, self.calls);
        while low < high {
            let middle = low + (high - low) / 2;
            if before(self.start(middle)) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }
}

/// A 19-digit id.
pub(super) fn id(number: u64) -> String {
    (FIRST_ID + (number & ID_MASK)).to_string()
}

/// What undoes the multiplication by an odd number modulo a power of two (Newton's iteration).
fn inverse(odd: u64) -> u64 {
    // Each step doubles the number of right bits, of which there are three at first.
    (0..5).fold(odd, |inverse, _| {
        inverse.wrapping_mul(2u64.wrapping_sub(odd.wrapping_mul(inverse)))
    })
}

/// The quarter of an hour before the start.
fn scheduled(start: Timestamp) -> Timestamp {
    let second = start.as_second();
    Timestamp::from_second(second - second.rem_euclid(900)).expect("a start is within range")
}

fn crm(random: &mut Random) -> Vec<CrmObject> {
    if random.one_in(3) {
        return Vec::new();
    }
    let system = random.pick(&["Salesforce", "Salesforce", "HubSpot"]);
    [("Opportunity", "006"), ("Account", "001")]
        .map(|(object_type, prefix)| CrmObject {
            system,
            object_type,
            object_id: format!("{prefix}{:012}", random.below(1_000_000_000)),
        })
        .into()
}
