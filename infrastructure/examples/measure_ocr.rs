//! Measures how well and how fast text is read, beside Tesseract as it comes.
//!
//! ```text
//! OMP_THREAD_LIMIT=1 cargo run --release -p infrastructure --example measure_ocr -- FOLDER [RUNS]
//! ```
//!
//! `FOLDER` holds images and a `manifest.json`: `{"images": [{"file", "kind", "lang", "truth_file"}]}`, names relative to
//! it, `lang` as Tesseract takes it. For each image it prints the character error rates (Levenshtein distance over the
//! length of the truth, white space collapsed, NFC) of this engine and of `tesseract FILE - -l LANG`, which gets the
//! image made upright, and the milliseconds of CPU of this engine, decoding included, and of the bare warm library on
//! the decoded pixels, each the least of `RUNS`. With `PLAIN=0` in the environment the command is left out.

use bytes::Bytes;
use cpu::cpu_milliseconds;
use domain::{
    images::{ByteSource, MediaType, SourceError},
    ocr::{LanguageSet, OcrEngine},
};
use image::{GrayImage, imageops};
use infrastructure::{
    imaging::{DecodeBudget, DecodeLimits, PageDecoder},
    ocr::{OcrSettings, TesseractOcrEngine},
};
use std::{
    collections::{HashMap, hash_map::Entry},
    error::Error,
    path::Path,
    process::Command,
};
use tesseract_rs::{TessPageIteratorLevel, TessPageSegMode, TesseractAPI};
use unicode_normalization::UnicodeNormalization;

mod cpu;

type Outcome<T> = Result<T, Box<dyn Error>>;

#[derive(serde::Deserialize)]
struct Manifest {
    images: Vec<Sample>,
}

#[derive(serde::Deserialize)]
struct Sample {
    file: String,
    kind: String,
    lang: String,
    truth_file: Option<String>,
}

/// Bytes that are all there.
struct Whole(Option<Bytes>);

#[async_trait::async_trait]
impl ByteSource for Whole {
    async fn next_chunk(&mut self) -> Result<Option<Bytes>, SourceError> {
        Ok(self.0.take())
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome<()> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().ok_or("name a folder with a manifest.json")?;
    let folder = Path::new(&folder);
    let runs: u32 = arguments.next().map_or(Ok(1), |runs| runs.parse())?;
    let plain_wanted = std::env::var_os("PLAIN").is_none_or(|value| value != "0");
    let manifest: Manifest = serde_json::from_slice(&std::fs::read(folder.join("manifest.json"))?)?;
    let limits = DecodeLimits::default();
    let budget = DecodeBudget::new(&limits);
    let engine = TesseractOcrEngine::start(&OcrSettings::new(1), limits, budget.clone())?;
    let mut bare_engines = HashMap::new();
    let (mut ours_total, mut bare_total) = (0.0, 0.0);
    println!(
        "{:<32} {:<36} {:>7} {:>7} {:>8} {:>8}  turned",
        "file", "kind", "ours %", "plain %", "ours ms", "bare ms"
    );
    for sample in manifest.images {
        let Some(truth_file) = &sample.truth_file else {
            println!("{:<32} {:<36} has no truth_file", sample.file, sample.kind);
            continue;
        };
        let path = folder.join(&sample.file);
        let bytes = Bytes::from(std::fs::read(&path)?);
        let truth = normal(&std::fs::read_to_string(folder.join(truth_file))?);
        let languages = LanguageSet::from_joined(&sample.lang).ok_or("bad languages")?;
        let Some(media_type) = MediaType::sniff(&bytes) else {
            println!("{:<32} {:<36} is not a supported image", sample.file, sample.kind);
            continue;
        };
        let mut decoder = PageDecoder::open(media_type, bytes.clone(), &limits, &budget)?;
        let page = decoder.next_page()?.ok_or("no page")?;
        let bare_engine = match bare_engines.entry(sample.lang.clone()) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => entry.insert(bare_engine(&sample.lang)?),
        };
        let (mut ours, mut bare) = (f64::MAX, f64::MAX);
        let mut read = None;
        // The first run warms the engines. They take turns, so that other load meets both.
        for run in 0..=runs {
            let begun = cpu_milliseconds()?;
            let content = Box::new(Whole(Some(bytes.clone())));
            read = Some(
                engine
                    .recognize(media_type, content, &languages, std::sync::Arc::new(()))
                    .await?,
            );
            let between = cpu_milliseconds()?;
            read_bare(bare_engine, &page.pixels, page.dpi)?;
            if run > 0 {
                ours = ours.min(between - begun);
                bare = bare.min(cpu_milliseconds()? - between);
            }
        }
        let pages = read.ok_or("nothing was read")?.pages;
        let text = pages
            .iter()
            .map(|page| page.text.as_str())
            .collect::<Vec<_>>()
            .join("\n\n");
        let plain = if plain_wanted {
            plain(&path, &page.pixels, &sample.lang, &truth)?
        } else {
            f64::NAN
        };
        ours_total += ours;
        bare_total += bare;
        println!(
            "{:<32} {:<36} {:>7.2} {:>7.2} {:>8.0} {:>8.0}  {:>6.1}",
            sample.file,
            sample.kind.chars().take(36).collect::<String>(),
            error_rate(&normal(&text), &truth),
            plain,
            ours,
            bare,
            pages[0].rotation,
        );
        if std::env::var_os("SHOW").is_some() {
            println!("{text}\n----");
        }
    }
    println!(
        "total ms: ours {ours_total:.0}, bare {bare_total:.0}; pages per second beside bare: {:.3}",
        bare_total / ours_total
    );
    Ok(())
}

