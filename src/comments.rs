//! Comments on GitHub as they should stand: each once, whoever else writes, at the pace that GitHub allows.

mod patience;
mod placed;

pub use patience::{Halt, Kind, Patience};
pub use placed::{Placed, marker};
