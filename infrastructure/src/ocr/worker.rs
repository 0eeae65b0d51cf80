//! A worker: one thread that reads one image after the other with engines of its own.

use super::{
    patience::Patience,
    queue::Queue,
    recognition::read_page,
    settings::TrainedData,
    tesseract::{Engine, ReadError},
};
use crate::imaging::{DecodeBudget, DecodeLimits, PageDecoder, collect};
use domain::{
    BoxError,
    images::{ByteSource, ImageError, MediaType},
    ocr::{LanguageSet, OcrError, PageObserver, Recognition, TextPage},
};
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{runtime::Handle, sync::oneshot};

/// How many sets of languages a worker keeps warm: about 13 MB for one language, 21 MB for two.
const WARM_ENGINES: usize = 2;
/// How much a worker's thread gives way to the threads that answer requests.
const NICENESS: i32 = 10;

/// One image to read.
pub(super) struct Job {
    pub(super) media_type: MediaType,
    pub(super) content: Box<dyn ByteSource>,
    pub(super) languages: LanguageSet,
    pub(super) observer: Arc<dyn PageObserver>,
    /// The runtime on which the bytes come.
    pub(super) runtime: Handle,
    pub(super) reply: oneshot::Sender<Result<Recognition, OcrError>>,
}

/// What every worker shares.
pub(super) struct Shared {
    pub(super) queue: Queue<Job>,
    pub(super) trained: TrainedData,
    pub(super) page_timeout: Duration,
    pub(super) limits: DecodeLimits,
    pub(super) budget: DecodeBudget,
    /// Name and version of the engine.
    pub(super) name: String,
}

/// Works until the queue is closed.
pub(super) fn work(shared: &Arc<Shared>) {
    give_way();
    let mut worker = Worker {
        shared: Arc::clone(shared),
        engines: Vec::new(),
    };
    while let Some(job) = shared.queue.take() {
        if job.reply.is_closed() {
            continue;
        }
        metrics::gauge!("ocellus_ocr_engines_busy").increment(1.0);
        worker.answer(job);
        metrics::gauge!("ocellus_ocr_engines_busy").decrement(1.0);
    }
    worker.drop_engines();
}

/// Reading may wait, answering requests may not.
fn give_way() {
    let thread = Some(rustix::thread::gettid());
    if let Err(error) = rustix::process::setpriority_process(thread, NICENESS) {
        tracing::warn!(%error, "a thread that reads text keeps its usual priority");
    }
}

struct Worker {
    shared: Arc<Shared>,
    /// The warm engines with their languages, the one used last in front.
    engines: Vec<(String, Engine)>,
}

impl Worker {
    fn answer(&mut self, job: Job) {
        let Job {
            media_type,
            content,
            languages,
            observer,
            runtime,
            mut reply,
        } = job;
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            self.recognize(media_type, content, &languages, &*observer, &runtime, &mut reply)
        }));
        let answer = outcome.unwrap_or_else(|_| {
            // What the panic left of an engine is not to be trusted.
            self.drop_engines();
            Some(Err(unavailable("a thread that reads text panicked")))
        });
        if let Some(answer) = answer {
            // Whoever asked may be gone by now.
            let _ = reply.send(answer);
        }
    }

    /// `None` when whoever asked went away.
    fn recognize(
        &mut self,
        media_type: MediaType,
        mut content: Box<dyn ByteSource>,
        languages: &LanguageSet,
        observer: &dyn PageObserver,
        runtime: &Handle,
        reply: &mut oneshot::Sender<Result<Recognition, OcrError>>,
    ) -> Option<Result<Recognition, OcrError>> {
        let begun = Instant::now();
        let limit = self.shared.page_timeout;
        let collected = runtime.block_on(async {
            tokio::select! {
                biased;
                () = reply.closed() => None,
                collected = tokio::time::timeout(limit, collect(content.as_mut())) => Some(collected),
            }
        })?;
        let bytes = match collected {
            Ok(Ok(bytes)) => bytes,
            Ok(Err(error)) => return Some(Err(OcrError::Image(ImageError::Unavailable(error.into())))),
            Err(late) => return Some(Err(OcrError::Image(ImageError::Unavailable(late.into())))),
        };
        let pages = match self.read_pages(media_type, bytes, languages, observer, reply)? {
            Ok(pages) => pages,
            Err(error) => return Some(Err(error)),
        };
        Some(Ok(Recognition {
            pages,
            engine: self.shared.name.clone(),
            duration_ms: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
        }))
    }

    fn read_pages(
        &mut self,
        media_type: MediaType,
        bytes: bytes::Bytes,
        languages: &LanguageSet,
        observer: &dyn PageObserver,
        reply: &oneshot::Sender<Result<Recognition, OcrError>>,
    ) -> Option<Result<Vec<TextPage>, OcrError>> {
        let shared = Arc::clone(&self.shared);
        let joined = languages.joined();
        let wanted = || !reply.is_closed();
        let read = || {
            let mut decoder = PageDecoder::open(media_type, bytes, &shared.limits, &shared.budget)?;
            let engine = self.engine(&joined)?;
            let mut pages: Vec<TextPage> = Vec::new();
            let mut number = 1;
            while let Some(mut page) = decoder.next_page()? {
                let begun = Instant::now();
                let pixels = std::mem::take(&mut page.pixels);
                let patience = Patience::new(shared.page_timeout, &wanted);
                let read = read_page(engine, pixels, page.dpi, number, patience);
                metrics::histogram!("ocellus_recognition_duration_seconds", "languages" => joined.clone())
                    .record(begun.elapsed());
                pages.push(match read {
                    Ok(page) => page,
                    Err(ReadError::Unwanted) => return Ok(None),
                    Err(ReadError::Deadline) => return Err(OcrError::Timeout),
                    Err(ReadError::Engine(error)) => return Err(OcrError::Unavailable(error.into())),
                });
                observer.pages_done(number);
                number += 1;
            }
            Ok(Some(pages))
        };
        read().transpose()
    }

    /// The warm engine for these languages; a cold one takes the place of the one that was not used the longest.
    fn engine(&mut self, joined: &str) -> Result<&Engine, OcrError> {
        let warm = self.engines.iter().position(|(languages, _)| languages == joined);
        let entry = if let Some(place) = warm {
            self.engines.remove(place)
        } else {
            while self.engines.len() >= WARM_ENGINES {
                self.engines.pop();
                count_engines(-1.0);
            }
            let engine = Engine::open(&self.shared.trained.folder, joined)
                .map_err(|error| OcrError::Unavailable(error.into()))?;
            count_engines(1.0);
            (joined.to_owned(), engine)
        };
        self.engines.insert(0, entry);
        self.engines
            .first()
            .map(|(_, engine)| engine)
            .ok_or_else(|| unavailable("no engine"))
    }

    fn drop_engines(&mut self) {
        for _ in self.engines.drain(..) {
            count_engines(-1.0);
        }
    }
}

fn count_engines(change: f64) {
    metrics::gauge!("ocellus_ocr_engines").increment(change);
}

fn unavailable(what: &str) -> OcrError {
    OcrError::Unavailable(BoxError::from(what))
}
