//! Tests on photos that `tools/fetch_face_photos.sh` fetches, with the models of `tools/fetch_models.sh`.

use super::*;
use bytes::Bytes;
use domain::images::{ImageError, MediaType};
use futures_util::FutureExt;
use image::{DynamicImage, ImageEncoder, ImageFormat, RgbImage, codecs::jpeg::JpegEncoder, imageops};
use std::{io::Cursor, path::PathBuf};

/// The folder of the photos and the models. `None` where they were not fetched, which CI does not forgive.
fn fetched() -> Option<PathBuf> {
    let usual = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/test-faces");
    let folder = std::env::var_os("OCELLUS_TEST_FACES").map_or_else(|| usual.into(), PathBuf::from);
    let there = folder.join("photos/obama.jpg").is_file() && folder.join("models").is_dir();
    let must = std::env::var("CI").is_ok_and(|value| value == "true");
    assert!(there || !must, "{} lacks photos or models", folder.display());
    if !there {
        eprintln!("not tested: no photos of faces, which tools/test.sh fetches");
    }
    there.then_some(folder)
}

struct Setup {
    engine: DlibFaceEngine,
    photos: PathBuf,
}

fn setup() -> Option<Setup> {
    let folder = fetched()?;
    let limits = DecodeLimits::default();
    let models = FaceModels::in_folder(folder.join("models"));
    Some(Setup {
        engine: DlibFaceEngine::new(models, 2, limits, DecodeBudget::new(&limits)),
        photos: folder.join("photos"),
    })
}

impl Setup {
    fn file(&self, name: &str) -> Bytes {
        std::fs::read(self.photos.join(name)).unwrap().into()
    }

    fn pixels(&self, name: &str) -> RgbImage {
        image::load_from_memory(&self.file(name)).unwrap().into_rgb8()
    }

    async fn described(&self, bytes: impl Into<Bytes>) -> Result<DescribedFace, FaceError> {
        let bytes = bytes.into();
        let media_type = MediaType::sniff(&bytes).unwrap();
        self.engine.describe(Photo { media_type, bytes }).await
    }

    async fn face(&self, bytes: impl Into<Bytes>) -> Embedding {
        self.described(bytes).await.unwrap().embedding
    }
}

fn png(pixels: &RgbImage) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    pixels.write_to(&mut file, ImageFormat::Png).unwrap();
    file.into_inner()
}

/// An Exif block that holds the orientation alone.
fn exif(orientation: u8) -> Vec<u8> {
    let entry = [0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0];
    [&b"MM\0\x2a\0\0\0\x08\0\x01"[..], &entry, &[0; 4]].concat()
}

#[tokio::test]
async fn photos_of_one_person_are_near_and_of_two_are_far_apart() {
    let Some(setup) = setup() else { return };
    let first = setup.face(setup.file("obama.jpg")).await;
    for name in ["obama2.jpg", "obama3.jpg", "obama_partial_face2.jpg"] {
        let distance = first.distance(&setup.face(setup.file(name)).await);
        assert!(distance < 0.5, "{name}: {distance}");
    }
    let distance = first.distance(&setup.face(setup.file("biden.jpg")).await);
    assert!(distance > 0.6, "another person: {distance}");
}

#[tokio::test]
async fn a_photo_is_described_the_same_whatever_its_format_and_size() {
    let Some(setup) = setup() else { return };
    let first = setup.face(setup.file("obama.jpg")).await;
    let pixels = setup.pixels("obama.jpg");
    let (width, height) = (pixels.width(), pixels.height());
    let larger = imageops::resize(&pixels, width * 2, height * 2, imageops::FilterType::Triangle);
    let smaller = imageops::resize(&pixels, width / 2, height / 2, imageops::FilterType::Triangle);
    let gray = DynamicImage::from(pixels.clone()).into_luma8();
    let mut gray_file = Cursor::new(Vec::new());
    gray.write_to(&mut gray_file, ImageFormat::Png).unwrap();
    for (what, file, most) in [
        ("PNG", png(&pixels), 0.05),
        ("twice as large", png(&larger), 0.2),
        ("half as large", png(&smaller), 0.3),
        ("grayscale", gray_file.into_inner(), 0.35),
    ] {
        let distance = first.distance(&setup.face(file).await);
        assert!(distance < most, "{what}: {distance}");
    }
}

