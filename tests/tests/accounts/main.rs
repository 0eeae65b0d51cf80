//! Accounts, from outside.

mod admin;
mod api_keys;
mod delivery;
mod events;
mod login;
mod oidc;
mod profile;
mod recovery;
mod registration;
mod secrecy;
mod sessions;
mod throttles;
mod verification;

/// An e-mail address that nobody has.
fn unique_email() -> String {
    format!("{}@example.org", tests::unique_name("address"))
}

/// A code that is not this one.
fn another_code(code: &str) -> String {
    let number: u32 = code.parse().expect("a number");
    format!("{:08}", (number + 1) % 100_000_000)
}
