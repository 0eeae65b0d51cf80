//! Refusing who tried too often. What is counted is in the database, so that it holds over several processes.

use crate::Error;
use chrono::TimeDelta;
use domain::{
    accounts::{Email, Network, Origin, RateLimitKey, RateLimitScope, RateLimitWindow, Username},
    clock::{Clock, Timestamp},
    ids::UserId,
    store::{Store, StoreError, Transaction},
};
use std::sync::Arc;
use uuid::Uuid;

/// How long failures and mails count.
const FAILURES_COUNT: TimeDelta = TimeDelta::minutes(15);
/// How long registrations count.
const REGISTRATIONS_COUNT: TimeDelta = TimeDelta::hours(1);

/// How often things may be tried; `None` is as often as one likes.
#[derive(Debug, Clone, Copy, Default)]
pub struct RateLimits {
    /// Failed logins with one name or address in 15 minutes, from networks from which its user never logged in.
    pub failures_per_account: Option<u64>,
    /// Failed logins and wrong codes from one network in 15 minutes, and, counted apart, requests for mails with codes.
    pub failures_per_address: Option<u64>,
    /// Mails with codes to one address in 15 minutes.
    pub mails_per_account: Option<u64>,
    /// Registrations from one network in an hour.
    pub registrations_per_address: Option<u64>,
}

/// Counts attempts and refuses those beyond the limits.
pub struct RateLimiter {
    /// Where the counts are kept.
    pub store: Arc<dyn Store>,
    /// Until when they count.
    pub clock: Arc<dyn Clock>,
    /// How much is allowed.
    pub limits: RateLimits,
}

/// Somebody's attempt to show who he is.
pub(crate) struct LoginAttempt {
    network: Network,
    /// What is counted against the account. A name that nobody has is counted, too, so that the answer does not tell it
    /// from one that somebody has; for the same reason an account's name and its address are counted apart.
    account: Option<RateLimitKey>,
    /// Who is not shut out from where he logged in before, whatever others try.
    user: Option<UserId>,
}

impl LoginAttempt {
    /// A login with a name or an address, which is this user's if it is anybody's.
    pub(crate) fn log_in(login: &str, user: Option<UserId>, origin: &Origin) -> Self {
        let username = Username::parse(login).map(|username| username.key().to_owned());
        let key = username.or_else(|| Email::parse(login).map(|email| email.key().to_owned()));
        Self {
            network: Network::from(origin),
            account: Some(RateLimitKey::new(
                RateLimitScope::LoginFailuresByAccount,
                &key.unwrap_or_else(|| login.to_owned()),
            )),
            user,
        }
    }

    /// Showing a token, a code, or a face without a name. It is counted against nobody's account: a token is not guessed, and
    /// a code has tries of its own. But checking one is work, here and at who vouches for it.
    pub(crate) fn with_token(origin: &Origin) -> Self {
        Self {
            network: Network::from(origin),
            account: None,
            user: None,
        }
    }

    /// Repeating the password in a session, which may be a thief's: he is shut out wherever he is.
    pub(super) fn confirm(user: UserId, origin: &Origin) -> Self {
        Self {
            network: Network::from(origin),
            account: Some(RateLimitKey::new(
                RateLimitScope::PasswordConfirmationFailures,
                &user.0.to_string(),
            )),
            user: None,
        }
    }

    fn failures_from(&self) -> RateLimitKey {
        RateLimitKey::new(RateLimitScope::LoginFailuresByNetwork, &self.network.to_string())
    }
}

