//! Models in S3, against a server that checks signatures.

use crate::{
    models::{RED, copy, label_of, names, plain, small, start_with},
    s3_server::S3Server,
};
use domain::predictions::Classifiers;
use infrastructure::{
    blobs::{S3Access, S3Keys},
    classification::{ClassifierSettings, ModelSources, RtenClassifiers},
};
use std::{net::SocketAddr, path::Path};
use url::Url;

/// The models of a bucket, by their names in it.
async fn models_of(server: &S3Server, cache: &Path, names: &[&str]) -> RtenClassifiers {
    let sources = names
        .iter()
        .map(|name| format!("s3://{}/{name}", S3Server::BUCKET));
    let sources = sources.map(|url| url.parse().expect("a URL")).collect();
    start_with(settings_of(server.address(), sources, cache)).await
}

fn settings_of(server: SocketAddr, sources: Vec<Url>, cache: &Path) -> ClassifierSettings {
    let access = S3Access {
        endpoint: Some(format!("http://{server}")),
        allow_http: true,
        keys: Some(S3Keys {
            access_key_id: S3Server::ACCESS_KEY_ID.to_owned(),
            secret_access_key: S3Server::SECRET_ACCESS_KEY.into(),
        }),
        ..S3Access::default()
    };
    ClassifierSettings::new(ModelSources::Listed(sources), 1, cache.to_owned(), access)
}

#[tokio::test]
async fn folders_and_archives_of_a_bucket_are_models() {
    let (server, cache) = (S3Server::start(), tempfile::tempdir().expect("a folder"));
    copy(&small("colours"), &server.bucket().join("models/one"));
    std::fs::create_dir_all(server.bucket().join("packed")).expect("a folder");
    let packed = std::process::Command::new("tar")
        .args(["--create", "--gzip", "--directory"])
        .arg(small("colours_2"))
        .arg("--file")
        .arg(server.bucket().join("packed/two.tgz"))
        .args(["manifest.json", "model.onnx"])
        .status()
        .expect("tar runs");
    assert!(packed.success());
    let classifiers = models_of(&server, cache.path(), &["models/one/", "packed/two.tgz"]).await;
    assert_eq!(classifiers.refused(), []);
    assert_eq!(names(&classifiers), ["colours@1", "colours@2"]);
    for classifier in classifiers.loaded() {
        assert_eq!(label_of(&*classifier, plain([255, 0, 0])).await, RED);
    }
}

#[tokio::test]
async fn what_changed_is_fetched_and_what_did_not_is_taken_from_its_copy() {
    let (server, cache) = (S3Server::start(), tempfile::tempdir().expect("a folder"));
    let folder = server.bucket().join("eyes");
    copy(&small("colours"), &folder);
    let classifiers = models_of(&server, cache.path(), &["eyes"]).await;
    assert_eq!(names(&classifiers), ["colours@1"]);
    // The manifest is the same, so the model is not asked for.
    std::fs::remove_file(folder.join("model.onnx")).expect("removed");
    classifiers.reload().await;
    assert_eq!(classifiers.refused(), []);
    copy(&small("colours_2"), &folder);
    classifiers.reload().await;
    assert_eq!(names(&classifiers), ["colours@2"]);
}

#[tokio::test]
async fn a_bucket_out_of_reach_stops_nobody_who_has_a_copy() {
    let (server, cache) = (S3Server::start(), tempfile::tempdir().expect("a folder"));
    copy(&small("colours"), &server.bucket().join("eyes"));
    assert_eq!(
        names(&models_of(&server, cache.path(), &["eyes"]).await),
        ["colours@1"]
    );
    // The same source, at an address where nobody is any more.
    let gone = S3Server::start().address();
    let source: Url = format!("s3://{}/eyes", S3Server::BUCKET).parse().expect("a URL");
    let with_copy = start_with(settings_of(gone, vec![source.clone()], cache.path())).await;
    assert_eq!(names(&with_copy), ["colours@1"]);
    let empty = tempfile::tempdir().expect("a folder");
    let without = start_with(settings_of(gone, vec![source], empty.path())).await;
    assert!(without.loaded().is_empty());
    let reason = without.refused().remove(0).reason;
    assert!(reason.contains("out of reach"), "{reason}");
}

#[tokio::test]
async fn a_damaged_copy_is_fetched_again() {
    let (server, cache) = (S3Server::start(), tempfile::tempdir().expect("a folder"));
    copy(&small("colours"), &server.bucket().join("eyes"));
    assert_eq!(
        names(&models_of(&server, cache.path(), &["eyes"]).await),
        ["colours@1"]
    );
    let kept = cache
        .path()
        .read_dir()
        .expect("a cache")
        .next()
        .expect("a copy")
        .expect("a copy");
    std::fs::write(kept.path().join("model.onnx"), b"damaged").expect("written");
    let again = models_of(&server, cache.path(), &["eyes"]).await;
    assert_eq!(
        (names(&again), again.refused()),
        (vec!["colours@1".to_owned()], vec![])
    );
}

#[tokio::test]
async fn what_is_not_there_or_not_what_it_says_is_refused() {
    let (server, cache) = (S3Server::start(), tempfile::tempdir().expect("a folder"));
    copy(&small("colours"), &server.bucket().join("wrong"));
    std::fs::write(server.bucket().join("wrong/model.onnx"), b"another").expect("written");
    let classifiers = models_of(&server, cache.path(), &["absent", "wrong", "absent.tar"]).await;
    assert!(classifiers.loaded().is_empty());
    let reasons: Vec<_> = classifiers
        .refused()
        .into_iter()
        .map(|refused| refused.reason)
        .collect();
    assert!(reasons[0].ends_with("has no manifest.json"), "{reasons:?}");
    assert!(reasons[1].contains("sha256"), "{reasons:?}");
    assert!(reasons[2].contains("has no absent.tar"), "{reasons:?}");
    assert!(!format!("{reasons:?}").contains(S3Server::SECRET_ACCESS_KEY));
}
