//! Which way round a page lies: a sample of it is read in several turns.

use super::{
    patience::Patience,
    placement::to_pixels,
    reading::Prepared,
    sheet::Sheet,
    tesseract::{Engine, FoundWord, ReadError, Reading},
};

/// A reading whose characters are less sure than this on average may be one of a turned page.
const POOR_CONFIDENCE: f32 = 72.0;
/// Words that are less sure say nothing about a turn.
const SURE: f32 = 50.0;
/// No letter is thought to be read when even the surest word is below this.
const NOISE: f32 = 30.0;
/// How long a sample is along the lines, in heights of letters: about forty letters.
const ALONG: f64 = 50.0;
/// How long a sample is across the lines, in heights of letters: about six lines.
const ACROSS: f64 = 16.0;
/// Another turn must be better by this factor.
pub(super) const CLEARLY_BETTER: f64 = 1.2;

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

/// The turn among some, in quarters clockwise, in which a sample of the page is read best; the first unless another is
/// clearly better.
pub(super) fn best_turn<const N: usize>(
    engine: &Engine,
    page: &Prepared,
    turns: [u8; N],
    patience: Patience,
) -> Result<u8, ReadError> {
    let mut best = (0.0, turns[0]);
    if page.survey.letters.is_empty() {
        return Ok(best.1);
    }
    let sample = sample(page);
    for turn in turns {
        let (sheet, resolution) = page.turned(sample.clone(), turn);
        let reading = engine.read(&sheet.pixels, resolution, patience)?;
        let score = score(&reading);
        if score > CLEARLY_BETTER * best.0 {
            best = (score, turn);
        }
    }
    Ok(best.1)
}

/// How much was read surely: letters of sure words, those of long words more, as chance makes only short ones.
pub(super) fn score(reading: &Reading) -> f64 {
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
    let letter = page.survey.letter_height.unwrap_or(20.0);
    let (along, across) = (
        to_pixels((letter * ALONG).max(200.0)),
        to_pixels((letter * ACROSS).max(100.0)),
    );
    let (part_width, part_height) = if page.survey.upright {
        (across, along)
    } else {
        (along, across)
    };
    if u64::from(width) * u64::from(height) <= 2 * u64::from(along) * u64::from(across) {
        return page.sheet.clone();
    }
    let middle = |mut places: Vec<u32>| {
        let half = places.len() / 2;
        *places.select_nth_unstable(half).1
    };
    let x = middle(page.survey.letters.iter().map(|letter| letter.left).collect());
    let y = middle(page.survey.letters.iter().map(|letter| letter.top).collect());
    let (part_width, part_height) = (part_width.min(width), part_height.min(height));
    let left = x.saturating_sub(part_width / 2).min(width - part_width);
    let top = y.saturating_sub(part_height / 2).min(height - part_height);
    page.sheet.part(left, top, part_width, part_height)
}
