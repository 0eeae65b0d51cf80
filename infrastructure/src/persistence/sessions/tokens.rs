//! Refresh tokens: each session has a current one, and every one that it had before is kept as spent.

use super::rows::{alive, read, row};
use crate::persistence::{
    Connection,
    entities::{
        sessions::{ActiveModel, Column, Entity},
        spent_refresh_tokens as spent_tokens,
    },
    error::store_error,
    users,
};
use domain::{
    accounts::{PresentedToken, Session, TokenDigest},
    clock::Timestamp,
    store::StoreError,
};
use sea_orm::{
    ActiveValue::{NotSet, Set},
    ColumnTrait, EntityTrait, QueryFilter, QuerySelect,
};
use uuid::Uuid;

/// What a token is, is decided by reads that come after the lock: of two who present the same one at once, the second
/// waits here for the first, and then sees what the first made of it.
pub(super) async fn lock_presented(
    connection: &impl Connection,
    token: &TokenDigest,
    now: Timestamp,
) -> Result<Option<PresentedToken>, StoreError> {
    let Some((session, user)) = session_of(connection, token).await? else {
        return Ok(None);
    };
    // By its id and not by the token: MySQL would lock the index of the tokens before the row, and who changes or
    // removes a session goes the other way.
    users::lock(connection, user).await?;
    let select = Entity::find_by_id(session)
        .filter(alive(now))
        .lock_exclusive()
        .one(connection);
    let Some(row) = select.await.map_err(store_error)? else {
        return Ok(None);
    };
    let session = read(row)?;
    if session.refresh_token_digest == *token {
        return Ok(Some(PresentedToken::Current(session)));
    }
    let spent = spent_tokens::Entity::find_by_id(token.0.to_vec())
        .filter(spent_tokens::Column::SessionId.eq(session.id.0))
        .one(connection);
    let spent = spent.await.map_err(store_error)?;
    Ok(spent.map(|spent| {
        let spent_at = Timestamp::new(spent.spent_at);
        // The session was renewed last at the moment when its latest token was spent. Clocks may differ between the
        // machines that renew it, so the greatest moment need not be the latest.
        if spent_at == session.last_used_at {
            PresentedToken::Previous(session, spent_at)
        } else {
            PresentedToken::Older(session)
        }
    }))
}

/// The session that a token belongs to or belonged to, and its user. A token that is spent between the two reads is
/// found by the second.
async fn session_of(
    connection: &impl Connection,
    token: &TokenDigest,
) -> Result<Option<(Uuid, Uuid)>, StoreError> {
    let current = Entity::find().filter(Column::RefreshTokenDigest.eq(token.0.to_vec()));
    let spent = spent_tokens::Entity::find_by_id(token.0.to_vec()).inner_join(Entity);
    let ids = [Column::Id, Column::UserId];
    let current = current.select_only().columns(ids).into_tuple().one(connection);
    if let Some(found) = current.await.map_err(store_error)? {
        return Ok(Some(found));
    }
    let spent = spent.select_only().columns(ids).into_tuple().one(connection);
    spent.await.map_err(store_error)
}

/// [`StoreError::OwnerDeleted`] when there is no session whose current token is the one to be spent.
pub(super) async fn renew(
    connection: &impl Connection,
    renewed: &Session,
    spent: &TokenDigest,
) -> Result<(), StoreError> {
    let update = Entity::update_many()
        .set(ActiveModel {
            id: NotSet,
            user_id: NotSet,
            created_at: NotSet,
            ..row(renewed)
        })
        .filter(Column::Id.eq(renewed.id.0))
        .filter(Column::RefreshTokenDigest.eq(spent.0.to_vec()))
        .exec(connection);
    if update.await.map_err(store_error)?.rows_affected == 0 {
        return Err(StoreError::OwnerDeleted);
    }
    let spent = spent_tokens::ActiveModel {
        digest: Set(spent.0.to_vec()),
        session_id: Set(renewed.id.0),
        spent_at: Set(renewed.last_used_at.to_utc()),
    };
    let insert = spent_tokens::Entity::insert(spent).exec_without_returning(connection);
    insert.await.map_err(store_error)?;
    Ok(())
}
