//! The classifiers: loaded at start, and anew whenever somebody asks for it.

use super::{StartError, at, storage};
use crate::configuration::Settings;
use infrastructure::{
    classification::{ClassifierSettings, ModelSources, RtenClassifiers},
    imaging::{DecodeBudget, DecodeLimits},
};
use std::sync::Arc;
use tokio::signal::unix::{SignalKind, signal};

/// Loads the models, and does so again at every SIGHUP. What cannot be loaded stops nothing.
pub(super) async fn load(
    settings: &Settings,
    limits: DecodeLimits,
    budget: DecodeBudget,
) -> Result<Arc<RtenClassifiers>, StartError> {
    let models = settings.data_dir.0.join("models");
    let sources = match &settings.predictions.models {
        Some(urls) => ModelSources::Listed(urls.iter().map(|url| url.0.clone()).collect()),
        None => ModelSources::Folder(models.join("classifiers")),
    };
    // From now on a hangup does not end the process.
    let mut hangups = signal(SignalKind::hangup()).map_err(at("predictions.models"))?;
    let access = storage::access(&settings.storage.s3);
    let threads = settings.workers.threads();
    let setup = ClassifierSettings::new(sources, threads, models.join("cache"), access);
    let classifiers = Arc::new(RtenClassifiers::start(setup, limits, budget).await);
    let reloading = classifiers.clone();
    tokio::spawn(async move {
        while hangups.recv().await.is_some() {
            tracing::info!("loading models anew");
            reloading.reload().await;
        }
    });
    Ok(classifiers)
}
