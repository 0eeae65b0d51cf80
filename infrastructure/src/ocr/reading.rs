//! Reading one page: made easy to read, read, and read again when it lay the wrong way round.

use super::{
    hidden::HiddenInk,
    histogram::Histogram,
    light::clean,
    patience::Patience,
    sheet::Sheet,
    survey::Survey,
    tesseract::{Engine, FoundWord, LONGEST_SIDE, ReadError, Reading},
    turns::{CLEARLY_BETTER, best_turn, is_noise, is_poor, score},
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
/// The least tilt that is worth turning a page, in degrees: Tesseract follows smaller ones.
const LEAST_TILT: f64 = 0.5;
/// New corners of a turned page get the gray value of light paper.
const PAPER: u8 = 255;
/// No letter fits on a page with a shorter side, in pixels, and Tesseract refuses very thin ones.
const LEAST_SIDE: u32 = 6;

/// A page in the form in which it is read, before it is turned.
pub(super) struct Prepared {
    pub(super) sheet: Sheet,
    pub(super) survey: Survey,
    /// Pixels per inch of the page as it came; 0 when that is not known.
    pub(super) resolution: u32,
}

impl Prepared {
    fn new(pixels: GrayImage, histogram: &Histogram, resolution: Option<u32>) -> Self {
        let survey = Survey::of(&pixels, histogram);
        Self {
            sheet: Sheet::new(pixels),
            survey,
            resolution: resolution.unwrap_or(0),
        }
    }

    /// The sheet as the engine gets it: turned by quarters, in the best size, straight.
    pub(super) fn turned(&self, sheet: Sheet, quarters: u8) -> (Sheet, u32) {
        let mut sheet = sheet.quarter_turned(quarters);
        let factor = self.factor(&sheet.pixels);
        let mut resolution = self.resolution;
        if (factor - 1.0).abs() > 0.02 {
            sheet = sheet.scaled(factor);
            // Tesseract then estimates it from the text, which parts columns and table rows better than a figure that
            // was scaled along: one table in eight sizes was misread once, and three times with the figure.
            resolution = 0;
        }
        if self.survey.tilt.abs() >= LEAST_TILT {
            sheet = sheet.slightly_turned(-self.survey.tilt, PAPER);
        }
        (sheet, resolution)
    }

    /// How many times as wide and high the page is best read.
    fn factor(&self, pixels: &GrayImage) -> f64 {
        let size = f64::from(pixels.width()) * f64::from(pixels.height());
        let most = (MOST_PIXELS / size.max(1.0)).sqrt();
        let wanted = match self.survey.letter_height {
            Some(height) if height >= TALL_LETTERS => LETTER_HEIGHT / height,
            Some(height) if height <= SMALL_LETTERS => (ENLARGED_HEIGHT / height).min(LARGEST_FACTOR),
            _ => 1.0,
        };
        let longest = f64::from(pixels.width().max(pixels.height()).max(1));
        wanted.min(most).min(f64::from(LONGEST_SIDE) / longest)
    }
}

/// Reads a page and tells where its words stand on it. Patience is for all readings together.
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
    let hidden = HiddenInk::of(&page, &histogram);
    let (page, histogram) = clean(page, histogram);
    let prepared = Prepared::new(page, &histogram, resolution);
    let (mut sheet, mut reading) = read_upright(engine, &prepared, patience)?;
    if is_poor(&reading)
        && let Some(hidden) = hidden
    {
        let uncovered = hidden.uncovered();
        let histogram = Histogram::of(&uncovered);
        let uncovered = Prepared::new(uncovered, &histogram, resolution);
        let (other_sheet, other_reading) = read_upright(engine, &uncovered, patience)?;
        if score(&other_reading) > score(&reading) {
            (sheet, reading) = (other_sheet, other_reading);
        }
    }
    if is_noise(&reading) {
        reading = Reading::default();
        sheet.turned = 0.0;
    }
    let words = reading
        .words
        .into_iter()
        .filter_map(|word| placed(word, &sheet, width, height))
        .collect();
    Ok(TextPage {
        number,
        width,
        height,
        rotation: rotation(sheet.turned),
        text: reading.text,
        words,
    })
}

/// Reads a page the way round in which it is read best.
fn read_upright(
    engine: &Engine,
    prepared: &Prepared,
    patience: Patience,
) -> Result<(Sheet, Reading), ReadError> {
    let first = if prepared.survey.upright {
        best_turn(engine, prepared, [1, 3], patience)?
    } else {
        0
    };
    let (sheet, reading) = read(engine, prepared, first, patience)?;
    if !is_poor(&reading) {
        return Ok((sheet, reading));
    }
    let best = best_turn(engine, prepared, [0, 1, 2, 3], patience)?;
    if best == first {
        return Ok((sheet, reading));
    }
    let (other_sheet, other_reading) = read(engine, prepared, best, patience)?;
    if score(&other_reading) > CLEARLY_BETTER * score(&reading) {
        Ok((other_sheet, other_reading))
    } else {
        Ok((sheet, reading))
    }
}

fn read(
    engine: &Engine,
    prepared: &Prepared,
    turn: u8,
    patience: Patience,
) -> Result<(Sheet, Reading), ReadError> {
    let (sheet, resolution) = prepared.turned(prepared.sheet.clone(), turn);
    let reading = engine.read(&sheet.pixels, resolution, patience)?;
    Ok((sheet, reading))
}

fn placed(word: FoundWord, sheet: &Sheet, width: u32, height: u32) -> Option<Word> {
    let bounds = sheet.placement.bounds(word.bounds, width, height)?;
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
