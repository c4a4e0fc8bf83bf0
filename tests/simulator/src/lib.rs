//! Simulated call-recording platforms, and GitHub: faithful enough to test an importer against, with failures on
//! demand and a log of every request. It knows nothing of the engine; the two meet over HTTP only.
//!
//! A simulator is one platform on one port:
//!
//! ```
//! use simulator::{Config, Simulator, gong};
//!
//! let population = gong::Population::new(1, 250, "2026-01-01".parse()?, "2026-03-31".parse()?, 8);
//! let running = Simulator::start(Config::gong(gong::Config::new(population)))?;
//! assert!(running.url.starts_with("http://127.0.0.1:"));
//! assert!(running.gong().log().is_empty());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | module | what lives there |
//! |---|---|
//! | `company` | the invented company whose calls every platform tells of |
//! | `gong` | the Gong API v2: endpoints, cursors |
//! | `github` | GitHub's REST API around comments on pull requests |
//! | `clock` | the time, which a test may bring itself |
//! | `limits` | rate limits as sliding windows |
//! | `faults` | what goes wrong, and at which request |
//! | `log` | every request, and what can be proved from it |
//! | `gate` | holding back one reply, so that a test can act at exactly that moment |
//! | `server` | HTTP: the same for every platform |
//!
//! A further platform is a module that implements `server::Service`, a variant of [`Platform`] and a
//! method of [`Running`] that hands out its state.

pub mod clock;
pub mod company;
pub mod faults;
pub mod gate;
pub mod github;
pub mod gong;
pub mod limits;
pub mod log;

mod bomb;
mod json;
mod random;
mod server;

#[cfg(test)]
mod tests;

use std::{
    io,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    sync::Arc,
    thread::JoinHandle,
    time::Duration,
};

use tokio::sync::oneshot;

use crate::{
    clock::{Clock, SystemClock},
    github::GitHub,
    gong::Gong,
    server::{Server, Traffic},
};

/// What to simulate.
pub struct Config {
    /// Port on 127.0.0.1; 0 takes a free one.
    pub port: u16,
    /// The time for limits, cursors, latency and the log.
    pub clock: Arc<dyn Clock>,
    /// How long every request takes.
    pub latency: Duration,
    /// Which platform.
    pub platform: Platform,
}

/// The platforms there are.
pub enum Platform {
    /// Gong API v2.
    Gong(gong::Config),
    /// GitHub's REST API around comments on pull requests.
    GitHub(github::Config),
}

impl Config {
    /// Gong on a free port, with the system's time and no latency.
    pub fn gong(config: gong::Config) -> Self {
        Self::of(Platform::Gong(config))
    }

    /// GitHub on a free port, with the system's time and no latency.
    pub fn github(config: github::Config) -> Self {
        Self::of(Platform::GitHub(config))
    }

    fn of(platform: Platform) -> Self {
        Self {
            port: 0,
            clock: Arc::new(SystemClock),
            latency: Duration::ZERO,
            platform,
        }
    }
}

/// Starts simulated platforms.
pub struct Simulator;

impl Simulator {
    /// Serves on 127.0.0.1 from a thread of its own until the returned value is dropped, so that tests
    /// with and without an async runtime can use it.
    ///
    /// # Errors
    /// When the port is taken or the thread cannot be started.
    pub fn start(config: Config) -> io::Result<Running> {
        let traffic = Arc::new(Traffic::new(config.clock, config.latency));
        let (server, state) = match config.platform {
            Platform::Gong(config) => {
                let gong = Gong::new(config, Arc::clone(&traffic));
                let server = Server::new(traffic, gong.platform());
                (server, State::Gong(gong))
            }
            Platform::GitHub(config) => {
                let github = GitHub::new(config, Arc::clone(&traffic));
                let server = Server::new(traffic, github.platform());
                (server, State::GitHub(github))
            }
        };
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, config.port));
        let listener = TcpListener::bind(address)
            .map_err(|error| io::Error::new(error.kind(), format!("{address}: {error}")))?;
        listener.set_nonblocking(true)?;
        let url = format!("http://{}", listener.local_addr()?);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()?;
        let (stop, stopped) = oneshot::channel::<()>();
        let thread = std::thread::Builder::new()
            .name("simulator".into())
            .spawn(move || {
                runtime.block_on(async {
                    tokio::select! {
                        outcome = server::serve(listener, server) => outcome,
                        // Also when the sender is gone: nobody can ask for anything any more.
                        _ = stopped => Ok(()),
                    }
                })
            })?;
        Ok(Running {
            url,
            state,
            stop: Some(stop),
            thread: Some(thread),
        })
    }
}

/// A simulated platform that serves. Dropping it closes every connection.
pub struct Running {
    /// Scheme, host and port, without a slash at the end.
    pub url: String,
    state: State,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<io::Result<()>>>,
}

enum State {
    Gong(Gong),
    GitHub(GitHub),
}

impl Running {
    /// Population, fault script and log of the simulated Gong.
    ///
    /// # Panics
    /// When it is another platform.
    pub fn gong(&self) -> &Gong {
        match &self.state {
            State::Gong(gong) => gong,
            State::GitHub(_) => panic!("the test has started a GitHub"),
        }
    }

    /// Repository, fault script and log of the simulated GitHub.
    ///
    /// # Panics
    /// When it is another platform.
    pub fn github(&self) -> &GitHub {
        match &self.state {
            State::GitHub(github) => github,
            State::Gong(_) => panic!("the test has started a Gong"),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic of the server has already been printed and must not become a second one here.
            let _ = thread.join();
        }
    }
}
