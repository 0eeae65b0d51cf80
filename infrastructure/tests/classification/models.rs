//! Models and pictures for the tests.

use bytes::Bytes;
use domain::{
    images::{ByteSource, MediaType, SourceError},
    predictions::{Classifier, Classifiers, Probabilities},
};
use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use infrastructure::{
    blobs::S3Access,
    classification::{ClassifierSettings, ModelSources, RtenClassifiers},
    imaging::{DecodeBudget, DecodeLimits},
};
use std::{
    io::Cursor,
    path::{Path, PathBuf},
    sync::Arc,
};
use url::Url;

/// What the small models call each colour.
pub(crate) const RED: &str = "diabetic retinopathy";
pub(crate) const GRAY: &str = "cataract";

/// A folder of the tests of the whole program, which hold the small models, too.
pub(crate) fn tests_folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests").join(name)
}

/// One of the small models.
pub(crate) fn small(name: &str) -> PathBuf {
    tests_folder("models").join(name)
}

/// A folder of models, each a copy of a small one under a name of its own.
pub(crate) fn folder_of(models: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, model) in models {
        copy(&small(model), &folder.path().join(name));
    }
    folder
}

/// Copies the files of a folder.
pub(crate) fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for name in ["manifest.json", "model.onnx"] {
        std::fs::copy(from.join(name), to.join(name)).expect("a copy");
    }
}

/// The URL of a path.
pub(crate) fn url(path: &Path) -> Url {
    let path = std::path::absolute(path).expect("a path");
    Url::from_file_path(path).expect("a URL")
}

pub(crate) async fn start(sources: ModelSources) -> RtenClassifiers {
    start_with(settings(sources, 2)).await
}

/// Settings of a machine that has no bucket.
pub(crate) fn settings(sources: ModelSources, threads: usize) -> ClassifierSettings {
    ClassifierSettings::new(
        sources,
        threads,
        PathBuf::from("no-cache-is-needed"),
        S3Access::default(),
    )
}

pub(crate) async fn start_with(settings: ClassifierSettings) -> RtenClassifiers {
    let limits = DecodeLimits::default();
    RtenClassifiers::start(settings, limits, DecodeBudget::new(&limits)).await
}

/// The only model that there is.
pub(crate) async fn only(model: &str) -> Arc<dyn Classifier> {
    let classifiers = start(ModelSources::Listed(vec![url(&small(model))])).await;
    assert_eq!(classifiers.refused(), []);
    let mut loaded = classifiers.loaded();
    assert_eq!(loaded.len(), 1);
    loaded.remove(0)
}

/// `name@version` of what is loaded.
pub(crate) fn names(classifiers: &impl Classifiers) -> Vec<String> {
    let loaded = classifiers.loaded();
    let name = |classifier: &Arc<dyn Classifier>| {
        let model = classifier.model();
        format!("{}@{}", model.name, model.version)
    };
    loaded.iter().map(name).collect()
}

/// Bytes that are all there.
pub(crate) struct Whole(pub(crate) Option<Bytes>);

#[async_trait::async_trait]
impl ByteSource for Whole {
    async fn next_chunk(&mut self) -> Result<Option<Bytes>, SourceError> {
        Ok(self.0.take())
    }
}

pub(crate) fn whole(bytes: impl Into<Bytes>) -> Box<dyn ByteSource> {
    Box::new(Whole(Some(bytes.into())))
}

/// A picture as PNG.
pub(crate) fn png(picture: RgbImage) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    DynamicImage::from(picture)
        .write_to(&mut bytes, ImageFormat::Png)
        .expect("a PNG");
    bytes.into_inner()
}

/// A picture of one colour, as PNG.
pub(crate) fn plain(colour: [u8; 3]) -> Vec<u8> {
    png(RgbImage::from_pixel(40, 30, Rgb(colour)))
}

/// The most probable label, and its probability.
pub(crate) fn best(classifier: &dyn Classifier, probabilities: &Probabilities) -> (String, f64) {
    let place = probabilities.most_probable();
    let label = &classifier.model().labels.as_slice()[place];
    (label.as_str().to_owned(), probabilities.as_slice()[place])
}

/// What the classifier says of a PNG.
pub(crate) async fn label_of(classifier: &dyn Classifier, png: Vec<u8>) -> String {
    let probabilities = classifier
        .classify(MediaType::Png, whole(png))
        .await
        .expect("an answer");
    best(classifier, &probabilities).0
}
