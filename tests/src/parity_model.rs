//! The model of the parity test: too large to be committed, and made again from numbers that are not.

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::Value;
use std::path::Path;

/// Writes the model folder that `tests/make_parity_model.py` got from the export tool, byte for byte: the digest in its
/// manifest is that of the file the tool wrote. `parity` is the folder `tests/parity`.
///
/// # Panics
///
/// When the recipe is not there, or no recipe.
pub fn write_parity_model(parity: &Path, folder: &Path) {
    std::fs::create_dir_all(folder).expect("a folder");
    std::fs::copy(parity.join("manifest.json"), folder.join("manifest.json")).expect("a manifest");
    let recipe = std::fs::read(parity.join("resnet18.json")).expect("a recipe");
    let recipe: Value = serde_json::from_slice(&recipe).expect("a recipe");
    let pieces = recipe["pieces"].as_array().expect("pieces");
    let file: Vec<u8> = pieces.iter().flat_map(piece).collect();
    std::fs::write(folder.join("model.onnx"), file).expect("a model");
}

/// Bytes as they are, or numbers of the generator.
fn piece(piece: &Value) -> Vec<u8> {
    if let Some(bytes) = piece["bytes"].as_str() {
        return BASE64_STANDARD.decode(bytes).expect("base64");
    }
    let number = |name: &str| piece[name].as_u64().expect("a number");
    let (seed, count) = (number("seed"), number("count"));
    let bound = piece["bound"].as_f64().expect("a bound");
    (1..=count)
        .flat_map(|place| weight(seed, place, bound).to_le_bytes())
        .collect()
}

/// The upper 24 bits of splitmix64 as a fraction from `-bound` to `bound`.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "24 bits, and a bound that is of single precision"
)]
fn weight(seed: u64, place: u64, bound: f64) -> f32 {
    let mut state = seed.wrapping_add(place.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    state = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    state = (state ^ (state >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    state ^= state >> 31;
    let unit = (state >> 40) as f32 * 2.0_f32.powi(-23) - 1.0;
    unit * bound as f32
}
