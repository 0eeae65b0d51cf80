//! Pages of predictions.
//!
//! A page costs by its length, whatever is asked for: every list is a walk along an index that begins with what is equal
//! in all of its rows. What was said of a prediction stands in each of these indexes, and a list for which that does not
//! matter is merged from the three that there are.

use super::rows::{stored_moment, stored_verdict};
use crate::persistence::{
    Connection,
    entities::predictions::{Column, Entity, Model},
    error::store_error,
};
use domain::{
    ids::UserId,
    predictions::{HistoryFilter, HistoryKey, HistoryOrder, HistoryPosition, HistoryQuery, Verdict},
    store::StoreError,
};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, FromQueryResult, Order, QueryFilter, QueryOrder, QuerySelect,
    QueryTrait,
    sea_query::{Asterisk, Query, SelectStatement, UnionType},
};

/// The rows of a page and one more, if there is one. They are read in one statement, so that what is said of a prediction
/// meanwhile neither hides it nor shows it twice.
pub(super) async fn rows(
    connection: &impl Connection,
    owner: UserId,
    query: &HistoryQuery,
) -> Result<Vec<Model>, StoreError> {
    let wanted = query.limit.get() + 1;
    let verdicts = Verdict::ALL
        .into_iter()
        .filter(|verdict| query.filter.verdict.is_none_or(|only| only == *verdict));
    let lists = verdicts
        .map(|verdict| of_filter(owner, &query.filter).add(Column::Verdict.eq(stored_verdict(verdict))));
    let walks = lists.flat_map(|list| walks(&list, query, wanted));
    let Some(statement) = walks.reduce(|mut all, walk| all.union(UnionType::All, walk).take()) else {
        return Ok(vec![]);
    };
    let statement = connection.get_database_backend().build(&statement);
    let rows = Model::find_by_statement(statement).all(connection);
    let mut rows = rows.await.map_err(store_error)?;
    rows.sort_by(|one, other| {
        let by_time = || (one.created_at, one.id).cmp(&(other.created_at, other.id));
        match query.order {
            HistoryOrder::Newest => by_time().reverse(),
            HistoryOrder::Oldest => by_time(),
            HistoryOrder::Confidence => {
                let by_confidence = one.confidence.total_cmp(&other.confidence);
                by_confidence.then(one.id.cmp(&other.id)).reverse()
            }
        }
    });
    rows.truncate(usize::try_from(wanted).unwrap_or(usize::MAX));
    Ok(rows)
}

/// As many rows of each stretch of a list as are wanted at most, from where the page before ended.
fn walks(list: &Condition, query: &HistoryQuery, wanted: u64) -> Vec<SelectStatement> {
    let (key, order) = match query.order {
        HistoryOrder::Newest => (Column::CreatedAt, Order::Desc),
        HistoryOrder::Oldest => (Column::CreatedAt, Order::Asc),
        HistoryOrder::Confidence => (Column::Confidence, Order::Desc),
    };
    let stretches = stretches(query.after, &order);
    let walk = |stretch| {
        let walk = Entity::find()
            .filter(list.clone())
            .filter(stretch)
            .order_by(key, order.clone())
            .order_by(Column::Id, order.clone())
            .limit(wanted);
        // SQLite limits the parts of a union only as tables of their own.
        let mut table = Query::select();
        table.column(Asterisk).from_subquery(walk.into_query(), "walk");
        table
    };
    stretches.into_iter().map(walk).collect()
}

/// What is left of a list: first what is equal to where the page before ended, then what lies behind that. As one
/// condition, an `or`, no database would find it in an index.
fn stretches(after: Option<HistoryPosition>, order: &Order) -> Vec<Condition> {
    let Some(HistoryPosition { key, id }) = after else {
        return vec![Condition::all()];
    };
    let (equal, behind) = match key {
        HistoryKey::Time(moment) => {
            let (column, value) = (Column::CreatedAt, stored_moment(moment));
            let behind = match order {
                Order::Asc => column.gt(value),
                _ => column.lt(value),
            };
            (column.eq(value), behind)
        }
        HistoryKey::Confidence(value) => {
            let column = Column::Confidence;
            (column.eq(value), column.lt(value))
        }
    };
    let behind_id = match order {
        Order::Asc => Column::Id.gt(id.0),
        _ => Column::Id.lt(id.0),
    };
    vec![
        Condition::all().add(equal).add(behind_id),
        Condition::all().add(behind),
    ]
}

fn of_filter(owner: UserId, filter: &HistoryFilter) -> Condition {
    let label = filter
        .label
        .as_ref()
        .map(|label| Column::Label.eq(label.as_str()));
    let model = filter
        .model
        .as_ref()
        .map(|model| Column::Model.eq(model.as_str()));
    let from = filter
        .from
        .map(|moment| Column::CreatedAt.gte(stored_moment(moment)));
    let to = filter
        .to
        .map(|moment| Column::CreatedAt.lt(stored_moment(moment)));
    Condition::all()
        .add(Column::OwnerId.eq(owner.0))
        .add_option(label)
        .add_option(model)
        .add_option(from)
        .add_option(to)
}
