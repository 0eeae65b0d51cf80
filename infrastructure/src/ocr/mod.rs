//! Recognition of text.
