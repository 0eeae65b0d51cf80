//! Which way round a page lies: a sample of it is read in several turns.

use super::{
    reading::Prepared,
    sheet::{Sheet, to_pixels},
    tesseract::{Engine, FoundWord, ReadError, Reading},
};
use std::time::Instant;

/// A reading whose characters are less sure than this on average may be one of a turned page.
const POOR_CONFIDENCE: f32 = 72.0;
/// Words that are less sure say nothing about a turn.
const SURE: f32 = 50.0;
/// No letter is thought to be read when even the surest word is below this.
const NOISE: f32 = 30.0;
/// The side of a sample, in heights of letters: about eight lines of fifty letters.
const SAMPLE_SIDE: f64 = 40.0;
/// Another turn must be better by this factor.
const CLEARLY_BETTER: f64 = 1.2;

/// Whether a reading is so poor that the page may lie another way round.
pub(super) fn is_poor(reading: &Reading) -> bool {
    let (sum, count) = reading.words.iter().fold((0.0, 0.0), |(sum, count), word| {
        let characters = letters(word);
        (sum + characters * word.confidence, count + characters)
    });
    count == 0.0 || sum / count < POOR_CONFIDENCE
}

/// Whether nothing that was read is text: no word has a letter or digit of which the engine is at all sure.
pub(super) fn is_noise(reading: &Reading) -> bool {
    !reading
        .words
        .iter()
        .any(|word| letters(word) > 0.0 && word.confidence >= NOISE)
}

/// The turn, in quarters clockwise, in which a sample of the page is read best; `None` when none is clearly better
/// than the first.
pub(super) fn best_turn(
    engine: &Engine,
    page: &Prepared,
    turns: &[u8],
    until: Instant,
) -> Result<Option<u8>, ReadError> {
    if page.survey.letters.is_empty() {
        return Ok(None);
    }
    let sample = sample(page);
    let mut scores = Vec::new();
    for turn in turns {
        let (sheet, resolution) = page.turned(sample.clone(), *turn);
        let left = until.saturating_duration_since(Instant::now());
        let reading = engine.read(&sheet.pixels, resolution, left)?;
        scores.push((score(&reading), *turn));
    }
    if std::env::var_os("OCR_TRACE").is_some() {
        eprintln!("turns {scores:?}");
    }
    let first = scores.first().map_or(0.0, |(score, _)| *score);
    let best = scores
        .into_iter()
        .fold((0.0, 0), |best, next| if next.0 > best.0 { next } else { best });
    Ok((best.0 > CLEARLY_BETTER * first).then_some(best.1))
}

/// How much was read surely: letters of sure words, those of long words more, as chance makes only short ones.
fn score(reading: &Reading) -> f64 {
    let sure = reading.words.iter().filter(|word| word.confidence >= SURE);
    sure.map(|word| f64::from(letters(word)).powf(1.5) * (f64::from(word.confidence) / 100.0).powi(3))
        .sum()
}

fn letters(word: &FoundWord) -> f32 {
    word.text
        .chars()
        .filter(|c| c.is_alphanumeric())
        .map(|_| 1.0)
        .sum()
}

/// The part of the page around the middle of its letters, large enough to hold some lines.
fn sample(page: &Prepared) -> Sheet {
    let (width, height) = page.sheet.pixels.dimensions();
    let side = to_pixels((page.survey.letter_height.unwrap_or(20.0) * SAMPLE_SIDE).max(200.0));
    if width <= side + side / 2 && height <= side + side / 2 {
        return page.sheet.clone();
    }
    let middle = |mut places: Vec<u32>| {
        let half = places.len() / 2;
        *places.select_nth_unstable(half).1
    };
    let x = middle(page.survey.letters.iter().map(|letter| letter.left).collect());
    let y = middle(page.survey.letters.iter().map(|letter| letter.top).collect());
    let (part_width, part_height) = (side.min(width), side.min(height));
    let left = x.saturating_sub(part_width / 2).min(width - part_width);
    let top = y.saturating_sub(part_height / 2).min(height - part_height);
    page.sheet.part(left, top, part_width, part_height)
}
