//! Changes of what is counted.

use super::rows::stored_verdict;
use crate::persistence::{
    Connection,
    entities::{prediction_outcomes as outcomes, prediction_tallies as tallies},
    error::store_error,
};
use domain::{
    predictions::{Outcome, QuarterHour, Verdict},
    store::StoreError,
};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::Set,
    ColumnTrait, DbBackend, EntityTrait, ExprTrait, QueryFilter,
    sea_query::{Expr, Func, OnConflict, Order, Query},
};
use std::collections::BTreeMap;
use uuid::Uuid;

/// The owner of the counts of everybody.
pub(super) const EVERYBODY: Uuid = Uuid::nil();

/// Quarters of a day.
pub(super) const DAY: i16 = 96;

/// A row of outcomes: span, start, label, verdict and right label.
type OutcomeKey = (i16, i64, String, i16, String);

/// What a unit of work changes of the counts of one owner, and so of those of everybody.
#[derive(Default)]
pub(super) struct Changes {
    tallies: BTreeMap<i64, Tally>,
    outcomes: BTreeMap<OutcomeKey, i64>,
}

#[derive(Default)]
struct Tally {
    predictions: i64,
    given: i64,
    correct: i64,
    images: i64,
}

impl Changes {
    /// So many predictions of a quarter count as this, or, with a negative number, do not any more.
    pub(super) fn count(&mut self, QuarterHour(quarter): QuarterHour, outcome: &Outcome, by: i64) {
        let tally = self.tallies.entry(quarter).or_default();
        tally.predictions += by;
        tally.given += if outcome.verdict == Verdict::None { 0 } else { by };
        tally.correct += if outcome.verdict == Verdict::Correct {
            by
        } else {
            0
        };
        let day = quarter.div_euclid(DAY.into()) * i64::from(DAY);
        for (span, start) in [(1, quarter), (DAY, day)] {
            let label = outcome.predicted.as_str().to_owned();
            let actual = outcome.actual.as_ref().map(|label| label.as_str().to_owned());
            let verdict = stored_verdict(outcome.verdict);
            let key = (span, start, label, verdict, actual.unwrap_or_default());
            *self.outcomes.entry(key).or_default() += by;
        }
    }

    /// The latest look at an image was in one quarter, and is in another.
    pub(super) fn move_image(&mut self, before: Option<QuarterHour>, after: Option<QuarterHour>) {
        if before == after {
            return;
        }
        if let Some(QuarterHour(quarter)) = before {
            self.tallies.entry(quarter).or_default().images -= 1;
        }
        if let Some(QuarterHour(quarter)) = after {
            self.tallies.entry(quarter).or_default().images += 1;
        }
    }

    /// Adds what changed to the counts of the owner, and last, and in order, to those of everybody: so those who change
    /// the same rows wait for each other in one direction only.
    pub(super) async fn write(self, connection: &impl Connection, owner: Uuid) -> Result<(), StoreError> {
        for owner in [owner, EVERYBODY] {
            let rows: Vec<_> = self.tally_rows(owner).collect();
            add(connection, rows, &TALLY_KEY, &TALLY_COUNTS).await?;
            let rows: Vec<_> = self.outcome_rows(owner).collect();
            add(connection, rows, &OUTCOME_KEY, &OUTCOME_COUNTS).await?;
        }
        Ok(())
    }

    fn tally_rows(&self, owner: Uuid) -> impl Iterator<Item = tallies::ActiveModel> {
        self.tallies
            .iter()
            .map(move |(quarter, tally)| tallies::ActiveModel {
                owner_id: Set(owner),
                quarter: Set(*quarter),
                predictions: Set(tally.predictions),
                given: Set(tally.given),
                correct: Set(tally.correct),
                images: Set(tally.images),
            })
    }

