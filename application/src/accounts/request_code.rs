//! Asking for a code by mail, as anybody may who knows an address.

use super::{EventLog, MailSignals, RateLimiter};
use crate::Error;
use domain::{
    accounts::{CodePurpose, Email, EventKind, MailLanguage, MailOrder, Origin, User},
    clock::Clock,
    ids::{IdGenerator, MailOrderId},
    store::{Store, StoreError},
};
use std::sync::Arc;

/// Has codes mailed to addresses. Whether anybody has the address shows neither in the answer nor in the work.
pub struct RequestCode {
    /// Where users and orders are kept.
    pub store: Arc<dyn Store>,
    /// Holds back mails beyond the limit.
    pub throttle: Arc<RateLimiter>,
    /// When a mail was ordered.
    pub clock: Arc<dyn Clock>,
    /// Names the order.
    pub ids: Arc<dyn IdGenerator>,
    /// Wakes those who send.
    pub signals: Arc<MailSignals>,
    /// Where it is written down.
    pub events: Arc<EventLog>,
}

impl RequestCode {
    /// Orders a mail, which is sent if the address is a user's who is not disabled, it did not get too many lately, and the
    /// network did not ask for too many.
    pub async fn execute(
        &self,
        email: &Email,
        purpose: CodePurpose,
        language: MailLanguage,
        origin: Origin,
    ) -> Result<(), Error> {
        if !self.throttle.admit_mail(email, &origin).await? {
            return Ok(());
        }
        let user = self.store.read().users().find_by_email(email).await?;
        self.write(user.as_ref(), purpose, language, origin).await
    }

    async fn write(
        &self,
        user: Option<&User>,
        purpose: CodePurpose,
        language: MailLanguage,
        origin: Origin,
    ) -> Result<(), Error> {
        let id = MailOrderId(self.ids.next());
        let addressee = user.filter(|user| user.disabled_at.is_none()).map(|user| user.id);
        let order = MailOrder::new(id, addressee, purpose, language, self.clock.now());
        let unit = self.store.begin().await?;
        match unit.mail_orders().insert(&order).await {
            // Deleted meanwhile: nobody has the address any more.
            Err(StoreError::OwnerGone) => return Ok(()),
            inserted => inserted?,
        }
        if purpose == CodePurpose::RecoverPassword {
            let whose = user.map(|user| user.id);
            self.events
                .record(&*unit, whose, EventKind::RecoveryRequested, origin)
                .await?;
        }
        unit.commit().await?;
        self.signals.ring();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;
    use domain::{
        ids::UserId,
        store::test_support::{MockRepositories, MockStore},
    };
    use futures_util::FutureExt;

    async fn order(
        purpose: CodePurpose,
        found: Option<User>,
        mut work: MockRepositories,
        inserted: impl Fn(&MailOrder) -> Result<(), StoreError> + Send + 'static,
    ) -> (bool, usize) {
        let mut reads = MockRepositories::default();
        reads
            .users
            .expect_find_by_email()
            .withf(|email| *email == fixtures::email("ada@example.org"))
            .returning(move |_| Ok(found.clone()));
        work.mail_orders.expect_insert().times(1).returning(inserted);
        let store = Arc::new(MockStore::reading(reads).then_work(work));
        let request = RequestCode {
            store: store.clone(),
            throttle: fixtures::no_throttle(),
            clock: fixtures::clock(),
            ids: fixtures::ids(),
            signals: Arc::default(),
            events: fixtures::event_log(),
        };
        let address = fixtures::email("ADA@example.org");
        let ordered = request.execute(&address, purpose, MailLanguage::Spanish, fixtures::origin());
        ordered.await.expect("taken");
        (request.signals.rung().now_or_never().is_some(), store.commits())
    }

    fn writing_down(user: Option<UserId>) -> MockRepositories {
        let work = MockRepositories::default();
        fixtures::recording_of(user, work, EventKind::RecoveryRequested)
    }

    const PURPOSE: CodePurpose = CodePurpose::RecoverPassword;

    #[tokio::test]
    async fn a_mail_is_ordered_in_the_language_that_was_asked_for_and_written_down_in_one_commit() {
        let work = writing_down(Some(fixtures::owner()));
        let (rung, commits) = order(PURPOSE, Some(fixtures::ada()), work, |order| {
            assert_eq!(*order, fixtures::mail_order(PURPOSE));
            Ok(())
        })
        .await;
        assert_eq!((rung, commits), (true, 1));
    }

    #[tokio::test]
    async fn a_mail_for_verification_is_no_event() {
        let purpose = CodePurpose::VerifyEmail;
        let (rung, commits) = order(
            purpose,
            Some(fixtures::ada()),
            MockRepositories::default(),
            |_| Ok(()),
        )
        .await;
        assert_eq!((rung, commits), (true, 1));
    }

    #[tokio::test]
    async fn for_an_address_of_nobody_and_of_a_disabled_user_the_same_is_done_without_an_addressee() {
        let disabled = User {
            disabled_at: Some(fixtures::now()),
            ..fixtures::ada()
        };
        for (found, whose) in [(None, None), (Some(disabled), Some(fixtures::owner()))] {
            let (rung, commits) = order(PURPOSE, found, writing_down(whose), |order| {
                assert_eq!(order.user_id, None);
                Ok(())
            })
            .await;
            assert_eq!((rung, commits), (true, 1));
        }
    }

    #[tokio::test]
    async fn a_user_who_is_deleted_meanwhile_is_nobody() {
        let work = MockRepositories::default();
        let (rung, commits) = order(PURPOSE, Some(fixtures::ada()), work, |_| {
            Err(StoreError::OwnerGone)
        })
        .await;
        assert_eq!((rung, commits), (false, 0));
    }
}
