//! Heat maps.

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

/// How red the middle of each quarter of the picture is beside its other colours, in reading order.
fn warmth(map: &[u8]) -> [i32; 4] {
    let map = image::load_from_memory(map).expect("a PNG").into_rgb8();
    assert!(
        map.width() == 400 && map.height() > 400,
        "the legend is beneath the picture"
    );
    [(100, 100), (300, 100), (100, 300), (300, 300)].map(|(x, y)| {
        let Rgb([red, _, blue]) = *map.get_pixel(x, y);
        i32::from(red) - i32::from(blue)
    })
}

#[tokio::test]
async fn with_maps_and_without_them_the_place_that_spoke_for_the_label_is_coloured() {
    for model in ["colours", "colours_2"] {
        let classifier = only(model).await;
        let map = classifier
            .heat_map(MediaType::Png, whole(corner()), 1)
            .await
            .expect("a map");
        let [other, red, below, beside] = warmth(&map);
        assert!(red > 40, "{model}: {red}");
        for warmth in [other, below, beside] {
            assert!(warmth < red / 2, "{model}: {warmth} and {red}");
        }
    }
}

#[tokio::test]
async fn a_label_for_which_nothing_spoke_leaves_the_image_gray() {
    let classifier = only("colours_2").await;
    let map = classifier
        .heat_map(MediaType::Png, whole(corner()), 2)
        .await
        .expect("a map");
    assert!(
        warmth(&map).iter().all(|warmth| *warmth < 10),
        "{:?}",
        warmth(&map)
    );
}

#[tokio::test]
async fn a_large_image_has_a_map_of_bounded_size() {
    let classifier = only("colours").await;
    let large = png(RgbImage::from_pixel(3_000, 2_000, Rgb([200, 30, 30])));
    let map = classifier
        .heat_map(MediaType::Png, whole(large), 1)
        .await
        .expect("a map");
    let map = image::load_from_memory(&map).expect("a PNG");
    assert_eq!(map.width(), 1024);
    assert!(map.height() < 800, "{}", map.height());
}

#[tokio::test]
async fn a_label_that_the_model_has_not_has_no_map() {
    let classifier = only("colours").await;
    let none = classifier.heat_map(MediaType::Png, whole(corner()), 4).await;
    assert!(
        matches!(none, Err(ClassificationError::UnusableOutput)),
        "{none:?}"
    );
}
