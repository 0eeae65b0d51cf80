//! Registration with a face.

use super::{Enrolments, ReceivedPhoto};
use crate::{
    Context, Error,
    accounts::{MailSignals, RateLimiter, add_user},
};
use domain::{
    accounts::{Email, EventKind, MailLanguage, Origin, User, Username},
    ids::UserId,
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
    mail_signals: Arc<MailSignals>,
}

impl FaceRegistrations {
    /// Creates the service.
    pub fn new(
        context: Context,
        enrolments: Arc<Enrolments>,
        rate_limiter: Arc<RateLimiter>,
        mail_signals: Arc<MailSignals>,
    ) -> Self {
        Self {
            context,
            enrolments,
            rate_limiter,
            mail_signals,
        }
    }

    /// Creates an account without a password, enrols its face, and mails a code in `language` that verifies the address.
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
        let FaceRegistration {
            username,
            email,
            photos,
        } = registration;
        let id = UserId(self.context.new_id());
        let user = User {
            has_face: true,
            ..User::new(id, username, email, self.context.now())
        };
        let face = self.enrolments.receive(user.id, &photos).await?;
        drop(photos);
        let (added, new_face, origin) = (&user, &face, &origin);
        let outcome = self.context.transact(|tx| {
            Box::pin(async move {
                add_user(&self.context, tx, added, language, origin).await?;
                self.enrolments.add(tx, new_face).await?;
                let enrolled = EventKind::FaceEnrolled;
                self.context
                    .record_event(tx, added.id, enrolled, origin.clone())
                    .await?;
                Ok(())
            })
        });
        let outcome = outcome.await;
        self.enrolments.settle(&face, outcome).await?;
        self.mail_signals.notify();
        Ok(user)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ErrorCode, accounts::RateLimits, faces::fixtures as faces, fixtures, test_context::TestContext,
    };
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
        (registered.await, mails.notified().now_or_never().is_some())
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
