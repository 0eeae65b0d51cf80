//! Users, their sign-in and their sessions.

mod api_key;
mod code;
mod email;
mod event;
mod identity;
mod mail;
mod outgoing_mail;
mod password;
mod ports;
mod rate_limit;
mod session;
mod token;
mod user;
mod username;

pub use api_key::{ApiKey, ApiKeyName, ApiKeySecret};
pub use code::{Code, CodePurpose, IssuedCode};
pub use email::Email;
pub use event::{EventKind, SecurityEvent};
pub use identity::{IdTokenError, Identity, IdentityClaims, LinkedIdentity};
pub use mail::{Mail, MailContent, MailError, MailLanguage};
pub use outgoing_mail::OutgoingMail;
pub use password::{Password, PasswordHash};
pub use ports::{
    AccessTokens, ApiKeyReader, ApiKeyRepository, CodeRepository, EventReader, EventRepository,
    IdTokenVerifier, IdentityReader, IdentityRepository, Mailer, OutgoingMailReader, OutgoingMailRepository,
    PasswordHasher, PasswordStrength, PublicKey, RateLimitReader, RateLimitRepository, SecretGenerator,
    SessionReader, SessionRepository, UserReader, UserRepository, Verification,
};
#[cfg(feature = "test-support")]
pub use ports::{
    MockAccessTokens, MockIdTokenVerifier, MockMailer, MockPasswordHasher, MockPasswordStrength,
    MockSecretGenerator,
};
pub use rate_limit::{Network, RateLimitKey, RateLimitScope, RateLimitWindow};
pub use session::{Origin, PresentedToken, Session};
pub use token::{AccessClaims, InvalidToken, RefreshToken, TokenDigest};
pub use user::{Role, User, UserSearch};
pub use username::Username;
