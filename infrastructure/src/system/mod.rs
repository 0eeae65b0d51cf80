//! The clock and new ids.
