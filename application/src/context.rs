//! The ports that every operation needs.

use domain::{
    accounts::{EventKind, Origin, SecurityEvent},
    clock::{Clock, Timestamp},
    ids::{EventId, IdGenerator, UserId},
    store::{BoxFuture, Reader, Store, StoreError, Transaction, TransactionError},
};
use std::sync::Arc;
use uuid::Uuid;

/// The store, the time and new ids, shared by all services. Clones share the same ports.
#[derive(Clone)]
pub struct Context {
    /// The database.
    pub store: Arc<dyn Store>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// New ids.
    pub ids: Arc<dyn IdGenerator>,
}

impl Context {
    /// Repositories that can only read.
    pub(crate) fn read(&self) -> &dyn Reader {
        self.store.read()
    }

    /// Runs `operation` in a transaction; see `transact` of [`Store`].
    pub(crate) async fn transact<'a, T, E, F>(&self, operation: F) -> Result<T, E>
    where
        E: TransactionError,
        F: for<'t> Fn(&'t (dyn Transaction + 'a)) -> BoxFuture<'t, Result<T, E>>,
    {
        self.store.transact(operation).await
    }

    /// The current time, to the microsecond.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A new id, greater than those before it.
    pub(crate) fn new_id(&self) -> Uuid {
        self.ids.next()
    }

    /// Records what was done from `origin` to the account of `user`, or to no account, in the transaction that does it.
    pub(crate) async fn record_event(
        &self,
        tx: &dyn Transaction,
        user: impl Into<Option<UserId>>,
        kind: EventKind,
        origin: Origin,
    ) -> Result<(), StoreError> {
        let event = SecurityEvent {
            origin,
            ..self.event(user.into(), kind)
        };
        tx.events().record(&event).await
    }

    /// Records what an admin, or the operator on the command line (`None`), did to the account of `user`. Their address is
    /// not recorded, because the user sees their own events.
    pub(crate) async fn record_admin_event(
        &self,
        tx: &dyn Transaction,
        admin: Option<UserId>,
        user: UserId,
        kind: EventKind,
    ) -> Result<(), StoreError> {
        let event = SecurityEvent {
            admin_id: admin,
            ..self.event(Some(user), kind)
        };
        tx.events().record(&event).await
    }

    fn event(&self, user_id: Option<UserId>, kind: EventKind) -> SecurityEvent {
        SecurityEvent {
            id: EventId(self.new_id()),
            user_id,
            admin_id: None,
            kind,
            origin: Origin::default(),
            created_at: self.now(),
        }
    }
}
