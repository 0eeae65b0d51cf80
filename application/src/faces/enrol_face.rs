//! Enrolling a face.

use super::{FaceIntake, ReceivedPhoto};
use crate::{Error, accounts::EventLog};
use domain::{
    accounts::{EventKind, Origin},
    faces::EnrolledFace,
    ids::UserId,
    store::{Store, Transaction},
};
use std::sync::Arc;

/// Gives a user a face to log in with, in the place of the one that he had.
pub struct EnrolFace {
    /// Where users and faces are kept.
    pub store: Arc<dyn Store>,
    /// The way in.
    pub intake: Arc<FaceIntake>,
    /// Where it is written down.
    pub events: Arc<EventLog>,
}

impl EnrolFace {
    /// The enrolled face. [`Error::Photo`], [`Error::FaceMismatch`], [`Error::FaceTaken`]; [`Error::Unauthenticated`] when
    /// the user is gone.
    pub async fn execute(
        &self,
        user: UserId,
        photos: [ReceivedPhoto; FaceIntake::PHOTOS],
        origin: Origin,
    ) -> Result<EnrolledFace, Error> {
        let face = self.intake.receive(user, &photos).await?;
        drop(photos);
        let added = self.add(&face, origin).await;
        let unit = self.intake.settle(&face, added).await?;
        unit.commit().await?;
        Ok(face)
    }

    async fn add(&self, face: &EnrolledFace, origin: Origin) -> Result<Box<dyn Transaction>, Error> {
        let unit = self.store.begin().await?;
        let mut user = unit
            .users()
            .lock(face.user_id)
            .await?
            .ok_or(Error::Unauthenticated)?;
        self.intake.add(&*unit, face).await?;
        user.has_face = true;
        unit.users().update(&user).await?;
        self.events
            .record(&*unit, user.id, EventKind::FaceEnrolled, origin)
            .await?;
        Ok(unit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorCode;
    use crate::{faces::face_fixtures as faces, fixtures};
    use domain::store::test_support::{MockRepositories, MockStore};

    async fn enrol(store: &Arc<MockStore>) -> Result<EnrolledFace, Error> {
        let engine = faces::engine_seeing([0.0, 0.1, 0.2]);
        let enrol = EnrolFace {
            store: store.clone(),
            intake: Arc::new(faces::intake(store, engine)),
            events: fixtures::event_log(),
        };
        let outcome = enrol.execute(fixtures::owner(), faces::photos(), fixtures::origin());
        outcome.await
    }

    #[tokio::test]
    async fn the_face_the_mark_on_its_user_and_the_event_are_written_in_one_commit() {
        let mut work = MockRepositories::default();
        work.users.expect_lock().returning(|_| Ok(Some(fixtures::ada())));
        work.users
            .expect_update()
            .withf(|user| user.has_face && user.id == fixtures::owner())
            .times(1)
            .returning(|_| Ok(()));
        work.faces.expect_find().returning(|_| Ok(None));
        work.faces
            .expect_put()
            .withf(|face| face.user_id == fixtures::owner() && face.photos == 3)
            .times(1)
            .returning(|_| Ok(()));
        let work = fixtures::recording(work, EventKind::FaceEnrolled);
        let store = Arc::new(MockStore::default().then_work(work));
        let face = enrol(&store).await.expect("enrolled");
        assert_eq!((face.enrolled_at, store.commits()), (fixtures::now(), 1));
    }

    #[tokio::test]
    async fn a_user_who_was_just_deleted_is_no_longer_authenticated() {
        let mut work = MockRepositories::default();
        work.users.expect_lock().returning(|_| Ok(None));
        let store = Arc::new(MockStore::default().then_work(work));
        assert_eq!(
            enrol(&store).await.expect_err("gone").code(),
            ErrorCode::Unauthenticated
        );
        assert_eq!(store.commits(), 0);
    }
}
