//! The same way for texts that would like to be more than text.
