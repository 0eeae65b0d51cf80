//! Making an account.

use super::{EventLog, MailSignals, RateLimiter, password_rules::refuse_common};
use crate::Error;
use domain::{
    accounts::{
        CodePurpose, Email, EventKind, MailLanguage, MailOrder, Origin, Password, PasswordHasher,
        PasswordStrength, Role, User, Username,
    },
    clock::Clock,
    ids::{IdGenerator, MailOrderId, UserId},
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

/// Makes an account with a password, and has a code mailed that shows whether the address is the user's.
pub struct RegisterUser {
    /// Where users are kept.
    pub store: Arc<dyn Store>,
    /// Hashes the password.
    pub hasher: Arc<dyn PasswordHasher>,
    /// Refuses common passwords.
    pub strength: Arc<dyn PasswordStrength>,
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

impl RegisterUser {
    /// The new user, who gets a mail in this language; [`Error::UsernameTaken`], [`Error::EmailTaken`],
    /// [`Error::InvalidRequest`] for a common password, or [`Error::TooManyAttempts`].
    pub async fn execute(
        &self,
        registration: Registration,
        language: MailLanguage,
        origin: Origin,
    ) -> Result<User, Error> {
        self.throttle.admit_registration(&origin).await?;
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
            has_face: false,
            role: Role::User,
            disabled_at: None,
            created_at: now,
            updated_at: now,
        };
        let work = self.store.begin().await?;
        work.users().insert(&user).await?;
        let id = MailOrderId(self.ids.next());
        let mail = MailOrder::new(id, Some(user.id), CodePurpose::VerifyEmail, language, now);
        work.mail_orders().insert(&mail).await?;
        self.events
            .record(&*work, user.id, EventKind::Registered, origin)
            .await?;
        work.commit().await?;
        self.mails.ring();
        Ok(user)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorCode;
    use crate::fixtures;
    use domain::{
        accounts::{MockPasswordHasher, MockPasswordStrength, PasswordHash},
        store::{
            Conflict, StoreError,
            test_support::{MockRepositories, MockStore},
        },
    };
    use futures_util::FutureExt;

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
            mails: Arc::default(),
            events: fixtures::event_log(),
        }
    }

    #[tokio::test]
    async fn the_user_is_saved_with_a_hash_an_unverified_address_and_the_order_of_a_mail() {
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
        work.mail_orders
            .expect_insert()
            .withf(|order| {
                order.user_id.is_some()
                    && order.purpose == CodePurpose::VerifyEmail
                    && order.language == MailLanguage::Spanish
            })
            .times(1)
            .returning(|_| Ok(()));
        let id = UserId(fixtures::ids().next());
        let work = fixtures::recording_of(Some(id), work, EventKind::Registered);
        let store = Arc::new(MockStore::default().then_work(work));
        let register = register(store.clone(), false);
        let registered = register.execute(registration(), MailLanguage::Spanish, fixtures::origin());
        let user = registered.await.expect("registered");
        assert!(register.mails.rung().now_or_never().is_some());
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
            .execute(registration(), MailLanguage::English, fixtures::origin())
            .await
            .expect_err("refused");
        assert!(matches!(error, Error::InvalidRequest(fields) if fields[0].field == "password"));
        assert_eq!(store.commits(), 0);
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
            let error = register(store.clone(), false)
                .execute(registration(), MailLanguage::English, fixtures::origin())
                .await
                .expect_err("taken");
            assert_eq!(error.code(), code);
            assert_eq!(store.commits(), 0);
        }
    }
}
