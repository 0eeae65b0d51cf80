//! Fixtures of the unit tests.

#[path = "prediction_fixtures.rs"]
mod predictions;

use crate::{
    Context,
    images::{Upload, UploadLimits, Uploads},
    text::Recognizer,
};
use chrono::{DateTime, TimeDelta};
use domain::{
    accounts::{
        ApiKey, ApiKeyName, ApiKeySecret, CodePurpose, Email, IssuedCode, MailLanguage, Origin, OutgoingMail,
        PasswordHash, RefreshToken, Role, Session, User, Username,
    },
    clock::{MockClock, Timestamp},
    ids::{ApiKeyId, CodeId, ImageId, MockIdGenerator, OutgoingMailId, SessionId, TaskId, TextId, UserId},
    images::{
        BlobError, ByteSource, Filename, Image, ImageFacts, MediaType, MockBlobStore, MockImageInspector,
        Sha256Digest, StorageQuota, test_support::ChunkSource,
    },
    ocr::{LanguageSet, MockOcrEngine, OcrEngine, Text, TextPage},
    operations::{IdempotencyKey, StoredResponse},
    store::test_support::MockStore,
    tasks::{Task, TaskWork},
};
pub(crate) use predictions::{
    answering, classifier, classifiers, image_classifier, label, model, prediction, with_prediction,
};
use std::sync::Arc;
use uuid::Uuid;

pub(crate) fn now() -> Timestamp {
    Timestamp::new(DateTime::UNIX_EPOCH) + TimeDelta::days(20_000)
}

/// The origin of requests.
pub(crate) fn origin() -> Origin {
    Origin::new(Some("192.0.2.1".into()), Some("curl"))
}

pub(crate) fn clock() -> Arc<MockClock> {
    let mut clock = MockClock::new();
    clock.expect_now().return_const(now());
    Arc::new(clock)
}

/// A clock that begins at [`now`] and goes on with tokio's, which a test pauses.
pub(crate) fn running_clock() -> Arc<MockClock> {
    let start = tokio::time::Instant::now();
    let mut clock = MockClock::new();
    clock
        .expect_now()
        .returning(move || now() + TimeDelta::from_std(start.elapsed()).expect("a short test"));
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
        has_face: false,
        role: Role::User,
        disabled_at: None,
        created_at: now(),
        updated_at: now(),
    }
}

pub(crate) fn admin() -> User {
    User {
        id: UserId(Uuid::from_u128(3)),
        role: Role::Admin,
        ..ada()
    }
}

