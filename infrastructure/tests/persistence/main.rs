//! What every database must do alike: each scenario runs on each of them.

mod accounts;
mod answers;
mod blob_deletions;
mod databases;
mod images;
mod samples;
mod schema;
mod tasks;
mod texts;
mod units_of_work;
