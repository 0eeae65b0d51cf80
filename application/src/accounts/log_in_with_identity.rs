//! Logging in with what an OpenID provider says.

use super::{
    EventLog, OpenSession, RateLimiter, Tokens, recovery::revoke_credentials, throttle::LoginAttempt,
};
use crate::Error;
use domain::{
    accounts::{
        Email, EventKind, IdTokenError, IdTokenVerifier, Identity, IdentityClaims, LinkedIdentity, Origin,
        Role, User, Username,
    },
    clock::Clock,
    ids::{IdGenerator, UserId},
    store::{Store, StoreError, Transaction},
};
use secrecy::SecretString;
use std::sync::Arc;

/// How often it is tried when somebody else does the same at the same time, or has the name that was to be given.
const ATTEMPTS: usize = 5;

/// Opens a session for whom an issuer of ID tokens knows. At his first login the identity is linked to the account that has
/// his address, or to a new one.
pub struct LogInWithIdentity {
    /// Where users, identities and sessions are kept.
    pub store: Arc<dyn Store>,
    /// Knows the issuers.
    pub verifier: Arc<dyn IdTokenVerifier>,
    /// Refuses who tried too often.
    pub throttle: Arc<RateLimiter>,
    /// Lets the user in.
    pub open_session: Arc<OpenSession>,
    /// Where first logins are written down.
    pub events: Arc<EventLog>,
    /// When the token must be valid.
    pub clock: Arc<dyn Clock>,
    /// Names new users.
    pub ids: Arc<dyn IdGenerator>,
}

impl LogInWithIdentity {
    /// Tokens for the user of this identity. [`Error::InvalidToken`] when no issuer vouches for it, [`Error::NoIssuer`]
    /// when none is configured; [`Error::IssuerEmailUnverified`] when nobody has the identity and the issuer does not say that
    /// its address was verified; [`Error::TooManyAttempts`] after too many invalid tokens.
    pub async fn execute(&self, id_token: SecretString, origin: Origin) -> Result<Tokens, Error> {
        let attempt = LoginAttempt::with_token(&origin);
        self.throttle.check(&attempt).await?;
        let verified = self.verifier.verify(&id_token, self.clock.now()).await;
        // That an issuer is out is nobody's failure.
        if matches!(verified, Err(IdTokenError::Invalid)) {
            self.note_failure(&attempt, &origin).await?;
        }
        let user = self.user_of(&verified?, &origin).await?;
        self.open_session.execute(&user, origin).await
    }

    /// Counts an invalid token and writes it down, as a login of nobody: who it would be is not to be believed.
    async fn note_failure(&self, attempt: &LoginAttempt, origin: &Origin) -> Result<(), StoreError> {
        let unit = self.store.begin().await?;
        self.throttle.note_failure(&*unit, attempt).await?;
        self.events
            .record(&*unit, None, EventKind::LoginFailed, origin.clone())
            .await?;
        unit.commit().await
    }

    async fn user_of(&self, claims: &IdentityClaims, origin: &Origin) -> Result<User, Error> {
        for attempt in 0..ATTEMPTS {
            if let Some(user) = self.known(&claims.identity).await? {
                return Ok(user);
            }
            let email = claims
                .verified_email
                .as_ref()
                .ok_or(Error::IssuerEmailUnverified)?;
            let linked = match self.store.read().users().find_by_email(email).await? {
                Some(user) => self.link(user.id, &claims.identity, email, origin).await,
                None => self.register(claims, email, attempt > 0, origin).await.map(Some),
            };
            match linked {
                // Somebody else was first: what he did is there to be read now.
                Ok(None) | Err(StoreError::Conflict(_) | StoreError::OwnerDeleted) => {}
                Ok(Some(user)) => return Ok(user),
                Err(error) => return Err(error.into()),
            }
        }
        Err(Error::Unavailable("others were always first".into()))
    }

