//! Many at once.

use super::{feedback, give, prediction, store_prediction};
use crate::{
    databases::{TestDatabase, on_every_database},
    samples::{moment, stored_image, stored_user},
};
use domain::{
    predictions::{ClockSpan, QuarterHour, Scope},
    store::Store,
};
use futures_util::future::join_all;

on_every_database![predictions_of_many_at_once_are_all_counted];

async fn predictions_of_many_at_once_are_all_counted(database: TestDatabase) {
    let store = database.store().await;
    let mut writers = Vec::new();
    for name in ["ada", "bob", "eve", "dan"] {
        let user = stored_user(&store, name).await;
        let image = stored_image(&store, &user, 1).await;
        // Two for each user, on the same image.
        for _ in 0..2 {
            let (store, image) = (store.clone(), image.clone());
            writers.push(async move {
                for index in 0..10_u8 {
                    let at = moment(i64::from(index) * 400);
                    let made = prediction(&image, "eyes", usize::from(index % 4), 2.0, at);
                    store_prediction(&store, &made).await;
                    assert!(give(&store, &made, &feedback(index % 2 == 0, None, 1)).await);
                }
            });
        }
    }
    join_all(writers).await;
    let outcomes = store
        .read()
        .predictions()
        .outcomes(Scope::All, None)
        .await
        .expect("a read");
    assert_eq!(outcomes.iter().map(|outcome| outcome.count).sum::<u64>(), 80);
    let span = ClockSpan {
        from: QuarterHour(0),
        to: QuarterHour(i64::MAX),
        offset: 0,
    };
    let days = store
        .read()
        .predictions()
        .days(Scope::All, &[span])
        .await
        .expect("a read");
    assert_eq!(days.iter().map(|day| day.images).sum::<u64>(), 4);
    assert_eq!(days.iter().map(|day| day.tally.correct).sum::<u64>(), 40);
}
