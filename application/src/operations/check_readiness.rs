//! Whether the service can do its work.

use domain::{
    faces::{FaceEngine, FaceError},
    operations::HealthProbe,
    predictions::{Classifiers, RefusedModel},
};
use futures_util::future::join4;
use std::sync::Arc;

/// Which of the parts that decide readiness answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Readiness {
    /// The database answers.
    pub database: bool,
    /// Blobs can be written and read.
    pub storage: bool,
    /// Text can be recognized.
    pub ocr: bool,
    /// The broker answers, where there is one. Without it tasks wait, but nothing is refused.
    pub queue: Option<bool>,
    /// Users can log in with faces; `None` where that is not in use.
    pub faces: Option<bool>,
    /// How many classifiers are loaded. Without one only predictions are refused.
    pub models: usize,
    /// The classifiers that are configured and could not be loaded.
    pub refused_models: Vec<RefusedModel>,
}

impl Readiness {
    /// Whether requests can be served.
    pub fn is_ready(&self) -> bool {
        self.database && self.storage && self.ocr
    }
}

/// Asks every part at once.
pub struct CheckReadiness {
    /// The database.
    pub database: Arc<dyn HealthProbe>,
    /// The blob store.
    pub storage: Arc<dyn HealthProbe>,
    /// The OCR engine.
    pub ocr: Arc<dyn HealthProbe>,
    /// The broker, where there is one.
    pub queue: Option<Arc<dyn HealthProbe>>,
    /// What knows faces.
    pub faces: Arc<dyn FaceEngine>,
    /// Whether it is a failure that the models of faces are absent.
    pub faces_demanded: bool,
    /// The classifiers.
    pub classifiers: Arc<dyn Classifiers>,
}

impl CheckReadiness {
    /// How the parts are. Why one fails is logged.
    pub async fn execute(&self) -> Readiness {
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
        let answers = |part: &str, outcome: Result<(), domain::BoxError>| {
            if let Err(error) = &outcome {
                tracing::warn!(part, error = &**error as &dyn std::error::Error, "not ready");
            }
            outcome.is_ok()
        };
        Readiness {
            database: answers("database", database),
            storage: answers("storage", storage),
            ocr: answers("ocr", ocr),
            queue: queue.map(|outcome| answers("queue", outcome)),
            faces: match self.faces.check() {
                Err(FaceError::Disabled) => None,
                Err(FaceError::NotLoaded) if !self.faces_demanded => None,
                outcome => Some(answers("faces", outcome.map_err(Into::into))),
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

    fn part(answers: bool) -> Arc<MockHealthProbe> {
        let mut probe = MockHealthProbe::new();
        probe.expect_probe().times(1).returning(move || {
            if answers {
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

    /// One model that is loaded, and these that are not.
    fn classifiers(refused: Vec<RefusedModel>) -> Arc<MockClassifiers> {
        let mut classifiers = MockClassifiers::new();
        classifiers
            .expect_loaded()
            .returning(|| vec![fixtures::classifier("eyes", "1")]);
        classifiers.expect_refused().return_const(refused);
        Arc::new(classifiers)
    }

    #[tokio::test]
    async fn every_part_must_answer() {
        for (database, storage, ocr) in [
            (true, true, true),
            (false, true, true),
            (true, false, true),
            (true, true, false),
        ] {
            let check = CheckReadiness {
                database: part(database),
                storage: part(storage),
                ocr: part(ocr),
                queue: None,
                faces: engine(|| Err(FaceError::Disabled)),
                faces_demanded: false,
                classifiers: classifiers(vec![]),
            };
            let readiness = check.execute().await;
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
    async fn requests_are_served_without_the_broker_which_is_told_all_the_same() {
        let check = CheckReadiness {
            database: part(true),
            storage: part(true),
            ocr: part(true),
            queue: Some(part(false)),
            faces: engine(|| Ok(())),
            faces_demanded: false,
            classifiers: classifiers(vec![]),
        };
        let readiness = check.execute().await;
        assert_eq!((readiness.queue, readiness.is_ready()), (Some(false), true));
    }

    #[tokio::test]
    async fn absent_models_of_faces_are_a_failure_only_where_faces_are_demanded() {
        for (outcome, demanded, faces) in [
            ((|| Ok(())) as fn() -> Result<(), FaceError>, false, Some(true)),
            (|| Err(FaceError::Disabled), false, None),
            (|| Err(FaceError::NotLoaded), false, None),
            (|| Err(FaceError::NotLoaded), true, Some(false)),
        ] {
            let check = CheckReadiness {
                database: part(true),
                storage: part(true),
                ocr: part(true),
                queue: None,
                faces: engine(outcome),
                faces_demanded: demanded,
                classifiers: classifiers(vec![]),
            };
            let readiness = check.execute().await;
            assert_eq!((readiness.faces, readiness.is_ready()), (faces, true));
        }
    }

    #[tokio::test]
    async fn requests_are_served_without_some_models_which_are_named_all_the_same() {
        let refused = vec![RefusedModel {
            source: "file:///srv/models/ears".into(),
            reason: "its digest is another".into(),
        }];
        let check = CheckReadiness {
            database: part(true),
            storage: part(true),
            ocr: part(true),
            queue: None,
            faces: engine(|| Err(FaceError::Disabled)),
            faces_demanded: false,
            classifiers: classifiers(refused.clone()),
        };
        let readiness = check.execute().await;
        assert!(readiness.is_ready());
        assert_eq!((readiness.models, readiness.refused_models), (1, refused));
    }
}
