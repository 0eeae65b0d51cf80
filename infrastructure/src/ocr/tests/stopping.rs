//! Readings that end before they are done, and how far they tell that they are.

use super::{
    Whole, languages, page_of,
    pool::{Held, one_worker, recognize, spawn, white},
};
use crate::ocr::{
    OcrSettings, TesseractOcrEngine,
    patience::Patience,
    settings::TrainedData,
    tesseract::{Engine, ReadError},
};
use bytes::Bytes;
use domain::{
    images::MediaType,
    ocr::{OcrEngine, OcrError, PageObserver, Recognition},
};
use image::{GrayImage, Luma};
use std::{cell::Cell, io::Cursor, sync::Arc, time::Duration};
use tiff::encoder::{TiffEncoder, colortype::Gray8};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// Passes on what it hears.
struct Listener(UnboundedSender<u32>);

impl PageObserver for Listener {
    fn pages_done(&self, count: u32) {
        let _ = self.0.send(count);
    }
}

/// A TIFF of these pages.
fn tiff(pages: &[GrayImage]) -> Bytes {
    let mut file = Cursor::new(Vec::new());
    let mut encoder = TiffEncoder::new(&mut file).unwrap();
    for page in pages {
        encoder
            .write_image::<Gray8>(page.width(), page.height(), page.as_raw())
            .unwrap();
    }
    file.into_inner().into()
}

fn white_page() -> GrayImage {
    GrayImage::from_pixel(16, 16, Luma([255]))
}

async fn recognize_heard(
    engine: &TesseractOcrEngine,
    pages: &[GrayImage],
    heard: UnboundedSender<u32>,
) -> Result<Recognition, OcrError> {
    engine
        .recognize(
            MediaType::Tiff,
            Box::new(Whole(Some(tiff(pages)))),
            &languages("eng"),
            Arc::new(Listener(heard)),
        )
        .await
}

async fn all(mut heard: UnboundedReceiver<u32>) -> Vec<u32> {
    let mut counts = Vec::new();
    while let Some(count) = heard.recv().await {
        counts.push(count);
    }
    counts
}

#[tokio::test]
async fn every_page_is_told_when_it_is_done() {
    let (tell, heard) = unbounded_channel();
    let pages = [white_page(), white_page(), white_page()];
    let read = recognize_heard(&one_worker(1), &pages, tell).await.unwrap();
    assert_eq!(read.pages.len(), 3);
    assert_eq!(all(heard).await, [1, 2, 3]);
}

/// Reads a full page for as long as it was asked no more than `times`; how it went and how often it was asked.
fn read_while_asked(engine: &Engine, times: u32) -> (Result<usize, ReadError>, u32) {
    let asked = Cell::new(0);
    let wanted = || {
        asked.set(asked.get() + 1);
        asked.get() <= times
    };
    let patience = Patience::new(Duration::from_mins(1), &wanted);
    let read = engine.read(&page_of("a4.png").pixels, 0, patience);
    (read.map(|reading| reading.words.len()), asked.get())
}

#[test]
fn a_reading_that_nobody_wants_any_more_ends_in_the_middle_of_the_page() {
    let trained = TrainedData::find(&OcrSettings::new(1)).unwrap();
    let engine = Engine::open(&trained.folder, "eng").unwrap();
    let (whole, asked_by_whole) = read_while_asked(&engine, u32::MAX);
    assert!(whole.unwrap() > 0);
    let enough = asked_by_whole / 4;
    let (stopped, asked) = read_while_asked(&engine, enough);
    assert!(matches!(stopped, Err(ReadError::Unwanted)), "{stopped:?}");
    assert!(
        enough > 2 && asked <= enough + 2,
        "{asked} of {asked_by_whole} times"
    );
    // The engine is as good as before.
    assert!(read_while_asked(&engine, u32::MAX).0.unwrap() > 0);
}

#[tokio::test]
async fn a_worker_whose_asker_goes_away_leaves_the_page_in_hand() {
    let engine = one_worker(5);
    let (tell, mut heard) = unbounded_channel();
    let pages = [white_page(), page_of("a4.png").pixels];
    {
        let mut long = Box::pin(recognize_heard(&engine, &pages, tell));
        tokio::select! {
            _ = &mut long => panic!("the second page is a long one"),
            count = heard.recv() => assert_eq!(count, Some(1)),
        }
    }
    // There is one worker: it answers only when it has left the long page.
    assert!(recognize(&engine, Whole(Some(white()))).await.is_ok());
    assert_eq!(
        all(heard).await,
        [0; 0],
        "the second page was not read to its end"
    );
}

#[tokio::test]
async fn an_engine_that_is_stopped_ends_what_it_has_in_hand_and_takes_no_more() {
    let engine = one_worker(5);
    let (first, first_asked, tell_first) = Held::new();
    let first = spawn(&engine, first);
    first_asked.await.unwrap();
    let (second, mut second_asked, _tell) = Held::new();
    let mut second = Box::pin(recognize(&engine, second));
    assert!(futures_util::poll!(&mut second).is_pending());
    let mut stop = Box::pin(engine.stop());
    assert!(
        futures_util::poll!(&mut stop).is_pending(),
        "the first image is in hand"
    );
    for refused in [second.await, recognize(&engine, Whole(Some(white()))).await] {
        assert!(matches!(refused, Err(OcrError::Unavailable(_))), "{refused:?}");
    }
    assert!(second_asked.try_recv().is_err());
    assert!(futures_util::poll!(&mut stop).is_pending());
    tell_first.send(()).unwrap();
    stop.await;
    assert!(first.await.unwrap().is_ok());
    engine.stop().await;
}

#[tokio::test]
async fn an_engine_that_never_worked_stops_at_once() {
    let engine = one_worker(1);
    assert!(futures_util::poll!(Box::pin(engine.stop())).is_ready());
}

#[tokio::test]
async fn an_engine_stops_in_the_middle_of_a_page_that_nobody_waits_for() {
    let engine = one_worker(1);
    let (tell, mut heard) = unbounded_channel();
    let pages = [white_page(), page_of("a4.png").pixels];
    {
        let mut long = Box::pin(recognize_heard(&engine, &pages, tell));
        tokio::select! {
            _ = &mut long => panic!("the second page is a long one"),
            count = heard.recv() => assert_eq!(count, Some(1)),
        }
    }
    engine.stop().await;
    assert_eq!(all(heard).await, [0; 0]);
}
