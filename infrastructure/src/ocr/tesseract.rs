//! Tesseract's C interface, as little of it as is needed.
#![expect(
    unsafe_code,
    reason = "the crate passes no monitor to the recognition, so deadlines and giving up need a few calls of the C interface"
)]

use super::patience::Patience;
use image::GrayImage;
use std::{
    ffi::{c_int, c_void},
    marker::PhantomData,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    ptr::NonNull,
    sync::Once,
};
use tesseract_rs::{TessPageIteratorLevel, TessPageSegMode, TesseractAPI, TesseractError};

/// Tesseract's default choice between its engines: the neural one wherever the language has it.
const DEFAULT_ENGINE: i32 = 3;

/// Tesseract refuses images with a longer side.
pub(super) const LONGEST_SIDE: u32 = 32_000;

/// `debug_file` is one variable for the whole process: it is written once, before any engine reads it.
static QUIET: Once = Once::new();

/// `TessCancelFunc`: whether to stop; gets what `TessMonitorSetCancelThis` was given, and how many words were read.
type CancelFunction = extern "C" fn(*mut c_void, c_int) -> bool;

// The system's libtesseract, which the crate `tesseract-rs` links; signatures as in its `capi.h`.
unsafe extern "C" {
    fn TessMonitorCreate() -> *mut c_void;
    fn TessMonitorDelete(monitor: *mut c_void);
    fn TessMonitorSetDeadlineMSecs(monitor: *mut c_void, deadline: c_int);
    fn TessMonitorSetCancelFunc(monitor: *mut c_void, cancel: CancelFunction);
    fn TessMonitorSetCancelThis(monitor: *mut c_void, cancel_this: *mut c_void);
    fn TessBaseAPIRecognize(handle: *mut c_void, monitor: *mut c_void) -> c_int;
}

/// Why a page was not read.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReadError {
    /// It took longer than it may.
    #[error("the deadline passed")]
    Deadline,
    /// Nobody waits for it any more.
    #[error("the result is not wanted any more")]
    Unwanted,
    /// Tesseract failed.
    #[error(transparent)]
    Engine(#[from] TesseractError),
}

/// A word that Tesseract recognized, in pixels of the image that it was given.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct RecognizedWord {
    pub(super) text: String,
    /// 0 to 100.
    pub(super) confidence: f32,
    /// Left, top, right, bottom; right and bottom are exclusive.
    pub(super) bounds: [i32; 4],
}

/// The result of recognizing one image.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct RecognitionResult {
    /// Lines and paragraphs as Tesseract broke them, trimmed.
    pub(super) text: String,
    pub(super) words: Vec<RecognizedWord>,
}

/// A warm engine for one set of languages.
pub(super) struct Engine {
    api: TesseractAPI,
}

impl Engine {
    /// Loads the languages, joined by `+`, from a folder. They must be there: Tesseract skips absent ones in silence.
    pub(super) fn open(folder: &Path, languages: &str) -> Result<Self, TesseractError> {
        let folder = folder.to_str().ok_or(TesseractError::InitError)?;
        let api = TesseractAPI::new();
        let mut quiet = Ok(());
        QUIET.call_once(|| quiet = api.set_variable("debug_file", "/dev/null"));
        quiet?;
        api.init_2(folder, languages, DEFAULT_ENGINE)?;
        api.set_page_seg_mode(TessPageSegMode::PSM_AUTO)?;
        Ok(Self { api })
    }

    /// Reads a page whose resolution is so many pixels per inch, 0 when that is not known. Patience is looked at between
    /// words, so a reading may end late; what was read by then is discarded.
    pub(super) fn read(
        &self,
        page: &GrayImage,
        resolution: u32,
        patience: Patience,
    ) -> Result<RecognitionResult, ReadError> {
        patience.left()?;
        let (width, height) = (to_c(page.width()), to_c(page.height()));
        self.api.set_image(page.as_raw(), width, height, 1, width)?;
        self.api.set_source_resolution(to_c(resolution))?;
        let result = self.recognize(patience).and_then(|()| self.collect());
        self.api.clear()?;
        result
    }

    fn recognize(&self, patience: Patience) -> Result<(), ReadError> {
        let monitor = Monitor::new(&patience)?;
        let handle = self
            .api
            .handle
            .lock()
            .map_err(|_| TesseractError::MutexLockError)?;
        // SAFETY: the handle is that of a live, initialised engine, held by its mutex during the call; the monitor lives
        // until the end of this function, and what it points to longer.
        let outcome = unsafe { TessBaseAPIRecognize(*handle, monitor.monitor.as_ptr()) };
        if outcome == 0 {
            return Ok(());
        }
        patience.left()?;
        Err(TesseractError::OcrError.into())
    }

    fn collect(&self) -> Result<RecognitionResult, ReadError> {
        let text = self.api.get_utf8_text()?.trim().to_owned();
        let mut words = Vec::new();
        // The iterator points into the results: it is gone before they are cleared.
        if let Ok(iterator) = self.api.get_iterator() {
            loop {
                if let Ok((text, left, top, right, bottom, confidence)) = iterator.get_word_with_bounds() {
                    words.push(RecognizedWord {
                        text,
                        confidence: confidence.clamp(0.0, 100.0),
                        bounds: [left, top, right, bottom],
                    });
                }
                if !iterator.next(TessPageIteratorLevel::RIL_WORD)? {
                    break;
                }
            }
        }
        Ok(RecognitionResult { text, words })
    }
}

/// Ends one recognition when patience does.
struct Monitor<'a> {
    monitor: NonNull<c_void>,
    patience: PhantomData<&'a Patience<'a>>,
}

impl<'a> Monitor<'a> {
    fn new(patience: &'a Patience<'a>) -> Result<Self, ReadError> {
        let milliseconds = c_int::try_from(patience.left()?.as_millis()).unwrap_or(c_int::MAX);
        // SAFETY: takes nothing; what it gives is freed in `drop`.
        let monitor = unsafe { TessMonitorCreate() };
        let monitor = Self {
            monitor: NonNull::new(monitor).ok_or(TesseractError::NullPointerError)?,
            patience: PhantomData,
        };
        let pointer = monitor.monitor.as_ptr();
        // SAFETY: the monitor was just made and is used by nobody else; the patience, which `is_over` only reads, is
        // borrowed for as long as the monitor lives.
        unsafe {
            TessMonitorSetDeadlineMSecs(pointer, milliseconds);
            TessMonitorSetCancelFunc(pointer, is_over);
            TessMonitorSetCancelThis(pointer, std::ptr::from_ref(patience).cast_mut().cast());
        }
        Ok(monitor)
    }
}

impl Drop for Monitor<'_> {
    fn drop(&mut self) {
        // SAFETY: made by `TessMonitorCreate`, deleted only here.
        unsafe { TessMonitorDelete(self.monitor.as_ptr()) };
    }
}

/// Whether the recognition is to stop because nobody wants it; the deadline is Tesseract's own matter.
extern "C" fn is_over(patience: *mut c_void, _words: c_int) -> bool {
    // SAFETY: `Monitor::new` gave a patience that outlives the recognition, which is what calls this, and on whose
    // thread.
    let patience = unsafe { &*patience.cast::<Patience>() };
    // A panic must not unwind through C++; whoever asks again after the recognition meets it there.
    catch_unwind(AssertUnwindSafe(|| !patience.is_wanted())).unwrap_or(true)
}

/// Sides are at most [`LONGEST_SIDE`] and resolutions a few thousand, so nothing is cut off.
fn to_c(number: u32) -> c_int {
    c_int::try_from(number).unwrap_or(c_int::MAX)
}
