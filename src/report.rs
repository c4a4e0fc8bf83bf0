//! Pure functions from values to texts.
