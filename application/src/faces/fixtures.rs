//! What the unit tests of faces begin with.

use super::{FaceGallery, FaceIntake, PhotoIntake, ReceivedPhoto};
use crate::fixtures::{self, PNG_START};
use domain::{
    faces::{
        DescribedFace, Embedding, EnrolledFace, FaceError, FaceMatching, FaceQuality, MockEmbeddingCipher,
        MockFaceEngine, SealedEmbedding,
    },
    ids::{FaceId, UserId},
    images::test_support::ChunkSource,
    store::test_support::MockStore,
};
use futures_util::FutureExt;
use mockall::Sequence;
use std::sync::Arc;
use uuid::Uuid;

/// An engine that is not asked to look at anything.
pub(crate) fn engine() -> MockFaceEngine {
    let mut engine = MockFaceEngine::new();
    engine.expect_model().returning(|| "model 1".into());
    engine
}

/// An engine that sees in one photo after the other what [`Embedding::at`] makes of these.
pub(crate) fn engine_seeing<const N: usize>(faces: [f32; N]) -> MockFaceEngine {
    engine_answering(faces.map(|first| {
        Ok(DescribedFace {
            embedding: Embedding::at(first),
            // The farther off, the less clear.
            quality: FaceQuality::new(1.0 - first),
        })
    }))
}

/// An engine that answers so.
pub(crate) fn engine_answering<const N: usize>(
    answers: [Result<DescribedFace, FaceError>; N],
) -> MockFaceEngine {
    let (mut engine, mut order) = (engine(), Sequence::new());
    for answer in answers {
        engine
            .expect_describe()
            .times(1)
            .in_sequence(&mut order)
            .return_once(|_| answer);
    }
    engine
}

/// A cipher whose key is `current`, and that writes embeddings down as they are.
pub(crate) fn cipher() -> Arc<MockEmbeddingCipher> {
    let mut cipher = MockEmbeddingCipher::new();
    cipher.expect_key_id().returning(|| "current".into());
    cipher
        .expect_seal()
        .returning(|_, embedding| Ok(sealed(embedding)));
    cipher.expect_open().returning(|_, sealed| {
        let known = sealed.key_id == "current";
        let opened = known.then(|| Embedding::from_bytes(&sealed.bytes)).flatten();
        opened.ok_or_else(|| "another key".into())
    });
    Arc::new(cipher)
}

fn sealed(embedding: &Embedding) -> SealedEmbedding {
    SealedEmbedding {
        key_id: "current".into(),
        bytes: embedding.to_bytes(),
    }
}

/// A face of this user; those of users with greater numbers were enrolled later.
pub(crate) fn enrolled_of(user: u128, first: f32) -> EnrolledFace {
    EnrolledFace {
        id: FaceId(Uuid::from_u128((1 << 120) + user)),
        user_id: UserId(Uuid::from_u128(user)),
        embedding: sealed(&Embedding::at(first)),
        model: "model 1".into(),
        photos: 3,
        quality: FaceQuality::new(0.5),
        photos_kept: false,
        enrolled_at: fixtures::now(),
    }
}

/// Ada's.
pub(crate) fn enrolled(first: f32) -> EnrolledFace {
    enrolled_of(fixtures::owner().0.as_u128(), first)
}

pub(crate) fn photo() -> ReceivedPhoto {
    let intake = PhotoIntake::new(Arc::new(engine()), 64);
    let received = intake.receive(Box::new(ChunkSource::new([PNG_START])));
    let received = received.now_or_never().expect("it is there at once");
    received.expect("a photo")
}

pub(crate) fn photos() -> [ReceivedPhoto; 3] {
    [photo(), photo(), photo()]
}

/// A way in that keeps no photos, where users log in with their names.
pub(crate) fn intake(store: &Arc<MockStore>, engine: MockFaceEngine) -> FaceIntake {
    FaceIntake {
        store: store.clone(),
        blobs: Arc::new(fixtures::draining_blobs()),
        engine: Arc::new(engine),
        cipher: cipher(),
        gallery: None,
        matching: FaceMatching::default(),
        keep_photos: false,
        clock: fixtures::clock(),
        ids: fixtures::ids(),
    }
}

/// At most `limit` of the faces in a store.
pub(crate) fn gallery(store: &Arc<MockStore>, limit: usize) -> Arc<FaceGallery> {
    Arc::new(FaceGallery::new(
        store.clone(),
        cipher(),
        Arc::new(engine()),
        fixtures::clock(),
        limit,
    ))
}
