//! One exchange: out to the platform or to the files, and through the connector.

use std::sync::Arc;

use jiff::Timestamp;

use super::{Edges, lane::News};
use crate::{
    http::{Endpoint, SendError},
    platforms::{Connector, Exchange, Progress, Reply, Setup, Work},
    workspace,
};

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
    edges: &Edges<'_>,
    endpoint: Option<Arc<Endpoint>>,
    ticket: u64,
    exchange: Exchange,
    decode: Decode,
    now: Timestamp,
) -> News {
    let mut interrupt = edges.interrupt.clone();
    let reply = tokio::select! {
        reply = reply(edges, endpoint, exchange, now) => reply,
        _ = interrupt.wait_for(|stop| *stop) => return News::Abandoned,
    };
    let reply = match reply {
        Ok(reply) => reply,
        Err(error) => {
            return News::Lost {
                ticket,
                class: error.class(),
                detail: error.detail(),
            };
        }
    };
    let decoding = tokio::task::spawn_blocking(move || {
        decode
            .connector
            .next(&decode.work, &decode.setup, &decode.progress, &reply)
    });
    match decoding.await {
        Ok(result) => News::Answered {
            ticket,
            result: Box::new(result),
        },
        Err(error) => News::Crashed {
            detail: error.to_string(),
        },
    }
}

async fn reply(
    edges: &Edges<'_>,
    endpoint: Option<Arc<Endpoint>>,
    exchange: Exchange,
    now: Timestamp,
) -> Result<Reply, SendError> {
    match (exchange, endpoint) {
        (Exchange::Http(exchange), Some(endpoint)) => edges
            .http
            .send(&endpoint, &exchange, now)
            .await
            .map(Reply::Http),
        (Exchange::Http(_), None) => Err(SendError::Credential),
        (Exchange::Files(files), _) => {
            let read = tokio::task::spawn_blocking(move || workspace::read_uploads(&files)).await;
            Ok(Reply::Files(read.unwrap_or_default()))
        }
    }
}
