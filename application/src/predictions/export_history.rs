//! Taking predictions along.

use crate::Error;
use domain::{
    ids::UserId,
    images::Filename,
    predictions::{HistoryPosition, HistoryQuery, Prediction},
    store::Store,
};
use std::{collections::HashMap, sync::Arc};

/// A prediction with the name of the file that was looked at.
#[derive(Debug, Clone, PartialEq)]
pub struct ExportedPrediction {
    /// The prediction.
    pub prediction: Prediction,
    /// The name; `None` when the image was deleted just now.
    pub filename: Option<Filename>,
}

/// A part of an export.
#[derive(Debug, Clone, PartialEq)]
pub struct ExportPage {
    /// The predictions, in order.
    pub items: Vec<ExportedPrediction>,
    /// Where the next part starts; `None` at the end.
    pub next: Option<HistoryPosition>,
}

/// Lists a user's predictions with the names of their files, part by part.
pub struct ExportHistory {
    /// Where predictions and images are kept.
    pub store: Arc<dyn Store>,
}

impl ExportHistory {
    /// The part that the query names.
    pub async fn execute(&self, owner: UserId, query: &HistoryQuery) -> Result<ExportPage, Error> {
        let predictions = self.store.read().predictions();
        let page = predictions.history(owner, query).await?;
        let images: Vec<_> = page.items.iter().map(|prediction| prediction.image_id).collect();
        let names = predictions.filenames(owner, &images).await?;
        let names: HashMap<_, _> = names.into_iter().collect();
        let items = page.items.into_iter().map(|prediction| ExportedPrediction {
            filename: names.get(&prediction.image_id).cloned(),
            prediction,
        });
        Ok(ExportPage {
            items: items.collect(),
            next: page.next,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;
    use domain::{
        predictions::HistoryPage,
        store::test_support::{MockRepositories, MockStore},
    };

    #[tokio::test]
    async fn predictions_come_with_the_names_of_their_files_as_long_as_these_are_there() {
        for known in [true, false] {
            let mut reads = MockRepositories::default();
            reads
                .predictions
                .expect_history()
                .withf(|owner, _| *owner == fixtures::owner())
                .returning(|_, query| Ok(HistoryPage::from_lookahead(vec![fixtures::prediction()], query)));
            reads
                .predictions
                .expect_filenames()
                .withf(|owner, images| *owner == fixtures::owner() && images == [fixtures::image_id()])
                .returning(move |_, _| {
                    let name = (fixtures::image_id(), fixtures::image().filename);
                    Ok(known.then_some(name).into_iter().collect())
                });
            let export = ExportHistory {
                store: Arc::new(MockStore::reading(reads)),
            };
            let part = export.execute(fixtures::owner(), &HistoryQuery::default()).await;
            let expected = ExportedPrediction {
                prediction: fixtures::prediction(),
                filename: known.then(|| fixtures::image().filename),
            };
            assert_eq!(part.expect("a part").items, [expected]);
        }
    }
}
