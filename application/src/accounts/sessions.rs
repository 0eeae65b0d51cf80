//! Renewing a session.

use super::{EventLog, SessionTokens, Tokens};
use crate::Error;
use chrono::TimeDelta;
use domain::{
    accounts::{EventKind, Origin, PresentedToken, RefreshToken},
    clock::Clock,
    store::Store,
};
use std::sync::Arc;

/// For so long the refresh token before the current one may turn up again, as from a second tab that renewed at the same
/// moment, without the session being given up for stolen.
const SECOND_TAB: TimeDelta = TimeDelta::seconds(10);

/// Exchanges a refresh token for new tokens, once. A token that turns up again was stolen, from its owner or by him from a
/// thief: nobody can tell, so the session ends for both (RFC 9700, 4.14.2).
pub struct RefreshSession {
    /// Where sessions are kept.
    pub store: Arc<dyn Store>,
    /// Makes the new tokens.
    pub tokens: Arc<SessionTokens>,
    /// What has ended.
    pub clock: Arc<dyn Clock>,
    /// Where a theft is written down.
    pub events: Arc<EventLog>,
}

impl RefreshSession {
    /// New tokens of the session; [`Error::InvalidToken`] for a token that is unknown, has ended or was used before.
    pub async fn execute(&self, token: &RefreshToken, origin: Origin) -> Result<Tokens, Error> {
        let now = self.clock.now();
        let digest = token.digest();
        let unit = self.store.begin().await?;
        match unit.sessions().lock_presented(&digest, now).await? {
            Some(PresentedToken::Current(session)) => {
                let (renewed, tokens) = self.tokens.renew(&session, origin)?;
                unit.sessions().renew(&renewed, &digest).await?;
                unit.commit().await?;
                return Ok(tokens);
            }
            Some(PresentedToken::Previous(_, spent_at)) if now <= spent_at + SECOND_TAB => {}
            Some(PresentedToken::Previous(session, _) | PresentedToken::Older(session)) => {
                unit.sessions().delete(session.user_id, session.id).await?;
                self.events
                    .record(&*unit, session.user_id, EventKind::RefreshReused, origin)
                    .await?;
                unit.commit().await?;
                let (session, user) = (session.id, session.user_id);
                tracing::warn!(%session, %user, "a refresh token was used twice: its session has ended");
            }
            None => {}
        }
        Err(Error::InvalidToken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;
    use domain::store::test_support::{MockRepositories, MockStore};
    use secrecy::ExposeSecret;

    fn presenting(presented: Option<PresentedToken>) -> MockRepositories {
        let mut work = MockRepositories::default();
        work.sessions
            .expect_lock_presented()
            .withf(|digest, now| *digest == token().digest() && *now == fixtures::now())
            .return_once(move |_, _| Ok(presented));
        work
    }

    fn token() -> RefreshToken {
        RefreshToken::new("presented".to_owned().into())
    }

    async fn refresh(work: MockRepositories) -> (Result<Tokens, Error>, usize) {
        let store = Arc::new(MockStore::default().then_work(work));
        let refresh = RefreshSession {
            store: store.clone(),
            tokens: fixtures::session_tokens(),
            clock: fixtures::clock(),
            events: fixtures::event_log(),
        };
        let origin = Origin::new(Some("192.0.2.1".into()), None);
        (refresh.execute(&token(), origin).await, store.commits())
    }

    #[tokio::test]
    async fn the_current_token_is_exchanged_and_the_session_lives_on() {
        let mut work = presenting(Some(PresentedToken::Current(fixtures::session())));
        work.sessions
            .expect_renew()
            .withf(|renewed, spent| {
                renewed.id == fixtures::session().id
                    && renewed.refresh_token_digest == RefreshToken::new("secret".to_owned().into()).digest()
                    && renewed.last_used_at == fixtures::now()
                    && renewed.expires_at == fixtures::now() + TimeDelta::days(30)
                    && renewed.created_at == fixtures::session().created_at
                    && renewed.origin.address.as_deref() == Some("192.0.2.1")
                    && *spent == token().digest()
            })
            .times(1)
            .returning(|_, _| Ok(()));
        let (outcome, commits) = refresh(work).await;
        let tokens = outcome.expect("renewed");
        assert_eq!(tokens.access_token.expose_secret(), "signed");
        assert_eq!((tokens.refresh_token.expose(), commits), ("secret", 1));
    }

    #[tokio::test]
    async fn the_token_before_is_refused_for_a_moment_without_ending_the_session() {
        let just_now = fixtures::now() + -SECOND_TAB;
        let work = presenting(Some(PresentedToken::Previous(fixtures::session(), just_now)));
        let (outcome, commits) = refresh(work).await;
        assert_eq!(
            (outcome.expect_err("refused").code(), commits),
            ("invalid_token", 0)
        );
    }

    #[tokio::test]
    async fn any_other_token_that_was_used_before_ends_the_session() {
        let long_ago = fixtures::now() + -SECOND_TAB + TimeDelta::microseconds(-1);
        for presented in [
            PresentedToken::Previous(fixtures::session(), long_ago),
            PresentedToken::Older(fixtures::session()),
        ] {
            let mut work = presenting(Some(presented));
            work.sessions
                .expect_delete()
                .withf(|user, id| *user == fixtures::owner() && *id == fixtures::session().id)
                .times(1)
                .returning(|_, _| Ok(true));
            let work = fixtures::recording(work, EventKind::RefreshReused);
            let (outcome, commits) = refresh(work).await;
            assert_eq!(
                (outcome.expect_err("refused").code(), commits),
                ("invalid_token", 1)
            );
        }
    }

    #[tokio::test]
    async fn an_unknown_token_is_refused() {
        let (outcome, commits) = refresh(presenting(None)).await;
        assert_eq!(
            (outcome.expect_err("refused").code(), commits),
            ("invalid_token", 0)
        );
    }
}
