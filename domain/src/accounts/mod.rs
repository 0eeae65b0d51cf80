//! Users, their sign-in and their sessions.

mod email;
mod mail;
mod password;
mod ports;
mod session;
mod token;
mod user;
mod username;

pub use email::Email;
pub use mail::{Mail, MailContent, MailError, MailLanguage};
pub use password::{Password, PasswordHash};
pub use ports::{
    AccessTokens, Mailer, PasswordHasher, PasswordStrength, PublicKey, SecretGenerator, SessionRepository,
    UserRepository, Verification,
};
#[cfg(feature = "test-support")]
pub use ports::{
    MockAccessTokens, MockMailer, MockPasswordHasher, MockPasswordStrength, MockSecretGenerator,
    MockSessionRepository, MockUserRepository,
};
pub use session::Session;
pub use token::{AccessClaims, InvalidToken, RefreshToken, TokenDigest};
pub use user::User;
pub use username::Username;
