//! Choosing another password without knowing the old one.

use super::{
    CheckCode, EventLog, check_code::spend, password_rules::refuse_common, revoke_credentials::shut_out_maker,
};
use crate::Error;
use domain::{
    accounts::{Code, CodePurpose, Email, EventKind, Origin, Password, PasswordHasher, PasswordStrength},
    clock::Clock,
    store::Store,
};
use std::sync::Arc;

/// Gives another password to who knows the code that went to the user's address, and ends every session of the user. Where
/// nobody had shown before that the address was his, API keys, identities and a face end, too: they may be another's.
pub struct ResetPassword {
    /// Where users and sessions are kept.
    pub store: Arc<dyn Store>,
    /// Checks the code.
    pub check: Arc<CheckCode>,
    /// Hashes the new password.
    pub hasher: Arc<dyn PasswordHasher>,
    /// Judges it.
    pub strength: Arc<dyn PasswordStrength>,
    /// When it was changed.
    pub clock: Arc<dyn Clock>,
    /// Where it is written down.
    pub events: Arc<EventLog>,
}

impl ResetPassword {
    /// [`Error::InvalidCode`] when the code is wrong, has ended or was used before, and for an address of nobody; with the
    /// right code, [`Error::InvalidRequest`] when the password is a common one, which costs no attempt.
    pub async fn execute(
        &self,
        email: &Email,
        code: &Code,
        new: Password,
        origin: Origin,
    ) -> Result<(), Error> {
        let purpose = CodePurpose::RecoverPassword;
        let (user, issued) = self.check.execute(email, purpose, code, &origin).await?;
        let field = "new_password";
        let judged = refuse_common(&*self.strength, field, &new, &user.username, &user.email).await;
        if judged.is_err() {
            self.check.return_attempt(&issued).await?;
        }
        judged?;
        let hash = self.hasher.hash(new).await.map_err(Error::Internal)?;
        let unit = self.store.begin().await?;
        let mut user = spend(&*unit, &issued).await?;
        user.password_hash = Some(hash);
        // The code came by mail: the address is the user's.
        let verified = !std::mem::replace(&mut user.email_verified, true);
        user.updated_at = self.clock.now();
        if verified {
            shut_out_maker(&*unit, &mut user, self.clock.now()).await?;
        } else {
            unit.sessions().delete_all(user.id, None).await?;
        }
        unit.users().update(&user).await?;
        let reset = EventKind::PasswordReset;
        self.events.record(&*unit, user.id, reset, origin.clone()).await?;
        if verified {
            self.events
                .record(&*unit, user.id, EventKind::EmailVerified, origin)
                .await?;
        }
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
        accounts::{MockPasswordHasher, MockPasswordStrength, PasswordHash, User},
        store::test_support::{MockRepositories, MockStore},
    };

    const PURPOSE: CodePurpose = CodePurpose::RecoverPassword;

    async fn reset(store: &Arc<MockStore>, check: Arc<CheckCode>, common: bool) -> Result<(), Error> {
        let mut hasher = MockPasswordHasher::new();
        hasher
            .expect_hash()
            .withf(|password| password.expose() == "another fine phrase")
            .returning(|_| Ok(PasswordHash::new("new hash".into())));
        let mut strength = MockPasswordStrength::new();
        strength.expect_is_common().returning(move |_, _, _| Ok(common));
        let reset = ResetPassword {
            store: store.clone(),
            check,
            hasher: Arc::new(hasher),
            strength: Arc::new(strength),
            clock: fixtures::clock(),
            events: fixtures::event_log(),
        };
        let new = Password::parse("another fine phrase".into()).expect("a valid password");
        let code = Code::from_number(31_415_926);
        let email = &fixtures::ada().email;
        reset.execute(email, &code, new, fixtures::origin()).await
    }

    fn changing(email_verified: bool, spent: bool) -> MockRepositories {
        let mut work = MockRepositories::default();
        work.users.expect_lock().returning(move |_| {
            Ok(Some(User {
                email_verified,
                ..fixtures::ada()
            }))
        });
        work.codes.expect_spend().times(1).returning(move |_| Ok(spent));
        work
    }

    fn saving_the_new_hash(mut work: MockRepositories) -> MockRepositories {
        work.users
            .expect_update()
            .withf(|user| {
                let hash = user.password_hash.as_ref().map(PasswordHash::expose);
                hash == Some("new hash") && user.email_verified && user.updated_at == fixtures::now()
            })
            .times(1)
            .returning(|_| Ok(()));
        work.sessions
            .expect_delete_all()
            .withf(|user, except| *user == fixtures::ada().id && except.is_none())
            .times(1)
            .returning(|_, _| Ok(2));
        fixtures::recording(work, EventKind::PasswordReset)
    }

    #[tokio::test]
    async fn the_new_hash_is_saved_and_every_session_ends_in_the_commit_that_spends_the_code() {
        let work = saving_the_new_hash(changing(true, true));
        let store = Arc::new(MockStore::default().then_work(work));
        let outcome = reset(&store, fixtures::check_code(PURPOSE), false).await;
        outcome.expect("reset");
        assert_eq!(store.commits(), 1);
    }

    #[tokio::test]
    async fn whoever_made_the_account_without_showing_that_the_address_is_his_is_shut_out() {
        let mut work = saving_the_new_hash(changing(false, true));
        work.api_keys
            .expect_delete_all()
            .withf(|user| *user == fixtures::ada().id)
            .times(1)
            .returning(|_| Ok(1));
        work.identities
            .expect_delete_all()
            .withf(|user| *user == fixtures::ada().id)
            .times(1)
            .returning(|_| Ok(1));
        let work = fixtures::removing_face(work);
        let work = fixtures::recording(work, EventKind::EmailVerified);
        let store = Arc::new(MockStore::default().then_work(work));
        let outcome = reset(&store, fixtures::check_code(PURPOSE), false).await;
        outcome.expect("reset");
        assert_eq!(store.commits(), 1);
    }

    #[tokio::test]
    async fn of_two_who_use_a_code_at_once_the_second_is_refused() {
        let store = Arc::new(MockStore::default().then_work(changing(false, false)));
        let outcome = reset(&store, fixtures::check_code(PURPOSE), false).await;
        let error = outcome.expect_err("refused");
        assert_eq!((error.code(), store.commits()), (ErrorCode::InvalidToken, 0));
    }

    #[tokio::test]
    async fn a_common_password_is_refused_and_the_code_may_be_tried_as_often_as_before() {
        let mut returning = MockRepositories::default();
        returning
            .codes
            .expect_return_attempt()
            .times(1)
            .returning(|_| Ok(()));
        let codes = Arc::new(fixtures::knowing_code(PURPOSE).then_work(returning));
        let store = Arc::new(MockStore::default());
        let outcome = reset(&store, fixtures::check_code_in(codes.clone()), true).await;
        let error = outcome.expect_err("refused");
        assert!(matches!(error, Error::InvalidRequest(fields) if fields[0].field == "new_password"));
        assert_eq!((codes.commits(), store.commits()), (2, 0));
    }
}
