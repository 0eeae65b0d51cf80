//! Mails that are to be sent.

use crate::{
    databases::{TestDatabase, on_every_database},
    samples::{begin, commit, moment, stored_user, user, write},
};
use domain::{
    accounts::{CodePurpose, MailLanguage, OutgoingMail, User},
    clock::Timestamp,
    ids::{IdGenerator, OutgoingMailId},
    store::{Store, StoreError},
};
use infrastructure::{persistence::SeaStore, system::UuidV7Generator};
use std::collections::HashSet;

const VERIFY: CodePurpose = CodePurpose::VerifyEmail;
const RECOVER: CodePurpose = CodePurpose::RecoverPassword;

fn order(user: Option<&User>, purpose: CodePurpose, seconds: i64) -> OutgoingMail {
    let id = OutgoingMailId(UuidV7Generator.next());
    let user = user.map(|user| user.id);
    OutgoingMail::new(id, user, purpose, MailLanguage::Spanish, moment(seconds))
}

async fn insert(store: &SeaStore, order: &OutgoingMail) -> Result<(), StoreError> {
    write(store, async |work| work.outgoing_mails().insert(order).await).await
}

async fn stored_order(
    store: &SeaStore,
    user: Option<&User>,
    purpose: CodePurpose,
    seconds: i64,
) -> OutgoingMail {
    let order = order(user, purpose, seconds);
    insert(store, &order).await.expect("the order is added");
    order
}

async fn claim(store: &SeaStore, now: Timestamp, until: Timestamp) -> Option<OutgoingMail> {
    let work = begin(store).await;
    let claimed = work.outgoing_mails().claim(now, until).await;
    commit(work).await;
    claimed.expect("an answer")
}

async fn remove(store: &SeaStore, order: &OutgoingMail) {
    let removed = write(store, async |work| work.outgoing_mails().remove(order).await);
    removed.await.expect("an answer");
}

async fn postpone(store: &SeaStore, order: &OutgoingMail, until: Timestamp) {
    let postponed = write(store, async |work| {
        work.outgoing_mails().postpone(order, until).await
    });
    postponed.await.expect("an answer");
}

async fn any_due(store: &SeaStore, now: Timestamp) -> bool {
    store.read().outgoing_mails().any_due(now).await.expect("a read")
}

on_every_database![
    orders_are_claimed_whole_and_longest_due_first,
    a_claimed_order_is_left_alone_until_its_time,
    many_who_claim_at_once_get_every_order_once,
    who_was_overtaken_changes_nothing,
    an_order_that_is_put_off_is_due_again_later,
    an_order_is_superseded_by_a_later_one_of_its_user_and_purpose,
    orders_go_with_their_user_and_none_is_kept_for_one_who_is_gone,
    an_order_that_does_not_parse_is_an_error_and_not_absent,
];

async fn orders_are_claimed_whole_and_longest_due_first(database: TestDatabase) {
    let store = database.store().await;
    let ada = stored_user(&store, "ada").await;
    let second = stored_order(&store, Some(&ada), VERIFY, 2).await;
    let first = stored_order(&store, None, RECOVER, 1).await;
    assert!(!any_due(&store, moment(0)).await && any_due(&store, moment(1)).await);
    assert_eq!(claim(&store, moment(0), moment(99)).await, None);
    for order in [first, second] {
        let claimed = claim(&store, moment(2), moment(99)).await;
        assert_eq!(claimed, Some(OutgoingMail { attempts: 1, ..order }));
    }
    assert!(!any_due(&store, moment(98)).await);
}

async fn a_claimed_order_is_left_alone_until_its_time(database: TestDatabase) {
    let store = database.store().await;
    let order = stored_order(&store, None, RECOVER, 0).await;
    for (attempts, seconds) in [(1, 0), (2, 90), (3, 180)] {
        let claimed = claim(&store, moment(seconds), moment(seconds + 90)).await;
        assert_eq!(
            claimed,
            Some(OutgoingMail {
                attempts,
                ..order.clone()
            })
        );
        assert_eq!(claim(&store, moment(seconds + 89), moment(999)).await, None);
    }
}

