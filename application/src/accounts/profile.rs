//! The account of the logged-in user.

use super::{LoginAttempt, MailSignals, Passwords, RateLimiter, registration::add_verification_mail};
use crate::{Context, Error, faces::schedule_photo_deletion};
use domain::{
    accounts::{
        CodePurpose, Email, EventKind, MailLanguage, Origin, Password, PasswordHash, User, Username,
        Verification,
    },
    ids::{SessionId, UserId},
    store::{StoreError, Transaction},
};
use secrecy::SecretString;
use std::sync::Arc;

/// Changes and deletes the account of the logged-in user.
pub struct Profiles {
    context: Context,
    passwords: Passwords,
    rate_limiter: Arc<RateLimiter>,
    mail_signals: Arc<MailSignals>,
}

impl Profiles {
    /// Creates the service.
    pub fn new(
        context: Context,
        passwords: Passwords,
        rate_limiter: Arc<RateLimiter>,
        mail_signals: Arc<MailSignals>,
    ) -> Self {
        Self {
            context,
            passwords,
            rate_limiter,
            mail_signals,
        }
    }

    /// Sets the username and the e-mail address, and returns the changed user.
    ///
    /// If the address changes, codes that were mailed to the old one are revoked, and a verification code is mailed to the
    /// new one in `language`.
    ///
    /// # Errors
    ///
    /// [`Error::UsernameTaken`] or [`Error::EmailTaken`]; [`Error::Unauthenticated`] if the user was deleted.
    pub async fn update(
        &self,
        id: UserId,
        username: Username,
        email: Email,
        language: MailLanguage,
        origin: Origin,
    ) -> Result<User, Error> {
        let (username, email, origin) = (&username, &email, &origin);
        let (user, email_changed) = self
            .context
            .transact(|tx| {
                Box::pin(async move {
                    let mut user = tx.users().lock(id).await?.ok_or(Error::Unauthenticated)?;
                    let email_changed = *email != user.email;
                    user.rename(username.clone(), email.clone(), self.context.now());
                    tx.users().update(&user).await?;
                    if email_changed {
                        revoke_codes(tx, id).await?;
                        add_verification_mail(&self.context, tx, id, language).await?;
                    }
                    let changed = EventKind::ProfileChanged;
                    self.context.record_event(tx, id, changed, origin.clone()).await?;
                    Ok::<_, Error>((user, email_changed))
                })
            })
            .await?;
        if email_changed {
            self.mail_signals.notify();
        }
        Ok(user)
    }

    /// Sets a new password, ends the user's other sessions, and revokes a mailed recovery code.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidCredentials`] if `current` is not the user's password, [`Error::InvalidRequest`] if `new` is a
    /// common one, [`Error::TooManyAttempts`] after too many wrong ones, [`Error::Unauthenticated`] if the user was deleted.
    pub async fn change_password(
        &self,
        user: &User,
        session: SessionId,
        current: SecretString,
        new: Password,
        origin: Origin,
    ) -> Result<(), Error> {
        let (attempt, origin) = (&LoginAttempt::for_confirmation(user.id, &origin), &origin);
        self.rate_limiter.check(attempt).await?;
        let verification = self.passwords.verify(current, user.password_hash.clone()).await?;
        if verification == Verification::Wrong {
            self.context
                .transact(|tx| {
                    Box::pin(async move {
                        self.rate_limiter.record_failure_in(tx, attempt).await?;
                        let failed = EventKind::PasswordChangeFailed;
                        self.context
                            .record_event(tx, user.id, failed, origin.clone())
                            .await
                    })
                })
                .await?;
            return Err(Error::InvalidCredentials);
        }
        // Concurrent guesses can pass the first check together. The second one stops those that end over the limit.
        self.rate_limiter.check(attempt).await?;
        let hash = self
            .passwords
            .hash_new("new_password", new, &user.username, &user.email);
        let hash = &hash.await?;
        self.context
            .transact(|tx| {
                Box::pin(async move {
                    let mut locked = tx.users().lock(user.id).await?.ok_or(Error::Unauthenticated)?;
                    // The verified password is outdated if a concurrent request changed it.
                    if exposed(&locked) != exposed(user) {
                        return Err(Error::InvalidCredentials);
                    }
                    locked.password_hash = Some(hash.clone());
                    locked.updated_at = self.context.now();
                    tx.users().update(&locked).await?;
                    tx.sessions().delete_all(user.id, Some(session)).await?;
                    tx.codes().revoke(user.id, CodePurpose::RecoverPassword).await?;
                    let changed = EventKind::PasswordChanged;
                    self.context
                        .record_event(tx, user.id, changed, origin.clone())
                        .await?;
                    Ok(())
                })
            })
            .await
    }

    /// Deletes the user and everything the user owns. Returns [`Error::Unauthenticated`] if the user was deleted before.
    pub async fn delete(&self, id: UserId) -> Result<(), Error> {
        let deleted = self
            .context
            .transact(|tx| Box::pin(delete_account(&self.context, tx, id, None)));
        deleted.await?.then_some(()).ok_or(Error::Unauthenticated)
    }
}

fn exposed(user: &User) -> Option<&str> {
    user.password_hash.as_ref().map(PasswordHash::expose)
}

/// Revokes every code that was mailed to the user.
pub(super) async fn revoke_codes(tx: &dyn Transaction, user: UserId) -> Result<(), StoreError> {
    for purpose in CodePurpose::ALL {
        tx.codes().revoke(user, purpose).await?;
    }
    Ok(())
}

/// Deletes the rows of a user and schedules the user's blobs for deletion. Returns false if there is no such user.
pub(super) async fn delete_account(
    context: &Context,
    tx: &dyn Transaction,
    id: UserId,
    admin: Option<UserId>,
) -> Result<bool, StoreError> {
    // The lock blocks uploads, which would otherwise add an image whose blob is not scheduled.
    if tx.users().lock(id).await?.is_none() {
        return Ok(false);
    }
    let now = context.now();
    tx.blob_deletions().schedule_owned_by(id, now).await?;
    schedule_photo_deletion(tx, id, now).await?;
    tx.predictions().delete_of_owner(id).await?;
    tx.users().delete(id).await?;
    // Only the event of the deletion remains.
    tx.events().delete_all(id).await?;
    context
        .record_admin_event(tx, admin, id, EventKind::AccountDeleted)
        .await?;
    Ok(true)
}
