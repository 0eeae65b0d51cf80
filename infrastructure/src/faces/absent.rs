//! No engine.

use async_trait::async_trait;
use domain::faces::{DescribedFace, FaceEngine, FaceError, Photo};

/// Stands where faces are switched off, in the configuration or when the program was built.
#[derive(Debug, Clone, Copy, Default)]
pub struct AbsentFaceEngine;

#[async_trait]
impl FaceEngine for AbsentFaceEngine {
    fn model(&self) -> String {
        String::new()
    }

    fn check(&self) -> Result<(), FaceError> {
        Err(FaceError::Disabled)
    }

    async fn describe(&self, _photo: Photo) -> Result<DescribedFace, FaceError> {
        Err(FaceError::Disabled)
    }
}
