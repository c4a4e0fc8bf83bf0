//! Tests of reconcile.
