//! The port's face of dlib.

use super::{bridge::Detection, models::FaceModels, pool::EnginePool, scaling::scaled};
use crate::imaging::{DecodeBudget, DecodeLimits, decode_in_colour};
use async_trait::async_trait;
use domain::{
    BoxError,
    faces::{DescribedFace, Embedding, FaceEngine, FaceError, FaceQuality, Photo},
};
use std::{sync::Arc, time::Instant};
use tokio::{sync::Semaphore, task::spawn_blocking};

/// What the embeddings are made by, as rows name it.
const MODEL: &str = "dlib_face_recognition_resnet_model_v1";
/// The least score of a face that counts. Clear ones have 1 and more, faces that are cut off or turned aside about 1; what is
/// no face seldom comes to 0.3.
const LEAST_SCORE: f64 = 0.5;
/// The score of a face that leaves nothing to wish for.
const BEST_SCORE: f64 = 2.0;
/// The least side of a face that counts, in pixels of the scaled photo.
const LEAST_SIDE: i64 = 80;
/// Photos that may wait for an engine, for each that there is.
const WAITING: usize = 32;

/// Finds and describes faces with dlib, on as many blocking threads as there may be engines. The models are opened with the
/// first photo; until then they need not be there.
pub struct DlibFaceEngine {
    pool: Arc<EnginePool>,
    limits: DecodeLimits,
    budget: DecodeBudget,
    places: Arc<Semaphore>,
    slots: Arc<Semaphore>,
}

impl DlibFaceEngine {
    /// With at most so many engines on these models. Photos are decoded under `limits`, in memory from `budget`.
    pub fn new(models: FaceModels, engines: usize, limits: DecodeLimits, budget: DecodeBudget) -> Self {
        let engines = engines.max(1);
        Self {
            pool: Arc::new(EnginePool::new(models)),
            limits,
            budget,
            places: Arc::new(Semaphore::new(engines * (WAITING + 1))),
            slots: Arc::new(Semaphore::new(engines)),
        }
    }
}

#[async_trait]
impl FaceEngine for DlibFaceEngine {
    fn model(&self) -> String {
        MODEL.to_owned()
    }

    fn check(&self) -> Result<(), FaceError> {
        self.pool.check()
    }

    async fn describe(&self, photo: Photo) -> Result<DescribedFace, FaceError> {
        let place = Arc::clone(&self.places).try_acquire_owned();
        let place = place.map_err(|_| FaceError::Busy)?;
        let slot = Arc::clone(&self.slots).acquire_owned().await;
        let slot = slot.map_err(|error| FaceError::Unavailable(error.into()))?;
        let (pool, limits, budget) = (Arc::clone(&self.pool), self.limits, self.budget.clone());
        let work = move || {
            // Moved in here, for the work goes on when nobody waits for it any more.
            let _held = (place, slot);
            let begun = Instant::now();
            let described = describe(&pool, photo, &limits, &budget);
            metrics::histogram!("ocellus_face_duration_seconds").record(begun.elapsed());
            metrics::counter!("ocellus_faces_total", "outcome" => outcome(&described)).increment(1);
            described
        };
        let described = spawn_blocking(work).await;
        described.map_err(|error| FaceError::Unavailable(error.into()))?
    }
}

fn outcome(described: &Result<DescribedFace, FaceError>) -> &'static str {
    match described {
        Ok(_) => "described",
        Err(FaceError::NoFace) => "no_face",
        Err(FaceError::SeveralFaces) => "several_faces",
        Err(FaceError::Image(_)) => "unreadable",
        Err(_) => "failed",
    }
}

fn describe(
    pool: &EnginePool,
    photo: Photo,
    limits: &DecodeLimits,
    budget: &DecodeBudget,
) -> Result<DescribedFace, FaceError> {
    let mut page = decode_in_colour(photo.media_type, photo.bytes, limits, budget)?;
    let pixels = scaled(std::mem::take(&mut page.pixels));
    // What is left is small: others may decode.
    drop(page);
    let (width, height) = (pixels.width() as usize, pixels.height() as usize);
    let found = pool.with(|engine| engine.detect(pixels.as_raw(), width, height, LEAST_SCORE))?;
    let face = only_face(&found)?;
    let mut numbers = [0.0; Embedding::DIMENSIONS];
    pool.with(|engine| engine.describe(pixels.as_raw(), width, height, &face, &mut numbers))?;
    let embedding = Embedding::new(numbers);
    let broken = || FaceError::Unavailable(BoxError::from("an embedding is not of finite numbers"));
    #[expect(clippy::cast_possible_truncation, reason = "a score of a few digits")]
    let quality = FaceQuality::new((face.score / BEST_SCORE) as f32);
    Ok(DescribedFace {
        embedding: embedding.ok_or_else(broken)?,
        quality,
    })
}

/// The face that is large enough; the others, which are far off, do not count.
fn only_face(found: &[Detection]) -> Result<Detection, FaceError> {
    let large = |face: &&Detection| (face.right - face.left).min(face.bottom - face.top) + 1 >= LEAST_SIDE;
    let mut large = found.iter().filter(large);
    match (large.next(), large.next()) {
        (None, _) => Err(FaceError::NoFace),
        (Some(face), None) => Ok(*face),
        (Some(_), Some(_)) => Err(FaceError::SeveralFaces),
    }
}

#[cfg(test)]
#[path = "engine_tests.rs"]
mod tests;
