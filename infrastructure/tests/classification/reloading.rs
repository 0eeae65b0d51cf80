//! Loading anew while requests are answered.

use crate::models::{RED, copy, folder_of, label_of, names, plain, small, start};
use domain::predictions::Classifiers;
use infrastructure::classification::ModelSources;
use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

#[tokio::test]
async fn what_is_new_comes_and_what_is_gone_goes() {
    let folder = folder_of(&[("a", "colours")]);
    let classifiers = start(ModelSources::Folder(folder.path().to_owned())).await;
    copy(&small("colours_2"), &folder.path().join("b"));
    assert_eq!(names(&classifiers), ["colours@1"], "nothing happens by itself");
    let first = classifiers.loaded().remove(0);
    classifiers.reload().await;
    assert_eq!(names(&classifiers), ["colours@1", "colours@2"]);
    assert!(
        Arc::ptr_eq(&first, &classifiers.loaded()[0]),
        "what did not change is not loaded again"
    );
    std::fs::remove_dir_all(folder.path().join("a")).expect("removed");
    classifiers.reload().await;
    assert_eq!(names(&classifiers), ["colours@2"]);
    // Who holds it can use it.
    assert_eq!(label_of(&*first, plain([255, 0, 0])).await, RED);
}

#[tokio::test]
async fn what_serves_goes_on_when_its_source_turns_bad() {
    let folder = folder_of(&[("a", "colours")]);
    let classifiers = start(ModelSources::Folder(folder.path().to_owned())).await;
    std::fs::write(folder.path().join("a/model.onnx"), b"half of it").expect("written");
    classifiers.reload().await;
    assert_eq!(names(&classifiers), ["colours@1"]);
    let reason = classifiers.refused().remove(0).reason;
    assert!(
        reason.contains("sha256") && reason.contains("goes on serving"),
        "{reason}"
    );
    copy(&small("colours_2"), &folder.path().join("a"));
    classifiers.reload().await;
    assert_eq!(names(&classifiers), ["colours@2"]);
    assert_eq!(classifiers.refused(), []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_request_is_dropped_by_a_reload() {
    let folder = folder_of(&[("a", "colours")]);
    let classifiers = Arc::new(start(ModelSources::Folder(folder.path().to_owned())).await);
    let (over, answered) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let asking: Vec<_> = (0..4)
        .map(|_| {
            let (classifiers, over, answered) = (classifiers.clone(), over.clone(), answered.clone());
            tokio::spawn(async move {
                while !over.load(Ordering::Relaxed) {
                    let classifier = classifiers.loaded().remove(0);
                    assert_eq!(label_of(&*classifier, plain([255, 0, 0])).await, RED);
                    answered.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    for model in ["colours_2", "colours"].repeat(10) {
        let before = answered.load(Ordering::Relaxed);
        copy(&small(model), &folder.path().join("a"));
        classifiers.reload().await;
        while answered.load(Ordering::Relaxed) == before {
            tokio::task::yield_now().await;
        }
    }
    over.store(true, Ordering::Relaxed);
    for task in asking {
        task.await.expect("every request was answered");
    }
}
