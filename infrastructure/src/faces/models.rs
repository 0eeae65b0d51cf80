//! The files of the models.

use domain::images::Sha256Digest;
use sha2::{Digest, Sha256};
use std::{
    io,
    path::{Path, PathBuf},
    time::SystemTime,
};

/// A file of a model, and the SHA-256 digest that it must have.
type Wanted = (&'static str, &'static str);

/// Finds the corners of the eyes and the nose.
const LANDMARKS: Wanted = (
    "shape_predictor_5_face_landmarks.dat",
    "c4b1e9804792707d3a405c2c16a80a20269e6675021f64a41d30fffafbc41888",
);
/// Makes an embedding of an upright face.
const NETWORK: Wanted = (
    "dlib_face_recognition_resnet_model_v1.dat",
    "55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30",
);

/// Why the models cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum ModelError {
    #[error("{} cannot be read", path.display())]
    Unreadable {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("{} is another file than it should be: its SHA-256 is {found}", path.display())]
    Other { path: PathBuf, found: Sha256Digest },
}

/// The length of each file, and when it was changed last: others are of others.
pub(super) type FoundModels = [(u64, SystemTime); 2];

/// The folder of the models.
#[derive(Debug, Clone)]
pub struct FaceModels {
    folder: PathBuf,
}

impl FaceModels {
    /// In this folder, whether or not they are there.
    pub fn in_folder(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
        }
    }

    /// Which files are there, whatever is in them; `None` unless both are.
    pub(super) fn found(&self) -> Option<FoundModels> {
        let found = |(name, _)| {
            let file = self.folder.join(name).metadata().ok()?;
            file.is_file().then_some((file.len(), file.modified().ok()?))
        };
        Some([found(LANDMARKS)?, found(NETWORK)?])
    }

    /// Reads both files and compares their digests.
    pub(super) fn check(&self) -> Result<(), ModelError> {
        for (name, wanted) in [LANDMARKS, NETWORK] {
            let path = self.folder.join(name);
            let bytes = match std::fs::read(&path) {
                Ok(bytes) => bytes,
                Err(source) => return Err(ModelError::Unreadable { path, source }),
            };
            let found = Sha256Digest(Sha256::digest(bytes).into());
            if found.to_string() != wanted {
                return Err(ModelError::Other { path, found });
            }
        }
        Ok(())
    }

    /// Where the landmarks' model lies.
    pub(super) fn landmarks(&self) -> PathBuf {
        self.folder.join(Path::new(LANDMARKS.0))
    }

    /// Where the network lies.
    pub(super) fn network(&self) -> PathBuf {
        self.folder.join(Path::new(NETWORK.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_are_there_when_both_files_are_and_right_when_their_digests_are() {
        let folder = tempfile::tempdir().unwrap();
        let models = FaceModels::in_folder(folder.path());
        assert_eq!(models.found(), None);
        assert!(matches!(models.check(), Err(ModelError::Unreadable { .. })));
        for (name, _) in [LANDMARKS, NETWORK] {
            std::fs::write(folder.path().join(name), b"damaged").unwrap();
        }
        assert!(models.found().is_some());
        assert!(matches!(models.check(), Err(ModelError::Other { .. })));
    }
}
