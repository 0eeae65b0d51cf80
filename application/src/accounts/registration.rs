//! Registration with a password, and the steps that registration with a face shares.

use super::{MailSignals, Passwords, RateLimiter};
use crate::{Context, Error};
use domain::{
    accounts::{CodePurpose, Email, EventKind, MailLanguage, Origin, OutgoingMail, Password, User, Username},
    ids::{OutgoingMailId, UserId},
    store::{StoreError, Transaction},
};
use std::sync::Arc;

/// The fields of a registration.
#[derive(Debug, Clone)]
pub struct Registration {
    /// The requested username.
    pub username: Username,
    /// The requested e-mail address.
    pub email: Email,
    /// The password.
    pub password: Password,
}

/// Creates accounts with a password.
pub struct Registrations {
    context: Context,
    passwords: Passwords,
    rate_limiter: Arc<RateLimiter>,
    mail_signals: Arc<MailSignals>,
}

impl Registrations {
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

    /// Creates an account, and mails a code in `language` that verifies the address.
    ///
    /// # Errors
    ///
    /// [`Error::UsernameTaken`], [`Error::EmailTaken`], [`Error::InvalidRequest`] for a common password, or
    /// [`Error::TooManyAttempts`] over the rate limit.
    pub async fn register(
        &self,
        registration: Registration,
        language: MailLanguage,
        origin: Origin,
    ) -> Result<User, Error> {
        self.rate_limiter.admit_registration(&origin).await?;
        let Registration {
            username,
            email,
            password,
        } = registration;
        let hash = self
            .passwords
            .hash_new("password", password, &username, &email)
            .await?;
        let id = UserId(self.context.new_id());
        let user = User {
            password_hash: Some(hash),
            ..User::new(id, username, email, self.context.now())
        };
        self.context
            .transact(|tx| Box::pin(add_user(&self.context, tx, &user, language, &origin)))
            .await?;
        self.mail_signals.notify();
        Ok(user)
    }
}

/// Inserts a user, a mail that verifies the address, and the event of the registration.
pub(crate) async fn add_user(
    context: &Context,
    tx: &dyn Transaction,
    user: &User,
    language: MailLanguage,
    origin: &Origin,
) -> Result<(), StoreError> {
    tx.users().insert(user).await?;
    add_verification_mail(context, tx, user.id, language).await?;
    context
        .record_event(tx, user.id, EventKind::Registered, origin.clone())
        .await
}

/// Inserts a mail with a code that verifies the user's address.
pub(super) async fn add_verification_mail(
    context: &Context,
    tx: &dyn Transaction,
    user: UserId,
    language: MailLanguage,
) -> Result<(), StoreError> {
    let id = OutgoingMailId(context.new_id());
    let purpose = CodePurpose::VerifyEmail;
    let mail = OutgoingMail::new(id, Some(user), purpose, language, context.now());
    tx.outgoing_mails().insert(&mail).await
}
