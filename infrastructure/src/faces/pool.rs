//! Engines, each of which one thread uses at a time.

use super::{
    bridge::{DlibEngine, open_engine},
    models::{FaceModels, FoundModels},
};
use cxx::UniquePtr;
use domain::{BoxError, faces::FaceError};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Engines that wait for work. One takes about 70 MB, so each is opened when all others are busy.
pub(super) struct EnginePool {
    models: FaceModels,
    idle: Mutex<Vec<UniquePtr<DlibEngine>>>,
    /// The files that were looked into last and are not the right ones.
    refused: Mutex<Option<FoundModels>>,
}

impl EnginePool {
    pub(super) fn new(models: FaceModels) -> Self {
        Self {
            models,
            idle: Mutex::default(),
            refused: Mutex::default(),
        }
    }

    /// Whether an engine could be opened, as far as can be told quickly.
    pub(super) fn check(&self) -> Result<(), FaceError> {
        let found = self.models.found().ok_or(FaceError::NotLoaded)?;
        if *self.refused() == Some(found) {
            return Err(FaceError::NotLoaded);
        }
        Ok(())
    }

    /// Lets somebody work with an engine. One whose work failed in C++ is not used again.
    pub(super) fn with<T>(
        &self,
        work: impl FnOnce(std::pin::Pin<&mut DlibEngine>) -> Result<T, cxx::Exception>,
    ) -> Result<T, FaceError> {
        let idle = self.idle().pop();
        let mut engine = match idle {
            Some(engine) => engine,
            None => self.open()?,
        };
        let outcome = work(engine.pin_mut()).map_err(|error| FaceError::Unavailable(error.into()));
        if outcome.is_ok() {
            self.idle().push(engine);
        } else {
            count_engines(-1.0);
        }
        outcome
    }

    /// Opens one more. The files are read each time, for they may have been replaced; those that were refused are not read again.
    fn open(&self) -> Result<UniquePtr<DlibEngine>, FaceError> {
        self.check()?;
        let found = self.models.found();
        if let Err(error) = self.models.check() {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "the models of faces cannot be used"
            );
            *self.refused() = found;
            return Err(FaceError::NotLoaded);
        }
        let text = |path: std::path::PathBuf| {
            let text = path.into_os_string().into_string();
            text.map_err(|_| {
                FaceError::Unavailable(BoxError::from("the models' folder has no name in UTF-8"))
            })
        };
        let (landmarks, network) = (text(self.models.landmarks())?, text(self.models.network())?);
        let engine = open_engine(&landmarks, &network);
        let engine = engine.map_err(|error| FaceError::Unavailable(error.into()))?;
        count_engines(1.0);
        Ok(engine)
    }

    fn refused(&self) -> MutexGuard<'_, Option<FoundModels>> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Nothing panics while the lock is held, so a poisoned one is as good as any.
    fn idle(&self) -> MutexGuard<'_, Vec<UniquePtr<DlibEngine>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn count_engines(change: f64) {
    metrics::gauge!("ocellus_face_engines").increment(change);
}
