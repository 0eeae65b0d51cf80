//! Whatever is predicted, said and deleted: the counts are those of a list that is gone through from its beginning.

use super::{LABELS, delete, delete_image, delete_user, feedback, give, prediction, store_prediction};
use crate::{
    databases::{TestDatabase, on_every_database},
    samples::{stored_image, stored_user},
};
use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use domain::{
    accounts::User,
    clock::Timestamp,
    images::Image,
    predictions::{Dashboard, Prediction, QuarterHour, Range, Scope, Tz, clock_spans},
    store::Store,
};
use infrastructure::persistence::SeaStore;
use proptest::{
    collection::vec,
    prelude::*,
    sample::Index,
    strategy::ValueTree,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use std::collections::{BTreeMap, BTreeSet};

on_every_database![counts_agree_with_a_count_by_hand];

/// What happens next.
#[derive(Debug, Clone)]
enum Step {
    /// An image is looked at so many minutes ago, and is said to show the label at this position.
    Predict(Index, i64, usize),
    /// Something is said of a prediction: that it is right, wrong, or which label is right.
    Judge(Index, bool, Option<usize>),
    DeletePrediction(Index),
    DeleteImage(Index),
    DeleteUser,
}

/// Minutes ago: mostly lately, sometimes long ago, often around midnights.
fn ago() -> impl Strategy<Value = i64> {
    const DAY: i64 = 24 * 60;
    prop_oneof![
        0..3 * DAY,
        0..400 * DAY,
        (0..400_i64, -20..20_i64).prop_map(|(day, minute)| (day * DAY + 18 * 60 + minute).max(0)),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let position = 0..LABELS.len();
    prop_oneof![
        12 => (any::<Index>(), ago(), position.clone()).prop_map(|(image, ago, label)| Step::Predict(image, ago, label)),
        8 => (any::<Index>(), any::<bool>(), proptest::option::of(position))
            .prop_map(|(which, correct, label)| Step::Judge(which, correct, label)),
        2 => any::<Index>().prop_map(Step::DeletePrediction),
        1 => any::<Index>().prop_map(Step::DeleteImage),
        1 => Just(Step::DeleteUser),
    ]
}

/// The evening of a day in UTC, which is the next day already in half of the zones.
fn now() -> Timestamp {
    let now: DateTime<Utc> = "2026-11-21T18:40:00Z".parse().expect("a moment");
    Timestamp::new(now)
}

struct World {
    store: SeaStore,
    users: Vec<User>,
    images: Vec<Image>,
    predictions: Vec<Prediction>,
}

impl World {
    async fn new(store: SeaStore, run: usize) -> Self {
        let mut users = Vec::new();
        let mut images = Vec::new();
        for name in ["ada", "bob"] {
            let user = stored_user(&store, &format!("{name}{run}")).await;
            for _ in 0..3 {
                images.push(stored_image(&store, &user, 1).await);
            }
            users.push(user);
        }
        Self {
            store,
            users,
            images,
            predictions: Vec::new(),
        }
    }

    async fn take(&mut self, step: &Step) {
        match step {
            Step::Predict(image, minutes, position) if !self.images.is_empty() => {
                let at = now() + -TimeDelta::minutes(*minutes);
                let made = prediction(image.get(&self.images), "eyes", *position, 2.0, at);
                store_prediction(&self.store, &made).await;
                self.predictions.push(made);
            }
            Step::Judge(which, correct, actual) if !self.predictions.is_empty() => {
                let which = which.index(self.predictions.len());
                let actual = actual.map(|position| LABELS[position]);
                let actual =
                    actual.filter(|actual| !correct && self.predictions[which].label.as_str() != *actual);
                let said = feedback(*correct, actual, 0);
                assert!(give(&self.store, &self.predictions[which], &said).await);
                self.predictions[which].feedback = Some(said);
            }
            Step::DeletePrediction(which) if !self.predictions.is_empty() => {
                let gone = self.predictions.remove(which.index(self.predictions.len()));
                assert!(delete(&self.store, &gone).await);
            }
            Step::DeleteImage(which) if !self.images.is_empty() => {
                let gone = self.images.remove(which.index(self.images.len()));
                delete_image(&self.store, &gone).await;
                self.predictions.retain(|made| made.image_id != gone.id);
            }
            Step::DeleteUser if self.users.len() > 1 => {
                let gone = self.users.remove(0);
                delete_user(&self.store, &gone).await;
                self.images.retain(|image| image.owner_id != gone.id);
                self.predictions.retain(|made| made.owner_id != gone.id);
            }
            // There is nothing to do it to.
            _ => {}
        }
    }

    async fn assert_counts(&self) {
        let own = self.users.iter().map(|user| Scope::Of(user.id));
        for scope in own.chain([Scope::All]) {
            for zone in [Tz::UTC, Tz::America__St_Johns, Tz::Pacific__Auckland] {
                for range in [Range::Today, Range::Week, Range::Month, Range::Year, Range::All] {
                    let counted = self.counted(scope, range, zone).await;
                    let by_hand = self.by_hand(scope, range, zone);
                    assert_eq!(ByHand::of(&counted), by_hand, "{scope:?} {range:?} {zone}");
                }
            }
        }
    }

    async fn counted(&self, scope: Scope, range: Range, zone: Tz) -> Dashboard {
        let predictions = self.store.read().predictions();
        let since = range.start(zone, now());
        let first = predictions.first_quarter(scope).await.expect("a read");
        let days = match since.or(first) {
            None => vec![],
            Some(first) => {
                let spans = clock_spans(zone, first, QuarterHour::of(now() + TimeDelta::days(1)));
                predictions.days(scope, &spans).await.expect("a read")
            }
        };
        let outcomes = predictions.outcomes(scope, since).await.expect("a read");
        Dashboard::new(outcomes, days)
    }

    fn by_hand(&self, scope: Scope, range: Range, zone: Tz) -> ByHand {
        let date = |moment: Timestamp| moment.to_utc().with_timezone(&zone).date_naive();
        let days = match range {
            Range::Today => Some(0),
            Range::Week => Some(6),
            Range::Month => Some(29),
            Range::Year => Some(364),
            Range::All => None,
        };
        let first = days.map(|days| date(now()) - Days::new(days));
        let counted = self.predictions.iter().filter(|made| {
            let in_scope = match scope {
                Scope::Of(owner) => made.owner_id == owner,
                Scope::All => true,
            };
            in_scope && first.is_none_or(|first| date(made.created_at) >= first)
        });
        let mut by_hand = ByHand::default();
        let mut images = BTreeSet::new();
        for made in counted {
            let feedback = made.feedback.as_ref();
            let given = u64::from(feedback.is_some());
            let correct = u64::from(feedback.is_some_and(|feedback| feedback.correct));
            images.insert(made.image_id);
            let label = by_hand
                .by_label
                .entry(made.label.as_str().to_owned())
                .or_default();
            *label = [label[0] + 1, label[1] + given, label[2] + correct];
            let day = by_hand.by_day.entry(date(made.created_at)).or_default();
            *day = [day[0] + 1, day[1] + given, day[2] + correct];
            by_hand.total = [
                by_hand.total[0] + 1,
                by_hand.total[1] + given,
                by_hand.total[2] + correct,
            ];
            let actual = feedback.and_then(|feedback| match &feedback.label {
                Some(label) => Some(label.as_str()),
                None => feedback.correct.then_some(made.label.as_str()),
            });
            if let Some(actual) = actual {
                let cell = (made.label.as_str().to_owned(), actual.to_owned());
                *by_hand.confusion.entry(cell).or_default() += 1;
            }
        }
        by_hand.images = images.len() as u64;
        by_hand
    }
}

/// What a dashboard shows: counts are those of predictions, of what was judged, and of what is right.
#[derive(Debug, Default, PartialEq)]
struct ByHand {
    total: [u64; 3],
    images: u64,
    by_label: BTreeMap<String, [u64; 3]>,
    by_day: BTreeMap<NaiveDate, [u64; 3]>,
    confusion: BTreeMap<(String, String), u64>,
}

impl ByHand {
    fn of(dashboard: &Dashboard) -> Self {
        let counts = |tally: domain::predictions::Tally| [tally.predictions, tally.given, tally.correct];
        let by_label = dashboard.by_label.iter();
        let by_day = dashboard.by_day.iter();
        let confusion = dashboard.confusion.iter();
        Self {
            total: counts(dashboard.total),
            images: dashboard.images,
            by_label: by_label
                .map(|of| (of.label.as_str().to_owned(), counts(of.tally)))
                .collect(),
            by_day: by_day.map(|day| (day.date, counts(day.tally))).collect(),
            confusion: confusion
                .map(|cell| {
                    let labels = (
                        cell.predicted.as_str().to_owned(),
                        cell.actual.as_str().to_owned(),
                    );
                    (labels, cell.count)
                })
                .collect(),
        }
    }
}

/// Random sequences, the same on every run. In one database, so that what one leaves behind must not show in the next.
async fn counts_agree_with_a_count_by_hand(database: TestDatabase) {
    let store = database.store().await;
    let seed = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(Config::default(), seed);
    for run in 0..6 {
        let steps = vec(step(), 1..60).new_tree(&mut runner).expect("steps").current();
        let mut world = World::new(store.clone(), run).await;
        for (number, step) in steps.iter().enumerate() {
            world.take(step).await;
            if number % 16 == 15 {
                world.assert_counts().await;
            }
        }
        world.assert_counts().await;
        for user in &world.users {
            delete_user(&store, user).await;
        }
    }
}
