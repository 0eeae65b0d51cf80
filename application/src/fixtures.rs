//! What the unit tests begin with.

use chrono::{DateTime, TimeDelta};
use domain::{
    accounts::{Email, PasswordHash, User, Username},
    clock::{MockClock, Timestamp},
    ids::{ImageId, MockIdGenerator, TaskId, UserId},
    images::{Filename, Image, MediaType, Sha256Digest},
    ocr::LanguageSet,
    tasks::{Task, TaskWork},
};
use std::sync::Arc;
use uuid::Uuid;

pub(crate) fn now() -> Timestamp {
    Timestamp::new(DateTime::UNIX_EPOCH) + TimeDelta::days(20_000)
}

pub(crate) fn clock() -> Arc<MockClock> {
    let mut clock = MockClock::new();
    clock.expect_now().return_const(now());
    Arc::new(clock)
}

pub(crate) fn ids() -> Arc<MockIdGenerator> {
    let mut ids = MockIdGenerator::new();
    ids.expect_next().return_const(Uuid::from_u128(7));
    Arc::new(ids)
}

pub(crate) fn username(text: &str) -> Username {
    Username::parse(text).expect("a valid name")
}

pub(crate) fn email(text: &str) -> Email {
    Email::parse(text).expect("a valid address")
}

pub(crate) fn ada() -> User {
    User {
        id: UserId(Uuid::from_u128(1)),
        username: username("ada"),
        email: email("ada@example.org"),
        email_verified: true,
        password_hash: Some(PasswordHash::new("old hash".into())),
        created_at: now(),
        updated_at: now(),
    }
}

pub(crate) fn owner() -> UserId {
    UserId(Uuid::from_u128(1))
}

pub(crate) fn image_id() -> ImageId {
    ImageId(Uuid::from_u128(7))
}

/// The first bytes of a PNG, which the kind is told by.
pub(crate) const PNG_START: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";

pub(crate) fn image() -> Image {
    Image {
        id: image_id(),
        owner_id: owner(),
        filename: Filename::clean("eye.png"),
        media_type: MediaType::Png,
        size_bytes: 16,
        width: 4,
        height: 3,
        pages: 1,
        sha256: Sha256Digest([0; 32]),
        uploaded_at: now(),
    }
}

/// A task to read the image, as it is when it was just asked for.
pub(crate) fn task() -> Task {
    let languages = LanguageSet::from_joined("eng").expect("a valid set");
    let id = TaskId(Uuid::from_u128(9));
    Task::new(id, &image(), TaskWork::Ocr { languages }, now())
}