    /// The user whose identity it is.
    async fn known(&self, identity: &Identity) -> Result<Option<User>, StoreError> {
        let Some((_, user)) = self.store.read().identities().find_user(identity).await? else {
            return Ok(None);
        };
        let unit = self.store.begin().await?;
        unit.identities().touch(identity, self.clock.now()).await?;
        unit.commit().await?;
        Ok(Some(user))
    }

    /// Gives the identity to the user who has this address; `None` when he has it no more. One who is disabled stays as he
    /// is: he is not let in.
    async fn link(
        &self,
        id: UserId,
        identity: &Identity,
        email: &Email,
        origin: &Origin,
    ) -> Result<Option<User>, StoreError> {
        let unit = self.store.begin().await?;
        let Some(mut user) = unit.users().lock(id).await?.filter(|user| user.email == *email) else {
            return Ok(None);
        };
        if user.disabled_at.is_some() {
            return Ok(Some(user));
        }
        if !user.email_verified {
            self.take_from_its_maker(&*unit, &mut user).await?;
            self.events
                .record(&*unit, id, EventKind::EmailVerified, origin.clone())
                .await?;
        }
        unit.identities().insert(&self.linked(identity, id)).await?;
        self.events
            .record(&*unit, id, EventKind::IdentityLinked, origin.clone())
            .await?;
        unit.commit().await?;
        tracing::info!(user = %id, issuer = identity.issuer(), "an identity was linked");
        Ok(Some(user))
    }

    /// The owner of the address is here, and the account is his from now on: whoever gave it this address never showed that
    /// it was his own.
    async fn take_from_its_maker(&self, unit: &dyn Transaction, user: &mut User) -> Result<(), StoreError> {
        user.email_verified = true;
        user.password_hash = None;
        user.updated_at = self.clock.now();
        revoke_credentials(unit, user, user.updated_at).await?;
        unit.users().update(user).await?;
        tracing::warn!(user = %user.id, "the owner of an unverified address took the account that had it");
        Ok(())
    }

    /// Makes a user without a password, with a mark at the name where the plain one may be taken.
    async fn register(
        &self,
        claims: &IdentityClaims,
        email: &Email,
        marked: bool,
        origin: &Origin,
    ) -> Result<User, StoreError> {
        let now = self.clock.now();
        let id = UserId(self.ids.next());
        let name = name_for(claims.name.as_deref(), email);
        let user = User {
            id,
            username: if marked { mark(&name, id) } else { name },
            email: email.clone(),
            email_verified: true,
            password_hash: None,
            has_face: false,
            role: Role::User,
            disabled_at: None,
            created_at: now,
            updated_at: now,
        };
        let unit = self.store.begin().await?;
        unit.users().insert(&user).await?;
        unit.identities()
            .insert(&self.linked(&claims.identity, id))
            .await?;
        for kind in [EventKind::Registered, EventKind::IdentityLinked] {
            self.events.record(&*unit, id, kind, origin.clone()).await?;
        }
        unit.commit().await?;
        Ok(user)
    }

    fn linked(&self, identity: &Identity, user_id: UserId) -> LinkedIdentity {
        let now = self.clock.now();
        LinkedIdentity {
            identity: identity.clone(),
            user_id,
            created_at: now,
            last_used_at: now,
        }
    }
}

/// What comes before the `@`, without what follows a `+`; else what the user is called.
fn name_for(name: Option<&str>, email: &Email) -> Username {
    let local = email.as_str().rsplit_once('@').map_or("", |(local, _)| local);
    let local = local.split_once('+').map_or(local, |(mailbox, _)| mailbox);
    Username::nearest(local)
        .or_else(|| name.and_then(Username::nearest))
        .unwrap_or_else(|| Username::parse("user").expect("a valid name"))
}

/// The name with the last digits of the user's id, which are random.
fn mark(name: &Username, id: UserId) -> Username {
    let digits = id.0.simple().to_string();
    name.marked(&digits[24..])
        .expect("hexadecimal digits fit into a name")
}

#[cfg(test)]
#[path = "log_in_with_identity_tests/mod.rs"]
mod tests;
