//! A ResNet18 beside PyTorch, from the bytes of a JPEG to the probabilities in the answer.

use std::fs;

use serde_json::Value;
use tests::{Options, Server, repository_root, write_parity_model};

use crate::predict;

/// The most that a probability may be off.
const TOLERANCE: f64 = 1e-3;

#[tokio::test]
async fn probabilities_are_those_of_pytorch() {
    let pictures = repository_root().join("tests/parity");
    let folder = tempfile::tempdir().expect("a temporary folder");
    write_parity_model(&pictures, folder.path());
    let url = format!("file://{}", folder.path().display());
    let server = Server::start(Options::default().setting("OCELLUS__PREDICTIONS__MODELS", &url));
    let user = server.user().await;
    let expected = fs::read_to_string(pictures.join("expected.json")).expect("PyTorch's numbers");
    let expected: Value = serde_json::from_str(&expected).expect("JSON");
    let expected = expected.as_object().expect("an object of pictures");
    assert_eq!(expected.len(), 12);
    for (name, probabilities) in expected {
        let bytes = fs::read(pictures.join(name)).expect("a picture");
        let prediction = predict(&user.client, "", bytes).await.expect(201).json();
        let answered = prediction["probabilities"].as_array().expect("a list");
        let probabilities = probabilities.as_array().expect("a list");
        assert_eq!(answered.len(), probabilities.len());
        for (answered, expected) in answered.iter().zip(probabilities) {
            let answered = answered["probability"].as_f64().expect("a number");
            let expected = expected.as_f64().expect("a number");
            assert!((answered - expected).abs() < TOLERANCE, "{name}: {prediction}");
        }
    }
}
