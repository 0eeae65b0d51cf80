use super::*;
use crate::{
    ErrorCode,
    accounts::{
        RateLimits,
        test_support::{
            CODE, COMMON_PASSWORD, hash, hasher, issued_code, password, passwords, passwords_with,
        },
    },
    faces::fixtures as faces,
    fixtures,
    test_context::TestContext,
};
use chrono::TimeDelta;
use domain::{
    accounts::{Identity, LinkedIdentity, MockPasswordHasher, PasswordHash, PasswordHasher},
    clock::MockClock,
    page::PageRequest,
    store::Store,
};
use futures_util::FutureExt;
use secrecy::ExposeSecret;

const PURPOSES: [CodePurpose; 2] = CodePurpose::ALL;
const WRONG_CODE: &str = "27182818";
const ADA: &str = "ada@example.org";
const NEW_PASSWORD: &str = "another fine phrase";

fn recovery_with(test: &TestContext, passwords: Passwords) -> Recovery {
    let rate_limiter = Arc::new(RateLimiter::new(test.context(), RateLimits::default()));
    Recovery::new(test.context(), passwords, rate_limiter, Arc::default())
}

fn recovery(test: &TestContext) -> Recovery {
    recovery_with(test, passwords())
}

fn unverified() -> User {
    User {
        email_verified: false,
        ..fixtures::ada()
    }
}

async fn verify(recovery: &Recovery, email: &str, code: &str) -> Result<(), Error> {
    let code = Code::parse(code).expect("a code");
    recovery
        .verify_email(&fixtures::email(email), &code, fixtures::origin())
        .await
}

async fn reset(recovery: &Recovery, code: &str, new: &str) -> Result<(), Error> {
    let (email, code, new) = (
        fixtures::email(ADA),
        Code::parse(code).expect("a code"),
        password(new),
    );
    recovery
        .reset_password(&email, &code, new, fixtures::origin())
        .await
}

async fn request(recovery: &Recovery, email: &str, purpose: CodePurpose) {
    let (email, language) = (fixtures::email(email), MailLanguage::Spanish);
    let requested = recovery.request_code(&email, purpose, language, fixtures::origin());
    requested.await.expect("accepted");
}

#[tokio::test]
async fn a_requested_mail_is_in_the_language_of_the_request_and_a_recovery_is_recorded() {
    for (purpose, events) in [
        (CodePurpose::RecoverPassword, vec![EventKind::RecoveryRequested]),
        (CodePurpose::VerifyEmail, vec![]),
    ] {
        let test = TestContext::with_ada().await;
        let recovery = recovery(&test);
        request(&recovery, "ADA@example.org", purpose).await;
        let [mail] = &test.due_mails().await[..] else {
            panic!("one mail")
        };
        assert_eq!(
            (mail.user_id, mail.purpose, mail.language),
            (Some(fixtures::owner()), purpose, MailLanguage::Spanish)
        );
        assert!(recovery.mail_signals.notified().now_or_never().is_some());
        assert_eq!(test.events(fixtures::owner()).await, events);
    }
}

#[tokio::test]
async fn for_an_unknown_address_and_a_disabled_user_the_same_rows_are_written_without_a_recipient() {
    let disabled = User {
        disabled_at: Some(fixtures::now()),
        ..fixtures::ada()
    };
    for (email, events) in [
        ("unknown@example.org", vec![]),
        (ADA, vec![EventKind::RecoveryRequested]),
    ] {
        let test = TestContext::new().with_user(disabled.clone()).await;
        let (recovery, commits) = (recovery(&test), test.store.commits());
        request(&recovery, email, CodePurpose::RecoverPassword).await;
        assert_eq!(test.store.commits(), commits + 1);
        let [mail] = &test.due_mails().await[..] else {
            panic!("one mail")
        };
        assert_eq!(mail.user_id, None);
        assert!(recovery.mail_signals.notified().now_or_never().is_some());
        assert_eq!(test.events(fixtures::owner()).await, events);
    }
}

#[tokio::test]
async fn a_user_who_is_deleted_after_the_lookup_gets_no_mail() {
    let test = TestContext::with_ada().await;
    let store = test.store.clone();
    let mut clock = MockClock::new();
    // The service reads the time between the lookup and the transaction.
    clock.expect_now().times(1).returning(move || {
        let deletion = async {
            let tx = store.begin().await.expect("a transaction");
            tx.users().delete(fixtures::owner()).await.expect("deleted");
            tx.commit().await.expect("a commit");
        };
        deletion.now_or_never().expect("no other transaction runs");
        fixtures::now()
    });
    let mut recovery = recovery(&test);
    recovery.context.clock = Arc::new(clock);
    request(&recovery, ADA, CodePurpose::VerifyEmail).await;
    assert_eq!(test.due_mails().await, []);
    assert!(recovery.mail_signals.notified().now_or_never().is_none());
}

