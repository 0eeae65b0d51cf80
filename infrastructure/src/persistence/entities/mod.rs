//! The tables, as sea-orm sees them.
#![expect(
    unreachable_pub,
    reason = "sea-orm derives public types, which need public models"
)]

pub(super) mod api_keys;
pub(super) mod blob_deletions;
pub(super) mod codes;
pub(super) mod faces;
pub(super) mod feedbacks;
pub(super) mod identities;
pub(super) mod images;
pub(super) mod kept_answers;
pub(super) mod login_networks;
pub(super) mod mail_orders;
pub(super) mod prediction_outcomes;
pub(super) mod prediction_tallies;
pub(super) mod predictions;
pub(super) mod sessions;
pub(super) mod spent_refresh_tokens;
pub(super) mod tasks;
pub(super) mod text_pages;
pub(super) mod texts;
pub(super) mod throttle_counts;
pub(super) mod user_events;
pub(super) mod users;
