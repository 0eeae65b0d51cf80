use super::{Repositories, State};
use crate::{
    ids::{ImageId, PredictionId, UserId},
    images::Filename,
    predictions::{
        ClockSpan, DayTally, Feedback, HistoryKey, HistoryOrder, HistoryPage, HistoryPosition, HistoryQuery,
        Outcome, OutcomeCount, Prediction, PredictionReader, PredictionRepository, QuarterHour, Scope, Tally,
        Verdict,
    },
    store::StoreError,
};
use async_trait::async_trait;
use std::{cmp::Ordering, collections::BTreeMap};

impl State {
    fn predictions_of(&self, scope: Scope) -> impl Iterator<Item = &Prediction> {
        self.predictions.values().filter(move |prediction| match scope {
            Scope::Of(owner) => prediction.owner_id == owner,
            Scope::All => true,
        })
    }

    /// The latest prediction of each image.
    fn latest_of_images(&self, scope: Scope) -> BTreeMap<(UserId, ImageId), QuarterHour> {
        let mut latest = BTreeMap::new();
        for prediction in self.predictions_of(scope) {
            let quarter = QuarterHour::of(prediction.created_at);
            let known = latest
                .entry((prediction.owner_id, prediction.image_id))
                .or_insert(quarter);
            *known = quarter.max(*known);
        }
        latest
    }
}

/// Compares two positions of a list in its order.
fn compare(one: &HistoryPosition, other: &HistoryPosition, order: HistoryOrder) -> Ordering {
    let by_key = match (one.key, other.key) {
        (HistoryKey::Time(one), HistoryKey::Time(other)) => one.cmp(&other),
        (HistoryKey::Confidence(one), HistoryKey::Confidence(other)) => one.total_cmp(&other),
        _ => Ordering::Equal,
    };
    let ascending = by_key.then(one.id.cmp(&other.id));
    match order {
        HistoryOrder::Oldest => ascending,
        HistoryOrder::Newest | HistoryOrder::Confidence => ascending.reverse(),
    }
}

#[async_trait]
impl PredictionReader for Repositories {
    async fn find(&self, owner: UserId, id: PredictionId) -> Result<Option<Prediction>, StoreError> {
        let state = self.state();
        Ok(state
            .predictions
            .get(&id.0)
            .filter(|prediction| prediction.owner_id == owner)
            .cloned())
    }

    async fn history(&self, owner: UserId, query: &HistoryQuery) -> Result<HistoryPage, StoreError> {
        let filter = &query.filter;
        let state = self.state();
        let matching = state.predictions_of(Scope::Of(owner)).filter(|prediction| {
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
        });
        let mut items: Vec<Prediction> = matching.cloned().collect();
        let position = |prediction: &Prediction| HistoryPosition::behind(prediction, query.order);
        items.retain(|prediction| {
            let after = query.after.as_ref();
            after.is_none_or(|after| compare(&position(prediction), after, query.order).is_gt())
        });
        items.sort_by(|one, other| compare(&position(one), &position(other), query.order));
        items.truncate(usize::try_from(query.limit.get() + 1).unwrap_or(usize::MAX));
        Ok(HistoryPage::from_lookahead(items, query))
    }

    async fn filenames(
        &self,
        owner: UserId,
        images: &[ImageId],
    ) -> Result<Vec<(ImageId, Filename)>, StoreError> {
        let state = self.state();
        let found = images.iter().filter_map(|id| state.images.get(&id.0));
        let own = found.filter(|image| image.owner_id == owner);
        Ok(own.map(|image| (image.id, image.filename.clone())).collect())
    }

    async fn outcomes(
        &self,
        scope: Scope,
        since: Option<QuarterHour>,
    ) -> Result<Vec<OutcomeCount>, StoreError> {
        let state = self.state();
        let mut counts = BTreeMap::<Outcome, u64>::new();
        for prediction in state.predictions_of(scope) {
            if since.is_none_or(|since| QuarterHour::of(prediction.created_at) >= since) {
                *counts.entry(prediction.outcome()).or_default() += 1;
            }
        }
        let counts = counts
            .into_iter()
            .map(|(outcome, count)| OutcomeCount { outcome, count });
        Ok(counts.collect())
    }

    async fn days(&self, scope: Scope, spans: &[ClockSpan]) -> Result<Vec<DayTally>, StoreError> {
        let state = self.state();
        let day_of = |quarter: QuarterHour| {
            let span = spans
                .iter()
                .find(|span| (span.from..span.to).contains(&quarter))?;
            Some(ClockSpan::date(span.day(quarter)))
        };
        let mut days = BTreeMap::<_, (Tally, u64)>::new();
        for prediction in state.predictions_of(scope) {
            if let Some(date) = day_of(QuarterHour::of(prediction.created_at)) {
                let (tally, _) = days.entry(date).or_default();
                let verdict = prediction.outcome().verdict;
                tally.predictions += 1;
                tally.given += u64::from(verdict != Verdict::None);
                tally.correct += u64::from(verdict == Verdict::Correct);
            }
        }
        for quarter in state.latest_of_images(scope).into_values() {
            if let Some((_, images)) = day_of(quarter).and_then(|date| days.get_mut(&date)) {
                *images += 1;
            }
        }
        let days = days
            .into_iter()
            .map(|(date, (tally, images))| DayTally { date, tally, images });
        Ok(days.collect())
    }

    async fn first_quarter(&self, scope: Scope) -> Result<Option<QuarterHour>, StoreError> {
        let state = self.state();
        let quarters = state
            .predictions_of(scope)
            .map(|prediction| QuarterHour::of(prediction.created_at));
        Ok(quarters.min())
    }
}

#[async_trait]
impl PredictionRepository for Repositories {
    async fn insert(&self, prediction: &Prediction) -> Result<(), StoreError> {
        let mut state = self.state();
        state.require_user(prediction.owner_id)?;
        if !state.images.contains_key(&prediction.image_id.0) {
            return Err(StoreError::OwnerDeleted);
        }
        state.predictions.insert(prediction.id.0, prediction.clone());
        Ok(())
    }

    async fn add_feedback(
        &self,
        owner: UserId,
        id: PredictionId,
        feedback: &Feedback,
    ) -> Result<bool, StoreError> {
        let mut state = self.state();
        let found = state.predictions.get_mut(&id.0);
        let found = found.filter(|prediction| prediction.owner_id == owner);
        Ok(found
            .map(|prediction| prediction.feedback = Some(feedback.clone()))
            .is_some())
    }

    async fn delete(&self, owner: UserId, id: PredictionId) -> Result<bool, StoreError> {
        let mut state = self.state();
        let exists = state
            .predictions
            .get(&id.0)
            .is_some_and(|prediction| prediction.owner_id == owner);
        Ok(exists && state.predictions.remove(&id.0).is_some())
    }

    async fn delete_of_image(&self, owner: UserId, image: ImageId) -> Result<(), StoreError> {
        let matches = |prediction: &Prediction| prediction.owner_id == owner && prediction.image_id == image;
        self.state()
            .predictions
            .retain(|_, prediction| !matches(prediction));
        Ok(())
    }

    async fn delete_of_owner(&self, owner: UserId) -> Result<(), StoreError> {
        self.state()
            .predictions
            .retain(|_, prediction| prediction.owner_id != owner);
        Ok(())
    }
}
