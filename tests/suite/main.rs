//! All integration tests in one binary, because each test binary links DuckDB.

#![expect(clippy::too_many_lines, reason = "a story is told in one piece")]

mod addresses;
mod architecture;
mod before_merge;
mod canary;
mod cli;
mod commands;
mod comments;
mod corpus;
mod deliver;
mod erase;
mod export;
mod fathom;
mod faults;
mod files;
mod findings;
mod gong;
mod grain;
mod hostile;
mod hundred_nights;
mod journey;
mod kill;
mod matrix;
mod media;
mod new;
mod oauth;
mod plan;
mod platforms;
mod reconcile;
mod record;
mod seal;
mod slack;
mod state;
mod store;
mod story;
mod support;
mod uploads;
mod workflows;
mod zoom;
