//! Domain values for tests.

use chrono::DateTime;
use domain::{
    accounts::{Email, Origin, PasswordHash, Role, Session, TokenDigest, User, Username},
    clock::Timestamp,
    ids::{IdGenerator, ImageId, SessionId, TextId, UserId},
    images::{Filename, Image, MediaType, Sha256Digest, StorageQuota},
    ocr::{LanguageSet, Text, TextPage},
    store::{Store, StoreError, Transaction},
};
use infrastructure::{persistence::SeaStore, system::UuidV7Generator};

pub(crate) const NO_LIMIT: StorageQuota = StorageQuota {
    bytes: None,
    images: None,
};

/// A moment with microseconds that no shorter form can hold.
pub(crate) fn moment(seconds: i64) -> Timestamp {
    let moment = DateTime::from_timestamp(1_800_000_000 + seconds, 123_457_000);
    Timestamp::new(moment.expect("a valid moment"))
}

pub(crate) fn username(text: &str) -> Username {
    Username::parse(text).expect("a valid name")
}

pub(crate) fn email(text: &str) -> Email {
    Email::parse(text).expect("a valid address")
}

pub(crate) fn languages(text: &str) -> LanguageSet {
    LanguageSet::from_joined(text).expect("a valid set")
}

pub(crate) fn user(name: &str) -> User {
    User {
        id: UserId(UuidV7Generator.next()),
        username: username(name),
        email: email(&format!("{name}@example.org")),
        email_verified: false,
        password_hash: Some(PasswordHash::new("$argon2id$hash".to_owned())),
        has_face: false,
        role: Role::User,
        disabled_at: None,
        created_at: moment(0),
        updated_at: moment(1),
    }
}

/// A digest like no other.
pub(crate) fn digest() -> TokenDigest {
    let mut digest = [0xfe; 32];
    digest[..16].copy_from_slice(UuidV7Generator.next().as_bytes());
    TokenDigest(digest)
}

pub(crate) fn session(user: &User) -> Session {
    Session {
        id: SessionId(UuidV7Generator.next()),
        user_id: user.id,
        refresh_token_digest: digest(),
        origin: Origin {
            address: Some("2001:db8:85a3:8d3:1319:8a2e:370:7348".to_owned()),
            user_agent: Some("眼".repeat(Origin::MAX_USER_AGENT)),
        },
        created_at: moment(0),
        last_used_at: moment(1),
        expires_at: moment(100),
    }
}

/// Everything of a user, hash included, for comparing.
pub(crate) fn all_of(user: &User) -> String {
    let hash = user.password_hash.as_ref().map(|hash| hash.expose().to_owned());
    format!("{user:?} {hash:?}")
}

pub(crate) fn image(owner: &User, size_bytes: u64) -> Image {
    Image {
        id: ImageId(UuidV7Generator.next()),
        owner_id: owner.id,
        filename: Filename::clean("año 眼.png"),
        media_type: MediaType::Png,
        size_bytes,
        width: 4_000_000_000,
        height: 1,
        pages: 3,
        sha256: Sha256Digest([0xfe; 32]),
        uploaded_at: moment(2),
    }
}

pub(crate) fn text(image: &Image, read_in: &str, pages: Vec<TextPage>) -> Text {
    Text {
        id: TextId(UuidV7Generator.next()),
        image_id: image.id,
        languages: languages(read_in),
        pages,
        engine: "engine 5.3".to_owned(),
        duration_ms: 1234,
        created_at: moment(3),
    }
}

/// A unit of work on the store.
pub(crate) async fn begin(store: &SeaStore) -> Box<dyn Transaction> {
    store.begin().await.expect("a unit of work")
}

pub(crate) async fn commit(work: Box<dyn Transaction>) {
    work.commit().await.expect("a commit");
}

/// Runs one write in a unit of work of its own, committed when it succeeds.
pub(crate) async fn write<T>(
    store: &SeaStore,
    change: impl AsyncFnOnce(&dyn Transaction) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let work = begin(store).await;
    let outcome = change(&*work).await?;
    work.commit().await?;
    Ok(outcome)
}

/// A user that is stored.
pub(crate) async fn stored_user(store: &SeaStore, name: &str) -> User {
    let user = user(name);
    let outcome = write(store, async |work| work.users().insert(&user).await).await;
    outcome.expect("the user is added");
    user
}

/// An image that is stored.
pub(crate) async fn stored_image(store: &SeaStore, owner: &User, size_bytes: u64) -> Image {
    let image = image(owner, size_bytes);
    let outcome = write(store, async |work| work.images().insert(&image, NO_LIMIT).await).await;
    assert!(outcome.expect("the image is added"));
    image
}

/// Sessions that are stored, oldest first.
pub(crate) async fn stored_sessions(store: &SeaStore, user: &User, count: usize) -> Vec<Session> {
    let mut sessions = Vec::new();
    for _ in 0..count {
        let session = session(user);
        let outcome = write(store, async |work| work.sessions().insert(&session).await).await;
        outcome.expect("the session is added");
        sessions.push(session);
    }
    sessions
}
