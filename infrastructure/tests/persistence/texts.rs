//! Texts.

use crate::{
    databases::{TestDatabase, on_every_database},
    samples::{image, languages, stored_image, stored_user, text, user, write},
};
use domain::{
    ocr::{Bounds, Text, TextPage, Word},
    store::{Conflict, Store, StoreError},
};
use infrastructure::persistence::SeaStore;

async fn insert(store: &SeaStore, text: &Text) -> Result<(), StoreError> {
    write(store, async |work| work.texts().insert(text).await).await
}

async fn find(store: &SeaStore, text: &Text, read_in: &str) -> Option<Text> {
    let found = store
        .read()
        .texts()
        .find(text.image_id, &languages(read_in))
        .await;
    found.expect("a read")
}

/// A page with words that strain encodings, and confidences that no decimal fraction is equal to.
fn page(number: u32) -> TextPage {
    let texts = [
        "año",
        "漢字",
        "שלום",
        "👁\u{fe0f}",
        "\"quoted\"",
        "back\\slash",
        "tab\tnew\nline",
        "",
        "e\u{301}",
    ];
    let word = |(index, text): (u32, &str)| Word {
        text: text.to_owned(),
        confidence: 100.0 / 3.0 + f32::from(u16::try_from(index).expect("few words")) / 7.0,
        bounds: Bounds {
            x: index,
            y: number,
            width: u32::MAX,
            height: 0,
        },
    };
    TextPage {
        number,
        width: u32::MAX,
        height: 3508,
        rotation: 359.1 + 0.1,
        text: texts.join(" "),
        words: (0..).zip(texts).map(word).collect(),
    }
}

on_every_database![
    a_text_comes_back_whole_with_all_its_pages_in_order,
    a_page_without_words_and_a_text_without_pages_come_back,
    each_order_of_languages_is_a_text_of_its_own,
    a_text_that_was_read_already_is_a_conflict,
    a_text_of_an_image_that_is_gone_is_refused,
    deleting_an_image_takes_its_texts,
    a_stored_value_that_no_longer_parses_is_unavailable_and_names_its_column,
];

async fn a_text_comes_back_whole_with_all_its_pages_in_order(database: TestDatabase) {
    let store = database.store().await;
    let ada = stored_user(&store, "ada").await;
    let image = stored_image(&store, &ada, 1).await;
    let text = text(&image, "spa+eng", (1..=1200).map(page).collect());
    insert(&store, &text).await.expect("the text is added");
    assert_eq!(find(&store, &text, "spa+eng").await, Some(text));
}

async fn a_page_without_words_and_a_text_without_pages_come_back(database: TestDatabase) {
    let store = database.store().await;
    let ada = stored_user(&store, "ada").await;
    let image = stored_image(&store, &ada, 1).await;
    let mut blank = page(1);
    blank.words.clear();
    blank.text.clear();
    for (read_in, pages) in [("eng", vec![blank]), ("spa", vec![])] {
        let text = text(&image, read_in, pages);
        insert(&store, &text).await.expect("the text is added");
        assert_eq!(find(&store, &text, read_in).await, Some(text));
    }
}

async fn each_order_of_languages_is_a_text_of_its_own(database: TestDatabase) {
    let store = database.store().await;
    let ada = stored_user(&store, "ada").await;
    let image = stored_image(&store, &ada, 1).await;
    let (one, other) = (
        text(&image, "eng+spa", vec![page(1)]),
        text(&image, "spa+eng", vec![page(2)]),
    );
    insert(&store, &one).await.expect("the text is added");
    insert(&store, &other).await.expect("the text is added");
    assert_eq!(find(&store, &one, "eng+spa").await, Some(one.clone()));
    assert_eq!(find(&store, &one, "spa+eng").await, Some(other));
    assert_eq!(find(&store, &one, "eng").await, None);
}

async fn a_text_that_was_read_already_is_a_conflict(database: TestDatabase) {
    let store = database.store().await;
    let ada = stored_user(&store, "ada").await;
    let image = stored_image(&store, &ada, 1).await;
    insert(&store, &text(&image, "eng", vec![page(1)]))
        .await
        .expect("the text is added");
    let outcome = insert(&store, &text(&image, "eng", vec![page(1)])).await;
    assert!(
        matches!(outcome, Err(StoreError::Conflict(Conflict::Text))),
        "{outcome:?}"
    );
}

async fn a_text_of_an_image_that_is_gone_is_refused(database: TestDatabase) {
    let store = database.store().await;
    let text = text(&image(&user("nobody"), 1), "eng", vec![page(1)]);
    let outcome = insert(&store, &text).await;
    assert!(matches!(outcome, Err(StoreError::OwnerDeleted)), "{outcome:?}");
}

async fn deleting_an_image_takes_its_texts(database: TestDatabase) {
    let store = database.store().await;
    let ada = stored_user(&store, "ada").await;
    let image = stored_image(&store, &ada, 1).await;
    let text = text(&image, "eng", vec![page(1)]);
    insert(&store, &text).await.expect("the text is added");
    let deleted = write(&store, async |work| work.images().delete(ada.id, image.id).await).await;
    assert!(deleted.expect("a deletion"));
    assert_eq!(find(&store, &text, "eng").await, None);
}

async fn a_stored_value_that_no_longer_parses_is_unavailable_and_names_its_column(database: TestDatabase) {
    let store = database.store().await;
    let ada = stored_user(&store, "ada").await;
    let image = stored_image(&store, &ada, 1).await;
    let text = text(&image, "eng", vec![page(1)]);
    insert(&store, &text).await.expect("the text is added");
    let source = |error: StoreError| match error {
        StoreError::Unavailable(source) => source.to_string(),
        other => panic!("{other:?}"),
    };
    database
        .execute("UPDATE images SET media_type = 'text/html'")
        .await;
    let failure = store
        .read()
        .images()
        .find(ada.id, image.id)
        .await
        .expect_err("a corrupt row");
    assert_eq!(source(failure), "a row of images holds an unreadable media_type");
    database.execute("UPDATE users SET email = 'nowhere'").await;
    let failure = store
        .read()
        .users()
        .find_by_username(&ada.username)
        .await
        .expect_err("a corrupt row");
    assert_eq!(source(failure), "a row of users holds an unreadable email");
    database.execute("UPDATE text_pages SET words = '[[1]]'").await;
    let failure = store
        .read()
        .texts()
        .find(image.id, &text.languages)
        .await
        .expect_err("a corrupt row");
    assert!(source(failure).contains("words"), "the column is named");
}
