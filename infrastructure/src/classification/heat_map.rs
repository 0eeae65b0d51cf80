//! Heat maps as PNG.

use super::{
    drawing::draw,
    evidence::{Evidence, Failure, occlusion},
    manifest::Manifest,
    network::Network,
};
use bytes::Bytes;
use image::{ExtendedColorType, ImageEncoder, RgbImage, codecs::png::PngEncoder};
use rten::ThreadPool;
use std::sync::Arc;

/// Draws what spoke for the label at this position.
pub(super) fn heat_map(
    network: &Network,
    manifest: &Manifest,
    pool: &Arc<ThreadPool>,
    image: &RgbImage,
    label: usize,
    wanted: impl Fn() -> bool,
) -> Result<Bytes, Failure> {
    let name = manifest
        .model
        .labels
        .as_slice()
        .get(label)
        .ok_or(Failure::Unusable)?;
    let preprocessing = &manifest.preprocessing;
    let input = preprocessing
        .prepare(image)
        .map_err(|error| Failure::Engine(error.to_string()))?;
    let evidence = if network.has_maps() {
        let answer = network.answer(&input, true, pool).map_err(Failure::Engine)?;
        let maps = answer.maps.as_ref();
        maps.and_then(|maps| Evidence::of_maps(maps, label))
            .ok_or(Failure::Unusable)?
    } else {
        occlusion(network, pool, &input, preprocessing.size, label, wanted)?
    };
    let frame = preprocessing.frame(image.width(), image.height());
    let drawn =
        draw(image, frame, &evidence, name.as_str()).map_err(|error| Failure::Engine(error.to_string()))?;
    let mut png = Vec::new();
    PngEncoder::new(&mut png)
        .write_image(
            drawn.as_raw(),
            drawn.width(),
            drawn.height(),
            ExtendedColorType::Rgb8,
        )
        .map_err(|error| Failure::Engine(error.to_string()))?;
    Ok(png.into())
}
