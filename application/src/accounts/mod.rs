//! Accounts: registration, logins, sessions, API keys, recovery and administration.

mod administration;
mod api_keys;
mod authentication;
mod events;
mod id_token_logins;
mod logins;
mod mail_delivery;
mod passwords;
mod profile;
mod rate_limiter;
mod recovery;
mod registration;
mod session_tokens;
mod sessions;

pub use administration::Administration;
pub use api_keys::ApiKeys;
pub use authentication::{Authenticated, Authentication, Credential};
pub use events::Events;
pub use id_token_logins::IdTokenLogins;
pub use logins::Logins;
pub use mail_delivery::{MailDelivery, MailSignals};
pub use passwords::Passwords;
pub use profile::Profiles;
pub(crate) use rate_limiter::LoginAttempt;
pub use rate_limiter::{RateLimiter, RateLimits};
pub use recovery::Recovery;
pub(crate) use registration::add_user;
pub use registration::{Registration, Registrations};
pub use session_tokens::{SessionTokens, TokenLifetimes, Tokens};
pub use sessions::Sessions;
