//! Tests of matrix.
