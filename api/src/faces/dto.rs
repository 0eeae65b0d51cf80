//! What requests and answers of faces look like.

use super::form::{Parts, Shape};
use crate::accounts::{EMAIL_RULE, USERNAME_RULE};
use application::{
    Error, FieldError,
    faces::{Enrolments, FaceRegistration},
};
use chrono::{DateTime, Utc};
use domain::{
    accounts::{Email, Username},
    faces::EnrolledFace,
};
use poem_openapi::{Object, types::Example};

/// Photos to enrol.
pub struct Enrolment;

impl Shape for Enrolment {
    const PHOTOS: &'static str = "images";
    const COUNT: usize = Enrolments::PHOTOS;
    const TEXTS: &'static [(&'static str, &'static str, bool)] = &[];
}

/// A photo to log in with.
pub struct Login;

impl Shape for Login {
    const PHOTOS: &'static str = "image";
    const COUNT: usize = 1;
    const TEXTS: &'static [(&'static str, &'static str, bool)] = &[(
        "username",
        "The user name, or the e-mail; may be left out where faces are known without a name.",
        false,
    )];
}

/// A new account and its photos.
pub struct Registration;

impl Shape for Registration {
    const PHOTOS: &'static str = "images";
    const COUNT: usize = Enrolments::PHOTOS;
    const TEXTS: &'static [(&'static str, &'static str, bool)] = &[
        (
            "username",
            "3 to 64 letters, digits, `_`, `.` and `-` of any script; unique without case.",
            true,
        ),
        ("email", "At most 254 characters; unique without case.", true),
    ];
}

/// The registration that a body asks for; every field that is malformed is named.
pub fn registration(parts: Parts) -> Result<FaceRegistration, Error> {
    let username = parts.text("username").and_then(Username::parse);
    let email = parts.text("email").and_then(Email::parse);
    let mut wrong = Vec::new();
    if username.is_none() {
        wrong.push(FieldError::new("username", USERNAME_RULE));
    }
    if email.is_none() {
        wrong.push(FieldError::new("email", EMAIL_RULE));
    }
    let photos = match parts.photos() {
        Err(Error::InvalidRequest(fields)) => {
            wrong.extend(fields);
            None
        }
        photos => Some(photos?),
    };
    match (username, email, photos) {
        (Some(username), Some(email), Some(photos)) => Ok(FaceRegistration {
            username,
            email,
            photos,
        }),
        _ => Err(Error::InvalidRequest(wrong)),
    }
}

/// What is known of an enrolled face.
#[derive(Object)]
#[oai(rename = "Face", example = true)]
pub struct FaceDto {
    /// When the face was enrolled.
    enrolled_at: DateTime<Utc>,
    /// How many photos it was enrolled with.
    photos: u32,
    /// How clear the face is in the least clear photo, from 0 to 1. It says nothing of who is shown.
    quality: f64,
}

impl From<EnrolledFace> for FaceDto {
    fn from(face: EnrolledFace) -> Self {
        Self {
            enrolled_at: face.enrolled_at.to_utc(),
            photos: face.photos,
            quality: (f64::from(face.quality.share()) * 100.0).round() / 100.0,
        }
    }
}

impl Example for FaceDto {
    fn example() -> Self {
        Self {
            enrolled_at: DateTime::from_timestamp(1_795_000_000, 0).unwrap_or_default(),
            photos: 3,
            quality: 0.85,
        }
    }
}
