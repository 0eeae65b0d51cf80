//! Logins with a password, and the common end of every login.

use super::{LoginAttempt, RateLimiter, SessionTokens, Tokens};
use crate::{Context, Error};
use domain::{
    accounts::{
        Email, EventKind, Network, Origin, Password, PasswordHash, PasswordHasher, Session, User, Username,
        Verification,
    },
    ids::UserId,
    store::{StoreError, Transaction},
};
use secrecy::{ExposeSecret, SecretString};
use std::sync::Arc;

/// Logs users in with a password, and opens the session of every login.
pub struct Logins {
    context: Context,
    hasher: Arc<dyn PasswordHasher>,
    rate_limiter: Arc<RateLimiter>,
    tokens: Arc<SessionTokens>,
    require_verified_email: bool,
}

impl Logins {
    /// Creates the service. With `require_verified_email`, users with an unverified e-mail address cannot log in.
    pub fn new(
        context: Context,
        hasher: Arc<dyn PasswordHasher>,
        rate_limiter: Arc<RateLimiter>,
        tokens: Arc<SessionTokens>,
        require_verified_email: bool,
    ) -> Self {
        Self {
            context,
            hasher,
            rate_limiter,
            tokens,
            require_verified_email,
        }
    }

    /// Logs in the user with this user name or e-mail address.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidCredentials`] for an unknown user, a disabled user and a wrong password alike, after the same work;
    /// [`Error::TooManyAttempts`] over a rate limit; [`Error::EmailNotVerified`] where verification is required.
    pub async fn with_password(
        &self,
        login: &str,
        password: SecretString,
        origin: Origin,
    ) -> Result<Tokens, Error> {
        let user = self.find_by_username_or_email(login).await?;
        let user_id = user.as_ref().map(|user| user.id);
        let attempt = LoginAttempt::for_name(login, user_id, &origin);
        self.rate_limiter.check(&attempt).await?;
        let hash = user.as_ref().and_then(|user| user.password_hash.clone());
        let verification = self
            .hasher
            .verify(password.clone(), hash)
            .await
            .map_err(Error::Internal)?;
        // Disabled users are rejected here, before the hash upgrade, whose time would tell that the password is right.
        let user = user.filter(|user| user.disabled_at.is_none());
        let (Some(user), Verification::Right | Verification::RightButOutdated) = (user, verification) else {
            self.record_failure(&attempt, user_id, origin).await?;
            return Err(Error::InvalidCredentials);
        };
        // Concurrent guesses can pass the first check together. The second one stops those that end over the limit.
        self.rate_limiter.check(&attempt).await?;
        if verification == Verification::RightButOutdated {
            self.upgrade_hash(&user, password).await?;
        }
        self.open_session(user.id, origin).await
    }

    /// Returns the user with this user name or e-mail address.
    pub(crate) async fn find_by_username_or_email(&self, login: &str) -> Result<Option<User>, StoreError> {
        let users = self.context.read().users();
        if let Some(username) = Username::parse(login) {
            return users.find_by_username(&username).await;
        }
        match Email::parse(login) {
            Some(email) => users.find_by_email(&email).await,
            None => Ok(None),
        }
    }

    /// Counts a failed login and records it. `user` is `None` for an unknown user, which costs the same time.
    pub(crate) async fn record_failure(
        &self,
        attempt: &LoginAttempt,
        user: Option<UserId>,
        origin: Origin,
    ) -> Result<(), StoreError> {
        let origin = &origin;
        self.context
            .transact(|tx| {
                Box::pin(async move {
                    let limit_reached = self.rate_limiter.record_failure_in(tx, attempt).await?;
                    let failed = EventKind::LoginFailed;
                    self.context
                        .record_event(tx, user, failed, origin.clone())
                        .await?;
                    if limit_reached {
                        // Rate-limited logins are not recorded, because a client can send any number of them.
                        let throttled = EventKind::LoginThrottled;
                        self.context
                            .record_event(tx, user, throttled, origin.clone())
                            .await?;
                    }
                    Ok(())
                })
            })
            .await
    }

    /// Opens a session. Every login method ends here.
    ///
    /// Returns [`Error::InvalidCredentials`] if the user is disabled or was deleted, and [`Error::EmailNotVerified`] where
    /// verification is required.
    pub(crate) async fn open_session(&self, user: UserId, origin: Origin) -> Result<Tokens, Error> {
        let (session, tokens) = self.tokens.open(user, origin)?;
        let rejection = self
            .context
            .transact(|tx| Box::pin(self.insert_session(tx, &session)))
            .await?;
        rejection.map_or(Ok(tokens), Err)
    }

    /// Inserts the session if its user can log in. Otherwise records the failed login and returns the reason.
    async fn insert_session(&self, tx: &dyn Transaction, session: &Session) -> Result<Option<Error>, Error> {
        let (id, origin) = (session.user_id, &session.origin);
        // The lock serializes this login with the disabling of the user, which ends all sessions.
        let user = tx.users().lock(id).await?.ok_or(Error::InvalidCredentials)?;
        if let Err(rejection) = self.admit(&user) {
            let failed = EventKind::LoginFailed;
            self.context.record_event(tx, id, failed, origin.clone()).await?;
            return Ok(Some(rejection));
        }
        tx.sessions().insert(session).await?;
        tx.rate_limits()
            .record_login(id, Network::from(origin), session.created_at)
            .await?;
        self.context
            .record_event(tx, id, EventKind::LoggedIn, origin.clone())
            .await?;
        Ok(None)
    }

    fn admit(&self, user: &User) -> Result<(), Error> {
        if user.disabled_at.is_some() {
            return Err(Error::InvalidCredentials);
        }
        if self.require_verified_email && !user.email_verified {
            return Err(Error::EmailNotVerified);
        }
        Ok(())
    }

    /// Replaces a hash with outdated parameters.
    async fn upgrade_hash(&self, user: &User, password: SecretString) -> Result<(), Error> {
        let Some(password) = Password::parse(password.expose_secret().to_owned()) else {
            return Ok(());
        };
        let hash = &self.hasher.hash(password).await.map_err(Error::Internal)?;
        self.context
            .transact(|tx| {
                Box::pin(async move {
                    let Some(mut current) = tx.users().lock(user.id).await? else {
                        return Ok(());
                    };
                    // The password may have been changed during the hashing. The newer one stays.
                    if exposed_hash(&current) == exposed_hash(user) {
                        current.password_hash = Some(hash.clone());
                        tx.users().update(&current).await?;
                    }
                    Ok(())
                })
            })
            .await
    }
}

fn exposed_hash(user: &User) -> Option<&str> {
    user.password_hash.as_ref().map(PasswordHash::expose)
}

#[cfg(test)]
#[path = "logins_tests.rs"]
mod tests;
