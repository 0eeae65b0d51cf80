//! How good predictions are, as far as people said.

use super::{Label, Outcome, Verdict};
use chrono::NaiveDate;
use std::collections::BTreeMap;

/// So many predictions with the same outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutcomeCount {
    /// What they have in common.
    pub outcome: Outcome,
    /// How many there are.
    pub count: u64,
}

/// How many predictions there are, and what was said of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// How many there are.
    pub predictions: u64,
    /// Of how many something was said.
    pub given: u64,
    /// How many were said to be right.
    pub correct: u64,
}

impl Tally {
    fn add(&mut self, verdict: Verdict, count: u64) {
        self.predictions += count;
        if verdict != Verdict::None {
            self.given += count;
        }
        if verdict == Verdict::Correct {
            self.correct += count;
        }
    }
}

/// The tally of one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DayTally {
    /// The day.
    pub date: NaiveDate,
    /// What was predicted on it.
    pub tally: Tally,
    /// How many images were looked at on it, and not since.
    pub images: u64,
}

/// The tally of one label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelTally {
    /// The label.
    pub label: Label,
    /// Where it was predicted.
    pub tally: Tally,
}

/// How often one label was predicted where another, or the same, was right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confusion {
    /// What was predicted.
    pub predicted: Label,
    /// What was right.
    pub actual: Label,
    /// How often.
    pub count: u64,
}

/// A part of a whole, with how far it may be from the one of endlessly many.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Share {
    /// 0 to 1.
    pub share: f64,
    /// The least of the interval, 0 to 1.
    pub low: f64,
    /// The most of the interval, 0 to 1.
    pub high: f64,
}

impl Share {
    /// The standard normal deviate of a two-sided interval of 95 %.
    const DEVIATE: f64 = 1.959_963_984_540_054;

    /// `part` of `whole` with the score interval of E. B. Wilson ("Probable inference, the law of succession, and
    /// statistical inference", JASA 22, 1927), at 95 %; `None` of nothing.
    #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
    pub fn new(part: u64, whole: u64) -> Option<Self> {
        if whole == 0 {
            return None;
        }
        let (count, share) = (whole as f64, part as f64 / whole as f64);
        let squared = Self::DEVIATE * Self::DEVIATE;
        let centre = (share + squared / (2.0 * count)) / (1.0 + squared / count);
        let reach = Self::DEVIATE / (1.0 + squared / count)
            * (share * (1.0 - share) / count + squared / (4.0 * count * count)).sqrt();
        Some(Self {
            share,
            low: (centre - reach).clamp(0.0, share),
            high: (centre + reach).clamp(share, 1.0),
        })
    }
}

/// How many predictions there are in a range, and how good they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dashboard {
    /// All of them.
    pub total: Tally,
    /// How many images were looked at.
    pub images: u64,
    /// By what was predicted, in the order of the labels.
    pub by_label: Vec<LabelTally>,
    /// By the day, in order; days without predictions are left out.
    pub by_day: Vec<DayTally>,
    /// What was predicted where what was right is known, in the order of the labels.
    pub confusion: Vec<Confusion>,
}

impl Dashboard {
    /// Adds up what was counted. The range ends with the latest prediction, so each image was looked at last on one of
    /// its days.
    pub fn new(counts: Vec<OutcomeCount>, by_day: Vec<DayTally>) -> Self {
        let mut total = Tally::default();
        let mut labels = BTreeMap::<Label, Tally>::new();
        let mut confusion = BTreeMap::<(Label, Label), u64>::new();
        for OutcomeCount { outcome, count } in counts {
            total.add(outcome.verdict, count);
            let of_label = labels.entry(outcome.predicted.clone()).or_default();
            of_label.add(outcome.verdict, count);
            if let Some(actual) = outcome.actual {
                *confusion.entry((outcome.predicted, actual)).or_default() += count;
            }
        }
        let by_label = labels
            .into_iter()
            .map(|(label, tally)| LabelTally { label, tally });
        let confusion = confusion
            .into_iter()
            .map(|((predicted, actual), count)| Confusion {
                predicted,
                actual,
                count,
            });
        Self {
            total,
            images: by_day.iter().map(|day| day.images).sum(),
            by_label: by_label.collect(),
            by_day,
            confusion: confusion.collect(),
        }
    }

    /// How much of what something was said of was said to be right; `None` when nothing was said.
    pub fn share_correct(&self) -> Option<Share> {
        Share::new(self.total.correct, self.total.given)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn label(text: &str) -> Label {
        Label::parse(text).expect("a label")
    }

    fn counted(predicted: &str, verdict: Verdict, actual: Option<&str>, count: u64) -> OutcomeCount {
        OutcomeCount {
            outcome: Outcome {
                predicted: label(predicted),
                verdict,
                actual: actual.map(label),
            },
            count,
        }
    }

    #[test]
    fn counts_add_up_by_label_and_by_what_was_right() {
        let counts = vec![
            counted("normal", Verdict::None, None, 5),
            counted("normal", Verdict::Correct, Some("normal"), 3),
            counted("normal", Verdict::Incorrect, Some("cataract"), 2),
            counted("cataract", Verdict::Incorrect, None, 1),
        ];
        let tally = |predictions, given, correct| Tally {
            predictions,
            given,
            correct,
        };
        let day = |date: &str, images| DayTally {
            date: date.parse().expect("a date"),
            tally: tally(1, 1, 1),
            images,
        };
        let days = vec![day("2026-03-01", 3), day("2026-03-04", 1)];
        let dashboard = Dashboard::new(counts, days);
        assert_eq!(dashboard.images, 4);
        assert_eq!(dashboard.total, tally(11, 6, 3));
        let by_label: Vec<_> = dashboard
            .by_label
            .iter()
            .map(|of| (of.label.as_str(), of.tally))
            .collect();
        assert_eq!(
            by_label,
            [("cataract", tally(1, 1, 0)), ("normal", tally(10, 5, 3))]
        );
        let confusion: Vec<_> = dashboard
            .confusion
            .iter()
            .map(|cell| (cell.predicted.as_str(), cell.actual.as_str(), cell.count))
            .collect();
        assert_eq!(confusion, [("normal", "cataract", 2), ("normal", "normal", 3)]);
        assert!((dashboard.share_correct().expect("a share").share - 0.5).abs() < f64::EPSILON);
    }

    /// The ends of Wilson's interval are the shares of endlessly many from which the one found is a deviate away.
    #[test]
    #[expect(clippy::cast_precision_loss, reason = "small counts")]
    fn shares_come_with_the_interval_of_wilson() {
        for (part, whole) in [(0, 10), (10, 10), (5, 10), (81, 100), (1, 1), (1, 1_000_000)] {
            let share = Share::new(part, whole).expect("a share");
            assert!(0.0 <= share.low && share.low <= share.share, "{share:?}");
            assert!(share.share <= share.high && share.high <= 1.0, "{share:?}");
            for end in [share.low, share.high] {
                let distance = (share.share - end).abs();
                let expected = Share::DEVIATE * (end * (1.0 - end) / whole as f64).sqrt();
                assert!((distance - expected).abs() < 1e-7, "{part} of {whole}: {share:?}");
            }
        }
        let half = Share::new(5, 10).expect("a share");
        assert!((half.low - 0.236_593).abs() < 1e-6 && (half.high - 0.763_407).abs() < 1e-6);
    }

    #[test]
    fn nothing_has_no_share() {
        assert_eq!(Share::new(0, 0), None);
        assert_eq!(Dashboard::new(vec![], vec![]).share_correct(), None);
    }
}
