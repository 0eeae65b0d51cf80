//! Recognizes one page: preprocessing, recognition, and another try in a different rotation when the result is poor.

use super::{
    background::clean,
    histogram::Histogram,
    low_contrast_text::LowContrastText,
    orientation::{CLEARLY_BETTER, best_orientation, is_noise, is_poor, score},
    page_analysis::PageAnalysis,
    page_image::PageImage,
    patience::Patience,
    tesseract::{Engine, LONGEST_SIDE, ReadError, RecognitionResult, RecognizedWord},
};
use domain::ocr::{TextPage, Word};
use image::GrayImage;

/// The height of an `x`, in pixels, to which tall letters are scaled down: Tesseract's network sees lines 36 pixels high,
/// which is an `x` of about 16. Measured on four scans of letters of 22: within a character or two in a thousand of the
/// full size from 14 to 16; at 12 a brochure of two columns was misread by a third.
const LETTER_HEIGHT: f64 = 16.0;
/// Letters from here on are scaled down, in pixels: below it the gain is less than the scaling costs.
const TALL_LETTERS: f64 = 20.0;
/// The height of an `x`, in pixels, to which small letters are scaled up.
const ENLARGED_HEIGHT: f64 = 20.0;
/// Letters up to here are scaled up, in pixels. Two images speak for it: of a table of letters of 8 on a screen 6 % was
/// misread as it was and 0.4 % enlarged; an invoice of letters of 9 was read no better enlarged.
const SMALL_LETTERS: f64 = 8.0;
/// Nothing is scaled up more than this.
const LARGEST_FACTOR: f64 = 3.0;
/// The most pixels that the engine is given: it holds several copies of them.
const MOST_PIXELS: f64 = 25_000_000.0;
/// The least skew that is corrected, in degrees: Tesseract follows smaller ones.
const LEAST_TILT: f64 = 0.5;
/// Gray value of the new corners of a rotated page.
const PAPER: u8 = 255;
/// The shortest side on which a letter fits, in pixels. Tesseract rejects very thin images.
const LEAST_SIDE: u32 = 6;

/// A page after preprocessing, before rotation.
pub(super) struct PreprocessedPage {
    pub(super) image: PageImage,
    pub(super) analysis: PageAnalysis,
    /// Pixels per inch of the original page; 0 when unknown.
    pub(super) resolution: u32,
}

impl PreprocessedPage {
    fn new(pixels: GrayImage, histogram: &Histogram, resolution: Option<u32>) -> Self {
        let analysis = PageAnalysis::of(&pixels, histogram);
        Self {
            image: PageImage::new(pixels),
            analysis,
            resolution: resolution.unwrap_or(0),
        }
    }

    /// The image for the engine: rotated by quarter turns, in the best size, deskewed. Returns its resolution too.
    pub(super) fn turned(&self, image: PageImage, quarters: u8) -> (PageImage, u32) {
        let mut image = image.quarter_turned(quarters);
        let factor = self.factor(&image.pixels);
        let mut resolution = self.resolution;
        if (factor - 1.0).abs() > 0.02 {
            image = image.scaled(factor);
            // Tesseract then estimates it from the text, which parts columns and table rows better than a figure that
            // was scaled along: one table in eight sizes was misread once, and three times with the figure.
            resolution = 0;
        }
        if self.analysis.skew.abs() >= LEAST_TILT {
            image = image.slightly_turned(-self.analysis.skew, PAPER);
        }
        (image, resolution)
    }

    /// The factor by which the page is resized for recognition.
    fn factor(&self, pixels: &GrayImage) -> f64 {
        let size = f64::from(pixels.width()) * f64::from(pixels.height());
        let most = (MOST_PIXELS / size.max(1.0)).sqrt();
        let wanted = match self.analysis.letter_height {
            Some(height) if height >= TALL_LETTERS => LETTER_HEIGHT / height,
            Some(height) if height <= SMALL_LETTERS => (ENLARGED_HEIGHT / height).min(LARGEST_FACTOR),
            _ => 1.0,
        };
        let longest = f64::from(pixels.width().max(pixels.height()).max(1));
        wanted.min(most).min(f64::from(LONGEST_SIDE) / longest)
    }
}

