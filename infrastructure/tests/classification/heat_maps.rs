//! Heat maps and attributions.

use crate::models::{only, png, whole};
use domain::{images::MediaType, predictions::ClassificationError};
use image::{Rgb, RgbImage};

/// Gray, with red in one corner.
fn corner() -> Vec<u8> {
    png(RgbImage::from_fn(400, 400, |x, y| {
        Rgb(if x >= 200 && y < 200 {
            [255, 0, 0]
        } else {
            [120; 3]
        })
    }))
}

/// The image that [`corner`] makes, decoded.
fn ground(x: u32) -> Rgb<u8> {
    if x >= 200 { Rgb([255, 0, 0]) } else { Rgb([120; 3]) }
}

/// The opacity of the map in the middle of each quarter of the image, in reading order.
fn opacity(map: &[u8]) -> [u8; 4] {
    let map = image::load_from_memory(map).expect("a PNG").into_rgba8();
    assert_eq!(map.dimensions(), (400, 400));
    [(100, 100), (300, 100), (100, 300), (300, 300)].map(|place: (u32, u32)| map[place].0[3])
}

#[tokio::test]
async fn with_and_without_maps_of_the_model_the_part_that_spoke_for_the_label_is_coloured() {
    for model in ["colours", "colours_2"] {
        let classifier = only(model).await;
        let map = classifier
            .heat_map(MediaType::Png, whole(corner()), 1, false)
            .await;
        let [other, red, below, beside] = opacity(&map.expect("a map"));
        assert!(red > 100, "{model}: {red}");
        for opacity in [other, below, beside] {
            assert!(opacity < red / 2, "{model}: {opacity} and {red}");
        }
    }
}

#[tokio::test]
async fn the_attribution_gives_the_heat_map_as_numbers() {
    for model in ["colours", "colours_2"] {
        let classifier = only(model).await;
        let found = classifier.attribution(MediaType::Png, whole(corner()), 1).await;
        let found = found.expect("an attribution");
        assert_eq!(found.values.len(), (found.rows * found.columns) as usize);
        assert!(found.minimum() >= 0.0 && found.maximum() > found.minimum());
        let (top, right) = (found.rows / 4, found.columns * 3 / 4);
        let (bottom, left) = (found.rows * 3 / 4, found.columns / 4);
        let spoke = found.value(top, right);
        for (row, column) in [(top, left), (bottom, left), (bottom, right)] {
            assert!(found.value(row, column) < spoke / 2.0, "{model}: {row} {column}");
        }
    }
}

#[tokio::test]
async fn a_label_for_which_nothing_spoke_leaves_the_image_nearly_as_it_is() {
    let classifier = only("colours_2").await;
    let drawn = classifier
        .heat_map(MediaType::Png, whole(corner()), 2, true)
        .await;
    let drawn = image::load_from_memory(&drawn.expect("a map"))
        .expect("a PNG")
        .into_rgb8();
    for x in [100, 300] {
        let (found, image) = (drawn[(x, 100)], ground(x));
        assert!(
            (0..3).all(|part| found.0[part].abs_diff(image.0[part]) < 40),
            "{found:?} {image:?}"
        );
    }
}

#[tokio::test]
async fn a_large_image_has_a_heat_map_of_bounded_size() {
    let classifier = only("colours").await;
    let large = png(RgbImage::from_pixel(3_000, 2_000, Rgb([200, 30, 30])));
    let map = classifier.heat_map(MediaType::Png, whole(large), 1, true).await;
    let map = image::load_from_memory(&map.expect("a map")).expect("a PNG");
    assert_eq!((map.width(), map.height()), (1_600, 1_066));
}

#[tokio::test]
async fn a_label_that_the_model_does_not_have_has_no_heat_map_and_no_attribution() {
    let classifier = only("colours").await;
    let drawn = classifier
        .heat_map(MediaType::Png, whole(corner()), 4, true)
        .await;
    assert!(
        matches!(drawn, Err(ClassificationError::UnusableOutput)),
        "{drawn:?}"
    );
    let numbers = classifier.attribution(MediaType::Png, whole(corner()), 4).await;
    assert!(
        matches!(numbers, Err(ClassificationError::UnusableOutput)),
        "{numbers:?}"
    );
}
