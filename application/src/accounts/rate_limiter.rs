//! Rate limits of logins, registrations and mails. Their windows are in the database, so that all processes share them.

use crate::{Context, Error};
use chrono::TimeDelta;
use domain::{
    accounts::{Email, Network, Origin, RateLimitKey, RateLimitScope, RateLimitWindow, Username},
    clock::Timestamp,
    ids::UserId,
    store::{StoreError, Transaction},
};
use uuid::Uuid;

/// The period in which failed logins, wrong codes and mails count.
const LOGIN_PERIOD: TimeDelta = TimeDelta::minutes(15);
/// The period in which registrations count.
const REGISTRATION_PERIOD: TimeDelta = TimeDelta::hours(1);
/// The time after its last login at which a network is no longer known to its user.
const KNOWN_NETWORK_PERIOD: TimeDelta = TimeDelta::days(365);

/// The limits of attempts. `None` is no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RateLimits {
    /// Failed logins per user name or e-mail address in 15 minutes, before unknown networks are rejected.
    pub login_per_account: Option<u64>,
    /// Failed logins and wrong codes per network in 15 minutes. Requests for mails have a window of their own with the
    /// same limit.
    pub login_per_network: Option<u64>,
    /// Mails with codes per e-mail address in 15 minutes.
    pub recovery_per_account: Option<u64>,
    /// Registrations per network in an hour.
    pub registration_per_network: Option<u64>,
}

/// Counts attempts and rejects those over the limits.
pub struct RateLimiter {
    context: Context,
    limits: RateLimits,
}

/// An attempt to log in, or to confirm a password or a code.
pub(crate) struct LoginAttempt {
    network: Network,
    /// The window of the account. Unknown names are counted as well, and the name and the e-mail address of a user are
    /// counted apart, so that a rejection does not tell whether a user exists.
    account: Option<RateLimitKey>,
    /// The user who can still log in from known networks when the account is over its limit.
    user: Option<UserId>,
}

impl LoginAttempt {
    /// A login with a user name or an e-mail address, which belongs to `user` if it is known.
    pub(crate) fn for_name(login: &str, user: Option<UserId>, origin: &Origin) -> Self {
        let username = Username::parse(login).map(|username| username.key().to_owned());
        let key = username.or_else(|| Email::parse(login).map(|email| email.key().to_owned()));
        let key = key.unwrap_or_else(|| login.to_owned());
        Self {
            network: Network::from(origin),
            account: Some(RateLimitKey::new(RateLimitScope::LoginFailuresByAccount, &key)),
            user,
        }
    }

    /// An attempt with a token, a code, or a face without a name, which counts only against the network.
    ///
    /// A token cannot be guessed and a code limits its own attempts, but checking them costs work.
    pub(crate) fn for_network(origin: &Origin) -> Self {
        Self {
            network: Network::from(origin),
            account: None,
            user: None,
        }
    }

    /// A confirmation of the current password in a session. Known networks get no exception, because the session may be
    /// stolen.
    pub(super) fn for_confirmation(user: UserId, origin: &Origin) -> Self {
        let scope = RateLimitScope::PasswordConfirmationFailures;
        Self {
            network: Network::from(origin),
            account: Some(RateLimitKey::new(scope, &user.0.to_string())),
            user: None,
        }
    }

    fn network_key(&self) -> RateLimitKey {
        network_key(RateLimitScope::LoginFailuresByNetwork, self.network)
    }
}

fn network_key(scope: RateLimitScope, network: Network) -> RateLimitKey {
    RateLimitKey::new(scope, &network.to_string())
}

impl RateLimiter {
    /// Creates a rate limiter.
    pub fn new(context: Context, limits: RateLimits) -> Self {
        Self { context, limits }
    }

    /// Returns [`Error::TooManyAttempts`] if the network, or the account, is over its limit of failures.
    pub(crate) async fn check(&self, attempt: &LoginAttempt) -> Result<(), Error> {
        let now = self.context.now();
        let windows = self.context.read().rate_limits();
        if let Some(limit) = self.limits.login_per_network {
            let window = windows.find_count(&attempt.network_key(), now).await?;
            reject(window.filter(|window| window.count >= limit), now)?;
        }
        let (Some(limit), Some(account)) = (self.limits.login_per_account, &attempt.account) else {
            return Ok(());
        };
        let window = windows.find_count(account, now).await?;
        let Some(full) = window.filter(|window| window.count >= limit) else {
            return Ok(());
        };
        // An unknown user costs the same lookup, so that the time does not tell whether a user exists.
        let user = attempt.user.unwrap_or(UserId(Uuid::nil()));
        if windows.has_logged_in(user, attempt.network).await? {
            return Ok(());
        }
        reject(Some(full), now)
    }

