//! Inspecting images, a few at a time.

use super::{DecodeBudget, DecodeLimits, PageDecoder, collect};
use async_trait::async_trait;
use bytes::Bytes;
use domain::images::{ByteSource, ImageError, ImageFacts, ImageInspector, MediaType};
use std::{num::NonZero, sync::Arc, thread::available_parallelism};
use tokio::{sync::Semaphore, task::spawn_blocking};

/// Decodes every page of an image, at most one image per core at once: the next one's bytes are not even read before.
pub struct BoundedImageInspector {
    limits: DecodeLimits,
    budget: DecodeBudget,
    slots: Arc<Semaphore>,
}

impl BoundedImageInspector {
    /// Inspects under `limits`, with memory from `budget`, which everything else that decodes shares.
    pub fn new(limits: DecodeLimits, budget: DecodeBudget) -> Self {
        let cores = available_parallelism().map_or(1, NonZero::get);
        Self {
            limits,
            budget,
            slots: Arc::new(Semaphore::new(cores)),
        }
    }
}

#[async_trait]
impl ImageInspector for BoundedImageInspector {
    async fn inspect(
        &self,
        media_type: MediaType,
        mut content: Box<dyn ByteSource>,
    ) -> Result<ImageFacts, ImageError> {
        let slot = Arc::clone(&self.slots)
            .acquire_owned()
            .await
            .map_err(|error| ImageError::Unavailable(error.into()))?;
        let bytes = collect(content.as_mut())
            .await
            .map_err(|error| ImageError::Unavailable(error.into()))?;
        drop(content);
        let (limits, budget) = (self.limits, self.budget.clone());
        spawn_blocking(move || {
            // Moved in here, for the work goes on when nobody waits for it any more.
            let _slot = slot;
            decode_all(media_type, bytes, &limits, &budget)
        })
        .await
        .map_err(|error| ImageError::Unavailable(error.into()))?
    }
}

fn decode_all(
    media_type: MediaType,
    bytes: Bytes,
    limits: &DecodeLimits,
    budget: &DecodeBudget,
) -> Result<ImageFacts, ImageError> {
    let mut decoder = PageDecoder::open(media_type, bytes, limits, budget)?;
    while decoder.next_page()?.is_some() {}
    Ok(decoder.facts())
}
