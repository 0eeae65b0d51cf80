//! Showing that an address is one's own.

use super::{CheckCode, EventLog, check_code::spend};
use crate::Error;
use domain::{
    accounts::{Code, CodePurpose, Email, EventKind, Origin},
    store::Store,
};
use std::sync::Arc;

/// Verifies the address of who knows the code that went there.
pub struct VerifyEmail {
    /// Where users are kept.
    pub store: Arc<dyn Store>,
    /// Checks the code.
    pub check: Arc<CheckCode>,
    /// Where it is written down.
    pub events: Arc<EventLog>,
}

impl VerifyEmail {
    /// [`Error::InvalidCode`] when the code is wrong, has ended or was used before, and for an address of nobody.
    pub async fn execute(&self, email: &Email, code: &Code, origin: Origin) -> Result<(), Error> {
        let purpose = CodePurpose::VerifyEmail;
        let (_, issued) = self.check.execute(email, purpose, code, &origin).await?;
        let unit = self.store.begin().await?;
        let mut user = spend(&*unit, &issued).await?;
        user.email_verified = true;
        unit.users().update(&user).await?;
        self.events
            .record(&*unit, user.id, EventKind::EmailVerified, origin)
            .await?;
        unit.commit().await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorCode;
    use crate::fixtures;
    use domain::{
        accounts::User,
        store::test_support::{MockRepositories, MockStore},
    };

    async fn verify(spent: bool, updates: usize) -> (Result<(), ErrorCode>, usize) {
        let mut work = MockRepositories::default();
        work.users.expect_lock().returning(|_| {
            Ok(Some(User {
                email_verified: false,
                ..fixtures::ada()
            }))
        });
        work.codes.expect_spend().times(1).returning(move |_| Ok(spent));
        work.users
            .expect_update()
            .withf(|user| user.email_verified && user.updated_at == fixtures::ada().updated_at)
            .times(updates)
            .returning(|_| Ok(()));
        if spent {
            work = fixtures::recording(work, EventKind::EmailVerified);
        }
        let store = Arc::new(MockStore::default().then_work(work));
        let verify = VerifyEmail {
            store: store.clone(),
            check: fixtures::check_code(CodePurpose::VerifyEmail),
            events: fixtures::event_log(),
        };
        let code = Code::from_number(31_415_926);
        let email = fixtures::ada().email;
        let outcome = verify.execute(&email, &code, fixtures::origin()).await;
        (outcome.map_err(|error| error.code()), store.commits())
    }

    #[tokio::test]
    async fn the_right_code_verifies_the_address_and_is_spent_in_one_commit() {
        assert_eq!(verify(true, 1).await, (Ok(()), 1));
    }

    #[tokio::test]
    async fn of_two_who_use_a_code_at_once_the_second_is_refused() {
        assert_eq!(verify(false, 0).await, (Err(ErrorCode::InvalidToken), 0));
    }

    #[tokio::test]
    async fn a_wrong_code_changes_nothing() {
        let store = Arc::new(MockStore::default());
        let verify = VerifyEmail {
            store: store.clone(),
            check: fixtures::check_code(CodePurpose::VerifyEmail),
            events: fixtures::event_log(),
        };
        let code = Code::from_number(27_182_818);
        let email = fixtures::ada().email;
        let outcome = verify.execute(&email, &code, fixtures::origin()).await;
        let error = outcome.expect_err("refused");
        assert_eq!((error.code(), store.commits()), (ErrorCode::InvalidToken, 0));
    }
}