#[tokio::test]
async fn the_right_code_verifies_the_address_once() {
    let test = TestContext::new()
        .with_user(unverified())
        .await
        .with_codes(PURPOSES)
        .await;
    let recovery = recovery(&test);
    verify(&recovery, "ADA@Example.org", CODE)
        .await
        .expect("verified");
    let user = test.user(fixtures::owner()).await.expect("stored");
    assert_eq!(
        (user.email_verified, user.updated_at),
        (true, unverified().updated_at)
    );
    assert_eq!(test.attempts_left(user.id, CodePurpose::VerifyEmail).await, None);
    assert_eq!(
        test.attempts_left(user.id, CodePurpose::RecoverPassword).await,
        Some(5)
    );
    assert_eq!(test.events(user.id).await, [EventKind::EmailVerified]);
    let again = verify(&recovery, ADA, CODE).await.expect_err("used");
    assert_eq!(again.code(), ErrorCode::InvalidToken);
}

#[tokio::test]
async fn a_code_with_an_outdated_hash_is_accepted() {
    let test = TestContext::new()
        .with_user(unverified())
        .await
        .with_codes(PURPOSES)
        .await;
    let mut hasher = MockPasswordHasher::new();
    hasher
        .expect_verify()
        .return_once(|_, _| Ok(Verification::RightButOutdated));
    let recovery = recovery_with(&test, passwords_with(hasher));
    verify(&recovery, ADA, CODE).await.expect("verified");
}

#[tokio::test]
async fn a_wrong_code_costs_an_attempt_that_is_committed_before_the_code_is_compared() {
    let test = TestContext::new()
        .with_user(unverified())
        .await
        .with_codes(PURPOSES)
        .await;
    let (store, commits) = (test.store.clone(), test.store.commits());
    let mut hasher = MockPasswordHasher::new();
    hasher.expect_verify().times(1).returning(move |code, hash| {
        assert_eq!(code.expose_secret(), WRONG_CODE);
        assert!(hash.is_some());
        assert_eq!(store.commits(), commits + 1);
        Ok(Verification::Wrong)
    });
    let recovery = recovery_with(&test, passwords_with(hasher));
    let error = verify(&recovery, ADA, WRONG_CODE).await.expect_err("wrong");
    assert_eq!(error.code(), ErrorCode::InvalidToken);
    let left = test
        .attempts_left(fixtures::owner(), CodePurpose::VerifyEmail)
        .await;
    assert_eq!(left, Some(4));
    assert!(!test.user(fixtures::owner()).await.expect("stored").email_verified);
    assert_eq!(test.events(fixtures::owner()).await, []);
}

#[tokio::test]
async fn without_a_code_or_a_user_the_answer_and_the_work_are_those_of_a_wrong_code() {
    let mut outcomes = Vec::new();
    for (email, has_code, code) in [
        (ADA, true, WRONG_CODE),
        (ADA, false, CODE),
        ("unknown@example.org", true, CODE),
    ] {
        let mut test = TestContext::new().with_user(unverified()).await;
        if has_code {
            test = test.with_codes([CodePurpose::VerifyEmail]).await;
        }
        let commits = test.store.commits();
        let mut counted = MockPasswordHasher::new();
        let real = hasher();
        counted
            .expect_verify()
            .times(1)
            .returning(move |code, hash| real.verify(code, hash).now_or_never().expect("ready"));
        let recovery = recovery_with(&test, passwords_with(counted));
        let error = verify(&recovery, email, code).await.expect_err("rejected");
        outcomes.push((error.code(), error.to_string(), test.store.commits() - commits));
    }
    assert!(
        outcomes.iter().all(|outcome| *outcome == outcomes[0]),
        "{outcomes:?}"
    );
}

