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
                let (renewed, tokens) = self.tokens.renew(session, origin.clone())?;
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
