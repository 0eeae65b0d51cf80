//! Draws the dashboard as SVG: one stacked bar per day of correct, incorrect and unrated predictions.

use application::Error;
use domain::predictions::{Dashboard, DayTally};
use plotters::{
    coord::{
        Shift,
        ranged1d::{IntoSegmentedCoord, SegmentValue},
    },
    drawing::DrawingArea,
    prelude::{ChartBuilder, Color, IntoDrawingArea, IntoFont, RGBColor, Rectangle, SVGBackend, Text},
    style::{
        BLACK, WHITE,
        text_anchor::{HPos, Pos, VPos},
    },
};

/// The size of the chart in pixels.
const SIZE: (u32, u32) = (800, 360);

/// The width of a bar in pixels, at most.
const MAX_BAR_WIDTH: u32 = 48;

/// The parts of a bar from the bottom up, in colours that readers with any colour vision can tell apart (M. Okabe, K. Ito,
/// "Color Universal Design", 2008).
const PARTS: [(&str, RGBColor); 3] = [
    ("correct", RGBColor(0x00, 0x72, 0xb2)),
    ("incorrect", RGBColor(0xe6, 0x9f, 0x00)),
    ("not rated", RGBColor(0xbb, 0xbb, 0xbb)),
];

const GRID: RGBColor = RGBColor(0xdd, 0xdd, 0xdd);
const LABELS: RGBColor = RGBColor(0x44, 0x4c, 0x56);

type Area<'svg> = DrawingArea<SVGBackend<'svg>, Shift>;
type Drawn = Result<(), Box<dyn std::error::Error>>;

/// Draws the days of a dashboard.
///
/// # Errors
///
/// [`Error::Internal`] if the chart cannot be drawn, which is a defect.
pub fn draw(dashboard: &Dashboard) -> Result<String, Error> {
    let mut svg = String::new();
    plot(&mut svg, dashboard).map_err(|error| Error::Internal(error.to_string().into()))?;
    // For screen readers.
    let title = format!("<svg role=\"img\" aria-label=\"{}\" ", summary(dashboard));
    Ok(svg.replacen("<svg ", &title, 1))
}

fn summary(dashboard: &Dashboard) -> String {
    let total = dashboard.total;
    let counts = format!("Predictions: {}. Rated: {}", total.predictions, total.given);
    match dashboard.share_correct() {
        None => counts,
        Some(share) => format!(
            "{counts}, of which {:.1} % correct (95 % interval {:.1} to {:.1} %)",
            share.share * 100.0,
            share.low * 100.0,
            share.high * 100.0
        ),
    }
}

fn draw_legend(area: &Area<'_>) -> Drawn {
    let font = ("sans-serif", 12)
        .into_font()
        .color(&LABELS)
        .pos(Pos::new(HPos::Left, VPos::Center));
    for (place, (name, colour)) in (0..).zip(PARTS) {
        let x = 56 + 96 * place;
        area.draw(&Rectangle::new([(x, 28), (x + 12, 40)], colour.filled()))?;
        area.draw(&Text::new(name, (x + 18, 34), font.clone()))?;
    }
    Ok(())
}

