//! Text: reading it from images in several languages and shapes, and never twice.

use serde_json::Value;
use tests::{Answer, Database, Options, Server, User, bundled_image, on_every_database, picture_as};

/// What `/metrics` counts every recognition under.
const RECOGNITIONS: &str = "ocellus_recognition_duration_seconds_count";

on_every_database!(
    the_lines_of_an_image_are_read_with_words_and_boxes,
    every_page_of_a_file_is_read,
    an_image_without_text_has_none,
    an_image_that_its_camera_turned_is_read_upright,
    plain_text_is_had_by_parameter_and_by_accept,
    languages_are_taken_in_order_without_repetition,
    languages_that_are_missing_or_unknown_are_refused,
    an_unknown_format_is_named,
    what_was_read_once_is_not_read_again,
    two_who_ask_at_once_share_one_reading,
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

async fn plain_text_is_had_by_parameter_and_by_accept(database: Database) {
    let user = Server::shared(database).user().await;
    let id = user.client.uploaded(bundled_image("hello.png")).await;
    let path = format!("/images/{id}/text");
    let plain = |answer: Answer| {
        assert!(
            answer.header("content-type").starts_with("text/plain"),
            "{answer}"
        );
        let text = answer.text();
        assert!(text.contains("Ocellus reads this line."), "{text}");
        assert!(!text.contains('{'), "{text}");
    };
    let structured = |answer: Answer| {
        assert!(
            answer.header("content-type").starts_with("application/json"),
            "{answer}"
        );
        assert_eq!(answer.json()["has_text"], true);
    };
    let accepting = |query: &str, accept: &str| {
        user.client
            .get(&format!("{path}{query}"))
            .header("accept", accept)
    };

    plain(user.client.get(&format!("{path}?format=plain")).await.expect(200));
    plain(accepting("", "text/plain").await.expect(200));
    plain(
        accepting("", "application/json;q=0.5, text/plain")
            .await
            .expect(200),
    );
    plain(accepting("", "text/*").await.expect(200));
    plain(accepting("?format=plain", "application/json").await.expect(200));

    structured(user.client.get(&path).await.expect(200));
    structured(accepting("?format=json", "text/plain").await.expect(200));
    structured(accepting("", "*/*").await.expect(200));
    structured(accepting("", "application/json").await.expect(200));
    structured(
        accepting("", "text/plain;q=0.1, application/json")
            .await
            .expect(200),
    );
}

async fn languages_are_taken_in_order_without_repetition(database: Database) {
    let user = Server::shared(database).user().await;
    let id = user.client.uploaded(bundled_image("spanish.png")).await;
    for (asked, taken) in [
        ("spa", &["spa"][..]),
        ("spa,eng", &["spa", "eng"]),
        ("eng,spa,eng,spa", &["eng", "spa"]),
    ] {
        let text = read(&user, &id, &format!("?languages={asked}"))
            .await
            .expect(200)
            .json();
        assert_eq!(text["languages"], serde_json::json!(taken), "{asked}");
        assert_eq!(text["has_text"], true);
    }
    let spanish = read(&user, &id, "?languages=spa&format=plain")
        .await
        .expect(200)
        .text();
    assert!(
        spanish.contains(['ñ', 'á', 'é', 'í', 'ó', 'ú', '¿', '¡']),
        "letters that only Spanish has: {spanish}"
    );
}

async fn languages_that_are_missing_or_unknown_are_refused(database: Database) {
    let user = Server::shared(database).user().await;
    let id = user.client.uploaded(bundled_image("blank.png")).await;
    for empty in ["", ",", "%20"] {
        read(&user, &id, &format!("?languages={empty}"))
            .await
            .names_fields(&["languages"]);
    }
    for unknown in ["zzz", "eng,zzz", "klingon"] {
        read(&user, &id, &format!("?languages={unknown}"))
            .await
            .problem(422, "unsupported_language");
    }
    // Neither a path nor an option gets through to the engine.
    for hostile in ["..%2Feng", "eng%2Bspa", "eng%00", "-l", "%2Fetc%2Fpasswd"] {
        let answer = read(&user, &id, &format!("?languages={hostile}")).await;
        let code = answer.json()["code"].clone();
        assert!(
            code == "unsupported_language" || code == "invalid_request",
            "{answer}: {code}"
        );
    }
}

async fn an_unknown_format_is_named(database: Database) {
    let user = Server::shared(database).user().await;
    let id = user.client.uploaded(bundled_image("blank.png")).await;
    for format in ["docx", "", "JSON%00"] {
        read(&user, &id, &format!("?format={format}"))
            .await
            .names_fields(&["format"]);
    }
}

async fn what_was_read_once_is_not_read_again(database: Database) {
    // Alone, since the count is of the whole server.
    let server = Server::start(Options::on(database));
    let user = server.user().await;
    let id = user.client.uploaded(bundled_image("hello.png")).await;
    let first = read(&user, &id, "").await.expect(200).json();
    assert_eq!(recognitions(&user).await, 1);
    assert_eq!(read(&user, &id, "").await.expect(200).json(), first);
    for query in ["?format=plain", "?languages=eng", "?languages=eng,eng"] {
        read(&user, &id, query).await.expect(200);
    }
    assert_eq!(recognitions(&user).await, 1, "the stored text served all of them");
    read(&user, &id, "?languages=spa").await.expect(200);
    assert_eq!(
        recognitions(&user).await,
        2,
        "other languages are another reading"
    );
}

async fn two_who_ask_at_once_share_one_reading(database: Database) {
    let server = Server::start(Options::on(database));
    let user = server.user().await;
    let id = user.client.uploaded(bundled_image("hello.png")).await;
    let answers = tokio::join!(
        read(&user, &id, ""),
        read(&user, &id, ""),
        read(&user, &id, "?format=plain"),
        read(&user, &id, "?languages=eng"),
    );
    let first = answers.0.expect(200).json();
    assert_eq!(answers.1.expect(200).json(), first);
    answers.2.expect(200);
    assert_eq!(answers.3.expect(200).json(), first);
    assert_eq!(recognitions(&user).await, 1);
}

async fn read(user: &User, id: &str, query: &str) -> Answer {
    user.client.get(&format!("/images/{id}/text{query}")).await
}

async fn recognitions(user: &User) -> u64 {
    user.client.counted(RECOGNITIONS).await
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
