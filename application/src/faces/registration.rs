//! Registration with a face.

use super::{Enrolments, ReceivedPhoto};
use crate::{
    Context, Error,
    accounts::{MailSignals, RateLimiter},
};
use domain::{
    accounts::{CodePurpose, Email, EventKind, MailLanguage, MailOrder, Origin, Role, User, Username},
    ids::{MailOrderId, UserId},
};
use std::sync::Arc;

/// The choices of a new user.
#[derive(Debug)]
pub struct FaceRegistration {
    /// The user name.
    pub username: Username,
    /// The e-mail address.
    pub email: Email,
    /// Three photos of the user's face.
    pub photos: [ReceivedPhoto; Enrolments::PHOTOS],
}

/// Creates accounts without a password, together with their face.
pub struct FaceRegistrations {
    context: Context,
    enrolments: Arc<Enrolments>,
    rate_limiter: Arc<RateLimiter>,
    mails: Arc<MailSignals>,
}

impl FaceRegistrations {
    /// Creates the service.
    pub fn new(
        context: Context,
        enrolments: Arc<Enrolments>,
        rate_limiter: Arc<RateLimiter>,
        mails: Arc<MailSignals>,
    ) -> Self {
        Self {
            context,
            enrolments,
            rate_limiter,
            mails,
        }
    }

    /// Registers a user with a face, and orders a mail in `language` with a code that verifies the address.
    ///
    /// # Errors
    ///
    /// [`Error::UsernameTaken`], [`Error::EmailTaken`], [`Error::TooManyAttempts`], and those of [`Enrolments::enrol`].
    pub async fn register(
        &self,
        registration: FaceRegistration,
        language: MailLanguage,
        origin: Origin,
    ) -> Result<User, Error> {
        self.rate_limiter.admit_registration(&origin).await?;
        let now = self.context.now();
        let user = User {
            id: UserId(self.context.new_id()),
            username: registration.username,
            email: registration.email,
            email_verified: false,
            password_hash: None,
            has_face: true,
            role: Role::User,
            disabled_at: None,
            created_at: now,
            updated_at: now,
        };
        let face = self.enrolments.receive(user.id, &registration.photos).await?;
        drop(registration.photos);
        let mail_id = MailOrderId(self.context.new_id());
        let mail = MailOrder::new(mail_id, Some(user.id), CodePurpose::VerifyEmail, language, now);
        let (user, added, mail, origin) = (&user, &face, &mail, &origin);
        let outcome = self.context.transact(|tx| {
            Box::pin(async move {
                tx.users().insert(user).await?;
                self.enrolments.add(tx, added).await?;
                tx.mail_orders().insert(mail).await?;
                for kind in [EventKind::Registered, EventKind::FaceEnrolled] {
                    self.context.record_event(tx, user.id, kind, origin.clone()).await?;
                }
                Ok(())
            })
        });
        let outcome = outcome.await;
        self.enrolments.settle(&face, outcome).await?;
        self.mails.ring();
        Ok(user.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ErrorCode, accounts::RateLimits, faces::fixtures as faces, fixtures, test_context::TestContext};
    use futures_util::FutureExt;

    async fn register(test: &TestContext, name: &str, email: &str) -> (Result<User, Error>, bool) {
        let mails = Arc::new(MailSignals::default());
        let registrations = FaceRegistrations::new(
            test.context(),
            Arc::new(faces::enrolments(test, faces::engine_seeing([0.0, 0.1, 0.2]))),
            Arc::new(RateLimiter::new(test.context(), RateLimits::default())),
            mails.clone(),
        );
        let registration = FaceRegistration {
            username: fixtures::username(name),
            email: fixtures::email(email),
            photos: faces::photos(),
        };
        let registered = registrations.register(registration, MailLanguage::Spanish, fixtures::origin());
        (registered.await, mails.rung().now_or_never().is_some())
    }

    #[tokio::test]
    async fn a_user_without_a_password_is_created_with_the_face_and_a_mail() {
        let test = TestContext::new();
        let (user, mail_ordered) = register(&test, "ada", "ada@example.org").await;
        let user = user.expect("registered");
        assert!(user.has_face && user.password_hash.is_none() && !user.email_verified && mail_ordered);
        assert!(test.user(user.id).await.is_some());
        let face = test.read().faces().find(user.id).await.expect("a read");
        assert!(face.is_some());
        assert_eq!(
            test.events(user.id).await,
            [EventKind::Registered, EventKind::FaceEnrolled]
        );
    }

    #[tokio::test]
    async fn with_a_taken_name_or_address_nothing_is_created() {
        for (name, email, code) in [
            ("ADA", "other@example.org", ErrorCode::UsernameTaken),
            ("other", "Ada@example.org", ErrorCode::EmailTaken),
        ] {
            let test = TestContext::with_ada().await;
            let (registered, mail_ordered) = register(&test, name, email).await;
            assert_eq!(registered.expect_err("taken").code(), code);
            assert!(!mail_ordered);
            assert_eq!(test.read().faces().count().await.expect("a read"), 0);
        }
    }
}
