//! Hashing, tokens and secrets.
