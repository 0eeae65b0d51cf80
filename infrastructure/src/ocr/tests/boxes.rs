//! Boxes lie where a person sees the words.

use super::{page_of, read};
use domain::ocr::Bounds;
use image::GrayImage;

/// Left, top, right and bottom of the ink within a box; `None` when there is none.
fn ink(page: &GrayImage, bounds: Bounds) -> Option<[u32; 4]> {
    let mut around: Option<[u32; 4]> = None;
    for y in bounds.y..bounds.y + bounds.height {
        for x in bounds.x..bounds.x + bounds.width {
            if page.get_pixel(x, y).0[0] < 128 {
                let [left, top, right, bottom] = around.unwrap_or([x, y, x, y]);
                around = Some([left.min(x), top.min(y), right.max(x + 1), bottom.max(y + 1)]);
            }
        }
    }
    around
}

/// Panics unless every box holds ink up to `margin` pixels from its edges and all boxes together hold all ink.
async fn assert_boxes_lie_on_ink(name: &str, margin: u32) {
    let page = page_of(name).pixels;
    let recognition = read(name, "eng").await;
    let read = &recognition.pages[0];
    assert_eq!((read.width, read.height), page.dimensions(), "{name}");
    assert!(!read.words.is_empty());
    let mut uncovered = page.clone();
    for word in &read.words {
        let Bounds { x, y, width, height } = word.bounds;
        assert!(
            x + width <= read.width && y + height <= read.height,
            "{name}: {word:?}"
        );
        let [left, top, right, bottom] = ink(&page, word.bounds).unwrap();
        let margins = [left - x, top - y, x + width - right, y + height - bottom];
        assert!(
            margins.iter().all(|found| *found <= margin),
            "{name}: {word:?} {margins:?}"
        );
        for row in y.saturating_sub(2)..(y + height + 2).min(read.height) {
            for column in x.saturating_sub(2)..(x + width + 2).min(read.width) {
                uncovered.get_pixel_mut(column, row).0[0] = 255;
            }
        }
    }
    let missed = uncovered.iter().filter(|pixel| **pixel < 128).count();
    let all = page.iter().filter(|pixel| **pixel < 128).count();
    assert!(
        missed * 100 <= all,
        "{name}: {missed} of {all} dark pixels are in no box"
    );
}

#[tokio::test]
async fn boxes_lie_on_the_ink_of_a_page_as_it_is() {
    assert_boxes_lie_on_ink("hello.png", 3).await;
    assert_boxes_lie_on_ink("a4.png", 3).await;
}

#[tokio::test]
async fn boxes_lie_on_the_ink_of_a_page_before_it_was_turned() {
    assert_boxes_lie_on_ink("quarter_turn.png", 3).await;
    assert_boxes_lie_on_ink("upside_down.png", 3).await;
}

#[tokio::test]
async fn boxes_lie_on_the_ink_of_a_photo_as_its_metadata_turns_it() {
    assert_boxes_lie_on_ink("turned_by_exif.jpg", 3).await;
}

#[tokio::test]
async fn boxes_lie_on_the_ink_of_a_crooked_page_with_room_for_its_slant() {
    assert_boxes_lie_on_ink("skewed.png", 14).await;
}
