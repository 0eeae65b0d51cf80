//! What was counted, added up.

use super::{
    counts::{DAY, EVERYBODY},
    rows::verdict,
};
use crate::persistence::{
    Connection,
    entities::{prediction_outcomes as outcomes, prediction_tallies as tallies},
    error::{CorruptRow, store_error},
};
use domain::{
    predictions::{ClockSpan, DayTally, Label, Outcome, OutcomeCount, QuarterHour, Scope, Tally},
    store::StoreError,
};
use sea_orm::{
    ColumnTrait, Condition, DbBackend, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{BinOper, Expr},
};
use std::collections::BTreeMap;
use uuid::Uuid;

fn owner(scope: Scope) -> Uuid {
    match scope {
        Scope::Of(owner) => owner.0,
        Scope::All => EVERYBODY,
    }
}

/// The sum of a column of counts, as it is read: databases make another type of it.
fn sum(backend: DbBackend, column: impl ColumnTrait) -> Expr {
    let integer = match backend {
        DbBackend::MySql => "signed",
        _ => "bigint",
    };
    column.sum().cast_as(integer)
}

/// Of the whole days since then, and of the quarters before the first of these.
pub(super) async fn outcomes(
    connection: &impl Connection,
    scope: Scope,
    since: Option<QuarterHour>,
) -> Result<Vec<OutcomeCount>, StoreError> {
    use outcomes::{Column, Entity};
    let days = Condition::all().add(Column::Span.eq(DAY));
    let parts = match since {
        None => vec![days],
        Some(QuarterHour(since)) => {
            let day = i64::from(DAY);
            let first_day = (since + day - 1).div_euclid(day) * day;
            let before = Condition::all()
                .add(Column::Span.eq(1_i16))
                .add(Column::Start.gte(since))
                .add(Column::Start.lt(first_day));
            vec![before, days.add(Column::Start.gte(first_day))]
        }
    };
    let mut counts = BTreeMap::<Outcome, u64>::new();
    for part in parts {
        let rows = Entity::find()
            .select_only()
            .columns([Column::Label, Column::Verdict, Column::Actual])
            .expr(sum(connection.get_database_backend(), Column::Count))
            .filter(Column::OwnerId.eq(owner(scope)))
            .filter(part)
            .group_by(Column::Label)
            .group_by(Column::Verdict)
            .group_by(Column::Actual)
            .into_tuple::<(String, i16, String, i64)>()
            .all(connection);
        for (label, verdict, actual, count) in rows.await.map_err(store_error)? {
            *counts.entry(outcome(&label, verdict, &actual)?).or_default() += number(count)?;
        }
    }
    let counts = counts.into_iter().filter(|(_, count)| *count > 0);
    Ok(counts
        .map(|(outcome, count)| OutcomeCount { outcome, count })
        .collect())
}

fn outcome(label: &str, stored: i16, actual: &str) -> Result<Outcome, CorruptRow> {
    let actual = match actual {
        "" => None,
        label => Some(Label::parse(label).ok_or(corrupt("actual"))?),
    };
    Ok(Outcome {
        predicted: Label::parse(label).ok_or(corrupt("label"))?,
        verdict: verdict(stored).ok_or(corrupt("verdict"))?,
        actual,
    })
}

pub(super) async fn days(
    connection: &impl Connection,
    scope: Scope,
    spans: &[ClockSpan],
) -> Result<Vec<DayTally>, StoreError> {
    use tallies::{Column, Entity};
    let backend = connection.get_database_backend();
    let mut days = BTreeMap::<i64, (Tally, u64)>::new();
    for span in spans {
        // As `ClockSpan::day` counts; no quarter lies before 1970.
        let moved = Expr::col(Column::Quarter).add(span.offset);
        let day = match backend {
            DbBackend::MySql => moved.binary(BinOper::Custom("DIV"), i64::from(DAY)),
            _ => moved.div(i64::from(DAY)),
        };
        let rows = Entity::find()
            .select_only()
            .expr_as(day, "local_day")
            .expr(sum(backend, Column::Predictions))
            .expr(sum(backend, Column::Given))
            .expr(sum(backend, Column::Correct))
            .expr(sum(backend, Column::Images))
            .filter(Column::OwnerId.eq(owner(scope)))
            .filter(Column::Quarter.gte(span.from.0))
            .filter(Column::Quarter.lt(span.to.0))
            .group_by(Expr::col("local_day"))
            .into_tuple::<(i64, i64, i64, i64, i64)>()
            .all(connection);
        for (day, predictions, given, correct, images) in rows.await.map_err(store_error)? {
            let (tally, seen) = days.entry(day).or_default();
            tally.predictions += number(predictions)?;
            tally.given += number(given)?;
            tally.correct += number(correct)?;
            *seen += number(images)?;
        }
    }
    let days = days.into_iter().filter(|(_, (tally, _))| tally.predictions > 0);
    Ok(days
        .map(|(day, (tally, images))| DayTally {
            date: ClockSpan::date(day),
            tally,
            images,
        })
        .collect())
}

pub(super) async fn first_quarter(
    connection: &impl Connection,
    scope: Scope,
) -> Result<Option<QuarterHour>, StoreError> {
    use tallies::{Column, Entity};
    let first = Entity::find()
        .select_only()
        .column(Column::Quarter)
        .filter(Column::OwnerId.eq(owner(scope)))
        .filter(Column::Predictions.gt(0_i64))
        .order_by_asc(Column::Quarter)
        .into_tuple()
        .one(connection);
    Ok(first.await.map_err(store_error)?.map(QuarterHour))
}

fn number(count: i64) -> Result<u64, CorruptRow> {
    count.try_into().map_err(|_| corrupt("count"))
}

fn corrupt(column: &'static str) -> CorruptRow {
    CorruptRow {
        table: "prediction_outcomes",
        column,
    }
}
