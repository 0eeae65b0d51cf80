//! Changing a password.

use super::password_rules::refuse_common;
use crate::Error;
use domain::{
    accounts::{Password, PasswordHash, PasswordHasher, PasswordStrength, User, Verification},
    clock::Clock,
    ids::SessionId,
    store::Store,
};
use secrecy::SecretString;
use std::sync::Arc;

/// Gives a user another password, and ends the user's other sessions.
pub struct ChangePassword {
    /// Where users and sessions are kept.
    pub store: Arc<dyn Store>,
    /// Checks the old password and hashes the new one.
    pub hasher: Arc<dyn PasswordHasher>,
    /// Judges the new one.
    pub strength: Arc<dyn PasswordStrength>,
    /// When it was changed.
    pub clock: Arc<dyn Clock>,
}

impl ChangePassword {
    /// [`Error::InvalidCredentials`] when `current` is not the user's password, [`Error::InvalidRequest`] when `new` is a
    /// common one.
    pub async fn execute(
        &self,
        user: &User,
        session: SessionId,
        current: SecretString,
        new: Password,
    ) -> Result<(), Error> {
        let hash = user.password_hash.clone();
        let verification = self.hasher.verify(current, hash).await.map_err(Error::Internal)?;
        if verification == Verification::Wrong {
            return Err(Error::InvalidCredentials);
        }
        refuse_common(&*self.strength, "new_password", &new, &user.username, &user.email).await?;
        let hash = self.hasher.hash(new).await.map_err(Error::Internal)?;
        let unit = self.store.begin().await?;
        let mut locked = unit.users().lock(user.id).await?.ok_or(Error::Unauthenticated)?;
        // What was checked above is the password no more when somebody else changed it meanwhile.
        if exposed(&locked) != exposed(user) {
            return Err(Error::InvalidCredentials);
        }
        locked.password_hash = Some(hash);
        locked.updated_at = self.clock.now();
        unit.users().update(&locked).await?;
        unit.sessions().delete_all(user.id, Some(session)).await?;
        unit.commit().await?;
        Ok(())
    }
}

fn exposed(user: &User) -> Option<&str> {
    user.password_hash.as_ref().map(PasswordHash::expose)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;
    use domain::{
        accounts::{MockPasswordHasher, MockPasswordStrength},
        store::test_support::{MockRepositories, MockStore},
    };

    async fn change(
        store: &Arc<MockStore>,
        verification: Verification,
        common: bool,
    ) -> Result<(), &'static str> {
        let mut hasher = MockPasswordHasher::new();
        hasher
            .expect_verify()
            .times(1)
            .returning(move |_, _| Ok(verification));
        hasher
            .expect_hash()
            .returning(|_| Ok(PasswordHash::new("new hash".into())));
        let mut strength = MockPasswordStrength::new();
        strength.expect_is_common().returning(move |_, _, _| Ok(common));
        let change = ChangePassword {
            store: store.clone(),
            hasher: Arc::new(hasher),
            strength: Arc::new(strength),
            clock: fixtures::clock(),
        };
        let new = Password::parse("another fine phrase".into()).expect("a valid password");
        let current = "a fine password".to_owned().into();
        let outcome = change
            .execute(&fixtures::ada(), fixtures::session().id, current, new)
            .await;
        outcome.map_err(|error| error.code())
    }

    #[tokio::test]
    async fn the_new_hash_is_saved_and_the_other_sessions_end_in_one_commit() {
        let mut work = MockRepositories::default();
        work.users.expect_lock().returning(|_| Ok(Some(fixtures::ada())));
        work.users
            .expect_update()
            .withf(|user| exposed(user) == Some("new hash") && user.updated_at == fixtures::now())
            .times(1)
            .returning(|_| Ok(()));
        work.sessions
            .expect_delete_all()
            .withf(|user, except| *user == fixtures::ada().id && *except == Some(fixtures::session().id))
            .times(1)
            .returning(|_, _| Ok(2));
        let store = Arc::new(MockStore::default().then_work(work));
        assert_eq!(
            change(&store, Verification::RightButOutdated, false).await,
            Ok(())
        );
        assert_eq!(store.commits(), 1);
    }

    #[tokio::test]
    async fn a_wrong_password_and_a_common_new_one_change_nothing() {
        let store = Arc::new(MockStore::default());
        let outcome = change(&store, Verification::Wrong, false).await;
        assert_eq!(outcome, Err("invalid_credentials"));
        let outcome = change(&store, Verification::Right, true).await;
        assert_eq!(outcome, Err("invalid_request"));
    }

    #[tokio::test]
    async fn a_password_that_was_changed_meanwhile_is_not_the_one_that_was_checked() {
        let mut work = MockRepositories::default();
        work.users.expect_lock().returning(|_| {
            Ok(Some(User {
                password_hash: Some(PasswordHash::new("hash of another".into())),
                ..fixtures::ada()
            }))
        });
        let store = Arc::new(MockStore::default().then_work(work));
        let outcome = change(&store, Verification::Right, false).await;
        assert_eq!((outcome, store.commits()), (Err("invalid_credentials"), 0));
    }
}
