//! Sessions: refresh, list and end.

use super::{SessionTokens, Tokens};
use crate::{Context, Error};
use chrono::TimeDelta;
use domain::{
    accounts::{EventKind, Origin, PresentedToken, RefreshToken, Session},
    ids::{SessionId, UserId},
    page::{Page, PageRequest},
    store::Transaction,
};
use std::sync::Arc;

/// The time in which the previous refresh token is rejected without ending the session, because two tabs can refresh at the
/// same moment.
const REUSE_INTERVAL: TimeDelta = TimeDelta::seconds(10);

/// The sessions of users.
pub struct Sessions {
    context: Context,
    tokens: Arc<SessionTokens>,
}

/// The outcome of a refresh.
enum Refresh {
    Renewed(Tokens),
    /// The token is unknown, expired, or was replaced within the reuse interval.
    Rejected,
    /// The token was used before. The session has ended.
    Reused(Session),
}

impl Sessions {
    /// Creates the service.
    pub fn new(context: Context, tokens: Arc<SessionTokens>) -> Self {
        Self { context, tokens }
    }

    /// Exchanges a refresh token for new tokens, once.
    ///
    /// Reuse of a refresh token ends its session, because either the owner or a thief holds a stolen token (RFC 9700,
    /// section 4.14.2).
    ///
    /// # Errors
    ///
    /// [`Error::InvalidToken`] if the token is unknown, expired or used.
    pub async fn refresh(&self, token: &RefreshToken, origin: Origin) -> Result<Tokens, Error> {
        let refresh = self
            .context
            .transact(|tx| Box::pin(self.refresh_in(tx, token, &origin)))
            .await?;
        match refresh {
            Refresh::Renewed(tokens) => Ok(tokens),
            Refresh::Rejected => Err(Error::InvalidToken),
            Refresh::Reused(session) => {
                let (session, user) = (session.id, session.user_id);
                tracing::warn!(%session, %user, "a refresh token was reused, so its session has ended");
                Err(Error::InvalidToken)
            }
        }
    }

    async fn refresh_in(
        &self,
        tx: &dyn Transaction,
        token: &RefreshToken,
        origin: &Origin,
    ) -> Result<Refresh, Error> {
        let now = self.context.now();
        let digest = token.digest();
        match tx.sessions().lock_presented(&digest, now).await? {
            None => Ok(Refresh::Rejected),
            Some(PresentedToken::Current(session)) => {
                let (renewed, tokens) = self.tokens.renew(&session, origin.clone())?;
                tx.sessions().renew(&renewed, &digest).await?;
                Ok(Refresh::Renewed(tokens))
            }
            Some(PresentedToken::Previous(_, spent_at)) if now <= spent_at + REUSE_INTERVAL => {
                Ok(Refresh::Rejected)
            }
            Some(PresentedToken::Previous(session, _) | PresentedToken::Older(session)) => {
                tx.sessions().delete(session.user_id, session.id).await?;
                let reused = EventKind::RefreshReused;
                self.context
                    .record_event(tx, session.user_id, reused, origin.clone())
                    .await?;
                Ok(Refresh::Reused(session))
            }
        }
    }

    /// Ends the session of a refresh token. An unknown or expired token is no error (RFC 7009, section 2.2).
    pub async fn log_out(&self, token: &RefreshToken, origin: Origin) -> Result<(), Error> {
        let origin = &origin;
        self.context
            .transact(|tx| {
                Box::pin(async move {
                    let now = self.context.now();
                    let Some(
                        PresentedToken::Current(session)
                        | PresentedToken::Previous(session, _)
                        | PresentedToken::Older(session),
                    ) = tx.sessions().lock_presented(&token.digest(), now).await?
                    else {
                        return Ok(());
                    };
                    tx.sessions().delete(session.user_id, session.id).await?;
                    self.context
                        .record_event(tx, session.user_id, EventKind::LoggedOut, origin.clone())
                        .await?;
                    Ok(())
                })
            })
            .await
    }

    /// Returns a page of the user's sessions that have not ended, newest first.
    pub async fn list(&self, user: UserId, page: PageRequest) -> Result<Page<Session>, Error> {
        let sessions = self.context.read().sessions();
        Ok(sessions.list(user, self.context.now(), page).await?)
    }

    /// Ends a session of the user. Its tokens are no longer accepted.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] if the user has no such session.
    pub async fn end(&self, user: UserId, id: SessionId, origin: Origin) -> Result<(), Error> {
        let origin = &origin;
        self.context
            .transact(|tx| {
                Box::pin(async move {
                    if !tx.sessions().delete(user, id).await? {
                        return Err(Error::NotFound);
                    }
                    let ended = EventKind::SessionEnded;
                    self.context.record_event(tx, user, ended, origin.clone()).await?;
                    Ok(())
                })
            })
            .await
    }

    /// Deletes the expired sessions and returns their number. They are already rejected, so this only frees space.
    pub async fn delete_expired(context: &Context) -> Result<u64, Error> {
        let now = context.now();
        context
            .transact(|tx| Box::pin(async move { Ok(tx.sessions().delete_expired(now).await?) }))
            .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ErrorCode, fixtures, test_context::TestContext};
    use secrecy::ExposeSecret;
    use uuid::Uuid;

    /// The session service on a store with Ada's [`fixtures::session`], whose refresh token is `presented`.
    async fn sessions() -> (TestContext, Sessions) {
        let test = TestContext::with_ada().await;
        test.write(async |tx| tx.sessions().insert(&fixtures::session()).await)
            .await;
        let sessions = Sessions::new(test.context(), test.session_tokens());
        (test, sessions)
    }

