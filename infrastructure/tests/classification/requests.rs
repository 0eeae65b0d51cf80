//! Classifying images.

use crate::models::{self, GRAY, RED, best, label_of, only, plain, png, small, start_with, url, whole};
use domain::{
    images::{ByteSource, ImageError, MediaType, SourceError},
    predictions::{ClassificationError, Classifiers},
};
use image::{Rgb, RgbImage};
use infrastructure::classification::{ClassifierSettings, ModelSources};
use std::time::Duration;
use tokio::sync::oneshot;

#[tokio::test]
async fn colours_are_told_apart_surely() {
    let classifier = only("colours").await;
    for (colour, label) in [
        ([255, 0, 0], RED),
        ([0, 255, 0], "normal"),
        ([0, 0, 255], "glaucoma"),
        ([128, 128, 128], GRAY),
    ] {
        let found = classifier
            .classify(MediaType::Png, whole(plain(colour)))
            .await
            .expect("an answer");
        let sum: f64 = found.as_slice().iter().sum();
        assert!((sum - 1.0).abs() < 1e-9, "{found:?}");
        let (best, probability) = best(&*classifier, &found);
        assert!(best == label && probability > 0.8, "{colour:?}: {found:?}");
    }
}

#[tokio::test]
async fn an_answer_that_is_no_number_is_refused() {
    let classifier = only("no_number_for_black").await;
    let black = classifier.classify(MediaType::Png, whole(plain([0; 3]))).await;
    assert!(
        matches!(black, Err(ClassificationError::UnusableOutput)),
        "{black:?}"
    );
    assert_eq!(label_of(&*classifier, plain([255, 0, 0])).await, RED);
}

#[tokio::test]
async fn the_image_is_seen_upright() {
    // Red above gray; stored on its side, and turned by its metadata.
    let upright = RgbImage::from_fn(40, 60, |_, y| Rgb(if y < 45 { [255, 0, 0] } else { [128; 3] }));
    let classifier = only("colours").await;
    let (stored, upright) = (image::imageops::rotate270(&upright), png(upright));
    let mut file = std::io::Cursor::new(Vec::new());
    image::DynamicImage::from(stored)
        .write_to(&mut file, image::ImageFormat::Jpeg)
        .expect("a JPEG");
    let jpeg = file.into_inner();
    let exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
    let length = u16::try_from(exif.len() + 2).expect("short").to_be_bytes();
    let turned = [&jpeg[..2], &[0xff, 0xe1], &length, exif, &jpeg[2..]].concat();
    let expected = classifier
        .heat_map(MediaType::Png, whole(upright), 1, true)
        .await
        .expect("a map");
    let found = classifier
        .heat_map(MediaType::Jpeg, whole(turned), 1, true)
        .await
        .expect("a map");
    let [found, expected] =
        [found, expected].map(|map| image::load_from_memory(&map).expect("a PNG").into_rgb8());
    assert_eq!(found.dimensions(), expected.dimensions());
    let off = |place: (u32, u32)| found[place].0[0].abs_diff(expected[place].0[0]);
    for place in [(20, 8), (20, 20), (10, 54), (34, 54)] {
        assert!(
            off(place) < 30,
            "{place:?}: {:?} {:?}",
            found[place],
            expected[place]
        );
    }
}

#[tokio::test]
async fn what_is_no_image_is_corrupt() {
    let classifier = only("colours").await;
    let mut cut = plain([9; 3]);
    cut.truncate(50);
    let found = classifier.classify(MediaType::Png, whole(cut)).await;
    assert!(
        matches!(found, Err(ClassificationError::Image(ImageError::Corrupt))),
        "{found:?}"
    );
}

/// Bytes that come when they are told to.
struct Held(Option<oneshot::Receiver<Vec<u8>>>);

#[async_trait::async_trait]
impl ByteSource for Held {
    async fn next_chunk(&mut self) -> Result<Option<bytes::Bytes>, SourceError> {
        let Some(held) = self.0.take() else {
            return Ok(None);
        };
        let bytes = held.await.map_err(|_| SourceError::Interrupted)?;
        Ok(Some(bytes.into()))
    }
}

fn settings(threads: usize) -> ClassifierSettings {
    models::settings(ModelSources::Listed(vec![url(&small("colours"))]), threads)
}

#[tokio::test]
async fn as_many_are_at_work_as_there_are_threads_and_the_rest_waits_or_is_refused() {
    let settings = ClassifierSettings {
        waiting: 1,
        ..settings(1)
    };
    let classifier = start_with(settings).await.loaded().remove(0);
    let (tell, held) = oneshot::channel();
    let ask = |source: Box<dyn ByteSource>| {
        let classifier = classifier.clone();
        async move { classifier.classify(MediaType::Png, source).await }
    };
    let first = tokio::spawn(ask(Box::new(Held(Some(held)))));
    tokio::task::yield_now().await;
    let second = tokio::spawn(ask(whole(plain([255, 0, 0]))));
    tokio::task::yield_now().await;
    let third = ask(whole(plain([255, 0, 0]))).await;
    assert!(matches!(third, Err(ClassificationError::Busy)), "{third:?}");
    tell.send(plain([255, 0, 0])).expect("somebody waits");
    for task in [first, second] {
        task.await.expect("no panic").expect("an answer");
    }
}

#[tokio::test]
async fn bytes_that_do_not_come_hold_no_thread_for_ever() {
    let settings = ClassifierSettings {
        timeout: Duration::from_millis(50),
        ..settings(1)
    };
    let classifier = start_with(settings).await.loaded().remove(0);
    let (_tell, held) = oneshot::channel();
    let late = classifier
        .classify(MediaType::Png, Box::new(Held(Some(held))))
        .await;
    assert!(
        matches!(late, Err(ClassificationError::Image(ImageError::Unavailable(_)))),
        "{late:?}"
    );
    let given_up = classifier.classify(MediaType::Png, Box::new(Held(None))).await;
    assert!(given_up.is_err(), "nothing is no image");
}