    fn outcome_rows(&self, owner: Uuid) -> impl Iterator<Item = outcomes::ActiveModel> {
        let changed = self.outcomes.iter().filter(|(_, count)| **count != 0);
        changed.map(
            move |((span, start, label, verdict, actual), count)| outcomes::ActiveModel {
                owner_id: Set(owner),
                span: Set(*span),
                start: Set(*start),
                label: Set(label.clone()),
                verdict: Set(*verdict),
                actual: Set(actual.clone()),
                count: Set(*count),
            },
        )
    }
}

const TALLY_KEY: [tallies::Column; 2] = [tallies::Column::OwnerId, tallies::Column::Quarter];
const TALLY_COUNTS: [tallies::Column; 4] = [
    tallies::Column::Predictions,
    tallies::Column::Given,
    tallies::Column::Correct,
    tallies::Column::Images,
];
const OUTCOME_KEY: [outcomes::Column; 6] = [
    outcomes::Column::OwnerId,
    outcomes::Column::Span,
    outcomes::Column::Start,
    outcomes::Column::Label,
    outcomes::Column::Verdict,
    outcomes::Column::Actual,
];
const OUTCOME_COUNTS: [outcomes::Column; 1] = [outcomes::Column::Count];

/// How many rows one statement inserts.
const BATCH: usize = 500;

/// Adds to the rows with these keys, which are made where there are none.
async fn add<A>(
    connection: &impl Connection,
    rows: Vec<A>,
    key: &[<A::Entity as EntityTrait>::Column],
    counts: &[<A::Entity as EntityTrait>::Column],
) -> Result<(), StoreError>
where
    A: ActiveModelTrait + Clone + Send,
{
    let sum = sum::<A::Entity>(connection.get_database_backend(), key, counts);
    for rows in rows.chunks(BATCH) {
        let insert = A::Entity::insert_many(rows.iter().cloned())
            .on_conflict(sum.clone())
            .exec_without_returning(connection);
        insert.await.map_err(store_error)?;
    }
    Ok(())
}

/// Where a row is there already, its counts become the sums of what they were and what comes.
fn sum<E: EntityTrait>(backend: DbBackend, key: &[E::Column], counts: &[E::Column]) -> OnConflict {
    let mut sum = OnConflict::columns(key.iter().copied());
    for count in counts.iter().copied() {
        let comes = match backend {
            DbBackend::MySql => Expr::from(Func::cust("VALUES").arg(Expr::col(count))),
            _ => Expr::col(("excluded", count)),
        };
        sum.value(count, Expr::col((E::default(), count)).add(comes));
    }
    sum
}

/// Takes all that is counted of an owner off the counts of everybody, and forgets it.
pub(super) async fn forget(connection: &impl Connection, owner: Uuid) -> Result<(), StoreError> {
    take_off::<tallies::Entity>(connection, owner, &TALLY_KEY, &TALLY_COUNTS).await?;
    take_off::<outcomes::Entity>(connection, owner, &OUTCOME_KEY, &OUTCOME_COUNTS).await
}

/// The same for one table, whose key begins with the owner.
async fn take_off<E: EntityTrait>(
    connection: &impl Connection,
    owner: Uuid,
    key: &[E::Column],
    counts: &[E::Column],
) -> Result<(), StoreError> {
    let (owner_column, rest) = (key[0], &key[1..]);
    let mut less = Query::select();
    less.expr(Expr::val(EVERYBODY))
        .columns(rest.iter().copied())
        .exprs(counts.iter().map(|count| Expr::col(*count).mul(-1_i64)))
        // Under another name: what is read must not be taken for what is changed.
        .from_as(E::default(), "owned")
        .and_where(Expr::col(owner_column).eq(owner));
    for column in rest {
        less.order_by(*column, Order::Asc);
    }
    let mut take_off = Query::insert();
    take_off
        .into_table(E::default())
        .columns(key.iter().chain(counts).copied())
        .select_from(less)
        .map_err(|error| StoreError::Unavailable(error.into()))?
        .on_conflict(sum::<E>(connection.get_database_backend(), key, counts));
    connection.execute(&take_off).await.map_err(store_error)?;
    let delete = E::delete_many().filter(owner_column.eq(owner)).exec(connection);
    delete.await.map_err(store_error)?;
    Ok(())
}
