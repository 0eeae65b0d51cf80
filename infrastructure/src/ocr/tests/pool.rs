//! Workers, their queue and what goes wrong in them.

use super::{Whole, engine, languages, read_with};
use crate::ocr::{OcrSettings, TesseractOcrEngine};
use async_trait::async_trait;
use bytes::Bytes;
use domain::{
    images::{ByteSource, ImageError, MediaType, SourceError},
    ocr::{Language, OcrEngine, OcrError, Recognition},
    operations::HealthProbe,
};
use image::{GrayImage, Luma};
use std::{io::Cursor, sync::Arc, time::Duration};
use tokio::{
    sync::oneshot::{Receiver, Sender, channel},
    task::JoinHandle,
};

/// Says when it is asked for its bytes, and gives them when it is told to.
pub(super) struct Held {
    asked: Option<Sender<()>>,
    told: Option<Receiver<()>>,
}

impl Held {
    pub(super) fn new() -> (Self, Receiver<()>, Sender<()>) {
        let ((asked, was_asked), (tell, told)) = (channel(), channel());
        (
            Self {
                asked: Some(asked),
                told: Some(told),
            },
            was_asked,
            tell,
        )
    }
}

#[async_trait]
impl ByteSource for Held {
    async fn next_chunk(&mut self) -> Result<Option<Bytes>, SourceError> {
        let Some(asked) = self.asked.take() else {
            return Ok(None);
        };
        let _ = asked.send(());
        if let Some(told) = self.told.take() {
            let _ = told.await;
        }
        Ok(Some(white()))
    }
}

/// Panics as soon as it is asked.
struct Panicking;

#[async_trait]
impl ByteSource for Panicking {
    async fn next_chunk(&mut self) -> Result<Option<Bytes>, SourceError> {
        panic!("a test wants the worker to panic");
    }
}

/// A little white page.
pub(super) fn white() -> Bytes {
    let mut png = Cursor::new(Vec::new());
    let page = GrayImage::from_pixel(16, 16, Luma([255]));
    page.write_to(&mut png, image::ImageFormat::Png).unwrap();
    png.into_inner().into()
}

pub(super) fn one_worker(waiting: usize) -> Arc<TesseractOcrEngine> {
    let settings = OcrSettings {
        waiting,
        ..OcrSettings::new(1)
    };
    Arc::new(engine(&settings))
}

pub(super) async fn recognize(
    engine: &TesseractOcrEngine,
    content: impl ByteSource + 'static,
) -> Result<Recognition, OcrError> {
    engine
        .recognize(
            MediaType::Png,
            Box::new(content),
            &languages("eng"),
            std::sync::Arc::new(()),
        )
        .await
}

pub(super) fn spawn(
    engine: &Arc<TesseractOcrEngine>,
    content: impl ByteSource + 'static,
) -> JoinHandle<Result<Recognition, OcrError>> {
    let engine = Arc::clone(engine);
    tokio::spawn(async move { recognize(&engine, content).await })
}

#[tokio::test]
async fn more_images_than_the_queue_holds_are_refused() {
    let engine = one_worker(1);
    let (first, first_asked, tell_first) = Held::new();
    let first = spawn(&engine, first);
    first_asked.await.unwrap();
    let (second, mut second_asked, tell_second) = Held::new();
    let mut second = Box::pin(recognize(&engine, second));
    assert!(futures_util::poll!(&mut second).is_pending());
    let third = recognize(&engine, Whole(Some(white()))).await;
    assert!(matches!(third, Err(OcrError::Busy)), "{third:?}");
    assert!(
        second_asked.try_recv().is_err(),
        "what waits is not asked for its bytes"
    );
    tell_first.send(()).unwrap();
    tell_second.send(()).unwrap();
    assert!(first.await.unwrap().is_ok());
    assert!(second.await.is_ok());
    assert!(second_asked.try_recv().is_ok());
}

