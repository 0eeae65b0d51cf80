//! Classification of images with ONNX models, on rten.

mod archive;
mod attribution;
mod buckets;
mod classifier;
mod classifiers;
mod folder;
mod heat_map;
mod manifest;
mod network;
mod overlay;
mod preprocessing;
mod settings;
mod slots;

pub use classifiers::RtenClassifiers;
pub use settings::{ClassifierSettings, ModelSources};
