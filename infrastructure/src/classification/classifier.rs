//! The port's face of one loaded model.

use super::{
    attribution::Failure,
    heat_map::{draw, measure},
    manifest::Manifest,
    network::Network,
    slots::{Slot, Slots},
};
use crate::imaging::{ColourPage, DecodeBudget, DecodeLimits, collect, decode_in_colour};
use async_trait::async_trait;
use bytes::Bytes;
use domain::{
    BoxError,
    images::{ByteSource, ImageError, MediaType},
    predictions::{Attribution, ClassificationError, Classifier, Model, Probabilities},
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::{task::spawn_blocking, time::timeout};

/// What all models of a process share.
#[derive(Clone)]
pub(super) struct Means {
    pub(super) slots: Slots,
    pub(super) limits: DecodeLimits,
    pub(super) budget: DecodeBudget,
    pub(super) timeout: Duration,
}

/// A model in memory. It has no state, so any number of requests use it at once.
pub(super) struct RtenClassifier {
    loaded: Arc<Loaded>,
    means: Means,
}

struct Loaded {
    manifest: Manifest,
    network: Network,
}

impl RtenClassifier {
    pub(super) fn new(manifest: Manifest, network: Network, means: Means) -> Self {
        Self {
            loaded: Arc::new(Loaded { manifest, network }),
            means,
        }
    }

    pub(super) fn manifest(&self) -> &Manifest {
        &self.loaded.manifest
    }

    /// Does work with the decoded image on a thread of its own, as soon as one is free.
    async fn work<T: Send + 'static>(
        &self,
        purpose: &'static str,
        media_type: MediaType,
        mut content: Box<dyn ByteSource>,
        work: impl FnOnce(&Loaded, &Slot, ColourPage, &Patience) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, ClassificationError> {
        let slot = self.means.slots.take().await?;
        let patience = Patience::new(self.means.timeout);
        let given_up = GivenUp(Arc::clone(&patience.given_up));
        let unavailable = |error: BoxError| ClassificationError::Image(ImageError::Unavailable(error));
        let bytes = timeout(self.means.timeout, collect(content.as_mut()))
            .await
            .map_err(|late| unavailable(late.into()))?
            .map_err(|error| unavailable(error.into()))?;
        drop(content);
        let (loaded, means) = (Arc::clone(&self.loaded), self.means.clone());
        let run = move || {
            let begun = Instant::now();
            // The thread is held by the work itself, which goes on to its next step when nobody waits for it any more.
            let page = decode_in_colour(media_type, bytes, &means.limits, &means.budget)?;
            if !patience.is_left() {
                return Err(ClassificationError::Timeout);
            }
            let done = work(&loaded, &slot, page, &patience).map_err(|failure| match failure {
                Failure::Unwanted => ClassificationError::Timeout,
                Failure::Unusable => ClassificationError::UnusableOutput,
                Failure::Engine(said) => ClassificationError::Unavailable(said.into()),
            });
            metrics::histogram!(
                "ocellus_classification_duration_seconds",
                "model" => loaded.manifest.model.name.to_string(), "purpose" => purpose
            )
            .record(begun.elapsed());
            done
        };
        let outcome = timeout(self.means.timeout, spawn_blocking(run)).await;
        drop(given_up);
        outcome
            .map_err(|_| ClassificationError::Timeout)?
            .map_err(|error| ClassificationError::Unavailable(error.into()))?
    }
}

#[async_trait]
impl Classifier for RtenClassifier {
    fn model(&self) -> &Model {
        &self.loaded.manifest.model
    }

    async fn classify(
        &self,
        media_type: MediaType,
        content: Box<dyn ByteSource>,
    ) -> Result<Probabilities, ClassificationError> {
        self.work("probabilities", media_type, content, |loaded, slot, page, _| {
            let input = loaded.manifest.preprocessing.prepare(&page.pixels);
            let input = input.map_err(|error| Failure::Engine(error.to_string()))?;
            // Its memory is for others to have.
            drop(page);
            let answer = loaded
                .network
                .answer(&input, false, slot.pool())
                .map_err(Failure::Engine)?;
            Probabilities::of_logits(&answer.logits).ok_or(Failure::Unusable)
        })
        .await
    }

    async fn attribution(
        &self,
        media_type: MediaType,
        content: Box<dyn ByteSource>,
        label: usize,
    ) -> Result<Attribution, ClassificationError> {
        self.work(
            "attribution",
            media_type,
            content,
            move |loaded, slot, page, patience| {
                let Loaded { manifest, network } = loaded;
                let wanted = || patience.is_left();
                let measured = measure(network, manifest, slot.pool(), &page.pixels, label, wanted)?;
                Ok(measured.attribution)
            },
        )
        .await
    }

    async fn heat_map(
        &self,
        media_type: MediaType,
        content: Box<dyn ByteSource>,
        label: usize,
        overlay: bool,
    ) -> Result<Bytes, ClassificationError> {
        self.work(
            "heat_map",
            media_type,
            content,
            move |loaded, slot, page, patience| {
                let Loaded { manifest, network } = loaded;
                let wanted = || patience.is_left();
                let measured = measure(network, manifest, slot.pool(), &page.pixels, label, wanted)?;
                draw(manifest, &page.pixels, &measured, overlay)
            },
        )
        .await
    }
}

/// How long an image may take, and whether anybody waits for it.
struct Patience {
    until: Instant,
    given_up: Arc<AtomicBool>,
}

impl Patience {
    fn new(limit: Duration) -> Self {
        Self {
            until: Instant::now() + limit,
            given_up: Arc::default(),
        }
    }

    fn is_left(&self) -> bool {
        !self.given_up.load(Ordering::Relaxed) && Instant::now() < self.until
    }
}

/// Says when it is dropped, with the future that holds it, that nobody waits any more.
struct GivenUp(Arc<AtomicBool>);

impl Drop for GivenUp {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
