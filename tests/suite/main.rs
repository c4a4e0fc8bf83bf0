//! All integration tests in one binary, because each test binary links DuckDB.

mod architecture;
mod cli;
mod export;
mod findings;
mod gong;
mod matrix;
mod plan;
mod reconcile;
mod record;
mod store;
mod support;
mod uploads;
