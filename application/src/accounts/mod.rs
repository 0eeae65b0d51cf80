//! Registering, logging in and keeping a profile.

mod authenticate;
mod change_password;
mod create_api_key;
mod delete_api_key;
mod delete_expired_sessions;
mod delete_user;
mod end_session;
mod list_api_keys;
mod list_sessions;
mod log_in;
mod log_out;
mod open_session;
mod password_rules;
mod refresh_session;
mod register_user;
mod session_tokens;
mod update_profile;

pub use authenticate::{Authenticate, Authenticated, Credential};
pub use change_password::ChangePassword;
pub use create_api_key::CreateApiKey;
pub use delete_api_key::DeleteApiKey;
pub use delete_expired_sessions::DeleteExpiredSessions;
pub use delete_user::DeleteUser;
pub use end_session::EndSession;
pub use list_api_keys::ListApiKeys;
pub use list_sessions::ListSessions;
pub use log_in::LogIn;
pub use log_out::LogOut;
pub use open_session::OpenSession;
pub use refresh_session::RefreshSession;
pub use register_user::{RegisterUser, Registration};
pub use session_tokens::{SessionTokens, TokenLifetimes, Tokens};
pub use update_profile::UpdateProfile;
