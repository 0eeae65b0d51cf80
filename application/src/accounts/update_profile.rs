//! Changing name and address.

use super::{EventLog, MailSignals};
use crate::Error;
use domain::{
    accounts::{CodePurpose, Email, EventKind, MailLanguage, MailOrder, Origin, User, Username},
    clock::Clock,
    ids::{IdGenerator, MailOrderId, UserId},
    store::Store,
};
use std::sync::Arc;

/// Gives a user another name and address. For another address a code is mailed there, and codes that went to the old one
/// count no more.
pub struct UpdateProfile {
    /// Where users are kept.
    pub store: Arc<dyn Store>,
    /// When the change happened.
    pub clock: Arc<dyn Clock>,
    /// Names the order of a mail.
    pub ids: Arc<dyn IdGenerator>,
    /// Wakes those who send mails.
    pub mails: Arc<MailSignals>,
    /// Where it is written down.
    pub events: Arc<EventLog>,
}

impl UpdateProfile {
    /// The changed user, who may get a mail in this language; [`Error::UsernameTaken`] or [`Error::EmailTaken`] when
    /// another has them.
    pub async fn execute(
        &self,
        id: UserId,
        username: Username,
        email: Email,
        language: MailLanguage,
        origin: Origin,
    ) -> Result<User, Error> {
        let work = self.store.begin().await?;
        let mut user = work.users().lock(id).await?.ok_or(Error::Unauthenticated)?;
        let (now, moved) = (self.clock.now(), email != user.email);
        user.rename(username, email, now);
        work.users().update(&user).await?;
        if moved {
            work.codes().revoke(id, CodePurpose::VerifyEmail).await?;
            work.codes().revoke(id, CodePurpose::RecoverPassword).await?;
            let order = MailOrderId(self.ids.next());
            let mail = MailOrder::new(order, Some(id), CodePurpose::VerifyEmail, language, now);
            work.mail_orders().insert(&mail).await?;
        }
        self.events
            .record(&*work, id, EventKind::ProfileChanged, origin)
            .await?;
        work.commit().await?;
        if moved {
            self.mails.ring();
        }
        Ok(user)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorCode;
    use crate::fixtures;
    use domain::store::{
        Conflict, StoreError,
        test_support::{MockRepositories, MockStore},
    };

    async fn update(work: MockRepositories) -> (Result<User, Error>, usize) {
        update_to("lovelace@example.org", work).await
    }

    async fn update_to(email: &str, work: MockRepositories) -> (Result<User, Error>, usize) {
        let store = Arc::new(MockStore::default().then_work(work));
        let update = UpdateProfile {
            store: store.clone(),
            clock: fixtures::clock(),
            ids: fixtures::ids(),
            mails: Arc::default(),
            events: fixtures::event_log(),
        };
        let (name, email) = (fixtures::username("lovelace"), fixtures::email(email));
        let language = MailLanguage::Spanish;
        let outcome = update.execute(fixtures::ada().id, name, email, language, fixtures::origin());
        (outcome.await, store.commits())
    }

    #[tokio::test]
    async fn a_changed_address_is_unverified_again_its_codes_end_and_another_is_mailed_there() {
        let mut work = MockRepositories::default();
        work.users.expect_lock().returning(|_| Ok(Some(fixtures::ada())));
        work.users
            .expect_update()
            .withf(|user| !user.email_verified)
            .times(1)
            .returning(|_| Ok(()));
        for purpose in [CodePurpose::VerifyEmail, CodePurpose::RecoverPassword] {
            work.codes
                .expect_revoke()
                .withf(move |user, revoked| *user == fixtures::ada().id && *revoked == purpose)
                .times(1)
                .returning(|_, _| Ok(()));
        }
        work.mail_orders
            .expect_insert()
            .withf(|order| *order == fixtures::mail_order(CodePurpose::VerifyEmail))
            .times(1)
            .returning(|_| Ok(()));
        let work = fixtures::recording(work, EventKind::ProfileChanged);
        let (outcome, commits) = update(work).await;
        let user = outcome.expect("updated");
        assert_eq!(
            (user.username.as_str(), user.email.as_str()),
            ("lovelace", "lovelace@example.org")
        );
        assert_eq!(commits, 1);
    }

    #[tokio::test]
    async fn the_same_address_in_another_case_stays_verified_and_gets_no_mail() {
        let mut work = MockRepositories::default();
        work.users.expect_lock().returning(|_| Ok(Some(fixtures::ada())));
        work.users
            .expect_update()
            .withf(|user| user.email_verified && user.email.as_str() == "ADA@example.org")
            .times(1)
            .returning(|_| Ok(()));
        let work = fixtures::recording(work, EventKind::ProfileChanged);
        let (outcome, commits) = update_to("ADA@example.org", work).await;
        outcome.expect("updated");
        assert_eq!(commits, 1);
    }

    #[tokio::test]
    async fn a_taken_name_changes_nothing() {
        let mut work = MockRepositories::default();
        work.users.expect_lock().returning(|_| Ok(Some(fixtures::ada())));
        work.users
            .expect_update()
            .returning(|_| Err(StoreError::Conflict(Conflict::Username)));
        let (outcome, commits) = update(work).await;
        assert_eq!(outcome.expect_err("taken").code(), ErrorCode::UsernameTaken);
        assert_eq!(commits, 0);
    }

    #[tokio::test]
    async fn a_user_who_was_just_deleted_is_no_longer_authenticated() {
        let mut work = MockRepositories::default();
        work.users.expect_lock().returning(|_| Ok(None));
        assert_eq!(
            update(work).await.0.expect_err("gone").code(),
            ErrorCode::Unauthenticated
        );
    }
}
