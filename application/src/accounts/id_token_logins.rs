//! Logins with an ID token of an OpenID provider.

use super::{LoginAttempt, Logins, RateLimiter, Tokens, recovery::revoke_credentials};
use crate::{Context, Error};
use domain::{
    accounts::{
        Email, EventKind, IdTokenError, IdTokenVerifier, Identity, IdentityClaims, LinkedIdentity, Origin,
        Role, User, Username,
    },
    ids::UserId,
    store::{StoreError, Transaction},
};
use secrecy::SecretString;
use std::sync::Arc;

/// The number of times that a first login runs when a concurrent request takes the user name, the e-mail address or the
/// identity.
const MAX_ATTEMPTS: usize = 5;

/// Logs users in with ID tokens. The first login links the identity to the user with its e-mail address, or to a new user.
pub struct IdTokenLogins {
    context: Context,
    verifier: Arc<dyn IdTokenVerifier>,
    rate_limiter: Arc<RateLimiter>,
    logins: Arc<Logins>,
}

/// The outcome of linking an identity to a user.
enum Link {
    /// The user no longer has the e-mail address.
    Stale,
    /// The user is disabled. Nothing was changed.
    Disabled(User),
    Linked {
        user: User,
        /// Whether the e-mail address was unverified before.
        revoked_credentials: bool,
    },
}

impl IdTokenLogins {
    /// Creates the service.
    pub fn new(
        context: Context,
        verifier: Arc<dyn IdTokenVerifier>,
        rate_limiter: Arc<RateLimiter>,
        logins: Arc<Logins>,
    ) -> Self {
        Self {
            context,
            verifier,
            rate_limiter,
            logins,
        }
    }

    /// Logs in the user of the identity that the ID token proves.
    ///
    /// # Errors
    ///
    /// - [`Error::InvalidToken`] if no configured issuer signed the token, [`Error::NoIssuer`] if none is configured.
    /// - [`Error::IssuerEmailUnverified`] at a first login, if the issuer has not verified the e-mail address.
    /// - [`Error::InvalidCredentials`] if the user is disabled, [`Error::TooManyAttempts`] over a rate limit.
    pub async fn log_in(&self, id_token: SecretString, origin: Origin) -> Result<Tokens, Error> {
        let attempt = LoginAttempt::for_network(&origin);
        self.rate_limiter.check(&attempt).await?;
        let verified = self.verifier.verify(&id_token, self.context.now()).await;
        // An unavailable issuer is not a failure of the client. The claims of an invalid token name no user.
        if matches!(verified, Err(IdTokenError::Invalid)) {
            self.logins.record_failure(&attempt, None, origin.clone()).await?;
        }
        let user = self.find_or_link(&verified?, &origin).await?;
        self.logins.open_session(user.id, origin).await
    }

