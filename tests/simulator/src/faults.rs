//! What goes wrong, and at which request: a script of rules that tests write.

use std::{
    fmt,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use serde_json::Value;

use crate::log::{Endpoint, Entry};

/// Something that goes wrong with a reply.
#[derive(Clone)]
pub enum Fault {
    /// This status with the platform's error envelope, and `Retry-After` as given (seconds or a date).
    Status {
        /// HTTP status.
        status: u16,
        /// Text of the error.
        message: String,
        /// Value of `Retry-After`.
        retry_after: Option<String>,
    },
    /// The reply comes later, by the simulator's clock.
    Delay(Duration),
    /// The request is carried out, but the connection ends before the first byte of the reply. The log has its status.
    Lost,
    /// The request is carried out, but this status comes in place of the reply, as from a proxy.
    Masked {
        /// HTTP status.
        status: u16,
        /// Text of the error.
        message: String,
    },
    /// The connection is cut after so many bytes of the body.
    Cut {
        /// Bytes that still arrive, at most.
        after: usize,
    },
    /// `Content-Length` promises more bytes than come, then the connection ends.
    WrongLength {
        /// Bytes promised too many.
        extra: usize,
    },
    /// The body ends in the middle of the JSON, but the HTTP message is whole.
    BrokenJson,
    /// A log-in page with status 200.
    LoginPage,
    /// A recording with status 200.
    Recording,
    /// The right body behind so many blanks, compressed about a thousandfold.
    GzipBomb {
        /// Blanks after decompression, in bytes; rounded up to whole MiB.
        decoded: u64,
    },
    /// The cursor is ignored: the first page comes again.
    CursorIgnored,
    /// The cursor has expired, if the request has one.
    CursorExpired,
    /// These records of the page (from 0) are unreadable.
    Poison {
        /// Positions in the page.
        records: Vec<usize>,
        /// In which way.
        how: Poison,
    },
    /// Any other change to the JSON of the reply.
    Rewrite(Arc<dyn Fn(&mut Value) + Send + Sync>),
    /// 302 to another address.
    Redirect {
        /// Value of `Location`.
        to: String,
    },
    /// The body comes in small pieces.
    Drip {
        /// Size of a piece.
        bytes: usize,
        /// Wait between pieces, by the simulator's clock.
        every: Duration,
    },
    /// Something happens before the request is answered, for example a call that vanishes.
    Effect(Arc<dyn Fn() + Send + Sync>),
}

/// How a record is unreadable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Poison {
    /// It has no id.
    MissingId,
    /// Its id is a JSON number, which 64-bit floats cannot hold.
    NumberId,
    /// It is a text where an object must be.
    NotAnObject,
    /// Its time is no time.
    BadTime,
    /// Its title, or the first sentence of its transcript, has so many bytes.
    HugeText(usize),
}

impl Fault {
    /// A status with the platform's error envelope.
    pub fn status(status: u16) -> Self {
        Self::Status {
            status,
            message: "Simulated failure".into(),
            retry_after: None,
        }
    }

    /// The request is carried out, but this status comes in place of the reply.
    pub fn masked(status: u16) -> Self {
        Self::Masked {
            status,
            message: "Simulated failure".into(),
        }
    }

    /// 429 with `Retry-After` in seconds.
    pub fn throttled(seconds: u64) -> Self {
        Self::Status {
            status: 429,
            message: "API request limit exceeded".into(),
            retry_after: Some(seconds.to_string()),
        }
    }

    /// Something that happens before the request is answered.
    pub fn effect(effect: impl Fn() + Send + Sync + 'static) -> Self {
        Self::Effect(Arc::new(effect))
    }

    /// A change to the JSON of the reply.
    pub fn rewrite(rewrite: impl Fn(&mut Value) + Send + Sync + 'static) -> Self {
        Self::Rewrite(Arc::new(rewrite))
    }
}

impl fmt::Debug for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Self::Status { status, .. } => return write!(formatter, "Status {status}"),
            Self::Masked { status, .. } => return write!(formatter, "Masked {status}"),
            Self::Delay(_) => "Delay",
            Self::Lost => "Lost",
            Self::Cut { .. } => "Cut",
            Self::WrongLength { .. } => "WrongLength",
            Self::BrokenJson => "BrokenJson",
            Self::LoginPage => "LoginPage",
            Self::Recording => "Recording",
            Self::GzipBomb { .. } => "GzipBomb",
            Self::CursorIgnored => "CursorIgnored",
            Self::CursorExpired => "CursorExpired",
            Self::Poison { .. } => "Poison",
            Self::Rewrite(_) => "Rewrite",
            Self::Redirect { .. } => "Redirect",
            Self::Drip { .. } => "Drip",
            Self::Effect(_) => "Effect",
        };
        formatter.write_str(name)
    }
}

/// Whether a rule is for a request.
type Test = Box<dyn Fn(&Entry) -> bool + Send + Sync>;

/// A fault and the requests that it befalls: all, unless narrowed.
pub struct Rule {
    fault: Fault,
    tests: Vec<Test>,
    skip: u64,
    times: u64,
}

impl Rule {
    /// Befalls every request until released.
    pub fn new(fault: Fault) -> Self {
        Self {
            fault,
            tests: Vec::new(),
            skip: 0,
            times: u64::MAX,
        }
    }

