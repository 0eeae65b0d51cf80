//! Sessions as rows.

use crate::persistence::{
    entities::sessions::{ActiveModel, Column, Model},
    error::CorruptRow,
};
use domain::{
    accounts::{Origin, Session, TokenDigest},
    clock::Timestamp,
    ids::{SessionId, UserId},
};
use sea_orm::{ActiveValue::Set, ColumnTrait, sea_query::SimpleExpr};

/// That the session has not ended.
pub(super) fn alive(now: Timestamp) -> SimpleExpr {
    Column::ExpiresAt.gt(now.to_utc())
}

pub(super) fn read(row: Model) -> Result<Session, CorruptRow> {
    let digest = row.refresh_token_digest.try_into().map_err(|_| CorruptRow {
        table: "sessions",
        column: "refresh_token_digest",
    })?;
    Ok(Session {
        id: SessionId(row.id),
        user_id: UserId(row.user_id),
        refresh_token_digest: TokenDigest(digest),
        origin: Origin {
            address: row.address,
            user_agent: row.user_agent,
        },
        created_at: Timestamp::new(row.created_at),
        last_used_at: Timestamp::new(row.last_used_at),
        expires_at: Timestamp::new(row.expires_at),
    })
}

pub(super) fn row(session: &Session) -> ActiveModel {
    ActiveModel {
        id: Set(session.id.0),
        user_id: Set(session.user_id.0),
        refresh_token_digest: Set(session.refresh_token_digest.0.to_vec()),
        address: Set(session.origin.address.clone()),
        user_agent: Set(session.origin.user_agent.clone()),
        created_at: Set(session.created_at.to_utc()),
        last_used_at: Set(session.last_used_at.to_utc()),
        expires_at: Set(session.expires_at.to_utc()),
    }
}
