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
//! | `fathom` | the Fathom API v1: keys that see different meetings, two limits, counted pages |
//! | `gong` | the Gong API v2: endpoints, cursors |
//! | `grain` | the Grain public API v2 |
//! | `avoma` | the Avoma API v1: pages by number, links to the next |
//! | `chorus` | Chorus by ZoomInfo: continuation keys, one call at a time |
//! | `fireflies` | Fireflies' GraphQL API |
//! | `tldv` | tl;dv's API v1alpha1 |
//! | `github` | GitHub's REST API around comments on pull requests |
//! | `slack` | Slack's incoming webhooks |
//! | `media` | a host of recordings, with links that expire |
//! | `oauth` | consents and tokens, for any of the platforms |
//! | `zoom` | Zoom's API v2 around cloud recordings: people, months, files |
//! | `clock` | the time, which a test may bring itself |
//! | `limits` | rate limits as sliding windows |
//! | `faults` | what goes wrong, and at which request |
//! | `log` | every request, and what can be proved from it |
//! | `gate` | holding back one reply, so that a test can act at exactly that moment |
//! | `server` | HTTP: the same for every platform |
//!
//! A further call-recording platform is one module: its `Config`, its state (`Simulated`, `server::Service`)
//! with one [`Account`] a company, and a [`Demo`] for the command line. Nothing else needs to know it, but for
//! the line here that declares it and two lines in `main.rs`.

pub mod avoma;
pub mod chorus;
pub mod clock;
pub mod company;
pub mod fathom;
pub mod faults;
pub mod fireflies;
pub mod gate;
pub mod github;
pub mod gong;
pub mod grain;
pub mod limits;
pub mod log;
pub mod media;
pub mod oauth;
pub mod slack;
pub mod tldv;
pub mod zoom;

mod bomb;
mod json;
mod random;
mod server;

#[cfg(test)]
mod tests;

use std::{
    any::Any,
    fmt, io,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    sync::Arc,
    thread::JoinHandle,
    time::Duration,
};

use tokio::sync::oneshot;

use crate::{
    clock::{Clock, SystemClock},
    company::{Account, Population},
    faults::Faults,
    gate::Held,
    limits::Limits,
    log::Log,
    oauth::Authority,
    server::{Server, Service, Traffic},
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
    /// Consents and tokens besides the keys that the platform knows.
    pub oauth: Option<oauth::Config>,
}

/// A platform that has not been started: [`Config::gong`] and its siblings make it.
pub struct Platform(Box<dyn FnOnce(Arc<Traffic>) -> Box<dyn Simulated> + Send>);

/// A platform that has been started: its state, which tests may change.
pub(crate) trait Simulated: Any + Send + Sync {
    /// What answers the requests.
    fn service(&self) -> Arc<dyn Service>;

    /// The account of the first company, where the platform records calls.
    fn account(&self) -> Option<&Account> {
        None
    }
}

/// A call-recording platform with one company, to try the importer out with.
#[derive(Debug, Clone, Copy)]
pub struct Demo {
    /// Its key in `matrix.yaml`.
    pub key: &'static str,
    /// Its name.
    pub name: &'static str,
    /// Its limits as documented.
    pub limits: Limits,
    /// What simulates it with these calls and limits and with that host of recordings, and the credential as the
    /// importer wants it.
    pub config: fn(Population, Limits, &str) -> (Config, serde_json::Value),
}

impl Config {
    /// A platform on a free port, with the system's time and no latency.
    pub(crate) fn of<S: Simulated>(start: impl FnOnce(Arc<Traffic>) -> S + Send + 'static) -> Self {
        Self {
            port: 0,
            clock: Arc::new(SystemClock),
            latency: Duration::ZERO,
            platform: Platform(Box::new(|traffic| Box::new(start(traffic)))),
            oauth: None,
        }
    }

    /// The same with consents and tokens.
    #[must_use]
    pub fn with_oauth(self, oauth: oauth::Config) -> Self {
        Self {
            oauth: Some(oauth),
            ..self
        }
    }
}

impl fmt::Debug for Platform {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Platform")
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
        let oauth = config.oauth;
        let oauth = oauth.map(|oauth| Authority::new(oauth, Arc::clone(&config.clock)));
        let traffic = Arc::new(Traffic::new(config.clock, config.latency, oauth));
        let state = (config.platform.0)(Arc::clone(&traffic));
        let server = Server::new(Arc::clone(&traffic), state.service());
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
            traffic,
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
    traffic: Arc<Traffic>,
    state: Box<dyn Simulated>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<io::Result<()>>>,
}

impl Running {
    /// The script of what goes wrong.
    pub fn faults(&self) -> &Faults {
        &self.traffic.faults
    }

    /// Every request so far.
    pub fn log(&self) -> &Log {
        &self.traffic.log
    }

    /// Holds back the reply to the request of that number, counted from 1, until the test says go. What the
    /// test changes meanwhile shows in the reply.
    pub fn on_request(&self, number: usize) -> Held {
        self.traffic.gates.hold(number)
    }

    /// Consents and tokens.
    ///
    /// # Panics
    /// When the platform was started without.
    pub fn oauth(&self) -> &Authority {
        let oauth = self.traffic.oauth.as_ref();
        oauth.expect("the test has started the platform with consents")
    }

    /// What the (first) company has on the platform, and what tests change of it.
    ///
    /// # Panics
    /// When the platform records no calls.
    pub fn account(&self) -> &Account {
        let account = self.state.account();
        account.expect("the test has started a platform that records calls")
    }

    /// The state of a platform, by its type.
    pub(crate) fn state<S: Simulated>(&self) -> &S {
        let state: &dyn Any = &*self.state;
        let state = state.downcast_ref();
        state.expect("the test has started the platform that it asks for")
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
