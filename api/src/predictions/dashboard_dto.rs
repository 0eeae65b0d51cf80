//! What answers about how good predictions are look like.

use crate::fields::Nullable;
use chrono::NaiveDate;
use domain::predictions::{Confusion, Dashboard, DayTally, LabelTally};
use poem_openapi::{Enum, Object};

/// The latest days, today among them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Enum)]
#[oai(rename_all = "snake_case", rename = "DashboardRange")]
pub enum Range {
    /// Today.
    #[default]
    Today,
    /// 7 days.
    Week,
    /// 30 days.
    Month,
    /// 365 days.
    Year,
    /// All that ever was.
    All,
}

impl From<Range> for domain::predictions::Range {
    fn from(range: Range) -> Self {
        match range {
            Range::Today => Self::Today,
            Range::Week => Self::Week,
            Range::Month => Self::Month,
            Range::Year => Self::Year,
            Range::All => Self::All,
        }
    }
}

/// Whose predictions are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Enum)]
#[oai(rename_all = "snake_case", rename = "DashboardScope")]
pub enum Scope {
    /// The sender's own.
    #[default]
    Mine,
    /// Everybody's.
    All,
}

/// How much of what was judged is right.
#[derive(Object)]
#[oai(rename = "FeedbackSummary")]
pub struct FeedbackSummaryDto {
    /// Of how many predictions something was said.
    given: u64,
    /// How many were said to be right.
    correct: u64,
    /// The part of these: 0 to 1; null where nothing was said.
    share_correct: Nullable<f64>,
    /// The least and the most that this part may be of endlessly many predictions, at 95 % (Wilson); null where nothing
    /// was said.
    interval: Nullable<Vec<f64>>,
}

/// What was predicted of one label.
#[derive(Object)]
#[oai(rename = "LabelSummary")]
pub struct LabelSummaryDto {
    /// The predicted label.
    label: String,
    /// How often it was predicted.
    predictions: u64,
    /// Of how many of these something was said.
    given: u64,
    /// How many of these were said to be right.
    correct: u64,
}

impl From<&LabelTally> for LabelSummaryDto {
    fn from(LabelTally { label, tally }: &LabelTally) -> Self {
        Self {
            label: label.as_str().to_owned(),
            predictions: tally.predictions,
            given: tally.given,
            correct: tally.correct,
        }
    }
}

/// What was predicted on one day.
#[derive(Object)]
#[oai(rename = "DaySummary")]
pub struct DaySummaryDto {
    /// The day, by the clocks of the time zone.
    date: NaiveDate,
    /// How many predictions were made.
    predictions: u64,
    /// Of how many of these something was said since.
    given: u64,
    /// How many of these were said to be right.
    correct: u64,
}

impl From<&DayTally> for DaySummaryDto {
    fn from(DayTally { date, tally, .. }: &DayTally) -> Self {
        Self {
            date: *date,
            predictions: tally.predictions,
            given: tally.given,
            correct: tally.correct,
        }
    }
}

/// How often one label was predicted where one was right.
#[derive(Object)]
#[oai(rename = "Confusion")]
pub struct ConfusionDto {
    /// The predicted label.
    predicted: String,
    /// The right label, as far as that was said.
    actual: String,
    /// How often.
    count: u64,
}

impl From<&Confusion> for ConfusionDto {
    fn from(confusion: &Confusion) -> Self {
        Self {
            predicted: confusion.predicted.as_str().to_owned(),
            actual: confusion.actual.as_str().to_owned(),
            count: confusion.count,
        }
    }
}

/// How many predictions there are, and how good they are, as far as people said.
#[derive(Object)]
#[oai(rename = "Dashboard")]
pub struct DashboardDto {
    /// The days that are counted.
    range: Range,
    /// Whose predictions are counted.
    scope: Scope,
    /// How many predictions were made.
    total_predictions: u64,
    /// How many images were looked at.
    total_images: u64,
    /// What was said of the predictions.
    feedback: FeedbackSummaryDto,
    /// By the predicted label, in alphabetical order.
    by_label: Vec<LabelSummaryDto>,
    /// By the day, in order; days without predictions are left out.
    by_day: Vec<DaySummaryDto>,
    /// What was predicted where it is known what was right.
    confusion: Vec<ConfusionDto>,
}

impl DashboardDto {
    /// What was counted.
    pub fn new(range: Range, scope: Scope, dashboard: &Dashboard) -> Self {
        let share = dashboard.share_correct();
        Self {
            range,
            scope,
            total_predictions: dashboard.total.predictions,
            total_images: dashboard.images,
            feedback: FeedbackSummaryDto {
                given: dashboard.total.given,
                correct: dashboard.total.correct,
                share_correct: Nullable(share.map(|share| share.share)),
                interval: Nullable(share.map(|share| vec![share.low, share.high])),
            },
            by_label: dashboard.by_label.iter().map(LabelSummaryDto::from).collect(),
            by_day: dashboard.by_day.iter().map(DaySummaryDto::from).collect(),
            confusion: dashboard.confusion.iter().map(ConfusionDto::from).collect(),
        }
    }
}
