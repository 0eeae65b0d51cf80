//! Classification of images with ONNX models, on rten.

mod archive;
mod buckets;
mod classifier;
mod classifiers;
mod drawing;
mod evidence;
mod folder;
mod heat_map;
mod lettering;
mod manifest;
mod network;
mod preprocessing;
mod settings;
mod slots;

pub use classifiers::RtenClassifiers;
pub use settings::{ClassifierSettings, ModelSources};
