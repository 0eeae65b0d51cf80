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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ErrorCode,
        accounts::{
            RateLimits,
            test_support::{COMMON_PASSWORD, hash, password, passwords},
        },
        fixtures,
        test_context::TestContext,
    };
    use domain::accounts::PasswordHash;
    use futures_util::FutureExt;

    fn registrations(test: &TestContext) -> Registrations {
        let rate_limiter = RateLimiter::new(test.context(), RateLimits::default());
        Registrations::new(
            test.context(),
            passwords(),
            Arc::new(rate_limiter),
            Arc::default(),
        )
    }

    async fn register(
        registrations: &Registrations,
        username: &str,
        email: &str,
        text: &str,
    ) -> Result<User, Error> {
        let registration = Registration {
            username: fixtures::username(username),
            email: fixtures::email(email),
            password: password(text),
        };
        registrations
            .register(registration, MailLanguage::Spanish, fixtures::origin())
            .await
    }

    #[tokio::test]
    async fn a_user_is_stored_with_a_hash_an_unverified_address_a_mail_and_an_event() {
        let test = TestContext::new();
        let service = registrations(&test);
        let registered = register(&service, "ada", "ada@example.org", "a fine password").await;
        let user = test
            .user(registered.expect("registered").id)
            .await
            .expect("stored");
        let stored = user.password_hash.as_ref().map(PasswordHash::expose);
        assert_eq!(stored, Some(hash("a fine password").expose()));
        assert_eq!((user.email_verified, user.created_at), (false, fixtures::now()));
        assert_eq!(test.events(user.id).await, [EventKind::Registered]);
        let [mail] = &test.due_mails().await[..] else {
            panic!("one mail")
        };
        assert_eq!(
            (mail.user_id, mail.purpose, mail.language),
            (Some(user.id), CodePurpose::VerifyEmail, MailLanguage::Spanish)
        );
        assert!(service.mail_signals.notified().now_or_never().is_some());
    }

    #[tokio::test]
    async fn a_common_password_and_a_taken_name_or_address_are_rejected_and_nothing_is_stored() {
        let test = TestContext::with_ada().await;
        let (service, commits) = (registrations(&test), test.store.commits());
        for (username, email, text, code) in [
            (
                "Ada",
                "new@example.org",
                "a fine password",
                ErrorCode::UsernameTaken,
            ),
            ("new", "ADA@example.org", "a fine password", ErrorCode::EmailTaken),
            (
                "new",
                "new@example.org",
                COMMON_PASSWORD,
                ErrorCode::InvalidRequest,
            ),
        ] {
            let error = register(&service, username, email, text)
                .await
                .expect_err("rejected");
            assert_eq!(error.code(), code);
            if let Error::InvalidRequest(fields) = error {
                assert_eq!(fields[0].field, "password");
            }
        }
        assert_eq!(test.store.commits(), commits);
        assert!(service.mail_signals.notified().now_or_never().is_none());
    }
}