#[tokio::test]
async fn an_image_that_nobody_waits_for_any_more_is_skipped() {
    let engine = one_worker(5);
    let (first, first_asked, tell_first) = Held::new();
    let first = spawn(&engine, first);
    first_asked.await.unwrap();
    let (second, mut second_asked, _tell) = Held::new();
    {
        let mut second = Box::pin(recognize(&engine, second));
        assert!(futures_util::poll!(&mut second).is_pending());
    }
    tell_first.send(()).unwrap();
    assert!(first.await.unwrap().is_ok());
    assert!(recognize(&engine, Whole(Some(white()))).await.is_ok());
    assert!(second_asked.try_recv().is_err());
}

#[tokio::test]
async fn a_worker_whose_asker_goes_away_while_the_bytes_come_goes_on() {
    let engine = one_worker(5);
    let (first, first_asked, _tell) = Held::new();
    let first = spawn(&engine, first);
    first_asked.await.unwrap();
    first.abort();
    assert!(recognize(&engine, Whole(Some(white()))).await.is_ok());
}

#[tokio::test]
async fn a_panic_is_answered_and_the_worker_goes_on() {
    let engine = one_worker(5);
    for _ in 0..2 {
        let panicked = recognize(&engine, Panicking).await;
        assert!(matches!(panicked, Err(OcrError::Unavailable(_))), "{panicked:?}");
        assert_eq!(
            read_with(&engine, "hello.png", "eng").await.unwrap().pages.len(),
            1
        );
    }
}

#[tokio::test]
async fn a_page_that_takes_too_long_is_given_up_and_the_worker_goes_on() {
    let engine = engine(&OcrSettings {
        page_timeout: Duration::from_millis(200),
        ..OcrSettings::new(1)
    });
    let late = read_with(&engine, "a4.png", "eng").await;
    assert!(matches!(late, Err(OcrError::Timeout)), "{late:?}");
    assert!(recognize(&engine, Whole(Some(white()))).await.is_ok());
}

#[tokio::test]
async fn a_language_that_is_not_there_never_reaches_the_engine() {
    let spanish_only = OcrSettings {
        languages: Language::parse("spa").map(|spanish| vec![spanish]),
        ..OcrSettings::new(1)
    };
    for (settings, joined) in [(OcrSettings::new(1), "eng+zzz"), (spanish_only, "eng")] {
        let (content, mut asked, _tell) = Held::new();
        let engine = engine(&settings);
        let refused = engine
            .recognize(
                MediaType::Png,
                Box::new(content),
                &languages(joined),
                std::sync::Arc::new(()),
            )
            .await;
        assert!(matches!(refused, Err(OcrError::Unavailable(_))), "{refused:?}");
        assert!(asked.try_recv().is_err());
    }
}

#[tokio::test]
async fn more_sets_of_languages_than_stay_warm_are_read_one_after_the_other() {
    let engine = engine(&OcrSettings::new(1));
    for joined in ["eng", "spa", "deu", "eng"] {
        let text = read_with(&engine, "hello.png", joined)
            .await
            .unwrap()
            .pages
            .remove(0)
            .text;
        assert!(text.starts_with("Ocellus"), "{joined}: {text}");
    }
}

#[tokio::test]
async fn damaged_bytes_are_a_corrupt_image() {
    let engine = engine(&OcrSettings::new(1));
    let damaged = recognize(&engine, Whole(Some(white().slice(..40)))).await;
    assert!(
        matches!(damaged, Err(OcrError::Image(ImageError::Corrupt))),
        "{damaged:?}"
    );
}

#[tokio::test]
async fn the_languages_are_those_installed_and_the_engine_is_well_with_them() {
    let engine = engine(&OcrSettings::new(1));
    let codes: Vec<String> = engine.languages().iter().map(ToString::to_string).collect();
    assert!(codes.contains(&"eng".to_owned()) && !codes.contains(&"osd".to_owned()));
    assert!(codes.is_sorted());
    engine.probe().await.unwrap();
}
