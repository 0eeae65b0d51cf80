//! Looking back.

use crate::Error;
use domain::{
    ids::UserId,
    predictions::{HistoryPage, HistoryQuery},
    store::Store,
};
use std::sync::Arc;

/// Lists a user's predictions.
pub struct ListHistory {
    /// Where predictions are kept.
    pub store: Arc<dyn Store>,
}

impl ListHistory {
    /// A page of the owner's predictions that the query names.
    pub async fn execute(&self, owner: UserId, query: &HistoryQuery) -> Result<HistoryPage, Error> {
        Ok(self.store.read().predictions().history(owner, query).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;
    use domain::{
        predictions::HistoryOrder,
        store::test_support::{MockRepositories, MockStore},
    };

    #[tokio::test]
    async fn only_the_owners_predictions_are_asked_for() {
        let query = HistoryQuery {
            order: HistoryOrder::Confidence,
            ..HistoryQuery::default()
        };
        let expected = query.clone();
        let mut reads = MockRepositories::default();
        reads
            .predictions
            .expect_history()
            .withf(move |owner, query| *owner == fixtures::owner() && *query == expected)
            .returning(|_, query| Ok(HistoryPage::from_lookahead(vec![fixtures::prediction()], query)));
        let list = ListHistory {
            store: Arc::new(MockStore::reading(reads)),
        };
        let page = list.execute(fixtures::owner(), &query).await.expect("a page");
        assert_eq!(page.items, [fixtures::prediction()]);
    }
}
