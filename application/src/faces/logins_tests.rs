use super::*;
use crate::ErrorCode;
use crate::{accounts::RateLimits, faces::face_fixtures as faces, fixtures};
use chrono::TimeDelta;
use domain::{
    accounts::{EventKind, Network, RateLimitKey, RateLimitScope, RateLimitWindow},
    faces::{EnrolledFace, MockFaceEngine, SealedEmbedding},
    images::ImageError,
    store::test_support::{MockRepositories, MockStore},
};

/// Where Ada is known, has this face, if any, and counts are these.
fn knowing_ada(user: User, face: Option<EnrolledFace>, failures: u64) -> MockStore {
    let mut reads = MockRepositories::default();
    reads
        .users
        .expect_find_by_username()
        .returning(move |name| Ok((*name == fixtures::username("ada")).then(|| user.clone())));
    let listed: Vec<_> = face.iter().cloned().collect();
    reads
        .faces
        .expect_list()
        .returning(move |_, _| Ok(listed.clone()));
    reads.faces.expect_count().returning(|| Ok(1));
    reads.faces.expect_find().returning(move |user| {
        let face = face.clone();
        Ok(face.filter(|face| face.user_id == user))
    });
    let count = RateLimitWindow {
        count: failures,
        ends_at: fixtures::now() + TimeDelta::minutes(4),
    };
    reads
        .rate_limits
        .expect_find_count()
        .returning(move |_, _| Ok(Some(count).filter(|count| count.count > 0)));
    MockStore::reading(reads)
}

fn log_in(store: &Arc<MockStore>, engine: MockFaceEngine, identify: bool) -> LogInWithFace {
    LogInWithFace {
        store: store.clone(),
        engine: Arc::new(engine),
        cipher: faces::cipher(),
        gallery: identify.then(|| faces::gallery(store, 9)),
        matching: FaceMatching::default(),
        throttle: Arc::new(RateLimiter {
            store: store.clone(),
            clock: fixtures::clock(),
            limits: RateLimits {
                failures_per_address: Some(100),
                ..RateLimits::default()
            },
        }),
        failures: fixtures::failed_logins(store, 100),
        open_session: fixtures::open_session(store.clone()),
    }
}

async fn tried(
    store: &Arc<MockStore>,
    login: Option<&str>,
    engine: MockFaceEngine,
    identify: bool,
) -> Result<(), ErrorCode> {
    let use_case = log_in(store, engine, identify);
    let outcome = use_case.execute(login, faces::photo(), fixtures::origin());
    outcome.await.map(drop).map_err(|error| error.code())
}

fn letting_in() -> MockRepositories {
    let mut work = MockRepositories::default();
    work.users.expect_lock().returning(|_| Ok(Some(fixtures::ada())));
    work.sessions.expect_insert().times(1).returning(|_| Ok(()));
    work.rate_limits.expect_record_login().returning(|_, _, _| Ok(()));
    fixtures::recording(work, EventKind::LoggedIn)
}

fn counting() -> MockRepositories {
    let mut work = MockRepositories::default();
    let from = RateLimitKey::new(
        RateLimitScope::LoginFailuresByNetwork,
        &Network::from(&fixtures::origin()).to_string(),
    );
    work.rate_limits
        .expect_count()
        .withf(move |counter, _, _| *counter == from)
        .times(1)
        .returning(|_, _, ends_at| Ok(RateLimitWindow { count: 1, ends_at }));
    work
}

fn finding_ada() -> MockRepositories {
    let mut work = MockRepositories::default();
    work.users.expect_lock().returning(|_| Ok(Some(fixtures::ada())));
    work
}

#[tokio::test]
async fn the_face_of_the_user_who_is_named_opens_a_session() {
    let store = knowing_ada(fixtures::ada(), Some(faces::enrolled(0.0)), 0).then_work(letting_in());
    let store = Arc::new(store);
    let outcome = tried(&store, Some("ADA"), faces::engine_seeing([0.5]), false).await;
    assert_eq!((outcome, store.commits()), (Ok(()), 1));
}

