//! Taking predictions along.

use serde_json::{Value, json};
use tests::{Database, Server, on_every_database, on_sqlite, plain};

use crate::{GREEN, RED, file, path, predicted, text};

on_every_database!(the_table_takes_the_filters_of_the_list_and_is_whole_however_long,);

on_sqlite!(the_table_holds_what_was_predicted_and_said,);

const NAMES: &str = "\u{feff}id,created_at,filename,model,label,confidence,correct,corrected_label,comment";

async fn the_table_holds_what_was_predicted_and_said(database: Database) {
    let user = Server::shared(database).user().await;
    let client = &user.client;
    let form = file("=cmd, \"left\".png", plain(RED.0));
    let prediction = client.post("/predict").multipart(form).await.expect(201).json();
    let body = json!({"correct": false, "label": "glaucoma", "comment": "-2, said\nDr. \"A\""});
    let feedback = format!("{}/feedback", path(&prediction));
    client.put(&feedback).json(&body).await.expect(200);
    let other = predicted(client, GREEN).await;
    let table = client.get("/history.csv?sort=oldest").await.expect(200);
    assert_eq!(table.header("content-type"), "text/csv; charset=utf-8");
    assert!(table.header("content-disposition").starts_with("attachment"));
    let row = |prediction: &Value, name: &str, rest: &str| {
        format!(
            "{},{},{name},colours,{},{},{rest}\r\n",
            text(prediction, "id"),
            text(prediction, "created_at"),
            text(prediction, "label"),
            prediction["confidence"],
        )
    };
    let expected = [
        format!("{NAMES}\r\n"),
        row(
            &prediction,
            "\"'=cmd, \"\"left\"\".png\"",
            "false,glaucoma,\"'-2, said\nDr. \"\"A\"\"\"",
        ),
        row(&other, "eye.png", ",,"),
    ];
    assert_eq!(table.text(), expected.concat());
}

async fn the_table_takes_the_filters_of_the_list_and_is_whole_however_long(database: Database) {
    let user = Server::shared(database).user().await;
    let client = &user.client;
    let image = text(&predicted(client, RED).await, "image_id").to_owned();
    predicted(client, GREEN).await;
    // More than one page of what is read at once.
    for _ in 0..104 {
        let body = json!({"kind": "prediction", "image_id": image});
        client.post("/tasks").json(&body).await.expect(202);
    }
    let red = async || {
        let table = client.get("/history.csv?label=diabetic%20retinopathy").await;
        table.expect(200).text().lines().count() - 1
    };
    tests::eventually(
        "every prediction to be made",
        crate::tasks::PATIENCE,
        async || red().await == 105,
    )
    .await;
    assert_eq!(
        client
            .get("/history.csv")
            .await
            .expect(200)
            .text()
            .lines()
            .count(),
        107
    );
    let empty = client.get("/history.csv?label=nothing").await.expect(200).text();
    assert_eq!(empty, format!("{NAMES}\r\n"));
}
