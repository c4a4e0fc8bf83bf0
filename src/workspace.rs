//! Reads requests, matrix and uploaded files from disk.
