//! What is read is what stands there.

use super::{MediaType, OcrEngine, OcrSettings, Whole, engine, languages, read, truth};

/// Panics unless every page reads as its text says, line by line.
async fn assert_reads(name: &str, joined: &str) {
    let recognition = read(name, joined).await;
    let pages = truth(name);
    assert_eq!(recognition.pages.len(), pages.len());
    for ((number, page), expected) in (1..).zip(&recognition.pages).zip(pages) {
        let lines: Vec<&str> = page.text.lines().filter(|line| !line.is_empty()).collect();
        assert_eq!(lines.join("\n"), expected, "{name}");
        assert_eq!(page.number, number);
        let words: Vec<&str> = page.words.iter().map(|word| word.text.as_str()).collect();
        assert_eq!(words, expected.split_whitespace().collect::<Vec<_>>(), "{name}");
        assert!(
            page.words
                .iter()
                .all(|word| (0.0..=100.0).contains(&word.confidence))
        );
    }
}

/// Panics unless the first page was turned by about so many degrees clockwise.
async fn assert_turned(name: &str, degrees: f32) {
    let rotation = read(name, "eng").await.pages[0].rotation;
    assert!((rotation - degrees).abs() < 0.6, "{name}: {rotation}");
}

#[tokio::test]
async fn two_short_lines_are_read() {
    assert_reads("hello.png", "eng").await;
    assert_turned("hello.png", 0.0).await;
}

#[tokio::test]
async fn spanish_german_and_french_are_read_with_their_accents() {
    assert_reads("spanish.png", "spa").await;
    assert_reads("german.png", "deu").await;
    assert_reads("french.png", "fra").await;
}

#[tokio::test]
async fn two_languages_on_one_page_are_read_together() {
    assert_reads("two_languages.png", "eng+spa").await;
}

#[tokio::test]
async fn the_pages_of_a_tiff_come_in_order() {
    assert_reads("two_pages.tif", "eng").await;
}

#[tokio::test]
async fn a_photo_that_its_metadata_turns_needs_no_turn() {
    assert_reads("turned_by_exif.jpg", "eng").await;
    assert_turned("turned_by_exif.jpg", 0.0).await;
}

#[tokio::test]
async fn a_page_on_its_side_is_turned_back() {
    assert_reads("quarter_turn.png", "eng").await;
    assert_turned("quarter_turn.png", 270.0).await;
}

#[tokio::test]
async fn a_page_upside_down_is_turned_back() {
    assert_reads("upside_down.png", "eng").await;
    assert_turned("upside_down.png", 180.0).await;
}

#[tokio::test]
async fn a_crooked_page_is_made_straight() {
    assert_reads("skewed.png", "eng").await;
    assert_turned("skewed.png", 353.0).await;
}

#[tokio::test]
async fn white_letters_on_black_are_read() {
    assert_reads("white_on_black.png", "eng").await;
}

#[tokio::test]
async fn letters_on_nothing_are_read() {
    assert_reads("transparent.png", "eng").await;
}

#[tokio::test]
async fn a_page_in_uneven_light_is_read_to_its_dark_side() {
    assert_reads("uneven_light.jpg", "eng").await;
}

#[tokio::test]
async fn a_full_page_is_read() {
    assert_reads("a4.png", "eng").await;
}

#[tokio::test]
async fn blank_paper_and_specks_are_no_text() {
    for name in ["blank.png", "speckled.png"] {
        let recognition = read(name, "eng").await;
        let page = &recognition.pages[0];
        assert_eq!((page.text.as_str(), page.words.len()), ("", 0), "{name}");
        assert_eq!((page.width, page.height), (600, 400));
        assert!(page.rotation.abs() < f32::EPSILON);
    }
}

#[tokio::test]
async fn the_engine_says_its_name_and_version() {
    assert!(read("blank.png", "eng").await.engine.starts_with("tesseract "));
}

#[tokio::test]
async fn strips_of_any_shape_are_answered() {
    let engine = engine(&OcrSettings::new(1));
    for (width, height) in [
        (1, 65_000),
        (65_000, 2),
        (6, 65_000),
        (65_000, 8),
        (40, 65_000),
        (3, 3),
    ] {
        let strip = image::GrayImage::from_fn(width, height, |x, y| {
            image::Luma([u8::from((x + y) % 1009 != 0) * 255])
        });
        let mut png = std::io::Cursor::new(Vec::new());
        strip.write_to(&mut png, image::ImageFormat::Png).unwrap();
        let content = Box::new(Whole(Some(png.into_inner().into())));
        let read = engine
            .recognize(
                MediaType::Png,
                content,
                &languages("eng"),
                std::sync::Arc::new(()),
            )
            .await;
        let page = read
            .unwrap_or_else(|error| panic!("{width} x {height}: {error:?}"))
            .pages
            .remove(0);
        assert_eq!((page.width, page.height), (width, height));
    }
}
