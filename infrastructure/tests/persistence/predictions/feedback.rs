//! What is predicted and what is said of it comes back as it was.

use super::{delete, feedback, found, give, prediction, store_prediction};
use crate::{
    databases::{TestDatabase, on_every_database},
    samples::{image, moment, stored_image, stored_user, user, write},
};
use domain::{
    ids::{ImageId, PredictionId},
    images::Filename,
    store::{Store, StoreError},
};
use uuid::Uuid;

on_every_database![
    a_prediction_comes_back_whole,
    the_latest_feedback_counts_and_every_one_is_kept,
    to_anybody_else_a_prediction_is_not_there,
    a_prediction_of_nobody_or_of_no_image_is_refused,
    the_names_of_files_are_the_owners,
    a_stored_value_that_no_longer_parses_is_named,
];

async fn a_prediction_comes_back_whole(database: TestDatabase) {
    let store = database.store().await;
    let ada = stored_user(&store, "ada").await;
    let image = stored_image(&store, &ada, 1).await;
    for (position, output) in [(0, 1.0 / 3.0), (1, 30.0), (2, 0.0001), (3, 7.7)] {
        let prediction = prediction(&image, "eyes", position, output, moment(0));
        store_prediction(&store, &prediction).await;
        assert_eq!(found(&store, &prediction).await, Some(prediction));
    }
}

async fn the_latest_feedback_counts_and_every_one_is_kept(database: TestDatabase) {
    let store = database.store().await;
    let ada = stored_user(&store, "ada").await;
    let image = stored_image(&store, &ada, 1).await;
    let mut prediction = prediction(&image, "eyes", 1, 2.0, moment(0));
    store_prediction(&store, &prediction).await;
    for said in [
        feedback(true, None, 1),
        feedback(false, Some("Normal"), 2),
        feedback(false, None, 3),
    ] {
        assert!(give(&store, &prediction, &said).await);
        prediction.feedback = Some(said);
        assert_eq!(found(&store, &prediction).await.as_ref(), Some(&prediction));
    }
    assert_eq!(database.count("feedbacks").await, 3);
    assert!(delete(&store, &prediction).await);
    assert_eq!(database.count("feedbacks").await, 0);
}

async fn to_anybody_else_a_prediction_is_not_there(database: TestDatabase) {
    let store = database.store().await;
    let ada = stored_user(&store, "ada").await;
    let bob = stored_user(&store, "bob").await;
    let image = stored_image(&store, &ada, 1).await;
    let hers = prediction(&image, "eyes", 1, 2.0, moment(0));
    store_prediction(&store, &hers).await;
    let mut his = hers.clone();
    his.owner_id = bob.id;
    assert_eq!(found(&store, &his).await, None);
    assert!(!give(&store, &his, &feedback(true, None, 1)).await);
    assert!(!delete(&store, &his).await);
    let mut absent = hers.clone();
    absent.id = PredictionId(Uuid::from_u128(1));
    assert!(!delete(&store, &absent).await);
    assert_eq!(found(&store, &hers).await, Some(hers));
}

async fn a_prediction_of_nobody_or_of_no_image_is_refused(database: TestDatabase) {
    let store = database.store().await;
    let ada = stored_user(&store, "ada").await;
    for image in [image(&ada, 1), image(&user("nobody"), 1)] {
        let prediction = prediction(&image, "eyes", 1, 2.0, moment(0));
        let outcome = write(&store, async |work| work.predictions().insert(&prediction).await).await;
        assert!(matches!(outcome, Err(StoreError::OwnerDeleted)), "{outcome:?}");
    }
}

async fn the_names_of_files_are_the_owners(database: TestDatabase) {
    let store = database.store().await;
    let ada = stored_user(&store, "ada").await;
    let bob = stored_user(&store, "bob").await;
    let hers = stored_image(&store, &ada, 1).await;
    let his = stored_image(&store, &bob, 1).await;
    let asked = [hers.id, his.id, ImageId(Uuid::from_u128(1))];
    let names = store.read().predictions().filenames(ada.id, &asked).await;
    assert_eq!(names.expect("a read"), [(hers.id, Filename::clean("año 眼.png"))]);
}

async fn a_stored_value_that_no_longer_parses_is_named(database: TestDatabase) {
    let store = database.store().await;
    let ada = stored_user(&store, "ada").await;
    let image = stored_image(&store, &ada, 1).await;
    let prediction = prediction(&image, "eyes", 1, 2.0, moment(0));
    store_prediction(&store, &prediction).await;
    database.execute("UPDATE predictions SET model = '../eyes'").await;
    let failure = store.read().predictions().find(ada.id, prediction.id).await;
    let Err(StoreError::Unavailable(source)) = failure else {
        panic!("{failure:?}")
    };
    assert_eq!(
        source.to_string(),
        "a row of predictions holds an unreadable model"
    );
}