    /// Returns the user of the identity, who is linked or created at the first login.
    async fn find_or_link(&self, claims: &IdentityClaims, origin: &Origin) -> Result<User, Error> {
        for attempt in 0..MAX_ATTEMPTS {
            if let Some(user) = self.find_linked(&claims.identity).await? {
                return Ok(user);
            }
            let email = claims
                .verified_email
                .as_ref()
                .ok_or(Error::IssuerEmailUnverified)?;
            let user = match self.context.read().users().find_by_email(email).await? {
                Some(user) => self.link(user.id, &claims.identity, email, origin).await,
                None => self.register(claims, email, attempt > 0, origin).await.map(Some),
            };
            match user {
                Ok(Some(user)) => return Ok(user),
                // A concurrent request was first. The next attempt reads what it wrote.
                Ok(None) | Err(StoreError::Conflict(_) | StoreError::OwnerDeleted) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Error::Unavailable(
            "concurrent requests changed the user each time".into(),
        ))
    }

    /// Returns the user that the identity is linked to, and records its use.
    async fn find_linked(&self, identity: &Identity) -> Result<Option<User>, StoreError> {
        let Some((_, user)) = self.context.read().identities().find_user(identity).await? else {
            return Ok(None);
        };
        let now = self.context.now();
        self.context
            .transact(|tx| Box::pin(async move { tx.identities().touch(identity, now).await }))
            .await?;
        Ok(Some(user))
    }

    /// Links the identity to the user. Returns `None` if the user no longer has the e-mail address.
    async fn link(
        &self,
        id: UserId,
        identity: &Identity,
        email: &Email,
        origin: &Origin,
    ) -> Result<Option<User>, StoreError> {
        let link = self
            .context
            .transact(|tx| Box::pin(self.link_in(tx, id, identity, email, origin)))
            .await?;
        match link {
            Link::Stale => Ok(None),
            Link::Disabled(user) => Ok(Some(user)),
            Link::Linked {
                user,
                revoked_credentials,
            } => {
                tracing::info!(user = %id, issuer = identity.issuer(), "linked an identity");
                if revoked_credentials {
                    tracing::warn!(user = %id, "revoked the credentials of an account with an unverified address");
                }
                Ok(Some(user))
            }
        }
    }

    async fn link_in(
        &self,
        tx: &dyn Transaction,
        id: UserId,
        identity: &Identity,
        email: &Email,
        origin: &Origin,
    ) -> Result<Link, StoreError> {
        let Some(mut user) = tx.users().lock(id).await?.filter(|user| user.email == *email) else {
            return Ok(Link::Stale);
        };
        if user.disabled_at.is_some() {
            return Ok(Link::Disabled(user));
        }
        let revoked_credentials = !user.email_verified;
        if revoked_credentials {
            self.take_over(tx, &mut user).await?;
            let verified = EventKind::EmailVerified;
            self.context
                .record_event(tx, id, verified, origin.clone())
                .await?;
        }
        tx.identities().insert(&self.linked(identity, id)).await?;
        self.context
            .record_event(tx, id, EventKind::IdentityLinked, origin.clone())
            .await?;
        Ok(Link::Linked {
            user,
            revoked_credentials,
        })
    }

    /// Verifies the e-mail address of the account, and revokes the credentials of its previous owner, who never verified it.
    async fn take_over(&self, tx: &dyn Transaction, user: &mut User) -> Result<(), StoreError> {
        user.email_verified = true;
        user.password_hash = None;
        user.updated_at = self.context.now();
        revoke_credentials(tx, user, user.updated_at).await?;
        tx.users().update(user).await
    }

    /// Creates a user without a password, with a suffix at the user name if the plain one may be taken.
    async fn register(
        &self,
        claims: &IdentityClaims,
        email: &Email,
        suffixed: bool,
        origin: &Origin,
    ) -> Result<User, StoreError> {
        let now = self.context.now();
        let id = UserId(self.context.new_id());
        let username = username_for(claims.name.as_deref(), email);
        let user = User {
            id,
            username: if suffixed {
                with_suffix(&username, id)
            } else {
                username
            },
            email: email.clone(),
            email_verified: true,
            password_hash: None,
            has_face: false,
            role: Role::User,
            disabled_at: None,
            created_at: now,
            updated_at: now,
        };
        let (user_ref, linked) = (&user, &self.linked(&claims.identity, id));
        self.context
            .transact(|tx| {
                Box::pin(async move {
                    tx.users().insert(user_ref).await?;
                    tx.identities().insert(linked).await?;
                    for kind in [EventKind::Registered, EventKind::IdentityLinked] {
                        self.context.record_event(tx, id, kind, origin.clone()).await?;
                    }
                    Ok::<_, StoreError>(())
                })
            })
            .await?;
        Ok(user)
    }

    fn linked(&self, identity: &Identity, user_id: UserId) -> LinkedIdentity {
        let now = self.context.now();
        LinkedIdentity {
            identity: identity.clone(),
            user_id,
            created_at: now,
            last_used_at: now,
        }
    }
}

/// Returns the user name for an e-mail address: its local part without a `+` suffix, or else the claimed name.
fn username_for(name: Option<&str>, email: &Email) -> Username {
    let local = email.as_str().rsplit_once('@').map_or("", |(local, _)| local);
    let mailbox = local.split_once('+').map_or(local, |(mailbox, _)| mailbox);
    Username::nearest(mailbox)
        .or_else(|| name.and_then(Username::nearest))
        .unwrap_or_else(|| Username::parse("user").expect("a valid name"))
}

/// Returns the user name with the last eight hexadecimal digits of the user id, which are random.
fn with_suffix(username: &Username, id: UserId) -> Username {
    let digits = id.0.simple().to_string();
    username
        .marked(&digits[24..])
        .expect("a hexadecimal suffix is valid in a user name")
}

#[cfg(test)]
#[path = "id_token_logins_tests.rs"]
mod tests;
