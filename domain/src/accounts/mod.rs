//! Users, their sign-in and their sessions.

mod api_key;
mod email;
mod mail;
mod password;
mod ports;
mod session;
mod token;
mod user;
mod username;

pub use api_key::{ApiKey, ApiKeyName, ApiKeySecret};
pub use email::Email;
pub use mail::{Mail, MailContent, MailError, MailLanguage};
pub use password::{Password, PasswordHash};
pub use ports::{
    AccessTokens, ApiKeyRepository, Mailer, PasswordHasher, PasswordStrength, PublicKey, SecretGenerator,
    SessionRepository, UserRepository, Verification,
};
#[cfg(feature = "test-support")]
pub use ports::{
    MockAccessTokens, MockApiKeyRepository, MockMailer, MockPasswordHasher, MockPasswordStrength,
    MockSecretGenerator, MockSessionRepository, MockUserRepository,
};
pub use session::{Origin, PresentedToken, Session};
pub use token::{AccessClaims, InvalidToken, RefreshToken, TokenDigest};
pub use user::User;
pub use username::Username;
