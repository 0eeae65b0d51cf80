//! What may be wished for: formats and languages.

use tests::{Answer, Database, Server, bundled_image, on_sqlite};

use crate::read;

on_sqlite!(
    plain_text_is_had_by_parameter_and_by_accept,
    languages_are_taken_in_order_without_repetition,
    languages_that_are_missing_or_unknown_are_refused,
    an_unknown_format_is_named,
);

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
