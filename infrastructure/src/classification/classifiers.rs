//! The models of a process.

use super::{
    buckets::ModelBuckets,
    classifier::{Means, RtenClassifier},
    folder::{ModelFiles, path_of},
    manifest::Manifest,
    network::Network,
    settings::{ClassifierSettings, ModelSources},
    slots::Slots,
};
use crate::imaging::{DecodeBudget, DecodeLimits};
use domain::predictions::{Classifier, Classifiers, Model, RefusedModel};
use futures_util::{FutureExt, StreamExt, stream};
use std::{
    path::Path,
    sync::{Arc, PoisonError, RwLock},
};
use tokio::{sync::Mutex, task::spawn_blocking};
use url::Url;

/// How many models are fetched and loaded at once: each is in memory twice meanwhile.
const AT_ONCE: usize = 4;

/// Classifies with ONNX models on a fixed number of threads of lower priority, which all models share.
pub struct RtenClassifiers {
    sources: ModelSources,
    buckets: ModelBuckets,
    means: Means,
    state: RwLock<Arc<State>>,
    /// Models are loaded anew by one at a time.
    loading: Mutex<()>,
}

/// What is loaded: replaced as a whole.
#[derive(Default)]
struct State {
    loaded: Vec<Entry>,
    refused: Vec<RefusedModel>,
}

/// A model and where it came from.
#[derive(Clone)]
struct Entry {
    source: Url,
    classifier: Arc<RtenClassifier>,
}

impl RtenClassifiers {
    /// Loads every model. One that cannot be loaded is among [`Classifiers::refused`], and the others serve. Images are
    /// decoded under `limits`, in memory from `budget`.
    pub async fn start(settings: ClassifierSettings, limits: DecodeLimits, budget: DecodeBudget) -> Self {
        let classifiers = Self {
            means: Means {
                slots: Slots::new(settings.threads, settings.waiting),
                limits,
                budget,
                timeout: settings.timeout,
            },
            sources: settings.sources,
            buckets: ModelBuckets::new(settings.access, settings.cache),
            state: RwLock::default(),
            loading: Mutex::default(),
        };
        classifiers.reload().await;
        classifiers
    }

    /// Looks for the models again: loads what is new or has changed, drops what is gone, and keeps what serves where
    /// its source has become bad. Requests go on meanwhile, each to its end with the model it began with.
    pub async fn reload(&self) {
        let _loading = self.loading.lock().await;
        let (sources, unreadable) = sources(&self.sources);
        let before = self.state();
        let mut next = State {
            refused: unreadable.into_iter().collect(),
            ..State::default()
        };
        // What is slow to fetch does not make the others wait.
        let load = |source| self.load(source, &before).boxed();
        let loading: Vec<_> = sources.iter().map(load).collect();
        let loaded: Vec<_> = stream::iter(loading).buffered(AT_ONCE).collect().await;
        for (source, loaded) in sources.into_iter().zip(loaded) {
            next.take(source, loaded, &before);
        }
        *self.state.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(next);
    }

    /// Loads a model, or takes the one that is loaded already where nothing has changed.
    async fn load(&self, source: &Url, before: &State) -> Result<Arc<RtenClassifier>, String> {
        let fetched = match source.scheme() {
            "s3" => Some(self.buckets.fetch(source).await?),
            _ => None,
        };
        let (from, means, known) = (source.clone(), self.means.clone(), before.loaded.clone());
        let work = move || {
            let files = fetched.map_or_else(|| ModelFiles::read(&path_of(&from)?), Ok)?;
            load(&from, files, &means, &known)
        };
        let loaded = spawn_blocking(work).await;
        loaded.unwrap_or_else(|error| Err(error.to_string()))
    }

