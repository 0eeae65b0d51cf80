//! Attributions, and heat maps as PNG.

use super::{
    attribution::{Failure, Measured, occlusion},
    manifest::Manifest,
    network::Network,
    overlay::{alone, over_image},
};
use bytes::Bytes;
use image::{ExtendedColorType, ImageEncoder, RgbImage, codecs::png::PngEncoder};
use rten::ThreadPool;
use std::sync::Arc;

/// Measures which parts of the image speak for the label at this position.
pub(super) fn measure(
    network: &Network,
    manifest: &Manifest,
    pool: &Arc<ThreadPool>,
    image: &RgbImage,
    label: usize,
    wanted: impl Fn() -> bool,
) -> Result<Measured, Failure> {
    if label >= manifest.model.labels.as_slice().len() {
        return Err(Failure::Unusable);
    }
    let preprocessing = &manifest.preprocessing;
    let input = preprocessing.prepare(image).map_err(|error| engine(&error))?;
    if !network.has_maps() {
        return occlusion(network, pool, &input, preprocessing.size, label, wanted);
    }
    let answer = network.answer(&input, true, pool).map_err(Failure::Engine)?;
    let maps = answer.maps.as_ref();
    maps.and_then(|maps| Measured::of_maps(maps, label))
        .ok_or(Failure::Unusable)
}

/// Draws an attribution as PNG, over its image or alone.
pub(super) fn draw(
    manifest: &Manifest,
    image: &RgbImage,
    measured: &Measured,
    overlay: bool,
) -> Result<Bytes, Failure> {
    let frame = manifest.preprocessing.frame(image.width(), image.height());
    let (attribution, scale) = (&measured.attribution, measured.scale());
    let mut png = Vec::new();
    let encoder = PngEncoder::new(&mut png);
    let written = if overlay {
        let drawn = over_image(image, frame, attribution, scale).map_err(|error| engine(&error))?;
        let (width, height) = drawn.dimensions();
        encoder.write_image(drawn.as_raw(), width, height, ExtendedColorType::Rgb8)
    } else {
        let drawn = alone(image, frame, attribution, scale);
        let (width, height) = drawn.dimensions();
        encoder.write_image(drawn.as_raw(), width, height, ExtendedColorType::Rgba8)
    };
    written.map_err(|error| engine(&error))?;
    Ok(png.into())
}

fn engine(error: &dyn std::error::Error) -> Failure {
    Failure::Engine(error.to_string())
}
