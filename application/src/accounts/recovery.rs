//! Mailed codes: verifying an e-mail address, and resetting a password.

use super::{LoginAttempt, MailSignals, Passwords, RateLimiter};
use crate::{Context, Error, faces::delete_face};
use domain::{
    accounts::{
        Code, CodePurpose, Email, EventKind, IssuedCode, MailLanguage, Origin, OutgoingMail, Password, User,
        Verification,
    },
    clock::Timestamp,
    ids::{OutgoingMailId, UserId},
    store::{StoreError, Transaction},
};
use std::sync::Arc;
use uuid::Uuid;

/// The user whose code is looked up for an unknown address, so that it costs the same work.
const NO_USER: UserId = UserId(Uuid::nil());

/// Mails codes and accepts them. Neither results nor the time they take tell whether an address is registered.
pub struct Recovery {
    context: Context,
    passwords: Passwords,
    rate_limiter: Arc<RateLimiter>,
    mail_signals: Arc<MailSignals>,
}

impl Recovery {
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

    /// Requests a mail with a code. It is sent if the address belongs to an enabled user and no rate limit is exceeded.
    pub async fn request_code(
        &self,
        email: &Email,
        purpose: CodePurpose,
        language: MailLanguage,
        origin: Origin,
    ) -> Result<(), Error> {
        if !self.rate_limiter.admit_mail(email, &origin).await? {
            return Ok(());
        }
        let user = self.context.read().users().find_by_email(email).await?;
        let recipient = user.as_ref().filter(|user| user.disabled_at.is_none());
        let mail = OutgoingMail::new(
            OutgoingMailId(self.context.new_id()),
            recipient.map(|user| user.id),
            purpose,
            language,
            self.context.now(),
        );
        let (user, mail, origin) = (user.map(|user| user.id), &mail, &origin);
        let inserted = self.context.transact(|tx| {
            Box::pin(async move {
                tx.outgoing_mails().insert(mail).await?;
                if purpose == CodePurpose::RecoverPassword {
                    let requested = EventKind::RecoveryRequested;
                    self.context
                        .record_event(tx, user, requested, origin.clone())
                        .await?;
                }
                Ok(())
            })
        });
        match inserted.await {
            // The user was deleted after the lookup: the address is unknown now.
            Err(StoreError::OwnerDeleted) => Ok(()),
            Err(error) => Err(error.into()),
            Ok(()) => {
                self.mail_signals.notify();
                Ok(())
            }
        }
    }

    /// Verifies the address with the code that was mailed to it.
    ///
    /// Returns [`Error::InvalidCode`] if the code is wrong, expired, used or replaced, and for an unknown address.
    pub async fn verify_email(&self, email: &Email, code: &Code, origin: Origin) -> Result<(), Error> {
        let purpose = CodePurpose::VerifyEmail;
        let (_, issued) = self.check_code(email, purpose, code, &origin).await?;
        let (issued, origin) = (&issued, &origin);
        self.context
            .transact(|tx| {
                Box::pin(async move {
                    let mut user = spend_code(tx, issued).await?;
                    user.email_verified = true;
                    tx.users().update(&user).await?;
                    let verified = EventKind::EmailVerified;
                    self.context
                        .record_event(tx, user.id, verified, origin.clone())
                        .await?;
                    Ok(())
                })
            })
            .await
    }

