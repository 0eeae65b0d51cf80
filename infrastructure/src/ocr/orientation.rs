//! Finds the orientation of a page by recognizing a sample of it in several rotations.

use super::{
    coordinates::to_pixels,
    page_image::PageImage,
    patience::Patience,
    recognition::PreprocessedPage,
    tesseract::{Engine, ReadError, RecognitionResult, RecognizedWord},
};

/// Below this mean confidence per character a page may be rotated.
const POOR_CONFIDENCE: f32 = 72.0;
/// Words below this confidence are not used to choose a rotation.
const SURE: f32 = 50.0;
/// A result is noise when no word reaches this confidence.
const NOISE: f32 = 30.0;
/// Length of the sample along the lines, in letter heights: about forty letters.
const ALONG: f64 = 50.0;
/// Length of the sample across the lines, in letter heights: about six lines.
const ACROSS: f64 = 16.0;
/// The factor by which another rotation must score better.
pub(super) const CLEARLY_BETTER: f64 = 1.2;

/// Whether the confidence is so low that the page may be rotated.
pub(super) fn is_poor(result: &RecognitionResult) -> bool {
    let (sum, count) = result.words.iter().fold((0.0, 0.0), |(sum, count), word| {
        let characters = letters(word);
        (sum + characters * word.confidence, count + characters)
    });
    count == 0.0 || sum / count < POOR_CONFIDENCE
}

/// Whether no word with a letter or digit has a usable confidence.
pub(super) fn is_noise(result: &RecognitionResult) -> bool {
    !result
        .words
        .iter()
        .any(|word| letters(word) > 0.0 && word.confidence >= NOISE)
}

/// Returns the rotation, in quarter turns clockwise, in which a sample of the page scores best; the first one unless
/// another is clearly better.
pub(super) fn best_orientation<const N: usize>(
    engine: &Engine,
    page: &PreprocessedPage,
    turns: [u8; N],
    patience: Patience,
) -> Result<u8, ReadError> {
    let mut best = (0.0, turns[0]);
    if page.analysis.letters.is_empty() {
        return Ok(best.1);
    }
    let sample = sample(page);
    for turn in turns {
        let (image, resolution) = page.turned(sample.clone(), turn);
        let result = engine.read(&image.pixels, resolution, patience)?;
        let score = score(&result);
        if score > CLEARLY_BETTER * best.0 {
            best = (score, turn);
        }
    }
    Ok(best.1)
}

/// Scores a result by the letters of confident words. Long words weigh more, since chance makes only short ones.
pub(super) fn score(result: &RecognitionResult) -> f64 {
    let sure = result.words.iter().filter(|word| word.confidence >= SURE);
    sure.map(|word| f64::from(letters(word)).powf(1.5) * (f64::from(word.confidence) / 100.0).powi(3))
        .sum()
}

fn letters(word: &RecognizedWord) -> f32 {
    word.text
        .chars()
        .filter(|c| c.is_alphanumeric())
        .map(|_| 1.0)
        .sum()
}

/// The part of the page around the median position of its letters, large enough for a few lines.
fn sample(page: &PreprocessedPage) -> PageImage {
    let (width, height) = page.image.pixels.dimensions();
    let letter = page.analysis.letter_height.unwrap_or(20.0);
    let (along, across) = (
        to_pixels((letter * ALONG).max(200.0)),
        to_pixels((letter * ACROSS).max(100.0)),
    );
    let (part_width, part_height) = if page.analysis.upright {
        (across, along)
    } else {
        (along, across)
    };
    if u64::from(width) * u64::from(height) <= 2 * u64::from(along) * u64::from(across) {
        return page.image.clone();
    }
    let middle = |mut places: Vec<u32>| {
        let half = places.len() / 2;
        *places.select_nth_unstable(half).1
    };
    let x = middle(page.analysis.letters.iter().map(|letter| letter.left).collect());
    let y = middle(page.analysis.letters.iter().map(|letter| letter.top).collect());
    let (part_width, part_height) = (part_width.min(width), part_height.min(height));
    let left = x.saturating_sub(part_width / 2).min(width - part_width);
    let top = y.saturating_sub(part_height / 2).min(height - part_height);
    page.image.part(left, top, part_width, part_height)
}
