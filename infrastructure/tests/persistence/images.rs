//! Images and quotas.

use crate::{
    databases::{TestDatabase, on_every_database},
    samples::{NO_LIMIT, image, stored_image, stored_user, user, write},
};
use domain::{
    accounts::User,
    images::{Image, StorageQuota},
    page::{PageLimit, PageRequest},
    store::{Store, StoreError},
};
use futures_util::future::join_all;
use infrastructure::persistence::SeaStore;

async fn insert(store: &SeaStore, image: &Image, quota: StorageQuota) -> Result<bool, StoreError> {
    write(store, async |work| work.images().insert(image, quota).await).await
}

async fn delete(store: &SeaStore, owner: &User, image: &Image) -> bool {
    let deleted = write(store, async |work| work.images().delete(owner.id, image.id).await).await;
    deleted.expect("a deletion")
}

fn bytes(limit: u64) -> StorageQuota {
    StorageQuota {
        bytes: Some(limit),
        images: None,
    }
}

fn images(limit: u64) -> StorageQuota {
    StorageQuota {
        bytes: None,
        images: Some(limit),
    }
}

on_every_database![
    an_image_is_found_whole_by_its_owner_alone,
    lists_are_the_owners_alone_newest_first_and_paged_without_gaps,
    the_last_page_may_be_full,
    the_quota_counts_bytes_up_to_the_limit,
    the_quota_counts_images_up_to_the_limit,
    a_deleted_image_gives_its_room_back_once,
    quotas_beyond_all_numbers_are_no_limit,
    nobody_has_no_room_because_he_is_gone,
    somebody_elses_image_is_not_deleted,
    twenty_concurrent_uploads_do_not_pass_the_quota,
    concurrent_deletions_of_one_image_release_it_once,
    those_that_exist_are_told_of_many_whoever_owns_them,
    the_ids_of_everybodys_images_come_in_order_and_bounded,
];

async fn an_image_is_found_whole_by_its_owner_alone(database: TestDatabase) {
    let store = database.store().await;
    let (ada, grace) = (
        stored_user(&store, "ada").await,
        stored_user(&store, "grace").await,
    );
    let image = stored_image(&store, &ada, 5_000_000_000).await;
    let find = async |owner: &User| {
        store
            .read()
            .images()
            .find(owner.id, image.id)
            .await
            .expect("a read")
    };
    assert_eq!(find(&ada).await, Some(image.clone()));
    assert_eq!(find(&grace).await, None);
}

async fn lists_are_the_owners_alone_newest_first_and_paged_without_gaps(database: TestDatabase) {
    let store = database.store().await;
    let (ada, grace) = (
        stored_user(&store, "ada").await,
        stored_user(&store, "grace").await,
    );
    let mut expected = Vec::new();
    for _ in 0..7 {
        expected.insert(0, stored_image(&store, &ada, 1).await);
        stored_image(&store, &grace, 1).await;
    }
    let mut page = PageRequest {
        limit: PageLimit::new(3).expect("a valid limit"),
        after: None,
    };
    let mut pages = Vec::new();
    loop {
        let read = store.read().images().list(ada.id, page).await.expect("a page");
        pages.push(read.items);
        page.after = read.next;
        if page.after.is_none() {
            break;
        }
    }
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [3, 3, 1]);
    assert_eq!(pages.concat(), expected);
}

async fn the_last_page_may_be_full(database: TestDatabase) {
    let store = database.store().await;
    let ada = stored_user(&store, "ada").await;
    for _ in 0..2 {
        stored_image(&store, &ada, 1).await;
    }
    let page = PageRequest {
        limit: PageLimit::new(2).expect("a valid limit"),
        after: None,
    };
    let read = store.read().images().list(ada.id, page).await.expect("a page");
    assert_eq!((read.items.len(), read.next), (2, None));
}

async fn the_quota_counts_bytes_up_to_the_limit(database: TestDatabase) {
    let store = database.store().await;
    let ada = stored_user(&store, "ada").await;
    stored_image(&store, &ada, 60).await;
    let fits = async |size| {
        store
            .read()
            .images()
            .fits_quota(ada.id, size, bytes(100))
            .await
            .expect("a read")
    };
    assert!(fits(40).await);
    assert!(!fits(41).await);
    let large = image(&ada, 41);
    assert!(!insert(&store, &large, bytes(100)).await.expect("an answer"));
    assert_eq!(
        store
            .read()
            .images()
            .find(ada.id, large.id)
            .await
            .expect("a read"),
        None
    );
    assert!(
        insert(&store, &image(&ada, 40), bytes(100))
            .await
            .expect("an answer")
    );
    assert!(!fits(1).await);
}

async fn the_quota_counts_images_up_to_the_limit(database: TestDatabase) {
    let store = database.store().await;
    let ada = stored_user(&store, "ada").await;
    stored_image(&store, &ada, 1).await;
    assert!(
        insert(&store, &image(&ada, 1), images(2))
            .await
            .expect("an answer")
    );
    assert!(
        !insert(&store, &image(&ada, 1), images(2))
            .await
            .expect("an answer")
    );
    let fits = async |quota| {
        store
            .read()
            .images()
            .fits_quota(ada.id, 1, quota)
            .await
            .expect("a read")
    };
    assert!(!fits(images(2)).await);
    assert!(fits(images(3)).await);
}

