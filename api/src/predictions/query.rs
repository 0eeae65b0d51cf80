//! Which predictions are asked for.

use crate::fields::{FieldErrors, RawField};
use application::{Error, FieldError};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, NaiveDate, Utc};
use domain::{
    clock::Timestamp,
    ids::PredictionId,
    page::PageLimit,
    predictions::{
        HistoryFilter, HistoryKey, HistoryOrder, HistoryPosition, HistoryQuery, Label, ModelName, Tz,
        Verdict, start_of_day,
    },
};
use poem_openapi::Enum;
use uuid::Uuid;

/// What was said of a prediction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename_all = "snake_case", rename = "FeedbackFilter")]
pub enum FeedbackFilter {
    /// It is right.
    Correct,
    /// It is wrong.
    Incorrect,
    /// Nothing yet.
    None,
}

impl From<FeedbackFilter> for Verdict {
    fn from(filter: FeedbackFilter) -> Self {
        match filter {
            FeedbackFilter::Correct => Self::Correct,
            FeedbackFilter::Incorrect => Self::Incorrect,
            FeedbackFilter::None => Self::None,
        }
    }
}

/// What comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename_all = "snake_case", rename = "HistorySort")]
pub enum Sort {
    /// What was made last.
    Newest,
    /// What was made first.
    Oldest,
    /// What the model was surest of.
    Confidence,
}

impl From<Sort> for HistoryOrder {
    fn from(sort: Sort) -> Self {
        match sort {
            Sort::Newest => Self::Newest,
            Sort::Oldest => Self::Oldest,
            Sort::Confidence => Self::Confidence,
        }
    }
}

/// The parameters of a list of predictions as they came.
#[derive(Default)]
pub struct HistoryParameters {
    pub label: Option<RawField<String>>,
    pub model: Option<RawField<String>>,
    pub feedback: Option<RawField<FeedbackFilter>>,
    pub from: Option<RawField<String>>,
    pub to: Option<RawField<String>>,
    pub tz: Option<RawField<String>>,
    pub sort: Option<RawField<Sort>>,
    pub limit: Option<RawField<u16>>,
    pub cursor: Option<RawField<String>>,
}

impl HistoryParameters {
    /// The query that they make; every bad one is named.
    pub fn parse(self) -> Result<HistoryQuery, Error> {
        let mut fields = FieldErrors::default();
        let label = fields.optional("label", self.label, |text| Label::parse(&text), "must be a label");
        let rule = "must be the name of a model";
        let model = fields.optional("model", self.model, |text| ModelName::parse(&text), rule);
        let rule = "must be correct, incorrect or none";
        let verdict = fields.optional("feedback", self.feedback, |filter| Some(filter.into()), rule);
        let zone = fields.optional("tz", self.tz, |text| parse_zone(&text), ZONE_RULE);
        let zone = zone.unwrap_or(Tz::UTC);
        let rule = "must be a date such as 2026-11-21, or a moment as in RFC 3339";
        let from = fields.optional("from", self.from, |text| parse_moment(&text, zone), rule);
        let to = fields.optional("to", self.to, |text| parse_moment(&text, zone), rule);
        let rule = "must be newest, oldest or confidence";
        let order = fields.optional("sort", self.sort, |sort| Some(sort.into()), rule);
        let order: HistoryOrder = order.unwrap_or_default();
        let rule = "must be a number from 1 to 100";
        let limit = fields.optional("limit", self.limit, PageLimit::new, rule);
        let position = |text: String| read_position(&text).filter(|position| position.fits(order));
        let rule = "must be a next_cursor of this list";
        let after = fields.optional("cursor", self.cursor, position, rule);
        fields.finish()?;
        if let (Some(from), Some(to)) = (from, to)
            && from > to
        {
            let mistake = FieldError::new("to", "must not lie before from");
            return Err(Error::InvalidRequest(vec![mistake]));
        }
        Ok(HistoryQuery {
            filter: HistoryFilter {
                label,
                model,
                verdict,
                from,
                to,
            },
            order,
            limit: limit.unwrap_or_default(),
            after,
        })
    }
}

/// What the name of a time zone must be.
pub const ZONE_RULE: &str = "must be a time zone such as Europe/Madrid";

/// A time zone by its IANA name.
pub fn parse_zone(text: &str) -> Option<Tz> {
    text.parse().ok()
}

