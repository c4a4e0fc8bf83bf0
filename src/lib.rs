//! The Call Import Engine: from a YAML file to recorded calls in DuckDB.
//!
//! A merged request file is *desired state*, DuckDB holds *observed state*. A pure function turns both
//! into a [`plan`]; one loop in [`reconcile`] carries it out; everything people read is a pure function
//! of what is then recorded ([`report`]). Run it twice and the second run does nothing; kill it anywhere
//! and the next run goes on.
//!
//! Modules import strictly downward (`tests/suite/architecture.rs` holds the table):
//!
//! | rank | module | what lives there |
//! |---|---|---|
//! | 0 | [`model`] | calls, transcripts, windows, phases: values without any outside |
//! | 1 | [`files`] | sans-I/O readers of exported files: transcripts, lists, bundles, recordings |
//! | 2 | [`platforms`] | one sans-I/O connector a platform: builds requests, decodes replies |
//! | 3 | [`spec`] | YAML → schema → rules → `ImportRequest`, `SupportMatrix`, `Finding` |
//! | 4 | [`import`] | the deciding part of an import: streams, retries, rate limits, outcome |
//! | 5 | [`plan`] | desired + observed → what the next run does, when, and what it holds back |
//! | 6 | [`report`] | pure functions from values to the texts that people and programs read |
//! | 7 | [`kill`] | named points at which tests stop the program; nothing in a release |
//! | 8 | [`workspace`], [`clock`], [`secrets`], [`http`], [`store`], [`objects`], [`github`], [`slack`] | one adapter each to the outside; none knows another |
//! | 9 | [`state`] | the record between two runs: saved as encrypted bundles, checked when it comes back |
//! | 9 | [`comments`] | comments on GitHub: each stands once, at the pace that GitHub allows |
//! | 10 | [`reconcile`] | read, plan, drive, record: the only loop |
//! | 10 | [`review`] | before the merge: pull requests are opened, and told what will become of them |
//! | 11 | [`cli`] | arguments and the composition root, one file a command |
//!
//! What is deliberately absent: platform code sees no socket, no clock and no secret; database code
//! sees no platform; nothing below rank 7 reads the time or acts on the world.

pub mod cli;
pub mod clock;
pub mod comments;
pub mod files;
pub mod github;
pub mod http;
pub mod import;
pub mod kill;
pub mod model;
pub mod objects;
pub mod plan;
pub mod platforms;
pub mod reconcile;
pub mod report;
pub mod review;
pub mod secrets;
pub mod slack;
pub mod spec;
pub mod state;
pub mod store;
pub mod workspace;
