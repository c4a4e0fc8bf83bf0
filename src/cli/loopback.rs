//! Waits on this machine for the browser that a platform sends back (RFC 8252, section 7.3): the least of a web
//! server, on 127.0.0.1, for one answer.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    time::timeout,
};

/// Longest head of a request: an address with a code, and what browsers say about themselves.
const MAX_HEAD: usize = 16 << 10;

/// Browsers open connections that they do not use.
const PATIENCE: Duration = Duration::from_secs(30);

/// Listens for the browser.
pub(super) struct Loopback {
    listener: TcpListener,
    arrived: (mpsc::Sender<Visit>, mpsc::Receiver<Visit>),
}

/// A browser that asks for something and waits for the answer.
pub(super) struct Visit {
    /// Path and query of what it asks for.
    pub(super) target: String,
    stream: TcpStream,
}

impl Loopback {
    /// On this port; 0 takes a free one.
    pub(super) async fn bind(port: u16) -> io::Result<Self> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        Ok(Self {
            listener: TcpListener::bind(address).await?,
            arrived: mpsc::channel(1),
        })
    }

    /// The port.
    pub(super) fn port(&self) -> io::Result<u16> {
        Ok(self.listener.local_addr()?.port())
    }

    /// The next one who asks for something.
    pub(super) async fn next(&mut self) -> io::Result<Visit> {
        loop {
            tokio::select! {
                Some(visit) = self.arrived.1.recv() => return Ok(visit),
                connection = self.listener.accept() => {
                    let (stream, _) = connection?;
                    let arrived = self.arrived.0.clone();
                    tokio::spawn(async move {
                        if let Ok(Some(visit)) = timeout(PATIENCE, read(stream)).await {
                            // Nobody waits any more if the answer has come on another connection.
                            let _ = arrived.send(visit).await;
                        }
                    });
                }
            }
        }
    }
}

impl Visit {
    /// Shows a page of one sentence. That the browser has gone is no reason to fail.
    pub(super) async fn answer(mut self, status: &str, sentence: &str) {
        let body = format!(
            "<!DOCTYPE html><meta charset=\"utf-8\"><title>call-import</title><p>{sentence}</p>\n"
        );
        let length = body.len();
        let page = format!(
            "HTTP/1.1 {status}\r\ncontent-type: text/html; charset=utf-8\r\ncontent-length: {length}\r\n\
             cache-control: no-store\r\nreferrer-policy: no-referrer\r\nconnection: close\r\n\r\n{body}"
        );
        let _ = self.stream.write_all(page.as_bytes()).await;
        let _ = self.stream.shutdown().await;
    }
}

/// The head of a request; `None` if it is none.
async fn read(mut stream: TcpStream) -> Option<Visit> {
    let mut head = Vec::new();
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        if head.len() > MAX_HEAD || stream.read_buf(&mut head).await.ok()? == 0 {
            return None;
        }
    }
    let line = String::from_utf8_lossy(&head);
    let mut words = line.lines().next()?.split(' ');
    let (verb, target) = (words.next()?, words.next()?);
    (verb == "GET" && target.starts_with('/')).then(|| Visit {
        target: target.to_owned(),
        stream,
    })
}
