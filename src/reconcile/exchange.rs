//! One exchange: out to the platform or to the files, and through the connector.

use std::sync::Arc;

use jiff::Timestamp;
use tokio::runtime::{self, Handle, Runtime};

use super::{
    Edges,
    lane::{Drive, Lost, News},
};
use crate::{
    http::{Endpoint, SendError},
    platforms::{Allowance, Connector, Exchange, Progress, Rejection, Reply, Setup, Step, Work},
    workspace::Shelf,
};

/// The thread on which replies are read, one after another. A reply is megabytes of JSON and grows to several times its size
/// while it is read; a second thread would keep as much memory once more, and the record is slower than one.
pub(super) struct Reader {
    handle: Handle,
    runtime: Option<Runtime>,
}

impl Reader {
    pub(super) fn new() -> Self {
        let mut builder = runtime::Builder::new_current_thread();
        let builder = builder.max_blocking_threads(1).thread_name("reader");
        let runtime = builder
            .build()
            .expect("without timers and sockets nothing is opened");
        Self {
            handle: runtime.handle().clone(),
            runtime: Some(runtime),
        }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // A runtime that waits for its threads must not be dropped by a task.
            runtime.shutdown_background();
        }
    }
}

/// How a reply is understood.
pub(super) struct Decode {
    pub(super) connector: &'static dyn Connector,
    pub(super) setup: Arc<Setup>,
    pub(super) work: Arc<Work>,
    pub(super) progress: Arc<Progress>,
}

/// Sends an exchange and has the connector read the reply, on a thread of its own: a page is
/// megabytes of JSON, and the loop must not wait for it.
pub(super) async fn carry_out(
    drive: Drive<'_>,
    endpoint: Option<Arc<Endpoint>>,
    ticket: u64,
    exchange: Exchange,
    decode: Decode,
    now: Timestamp,
) -> News {
    let edges = drive.edges;
    let class = match &exchange {
        Exchange::Http(exchange) => Some(exchange.class),
        Exchange::Files(_) => None,
    };
    let mut interrupt = edges.interrupt.clone();
    let reply = tokio::select! {
        reply = reply(edges, endpoint.as_deref(), exchange, now) => reply,
        _ = interrupt.wait_for(|stop| *stop) => return News::Abandoned,
    };
    let reply = match reply {
        Ok(reply) => reply,
        Err(error) => {
            return News::Lost(Lost {
                ticket,
                class: error.class(),
                is_too_large: error.is_too_large(),
                detail: tidy(&error.detail(), endpoint.as_deref()),
            });
        }
    };
    let allowance = class.zip(allowance(&reply));
    let date = date(&reply);
    match decode.read(drive.reader, reply).await {
        Ok(result) => News::Answered {
            ticket,
            sent: now,
            date,
            allowance,
            result: Box::new(tidied(result, endpoint.as_deref())),
        },
        Err(panic) => News::Crashed {
            detail: tidy(&panic, endpoint.as_deref()),
        },
    }
}

impl Decode {
    /// What the connector makes of a reply. If it panics, what it said: a bug of ours must not end the night of others.
    async fn read(self, reader: &Reader, reply: Reply) -> Result<Result<Step, Rejection>, String> {
        let reading = reader.handle.spawn_blocking(move || {
            self.connector
                .next(&self.work, &self.setup, &self.progress, &reply)
        });
        reading.await.map_err(|error| error.to_string())
    }
}

/// How the platform's limit stands after the reply, if it says so.
fn allowance(reply: &Reply) -> Option<Allowance> {
    match reply {
        Reply::Http(reply) => reply.allowance,
        Reply::Files(_) => None,
    }
}

/// The platform's clock.
fn date(reply: &Reply) -> Option<Timestamp> {
    match reply {
        Reply::Http(reply) => reply.date,
        Reply::Files(_) => None,
    }
}

async fn reply(
    edges: &Edges<'_>,
    endpoint: Option<&Endpoint>,
    exchange: Exchange,
    now: Timestamp,
) -> Result<Reply, SendError> {
    match (exchange, endpoint) {
        (Exchange::Http(exchange), Some(endpoint)) => edges
            .http
            .send(endpoint, &exchange, now)
            .await
            .map(Reply::Http),
        (Exchange::Http(_), None) => Err(SendError::Credential),
        (Exchange::Files(wishes), _) => {
            let read = tokio::task::spawn_blocking(move || {
                let mut shelf = Shelf::default();
                wishes.iter().map(|wish| shelf.read(wish)).collect()
            });
            Ok(Reply::Files(read.await.unwrap_or_default()))
        }
    }
}

/// What the connector says in its own words may quote the platform: such texts go into the record, into
/// comments and into the log.
fn tidied(
    mut result: Result<Step, Rejection>,
    endpoint: Option<&Endpoint>,
) -> Result<Step, Rejection> {
    match &mut result {
        Ok(Step::Page(page)) => {
            for failure in &mut page.failures {
                failure.detail = tidy(&failure.detail, endpoint);
            }
        }
        Err(
            Rejection::Unavailable { detail, .. }
            | Rejection::TooMuch { detail, .. }
            | Rejection::Refused { detail }
            | Rejection::Broken { detail }
            | Rejection::Credentials { advice: detail },
        ) => *detail = tidy(detail, endpoint),
        Ok(Step::Send(..) | Step::Later(..))
        | Err(Rejection::Throttled { .. } | Rejection::RestartWindow) => {}
    }
    result
}

/// One line without control characters and without the credential.
fn tidy(text: &str, endpoint: Option<&Endpoint>) -> String {
    let line: String = text
        .chars()
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .collect();
    match endpoint {
        Some(endpoint) => endpoint.scrub(&line),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::Date;

    use super::*;
    use crate::{
        model::{Method, Period},
        platforms::{Traits, connector},
    };

    /// A connector with a bug.
    struct Careless;

    impl Connector for Careless {
        fn traits(&self) -> Traits {
            connector("gong").expect("Gong is in the catalog").traits()
        }

        fn begin(&self, _: &Work, _: &Setup) -> Step {
            unreachable!("nothing is begun")
        }

        fn next(&self, _: &Work, _: &Setup, _: &Progress, _: &Reply) -> Result<Step, Rejection> {
            panic!("no such page\n::error::of the answer")
        }
    }

    #[tokio::test]
    async fn a_connector_that_panics_is_a_failure_of_its_import_alone() {
        let decode = Decode {
            connector: &Careless,
            setup: Arc::new(Setup {
                base_url: "https://api.gong.example".into(),
                options: serde_json::Map::new(),
                internal_domains: Vec::new(),
                period: Period {
                    from: Date::MIN,
                    to: Date::MAX,
                },
                method: Method::Api,
                as_of: Timestamp::UNIX_EPOCH,
                keys: 1,
                gathered: Arc::default(),
            }),
            work: Arc::new(Work::Verify),
            progress: Arc::new(Progress::Null),
        };
        let panic = decode
            .read(&Reader::new(), Reply::Files(Vec::new()))
            .await
            .unwrap_err();
        let detail = tidy(&panic, None);
        assert!(detail.contains("no such page"), "{detail}");
        assert_eq!(detail.lines().count(), 1, "{detail}");
    }
}
