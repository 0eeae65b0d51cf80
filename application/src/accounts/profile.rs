//! The account of the logged-in user.

use super::{LoginAttempt, MailSignals, Passwords, RateLimiter, registration::add_verification_mail};
use crate::{Context, Error, faces::schedule_photo_deletion};
use domain::{
    accounts::{
        CodePurpose, Email, EventKind, MailLanguage, Origin, Password, PasswordHash, User, Username,
        Verification,
    },
    ids::{SessionId, UserId},
    store::{StoreError, Transaction},
};
use secrecy::SecretString;
use std::sync::Arc;

/// Changes and deletes the account of the logged-in user.
pub struct Profiles {
    context: Context,
    passwords: Passwords,
    rate_limiter: Arc<RateLimiter>,
    mail_signals: Arc<MailSignals>,
}

impl Profiles {
    /// Creates the service.
    pub fn new(
        context: Context,
        passwords: Passwords,
        rate_limiter: Arc<RateLimiter>,
        mail_signals: Arc<MailSignals>,
    ) -> Self {
        Self {
            context,
            passwords,
            rate_limiter,
            mail_signals,
        }
    }

    /// Sets the username and the e-mail address, and returns the changed user.
    ///
    /// If the address changes, codes that were mailed to the old one are revoked, and a verification code is mailed to the
    /// new one in `language`.
    ///
    /// # Errors
    ///
    /// [`Error::UsernameTaken`] or [`Error::EmailTaken`]; [`Error::Unauthenticated`] if the user was deleted.
    pub async fn update(
        &self,
        id: UserId,
        username: Username,
        email: Email,
        language: MailLanguage,
        origin: Origin,
    ) -> Result<User, Error> {
        let (username, email, origin) = (&username, &email, &origin);
        let (user, email_changed) = self
            .context
            .transact(|tx| {
                Box::pin(async move {
                    let mut user = tx.users().lock(id).await?.ok_or(Error::Unauthenticated)?;
                    let email_changed = *email != user.email;
                    user.rename(username.clone(), email.clone(), self.context.now());
                    tx.users().update(&user).await?;
                    if email_changed {
                        revoke_codes(tx, id).await?;
                        add_verification_mail(&self.context, tx, id, language).await?;
                    }
                    let changed = EventKind::ProfileChanged;
                    self.context.record_event(tx, id, changed, origin.clone()).await?;
                    Ok::<_, Error>((user, email_changed))
                })
            })
            .await?;
        if email_changed {
            self.mail_signals.notify();
        }
        Ok(user)
    }

    /// Sets a new password, ends the user's other sessions, and revokes a mailed recovery code.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidCredentials`] if `current` is not the user's password, [`Error::InvalidRequest`] if `new` is a
    /// common one, [`Error::TooManyAttempts`] after too many wrong ones, [`Error::Unauthenticated`] if the user was deleted.
    pub async fn change_password(
        &self,
        user: &User,
        session: SessionId,
        current: SecretString,
        new: Password,
        origin: Origin,
    ) -> Result<(), Error> {
        let (attempt, origin) = (&LoginAttempt::for_confirmation(user.id, &origin), &origin);
        self.rate_limiter.check(attempt).await?;
        let verification = self.passwords.verify(current, user.password_hash.clone()).await?;
        if verification == Verification::Wrong {
            self.context
                .transact(|tx| {
                    Box::pin(async move {
                        self.rate_limiter.record_failure_in(tx, attempt).await?;
                        let failed = EventKind::PasswordChangeFailed;
                        self.context
                            .record_event(tx, user.id, failed, origin.clone())
                            .await
                    })
                })
                .await?;
            return Err(Error::InvalidCredentials);
        }
        // Concurrent guesses can pass the first check together. The second one stops those that end over the limit.
        self.rate_limiter.check(attempt).await?;
        let hash = self
            .passwords
            .hash_new("new_password", new, &user.username, &user.email);
        let hash = &hash.await?;
        self.context
            .transact(|tx| {
                Box::pin(async move {
                    let mut locked = tx.users().lock(user.id).await?.ok_or(Error::Unauthenticated)?;
                    // The verified password is outdated if a concurrent request changed it.
                    if exposed(&locked) != exposed(user) {
                        return Err(Error::InvalidCredentials);
                    }
                    locked.password_hash = Some(hash.clone());
                    locked.updated_at = self.context.now();
                    tx.users().update(&locked).await?;
                    tx.sessions().delete_all(user.id, Some(session)).await?;
                    tx.codes().revoke(user.id, CodePurpose::RecoverPassword).await?;
                    let changed = EventKind::PasswordChanged;
                    self.context
                        .record_event(tx, user.id, changed, origin.clone())
                        .await?;
                    Ok(())
                })
            })
            .await
    }