fn bare_engine(languages: &str) -> Outcome<TesseractAPI> {
    let folder =
        std::env::var("TESSDATA_PREFIX").unwrap_or_else(|_| "/usr/share/tesseract-ocr/5/tessdata".into());
    let api = TesseractAPI::new();
    api.init(folder, languages)?;
    api.set_page_seg_mode(TessPageSegMode::PSM_AUTO)?;
    Ok(api)
}

/// What every user of the library does at least: set the image, recognise, read the text and the words.
fn read_bare(api: &TesseractAPI, page: &GrayImage, dpi: Option<u32>) -> Outcome<()> {
    let (width, height) = (i32::try_from(page.width())?, i32::try_from(page.height())?);
    api.set_image(page.as_raw(), width, height, 1, width)?;
    if let Some(dpi) = dpi {
        api.set_source_resolution(i32::try_from(dpi)?)?;
    }
    api.recognize()?;
    let _text = api.get_utf8_text();
    if let Ok(iterator) = api.get_iterator() {
        while iterator.get_word_with_bounds().is_ok() && iterator.next(TessPageIteratorLevel::RIL_WORD)? {}
    }
    api.clear()?;
    Ok(())
}

/// The error rate of the command on the file itself; where that is poor, on the best of four rotations of the page.
fn plain(path: &Path, page: &GrayImage, languages: &str, truth: &str) -> Outcome<f64> {
    let as_is = error_rate(&normal(&command(path, languages)?), truth);
    if as_is < 50.0 {
        return Ok(as_is);
    }
    let folder = tempfile::tempdir()?;
    let mut best = as_is;
    for turned in [
        page.clone(),
        imageops::rotate90(page),
        imageops::rotate180(page),
        imageops::rotate270(page),
    ] {
        let file = folder.path().join("turned.png");
        turned.save(&file)?;
        best = best.min(error_rate(&normal(&command(&file, languages)?), truth));
    }
    Ok(best)
}

fn command(path: &Path, languages: &str) -> Outcome<String> {
    let output = Command::new("tesseract")
        .arg(path)
        .args(["-", "-l", languages])
        .output()?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn normal(text: &str) -> String {
    text.nfc()
        .collect::<String>()
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}

/// Percent of the characters of the truth that are to be inserted, deleted or replaced.
#[expect(clippy::cast_precision_loss, reason = "texts have thousands of characters")]
fn error_rate(read: &str, truth: &str) -> f64 {
    let (read, truth): (Vec<char>, Vec<char>) = (read.chars().collect(), truth.chars().collect());
    let mut row: Vec<usize> = (0..=truth.len()).collect();
    for (line, one) in read.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = line + 1;
        for (column, other) in truth.iter().enumerate() {
            let replaced = diagonal + usize::from(one != other);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[truth.len()] as f64 / truth.len().max(1) as f64 * 100.0
}
