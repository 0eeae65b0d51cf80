//! Who sent a request.

use crate::Error;
use domain::{
    accounts::{AccessTokens, User},
    clock::Clock,
    ids::SessionId,
    store::Store,
};
use std::sync::Arc;

/// The sender of a request.
#[derive(Debug, Clone)]
pub struct Authenticated {
    /// The user.
    pub user: User,
    /// The session that the token belongs to.
    pub session_id: SessionId,
}

/// Checks an access token: its signature and times, and that its session lives.
pub struct Authenticate {
    /// Where sessions and users are kept.
    pub store: Arc<dyn Store>,
    /// Knows the keys.
    pub access_tokens: Arc<dyn AccessTokens>,
    /// When the token must count.
    pub clock: Arc<dyn Clock>,
}

impl Authenticate {
    /// The sender, in one read; [`Error::Unauthenticated`] when the token or its session does not count.
    pub async fn execute(&self, token: &str) -> Result<Authenticated, Error> {
        let now = self.clock.now();
        let claims = self
            .access_tokens
            .verify(token, now)
            .map_err(|_| Error::Unauthenticated)?;
        let user = self.store.sessions().find_user(claims.session_id, now).await?;
        let user = user
            .filter(|user| user.id == claims.user_id)
            .ok_or(Error::Unauthenticated)?;
        Ok(Authenticated {
            user,
            session_id: claims.session_id,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;
    use domain::{
        BoxError,
        accounts::{AccessClaims, InvalidToken, MockAccessTokens},
        ids::UserId,
        store::{
            StoreError,
            test_support::{MockRepositories, MockStore},
        },
    };
    use uuid::Uuid;

    fn claims() -> AccessClaims {
        AccessClaims {
            user_id: fixtures::ada().id,
            session_id: SessionId(Uuid::from_u128(9)),
            token_id: Uuid::from_u128(10),
            issued_at: fixtures::now(),
            expires_at: fixtures::now(),
        }
    }

    fn authenticate(
        verified: Result<AccessClaims, InvalidToken>,
        found: fn() -> Result<Option<User>, StoreError>,
    ) -> Authenticate {
        let mut access_tokens = MockAccessTokens::new();
        access_tokens
            .expect_verify()
            .returning(move |_, _| verified.clone());
        let mut reads = MockRepositories::default();
        reads
            .sessions
            .expect_find_user()
            .withf(|id, now| *id == claims().session_id && *now == fixtures::now())
            .returning(move |_, _| found());
        Authenticate {
            store: Arc::new(MockStore::reading(reads)),
            access_tokens: Arc::new(access_tokens),
            clock: fixtures::clock(),
        }
    }

    #[tokio::test]
    async fn a_valid_token_of_a_living_session_names_its_user() {
        let sender = authenticate(Ok(claims()), || Ok(Some(fixtures::ada())))
            .execute("token")
            .await;
        let sender = sender.expect("authenticated");
        assert_eq!(
            (sender.user.id, sender.session_id),
            (fixtures::ada().id, claims().session_id)
        );
    }

    #[tokio::test]
    async fn an_invalid_token_is_refused_without_a_read() {
        let outcome = authenticate(Err(InvalidToken), || unreachable!("no read"))
            .execute("token")
            .await;
        assert_eq!(outcome.expect_err("refused").code(), "unauthenticated");
    }

    #[tokio::test]
    async fn a_token_dies_with_its_session() {
        let outcome = authenticate(Ok(claims()), || Ok(None)).execute("token").await;
        assert_eq!(outcome.expect_err("refused").code(), "unauthenticated");
    }

    #[tokio::test]
    async fn a_session_of_another_user_is_no_proof() {
        let other = AccessClaims {
            user_id: UserId(Uuid::from_u128(2)),
            ..claims()
        };
        let outcome = authenticate(Ok(other), || Ok(Some(fixtures::ada())))
            .execute("token")
            .await;
        assert_eq!(outcome.expect_err("refused").code(), "unauthenticated");
    }

    #[tokio::test]
    async fn a_store_that_is_down_is_not_taken_for_a_bad_token() {
        let down = || Err(StoreError::Unavailable(BoxError::from("down")));
        let outcome = authenticate(Ok(claims()), down).execute("token").await;
        assert_eq!(outcome.expect_err("refused").code(), "unavailable");
    }
}