impl RateLimiter {
    /// [`Error::TooManyAttempts`] when as many have failed as may.
    pub(crate) async fn check(&self, attempt: &LoginAttempt) -> Result<(), Error> {
        let now = self.clock.now();
        if let Some(limit) = self.limits.failures_per_address {
            let count = self
                .store
                .read()
                .rate_limits()
                .find_count(&attempt.failures_from(), now)
                .await?;
            refuse(count.filter(|count| count.count >= limit), now)?;
        }
        let (Some(limit), Some(account)) = (self.limits.failures_per_account, &attempt.account) else {
            return Ok(());
        };
        let count = self.store.read().rate_limits().find_count(account, now).await?;
        let Some(spent) = count.filter(|count| count.count >= limit) else {
            return Ok(());
        };
        // Looked up for nobody, too, so that the time does not tell that there is nobody.
        let user = attempt.user.unwrap_or(UserId(Uuid::nil()));
        if self
            .store
            .read()
            .rate_limits()
            .has_logged_in(user, attempt.network)
            .await?
        {
            return Ok(());
        }
        refuse(Some(spent), now)
    }

    /// Counts an attempt that failed; whether it is the one that closes the account. The network's count is always taken
    /// first, so that two who count at once never wait for each other.
    pub(super) async fn note_failure(
        &self,
        unit: &dyn Transaction,
        attempt: &LoginAttempt,
    ) -> Result<bool, StoreError> {
        let now = self.clock.now();
        let until = now + FAILURES_COUNT;
        if self.limits.failures_per_address.is_some() {
            let from = attempt.failures_from();
            unit.rate_limits().count(&from, now, until).await?;
        }
        let (Some(limit), Some(account)) = (self.limits.failures_per_account, &attempt.account) else {
            return Ok(false);
        };
        let against = unit.rate_limits().count(account, now, until).await?;
        Ok(against.count == limit)
    }

    /// Counts an attempt that failed against its network, in a unit of work of its own.
    pub(crate) async fn note_failure_alone(&self, attempt: &LoginAttempt) -> Result<(), StoreError> {
        if self.limits.failures_per_address.is_none() {
            return Ok(());
        }
        let unit = self.store.begin().await?;
        self.note_failure(&*unit, attempt).await?;
        unit.commit().await
    }

    /// Counts a registration; [`Error::TooManyAttempts`] when it is one too many.
    pub(crate) async fn admit_registration(&self, origin: &Origin) -> Result<(), Error> {
        let counter = RateLimitKey::new(
            RateLimitScope::RegistrationsByNetwork,
            &Network::from(origin).to_string(),
        );
        let limit = self.limits.registrations_per_address;
        let (spent, now) = self.spend(&counter, limit, REGISTRATIONS_COUNT).await?;
        refuse(spent, now)
    }

    /// Counts a mail that somebody asked for; whether it may be sent.
    pub(super) async fn may_mail(&self, email: &Email, origin: &Origin) -> Result<bool, Error> {
        let from = RateLimitKey::new(
            RateLimitScope::MailRequestsByNetwork,
            &Network::from(origin).to_string(),
        );
        let limit = self.limits.failures_per_address;
        if self.spend(&from, limit, FAILURES_COUNT).await?.0.is_some() {
            return Ok(false);
        }
        let counter = RateLimitKey::new(RateLimitScope::MailsToAddress, email.key());
        let limit = self.limits.mails_per_account;
        let (spent, _) = self.spend(&counter, limit, FAILURES_COUNT).await?;
        Ok(spent.is_none())
    }

    /// Counts one more; the count when it is over the limit.
    async fn spend(
        &self,
        counter: &RateLimitKey,
        limit: Option<u64>,
        counts: TimeDelta,
    ) -> Result<(Option<RateLimitWindow>, Timestamp), Error> {
        let now = self.clock.now();
        let Some(limit) = limit else {
            return Ok((None, now));
        };
        let unit = self.store.begin().await?;
        let count = unit.rate_limits().count(counter, now, now + counts).await?;
        unit.commit().await?;
        Ok((Some(count).filter(|count| count.count > limit), now))
    }
}

fn refuse(spent: Option<RateLimitWindow>, now: Timestamp) -> Result<(), Error> {
    match spent {
        None => Ok(()),
        Some(count) => Err(Error::TooManyAttempts {
            retry_after: count.ends_at - now,
        }),
    }
}

#[cfg(test)]
#[path = "throttle_tests.rs"]
mod tests;
