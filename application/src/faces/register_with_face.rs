//! Making an account with a face.

use super::{FaceIntake, ReceivedPhoto};
use crate::{
    Error,
    accounts::{EventLog, MailSignals, RateLimiter},
};
use domain::{
    accounts::{CodePurpose, Email, EventKind, MailLanguage, Origin, OutgoingMail, Role, User, Username},
    clock::Clock,
    faces::EnrolledFace,
    ids::{IdGenerator, OutgoingMailId, UserId},
    store::{Store, Transaction},
};
use std::sync::Arc;

/// What a new user chose.
#[derive(Debug)]
pub struct FaceRegistration {
    /// Not yet taken.
    pub username: Username,
    /// Not yet taken.
    pub email: Email,
    /// Of the user's face.
    pub photos: [ReceivedPhoto; FaceIntake::PHOTOS],
}

/// Makes an account without a password, together with its face, and has a code mailed that shows whether the address is the
/// user's.
pub struct RegisterWithFace {
    /// Where users and faces are kept.
    pub store: Arc<dyn Store>,
    /// The way in for the face.
    pub intake: Arc<FaceIntake>,
    /// Refuses who registers too often.
    pub throttle: Arc<RateLimiter>,
    /// When the user registered.
    pub clock: Arc<dyn Clock>,
    /// Names the user.
    pub ids: Arc<dyn IdGenerator>,
    /// Wakes those who send mails.
    pub mails: Arc<MailSignals>,
    /// Where it is written down.
    pub events: Arc<EventLog>,
}

impl RegisterWithFace {
    /// The new user, who gets a mail in this language; [`Error::UsernameTaken`], [`Error::EmailTaken`],
    /// [`Error::TooManyAttempts`], or what is wrong with the photos.
    pub async fn execute(
        &self,
        registration: FaceRegistration,
        language: MailLanguage,
        origin: Origin,
    ) -> Result<User, Error> {
        self.throttle.admit_registration(&origin).await?;
        let now = self.clock.now();
        let user = User {
            id: UserId(self.ids.next()),
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
        let face = self.intake.receive(user.id, &registration.photos).await?;
        drop(registration.photos);
        let added = self.add(&user, &face, language, origin).await;
        let unit = self.intake.settle(&face, added).await?;
        unit.commit().await?;
        self.mails.notify();
        Ok(user)
    }

    async fn add(
        &self,
        user: &User,
        face: &EnrolledFace,
        language: MailLanguage,
        origin: Origin,
    ) -> Result<Box<dyn Transaction>, Error> {
        let unit = self.store.begin().await?;
        unit.users().insert(user).await?;
        self.intake.add(&*unit, face).await?;
        let id = OutgoingMailId(self.ids.next());
        let purpose = CodePurpose::VerifyEmail;
        let mail = OutgoingMail::new(id, Some(user.id), purpose, language, user.created_at);
        unit.outgoing_mails().insert(&mail).await?;
        for kind in [EventKind::Registered, EventKind::FaceEnrolled] {
            self.events.record(&*unit, user.id, kind, origin.clone()).await?;
        }
        Ok(unit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorCode;
    use crate::{faces::face_fixtures as faces, fixtures};
    use domain::store::{
        Conflict, StoreError,
        test_support::{MockRepositories, MockStore},
    };
    use futures_util::FutureExt;

    fn register(store: &Arc<MockStore>) -> RegisterWithFace {
        let engine = faces::engine_seeing([0.0, 0.1, 0.2]);
        RegisterWithFace {
            store: store.clone(),
            intake: Arc::new(faces::intake(store, engine)),
            throttle: fixtures::no_throttle(),
            clock: fixtures::clock(),
            ids: fixtures::ids(),
            mails: Arc::default(),
            events: fixtures::event_log(),
        }
    }

    fn registration() -> FaceRegistration {
        FaceRegistration {
            username: fixtures::username("ada"),
            email: fixtures::email("ada@example.org"),
            photos: faces::photos(),
        }
    }

    #[tokio::test]
    async fn a_user_without_a_password_and_his_face_are_added_in_one_commit() {
        let mut work = MockRepositories::default();
        work.users
            .expect_insert()
            .withf(|user| user.has_face && user.password_hash.is_none() && !user.email_verified)
            .times(1)
            .returning(|_| Ok(()));
        work.faces.expect_find().returning(|_| Ok(None));
        work.faces.expect_put().times(1).returning(|_| Ok(()));
        work.outgoing_mails
            .expect_insert()
            .withf(|order| {
                order.purpose == CodePurpose::VerifyEmail && order.language == MailLanguage::Spanish
            })
            .times(1)
            .returning(|_| Ok(()));
        let id = Some(UserId(fixtures::ids().next()));
        let work = fixtures::recording_of(id, work, EventKind::Registered);
        let work = fixtures::recording_of(id, work, EventKind::FaceEnrolled);
        let store = Arc::new(MockStore::default().then_work(work));
        let register = register(&store);
        let registered = register.execute(registration(), MailLanguage::Spanish, fixtures::origin());
        let user = registered.await.expect("registered");
        assert!(user.has_face && register.mails.notified().now_or_never().is_some());
        assert_eq!(store.commits(), 1);
    }

    #[tokio::test]
    async fn a_taken_name_or_address_is_said_and_nothing_is_committed() {
        for (conflict, code) in [
            (Conflict::Username, ErrorCode::UsernameTaken),
            (Conflict::Email, ErrorCode::EmailTaken),
        ] {
            let mut work = MockRepositories::default();
            work.users
                .expect_insert()
                .returning(move |_| Err(StoreError::Conflict(conflict)));
            let store = Arc::new(MockStore::default().then_work(work));
            let register = register(&store);
            let registered = register.execute(registration(), MailLanguage::English, fixtures::origin());
            assert_eq!(registered.await.expect_err("taken").code(), code);
            assert_eq!(store.commits(), 0);
        }
    }
}
