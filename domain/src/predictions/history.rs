//! Looking through predictions.

use super::{Label, ModelName, Prediction, Verdict};
use crate::{clock::Timestamp, ids::PredictionId, page::PageLimit};

/// Which predictions are wanted: those that meet every condition that is set.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HistoryFilter {
    /// Of this label.
    pub label: Option<Label>,
    /// Of any version of this model.
    pub model: Option<ModelName>,
    /// Of which this was said last.
    pub verdict: Option<Verdict>,
    /// Made then or later.
    pub from: Option<Timestamp>,
    /// Made before.
    pub to: Option<Timestamp>,
}

/// What comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HistoryOrder {
    /// What was made last.
    #[default]
    Newest,
    /// What was made first.
    Oldest,
    /// What the model was surest of.
    Confidence,
}

/// A place in a list of predictions, just behind one that need not be there any more.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HistoryPosition {
    /// What the list is ordered by.
    pub key: HistoryKey,
    /// Which of those that are equal by that.
    pub id: PredictionId,
}

/// What a list of predictions is ordered by.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum HistoryKey {
    /// When it was made.
    Time(Timestamp),
    /// How sure the model was, 0 to 1.
    Confidence(f64),
}

impl HistoryPosition {
    /// The place just behind a prediction.
    pub fn behind(prediction: &Prediction, order: HistoryOrder) -> Self {
        let key = match order {
            HistoryOrder::Newest | HistoryOrder::Oldest => HistoryKey::Time(prediction.created_at),
            HistoryOrder::Confidence => HistoryKey::Confidence(prediction.confidence()),
        };
        Self {
            key,
            id: prediction.id,
        }
    }

    /// Whether this is a place in a list of that order.
    pub fn fits(&self, order: HistoryOrder) -> bool {
        match order {
            HistoryOrder::Newest | HistoryOrder::Oldest => matches!(self.key, HistoryKey::Time(_)),
            HistoryOrder::Confidence => matches!(self.key, HistoryKey::Confidence(_)),
        }
    }
}

/// Which page of which list is wanted.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct HistoryQuery {
    /// What is in the list.
    pub filter: HistoryFilter,
    /// Its order.
    pub order: HistoryOrder,
    /// At most this many.
    pub limit: PageLimit,
    /// Where the page before ended; one that [fits](HistoryPosition::fits) the order.
    pub after: Option<HistoryPosition>,
}

/// One page of predictions.
#[derive(Debug, Clone, PartialEq)]
pub struct HistoryPage {
    /// The predictions, in order.
    pub items: Vec<Prediction>,
    /// Where the next page starts; `None` on the last.
    pub next: Option<HistoryPosition>,
}

impl HistoryPage {
    /// Makes a page from up to `limit + 1` predictions: the one too many shows that another page follows.
    pub fn from_lookahead(mut items: Vec<Prediction>, query: &HistoryQuery) -> Self {
        let size = usize::try_from(query.limit.get()).unwrap_or(usize::MAX);
        let more = items.len() > size;
        items.truncate(size);
        let last = items.last().filter(|_| more);
        let next = last.map(|last| HistoryPosition::behind(last, query.order));
        Self { items, next }
    }
}