async fn a_deleted_image_gives_its_room_back_once(database: TestDatabase) {
    let store = database.store().await;
    let ada = stored_user(&store, "ada").await;
    let image = stored_image(&store, &ada, 60).await;
    assert!(delete(&store, &ada, &image).await);
    assert!(!delete(&store, &ada, &image).await);
    let fits = async |size| {
        store
            .read()
            .images()
            .fits_quota(ada.id, size, bytes(100))
            .await
            .expect("a read")
    };
    assert!(fits(100).await);
    assert!(!fits(101).await);
}

async fn quotas_beyond_all_numbers_are_no_limit(database: TestDatabase) {
    let store = database.store().await;
    let ada = stored_user(&store, "ada").await;
    for quota in [bytes(u64::MAX), images(u64::MAX)] {
        assert!(
            insert(&store, &image(&ada, 1 << 40), quota)
                .await
                .expect("an answer")
        );
    }
    let none = store
        .read()
        .images()
        .fits_quota(ada.id, u64::MAX, bytes(100))
        .await;
    assert!(!none.expect("a read"));
}

async fn nobody_has_no_room_because_he_is_gone(database: TestDatabase) {
    let store = database.store().await;
    let nobody = user("nobody");
    let outcome = insert(&store, &image(&nobody, 1), NO_LIMIT).await;
    assert!(matches!(outcome, Err(StoreError::OwnerDeleted)), "{outcome:?}");
    let outcome = store.read().images().fits_quota(nobody.id, 1, NO_LIMIT).await;
    assert!(matches!(outcome, Err(StoreError::OwnerDeleted)), "{outcome:?}");
}

async fn somebody_elses_image_is_not_deleted(database: TestDatabase) {
    let store = database.store().await;
    let (ada, grace) = (
        stored_user(&store, "ada").await,
        stored_user(&store, "grace").await,
    );
    let image = stored_image(&store, &ada, 1).await;
    assert!(!delete(&store, &grace, &image).await);
    assert_eq!(
        store
            .read()
            .images()
            .find(ada.id, image.id)
            .await
            .expect("a read"),
        Some(image)
    );
}

async fn twenty_concurrent_uploads_do_not_pass_the_quota(database: TestDatabase) {
    let store = database.store().await;
    let ada = stored_user(&store, "ada").await;
    let quota = StorageQuota {
        bytes: Some(75),
        images: Some(9),
    };
    let images: Vec<Image> = (0..20).map(|_| image(&ada, 10)).collect();
    let outcomes = join_all(images.iter().map(|image| insert(&store, image, quota))).await;
    let added = outcomes
        .into_iter()
        .filter(|outcome| *outcome.as_ref().expect("an answer"));
    assert_eq!(added.count(), 7);
    let list = store
        .read()
        .images()
        .list(ada.id, PageRequest::default())
        .await
        .expect("a page");
    assert_eq!(list.items.len(), 7);
}

async fn concurrent_deletions_of_one_image_release_it_once(database: TestDatabase) {
    let store = database.store().await;
    let ada = stored_user(&store, "ada").await;
    stored_image(&store, &ada, 10).await;
    let image = stored_image(&store, &ada, 10).await;
    let outcomes = join_all((0..8).map(|_| delete(&store, &ada, &image))).await;
    assert_eq!(outcomes.into_iter().filter(|deleted| *deleted).count(), 1);
    let fits = async |size| {
        store
            .read()
            .images()
            .fits_quota(ada.id, size, bytes(100))
            .await
            .expect("a read")
    };
    assert!(fits(90).await);
    assert!(!fits(91).await);
}

async fn those_that_exist_are_told_of_many_whoever_owns_them(database: TestDatabase) {
    let store = database.store().await;
    let (ada, grace) = (
        stored_user(&store, "ada").await,
        stored_user(&store, "grace").await,
    );
    let mut asked = vec![
        stored_image(&store, &ada, 1).await.id,
        stored_image(&store, &grace, 1).await.id,
    ];
    let expected = asked.clone();
    asked.extend((0..998).map(|_| image(&ada, 1).id));
    let mut found = store.read().images().existing(&asked).await.expect("a read");
    found.sort_by_key(|id| id.0);
    assert_eq!(found, expected);
    assert_eq!(store.read().images().existing(&[]).await.expect("a read"), []);
}

async fn the_ids_of_everybodys_images_come_in_order_and_bounded(database: TestDatabase) {
    let store = database.store().await;
    let mut expected = Vec::new();
    for name in ["ada", "grace", "edsger"] {
        let owner = stored_user(&store, name).await;
        expected.push(stored_image(&store, &owner, 1).await.id);
    }
    let images = store.read().images();
    let first = images.ids_after(None, 2).await.expect("a read");
    assert_eq!(first, expected[..2]);
    let rest = images.ids_after(Some(first[1]), 2).await.expect("a read");
    assert_eq!(rest, expected[2..]);
    assert_eq!(images.ids_after(Some(rest[0]), 2).await.expect("a read"), []);
}
