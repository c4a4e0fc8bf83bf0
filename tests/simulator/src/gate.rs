//! Holding back the reply to one request, so that a test can act while it is in flight.

use std::{collections::HashMap, sync::Mutex};

use tokio::sync::oneshot;

/// A request whose reply waits for the test. Dropping it lets the reply go.
#[must_use = "dropping it lets the reply go"]
pub struct Held {
    arrived: oneshot::Receiver<()>,
    release: oneshot::Sender<()>,
}

impl Held {
    /// Waits until the request has come. False if it never will, because the simulator has ended.
    pub async fn arrived(&mut self) -> bool {
        (&mut self.arrived).await.is_ok()
    }

    /// The same for tests without an async runtime; inside one it panics.
    pub fn wait(self) -> Option<Arrived> {
        let Self { arrived, release } = self;
        arrived.blocking_recv().ok()?;
        Some(Arrived { release })
    }

    /// Lets the reply go, and does not hold the request if it has not come yet.
    pub fn release(self) {
        drop(self.release);
    }
}

/// A request that has come and whose reply waits for the test. Dropping it lets the reply go.
#[must_use = "dropping it lets the reply go"]
pub struct Arrived {
    release: oneshot::Sender<()>,
}

impl Arrived {
    /// Lets the reply go.
    pub fn release(self) {
        drop(self.release);
    }
}

/// The requests to hold, by their number.
#[derive(Default)]
pub(crate) struct Gates(Mutex<HashMap<usize, Gate>>);

struct Gate {
    arrived: oneshot::Sender<()>,
    released: oneshot::Receiver<()>,
}

impl Gates {
    pub(crate) fn hold(&self, number: usize) -> Held {
        let (tell, arrived) = oneshot::channel();
        let (release, released) = oneshot::channel();
        let gate = Gate {
            arrived: tell,
            released,
        };
        self.gates().insert(number, gate);
        Held { arrived, release }
    }

    /// Waits for the test, if it holds this request.
    pub(crate) async fn pass(&self, number: usize) {
        let gate = self.gates().remove(&number);
        if let Some(gate) = gate {
            // Nobody listens any more, or the sender is dropped: both mean go.
            let _ = gate.arrived.send(());
            let _ = gate.released.await;
        }
    }

    fn gates(&self) -> std::sync::MutexGuard<'_, HashMap<usize, Gate>> {
        self.0.lock().expect("no holder of this lock panics")
    }
}
