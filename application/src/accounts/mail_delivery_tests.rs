use super::*;
use crate::ErrorCode;
use crate::fixtures;
use domain::{
    accounts::{MailLanguage, MockMailer, MockPasswordHasher, MockSecretGenerator},
    clock::Timestamp,
    store::{
        StoreError,
        test_support::{MockRepositories, MockStore},
    },
};
use secrecy::ExposeSecret;
use std::sync::Mutex;

const PURPOSE: CodePurpose = CodePurpose::RecoverPassword;

/// An order that was claimed for the third time.
fn order(purpose: CodePurpose) -> OutgoingMail {
    OutgoingMail {
        attempts: 3,
        ..fixtures::outgoing_mail(purpose)
    }
}

/// A store in which this order is due, and nothing after it.
fn with_due(order: OutgoingMail) -> MockStore {
    with_due_and_then(order, fixtures::now())
}

/// The same, and then it is looked for what was due at this moment.
fn with_due_and_then(order: OutgoingMail, later: Timestamp) -> MockStore {
    let looks = Mutex::new([(fixtures::now(), true), (later, false)].into_iter());
    let mut reads = MockRepositories::default();
    reads.outgoing_mails.expect_any_due().returning(move |moment| {
        let (expected, due) = looks.lock().expect("unpoisoned").next().expect("one more look");
        assert_eq!(moment, expected);
        Ok(due)
    });
    let mut work = MockRepositories::default();
    work.outgoing_mails
        .expect_claim()
        .withf(|now, until| *now == fixtures::now() && *until == fixtures::now() + LEASE)
        .times(1)
        .return_once(move |_, _| Ok(Some(order)));
    MockStore::reading(reads).then_work(work)
}

/// The unit of work that finds whether the mail is needed by this user.
fn looking(user: Option<User>, superseded: bool) -> MockRepositories {
    let mut work = MockRepositories::default();
    work.users
        .expect_lock()
        .withf(|id| *id == fixtures::ada().id)
        .times(1)
        .return_once(move |_| Ok(user));
    work.outgoing_mails
        .expect_is_superseded()
        .returning(move |_| Ok(superseded));
    work
}

/// The same, and stores the code.
fn issuing() -> MockRepositories {
    let mut work = looking(Some(fixtures::ada()), false);
    work.codes
        .expect_put()
        .withf(|code| {
            code.user_id == fixtures::ada().id
                && code.purpose == PURPOSE
                && code.email_key == "ada@example.org"
                && code.hash.expose() == "hash of 31415926"
                && code.attempts_left == 5
                && code.expires_at == fixtures::now() + TimeDelta::minutes(10)
        })
        .times(1)
        .returning(|_| Ok(()));
    work
}

fn removing() -> MockRepositories {
    let mut work = MockRepositories::default();
    work.outgoing_mails
        .expect_remove()
        .withf(|removed| removed.attempts == 3)
        .times(1)
        .returning(|_| Ok(()));
    work
}

fn delivering(store: &Arc<MockStore>, mailer: MockMailer) -> DeliverMails {
    let mut hasher = MockPasswordHasher::new();
    hasher
        .expect_hash()
        .returning(|password| Ok(PasswordHash::new(format!("hash of {}", password.expose()))));
    let mut secrets = MockSecretGenerator::new();
    secrets
        .expect_code()
        .returning(|| Code::parse("31415926").expect("a code"));
    DeliverMails {
        store: store.clone(),
        hasher: Arc::new(hasher),
        secrets: Arc::new(secrets),
        mailer: Arc::new(mailer),
        clock: fixtures::clock(),
        ids: fixtures::ids(),
        signals: Arc::default(),
        cut_off: AtomicBool::new(false),
    }
}

/// A mailer that gets one mail, after so many commits, and answers so.
fn expecting(store: &Arc<MockStore>, answer: fn() -> Result<(), MailError>) -> MockMailer {
    let store = store.clone();
    let mut mailer = MockMailer::new();
    mailer.expect_send().times(1).returning(move |mail| {
        assert_eq!(store.commits(), 2, "the claim and the code are committed");
        assert_eq!(mail.to, fixtures::ada().email);
        assert_eq!(mail.language, MailLanguage::Spanish);
        assert!(matches!(mail.content, MailContent::RecoverPassword { .. }));
        assert_eq!(mail.content.code().expose_secret(), "31415926");
        answer()
    });
    mailer
}

#[tokio::test]
async fn a_code_is_stored_hashed_then_sent_and_then_the_order_goes() {
    let works = with_due(order(PURPOSE))
        .then_work(issuing())
        .then_work(removing());
    let store = Arc::new(works);
    let mailer = expecting(&store, || Ok(()));
    delivering(&store, mailer).execute().await.expect("sent");
    assert_eq!((store.commits(), store.left()), (3, 0));
}

