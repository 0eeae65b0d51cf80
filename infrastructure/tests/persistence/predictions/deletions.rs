//! What goes with what.

use super::{delete_image, delete_user, feedback, found, give, prediction, store_prediction};
use crate::{
    databases::{TestDatabase, on_every_database},
    samples::{moment, stored_image, stored_user},
};
use domain::{predictions::Scope, store::Store};
use infrastructure::persistence::SeaStore;

on_every_database![
    predictions_go_with_their_image_and_their_owner,
    counts_of_an_owner_go_from_everybodys_too,
];

async fn predictions_go_with_their_image_and_their_owner(database: TestDatabase) {
    let store = database.store().await;
    let ada = stored_user(&store, "ada").await;
    let (one, other) = (
        stored_image(&store, &ada, 1).await,
        stored_image(&store, &ada, 1).await,
    );
    let of_one = prediction(&one, "eyes", 0, 2.0, moment(0));
    let of_other = prediction(&other, "eyes", 1, 2.0, moment(1));
    for prediction in [&of_one, &of_other] {
        store_prediction(&store, prediction).await;
        assert!(give(&store, prediction, &feedback(false, None, 2)).await);
    }
    delete_image(&store, &one).await;
    assert_eq!(found(&store, &of_one).await, None);
    assert!(found(&store, &of_other).await.is_some());
    delete_user(&store, &ada).await;
    assert_eq!(found(&store, &of_other).await, None);
    assert_eq!(database.count("feedbacks").await, 0);
}

/// How many predictions are counted.
async fn counted(store: &SeaStore, scope: Scope) -> u64 {
    let outcomes = store
        .read()
        .predictions()
        .outcomes(scope, None)
        .await
        .expect("a read");
    outcomes.iter().map(|outcome| outcome.count).sum()
}

async fn counts_of_an_owner_go_from_everybodys_too(database: TestDatabase) {
    let store = database.store().await;
    let ada = stored_user(&store, "ada").await;
    let bob = stored_user(&store, "bob").await;
    for (user, count) in [(&ada, 3), (&bob, 2)] {
        let image = stored_image(&store, user, 1).await;
        for index in 0..count {
            // Days apart, and in the same quarters for both.
            let at = moment(i64::from(index) * 100_000);
            store_prediction(&store, &prediction(&image, "eyes", 1, 2.0, at)).await;
        }
    }
    assert_eq!(counted(&store, Scope::All).await, 5);
    delete_user(&store, &ada).await;
    assert_eq!(counted(&store, Scope::All).await, 2);
    assert_eq!(counted(&store, Scope::Of(ada.id)).await, 0);
    assert_eq!(counted(&store, Scope::Of(bob.id)).await, 2);
}
