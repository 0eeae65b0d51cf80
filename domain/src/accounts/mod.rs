//! Users, their sign-in and their sessions.

mod api_key;
mod code;
mod email;
mod event;
mod identity;
mod mail;
mod mail_order;
mod password;
mod ports;
mod session;
mod throttle;
mod token;
mod user;
mod username;

pub use api_key::{ApiKey, ApiKeyName, ApiKeySecret};
pub use code::{Code, CodePurpose, IssuedCode};
pub use email::Email;
pub use event::{EventKind, SecurityEvent};
pub use identity::{IdTokenError, Identity, IdentityClaims, LinkedIdentity};
pub use mail::{Mail, MailContent, MailError, MailLanguage};
pub use mail_order::MailOrder;
pub use password::{Password, PasswordHash};
pub use ports::{
    AccessTokens, ApiKeyRepository, CodeRepository, EventRepository, IdTokenVerifier, IdentityRepository,
    MailOrderRepository, Mailer, PasswordHasher, PasswordStrength, PublicKey, SecretGenerator,
    SessionRepository, ThrottleRepository, UserRepository, Verification,
};
#[cfg(feature = "test-support")]
pub use ports::{
    MockAccessTokens, MockApiKeyRepository, MockCodeRepository, MockEventRepository, MockIdTokenVerifier,
    MockIdentityRepository, MockMailOrderRepository, MockMailer, MockPasswordHasher, MockPasswordStrength,
    MockSecretGenerator, MockSessionRepository, MockThrottleRepository, MockUserRepository,
};
pub use session::{Origin, PresentedToken, Session};
pub use throttle::{Count, Counted, Counter, Network};
pub use token::{AccessClaims, InvalidToken, RefreshToken, TokenDigest};
pub use user::{Role, User, UserSearch};
pub use username::Username;
