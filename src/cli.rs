//! Arguments and the composition root.
