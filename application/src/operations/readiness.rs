//! Readiness: which parts of the service work.

use domain::{
    faces::{FaceEngine, FaceError},
    operations::HealthProbe,
    predictions::{Classifiers, RefusedModel},
};
use futures_util::future::join4;
use std::sync::Arc;

/// The state of each part of the service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Readiness {
    /// Whether the database responds.
    pub database: bool,
    /// Whether blobs can be written and read.
    pub storage: bool,
    /// Whether text can be recognized.
    pub ocr: bool,
    /// Whether the broker responds, or `None` without one. While it is down, tasks are accepted and wait.
    pub queue: Option<bool>,
    /// Whether users can log in with a face, or `None` if faces are disabled.
    pub faces: Option<bool>,
    /// The number of loaded classifiers. Without one, only predictions are rejected.
    pub models: usize,
    /// The configured classifiers that could not be loaded.
    pub refused_models: Vec<RefusedModel>,
}

impl Readiness {
    /// Returns whether requests can be served.
    pub fn is_ready(&self) -> bool {
        self.database && self.storage && self.ocr
    }
}

/// Checks all parts concurrently.
pub struct ReadinessCheck {
    /// The database.
    pub database: Arc<dyn HealthProbe>,
    /// The blob store.
    pub storage: Arc<dyn HealthProbe>,
    /// The OCR engine.
    pub ocr: Arc<dyn HealthProbe>,
    /// The broker, if one is configured.
    pub queue: Option<Arc<dyn HealthProbe>>,
    /// The face engine.
    pub faces: Arc<dyn FaceEngine>,
    /// Whether missing face models are a failure.
    pub faces_required: bool,
    /// The classifiers.
    pub classifiers: Arc<dyn Classifiers>,
}

impl ReadinessCheck {
    /// Checks every part, and logs why one fails.
    pub async fn check(&self) -> Readiness {
        let queue = async {
            match &self.queue {
                Some(queue) => Some(queue.probe().await),
                None => None,
            }
        };
        let (database, storage, ocr, queue) = join4(
            self.database.probe(),
            self.storage.probe(),
            self.ocr.probe(),
            queue,
        )
        .await;
        let responds = |part: &str, outcome: Result<(), domain::BoxError>| {
            if let Err(error) = &outcome {
                tracing::warn!(part, error = &**error as &dyn std::error::Error, "not ready");
            }
            outcome.is_ok()
        };
        Readiness {
            database: responds("database", database),
            storage: responds("storage", storage),
            ocr: responds("ocr", ocr),
            queue: queue.map(|outcome| responds("queue", outcome)),
            faces: match self.faces.check() {
                Err(FaceError::Disabled) => None,
                Err(FaceError::NotLoaded) if !self.faces_required => None,
                outcome => Some(responds("faces", outcome.map_err(Into::into))),
            },
            models: self.classifiers.loaded().len(),
            refused_models: self.classifiers.refused(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;
    use domain::{
        BoxError, faces::MockFaceEngine, operations::MockHealthProbe, predictions::MockClassifiers,
    };

    fn part(responds: bool) -> Arc<MockHealthProbe> {
        let mut probe = MockHealthProbe::new();
        probe.expect_probe().times(1).returning(move || {
            if responds {
                Ok(())
            } else {
                Err(BoxError::from("down"))
            }
        });
        Arc::new(probe)
    }

    fn engine(outcome: fn() -> Result<(), FaceError>) -> Arc<MockFaceEngine> {
        let mut engine = MockFaceEngine::new();
        engine.expect_check().returning(outcome);
        Arc::new(engine)
    }

    /// One loaded model, and these that could not be loaded.
    fn classifiers(refused: Vec<RefusedModel>) -> Arc<MockClassifiers> {
        let mut classifiers = MockClassifiers::new();
        classifiers
            .expect_loaded()
            .returning(|| vec![fixtures::classifier("eyes", "1")]);
        classifiers.expect_refused().return_const(refused);
        Arc::new(classifiers)
    }

    #[tokio::test]
    async fn the_database_storage_and_ocr_decide_readiness() {
        for (database, storage, ocr) in [
            (true, true, true),
            (false, true, true),
            (true, false, true),
            (true, true, false),
        ] {
            let check = ReadinessCheck {
                database: part(database),
                storage: part(storage),
                ocr: part(ocr),
                queue: None,
                faces: engine(|| Err(FaceError::Disabled)),
                faces_required: false,
                classifiers: classifiers(vec![]),
            };
            let readiness = check.check().await;
            assert_eq!(
                readiness,
                Readiness {
                    database,
                    storage,
                    ocr,
                    queue: None,
                    faces: None,
                    models: 1,
                    refused_models: vec![],
                }
            );
            assert_eq!(readiness.is_ready(), database && storage && ocr);
        }
    }

    #[tokio::test]
    async fn the_service_is_ready_without_the_broker() {
        let check = ReadinessCheck {
            database: part(true),
            storage: part(true),
            ocr: part(true),
            queue: Some(part(false)),
            faces: engine(|| Ok(())),
            faces_required: false,
            classifiers: classifiers(vec![]),
        };
        let readiness = check.check().await;
        assert_eq!((readiness.queue, readiness.is_ready()), (Some(false), true));
    }

    #[tokio::test]
    async fn missing_face_models_are_a_failure_only_if_faces_are_required() {
        for (outcome, required, faces) in [
            ((|| Ok(())) as fn() -> Result<(), FaceError>, false, Some(true)),
            (|| Err(FaceError::Disabled), false, None),
            (|| Err(FaceError::NotLoaded), false, None),
            (|| Err(FaceError::NotLoaded), true, Some(false)),
        ] {
            let check = ReadinessCheck {
                database: part(true),
                storage: part(true),
                ocr: part(true),
                queue: None,
                faces: engine(outcome),
                faces_required: required,
                classifiers: classifiers(vec![]),
            };
            let readiness = check.check().await;
            assert_eq!((readiness.faces, readiness.is_ready()), (faces, true));
        }
    }

    #[tokio::test]
    async fn the_service_is_ready_without_some_models_and_names_them() {
        let refused = vec![RefusedModel {
            source: "file:///srv/models/ears".into(),
            reason: "its digest is another".into(),
        }];
        let check = ReadinessCheck {
            database: part(true),
            storage: part(true),
            ocr: part(true),
            queue: None,
            faces: engine(|| Err(FaceError::Disabled)),
            faces_required: false,
            classifiers: classifiers(refused.clone()),
        };
        let readiness = check.check().await;
        assert!(readiness.is_ready());
        assert_eq!((readiness.models, readiness.refused_models), (1, refused));
    }
}
