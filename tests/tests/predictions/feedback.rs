//! The doctor's word.

use serde_json::json;
use tests::{Database, Server, on_every_database, on_sqlite};

use crate::{RED, judge, path, predicted, text};

on_every_database!(the_latest_word_counts,);

on_sqlite!(
    what_contradicts_or_is_malformed_is_refused_by_name,
    a_comment_comes_back_as_it_was,
);

async fn the_latest_word_counts(database: Database) {
    let user = Server::shared(database).user().await;
    let client = &user.client;
    let prediction = predicted(client, RED).await;
    for (correct, label, shown) in [
        (true, None, None),
        (false, Some("glaucoma"), Some("glaucoma")),
        (false, None, None),
        // The label that is predicted is the right one: it need not be said twice.
        (true, Some(RED.1), None),
    ] {
        let judged = judge(client, &prediction, correct, label).await;
        assert_eq!(judged["feedback"]["correct"], correct);
        assert_eq!(
            judged["feedback"].get("label").and_then(|label| label.as_str()),
            shown
        );
        assert!(judged["feedback"]["given_at"].is_string());
        let kept = client.get(&path(&prediction)).await.expect(200).json();
        assert_eq!(kept, judged);
    }
    let dashboard = client.get("/dashboard").await.expect(200).json();
    assert_eq!(dashboard["feedback"]["given"], 1, "{dashboard}");
    assert_eq!(dashboard["feedback"]["correct"], 1, "{dashboard}");
}

async fn what_contradicts_or_is_malformed_is_refused_by_name(database: Database) {
    let server = Server::shared(database);
    let (user, stranger) = (server.user().await, server.user().await);
    let prediction = predicted(&user.client, RED).await;
    let feedback = format!("{}/feedback", path(&prediction));
    for (body, fields) in [
        (json!({}), vec!["correct"]),
        (json!({"correct": "yes", "label": 3}), vec!["correct", "label"]),
        (json!({"correct": true, "comment": ""}), vec!["comment"]),
        (
            json!({"correct": true, "comment": "a".repeat(2001)}),
            vec!["comment"],
        ),
        (json!({"correct": false, "label": "squint"}), vec!["label"]),
        (json!({"correct": false, "label": RED.1}), vec!["label"]),
        (json!({"correct": true, "label": "normal"}), vec!["label"]),
    ] {
        let answer = user.client.put(&feedback).json(&body).await;
        answer.names_fields(&fields);
    }
    let kept = user.client.get(&path(&prediction)).await.expect(200).json();
    assert!(kept.get("feedback").is_none(), "{kept}");
    let others = stranger
        .client
        .put(&feedback)
        .json(&json!({"correct": true}))
        .await;
    others.problem(404, "not_found");
}

async fn a_comment_comes_back_as_it_was(database: Database) {
    let user = Server::shared(database).user().await;
    let prediction = predicted(&user.client, RED).await;
    let comment = "Línea uno,\n\"línea\" dos 👁️ 緑内障 שלום";
    let body = json!({"correct": false, "comment": comment});
    let feedback = format!("{}/feedback", path(&prediction));
    let judged = user.client.put(&feedback).json(&body).await.expect(200).json();
    assert_eq!(text(&judged["feedback"], "comment"), comment);
    let kept = user.client.get(&path(&prediction)).await.expect(200).json();
    assert_eq!(text(&kept["feedback"], "comment"), comment);
}
