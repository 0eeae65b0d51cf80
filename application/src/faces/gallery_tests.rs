use super::*;
use crate::faces::face_fixtures as faces;
use domain::{
    faces::SealedEmbedding,
    store::test_support::{MockRepositories, MockStore},
};
use std::sync::Mutex as Shared;

/// A store of these faces, which a test may change.
fn store(rows: Vec<EnrolledFace>) -> (Arc<MockStore>, Arc<Shared<Vec<EnrolledFace>>>) {
    let rows = Arc::new(Shared::new(rows));
    let mut reads = MockRepositories::default();
    let (listed, found, counted) = (rows.clone(), rows.clone(), rows.clone());
    reads.faces.expect_list().returning(move |after, limit| {
        let rows = listed.lock().expect("no test panicked");
        let rows = rows.iter().filter(|face| Some(face.id) > after);
        Ok(rows.take(usize::try_from(limit).expect("few")).cloned().collect())
    });
    reads.faces.expect_find().returning(move |user| {
        let rows = found.lock().expect("no test panicked");
        Ok(rows.iter().find(|face| face.user_id == user).cloned())
    });
    reads
        .faces
        .expect_count()
        .returning(move || Ok(counted.lock().expect("no test panicked").len() as u64));
    (Arc::new(MockStore::reading(reads)), rows)
}

async fn near(gallery: &FaceGallery, first: f32) -> Option<Vec<u128>> {
    let nearest = gallery.nearest_two(&Embedding::at(first), None).await;
    let nearest = nearest.expect("searched")?;
    Some(nearest.iter().map(|near| near.user_id.0.as_u128()).collect())
}

#[tokio::test]
async fn the_nearest_of_many_pages_are_found() {
    let faces_of = |count: u16| (1..=count).map(|user| faces::enrolled_of(user.into(), f32::from(user)));
    let (store, _) = store(faces_of(2500).collect());
    let gallery = faces::gallery(&store, 10_000);
    assert_eq!(near(&gallery, 1700.2).await, Some(vec![1700, 1701]));
    let except = Some(UserId(uuid::Uuid::from_u128(1700)));
    let nearest = gallery.nearest_two(&Embedding::at(1700.2), except).await;
    let nearest = nearest.expect("searched").expect("not too many");
    assert_eq!(nearest[0].user_id.0.as_u128(), 1701);
}

#[tokio::test]
async fn what_others_enrol_and_remove_meanwhile_counts() {
    let (store, rows) = store(vec![faces::enrolled_of(1, 1.0), faces::enrolled_of(2, 2.0)]);
    let gallery = faces::gallery(&store, 9);
    assert_eq!(near(&gallery, 1.2).await, Some(vec![1, 2]));
    rows.lock()
        .expect("no test panicked")
        .push(faces::enrolled_of(3, 1.1));
    assert_eq!(near(&gallery, 1.2).await, Some(vec![3, 1]));
    rows.lock().expect("no test panicked").remove(0);
    assert_eq!(near(&gallery, 1.2).await, Some(vec![3, 2]));
    // Enrolled anew, elsewhere.
    let anew = EnrolledFace {
        user_id: UserId(uuid::Uuid::from_u128(3)),
        ..faces::enrolled_of(4, 9.0)
    };
    rows.lock().expect("no test panicked")[1] = anew;
    assert_eq!(near(&gallery, 1.2).await, Some(vec![2, 3]));
}

#[tokio::test]
async fn faces_of_another_model_and_faces_that_no_key_opens_are_passed_over() {
    let other_model = EnrolledFace {
        model: "model 0".into(),
        ..faces::enrolled_of(1, 1.0)
    };
    let unknown_key = EnrolledFace {
        embedding: SealedEmbedding {
            key_id: "unknown".into(),
            bytes: vec![],
        },
        ..faces::enrolled_of(2, 1.0)
    };
    let (store, _) = store(vec![other_model, unknown_key, faces::enrolled_of(3, 3.0)]);
    assert_eq!(near(&faces::gallery(&store, 9), 1.0).await, Some(vec![3]));
}

#[tokio::test]
async fn of_more_faces_than_there_may_be_none_is_found_until_some_are_gone() {
    let (store, rows) = store((1..=4).map(|user| faces::enrolled_of(user, 1.0)).collect());
    let gallery = faces::gallery(&store, 3);
    assert_eq!(near(&gallery, 1.0).await, None);
    rows.lock().expect("no test panicked").pop();
    assert!(near(&gallery, 1.0).await.is_some());
}

#[tokio::test(start_paused = true)]
async fn faces_that_were_read_too_long_ago_are_forgotten_and_read_again() {
    let (store, rows) = store(vec![faces::enrolled_of(1, 1.0), faces::enrolled_of(2, 9.0)]);
    let clock = crate::fixtures::running_clock();
    let gallery = FaceGallery::new(store, faces::cipher(), Arc::new(faces::engine()), clock, 9);
    assert_eq!(near(&gallery, 1.0).await, Some(vec![1, 2]));
    rows.lock().expect("no test panicked").pop();
    // Added long after it got its id.
    let late = EnrolledFace {
        id: FaceId(uuid::Uuid::from_u128(3)),
        ..faces::enrolled_of(3, 1.5)
    };
    rows.lock().expect("no test panicked").insert(0, late);
    tokio::time::advance(std::time::Duration::from_mins(4)).await;
    gallery.forget_old().await;
    assert_eq!(gallery.known.lock().await.gallery.len(), 2);
    tokio::time::advance(std::time::Duration::from_mins(2)).await;
    gallery.forget_old().await;
    assert!(gallery.known.lock().await.gallery.is_empty());
    assert_eq!(near(&gallery, 1.0).await, Some(vec![1, 3]));
}