    /// Only requests of an endpoint.
    #[must_use]
    pub fn on(self, endpoint: Endpoint) -> Self {
        self.when(move |entry| entry.endpoint == endpoint)
    }

    /// Only requests of one caller.
    #[must_use]
    pub fn of(self, caller: &str) -> Self {
        let caller = caller.to_owned();
        self.when(move |entry| entry.caller.as_deref() == Some(&caller))
    }

    /// Only the request of that number, counted from 1 over all requests to the simulator.
    #[must_use]
    pub fn at(self, number: usize) -> Self {
        self.when(move |entry| entry.number == number)
    }

    /// Only the request of that number and later ones.
    #[must_use]
    pub fn from(self, number: usize) -> Self {
        self.when(move |entry| entry.number >= number)
    }

    /// Only requests that may change something: by their method, and so not for APIs that read with POST.
    #[must_use]
    pub fn on_writes(self) -> Self {
        self.when(|entry| entry.method != "GET" && entry.method != "HEAD")
    }

    /// Only requests as the test says.
    #[must_use]
    pub fn when(mut self, test: impl Fn(&Entry) -> bool + Send + Sync + 'static) -> Self {
        self.tests.push(Box::new(test));
        self
    }

    /// Spares the first requests that it would befall.
    #[must_use]
    pub fn skip(mut self, requests: u64) -> Self {
        self.skip = requests;
        self
    }

    /// Befalls so many requests and no more.
    #[must_use]
    pub fn times(mut self, requests: u64) -> Self {
        self.times = requests;
        self
    }

    /// Befalls one request and no more.
    #[must_use]
    pub fn once(self) -> Self {
        self.times(1)
    }
}

/// A rule that has been added to a script.
#[derive(Debug, Clone)]
pub struct Scripted(Arc<Active>);

impl Scripted {
    /// Ends the rule.
    pub fn release(&self) {
        self.0.released.store(true, Ordering::SeqCst);
    }

    /// How many requests it has befallen.
    pub fn hits(&self) -> u64 {
        self.0.hits.load(Ordering::SeqCst)
    }
}

#[derive(Debug, Default)]
struct Active {
    released: AtomicBool,
    hits: AtomicU64,
}

/// The script of a simulator. Clones share the rules.
#[derive(Clone, Default)]
pub struct Faults(Arc<Mutex<Vec<Script>>>);

struct Script {
    rule: Rule,
    seen: u64,
    active: Arc<Active>,
}

impl Faults {
    /// Adds a rule. Rules apply in the order in which they were added; several may befall one request.
    pub fn add(&self, rule: Rule) -> Scripted {
        let active = Arc::new(Active::default());
        self.0
            .lock()
            .expect("no holder of this lock panics")
            .push(Script {
                rule,
                seen: 0,
                active: Arc::clone(&active),
            });
        Scripted(active)
    }

    /// What befalls a request.
    pub(crate) fn befalling(&self, entry: &Entry) -> Vec<Fault> {
        let mut scripts = self.0.lock().expect("no holder of this lock panics");
        scripts
            .iter_mut()
            .filter_map(|script| script.befall(entry))
            .collect()
    }
}

impl Script {
    fn befall(&mut self, entry: &Entry) -> Option<Fault> {
        if self.active.released.load(Ordering::SeqCst)
            || !self.rule.tests.iter().all(|test| test(entry))
        {
            return None;
        }
        self.seen += 1;
        let position = self.seen.checked_sub(self.rule.skip)?;
        if position == 0 || position > self.rule.times {
            return None;
        }
        self.active.hits.fetch_add(1, Ordering::SeqCst);
        Some(self.rule.fault.clone())
    }
}

impl Poison {
    /// Spoils these records of a reply: the first list of its top level.
    pub(crate) fn spoil(self, reply: &mut Value, records: &[usize]) {
        let Some(page) = reply
            .as_object_mut()
            .and_then(|members| members.values_mut().find_map(Value::as_array_mut))
        else {
            return;
        };
        for position in records {
            if let Some(record) = page.get_mut(*position) {
                self.spoil_record(record);
            }
        }
    }

    fn spoil_record(self, record: &mut Value) {
        if self == Self::NotAnObject {
            *record = Value::from("not an object");
            return;
        }
        let facts = if record.get("metaData").is_some() {
            &mut record["metaData"]
        } else {
            record
        };
        let is_transcript = facts.get("callId").is_some();
        let id = if is_transcript { "callId" } else { "id" };
        let sentence = "/transcript/0/sentences/0";
        match self {
            Self::NotAnObject => {}
            Self::MissingId => {
                facts.as_object_mut().map(|members| members.remove(id));
            }
            Self::NumberId => {
                let number = facts[id].as_str().and_then(|text| text.parse::<u64>().ok());
                facts[id] = Value::from(number);
            }
            Self::BadTime if is_transcript => {
                if let Some(sentence) = facts.pointer_mut(sentence) {
                    sentence["start"] = Value::from("soon");
                }
            }
            Self::BadTime => facts["started"] = Value::from("yesterday"),
            Self::HugeText(bytes) if is_transcript => {
                if let Some(sentence) = facts.pointer_mut(sentence) {
                    sentence["text"] = Value::from("a".repeat(bytes));
                }
            }
            Self::HugeText(bytes) => facts["title"] = Value::from("a".repeat(bytes)),
        }
    }
}
