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
