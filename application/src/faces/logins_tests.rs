use super::*;
use crate::{ErrorCode, accounts::RateLimits, faces::fixtures as faces, fixtures, test_context::TestContext};
use domain::{
    accounts::EventKind,
    faces::{EnrolledFace, MockFaceEngine, SealedEmbedding},
    images::ImageError,
};

/// The limit of failures of a network.
const LIMIT: u64 = 3;

/// A store with Ada, who has this face.
async fn knowing_ada(user: User, face: Option<EnrolledFace>) -> TestContext {
    let test = TestContext::new().with_user(user).await;
    if let Some(face) = face {
        test.write(async |tx| tx.faces().put(&face).await).await;
    }
    test
}

fn face_logins(test: &TestContext, engine: MockFaceEngine, gallery: Option<Arc<FaceGallery>>) -> FaceLogins {
    let limits = RateLimits {
        login_per_network: Some(LIMIT),
        ..RateLimits::default()
    };
    let rate_limiter = Arc::new(RateLimiter::new(test.context(), limits));
    FaceLogins::new(
        test.context(),
        Arc::new(engine),
        faces::cipher(),
        gallery,
        FaceMatching::default(),
        rate_limiter.clone(),
        test.logins(rate_limiter),
    )
}

async fn log_in(
    test: &TestContext,
    login: Option<&str>,
    engine: MockFaceEngine,
    gallery: Option<Arc<FaceGallery>>,
) -> Result<(), Error> {
    let logins = face_logins(test, engine, gallery);
    let outcome = logins.log_in(login, faces::photo(), fixtures::origin()).await;
    outcome.map(drop)
}

/// Whether attempts of the network are rejected after `attempts` more.
async fn is_limited_after(test: &TestContext, attempts: u64) -> bool {
    for _ in 0..attempts {
        let error = log_in(test, Some("nobody"), faces::engine_seeing([0.9]), None).await;
        assert_eq!(error.expect_err("unknown").code(), ErrorCode::InvalidCredentials);
    }
    let error = log_in(test, Some("nobody"), faces::engine(), None).await;
    error.expect_err("limited").code() == ErrorCode::TooManyAttempts
}

#[tokio::test]
async fn the_face_of_the_named_user_opens_a_session() {
    let test = knowing_ada(fixtures::ada(), Some(faces::enrolled(0.0))).await;
    let outcome = log_in(&test, Some("ADA"), faces::engine_seeing([0.5]), None).await;
    outcome.expect("logged in");
    assert_eq!(test.events(fixtures::owner()).await, [EventKind::LoggedIn]);
}

#[tokio::test]
async fn another_face_an_unknown_name_no_enrolment_and_a_disabled_user_get_the_same_answer() {
    let disabled = User {
        disabled_at: Some(fixtures::now()),
        ..fixtures::ada()
    };
    let other_model = EnrolledFace {
        model: "model 0".into(),
        ..faces::enrolled(0.0)
    };
    let undecryptable = EnrolledFace {
        embedding: SealedEmbedding {
            key_id: "unknown".into(),
            bytes: vec![],
        },
        ..faces::enrolled(0.0)
    };
    let enrolled = || Some(faces::enrolled(0.0));
    for (name, user, face, shown) in [
        ("ada", fixtures::ada(), enrolled(), 0.51),
        ("ada", fixtures::ada(), None, 0.0),
        ("ada", disabled, enrolled(), 0.0),
        ("ada", fixtures::ada(), Some(other_model), 0.0),
        ("ada", fixtures::ada(), Some(undecryptable), 0.0),
        ("nobody", fixtures::ada(), enrolled(), 0.0),
        ("no such name!", fixtures::ada(), enrolled(), 0.0),
    ] {
        let test = knowing_ada(user, face).await;
        let outcome = log_in(&test, Some(name), faces::engine_seeing([shown]), None).await;
        let error = outcome.expect_err("rejected");
        assert_eq!(error.to_string(), Error::FaceNotRecognized.to_string());
        assert_eq!(error.code(), ErrorCode::InvalidCredentials);
        let expected: &[EventKind] = if name == "ada" {
            &[EventKind::LoginFailed]
        } else {
            &[]
        };
        assert_eq!(test.events(fixtures::owner()).await, expected);
        assert!(
            is_limited_after(&test, LIMIT - 1).await,
            "the failure counts against the network"
        );
    }
}

#[tokio::test]
async fn an_unusable_photo_counts_against_the_network_and_an_outage_does_not() {
    for (error, code, counts) in [
        (FaceError::NoFace, ErrorCode::NoFace, true),
        (FaceError::SeveralFaces, ErrorCode::SeveralFaces, true),
        (
            FaceError::Image(ImageError::Corrupt),
            ErrorCode::ImageCorrupt,
            true,
        ),
        (FaceError::Busy, ErrorCode::Unavailable, false),
        (FaceError::NotLoaded, ErrorCode::ModelNotLoaded, false),
    ] {
        let test = knowing_ada(fixtures::ada(), Some(faces::enrolled(0.0))).await;
        let engine = faces::engine_answering([Err(error)]);
        let outcome = log_in(&test, Some("ada"), engine, None).await;
        assert_eq!(outcome.expect_err("rejected").code(), code);
        assert_eq!(test.events(fixtures::owner()).await, []);
        assert!(is_limited_after(&test, LIMIT - u64::from(counts)).await);
    }
}

#[tokio::test]
async fn a_login_without_a_name_is_possible_only_with_a_gallery() {
    let test = knowing_ada(fixtures::ada(), Some(faces::enrolled(0.0))).await;
    let outcome = log_in(&test, None, faces::engine(), None).await;
    assert_eq!(outcome.expect_err("no gallery").code(), ErrorCode::InvalidRequest);
    let gallery = Some(faces::gallery(&test, 9));
    let outcome = log_in(&test, None, faces::engine_seeing([0.4]), gallery).await;
    outcome.expect("logged in");
}

#[tokio::test]
async fn over_the_limit_of_the_gallery_a_name_is_needed_before_the_photo_is_described() {
    let test = knowing_ada(fixtures::ada(), Some(faces::enrolled(0.0))).await;
    let gallery = Some(faces::gallery(&test, 0));
    let outcome = log_in(&test, None, faces::engine(), gallery).await;
    assert_eq!(outcome.expect_err("too many").code(), ErrorCode::InvalidRequest);
}

#[tokio::test]
async fn a_face_without_a_name_must_be_nearer_than_one_with_a_name() {
    let test = knowing_ada(fixtures::ada(), Some(faces::enrolled(0.0))).await;
    let gallery = Some(faces::gallery(&test, 9));
    let outcome = log_in(&test, None, faces::engine_seeing([0.45]), gallery).await;
    assert_eq!(
        outcome.expect_err("too far").code(),
        ErrorCode::InvalidCredentials
    );
    let outcome = log_in(&test, Some("ada"), faces::engine_seeing([0.45]), None).await;
    outcome.expect("near enough");
}
