//! Users, their sign-in and their sessions.

mod api_key;
mod email;
mod mail;
mod password;
mod ports;
mod session;
mod throttle;
mod token;
mod user;
mod username;

pub use api_key::{ApiKey, ApiKeyName, ApiKeySecret};
pub use email::Email;
pub use mail::{Mail, MailContent, MailError, MailLanguage};
pub use password::{Password, PasswordHash};
pub use ports::{
    AccessTokens, ApiKeyRepository, Mailer, PasswordHasher, PasswordStrength, PublicKey, SecretGenerator,
    SessionRepository, ThrottleRepository, UserRepository, Verification,
};
#[cfg(feature = "test-support")]
pub use ports::{
    MockAccessTokens, MockApiKeyRepository, MockMailer, MockPasswordHasher, MockPasswordStrength,
    MockSecretGenerator, MockSessionRepository, MockThrottleRepository, MockUserRepository,
};
pub use session::{Origin, PresentedToken, Session};
pub use throttle::{Count, Counted, Counter, Network};
pub use token::{AccessClaims, InvalidToken, RefreshToken, TokenDigest};
pub use user::User;
pub use username::Username;