    /// Sets a new password with the code that was mailed to the address, and ends every session of the user.
    ///
    /// This verifies the address. If it was unverified, API keys, identities and a face are revoked as well, because
    /// another person may have registered the address.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidCode`] if the code is wrong, expired, used or replaced, and for an unknown address. With the right
    /// code, [`Error::InvalidRequest`] if the password is a common one, which costs no attempt.
    pub async fn reset_password(
        &self,
        email: &Email,
        code: &Code,
        new: Password,
        origin: Origin,
    ) -> Result<(), Error> {
        let purpose = CodePurpose::RecoverPassword;
        let (user, issued) = self.check_code(email, purpose, code, &origin).await?;
        let (issued, origin) = (&issued, &origin);
        let hashed = self
            .passwords
            .hash_new("new_password", new, &user.username, &user.email);
        let hashed = hashed.await;
        if hashed.is_err() {
            self.return_attempt(issued).await?;
        }
        let hash = &hashed?;
        self.context
            .transact(|tx| {
                Box::pin(async move {
                    let mut user = spend_code(tx, issued).await?;
                    user.password_hash = Some(hash.clone());
                    user.updated_at = self.context.now();
                    let was_verified = std::mem::replace(&mut user.email_verified, true);
                    if was_verified {
                        tx.sessions().delete_all(user.id, None).await?;
                    } else {
                        revoke_credentials(tx, &mut user, self.context.now()).await?;
                    }
                    tx.users().update(&user).await?;
                    let reset = EventKind::PasswordReset;
                    self.context
                        .record_event(tx, user.id, reset, origin.clone())
                        .await?;
                    if !was_verified {
                        let verified = EventKind::EmailVerified;
                        self.context
                            .record_event(tx, user.id, verified, origin.clone())
                            .await?;
                    }
                    Ok(())
                })
            })
            .await
    }

    /// Deletes expired codes, and returns their number.
    pub async fn delete_expired_codes(context: &Context) -> Result<u64, Error> {
        let now = context.now();
        context
            .transact(|tx| Box::pin(async move { Ok(tx.codes().delete_expired(now).await?) }))
            .await
    }

    /// Returns the user of the address and the stored code, if `code` is right. Otherwise returns [`Error::InvalidCode`].
    ///
    /// The attempt is committed before the code is compared, so that concurrent guesses gain nothing.
    async fn check_code(
        &self,
        email: &Email,
        purpose: CodePurpose,
        code: &Code,
        origin: &Origin,
    ) -> Result<(User, IssuedCode), Error> {
        let attempt = LoginAttempt::for_network(origin);
        self.rate_limiter.check(&attempt).await?;
        let user = self.context.read().users().find_by_email(email).await?;
        let id = user.as_ref().map_or(NO_USER, |user| user.id);
        let now = self.context.now();
        let issued = self
            .context
            .transact(|tx| Box::pin(async move { tx.codes().take_attempt(id, purpose, now).await }))
            .await?;
        let hash = issued.as_ref().map(|issued| issued.hash.clone());
        let verification = self.passwords.verify(code.secret(), hash).await?;
        if let Some(found) = user.zip(issued)
            && verification != Verification::Wrong
        {
            return Ok(found);
        }
        self.rate_limiter.record_failure(&attempt).await?;
        Err(Error::InvalidCode)
    }

    async fn return_attempt(&self, issued: &IssuedCode) -> Result<(), StoreError> {
        self.context
            .transact(|tx| Box::pin(async move { tx.codes().return_attempt(issued).await }))
            .await
    }
}

/// Deletes a checked code and returns its user, locked. Returns [`Error::InvalidCode`] if the code was used, replaced or
/// revoked, or the user's address changed, since it was checked.
async fn spend_code(tx: &dyn Transaction, issued: &IssuedCode) -> Result<User, Error> {
    let user = tx.users().lock(issued.user_id).await?;
    let user = user.filter(|user| user.email.key() == issued.email_key);
    let user = user.ok_or(Error::InvalidCode)?;
    if tx.codes().spend(issued).await? {
        Ok(user)
    } else {
        Err(Error::InvalidCode)
    }
}

/// Revokes every credential of an account whose address was not verified, except the password, which the caller replaces.
///
/// Another person may have registered the address and kept credentials. What the account owns is kept. The caller writes
/// `user`. Every new kind of credential must be revoked here.
pub(super) async fn revoke_credentials(
    tx: &dyn Transaction,
    user: &mut User,
    now: Timestamp,
) -> Result<(), StoreError> {
    tx.sessions().delete_all(user.id, None).await?;
    tx.api_keys().delete_all(user.id).await?;
    tx.identities().delete_all(user.id).await?;
    delete_face(tx, user.id, now).await?;
    user.has_face = false;
    Ok(())
}
