//! Faces.

use super::{StartError, at};
use crate::{configuration::Settings, ports::FacePorts};
use domain::faces::FaceEngine;
#[cfg(feature = "faces")]
use infrastructure::faces::{DlibFaceEngine, FaceModels};
use infrastructure::{
    faces::AbsentFaceEngine,
    imaging::{DecodeBudget, DecodeLimits},
    security::AesEmbeddingCipher,
};
use std::sync::Arc;

/// The key of faces is needed where there is no engine, too: what was enrolled before stays encrypted.
pub(super) fn start(
    settings: &Settings,
    limits: DecodeLimits,
    budget: DecodeBudget,
) -> Result<FacePorts, StartError> {
    let previous = &settings.faces.previous_encryption_keys();
    let cipher = match &settings.faces.encryption_key {
        Some(key) => AesEmbeddingCipher::new(&key.0, previous),
        None => AesEmbeddingCipher::load_or_generate(&settings.data_dir.0.join("faces.key"), previous),
    };
    let engine: Arc<dyn FaceEngine> = match settings.faces.enabled {
        Some(false) => Arc::new(AbsentFaceEngine),
        enabled => engine(settings, enabled, limits, budget)?,
    };
    Ok(FacePorts {
        engine,
        cipher: Arc::new(cipher.map_err(at("faces.encryption_key"))?),
    })
}

#[cfg(feature = "faces")]
#[expect(clippy::unnecessary_wraps, reason = "without the feature it may fail")]
fn engine(
    settings: &Settings,
    _enabled: Option<bool>,
    limits: DecodeLimits,
    budget: DecodeBudget,
) -> Result<Arc<dyn FaceEngine>, StartError> {
    let models = FaceModels::in_folder(settings.faces.models_dir.0.clone());
    let engines = settings.workers.threads();
    Ok(Arc::new(DlibFaceEngine::new(models, engines, limits, budget)))
}

#[cfg(not(feature = "faces"))]
fn engine(
    _settings: &Settings,
    enabled: Option<bool>,
    _limits: DecodeLimits,
    _budget: DecodeBudget,
) -> Result<Arc<dyn FaceEngine>, StartError> {
    match enabled {
        None => Ok(Arc::new(AbsentFaceEngine)),
        Some(_) => Err(at("faces.enabled")("this program was built without faces")),
    }
}
