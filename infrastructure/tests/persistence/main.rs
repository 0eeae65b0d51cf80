//! What every database must do alike: each scenario runs on each of them.

mod accounts;
mod api_keys;
mod blob_deletions;
mod codes;
mod connections;
mod databases;
mod events;
mod faces;
mod idempotency_keys;
mod identities;
mod images;
mod outgoing_mails;
mod predictions;
mod refresh_tokens;
mod refreshes_at_once;
mod samples;
mod schema;
mod sessions;
mod tasks;
mod texts;
mod throttles;
mod units_of_work;
