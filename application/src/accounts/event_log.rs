//! Writing down what happens to accounts.

use domain::{
    accounts::{EventKind, Origin, SecurityEvent},
    clock::Clock,
    ids::{EventId, IdGenerator, UserId},
    store::{StoreError, Transaction},
};
use std::sync::Arc;

/// Writes events into the unit of work that does what they tell of, so that there is never one without the other.
pub struct EventLog {
    /// When it happened.
    pub clock: Arc<dyn Clock>,
    /// Names the event.
    pub ids: Arc<dyn IdGenerator>,
}

impl EventLog {
    /// Notes what was done from `origin`, to the user's account or to nobody's.
    pub(crate) async fn record(
        &self,
        unit: &dyn Transaction,
        user: impl Into<Option<UserId>>,
        kind: EventKind,
        origin: Origin,
    ) -> Result<(), StoreError> {
        let event = SecurityEvent {
            origin,
            ..self.event(user.into(), kind)
        };
        unit.events().record(&event).await
    }

    /// Notes what was done to the user's account by an admin, or by who runs the service. From where is not the user's to
    /// know.
    pub(crate) async fn record_by(
        &self,
        unit: &dyn Transaction,
        admin: Option<UserId>,
        user: UserId,
        kind: EventKind,
    ) -> Result<(), StoreError> {
        let event = SecurityEvent {
            admin_id: admin,
            ..self.event(Some(user), kind)
        };
        unit.events().record(&event).await
    }

    fn event(&self, user_id: Option<UserId>, kind: EventKind) -> SecurityEvent {
        SecurityEvent {
            id: EventId(self.ids.next()),
            user_id,
            admin_id: None,
            kind,
            origin: Origin::default(),
            created_at: self.clock.now(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;
    use domain::store::{
        Store,
        test_support::{MockRepositories, MockStore},
    };

    async fn unit(expected: SecurityEvent) -> Box<dyn Transaction> {
        let mut work = MockRepositories::default();
        work.events
            .expect_record()
            .withf(move |event| *event == expected)
            .times(1)
            .returning(|_| Ok(()));
        let store = MockStore::default().then_work(work);
        store.begin().await.expect("a unit of work")
    }

    fn event() -> SecurityEvent {
        SecurityEvent {
            id: EventId(fixtures::ids().next()),
            user_id: Some(fixtures::owner()),
            admin_id: None,
            kind: EventKind::LoggedIn,
            origin: fixtures::origin(),
            created_at: fixtures::now(),
        }
    }

    #[tokio::test]
    async fn an_event_tells_whose_account_what_when_and_from_where() {
        let unit = unit(event()).await;
        let log = fixtures::event_log();
        let recorded = log.record(&*unit, fixtures::owner(), EventKind::LoggedIn, fixtures::origin());
        recorded.await.expect("recorded");
    }

    #[tokio::test]
    async fn what_an_admin_did_tells_who_it_was_but_not_from_where() {
        let unit = unit(SecurityEvent {
            admin_id: Some(fixtures::admin().id),
            kind: EventKind::Disabled,
            origin: Origin::default(),
            ..event()
        })
        .await;
        let (admin, log) = (Some(fixtures::admin().id), fixtures::event_log());
        let recorded = log.record_by(&*unit, admin, fixtures::owner(), EventKind::Disabled);
        recorded.await.expect("recorded");
    }
}
