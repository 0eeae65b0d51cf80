//! Registering, logging in and keeping a profile.

mod authenticate;
mod delete_expired_sessions;
mod delete_user;
mod log_in;
mod register_user;
mod update_profile;

pub use authenticate::{Authenticate, Authenticated};
pub use delete_expired_sessions::DeleteExpiredSessions;
pub use delete_user::DeleteUser;
pub use log_in::{LogIn, TokenLifetimes, Tokens};
pub use register_user::{RegisterUser, Registration};
pub use update_profile::UpdateProfile;
