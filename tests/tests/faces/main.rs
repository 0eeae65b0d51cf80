//! Faces, from outside.

mod enrolling;
mod identifying;
mod keeping;
mod logging_in;
mod refusals;
mod registering;
