//! Enrolling faces, and logging in with them.

mod enrolments;
#[cfg(test)]
pub(crate) mod fixtures;
mod gallery;
mod key_rotation;
mod logins;
mod photos;
mod registration;

pub use enrolments::Enrolments;
pub(crate) use enrolments::{delete_face, schedule_photo_deletion};
pub use gallery::FaceGallery;
pub use key_rotation::FaceKeyRotation;
pub use logins::FaceLogins;
pub use photos::{PhotoIntake, ReceivedPhoto};
pub use registration::{FaceRegistration, FaceRegistrations};
