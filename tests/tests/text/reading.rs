//! What is read from images.

use serde_json::Value;
use tests::{Database, Server, bundled_image, on_sqlite, picture_as};

use crate::read;

on_sqlite!(
    the_lines_of_an_image_are_read_with_words_and_boxes,
    every_page_of_a_file_is_read,
    an_image_without_text_has_none,
    an_image_that_its_camera_turned_is_read_upright,
);

async fn the_lines_of_an_image_are_read_with_words_and_boxes(database: Database) {
    let user = Server::shared(database).user().await;
    let id = user.client.uploaded(bundled_image("hello.png")).await;
    let image = user.client.get(&format!("/images/{id}")).await.expect(200).json();
    let text = read(&user, &id, "").await.expect(200).json();
    assert_eq!(text["image_id"], id);
    assert_eq!(text["languages"], serde_json::json!(["eng"]));
    assert_eq!(text["has_text"], true);
    assert_eq!(
        lines(&text),
        ["Ocellus reads this line.", "And this one, too."],
        "{text}"
    );
    assert!(between(&text["mean_confidence"], 60.0, 100.0), "{text}");
    assert!(text["engine"].as_str().is_some_and(|engine| !engine.is_empty()));
    assert!(text["duration_ms"].is_number());

    let pages = text["pages"].as_array().expect("pages");
    assert_eq!(pages.len(), 1);
    let page = &pages[0];
    assert_eq!(page["number"], 1);
    assert_eq!(
        (&page["width"], &page["height"]),
        (&image["width"], &image["height"])
    );
    assert!(between(&page["rotation"], 0.0, 0.0), "{page}");
    let (width, height) = (number(&page["width"]), number(&page["height"]));
    let words = page["words"].as_array().expect("words");
    let read: Vec<&str> = words
        .iter()
        .map(|word| word["text"].as_str().expect("a word"))
        .collect();
    assert_eq!(
        read.join(" "),
        "Ocellus reads this line. And this one, too.",
        "words in reading order"
    );
    for word in words {
        assert!(between(&word["confidence"], 0.0, 100.0), "{word}");
        let corner = |side: &str| number(&word["box"][side]);
        assert!(
            corner("width") > 0.0
                && corner("height") > 0.0
                && corner("x") >= 0.0
                && corner("y") >= 0.0
                && corner("x") + corner("width") <= width
                && corner("y") + corner("height") <= height,
            "{word} lies outside of {width} by {height}"
        );
    }
}

async fn every_page_of_a_file_is_read(database: Database) {
    let user = Server::shared(database).user().await;
    let answer = user
        .client
        .upload(bundled_image("two_pages.tif"))
        .await
        .expect(201);
    let image = answer.json();
    assert_eq!(image["pages"], 2);
    let id = image["id"].as_str().expect("an id");
    let text = read(&user, id, "").await.expect(200).json();
    let pages = text["pages"].as_array().expect("pages");
    assert_eq!(
        pages.iter().map(|page| &page["number"]).collect::<Vec<_>>(),
        [1, 2]
    );
    for page in pages {
        assert!(
            !page["words"].as_array().expect("words").is_empty(),
            "a page without words: {page}"
        );
    }
}

async fn an_image_without_text_has_none(database: Database) {
    let user = Server::shared(database).user().await;
    let blank = user.client.uploaded(bundled_image("blank.png")).await;
    let tiny = user.client.uploaded(picture_as(image::ImageFormat::Gif, 3)).await;
    for id in [blank, tiny] {
        let text = read(&user, &id, "").await.expect(200).json();
        assert_eq!(text["has_text"], false, "{text}");
        assert_eq!(text["text"], "");
        assert_eq!(text["mean_confidence"], 0.0);
        assert_eq!(text["pages"][0]["words"], Value::Array(Vec::new()));
        let plain = read(&user, &id, "?format=plain").await.expect(200);
        assert_eq!(plain.text().trim(), "");
    }
}

async fn an_image_that_its_camera_turned_is_read_upright(database: Database) {
    let user = Server::shared(database).user().await;
    let id = user.client.uploaded(bundled_image("turned_by_exif.jpg")).await;
    let image = user.client.get(&format!("/images/{id}")).await.expect(200).json();
    let text = read(&user, &id, "").await.expect(200).json();
    assert_eq!(
        lines(&text),
        ["Ocellus reads this line.", "And this one, too."],
        "{text}"
    );
    assert_eq!(text["pages"][0]["width"], image["width"]);
    assert_eq!(text["pages"][0]["height"], image["height"]);
    assert!(
        between(&text["pages"][0]["rotation"], 0.0, 0.0),
        "the turn was the camera's: {text}"
    );
}

/// The lines that hold anything.
fn lines(text: &Value) -> Vec<&str> {
    let text = text["text"].as_str().expect("text");
    text.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect()
}

fn number(value: &Value) -> f64 {
    value
        .as_f64()
        .unwrap_or_else(|| panic!("{value} is not a number"))
}

fn between(value: &Value, low: f64, high: f64) -> bool {
    (low..=high).contains(&number(value))
}
