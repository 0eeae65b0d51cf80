//! Accounts, from outside.

mod login;
mod profile;
mod registration;

/// An e-mail address that nobody has.
fn unique_email() -> String {
    format!("{}@example.org", tests::unique_name("address"))
}
