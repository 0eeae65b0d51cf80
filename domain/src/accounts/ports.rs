//! What the accounts need from outside.

use super::{
    AccessClaims, ApiKey, Code, CodePurpose, Email, IdTokenError, Identity, IdentityClaims, InvalidToken,
    IssuedCode, LinkedIdentity, Mail, MailError, Network, OutgoingMail, Password, PasswordHash,
    PresentedToken, RateLimitKey, RateLimitWindow, SecurityEvent, Session, TokenDigest, User, UserSearch,
    Username,
};
use crate::{
    BoxError,
    clock::Timestamp,
    ids::{ApiKeyId, SessionId, UserId},
    page::{Page, PageRequest},
    store::StoreError,
};
use async_trait::async_trait;
use secrecy::SecretString;

/// Stored users.
#[async_trait]
pub trait UserReader: Send + Sync {
    /// The user of this name, without case; `None` when there is none.
    async fn find_by_username(&self, username: &Username) -> Result<Option<User>, StoreError>;
    /// The user of this address, without case; `None` when there is none.
    async fn find_by_email(&self, email: &Email) -> Result<Option<User>, StoreError>;
    /// A page of the users, newest first: those that match, or all.
    async fn list(&self, matching: Option<UserSearch>, page: PageRequest) -> Result<Page<User>, StoreError>;
}

/// [`UserReader`] and the changes, which only a [`Transaction`](crate::store::Transaction) can make.
#[async_trait]
pub trait UserRepository: UserReader {
    /// The user, whose row no other unit of work can change until this one ends; `None` when there is none.
    async fn lock(&self, id: UserId) -> Result<Option<User>, StoreError>;
    /// Adds a user. [`Conflict::Username`](crate::store::Conflict) or `Email` when taken.
    async fn insert(&self, user: &User) -> Result<(), StoreError>;
    /// Writes every field of a user that exists. [`Conflict::Username`](crate::store::Conflict) or `Email` when taken.
    async fn update(&self, user: &User) -> Result<(), StoreError>;
    /// Removes the user and every row that belongs to him; nothing when there is none.
    async fn delete(&self, id: UserId) -> Result<(), StoreError>;
}

/// Stored sessions, each with the digests of the refresh tokens that it was renewed with.
#[async_trait]
pub trait SessionReader: Send + Sync {
    /// The user of a session that has not ended at `now`, in one read; `None` when there is none.
    async fn find_user(&self, id: SessionId, now: Timestamp) -> Result<Option<User>, StoreError>;
    /// A page of the user's sessions that have not ended at `now`, newest first.
    async fn list(
        &self,
        user: UserId,
        now: Timestamp,
        page: PageRequest,
    ) -> Result<Page<Session>, StoreError>;
}

/// [`SessionReader`] and the changes, which only a [`Transaction`](crate::store::Transaction) can make.
#[async_trait]
pub trait SessionRepository: SessionReader {
    /// Adds a session. [`StoreError::OwnerDeleted`] when its user is gone.
    async fn insert(&self, session: &Session) -> Result<(), StoreError>;
    /// The session, not ended at `now`, that a refresh token belongs to or belonged to, whose row no other unit of work
    /// can change until this one ends; `None` when there is none.
    async fn lock_presented(
        &self,
        token: &TokenDigest,
        now: Timestamp,
    ) -> Result<Option<PresentedToken>, StoreError>;
    /// Writes a renewed session, and keeps the digest that was current until `renewed.last_used_at` as a spent one.
    async fn renew(&self, renewed: &Session, spent: &TokenDigest) -> Result<(), StoreError>;
    /// Ends the user's session; false when there is none.
    async fn delete(&self, user: UserId, id: SessionId) -> Result<bool, StoreError>;
    /// Ends every session of the user but this one; how many there were.
    async fn delete_all(&self, user: UserId, except: Option<SessionId>) -> Result<u64, StoreError>;
    /// Removes the sessions that ended before `now` and says how many.
    async fn delete_expired(&self, now: Timestamp) -> Result<u64, StoreError>;
}

/// Stored API keys.
#[async_trait]
pub trait ApiKeyReader: Send + Sync {
    /// A page of the user's keys, newest first, those that have expired included.
    async fn list(&self, user: UserId, page: PageRequest) -> Result<Page<ApiKey>, StoreError>;
    /// How many keys the user has.
    async fn count(&self, user: UserId) -> Result<u64, StoreError>;
    /// The key with this digest that has not expired at `now`, and its user, in one read; `None` when there is none.
    async fn find_user(
        &self,
        digest: &TokenDigest,
        now: Timestamp,
    ) -> Result<Option<(ApiKey, User)>, StoreError>;
}

