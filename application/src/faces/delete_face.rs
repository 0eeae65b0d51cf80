//! Removing a face.

use super::remove_face;
use crate::{Error, accounts::EventLog};
use domain::{
    accounts::{EventKind, Origin},
    clock::Clock,
    ids::UserId,
    store::Store,
};
use std::sync::Arc;

/// Removes a user's face, and the photos that were kept of it.
pub struct DeleteFace {
    /// Where users and faces are kept.
    pub store: Arc<dyn Store>,
    /// From when on the photos may go.
    pub clock: Arc<dyn Clock>,
    /// Where it is written down.
    pub events: Arc<EventLog>,
}

impl DeleteFace {
    /// [`Error::NotFound`] when the user has none.
    pub async fn execute(&self, user: UserId, origin: Origin) -> Result<(), Error> {
        let unit = self.store.begin().await?;
        let mut user = unit.users().lock(user).await?.ok_or(Error::Unauthenticated)?;
        if !remove_face(&*unit, user.id, self.clock.now()).await? {
            return Err(Error::NotFound);
        }
        user.has_face = false;
        unit.users().update(&user).await?;
        self.events
            .record(&*unit, user.id, EventKind::FaceDeleted, origin)
            .await?;
        Ok(unit.commit().await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorCode;
    use crate::{faces::face_fixtures as faces, fixtures};
    use domain::{
        accounts::User,
        faces::EnrolledFace,
        store::test_support::{MockRepositories, MockStore},
    };

    async fn delete(work: MockRepositories) -> (Result<(), ErrorCode>, usize) {
        let store = Arc::new(MockStore::default().then_work(work));
        let delete = DeleteFace {
            store: store.clone(),
            clock: fixtures::clock(),
            events: fixtures::event_log(),
        };
        let outcome = delete.execute(fixtures::owner(), fixtures::origin()).await;
        (outcome.map_err(|error| error.code()), store.commits())
    }

    fn finding(face: Option<EnrolledFace>) -> MockRepositories {
        let mut work = MockRepositories::default();
        work.users.expect_lock().returning(|_| {
            Ok(Some(User {
                has_face: true,
                ..fixtures::ada()
            }))
        });
        work.faces.expect_delete().times(1).returning({
            let known = face.is_some();
            move |_| Ok(known)
        });
        work.faces.expect_find().returning(move |_| Ok(face.clone()));
        work
    }

    #[tokio::test]
    async fn the_face_its_photos_and_the_mark_on_its_user_go_in_one_commit() {
        let kept = EnrolledFace {
            photos_kept: true,
            ..faces::enrolled(0.0)
        };
        let mut work = finding(Some(kept));
        work.blob_deletions
            .expect_schedule()
            .withf(|key, due_at| key.as_str().starts_with("faces/") && *due_at == fixtures::now())
            .times(3)
            .returning(|_, _| Ok(()));
        work.users
            .expect_update()
            .withf(|user| !user.has_face)
            .times(1)
            .returning(|_| Ok(()));
        let work = fixtures::recording(work, EventKind::FaceDeleted);
        assert_eq!(delete(work).await, (Ok(()), 1));
    }

    #[tokio::test]
    async fn a_face_that_is_not_there_cannot_be_removed() {
        assert_eq!(delete(finding(None)).await, (Err(ErrorCode::NotFound), 0));
    }
}
