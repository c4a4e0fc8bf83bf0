//! Slack's incoming webhooks: <https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks>.
//! Answers are plain texts: `ok`, or a word that says what is wrong.

use std::sync::{Arc, Mutex, MutexGuard};

use serde_json::Value;

use crate::{
    Running, Simulated,
    faults::Faults,
    log::{Endpoint, Log, Summary},
    server::{Answer, Arrival, CursorFault, Incoming, Service, Traffic},
};

/// `POST /services/{team}/{service}/{token}`
pub const WEBHOOK: Endpoint = Endpoint("POST /services/{team}/{service}/{token}");

/// The path of the only webhook there is.
pub const PATH: &str = "/services/T00000000/B00000000/simulated";

/// Longest text that Slack takes, in characters.
const LONGEST: usize = 40_000;

/// A running Slack, for tests. Clones share the state.
#[derive(Clone)]
pub struct Slack(Arc<State>);

struct State {
    traffic: Arc<Traffic>,
    messages: Mutex<Vec<String>>,
}

impl Slack {
    /// The texts that stand in the channel, oldest first.
    pub fn messages(&self) -> Vec<String> {
        self.0.messages().clone()
    }

    /// The script of what goes wrong.
    pub fn faults(&self) -> &Faults {
        &self.0.traffic.faults
    }

    /// Every request so far.
    pub fn log(&self) -> &Log {
        &self.0.traffic.log
    }
}

impl State {
    fn messages(&self) -> MutexGuard<'_, Vec<String>> {
        self.messages.lock().expect("no holder of this lock panics")
    }

    /// What becomes of a message.
    fn post(&self, request: &Incoming) -> (u16, &'static str) {
        if request.uri.path() != PATH {
            return (404, "no_service");
        }
        if request.method != "POST" {
            return (400, "invalid_payload");
        }
        let Ok(body) = serde_json::from_slice::<Value>(&request.body) else {
            return (400, "invalid_payload");
        };
        match body["text"].as_str() {
            None | Some("") => (400, "no_text"),
            Some(text) => {
                self.messages().push(text.chars().take(LONGEST).collect());
                (200, "ok")
            }
        }
    }
}

impl Simulated for Slack {
    fn service(&self) -> Arc<dyn Service> {
        Arc::clone(&self.0) as Arc<dyn Service>
    }
}

impl Service for State {
    fn receive(&self, request: &Incoming) -> Arrival {
        let is_webhook = request.uri.path() == PATH;
        Arrival {
            endpoint: if is_webhook {
                WEBHOOK
            } else {
                Endpoint::UNKNOWN
            },
            caller: None,
            summary: Summary::default(),
            refusal: None,
        }
    }

    fn respond(&self, request: &Incoming, _: &str, _: CursorFault) -> Answer {
        let (status, word) = self.post(request);
        plain(status, word)
    }

    fn error(&self, _: usize, status: u16, message: &str) -> Answer {
        plain(status, message)
    }
}

fn plain(status: u16, word: &str) -> Answer {
    Answer {
        status,
        headers: vec![("content-type", "text/html".into())],
        body: word.into(),
    }
}

impl crate::Config {
    /// Slack on a free port, with the system's time and no latency.
    pub fn slack() -> Self {
        Self::of(|traffic| {
            Slack(Arc::new(State {
                traffic,
                messages: Mutex::default(),
            }))
        })
    }
}

impl Running {
    /// Channel, fault script and log of the simulated Slack.
    ///
    /// # Panics
    /// When it is another platform.
    pub fn slack(&self) -> &Slack {
        self.state()
    }
}
