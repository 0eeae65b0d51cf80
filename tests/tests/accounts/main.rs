//! Accounts, from outside.

mod api_keys;
mod login;
mod profile;
mod registration;
mod sessions;
mod throttles;

/// An e-mail address that nobody has.
fn unique_email() -> String {
    format!("{}@example.org", tests::unique_name("address"))
}
