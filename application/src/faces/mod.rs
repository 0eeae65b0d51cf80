//! Enrolling faces, and logging in with them.

mod delete_face;
mod enrol_face;
#[cfg(test)]
mod face_fixtures;
mod face_gallery;
mod face_intake;
mod forget_photos;
mod get_face;
mod log_in_with_face;
mod photo_intake;
mod register_with_face;
mod renew_face_keys;

pub use delete_face::DeleteFace;
pub use enrol_face::EnrolFace;
pub use face_gallery::FaceGallery;
pub use face_intake::FaceIntake;
pub(crate) use forget_photos::{forget_photos, remove_face};
pub use get_face::GetFace;
pub use log_in_with_face::LogInWithFace;
pub use photo_intake::{PhotoIntake, ReceivedPhoto};
pub use register_with_face::{FaceRegistration, RegisterWithFace};
pub use renew_face_keys::RenewFaceKeys;
