use super::*;
use crate::{faces::fixtures as faces, test_context::TestContext};
use domain::faces::SealedEmbedding;
use uuid::Uuid;

async fn put(test: &TestContext, face: &EnrolledFace) {
    test.write(async |tx| tx.faces().put(face).await).await;
}

async fn delete(test: &TestContext, user: u128) {
    let user = UserId(Uuid::from_u128(user));
    test.write(async |tx| tx.faces().delete(user).await).await;
}

async fn near(gallery: &FaceGallery, first: f32) -> Option<Vec<u128>> {
    let nearest = gallery.nearest_two(&Embedding::at(first), None).await;
    let nearest = nearest.expect("searched")?;
    Some(nearest.iter().map(|near| near.user_id.0.as_u128()).collect())
}

#[tokio::test]
async fn the_nearest_of_several_pages_are_found() {
    let enrolled: Vec<_> = (1..=2500_u16)
        .map(|user| faces::enrolled_of(user.into(), f32::from(user)))
        .collect();
    let test = faces::enrolling(&enrolled).await;
    let gallery = faces::gallery(&test, 10_000);
    assert_eq!(near(&gallery, 1700.2).await, Some(vec![1700, 1701]));
    let except = Some(UserId(Uuid::from_u128(1700)));
    let nearest = gallery.nearest_two(&Embedding::at(1700.2), except).await;
    let nearest = nearest.expect("searched").expect("searchable");
    assert_eq!(nearest[0].user_id.0.as_u128(), 1701);
}

#[tokio::test]
async fn faces_that_are_enrolled_and_deleted_meanwhile_are_respected() {
    let first = [
        faces::enrolled_of(1, 1.0),
        faces::enrolled_of(2, 2.0),
        faces::enrolled_of(3, 1.1),
    ];
    let test = faces::enrolling(&first).await;
    delete(&test, 3).await;
    let gallery = faces::gallery(&test, 9);
    assert_eq!(near(&gallery, 1.2).await, Some(vec![1, 2]));
    put(&test, &first[2]).await;
    assert_eq!(near(&gallery, 1.2).await, Some(vec![3, 1]));
    delete(&test, 1).await;
    assert_eq!(near(&gallery, 1.2).await, Some(vec![3, 2]));
    let enrolled_again = EnrolledFace {
        user_id: first[2].user_id,
        ..faces::enrolled_of(4, 9.0)
    };
    put(&test, &enrolled_again).await;
    assert_eq!(near(&gallery, 1.2).await, Some(vec![2, 3]));
}

#[tokio::test]
async fn faces_of_another_model_and_undecryptable_faces_are_skipped() {
    let other_model = EnrolledFace {
        model: "model 0".into(),
        ..faces::enrolled_of(1, 1.0)
    };
    let undecryptable = EnrolledFace {
        embedding: SealedEmbedding {
            key_id: "unknown".into(),
            bytes: vec![],
        },
        ..faces::enrolled_of(2, 1.0)
    };
    let test = faces::enrolling(&[other_model, undecryptable, faces::enrolled_of(3, 3.0)]).await;
    assert_eq!(near(&faces::gallery(&test, 9), 1.0).await, Some(vec![3]));
}

#[tokio::test]
async fn over_the_limit_nothing_is_found_until_faces_are_deleted() {
    let enrolled: Vec<_> = (1..=4).map(|user| faces::enrolled_of(user, 1.0)).collect();
    let test = faces::enrolling(&enrolled).await;
    let gallery = faces::gallery(&test, 3);
    assert_eq!(near(&gallery, 1.0).await, None);
    assert!(!gallery.is_searchable().await.expect("a read"));
    delete(&test, 4).await;
    assert!(near(&gallery, 1.0).await.is_some());
}

#[tokio::test]
async fn faces_in_memory_expire_and_are_read_again() {
    let enrolled = [
        faces::enrolled_of(1, 1.0),
        faces::enrolled_of(2, 9.0),
        faces::enrolled_of(3, 1.5),
    ];
    let test = faces::enrolling(&enrolled).await;
    delete(&test, 3).await;
    let gallery = faces::gallery(&test, 9);
    assert_eq!(near(&gallery, 1.0).await, Some(vec![1, 2]));
    delete(&test, 2).await;
    // Committed long after its id was made.
    let late = EnrolledFace {
        id: FaceId(Uuid::from_u128(3)),
        ..enrolled[2].clone()
    };
    put(&test, &late).await;
    test.clock.advance(TimeDelta::minutes(4));
    gallery.drop_expired().await;
    assert_eq!(gallery.known.lock().await.gallery.len(), 2);
    test.clock.advance(TimeDelta::minutes(2));
    gallery.drop_expired().await;
    assert!(gallery.known.lock().await.gallery.is_empty());
    assert_eq!(near(&gallery, 1.0).await, Some(vec![1, 3]));
}