    fn state(&self) -> Arc<State> {
        Arc::clone(&self.state.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl State {
    /// Adds what came of loading a source.
    fn take(&mut self, source: Url, loaded: Result<Arc<RtenClassifier>, String>, before: &Self) {
        let loaded = loaded.and_then(|classifier| {
            let model = classifier.model();
            if self.has(model) {
                Err(format!(
                    "another model is called {}@{}",
                    model.name, model.version
                ))
            } else {
                Ok(classifier)
            }
        });
        let classifier = match loaded {
            Ok(classifier) => Some(classifier),
            Err(mut reason) => {
                let serving = |entry: &&Entry| entry.source == source && !self.has(entry.classifier.model());
                let previous = before.loaded.iter().find(serving);
                if previous.is_some() {
                    reason.push_str("; what was loaded before goes on serving");
                }
                let shown = shown(&source);
                tracing::error!(source = shown, reason, "a model was refused");
                self.refused.push(RefusedModel {
                    source: shown,
                    reason,
                });
                previous.map(|entry| Arc::clone(&entry.classifier))
            }
        };
        self.loaded
            .extend(classifier.map(|classifier| Entry { source, classifier }));
    }

    /// Whether there is a model of this name and version.
    fn has(&self, model: &Model) -> bool {
        self.loaded.iter().any(|entry| {
            let other = entry.classifier.model();
            (&other.name, &other.version) == (&model.name, &model.version)
        })
    }
}

impl Classifiers for RtenClassifiers {
    fn loaded(&self) -> Vec<Arc<dyn Classifier>> {
        let state = self.state();
        let classifiers = state.loaded.iter().map(|entry| Arc::clone(&entry.classifier));
        classifiers
            .map(|classifier| classifier as Arc<dyn Classifier>)
            .collect()
    }

    fn refused(&self) -> Vec<RefusedModel> {
        self.state().refused.clone()
    }
}

/// What is to be loaded, in order, and the folder that could not be looked into.
fn sources(configured: &ModelSources) -> (Vec<Url>, Option<RefusedModel>) {
    let folder = match configured {
        ModelSources::Listed(urls) => return (urls.clone(), None),
        ModelSources::Folder(folder) => folder,
    };
    match subfolders(folder) {
        Ok(found) => (found, None),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => (Vec::new(), None),
        Err(error) => {
            let refused = RefusedModel {
                source: folder.display().to_string(),
                reason: format!("the folder of the models cannot be read: {error}"),
            };
            (Vec::new(), Some(refused))
        }
    }
}

/// The folders in a folder by name, but for hidden ones.
fn subfolders(folder: &Path) -> std::io::Result<Vec<Url>> {
    let mut found = Vec::new();
    for entry in std::path::absolute(folder)?.read_dir()? {
        let entry = entry?;
        let hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
        if !hidden && entry.path().is_dir() {
            found.extend(Url::from_directory_path(entry.path()));
        }
    }
    found.sort();
    Ok(found)
}

/// Where a model is to come from, without anything secret.
fn shown(source: &Url) -> String {
    let mut shown = source.clone();
    shown.set_query(None);
    shown.set_fragment(None);
    let _ = shown.set_password(None);
    shown.to_string()
}

fn load(
    source: &Url,
    files: ModelFiles,
    means: &Means,
    known: &[Entry],
) -> Result<Arc<RtenClassifier>, String> {
    let manifest = files.check()?;
    let same = |entry: &&Entry| *entry.classifier.manifest() == manifest;
    if let Some(entry) = known.iter().find(same) {
        return Ok(Arc::clone(&entry.classifier));
    }
    let network = Network::load(files.onnx, &manifest)?;
    announce(source, &manifest);
    Ok(Arc::new(RtenClassifier::new(manifest, network, means.clone())))
}

fn announce(source: &Url, manifest: &Manifest) {
    tracing::info!(
        source = shown(source),
        name = %manifest.model.name,
        version = %manifest.model.version,
        sha256 = %manifest.model.sha256,
        notice = manifest.notice.as_deref().unwrap_or_default(),
        "a model is loaded"
    );
}