    /// Deletes the user and everything the user owns. Returns [`Error::Unauthenticated`] if the user was deleted before.
    pub async fn delete(&self, id: UserId) -> Result<(), Error> {
        let deleted = self
            .context
            .transact(|tx| Box::pin(delete_account(&self.context, tx, id, None)));
        deleted.await?.then_some(()).ok_or(Error::Unauthenticated)
    }
}

fn exposed(user: &User) -> Option<&str> {
    user.password_hash.as_ref().map(PasswordHash::expose)
}

/// Revokes every code that was mailed to the user.
pub(super) async fn revoke_codes(tx: &dyn Transaction, user: UserId) -> Result<(), StoreError> {
    for purpose in CodePurpose::ALL {
        tx.codes().revoke(user, purpose).await?;
    }
    Ok(())
}

/// Deletes the rows of a user and schedules the user's blobs for deletion. Returns false if there is no such user.
pub(super) async fn delete_account(
    context: &Context,
    tx: &dyn Transaction,
    id: UserId,
    admin: Option<UserId>,
) -> Result<bool, StoreError> {
    // The lock blocks uploads, which would otherwise add an image whose blob is not scheduled.
    if tx.users().lock(id).await?.is_none() {
        return Ok(false);
    }
    let now = context.now();
    tx.blob_deletions().schedule_owned_by(id, now).await?;
    schedule_photo_deletion(tx, id, now).await?;
    tx.predictions().delete_of_owner(id).await?;
    tx.users().delete(id).await?;
    // Only the event of the deletion remains.
    tx.events().delete_all(id).await?;
    context
        .record_admin_event(tx, admin, id, EventKind::AccountDeleted)
        .await?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ErrorCode,
        accounts::{
            RateLimits,
            test_support::{COMMON_PASSWORD, hash, hasher, password, passwords_with},
        },
        faces::fixtures as faces,
        fixtures,
        test_context::TestContext,
    };
    use domain::{
        accounts::{MockPasswordHasher, Session},
        faces::EnrolledFace,
        page::PageRequest,
    };
    use futures_util::FutureExt;
    use uuid::Uuid;

    const PURPOSES: [CodePurpose; 2] = CodePurpose::ALL;

    fn profiles_with(test: &TestContext, hasher: MockPasswordHasher, limits: RateLimits) -> Profiles {
        let rate_limiter = Arc::new(RateLimiter::new(test.context(), limits));
        let passwords = passwords_with(hasher);
        Profiles::new(test.context(), passwords, rate_limiter, Arc::default())
    }

    fn profiles(test: &TestContext) -> Profiles {
        profiles_with(test, hasher(), RateLimits::default())
    }

    async fn update(profiles: &Profiles, username: &str, email: &str) -> Result<User, ErrorCode> {
        let (username, email) = (fixtures::username(username), fixtures::email(email));
        let (language, origin) = (MailLanguage::Spanish, fixtures::origin());
        profiles
            .update(fixtures::owner(), username, email, language, origin)
            .await
            .map_err(|error| error.code())
    }

    #[tokio::test]
    async fn a_changed_address_is_unverified_its_codes_are_revoked_and_a_mail_goes_there() {
        let test = TestContext::with_ada().await.with_codes(PURPOSES).await;
        let profiles = profiles(&test);
        let changed = update(&profiles, "lovelace", "lovelace@example.org").await;
        assert_eq!(changed.expect("changed").username.as_str(), "lovelace");
        let user = test.user(fixtures::owner()).await.expect("stored");
        assert_eq!(
            (user.username.as_str(), user.email.as_str(), user.email_verified),
            ("lovelace", "lovelace@example.org", false)
        );
        for purpose in PURPOSES {
            assert_eq!(test.attempts_left(user.id, purpose).await, None);
        }
        let [mail] = &test.due_mails().await[..] else {
            panic!("one mail")
        };
        assert_eq!(
            (mail.user_id, mail.purpose, mail.language),
            (Some(user.id), CodePurpose::VerifyEmail, MailLanguage::Spanish)
        );
        assert!(profiles.mail_signals.notified().now_or_never().is_some());
        assert_eq!(test.events(user.id).await, [EventKind::ProfileChanged]);
    }

    #[tokio::test]
    async fn the_same_address_in_another_case_stays_verified_and_gets_no_mail() {
        let test = TestContext::with_ada().await.with_codes(PURPOSES).await;
        let profiles = profiles(&test);
        update(&profiles, "lovelace", "ADA@example.org")
            .await
            .expect("changed");
        let user = test.user(fixtures::owner()).await.expect("stored");
        assert_eq!(
            (user.email.as_str(), user.email_verified),
            ("ADA@example.org", true)
        );
        for purpose in PURPOSES {
            assert_eq!(test.attempts_left(user.id, purpose).await, Some(5));
        }
        assert_eq!(test.due_mails().await, []);
        assert!(profiles.mail_signals.notified().now_or_never().is_none());
        assert_eq!(test.events(user.id).await, [EventKind::ProfileChanged]);
    }

    #[tokio::test]
    async fn a_taken_name_or_address_changes_nothing() {
        let other = User {
            id: UserId(Uuid::from_u128(2)),
            username: fixtures::username("lovelace"),
            email: fixtures::email("lovelace@example.org"),
            ..fixtures::ada()
        };
        let test = TestContext::with_ada().await.with_user(other).await;
        let (profiles, commits) = (profiles(&test), test.store.commits());
        for (username, email, code) in [
            ("Lovelace", "ada@example.org", ErrorCode::UsernameTaken),
            ("ada", "Lovelace@example.org", ErrorCode::EmailTaken),
        ] {
            assert_eq!(update(&profiles, username, email).await.expect_err("taken"), code);
        }
        assert_eq!(test.store.commits(), commits);
    }

    #[tokio::test]
    async fn a_deleted_user_cannot_change_or_delete_the_account() {
        let test = TestContext::new();
        let profiles = profiles(&test);
        let changed = update(&profiles, "lovelace", "ada@example.org").await;
        assert_eq!(changed.expect_err("deleted"), ErrorCode::Unauthenticated);
        let deleted = profiles.delete(fixtures::owner()).await.expect_err("deleted");
        assert_eq!(deleted.code(), ErrorCode::Unauthenticated);
        assert_eq!(test.events(fixtures::owner()).await, []);
    }

    #[tokio::test]
    async fn deleting_a_user_leaves_one_event_and_schedules_the_blobs() {
        let test = TestContext::with_ada().await.with_image(fixtures::image()).await;
        let face = EnrolledFace {
            photos_kept: true,
            ..faces::enrolled(0.0)
        };
        let (user, prediction, context) = (fixtures::owner(), fixtures::prediction(), test.context());
        test.write(async |tx| {
            tx.faces().put(&face).await?;
            tx.predictions().insert(&prediction).await?;
            let (kind, origin) = (EventKind::LoggedIn, fixtures::origin());
            context.record_event(tx, user, kind, origin).await
        })
        .await;
        profiles(&test).delete(user).await.expect("deleted");
        assert!(test.user(user).await.is_none());
        let events = test.read().events().list(user, PageRequest::default()).await;
        let [event] = &events.expect("a read").items[..] else {
            panic!("one event")
        };
        assert_eq!(
            (event.kind, event.admin_id, &event.origin),
            (EventKind::AccountDeleted, None, &Origin::default())
        );
        let blobs = test.read().blob_deletions().due(fixtures::now(), 9).await;
        assert_eq!(blobs.expect("a read").len(), 1 + face.photo_keys().len());
        let found = test.read().predictions().find(user, prediction.id).await;
        assert!(found.expect("a read").is_none());
    }

    /// Ada with a hash of `a fine password`.
    fn ada() -> User {
        User {
            password_hash: Some(hash("a fine password")),
            ..fixtures::ada()
        }
    }

    async fn change(profiles: &Profiles, current: &str, new: &str) -> Result<(), ErrorCode> {
        let (current, new, session) = (current.into(), password(new), fixtures::session().id);
        profiles
            .change_password(&ada(), session, current, new, fixtures::origin())
            .await
            .map_err(|error| error.code())
    }

    async fn stored_hash(test: &TestContext) -> String {
        let user = test.user(fixtures::owner()).await.expect("stored");
        exposed(&user).expect("a password").to_owned()
    }

    #[tokio::test]
    async fn a_changed_password_ends_the_other_sessions_and_revokes_the_recovery_code() {
        for verification in [Verification::Right, Verification::RightButOutdated] {
            let test = TestContext::new()
                .with_user(ada())
                .await
                .with_codes(PURPOSES)
                .await;
            let other = Session {
                id: SessionId(Uuid::from_u128(12)),
                ..fixtures::session()
            };
            test.write(async |tx| {
                tx.sessions().insert(&fixtures::session()).await?;
                tx.sessions().insert(&other).await
            })
            .await;
            test.clock.advance(chrono::TimeDelta::minutes(1));
            let mut hasher = MockPasswordHasher::new();
            hasher.expect_verify().return_once(move |_, _| Ok(verification));
            hasher.expect_hash().returning(|new| Ok(hash(new.expose())));
            let profiles = profiles_with(&test, hasher, RateLimits::default());
            change(&profiles, "a fine password", "another fine phrase")
                .await
                .expect("changed");
            assert_eq!(stored_hash(&test).await, hash("another fine phrase").expose());
            let user = test.user(fixtures::owner()).await.expect("stored");
            assert_eq!(user.updated_at, fixtures::now() + chrono::TimeDelta::minutes(1));
            let sessions = test.read().sessions();
            let left = sessions
                .list(user.id, fixtures::now(), PageRequest::default())
                .await;
            assert_eq!(left.expect("a read").items, [fixtures::session()]);
            assert_eq!(
                test.attempts_left(user.id, CodePurpose::RecoverPassword).await,
                None
            );
            assert_eq!(
                test.attempts_left(user.id, CodePurpose::VerifyEmail).await,
                Some(5)
            );
            assert_eq!(test.events(user.id).await, [EventKind::PasswordChanged]);
        }
    }

    #[tokio::test]
    async fn a_wrong_current_password_is_recorded_and_a_common_new_one_is_rejected() {
        let test = TestContext::new().with_user(ada()).await;
        let profiles = profiles(&test);
        let wrong = change(&profiles, "another password", "another fine phrase").await;
        assert_eq!(wrong, Err(ErrorCode::InvalidCredentials));
        let common = change(&profiles, "a fine password", COMMON_PASSWORD).await;
        assert_eq!(common, Err(ErrorCode::InvalidRequest));
        assert_eq!(stored_hash(&test).await, hash("a fine password").expose());
        assert_eq!(
            test.events(fixtures::owner()).await,
            [EventKind::PasswordChangeFailed]
        );
    }

    #[tokio::test]
    async fn over_the_rate_limit_even_the_right_password_is_rejected() {
        let test = TestContext::new().with_user(ada()).await;
        let limits = RateLimits {
            login_per_account: Some(2),
            ..RateLimits::default()
        };
        let profiles = profiles_with(&test, hasher(), limits);
        for (current, code) in [
            ("a wrong one", ErrorCode::InvalidCredentials),
            ("a wrong one", ErrorCode::InvalidCredentials),
            ("a fine password", ErrorCode::TooManyAttempts),
        ] {
            assert_eq!(change(&profiles, current, "another fine phrase").await, Err(code));
        }
        assert_eq!(stored_hash(&test).await, hash("a fine password").expose());
    }

    #[tokio::test]
    async fn a_password_that_a_concurrent_request_changed_is_not_overwritten() {
        let changed = User {
            password_hash: Some(hash("a changed password")),
            ..fixtures::ada()
        };
        let test = TestContext::new().with_user(changed).await;
        let outcome = change(&profiles(&test), "a fine password", "another fine phrase").await;
        assert_eq!(outcome, Err(ErrorCode::InvalidCredentials));
        assert_eq!(stored_hash(&test).await, hash("a changed password").expose());
        assert_eq!(test.events(fixtures::owner()).await, []);
    }
}
