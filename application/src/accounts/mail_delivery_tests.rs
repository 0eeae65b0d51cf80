use super::*;
use crate::{
    ErrorCode,
    accounts::test_support::{CODE, hash, hasher},
    fixtures,
    test_context::TestContext,
};
use domain::{
    accounts::{MockMailer, MockSecretGenerator},
    clock::Clock,
    ids::OutgoingMailId,
};
use futures_util::FutureExt;
use secrecy::ExposeSecret;
use uuid::Uuid;

const PURPOSE: CodePurpose = CodePurpose::RecoverPassword;

/// A store with a user and a mail to the user.
async fn with_mail(user: Option<User>, mail: OutgoingMail) -> TestContext {
    let mut test = TestContext::new();
    if let Some(user) = user {
        test = test.with_user(user).await;
    }
    test.write(async |tx| tx.outgoing_mails().insert(&mail).await)
        .await;
    test
}

fn delivery(test: &TestContext, mailer: MockMailer) -> MailDelivery {
    let mut secrets = MockSecretGenerator::new();
    secrets
        .expect_code()
        .returning(|| Code::parse(CODE).expect("a code"));
    MailDelivery::new(
        test.context(),
        Arc::new(hasher()),
        Arc::new(secrets),
        Arc::new(mailer),
        Arc::default(),
    )
}

/// Expects one mail to Ada after the claim and the code were committed, and answers it.
fn mailer(test: &TestContext, answer: fn() -> Result<(), MailError>) -> MockMailer {
    let (store, commits) = (test.store.clone(), test.store.commits());
    let mut mailer = MockMailer::new();
    mailer.expect_send().times(1).returning(move |mail| {
        assert_eq!(
            store.commits(),
            commits + 2,
            "the claim and the code are committed"
        );
        assert_eq!(mail.to, fixtures::ada().email);
        assert_eq!(mail.language, fixtures::outgoing_mail(PURPOSE).language);
        assert!(matches!(mail.content, MailContent::RecoverPassword { .. }));
        assert_eq!(mail.content.code().expose_secret(), CODE);
        answer()
    });
    mailer
}

#[tokio::test]
async fn a_sent_or_permanently_rejected_mail_leaves_the_outbox_and_its_code_is_stored_as_a_hash() {
    for answer in [|| Ok(()), || Err(MailError::Refused)] {
        let test = with_mail(Some(fixtures::ada()), fixtures::outgoing_mail(PURPOSE)).await;
        let delivery = delivery(&test, mailer(&test, answer));
        delivery.send_due().await.expect("sent");
        test.clock.advance(TimeDelta::days(1));
        assert_eq!(test.due_mails().await, []);
        test.clock.advance(-TimeDelta::days(1));
        let (user, now) = (fixtures::owner(), fixtures::now());
        let code = test
            .write(async |tx| tx.codes().take_attempt(user, PURPOSE, now).await)
            .await;
        let code = code.expect("a code");
        assert_eq!(code.hash.expose(), hash(CODE).expose());
        assert_eq!(
            (code.email_key.as_str(), code.attempts_left),
            ("ada@example.org", 4)
        );
        assert_eq!(code.expires_at, now + TimeDelta::minutes(10));
    }
}

#[tokio::test]
async fn a_mail_that_cannot_be_sent_is_retried_after_a_delay_and_first_left_to_other_processes() {
    let test = with_mail(Some(fixtures::ada()), fixtures::outgoing_mail(PURPOSE)).await;
    let delivery = delivery(
        &test,
        mailer(&test, || Err(MailError::Unavailable("down".into()))),
    );
    delivery.send_due().await.expect("postponed");
    test.clock
        .advance(TimeDelta::seconds(5) + TimeDelta::microseconds(-1));
    let due = async || {
        test.read()
            .outgoing_mails()
            .any_due(test.clock.now())
            .await
            .expect("a read")
    };
    assert!(!due().await);
    test.clock.advance(TimeDelta::microseconds(1));
    assert!(due().await);
    // It is due for other processes; this one waits, because its mail server was unreachable.
    delivery.send_due().await.expect("nothing is claimed");
    let [mail] = &test.due_mails().await[..] else {
        panic!("one mail")
    };
    assert_eq!(mail.attempts, 2);
}

#[tokio::test]
async fn a_process_whose_mail_server_was_unreachable_tries_mails_again_after_2_seconds() {
    let test = with_mail(Some(fixtures::ada()), fixtures::outgoing_mail(PURPOSE)).await;
    let mut mailer = MockMailer::new();
    let mut answers = [Err(MailError::Unavailable("down".into())), Ok(())].into_iter();
    mailer
        .expect_send()
        .times(2)
        .returning(move |_| answers.next().expect("one more attempt"));
    let delivery = delivery(&test, mailer);
    delivery.send_due().await.expect("postponed");
    test.clock.advance(TimeDelta::seconds(5) + YIELD);
    delivery.send_due().await.expect("sent");
    test.clock.advance(TimeDelta::days(1));
    assert_eq!(test.due_mails().await, []);
}

