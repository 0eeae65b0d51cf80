//! Letting a user in who has shown who he is, by whatever means.

use super::{SessionTokens, Tokens};
use crate::Error;
use domain::{
    accounts::{Network, Origin, User},
    store::{Store, StoreError},
};
use std::sync::Arc;

/// Opens a session.
pub struct OpenSession {
    /// Where sessions are kept.
    pub store: Arc<dyn Store>,
    /// Makes the session.
    pub tokens: Arc<SessionTokens>,
}

impl OpenSession {
    /// Tokens of a new session; [`Error::InvalidCredentials`] when the user is gone meanwhile.
    pub(super) async fn execute(&self, user: &User, origin: Origin) -> Result<Tokens, Error> {
        let (session, tokens) = self.tokens.open(user.id, origin)?;
        let unit = self.store.begin().await?;
        match unit.sessions().insert(&session).await {
            Err(StoreError::OwnerGone) => return Err(Error::InvalidCredentials),
            inserted => inserted?,
        }
        let network = Network::from(&session.origin);
        unit.throttles()
            .note_login(user.id, network, session.created_at)
            .await?;
        unit.commit().await?;
        Ok(tokens)
    }
}

#[cfg(test)]
mod tests {
    use crate::fixtures;
    use domain::{
        accounts::Origin,
        store::{
            StoreError,
            test_support::{MockRepositories, MockStore},
        },
    };
    use std::sync::Arc;

    #[tokio::test]
    async fn a_user_who_is_deleted_while_logging_in_is_refused() {
        let mut work = MockRepositories::default();
        work.sessions
            .expect_insert()
            .returning(|_| Err(StoreError::OwnerGone));
        let store = Arc::new(MockStore::default().then_work(work));
        let opened = fixtures::open_session(store.clone())
            .execute(&fixtures::ada(), Origin::default())
            .await;
        let error = opened.expect_err("refused");
        assert_eq!((error.code(), store.commits()), ("invalid_credentials", 0));
    }
}
