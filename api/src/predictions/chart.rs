//! A dashboard as a picture: a bar for each day, of what was said to be right, said to be wrong, and not judged yet.

use domain::predictions::{Dashboard, DayTally};
use std::fmt::Write;

/// The size of the picture, and of the field of the bars in it, in pixels.
const WIDTH: f64 = 800.0;
const HEIGHT: f64 = 320.0;
const LEFT: f64 = 56.0;
const RIGHT: f64 = 16.0;
const TOP: f64 = 64.0;
const BOTTOM: f64 = 40.0;

/// The widest that a bar is.
const WIDEST: f64 = 48.0;

/// What is drawn from below, with its colour: blue and orange are told apart by every eye (M. Okabe, K. Ito, "Color
/// Universal Design", 2008).
const PARTS: [(&str, &str); 3] = [
    ("right", "#0072b2"),
    ("wrong", "#e69f00"),
    ("not judged", "#bbbbbb"),
];

/// Draws the days as SVG.
pub fn draw(dashboard: &Dashboard) -> String {
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" \
         font-family=\"sans-serif\" font-size=\"12\">\n<title>{}</title>\n\
         <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#ffffff\"/>\n",
        summary(dashboard)
    );
    text(&mut svg, LEFT, 24.0, "start", &summary(dashboard));
    draw_legend(&mut svg);
    draw_bars(&mut svg, &dashboard.by_day);
    svg.push_str("</svg>\n");
    svg
}

fn summary(dashboard: &Dashboard) -> String {
    let total = dashboard.total;
    let made = format!("{} predictions, {} judged", total.predictions, total.given);
    match dashboard.share_correct() {
        None => made,
        Some(share) => format!(
            "{made}, {:.1} % of these right ({:.1} to {:.1} % at 95 %)",
            share.share * 100.0,
            share.low * 100.0,
            share.high * 100.0
        ),
    }
}

fn draw_legend(svg: &mut String) {
    let mut x = LEFT;
    for (name, colour) in PARTS {
        rectangle(svg, (x, 36.0), (12.0, 12.0), colour);
        text(svg, x + 18.0, 46.0, "start", name);
        x += 110.0;
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts are drawn to a pixel")]
fn draw_bars(svg: &mut String, days: &[DayTally]) {
    let (floor, height) = (HEIGHT - BOTTOM, HEIGHT - BOTTOM - TOP);
    let most = days.iter().map(|day| day.tally.predictions).max().unwrap_or(0);
    let mut marks = vec![0, most / 2, most];
    marks.dedup();
    for mark in marks {
        let y = floor - height * mark as f64 / most.max(1) as f64;
        rectangle(svg, (LEFT, y), (WIDTH - LEFT - RIGHT, 1.0), "#dddddd");
        text(svg, LEFT - 8.0, y + 4.0, "end", &mark.to_string());
    }
    let (Some(first), Some(last)) = (days.first(), days.last()) else {
        return text(svg, WIDTH / 2.0, HEIGHT / 2.0, "middle", "no predictions");
    };
    // Days without predictions keep their place.
    let count = (last.date - first.date).num_days() + 1;
    let place = (WIDTH - LEFT - RIGHT) / count as f64;
    let width = (place * 0.8).min(WIDEST);
    for day in days {
        let since = (day.date - first.date).num_days() as f64;
        let x = LEFT + place * (since + 0.5) - width / 2.0;
        let tally = day.tally;
        let parts = [
            tally.correct,
            tally.given - tally.correct,
            tally.predictions - tally.given,
        ];
        let mut y = floor;
        for (part, (_, colour)) in parts.into_iter().zip(PARTS) {
            let part = height * part as f64 / most.max(1) as f64;
            y -= part;
            if part > 0.0 {
                rectangle(svg, (x, y), (width, part), colour);
            }
        }
    }
    let y = HEIGHT - BOTTOM + 20.0;
    text(svg, LEFT, y, "start", &first.date.to_string());
    if last.date != first.date {
        text(svg, WIDTH - RIGHT, y, "end", &last.date.to_string());
    }
}

fn rectangle(svg: &mut String, (x, y): (f64, f64), (width, height): (f64, f64), colour: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(
        svg,
        "<rect x=\"{x:.2}\" y=\"{y:.2}\" width=\"{width:.2}\" height=\"{height:.2}\" fill=\"{colour}\"/>"
    );
}

/// Text without anything that XML takes for its own: numbers, dates and words of this file.
fn text(svg: &mut String, x: f64, y: f64, anchor: &str, text: &str) {
    let _ = writeln!(
        svg,
        "<text x=\"{x:.2}\" y=\"{y:.2}\" text-anchor=\"{anchor}\">{text}</text>"
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::predictions::Tally;

    fn dashboard(days: &[(&str, u64, u64, u64)]) -> Dashboard {
        let day = |(date, predictions, given, correct): &(&str, u64, u64, u64)| DayTally {
            date: date.parse().expect("a date"),
            tally: Tally {
                predictions: *predictions,
                given: *given,
                correct: *correct,
            },
            images: *predictions,
        };
        Dashboard::new(vec![], days.iter().map(day).collect())
    }

    fn count(svg: &str, colour: &str) -> usize {
        svg.matches(&format!("fill=\"{colour}\"")).count()
    }

    #[test]
    fn every_day_has_a_bar_of_what_was_said() {
        let svg = draw(&dashboard(&[("2026-03-01", 4, 3, 2), ("2026-03-04", 2, 1, 1)]));
        // One of each colour is the legend's.
        let bars = PARTS.map(|(_, colour)| count(&svg, colour) - 1);
        assert_eq!(bars, [2, 1, 2]);
        assert!(svg.contains(">2026-03-01<") && svg.contains(">2026-03-04<"));
    }

    #[test]
    fn the_highest_day_fills_the_field() {
        let svg = draw(&dashboard(&[("2026-03-01", 3, 3, 3)]));
        let whole = format!("height=\"{:.2}\" fill=\"{}\"", HEIGHT - BOTTOM - TOP, PARTS[0].1);
        assert!(svg.contains(&whole), "{svg}");
    }

    #[test]
    fn without_predictions_it_says_so() {
        let svg = draw(&dashboard(&[]));
        assert!(svg.contains("no predictions") && !svg.contains("NaN"), "{svg}");
    }
}
