//! Finding and describing faces with dlib.

mod absent;
#[cfg(feature = "faces")]
#[expect(
    unsafe_code,
    reason = "the bridge to C++ is generated; what C++ throws arrives as an error"
)]
mod bridge;
#[cfg(feature = "faces")]
mod engine;
#[cfg(feature = "faces")]
mod models;
#[cfg(feature = "faces")]
mod pool;
#[cfg(feature = "faces")]
mod scaling;

pub use absent::AbsentFaceEngine;
#[cfg(feature = "faces")]
pub use engine::DlibFaceEngine;
#[cfg(feature = "faces")]
pub use models::FaceModels;