    /// Counts a failed attempt in `tx`, and returns whether the account reaches its limit with it.
    pub(super) async fn record_failure_in(
        &self,
        tx: &dyn Transaction,
        attempt: &LoginAttempt,
    ) -> Result<bool, StoreError> {
        let now = self.context.now();
        let until = now + LOGIN_PERIOD;
        // All transactions lock the window of the network first, so that they do not deadlock.
        if self.limits.login_per_network.is_some() {
            tx.rate_limits().count(&attempt.network_key(), now, until).await?;
        }
        let (Some(limit), Some(account)) = (self.limits.login_per_account, &attempt.account) else {
            return Ok(false);
        };
        let window = tx.rate_limits().count(account, now, until).await?;
        Ok(window.count == limit)
    }

    /// Counts a failed attempt in a transaction of its own.
    pub(crate) async fn record_failure(&self, attempt: &LoginAttempt) -> Result<(), StoreError> {
        self.context
            .transact(|tx| Box::pin(async move { self.record_failure_in(tx, attempt).await.map(drop) }))
            .await
    }

    /// Counts a registration. Returns [`Error::TooManyAttempts`] if it is over the limit of its network.
    pub(crate) async fn admit_registration(&self, origin: &Origin) -> Result<(), Error> {
        let now = self.context.now();
        let key = network_key(RateLimitScope::RegistrationsByNetwork, Network::from(origin));
        let limit = self.limits.registration_per_network;
        reject(self.count(&key, limit, now, REGISTRATION_PERIOD).await?, now)
    }

    /// Counts a request for a mail with a code, and returns whether the mail can be sent.
    pub(super) async fn admit_mail(&self, email: &Email, origin: &Origin) -> Result<bool, StoreError> {
        let now = self.context.now();
        let key = network_key(RateLimitScope::MailRequestsByNetwork, Network::from(origin));
        let limit = self.limits.login_per_network;
        if self.count(&key, limit, now, LOGIN_PERIOD).await?.is_some() {
            return Ok(false);
        }
        let key = RateLimitKey::new(RateLimitScope::MailsToAddress, email.key());
        let limit = self.limits.recovery_per_account;
        Ok(self.count(&key, limit, now, LOGIN_PERIOD).await?.is_none())
    }

    /// Counts an attempt, and returns its window if the attempt is over the limit.
    async fn count(
        &self,
        key: &RateLimitKey,
        limit: Option<u64>,
        now: Timestamp,
        period: TimeDelta,
    ) -> Result<Option<RateLimitWindow>, StoreError> {
        let Some(limit) = limit else {
            return Ok(None);
        };
        let window = self
            .context
            .transact(|tx| Box::pin(async move { tx.rate_limits().count(key, now, now + period).await }));
        let window: RateLimitWindow = window.await?;
        Ok(Some(window).filter(|window| window.count > limit))
    }

    /// Deletes the windows that have ended and the networks of the last logins over a year ago, and returns their number.
    pub async fn delete_expired(context: &Context) -> Result<u64, Error> {
        let now = context.now();
        context
            .transact(|tx| {
                Box::pin(async move {
                    let windows = tx.rate_limits().delete_expired(now).await?;
                    let networks = tx
                        .rate_limits()
                        .delete_logins_before(now + -KNOWN_NETWORK_PERIOD)
                        .await?;
                    Ok(windows + networks)
                })
            })
            .await
    }
}

/// Returns [`Error::TooManyAttempts`] until the end of a full window.
fn reject(full: Option<RateLimitWindow>, now: Timestamp) -> Result<(), Error> {
    match full {
        None => Ok(()),
        Some(window) => Err(Error::TooManyAttempts {
            retry_after: window.ends_at - now,
        }),
    }
}

#[cfg(test)]
#[path = "rate_limiter_tests.rs"]
mod tests;
