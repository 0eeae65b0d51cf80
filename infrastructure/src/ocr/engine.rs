//! The port's face of the pool of workers.

use super::{
    queue::{Put, Queue},
    settings::{OcrSettings, OcrStartError, TrainedData},
    worker::{Job, Shared, work},
};
use crate::imaging::{DecodeBudget, DecodeLimits};
use async_trait::async_trait;
use domain::{
    BoxError,
    images::{ByteSource, MediaType},
    ocr::{Language, LanguageSet, OcrEngine, OcrError, PageObserver, Recognition},
    operations::HealthProbe,
};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::{
    runtime::Handle,
    sync::{oneshot, watch},
};

/// Reads text with Tesseract on a fixed number of threads of lower priority. A thread starts with the first image that
/// finds no other idle, and keeps its engines warm. Dropping it lets the threads end after the
/// image in hand; [`TesseractOcrEngine::stop`] waits for that.
pub struct TesseractOcrEngine {
    shared: Arc<Shared>,
    workers: usize,
    started: Mutex<usize>,
    /// Every thread holds a receiver for as long as it may be in native code.
    threads: watch::Sender<()>,
}

impl TesseractOcrEngine {
    /// Finds the trained data; no thread is started and no language loaded yet. Pages are decoded under `limits`,
    /// in memory from `budget`.
    ///
    /// # Errors
    ///
    /// [`OcrStartError`] when there is no trained data or an allowed language is not installed.
    pub fn start(
        settings: &OcrSettings,
        limits: DecodeLimits,
        budget: DecodeBudget,
    ) -> Result<Self, OcrStartError> {
        let trained = TrainedData::find(settings)?;
        Ok(Self {
            shared: Arc::new(Shared {
                queue: Queue::new(settings.waiting),
                trained,
                page_timeout: settings.page_timeout,
                limits,
                budget,
                name: format!("tesseract {}", tesseract_rs::TesseractAPI::version()),
            }),
            workers: settings.workers.max(1),
            started: Mutex::new(0),
            threads: watch::Sender::new(()),
        })
    }

    /// Takes no more images, answers those that wait with [`OcrError::Unavailable`], and waits until every thread has
    /// left native code and given its engines back, so that the process may exit. Images in hand are read to their end;
    /// who is in a hurry drops their futures first, which ends them at the next word.
    pub async fn stop(&self) {
        self.shared.queue.close();
        self.threads.closed().await;
    }

    /// Starts one more worker, up to as many as there may be.
    fn start_worker(&self) -> Result<(), OcrError> {
        let mut started = self.started.lock().unwrap_or_else(PoisonError::into_inner);
        if *started == self.workers {
            return Ok(());
        }
        let shared = Arc::clone(&self.shared);
        let alive = self.threads.subscribe();
        let thread = std::thread::Builder::new().name(format!("ocr-{started}"));
        let run = move || {
            work(&shared);
            drop(alive);
        };
        match thread.spawn(run) {
            Ok(_) => *started += 1,
            // The workers that did start will come to the job.
            Err(error) if *started > 0 => tracing::warn!(%error, "a thread that reads text did not start"),
            Err(error) => return Err(OcrError::Unavailable(error.into())),
        }
        Ok(())
    }
}

#[async_trait]
impl OcrEngine for TesseractOcrEngine {
    fn languages(&self) -> Vec<Language> {
        self.shared.trained.languages.clone()
    }

    async fn recognize(
        &self,
        media_type: MediaType,
        content: Box<dyn ByteSource>,
        languages: &LanguageSet,
        observer: Arc<dyn PageObserver>,
    ) -> Result<Recognition, OcrError> {
        // Tesseract would skip an absent language in silence and read with the others.
        if let Some(unknown) = languages
            .iter()
            .find(|l| !self.shared.trained.languages.contains(l))
        {
            return Err(OcrError::Unavailable(BoxError::from(format!(
                "the language {unknown} is not installed or not allowed"
            ))));
        }
        let (reply, answer) = oneshot::channel();
        let job = Job {
            media_type,
            content,
            languages: languages.clone(),
            observer,
            runtime: Handle::current(),
            reply,
        };
        match self.shared.queue.put(job) {
            Put::Full => return Err(OcrError::Busy),
            Put::Closed => return Err(stopped()),
            Put::NoneIdle => self.start_worker()?,
            Put::Taken => {}
        }
        answer.await.map_err(|_| stopped())?
    }
}

fn stopped() -> OcrError {
    OcrError::Unavailable(BoxError::from("the engine was stopped"))
}

#[async_trait]
impl HealthProbe for TesseractOcrEngine {
    /// Looks whether the trained data is still there.
    async fn probe(&self) -> Result<(), BoxError> {
        let trained = self.shared.trained.clone();
        let there = tokio::task::spawn_blocking(move || trained.is_there()).await?;
        there
            .then_some(())
            .ok_or_else(|| BoxError::from("the trained data is gone"))
    }
}

impl Drop for TesseractOcrEngine {
    fn drop(&mut self) {
        self.shared.queue.close();
    }
}
