//! Telling whether a code is the one that was mailed.

use super::{RateLimiter, LoginAttempt};
use crate::Error;
use domain::{
    accounts::{Code, CodePurpose, Email, IssuedCode, Origin, PasswordHasher, User, Verification},
    clock::Clock,
    ids::UserId,
    store::{Store, Transaction},
};
use std::sync::Arc;
use uuid::Uuid;

/// Whose code is looked for where nobody has the address.
const NOBODY: UserId = UserId(Uuid::nil());

/// Checks codes. Whatever is wrong, it is [`Error::InvalidCode`] after the same work.
pub struct CheckCode {
    /// Where users and codes are kept.
    pub store: Arc<dyn Store>,
    /// Compares codes.
    pub hasher: Arc<dyn PasswordHasher>,
    /// When a code must count.
    pub clock: Arc<dyn Clock>,
    /// Refuses networks that tried too often.
    pub throttle: Arc<RateLimiter>,
}

impl CheckCode {
    /// The user of the address and what is kept of the code, if that is the right one. It is not spent yet, but has an
    /// attempt less: that is taken before anything is compared, so that guessing at many places at once gives no more.
    pub(super) async fn execute(
        &self,
        email: &Email,
        purpose: CodePurpose,
        code: &Code,
        origin: &Origin,
    ) -> Result<(User, IssuedCode), Error> {
        let attempt = LoginAttempt::for_network(origin);
        self.throttle.check(&attempt).await?;
        let user = self.store.read().users().find_by_email(email).await?;
        let id = user.as_ref().map_or(NOBODY, |user| user.id);
        let issued = self.take_attempt(id, purpose).await?;
        let hash = issued.as_ref().map(|issued| issued.hash.clone());
        let verification = self.hasher.verify(code.secret(), hash).await;
        let verification = verification.map_err(Error::Internal)?;
        if let Some(found) = user.zip(issued)
            && verification != Verification::Wrong
        {
            return Ok(found);
        }
        self.throttle.record_failure(&attempt).await?;
        Err(Error::InvalidCode)
    }

    async fn take_attempt(&self, user: UserId, purpose: CodePurpose) -> Result<Option<IssuedCode>, Error> {
        let unit = self.store.begin().await?;
        let now = self.clock.now();
        let issued = unit.codes().take_attempt(user, purpose, now).await?;
        unit.commit().await?;
        Ok(issued)
    }

    /// Gives the attempt back that a right code took.
    pub(super) async fn return_attempt(&self, issued: &IssuedCode) -> Result<(), Error> {
        let unit = self.store.begin().await?;
        unit.codes().return_attempt(issued).await?;
        unit.commit().await?;
        Ok(())
    }
}

