//! Lists of predictions, beside what they should hold.

use super::{LABELS, feedback, give, label, prediction, store_prediction};
use crate::{
    databases::{TestDatabase, on_every_database},
    samples::{moment, stored_image, stored_user},
};
use domain::{
    page::PageLimit,
    predictions::{HistoryFilter, HistoryOrder, HistoryQuery, ModelName, Prediction, Verdict},
    store::Store,
};
use infrastructure::persistence::SeaStore;
use std::cmp::Reverse;

on_every_database![
    every_filter_and_order_gives_its_predictions_page_by_page,
    a_page_goes_on_where_the_one_before_ended_whatever_was_deleted,
    nobody_sees_the_predictions_of_others,
];

/// Predictions of every label, two models and every verdict, some made at the same moment and some equally sure.
async fn stored_predictions(store: &SeaStore) -> Vec<Prediction> {
    let ada = stored_user(store, "ada").await;
    let image = stored_image(store, &ada, 1).await;
    let mut predictions = Vec::new();
    for index in 0..48_u8 {
        let name = if index % 5 == 0 { "lungs" } else { "eyes" };
        let sureness = f32::from(index % 7) + 1.0;
        let at = moment(i64::from(index / 3));
        let mut made = prediction(&image, name, usize::from(index) % LABELS.len(), sureness, at);
        store_prediction(store, &made).await;
        let said = match index % 3 {
            0 => None,
            1 => Some(feedback(true, None, 1)),
            _ => Some(feedback(false, None, 1)),
        };
        if let Some(said) = said {
            assert!(give(store, &made, &said).await);
            made.feedback = Some(said);
        }
        predictions.push(made);
    }
    predictions
}

async fn listed(store: &SeaStore, like: &Prediction, mut query: HistoryQuery) -> Vec<Prediction> {
    let mut listed = Vec::new();
    loop {
        let page = store.read().predictions().history(like.owner_id, &query).await;
        let page = page.expect("a page");
        assert!(page.items.len() <= usize::from(u16::try_from(query.limit.get()).expect("few")));
        listed.extend(page.items);
        query.after = page.next;
        if query.after.is_none() {
            return listed;
        }
    }
}

fn expected(all: &[Prediction], query: &HistoryQuery) -> Vec<Prediction> {
    let filter = &query.filter;
    let meets = |prediction: &&Prediction| {
        filter
            .label
            .as_ref()
            .is_none_or(|label| prediction.label == *label)
            && filter
                .model
                .as_ref()
                .is_none_or(|model| prediction.model.name == *model)
            && filter
                .verdict
                .is_none_or(|verdict| prediction.outcome().verdict == verdict)
            && filter.from.is_none_or(|from| prediction.created_at >= from)
            && filter.to.is_none_or(|to| prediction.created_at < to)
    };
    let mut meeting: Vec<_> = all.iter().filter(meets).cloned().collect();
    match query.order {
        HistoryOrder::Newest => meeting.sort_by_key(|made| Reverse((made.created_at, made.id))),
        HistoryOrder::Oldest => meeting.sort_by_key(|made| (made.created_at, made.id)),
        HistoryOrder::Confidence => meeting.sort_by(|one, other| {
            let by_confidence = other.confidence().total_cmp(&one.confidence());
            by_confidence.then(other.id.cmp(&one.id))
        }),
    }
    meeting
}

async fn every_filter_and_order_gives_its_predictions_page_by_page(database: TestDatabase) {
    let store = database.store().await;
    let all = stored_predictions(&store).await;
    let verdicts = [
        None,
        Some(Verdict::None),
        Some(Verdict::Correct),
        Some(Verdict::Incorrect),
    ];
    for label in [None, Some(label("normal")), Some(label("nowhere"))] {
        for model in [None, ModelName::parse("lungs")] {
            for verdict in verdicts {
                for (from, to) in [(None, None), (Some(moment(3)), Some(moment(11)))] {
                    for order in [
                        HistoryOrder::Newest,
                        HistoryOrder::Oldest,
                        HistoryOrder::Confidence,
                    ] {
                        let filter = HistoryFilter {
                            label: label.clone(),
                            model: model.clone(),
                            verdict,
                            from,
                            to,
                        };
                        let query = HistoryQuery {
                            filter,
                            order,
                            limit: PageLimit::new(7).expect("a limit"),
                            after: None,
                        };
                        let wanted = expected(&all, &query);
                        assert_eq!(listed(&store, &all[0], query.clone()).await, wanted, "{query:?}");
                    }
                }
            }
        }
    }
}

async fn a_page_goes_on_where_the_one_before_ended_whatever_was_deleted(database: TestDatabase) {
    let store = database.store().await;
    let all = stored_predictions(&store).await;
    for order in [
        HistoryOrder::Newest,
        HistoryOrder::Oldest,
        HistoryOrder::Confidence,
    ] {
        let mut query = HistoryQuery {
            order,
            limit: PageLimit::new(5).expect("a limit"),
            ..HistoryQuery::default()
        };
        let before = listed(&store, &all[0], query.clone()).await;
        let page = store.read().predictions().history(all[0].owner_id, &query).await;
        query.after = page.expect("a page").next;
        assert!(super::delete(&store, &before[4]).await);
        let rest = listed(&store, &all[0], query).await;
        assert_eq!(rest, before[5..]);
    }
}

async fn nobody_sees_the_predictions_of_others(database: TestDatabase) {
    let store = database.store().await;
    stored_predictions(&store).await;
    let bob = stored_user(&store, "bob").await;
    let image = stored_image(&store, &bob, 1).await;
    let his = prediction(&image, "eyes", 0, 1.0, moment(0));
    store_prediction(&store, &his).await;
    let query = HistoryQuery::default();
    assert_eq!(listed(&store, &his, query).await, std::slice::from_ref(&his));
}
