//! The same probabilities as PyTorch, from the JPEG on. `tests/make_parity_model.py` says how the numbers came about.

use crate::{
    models::{copy, start, tests_folder, url, whole},
    parity_model::write_parity_model,
};
use domain::{images::MediaType, predictions::Classifiers};
use infrastructure::classification::ModelSources;
use std::collections::BTreeMap;

/// What the issue demands.
const TOLERANCE: f64 = 1e-3;

#[tokio::test]
async fn probabilities_are_those_of_pytorch() {
    let folder = tempfile::tempdir().expect("a folder");
    let parity = tests_folder("parity");
    write_parity_model(&parity, folder.path());
    // That the sha256 is right shows the file to be the one that was exported.
    let classifiers = start(ModelSources::Listed(vec![url(folder.path())])).await;
    assert_eq!(classifiers.refused(), []);
    let classifier = classifiers.loaded().remove(0);

    let expected = std::fs::read(parity.join("expected.json")).expect("expected numbers");
    let expected: BTreeMap<String, Vec<f64>> = serde_json::from_slice(&expected).expect("expected numbers");
    assert_eq!(expected.len(), 12);
    for (name, expected) in expected {
        let jpeg = std::fs::read(parity.join(&name)).expect("a picture");
        let found = classifier
            .classify(MediaType::Jpeg, whole(jpeg))
            .await
            .expect("an answer");
        assert_eq!(found.as_slice().len(), expected.len());
        let off = found
            .as_slice()
            .iter()
            .zip(&expected)
            .map(|(found, expected)| (found - expected).abs());
        let off = off.fold(0.0, f64::max);
        println!("{name}: {off:.1e} off");
        assert!(off < TOLERANCE, "{name}: {found:?}, PyTorch {expected:?}");
    }
}

#[tokio::test]
async fn another_model_under_the_same_manifest_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    copy(&crate::models::small("colours"), folder.path());
    std::fs::copy(
        tests_folder("parity").join("manifest.json"),
        folder.path().join("manifest.json"),
    )
    .expect("a manifest");
    let classifiers = start(ModelSources::Listed(vec![url(folder.path())])).await;
    assert!(classifiers.loaded().is_empty());
    assert!(
        classifiers.refused()[0].reason.contains("sha256"),
        "{:?}",
        classifiers.refused()
    );
}