#[tokio::test]
async fn a_mail_that_cannot_be_sent_now_rests_and_whatever_is_due_is_left_to_others_first() {
    let mut resting = MockRepositories::default();
    resting
        .outgoing_mails
        .expect_postpone()
        .withf(|order, until| order.attempts == 3 && *until == fixtures::now() + TimeDelta::seconds(20))
        .times(1)
        .returning(|_, _| Ok(()));
    let works = with_due_and_then(order(PURPOSE), fixtures::now() + TimeDelta::seconds(-2));
    let store = Arc::new(works.then_work(issuing()).then_work(resting));
    let mailer = expecting(&store, || Err(MailError::Unavailable("down".into())));
    delivering(&store, mailer).execute().await.expect("put off");
    assert_eq!(store.commits(), 3);
}

#[tokio::test]
async fn a_mail_that_is_refused_goes() {
    let store = Arc::new(
        with_due(order(PURPOSE))
            .then_work(issuing())
            .then_work(removing()),
    );
    let mailer = expecting(&store, || Err(MailError::Refused));
    delivering(&store, mailer).execute().await.expect("given up");
    assert_eq!(store.commits(), 3);
}

#[tokio::test]
async fn a_mail_that_nobody_needs_is_not_sent() {
    let verified = fixtures::ada;
    let unverified = || User {
        email_verified: false,
        ..fixtures::ada()
    };
    let disabled = || User {
        disabled_at: Some(fixtures::now()),
        ..unverified()
    };
    for (purpose, user, superseded) in [
        (PURPOSE, None, false),
        (PURPOSE, Some(disabled()), false),
        (CodePurpose::VerifyEmail, Some(disabled()), false),
        (PURPOSE, Some(unverified()), true),
        (CodePurpose::VerifyEmail, Some(unverified()), true),
        (CodePurpose::VerifyEmail, Some(verified()), false),
    ] {
        let works = with_due(order(purpose))
            .then_work(looking(user, superseded))
            .then_work(removing());
        let store = Arc::new(works);
        let outcome = delivering(&store, MockMailer::new()).execute().await;
        outcome.expect("dropped");
        assert_eq!((store.commits(), store.left()), (2, 0));
    }
}

#[tokio::test]
async fn an_order_for_nobody_and_one_that_is_a_day_old_go_without_a_mail() {
    let nobody = OutgoingMail {
        user_id: None,
        ..order(PURPOSE)
    };
    let old = OutgoingMail {
        created_at: fixtures::now() + TimeDelta::hours(-24),
        ..order(PURPOSE)
    };
    for order in [nobody, old] {
        let store = Arc::new(with_due(order).then_work(removing()));
        let outcome = delivering(&store, MockMailer::new()).execute().await;
        outcome.expect("dropped");
        assert_eq!((store.commits(), store.left()), (2, 0));
    }
}

#[tokio::test]
async fn an_order_whose_code_cannot_be_stored_is_left_for_later_and_nothing_is_sent() {
    let mut work = looking(Some(fixtures::ada()), false);
    work.codes
        .expect_put()
        .returning(|_| Err(StoreError::Unavailable("down".into())));
    for works in [
        with_due(order(PURPOSE)).then_work(work),
        with_due(order(PURPOSE)).then_failing_commit(issuing()),
    ] {
        let store = Arc::new(works);
        let outcome = delivering(&store, MockMailer::new()).execute().await;
        assert_eq!(outcome.expect_err("down").code(), ErrorCode::Unavailable);
        assert_eq!(store.commits(), 1);
    }
}

#[tokio::test]
async fn nothing_is_begun_any_more_when_the_process_ends() {
    let store = Arc::new(MockStore::default());
    let deliver = delivering(&store, MockMailer::new());
    deliver.signals.finish();
    deliver.execute().await.expect("nothing to do");
    deliver.run().await;
}

#[tokio::test(start_paused = true)]
async fn orders_are_looked_for_at_a_ring_every_second_and_after_an_outage() {
    let (looked, mut looks) = tokio::sync::mpsc::unbounded_channel();
    let mut reads = MockRepositories::default();
    let outage = Mutex::new([true].into_iter());
    reads.outgoing_mails.expect_any_due().returning(move |_| {
        looked.send(tokio::time::Instant::now()).expect("a listener");
        match outage.lock().expect("unpoisoned").next() {
            Some(_) => Err(StoreError::Unavailable("down".into())),
            None => Ok(false),
        }
    });
    let store = Arc::new(MockStore::reading(reads));
    let deliver = Arc::new(delivering(&store, MockMailer::new()));
    let running = deliver.clone();
    let run = tokio::spawn(async move { running.run().await });
    let first = looks.recv().await.expect("a look");
    let second = looks.recv().await.expect("a look");
    assert_eq!(second - first, AFTER_FAILURE);
    let third = looks.recv().await.expect("a look");
    assert_eq!(third - second, LOOK_EVERY);
    deliver.signals.ring();
    let fourth = looks.recv().await.expect("a look");
    assert_eq!(fourth, third);
    deliver.signals.finish();
    run.await.expect("it ends");
}
