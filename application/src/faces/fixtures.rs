//! Fixtures of the unit tests of faces.

use super::{Enrolments, FaceGallery, PhotoIntake, ReceivedPhoto};
use crate::{
    fixtures::{self, PNG_START},
    test_context::TestContext,
};
use domain::{
    accounts::User,
    faces::{
        DescribedFace, Embedding, EnrolledFace, FaceError, FaceMatching, FaceQuality, MockEmbeddingCipher,
        MockFaceEngine, SealedEmbedding,
    },
    ids::{FaceId, UserId},
    images::test_support::ChunkSource,
};
use futures_util::FutureExt;
use mockall::Sequence;
use std::sync::Arc;
use uuid::Uuid;

/// An engine that describes no photo.
pub(crate) fn engine() -> MockFaceEngine {
    let mut engine = MockFaceEngine::new();
    engine.expect_model().returning(|| "model 1".into());
    engine
}

/// An engine that describes one photo after the other as [`Embedding::at`] these.
pub(crate) fn engine_seeing<const N: usize>(faces: [f32; N]) -> MockFaceEngine {
    engine_answering(faces.map(|first| {
        Ok(DescribedFace {
            embedding: Embedding::at(first),
            quality: FaceQuality::new(1.0 - first),
        })
    }))
}

/// An engine that describes one photo after the other with these results.
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

/// A cipher with the key `current`, which does not encrypt. Only the key `unknown` decrypts nothing.
pub(crate) fn cipher() -> Arc<MockEmbeddingCipher> {
    let mut cipher = MockEmbeddingCipher::new();
    cipher.expect_key_id().returning(|| "current".into());
    cipher
        .expect_seal()
        .returning(|_, embedding| Ok(sealed(embedding)));
    cipher.expect_open().returning(|_, sealed| {
        let known = sealed.key_id != "unknown";
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

/// A face of this user. Those of users with greater numbers were enrolled later.
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

/// The face of [`fixtures::ada`].
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

/// Enrols faces without keeping photos, where logins need a name.
pub(crate) fn enrolments(test: &TestContext, engine: MockFaceEngine) -> Enrolments {
    Enrolments::new(
        test.context(),
        Arc::new(fixtures::draining_blobs()),
        Arc::new(engine),
        cipher(),
        None,
        FaceMatching::default(),
        false,
    )
}

/// A gallery of at most `limit` faces.
pub(crate) fn gallery(test: &TestContext, limit: usize) -> Arc<FaceGallery> {
    let gallery = FaceGallery::new(test.context(), cipher(), Arc::new(engine()), limit);
    Arc::new(gallery)
}

/// A store with these faces and their users.
pub(crate) async fn enrolling(faces: &[EnrolledFace]) -> TestContext {
    let mut test = TestContext::new();
    for face in faces {
        let number = face.user_id.0.as_u128();
        let user = User {
            id: face.user_id,
            username: fixtures::username(&format!("user{number}")),
            email: fixtures::email(&format!("user{number}@example.org")),
            has_face: true,
            ..fixtures::ada()
        };
        test = test.with_user(user).await;
    }
    test.write(async |tx| {
        for face in faces {
            tx.faces().put(face).await?;
        }
        Ok(())
    })
    .await;
    test
}