/// [`ApiKeyReader`] and the changes, which only a [`Transaction`](crate::store::Transaction) can make.
#[async_trait]
pub trait ApiKeyRepository: ApiKeyReader {
    /// Adds a key. [`StoreError::OwnerDeleted`] when its user is gone.
    async fn insert(&self, key: &ApiKey) -> Result<(), StoreError>;
    /// Notes that the key was used.
    async fn touch(&self, id: ApiKeyId, now: Timestamp) -> Result<(), StoreError>;
    /// Removes the user's key; false when there is none.
    async fn delete(&self, user: UserId, id: ApiKeyId) -> Result<bool, StoreError>;
    /// Removes every key of the user; how many there were.
    async fn delete_all(&self, user: UserId) -> Result<u64, StoreError>;
}

/// Stored identities that users log in with.
#[async_trait]
pub trait IdentityReader: Send + Sync {
    /// The identity as it is linked, and its user, in one read; `None` when it is nobody's.
    async fn find_user(&self, identity: &Identity) -> Result<Option<(LinkedIdentity, User)>, StoreError>;
}

/// [`IdentityReader`] and the changes, which only a [`Transaction`](crate::store::Transaction) can make.
#[async_trait]
pub trait IdentityRepository: IdentityReader {
    /// Adds an identity. [`Conflict::Identity`](crate::store::Conflict) when it is somebody's already,
    /// [`StoreError::OwnerDeleted`] when its user is gone.
    async fn insert(&self, linked: &LinkedIdentity) -> Result<(), StoreError>;
    /// Notes that its user logged in with it.
    async fn touch(&self, identity: &Identity, now: Timestamp) -> Result<(), StoreError>;
    /// Removes every identity of the user; how many there were.
    async fn delete_all(&self, user: UserId) -> Result<u64, StoreError>;
}

/// Counts of what strangers try, and the networks from which users logged in.
#[async_trait]
pub trait RateLimitReader: Send + Sync {
    /// How much was counted that still counts at `now`; `None` when it is nothing.
    async fn find_count(
        &self,
        counter: &RateLimitKey,
        now: Timestamp,
    ) -> Result<Option<RateLimitWindow>, StoreError>;
    /// Whether the user logged in from there.
    async fn has_logged_in(&self, user: UserId, network: Network) -> Result<bool, StoreError>;
}

/// [`RateLimitReader`] and the changes, which only a [`Transaction`](crate::store::Transaction) can make.
#[async_trait]
pub trait RateLimitRepository: RateLimitReader {
    /// Counts one more, and says how much it is now. A count that is over at `now` begins anew,
    /// and then lasts until `until`.
    async fn count(
        &self,
        counter: &RateLimitKey,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<RateLimitWindow, StoreError>;
    /// Removes counts that were over before `now` and says how many.
    async fn delete_expired(&self, now: Timestamp) -> Result<u64, StoreError>;
    /// Notes that the user logged in from there. [`StoreError::OwnerDeleted`] when the user is gone.
    async fn record_login(&self, user: UserId, network: Network, now: Timestamp) -> Result<(), StoreError>;
    /// Forgets the networks from which nobody logged in since `moment` and says how many.
    async fn delete_logins_before(&self, moment: Timestamp) -> Result<u64, StoreError>;
}

/// Codes that were mailed, hashed.
#[async_trait]
pub trait CodeRepository: Send + Sync {
    /// Adds a code in the place of the one that its user had for its purpose. [`StoreError::OwnerDeleted`] when its user is
    /// gone. Only where the user is locked.
    async fn put(&self, code: &IssuedCode) -> Result<(), StoreError>;
    /// Takes one attempt from the user's code for this purpose, and gives what is left of it; `None` when there is no
    /// such code, when it has expired at `now` or was tried too often.
    async fn take_attempt(
        &self,
        user: UserId,
        purpose: CodePurpose,
        now: Timestamp,
    ) -> Result<Option<IssuedCode>, StoreError>;
    /// Gives an attempt back; nothing when the code is gone.
    async fn return_attempt(&self, code: &IssuedCode) -> Result<(), StoreError>;
    /// Removes this very code; false when it is gone, spent by another or replaced.
    async fn spend(&self, code: &IssuedCode) -> Result<bool, StoreError>;
    /// Removes the user's code for this purpose, if there is one.
    async fn revoke(&self, user: UserId, purpose: CodePurpose) -> Result<(), StoreError>;
    /// Removes the codes that expired before `now` and says how many.
    async fn delete_expired(&self, now: Timestamp) -> Result<u64, StoreError>;
}

/// The outbox of mails.
#[async_trait]
pub trait OutgoingMailReader: Send + Sync {
    /// Returns whether a mail is due at `now`.
    async fn any_due(&self, now: Timestamp) -> Result<bool, StoreError>;
    /// Returns whether the outbox has a later mail to the same user for the same purpose.
    async fn is_superseded(&self, mail: &OutgoingMail) -> Result<bool, StoreError>;
}

/// [`OutgoingMailReader`] and the changes, which only a [`Transaction`](crate::store::Transaction) can make.
#[async_trait]
pub trait OutgoingMailRepository: OutgoingMailReader {
    /// Adds a mail that is due at once. [`StoreError::OwnerDeleted`] if its user was deleted.
    async fn insert(&self, mail: &OutgoingMail) -> Result<(), StoreError>;
    /// Claims the mail that has been due longest until `until`, with one more attempt. `None` if no mail is due, or each is
    /// being claimed by another transaction.
    async fn claim(&self, now: Timestamp, until: Timestamp) -> Result<Option<OutgoingMail>, StoreError>;
    /// Makes a claimed mail due at `until`. Does nothing if it was claimed again.
    async fn postpone(&self, mail: &OutgoingMail, until: Timestamp) -> Result<(), StoreError>;
    /// Removes a claimed mail. Does nothing if it was claimed again.
    async fn remove(&self, mail: &OutgoingMail) -> Result<(), StoreError>;
}

/// What happened to accounts. It belongs to no user's row and outlives it.
#[async_trait]
pub trait EventReader: Send + Sync {
    /// A page of the user's events, newest first.
    async fn list(&self, user: UserId, page: PageRequest) -> Result<Page<SecurityEvent>, StoreError>;
}

/// [`EventReader`] and the changes, which only a [`Transaction`](crate::store::Transaction) can make.
#[async_trait]
pub trait EventRepository: EventReader {
    /// Adds an event.
    async fn record(&self, event: &SecurityEvent) -> Result<(), StoreError>;
    /// Removes every event of the user.
    async fn delete_all(&self, user: UserId) -> Result<(), StoreError>;
    /// Removes the events that [expired](SecurityEvent::expires_at) by `now` and says how many.
    async fn delete_expired(&self, now: Timestamp) -> Result<u64, StoreError>;
}

/// Whether a password is the right one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verification {
    /// It is another.
    Wrong,
    /// It is right.
    Right,
    /// It is right, and its hash is weaker than new ones are made.
    RightButOutdated,
}