/// Recognizes the words of a page with their bounding boxes. `patience` covers all tries together.
pub(super) fn read_page(
    engine: &Engine,
    page: GrayImage,
    resolution: Option<u32>,
    number: u32,
    patience: Patience,
) -> Result<TextPage, ReadError> {
    let (width, height) = page.dimensions();
    if width.min(height) < LEAST_SIDE {
        return Ok(TextPage {
            number,
            width,
            height,
            rotation: 0.0,
            text: String::new(),
            words: vec![],
        });
    }
    let histogram = Histogram::of(&page);
    let low_contrast = LowContrastText::of(&page, &histogram);
    let (page, histogram) = clean(page, histogram);
    let preprocessed = PreprocessedPage::new(page, &histogram, resolution);
    let (mut image, mut result) = read_upright(engine, &preprocessed, patience)?;
    if is_poor(&result)
        && let Some(low_contrast) = low_contrast
    {
        let high_contrast = low_contrast.high_contrast();
        let histogram = Histogram::of(&high_contrast);
        let high_contrast = PreprocessedPage::new(high_contrast, &histogram, resolution);
        let (other_image, other_result) = read_upright(engine, &high_contrast, patience)?;
        if score(&other_result) > score(&result) {
            (image, result) = (other_image, other_result);
        }
    }
    if is_noise(&result) {
        result = RecognitionResult::default();
        image.turned = 0.0;
    }
    let words = result
        .words
        .into_iter()
        .filter_map(|word| placed(word, &image, width, height))
        .collect();
    Ok(TextPage {
        number,
        width,
        height,
        rotation: rotation(image.turned),
        text: result.text,
        words,
    })
}

/// Recognizes a page in the rotation that scores best.
fn read_upright(
    engine: &Engine,
    preprocessed: &PreprocessedPage,
    patience: Patience,
) -> Result<(PageImage, RecognitionResult), ReadError> {
    let first = if preprocessed.analysis.upright {
        best_orientation(engine, preprocessed, [1, 3], patience)?
    } else {
        0
    };
    let (image, result) = read(engine, preprocessed, first, patience)?;
    if !is_poor(&result) {
        return Ok((image, result));
    }
    let best = best_orientation(engine, preprocessed, [0, 1, 2, 3], patience)?;
    if best == first {
        return Ok((image, result));
    }
    let (other_image, other_result) = read(engine, preprocessed, best, patience)?;
    if score(&other_result) > CLEARLY_BETTER * score(&result) {
        Ok((other_image, other_result))
    } else {
        Ok((image, result))
    }
}

fn read(
    engine: &Engine,
    preprocessed: &PreprocessedPage,
    turn: u8,
    patience: Patience,
) -> Result<(PageImage, RecognitionResult), ReadError> {
    let (image, resolution) = preprocessed.turned(preprocessed.image.clone(), turn);
    let result = engine.read(&image.pixels, resolution, patience)?;
    Ok((image, result))
}

fn placed(word: RecognizedWord, image: &PageImage, width: u32, height: u32) -> Option<Word> {
    let bounds = image.coordinates.bounds(word.bounds, width, height)?;
    Some(Word {
        text: word.text,
        confidence: word.confidence,
        bounds,
    })
}

/// Degrees from 0 up to 360.
#[expect(
    clippy::cast_possible_truncation,
    reason = "tenths of a degree are far coarser than a float"
)]
fn rotation(turned: f64) -> f32 {
    let degrees = (turned.rem_euclid(360.0) * 100.0).round() as f32 / 100.0;
    if degrees >= 360.0 { 0.0 } else { degrees }
}