/// A moment, or the beginning of a day by the clocks of the zone.
fn parse_moment(text: &str, zone: Tz) -> Option<Timestamp> {
    // The plus sign of an offset comes as a blank where nobody escaped it.
    if let Ok(moment) = DateTime::parse_from_rfc3339(&text.replace(' ', "+")) {
        return Some(Timestamp::new(moment.to_utc()));
    }
    let date: NaiveDate = text.parse().ok()?;
    // As it is written, and in no shorter form.
    (date.to_string() == text).then(|| start_of_day(date, zone))
}

const TIME: u8 = b't';
const CONFIDENCE: u8 = b'c';

/// Where the next page starts, as an opaque word: what the list is ordered by, its value, and the id.
pub fn write_position(position: HistoryPosition) -> String {
    let (kind, value) = match position.key {
        HistoryKey::Time(moment) => (TIME, moment.to_utc().timestamp_micros().to_be_bytes()),
        HistoryKey::Confidence(confidence) => (CONFIDENCE, confidence.to_be_bytes()),
    };
    let bytes = [&[kind][..], &value, position.id.0.as_bytes()].concat();
    URL_SAFE_NO_PAD.encode(bytes)
}

fn read_position(text: &str) -> Option<HistoryPosition> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let (kind, rest) = bytes.split_first()?;
    let (value, id) = rest.split_first_chunk::<8>()?;
    let key = match *kind {
        TIME => {
            let moment = DateTime::<Utc>::from_timestamp_micros(i64::from_be_bytes(*value))?;
            HistoryKey::Time(Timestamp::new(moment))
        }
        CONFIDENCE => {
            let confidence = f64::from_be_bytes(*value);
            HistoryKey::Confidence((0.0..=1.0).contains(&confidence).then_some(confidence)?)
        }
        _ => return None,
    };
    let id = PredictionId(Uuid::from_slice(id).ok()?);
    Some(HistoryPosition { key, id })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(text: &str) -> RawField<String> {
        RawField(Some(text.to_owned()))
    }

    fn moment(text: &str) -> Timestamp {
        Timestamp::new(text.parse().expect("a moment"))
    }

    #[test]
    fn a_cursor_leads_back_to_where_the_page_ended_in_a_list_of_its_order_only() {
        let id = PredictionId(Uuid::from_u128(42));
        for (key, sort) in [
            (
                HistoryKey::Time(moment("2026-11-21T18:00:00.000001Z")),
                Sort::Oldest,
            ),
            (HistoryKey::Confidence(0.1 + 0.2), Sort::Confidence),
        ] {
            let position = HistoryPosition { key, id };
            let parse = |sort| {
                let parameters = HistoryParameters {
                    sort: Some(RawField(Some(sort))),
                    cursor: Some(given(&write_position(position))),
                    ..HistoryParameters::default()
                };
                parameters.parse()
            };
            assert_eq!(parse(sort).expect("a query").after, Some(position));
            let other = if sort == Sort::Confidence {
                Sort::Newest
            } else {
                Sort::Confidence
            };
            assert!(parse(other).is_err());
        }
        for text in ["", "?", "AAAA", "dAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"] {
            assert_eq!(read_position(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_date_begins_by_the_clocks_of_the_zone() {
        let parameters = HistoryParameters {
            from: Some(given("2026-03-01")),
            to: Some(given("2026-03-01T12:00:00 01:00")),
            tz: Some(given("Europe/Madrid")),
            ..HistoryParameters::default()
        };
        let filter = parameters.parse().expect("a query").filter;
        assert_eq!(filter.from, Some(moment("2026-02-28T23:00:00Z")));
        assert_eq!(filter.to, Some(moment("2026-03-01T11:00:00Z")));
    }

    #[test]
    fn every_bad_parameter_is_named_and_so_is_a_range_the_wrong_way_round() {
        let parameters = HistoryParameters {
            label: Some(given("")),
            model: Some(given("../eyes")),
            feedback: Some(RawField(None)),
            from: Some(given("yesterday")),
            to: Some(given("2026-02-30")),
            tz: Some(given("Madrid")),
            sort: Some(RawField(None)),
            limit: Some(RawField(Some(101))),
            cursor: Some(given("?")),
        };
        let Err(Error::InvalidRequest(fields)) = parameters.parse() else {
            panic!("taken")
        };
        let named: Vec<_> = fields.iter().map(|field| field.field.as_str()).collect();
        assert_eq!(
            named,
            [
                "label", "model", "feedback", "tz", "from", "to", "sort", "limit", "cursor"
            ]
        );
        let reversed = HistoryParameters {
            from: Some(given("2026-03-02")),
            to: Some(given("2026-03-01")),
            ..HistoryParameters::default()
        };
        assert_eq!(
            reversed.parse().expect_err("refused").code(),
            application::ErrorCode::InvalidRequest
        );
    }
}
