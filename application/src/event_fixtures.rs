//! What is written down of accounts in unit tests.

use super::{ada, clock, ids, now};
use crate::accounts::EventLog;
use domain::{
    accounts::{EventKind, Origin},
    ids::UserId,
    store::test_support::MockRepositories,
};
use mockall::Sequence;
use std::sync::Arc;

/// From where requests come.
pub(crate) fn origin() -> Origin {
    Origin::new(Some("192.0.2.1".into()), Some("curl"))
}

pub(crate) fn event_log() -> Arc<EventLog> {
    let (clock, ids) = (clock(), ids());
    Arc::new(EventLog { clock, ids })
}

/// These mocks, to which one event is added: this one, which happened to [`ada`].
pub(crate) fn recording(work: MockRepositories, kind: EventKind) -> MockRepositories {
    recording_of(Some(ada().id), work, kind)
}

/// The same for an event of anybody or nobody.
pub(crate) fn recording_of(
    user: Option<UserId>,
    mut work: MockRepositories,
    kind: EventKind,
) -> MockRepositories {
    work.events
        .expect_record()
        .withf(move |event| event.user_id == user && event.kind == kind)
        .times(1)
        .returning(|_| Ok(()));
    work
}

/// These mocks, of which a face is removed.
pub(crate) fn removing_face(mut work: MockRepositories) -> MockRepositories {
    work.faces.expect_find().returning(|_| Ok(None));
    work.faces
        .expect_delete()
        .withf(|user| *user == ada().id)
        .times(1)
        .returning(|_| Ok(true));
    work
}

/// What the deletion of [`ada`] meets: everything of hers goes, and then one event is left.
pub(crate) fn deleting(admin: Option<UserId>) -> MockRepositories {
    let mut work = MockRepositories::default();
    work.users.expect_lock().returning(|_| Ok(Some(ada())));
    work.blob_deletions
        .expect_schedule_owned_by()
        .withf(|owner, due_at| *owner == ada().id && *due_at == now())
        .times(1)
        .returning(|_, _| Ok(()));
    work.faces.expect_find().returning(|_| Ok(None));
    work.predictions
        .expect_delete_of_owner()
        .withf(|owner| *owner == ada().id)
        .times(1)
        .returning(|_| Ok(()));
    work.users.expect_delete().times(1).returning(|_| Ok(()));
    let mut order = Sequence::new();
    work.events
        .expect_delete_all()
        .withf(|user| *user == ada().id)
        .times(1)
        .in_sequence(&mut order)
        .returning(|_| Ok(()));
    work.events
        .expect_record()
        .withf(move |event| {
            event.kind == EventKind::AccountDeleted
                && (event.user_id, event.admin_id) == (Some(ada().id), admin)
                && event.origin == Origin::default()
        })
        .times(1)
        .in_sequence(&mut order)
        .returning(|_| Ok(()));
    work
}
