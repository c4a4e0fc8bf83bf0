//! Tests of the plan: each transition of `design.md` section 6, the nights, the laws, and the texts.

mod laws;
mod nights;
mod scene;
mod texts;
mod transitions;