#[tokio::test]
async fn another_face_an_unknown_name_no_enrolment_and_a_disabled_user_are_answered_alike() {
    let ada = Some(fixtures::ada().id);
    let disabled = User {
        disabled_at: Some(fixtures::now()),
        ..fixtures::ada()
    };
    let other_model = EnrolledFace {
        model: "model 0".into(),
        ..faces::enrolled(0.0)
    };
    let unknown_key = EnrolledFace {
        embedding: SealedEmbedding {
            key_id: "unknown".into(),
            bytes: vec![],
        },
        ..faces::enrolled(0.0)
    };
    for (name, user, face, shown, known) in [
        ("ada", fixtures::ada(), Some(faces::enrolled(0.0)), 0.51, ada),
        ("ada", fixtures::ada(), None, 0.0, ada),
        ("ada", disabled, Some(faces::enrolled(0.0)), 0.0, ada),
        ("ada", fixtures::ada(), Some(other_model), 0.0, ada),
        ("ada", fixtures::ada(), Some(unknown_key), 0.0, ada),
        ("nobody", fixtures::ada(), Some(faces::enrolled(0.0)), 0.0, None),
        (
            "no such name!",
            fixtures::ada(),
            Some(faces::enrolled(0.0)),
            0.0,
            None,
        ),
    ] {
        let failure = fixtures::recording_of(known, counting(), EventKind::LoginFailed);
        let store = Arc::new(knowing_ada(user, face, 0).then_work(failure));
        let use_case = log_in(&store, faces::engine_seeing([shown]), false);
        let outcome = use_case.execute(Some(name), faces::photo(), fixtures::origin());
        let error = outcome.await.expect_err("refused");
        assert_eq!(error.to_string(), Error::FaceNotRecognized.to_string());
        assert_eq!(
            (error.code(), store.commits()),
            (ErrorCode::InvalidCredentials, 1)
        );
    }
}

#[tokio::test]
async fn a_photo_without_a_face_is_a_failure_of_its_network_and_of_nobodys_account() {
    for (error, code, commits) in [
        (FaceError::NoFace, ErrorCode::NoFace, 1),
        (FaceError::SeveralFaces, ErrorCode::SeveralFaces, 1),
        (FaceError::Image(ImageError::Corrupt), ErrorCode::ImageCorrupt, 1),
        (FaceError::Busy, ErrorCode::Unavailable, 0),
        (FaceError::NotLoaded, ErrorCode::ModelNotLoaded, 0),
    ] {
        let store = knowing_ada(fixtures::ada(), Some(faces::enrolled(0.0)), 0);
        let store = Arc::new(if commits > 0 {
            store.then_work(counting())
        } else {
            store
        });
        let engine = faces::engine_answering([Err(error)]);
        let outcome = tried(&store, Some("ada"), engine, false).await;
        assert_eq!((outcome, store.commits()), (Err(code), commits));
    }
}

#[tokio::test]
async fn a_network_past_its_failures_is_refused_before_the_photo_is_looked_at() {
    let store = Arc::new(knowing_ada(fixtures::ada(), Some(faces::enrolled(0.0)), 100));
    let outcome = tried(&store, Some("ada"), faces::engine(), false).await;
    assert_eq!(outcome, Err(ErrorCode::TooManyAttempts));
}

#[tokio::test]
async fn a_face_without_a_name_is_known_only_where_that_is_switched_on() {
    let store = Arc::new(MockStore::default());
    let outcome = tried(&store, None, faces::engine(), false).await;
    assert_eq!(outcome, Err(ErrorCode::InvalidRequest));
    let store = knowing_ada(fixtures::ada(), Some(faces::enrolled(0.0)), 0)
        .then_work(finding_ada())
        .then_work(letting_in());
    let store = Arc::new(store);
    let outcome = tried(&store, None, faces::engine_seeing([0.4]), true).await;
    assert_eq!((outcome, store.commits()), (Ok(()), 1));
}

#[tokio::test]
async fn of_too_many_faces_a_name_is_needed_before_the_photo_is_looked_at() {
    let store = Arc::new(knowing_ada(fixtures::ada(), Some(faces::enrolled(0.0)), 0));
    let use_case = LogInWithFace {
        gallery: Some(faces::gallery(&store, 0)),
        ..log_in(&store, faces::engine(), true)
    };
    let outcome = use_case.execute(None, faces::photo(), fixtures::origin()).await;
    assert_eq!(
        outcome.expect_err("a name is needed").code(),
        ErrorCode::InvalidRequest
    );
}

#[tokio::test]
async fn a_face_without_a_name_must_be_nearer_than_one_with_a_name() {
    let failure = fixtures::recording_of(None, counting(), EventKind::LoginFailed);
    let store = knowing_ada(fixtures::ada(), Some(faces::enrolled(0.0)), 0).then_work(failure);
    let store = Arc::new(store);
    let outcome = tried(&store, None, faces::engine_seeing([0.45]), true).await;
    assert_eq!(
        (outcome, store.commits()),
        (Err(ErrorCode::InvalidCredentials), 1)
    );
}
