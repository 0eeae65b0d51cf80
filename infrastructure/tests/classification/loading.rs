//! Finding models, and refusing bad ones.

use crate::models::{copy, folder_of, names, small, start, url};
use domain::{images::Sha256Digest, predictions::Classifiers};
use infrastructure::classification::ModelSources;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::path::Path;

/// Changes the manifest in a folder.
fn rewrite(folder: &Path, change: impl FnOnce(&mut Value)) {
    let path = folder.join("manifest.json");
    let mut manifest = serde_json::from_slice(&std::fs::read(&path).expect("a manifest")).expect("JSON");
    change(&mut manifest);
    std::fs::write(path, manifest.to_string()).expect("written");
}

/// Why the only model in a folder is refused.
async fn reason(folder: &Path) -> String {
    let classifiers = start(ModelSources::Listed(vec![url(folder)])).await;
    assert!(classifiers.loaded().is_empty());
    let refused = classifiers.refused();
    assert_eq!(refused.len(), 1);
    assert_eq!(refused[0].source, url(folder).to_string());
    refused[0].reason.clone()
}

#[tokio::test]
async fn every_folder_in_the_folder_is_a_model_by_name() {
    let folder = folder_of(&[
        ("b", "colours"),
        ("a", "no_number_for_black"),
        (".hidden", "colours_2"),
    ]);
    std::fs::write(folder.path().join("README"), "not a model").expect("written");
    let classifiers = start(ModelSources::Folder(folder.path().to_owned())).await;
    assert_eq!(names(&classifiers), ["no_number_for_black@1", "colours@1"]);
    assert_eq!(classifiers.refused(), []);
    let loaded = classifiers.loaded();
    let model = loaded[1].model();
    let labels: Vec<_> = model
        .labels
        .as_slice()
        .iter()
        .map(domain::predictions::Label::as_str)
        .collect();
    assert_eq!(labels, ["cataract", "diabetic retinopathy", "glaucoma", "normal"]);
    assert_eq!((model.input.height, model.input.width), (16, 16));
}

#[tokio::test]
async fn without_the_folder_there_are_no_models() {
    let folder = tempfile::tempdir().expect("a folder");
    let classifiers = start(ModelSources::Folder(folder.path().join("absent"))).await;
    assert!(classifiers.loaded().is_empty());
    assert_eq!(classifiers.refused(), []);
}

#[tokio::test]
async fn two_versions_serve_side_by_side_in_the_order_of_the_configuration() {
    let listed = vec![url(&small("colours_2")), url(&small("colours"))];
    let classifiers = start(ModelSources::Listed(listed)).await;
    assert_eq!(names(&classifiers), ["colours@2", "colours@1"]);
}

#[tokio::test]
async fn an_archive_is_as_good_as_a_folder() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("colours.tar.gz");
    let packed = std::process::Command::new("tar")
        .args(["--create", "--gzip", "--file"])
        .arg(&path)
        .arg("--directory")
        .arg(small(""))
        .arg("colours")
        .status()
        .expect("tar runs");
    assert!(packed.success());
    let classifiers = start(ModelSources::Listed(vec![url(&path)])).await;
    assert_eq!(names(&classifiers), ["colours@1"]);
}

#[tokio::test]
async fn a_bad_model_is_refused_and_the_others_serve() {
    let folder = folder_of(&[("bad", "colours"), ("good", "colours_2")]);
    std::fs::write(folder.path().join("bad/model.onnx"), b"no model").expect("written");
    let classifiers = start(ModelSources::Folder(folder.path().to_owned())).await;
    assert_eq!(names(&classifiers), ["colours@2"]);
    let refused = classifiers.refused();
    assert_eq!(refused.len(), 1);
    assert!(refused[0].source.ends_with("/bad/"), "{refused:?}");
    assert!(refused[0].reason.contains("sha256"), "{refused:?}");
}

#[tokio::test]
async fn the_same_name_and_version_comes_once() {
    let folder = folder_of(&[("a", "colours"), ("b", "colours")]);
    let classifiers = start(ModelSources::Folder(folder.path().to_owned())).await;
    assert_eq!(names(&classifiers), ["colours@1"]);
    assert!(
        classifiers.refused()[0].reason.contains("colours@1"),
        "{:?}",
        classifiers.refused()
    );
}

#[tokio::test]
async fn the_reason_says_what_is_missing() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("model");
    assert!(reason(&path).await.contains("no such folder"));
    copy(&small("colours"), &path);
    std::fs::remove_file(path.join("model.onnx")).expect("removed");
    assert!(reason(&path).await.contains("model.onnx cannot be read"));
    std::fs::write(path.join("manifest.json"), "{").expect("written");
    std::fs::write(path.join("model.onnx"), "").expect("written");
    assert!(reason(&path).await.contains("manifest.json cannot be read"));
}

#[tokio::test]
async fn what_the_manifest_says_must_fit_the_model() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    copy(&small("colours"), path);
    rewrite(path, |manifest| manifest["labels"] = json!(["one", "two"]));
    assert!(reason(path).await.contains("2 labels"), "{}", reason(path).await);
    copy(&small("colours"), path);
    rewrite(path, |manifest| {
        manifest["input"]["height"] = json!(8);
        manifest["input"]["resize"] = json!([8, 16]);
    });
    assert!(
        reason(path).await.contains("cannot be run"),
        "{}",
        reason(path).await
    );
}

#[tokio::test]
async fn what_is_no_onnx_is_refused_whatever_its_digest_says() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    let whole = std::fs::read(small("colours").join("model.onnx")).expect("a model");
    for bytes in [&b"GIF89a"[..], &whole[..whole.len() / 2], &[]] {
        copy(&small("colours"), path);
        std::fs::write(path.join("model.onnx"), bytes).expect("written");
        let digest = Sha256Digest(Sha256::digest(bytes).into()).to_string();
        rewrite(path, |manifest| manifest["sha256"] = json!(digest));
        let reason = reason(path).await;
        assert!(reason.contains("model.onnx"), "{reason}");
    }
}

#[tokio::test]
async fn what_is_shown_of_a_source_holds_no_secret() {
    let secret = "ftp://someone:hunter2@nowhere/model?token=hunter2#hunter2";
    let classifiers = start(ModelSources::Listed(vec![secret.parse().expect("a URL")])).await;
    let refused = format!("{:?}", classifiers.refused());
    assert!(
        refused.contains("nowhere") && !refused.contains("hunter2"),
        "{refused}"
    );
}