/// A user besides [`ada`].
pub(crate) fn eve() -> User {
    User {
        id: UserId(Uuid::from_u128(2)),
        username: username("eve"),
        email: email("eve@example.org"),
        ..ada()
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

/// What a decoder finds [`image`] to be.
pub(crate) const FACTS: ImageFacts = ImageFacts {
    width: 4,
    height: 3,
    pages: 1,
};

/// A blob store that drains what it is given, as every real one does.
pub(crate) fn draining_blobs() -> MockBlobStore {
    let mut blobs = readable_blobs();
    blobs.expect_write().returning(|_, content| {
        futures_util::FutureExt::now_or_never(async {
            while content.next_chunk().await?.is_some() {}
            Ok::<(), BlobError>(())
        })
        .expect("prepared pieces are there at once")
    });
    blobs
}

/// A blob store in which every blob is a PNG.
pub(crate) fn readable_blobs() -> MockBlobStore {
    let mut blobs = MockBlobStore::new();
    blobs
        .expect_read()
        .returning(|_| Ok(Some(Box::new(ChunkSource::new([PNG_START])))));
    blobs
}

/// The ports of this store, with [`clock`] and [`ids`].
pub(crate) fn context(store: &Arc<MockStore>) -> Context {
    Context {
        store: store.clone(),
        clock: clock(),
        ids: ids(),
    }
}

/// Receives images of at most 64 bytes. Every image gets [`image_id`].
pub(crate) fn uploads(store: &Arc<MockStore>, inspector: MockImageInspector) -> Arc<Uploads> {
    let limits = UploadLimits {
        max_bytes: 64,
        quota: StorageQuota::default(),
    };
    Arc::new(Uploads::new(
        context(store),
        Arc::new(draining_blobs()),
        Arc::new(inspector),
        limits,
    ))
}

/// An upload of the owner.
pub(crate) fn upload(source: ChunkSource) -> Upload {
    Upload {
        owner: owner(),
        filename: Filename::clean("eye.png"),
        content: Box::new(source),
    }
}

pub(crate) fn languages(joined: &str) -> LanguageSet {
    LanguageSet::from_joined(joined).expect("a valid set")
}

/// The only page of [`image`], as an engine reads it.
pub(crate) fn page() -> TextPage {
    TextPage {
        number: 1,
        width: 4,
        height: 3,
        rotation: 0.0,
        text: "read".into(),
        words: vec![],
    }
}

/// What [`task`] comes to.
pub(crate) fn text() -> Text {
    Text {
        id: TextId(Uuid::from_u128(7)),
        image_id: image_id(),
        languages: languages("eng"),
        pages: vec![page()],
        engine: "engine 1".into(),
        duration_ms: 12,
        created_at: now(),
    }
}

/// An engine that knows English and Spanish, and is not asked to read yet.
pub(crate) fn engine() -> MockOcrEngine {
    let mut engine = MockOcrEngine::new();
    engine
        .expect_languages()
        .returning(|| languages("eng+spa").iter().cloned().collect());
    engine
}

/// Recognizes English unless a language is named.
pub(crate) fn recognizer(store: &Arc<MockStore>, engine: impl OcrEngine + 'static) -> Arc<Recognizer> {
    Arc::new(Recognizer::new(
        context(store),
        Arc::new(readable_blobs()),
        Arc::new(engine),
        languages("eng"),
    ))
}

/// A task to read the image, as it is when it was just asked for.
pub(crate) fn task() -> Task {
    let languages = languages("eng");
    let id = TaskId(Uuid::from_u128(9));
    Task::new(id, &image(), TaskWork::Ocr { languages }, now())
}

pub(crate) fn key() -> IdempotencyKey {
    IdempotencyKey::new(owner(), "submitTask", "once").expect("a valid key")
}

pub(crate) fn answer(body: &str) -> StoredResponse {
    StoredResponse {
        request_digest: Sha256Digest([1; 32]),
        status: 202,
        location: None,
        body: body.to_owned(),
    }
}

pub(crate) fn session() -> Session {
    Session {
        id: SessionId(Uuid::from_u128(11)),
        user_id: owner(),
        refresh_token_digest: RefreshToken::new("presented".to_owned().into()).digest(),
        origin: Origin::default(),
        created_at: now() + TimeDelta::days(-2),
        last_used_at: now() + TimeDelta::days(-1),
        expires_at: now() + TimeDelta::days(29),
    }
}

pub(crate) fn api_key() -> ApiKey {
    let secret = ApiKeySecret::presented("oc_s3cret").expect("a key");
    ApiKey {
        id: ApiKeyId(Uuid::from_u128(12)),
        user_id: owner(),
        name: ApiKeyName::parse("backup").expect("a valid name"),
        prefix: secret.prefix(),
        digest: secret.digest(),
        created_at: now(),
        last_used_at: None,
        expires_at: None,
    }
}

/// A mail to Ada in Spanish that was just ordered.
pub(crate) fn outgoing_mail(purpose: CodePurpose) -> OutgoingMail {
    let id = OutgoingMailId(Uuid::from_u128(7));
    OutgoingMail::new(id, Some(owner()), purpose, MailLanguage::Spanish, now())
}

/// Ada's code 31415926.
pub(crate) fn issued_code(purpose: CodePurpose) -> IssuedCode {
    let hash = PasswordHash::new("hash of the code".into());
    IssuedCode::new(CodeId(Uuid::from_u128(13)), &ada(), purpose, hash, now())
}
