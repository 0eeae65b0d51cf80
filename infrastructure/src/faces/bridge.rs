//! The bridge to dlib, which is C++: `dlib.h` and `dlib.cc` are the other side.

#[cxx::bridge(namespace = "ocellus")]
mod ffi {
    /// A face in an image: its box in pixels, right and bottom included, which may reach beyond the image.
    #[derive(Debug, Clone, Copy, PartialEq)]
    struct Detection {
        left: i64,
        top: i64,
        right: i64,
        bottom: i64,
        /// Above 0; a clear face has 1 and more.
        score: f64,
    }

    unsafe extern "C++" {
        include!("infrastructure/src/faces/dlib.h");

        type DlibEngine;

        fn open_engine(landmarks: &str, network: &str) -> Result<UniquePtr<DlibEngine>>;
        fn detect(
            self: Pin<&mut DlibEngine>,
            pixels: &[u8],
            width: usize,
            height: usize,
            score: f64,
        ) -> Result<Vec<Detection>>;
        fn describe(
            self: Pin<&mut DlibEngine>,
            pixels: &[u8],
            width: usize,
            height: usize,
            detection: &Detection,
            embedding: &mut [f32],
        ) -> Result<()>;
    }
}

pub(super) use ffi::{Detection, DlibEngine, open_engine};

// SAFETY: an engine is plain memory of its own that no other refers to, and is bound to no thread; every call takes it
// exclusively.
unsafe impl Send for DlibEngine {}