/// Slow, salted password hashing, bounded in how much runs at once.
#[cfg_attr(feature = "test-support", mockall::automock)]
#[async_trait]
pub trait PasswordHasher: Send + Sync {
    /// A new hash with a new salt.
    async fn hash(&self, password: Password) -> Result<PasswordHash, BoxError>;
    /// Compares; without a hash the answer is [`Verification::Wrong`] after the same work, so that the time tells
    /// nothing.
    async fn verify(
        &self,
        candidate: SecretString,
        hash: Option<PasswordHash>,
    ) -> Result<Verification, BoxError>;
}

/// Judges passwords.
#[cfg_attr(feature = "test-support", mockall::automock)]
#[async_trait]
pub trait PasswordStrength: Send + Sync {
    /// Whether the password is among the first that an attacker tries, knowing the user's name and address.
    async fn is_common(&self, password: Password, username: Username, email: Email)
    -> Result<bool, BoxError>;
}

/// Signed access tokens.
#[cfg_attr(feature = "test-support", mockall::automock)]
pub trait AccessTokens: Send + Sync {
    /// Signs a token.
    fn issue(&self, claims: &AccessClaims) -> Result<SecretString, BoxError>;
    /// The claims of a token of this service that is valid at `now`, with 30 s of leeway.
    fn verify(&self, token: &str, now: Timestamp) -> Result<AccessClaims, InvalidToken>;
    /// The keys that others verify tokens with.
    fn public_keys(&self) -> Vec<PublicKey>;
}

/// An Ed25519 public key (RFC 8037).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    /// The key's RFC 7638 thumbprint: 43 characters of base64url.
    pub id: String,
    /// The 32 bytes of the key.
    pub bytes: [u8; 32],
}

/// ID tokens (OpenID Connect Core 1.0) of the issuers that are configured.
#[cfg_attr(feature = "test-support", mockall::automock)]
#[async_trait]
pub trait IdTokenVerifier: Send + Sync {
    /// What its issuer says in a token that is meant for this service and valid at `now`, with 30 s of leeway. Waits for
    /// the issuer, within bounds, where its keys are not known yet.
    async fn verify(&self, token: &SecretString, now: Timestamp) -> Result<IdentityClaims, IdTokenError>;
}

/// Secrets nobody can guess.
#[cfg_attr(feature = "test-support", mockall::automock)]
pub trait SecretGenerator: Send + Sync {
    /// 256 random bits as 43 characters of base64url.
    fn token(&self) -> SecretString;
    /// A code, each as likely as any other.
    fn code(&self) -> Code;
}

/// Sends mails.
#[cfg_attr(feature = "test-support", mockall::automock)]
#[async_trait]
pub trait Mailer: Send + Sync {
    /// Hands a mail to whoever delivers it. [`MailError::Refused`] when it will never be taken,
    /// [`MailError::Unavailable`] when another attempt may succeed; the mail may have been sent all the same then, where
    /// only the server's answer was lost.
    async fn send(&self, mail: &Mail) -> Result<(), MailError>;
}
