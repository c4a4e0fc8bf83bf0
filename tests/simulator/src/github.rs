//! The endpoints of GitHub's REST API that pull requests and comments on them need, for one repository:
//! <https://docs.github.com/rest>, version 2022-11-28. It serves them below `/` as github.com does and
//! below `/api/v3` as GitHub Enterprise Server does. Answers are complete in the sense of GitHub's OpenAPI
//! description, which `.ci/check-github-simulator` holds them to.
//!
//! ```
//! use simulator::{Config, Simulator, github::{self, Place, PullRequest}};
//!
//! let running = Simulator::start(Config::github(github::Config::default()))?;
//! let github = running.github();
//! github.merge(PullRequest::new(12, "jane-doe", ["requests/northwind.yaml"]));
//! github.comment_as("mallory", &Place::PullRequest(12), "Looks good.");
//! assert_eq!(github.comments(&Place::PullRequest(12)).len(), 1);
//! assert!(github.violations().is_empty());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! What goes wrong is written as everywhere in this crate, with rules. An outage is
//! `Rule::new(Fault::status(503))` until it is released; the answer to the third write is lost with
//! `Rule::new(Fault::Lost).on_writes().skip(2).once()`.

mod answer;
mod before;
mod branches;
mod comments;
mod contents;
mod drive;
mod exchange;
mod limits;
mod mentions;
mod paging;
mod respond;
mod route;
mod write;

use std::sync::{Arc, Mutex, MutexGuard};

pub use branches::{Issue, Status};
pub use comments::{Comment, Deletion, Edit, Notification, Place};
pub use drive::{Merging, PullRequest};
pub use limits::{Excess, Limits, Violation};
pub use route::{
    ADD_LABELS, COMBINED_STATUS, COMMENT, COMMENTS, COMMIT_COMMENT, COMMIT_COMMENTS, COMMITS,
    CREATE_COMMENT, CREATE_COMMIT_COMMENT, CREATE_PULL, CREATE_REF, CREATE_STATUS, DELETE_COMMENT,
    DELETE_COMMIT_COMMENT, DELETE_FILE, EDIT_COMMENT, EDIT_COMMIT_COMMENT, EDIT_ISSUE, FILE,
    GRAPHQL, ISSUE, LABEL, LIST_PULLS, PERMISSION, PULL, PULL_FILES, PULLS, PUT_FILE, RATE_LIMIT,
    REACT, RECENT_COMMENTS, REF, REPOSITORY, USER,
};

use crate::{
    Running, Simulated,
    faults::Faults,
    gate::Held,
    log::Log,
    server::{Service, Traffic},
};

use contents::Contents;
use limits::Limiter;

/// The most characters that the body of a comment may have, in the words of GitHub's own refusal. It has been
/// seen to take longer ones, up to 262,144 bytes; who keeps to what it says is safe.
pub const LONGEST_BODY: usize = 65_536;

/// The login of the token that GitHub Actions gives to a workflow.
pub const ACTIONS: &str = "github-actions[bot]";

/// A simulated GitHub.
#[derive(Debug, Clone)]
pub struct Config {
    /// Owner and name of the only repository there is.
    pub repository: String,
    /// The only token that is accepted.
    pub token: String,
    /// Whose token it is.
    pub identity: Identity,
    /// `None` as on GitHub Enterprise Server, where rate limits are off by default.
    pub limits: Option<Limits>,
}

/// Whose token it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Identity {
    /// That of a workflow: `GET /user` is forbidden to it.
    Actions,
    /// The personal token of a user with this login.
    User(String),
}

impl Identity {
    /// The author of what is written with the token.
    pub fn login(&self) -> &str {
        match self {
            Self::Actions => ACTIONS,
            Self::User(login) => login,
        }
    }
}

impl Default for Config {
    /// The repository `example/imports`, the token `simulated` of GitHub Actions, and its limits.
    fn default() -> Self {
        Self {
            repository: "example/imports".into(),
            token: "simulated".into(),
            identity: Identity::Actions,
            limits: Some(Limits::ACTIONS),
        }
    }
}

/// A running GitHub, for tests. Clones share the state.
#[derive(Clone)]
pub struct GitHub(Arc<State>);

/// What the endpoints answer from.
struct State {
    token: String,
    traffic: Arc<Traffic>,
    limiter: Mutex<Limiter>,
    contents: Mutex<Contents>,
    switches: Mutex<Switches>,
}

/// What tests switch.
struct Switches {
    identity: Identity,
    /// Whether the token may only read.
    read_only: bool,
    /// A text: the next comment with it is stored twice, as if a second run had been faster.
    rival: Option<String>,
    /// The host to which `next` links point, in place of the own one.
    foreign_next: Option<String>,
}

impl GitHub {
    fn new(config: Config, traffic: Arc<Traffic>) -> Self {
        let (owner, name) = config
            .repository
            .split_once('/')
            .expect("a repository is named by its owner and its name");
        let contents = Contents::new(owner, name, traffic.clock.now());
        Self(Arc::new(State {
            token: config.token,
            limiter: Mutex::new(Limiter::new(config.limits)),
            contents: Mutex::new(contents),
            switches: Mutex::new(Switches {
                identity: config.identity,
                read_only: false,
                rival: None,
                foreign_next: None,
            }),
            traffic,
        }))
    }

    /// The script of what goes wrong.
    pub fn faults(&self) -> &Faults {
        &self.0.traffic.faults
    }

    /// Every request so far.
    pub fn log(&self) -> &Log {
        &self.0.traffic.log
    }

    /// Holds back the reply to the request of that number, counted from 1, until the test says go. What the
    /// test changes meanwhile shows in the reply.
    pub fn on_request(&self, number: usize) -> Held {
        self.0.traffic.gates.hold(number)
    }

    /// Every request that a client which keeps to GitHub's rules would not have sent.
    pub fn violations(&self) -> Vec<Violation> {
        self.0.limiter().violations().to_vec()
    }
}

impl Simulated for GitHub {
    fn service(&self) -> Arc<dyn Service> {
        Arc::clone(&self.0) as Arc<dyn Service>
    }
}

impl crate::Config {
    /// GitHub on a free port, with the system's time and no latency.
    pub fn github(config: Config) -> Self {
        Self::of(|traffic| GitHub::new(config, traffic))
    }
}

impl Running {
    /// Repository, fault script and log of the simulated GitHub.
    ///
    /// # Panics
    /// When it is another platform.
    pub fn github(&self) -> &GitHub {
        self.state()
    }
}

impl State {
    fn limiter(&self) -> MutexGuard<'_, Limiter> {
        self.limiter.lock().expect("no holder of this lock panics")
    }

    fn contents(&self) -> MutexGuard<'_, Contents> {
        self.contents
            .lock()
            .expect("the test has asked only for what is there")
    }

    fn switches(&self) -> MutexGuard<'_, Switches> {
        self.switches.lock().expect("no holder of this lock panics")
    }
}
