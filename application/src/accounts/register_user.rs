//! Making an account.

use super::{Throttle, password_rules::refuse_common};
use crate::Error;
use domain::{
    accounts::{Email, Origin, Password, PasswordHasher, PasswordStrength, User, Username},
    clock::Clock,
    ids::{IdGenerator, UserId},
    store::Store,
};
use std::sync::Arc;

/// What a new user chose.
#[derive(Debug, Clone)]
pub struct Registration {
    /// Not yet taken.
    pub username: Username,
    /// Not yet taken.
    pub email: Email,
    /// Not a common one.
    pub password: Password,
}

/// Makes an account with a password.
pub struct RegisterUser {
    /// Where users are kept.
    pub store: Arc<dyn Store>,
    /// Hashes the password.
    pub hasher: Arc<dyn PasswordHasher>,
    /// Refuses common passwords.
    pub strength: Arc<dyn PasswordStrength>,
    /// Refuses who registers too often.
    pub throttle: Arc<Throttle>,
    /// When the user registered.
    pub clock: Arc<dyn Clock>,
    /// Names the user.
    pub ids: Arc<dyn IdGenerator>,
}

impl RegisterUser {
    /// The new user; [`Error::UsernameTaken`], [`Error::EmailTaken`], [`Error::InvalidRequest`] for a common password, or
    /// [`Error::TooManyAttempts`].
    pub async fn execute(&self, registration: Registration, origin: &Origin) -> Result<User, Error> {
        self.throttle.admit_registration(origin).await?;
        let Registration {
            username,
            email,
            password,
        } = registration;
        refuse_common(&*self.strength, "password", &password, &username, &email).await?;
        let hash = self.hasher.hash(password).await.map_err(Error::Internal)?;
        let now = self.clock.now();
        let user = User {
            id: UserId(self.ids.next()),
            username,
            email,
            email_verified: false,
            password_hash: Some(hash),
            created_at: now,
            updated_at: now,
        };
        let work = self.store.begin().await?;
        work.users().insert(&user).await?;
        work.commit().await?;
        Ok(user)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;
    use domain::{
        accounts::{MockPasswordHasher, MockPasswordStrength, PasswordHash},
        store::{
            Conflict, StoreError,
            test_support::{MockRepositories, MockStore},
        },
    };

    fn registration() -> Registration {
        Registration {
            username: fixtures::username("ada"),
            email: fixtures::email("ada@example.org"),
            password: Password::parse("a fine password".into()).expect("a valid password"),
        }
    }

    fn register(store: Arc<MockStore>, common: bool) -> RegisterUser {
        let mut hasher = MockPasswordHasher::new();
        hasher
            .expect_hash()
            .returning(|_| Ok(PasswordHash::new("hash".into())));
        let mut strength = MockPasswordStrength::new();
        strength.expect_is_common().returning(move |_, _, _| Ok(common));
        RegisterUser {
            store,
            hasher: Arc::new(hasher),
            strength: Arc::new(strength),
            throttle: fixtures::no_throttle(),
            clock: fixtures::clock(),
            ids: fixtures::ids(),
        }
    }

    #[tokio::test]
    async fn the_user_is_saved_with_a_hash_and_an_unverified_address() {
        let mut work = MockRepositories::default();
        work.users
            .expect_insert()
            .withf(|user| {
                user.password_hash
                    .as_ref()
                    .is_some_and(|hash| hash.expose() == "hash")
            })
            .times(1)
            .returning(|_| Ok(()));
        let store = Arc::new(MockStore::default().then_work(work));
        let user = register(store.clone(), false)
            .execute(registration(), &Origin::default())
            .await
            .expect("registered");
        assert_eq!(
            (user.created_at, user.updated_at),
            (fixtures::now(), fixtures::now())
        );
        assert!(!user.email_verified);
        assert_eq!(store.commits(), 1);
    }

    #[tokio::test]
    async fn a_common_password_is_refused_by_name_before_anything_is_hashed_or_saved() {
        let store = Arc::new(MockStore::default());
        let error = register(store.clone(), true)
            .execute(registration(), &Origin::default())
            .await
            .expect_err("refused");
        assert!(matches!(error, Error::InvalidRequest(fields) if fields[0].field == "password"));
        assert_eq!(store.commits(), 0);
    }

    #[tokio::test]
    async fn a_taken_name_or_address_is_said_and_nothing_is_committed() {
        for (conflict, code) in [
            (Conflict::Username, "username_taken"),
            (Conflict::Email, "email_taken"),
        ] {
            let mut work = MockRepositories::default();
            work.users
                .expect_insert()
                .returning(move |_| Err(StoreError::Conflict(conflict)));
            let store = Arc::new(MockStore::default().then_work(work));
            let error = register(store.clone(), false)
                .execute(registration(), &Origin::default())
                .await
                .expect_err("taken");
            assert_eq!(error.code(), code);
            assert_eq!(store.commits(), 0);
        }
    }
}
