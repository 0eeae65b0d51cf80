//! Reading one page: made easy to read, read, and read again when it lay the wrong way round.

use super::{
    light::clean,
    sheet::{Sheet, to_pixels},
    survey::Survey,
    tesseract::{Engine, FoundWord, ReadError, Reading},
    turns::{best_turn, is_noise, is_poor},
};
use domain::ocr::{TextPage, Word};
use image::GrayImage;
use std::time::{Duration, Instant};

/// Letters are read best from about this height of an `x` on, and no better above it, in pixels.
const LETTER_HEIGHT: f64 = 20.0;
/// Letters from here on are scaled down, in pixels: below it the gain is less than the scaling costs.
const TALL_LETTERS: f64 = 26.0;
/// Letters up to here are scaled up, in pixels.
const SMALL_LETTERS: f64 = 9.0;
/// Nothing is scaled up more than this.
const LARGEST_FACTOR: f64 = 3.0;
/// The most pixels that the engine is given: it holds several copies of them.
const MOST_PIXELS: f64 = 25_000_000.0;
/// The least tilt that is worth turning a page, in degrees: Tesseract follows smaller ones.
const LEAST_TILT: f64 = 0.5;
/// New corners of a turned page get the gray value of light paper.
const PAPER: u8 = 255;
/// How much paper there is around the page at least when letters reach its edge, in heights of letters.
const MARGIN: f64 = 0.5;

/// A page in the form in which it is read, before it is turned.
pub(super) struct Prepared {
    pub(super) sheet: Sheet,
    pub(super) survey: Survey,
    /// Pixels per inch of the page as it came; 0 when that is not known.
    pub(super) resolution: f64,
}

impl Prepared {
    /// The sheet as the engine gets it: turned by quarters, in the best size, straight.
    pub(super) fn turned(&self, sheet: Sheet, quarters: u8) -> (Sheet, u32) {
        let mut sheet = sheet.quarter_turned(quarters);
        let (factor, _) = self.factor(&sheet.pixels);
        if (factor - 1.0).abs() > 0.02 {
            sheet = sheet.scaled(factor);
        }
        if self.survey.tilt.abs() >= LEAST_TILT {
            sheet = sheet.slightly_turned(-self.survey.tilt, PAPER);
        }
        (sheet, to_pixels((self.resolution * factor).round()))
    }

    fn factor(&self, pixels: &GrayImage) -> (f64, bool) {
        let size = f64::from(pixels.width()) * f64::from(pixels.height());
        let cap = (MOST_PIXELS / size.max(1.0)).sqrt();
        let var = |name: &str, or: f64| {
            std::env::var(name)
                .ok()
                .and_then(|v| v.parse().ok())
                .unwrap_or(or)
        };
        let target = var("OCR_TARGET", LETTER_HEIGHT);
        let tall = var("OCR_TALL", TALL_LETTERS);
        let small = var("OCR_SMALL", SMALL_LETTERS);
        let wanted = match self.survey.letter_height {
            Some(height) if height >= tall => target / height,
            Some(height) if height <= small => (target / height).min(LARGEST_FACTOR),
            _ => 1.0,
        };
        (wanted.min(cap), wanted > 1.0)
    }
}

/// Reads a page and tells where its words stand on it. The time counts for all readings together.
pub(super) fn read_page(
    engine: &Engine,
    page: GrayImage,
    resolution: Option<u32>,
    number: u32,
    within: Duration,
) -> Result<TextPage, ReadError> {
    let until = Instant::now() + within;
    let (width, height) = page.dimensions();
    let sheet = Sheet::new(clean(page));
    let survey = Survey::of(&sheet.pixels);
    let prepared = Prepared {
        sheet,
        survey,
        resolution: f64::from(resolution.unwrap_or(0)),
    };
    if std::env::var_os("OCR_TRACE").is_some() {
        eprintln!(
            "letters {} height {:?} upright {} tilt {}",
            prepared.survey.letters.len(),
            prepared.survey.letter_height,
            prepared.survey.upright,
            prepared.survey.tilt
        );
    }
    let turn = if prepared.survey.upright {
        best_turn(engine, &prepared, &[0, 1, 3], until)?.unwrap_or(0)
    } else {
        0
    };
    let (mut sheet, mut reading) = read(engine, &prepared, turn, until)?;
    if is_poor(&reading) {
        let turns: Vec<u8> = (0..4).collect();
        if let Some(other) = best_turn(engine, &prepared, &turns, until)?.filter(|other| *other != turn) {
            (sheet, reading) = read(engine, &prepared, other, until)?;
        }
    }
    if is_noise(&reading) {
        reading = Reading::default();
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

fn read(
    engine: &Engine,
    prepared: &Prepared,
    turn: u8,
    until: Instant,
) -> Result<(Sheet, Reading), ReadError> {
    let (sheet, resolution) = prepared.turned(prepared.sheet.clone(), turn);
    let reading = engine.read(
        &sheet.pixels,
        resolution,
        until.saturating_duration_since(Instant::now()),
    )?;
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
