//! Faces that users log in with.

use crate::{
    databases::{TestDatabase, on_every_database},
    samples::{moment, stored_user, write},
};
use domain::{
    accounts::User,
    faces::{EnrolledFace, FaceQuality, SealedEmbedding},
    ids::{FaceId, IdGenerator},
    store::{Store, StoreError},
};
use infrastructure::{persistence::SeaStore, system::UuidV7Generator};

fn face(user: &User, key_id: &str) -> EnrolledFace {
    EnrolledFace {
        id: FaceId(UuidV7Generator.next()),
        user_id: user.id,
        embedding: SealedEmbedding {
            key_id: key_id.to_owned(),
            // As long as a sealed embedding is, with every byte in it.
            bytes: (0..540)
                .map(|place| u8::try_from(place % 256).expect("a byte"))
                .collect(),
        },
        model: "model 1".to_owned(),
        photos: 3,
        quality: FaceQuality::new(0.123_456_7),
        photos_kept: true,
        enrolled_at: moment(2),
    }
}

async fn put(store: &SeaStore, face: &EnrolledFace) -> Result<(), StoreError> {
    write(store, async |work| work.faces().put(face).await).await
}

async fn stored(store: &SeaStore, user: &User, key_id: &str) -> EnrolledFace {
    let face = face(user, key_id);
    put(store, &face).await.expect("the face is added");
    face
}

async fn found(store: &SeaStore, user: &User) -> Option<EnrolledFace> {
    store.read().faces().find(user.id).await.expect("a read")
}

on_every_database![
    a_face_is_found_whole,
    another_face_takes_the_place_of_the_one_before,
    a_face_of_nobody_is_refused,
    a_removed_face_is_gone,
    a_face_goes_with_its_user,
    faces_are_listed_in_the_order_in_which_they_were_enrolled,
    faces_that_an_earlier_key_sealed_are_found_and_sealed_anew,
    whether_a_user_has_a_face_is_kept_with_him,
];

async fn a_face_is_found_whole(database: TestDatabase) {
    let store = database.store().await;
    let (ada, grace) = (
        stored_user(&store, "ada").await,
        stored_user(&store, "grace").await,
    );
    let face = stored(&store, &ada, "key").await;
    assert_eq!(found(&store, &ada).await, Some(face));
    assert_eq!(found(&store, &grace).await, None);
}

async fn another_face_takes_the_place_of_the_one_before(database: TestDatabase) {
    let store = database.store().await;
    let ada = stored_user(&store, "ada").await;
    stored(&store, &ada, "key").await;
    let second = stored(&store, &ada, "key").await;
    assert_eq!(found(&store, &ada).await, Some(second));
    assert_eq!(store.read().faces().count().await.expect("a count"), 1);
}

async fn a_face_of_nobody_is_refused(database: TestDatabase) {
    let store = database.store().await;
    let nobody = crate::samples::user("nobody");
    let outcome = put(&store, &face(&nobody, "key")).await;
    assert!(matches!(outcome, Err(StoreError::OwnerDeleted)), "{outcome:?}");
}

async fn a_removed_face_is_gone(database: TestDatabase) {
    let store = database.store().await;
    let ada = stored_user(&store, "ada").await;
    stored(&store, &ada, "key").await;
    for there in [true, false] {
        let removed = write(&store, async |work| work.faces().delete(ada.id).await).await;
        assert_eq!(removed.expect("a removal"), there);
    }
    assert_eq!(found(&store, &ada).await, None);
}

async fn a_face_goes_with_its_user(database: TestDatabase) {
    let store = database.store().await;
    let (ada, grace) = (
        stored_user(&store, "ada").await,
        stored_user(&store, "grace").await,
    );
    stored(&store, &ada, "key").await;
    let other = stored(&store, &grace, "key").await;
    write(&store, async |work| work.users().delete(ada.id).await)
        .await
        .expect("a removal");
    assert_eq!(store.read().faces().list(None, 9).await.expect("a list"), [other]);
}

async fn faces_are_listed_in_the_order_in_which_they_were_enrolled(database: TestDatabase) {
    let store = database.store().await;
    let mut faces = Vec::new();
    for name in ["ada", "grace", "joan", "mary"] {
        let user = stored_user(&store, name).await;
        faces.push(stored(&store, &user, "key").await);
    }
    let listed = |after, limit| {
        let store = store.clone();
        async move { store.read().faces().list(after, limit).await.expect("a list") }
    };
    assert_eq!(listed(None, 2).await, faces[..2]);
    assert_eq!(listed(Some(faces[1].id), 9).await, faces[2..]);
    assert_eq!(listed(Some(faces[3].id), 9).await, []);
    assert_eq!(listed(Some(faces[0].id.moments_before()), 9).await, faces);
}

async fn faces_that_an_earlier_key_sealed_are_found_and_sealed_anew(database: TestDatabase) {
    let store = database.store().await;
    let (ada, grace) = (
        stored_user(&store, "ada").await,
        stored_user(&store, "grace").await,
    );
    let old = stored(&store, &ada, "old").await;
    stored(&store, &grace, "new").await;
    let list = |after| {
        let store = store.clone();
        async move {
            store
                .read()
                .faces()
                .list_not_sealed_with("new", after, 9)
                .await
                .expect("a list")
        }
    };
    assert_eq!(list(None).await, std::slice::from_ref(&old));
    assert_eq!(list(Some(old.id)).await, []);
    let anew = SealedEmbedding {
        key_id: "new".to_owned(),
        bytes: vec![7; 540],
    };
    write(&store, async |work| work.faces().reseal(old.id, &anew).await)
        .await
        .expect("sealed anew");
    assert_eq!(list(None).await, []);
    let read = found(&store, &ada).await.expect("a face");
    assert_eq!(
        read,
        EnrolledFace {
            embedding: anew,
            ..old
        }
    );
}

async fn whether_a_user_has_a_face_is_kept_with_him(database: TestDatabase) {
    let store = database.store().await;
    let mut ada = stored_user(&store, "ada").await;
    for has_face in [true, false] {
        ada.has_face = has_face;
        write(&store, async |work| work.users().update(&ada).await)
            .await
            .expect("written");
        let read = store
            .read()
            .users()
            .find_by_username(&ada.username)
            .await
            .expect("a read");
        assert_eq!(read.map(|user| user.has_face), Some(has_face));
    }
}
