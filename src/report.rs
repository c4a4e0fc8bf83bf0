//! Pure functions from values to the texts that people and programs read.

pub mod answer;
pub mod ask;
pub mod command;
pub mod comment;
mod customer;
pub mod erase;
mod facts;
pub mod files;
pub mod findings;
pub mod form;
pub mod matrix;
pub mod notice;
mod phase;
pub mod plan;
mod shortfall;
pub mod slack;
pub mod status;
pub mod summary;
pub mod text;