fn plot(svg: &mut String, dashboard: &Dashboard) -> Drawn {
    let area = SVGBackend::with_string(svg, SIZE).into_drawing_area();
    area.fill(&WHITE)?;
    let heading = ("sans-serif", 15).into_font().color(&BLACK);
    let area = area.margin(12, 8, 16, 16);
    area.draw(&Text::new(summary(dashboard), (0, 0), heading))?;
    draw_legend(&area)?;
    let (_, area) = area.split_vertically(54);
    let days = &dashboard.by_day;
    let (Some(first), Some(last)) = (days.first(), days.last()) else {
        let (width, height) = area.dim_in_pixel();
        let centred = ("sans-serif", 15)
            .into_font()
            .color(&LABELS)
            .pos(Pos::new(HPos::Center, VPos::Center));
        let middle = (i32::try_from(width / 2)?, i32::try_from(height / 2)?);
        area.draw(&Text::new("No predictions", middle, centred))?;
        area.present()?;
        return Ok(());
    };
    // Days without predictions keep their place on the axis.
    let place = |day: &DayTally| (day.date - first.date).num_days();
    let count = place(last) + 1;
    let most = days
        .iter()
        .map(|day| day.tally.predictions)
        .max()
        .unwrap_or(1)
        .max(1);
    // An axis of a single day has no length, so the days around it are shown, too.
    let padding = i64::from(count == 1);
    let axis = -padding..count - 1 + padding;
    let mut chart = ChartBuilder::on(&area)
        .x_label_area_size(40)
        .y_label_area_size(56)
        .build_cartesian_2d(axis.into_segmented(), 0..most)?;
    let date_of = |place: &SegmentValue<i64>| match place {
        SegmentValue::CenterOf(place) | SegmentValue::Exact(place) => first
            .date
            .checked_add_signed(chrono::TimeDelta::days(*place))
            .map_or_else(String::new, |date| date.to_string()),
        SegmentValue::Last => String::new(),
    };
    let labels = ("sans-serif", 12).into_font().color(&LABELS);
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(WHITE)
        .bold_line_style(GRID)
        .axis_style(LABELS)
        .x_labels(7)
        .y_labels(6)
        .x_label_formatter(&date_of)
        .x_desc("day")
        .y_desc("predictions")
        .label_style(labels.clone())
        .axis_desc_style(labels.clone())
        .draw()?;
    let width = chart.plotting_area().dim_in_pixel().0 / u32::try_from(count + 2 * padding)?;
    let margin = (width / 10).max(width.saturating_sub(MAX_BAR_WIDTH) / 2);
    for (part, (_, colour)) in PARTS.into_iter().enumerate() {
        let bars = days.iter().filter_map(|day| {
            let tally = day.tally;
            let tops = [0, tally.correct, tally.given, tally.predictions];
            let (left, right) = (
                SegmentValue::Exact(place(day)),
                SegmentValue::Exact(place(day) + 1),
            );
            let mut bar = Rectangle::new([(left, tops[part]), (right, tops[part + 1])], colour.filled());
            bar.set_margin(0, 0, margin, margin);
            (tops[part] < tops[part + 1]).then_some(bar)
        });
        chart.draw_series(bars)?;
    }
    drop(chart);
    area.present()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::predictions::Tally;

    fn chart(days: &[(&str, u64, u64, u64)]) -> String {
        let day = |(date, predictions, given, correct): &(&str, u64, u64, u64)| DayTally {
            date: date.parse().expect("a date"),
            tally: Tally {
                predictions: *predictions,
                given: *given,
                correct: *correct,
            },
            images: *predictions,
        };
        draw(&Dashboard::new(vec![], days.iter().map(day).collect())).expect("a chart")
    }

    /// The heights of the bars of each part, without the mark in the legend.
    fn heights(svg: &str, part: usize) -> Vec<u32> {
        let RGBColor(red, green, blue) = PARTS[part].1;
        let colour = format!("fill=\"#{red:02X}{green:02X}{blue:02X}\"");
        let bars = svg.lines().filter(|line| line.contains(&colour)).skip(1);
        let height = |line: &str| line.split_once(" height=\"")?.1.split_once('"')?.0.parse().ok();
        bars.map(|line| height(line).expect("a height")).collect()
    }

    #[test]
    fn every_day_has_a_bar_of_its_correct_incorrect_and_unrated_predictions() {
        let svg = chart(&[("2026-03-01", 4, 3, 2), ("2026-03-04", 2, 1, 1)]);
        let [correct, incorrect, unrated] = [0, 1, 2].map(|part| heights(&svg, part));
        assert_eq!([correct.len(), incorrect.len(), unrated.len()], [2, 1, 2]);
        assert!(
            correct[0].abs_diff(2 * correct[1]) <= 2 && correct[0].abs_diff(2 * incorrect[0]) <= 2,
            "{svg}"
        );
        for date in ["2026-03-01", "2026-03-02", "2026-03-04"] {
            assert!(svg.contains(date), "{svg}");
        }
    }

    #[test]
    fn the_heading_gives_the_totals_and_the_share_with_its_interval() {
        let mut dashboard = Dashboard::new(vec![], vec![]);
        dashboard.total = Tally {
            predictions: 6,
            given: 5,
            correct: 3,
        };
        let svg = draw(&dashboard).expect("a chart");
        let heading = "Predictions: 6. Rated: 5, of which 60.0 % correct (95 % interval ";
        assert!(
            svg.contains(&format!("aria-label=\"{heading}")) && svg.contains(&format!("\n{heading}")),
            "{svg}"
        );
    }

    #[test]
    fn the_busiest_day_reaches_the_top_of_the_chart() {
        for days in [
            &[("2026-03-01", 3, 3, 3)][..],
            &[("2026-03-01", 8, 8, 8), ("2026-12-31", 4, 0, 0)],
        ] {
            assert!(heights(&chart(days), 0)[0] > 200);
        }
    }

    #[test]
    fn an_empty_dashboard_is_labelled_as_such() {
        let svg = chart(&[]);
        assert!(svg.contains("No predictions") && !svg.contains("NaN"), "{svg}");
    }
}
