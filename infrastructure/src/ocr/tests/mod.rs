//! Tests of the whole engine, on images that `tools/draw_samples.py` drew.

mod boxes;
mod pool;
mod stopping;
mod texts;

use super::{OcrSettings, TesseractOcrEngine};
use crate::imaging::{DecodeBudget, DecodeLimits, GrayPage, PageDecoder};
use async_trait::async_trait;
use bytes::Bytes;
use domain::{
    images::{ByteSource, MediaType, SourceError},
    ocr::{LanguageSet, OcrEngine, OcrError, Recognition},
};
use std::path::PathBuf;

/// Bytes that are all there.
struct Whole(Option<Bytes>);

#[async_trait]
impl ByteSource for Whole {
    async fn next_chunk(&mut self) -> Result<Option<Bytes>, SourceError> {
        Ok(self.0.take())
    }
}

fn path(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/images")).join(name)
}

fn sample(name: &str) -> Bytes {
    std::fs::read(path(name)).unwrap().into()
}

/// What stands on each page of a sample.
fn truth(name: &str) -> Vec<String> {
    let text = std::fs::read_to_string(path(name).with_extension("txt")).unwrap();
    text.split('\u{c}').map(|page| page.trim().to_owned()).collect()
}

fn page_of(name: &str) -> GrayPage {
    let (bytes, limits) = (sample(name), DecodeLimits::default());
    let media_type = MediaType::sniff(&bytes).unwrap();
    let mut decoder = PageDecoder::open(media_type, bytes, &limits, &DecodeBudget::new(&limits)).unwrap();
    decoder.next_page().unwrap().unwrap()
}

fn engine(settings: &OcrSettings) -> TesseractOcrEngine {
    let limits = DecodeLimits::default();
    TesseractOcrEngine::start(settings, limits, DecodeBudget::new(&limits)).unwrap()
}

fn languages(joined: &str) -> LanguageSet {
    LanguageSet::from_joined(joined).unwrap()
}

async fn read_with(engine: &TesseractOcrEngine, name: &str, joined: &str) -> Result<Recognition, OcrError> {
    let bytes = sample(name);
    let media_type = MediaType::sniff(&bytes).unwrap();
    engine
        .recognize(
            media_type,
            Box::new(Whole(Some(bytes))),
            &languages(joined),
            std::sync::Arc::new(()),
        )
        .await
}

async fn read(name: &str, joined: &str) -> Recognition {
    read_with(&engine(&OcrSettings::new(1)), name, joined)
        .await
        .unwrap()
}