#[tokio::test]
async fn a_photo_is_turned_as_its_metadata_says() {
    let Some(setup) = setup() else { return };
    let upright = setup.pixels("obama2.jpg");
    let first = setup.face(png(&upright)).await;
    // 6: the camera was turned so that the stored image needs a quarter turn to the right.
    let turned = imageops::rotate270(&upright);
    let with = |orientation: Option<u8>| {
        let mut file = Vec::new();
        let mut encoder = JpegEncoder::new_with_quality(&mut file, 95);
        if let Some(orientation) = orientation {
            encoder.set_exif_metadata(exif(orientation)).unwrap();
        }
        encoder.encode_image(&turned).unwrap();
        file
    };
    let distance = first.distance(&setup.face(with(Some(6))).await);
    assert!(distance < 0.15, "{distance}");
    assert!(matches!(
        setup.described(with(None)).await,
        Err(FaceError::NoFace)
    ));
}

#[tokio::test]
async fn there_must_be_one_face_that_is_large_enough() {
    let Some(setup) = setup() else { return };
    let person = setup.pixels("obama.jpg");
    let person = imageops::resize(&person, 455, 568, imageops::FilterType::Triangle);
    let mut empty = RgbImage::from_pixel(1000, 600, image::Rgb([120, 130, 140]));
    assert!(matches!(
        setup.described(png(&empty)).await,
        Err(FaceError::NoFace)
    ));
    imageops::replace(&mut empty, &person, 10, 10);
    assert!(setup.described(png(&empty)).await.is_ok());
    imageops::replace(&mut empty, &person, 510, 10);
    let twice = setup.described(png(&empty)).await;
    assert!(matches!(twice, Err(FaceError::SeveralFaces)), "{twice:?}");
    let tiny = imageops::resize(&person, 91, 114, imageops::FilterType::Triangle);
    let mut far = RgbImage::from_pixel(1000, 600, image::Rgb([120, 130, 140]));
    imageops::replace(&mut far, &tiny, 400, 200);
    assert!(matches!(setup.described(png(&far)).await, Err(FaceError::NoFace)));
}

#[tokio::test]
async fn a_photo_that_is_cut_off_is_refused() {
    let Some(setup) = setup() else { return };
    let whole = setup.file("obama.jpg");
    let cut_off = whole.slice(..whole.len() / 2);
    let refused = setup.described(cut_off).await;
    assert!(
        matches!(refused, Err(FaceError::Image(ImageError::Corrupt))),
        "{refused:?}"
    );
}

#[tokio::test]
async fn as_many_photos_at_once_as_one_likes_are_described_each_as_if_alone() {
    let Some(setup) = setup() else { return };
    let first = setup.face(setup.file("obama2.jpg")).await;
    let all = (0..8).map(|_| setup.face(setup.file("obama2.jpg")));
    for face in futures_util::future::join_all(all).await {
        assert_eq!(face, first);
    }
}

#[tokio::test]
async fn beyond_the_places_for_waiting_the_engine_is_busy() {
    let Some(setup) = setup() else { return };
    let photo = setup.file("obama.jpg");
    let places = 2 * (WAITING + 1);
    let mut waiting: Vec<_> = (0..places)
        .map(|_| Box::pin(setup.described(photo.clone())))
        .collect();
    for described in &mut waiting {
        assert!(described.as_mut().now_or_never().is_none());
    }
    let one_more = setup.described(photo.clone()).await;
    assert!(matches!(one_more, Err(FaceError::Busy)), "{one_more:?}");
    // Who goes away makes room.
    drop(waiting);
    assert!(setup.described(photo).await.is_ok());
}

#[tokio::test]
async fn models_may_come_later_and_must_be_the_right_ones() {
    let folder = tempfile::tempdir().unwrap();
    let limits = DecodeLimits::default();
    let models = FaceModels::in_folder(folder.path());
    let engine = DlibFaceEngine::new(models, 1, limits, DecodeBudget::new(&limits));
    assert!(matches!(engine.check(), Err(FaceError::NotLoaded)));
    let Some(setup) = setup() else { return };
    let from = setup.photos.with_file_name("models");
    let names: Vec<_> = std::fs::read_dir(&from)
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    let photo = || Photo {
        media_type: MediaType::Jpeg,
        bytes: setup.file("obama2.jpg"),
    };
    for name in &names {
        std::fs::write(folder.path().join(name), b"something else").unwrap();
    }
    assert!(engine.check().is_ok());
    assert!(matches!(
        engine.describe(photo()).await,
        Err(FaceError::NotLoaded)
    ));
    // From now on it is known, without another look into them.
    assert!(matches!(engine.check(), Err(FaceError::NotLoaded)));
    for name in &names {
        std::fs::copy(from.join(name), folder.path().join(name)).unwrap();
    }
    assert!(engine.describe(photo()).await.is_ok());
}
