//! What an attempt does about recordings: last of all it asks where they are, since links expire, and
//! has a few at once copied.

use std::{
    collections::{BTreeMap, HashMap, HashSet, VecDeque},
    time::Duration,
};

use jiff::Timestamp;

use super::{Attempt, Command, Commit, Pending, Queue, failure::wait};
use crate::{
    import::{
        End,
        retry::{MAX_TRIES, MAX_WAIT},
    },
    model::{FailureClass, MediaCopy, MediaOutcome},
    platforms::{CallRef, MediaFile, Page, RecordFailure, Work},
};

/// Recordings that are copied at once. They are bound by the network, not by the platform's limit.
const MAX_COPIES: usize = 4;

/// Times that a fresh link is asked for after one did not work.
const MAX_FRESH_LINKS: u32 = 2;

/// Tries in a row that bring nothing of a recording, although its host answers.
const MAX_VAIN: u32 = 3;

/// What came of copying a recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fetched {
    /// It is whole, and lies where it is to lie.
    Stored(MediaCopy),
    /// The link does not work, or does not work any more.
    Expired {
        /// For engineers.
        detail: String,
    },
    /// It broke off, or is not what was announced.
    Cut {
        /// Whether more of it is here than before.
        progressed: bool,
        /// For engineers.
        detail: String,
    },
    /// Its host fails, or does not answer: it may later.
    Unavailable {
        /// The class that the failure is recorded under.
        class: FailureClass,
        /// What the host says about when.
        after: Option<Duration>,
        /// For engineers.
        detail: String,
    },
    /// Its host, or we, will not have it, however often it is asked for.
    Refused {
        /// For engineers.
        detail: String,
    },
    /// The place for recordings, or the disk that they pass through, cannot be used.
    NoPlace {
        /// For engineers.
        detail: String,
    },
    /// The run is to end; what is here already stays for the next one.
    Halted,
}

/// Recordings on their way.
#[derive(Debug, Default)]
pub(super) struct Copies {
    /// Calls whose recording is to be asked for.
    pub(super) queue: Queue,
    /// Recordings whose place is known.
    located: VecDeque<Recording>,
    under_way: BTreeMap<u64, Recording>,
    /// How often a fresh link was asked for, by call.
    fresh_links: HashMap<String, u32>,
}

/// A recording that is copied, now or next.
#[derive(Debug)]
struct Recording {
    file: MediaFile,
    /// Tries in a row that brought nothing.
    vain: u32,
    /// Tries that its host did not answer.
    unanswered: u32,
    sent: Timestamp,
}

impl Copies {
    pub(super) fn new(wanted: bool) -> Self {
        Self {
            queue: Queue::new(wanted),
            ..Self::default()
        }
    }

    pub(super) fn is_idle(&self) -> bool {
        self.under_way.is_empty()
    }

    pub(super) fn is_done(&self) -> bool {
        self.is_idle() && self.located.is_empty() && self.queue.is_done()
    }

    /// Whether it is time to ask where more recordings are.
    pub(super) fn is_short(&self) -> bool {
        self.located.len() + self.under_way.len() < MAX_COPIES
    }

    /// Forgets what was not begun.
    pub(super) fn clear(&mut self) {
        self.located.clear();
    }

    pub(super) fn abandon(&mut self) {
        self.under_way.clear();
    }
}

impl Attempt {
    /// Asks where the recordings of the next calls are.
    pub(super) fn begin_media(&mut self) {
        let batch = self.connector.media_batch(self.setup.method).unwrap_or(1);
        let count = batch.min(self.copies.queue.waiting.len());
        let calls = self.copies.queue.waiting.drain(..count).collect();
        self.begin(Work::Media(calls));
    }

    /// The next recording to copy, if there is room.
    pub(super) fn copy(&mut self, now: Timestamp) -> Option<Command> {
        if self.copies.under_way.len() >= MAX_COPIES {
            return None;
        }
        let copy = self.copies.located.pop_front()?;
        let ticket = self.ticket();
        let file = copy.file.clone();
        self.copies
            .under_way
            .insert(ticket, Recording { sent: now, ..copy });
        Some(Command::Copy { ticket, file })
    }