async fn many_who_claim_at_once_get_every_order_once(database: TestDatabase) {
    let store = database.store().await;
    let other = database.connect().await;
    let mut expected = HashSet::new();
    for _ in 0..40 {
        expected.insert(stored_order(&store, None, RECOVER, 0).await.id.0);
    }
    let claimants = (0..8).map(|index| {
        let store = if index % 2 == 0 {
            store.clone()
        } else {
            other.clone()
        };
        tokio::spawn(async move {
            let mut claimed = Vec::new();
            // Another may have the only one that is left in its hands just now.
            while any_due(&store, moment(1)).await {
                claimed.extend(claim(&store, moment(1), moment(99)).await);
            }
            claimed
        })
    });
    let mut claimed = Vec::new();
    for claimant in claimants.collect::<Vec<_>>() {
        claimed.extend(claimant.await.expect("every claim succeeds"));
    }
    assert_eq!(claimed.len(), 40);
    let claimed: HashSet<_> = claimed.into_iter().map(|order| order.id.0).collect();
    assert_eq!(claimed, expected);
}

async fn who_was_overtaken_changes_nothing(database: TestDatabase) {
    let store = database.store().await;
    stored_order(&store, None, RECOVER, 0).await;
    let slow = claim(&store, moment(0), moment(90)).await.expect("an order");
    let next = claim(&store, moment(90), moment(180)).await.expect("an order");
    remove(&store, &slow).await;
    postpone(&store, &slow, moment(91)).await;
    assert!(!any_due(&store, moment(179)).await && any_due(&store, moment(180)).await);
    remove(&store, &next).await;
    assert!(!any_due(&store, moment(999)).await);
}

async fn an_order_that_is_put_off_is_due_again_later(database: TestDatabase) {
    let store = database.store().await;
    stored_order(&store, None, RECOVER, 0).await;
    let claimed = claim(&store, moment(0), moment(90)).await.expect("an order");
    postpone(&store, &claimed, moment(5)).await;
    assert!(!any_due(&store, moment(4)).await);
    let again = claim(&store, moment(5), moment(95)).await.expect("an order");
    assert_eq!((again.id, again.attempts), (claimed.id, 2));
}

async fn an_order_is_superseded_by_a_later_one_of_its_user_and_purpose(database: TestDatabase) {
    let store = database.store().await;
    let ada = stored_user(&store, "ada").await;
    let grace = stored_user(&store, "grace").await;
    let first = stored_order(&store, Some(&ada), VERIFY, 0).await;
    let nobodys = stored_order(&store, None, VERIFY, 0).await;
    stored_order(&store, Some(&ada), RECOVER, 0).await;
    stored_order(&store, Some(&grace), VERIFY, 0).await;
    stored_order(&store, None, VERIFY, 0).await;
    let superseded = async |order: &OutgoingMail| {
        let superseded = store.read().outgoing_mails().is_superseded(order).await;
        superseded.expect("a read")
    };
    assert!(!superseded(&first).await && !superseded(&nobodys).await);
    let second = stored_order(&store, Some(&ada), VERIFY, 0).await;
    assert!(superseded(&first).await && !superseded(&second).await);
}

async fn orders_go_with_their_user_and_none_is_kept_for_one_who_is_gone(database: TestDatabase) {
    let store = database.store().await;
    let ada = stored_user(&store, "ada").await;
    stored_order(&store, Some(&ada), VERIFY, 0).await;
    let deleted = write(&store, async |work| work.users().delete(ada.id).await);
    deleted.await.expect("deleted");
    assert!(!any_due(&store, moment(9)).await);
    let refused = insert(&store, &order(Some(&user("nobody")), VERIFY, 0)).await;
    assert!(matches!(refused, Err(StoreError::OwnerDeleted)), "{refused:?}");
}

async fn an_order_that_does_not_parse_is_an_error_and_not_absent(database: TestDatabase) {
    let store = database.store().await;
    for change in ["purpose = 'greet'", "language = 'eo'", "attempts = -1"] {
        stored_order(&store, None, VERIFY, 0).await;
        database
            .execute(&format!("UPDATE mail_orders SET {change}"))
            .await;
        let outcome = write(&store, async |work| {
            work.outgoing_mails().claim(moment(1), moment(2)).await
        });
        assert!(outcome.await.is_err(), "{change}");
        database.execute("DELETE FROM mail_orders").await;
    }
}