#[tokio::test]
async fn a_code_that_was_replaced_used_or_sent_to_a_former_address_cannot_be_spent() {
    let purpose = CodePurpose::VerifyEmail;
    let moved = User {
        email: fixtures::email("elsewhere@example.org"),
        ..fixtures::ada()
    };
    for (user, has_code, expected) in [
        (Some(fixtures::ada()), true, Ok(fixtures::owner())),
        (Some(fixtures::ada()), false, Err(ErrorCode::InvalidToken)),
        (Some(moved), true, Err(ErrorCode::InvalidToken)),
        (None, false, Err(ErrorCode::InvalidToken)),
    ] {
        let mut test = TestContext::new();
        if let Some(user) = user {
            test = test.with_user(user).await;
        }
        if has_code {
            test = test.with_codes([purpose]).await;
        }
        let spent = test
            .run(async |tx| spend_code(tx, &issued_code(purpose)).await)
            .await;
        let spent = spent.map(|user| user.id).map_err(|error| error.code());
        assert_eq!(spent, expected);
    }
}

/// Ada's credentials besides the password: a session, an API key, an identity and a face.
async fn credentials(test: &TestContext) -> [bool; 4] {
    let (user, now, read) = (fixtures::owner(), fixtures::now(), test.read());
    let sessions = read.sessions().list(user, now, PageRequest::default()).await;
    let linked = read.identities().find_user(&identity().identity).await;
    [
        !sessions.expect("a read").items.is_empty(),
        read.api_keys().count(user).await.expect("a read") > 0,
        linked.expect("a read").is_some(),
        read.faces().find(user).await.expect("a read").is_some(),
    ]
}

fn identity() -> LinkedIdentity {
    LinkedIdentity {
        identity: Identity::new("https://issuer.example", "1").expect("a valid identity"),
        user_id: fixtures::owner(),
        created_at: fixtures::now(),
        last_used_at: fixtures::now(),
    }
}

async fn with_credentials(user: User) -> TestContext {
    let test = TestContext::new()
        .with_user(user)
        .await
        .with_codes(PURPOSES)
        .await;
    test.write(async |tx| {
        tx.sessions().insert(&fixtures::session()).await?;
        tx.api_keys().insert(&fixtures::api_key()).await?;
        tx.identities().insert(&identity()).await?;
        tx.faces().put(&faces::enrolled(0.0)).await
    })
    .await;
    test
}

#[tokio::test]
async fn a_reset_ends_every_session_and_if_the_address_was_unverified_revokes_all_credentials() {
    use EventKind::{EmailVerified, PasswordReset};
    for (email_verified, left, events) in [
        (true, [false, true, true, true], vec![PasswordReset]),
        (false, [false; 4], vec![PasswordReset, EmailVerified]),
    ] {
        let before = User {
            email_verified,
            has_face: true,
            ..fixtures::ada()
        };
        let test = with_credentials(before).await;
        test.clock.advance(TimeDelta::minutes(1));
        reset(&recovery(&test), CODE, NEW_PASSWORD).await.expect("reset");
        let user = test.user(fixtures::owner()).await.expect("stored");
        let stored = user.password_hash.as_ref().map(PasswordHash::expose);
        assert_eq!(stored, Some(hash(NEW_PASSWORD).expose()));
        assert_eq!(user.updated_at, fixtures::now() + TimeDelta::minutes(1));
        assert_eq!((user.email_verified, user.has_face), (true, email_verified));
        assert_eq!(credentials(&test).await, left);
        assert_eq!(
            test.attempts_left(user.id, CodePurpose::RecoverPassword).await,
            None
        );
        assert_eq!(test.events(user.id).await, events);
        let again = reset(&recovery(&test), CODE, NEW_PASSWORD)
            .await
            .expect_err("used");
        assert_eq!(again.code(), ErrorCode::InvalidToken);
    }
}

#[tokio::test]
async fn a_common_password_is_rejected_and_costs_no_attempt() {
    let test = TestContext::with_ada().await.with_codes(PURPOSES).await;
    let error = reset(&recovery(&test), CODE, COMMON_PASSWORD)
        .await
        .expect_err("common");
    assert!(matches!(error, Error::InvalidRequest(fields) if fields[0].field == "new_password"));
    let left = test
        .attempts_left(fixtures::owner(), CodePurpose::RecoverPassword)
        .await;
    assert_eq!(left, Some(5));
    assert_eq!(test.events(fixtures::owner()).await, []);
}

#[tokio::test]
async fn expired_codes_are_deleted() {
    let test = TestContext::with_ada().await.with_codes(PURPOSES).await;
    let delete = async || {
        Recovery::delete_expired_codes(&test.context())
            .await
            .expect("deleted")
    };
    assert_eq!(delete().await, 0);
    test.clock
        .advance(IssuedCode::LIFETIME + TimeDelta::microseconds(1));
    assert_eq!((delete().await, delete().await), (2, 0));
}