    /// What the platform says about where recordings are.
    pub(super) fn take_media(&mut self, calls: &[CallRef], page: Page) {
        let Page {
            media,
            without_media,
            failures,
            next,
            ..
        } = page;
        let told: HashSet<&str> = media
            .iter()
            .map(|file| file.external_id.as_str())
            .chain(without_media.iter().map(String::as_str))
            .chain(failures.iter().map(|failure| failure.external_id.as_str()))
            .collect();
        let rest: Vec<CallRef> = calls
            .iter()
            .filter(|call| !told.contains(call.external_id.as_str()))
            .cloned()
            .collect();
        let mut outcomes: Vec<(String, MediaOutcome)> = Vec::new();
        // The platform holds more back; but one that tells nothing would do so for ever.
        if next.is_some() && !told.is_empty() && self.end.is_none() && !rest.is_empty() {
            self.begin(Work::Media(rest));
        } else {
            let ids = rest.into_iter().map(|call| call.external_id);
            outcomes.extend(ids.map(|id| (id, MediaOutcome::Pending)));
        }
        outcomes.extend(
            without_media
                .into_iter()
                .map(|id| (id, MediaOutcome::Unavailable)),
        );
        let failed = failures.iter().map(|failure| failure.external_id.clone());
        outcomes.extend(failed.map(|id| (id, MediaOutcome::Failed)));
        if !outcomes.is_empty() || !failures.is_empty() {
            self.keep(Commit {
                media: outcomes,
                failures,
                ..Commit::default()
            });
        }
        if self.end.is_none() {
            // One that is told twice is copied once.
            let mut asked: HashSet<&str> = calls.iter().map(|call| &*call.external_id).collect();
            let wanted = media
                .into_iter()
                .filter(|file| asked.remove(file.external_id.as_str()));
            self.copies.located.extend(wanted.map(|file| Recording {
                file,
                vain: 0,
                unanswered: 0,
                sent: Timestamp::MIN,
            }));
        }
    }

    /// What came of copying a recording.
    pub fn copied(&mut self, ticket: u64, fetched: Fetched, now: Timestamp) {
        let Some(copy) = self.copies.under_way.remove(&ticket) else {
            return;
        };
        match fetched {
            Fetched::Halted => {}
            Fetched::Stored(stored) => {
                self.breaker.success();
                self.progressed = true;
                self.commit_media(copy.file.external_id, MediaOutcome::Stored(stored), None);
            }
            Fetched::Expired { detail } => self.ask_again(copy, detail),
            Fetched::Cut { progressed, detail } => self.resume(copy, progressed, detail),
            Fetched::Refused { detail } => self.give_up(copy, detail),
            Fetched::Unavailable {
                class,
                after,
                detail,
            } => self.try_later(copy, class, after, detail, now),
            Fetched::NoPlace { detail } => self.stop(End::NoPlace { detail }),
        }
    }

    fn ask_again(&mut self, copy: Recording, detail: String) {
        let id = copy.file.external_id.clone();
        let asked = self.copies.fresh_links.entry(id.clone()).or_default();
        if *asked >= MAX_FRESH_LINKS {
            return self.give_up(copy, detail);
        }
        *asked += 1;
        self.copies.queue.waiting.push_back(CallRef {
            external_id: id,
            raw: None,
        });
    }

    fn resume(&mut self, copy: Recording, progressed: bool, detail: String) {
        self.progressed |= progressed;
        let vain = if progressed { 0 } else { copy.vain + 1 };
        if vain >= MAX_VAIN {
            self.give_up(copy, detail);
        } else if self.end.is_none() {
            self.copies.located.push_back(Recording { vain, ..copy });
        }
    }

    fn try_later(
        &mut self,
        copy: Recording,
        class: FailureClass,
        after: Option<Duration>,
        detail: String,
        now: Timestamp,
    ) {
        let wait = wait(after);
        let unanswered = copy.unanswered + 1;
        let hopeful = self
            .breaker
            .failure(copy.sent, now, wait, &self.scope.request_id);
        if !hopeful || unanswered >= MAX_TRIES || wait > Some(MAX_WAIT) {
            self.stop(End::HostFailed {
                host: host(copy.file.address()).map(str::to_owned),
                class,
                detail,
            });
        } else if self.end.is_none() {
            self.copies
                .located
                .push_back(Recording { unanswered, ..copy });
        }
    }

    fn give_up(&mut self, copy: Recording, detail: String) {
        let external_id = copy.file.external_id;
        let failure = RecordFailure {
            external_id: external_id.clone(),
            stage: "media",
            detail,
        };
        self.commit_media(external_id, MediaOutcome::Failed, Some(failure));
    }

    fn commit_media(
        &mut self,
        external_id: String,
        outcome: MediaOutcome,
        failure: Option<RecordFailure>,
    ) {
        self.keep(Commit {
            media: vec![(external_id, outcome)],
            failures: Vec::from_iter(failure),
            ..Commit::default()
        });
    }

    /// Which recorded calls are to be read next for their recordings: only once everything is listed.
    pub(super) fn load_media(&mut self) -> Option<Command> {
        let is_through = self.is_listed() && self.transcripts.waiting.is_empty();
        if !is_through || !self.copies.queue.waiting.is_empty() {
            return None;
        }
        self.copies.queue.load(Pending::Media)
    }
}

/// The name of the host in an address.
fn host(address: &str) -> Option<&str> {
    let (_, rest) = address.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let (_, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    let host = host.split(':').next()?;
    (!host.is_empty()).then_some(host)
}

#[cfg(test)]
mod tests {
    use super::host;

    #[test]
    fn addresses_have_hosts() {
        for (address, expected) in [
            ("https://media.example/a?sig=b@c", Some("media.example")),
            ("http://127.0.0.1:8080", Some("127.0.0.1")),
            ("https://user@media.example:443/a", Some("media.example")),
            ("https:///a", None),
            ("media.example", None),
        ] {
            assert_eq!(host(address), expected, "{address}");
        }
    }
}