/// Uses a code that was checked up, and gives its user, locked. [`Error::InvalidCode`] when it was used, replaced or
/// withdrawn since.
pub(super) async fn spend(unit: &dyn Transaction, issued: &IssuedCode) -> Result<User, Error> {
    let user = unit.users().lock(issued.user_id).await?;
    let user = user.filter(|user| user.email.key() == issued.email_key);
    let user = user.ok_or(Error::InvalidCode)?;
    if unit.codes().spend(issued).await? {
        Ok(user)
    } else {
        Err(Error::InvalidCode)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;
    use domain::{
        accounts::MockPasswordHasher,
        store::test_support::{MockRepositories, MockStore},
    };
    use secrecy::ExposeSecret;

    /// Checks the code 31415926 of an address against what is kept. Right is the code of `hash of the code`.
    async fn check(
        email: &str,
        issued: Option<IssuedCode>,
        verification: Verification,
    ) -> (Result<(User, IssuedCode), Error>, usize) {
        let mut reads = MockRepositories::default();
        reads
            .users
            .expect_find_by_email()
            .returning(|email| Ok((*email == fixtures::email("ada@example.org")).then(fixtures::ada)));
        let mut work = MockRepositories::default();
        work.codes
            .expect_take_attempt()
            .withf(|_, purpose, now| *purpose == CodePurpose::VerifyEmail && *now == fixtures::now())
            .return_once(move |user, _, _| Ok(issued.filter(|issued| issued.user_id == user)));
        let store = Arc::new(MockStore::reading(reads).then_work(work));
        let mut hasher = MockPasswordHasher::new();
        let before = store.clone();
        hasher
            .expect_verify()
            .withf(|code, _| code.expose_secret() == "31415926")
            .times(1)
            .returning(move |_, hash| {
                assert_eq!(before.commits(), 1, "the attempt is taken for good");
                Ok(if hash.is_some_and(|hash| hash.expose() == "hash of the code") {
                    verification
                } else {
                    Verification::Wrong
                })
            });
        let check = CheckCode {
            store: store.clone(),
            hasher: Arc::new(hasher),
            clock: fixtures::clock(),
            throttle: fixtures::no_throttle(),
        };
        let code = Code::parse("31415926").expect("a code");
        let email = fixtures::email(email);
        let origin = fixtures::origin();
        let outcome = check
            .execute(&email, CodePurpose::VerifyEmail, &code, &origin)
            .await;
        (outcome, store.commits())
    }

    fn issued() -> IssuedCode {
        fixtures::issued_code(CodePurpose::VerifyEmail)
    }

    #[tokio::test]
    async fn the_right_code_is_found_by_the_address_in_any_case() {
        for verification in [Verification::Right, Verification::RightButOutdated] {
            let (outcome, commits) = check("ADA@Example.org", Some(issued()), verification).await;
            let (user, found) = outcome.expect("the right code");
            assert_eq!((user.id, found.id, commits), (fixtures::ada().id, issued().id, 1));
        }
    }

    #[tokio::test]
    async fn a_wrong_code_costs_an_attempt() {
        let (outcome, commits) = check("ada@example.org", Some(issued()), Verification::Wrong).await;
        let error = outcome.expect_err("refused");
        assert_eq!((error.code(), commits), ("invalid_token", 1));
    }

    #[tokio::test]
    async fn without_a_code_or_a_user_the_answer_and_the_work_are_the_same() {
        let wrong = check("ada@example.org", Some(issued()), Verification::Wrong).await;
        let none = check("ada@example.org", None, Verification::Right).await;
        let nobody = check("nobody@example.org", Some(issued()), Verification::Right).await;
        let [wrong, none, nobody] = [wrong, none, nobody].map(|(outcome, commits)| {
            let error = outcome.expect_err("refused");
            (error.code(), error.to_string(), commits)
        });
        assert!(wrong == none && none == nobody, "{wrong:?}, {none:?}, {nobody:?}");
    }

    #[tokio::test]
    async fn an_attempt_can_be_given_back() {
        let mut work = MockRepositories::default();
        work.codes
            .expect_return_attempt()
            .withf(|code| code.id == issued().id)
            .times(1)
            .returning(|_| Ok(()));
        let store = Arc::new(MockStore::default().then_work(work));
        let check = CheckCode {
            store: store.clone(),
            hasher: Arc::new(MockPasswordHasher::new()),
            clock: fixtures::clock(),
            throttle: fixtures::no_throttle(),
        };
        check.return_attempt(&issued()).await.expect("given back");
        assert_eq!(store.commits(), 1);
    }

    #[tokio::test]
    async fn a_code_is_spent_once_and_only_while_its_user_has_the_address() {
        let moved = User {
            email: fixtures::email("elsewhere@example.org"),
            ..fixtures::ada()
        };
        for (user, is_there, expected) in [
            (Some(fixtures::ada()), true, Ok(fixtures::ada().id)),
            (Some(fixtures::ada()), false, Err("invalid_token")),
            (Some(moved), true, Err("invalid_token")),
            (None, true, Err("invalid_token")),
        ] {
            let mut work = MockRepositories::default();
            work.users.expect_lock().return_once(move |_| Ok(user));
            work.codes
                .expect_spend()
                .withf(|code| code.id == issued().id)
                .returning(move |_| Ok(is_there));
            let store = MockStore::default().then_work(work);
            let unit = store.begin().await.expect("a unit of work");
            let spent = spend(&*unit, &issued()).await;
            let spent = spent.map(|user| user.id).map_err(|error| error.code());
            assert_eq!(spent, expected);
        }
    }
}
