//! Configuration and the commands of the program.

mod buckets;
mod commands;
mod databases;
mod documentation;
mod mistakes;
mod secrets;
mod settings;

/// What the program ends with when it cannot be started as it is configured or called.
const MISCONFIGURED: Option<i32> = Some(2);