#[tokio::test]
async fn a_mail_that_is_not_needed_any_more_is_dropped() {
    let verify = CodePurpose::VerifyEmail;
    let unverified = User {
        email_verified: false,
        ..fixtures::ada()
    };
    let disabled = User {
        disabled_at: Some(fixtures::now()),
        ..unverified.clone()
    };
    let mail = fixtures::outgoing_mail;
    let to_unknown_address = OutgoingMail {
        user_id: None,
        ..mail(PURPOSE)
    };
    let expired = OutgoingMail {
        created_at: fixtures::now() + TimeDelta::hours(-24),
        ..mail(PURPOSE)
    };
    for (user, mail) in [
        (disabled.clone(), mail(PURPOSE)),
        (disabled, mail(verify)),
        (fixtures::ada(), mail(verify)),
        (unverified.clone(), to_unknown_address),
        (unverified, expired),
    ] {
        let test = with_mail(Some(user), mail).await;
        delivery(&test, MockMailer::new())
            .send_due()
            .await
            .expect("dropped");
        test.clock.advance(TimeDelta::days(1));
        assert_eq!(test.due_mails().await, []);
    }
}

#[tokio::test]
async fn only_the_latest_mail_for_a_purpose_is_sent() {
    let test = with_mail(Some(fixtures::ada()), fixtures::outgoing_mail(PURPOSE)).await;
    let latest = OutgoingMail {
        id: OutgoingMailId(Uuid::from_u128(8)),
        ..fixtures::outgoing_mail(PURPOSE)
    };
    test.write(async |tx| tx.outgoing_mails().insert(&latest).await)
        .await;
    let mut mailer = MockMailer::new();
    mailer.expect_send().times(1).returning(|_| Ok(()));
    delivery(&test, mailer).send_due().await.expect("sent");
    test.clock.advance(TimeDelta::days(1));
    assert_eq!(test.due_mails().await, []);
}

#[tokio::test]
async fn a_mail_whose_code_cannot_be_stored_stays_in_the_outbox() {
    let test = with_mail(Some(fixtures::ada()), fixtures::outgoing_mail(PURPOSE)).await;
    let delivery = delivery(&test, MockMailer::new());
    let mail = delivery.claim().await.expect("a claim").expect("a mail");
    test.store.fail_next_commit();
    let error = delivery.send(&mail).await.expect_err("the store is down");
    assert_eq!(error.code(), ErrorCode::Unavailable);
    test.clock.advance(LEASE);
    assert_eq!(test.due_mails().await.len(), 1);
}

#[tokio::test]
async fn a_claimed_mail_is_reserved_until_the_lease_ends() {
    let test = with_mail(Some(fixtures::ada()), fixtures::outgoing_mail(PURPOSE)).await;
    let delivery = delivery(&test, MockMailer::new());
    let claimed = delivery.claim().await.expect("a claim").expect("a mail");
    assert_eq!(claimed.attempts, 1);
    test.clock.advance(LEASE + TimeDelta::microseconds(-1));
    assert_eq!(delivery.claim().await.expect("a claim"), None);
    test.clock.advance(TimeDelta::microseconds(1));
    let again = delivery.claim().await.expect("a claim").expect("a mail");
    assert_eq!(again.attempts, 2);
}

#[tokio::test]
async fn nothing_is_sent_after_the_end_of_the_process() {
    let test = with_mail(Some(fixtures::ada()), fixtures::outgoing_mail(PURPOSE)).await;
    let delivery = delivery(&test, MockMailer::new());
    delivery.signals.stop();
    delivery.send_due().await.expect("nothing to do");
    delivery.run().await;
    assert_eq!(test.due_mails().await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_outbox_is_polled_at_a_signal_every_second_and_after_an_outage() {
    let mut clock = domain::clock::MockClock::new();
    let (polled, mut polls) = tokio::sync::mpsc::unbounded_channel();
    clock.expect_now().returning(move || {
        polled.send(tokio::time::Instant::now()).expect("a receiver");
        fixtures::now()
    });
    let test = with_mail(Some(fixtures::ada()), fixtures::outgoing_mail(PURPOSE)).await;
    let mut delivery = delivery(&test, MockMailer::new());
    delivery.context.clock = Arc::new(clock);
    // The first claim finds the store down; afterwards the outbox is empty.
    let removed = OutgoingMail {
        attempts: 0,
        ..fixtures::outgoing_mail(PURPOSE)
    };
    test.store.fail_next_begin();
    let delivery = Arc::new(delivery);
    let running = delivery.clone();
    let run = tokio::spawn(async move { running.run().await });
    let first = polls.recv().await.expect("a poll");
    tokio::task::yield_now().await;
    test.write(async |tx| tx.outgoing_mails().remove(&removed).await)
        .await;
    let second = polls.recv().await.expect("a poll");
    assert_eq!(second - first, FAILURE_PAUSE);
    let third = polls.recv().await.expect("a poll");
    assert_eq!(third - second, POLL_INTERVAL);
    delivery.signals.notify();
    let fourth = polls.recv().await.expect("a poll");
    assert_eq!(fourth, third);
    delivery.signals.stop();
    run.await.expect("it ends");
}

#[test]
fn a_signal_is_kept_for_the_next_sender_and_the_end_wakes_all() {
    let signals = MailSignals::default();
    assert!(signals.notified().now_or_never().is_none());
    signals.notify();
    assert!(signals.notified().now_or_never().is_some());
    assert!(signals.notified().now_or_never().is_none());
    assert!(signals.is_running());
    signals.stop();
    assert!(!signals.is_running());
    for _ in 0..2 {
        assert!(signals.notified().now_or_never().is_some());
    }
}