    fn token(secret: &str) -> RefreshToken {
        RefreshToken::new(secret.to_owned().into())
    }

    async fn refresh(sessions: &Sessions, secret: &str) -> Result<String, ErrorCode> {
        let tokens = sessions.refresh(&token(secret), fixtures::origin()).await;
        tokens
            .map(|tokens| tokens.refresh_token.expose().to_owned())
            .map_err(|error| error.code())
    }

    async fn list(sessions: &Sessions) -> Vec<Session> {
        let page = sessions.list(fixtures::owner(), PageRequest::default()).await;
        page.expect("a page").items
    }

    const REJECTED: Result<String, ErrorCode> = Err(ErrorCode::InvalidToken);

    #[tokio::test]
    async fn a_refresh_token_is_exchanged_and_the_session_continues() {
        let (_test, sessions) = sessions().await;
        let tokens = sessions.refresh(&token("presented"), fixtures::origin()).await;
        let tokens = tokens.expect("refreshed");
        assert_eq!(tokens.access_token.expose_secret(), "signed");
        let expected = Session {
            refresh_token_digest: tokens.refresh_token.digest(),
            origin: fixtures::origin(),
            last_used_at: fixtures::now(),
            expires_at: fixtures::now() + TimeDelta::days(30),
            ..fixtures::session()
        };
        assert_eq!(list(&sessions).await, [expected]);
    }

    #[tokio::test]
    async fn the_previous_token_is_rejected_and_ends_the_session_only_after_the_reuse_interval() {
        let (test, sessions) = sessions().await;
        refresh(&sessions, "presented").await.expect("refreshed");
        test.clock.advance(REUSE_INTERVAL);
        assert_eq!(refresh(&sessions, "presented").await, REJECTED);
        assert_eq!(list(&sessions).await.len(), 1);
        test.clock.advance(TimeDelta::microseconds(1));
        assert_eq!(refresh(&sessions, "presented").await, REJECTED);
        assert_eq!(list(&sessions).await, []);
        assert_eq!(test.events(fixtures::owner()).await, [EventKind::RefreshReused]);
        assert_eq!(refresh(&sessions, "secret 1").await, REJECTED);
    }

    #[tokio::test]
    async fn an_older_token_ends_the_session_at_once() {
        let (test, sessions) = sessions().await;
        let second = refresh(&sessions, "presented").await.expect("refreshed");
        test.clock.advance(TimeDelta::microseconds(1));
        refresh(&sessions, &second).await.expect("refreshed");
        assert_eq!(refresh(&sessions, "presented").await, REJECTED);
        assert_eq!(list(&sessions).await, []);
        assert_eq!(test.events(fixtures::owner()).await, [EventKind::RefreshReused]);
    }

    #[tokio::test]
    async fn unknown_and_expired_tokens_are_rejected_and_change_nothing() {
        let (test, sessions) = sessions().await;
        assert_eq!(refresh(&sessions, "unknown").await, REJECTED);
        assert_eq!(list(&sessions).await, [fixtures::session()]);
        test.clock.advance(TimeDelta::days(29));
        assert_eq!(refresh(&sessions, "presented").await, REJECTED);
        assert_eq!(test.events(fixtures::owner()).await, []);
    }

    #[tokio::test]
    async fn every_token_of_a_session_logs_it_out() {
        for presented in ["presented", "secret 1", "secret 2"] {
            let (test, sessions) = sessions().await;
            refresh(&sessions, "presented").await.expect("refreshed");
            test.clock.advance(TimeDelta::microseconds(1));
            refresh(&sessions, "secret 1").await.expect("refreshed");
            for _ in 0..2 {
                let out = sessions.log_out(&token(presented), fixtures::origin()).await;
                out.expect("logged out, or nothing to do");
            }
            assert_eq!(list(&sessions).await, [], "{presented}");
            assert_eq!(test.events(fixtures::owner()).await, [EventKind::LoggedOut]);
        }
    }

    #[tokio::test]
    async fn users_see_and_end_only_their_own_sessions() {
        let (test, sessions) = sessions().await;
        let test = test.with_user(fixtures::eve()).await;
        let of_eve = Session {
            id: SessionId(Uuid::from_u128(12)),
            user_id: fixtures::eve().id,
            ..fixtures::session()
        };
        test.write(async |tx| tx.sessions().insert(&of_eve).await).await;
        assert_eq!(list(&sessions).await, [fixtures::session()]);
        for (id, expected) in [
            (of_eve.id, Err(ErrorCode::NotFound)),
            (fixtures::session().id, Ok(())),
            (fixtures::session().id, Err(ErrorCode::NotFound)),
        ] {
            let ended = sessions.end(fixtures::owner(), id, fixtures::origin()).await;
            assert_eq!(ended.map_err(|error| error.code()), expected);
        }
        assert_eq!(list(&sessions).await, []);
        assert_eq!(test.events(fixtures::owner()).await, [EventKind::SessionEnded]);
    }

    #[tokio::test]
    async fn expired_sessions_are_not_listed_and_are_deleted() {
        let (test, sessions) = sessions().await;
        let delete = async || Sessions::delete_expired(&test.context()).await.expect("deleted");
        assert_eq!(delete().await, 0);
        test.clock.advance(TimeDelta::days(29));
        assert_eq!(list(&sessions).await, []);
        assert_eq!((delete().await, delete().await), (1, 0));
    }
}
